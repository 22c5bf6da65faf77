//! A run that fails at any of its acts leaves what was there before.

use std::io;

use acta_storage_embedded::{BackupError, OpenError, Restore, SystemDisk};

use crate::bench::{Bench, check_equal, open_in};
use crate::disks::FailingDisk;

/// More acts than any run of these tests takes.
const ACTS_MAX: u64 = 1000;

#[tokio::test(flavor = "multi_thread")]
async fn a_first_backup_that_fails_anywhere_is_none() {
    let bench = Bench::new();
    let storage = bench.open();
    bench.fill(&storage, 1..60).await;
    for acts in 0..ACTS_MAX {
        match bench.back_up_on(&FailingDisk::new(acts, io::ErrorKind::StorageFull)) {
            Ok(_) => {
                assert!(acts > 30, "the disk has failed at {acts} different acts");
                return bench.check_restored(&storage, 59).await;
            }
            Err(error) => check_kind(&error),
        }
        let from = bench.backup();
        match (Restore { from: &from, disk: &SystemDisk, on_progress: &|_| {} }).check() {
            Ok(checked) => {
                // The last sync failed, or something after it.
                assert!(checked.damaged.is_empty(), "{:?}", checked.damaged);
                assert_eq!(checked.backup.statement_count, 59);
            }
            Err(error) => assert!(matches!(error, BackupError::NoBackup { .. }), "{error}"),
        }
    }
    panic!("the backup never succeeds");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_backup_that_fails_anywhere_leaves_the_former_one() {
    let bench = Bench::new();
    let storage = bench.open();
    bench.fill(&storage, 1..60).await;
    bench.back_up().unwrap();
    bench.fill(&storage, 60..120).await;
    for acts in 0..ACTS_MAX {
        let outcome = bench.back_up_on(&FailingDisk::new(acts, io::ErrorKind::StorageFull));
        let checked = bench.check();
        assert!(checked.damaged.is_empty(), "after {acts} acts: {:?}", checked.damaged);
        match outcome {
            Ok(_) => {
                assert!(acts > 30, "the disk has failed at {acts} different acts");
                return bench.check_restored(&storage, 119).await;
            }
            Err(error) => check_kind(&error),
        }
        assert!([59, 119].contains(&checked.backup.statement_count));
        if acts % 8 == 0 {
            bench.check_restored_alone(checked.backup.statement_count).await;
        }
    }
    panic!("the backup never succeeds");
}

#[track_caller]
fn check_kind(error: &BackupError) {
    let BackupError::Io { source, .. } = error else { panic!("{error}") };
    assert_eq!(source.kind(), io::ErrorKind::StorageFull, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_fails_anywhere_is_not_taken_for_a_store() {
    let bench = Bench::new();
    let storage = bench.open();
    bench.fill(&storage, 1..60).await;
    bench.back_up().unwrap();
    let mut refused_count = 0;
    for acts in 0..ACTS_MAX {
        let place = bench.scratch(&format!("restored-{acts}"));
        let outcome = bench.restore_on(&FailingDisk::new(acts, io::ErrorKind::Other), &place);
        let is_empty = std::fs::read_dir(&place).is_ok_and(|entries| {
            entries.into_iter().all(|entry| entry.unwrap().file_name() == "lock")
        });
        if !place.exists() || is_empty {
            outcome.unwrap_err();
            continue;
        }
        match open_in(&place) {
            // Only the last sync can have failed.
            Ok(copy) => check_equal(&copy, &storage, 59).await,
            Err(OpenError::Unfinished { .. }) => {
                outcome.unwrap_err();
                refused_count += 1;
                continue;
            }
            Err(error) => panic!("{error}"),
        }
        if outcome.is_ok() {
            assert!(refused_count > 30, "it was refused {refused_count} times");
            return;
        }
    }
    panic!("the restore never succeeds");
}
