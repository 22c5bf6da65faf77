//! The `context` of a statement.

use crate::actor::ActorRole;
use crate::json::{Kind, Value};
use crate::reader::{Counted, Reader};
use crate::scalar::is_language_tag;
use crate::{Activity, Actor, Rule, StatementId, Uuid};

/// The `context` of a statement.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Context {
    /// The registration: an attempt or session of an activity.
    pub registration: Option<Uuid>,
    /// The instructor.
    pub instructor: Option<Actor>,
    /// The team of the actor.
    pub team: Option<Actor>,
    /// Related activities.
    pub activities: ContextActivities,
    /// Agents of `contextAgents` (2.0).
    pub agents: Vec<Actor>,
    /// Groups of `contextGroups` (2.0).
    pub groups: Vec<Actor>,
    /// Another statement that provides context.
    pub statement: Option<StatementId>,
    /// The platform, as sent.
    pub platform: Option<Box<str>>,
    /// The language of the experience, as sent.
    pub language: Option<Box<str>>,
}

/// Activities by their relation to the object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContextActivities {
    /// Activities that the object is part of.
    pub parent: Vec<Activity>,
    /// Activities with an indirect relation to the object.
    pub grouping: Vec<Activity>,
    /// Categories, such as a profile.
    pub category: Vec<Activity>,
    /// Anything else.
    pub other: Vec<Activity>,
}

const CONTEXT_KEYS: [&str; 9] = [
    "registration",
    "instructor",
    "team",
    "contextActivities",
    "revision",
    "platform",
    "language",
    "statement",
    "extensions",
];
const CONTEXT_ACTIVITY_KEYS: [&str; 4] = ["parent", "grouping", "category", "other"];

/// The kind of object of the statement that a context belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContextObject {
    /// An activity.
    Activity,
    /// Anything else.
    Other,
}

impl Context {
    /// Every actor: instructor, team, agents, groups. Members are inside of groups.
    pub(crate) fn actors(&self) -> impl Iterator<Item = &Actor> {
        self.instructor.iter().chain(&self.team).chain(&self.agents).chain(&self.groups)
    }

    /// Reads the context of a statement.
    pub(crate) fn read<'a, 't>(
        reader: &mut Reader<'a, 't>,
        value: Value<'a, 't>,
        context_object: ContextObject,
    ) -> Option<Self> {
        if !reader.is(value, Kind::Object, Rule::DataType) {
            return None;
        }
        let mut context = Self::default();
        let has_context_agents = reader.version.has_context_agents();
        for (key, member) in value.members() {
            match &*key.unescaped() {
                "registration" => context.registration = reader.parsed(member, Rule::Registration),
                "instructor" => {
                    context.instructor = Actor::read(reader, member, ActorRole::Instructor);
                }
                "team" => context.team = Actor::read(reader, member, ActorRole::Team),
                "contextActivities" => {
                    context.activities = ContextActivities::read(reader, member);
                }
                "contextAgents" if has_context_agents => {
                    context.agents = AGENTS.read(reader, member);
                }
                "contextGroups" if has_context_agents => {
                    context.groups = GROUPS.read(reader, member);
                }
                "revision" => {
                    reader.is(member, Kind::String, Rule::Revision);
                    context_object.check(reader, member, Rule::RevisionObject);
                }
                "platform" => {
                    context.platform = reader.text(member, Rule::Platform);
                    context_object.check(reader, member, Rule::PlatformObject);
                }
                "language" => context.language = read_language(reader, member),
                "statement" => context.statement = read_statement_ref(reader, member),
                "extensions" => reader.extensions(member, Rule::Extensions),
                other => reader.unknown(other, member, &CONTEXT_KEYS),
            }
        }
        Some(context)
    }
}

impl ContextObject {
    fn check<'a, 't>(self, reader: &mut Reader<'a, 't>, value: Value<'a, 't>, rule: Rule) {
        if self == Self::Other {
            reader.fault(value, rule);
        }
    }
}

fn read_language<'a, 't>(reader: &mut Reader<'a, 't>, value: Value<'a, 't>) -> Option<Box<str>> {
    let tag = reader.string(value, Rule::Language)?;
    if !is_language_tag(&tag) {
        reader.fault(value, Rule::Language);
        return None;
    }
    Some(tag.into())
}

fn read_statement_ref<'a, 't>(
    reader: &mut Reader<'a, 't>,
    value: Value<'a, 't>,
) -> Option<StatementId> {
    if !reader.is(value, Kind::Object, Rule::ContextStatement) {
        return None;
    }
    let object_type = value.member("objectType");
    let object_type = reader.required(object_type, value, "objectType", Rule::ContextStatement)?;
    if object_type.as_str().as_deref() != Some("StatementRef") {
        reader.wrong_type(object_type, Rule::ContextStatement);
        return None;
    }
    read_statement_ref_id(reader, value)
}

