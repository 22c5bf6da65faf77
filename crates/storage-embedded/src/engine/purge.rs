//! Removing a tenant's statements from the log and the index.
//!
//! Segments in which a tenant's records stand are rewritten, with a stub in the place of each,
//! and the runs of the index that cover them are rebuilt from that. All of this happens beside
//! the running store, in files that no reader opens. Then, between two groups of
//! the writer, a mark says that they are whole, and they take the place of the old ones. A
//! start that finds the mark finishes what it stands for; without it, the files are removed.
//! It is drawn in `docs/format/log.md`.

mod dictionary;
pub(crate) mod files;
mod mark;
mod rewrite;

use std::collections::BTreeSet;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use acta_access::TenantId;
use acta_statement_index::{RenewalScope, RunsRenewed, drop_runs};
use acta_statement_log::dictionary::Codec;
use acta_statement_log::disk::Disk;
use acta_statement_log::reader::LogReader;
use acta_statement_log::segment::{Segment, segment_name};
use acta_storage::StorageError;
use tokio::sync::oneshot;

use crate::OpenError;
use crate::blocking::blocking;
use crate::directory::{PURGE_NAME, PURGING_NAME};
use crate::writer::Shared;
use crate::writer::queue::{Act, ExclusiveAct, Sealed, Work};
use files::{draft_name, failed, is_rewritten};
use mark::Mark;

/// Statements that are looked up in the index at once.
const LOOK_UP_COUNT: usize = 65_536;

/// Removes all statements of a tenant, for which nothing is written any more. Returns how
/// many there were.
///
/// # Errors
///
/// As [`acta_storage::TenantPurge::purge_tenant`].
pub(super) async fn purge(shared: Arc<Shared>, tenant: TenantId) -> Result<u64, StorageError> {
    let purge = Purge { shared, tenant };
    blocking(move || purge.run()).await
}

/// The removal of a tenant's statements.
struct Purge {
    shared: Arc<Shared>,
    tenant: TenantId,
}

/// Where a tenant's statements are.
#[derive(Debug, Default)]
struct Places {
    count: u64,
    /// The numbers of the segments.
    segments: BTreeSet<u32>,
}

/// What is rewritten, and how.
#[derive(Debug)]
struct Plan {
    /// The segments that nothing is appended to.
    sealed: Vec<Arc<Segment>>,
    /// The position behind them.
    end: u64,
    /// The numbers of those that are rewritten.
    numbers: BTreeSet<u32>,
    /// Dictionaries that may have parts of the tenant's statements.
    tainted: Vec<Arc<Codec>>,
    /// How texts are packed that were packed with one of these.
    codec: Arc<Codec>,
}

impl Plan {
    /// The positions in the segments that are rewritten.
    fn stretches(&self) -> Vec<Range<u64>> {
        let firsts = self.sealed.iter().map(|segment| segment.header.first_position);
        let ends = firsts.skip(1).chain([self.end]);
        let stretches = self.sealed.iter().zip(ends);
        let changed =
            stretches.filter(|(segment, _)| self.numbers.contains(&segment.header.number));
        changed.map(|(segment, end)| segment.header.first_position..end).collect()
    }

    /// How the texts of a segment are repacked; none if they stay as they are.
    fn packing(&self, segment: &Segment) -> Option<&Arc<Codec>> {
        let is_tainted = dictionary::is_one_of(&self.tainted, &segment.header.codec);
        is_tainted.then_some(&self.codec)
    }
}

impl Purge {
    fn run(&self) -> Result<u64, StorageError> {
        let _alone = self.shared.purging.lock().unwrap_or_else(PoisonError::into_inner);
        // What was queued before is stored by then.
        self.between_groups(Box::new(|_| Ok(())))?;
        let places = self.places()?;
        if places.count == 0 {
            return Ok(0);
        }
        let _held = self.shared.index.hold_runs();
        let plan = self.plan(places.segments)?;
        self.renew(&plan)?;
        Ok(places.count)
    }

    /// Where the tenant's statements are.
    fn places(&self) -> Result<Places, StorageError> {
        let mut places = Places::default();
        loop {
            let after = places.count;
            let found = self.shared.index.by_sequence(self.tenant, after, LOOK_UP_COUNT)?;
            if found.is_empty() {
                return Ok(places);
            }
            places.count += found.len() as u64;
            places.segments.extend(found.iter().map(|place| place.location.segment));
        }
    }

