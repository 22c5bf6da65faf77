//! The writer: gathers what waits, writes once, syncs once, then answers.

mod exclusive;
mod import;
pub(crate) mod meters;
pub(crate) mod queue;

use std::collections::HashMap;
use std::error::Error;
use std::fmt::Debug;
use std::io;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use acta_access::TenantId;
use acta_ambient::{Clock, Timestamp};
use acta_statement_index::Index;
use acta_statement_log::dictionary::Codec;
use acta_statement_log::disk::Disk;
use acta_statement_log::frame::{FrameEncoder, FrameStart, FrameTooLong};
use acta_statement_log::reader::LogReader;
use acta_statement_log::record::{Content, EncodedRecord, EncodedStatement};
use acta_statement_log::sampler::Sampler;
use acta_statement_log::segment::{Segment, SegmentHeader};
use acta_statement_log::timeline::Timeline;
use acta_storage::{Appended, StorageError, group_span};
use acta_xapi::{Fingerprint, StatementId, Uuid};
use bytes::Bytes;

use crate::attachments::{Attachments, Placed, Staged};
use crate::identity::DirectoryLock;
use crate::writer::meters::Meters;
use crate::writer::queue::{Answer, Job, Queue, Taken};
/// Receives what was stored.
pub(crate) trait CommitObserver: Debug + Send + Sync {
    /// Takes records that are durable and in the index, in the order of the log, before their
    /// senders are answered. Must not wait.
    fn on_commit(&self, records: Vec<EncodedRecord>);
}

/// What the writer shares with those who call it.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) queue: Queue,
    pub(crate) timeline: Timeline,
    pub(crate) reader: Arc<LogReader>,
    pub(crate) index: Arc<Index>,
    pub(crate) attachments: Arc<Attachments>,
    pub(crate) observer: Arc<dyn CommitObserver>,
    pub(crate) sampler: Arc<Sampler>,
    pub(crate) meters: Meters,
    /// How new texts are packed.
    pub(crate) codec: RwLock<Arc<Codec>>,
    /// The last sequence of each tenant.
    pub(crate) sequences: RwLock<HashMap<TenantId, u64>>,
    /// Held while a tenant is removed: one at a time.
    pub(crate) purging: Mutex<()>,
    /// No other process opens the directory while a read or a thread of this store goes on.
    pub(crate) _lock: Arc<DirectoryLock>,
}

