//! How far one follower has come in one tenant's log.

use acta_access::TenantId;
use acta_storage::StorageError;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::tables::checksum::{self, is_sound};
use crate::tables::failure::failed;

/// What is done here, for errors.
pub(super) const READING: &str = "reading how far followers have come";

/// How far a follower has come in a tenant's log.
pub(super) fn find_position(
    connection: &Connection,
    follower: &str,
    tenant: TenantId,
) -> Result<u64, StorageError> {
    let sql = concat!(
        "SELECT tenant_id, name, sequence, ",
        is_sound!(followers),
        " FROM followers WHERE tenant_id = ?1 AND name = ?2"
    );
    let mut statement = connection.prepare_cached(sql).map_err(failed(READING))?;
    let position = statement.query_row(params![tenant.number(), follower], read_position);
    Ok(position.optional().map_err(failed(READING))?.unwrap_or(0))
}

/// The sequence in a row.
pub(super) fn read_position(row: &Row<'_>) -> rusqlite::Result<u64> {
    checksum::check(row, "followers", "name")?;
    // The schema keeps it from being negative.
    row.get::<_, i64>("sequence").map(i64::unsigned_abs)
}
