//! What is shown of the audit.

use acta_storage::AuditEntry;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// An entry of the audit.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub(crate) struct EntryView {
    /// Its place in the chain, from 1, without gaps.
    #[schema(minimum = 1, example = 42)]
    sequence: u64,
    /// Its own id.
    #[schema(format = "uuid")]
    id: String,
    /// When.
    #[schema(format = DateTime, example = "2026-03-01T09:30:00.000000Z")]
    at: String,
    /// Who: `operator`, `server`, `stranger`, or `account:`, `credential:`, `token:` or
    /// `bearer:` and an id.
    #[schema(example = "credential:k7f2m9x4q8w3n6t1")]
    who: String,
    /// From where: an address, or `local` for the machine itself; empty for the server.
    #[schema(example = "192.0.2.7")]
    from: String,
    /// What was done.
    #[schema(example = "credential.created")]
    act: String,
    /// To what; empty if to nothing in particular.
    #[schema(example = "credential:k7f2m9x4q8w3n6t1")]
    target: String,
    /// Whether it happened.
    #[schema(value_type = String, pattern = "^(done|refused)$", example = "done")]
    outcome: &'static str,
    /// What changed, or why not.
    #[schema(value_type = Object)]
    detail: Map<String, Value>,
    /// SHA-256 over the entry before and this one, as hexadecimal digits.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    hash: String,
}

impl EntryView {
    pub(super) fn of(entry: &AuditEntry) -> Self {
        let told = &entry.content;
        Self {
            sequence: entry.sequence,
            id: told.id.to_string(),
            at: told.at.to_string(),
            who: told.who.to_string(),
            from: told.from.clone(),
            act: told.act.clone().into_owned(),
            target: told.target.clone(),
            outcome: told.outcome.as_str(),
            // It is always written as an object.
            detail: serde_json::from_str(&told.detail).unwrap_or_default(),
            hash: entry.hash.to_string(),
        }
    }
}
