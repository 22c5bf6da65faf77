//! Bytes that do not check: in the store, and in the backup.

use std::path::Path;

use acta_storage_embedded::{BackupError, OpenError};

use crate::bench::{Bench, open_in};

fn flip(path: &Path, at: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[at] ^= 0x40;
    std::fs::write(path, bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_of_the_log_or_the_tables_is_not_backed_up() {
    let bench = Bench::new();
    let storage = bench.open();
    bench.fill(&storage, 1..30).await;
    let first = bench.back_up().unwrap();
    bench.fill(&storage, 30..120).await;
    storage.close().unwrap();
    drop(storage);
    let segments = bench.segments();
    let len = |path: &Path| usize::try_from(std::fs::metadata(path).unwrap().len()).unwrap();
    let tables = bench.data().join("tables.sqlite");
    // The content of the document stands behind its type, and is "120".
    let row = std::fs::read(&tables).unwrap();
    let document = row.windows(10).position(|window| window == b"text/plain").unwrap() + 10;
    let document = document + row[document..].iter().position(|byte| *byte == b'1').unwrap();
    let newest = segments.len() - 2;
    let places = [
        ("00000001.log at byte", &segments[0], 100),
        ("log at byte", &segments[newest], 20),
        ("log at byte", &segments[newest], 70),
        ("log at byte", &segments[newest], len(&segments[newest]) - 1),
        ("store", &bench.data().join("store"), 20),
        ("the tables", &tables, 20),
        ("table documents, row 1", &tables, document),
    ];
    for (expected, path, at) in places {
        // The first segment is one that the backup has; it is read only where it has none.
        if expected.starts_with("00000001") {
            std::fs::remove_file(bench.backup().join("log/00000001.log")).unwrap();
        }
        flip(path, at);
        let error = bench.back_up().unwrap_err();
        flip(path, at);
        assert!(error.to_string().contains(expected), "{expected}: {error}");
        assert!(matches!(error, BackupError::Damaged { .. }), "{expected}: {error}");
        assert_eq!(bench.check().backup.statement_count, first.statement_count);
    }
    assert_eq!(bench.back_up().unwrap().statement_count, 119);
    bench.check_restored(&bench.open(), 119).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_attachment_is_named_and_everything_else_backed_up() {
    let bench = Bench::new();
    let storage = bench.open();
    bench.fill(&storage, 1..30).await;
    bench.back_up().unwrap();
    let kept = bench.files_of_backup();
    let kept: Vec<_> = kept.iter().filter(|file| file.starts_with("attachments/")).collect();
    bench.fill(&storage, 30..60).await;
    let attachments = bench.attachments_of_data();
    let old = attachments.iter().find(|path| kept.contains(path)).unwrap();
    let new = attachments.iter().find(|path| !kept.contains(path)).unwrap();
    flip(&bench.data().join(new), 1000);
    std::fs::write(bench.data().join(old), "short").unwrap();

    let backed_up = bench.back_up().unwrap();
    assert_eq!(backed_up.statement_count, 59);
    let mut damaged = backed_up.damaged.clone();
    damaged.sort_unstable();
    let mut expected = [old, new].map(|path| format!("{path}: its content has another hash"));
    expected.sort_unstable();
    assert_eq!(damaged, expected);
    assert_eq!(bench.check().damaged.len(), 0);
    assert_eq!(&bench.check().backup.missing, std::slice::from_ref(new));

    // What the former backup had is in the new one.
    let place = bench.scratch("restored");
    bench.restore(&place).unwrap();
    assert!(!place.join(new).exists());
    assert_eq!(std::fs::metadata(place.join(old)).unwrap().len(), bench.attachment_bytes(old));

    // Once restored, it is backed up again.
    flip(&bench.data().join(new), 1000);
    let backed_up = bench.back_up().unwrap();
    assert_eq!(backed_up.damaged.len(), 1);
    assert_eq!(bench.check().backup.missing.len(), 0);
}

fn check_that_it_is_refused(bench: &Bench, file: &str, at: usize, place: &Path) {
    let path = bench.backup().join(file);
    flip(&path, at);
    let error = bench.restore(place).unwrap_err();
    assert!(matches!(error, BackupError::Damaged { .. }), "{file}, byte {at}: {error}");
    assert!(error.to_string().contains(file), "{file}, byte {at}: {error}");
    if file == "manifest.jsonl" {
        assert!(!place.exists());
    } else {
        assert_eq!(bench.check().damaged, std::slice::from_ref(&path));
        let opened = open_in(place);
        assert!(matches!(opened, Err(OpenError::Unfinished { .. })), "{file}");
    }
    flip(&path, at);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_with_a_changed_byte_in_any_file_is_refused() {
    let bench = Bench::new();
    let storage = bench.open();
    bench.fill(&storage, 1..30).await;
    bench.back_up().unwrap();
    for (index, file) in bench.files_of_backup().iter().enumerate() {
        let len = std::fs::metadata(bench.backup().join(file)).unwrap().len();
        let len = usize::try_from(len).unwrap();
        for (turn, at) in [0, len / 2, len - 1].into_iter().enumerate() {
            let place = bench.scratch(&format!("restored-{index}-{turn}"));
            check_that_it_is_refused(&bench, file, at, &place);
        }
    }
    bench.check_restored(&storage, 29).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_behind_those_of_the_manifest_are_not_restored() {
    let bench = Bench::new();
    let storage = bench.open();
    bench.fill(&storage, 1..30).await;
    bench.back_up().unwrap();
    // As a run that was broken off leaves it.
    let last = bench.segments().pop().unwrap();
    let copy = bench.backup().join("log").join(last.file_name().unwrap());
    let mut bytes = std::fs::read(&copy).unwrap();
    bytes.extend_from_slice(b"more");
    std::fs::write(&copy, &bytes).unwrap();
    bench.check_restored(&storage, 29).await;
    bench.fill(&storage, 30..40).await;
    bench.back_up().unwrap();
    bench.check_restored(&storage, 39).await;
}
