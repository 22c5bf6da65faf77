//! The statement engine: log and index behind the port for statements.

mod encode;
mod feed_tail;
mod import;
pub(crate) mod purge;
mod query;
pub(crate) mod recovery;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use acta_access::TenantId;
use acta_ambient::{Entropy, Timestamp};
use acta_statement_index::{Index, IndexOptions};
use acta_statement_log::close::{Closing, remove_mark};
use acta_statement_log::disk::Disk;
use acta_statement_log::entry::TOMBSTONE;
use acta_statement_log::reader::LogReader;
use acta_statement_log::sampler::Sampler;
use acta_statement_log::timeline::Timeline;
use acta_storage::{
    Appended, FeedEntry, FeedRecord, NewStatement, PageLimits, StatementPage, StatementQuery,
    StatementSource, StorageError, StoredStatement, TermHasher, TransferredStatement, Weights,
};
use acta_xapi::StatementId;
use tokio::sync::{oneshot, watch};

use crate::attachments::{Attachments, Staged};
use crate::blocking::blocking;
use crate::identity::{DirectoryLock, Identity};
use crate::writer::meters::{Metered, Meters};
use crate::writer::queue::{Job, Queue, QueueLimits, Work};
use crate::writer::{LogEnd, Shared, Writer};
use crate::{OpenError, Options};
use encode::Encoder;
use feed_tail::FeedTail;
use query::Reading;
use recovery::{Replay, Replayed, closing, open_segments, sample};

/// How often an index is opened in which a start meets damage: each time at least one run
/// fewer is there.
const INDEX_OPEN_COUNT_MAX: u32 = 16;

/// Statements, appended and found again.
#[derive(Debug)]
pub(crate) struct Engine {
    shared: Arc<Shared>,
    feed: Arc<FeedTail>,
    hasher: TermHasher,
    entropy: Arc<dyn Entropy>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

/// What the engine shares with the rest of the store.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) attachments: Arc<Attachments>,
    pub(crate) lock: Arc<DirectoryLock>,
    pub(crate) weights: Weights,
}

/// What the engine counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EngineStatistics {
    pub(crate) metered: Metered,
    pub(crate) statements: u64,
    pub(crate) log_bytes: u64,
    pub(crate) segments: usize,
    pub(crate) waiting: usize,
    pub(crate) is_halted: bool,
    pub(crate) stored_lead: Duration,
}

impl Engine {
    /// Opens log and index, recovers, and starts the writer.
    ///
    /// # Errors
    ///
    /// As [`crate::EmbeddedStorage::open`].
    pub(crate) fn open(
        options: &Options,
        identity: &Identity,
        parts: Parts,
    ) -> Result<Self, OpenError> {
        let disk = options.disk.as_ref();
        let log_directory = options.directory.join("log");
        make_directory(&options.directory, &log_directory, options)?;
        purge::finish(disk, &options.directory, identity.store_id)?;
        let now = options.clock.now().unix_micros();
        let segments = open_segments(disk, &log_directory, identity.store_id, now)?;
        sync_names(disk, &log_directory)?;
        let closing = closing(disk, &log_directory, identity.store_id)?;
        let reader = Arc::new(LogReader::new(log_directory, segments));
        let hasher = TermHasher::new(identity.term_key);
        let (index, replayed) = open_index(options, hasher.fingerprint(), &reader, closing)?;
        let index = Arc::new(index);
        index.rebuild_from(Arc::<LogReader>::clone(&reader));

        let last = reader.last();
        let last = last.ok_or_else(|| StorageError::Corrupt { place: "log".into() })?;
        let codec = Arc::clone(&last.header.codec);
        let is_trained = !codec.dictionary().is_empty();
        let sample_count = if is_trained { 0 } else { options.dictionary_samples };
        let sampler = Arc::new(Sampler::new(sample_count));
        sample(&reader, &sampler)?;
        let last_stored = replayed.last_stored.unwrap_or(i64::MIN);
        let last_stored = last_stored.max(last.header.base_micros.saturating_sub(1));
        let mut sequences: HashMap<TenantId, u64> = index.last_sequences();
        sequences.extend(replayed.sequences);
        sequences.remove(&TOMBSTONE);
        let next = replayed.next_position;
        let feed = Arc::new(FeedTail::default());
        let limits = QueueLimits {
            bytes: options.queue_bytes_max,
            statements: options.queue_statements_max,
            group_cost: options.group_cost_max,
        };
        let shared = Arc::new(Shared {
            attachments: parts.attachments,
            observer: Arc::<FeedTail>::clone(&feed),
            clock: Arc::clone(&options.clock),
            disk: Arc::clone(&options.disk),
            queue: Queue::new(limits, parts.weights),
            timeline: Timeline::new(Arc::clone(&options.clock), last_stored),
            reader,
            index,
            sampler,
            meters: Meters::default(),
            codec: RwLock::new(codec),
            sequences: RwLock::new(sequences),
            purging: Mutex::default(),
            _lock: parts.lock,
        });
        // Only now: a start that fails leaves everything as it was.
        let act = "removing the mark of a clean end";
        let removed = remove_mark(disk, shared.reader.directory());
        removed.map_err(|source| StorageError::Io { act, source })?;
        let end = LogEnd { segment: last, next_position: next, last_stored: replayed.last_stored };
        let writer = Writer::new(Arc::clone(&shared), end, options.segment_bytes);
        let thread = std::thread::Builder::new().name("acta-log".into());
        let thread = thread.spawn(move || writer.run());
        let act = "starting the writer of the log";
        let thread = thread.map_err(|source| StorageError::Io { act, source })?;
        Ok(Self {
            shared,
            feed,
            hasher,
            entropy: Arc::clone(&options.entropy),
            writer: Mutex::new(Some(thread)),
        })
    }

