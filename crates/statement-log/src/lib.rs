//! The statement log: the truth about statements, append-only.
//!
//! Here are the disk that every file of a store is opened on, the bytes that files share, and
//! the log itself: records in frames, frames in segments, and how they are read. A batch is
//! one frame, durable before it is acknowledged, whole or not at all. Bytes that do not check
//! are reported, never skipped. The format is drawn in `docs/format/log.md`.
//!
//! When something is written, and what a start does with an unfinished write, is left to the
//! engine.

pub mod close;
pub mod dictionary;
pub mod disk;
pub mod entry;
pub mod format;
pub mod frame;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod reader;
pub mod record;
pub mod sampler;
pub mod segment;
pub mod survey;
pub mod timeline;
