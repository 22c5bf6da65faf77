//! Checking runs without changing them: each is compared, byte for byte, with what the log
//! gives.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use acta_access::TenantId;
use acta_statement_log::disk::Disk;
use acta_statement_log::entry::{IndexEntryLog, IndexEntrySource, Location, TOMBSTONE};
use acta_storage::StorageError;

use crate::index::rebuild::RunBuilder;
use crate::run::Run;
use crate::run::bytes::{RunFile, usize_of};
use crate::run::dictionary::DictionaryWalk;
use crate::run::directory::{RunDirectory, remove_if_there};
use crate::run::layout::{parse_name, run_positions};
use crate::run::merge::{merge, read_id};
use crate::run::rows::RowsWalk;
use crate::run::table::TableWalk;
use crate::run::tenants::Positions;

/// Bytes of two files that are compared at once.
const COMPARE_BYTES: u64 = 1 << 20;

/// What is checked, and with what.
#[derive(Debug)]
pub struct RunCheck<'a> {
    /// Where the store is. Nothing there is changed.
    pub disk: Arc<dyn Disk>,
    /// The directory of the index.
    pub directory: PathBuf,
    /// Says with which key the terms were made.
    pub fingerprint: u64,
    /// A disk for runs to compare with.
    pub scratch_disk: Arc<dyn Disk>,
    /// An empty directory there.
    pub scratch: PathBuf,
    /// Entries in memory before they are written to the scratch disk.
    pub run_entries: u32,
    /// The log.
    pub log: &'a dyn IndexEntryLog,
    /// The positions of the log that can be read; none behind them.
    pub positions: Range<u64>,
}

/// What the index knows of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identified {
    /// Its place among all statements.
    pub position: u64,
    /// The tenant that owns it.
    pub tenant: TenantId,
    /// Its place among the tenant's statements.
    pub sequence: u64,
    /// Its id; none of one that was erased.
    pub id: Option<u128>,
}

/// What a check comes upon.
#[derive(Debug)]
pub enum RunSight {
    /// A run of so many bytes that is as it should be.
    Sound(u64),
    /// A run that is not.
    Damaged {
        /// The name of its file.
        name: String,
        /// The first byte that is wrong, or the beginning of the block it is in.
        offset: Option<u64>,
        /// What is wrong.
        what: &'static str,
    },
    /// A file that the next start removes.
    Leftover(String),
    /// A statement with an id that another one of its tenant has.
    SecondId(u128, Location),
    /// Positions of the log that no run covers. The next start reads them again.
    Uncovered(Range<u64>),
}

type Report<'t> = &'t mut dyn FnMut(RunSight) -> Result<(), StorageError>;

