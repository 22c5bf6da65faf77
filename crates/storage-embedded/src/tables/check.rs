//! Reading all tables without changing a byte.

use std::fmt::Write;
use std::path::Path;

use acta_statement_log::disk::Disk;
use acta_storage::StorageError;
use rusqlite::types::Value;
use rusqlite::{Connection, MAIN_DB, OpenFlags};

use super::administration::check_chains;
use super::checksum::sum;
use super::failure::failed;
use super::files;
use super::followers::count_followed;
use super::schema;
use crate::OpenError;
use crate::directory::TABLES_NAME;

/// A file of up to this many bytes is checked in memory, and any that has a write-ahead log:
/// SQLite cannot read that one without writing beside it.
const MEMORY_BYTES_MAX: u64 = 64 << 20;

/// What a check comes upon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TableSight {
    /// A row that has its checksum.
    Row,
    /// A row that does not.
    DamagedRow {
        /// Its table.
        table: &'static str,
        /// What names it there.
        row: String,
        /// Whether it can be rebuilt from the log.
        is_derived: bool,
    },
    /// Something is wrong with a file.
    Damaged {
        /// The file.
        file: &'static str,
        /// What is wrong.
        what: String,
        /// Where, if that is known.
        offset: Option<u64>,
    },
    /// At least how many statements the log must have, by what followers have read of it.
    Followed(u64),
}

/// A table whose rows have checksums.
#[derive(Clone, Copy)]
struct Table {
    name: &'static str,
    /// SQL that names a row.
    row: &'static str,
    /// SQL that is true for a row with its checksum.
    is_sound: &'static str,
}

macro_rules! table {
    ($name:ident, $row:literal) => {
        Table { name: stringify!($name), row: $row, is_sound: concat!("checksum IS ", sum!($name)) }
    };
}

const TABLES: [Table; 11] = [
    table!(records, "kind || ' ' || id"),
    table!(audit, "tenant_id || '/' || sequence"),
    table!(usage, "tenant_id || '/' || day"),
    table!(secrets, "name"),
    Table {
        is_sound: concat!(
            "checksum IS ",
            sum!(documents),
            " AND place IS acta_place(tenant_id, kind, activity, agent)"
        ),
        ..table!(documents, "rowid")
    },
    table!(document_removals, "hex(place)"),
    table!(cursors, "name"),
    table!(definitions, "rowid"),
    table!(person_names, "rowid"),
    table!(followers, "tenant_id || '/' || name"),
    table!(tiles, "rowid"),
];

/// What can be rebuilt from the log.
const DERIVED: [&str; 4] = ["definitions", "person_names", "followers", "tiles"];

/// Checks the files of the tables and every row. Returns how many bytes were read.
///
/// # Errors
///
/// [`OpenError::Newer`]; [`StorageError::Corrupt`] when SQLite cannot go on.
pub(crate) fn check(
    disk: &dyn Disk,
    directory: &Path,
    report: &mut dyn FnMut(TableSight),
) -> Result<u64, OpenError> {
    let path = directory.join(TABLES_NAME);
    let bytes = disk.open(&path).and_then(|file| file.len()).unwrap_or(0);
    if bytes == 0 {
        let what =
            "it is missing or empty: documents, credentials, accounts and cursors are lost".into();
        report(TableSight::Damaged { file: TABLES_NAME, what, offset: None });
        return Ok(0);
    }
    if let Err(StorageError::Corrupt { place }) = files::check(disk, directory) {
        report(damaged_file(&place));
    }
    let is_in_memory = bytes <= MEMORY_BYTES_MAX || files::has_log(disk, directory)?;
    let image = if is_in_memory { Some(files::image(disk, directory)?) } else { None };
    let connection = match image {
        Some(image) => open_image(&image)?,
        None => open_unchanging(&path)?,
    };
    schema::check_version(&connection).map_err(|error| schema::open_error(error, &path))?;
    check_open(&connection, report)?;
    Ok(bytes)
}

/// Checks every page and every row of open tables, which may be those of an older release.
///
/// # Errors
///
/// [`StorageError::Corrupt`] when SQLite cannot go on, or [`StorageError::Io`].
pub(super) fn check_open(
    connection: &Connection,
    report: &mut dyn FnMut(TableSight),
) -> Result<(), StorageError> {
    check_pages(connection, report)?;
    check_schema(connection, report)?;
    let version = schema::check_version(connection)?;
    if version == 0 {
        // The process that made the file ended before its tables.
        return Ok(());
    }
    let failed = failed("checking the tables");
    // An older release has fewer tables.
    let made = schema::empty(version).map_err(&failed)?;
    for table in TABLES {
        if made.table_exists(None, table.name).map_err(&failed)? {
            check_table(connection, table, report)?;
        }
    }
    if let Some(count) = count_followed(connection).ok().filter(|count| 0 < *count) {
        report(TableSight::Followed(count));
    }
    check_documents(connection, report)?;
    check_chains(connection, &mut |what| {
        report(TableSight::Damaged { file: TABLES_NAME, what, offset: None });
    })
}

