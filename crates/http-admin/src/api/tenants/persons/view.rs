//! Views of persons.

use std::collections::BTreeMap;

use acta_admin::AdminError;
use acta_storage::directory::{AttributeName, JoinedPerson, Versioned};
use acta_xapi::Ifi;
use axum::response::Response;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::api::values::Agent;
use crate::api::versioned::versioned;

/// A person: the identifiers that are one, and what is known.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = JoinedPerson)]
pub(crate) struct PersonView {
    /// The id.
    #[schema(format = "uuid")]
    id: String,
    /// The name, if one was given.
    #[schema(required, example = "Ada Lovelace")]
    name: Option<String>,
    /// The identifiers: agents with nothing but an identifier.
    #[schema(value_type = Vec<Agent>, min_items = 1, max_items = 50)]
    identifiers: Vec<Value>,
    /// What else is known, by the names of the attributes.
    #[schema(example = json!({"unit": "North", "manager": "Grace Hopper"}))]
    attributes: BTreeMap<String, String>,
    /// When the person was created.
    #[schema(format = DateTime, example = "2026-03-01T09:30:00.000000Z")]
    created: String,
}

impl PersonView {
    pub(super) fn of(person: &JoinedPerson) -> Self {
        let attributes = person.attributes.iter();
        Self {
            id: person.id.to_string(),
            name: person.name.clone(),
            identifiers: identifier_views(person),
            attributes: attributes.map(|(name, text)| (name.to_string(), text.clone())).collect(),
            created: person.created.to_string(),
        }
    }
}

/// The identifiers of a person as agents.
pub(super) fn identifier_views(person: &JoinedPerson) -> Vec<Value> {
    // The key of an identifier is a JSON object.
    let identifier = |it: &Ifi| serde_json::from_str(&it.to_key()).unwrap_or_default();
    person.identifiers.iter().map(identifier).collect()
}

/// A response with a person.
pub(super) fn show(person: &Versioned<JoinedPerson>) -> Response {
    versioned(&PersonView::of(&person.value), person.record.version)
}

/// The identifiers of agents.
pub(super) fn identifiers(agents: Vec<Agent>) -> Vec<Ifi> {
    agents.into_iter().map(|Agent(agent)| agent.ifi().clone()).collect()
}

/// Attributes by their names.
pub(super) fn attributes<T>(
    sent: BTreeMap<String, T>,
) -> Result<BTreeMap<AttributeName, T>, AdminError> {
    let named = sent.into_iter().map(|(name, value)| match name.parse() {
        Ok(name) => Ok((name, value)),
        Err(not) => Err(AdminError::fault("/attributes", format!("{not}"))),
    });
    named.collect()
}