/// Reads a `StatementRef` whose `objectType` has been checked.
pub(crate) fn read_statement_ref_id<'a, 't>(
    reader: &mut Reader<'a, 't>,
    value: Value<'a, 't>,
) -> Option<StatementId> {
    let mut id = None;
    for (key, member) in value.members() {
        match &*key.unescaped() {
            "objectType" => {}
            "id" => id = Some(member),
            other => reader.unknown(other, member, &["objectType", "id"]),
        }
    }
    let id = reader.required(id, value, "id", Rule::StatementRefId)?;
    reader.parsed(id, Rule::StatementRefId)
}

impl ContextActivities {
    /// All of them, parents first.
    pub fn iter(&self) -> impl Iterator<Item = &Activity> {
        self.parent.iter().chain(&self.grouping).chain(&self.category).chain(&self.other)
    }

    fn read<'a, 't>(reader: &mut Reader<'a, 't>, value: Value<'a, 't>) -> Self {
        let mut activities = Self::default();
        if !reader.is(value, Kind::Object, Rule::ContextActivities) {
            return activities;
        }
        for (key, member) in value.members() {
            let list = match &*key.unescaped() {
                "parent" => &mut activities.parent,
                "grouping" => &mut activities.grouping,
                "category" => &mut activities.category,
                "other" => &mut activities.other,
                unknown => {
                    reader.unknown_or(
                        unknown,
                        member,
                        &CONTEXT_ACTIVITY_KEYS,
                        Rule::ContextActivityKey,
                    );
                    continue;
                }
            };
            *list = read_activities(reader, member);
        }
        activities
    }
}

fn read_activities<'a, 't>(reader: &mut Reader<'a, 't>, value: Value<'a, 't>) -> Vec<Activity> {
    match value.kind() {
        Kind::Array => {
            if !reader.count(value, Counted::Activities) {
                return Vec::new();
            }
            let mut activities = Vec::with_capacity(Reader::capacity_for(value));
            for element in value.elements() {
                activities.extend(Activity::read(reader, element, Rule::ContextActivity));
            }
            activities
        }
        Kind::Object => {
            let span = reader.span(value);
            reader.layout.single_context_activities.push(span);
            Activity::read(reader, value, Rule::ContextActivity).into_iter().collect()
        }
        Kind::Null | Kind::True | Kind::False | Kind::Number | Kind::String => {
            reader.wrong_type(value, Rule::ContextActivity);
            Vec::new()
        }
    }
}

/// A property that relates actors to a statement, with the types of the relation.
struct Relation {
    object_type: &'static str,
    /// The property that holds the actor.
    name: &'static str,
    role: ActorRole,
    rule: Rule,
}

const AGENTS: Relation = Relation {
    object_type: "contextAgent",
    name: "agent",
    role: ActorRole::ContextAgent,
    rule: Rule::ContextAgents,
};
const GROUPS: Relation = Relation {
    object_type: "contextGroup",
    name: "group",
    role: ActorRole::ContextGroup,
    rule: Rule::ContextGroups,
};

impl Relation {
    fn read<'a, 't>(&self, reader: &mut Reader<'a, 't>, value: Value<'a, 't>) -> Vec<Actor> {
        if !reader.is(value, Kind::Array, self.rule) || !reader.count(value, Counted::Agents) {
            return Vec::new();
        }
        let mut actors = Vec::with_capacity(Reader::capacity_for(value));
        for element in value.elements() {
            actors.extend(self.read_one(reader, element));
        }
        actors
    }

    fn read_one<'a, 't>(&self, reader: &mut Reader<'a, 't>, value: Value<'a, 't>) -> Option<Actor> {
        if !reader.is(value, Kind::Object, self.rule) {
            return None;
        }
        let (mut actor, mut has_type) = (None, false);
        for (key, member) in value.members() {
            match &*key.unescaped() {
                "objectType" => {
                    has_type = true;
                    self.check_type(reader, member);
                }
                "relevantTypes" => check_relevant_types(reader, member),
                name if name == self.name => actor = Some(member),
                other => {
                    reader.unknown(other, member, &["objectType", "relevantTypes", self.name]);
                }
            }
        }
        if !has_type {
            reader.missing(value, "objectType", self.rule);
        }
        let actor = reader.required(actor, value, self.name, self.rule)?;
        Actor::read(reader, actor, self.role)
    }

    fn check_type<'a, 't>(&self, reader: &mut Reader<'a, 't>, value: Value<'a, 't>) {
        if let Some(text) = reader.string(value, Rule::ObjectTypeString)
            && text != self.object_type
        {
            reader.not_listed(&text, value, &[self.object_type], self.rule);
        }
    }
}

fn check_relevant_types<'a, 't>(reader: &mut Reader<'a, 't>, value: Value<'a, 't>) {
    if !reader.is(value, Kind::Array, Rule::RelevantTypes) {
        return;
    }
    if value.count() == 0 {
        reader.fault(value, Rule::RelevantTypes);
    }
    for element in value.elements() {
        reader.check_iri(element, Rule::RelevantTypes);
    }
}

#[cfg(test)]
mod tests;
