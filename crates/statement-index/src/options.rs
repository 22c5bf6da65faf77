//! How an index is made.

/// How the index is kept.
#[derive(Clone, Debug)]
pub struct IndexOptions {
    /// Entries in memory before they are written as a run.
    pub run_entries: u32,
    /// How many runs of a size are merged into one, at least 2.
    pub merge_fan_in: u32,
    /// Says with which key and rules the terms were made. Runs made with another one are
    /// dropped and built again.
    pub fingerprint: u64,
}

impl IndexOptions {
    /// What a server uses.
    pub const fn new(fingerprint: u64) -> Self {
        Self { run_entries: 262_144, merge_fan_in: 4, fingerprint }
    }
}
