//! The formats in which a statement is returned.
//!
//! Walks through the statement's JSON and copies the sender's text wherever nothing is omitted or
//! replaced.

use std::fmt;

use crate::Languages;
use crate::json::{self, Json, JsonLimits, Kind, Value};

/// The `format` of a query for statements.
///
/// Spec: xAPI 1.0.3, Part Three, 2.1.3.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// As sent.
    #[default]
    Exact,
    /// Only identifiers of actors, verbs and activities.
    Ids,
    /// With the stored definitions, in one language each.
    Canonical,
}

/// How to render.
#[derive(Clone, Copy)]
pub struct Rendering<'a> {
    /// The format.
    pub format: Format,
    /// The reader's languages, for canonical.
    pub languages: &'a Languages,
    /// For canonical: the stored definition of an activity, as JSON text.
    pub definition: &'a dyn Fn(&str) -> Option<String>,
}

impl fmt::Debug for Rendering<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rendering").field("format", &self.format).finish_non_exhaustive()
    }
}

/// Appends a complete statement to `out` in the requested format.
///
/// Exact is a copy. In every format, a statement keeps its own version and all the properties of
/// that version, whatever the version of the reader's request: statements are never converted.
///
/// Spec: XAPI-00168 to XAPI-00172; xAPI 1.0.3, Part Two, 2.4.10, Part Three, 2.1.3 and 3.3;
/// IEEE 9274.1.1, 4.1.6.1 and 4.2.4.3.
pub fn render(complete: &str, rendering: &Rendering<'_>, out: &mut String) {
    let json = if rendering.format == Format::Exact { None } else { parse(complete) };
    match json {
        Some(json) => Renderer { rendering, out }.value(StatementPart::Statement, json.root()),
        None => out.push_str(complete),
    }
}

/// The ids of the activities whose definitions canonical rendering needs.
///
/// Each one once, in the order of the text.
pub fn activities_to_define(complete: &str) -> Vec<String> {
    let mut ids = Vec::new();
    if let Some(json) = parse(complete) {
        collect_activities(StatementPart::Statement, json.root(), &mut ids);
    }
    let mut seen = std::collections::HashSet::new();
    ids.retain(|id| seen.insert(id.clone()));
    ids
}

fn parse(text: &str) -> Option<Json<'_>> {
    json::parse(text.as_bytes(), &JsonLimits::STORED).ok()
}

/// A part of a statement that is rendered separately.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StatementPart {
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
    /// Anything else.
    Leaf,
}

impl StatementPart {
    fn of_member(self, key: &str) -> Self {
        match (self, key) {
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
    fn value(&mut self, part: StatementPart, value: Value<'_, '_>) {
        let part =
            if part == StatementPart::Object { StatementPart::of_object(value) } else { part };
        match value.kind() {
            Kind::Array if part != StatementPart::Leaf => {
                self.out.push('[');
                for (index, element) in value.elements().enumerate() {
                    self.comma(index > 0);
                    self.value(part, element);
                }
                self.out.push(']');
            }
            Kind::Object if part == StatementPart::LanguageMap => self.language_map(value),
            Kind::Object if self.can_change(part) => self.object(part, value),
            Kind::Null
            | Kind::True
            | Kind::False
            | Kind::Number
            | Kind::String
            | Kind::Array
            | Kind::Object => self.out.push_str(value.raw()),
        }
    }

    /// Whether anything in the part can differ from the text.
    fn can_change(&self, part: StatementPart) -> bool {
        match part {
            StatementPart::Statement | StatementPart::SubStatement | StatementPart::Context => true,
            StatementPart::Actor | StatementPart::ContextActor => {
                self.rendering.format == Format::Ids
            }
            StatementPart::Verb
            | StatementPart::Activity
            | StatementPart::Definition
            | StatementPart::Component
            | StatementPart::ContextActivities => self.rendering.format != Format::Exact,
            StatementPart::Object | StatementPart::LanguageMap | StatementPart::Leaf => false,
        }
    }

    fn object(&mut self, part: StatementPart, object: Value<'_, '_>) {
        let known =
            if part == StatementPart::Activity { self.known_definition(object) } else { None };
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
    fn keeps(&self, part: StatementPart, name: &str, object: Value<'_, '_>) -> bool {
        if self.rendering.format != Format::Ids {
            return true;
        }
        match part {
            StatementPart::Verb | StatementPart::Activity => name == "id",
            // A group with an identifier does not need its members to be identified.
            StatementPart::Actor if name == "member" => {
                !IDENTIFIERS.into_iter().any(|identifier| object.member(identifier).is_some())
            }
            StatementPart::Actor => name == "objectType" || IDENTIFIERS.contains(&name),
            StatementPart::Statement
            | StatementPart::SubStatement
            | StatementPart::Object
            | StatementPart::Definition
            | StatementPart::Component
            | StatementPart::LanguageMap
            | StatementPart::Context
            | StatementPart::ContextActivities
            | StatementPart::ContextActor
            | StatementPart::Leaf => true,
        }
    }

    fn comma(&mut self, is_needed: bool) {
        if is_needed {
            self.out.push(',');
        }
    }

    /// The stored definition of an activity, for canonical.
    fn known_definition(&self, activity: Value<'_, '_>) -> Option<String> {
        if self.rendering.format != Format::Canonical {
            return None;
        }
        let id = activity.member("id").and_then(Value::as_str)?;
        (self.rendering.definition)(&id)
    }

    fn definition(&mut self, definition: &str) {
        match parse(definition) {
            Some(json) => self.value(StatementPart::Definition, json.root()),
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
}

/// The properties of an actor of which one identifies it.
const IDENTIFIERS: [&str; 4] = ["mbox", "mbox_sha1sum", "openid", "account"];

fn collect_activities(part: StatementPart, value: Value<'_, '_>, ids: &mut Vec<String>) {
    let part = if part == StatementPart::Object { StatementPart::of_object(value) } else { part };
    match part {
        StatementPart::Activity => {
            for element in value.elements() {
                collect_activities(part, element, ids);
            }
            let id = value.member("id").and_then(Value::as_str);
            ids.extend(id.map(std::borrow::Cow::into_owned));
        }
        StatementPart::Statement
        | StatementPart::SubStatement
        | StatementPart::Context
        | StatementPart::ContextActivities => {
            for (key, member) in value.members() {
                collect_activities(part.of_member(&key.unescaped()), member, ids);
            }
        }
        StatementPart::Actor
        | StatementPart::Verb
        | StatementPart::Object
        | StatementPart::Definition
        | StatementPart::Component
        | StatementPart::LanguageMap
        | StatementPart::ContextActor
        | StatementPart::Leaf => {}
    }
}

#[cfg(test)]
mod tests;
