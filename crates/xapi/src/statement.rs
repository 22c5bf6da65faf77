//! Statements: their parser, their kept text, and the forms in which they are given back.

use std::ops::Range;

use crate::json::JsonLimits;
use crate::{
    Activity, ActivityId, Actor, Attachment, Context, Ifi, Iri, Outcome, StatementId,
    StatementTimestamp,
};

mod equality;
mod keep;
mod parse;
mod render;
#[cfg(test)]
pub(crate) mod testing;

pub use equality::Fingerprint;
pub use keep::{Stamp, StatementText};
pub use parse::{parse_actor, parse_statement, parse_statements};
pub use render::{Format, Rendering, activities_to_define, render};

/// A statement that has passed validation, with the text it was sent as.
#[derive(Clone, Debug)]
pub struct Statement {
    /// The id, if the sender chose one.
    pub id: Option<StatementId>,
    /// Who did it.
    pub actor: Actor,
    /// What they did.
    pub verb: Verb,
    /// What they did it to.
    pub object: Object,
    /// What came out.
    pub outcome: Option<Outcome>,
    /// In which setting.
    pub context: Option<Context>,
    /// When it happened, if the sender said so.
    pub timestamp: Option<StatementTimestamp>,
    /// The authority that the sender claims. Stores put their own in its place.
    pub claimed_authority: Option<Actor>,
    /// What is attached, that of a substatement included.
    pub attachments: Vec<Attachment>,
    /// Two statements are equal by the specification exactly if these agree.
    pub fingerprint: Fingerprint,
    /// The text as sent, from `{` to `}`.
    text: Box<str>,
    layout: Layout,
}

/// Where in the sender's text the properties stand that a store may set.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layout {
    /// Value of `id`.
    pub(crate) id: Option<Range<usize>>,
    /// From the opening quote of the key `stored` to the end of its value.
    pub(crate) stored: Option<Range<usize>>,
    /// Value of `authority`.
    pub(crate) authority: Option<Range<usize>>,
    /// Value of `version`.
    pub(crate) version: Option<Range<usize>>,
    /// Values in `contextActivities` that are single objects, in order of appearance, the
    /// substatement's included: to be wrapped in an array.
    pub(crate) bare_context_activities: Vec<Range<usize>>,
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
    /// Who does it.
    pub actor: Actor,
    /// What they do.
    pub verb: Verb,
    /// What they do it to: no substatement.
    pub object: Object,
    /// What comes out.
    pub outcome: Option<Outcome>,
    /// In which setting.
    pub context: Option<Context>,
    /// When.
    pub timestamp: Option<StatementTimestamp>,
}

/// How much a request for storing may hold.
#[derive(Clone, Copy, Debug)]
pub struct ParseLimits {
    /// Bytes and depth of the JSON text.
    pub json: JsonLimits,
    /// Most statements in one request.
    pub statements_max: usize,
    /// Most context activities of one statement, with those of its substatement.
    pub activities_max: usize,
    /// Most agents of one statement that are members of groups or related to it in
    /// `contextAgents` and `contextGroups`.
    pub agents_max: usize,
    /// Most attachments of one statement, with those of its substatement.
    pub attachments_max: usize,
    /// Most faults that are reported.
    pub faults_max: usize,
}

impl ParseLimits {
    /// For texts that have been accepted: their limits were those of that time.
    pub const KEPT: Self = Self {
        json: JsonLimits::KEPT,
        statements_max: 100_000,
        activities_max: usize::MAX,
        agents_max: usize::MAX,
        attachments_max: usize::MAX,
        faults_max: 100,
    };
}

impl Default for ParseLimits {
    fn default() -> Self {
        Self {
            json: JsonLimits::default(),
            statements_max: 100_000,
            activities_max: 1_000,
            agents_max: 5_000,
            attachments_max: 1_000,
            faults_max: 100,
        }
    }
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

    /// Every agent or identified group named in this statement that has a name: actor,
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
