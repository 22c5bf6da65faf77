//! The place of a document, as columns.

use acta_access::TenantId;
use acta_storage::{DocumentKey, DocumentList, DocumentPlace, StorageError};
use rusqlite::{Connection, params};

use crate::tables::failure::{corrupt_row, failed};

/// The columns that name a place: all documents of a list, or those around a document.
#[derive(Debug)]
pub(in super::super) struct PlaceColumns {
    pub(in super::super) tenant: u32,
    pub(in super::super) kind: &'static str,
    pub(in super::super) activity: String,
    pub(in super::super) agent: String,
    /// None for a list of every registration and of none; empty for none.
    pub(in super::super) registration: Option<String>,
}

pub(in super::super) const TABLE: &str = "documents";

impl PlaceColumns {
    fn new(tenant: TenantId, place: DocumentPlace) -> Self {
        let DocumentPlace { kind, activity, agent, registration } = place;
        Self { tenant: tenant.number(), kind, activity, agent, registration }
    }

    /// The place and the name of a document.
    pub(in super::super) fn of_document(tenant: TenantId, key: &DocumentKey) -> (Self, String) {
        (Self::new(tenant, DocumentPlace::of(key)), key.name().to_owned())
    }

    /// Before every place of the tenant, in the order of the table.
    pub(in super::super) fn before_all(tenant: TenantId) -> Self {
        let (activity, agent) = (String::new(), String::new());
        // No kind is empty.
        Self {
            tenant: tenant.number(),
            kind: "",
            activity,
            agent,
            registration: Some(String::new()),
        }
    }

    pub(super) fn of_list(tenant: TenantId, list: &DocumentList) -> Self {
        Self::new(tenant, DocumentPlace::of_list(list))
    }
}

/// Counts the documents of a place, or those of one name there, in an index of their own: a
/// damaged index may not find a row, but two do not fail to find the same one.
///
/// # Errors
///
/// [`StorageError::Corrupt`] if there are not as many as were found.
pub(super) fn check_count(
    connection: &Connection,
    place: &PlaceColumns,
    name: Option<&str>,
    found: i64,
) -> Result<(), StorageError> {
    let failed = failed("counting documents");
    // A document is found by its whole key, however many others the place has.
    let sql = match name {
        Some(_) => {
            "SELECT count(*) FROM documents INDEXED BY documents_by_place \
             WHERE place = acta_place(?1, ?2, ?3, ?4) AND registration = ?5 AND name = ?6"
        }
        None => {
            "SELECT count(*) FROM documents INDEXED BY documents_by_place \
             WHERE place = acta_place(?1, ?2, ?3, ?4) AND (?5 IS NULL OR registration = ?5) \
             AND ?6 IS NULL"
        }
    };
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    let PlaceColumns { tenant, kind, activity, agent, registration } = place;
    let columns = params![tenant, kind, activity, agent, registration, name];
    let count: i64 = statement.query_row(columns, |row| row.get(0)).map_err(failed)?;
    if count == found { Ok(()) } else { Err(corrupt_row(TABLE, "that an index does not find")) }
}