    /// Appends a batch with the attachments that came along.
    ///
    /// # Errors
    ///
    /// As [`acta_storage::StatementStore::append`].
    pub(crate) async fn append(
        &self,
        tenant: TenantId,
        statements: Vec<NewStatement>,
        attachments: Vec<Staged>,
    ) -> Result<Appended, StorageError> {
        let encoder = self.encoder();
        let codec = Arc::clone(&encoder.codec);
        let statements = encoder.encode(tenant, statements).await?;
        let (answer, appended) = oneshot::channel();
        let (span, requester) = (tracing::Span::current(), acta_storage::current_requester().id);
        let job = Job { tenant, requester, statements, codec, attachments, span, answer };
        self.shared.queue.push(Work::Batch(job))?;
        // The writer drops an answer only when it halts.
        appended.await.unwrap_or(Err(StorageError::Halted))
    }

    fn encoder(&self) -> Encoder {
        Encoder {
            hasher: self.hasher.clone(),
            entropy: Arc::clone(&self.entropy),
            codec: self.shared.codec(),
        }
    }

    fn reading(&self, tenant: TenantId) -> Reading {
        Reading { shared: Arc::clone(&self.shared), tenant }
    }

    /// As [`acta_storage::StatementStore::find_statement`].
    pub(crate) async fn find_statement(
        &self,
        tenant: TenantId,
        id: StatementId,
    ) -> Result<Option<StoredStatement>, StorageError> {
        let reading = self.reading(tenant);
        blocking(move || reading.retry_if_rewritten(|reading| reading.find(id))).await
    }

    /// As [`acta_storage::StatementStore::query_statements`].
    pub(crate) async fn query_statements(
        &self,
        tenant: TenantId,
        query: &StatementQuery,
    ) -> Result<StatementPage, StorageError> {
        let reading = self.reading(tenant);
        let filters = self.hasher.filters_of(tenant, query);
        let query = query.clone();
        blocking(move || reading.retry_if_rewritten(|reading| reading.query(&query, &filters)))
            .await
    }

    /// As [`acta_storage::StatementStore::read_feed`].
    pub(crate) async fn read_feed(
        &self,
        tenant: TenantId,
        after: u64,
        count_max: usize,
    ) -> Result<Vec<FeedEntry>, StorageError> {
        if self.count_statements(tenant) <= after {
            return Ok(Vec::new());
        }
        let reading = self.reading(tenant);
        blocking(move || reading.retry_if_rewritten(|reading| reading.feed(after, count_max))).await
    }

    /// As [`acta_storage::TransferSource::read_statements`].
    pub(crate) async fn read_statements(
        &self,
        tenant: TenantId,
        after: u64,
        page: PageLimits,
    ) -> Result<Vec<TransferredStatement>, StorageError> {
        if self.count_statements(tenant) <= after {
            return Ok(Vec::new());
        }
        let reading = self.reading(tenant);
        blocking(move || reading.retry_if_rewritten(|reading| reading.kept(after, page))).await
    }

    /// As [`acta_storage::StatementStore::consistent_through`].
    pub(crate) fn consistent_through(&self) -> Timestamp {
        self.shared.timeline.consistent_through()
    }

    /// As [`acta_storage::StatementStore::count_statements`].
    pub(crate) fn count_statements(&self, tenant: TenantId) -> u64 {
        self.shared.sequence(tenant)
    }

    /// What is counted now.
    pub(crate) fn statistics(&self) -> EngineStatistics {
        EngineStatistics {
            metered: self.shared.meters.read(),
            statements: self.shared.index.next_position(),
            log_bytes: self.shared.reader.bytes(),
            segments: self.shared.reader.segments().len(),
            waiting: self.shared.queue.waiting(),
            is_halted: self.shared.queue.is_halted(),
            stored_lead: self.shared.timeline.lead(),
        }
    }

