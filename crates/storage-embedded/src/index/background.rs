//! The threads that write parts as runs and merge runs, so that insertions need not wait.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use acta_storage::StorageError;

use super::run::writer::{Home, remove_if_there};
use super::run::{Run, name_of};
use super::state::Shared;
use super::{IndexOptions, merge, rebuild};

/// What the threads and the writer tell each other.
#[derive(Debug, Default)]
pub(super) struct Signals {
    work: Mutex<Work>,
    changed: Condvar,
    is_stopped: AtomicBool,
}

#[derive(Debug, Default)]
struct Work {
    /// Why the oldest part could not be written; taken by whoever waits for it.
    freeze_error: Option<StorageError>,
    /// Whether writing is to be tried again in spite of it.
    is_retry_due: bool,
    is_merging: bool,
    merge_pause: MergePause,
    /// Whether runs stay as they are for now.
    is_held: bool,
}

/// Whether merges wait after one that failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum MergePause {
    #[default]
    None,
    /// Until a part could be written, which tells that the disk works again.
    UntilFreeze,
    /// Until the next start: what a damaged run is to be made of is damaged too.
    UntilRestart,
}

impl Signals {
    fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, work: MutexGuard<'a, Work>) -> MutexGuard<'a, Work> {
        self.changed.wait(work).unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes all who wait.
    pub(super) fn notify(&self) {
        drop(self.work());
        self.changed.notify_all();
    }

    /// Tells that there is a part to write.
    pub(super) fn notify_part(&self) {
        self.work().is_retry_due = true;
        self.changed.notify_all();
    }

    /// Tells the threads to end soon.
    pub(super) fn stop(&self) {
        self.is_stopped.store(true, Ordering::SeqCst);
        self.notify();
    }

    fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::SeqCst)
    }

    /// Waits until at most `count_max` parts wait to be written.
    ///
    /// # Errors
    ///
    /// Why they could not be written, although it was tried once more.
    pub(super) fn wait_for_parts(
        &self,
        shared: &Shared,
        count_max: usize,
    ) -> Result<(), StorageError> {
        self.wait_for(&|| count_max < shared.frozen_count())
    }

    fn wait_for(&self, is_left: &dyn Fn() -> bool) -> Result<(), StorageError> {
        let mut work = self.work();
        let mut is_asked = false;
        while is_left() {
            if self.is_stopped() {
                return Err(StorageError::Halted);
            }
            if let Some(error) = work.freeze_error.take_if(|_| is_asked) {
                // Whoever else waits shall learn of an attempt of its own.
                self.changed.notify_all();
                return Err(error);
            }
            if !is_asked {
                is_asked = true;
                // An error from before says nothing about now.
                work.freeze_error = None;
                work.is_retry_due = true;
                self.changed.notify_all();
            }
            work = self.wait(work);
        }
        Ok(())
    }

    /// Waits until no run is being merged or made anew, and lets none be until
    /// [`Signals::release_runs`].
    pub(super) fn hold_runs(&self) {
        let mut work = self.work();
        work.is_held = true;
        while work.is_merging && !self.is_stopped() {
            work = self.wait(work);
        }
    }

    /// Lets runs be merged again.
    pub(super) fn release_runs(&self) {
        self.work().is_held = false;
        self.changed.notify_all();
    }

    /// Waits until everything before `position` is in runs.
    ///
    /// # Errors
    ///
    /// Why it could not be written, although it was tried once more.
    pub(super) fn wait_for_runs(&self, shared: &Shared, position: u64) -> Result<(), StorageError> {
        let waiting = || {
            let state = shared.read();
            let parts = state.view.parts.iter();
            parts.filter(|part| u64::from(part.first) < position).count()
        };
        self.wait_for(&|| 0 < waiting())
    }

    /// Waits until nothing is left to merge.
    #[cfg(test)]
    pub(super) fn wait_for_merges(&self, shared: &Shared, options: &IndexOptions) {
        let mut work = self.work();
        let is_left = |work: &Work| {
            work.is_merging
                || (work.merge_pause == MergePause::None && next_task(shared, options).is_some())
        };
        while !self.is_stopped() && is_left(&work) {
            work = self.wait(work);
        }
    }
}

/// Starts both threads.
pub(super) fn start(
    shared: &Arc<Shared>,
    home: &Home,
    options: &IndexOptions,
) -> Result<Vec<JoinHandle<()>>, StorageError> {
    let spawn = |name: &str, run: fn(&Shared, &Home, &IndexOptions)| {
        let (shared, home, options) = (Arc::clone(shared), home.clone(), options.clone());
        std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                let _guard = StopOnPanic(&shared.signals);
                run(&shared, &home, &options);
            })
            .map_err(|source| StorageError::Io { act: "starting a thread", source })
    };
    Ok(vec![spawn("index-freeze", freeze_parts)?, spawn("index-merge", merge_runs)?])
}