impl Shared {
    /// How new texts are packed.
    pub(crate) fn codec(&self) -> Arc<Codec> {
        Arc::clone(&self.codec.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The last sequence of a tenant; 0 if it has no statements.
    pub(crate) fn sequence(&self, tenant: TenantId) -> u64 {
        let sequences = self.sequences.read().unwrap_or_else(PoisonError::into_inner);
        sequences.get(&tenant).copied().unwrap_or(0)
    }
}

/// Where the log ends.
#[derive(Debug)]
pub(crate) struct LogEnd {
    /// The newest segment.
    pub(crate) segment: Arc<Segment>,
    /// The position of the next statement.
    pub(crate) next_position: u64,
    /// The latest `stored` in the log; none if it is empty.
    pub(crate) last_stored: Option<i64>,
}

/// The one that writes the log.
#[derive(Debug)]
pub(crate) struct Writer {
    pub(super) shared: Arc<Shared>,
    pub(super) segment: Arc<Segment>,
    /// Where the next frame goes.
    pub(super) end: u64,
    pub(super) next_position: u64,
    /// The latest `stored` in the log; none if it is empty.
    pub(super) last_stored: Option<i64>,
    segment_bytes: u64,
    encoder: FrameEncoder,
    frame: Vec<u8>,
}

/// Part of a group: a batch that will be answered with `Ok`.
#[derive(Debug)]
struct Accepted {
    tenant: TenantId,
    statements: Vec<EncodedRecord>,
    new_count: usize,
    attachments: Vec<Staged>,
    answer: Answer,
}

impl Accepted {
    fn refuse(self, error: StorageError) {
        // The caller may have gone.
        let _ = self.answer.send(Err(error));
    }
}

/// What was decided of a group.
#[derive(Debug, Default)]
struct Decided {
    accepted: Vec<Accepted>,
    /// Batches that conflict with others of the group. Their answers wait for the fate of
    /// those: nothing is taken by content that is not stored.
    conflicts_in_group: Vec<(Answer, StorageError)>,
}

impl Decided {
    /// Answers all callers with an error.
    fn refuse(self, error: impl Fn() -> StorageError) {
        for batch in self.accepted {
            batch.refuse(error());
        }
        for (answer, _) in self.conflicts_in_group {
            // The caller may have gone.
            let _ = answer.send(Err(error()));
        }
    }

    /// Answers all callers: what was accepted is stored, the first batch at this time.
    fn answer(self, first_stored: i64) {
        for (stored, batch) in (first_stored..).zip(self.accepted) {
            let stored = Timestamp::from_unix_micros(stored);
            // The caller may have gone.
            let _ = batch.answer.send(Ok(Appended { stored, new_count: batch.new_count }));
        }
        for (answer, conflict) in self.conflicts_in_group {
            // The caller may have gone.
            let _ = answer.send(Err(conflict));
        }
    }
}

/// The fingerprints of stored statements.
type StoredFingerprints = HashMap<(TenantId, u128), [u8; 16]>;

/// Why a group was not stored.
#[derive(Debug)]
pub(super) enum Failure {
    /// Nothing of it is on disk, for this reason.
    Nothing(StorageError),
    /// What of it is on disk is unknown.
    Unknown,
}

impl Failure {
    pub(super) fn error(&self) -> StorageError {
        match self {
            Self::Nothing(error) => error.repeated(),
            Self::Unknown => StorageError::Halted,
        }
    }

    /// No segment could hold it.
    fn too_long() -> Self {
        let source = io::Error::from(io::ErrorKind::FileTooLarge);
        Self::Nothing(StorageError::Io { act: "appending to the log", source })
    }
}

/// Halts the engine if the writer panics, so that no caller waits in vain.
struct HaltOnPanic(Arc<Shared>);

impl Drop for HaltOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.queue.halt();
        }
    }
}

impl Writer {
    /// Goes on at the end of the log.
    pub(crate) fn new(shared: Arc<Shared>, end: LogEnd, segment_bytes: u64) -> Self {
        let LogEnd { segment, next_position, last_stored } = end;
        let end = segment.len();
        let (encoder, frame) = (FrameEncoder::default(), Vec::new());
        Self { shared, segment, end, next_position, last_stored, segment_bytes, encoder, frame }
    }

    /// Writes until the queue is closed and empty, or the engine halts.
    pub(crate) fn run(mut self) {
        let _guard = HaltOnPanic(Arc::clone(&self.shared));
        while let Some(taken) = self.shared.queue.take() {
            match taken {
                Taken::Group(group) => {
                    let span = group_span("log", group.iter().map(|job| &job.span));
                    span.in_scope(|| self.write(group));
                }
                Taken::Import(import) => self.import(import),
                Taken::Exclusive(exclusive) => self.run_exclusive(exclusive),
            }
        }
    }

    fn write(&mut self, group: Vec<Job>) {
        if let Err(failure) = self.begin_dictionary() {
            self.fail(&failure);
            for job in group {
                job.refuse(failure.error());
            }
            return;
        }
        let mut decided = self.decide(group);
        if decided.accepted.is_empty() {
            return;
        }
        let placed = match self.place_attachments(&mut decided.accepted) {
            Ok(placed) => placed,
            Err(error) => {
                tracing::error!(error = &error as &dyn Error, "could not place attachments");
                decided.refuse(|| error.repeated());
                return;
            }
        };
        let first_stored = self.shared.timeline.begin(decided.accepted.len());
        match self.store(&mut decided.accepted, first_stored) {
            Ok(()) => {
                placed.keep();
                self.shared.timeline.finish();
                decided.answer(first_stored);
            }
            Err(failure) => {
                // Before the callers are answered, so that none finds the content of a batch
                // that is refused.
                match failure {
                    // Statements that name the content may be durable.
                    Failure::Unknown => placed.keep(),
                    Failure::Nothing(_) => drop(placed),
                }
                self.fail(&failure);
                decided.refuse(|| failure.error());
            }
        }
    }