    /// Writes what waits, then stops the writer.
    pub(crate) fn stop(&self) {
        self.shared.queue.close();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            // A panic in it has halted the engine already.
            let _ = writer.join();
        }
        self.shared.sampler.wait();
    }

    /// Notes where the log ends, for the next start. To be called when the writer has
    /// stopped; after a failed sync nothing is noted, since the end is unknown.
    pub(crate) fn mark_closed(&self) -> Result<(), StorageError> {
        let reader = &self.shared.reader;
        let Some(last) = reader.last().filter(|_| !self.shared.queue.is_halted()) else {
            return Ok(());
        };
        let closing = Closing {
            store_id: last.header.store_id,
            segment: last.header.number,
            end: last.len(),
            next_position: self.shared.index.next_position(),
        };
        let act = "writing the mark of a clean end";
        let written = closing.write(self.shared.disk.as_ref(), reader.directory());
        written.map_err(|source| StorageError::Io { act, source })
    }

    /// Removes all statements of a tenant, for which nothing is written any more. Returns how
    /// many there were.
    ///
    /// # Errors
    ///
    /// As [`acta_storage::TenantPurge::purge_tenant`].
    pub(crate) async fn purge(&self, tenant: TenantId) -> Result<u64, StorageError> {
        let count = purge::purge(Arc::clone(&self.shared), tenant).await?;
        self.feed.forget(tenant);
        Ok(count)
    }

    /// The file system.
    pub(crate) fn disk(&self) -> Arc<dyn Disk> {
        Arc::clone(&self.shared.disk)
    }

    /// As [`acta_storage::Feed::read_records`].
    pub(crate) async fn read_records(
        &self,
        tenant: TenantId,
        after: u64,
        page: PageLimits,
    ) -> Result<Vec<FeedRecord>, StorageError> {
        let reading = self.reading(tenant);
        let source = |sequence| Box::new(reading.statement(sequence)) as Box<dyn StatementSource>;
        if let Some(records) = self.feed.read(tenant, after, page, source) {
            return Ok(records);
        }
        if self.count_statements(tenant) <= after {
            return Ok(Vec::new());
        }
        blocking(move || reading.retry_if_rewritten(|reading| reading.records(after, page))).await
    }

    /// Changes whenever records were stored.
    pub(crate) fn appended(&self) -> watch::Receiver<u64> {
        self.feed.appended()
    }

    /// Every tenant with statements, and its last sequence.
    pub(crate) fn last_sequences(&self) -> Vec<(TenantId, u64)> {
        let sequences = self.shared.sequences.read().unwrap_or_else(PoisonError::into_inner);
        sequences.iter().map(|(tenant, sequence)| (*tenant, *sequence)).collect()
    }

    /// The index.
    pub(crate) fn index(&self) -> &Index {
        &self.shared.index
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Makes the names of segments durable that an earlier process has not synced before it
/// ended.
fn sync_names(disk: &dyn Disk, log_directory: &Path) -> Result<(), StorageError> {
    let act = "syncing the directory of the log at the start";
    disk.sync_directory(log_directory).map_err(|source| StorageError::Io { act, source })
}

fn make_directory(parent: &Path, path: &Path, options: &Options) -> Result<(), StorageError> {
    let disk = options.disk.as_ref();
    let made = disk.create_directory(path).and_then(|()| disk.sync_directory(parent));
    made.map_err(|source| StorageError::Io { act: "making the data directory", source })
}

/// Opens the index and brings it up to the log. Runs that turn out to be damaged meanwhile
/// are rebuilt.
fn open_index(
    options: &Options,
    fingerprint: u64,
    reader: &LogReader,
    closing: Option<Closing>,
) -> Result<(Index, Replayed), StorageError> {
    let index_options =
        IndexOptions { run_entries: options.run_entries, ..IndexOptions::new(fingerprint) };
    let directory = options.directory.join("index");
    let mut attempts_left = INDEX_OPEN_COUNT_MAX;
    loop {
        let disk = Arc::clone(&options.disk);
        let index = Index::open(disk, &directory, index_options.clone())?;
        let replay = Replay { disk: options.disk.as_ref(), reader, index: &index, closing };
        let replayed = replay.run(options.on_progress.as_ref());
        attempts_left -= 1;
        match replayed {
            // Opened once more, it is without the damaged run.
            Err(StorageError::Corrupt { .. }) if index.is_damaged() && 0 < attempts_left => {}
            replayed => return Ok((index, replayed?)),
        }
    }
}

#[cfg(test)]
mod tests;
