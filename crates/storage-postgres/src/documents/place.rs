//! The place of a document, as columns.

use acta_access::TenantId;
use acta_storage::{DocumentKey, DocumentList, DocumentPlace};
use sha2::{Digest, Sha256};

use crate::types::number;

/// The columns of a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PlaceColumns {
    pub(super) tenant: i32,
    pub(super) kind: &'static str,
    /// Empty if there is none.
    pub(super) activity: String,
    /// The key of the identifier; empty for none.
    pub(super) agent: String,
    /// SHA-256 over kind, activity and agent.
    pub(super) hash: Vec<u8>,
}

/// The columns that identify a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Columns {
    pub(super) place: PlaceColumns,
    /// Empty if there is none.
    pub(super) registration: String,
    pub(super) name: String,
    /// SHA-256 over the name.
    pub(super) name_hash: Vec<u8>,
}

/// The columns that identify the documents of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ListColumns {
    pub(super) place: PlaceColumns,
    /// `None` for documents with any registration or without one.
    pub(super) registration: Option<String>,
}

impl PlaceColumns {
    /// The columns, and the registration beside them.
    fn of(tenant: TenantId, place: DocumentPlace) -> (Self, Option<String>) {
        let hash = place.hash().to_vec();
        let DocumentPlace { kind, activity, agent, registration } = place;
        (Self { tenant: number(tenant), kind, activity, agent, hash }, registration)
    }
}

impl Columns {
    pub(super) fn of(tenant: TenantId, key: &DocumentKey) -> Self {
        let (place, registration) = PlaceColumns::of(tenant, DocumentPlace::of(key));
        let (name, registration) = (key.name().to_owned(), registration.unwrap_or_default());
        let name_hash = Sha256::digest(&name).to_vec();
        Self { place, registration, name, name_hash }
    }
}

impl ListColumns {
    pub(super) fn of(tenant: TenantId, list: &DocumentList) -> Self {
        let (place, registration) = PlaceColumns::of(tenant, DocumentPlace::of_list(list));
        Self { place, registration }
    }
}
