//! Proof that statements are unchanged: a tenant's statements as the leaves of a Merkle tree.
//!
//! Pure: no clock, file, socket, log or async. Trees and proofs are those of RFC 6962 and
//! RFC 9162, the formats are those of C2SP (tlog-tiles, tlog-checkpoint, signed-note,
//! tlog-cosignature, tlog-proof, tlog-witness); `docs/format/proof.md` draws every byte. Every
//! parser accepts exactly what printing its value gives. Where tiles are stored, who may read
//! them, and which keys are trusted is for others to decide.

mod checkpoint;
mod entry;
mod hash;
mod key;
mod note;
mod plan;
mod proof;
mod proof_file;
mod signature;
mod text;
mod tile;
mod tree;
mod witness;

#[cfg(test)]
mod tests;

pub use checkpoint::{Checkpoint, Origin, SignedCheckpoint, Trust, Trusted};
pub use entry::{Entry, SALT_BYTES, decode_bundle, encode_bundle, preimage};
pub use hash::Hash;
pub use key::{Cosigner, SignatureKind, Signer, VerifierKey};
pub use note::{Note, SignatureError};
pub use plan::{
    Plan, ReadError, TileError, TileReader, TileSet, prove_consistency, prove_inclusions, read_root,
};
pub use proof::{
    ConsistencyProof, Growth, InclusionProof, LeafPlace, PATH_HASHES_MAX, ProofError, TreeHead,
};
pub use proof_file::{ProofFile, ProofFileError};
pub use signature::{KeyId, KeyName, NoteSignature, Verified};
pub use text::{Malformed, SIZE_MAX};
pub use tile::{BundleId, TILE_HASHES, Tile, TileId, TilePath};
pub use tree::Tree;
pub use witness::{AddCheckpoint, Answer, Refusal, WitnessedLog, judge};
