use std::fs;

use acta_statement_log::disk::SystemDisk;
use rusqlite::Connection;
use tempfile::TempDir;

use super::*;

/// Copies of a database and its write-ahead log, as they stand after a loss of power.
///
/// Frame by frame, the log holds transactions of one page and of several.
fn crashed() -> (TempDir, Vec<Vec<i64>>) {
    let directory = TempDir::new().unwrap();
    let live = TempDir::new().unwrap();
    let connection = Connection::open(live.path().join(TABLES_NAME)).unwrap();
    let setup = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
         PRAGMA wal_autocheckpoint = 0; CREATE TABLE it (number INTEGER, content BLOB); \
         INSERT INTO it VALUES (0, x''); PRAGMA wal_checkpoint;";
    connection.execute_batch(setup).unwrap();
    let mut states = vec![vec![0]];
    for number in 1..7 {
        // Every second transaction has several pages.
        let bytes = if number % 2 == 0 { 10_000 } else { 10 };
        let sql = "INSERT INTO it VALUES (?1, zeroblob(?2))";
        connection.execute(sql, [number, bytes]).unwrap();
        states.push((0..=number).collect());
    }
    for name in [TABLES_NAME, LOG_NAME] {
        fs::copy(live.path().join(name), directory.path().join(name)).unwrap();
    }
    (directory, states)
}

fn numbers(connection: &Connection) -> Vec<i64> {
    let mut statement = connection.prepare("SELECT number FROM it ORDER BY number").unwrap();
    let numbers = statement.query_map([], |row| row.get(0)).unwrap();
    numbers.map(Result::unwrap).collect()
}

/// What SQLite makes of the files, in a copy.
fn recovered(directory: &Path) -> Vec<i64> {
    let copy = TempDir::new().unwrap();
    for name in [TABLES_NAME, LOG_NAME] {
        fs::copy(directory.join(name), copy.path().join(name)).unwrap();
    }
    numbers(&Connection::open(copy.path().join(TABLES_NAME)).unwrap())
}

/// Where frames end that end a transaction.
fn commit_ends(directory: &Path) -> Vec<u64> {
    let log = WriteAheadLog::open(&SystemDisk, directory, None).unwrap().unwrap();
    let is_commit = |number: &u64| log.frame(*number).unwrap().committed_pages != 0;
    (0..log.frame_count).filter(is_commit).map(|number| log.offset_of(number + 1)).collect()
}

#[test]
fn the_image_holds_what_sqlite_recovers() {
    let (directory, states) = crashed();
    let image = image(&SystemDisk, directory.path()).unwrap();
    let copy = TempDir::new().unwrap();
    fs::write(copy.path().join("image"), image).unwrap();
    let found = numbers(&Connection::open(copy.path().join("image")).unwrap());
    assert_eq!(Some(&found), states.last());
    assert_eq!(found, recovered(directory.path()));
}

#[test]
fn a_log_cut_at_any_byte_is_no_damage() {
    let (directory, states) = crashed();
    let path = directory.path().join(LOG_NAME);
    let whole = fs::read(&path).unwrap();
    let mut seen = Vec::new();
    for len in (0..whole.len()).step_by(97) {
        fs::write(&path, &whole[..len]).unwrap();
        check(&SystemDisk, directory.path()).unwrap();
        seen.push(recovered(directory.path()));
    }
    seen.dedup();
    assert_eq!(seen, states[..states.len() - 1], "each cut leaves whole transactions");
}

#[test]
fn a_changed_byte_is_noticed_unless_it_is_in_the_last_transaction() {
    let (directory, states) = crashed();
    let path = directory.path().join(LOG_NAME);
    let whole = fs::read(&path).unwrap();
    let ends = commit_ends(directory.path());
    let last_from = usize::try_from(ends[ends.len() - 2]).unwrap();
    let mut noticed = 0;
    // All bytes of the headers, and some of the pages.
    let is_head = |at: usize| at < 32 || (at - 32) % (4096 + 24) < 24;
    for changed in (0..whole.len()).filter(|at| is_head(*at) || at % 61 == 0) {
        let mut bytes = whole.clone();
        bytes[changed] ^= 1 << (changed % 8);
        fs::write(&path, &bytes).unwrap();
        match check(&SystemDisk, directory.path()) {
            Err(StorageError::Corrupt { place }) => {
                assert!(place.starts_with("tables.sqlite-wal at byte "), "{place}");
                noticed += 1;
            }
            Err(other) => panic!("{other:?}"),
            Ok(()) => {
                let is_whole = recovered(directory.path()) == states[states.len() - 1];
                assert!(is_whole || last_from <= changed, "byte {changed} is lost in silence");
            }
        }
    }
    assert!(noticed > 500, "{noticed}");
}