/// Lets nobody wait for a thread that is no more.
struct StopOnPanic<'a>(&'a Signals);

impl Drop for StopOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.stop();
        }
    }
}

/// Writes part after part, the oldest first.
fn freeze_parts(shared: &Shared, home: &Home, _: &IndexOptions) {
    let signals = &shared.signals;
    while let Some(part) = wait_for_part(shared) {
        match part.write_run(home) {
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
                discard(home, part.first, part.len());
                let mut work = signals.work();
                work.freeze_error = Some(error);
                drop(work);
                signals.notify();
            }
        }
    }
}

fn wait_for_part(shared: &Shared) -> Option<Arc<super::tail::Part>> {
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
    /// Makes a damaged run anew; with it, the runs before it.
    Rebuild(Arc<Run>, Vec<Arc<Run>>),
    /// Makes one run of several.
    Merge(Vec<Arc<Run>>),
}

/// Makes damaged runs anew, and merges runs whenever there are enough of a size.
fn merge_runs(shared: &Shared, home: &Home, options: &IndexOptions) {
    let signals = &shared.signals;
    while let Some(task) = wait_for_task(shared, options) {
        let pause = match task {
            Task::Rebuild(run, before) => rebuild(shared, (home, options), &run, before),
            Task::Merge(runs) => merge(shared, home, &runs),
        };
        let mut work = signals.work();
        work.is_merging = false;
        work.merge_pause = pause;
        drop(work);
        signals.notify();
    }
}

fn merge(shared: &Shared, home: &Home, runs: &[Arc<Run>]) -> MergePause {
    match merge::merge(runs, home, &|| shared.signals.is_stopped()) {
        Ok(Some(run)) => {
            shared.replace_runs(runs, vec![Arc::new(run)]);
            remove_parts(runs, home);
            MergePause::None
        }
        Ok(None) => {
            discard_merge(home, runs);
            MergePause::UntilRestart
        }
        Err(error) => {
            let cause: &dyn std::error::Error = &error;
            tracing::error!(error = cause, "could not merge runs of the index");
            discard_merge(home, runs);
            let may_rebuild = shared.log.get().is_some();
            match is_damage(&error) {
                // The damaged run is made anew first.
                true if may_rebuild => MergePause::None,
                true => MergePause::UntilRestart,
                false => MergePause::UntilFreeze,
            }
        }
    }
}

/// Makes a damaged run anew. Until it is there, queries that meet the damage fail.
fn rebuild(
    shared: &Shared,
    (home, options): (&Home, &IndexOptions),
    run: &Arc<Run>,
    before: Vec<Arc<Run>>,
) -> MergePause {
    let Some(log) = shared.log.get() else { return MergePause::UntilRestart };
    let is_stopped = || shared.signals.is_stopped();
    let rebuilt =
        rebuild::rebuild(run, before, (home, options.run_entries), log.as_ref(), &is_stopped);
    match rebuilt {
        Ok(Some(runs)) => {
            let count = runs.len();
            shared.replace_runs(std::slice::from_ref(run), runs);
            tracing::info!(
                run.count = count,
                "made the damaged index run {} anew",
                run.file.name()
            );
            if let Err(error) = run.file.remove_damaged() {
                let cause: &dyn std::error::Error = &error;
                tracing::warn!(error = cause, "could not remove the damaged index run");
            }
            MergePause::None
        }
        Ok(None) => MergePause::UntilRestart,
        Err(error) => {
            let cause: &dyn std::error::Error = &error;
            tracing::error!(error = cause, "could not make the damaged index run anew");
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

fn discard_merge(home: &Home, runs: &[Arc<Run>]) {
    if let (Some(oldest), Some(newest)) = (runs.first(), runs.last()) {
        discard(home, oldest.first, newest.end() - oldest.first);
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
fn discard(home: &Home, first: u32, count: u32) {
    let path = home.directory.join(format!("{}.tmp", name_of(first, count)));
    if let Err(error) = remove_if_there(home.disk.as_ref(), &path) {
        let cause: &dyn std::error::Error = &error;
        tracing::warn!(error = cause, "could not remove an unfinished index run");
    }
}

/// Removes the runs that a merged one replaces. What stays is removed at the next start.
fn remove_parts(runs: &[Arc<Run>], home: &Home) {
    let removed: io::Result<()> = runs.iter().try_for_each(|run| run.file.remove());
    if let Err(error) = removed.and_then(|()| sync(home, &home.directory)) {
        tracing::warn!(%error, "could not remove merged runs of the index");
    }
}

fn sync(home: &Home, directory: &Path) -> io::Result<()> {
    home.disk.sync_directory(directory)
}
