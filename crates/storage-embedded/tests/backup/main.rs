//! Backups of a store, and what is made of them, when the disk or the moment is bad.

#![expect(clippy::unwrap_used, reason = "a test says that it failed by panicking")]

mod bench;
mod damage;
mod disks;
mod failures;
mod moments;

use acta_storage_embedded::BackupError;
use bench::{Bench, batch_of};

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_an_open_store_holds_everything() {
    let bench = Bench::new();
    let storage = bench.open();
    bench.fill(&storage, 1..120).await;
    let backed_up = bench.back_up().unwrap();
    assert_eq!((backed_up.number, backed_up.statement_count), (1, 119));
    assert_eq!(backed_up.attachment_count, 119 / 10);
    assert_eq!(backed_up.copied_file_count, backed_up.file_count);
    assert!(backed_up.file_count > 5 + backed_up.attachment_count, "several segments");
    bench.check_restored(&storage, 119).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_new_is_copied() {
    let bench = Bench::new();
    let storage = bench.open();
    bench.fill(&storage, 1..120).await;
    let first = bench.back_up().unwrap();

    let again = bench.back_up().unwrap();
    assert_eq!((again.number, again.copied_file_count), (2, 1), "the tables alone");
    assert_eq!((again.bytes, again.file_count), (first.bytes, first.file_count));

    bench.append(&storage, batch_of(120..121), None).await;
    let third = bench.back_up().unwrap();
    assert_eq!(third.copied_file_count, 2, "the tables, and the end of the log");
    let grown = third.bytes - first.bytes;
    assert!(third.copied_bytes < again.copied_bytes + grown + 1, "{third:?}");
    bench.check_restored(&storage, 120).await;

    bench.fill(&storage, 121..240).await;
    let fourth = bench.back_up().unwrap();
    let new_files = fourth.file_count - first.file_count;
    // The segment that was the last one may have been full.
    let grown_files = fourth.copied_file_count - new_files - 1;
    assert!(grown_files <= 1, "the tables, what is new, and the end of the log: {fourth:?}");
    bench.check_restored(&storage, 239).await;
    let expected = ["attachments", "lock", "log", "manifest.jsonl", "store", "tables-4.sqlite"];
    assert_eq!(bench.names_in_backup(""), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_goes_on_from_its_backup() {
    let bench = Bench::new();
    let storage = bench.open();
    bench.fill(&storage, 1..60).await;
    bench.back_up().unwrap();
    drop(storage);
    bench.lose_the_store();
    bench.restore(&bench.data()).unwrap();
    let storage = bench.open();
    bench.fill(&storage, 60..120).await;
    let backed_up = bench.back_up().unwrap();
    assert_eq!((backed_up.number, backed_up.statement_count), (2, 119));
    bench.check_restored(&storage, 119).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_not_replaced_by_that_of_another_store() {
    let bench = Bench::new();
    let storage = bench.open();
    bench.fill(&storage, 1..60).await;
    bench.back_up().unwrap();
    drop(storage);
    bench.lose_the_store();
    drop(bench.open());
    let error = bench.back_up().unwrap_err();
    assert!(matches!(error, BackupError::Diverged { .. }), "{error}");
    assert_eq!(bench.check().backup.statement_count, 59);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_not_replaced_by_less_than_it_has() {
    let bench = Bench::new();
    let storage = bench.open();
    bench.fill(&storage, 1..120).await;
    bench.back_up().unwrap();
    drop(storage);
    let last = bench.segments().pop().unwrap();
    let whole = std::fs::read(&last).unwrap();
    let damages: [(&str, &dyn Fn()); 2] = [
        ("is shorter", &|| std::fs::write(&last, &whole[..whole.len() - 1]).unwrap()),
        ("and the store does not", &|| std::fs::remove_file(&last).unwrap()),
    ];
    for (expected, damage) in damages {
        damage();
        let error = bench.back_up().unwrap_err();
        assert!(matches!(error, BackupError::Diverged { .. }), "{error}");
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(bench.check().backup.statement_count, 119);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_not_replaced_by_another_history_of_the_same_store() {
    let bench = Bench::new();
    let storage = bench.open();
    bench.fill(&storage, 1..60).await;
    drop(storage);
    let fork = bench.copy_of_data();
    let storage = bench.open();
    bench.append(&storage, batch_of(60..61), None).await;
    bench.back_up().unwrap();
    drop(storage);
    bench.lose_the_store();
    std::fs::rename(fork, bench.data()).unwrap();
    let storage = bench.open();
    bench.fill(&storage, 70..90).await;
    let error = bench.back_up().unwrap_err();
    assert!(error.to_string().contains("differs"), "{error}");
    assert_eq!(bench.check().backup.statement_count, 60);
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_by_hard_links_stay_as_they_were() {
    let bench = Bench::new();
    let storage = bench.open();
    for count in 1..6 {
        bench.append(&storage, batch_of(count..count + 1), None).await;
        bench.back_up().unwrap();
        bench.keep_backup(&format!("kept-{count}"));
    }
    for count in 1..6 {
        bench.go_back_to(&format!("kept-{count}"));
        assert_eq!(bench.check().damaged.len(), 0);
        bench.check_restored_alone(count).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_from_a_backup_is_copied_again() {
    let bench = Bench::new();
    let storage = bench.open();
    bench.fill(&storage, 1..60).await;
    bench.back_up().unwrap();
    let files = bench.files_of_backup();
    assert!(files.len() > 8, "{files:?}");
    // The tables are copied each time.
    let kept = files.iter().filter(|file| !file.contains("tables") && !file.contains("manifest"));
    for file in kept {
        std::fs::remove_file(bench.backup().join(file)).unwrap();
        let missing = bench.check().damaged;
        assert_eq!(missing, [bench.backup().join(file)]);
        let backed_up = bench.back_up().unwrap();
        assert_eq!(backed_up.statement_count, 59, "{file}");
        bench.check_restored(&storage, 59).await;
    }
}

#[test]
fn reports_what_is_missing_or_in_the_way() {
    let bench = Bench::new();
    let error = bench.back_up().unwrap_err();
    assert!(matches!(error, BackupError::NoStore { .. }), "{error}");
    assert!(!bench.backup().exists(), "nothing was made");
    let error = bench.restore(&bench.data()).unwrap_err();
    assert!(matches!(error, BackupError::NoBackup { .. }), "{error}");

    drop(bench.open());
    std::fs::create_dir(bench.backup()).unwrap();
    std::fs::create_dir(bench.backup().join("log")).unwrap();
    std::fs::write(bench.backup().join("log/00000001.log"), "somebody else's").unwrap();
    let error = bench.back_up().unwrap_err();
    assert!(matches!(error, BackupError::NotEmpty { .. }), "{error}");
    assert_eq!(bench.names_in_backup("log"), ["00000001.log"]);
    std::fs::remove_dir_all(bench.backup()).unwrap();

    bench.back_up().unwrap();
    let error = bench.restore(&bench.data()).unwrap_err();
    assert!(matches!(error, BackupError::NotEmpty { .. }), "{error}");

    let lock = std::fs::File::open(bench.backup().join("lock")).unwrap();
    lock.try_lock().unwrap();
    let error = bench.back_up().unwrap_err();
    assert!(matches!(error, BackupError::InUse { .. }), "{error}");
    let error = bench.restore(&bench.scratch("other")).unwrap_err();
    assert!(matches!(error, BackupError::InUse { .. }), "{error}");
}
