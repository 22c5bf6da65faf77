//! Activities and their definitions.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use crate::json::{Kind, Value};
use crate::reader::Reader;
use crate::{ActivityId, Rule};

mod merge;

pub use merge::{DEFINITION_BYTES_MAX, MergedDefinition, merge_definitions};

/// An activity as a statement names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activity {
    /// The id.
    pub id: ActivityId,
    /// The span of its definition in the statement's text, if it has one.
    pub definition: Option<Range<usize>>,
}

const ACTIVITY_KEYS: [&str; 3] = ["objectType", "id", "definition"];

impl Activity {
    /// Reads an activity: as object, or in a context.
    pub(crate) fn read<'a, 't>(
        reader: &mut Reader<'a, 't>,
        value: Value<'a, 't>,
        rule: Rule,
    ) -> Option<Self> {
        if !reader.is(value, Kind::Object, rule) {
            return None;
        }
        let (mut id, mut definition, mut other_object) = (None, None, None);
        let has_type = value.member("objectType").is_some();
        for (key, member) in value.members() {
            match &*key.unescaped() {
                "objectType" => check_type(reader, member),
                "id" => id = Some(member),
                "definition" => {
                    check_definition(reader, member);
                    definition = Some(reader.span(member));
                }
                other => match rule_of_other_object(other) {
                    Some(rule) if !has_type => other_object = Some(rule),
                    Some(_) | None => reader.unknown(other, member, &ACTIVITY_KEYS),
                },
            }
        }
        if let Some(rule) = other_object {
            reader.missing(value, "objectType", rule);
            return None;
        }
        let id = reader.required(id, value, "id", Rule::ActivityId)?;
        let id = reader.iri(id, Rule::ActivityId)?;
        Some(Self { id, definition })
    }
}

/// The rule that an object without `objectType` breaks if one of its keys shows that it is not
/// an activity.
fn rule_of_other_object(key: &str) -> Option<Rule> {
    match key {
        "mbox" | "mbox_sha1sum" | "openid" | "account" | "member" => {
            Some(Rule::ActorObjectTypeMissing)
        }
        "actor" | "verb" | "object" => Some(Rule::StatementObjectTypeMissing),
        _ => None,
    }
}

fn check_type<'a, 't>(reader: &mut Reader<'a, 't>, value: Value<'a, 't>) {
    if let Some(text) = reader.string(value, Rule::ObjectTypeString)
        && text != "Activity"
    {
        reader.not_listed(&text, value, &["Activity"], Rule::ContextActivity);
    }
}

/// A type of interaction and the component lists that it supports.
struct InteractionType {
    name: &'static str,
    lists: &'static [ComponentList],
}

/// A property that lists interaction components.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ComponentList {
    Choices,
    Scale,
    Source,
    Target,
    Steps,
}

impl ComponentList {
    fn rule(self) -> Rule {
        match self {
            Self::Choices => Rule::Choices,
            Self::Scale => Rule::Scale,
            Self::Source => Rule::Source,
            Self::Target => Rule::Target,
            Self::Steps => Rule::Steps,
        }
    }
}

/// Spec: XAPI-00049; xAPI 1.0.3, Part Two, 2.4.4.1; IEEE 9274.1.1, 4.2.2.3.
const INTERACTIONS: [InteractionType; 10] = [
    InteractionType { name: "true-false", lists: &[] },
    InteractionType { name: "choice", lists: &[ComponentList::Choices] },
    InteractionType { name: "fill-in", lists: &[] },
    InteractionType { name: "long-fill-in", lists: &[] },
    InteractionType { name: "matching", lists: &[ComponentList::Source, ComponentList::Target] },
    InteractionType { name: "performance", lists: &[ComponentList::Steps] },
    InteractionType { name: "sequencing", lists: &[ComponentList::Choices] },
    InteractionType { name: "likert", lists: &[ComponentList::Scale] },
    InteractionType { name: "numeric", lists: &[] },
    InteractionType { name: "other", lists: &[] },
];

const DEFINITION_KEYS: [&str; 12] = [
    "name",
    "description",
    "type",
    "moreInfo",
    "extensions",
    "interactionType",
    "correctResponsesPattern",
    "choices",
    "scale",
    "source",
    "target",
    "steps",
];

/// The properties of a definition that describe an interaction.
#[derive(Default)]
struct InteractionProperties<'a, 't> {
    interaction_type: Option<Value<'a, 't>>,
    pattern: Option<Value<'a, 't>>,
    lists: Vec<(ComponentList, Value<'a, 't>)>,
}

