//! The facts of one tenant: dictionaries, segments on disk, and the rows since the last one.

mod encode;
mod manifest;
mod person_codes;
mod texts;

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use acta_storage::persons::Persons;
use roaring::RoaringTreemap;

use crate::rows::batch::{Batch, LastRecord};
use crate::rows::block::Block;
use crate::rows::chunk::{ColumnScale, number_range};
use crate::rows::fields::{ColumnId, Domain, IntColumn};
use crate::rows::segment::{self, Segment};
#[cfg(test)]
pub(crate) use encode::encode;
use manifest::{Manifest, SegmentEntry};
use person_codes::PersonCodes;
pub(crate) use person_codes::PersonIndex;
pub(crate) use texts::{Attribute, Texts};

/// Rows that are in memory before they become a segment. A segment has as many, but for the last.
pub(crate) const SEGMENT_ROWS: usize = 1 << 18;

/// Bytes of rows in memory, about, before they become a segment, however few they are.
const TAIL_BYTES_MAX: usize = 96 << 20;

/// Bytes of memory of an id that is awaited, about.
const AWAITED_BYTES: usize = 40;

/// What there is to ask: rows that never change, up to a sequence.
#[derive(Clone, Debug, Default)]
pub(crate) struct View {
    pub(crate) segments: Vec<Arc<Segment>>,
    /// Rows that are in no segment yet, in the order of the log.
    pub(crate) tail: Vec<Arc<Block>>,
    /// The sequences of voided statements.
    pub(crate) voided: Arc<RoaringTreemap>,
    /// The sequence of the last row.
    pub(crate) sequence: u64,
    /// When the last row was stored, in microseconds since 1970.
    pub(crate) stored: i64,
}

impl View {
    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.segments.iter().map(|segment| segment.len()).sum::<usize>() + self.tail_len()
    }

    /// The first and the last time of the rows.
    pub(crate) fn times(&self, column: IntColumn) -> (i64, i64) {
        let disk = self.segments.iter().flat_map(|segment| segment.blocks());
        let disk = disk.map(|block| block.range(column));
        let tail = self.tail.iter().map(|block| block.range(column));
        let whole =
            disk.chain(tail).reduce(|(min, max), (first, last)| (min.min(first), max.max(last)));
        whole.unwrap_or_default()
    }

    /// The smallest and the largest number of a column; not a number if there are none.
    pub(crate) fn numbers(&self, column: ColumnId) -> (f64, f64) {
        let blocks = self.segments.iter().flat_map(|segment| segment.blocks());
        let heads = blocks.filter_map(|block| block.chunk(column));
        let disk = heads.map(|head| number_range(head.encoding, head.min, head.max));
        let columns = self.tail.iter().filter_map(|block| block.number_column(column));
        let tail = columns.flatten().map(|number| (*number, *number));
        let whole = disk.chain(tail).filter(|(min, _)| !min.is_nan());
        let whole = whole.reduce(|(min, max), (first, last)| (min.min(first), max.max(last)));
        whole.unwrap_or((f64::NAN, f64::NAN))
    }

    /// What the decimals of a column have in common, as far as they are on disk.
    pub(crate) fn scale(&self, column: ColumnId) -> Option<ColumnScale> {
        let blocks = self.segments.iter().flat_map(|segment| segment.blocks());
        let heads = blocks.filter_map(|block| block.chunk(column));
        ColumnScale::of(heads.map(|head| (head.encoding, head.min, head.max)))
    }

    /// Bytes of memory, about, of those that are in no segment.
    pub(crate) fn tail_bytes(&self) -> usize {
        self.tail.iter().map(|block| block.memory_bytes()).sum()
    }

    /// How many of them are only in memory.
    pub(crate) fn tail_len(&self) -> usize {
        self.tail.iter().map(|block| block.len()).sum()
    }
}

/// What only the follower changes.
#[derive(Debug, Default)]
struct Writing {
    manifest: Manifest,
    /// The ids of statements that were voided before they came.
    awaited: HashSet<u128>,
    last: LastRecord,
}

/// What is known of sizes without waiting for the follower.
#[derive(Debug, Default)]
struct Sizes {
    /// Bytes of the files of texts.
    texts_bytes: AtomicU64,
    /// How many ids of statements that were voided before they came are in memory.
    awaited: AtomicUsize,
}

/// The facts of one tenant.
#[derive(Debug)]
pub(crate) struct TenantFacts {
    folder: PathBuf,
    /// The language of names; English if it is empty.
    language: Arc<str>,
    texts: RwLock<Texts>,
    view: RwLock<Arc<View>>,
    writing: Mutex<Writing>,
    sizes: Sizes,
    persons: Mutex<PersonCodes>,
    /// The last record of the log when the facts were begun or opened.
    goal: AtomicU64,
}

