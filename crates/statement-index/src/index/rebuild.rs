//! Runs rebuilt from the log: in the place of a damaged one, or to compare with.

use std::sync::Arc;

use acta_access::TenantId;
use acta_statement_log::entry::{IndexEntry, IndexEntryLog, IndexEntrySource};
use acta_storage::StorageError;
use roaring::RoaringBitmap;

use super::insertion::{is_full, put};
use crate::resolve::Resolver;
use crate::run::Run;
use crate::run::directory::RunDirectory;
use crate::tail::Part;
use crate::view::View;

/// Writes runs of the entries that follow those of other runs.
///
/// What it writes is what the index would have written, but for where one run ends and the
/// next begins.
#[derive(Debug)]
pub(crate) struct RunBuilder<'a> {
    run_directory: &'a RunDirectory,
    source: &'a dyn IndexEntrySource,
    run_entries: u32,
    /// How many runs were there before.
    before_count: usize,
    view: View,
    resolver: Resolver,
}

impl<'a> RunBuilder<'a> {
    /// Begins behind `before`, the runs from position 0 on.
    pub(crate) fn new(
        run_directory: &'a RunDirectory,
        before: Vec<Arc<Run>>,
        run_entries: u32,
        source: &'a dyn IndexEntrySource,
    ) -> Self {
        let next = before.last().map_or(0, |run| run.end());
        let before_count = before.len();
        let view = View {
            runs: Arc::new(before),
            parts: vec![Arc::new(Part::new(next))],
            next,
            voided: Arc::new(RoaringBitmap::new()),
        };
        Self {
            run_directory,
            source,
            run_entries,
            before_count,
            view,
            resolver: Resolver::default(),
        }
    }

    /// Whether a tenant's statement with this id is there already.
    pub(crate) fn contains(&self, tenant: TenantId, id: u128) -> Result<bool, StorageError> {
        Ok(self.view.find(tenant, id)?.is_some())
    }

    /// Adds the entry that comes next.
    pub(crate) fn insert(&mut self, entry: &IndexEntry) -> Result<(), StorageError> {
        let Ok(position) = u32::try_from(entry.position) else { return Err(StorageError::Full) };
        assert_eq!(position, self.view.next, "entries come in the order of the log");
        let effects = self.resolver.resolve(&self.view, entry, self.source)?;
        self.view.next = position.checked_add(1).ok_or(StorageError::Full)?;
        let Some(part) = self.view.parts.first().map(Arc::clone) else { return Ok(()) };
        let mut data = part.write();
        put(&mut data, position, entry, &effects);
        let is_full = is_full(self.run_entries, &data);
        drop(data);
        if is_full { self.write_part() } else { Ok(()) }
    }

    fn write_part(&mut self) -> Result<(), StorageError> {
        let Some(part) = self.view.parts.first() else { return Ok(()) };
        let run = part.write_run(self.run_directory)?;
        self.view.parts = vec![Arc::new(Part::new(run.end()))];
        Arc::make_mut(&mut self.view.runs).push(Arc::new(run));
        Ok(())
    }

    /// Writes what is left. Returns the runs that were written.
    pub(crate) fn finish(mut self) -> Result<Vec<Arc<Run>>, StorageError> {
        if self.view.parts.first().is_some_and(|part| 0 < part.len()) {
            self.write_part()?;
        }
        Ok(self.view.runs.get(self.before_count..).unwrap_or_default().to_vec())
    }
}

/// Where rebuilt runs are written, and how long they get.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RebuildTarget<'a> {
    pub(crate) run_directory: &'a RunDirectory,
    /// Entries in memory before they are written as a run.
    pub(crate) run_entries: u32,
}

/// Rebuilds a run as one or several; `before` are the runs from position 0 to where
/// it begins. None if `is_stopped` said so in between.
pub(crate) fn rebuild(
    run: &Run,
    before: Vec<Arc<Run>>,
    target: RebuildTarget<'_>,
    log: &dyn IndexEntryLog,
    is_stopped: &dyn Fn() -> bool,
) -> Result<Option<Vec<Arc<Run>>>, StorageError> {
    let source: &dyn IndexEntrySource = log;
    let mut builder = RunBuilder::new(target.run_directory, before, target.run_entries, source);
    let mut is_ended = false;
    let read = log.read_entries(run.first.into()..run.end().into(), &mut |entry| {
        is_ended = is_stopped();
        if is_ended { Err(StorageError::Halted) } else { builder.insert(&entry) }
    });
    if is_ended {
        return Ok(None);
    }
    read?;
    builder.finish().map(Some)
}