/// Checks an activity definition.
pub(crate) fn check_definition<'a, 't>(reader: &mut Reader<'a, 't>, value: Value<'a, 't>) {
    if !reader.is(value, Kind::Object, Rule::Definition) {
        return;
    }
    let mut interaction = InteractionProperties::default();
    for (key, member) in value.members() {
        let list = match &*key.unescaped() {
            "name" => {
                reader.language_map(member, Rule::DefinitionName);
                continue;
            }
            "description" => {
                reader.language_map(member, Rule::DefinitionDescription);
                continue;
            }
            "type" => {
                reader.check_iri(member, Rule::DefinitionType);
                continue;
            }
            "moreInfo" => {
                reader.check_iri(member, Rule::MoreInfo);
                continue;
            }
            "extensions" => {
                reader.extensions(member, Rule::DefinitionExtensions);
                continue;
            }
            "interactionType" => {
                interaction.interaction_type = Some(member);
                continue;
            }
            "correctResponsesPattern" => {
                interaction.pattern = Some(member);
                continue;
            }
            "choices" => ComponentList::Choices,
            "scale" => ComponentList::Scale,
            "source" => ComponentList::Source,
            "target" => ComponentList::Target,
            "steps" => ComponentList::Steps,
            other => {
                reader.unknown(other, member, &DEFINITION_KEYS);
                continue;
            }
        };
        interaction.lists.push((list, member));
    }
    interaction.check(reader, value);
}

impl<'a, 't> InteractionProperties<'a, 't> {
    fn check(&self, reader: &mut Reader<'a, 't>, definition: Value<'a, 't>) {
        if let Some(pattern) = self.pattern {
            check_pattern(reader, pattern);
        }
        for &(list, value) in &self.lists {
            check_components(reader, value, list.rule());
        }
        let Some(interaction_type) = self.interaction_type else {
            if self.pattern.is_some() || !self.lists.is_empty() {
                reader.missing(definition, "interactionType", Rule::InteractionTypeMissing);
            }
            return;
        };
        let Some(interaction) = read_interaction_type(reader, interaction_type) else {
            return;
        };
        for &(list, value) in &self.lists {
            if !interaction.lists.contains(&list) {
                reader.fault_key(value.raw(), value, Rule::ComponentList);
            }
        }
    }
}

fn read_interaction_type<'a, 't>(
    reader: &mut Reader<'a, 't>,
    value: Value<'a, 't>,
) -> Option<&'static InteractionType> {
    let text = reader.string(value, Rule::InteractionType)?;
    let interaction = INTERACTIONS.iter().find(|interaction| interaction.name == text);
    if interaction.is_none() {
        let names = INTERACTIONS.each_ref().map(|interaction| interaction.name);
        reader.not_listed(&text, value, &names, Rule::InteractionType);
    }
    interaction
}

fn check_pattern<'a, 't>(reader: &mut Reader<'a, 't>, value: Value<'a, 't>) {
    if reader.is(value, Kind::Array, Rule::CorrectResponsesPattern) {
        for response in value.elements() {
            reader.is(response, Kind::String, Rule::CorrectResponsesPattern);
        }
    }
}

fn check_components<'a, 't>(reader: &mut Reader<'a, 't>, value: Value<'a, 't>, rule: Rule) {
    if !reader.is(value, Kind::Array, rule) {
        return;
    }
    let mut ids = HashSet::with_capacity(Reader::capacity_for(value));
    for component in value.elements() {
        if let Some((id, place)) = read_component_id(reader, component)
            && !ids.insert(id)
        {
            reader.fault(place, Rule::ComponentId);
        }
    }
}

fn read_component_id<'a, 't>(
    reader: &mut Reader<'a, 't>,
    component: Value<'a, 't>,
) -> Option<(Cow<'t, str>, Value<'a, 't>)> {
    if !reader.is(component, Kind::Object, Rule::Component) {
        return None;
    }
    let mut id = None;
    for (key, member) in component.members() {
        match &*key.unescaped() {
            "id" => id = Some(member),
            "description" => reader.language_map(member, Rule::ComponentDescription),
            other => reader.unknown(other, member, &["id", "description"]),
        }
    }
    let id = reader.required(id, component, "id", Rule::ComponentId)?;
    Some((reader.string(id, Rule::ComponentId)?, id))
}

#[cfg(test)]
mod tests;