/// Tells where [`files::check`] has found damage.
fn damaged_file(place: &str) -> TableSight {
    let (name, offset) = place.split_once(" at byte ").unwrap_or((place, ""));
    let (file, what) = if name == TABLES_NAME {
        (TABLES_NAME, "the header of the database is not what it should be")
    } else {
        (files::LOG_NAME, "the write-ahead log is damaged, and holds more behind it")
    };
    TableSight::Damaged { file, what: what.to_owned(), offset: offset.parse().ok() }
}

fn open_image(image: &[u8]) -> Result<Connection, StorageError> {
    let failed = failed("opening the tables in memory");
    let mut connection = Connection::open_in_memory().map_err(&failed)?;
    let len = image.len();
    connection.deserialize_read_exact(MAIN_DB, image, len, true).map_err(&failed)?;
    schema::apply_pragmas(&connection).map_err(failed)?;
    Ok(connection)
}

/// Opens a file that no process changes, and that has no write-ahead log.
fn open_unchanging(path: &Path) -> Result<Connection, StorageError> {
    let failed = failed("opening the tables for checking");
    let mut uri = "file:".to_owned();
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                uri.push(char::from(*byte));
            }
            // Writing to a text cannot fail.
            other => drop(write!(uri, "%{other:02X}")),
        }
    }
    uri.push_str("?immutable=1");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(uri, flags).map_err(&failed)?;
    schema::apply_pragmas(&connection).map_err(failed)?;
    Ok(connection)
}

/// Whether pages and indexes hold together.
fn check_pages(
    connection: &Connection,
    report: &mut dyn FnMut(TableSight),
) -> Result<(), StorageError> {
    let failed = failed("checking the pages of the tables");
    let mut statement = connection.prepare("PRAGMA integrity_check").map_err(&failed)?;
    let faults = statement.query_map([], |row| row.get::<_, String>(0)).map_err(&failed)?;
    for fault in faults {
        let what = fault.map_err(&failed)?;
        if what != "ok" {
            report(TableSight::Damaged { file: TABLES_NAME, what, offset: None });
        }
    }
    Ok(())
}

/// Whether the tables are those that this release makes.
fn check_schema(
    connection: &Connection,
    report: &mut dyn FnMut(TableSight),
) -> Result<(), StorageError> {
    let failed = failed("checking the schema of the tables");
    let describe = |connection: &Connection| -> rusqlite::Result<Vec<[Value; 4]>> {
        let sql = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name";
        let mut statement = connection.prepare(sql)?;
        let rows = statement
            .query_map([], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?]))?;
        rows.collect()
    };
    let version = schema::check_version(connection)?;
    let found = describe(connection).map_err(&failed)?;
    let made = schema::empty(version).map_err(&failed)?;
    if found != describe(&made).map_err(failed)? {
        let what = "the schema is not the one that this release makes".to_owned();
        report(TableSight::Damaged { file: TABLES_NAME, what, offset: None });
    }
    Ok(())
}

fn check_table(
    connection: &Connection,
    Table { name: table, row, is_sound }: Table,
    report: &mut dyn FnMut(TableSight),
) -> Result<(), StorageError> {
    let failed = failed("checking the rows of the tables");
    let is_derived = DERIVED.contains(&table);
    let sql = format!("SELECT {row}, {is_sound} FROM {table} NOT INDEXED");
    let Ok(mut statement) = connection.prepare(&sql) else {
        let what = format!("table {table} cannot be read");
        report(TableSight::Damaged { file: TABLES_NAME, what, offset: None });
        return Ok(());
    };
    let mut rows = statement.query([]).map_err(&failed)?;
    while let Some(read) = rows.next().map_err(&failed)? {
        if read.get(1).map_err(&failed)? {
            report(TableSight::Row);
            continue;
        }
        let row = match read.get(0).map_err(&failed)? {
            Value::Integer(number) => number.to_string(),
            Value::Text(text) => text,
            Value::Null | Value::Real(_) | Value::Blob(_) => "?".to_owned(),
        };
        report(TableSight::DamagedRow { table, row, is_derived });
    }
    Ok(())
}

/// Compares the content of each document with its checksum.
fn check_documents(
    connection: &Connection,
    report: &mut dyn FnMut(TableSight),
) -> Result<(), StorageError> {
    let failed = failed("checking the documents");
    let sql = "SELECT rowid, checksum & 0xFFFFFFFF, content FROM documents NOT INDEXED";
    let Ok(mut statement) = connection.prepare(sql) else { return Ok(()) };
    let mut rows = statement.query([]).map_err(&failed)?;
    while let Some(read) = rows.next().map_err(&failed)? {
        let content = read.get_ref(2).map_err(&failed)?;
        let content = content.as_blob().unwrap_or_default();
        let sum: i64 = read.get(1).map_err(&failed)?;
        if sum != i64::from(crc32c::crc32c(content)) {
            let row: i64 = read.get(0).map_err(&failed)?;
            let (table, row) = ("documents", row.to_string());
            report(TableSight::DamagedRow { table, row, is_derived: false });
        }
    }
    Ok(())
}
