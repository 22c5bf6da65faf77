//! The log changes while it is copied.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use acta_storage::{Advanced, Feed, FollowerName, FollowerStep, StoreEffects};
use acta_storage_embedded::BackupError;

use crate::bench::{Bench, TENANT, batch_of, open_in};
use crate::disks::{BusyDisk, Meanwhile};

/// The header of a segment without a dictionary.
const HEAD_BYTES: u64 = 60;

/// A closed store of 20 statements, the last segment, and how long it was before the last
/// batch.
async fn store_with_a_last_batch(bench: &Bench) -> (PathBuf, usize) {
    let storage = bench.open();
    bench.fill(&storage, 1..11).await;
    let last = bench.segments().pop().unwrap();
    let len = std::fs::metadata(&last).unwrap().len();
    bench.append(&storage, batch_of(11..21), None).await;
    assert_eq!(bench.segments().pop(), Some(last.clone()), "no segment was begun");
    (last, usize::try_from(len).unwrap())
}

fn busy(path: &Path, meanwhile: impl Fn(&Path, u64) + Send + Sync + 'static) -> BusyDisk {
    let meanwhile: Meanwhile = Box::new(meanwhile);
    BusyDisk { path: path.to_path_buf(), head_bytes: HEAD_BYTES, meanwhile: Arc::new(meanwhile) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_is_being_written_is_left_out_until_it_is_whole() {
    let bench = Bench::new();
    let (last, before) = store_with_a_last_batch(&bench).await;
    let whole = std::fs::read(&last).unwrap();
    for len in (before + 1..whole.len()).step_by(97).chain([whole.len() - 1]) {
        std::fs::write(&last, &whole[..len]).unwrap();
        let backed_up = bench.back_up().unwrap();
        assert_eq!(backed_up.statement_count, 10, "length {len}");
    }
    std::fs::write(&last, &whole).unwrap();
    assert_eq!(bench.back_up().unwrap().statement_count, 20);
    bench.check_restored(&bench.open(), 20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tail_that_is_cut_meanwhile_is_the_end() {
    let bench = Bench::new();
    let (last, before) = store_with_a_last_batch(&bench).await;
    let whole = std::fs::read(&last).unwrap();
    std::fs::write(&last, &whole[..whole.len() - 1]).unwrap();
    let disk = busy(&last, move |path, _| {
        let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
        file.set_len(before as u64).unwrap();
    });
    assert_eq!(bench.back_up_on(&disk).unwrap().statement_count, 10);
    bench.check_restored(&bench.open(), 10).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reading_that_met_a_write_halfway_is_repeated() {
    let bench = Bench::new();
    let (last, before) = store_with_a_last_batch(&bench).await;
    let whole = std::fs::read(&last).unwrap();
    let mut halfway = whole.clone();
    halfway[before + 40..before + 2000].fill(0);
    // The first reading gets what was there before, the next one what was written.
    let disk = busy(&last, move |path, count| {
        std::fs::write(path, if count == 0 { &halfway } else { &whole }).unwrap();
    });
    assert_eq!(bench.back_up_on(&disk).unwrap().statement_count, 20);
    bench.check_restored(&bench.open(), 20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_meanwhile_waits_for_the_next_backup() {
    let bench = Bench::new();
    let (last, _) = store_with_a_last_batch(&bench).await;
    let storage = bench.open();
    let (writer, runtime) = (Arc::clone(&storage), tokio::runtime::Handle::current());
    let disk = busy(&last, move |_, count| {
        let first = 100 + 40 * u128::from(count);
        let batch = acta_storage::Batch {
            statements: batch_of(first..first + 40),
            attachments: Vec::new(),
        };
        let appended = acta_storage::StatementStore::append(&*writer, crate::bench::TENANT, batch);
        std::thread::scope(|scope| {
            scope.spawn(|| runtime.block_on(appended).unwrap());
        });
    });
    let backed_up = bench.back_up_on(&disk).unwrap();
    assert_eq!(backed_up.statement_count, 20);
    assert!(bench.segments().len() > 1, "segments were begun meanwhile");
    bench.check_restored(&storage, 20).await;
    let next = bench.back_up().unwrap();
    assert_eq!(next.statement_count, storage.statistics().statement_count);
    bench.check_restored(&storage, next.statement_count).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_segment_that_was_only_begun_is_not_part_of_it() {
    let bench = Bench::new();
    let storage = bench.open();
    bench.fill(&storage, 1..60).await;
    drop(storage);
    let segments = bench.segments();
    let last = segments.last().unwrap();
    let head: Vec<u8> = std::fs::read(last).unwrap()[..60].to_vec();
    let count = bench.back_up().unwrap().statement_count;
    // Another segment behind it, as far as its header; its number and checksum are set.
    let number = u32::try_from(segments.len()).unwrap() + 1;
    let mut next = head;
    next[12..16].copy_from_slice(&number.to_le_bytes());
    next[32..40].copy_from_slice(&count.to_le_bytes());
    let sum = crc32c::crc32c_append(crc32c::crc32c(&0_u32.to_le_bytes()), &next[..52]);
    let sum = crc32c::crc32c_append(sum, &next[56..]);
    next[52..56].copy_from_slice(&sum.to_le_bytes());
    let begun = last.with_file_name(format!("{number:08}.log"));
    std::fs::write(&begun, next).unwrap();
    let backed_up = bench.back_up().unwrap();
    assert_eq!(backed_up.statement_count, count);
    assert_eq!(bench.names_in_backup("log").len(), segments.len());
    // The store may lose it in a loss of power: that is no other history.
    std::fs::remove_file(begun).unwrap();
    assert_eq!(bench.back_up().unwrap().statement_count, count);
    bench.check_restored(&bench.open(), count).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_segment_that_is_taken_back_meanwhile_is_no_loss() {
    let bench = Bench::new();
    let (last, _) = store_with_a_last_batch(&bench).await;
    let begun = last.with_file_name("00000002.log");
    std::fs::copy(&last, &begun).unwrap();
    let disk = busy(&last, move |_, _| {
        let _ = std::fs::remove_file(&begun);
    });
    assert_eq!(bench.back_up_on(&disk).unwrap().statement_count, 20);
    bench.check_restored(&bench.open(), 20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn content_that_is_taken_back_meanwhile_is_left_out() {
    let bench = Bench::new();
    let storage = bench.open();
    bench.fill(&storage, 1..31).await;
    let paths = bench.attachments_of_data();
    // As if its batch were refused: no statement here names the one that goes.
    let extra = format!("attachments/1/ff/{}", "f".repeat(64));
    std::fs::create_dir_all(bench.data().join("attachments/1/ff")).unwrap();
    std::fs::write(bench.data().join(&extra), "refused").unwrap();
    let gone = bench.data().join(&extra);
    let disk = busy(&bench.data().join(&paths[0]), move |_, _| {
        let _ = std::fs::remove_file(&gone);
    });
    let disk = BusyDisk { head_bytes: 0, ..disk };
    let backed_up = bench.back_up_on(&disk).unwrap();
    assert_eq!((backed_up.attachment_count, backed_up.damaged.len()), (3, 0));
    bench.check_restored(&storage, 30).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_behind_which_the_log_goes_on_is_no_end() {
    let bench = Bench::new();
    let (last, before) = store_with_a_last_batch(&bench).await;
    let storage = open_in(&bench.data()).unwrap();
    bench.append(&storage, batch_of(30..31), None).await;
    drop(storage);
    let mut bytes = std::fs::read(&last).unwrap();
    bytes[before + 100] ^= 1;
    std::fs::write(&last, bytes).unwrap();
    let error = bench.back_up().unwrap_err();
    assert!(matches!(error, BackupError::Damaged { .. }), "{error}");
    assert!(error.to_string().contains("00000001.log at byte "), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_of_what_was_durable_is_not_taken_for_a_write_under_way() {
    // What is known of the end: how far a follower has read, or that the store was closed.
    for is_closed in [false, true] {
        let bench = Bench::new();
        let (last, before) = store_with_a_last_batch(&bench).await;
        let storage = bench.open();
        if is_closed {
            storage.close().unwrap();
        } else {
            let effects = StoreEffects::default();
            let step = FollowerStep { tenant: TENANT, from: 0, to: 20, effects };
            let advanced = storage.advance(FollowerName::ENTITIES, step).await.unwrap();
            assert_eq!(advanced, Advanced::Done);
        }
        drop(storage);
        check_damage_is_noticed(&bench, &last, before);
    }
}

#[track_caller]
fn check_damage_is_noticed(bench: &Bench, last: &Path, before: usize) {
    let whole = std::fs::read(last).unwrap();
    let mut flipped = whole.clone();
    flipped[before + 100] ^= 1;
    for damaged in [&flipped[..], &whole[..whole.len() - 1], &whole[..before]] {
        std::fs::write(last, damaged).unwrap();
        let error = bench.back_up().unwrap_err();
        assert!(matches!(error, BackupError::Damaged { .. }), "{error}");
        let place = format!("{} at byte {before}", last.display());
        assert!(error.to_string().contains(&place), "{error}");
    }
}