/// Rows to add, with what they void.
#[derive(Debug, Default)]
pub(crate) struct Addition {
    pub(crate) batch: Batch,
    /// The sequences of statements that were voided.
    pub(crate) voided: Vec<u64>,
    /// The ids of statements that were voided and are not in the log yet.
    pub(crate) awaited: Vec<u128>,
}

impl TenantFacts {
    /// The facts of a tenant that has no statements yet, in no folder.
    pub(crate) fn empty() -> Self {
        Self {
            folder: PathBuf::new(),
            language: Arc::from(""),
            texts: RwLock::default(),
            view: RwLock::default(),
            writing: Mutex::default(),
            sizes: Sizes::default(),
            persons: Mutex::default(),
            goal: AtomicU64::new(0),
        }
    }

    /// Opens the facts in a folder, which is made if it is not there. If there are none yet, names
    /// will be those of `language`.
    ///
    /// # Errors
    ///
    /// Of the files; [`io::ErrorKind::InvalidData`] if they are damaged or of another release.
    pub(crate) fn open(folder: &Path, language: &str) -> io::Result<Self> {
        acta_files::create_directory(folder)?;
        let mut writing = Writing::default();
        let (mut texts, mut view) = (Texts::default(), View::default());
        if let Some(manifest) = Manifest::load(folder)? {
            (texts, writing.awaited) = manifest.load_texts(folder)?;
            for entry in &manifest.segments {
                view.segments.push(Arc::new(entry.open(folder)?));
            }
            view.voided = Arc::new(manifest.voided()?);
            (view.sequence, view.stored) = (manifest.sequence, manifest.stored);
            writing.last = manifest.last();
            writing.manifest = manifest;
        } else {
            language.clone_into(&mut writing.manifest.language);
        }
        let language = Arc::from(writing.manifest.language.as_str());
        writing.manifest.remove_strays(folder)?;
        let mut facts = Self { folder: folder.to_owned(), language, ..Self::empty() };
        facts.note_sizes(&writing);
        (facts.texts, facts.view) = (RwLock::new(texts), RwLock::new(Arc::new(view)));
        facts.writing = Mutex::new(writing);
        Ok(facts)
    }

    /// The language of names; English if it is empty.
    pub(crate) const fn language(&self) -> &Arc<str> {
        &self.language
    }

    /// The rows as they are now.
    pub(crate) fn view(&self) -> Arc<View> {
        Arc::clone(&self.view.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes the last record of the log, up to which facts are now to be made.
    pub(crate) fn begin(&self, last: u64) {
        self.goal.store(last, Ordering::Relaxed);
    }

    /// Whether facts up to this sequence lack rows of records that were there when the facts were
    /// begun or opened.
    pub(crate) fn is_rebuilding(&self, sequence: u64) -> bool {
        sequence < self.goal.load(Ordering::Relaxed)
    }

    /// The texts of at least the rows that a view had before.
    pub(crate) fn texts(&self) -> RwLockReadGuard<'_, Texts> {
        self.texts.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Which actors of at least the rows that a view had before are which person; none if every
    /// actor is a person of its own of whom nothing else is known.
    pub(crate) fn person_index(&self, persons: &Arc<Persons>) -> Option<Arc<PersonIndex>> {
        if persons.is_empty() {
            return None;
        }
        let mut codes = self.persons.lock().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::new(codes.index(persons, self.texts().of(Domain::Actors))))
    }

    /// The last record of the log that is on disk.
    pub(crate) fn saved(&self) -> LastRecord {
        self.writing().manifest.last()
    }

    /// Bytes of memory, about: those of the texts and of the ids that are awaited, and those of the
    /// rows that are in no segment.
    pub(crate) fn memory_bytes(&self) -> (usize, usize) {
        let awaited = self.sizes.awaited.load(Ordering::Relaxed) * AWAITED_BYTES;
        (self.texts().memory_bytes() + awaited, self.view().tail_bytes())
    }

    /// Bytes on disk.
    pub(crate) fn disk_bytes(&self) -> u64 {
        let view = self.view();
        let segments = view.segments.iter().filter_map(|segment| segment.size_bytes().ok());
        segments.sum::<u64>() + self.sizes.texts_bytes.load(Ordering::Relaxed)
    }

    fn note_sizes(&self, writing: &Writing) {
        self.sizes.texts_bytes.store(writing.manifest.texts_bytes(), Ordering::Relaxed);
        self.sizes.awaited.store(writing.awaited.len(), Ordering::Relaxed);
    }

    /// Adds rows that follow those that are there. They can be asked for afterwards, and are on
    /// disk once there are enough for a segment.
    ///
    /// # Errors
    ///
    /// Of the files.
    pub(crate) fn add(&self, addition: &Addition) -> io::Result<()> {
        let mut writing = self.writing();
        let batch = &addition.batch;
        let block = {
            let mut texts = self.texts.write().unwrap_or_else(PoisonError::into_inner);
            encode::encode(batch, &mut texts)
        };
        let mut view = View::clone(&self.view());
        push_block(&mut view.tail, block);
        let is_full = SEGMENT_ROWS <= view.tail_len() || TAIL_BYTES_MAX <= view.tail_bytes();
        // Not before: after a panic above, the same rows are added again.
        note_voided(addition, &mut writing, &mut view);
        self.note_sizes(&writing);
        if let Some(last) = batch.last {
            (view.sequence, view.stored) = (last.sequence, last.stored);
            writing.last = last;
        }
        self.publish(view);
        if is_full { self.save(&mut writing) } else { Ok(()) }
    }

    /// Writes the rows that are in memory to a segment.
    ///
    /// # Errors
    ///
    /// Of the files.
    pub(crate) fn flush(&self) -> io::Result<()> {
        self.save(&mut self.writing())
    }

    fn save(&self, writing: &mut Writing) -> io::Result<()> {
        let mut view = View::clone(&self.view());
        let mut rows = Block::default();
        // A short segment grows instead of having another one beside it.
        let last = view.segments.last().filter(|last| {
            let bytes = last.loaded_bytes() + view.tail_bytes();
            last.len() + view.tail_len() <= SEGMENT_ROWS && bytes <= TAIL_BYTES_MAX
        });
        if let Some(last) = last.cloned() {
            rows = last.load()?;
            view.segments.pop();
        }
        for block in &view.tail {
            rows.append(block);
        }
        if rows.len() == 0 {
            return Ok(());
        }
        let rows = rows.sorted();
        let mut manifest = writing.manifest.next();
        let saved = self.save_rows(&rows, writing, &mut manifest, &mut view);
        // Whatever failed, the names of its files are not used again.
        writing.manifest.skip_names_of(&manifest);
        saved?;
        view.tail.clear();
        self.publish(view);
        writing.manifest = manifest;
        self.note_sizes(writing);
        // A question that is being answered has the old files open.
        if let Err(error) = writing.manifest.remove_strays(&self.folder) {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "files of facts that were replaced cannot be removed");
        }
        Ok(())
    }

