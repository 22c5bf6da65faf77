//! Proofs that statements are unchanged.

use crate::section::section;
use crate::value_spec::yes_or_no;

section! {
    /// Proofs that statements are unchanged.
    #[derive(Clone, Debug)]
    pub struct Proof in "proof." {
        /// Whether the server keeps a signed Merkle tree over the statements of each tenant, by
        /// which statements are proved. It takes about 35 bytes for each statement. Set
        /// `public_url` before: its host is part of the names of the trees.
        pub enabled: bool = yes_or_no().default("false"),
    }
}
