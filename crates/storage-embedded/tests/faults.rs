//! What callers see when the disk fails, fills up or stalls, and what a restart finds.

#![expect(clippy::unwrap_used, reason = "a test says that it failed by panicking")]

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use acta_access::TenantId;
use acta_ambient::{Clock, ManualClock, SystemEntropy, Timestamp};
use acta_storage::{Appended, AttachmentStore, Batch, StatementStore, StorageError};
use acta_storage_embedded::{Disk, DiskFile, EmbeddedStorage, OpenError, Options, SystemDisk};
use acta_storage_suite::attachments::stage_content;
use acta_storage_suite::fixture::{Draft, START, batch, everything, id, numbers};
use acta_xapi::Sha2;
use bytes::Bytes;
use tempfile::TempDir;
use tokio::task::JoinSet;

const TENANT: TenantId = TenantId::FIRST;

/// What the disk does to the files of the log.
#[derive(Debug, Default)]
struct Faults {
    /// Bytes that still find room; the write that needs more is torn there.
    room: Mutex<Option<usize>>,
    is_write_panicking: AtomicBool,
    is_sync_failing: AtomicBool,
    is_truncate_failing: AtomicBool,
    sync_count: AtomicUsize,
    /// While shut, syncs wait.
    gate: Mutex<bool>,
    opened: Condvar,
}

impl Faults {
    fn shut_gate(&self) {
        *self.gate.lock().unwrap() = true;
    }

    fn open_gate(&self) {
        *self.gate.lock().unwrap() = false;
        self.opened.notify_all();
    }
}

#[derive(Debug)]
struct FaultyDisk(Arc<Faults>);

#[derive(Debug)]
struct FaultyFile(Arc<Faults>, Arc<dyn DiskFile>);

impl FaultyDisk {
    fn wrap(&self, path: &Path, file: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
        if path.extension().is_some_and(|extension| extension == "log") || is_draft_of_log(path) {
            return Arc::new(FaultyFile(Arc::clone(&self.0), file));
        }
        file
    }
}

fn is_draft_of_log(path: &Path) -> bool {
    path.to_string_lossy().ends_with(".log.tmp")
}

impl Disk for FaultyDisk {
    fn create_directory(&self, path: &Path) -> io::Result<()> {
        SystemDisk.create_directory(path)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        SystemDisk.list(directory)
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        Ok(self.wrap(path, SystemDisk.open(path)?))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        Ok(self.wrap(path, SystemDisk.create(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        SystemDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        SystemDisk.remove(path)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        SystemDisk.sync_directory(path)
    }
}

/// A disk that cannot make the names in directories durable, but for those below one.
#[derive(Debug)]
struct NoDirectorySync {
    kind: io::ErrorKind,
    but_below: PathBuf,
}

impl Disk for NoDirectorySync {
    fn create_directory(&self, path: &Path) -> io::Result<()> {
        SystemDisk.create_directory(path)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        SystemDisk.list(directory)
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        SystemDisk.open(path)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        SystemDisk.create(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        SystemDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        SystemDisk.remove(path)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        if path.starts_with(&self.but_below) {
            return SystemDisk.sync_directory(path);
        }
        Err(self.kind.into())
    }
}

impl DiskFile for FaultyFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.1.read_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        assert!(!self.0.is_write_panicking.load(Ordering::SeqCst), "as the test wants it");
        let mut room = self.0.room.lock().unwrap();
        match &mut *room {
            Some(room) if *room < bytes.len() => {
                self.1.write_at(&bytes[..*room], offset)?;
                Err(io::Error::from(io::ErrorKind::StorageFull))
            }
            Some(room) => {
                *room -= bytes.len();
                self.1.write_at(bytes, offset)
            }
            None => self.1.write_at(bytes, offset),
        }
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_count.fetch_add(1, Ordering::SeqCst);
        let mut is_shut = self.0.gate.lock().unwrap();
        while *is_shut {
            is_shut = self.0.opened.wait(is_shut).unwrap();
        }
        if self.0.is_sync_failing.load(Ordering::SeqCst) {
            return Err(io::Error::other("the device is gone"));
        }
        self.1.sync()
    }

    fn len(&self) -> io::Result<u64> {
        self.1.len()
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        if self.0.is_truncate_failing.load(Ordering::SeqCst) {
            return Err(io::Error::other("the device is gone"));
        }
        self.1.truncate(len)
    }
}

/// A store on a disk that can be made to fail.
struct Stage {
    directory: TempDir,
    faults: Arc<Faults>,
    clock: Arc<ManualClock>,
}

impl Stage {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::new(START));
        Self { directory: TempDir::new().unwrap(), faults: Arc::default(), clock }
    }