    fn place_attachments(&self, accepted: &mut [Accepted]) -> Result<Placed, StorageError> {
        let staged = accepted.iter_mut().flat_map(|batch| batch.attachments.drain(..)).collect();
        self.shared.attachments.place(staged)
    }

    pub(super) fn fail(&self, failure: &Failure) {
        match failure {
            Failure::Nothing(error) => {
                tracing::error!(error = error as &dyn Error, "statements were not stored");
                self.shared.timeline.finish();
            }
            // What is in flight stays in flight: whether it is stored is unknown.
            Failure::Unknown => {
                tracing::error!("the log takes no more statements until the next start");
                self.shared.queue.halt();
            }
        }
    }

    /// Decides what becomes of each batch, and answers those that are refused whatever becomes
    /// of the others.
    fn decide(&self, group: Vec<Job>) -> Decided {
        let mut decided = Decided::default();
        let stored = match self.known_fingerprints(&group) {
            Ok(known) => known,
            Err(error) => {
                tracing::error!(error = &error as &dyn Error, "could not look up ids");
                for job in group {
                    job.refuse(error.repeated());
                }
                return decided;
            }
        };
        let mut known = stored.clone();
        let is_alone = group.len() == 1;
        for job in group {
            let (tenant, attachments, answer) = (job.tenant, job.attachments, job.answer);
            let statements = match self.accept(tenant, job.statements, &job.codec, &known) {
                Ok(statements) => statements,
                Err(error) if conflicts_in_group(&error, tenant, &stored) => {
                    decided.conflicts_in_group.push((answer, error));
                    continue;
                }
                Err(error) => {
                    // The caller may have gone.
                    let _ = answer.send(Err(error));
                    continue;
                }
            };
            if !is_alone {
                let new = statements.iter();
                known.extend(
                    new.filter_map(|one| Some(((tenant, one.entry.id?), one.fingerprint()?))),
                );
            }
            let new_count = statements.len();
            decided.accepted.push(Accepted { tenant, statements, new_count, attachments, answer });
        }
        decided
    }

    /// What is new of a batch, ready to be written.
    fn accept(
        &self,
        tenant: TenantId,
        mut statements: Vec<EncodedRecord>,
        codec: &Arc<Codec>,
        known: &StoredFingerprints,
    ) -> Result<Vec<EncodedRecord>, StorageError> {
        if !known.is_empty() {
            let fingerprint = |statement: &EncodedRecord| known.get(&(tenant, statement.entry.id?));
            let is_other = |statement: &&EncodedRecord| {
                let pair = fingerprint(statement).zip(statement.content.statement());
                pair.is_some_and(|(old, sent)| !repeats(sent, *old))
            };
            let conflicts = statements.iter().filter(is_other);
            let conflicts: Vec<StatementId> = conflicts
                .filter_map(|conflict| conflict.entry.id)
                .map(|id| StatementId(Uuid::from_u128(id)))
                .collect();
            if !conflicts.is_empty() {
                return Err(StorageError::Conflict(conflicts));
            }
            statements.retain(|statement| fingerprint(statement).is_none());
        }
        self.repack(codec, &mut statements)?;
        Ok(statements)
    }

    /// The fingerprints of those statements of the group that are stored already.
    fn known_fingerprints(&self, group: &[Job]) -> Result<StoredFingerprints, StorageError> {
        let mut known = StoredFingerprints::new();
        let mut tenants: Vec<TenantId> = group.iter().map(|job| job.tenant).collect();
        tenants.sort_unstable();
        tenants.dedup();
        for tenant in tenants {
            let jobs = group.iter().filter(|job| job.tenant == tenant);
            let statements = jobs.flat_map(|job| &job.statements);
            let ids: Vec<u128> = statements.filter_map(|statement| statement.entry.id).collect();
            let found = self.shared.index.find_many(tenant, &ids)?;
            let found = ids.iter().zip(found);
            for (id, found) in found.filter_map(|(id, found)| Some((*id, found?))) {
                let fingerprint = self.shared.reader.fingerprint(found.location)?;
                known.insert((tenant, id), fingerprint);
            }
        }
        Ok(known)
    }