    /// Writes sorted rows to segments behind those of a view, and a manifest with them.
    fn save_rows(
        &self,
        rows: &Block,
        writing: &Writing,
        manifest: &mut Manifest,
        view: &mut View,
    ) -> io::Result<()> {
        for start in (0..rows.len()).step_by(SEGMENT_ROWS) {
            let end = rows.len().min(start + SEGMENT_ROWS);
            let part = rows.chosen(&(start..end).collect::<Vec<_>>());
            let name = manifest.segment_name();
            view.segments.push(Arc::new(Segment::write(&self.folder.join(name), &part)?));
        }
        manifest.segments = view.segments.iter().map(|it| SegmentEntry::of(it)).collect();
        (manifest.sequence, manifest.stored) = (view.sequence, view.stored);
        manifest.set_voided(&view.voided, writing.last.id)?;
        manifest.save_texts(&self.folder, &self.texts(), &writing.awaited)?;
        manifest.save(&self.folder)
    }

    fn publish(&self, view: View) {
        *self.view.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(view);
    }

    fn writing(&self) -> MutexGuard<'_, Writing> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Notes which rows are voided, among those that are added too.
fn note_voided(addition: &Addition, writing: &mut Writing, view: &mut View) {
    writing.awaited.extend(&addition.awaited);
    let came: Vec<_> = if writing.awaited.is_empty() {
        Vec::new()
    } else {
        // Spec: xAPI 1.0.3 Part Two 2.3.2: a voiding statement cannot be voided.
        let rows = addition.batch.rows.iter();
        let came = rows.filter(|row| writing.awaited.remove(&row.id) && row.voids.is_none());
        came.map(|row| row.sequence).collect()
    };
    if !came.is_empty() || !addition.voided.is_empty() {
        let voided = Arc::make_mut(&mut view.voided);
        voided.extend(addition.voided.iter().copied().chain(came));
    }
}

/// Adds a block to a tail, so that there are few blocks and each row is copied few times: a block
/// is joined with the one before it if that is not much larger.
fn push_block(tail: &mut Vec<Arc<Block>>, block: Block) {
    let mut block = block;
    while let Some(before) = tail.pop() {
        let joined = before.len() + block.len();
        if 2 * block.len() < before.len() || segment::BLOCK_ROWS < joined {
            tail.push(before);
            break;
        }
        let mut larger = Arc::unwrap_or_clone(before);
        larger.append(&block);
        block = larger;
    }
    if block.len() != 0 {
        tail.push(Arc::new(block));
    }
}

#[cfg(test)]
mod tests;
