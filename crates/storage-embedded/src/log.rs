//! The statement log: the truth about statements, append-only.
//!
//! A batch is durable before it is acknowledged, whole or not at all. Bytes that do not
//! check are reported, never skipped. Its format is drawn in `docs/format/log.md`.

pub(crate) mod close;
pub(crate) mod dictionary;
pub(crate) mod frame;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod import;
pub(crate) mod meters;
pub(crate) mod queue;
pub(crate) mod reader;
pub(crate) mod record;
pub(crate) mod sampler;
pub(crate) mod segment;
pub(crate) mod survey;
pub(crate) mod timeline;
pub(crate) mod writer;
