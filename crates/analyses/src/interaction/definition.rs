//! Reading the definition of an interaction.

use acta_xapi::ParseLimits;
use acta_xapi::json::{self, Value};

use super::kind::InteractionType;

/// A component of an interaction, such as an option of a choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// Its id.
    pub id: String,
    /// Its description: English if there is one, or else the first.
    pub description: Option<String>,
}

impl Component {
    /// A component of which only the id is known.
    pub fn unnamed(id: &str) -> Self {
        Self { id: id.to_owned(), description: None }
    }
}

/// The text does not describe an interaction as xAPI has it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DefinitionError {
    /// It is not JSON, or is beyond the limits of statements.
    #[error("the definition is not JSON")]
    NotJson,
    /// There is another type than the ten.
    #[error("{0:?} is not a type of interaction")]
    UnknownType(String),
}

/// What a definition says of an interaction.
#[derive(Clone, Debug)]
pub(super) struct Definition {
    pub(super) interaction_type: InteractionType,
    /// None if it has no `correctResponsesPattern`.
    pub(super) patterns: Option<Vec<String>>,
    /// Those of `choices` or `scale`.
    pub(super) options: Vec<Component>,
}

impl Definition {
    /// Reads a definition; none if it describes no interaction.
    pub(super) fn parse(definition: &str) -> Result<Option<Self>, DefinitionError> {
        let limits = ParseLimits::STORED.json;
        let parsed = json::parse(definition.as_bytes(), &limits);
        let parsed = parsed.map_err(|_place| DefinitionError::NotJson)?;
        let root = parsed.root();
        let Some(name) = root.member("interactionType").and_then(Value::as_str) else {
            return Ok(None);
        };
        let interaction_type = InteractionType::find(&name);
        let interaction_type =
            interaction_type.ok_or_else(|| DefinitionError::UnknownType(name.into_owned()))?;
        let patterns = root.member("correctResponsesPattern").map(|patterns| {
            let texts = patterns.elements().filter_map(Value::as_str);
            texts.map(std::borrow::Cow::into_owned).collect()
        });
        let list = root.member("choices").or_else(|| root.member("scale"));
        let options = list.into_iter().flat_map(Value::elements).filter_map(component).collect();
        Ok(Some(Self { interaction_type, patterns, options }))
    }
}

fn component(value: Value<'_, '_>) -> Option<Component> {
    let id = value.member("id").and_then(Value::as_str)?.into_owned();
    let descriptions = value.member("description");
    let mut members = descriptions.into_iter().flat_map(Value::members);
    let first = members.clone().next();
    let english = members.find(|(language, _)| {
        let language = language.unescaped();
        language.eq_ignore_ascii_case("en") || language.to_ascii_lowercase().starts_with("en-")
    });
    let description = english.or(first).and_then(|(_, text)| text.as_str());
    Some(Component { id, description: description.map(std::borrow::Cow::into_owned) })
}