    /// Ends the newest segment, and decides what is rewritten.
    fn plan(&self, mut numbers: BTreeSet<u32>) -> Result<Plan, StorageError> {
        let segments = self.shared.reader.segments();
        let tainted = dictionary::tainted(&segments, &numbers);
        let is_tainted = |segment: &Segment| dictionary::is_one_of(&tainted, &segment.header.codec);
        let codec = match segments.iter().position(|segment| is_tainted(segment)) {
            None => Arc::new(Codec::new(&[])),
            Some(first) => {
                let before = segments.get(..first).unwrap_or_default();
                dictionary::train_without(before, self.tenant)?
            }
        };
        let is_newest_tainted = segments.last().is_some_and(|newest| is_tainted(newest));
        let Sealed { next, end } = self.seal(is_newest_tainted.then(|| Arc::clone(&codec)))?;
        self.shared.index.wait_for_runs(end)?;
        let mut sealed = self.shared.reader.segments();
        sealed.retain(|segment| segment.header.number < next);
        let also = sealed.iter().filter(|segment| is_tainted(segment));
        numbers.extend(also.map(|segment| segment.header.number));
        Ok(Plan { sealed, end, numbers, tainted, codec })
    }

    /// Ends the segment that grows.
    fn seal(&self, codec: Option<Arc<Codec>>) -> Result<Sealed, StorageError> {
        let (send, sealed) = oneshot::channel();
        self.between_groups(Box::new(move |log| {
            let sealed = log.seal(codec)?;
            // The caller may have gone.
            let _ = send.send(sealed);
            Ok(())
        }))?;
        sealed.blocking_recv().map_err(|_gone| StorageError::Halted)
    }

    /// Lets the writer do something while nothing is written.
    fn between_groups(&self, act: Act) -> Result<(), StorageError> {
        let (answer, done) = oneshot::channel();
        let exclusive = ExclusiveAct { act, span: tracing::Span::current(), answer };
        self.shared.queue.push(Work::Exclusive(exclusive))?;
        done.blocking_recv().unwrap_or(Err(StorageError::Halted))
    }

    /// Rewrites the log and rebuilds the index beside those that are there, then puts them in
    /// their place.
    fn renew(&self, plan: &Plan) -> Result<(), StorageError> {
        let files = Files::of(&self.shared);
        files.clear()?;
        self.rewrite(plan)?;
        let log = LogReader::new(files.log.clone(), files.open_drafts(plan)?);
        tracing::info!(tenant = %self.tenant, "making the index without the tenant");
        let stretches = plan.stretches();
        let is_stopped = || self.shared.queue.is_ended();
        let scope = RenewalScope { stretches: plan.stretches(), end: plan.end };
        let runs = self.shared.index.renew_runs(&files.runs, &scope, &log, &is_stopped)?;
        let runs = runs.ok_or(StorageError::Halted)?;
        let mark = Mark {
            store_id: plan.sealed.first().map_or([0; 16], |segment| segment.header.store_id),
            from: stretches.first().map_or(plan.end, |stretch| stretch.start),
            numbers: plan.numbers.iter().copied().collect(),
        };
        files.prepare(&mark)?;
        let tenant = self.tenant;
        let shared = Arc::clone(&self.shared);
        self.between_groups(Box::new(move |_log| {
            files.place(&shared, &mark, runs)?;
            let mut sequences = shared.sequences.write().unwrap_or_else(PoisonError::into_inner);
            sequences.remove(&tenant);
            Ok(())
        }))
    }

    fn rewrite(&self, plan: &Plan) -> Result<(), StorageError> {
        let is_changed = |segment: &&Arc<Segment>| plan.numbers.contains(&segment.header.number);
        let total = plan.numbers.len();
        for (done, segment) in plan.sealed.iter().filter(is_changed).enumerate() {
            if self.shared.queue.is_ended() {
                return Err(StorageError::Halted);
            }
            tracing::info!(tenant = %self.tenant, done, total, "writing the log without the tenant");
            let disk = self.shared.disk.as_ref();
            rewrite::rewrite(disk, segment, self.tenant, plan.packing(segment))?;
        }
        Ok(())
    }
}

/// Where everything is put.
#[derive(Debug)]
struct Files {
    disk: Arc<dyn Disk>,
    log: PathBuf,
    /// Of new runs.
    runs: PathBuf,
}

