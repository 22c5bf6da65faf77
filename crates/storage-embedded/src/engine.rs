//! The statement engine: log and index behind the port for statements.

mod query;
pub(crate) mod recovery;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;

use acta_access::TenantId;
use acta_ambient::{Entropy, Moment};
use acta_storage::{
    Appended, FeedEntry, NewStatement, StatementPage, StatementQuery, StorageError,
    StoredStatement, TermHasher,
};
use acta_xapi::{Object, StatementId};
use bytes::Bytes;
use tokio::sync::oneshot;

use crate::attachments::{Attachments, Staged};
use crate::disk::Disk;
use crate::entities::{Ambient, EntityFollower, Told};
use crate::identity::{DirectoryLock, Identity};
use crate::index::{Entry, Index, IndexOptions, Location};
use crate::log::closing::{Closing, remove_mark};
use crate::log::dictionary::Codec;
use crate::log::meters::{Metered, Meters};
use crate::log::queue::{Job, Queue, QueueLimits};
use crate::log::reader::LogReader;
use crate::log::record::Prepared;
use crate::log::sampler::Sampler;
use crate::log::telling::TellingLog;
use crate::log::timeline::Timeline;
use crate::log::writer::{Shared, Writer};
use query::Reading;
use recovery::{Replay, Replayed, closing, open_segments, sample};

use crate::tables::Tables;
use crate::{OpenError, Options};

/// Up to this many statements are prepared where the caller runs: handing them to another
/// thread would cost more than it saves.
const INLINE_MAX: usize = 4;

/// From this many statements on, two threads prepare them.
const SPLIT_MIN: usize = 128;

/// How often an index is opened in which a start meets damage: each time at least one run
/// fewer is there.
const INDEX_OPEN_COUNT_MAX: u32 = 16;

