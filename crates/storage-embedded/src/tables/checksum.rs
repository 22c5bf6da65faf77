//! The checksum of a row, over its table's name and all its columns.
//!
//! SQLite does not notice a byte that changed inside a value. Each row is written with its
//! checksum and is checked whenever it is read. Which bytes count is drawn in
//! `docs/format/tables.md`.

use std::hash::Hasher;

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{Type, Value, ValueRef};
use rusqlite::{Connection, Row};
use siphasher::sip::SipHasher13;

/// The name of the function in SQL: the table's name, then the columns.
const SUM: &str = "acta_sum";

/// The name of the function in SQL that makes one number of the columns of a place.
const PLACE: &str = "acta_place";

/// SQL for the checksum that a row of a table should have.
macro_rules! sum {
    (records) => {
        "acta_sum('records', kind, id, tenant_id, owner, name, version, expires, body)"
    };
    (audit) => {
        "acta_sum('audit', tenant_id, sequence, id, at, who, origin, act, target, outcome, \
         detail, hash)"
    };
    (usage) => {
        "acta_sum('usage', tenant_id, day, statement_count, bytes)"
    };
    (secrets) => {
        "acta_sum('secrets', name, value)"
    };
    // The lower half is the checksum of the content, so that lists need not read that.
    (documents) => {
        "((acta_sum('documents', tenant_id, kind, activity, agent, registration, name, \
         updated, etag, content_type, checksum & 0xFFFFFFFF) << 32) | (checksum & 0xFFFFFFFF))"
    };
    (document_removals) => {
        "acta_sum('document_removals', tenant_id, place, registration, removed)"
    };
    (cursors) => {
        "acta_sum('cursors', tenant_id, name, value)"
    };
    (definitions) => {
        "acta_sum('definitions', tenant_id, activity, definition)"
    };
    (person_names) => {
        "acta_sum('person_names', tenant_id, agent, name, ordinal)"
    };
    (followers) => {
        "acta_sum('followers', tenant_id, name, sequence)"
    };
    (tiles) => {
        "acta_sum('tiles', tenant_id, epoch, level, position, hashes)"
    };
}

/// SQL for the column that [`check`] looks at.
macro_rules! is_sound {
    ($table:ident) => {
        concat!("checksum IS ", $crate::tables::checksum::sum!($table), " AS is_sound")
    };
}

pub(super) use {is_sound, sum};

/// A row does not have the checksum it was written with.
#[derive(Clone, Debug, thiserror::Error)]
#[error("table {table}, row {row}")]
pub(super) struct Unsound {
    pub(super) table: &'static str,
    pub(super) row: String,
}

/// Teaches a connection the functions.
pub(super) fn register(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function(SUM, -1, flags, |context| Ok(i64::from(sum_of(context))))?;
    connection.create_scalar_function(PLACE, -1, flags, |context| Ok(place_of(context)))
}

fn place_of(context: &Context<'_>) -> i64 {
    let mut hasher = SipHasher13::new();
    for index in 0..context.len() {
        let bytes = match context.get_raw(index) {
            ValueRef::Integer(number) => &number.to_le_bytes()[..],
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes,
            ValueRef::Null | ValueRef::Real(_) => &[],
        };
        hasher.write(&(bytes.len() as u64).to_le_bytes());
        hasher.write(bytes);
    }
    hasher.finish().cast_signed()
}

fn sum_of(context: &Context<'_>) -> u32 {
    (0..context.len()).fold(0, |sum, index| match context.get_raw(index) {
        ValueRef::Null => add(sum, 0, &[]),
        ValueRef::Integer(number) => add(sum, 1, &number.to_le_bytes()),
        ValueRef::Real(number) => add(sum, 2, &number.to_le_bytes()),
        ValueRef::Text(text) => add(sum, 3, text),
        ValueRef::Blob(bytes) => add(sum, 4, bytes),
    })
}

/// Adds a value, so that no two rows of values give the same bytes.
fn add(sum: u32, kind: u8, bytes: &[u8]) -> u32 {
    let sum = crc32c::crc32c_append(sum, &[kind]);
    let sum = crc32c::crc32c_append(sum, &(bytes.len() as u64).to_le_bytes());
    crc32c::crc32c_append(sum, bytes)
}

/// Fails if the row's column `is_sound` says that its checksum is wrong. `row` names the
/// column that says which row it is.
pub(super) fn check(row: &Row<'_>, table: &'static str, place: &str) -> rusqlite::Result<()> {
    if row.get("is_sound")? {
        return Ok(());
    }
    let row = match row.get(place)? {
        Value::Integer(number) => number.to_string(),
        Value::Text(text) => text,
        Value::Null | Value::Real(_) | Value::Blob(_) => "?".to_owned(),
    };
    let unsound = Box::new(Unsound { table, row });
    Err(rusqlite::Error::FromSqlConversionFailure(0, Type::Integer, unsound))
}
