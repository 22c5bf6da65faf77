//! The index of the statement log: ids, terms, references, voids and places.
//!
//! Derived from the log and rebuilt from it when missing or damaged. The newest entries are
//! in memory; older ones in immutable runs on disk, as drawn in `docs/format/index.md`.
//! What it finds through references is a superset: see [`Candidate::has_target`].
//!
//! It never reads the log by itself: its owner replays into it what the log has more, and
//! gives it a source to load entries from.

mod check;
mod cursor;
#[cfg(fuzzing)]
pub mod fuzzing;
mod index;
mod options;
mod query;
mod reference;
mod resolve;
mod run;
mod signals;
mod tail;
mod view;

pub use check::{Identified, RunCheck, RunSight};
pub use cursor::Candidates;
pub use index::renewal::{RenewalScope, RunsHeld, RunsRenewed, drop_runs};
pub use index::{Index, IndexStatistics};
pub use options::IndexOptions;
pub use query::{Candidate, Found, IndexQuery, SequencePlace};
pub use run::layout::run_positions;