    /// Repacks texts that were packed before the dictionary was there.
    pub(super) fn repack(
        &self,
        codec: &Arc<Codec>,
        statements: &mut [EncodedRecord],
    ) -> Result<(), StorageError> {
        let current = &self.segment.header.codec;
        if Arc::ptr_eq(codec, current) {
            return Ok(());
        }
        let act = "packing a statement";
        for record in statements {
            let Content::Statement(statement) = &mut record.content else { continue };
            let packed = codec.unpack(&statement.text, usize::MAX).and_then(|text| {
                let (mut out, mut ends) = (Vec::new(), Vec::new());
                current.pack(std::iter::once(text.as_str()), &mut out, &mut ends)?;
                Ok(Bytes::from(out))
            });
            statement.text = packed.map_err(|source| StorageError::Io { act, source })?;
        }
        Ok(())
    }

    /// Writes, syncs and indexes a group.
    fn store(&mut self, accepted: &mut [Accepted], first_stored: i64) -> Result<(), Failure> {
        let records = self.number(accepted, first_stored);
        self.store_records(records, first_stored)
    }

    /// Writes, syncs and indexes records, of which the first was stored at this time.
    pub(super) fn store_records(
        &mut self,
        mut records: Vec<EncodedRecord>,
        first_stored: i64,
    ) -> Result<(), Failure> {
        if records.is_empty() {
            return Ok(());
        }
        if Index::POSITION_COUNT_MAX < self.next_position + records.len() as u64 {
            return Err(Failure::Nothing(StorageError::Full));
        }
        // Checked now, so that nothing durable is ever left out of the index.
        self.shared.index.wait_for_room().map_err(|error| {
            // A thread of the index may have died: then nothing is stored before a restart.
            let is_halted = matches!(error, StorageError::Halted);
            if is_halted { Failure::Unknown } else { Failure::Nothing(error) }
        })?;
        self.roll_if_full(&records, first_stored)?;
        let start = FrameStart {
            segment: self.segment.header.number,
            offset: u32::try_from(self.end).map_err(|_out_of_range| Failure::too_long())?,
            base_micros: self.segment.header.base_micros,
        };
        self.frame.clear();
        let encoded = self.encoder.encode(&mut self.frame, start, &mut records);
        encoded.map_err(|FrameTooLong| Failure::too_long())?;
        self.write_frame()?;
        self.sample(&records);
        self.publish(records)
    }

    /// Gives the texts of durable statements to the sampler, and no others: which tenants'
    /// texts a dictionary may contain is known from the log.
    fn sample(&self, records: &[EncodedRecord]) {
        if !self.shared.sampler.is_gathering() {
            return;
        }
        let codec = &self.segment.header.codec;
        let statements = records.iter().filter_map(|record| record.content.statement());
        let texts = statements.map(|statement| codec.unpack(&statement.text, usize::MAX));
        let texts: Vec<String> = texts.filter_map(Result::ok).collect();
        self.shared.sampler.add(texts.iter().map(String::as_str));
    }

    /// Gives each statement its place and time.
    fn number(&self, accepted: &mut [Accepted], first_stored: i64) -> Vec<EncodedRecord> {
        let count = accepted.iter().map(|batch| batch.new_count).sum();
        let mut records = Vec::with_capacity(count);
        let mut sequences: HashMap<TenantId, u64> = HashMap::new();
        for (stored_micros, batch) in (first_stored..).zip(accepted) {
            let sequence =
                sequences.entry(batch.tenant).or_insert_with(|| self.shared.sequence(batch.tenant));
            for mut statement in batch.statements.drain(..) {
                *sequence += 1;
                statement.entry.sequence = *sequence;
                statement.entry.position = self.next_position + records.len() as u64;
                statement.entry.stored_micros = stored_micros;
                records.push(statement);
            }
        }
        records
    }

    /// Begins a new segment with the store's dictionary, once it has been trained.
    pub(super) fn begin_dictionary(&mut self) -> Result<(), Failure> {
        let Some(dictionary) = self.shared.sampler.take() else {
            return Ok(());
        };
        let codec = Arc::new(Codec::new(&dictionary));
        // The newest segment may be empty and begin later than the last statement.
        let base_micros = self.segment.header.base_micros;
        let last = self.last_stored.unwrap_or(base_micros);
        self.roll(Arc::clone(&codec), last.max(base_micros))?;
        *self.shared.codec.write().unwrap_or_else(PoisonError::into_inner) = codec;
        Ok(())
    }