impl RunCheck<'_> {
    /// Checks every run.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`] or [`StorageError::Full`] if a file cannot be read or the scratch
    /// disk fails.
    pub fn run(&self, report: Report<'_>) -> Result<(), StorageError> {
        let run_directory = self.run_directory(&self.disk, &self.directory);
        let scratch = self.run_directory(&self.scratch_disk, &self.scratch);
        let names = list(self.disk.as_ref(), &self.directory)?;
        let mut runs: Vec<Arc<Run>> = Vec::new();
        let mut used = Vec::new();
        loop {
            let next = runs.last().map_or(0, |run| run.end());
            let Some(run) = open_longest(&run_directory, &names, next, &mut used, report)? else {
                break;
            };
            let checked = self.check_run(&run, &runs, &scratch, report)?;
            runs.push(checked);
        }
        for name in names.iter().filter(|name| !used.contains(name)) {
            report(RunSight::Leftover(name.clone()))?;
        }
        self.check_rest(runs, &scratch, report)
    }

    /// What runs that can be read know of the statements at these positions, which ascend.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`].
    pub fn identify(&self, positions: &[u64]) -> Result<Vec<Identified>, StorageError> {
        let run_directory = self.run_directory(&self.disk, &self.directory);
        let mut found = Vec::new();
        for name in list(self.disk.as_ref(), &self.directory)? {
            let covers = |covered: Range<u64>| positions.iter().any(|at| covered.contains(at));
            if !run_positions(&name).is_some_and(covers) {
                continue;
            }
            match Run::open(&run_directory, &name).and_then(|run| identify_in(&run, positions)) {
                Ok(identified) => found.extend(identified),
                // Reported when the run is checked.
                Err(StorageError::Corrupt { .. }) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(found)
    }

    fn run_directory(&self, disk: &Arc<dyn Disk>, directory: &Path) -> RunDirectory {
        let (disk, directory) = (Arc::clone(disk), directory.to_path_buf());
        RunDirectory { disk, path: directory, fingerprint: self.fingerprint, watcher: None }
    }

    /// Checks a run. Returns it, or what should stand in its place, for the runs behind it.
    fn check_run(
        &self,
        run: &Arc<Run>,
        before: &[Arc<Run>],
        scratch: &RunDirectory,
        report: Report<'_>,
    ) -> Result<Arc<Run>, StorageError> {
        let name = run.file.name().to_owned();
        if self.positions.end < run.end().into() {
            // The log does not say what it should hold, so only its checksums are checked.
            match read_all(run) {
                Ok(()) => report(RunSight::Sound(run.file.len()))?,
                Err(StorageError::Corrupt { place }) => report(RunSight::Damaged {
                    name,
                    offset: offset_in(&place),
                    what: "a block does not have its checksum",
                })?,
                Err(other) => return Err(other),
            }
            return Ok(Arc::clone(run));
        }
        let made = self.make(run, before, scratch, report)?;
        let difference = first_difference(&run.file, &made.file)?;
        match difference {
            None => {
                made.file.remove().map_err(failed)?;
                report(RunSight::Sound(run.file.len()))?;
                Ok(Arc::clone(run))
            }
            Some(offset) => {
                let what = "it does not say what the log says";
                report(RunSight::Damaged { name, offset: Some(offset), what })?;
                Ok(made)
            }
        }
    }

    /// What a run should be.
    fn make(
        &self,
        run: &Run,
        before: &[Arc<Run>],
        scratch: &RunDirectory,
        report: Report<'_>,
    ) -> Result<Arc<Run>, StorageError> {
        let positions = run.first.into()..run.end().into();
        let mut made = self.build(positions, before, scratch, report)?;
        if made.len() != 1 {
            let merged = merge(&made, scratch, &|| false)?;
            made.iter().try_for_each(|run| run.file.remove()).map_err(failed)?;
            made = merged.into_iter().map(Arc::new).collect();
        }
        made.pop().ok_or(StorageError::Halted)
    }

    fn build(
        &self,
        positions: Range<u64>,
        before: &[Arc<Run>],
        scratch: &RunDirectory,
        report: Report<'_>,
    ) -> Result<Vec<Arc<Run>>, StorageError> {
        let source: &dyn IndexEntrySource = self.log;
        let mut builder = RunBuilder::new(scratch, before.to_vec(), self.run_entries, source);
        self.log.read_entries(positions, &mut |entry| {
            if let Some(id) = entry.id
                && builder.contains(entry.tenant, id)?
            {
                report(RunSight::SecondId(id, entry.location))?;
            }
            builder.insert(&entry)
        })?;
        builder.finish()
    }

    /// Looks at what no run covers.
    fn check_rest(
        &self,
        runs: Vec<Arc<Run>>,
        scratch: &RunDirectory,
        report: Report<'_>,
    ) -> Result<(), StorageError> {
        let next: u64 = runs.last().map_or(0, |run| run.end()).into();
        if next < self.positions.end {
            let rest = next..self.positions.end;
            self.build(rest.clone(), &runs, scratch, report)?;
            report(RunSight::Uncovered(rest))?;
        }
        drop(runs);
        let failed_runs = self.scratch_disk.list(&self.scratch).map_err(failed)?;
        failed_runs.iter().try_for_each(|name| {
            remove_if_there(self.scratch_disk.as_ref(), &self.scratch.join(name))
        })
    }
}

/// The longest run from `next` on that can be opened, as a start would choose it.
fn open_longest<'n>(
    run_directory: &RunDirectory,
    names: &'n [String],
    next: u32,
    used: &mut Vec<&'n String>,
    report: Report<'_>,
) -> Result<Option<Arc<Run>>, StorageError> {
    let begins_here = |name: &&String| parse_name(name).is_some_and(|(first, _)| first == next);
    for name in names.iter().rev().filter(begins_here) {
        used.push(name);
        match Run::open(run_directory, name) {
            Ok(run) => return Ok(Some(Arc::new(run))),
            Err(StorageError::Corrupt { place }) => report(RunSight::Damaged {
                name: name.clone(),
                offset: offset_in(&place),
                what: "a block does not have its checksum",
            })?,
            Err(other) => return Err(other),
        }
    }
    Ok(None)
}

