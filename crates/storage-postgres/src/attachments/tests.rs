//! Attachments in a real database.
//!
//! More than one thread, so that connections go on while a database is removed.

mod objects;

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use acta_access::TenantId;
use acta_ambient::{SystemClock, SystemEntropy};
use acta_storage::{AttachmentStore, StagedAttachment, StorageError};
use acta_test_postgres::Database;
use acta_xapi::Sha2;
use bytes::Bytes;

use super::store::{SHORT_BYTES_MAX, WAITING_BYTES_MAX};
use super::{PIECE_BYTES, Staged};
use crate::database::SharedConnection;
use crate::failure::Failure;
use crate::{Attachments, Options, PostgresStorage};

const TENANT: TenantId = TenantId::FIRST;

/// Longer than two pieces, and no multiple of one.
const LONG: usize = 2 * PIECE_BYTES + 1_000;

struct Bench {
    database: Database,
    storage: Arc<PostgresStorage>,
}

fn options(url: &str) -> Options {
    Options::new(url, Arc::new(SystemClock::new()), Arc::new(SystemEntropy))
}

/// Bytes that differ from one place to the next and from one seed to the next.
fn content(len: usize, seed: u8) -> Bytes {
    let byte = |index: usize| u8::try_from(index * 31 % 251).unwrap_or(0) ^ seed;
    (0..len).map(byte).collect()
}

async fn stage(storage: &PostgresStorage, content: &Bytes) -> Box<dyn StagedAttachment> {
    let sha2 = Sha2::sha256(content);
    let mut writer = storage.stage_attachment(TENANT, sha2).await.unwrap();
    for piece in content.chunks(60_000) {
        writer.write(Bytes::copy_from_slice(piece)).await.unwrap();
    }
    writer.finish().await.unwrap()
}

impl Bench {
    async fn open() -> Self {
        Self::open_with(Attachments::database(Attachments::DATABASE_BYTES_MAX)).await
    }

    async fn open_with(attachments: Attachments) -> Self {
        let database = Database::fresh();
        let options = Options { attachments, ..options(&database.url()) };
        let storage = PostgresStorage::open(&options).await.unwrap();
        Self { database, storage }
    }

    /// The same database under another setting.
    async fn reopen_with(self, attachments: Attachments) -> Self {
        self.storage.close().await;
        let options = Options { attachments, ..options(&self.database.url()) };
        let storage = PostgresStorage::open(&options).await.unwrap();
        Self { storage, ..self }
    }

    async fn other_node(&self) -> Arc<PostgresStorage> {
        PostgresStorage::open(&options(&self.database.url())).await.unwrap()
    }

    async fn stage(&self, content: &Bytes) -> Staged {
        taken_over(&self.storage, stage(&self.storage, content).await)
    }

    async fn append(&self, content: &Bytes) {
        append(&self.storage, vec![self.stage(content).await]).await.unwrap();
    }

    async fn read(&self, content: &Bytes) -> Result<Option<Bytes>, StorageError> {
        let sha2 = Sha2::sha256(content);
        let Some(mut reader) = self.storage.open_attachment(TENANT, &sha2).await? else {
            return Ok(None);
        };
        let mut content = Vec::new();
        while let Some(piece) = reader.next().await? {
            assert!(!piece.is_empty());
            content.extend_from_slice(&piece);
        }
        assert_eq!(content.len() as u64, reader.len_bytes());
        Ok(Some(content.into()))
    }

    /// How many contents are recorded, and how many pieces there are.
    fn counts(&self) -> String {
        self.database
            .sql("SELECT (SELECT count(*) FROM acta.contents), (SELECT count(*) FROM acta.pieces)")
    }

    /// Waits until nothing is being removed any more.
    async fn finish_removals(&self) {
        self.storage.attachments.finish_removals().await;
    }

    async fn sweep(&self) -> usize {
        self.storage.attachments.sweep(Duration::ZERO).await.unwrap()
    }
}

fn taken_over(storage: &PostgresStorage, staged: Box<dyn StagedAttachment>) -> Staged {
    let mut staged = Staged::from_ports(&storage.attachments, TENANT, vec![staged]).unwrap();
    staged.remove(0)
}

