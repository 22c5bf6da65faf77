//! Rows of facts: flattened from statements, in columns, in memory and on disk.

pub(crate) mod batch;
pub(crate) mod block;
pub(crate) mod chunk;
pub(crate) mod dictionary;
pub(crate) mod fields;
mod packing;
pub(crate) mod segment;
