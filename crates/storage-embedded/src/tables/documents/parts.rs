//! The removal of all documents of a list, in parts that are short for the one thread that writes.
//!
//! What is removed is what was there when the removal began. A document that is written meanwhile
//! is removed or stays, as if it had been written before or after.

use acta_ambient::{Clock, Timestamp};
use acta_storage::{Removal, RemovalScope, StorageError};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::place::{PlaceColumns, check_count};
use super::removals;
use crate::tables::checksum::is_sound;
use crate::tables::failure::failed;

/// Most bytes of the documents that one part removes, if there are several: about a millisecond.
const PART_BYTES_MAX: usize = 1 << 20;

/// What it takes to remove a document without content, in bytes of content.
const ROW_BYTES: usize = 4 << 10;

/// Some documents of a list.
#[derive(Debug)]
pub(super) struct Part {
    rows: Vec<i64>,
    /// What it takes to remove them, in bytes of content.
    pub(super) bytes: usize,
}

impl Part {
    /// Removes its documents, as far as they are still there, and notes that. Returns how many
    /// there were.
    pub(super) fn remove(
        &self,
        connection: &Connection,
        place: &PlaceColumns,
        (scope, clock): (RemovalScope, &dyn Clock),
    ) -> Result<u64, StorageError> {
        let (mut count, mut removed) = (0, clock.now());
        for row in &self.rows {
            if let Some(updated) = remove(connection, place, *row)? {
                count += 1;
                // The system's clock may be set back; the time of a list is not.
                removed = removed.max(updated);
            }
        }
        if 0 < count {
            removals::note(connection, place.tenant, &Removal { scope, removed })?;
        }
        Ok(count)
    }
}

/// The documents of a list, in parts.
pub(super) fn list_parts(
    connection: &Connection,
    place: &PlaceColumns,
) -> Result<Vec<Part>, StorageError> {
    let failed = failed("listing documents");
    // Of the content, only its length is read.
    let sql = "SELECT rowid, length(content) FROM documents WHERE tenant_id = ?1 AND kind = ?2 \
         AND activity = ?3 AND agent = ?4 AND (?5 IS NULL OR registration = ?5)";
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    let PlaceColumns { tenant, kind, activity, agent, registration } = place;
    let columns = params![tenant, kind, activity, agent, registration];
    let mut rows = statement.query(columns).map_err(&failed)?;
    let (mut parts, mut count): (Vec<Part>, i64) = (Vec::new(), 0);
    while let Some(row) = rows.next().map_err(&failed)? {
        count += 1;
        let id = row.get(0).map_err(&failed)?;
        // None if the row is damaged: it is removed all the same.
        let length: Option<i64> = row.get(1).ok();
        let length = length.and_then(|length| usize::try_from(length).ok());
        let bytes = length.unwrap_or(0).saturating_add(ROW_BYTES);
        match parts.last_mut() {
            Some(part) if part.bytes.saturating_add(bytes) <= PART_BYTES_MAX => {
                part.rows.push(id);
                part.bytes += bytes;
            }
            Some(_) | None => parts.push(Part { rows: vec![id], bytes }),
        }
    }
    check_count(connection, place, None, count)?;
    Ok(parts)
}

/// Removes the document in a row. Returns when it was written; `None` if it was removed before.
/// Another place may have a document in the row by now.
fn remove(
    connection: &Connection,
    place: &PlaceColumns,
    row: i64,
) -> Result<Option<Timestamp>, StorageError> {
    let failed = failed("removing a document");
    let sql = concat!(
        "DELETE FROM documents WHERE rowid = ?1 AND tenant_id = ?2 AND kind = ?3 \
         AND activity = ?4 AND agent = ?5 AND (?6 IS NULL OR registration = ?6) \
         RETURNING updated, ",
        is_sound!(documents)
    );
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    let PlaceColumns { tenant, kind, activity, agent, registration } = place;
    let columns = params![row, tenant, kind, activity, agent, registration];
    // What a damaged row says of its time does not count.
    let read = |row: &Row<'_>| {
        let is_sound: bool = row.get("is_sound")?;
        let updated = if is_sound { row.get("updated")? } else { 0 };
        Ok(Timestamp::from_unix_micros(updated))
    };
    statement.query_row(columns, read).optional().map_err(failed)
}
