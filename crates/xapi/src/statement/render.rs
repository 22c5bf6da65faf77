//! The forms in which a statement is given back.
//!
//! A walk through the statement's JSON that copies the sender's text wherever nothing has
//! to be left out or replaced.

use std::fmt;

use memchr::memmem;

use crate::json::{self, Json, JsonLimits, Kind, Value, write_string};
use crate::{Languages, Version};

/// The `format` of a query for statements.
///
/// Spec: xAPI 1.0.3, Part Three, 2.1.3.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// As sent.
    #[default]
    Exact,
    /// Only what identifies actors, verbs and activities.
    Ids,
    /// Definitions as this store knows them, one language each.
    Canonical,
}

/// How to render.
#[derive(Clone, Copy)]
pub struct Rendering<'a> {
    /// The form.
    pub format: Format,
    /// The version of the reader's request.
    pub version: Version,
    /// The reader's languages, for canonical.
    pub languages: &'a Languages,
    /// For canonical: the definition known of an activity, as JSON text.
    pub definition: &'a dyn Fn(&str) -> Option<String>,
}

impl fmt::Debug for Rendering<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rendering").field("format", &self.format).finish_non_exhaustive()
    }
}

/// Appends a complete statement to `out` in the form asked for.
///
/// Exact is a copy, but for a 1.0.3 reader of a 2.0 statement: that one gets it without what
/// 1.0.3 does not know, and with a `version` that 1.0.3 takes. A 2.0 reader of a 1.0.3
/// statement sees the version that it was accepted with.
///
/// Spec: XAPI-00168 to XAPI-00172; xAPI 1.0.3, Part Three, 2.1.3; IEEE 9274.1.1, 4.1.6.1
/// and 4.2.4.3.
pub fn render(complete: &str, rendering: &Rendering<'_>, out: &mut String) {
    if rendering.format == Format::Exact && fits(complete, rendering.version) {
        out.push_str(complete);
        return;
    }
    match parse(complete) {
        Some(json) => Renderer { rendering, out }.value(Part::Statement, json.root()),
        None => out.push_str(complete),
    }
}

/// The ids of the activities that canonical rendering will ask the definition of.
///
/// Each one once, in the order of the text.
pub fn activities_to_define(complete: &str) -> Vec<String> {
    let mut ids = Vec::new();
    if let Some(json) = parse(complete) {
        collect_activities(Part::Statement, json.root(), &mut ids);
    }
    let mut seen = std::collections::HashSet::new();
    ids.retain(|id| seen.insert(id.clone()));
    ids
}

fn parse(text: &str) -> Option<Json<'_>> {
    json::parse(text.as_bytes(), &JsonLimits::KEPT).ok()
}

/// Whether `version` certainly knows everything in this statement. A cheap look at the text:
/// if in doubt, no.
fn fits(text: &str, version: Version) -> bool {
    // Whatever else is written so costs a parse and comes out the same.
    const SUSPECTS: [&str; 4] = ["\"contextAgents\"", "\"contextGroups\"", "\"2.", "\\u"];
    let is_suspect = |suspect: &str| memmem::find(text.as_bytes(), suspect.as_bytes()).is_some();
    version.knows_context_agents() || !SUSPECTS.into_iter().any(is_suspect)
}

/// Part of a statement that is walked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Statement,
    SubStatement,
    Actor,
    Verb,
    /// Of a statement: one of five types.
    Object,
    Activity,
    Definition,
    /// The items of an interaction.
    Component,
    LanguageMap,
    Context,
    ContextActivities,
    ContextActor,
    StatementVersion,
    /// Anything else.
    Leaf,
}

impl Part {
    fn of_member(self, key: &str) -> Self {
        match (self, key) {
            (Self::Statement, "version") => Self::StatementVersion,
            (Self::Statement, "actor" | "authority")
            | (Self::SubStatement, "actor")
            | (Self::Context, "instructor" | "team")
            | (Self::ContextActor, "agent" | "group")
            | (Self::Actor, "member") => Self::Actor,
            (Self::Statement | Self::SubStatement, "verb") => Self::Verb,
            (Self::Statement | Self::SubStatement, "object") => Self::Object,
            (Self::Statement | Self::SubStatement, "context") => Self::Context,
            (Self::Context, "contextActivities") => Self::ContextActivities,
            (Self::Context, "contextAgents" | "contextGroups") => Self::ContextActor,
            (Self::ContextActivities, _) => Self::Activity,
            (Self::Activity, "definition") => Self::Definition,
            (Self::Verb, "display")
            | (Self::Definition, "name" | "description")
            | (Self::Component, "description") => Self::LanguageMap,
            (Self::Definition, "choices" | "scale" | "source" | "target" | "steps") => {
                Self::Component
            }
            _ => Self::Leaf,
        }
    }

    /// What a statement's object is.
    fn of_object(object: Value<'_, '_>) -> Self {
        match object.member("objectType").and_then(Value::as_str).as_deref() {
            None | Some("Activity") => Self::Activity,
            Some("Agent" | "Group") => Self::Actor,
            Some("SubStatement") => Self::SubStatement,
            Some(_) => Self::Leaf,
        }
    }
}

struct Renderer<'r, 'o> {
    rendering: &'r Rendering<'r>,
    out: &'o mut String,
}