    fn roll_if_full(
        &mut self,
        records: &[EncodedRecord],
        first_stored: i64,
    ) -> Result<(), Failure> {
        let frame_bytes_max: usize = records.iter().map(EncodedRecord::bytes_max).sum();
        let is_empty = self.end == self.segment.frames_from();
        if is_empty || self.end + frame_bytes_max as u64 <= self.segment_bytes {
            return Ok(());
        }
        self.roll(Arc::clone(&self.segment.header.codec), first_stored)
    }

    /// Begins a new segment.
    fn roll(&mut self, codec: Arc<Codec>, base_micros: i64) -> Result<(), Failure> {
        let header = SegmentHeader {
            number: self.segment.header.number + 1,
            store_id: self.segment.header.store_id,
            first_position: self.next_position,
            base_micros,
            revision: 0,
            codec,
        };
        let shared = &self.shared;
        let created = Segment::create(shared.disk.as_ref(), shared.reader.directory(), header);
        let segment = created.map_err(|error| {
            tracing::error!(error = &error as &dyn Error, "could not begin a segment");
            if is_full(&error) { Failure::Nothing(StorageError::Full) } else { Failure::Unknown }
        })?;
        self.segment = Arc::new(segment);
        self.end = self.segment.len();
        self.shared.reader.push(Arc::clone(&self.segment));
        Ok(())
    }

    /// Makes the frame durable, or leaves nothing of it.
    fn write_frame(&mut self) -> Result<(), Failure> {
        let file = &self.segment.file;
        if let Err(error) = file.write_at(&self.frame, self.end) {
            tracing::error!(error = &error as &dyn Error, "could not write to the log");
            // Synced, so that nothing of it stands at the end of a segment that is closed next.
            let undone = file.truncate(self.end).and_then(|()| file.sync());
            let is_harmless = is_full(&error) && undone.is_ok();
            return Err(if is_harmless {
                Failure::Nothing(StorageError::Full)
            } else {
                Failure::Unknown
            });
        }
        let started = self.shared.clock.elapsed();
        if let Err(error) = file.sync() {
            tracing::error!(error = &error as &dyn Error, "could not sync the log");
            return Err(Failure::Unknown);
        }
        let took = self.shared.clock.elapsed().saturating_sub(started);
        self.shared.meters.count_sync(took);
        self.end += self.frame.len() as u64;
        self.segment.publish(self.end);
        Ok(())
    }

    /// Makes the statements of a durable frame readable.
    fn publish(&mut self, records: Vec<EncodedRecord>) -> Result<(), Failure> {
        let shared = &self.shared;
        let entries = || records.iter().map(|record| &record.entry);
        if let Err(error) = shared.index.insert(entries(), shared.reader.as_ref()) {
            tracing::error!(error = &error as &dyn Error, "could not index statements");
            return Err(Failure::Unknown);
        }
        self.next_position += records.len() as u64;
        self.last_stored = entries().last().map(|entry| entry.stored_micros).or(self.last_stored);
        shared.meters.count_group(records.len());
        let mut sequences = shared.sequences.write().unwrap_or_else(PoisonError::into_inner);
        sequences.extend(entries().map(|entry| (entry.tenant, entry.sequence)));
        drop(sequences);
        shared.observer.on_commit(records);
        Ok(())
    }
}

/// Whether a statement repeats the one with the fingerprint `stored`.
fn repeats(sent: &EncodedStatement, stored: [u8; 16]) -> bool {
    Fingerprint(sent.fingerprint).repeats(Fingerprint(stored), sent.version)
}

/// Whether a batch conflicts with one of its own group, which is not stored yet.
fn conflicts_in_group(error: &StorageError, tenant: TenantId, stored: &StoredFingerprints) -> bool {
    let StorageError::Conflict(ids) = error else { return false };
    ids.iter().any(|id| !stored.contains_key(&(tenant, id.0.as_u128())))
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