impl Files {
    fn of(shared: &Shared) -> Self {
        let log = shared.reader.directory().to_path_buf();
        let runs = log.with_file_name(PURGING_NAME);
        Self { disk: Arc::clone(&shared.disk), log, runs }
    }

    /// Removes what an earlier attempt has left.
    fn clear(&self) -> Result<(), StorageError> {
        let disk = self.disk.as_ref();
        remove_drafts(disk, &self.log).map_err(failed)?;
        disk.create_directory(&self.runs).map_err(failed)?;
        clear(disk, &self.runs).map_err(failed)
    }

    /// All segments as they will be.
    fn open_drafts(&self, plan: &Plan) -> Result<Vec<Arc<Segment>>, StorageError> {
        self.open(plan.sealed.iter(), |number| {
            let is_changed = plan.numbers.contains(&number);
            is_changed.then(|| self.log.join(draft_name(number)))
        })
    }

    /// Opens those segments that have another file, and takes the others as they are.
    fn open<'s>(
        &self,
        segments: impl Iterator<Item = &'s Arc<Segment>>,
        other: impl Fn(u32) -> Option<PathBuf>,
    ) -> Result<Vec<Arc<Segment>>, StorageError> {
        let mut opened: Vec<Arc<Segment>> = Vec::new();
        for segment in segments {
            let Some(path) = other(segment.header.number) else {
                opened.push(Arc::clone(segment));
                continue;
            };
            let before = opened.last().map(Arc::as_ref);
            let new = Segment::open_at(self.disk.as_ref(), path, before).map_err(failed)?;
            opened.push(Arc::new(new.map_err(|_damaged| segment.corrupt(0))?));
        }
        Ok(opened)
    }

    /// Makes everything durable that the mark will stand for, and the mark but for its name.
    fn prepare(&self, mark: &Mark) -> Result<(), StorageError> {
        let disk = self.disk.as_ref();
        mark.write_draft(disk, &self.log).map_err(failed)?;
        disk.sync_directory(&self.log).map_err(failed)
    }

    /// Puts everything in its place, while nothing is written.
    fn place(&self, shared: &Shared, mark: &Mark, runs: RunsRenewed) -> Result<(), StorageError> {
        let disk = self.disk.as_ref();
        mark::set(disk, &self.log).map_err(failed)?;
        mark.place_drafts(disk, &self.log).map_err(failed)?;
        let segments = shared.reader.segments();
        let renewed = self.open(segments.iter(), |number| {
            let is_changed = mark.numbers.contains(&number);
            is_changed.then(|| self.log.join(segment_name(number)))
        })?;
        let show_runs = shared.index.place_runs(runs)?;
        shared.reader.exchange(|| {
            for segment in &renewed {
                shared.reader.replace(segment);
            }
            show_runs();
        });
        mark::remove(disk, &self.log).map_err(failed)
    }
}

/// Finishes, or takes back, what a removal has left that was broken off. For a start.
///
/// # Errors
///
/// [`OpenError::Newer`], or what storage reports.
pub(crate) fn finish(
    disk: &dyn Disk,
    directory: &Path,
    store_id: [u8; 16],
) -> Result<(), OpenError> {
    let log = directory.join("log");
    let mark = mark::read(disk, &log)?;
    if let Some(mark) = &mark {
        if mark.store_id != store_id {
            let place = log.join(PURGE_NAME).display().to_string();
            return Err(StorageError::Corrupt { place }.into());
        }
        tracing::warn!(segments = mark.numbers.len(), "finishing the removal of a tenant");
        mark.place_drafts(disk, &log).map_err(failed)?;
        drop_runs(disk, &directory.join("index"), mark.from)?;
        mark::remove(disk, &log).map_err(failed)?;
    }
    remove_drafts(disk, &log).map_err(failed)?;
    clear(disk, &directory.join(PURGING_NAME)).map_err(failed)?;
    Ok(())
}

fn remove_drafts(disk: &dyn Disk, log: &Path) -> io::Result<()> {
    for name in disk.list(log)?.iter().filter(|name| is_rewritten(name)) {
        disk.remove(&log.join(name))?;
    }
    Ok(())
}

/// Removes everything in a directory that may be there.
fn clear(disk: &dyn Disk, directory: &Path) -> io::Result<()> {
    let names = match disk.list(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        names => names?,
    };
    names.iter().try_for_each(|name| disk.remove(&directory.join(name)))
}
