//! Statements: their parser, their stored text, and the formats in which they are returned.

use crate::{
    Activity, ActivityId, Actor, Attachment, Context, Fingerprint, Ifi, Iri, StatementId,
    StatementResult, StatementTimestamp,
};
use layout::Layout;

pub(crate) mod equality;
pub(crate) mod layout;
pub(crate) mod parse;
pub(crate) mod render;
pub(crate) mod result;
pub(crate) mod stored_text;
#[cfg(test)]
pub(crate) mod testing;

/// A statement that has passed validation, with the text it was sent as.
#[derive(Clone, Debug)]
pub struct Statement {
    /// The id, if the sender chose one.
    pub id: Option<StatementId>,
    /// The actor of the statement.
    pub actor: Actor,
    /// The verb: what the actor did.
    pub verb: Verb,
    /// The object: what the actor did it to.
    pub object: Object,
    /// The result.
    pub result: Option<StatementResult>,
    /// The context.
    pub context: Option<Context>,
    /// When it happened, if the sender gave a timestamp.
    pub timestamp: Option<StatementTimestamp>,
    /// The authority in the sender's text. The store replaces it.
    pub claimed_authority: Option<Actor>,
    /// The attachments, including those of a substatement.
    pub attachments: Vec<Attachment>,
    /// Two statements are equal by the specification exactly if these agree.
    pub fingerprint: Fingerprint,
    /// The text as sent, from `{` to `}`.
    text: Box<str>,
    layout: Layout,
}

/// A verb. Its display text stays in the statement's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verb {
    /// What identifies it.
    pub id: Iri,
}

impl Verb {
    /// The id of the verb that voids a statement.
    pub const VOIDED: &'static str = "http://adlnet.gov/expapi/verbs/voided";
}

/// What a statement is about.
#[derive(Clone, Debug, PartialEq)]
pub enum Object {
    /// An activity.
    Activity(Activity),
    /// An agent or a group.
    Actor(Actor),
    /// Another statement, by its id.
    StatementRef(StatementId),
    /// A statement that is not asserted by itself.
    SubStatement(Box<SubStatement>),
}

/// A statement inside another, without id, stored, version, authority.
#[derive(Clone, Debug, PartialEq)]
pub struct SubStatement {
    /// The actor.
    pub actor: Actor,
    /// The verb.
    pub verb: Verb,
    /// The object, which is not a substatement.
    pub object: Object,
    /// The result.
    pub result: Option<StatementResult>,
    /// The context.
    pub context: Option<Context>,
    /// When it happens.
    pub timestamp: Option<StatementTimestamp>,
}

impl Statement {
    /// The text as sent, from `{` to `}`.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The statement that the object of this one refers to.
    pub fn target(&self) -> Option<StatementId> {
        match self.object {
            Object::StatementRef(target) => Some(target),
            Object::Activity(_) | Object::Actor(_) | Object::SubStatement(_) => None,
        }
    }

    /// The statement that this one voids, if it is a voiding statement.
    pub fn voids(&self) -> Option<StatementId> {
        self.target().filter(|_| self.verb.id.as_str() == Verb::VOIDED)
    }

    /// Every activity that this statement defines, with the definition's JSON text: the
    /// object, the context activities, and those of a substatement.
    pub fn definitions(&self) -> Vec<(&ActivityId, &str)> {
        let mut definitions = Vec::new();
        self.collect_definitions(&self.object, self.context.as_ref(), &mut definitions);
        if let Object::SubStatement(sub) = &self.object {
            self.collect_definitions(&sub.object, sub.context.as_ref(), &mut definitions);
        }
        definitions
    }

    fn collect_definitions<'s>(
        &'s self,
        object: &'s Object,
        context: Option<&'s Context>,
        definitions: &mut Vec<(&'s ActivityId, &'s str)>,
    ) {
        let object = match object {
            Object::Activity(activity) => Some(activity),
            Object::Actor(_) | Object::StatementRef(_) | Object::SubStatement(_) => None,
        };
        let context = context.into_iter().flat_map(|context| context.activities.iter());
        definitions.extend(object.into_iter().chain(context).filter_map(|activity| {
            let span = activity.definition.clone()?;
            Some((&activity.id, &self.text[span]))
        }));
    }

    /// Every agent or identified group with a name in this statement: actor,
    /// object, members, instructor, team, and those of a substatement.
    pub fn named_actors(&self) -> Vec<(&Ifi, &str)> {
        let mut named = Vec::new();
        collect_named(&self.actor, &self.object, self.context.as_ref(), &mut named);
        if let Object::SubStatement(sub) = &self.object {
            collect_named(&sub.actor, &sub.object, sub.context.as_ref(), &mut named);
        }
        named
    }
}

fn collect_named<'s>(
    actor: &'s Actor,
    object: &'s Object,
    context: Option<&'s Context>,
    named: &mut Vec<(&'s Ifi, &'s str)>,
) {
    let object = match object {
        Object::Actor(actor) => Some(actor),
        Object::Activity(_) | Object::StatementRef(_) | Object::SubStatement(_) => None,
    };
    let actors = std::iter::once(actor).chain(object);
    let actors = actors.chain(context.into_iter().flat_map(Context::actors));
    named.extend(actors.flat_map(Actor::named));
}