fn failed(source: std::io::Error) -> StorageError {
    StorageError::Io { act: "checking the index", source }
}

fn list(disk: &dyn Disk, directory: &Path) -> Result<Vec<String>, StorageError> {
    match disk.list(directory) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        names => names.map_err(failed),
    }
}

fn identify_in(run: &Run, positions: &[u64]) -> Result<Vec<Identified>, StorageError> {
    let mut ids = HashMap::new();
    let mut walk = TableWalk::new(&run.ids, &run.file)?;
    while let Some((id, _, position)) = read_id(&walk, run.only_tenant()) {
        ids.extend(positions.binary_search(&position.into()).is_ok().then_some((position, id)));
        walk.advance()?;
    }
    let mut found = Vec::new();
    let inside = positions.iter().filter_map(|position| u32::try_from(*position).ok());
    for position in inside.filter(|position| run.positions().contains(position)) {
        for part in run.tenants.iter().filter(|part| part.tenant != TOMBSTONE) {
            let rank = part.positions.rank(&run.file, position)?;
            let end = part.positions.count().min(rank.saturating_add(1));
            let mut there = Vec::new();
            part.positions.read(&run.file, rank..end, &mut there)?;
            if there == [position] {
                let sequence = part.first_sequence + u64::from(rank);
                let (tenant, id) = (part.tenant, ids.get(&position).copied());
                found.push(Identified { position: position.into(), tenant, sequence, id });
            }
        }
    }
    Ok(found)
}

/// The offset that the place of damage in a run ends with.
fn offset_in(place: &str) -> Option<u64> {
    place.rsplit_once(' ').and_then(|(_, offset)| offset.parse().ok())
}

/// Reads every block of a run that its readers may read.
fn read_all(run: &Run) -> Result<(), StorageError> {
    let mut rows = RowsWalk::new(&run.rows, &run.file);
    while rows.next_block()?.is_some() {}
    for table in [&run.ids, &run.references] {
        let mut walk = TableWalk::new(table, &run.file)?;
        while walk.record().is_some() {
            walk.advance()?;
        }
    }
    read_dictionary(run.walk_terms()?)?;
    read_dictionary(run.walk_late()?)?;
    let mut positions = Vec::new();
    for part in &run.tenants {
        positions.clear();
        if let Positions::List(_) = &part.positions {
            part.positions.read(&run.file, 0..part.positions.count(), &mut positions)?;
        }
    }
    Ok(())
}

fn read_dictionary(mut walk: DictionaryWalk<'_>) -> Result<(), StorageError> {
    while walk.term().is_some() {
        walk.read(|_| Ok(()))?;
        walk.advance()?;
    }
    Ok(())
}

/// Where two files first differ; none if they are equal.
fn first_difference(one: &RunFile, other: &RunFile) -> Result<Option<u64>, StorageError> {
    let len = one.len().min(other.len());
    let (mut at, mut left, mut right) = (0, Vec::new(), Vec::new());
    while at < len {
        let count = usize_of(COMPARE_BYTES.min(len - at));
        one.read(at, count, &mut left)?;
        other.read(at, count, &mut right)?;
        if let Some(differing) = left.iter().zip(&right).position(|(a, b)| a != b) {
            return Ok(Some(at + differing as u64));
        }
        at += count as u64;
    }
    Ok((one.len() != other.len()).then_some(len))
}