/// What an append does about content, in a transaction of its own.
async fn append(storage: &PostgresStorage, staged: Vec<Staged>) -> Result<(), StorageError> {
    let content: Vec<&Staged> = staged.iter().collect();
    let content = &content;
    let work = |connection: SharedConnection| async move {
        Staged::name_all(&connection, TENANT, content).await
    };
    let named = storage.database.transact("storing statements", work).await?;
    named.keep(staged);
    Ok(())
}

/// Starts `future` and drops it at the first wait that it comes to after `polls` ones.
async fn start_and_drop(future: impl Future, polls: usize) {
    let mut future = Box::pin(future);
    let mut polls_left = polls;
    poll_fn(|context| {
        polls_left -= 1;
        if future.as_mut().poll(context).is_ready() || polls_left == 0 {
            return Poll::Ready(());
        }
        Poll::Pending
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn content_of_any_length_is_read_back() {
    let bench = Bench::open().await;
    let lens = [0, 1, SHORT_BYTES_MAX, SHORT_BYTES_MAX + 1, PIECE_BYTES, 2 * PIECE_BYTES, LONG];
    for len in lens {
        let content = content(len, 0);
        let staged = bench.stage(&content).await;
        assert_eq!(bench.read(&content).await.unwrap(), None, "{len} bytes, too early");
        assert_eq!(staged.read(len as u64).await.unwrap().as_ref(), Some(&content));
        append(&bench.storage, vec![staged]).await.unwrap();
        assert_eq!(bench.read(&content).await.unwrap(), Some(content), "{len} bytes");
    }
    // One piece, one, two and three of the four longer ones.
    assert_eq!(bench.counts(), "0|7");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn short_content_waits_in_memory_as_long_as_there_is_room() {
    let bench = Bench::open().await;
    let first = bench.stage(&content(SHORT_BYTES_MAX, 1)).await;
    assert_eq!(bench.counts(), "0|0");
    let room = Arc::clone(&bench.storage.attachments.room);
    let rest = room.available_permits() - 10;
    let taken = room.try_acquire_many_owned(u32::try_from(rest).unwrap()).unwrap();
    let second = bench.stage(&content(11, 2)).await;
    assert_eq!(bench.counts(), "1|1");
    let third = bench.stage(&content(10, 3)).await;
    assert_eq!(bench.counts(), "1|1");
    append(&bench.storage, vec![first, second, third]).await.unwrap();
    drop(taken);
    let room = bench.storage.attachments.room.available_permits();
    assert_eq!(room, WAITING_BYTES_MAX, "all room is given back");
    for content in [content(SHORT_BYTES_MAX, 1), content(11, 2), content(10, 3)] {
        assert_eq!(bench.read(&content).await.unwrap(), Some(content));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_dropped_is_removed() {
    let bench = Bench::open().await;
    let long = content(LONG, 0);
    let mut writer = bench.storage.stage_attachment(TENANT, Sha2::sha256(&long)).await.unwrap();
    writer.write(long.clone()).await.unwrap();
    assert_eq!(bench.counts(), "1|2");
    drop(writer);
    drop(bench.stage(&long).await);
    bench.finish_removals().await;
    assert_eq!(bench.counts(), "0|0");
    assert_eq!(bench.read(&long).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_abandoned_write_leaves_nothing() {
    let bench = Bench::open().await;
    let long = content(LONG, 0);
    for polls in 1..12 {
        let mut writer = bench.storage.stage_attachment(TENANT, Sha2::sha256(&long)).await.unwrap();
        start_and_drop(writer.write(long.clone()), polls).await;
    }
    bench.finish_removals().await;
    // What was recorded behind the back of its removal is left over.
    bench.sweep().await;
    assert_eq!(bench.counts(), "0|0");
}

// On one thread, the connection makes no progress while the write is polled, so that it waits.
#[tokio::test]
async fn a_writer_that_failed_ends_in_an_error() {
    let bench = Bench::open().await;
    let long = content(LONG, 0);
    let mut writer = bench.storage.stage_attachment(TENANT, Sha2::sha256(&long)).await.unwrap();
    start_and_drop(writer.write(long.clone()), 1).await;
    assert!(matches!(writer.write(long).await, Err(StorageError::Io { .. })));
    assert!(matches!(writer.finish().await, Err(StorageError::Io { .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn content_over_the_bound_is_refused() {
    let bytes_max = PIECE_BYTES as u64 + 10;
    let bench = Bench::open_with(Attachments::database(bytes_max)).await;
    let longest = content(PIECE_BYTES + 10, 0);
    bench.append(&longest).await;
    assert_eq!(bench.read(&longest).await.unwrap(), Some(longest.clone()));
    let mut writer = bench.storage.stage_attachment(TENANT, Sha2::sha256(b"")).await.unwrap();
    writer.write(longest).await.unwrap();
    let refused = writer.write(Bytes::from_static(b"+")).await;
    let is_recorded =
        matches!(refused, Err(StorageError::TooLarge { bytes_max: max }) if max == bytes_max);
    assert!(is_recorded, "got {refused:?}");
    drop(writer);
    bench.finish_removals().await;
    assert_eq!(bench.counts(), "0|2");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn content_is_found_under_the_hash_that_it_has() {
    let bench = Bench::open().await;
    let (said, long) = (content(10, 1), content(LONG, 0));
    let mut writer = bench.storage.stage_attachment(TENANT, Sha2::sha256(&said)).await.unwrap();
    writer.write(long.clone()).await.unwrap();
    let staged = taken_over(&bench.storage, writer.finish().await.unwrap());
    append(&bench.storage, vec![staged]).await.unwrap();
    assert_eq!(bench.read(&said).await.unwrap(), None);
    assert_eq!(bench.read(&long).await.unwrap(), Some(long));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_store_or_tenant_is_refused() {
    let bench = Bench::open().await;
    let other = bench.other_node().await;
    let staged = stage(&other, &content(10, 0)).await;
    let refused = Staged::from_ports(&bench.storage.attachments, TENANT, vec![staged]);
    assert!(refused.unwrap_err().to_string().contains("taking over"));
    let staged = stage(&bench.storage, &content(10, 0)).await;
    let unknown = TenantId::new(2).unwrap();
    assert!(Staged::from_ports(&bench.storage.attachments, unknown, vec![staged]).is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_undone_append_names_nothing_and_can_be_repeated() {
    let bench = Bench::open().await;
    let (short, long) = (content(100, 0), content(LONG, 0));
    let staged = [bench.stage(&short).await, bench.stage(&long).await];
    let refs: Vec<&Staged> = staged.iter().collect();
    let refs = &refs;
    let undone = bench.storage.database.transact_once(|connection| async move {
        Staged::name_all(&connection, TENANT, refs).await?;
        Err::<(), Failure>(StorageError::PreconditionFailed.into())
    });
    assert!(undone.await.is_err());
    assert_eq!(bench.read(&long).await.unwrap(), None);
    assert_eq!(bench.counts(), "1|3");
    append(&bench.storage, staged.into()).await.unwrap();
    assert_eq!(bench.read(&short).await.unwrap(), Some(short));
    assert_eq!(bench.read(&long).await.unwrap(), Some(long));
    assert_eq!(bench.counts(), "0|3");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn content_dropped_after_an_unknown_commit_is_kept_if_it_was_named() {
    let bench = Bench::open().await;
    let long = content(LONG, 0);
    let staged = bench.stage(&long).await;
    let of_append = [&staged];
    let of_append = &of_append;
    let named = bench.storage.database.transact("storing statements", |connection| async move {
        Staged::name_all(&connection, TENANT, of_append).await
    });
    named.await.unwrap();
    // Repeated by a node that does not know it, it finds its own.
    let again = bench.storage.database.transact("storing statements", |connection| async move {
        Staged::name_all(&connection, TENANT, of_append).await
    });
    again.await.unwrap().keep(vec![staged]);
    bench.finish_removals().await;
    bench.sweep().await;
    assert_eq!(bench.read(&long).await.unwrap(), Some(long));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn content_dropped_before_the_end_of_its_commit_is_kept() {
    let bench = Bench::open().await;
    let long = content(LONG, 0);
    let staged = bench.stage(&long).await;
    let connection = bench.storage.database.connect().await.unwrap();
    connection.batch_execute("BEGIN").await.unwrap();
    Staged::name_all(&connection, TENANT, &[&staged]).await.unwrap();
    drop(staged);
    let other = bench.other_node().await;
    let sweep = other.attachments.sweep(Duration::ZERO);
    let commit = async {
        wait_for_waiting(&bench, 2).await;
        connection.batch_execute("COMMIT").await.unwrap();
    };
    let (swept, ()) = tokio::join!(sweep, commit);
    swept.unwrap();
    bench.finish_removals().await;
    assert_eq!(bench.read(&long).await.unwrap(), Some(long));
    assert_eq!(bench.counts(), "0|3");
}

/// Waits until so many connections to the database wait for a lock.
async fn wait_for_waiting(bench: &Bench, count: usize) {
    let sql = "SELECT count(*) FROM pg_stat_activity \
         WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while bench.database.sql(sql) != count.to_string() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn content_swept_before_its_batch_fails_the_batch() {
    let bench = Bench::open().await;
    let (short, long) = (content(100, 0), content(LONG, 0));
    let staged = vec![bench.stage(&short).await, bench.stage(&long).await];
    assert_eq!(bench.other_node().await.attachments.sweep(Duration::ZERO).await.unwrap(), 1);
    assert_eq!(bench.counts(), "0|0");
    let refused = append(&bench.storage, staged).await;
    assert!(matches!(refused, Err(StorageError::Busy { .. })), "got {refused:?}");
    bench.finish_removals().await;
    assert_eq!(bench.read(&short).await.unwrap(), None);
    assert_eq!(bench.read(&long).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn content_that_is_marked_for_removal_cannot_be_named() {
    let bench = Bench::open().await;
    let long = content(LONG, 0);
    let staged = vec![bench.stage(&long).await];
    bench.database.sql("UPDATE acta.contents SET is_doomed = true");
    let refused = append(&bench.storage, staged).await;
    assert!(matches!(refused, Err(StorageError::Busy { .. })), "got {refused:?}");
    bench.finish_removals().await;
    assert_eq!(bench.read(&long).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn content_swept_while_it_is_received_cannot_be_finished() {
    let bench = Bench::open().await;
    let long = content(LONG, 0);
    let mut writer = bench.storage.stage_attachment(TENANT, Sha2::sha256(&long)).await.unwrap();
    writer.write(long.slice(..PIECE_BYTES)).await.unwrap();
    assert_eq!(bench.sweep().await, 1);
    assert!(writer.write(long.slice(PIECE_BYTES..)).await.is_err());
    drop(writer);
    bench.finish_removals().await;
    assert_eq!(bench.counts(), "0|0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sweep_leaves_what_is_young_or_named() {
    let bench = Bench::open().await;
    let (named, waiting) = (content(LONG, 0), content(LONG, 1));
    bench.append(&named).await;
    let staged = bench.stage(&waiting).await;
    let an_hour = Duration::from_hours(1);
    assert_eq!(bench.storage.attachments.sweep(an_hour).await.unwrap(), 0);
    append(&bench.storage, vec![staged]).await.unwrap();
    assert_eq!(bench.sweep().await, 0);
    assert_eq!(bench.read(&named).await.unwrap(), Some(named));
    assert_eq!(bench.read(&waiting).await.unwrap(), Some(waiting));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_vanishes_leaves_nothing_readable_and_the_sweep_removes_it() {
    let bench = Bench::open().await;
    let long = content(LONG, 0);
    let other = bench.other_node().await;
    let mut writer = other.stage_attachment(TENANT, Sha2::sha256(&long)).await.unwrap();
    writer.write(long.clone()).await.unwrap();
    // Its connections are gone, and it does nothing any more.
    other.database.close();
    std::mem::forget(writer);
    assert_eq!(bench.counts(), "1|2");
    assert_eq!(bench.read(&long).await.unwrap(), None);
    assert_eq!(bench.sweep().await, 1);
    assert_eq!(bench.counts(), "0|0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn equal_content_from_two_nodes_at_once_is_kept_once() {
    let bench = Bench::open().await;
    let long = content(LONG, 0);
    let nodes = [Arc::clone(&bench.storage), bench.other_node().await];
    let mut writers = tokio::task::JoinSet::new();
    for index in 0..8 {
        let (node, long) = (Arc::clone(&nodes[index % nodes.len()]), long.clone());
        writers.spawn(async move {
            let staged = taken_over(&node, stage(&node, &long).await);
            append(&node, vec![staged]).await.unwrap();
        });
    }
    writers.join_all().await;
    for node in &nodes {
        node.attachments.finish_removals().await;
    }
    assert_eq!(bench.read(&long).await.unwrap(), Some(long));
    assert_eq!(bench.counts(), "0|3");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn equal_content_in_one_batch_is_kept_once() {
    let bench = Bench::open().await;
    let (short, long) = (content(10, 0), content(LONG, 0));
    let mut staged = Vec::new();
    for content in [&short, &long, &short, &long] {
        staged.push(bench.stage(content).await);
    }
    append(&bench.storage, staged).await.unwrap();
    bench.finish_removals().await;
    assert_eq!(bench.counts(), "0|3");
    assert_eq!(bench.read(&short).await.unwrap(), Some(short));
    assert_eq!(bench.read(&long).await.unwrap(), Some(long));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damage_is_reported_with_its_place() {
    let bench = Bench::open().await;
    let (short, long) = (content(10, 0), content(LONG, 0));
    bench.append(&short).await;
    bench.append(&long).await;
    let table = [
        ("UPDATE acta.pieces SET bytes = bytes || '1' WHERE piece = 2", &long, "acta.attachments"),
        ("UPDATE acta.pieces SET bytes = '1' WHERE piece = 1", &long, "piece 3"),
        ("UPDATE acta.pieces SET bytes = '' WHERE piece = 1", &long, "piece 1"),
        ("DELETE FROM acta.pieces WHERE piece = 0", &long, "piece 0"),
        ("UPDATE acta.attachments SET bytes = 'twisted..!'", &short, "acta.attachments"),
        ("UPDATE acta.attachments SET bytes = 'short'", &short, "acta.attachments"),
        ("UPDATE acta.attachments SET len_bytes = -1", &short, "acta.attachments"),
    ];
    for (sql, content, expected) in table {
        bench.database.sql(sql);
        match bench.read(content).await {
            Err(StorageError::Corrupt { place }) => assert!(place.contains(expected), "{place}"),
            other => panic!("{sql}: {other:?}"),
        }
    }
}

/// The most memory that this process has held since the last call, in bytes.
fn memory_peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_longest_content_passes_through_little_memory() {
    let bench = Bench::open().await;
    let growth = growth_of_passage(&bench).await;
    assert!(growth < 6 << 20, "memory grew by {growth} bytes");
}

/// How much more memory is held while the longest content is stored and read back.
async fn growth_of_passage(bench: &Bench) -> u64 {
    let piece = content(64 << 10, 0);
    let count = Attachments::DATABASE_BYTES_MAX / piece.len() as u64;
    let mut hasher = Sha2::sha256(b"").hasher();
    memory_peak();
    let before = memory_peak();
    let mut writer = bench.storage.stage_attachment(TENANT, Sha2::sha256(b"")).await.unwrap();
    for _ in 0..count {
        hasher.update(&piece);
        writer.write(piece.clone()).await.unwrap();
    }
    let staged = taken_over(&bench.storage, writer.finish().await.unwrap());
    append(&bench.storage, vec![staged]).await.unwrap();
    let sha2 = hasher.finish();
    let mut reader = bench.storage.open_attachment(TENANT, &sha2).await.unwrap().unwrap();
    let mut len_bytes = 0;
    while let Some(piece) = reader.next().await.unwrap() {
        len_bytes += piece.len() as u64;
    }
    assert_eq!(len_bytes, Attachments::DATABASE_BYTES_MAX);
    memory_peak().saturating_sub(before)
}