#[test]
fn a_torn_header_of_a_restarted_log_is_no_damage() {
    let (directory, _) = crashed();
    let path = directory.path().join(LOG_NAME);
    // Everything is in the database when a log is restarted.
    let connection = Connection::open(directory.path().join(TABLES_NAME)).unwrap();
    let database = fs::read(&path).unwrap();
    connection.execute_batch("PRAGMA wal_checkpoint").unwrap();
    std::mem::forget(connection);
    fs::write(&path, &database).unwrap();
    for torn in 12..32 {
        let mut bytes = database.clone();
        bytes[torn..32].fill(0x5A);
        fs::write(&path, bytes).unwrap();
        check(&SystemDisk, directory.path()).unwrap();
    }
}

#[test]
fn a_header_that_would_mislead_sqlite_is_refused() {
    let (directory, _) = crashed();
    let path = directory.path().join(TABLES_NAME);
    let whole = fs::read(&path).unwrap();
    for at in [18, 19, 20, 52, 55, 64, 67, 72, 91] {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        fs::write(&path, bytes).unwrap();
        let checked = check(&SystemDisk, directory.path());
        let Err(StorageError::Corrupt { place }) = checked else { panic!("{at}: {checked:?}") };
        assert_eq!(place, format!("tables.sqlite at byte {at}"));
    }
}

#[test]
fn a_file_that_sqlite_will_roll_back_is_no_damage() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join(TABLES_NAME);
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "cache_size", 1).unwrap();
    connection.execute_batch("BEGIN; CREATE TABLE it (content BLOB);").unwrap();
    // More than the cache holds, so that pages reach the file before the commit.
    connection.execute("INSERT INTO it VALUES (zeroblob(100000))", []).unwrap();
    let crashed = TempDir::new().unwrap();
    for name in [TABLES_NAME, JOURNAL_NAME] {
        fs::copy(directory.path().join(name), crashed.path().join(name)).unwrap();
    }
    // What power leaves of a page that was not synced.
    let path = crashed.path().join(TABLES_NAME);
    let len = fs::metadata(&path).unwrap().len();
    fs::write(&path, vec![0; usize::try_from(len).unwrap()]).unwrap();
    check(&SystemDisk, crashed.path()).unwrap();
    fs::remove_file(crashed.path().join(JOURNAL_NAME)).unwrap();
    let damaged = check(&SystemDisk, crashed.path());
    assert!(matches!(damaged, Err(StorageError::Corrupt { .. })), "{damaged:?}");
}

#[test]
fn a_torn_transaction_before_the_remains_of_an_undone_one_is_no_damage() {
    let live = TempDir::new().unwrap();
    let connection = Connection::open(live.path().join(TABLES_NAME)).unwrap();
    let setup = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = 10; \
         PRAGMA wal_autocheckpoint = 0; CREATE TABLE it (number INTEGER, content BLOB); \
         INSERT INTO it VALUES (0, x''); PRAGMA wal_checkpoint; INSERT INTO it VALUES (1, x'');";
    connection.execute_batch(setup).unwrap();
    // A transaction that is written in part and undone, as for lack of room.
    connection.execute_batch("BEGIN").unwrap();
    for _ in 0..40 {
        connection.execute("INSERT INTO it VALUES (2, zeroblob(10000))", []).unwrap();
    }
    connection.execute_batch("ROLLBACK").unwrap();
    let before = usize::try_from(*commit_ends(live.path()).last().unwrap()).unwrap();
    connection.execute("INSERT INTO it VALUES (3, x'')", []).unwrap();
    let directory = TempDir::new().unwrap();
    for name in [TABLES_NAME, LOG_NAME] {
        fs::copy(live.path().join(name), directory.path().join(name)).unwrap();
    }
    check(&SystemDisk, directory.path()).unwrap();
    // Power fails while the last transaction is written: a half of its page is missing.
    let path = directory.path().join(LOG_NAME);
    let mut bytes = fs::read(&path).unwrap();
    bytes[before + FRAME_HEADER_BYTES + 2048..before + FRAME_HEADER_BYTES + 4096].fill(0x55);
    fs::write(&path, bytes).unwrap();
    assert_eq!(recovered(directory.path()), [0, 1]);
    check(&SystemDisk, directory.path()).unwrap();
}