impl Renderer<'_, '_> {
    fn value(&mut self, part: Part, value: Value<'_, '_>) {
        let part = if part == Part::Object { Part::of_object(value) } else { part };
        match value.kind() {
            Kind::Array if part != Part::Leaf => {
                self.out.push('[');
                for (index, element) in value.elements().enumerate() {
                    self.comma(index > 0);
                    self.value(part, element);
                }
                self.out.push(']');
            }
            Kind::Object if part == Part::LanguageMap => self.language_map(value),
            Kind::Object if self.can_change(part) => self.object(part, value),
            Kind::String if part == Part::StatementVersion => self.statement_version(value),
            Kind::Null
            | Kind::True
            | Kind::False
            | Kind::Number
            | Kind::String
            | Kind::Array
            | Kind::Object => self.out.push_str(value.raw()),
        }
    }

    /// Whether anything in the part can come out other than it is.
    fn can_change(&self, part: Part) -> bool {
        match part {
            Part::Statement | Part::SubStatement | Part::Context => true,
            Part::Actor | Part::ContextActor => self.rendering.format == Format::Ids,
            Part::Verb
            | Part::Activity
            | Part::Definition
            | Part::Component
            | Part::ContextActivities => self.rendering.format != Format::Exact,
            Part::Object | Part::LanguageMap | Part::StatementVersion | Part::Leaf => false,
        }
    }

    fn object(&mut self, part: Part, object: Value<'_, '_>) {
        let known = if part == Part::Activity { self.known_definition(object) } else { None };
        let mut is_known_written = false;
        let mut is_first = true;
        self.out.push('{');
        for (key, value) in object.members() {
            let name = key.unescaped();
            if !self.keeps(part, &name, object) {
                continue;
            }
            self.comma(!is_first);
            is_first = false;
            self.out.push_str(key.value().raw());
            self.out.push(':');
            match &known {
                Some(definition) if name == "definition" => {
                    self.definition(definition);
                    is_known_written = true;
                }
                Some(_) | None => self.value(part.of_member(&name), value),
            }
        }
        if let Some(definition) = known.filter(|_| !is_known_written) {
            self.comma(!is_first);
            self.out.push_str("\"definition\":");
            self.definition(&definition);
        }
        self.out.push('}');
    }

    /// Whether the reader gets this member of `object`.
    fn keeps(&self, part: Part, name: &str, object: Value<'_, '_>) -> bool {
        if part == Part::Context && matches!(name, "contextAgents" | "contextGroups") {
            return self.rendering.version.knows_context_agents();
        }
        if self.rendering.format != Format::Ids {
            return true;
        }
        match part {
            Part::Verb | Part::Activity => name == "id",
            // A group with an identifier does not need its members to be known by.
            Part::Actor if name == "member" => {
                !IDENTIFIERS.into_iter().any(|identifier| object.member(identifier).is_some())
            }
            Part::Actor => name == "objectType" || IDENTIFIERS.contains(&name),
            Part::Statement
            | Part::SubStatement
            | Part::Object
            | Part::Definition
            | Part::Component
            | Part::LanguageMap
            | Part::Context
            | Part::ContextActivities
            | Part::ContextActor
            | Part::StatementVersion
            | Part::Leaf => true,
        }
    }

    fn comma(&mut self, is_needed: bool) {
        if is_needed {
            self.out.push(',');
        }
    }

    /// What the store knows of an activity, for a canonical answer.
    fn known_definition(&self, activity: Value<'_, '_>) -> Option<String> {
        if self.rendering.format != Format::Canonical {
            return None;
        }
        let id = activity.member("id").and_then(Value::as_str)?;
        (self.rendering.definition)(&id)
    }

    fn definition(&mut self, definition: &str) {
        match parse(definition) {
            Some(json) => self.value(Part::Definition, json.root()),
            None => self.out.push_str(definition),
        }
    }

    /// Writes the one entry of a language map that suits the reader best.
    fn language_map(&mut self, map: Value<'_, '_>) {
        if self.rendering.format != Format::Canonical {
            return self.out.push_str(map.raw());
        }
        let tags: Vec<_> = map.members().map(|(key, _)| key.unescaped()).collect();
        let chosen = self.rendering.languages.choose(tags.iter().map(|tag| &**tag));
        self.out.push('{');
        if let Some((key, text)) = chosen.and_then(|index| map.members().nth(index)) {
            self.out.push_str(key.value().raw());
            self.out.push(':');
            self.out.push_str(text.raw());
        }
        self.out.push('}');
    }

    fn statement_version(&mut self, version: Value<'_, '_>) {
        let reader = self.rendering.version;
        if version.as_str().is_some_and(|text| reader.accepts_statement_version(&text)) {
            self.out.push_str(version.raw());
        } else {
            write_string(self.out, reader.of_statements());
        }
    }
}

/// The properties of an actor of which one identifies it.
const IDENTIFIERS: [&str; 4] = ["mbox", "mbox_sha1sum", "openid", "account"];

fn collect_activities(part: Part, value: Value<'_, '_>, ids: &mut Vec<String>) {
    let part = if part == Part::Object { Part::of_object(value) } else { part };
    match part {
        Part::Activity => {
            for element in value.elements() {
                collect_activities(part, element, ids);
            }
            let id = value.member("id").and_then(Value::as_str);
            ids.extend(id.map(std::borrow::Cow::into_owned));
        }
        Part::Statement | Part::SubStatement | Part::Context | Part::ContextActivities => {
            for (key, member) in value.members() {
                collect_activities(part.of_member(&key.unescaped()), member, ids);
            }
        }
        Part::Actor
        | Part::Verb
        | Part::Object
        | Part::Definition
        | Part::Component
        | Part::LanguageMap
        | Part::ContextActor
        | Part::StatementVersion
        | Part::Leaf => {}
    }
}

#[cfg(test)]
mod tests;
