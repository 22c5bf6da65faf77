//! The threads that write parts as runs and merge runs, so that insertions need not wait.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use acta_storage::{StorageError, background_span};

use super::rebuild::{self, RebuildTarget};
use super::state::Shared;
use crate::options::IndexOptions;
use crate::run::directory::{RunDirectory, remove_if_there};
use crate::run::layout::name_of;
use crate::run::{Run, merge};
use crate::signals::{MergePause, Signals};
use crate::tail::Part;

/// Waits until nothing is left to merge.
#[cfg(test)]
pub(crate) fn wait_for_merges(shared: &Shared, options: &IndexOptions) {
    let signals = &shared.signals;
    let mut work = signals.work();
    let is_left = |work: &crate::signals::Work| {
        work.is_merging
            || (work.merge_pause == MergePause::None && next_task(shared, options).is_some())
    };
    while !signals.is_stopped() && is_left(&work) {
        work = signals.wait(work);
    }
}

/// Starts both threads.
pub(crate) fn start(
    shared: &Arc<Shared>,
    run_directory: &RunDirectory,
    options: &IndexOptions,
) -> Result<Vec<JoinHandle<()>>, StorageError> {
    let spawn = |name: &'static str, run: fn(&Shared, &RunDirectory, &IndexOptions)| {
        let (shared, run_directory, options) =
            (Arc::clone(shared), run_directory.clone(), options.clone());
        std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                let _guard = StopOnPanic(&shared.signals);
                background_span(name, None).in_scope(|| run(&shared, &run_directory, &options));
            })
            .map_err(|source| StorageError::Io { act: "starting a thread", source })
    };
    Ok(vec![spawn("index-freeze", freeze_parts)?, spawn("index-merge", merge_runs)?])
}

/// Stops the index when a thread panics, so that no caller waits for it.
struct StopOnPanic<'a>(&'a Signals);

impl Drop for StopOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.stop();
        }
    }
}

/// Writes part after part, the oldest first.
fn freeze_parts(shared: &Shared, run_directory: &RunDirectory, _: &IndexOptions) {
    let signals = &shared.signals;
    while let Some(part) = wait_for_part(shared) {
        match part.write_run(run_directory) {
            Ok(run) => {
                shared.replace_part(&part, run);
                let mut work = signals.work();
                if work.merge_pause == MergePause::UntilFreeze {
                    work.merge_pause = MergePause::None;
                }
                drop(work);
                signals.notify();
            }
            Err(error) => {
                let cause: &dyn std::error::Error = &error;
                tracing::error!(error = cause, "could not write a part of the index");
                discard(run_directory, part.first, part.len());
                let mut work = signals.work();
                work.freeze_error = Some(error);
                drop(work);
                signals.notify();
            }
        }
    }
}

fn wait_for_part(shared: &Shared) -> Option<Arc<Part>> {
    let signals = &shared.signals;
    let mut work = signals.work();
    while !signals.is_stopped() {
        let may_try = work.freeze_error.is_none() || work.is_retry_due;
        if may_try && let Some(part) = shared.oldest_frozen() {
            work.is_retry_due = false;
            work.freeze_error = None;
            return Some(part);
        }
        work = signals.wait(work);
    }
    None
}

/// What the second thread does next.
enum Task {
    /// Rebuilds a damaged run; with it, the runs before it.
    Rebuild(Arc<Run>, Vec<Arc<Run>>),
    /// Makes one run of several.
    Merge(Vec<Arc<Run>>),
}

/// Rebuilds damaged runs, and merges runs whenever there are enough of a size.
fn merge_runs(shared: &Shared, run_directory: &RunDirectory, options: &IndexOptions) {
    let signals = &shared.signals;
    while let Some(task) = wait_for_task(shared, options) {
        let pause = match task {
            Task::Rebuild(run, before) => {
                let target = RebuildTarget { run_directory, run_entries: options.run_entries };
                rebuild(shared, target, &run, before)
            }
            Task::Merge(runs) => merge(shared, run_directory, &runs),
        };
        let mut work = signals.work();
        work.is_merging = false;
        work.merge_pause = pause;
        drop(work);
        signals.notify();
    }
}

