//! Proof that the statements of a tenant are unchanged: the logs of `docs/format/proof.md`, kept.
//!
//! [`ProofFollower`] appends the statements of each tenant to a Merkle tree: first its tiles are
//! stored, then its head, by comparison with the head before. [`Proofs`] signs what is stored and
//! nothing else, so two heads of one log never contradict each other, whichever node has made
//! them and wherever it was stopped. Every proof is verified before it is handed out.
//!
//! Trees, notes and proofs themselves are those of `acta_merkle`. Who may read them is for others
//! to decide.

mod check;
mod entries;
mod follower;
mod proofs;

pub use check::{CheckedLogs, check_logs};
pub use follower::ProofFollower;
pub use proofs::{LogChoice, LogState, ProofOptions, Proofs, ProveError, Proven};