/// Statements, appended and found again.
#[derive(Debug)]
pub(crate) struct Engine {
    shared: Arc<Shared>,
    hasher: TermHasher,
    entropy: Arc<dyn Entropy>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

/// What the engine shares with the rest of the store.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) tables: Arc<Tables>,
    pub(crate) attachments: Arc<Attachments>,
    pub(crate) lock: Arc<DirectoryLock>,
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
        let now = options.clock.now().unix_micros();
        let segments = open_segments(disk, &log_directory, identity.store_id, now)?;
        settle(disk, &log_directory)?;
        let closing = closing(disk, &log_directory, identity.store_id)?;
        let reader = Arc::new(LogReader::new(log_directory, segments));
        let hasher = TermHasher::new(identity.term_key);
        let (index, replayed) = open_index(options, hasher.fingerprint(), (&reader, closing))?;
        let index = Arc::new(index);
        index.heal_from(Arc::<LogReader>::clone(&reader));

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
        let next = replayed.next_position;
        let source = Arc::new(TellingLog::new(Arc::clone(&reader)));
        let ambient =
            Ambient { clock: Arc::clone(&options.clock), entropy: Arc::clone(&options.entropy) };
        let follower = Arc::new(EntityFollower::start(parts.tables, source, next, &ambient)?);
        let shared = Arc::new(Shared {
            attachments: parts.attachments,
            follower,
            clock: Arc::clone(&options.clock),
            disk: Arc::clone(&options.disk),
            queue: Queue::new(QueueLimits {
                bytes: options.queue_bytes_max,
                statements: options.queue_statements_max,
                group_bytes: options.group_bytes_max,
            }),
            timeline: Timeline::new(Arc::clone(&options.clock), last_stored),
            reader,
            index,
            sampler,
            meters: Meters::default(),
            codec: RwLock::new(codec),
            sequences: RwLock::new(sequences),
            _lock: parts.lock,
        });
        // Only now: a start that fails leaves everything as it was.
        let act = "removing the mark of a clean end";
        let removed = remove_mark(disk, shared.reader.directory());
        removed.map_err(|source| StorageError::Io { act, source })?;
        let writer = Writer::new(Arc::clone(&shared), last, options.segment_bytes, next);
        let thread = std::thread::Builder::new().name("acta-log".into());
        let thread = thread.spawn(move || writer.run());
        let act = "starting the writer of the log";
        let thread = thread.map_err(|source| StorageError::Io { act, source })?;
        Ok(Self {
            shared,
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
        let codec = self.shared.codec();
        let preparing = Preparing {
            hasher: self.hasher.clone(),
            entropy: Arc::clone(&self.entropy),
            codec: Arc::clone(&codec),
            sampler: Arc::clone(&self.shared.sampler),
            tenant,
        };
        let statements = preparing.prepare(statements).await?;
        let (answer, appended) = oneshot::channel();
        self.shared.queue.push(Job { tenant, statements, codec, attachments, answer })?;
        // The writer drops an answer only when it halts.
        appended.await.unwrap_or(Err(StorageError::Halted))
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
        blocking(move || reading.find(id)).await
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
        blocking(move || reading.query(&query, &filters)).await
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
        blocking(move || reading.feed(after, count_max)).await
    }

    /// As [`acta_storage::StatementStore::consistent_through`].
    pub(crate) fn consistent_through(&self) -> Moment {
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
    /// stopped; after a failed sync nothing is noted, since nobody knows the end.
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

    /// Who knows activities and persons.
    pub(crate) fn follower(&self) -> &EntityFollower {
        &self.shared.follower
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
fn settle(disk: &dyn Disk, log_directory: &Path) -> Result<(), StorageError> {
    let act = "syncing the directory of the log at the start";
    disk.sync_directory(log_directory).map_err(|source| StorageError::Io { act, source })
}

fn make_directory(parent: &Path, path: &Path, options: &Options) -> Result<(), StorageError> {
    let disk = options.disk.as_ref();
    let made = disk.create_directory(path).and_then(|()| disk.sync_directory(parent));
    made.map_err(|source| StorageError::Io { act: "making the data directory", source })
}

/// Opens the index and brings it up to the log. Runs that turn out to be damaged meanwhile
/// are made anew.
fn open_index(
    options: &Options,
    fingerprint: u64,
    (reader, closing): (&LogReader, Option<Closing>),
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

/// Runs `work` where it may block.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StorageError> + Send + 'static,
) -> Result<T, StorageError> {
    join(tokio::task::spawn_blocking(work)).await
}

async fn join<T>(
    handle: tokio::task::JoinHandle<Result<T, StorageError>>,
) -> Result<T, StorageError> {
    match handle.await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            // A panic in a request costs that request, as if it had not changed threads.
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(StorageError::Halted),
        },
    }
}

/// Turns statements into what the writer takes.
#[derive(Clone, Debug)]
struct Preparing {
    hasher: TermHasher,
    entropy: Arc<dyn Entropy>,
    codec: Arc<Codec>,
    sampler: Arc<Sampler>,
    tenant: TenantId,
}

impl Preparing {
    async fn prepare(self, statements: Vec<NewStatement>) -> Result<Vec<Prepared>, StorageError> {
        if statements.len() <= INLINE_MAX {
            return self.prepare_here(&statements);
        }
        let mut front = statements;
        let half = if front.len() < SPLIT_MIN { front.len() } else { front.len() / 2 };
        let back = front.split_off(half);
        let other = self.clone();
        // Both run from here on; only the waiting is one after the other.
        let back = tokio::task::spawn_blocking(move || other.prepare_here(&back));
        let front = tokio::task::spawn_blocking(move || self.prepare_here(&front));
        let mut prepared = join(front).await?;
        prepared.append(&mut join(back).await?);
        Ok(prepared)
    }

    fn prepare_here(&self, statements: &[NewStatement]) -> Result<Vec<Prepared>, StorageError> {
        if self.sampler.is_gathering() {
            self.sampler.add(statements.iter().map(|statement| statement.kept.text.as_str()));
        }
        let (mut packed, mut ends) = (Vec::new(), Vec::with_capacity(statements.len()));
        let texts = statements.iter().map(|statement| statement.kept.text.as_str());
        let act = "packing a statement";
        let result = self.codec.pack(texts, &mut packed, &mut ends);
        result.map_err(|source| StorageError::Io { act, source })?;
        let packed = Bytes::from(packed);
        let mut salts = vec![0; 16 * statements.len()];
        self.entropy.fill(&mut salts);
        let mut start = 0;
        let mut prepared = Vec::with_capacity(statements.len());
        for ((statement, end), salt) in statements.iter().zip(ends).zip(salts.chunks_exact(16)) {
            let mut one = self.prepare_one(statement, packed.slice(start..end));
            one.salt.copy_from_slice(salt);
            prepared.push(one);
            start = end;
        }
        Ok(prepared)
    }

    fn prepare_one(&self, new: &NewStatement, text: Bytes) -> Prepared {
        let statement = &new.statement;
        let target = match statement.object {
            Object::StatementRef(target) => Some(target.0.as_u128()),
            Object::Activity(_) | Object::Actor(_) | Object::SubStatement(_) => None,
        };
        Prepared {
            entry: Entry {
                position: 0,
                tenant: self.tenant,
                sequence: 0,
                id: new.id.0.as_u128(),
                stored_micros: 0,
                location: Location { segment: 0, offset: 0 },
                own_terms: Vec::new(),
                shared_terms: self.hasher.terms_of(self.tenant, statement, &new.authority),
                target,
                is_voiding: statement.voids().is_some(),
            },
            version: new.version,
            is_timestamp_stored: new.kept.is_timestamp_stored,
            fingerprint: statement.fingerprint.0,
            salt: [0; 16],
            text,
            told: Told::of(statement),
        }
    }
}