fn merge(shared: &Shared, run_directory: &RunDirectory, runs: &[Arc<Run>]) -> MergePause {
    match merge::merge(runs, run_directory, &|| shared.signals.is_stopped()) {
        Ok(Some(run)) => {
            shared.replace_runs(runs, vec![Arc::new(run)]);
            remove_parts(runs, run_directory);
            MergePause::None
        }
        Ok(None) => {
            discard_merge(run_directory, runs);
            MergePause::UntilRestart
        }
        Err(error) => {
            let cause: &dyn std::error::Error = &error;
            tracing::error!(error = cause, "could not merge runs of the index");
            discard_merge(run_directory, runs);
            let may_rebuild = shared.log.get().is_some();
            match is_damage(&error) {
                // The damaged run is rebuilt first.
                true if may_rebuild => MergePause::None,
                true => MergePause::UntilRestart,
                false => MergePause::UntilFreeze,
            }
        }
    }
}

/// Rebuilds a damaged run. Until it is there, queries that meet the damage fail.
fn rebuild(
    shared: &Shared,
    target: RebuildTarget<'_>,
    run: &Arc<Run>,
    before: Vec<Arc<Run>>,
) -> MergePause {
    let Some(log) = shared.log.get() else { return MergePause::UntilRestart };
    let is_stopped = || shared.signals.is_stopped();
    let rebuilt = rebuild::rebuild(run, before, target, log.as_ref(), &is_stopped);
    match rebuilt {
        Ok(Some(runs)) => {
            let count = runs.len();
            shared.replace_runs(std::slice::from_ref(run), runs);
            tracing::info!(run.count = count, "rebuilt the damaged index run {}", run.file.name());
            if let Err(error) = run.file.remove_damaged() {
                let cause: &dyn std::error::Error = &error;
                tracing::warn!(error = cause, "could not remove the damaged index run");
            }
            MergePause::None
        }
        Ok(None) => MergePause::UntilRestart,
        Err(error) => {
            let cause: &dyn std::error::Error = &error;
            tracing::error!(error = cause, "could not rebuild the damaged index run");
            let is_other = shared.damaged_run().is_some_and(|(first, _)| first.first < run.first);
            match is_damage(&error) {
                // One before it turned out to be damaged: that one comes first.
                true if is_other => MergePause::None,
                true => MergePause::UntilRestart,
                false => MergePause::UntilFreeze,
            }
        }
    }
}

fn is_damage(error: &StorageError) -> bool {
    matches!(error, StorageError::Corrupt { .. })
}

fn discard_merge(run_directory: &RunDirectory, runs: &[Arc<Run>]) {
    if let (Some(oldest), Some(newest)) = (runs.first(), runs.last()) {
        discard(run_directory, oldest.first, newest.end() - oldest.first);
    }
}

fn wait_for_task(shared: &Shared, options: &IndexOptions) -> Option<Task> {
    let signals = &shared.signals;
    let mut work = signals.work();
    while !signals.is_stopped() {
        if work.merge_pause == MergePause::None
            && !work.is_held
            && let Some(task) = next_task(shared, options)
        {
            work.is_merging = true;
            return Some(task);
        }
        work = signals.wait(work);
    }
    None
}

fn next_task(shared: &Shared, options: &IndexOptions) -> Option<Task> {
    match shared.damaged_run() {
        Some((run, before)) => shared.log.get().map(|_| Task::Rebuild(run, before)),
        None => shared.next_merge(options).map(Task::Merge),
    }
}

/// Removes what an unfinished attempt left behind.
fn discard(run_directory: &RunDirectory, first: u32, count: u32) {
    let path = run_directory.path.join(format!("{}.tmp", name_of(first, count)));
    if let Err(error) = remove_if_there(run_directory.disk.as_ref(), &path) {
        let cause: &dyn std::error::Error = &error;
        tracing::warn!(error = cause, "could not remove an unfinished index run");
    }
}

/// Removes the runs that a merged one replaces. What stays is removed at the next start.
fn remove_parts(runs: &[Arc<Run>], run_directory: &RunDirectory) {
    let removed: io::Result<()> = runs.iter().try_for_each(|run| run.file.remove());
    if let Err(error) = removed.and_then(|()| sync(run_directory, &run_directory.path)) {
        tracing::warn!(%error, "could not remove merged runs of the index");
    }
}

fn sync(run_directory: &RunDirectory, directory: &Path) -> io::Result<()> {
    run_directory.disk.sync_directory(directory)
}