    fn options(&self) -> Options {
        Options {
            directory: self.directory.path().to_path_buf(),
            clock: Arc::<ManualClock>::clone(&self.clock),
            entropy: Arc::new(SystemEntropy),
            disk: Arc::new(FaultyDisk(Arc::clone(&self.faults))),
            segment_bytes: Options::SEGMENT_BYTES,
            run_entries: 1000,
            queue_bytes_max: Options::QUEUE_BYTES_MAX,
            queue_statements_max: 100,
            group_cost_max: Options::GROUP_COST_MAX,
            dictionary_samples: 0,
            reserve_bytes: 0,
            on_progress: None,
        }
    }

    fn open(&self) -> Arc<EmbeddedStorage> {
        EmbeddedStorage::open(&self.options()).unwrap()
    }
}

async fn append(storage: &EmbeddedStorage, number: u128) -> Result<Appended, StorageError> {
    storage.append(TENANT, batch(&[&Draft::new(number)])).await
}

async fn stored_numbers(storage: &EmbeddedStorage) -> Vec<u128> {
    let page = storage.query_statements(TENANT, &everything()).await.unwrap();
    numbers(&page.statements)
}

/// Waits until `condition` holds; the test's own time limit ends a hopeless wait.
async fn wait_until(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_device_stores_nothing_and_room_heals_it() {
    let stage = Stage::new();
    let storage = stage.open();
    append(&storage, 1).await.unwrap();
    for room in [0, 1, 30, 200] {
        *stage.faults.room.lock().unwrap() = Some(room);
        let content = Bytes::from(room.to_string());
        let sha2 = Sha2::sha256(&content);
        let content = stage_content(&*storage, TENANT, &sha2, &content).await;
        let statements = vec![Draft::new(2).build()];
        let full = storage.append(TENANT, Batch { statements, attachments: vec![content] }).await;
        assert!(matches!(full, Err(StorageError::Full)), "{room} bytes left: {full:?}");
        assert_eq!(stored_numbers(&storage).await, [1]);
        let found = storage.open_attachment(TENANT, &sha2).await.unwrap();
        assert!(found.is_none(), "its attachment vanishes too");
    }
    *stage.faults.room.lock().unwrap() = None;
    append(&storage, 2).await.unwrap();
    assert_eq!(stored_numbers(&storage).await, [2, 1]);
    assert_eq!(storage.count_statements(TENANT).await.unwrap(), 2);
    drop(storage);
    assert_eq!(stored_numbers(&stage.open()).await, [2, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_device_does_not_stop_a_new_segment_for_good() {
    let stage = Stage::new();
    let options = Options { segment_bytes: 600, ..stage.options() };
    let storage = EmbeddedStorage::open(&options).unwrap();
    append(&storage, 1).await.unwrap();
    *stage.faults.room.lock().unwrap() = Some(0);
    assert!(matches!(append(&storage, 2).await, Err(StorageError::Full)));
    assert_eq!(storage.statistics().segment_count, 1);
    *stage.faults.room.lock().unwrap() = None;
    append(&storage, 2).await.unwrap();
    append(&storage, 3).await.unwrap();
    assert_eq!(storage.statistics().segment_count, 3);
    drop(storage);
    assert_eq!(stored_numbers(&stage.open()).await, [3, 2, 1]);
}

#[track_caller]
fn check_halted(result: &Result<Appended, StorageError>) {
    assert!(matches!(result, Err(StorageError::Halted)), "{result:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_sync_halts_for_good_while_reads_go_on() {
    let stage = Stage::new();
    let storage = stage.open();
    append(&storage, 1).await.unwrap();
    stage.faults.is_sync_failing.store(true, Ordering::SeqCst);
    check_halted(&append(&storage, 2).await);
    stage.faults.is_sync_failing.store(false, Ordering::SeqCst);
    check_halted(&append(&storage, 3).await);
    assert!(storage.statistics().is_halted);
    assert_eq!(stored_numbers(&storage).await, [1]);
    // Nothing is consistent after what may have been stored.
    stage.clock.advance(Duration::from_mins(1));
    assert!(storage.consistent_through(TENANT).await.unwrap() <= START);
    drop(storage);
    let storage = stage.open();
    // Whether it was stored was unknown; repeating it is safe.
    append(&storage, 2).await.unwrap();
    append(&storage, 3).await.unwrap();
    assert_eq!(stored_numbers(&storage).await, [3, 2, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_undone_halts() {
    let stage = Stage::new();
    let storage = stage.open();
    append(&storage, 1).await.unwrap();
    *stage.faults.room.lock().unwrap() = Some(50);
    stage.faults.is_truncate_failing.store(true, Ordering::SeqCst);
    check_halted(&append(&storage, 2).await);
    *stage.faults.room.lock().unwrap() = None;
    check_halted(&append(&storage, 3).await);
    stage.faults.is_truncate_failing.store(false, Ordering::SeqCst);
    drop(storage);
    assert_eq!(stored_numbers(&stage.open()).await, [1], "the torn tail is cut");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_the_writer_answers_everybody_and_halts() {
    let stage = Stage::new();
    let storage = stage.open();
    append(&storage, 1).await.unwrap();
    stage.faults.is_write_panicking.store(true, Ordering::SeqCst);
    check_halted(&append(&storage, 2).await);
    stage.faults.is_write_panicking.store(false, Ordering::SeqCst);
    check_halted(&append(&storage, 3).await);
    assert_eq!(stored_numbers(&storage).await, [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_in_flight_is_neither_consistent_nor_seen() {
    let stage = Stage::new();
    let storage = stage.open();
    let syncs = stage.faults.sync_count.load(Ordering::SeqCst);
    stage.faults.shut_gate();
    let copy = Arc::clone(&storage);
    let mut waiting = JoinSet::new();
    waiting.spawn(async move { append(&copy, 1).await });
    wait_until(|| syncs < stage.faults.sync_count.load(Ordering::SeqCst)).await;
    stage.clock.advance(Duration::from_secs(5));
    let consistent = storage.consistent_through(TENANT).await.unwrap();
    assert!(consistent <= START, "the batch in flight has the time {START}, not {consistent}");
    assert_eq!(stored_numbers(&storage).await, []);
    stage.faults.open_gate();
    assert_eq!(waiting.join_all().await.remove(0).unwrap().stored, START);
    assert_eq!(stored_numbers(&storage).await, [1]);
    assert_eq!(
        storage.consistent_through(TENANT).await.unwrap(),
        stage.clock.now().floor_to_millis()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_shares_a_sync_and_too_much_is_busy() {
    let stage = Stage::new();
    let storage = stage.open();
    let syncs = || stage.faults.sync_count.load(Ordering::SeqCst);
    let before = syncs();
    stage.faults.shut_gate();
    let mut waiting = JoinSet::new();
    for number in 1..=101 {
        let copy = Arc::clone(&storage);
        waiting.spawn(async move { append(&copy, number).await });
        wait_until(|| before < syncs()).await;
    }
    wait_until(|| storage.statistics().waiting_count == 100).await;
    let busy = append(&storage, 200).await;
    assert!(matches!(busy, Err(StorageError::Busy { .. })), "{busy:?}");
    stage.faults.open_gate();
    let appended = waiting.join_all().await;
    let mut times: Vec<Timestamp> = appended.into_iter().map(|one| one.unwrap().stored).collect();
    assert_eq!(syncs(), before + 2, "one for the first, one for all that waited");
    times.sort_unstable();
    times.dedup();
    assert_eq!(times.len(), 101, "no two batches share a time");
    append(&storage, 200).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_fails_its_own_batch_only() {
    let stage = Stage::new();
    let storage = stage.open();
    append(&storage, 1).await.unwrap();
    let syncs = stage.faults.sync_count.load(Ordering::SeqCst);
    stage.faults.shut_gate();
    let other = |number| Draft::new(number).verb("failed");
    let mut results = JoinSet::new();
    // The first is in flight; the others are one group, in the order of their arrival.
    for (index, waiting_count, drafts) in [
        (0, 0, vec![Draft::new(2)]),
        (1, 2, vec![Draft::new(3), Draft::new(4)]),
        (2, 5, vec![Draft::new(5), other(1), other(3)]),
        (3, 7, vec![Draft::new(3), Draft::new(5)]),
    ] {
        let copy = Arc::clone(&storage);
        let statements = drafts.iter().map(Draft::build).collect();
        let batch = Batch { statements, attachments: Vec::new() };
        results.spawn(async move { (index, copy.append(TENANT, batch).await) });
        wait_until(|| syncs < stage.faults.sync_count.load(Ordering::SeqCst)).await;
        wait_until(|| storage.statistics().waiting_count == waiting_count).await;
    }
    stage.faults.open_gate();
    let mut results = results.join_all().await;
    results.sort_by_key(|(index, _)| *index);
    let results: Vec<_> = results.into_iter().map(|(_, result)| result).skip(1).collect();
    assert_eq!(results[0].as_ref().unwrap().new_count, 2);
    match &results[1] {
        Err(StorageError::Conflict(ids)) => assert_eq!(*ids, [id(1), id(3)]),
        other => panic!("expected a conflict, found {other:?}"),
    }
    assert_eq!(results[2].as_ref().unwrap().new_count, 1, "3 is there, 5 was refused before");
    assert_eq!(stored_numbers(&storage).await, [5, 4, 3, 2, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_conflicts_with_what_is_not_stored() {
    let stage = Stage::new();
    let storage = stage.open();
    let syncs = stage.faults.sync_count.load(Ordering::SeqCst);
    stage.faults.shut_gate();
    let mut results = JoinSet::new();
    // The first is in flight; the others are one group, in the order of their arrival.
    for (index, draft) in
        [Draft::new(1), Draft::new(2), Draft::new(2).verb("failed")].into_iter().enumerate()
    {
        let copy = Arc::clone(&storage);
        results.spawn(async move { (index, copy.append(TENANT, batch(&[&draft])).await) });
        wait_until(|| syncs < stage.faults.sync_count.load(Ordering::SeqCst)).await;
        wait_until(|| storage.statistics().waiting_count == index).await;
    }
    *stage.faults.room.lock().unwrap() = Some(0);
    stage.faults.open_gate();
    for (index, result) in results.join_all().await {
        let is_full = matches!(result, Err(StorageError::Full));
        assert_eq!(is_full, 0 < index, "{index}: {result:?}");
    }
    *stage.faults.room.lock().unwrap() = None;
    storage.append(TENANT, batch(&[&Draft::new(2).verb("failed")])).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_is_open_once() {
    let stage = Stage::new();
    let storage = stage.open();
    let second = EmbeddedStorage::open(&stage.options());
    assert!(matches!(second, Err(OpenError::InUse { .. })), "{second:?}");
    let text = second.unwrap_err().to_string();
    assert!(text.contains(&*stage.directory.path().to_string_lossy()), "{text}");
    drop(storage);
    stage.open();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_is_made_with_those_above_it() {
    let stage = Stage::new();
    let directory = stage.directory.path().join("one/two");
    let options = Options { directory: directory.clone(), ..stage.options() };
    append(&EmbeddedStorage::open(&options).unwrap(), 1).await.unwrap();
    assert_eq!(stored_numbers(&EmbeddedStorage::open(&options).unwrap()).await, [1]);
    // One whose name cannot be made durable is not used, unless no name can be made there.
    for (kind, is_opened) in [
        (io::ErrorKind::Other, false),
        (io::ErrorKind::PermissionDenied, true),
        (io::ErrorKind::ReadOnlyFilesystem, true),
        (io::ErrorKind::InvalidInput, true),
    ] {
        let directory = directory.join(kind.to_string());
        let disk = Arc::new(NoDirectorySync { kind, but_below: directory.clone() });
        let options = Options { disk, directory, ..options.clone() };
        assert_eq!(EmbeddedStorage::open(&options).is_ok(), is_opened, "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_without_its_keys_is_refused() {
    let stage = Stage::new();
    append(&stage.open(), 1).await.unwrap();
    std::fs::remove_file(stage.directory.path().join("store")).unwrap();
    let opened = EmbeddedStorage::open(&stage.options());
    assert!(matches!(opened, Err(OpenError::NoIdentity { .. })), "{opened:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_record_is_reported_and_not_served() {
    let stage = Stage::new();
    let storage = stage.open();
    append(&storage, 1).await.unwrap();
    append(&storage, 2).await.unwrap();
    let path = stage.directory.path().join("log/00000001.log");
    let mut bytes = std::fs::read(&path).unwrap();
    let last = bytes.len() - 10;
    bytes[last] ^= 4;
    std::fs::write(&path, bytes).unwrap();
    let found = storage.find_statement(TENANT, id(2)).await;
    match found {
        Err(StorageError::Corrupt { place }) => {
            assert!(place.contains("00000001.log at byte"), "{place}");
        }
        other => panic!("expected damage, found {other:?}"),
    }
    assert!(storage.find_statement(TENANT, id(1)).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_makes_durable_what_an_earlier_process_left_unsynced() {
    let stage = Stage::new();
    let storage = stage.open();
    append(&storage, 1).await.unwrap();
    drop(storage);
    let before = stage.faults.sync_count.load(Ordering::SeqCst);
    let storage = stage.open();
    assert!(before < stage.faults.sync_count.load(Ordering::SeqCst), "the log was synced");
    drop(storage);

    stage.faults.is_sync_failing.store(true, Ordering::SeqCst);
    let refused = EmbeddedStorage::open(&stage.options());
    assert!(refused.is_err(), "what may not be durable is not served as stored");
}
