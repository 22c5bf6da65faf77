//! How far a backup or a restore has come.

use std::cell::Cell;

/// What is being copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyStage {
    /// Documents, credentials and other things that change in place.
    Tables,
    /// Statements.
    Log,
    /// Contents of attachments.
    Attachments,
    /// All files of a backup, one after the other.
    Files,
}

/// How far a stage has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyProgress {
    /// What is being copied.
    pub stage: CopyStage,
    /// Bytes that were read, or need not be.
    pub done_bytes: u64,
    /// Bytes of the stage.
    pub total_bytes: u64,
}

/// Called again and again while files are copied.
pub type OnCopy<'a> = &'a dyn Fn(CopyProgress);

/// Bytes between two calls, so that small files do not cost a call each.
const STEP_BYTES: u64 = 1 << 20;

/// Adds up, and reports now and then.
pub(super) struct Meter<'a> {
    on_progress: OnCopy<'a>,
    stage: Cell<CopyStage>,
    done: Cell<u64>,
    reported: Cell<u64>,
    total: Cell<u64>,
}

impl<'a> Meter<'a> {
    pub(super) fn new(on_progress: OnCopy<'a>) -> Self {
        Self {
            on_progress,
            stage: Cell::new(CopyStage::Files),
            done: Cell::new(0),
            reported: Cell::new(0),
            total: Cell::new(0),
        }
    }

    /// Tells how far a stage has come that adds up by itself.
    pub(super) fn show(&self, stage: CopyStage, done_bytes: u64, total_bytes: u64) {
        // What is copied may have grown since it was measured.
        let done_bytes = done_bytes.min(total_bytes);
        (self.on_progress)(CopyProgress { stage, done_bytes, total_bytes });
    }

    /// Begins a stage of `total` bytes.
    pub(super) fn begin(&self, stage: CopyStage, total: u64) {
        self.stage.set(stage);
        self.total.set(total);
        self.done.set(0);
        self.reported.set(0);
        self.show(stage, 0, total);
    }

    /// Counts bytes of the stage.
    pub(super) fn add(&self, bytes: u64) {
        let (done, total) = (self.done.get() + bytes, self.total.get());
        self.done.set(done);
        if self.reported.get() + STEP_BYTES <= done || total <= done {
            self.reported.set(done);
            self.show(self.stage.get(), done, total);
        }
    }
}
