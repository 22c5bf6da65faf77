//! Proofs that a leaf is in a tree, and that a tree continues another.
//!
//! What is verified here needs neither the tree nor its tiles: a proof, and the heads that a
//! verifier trusts.

use crate::hash::Hash;
use crate::text::SIZE_MAX;

/// Most hashes of a proof: the height of the largest tree.
pub const PATH_HASHES_MAX: usize = 63;

/// The size of a tree, and its root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeHead {
    /// How many leaves there are.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

impl TreeHead {
    /// The head of the tree without leaves.
    pub const EMPTY: Self = Self { size: 0, root: Hash::EMPTY };
}

/// A leaf within a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeafPlace {
    /// Index of the leaf, from 0.
    pub index: u64,
    /// How many leaves the tree has.
    pub size: u64,
}

impl LeafPlace {
    pub(crate) fn check(self) -> Result<(), ProofError> {
        let exists = self.index < self.size && self.size <= SIZE_MAX;
        if exists { Ok(()) } else { Err(ProofError::OutOfRange) }
    }
}

/// A tree at two times: sizes, or heads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Growth<T> {
    /// As it was.
    pub older: T,
    /// As it became.
    pub newer: T,
}

/// Why a proof proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// No proof can exist: ask for another leaf or size.
    #[error("the tree has no such leaf, or is no larger tree than the other")]
    OutOfRange,
    /// The proof has too few or too many hashes for these sizes: it is for others.
    #[error("the proof has another number of hashes than these sizes need")]
    Length,
    /// The hashes do not lead to the root. What is to be proved is not true, or the proof is
    /// damaged.
    #[error("the proof leads to another root")]
    Root,
}

/// Proof that a leaf is in a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InclusionProof {
    /// Index of the leaf, from 0.
    pub index: u64,
    /// The siblings of the nodes from the leaf up to the root.
    pub path: Vec<Hash>,
}

impl InclusionProof {
    /// Checks that the tree with this head has `leaf` at the index of the proof.
    ///
    /// # Errors
    ///
    /// It is not proved, and why.
    ///
    /// Spec: RFC 9162, 2.1.3.2.
    pub fn verify(&self, leaf: &Hash, head: &TreeHead) -> Result<(), ProofError> {
        LeafPlace { index: self.index, size: head.size }.check()?;
        let mut climb = Climb { node: self.index, last: head.size - 1 };
        let mut root = *leaf;
        for sibling in &self.path {
            root = match climb.step().ok_or(ProofError::Length)? {
                Side::Left => Hash::of_children([sibling, &root]),
                Side::Right => Hash::of_children([&root, sibling]),
            };
        }
        climb.check_end()?;
        if root == head.root { Ok(()) } else { Err(ProofError::Root) }
    }
}

/// Proof that a tree begins with all leaves of an older one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsistencyProof {
    /// The nodes that both roots can be computed from, in the order of RFC 6962.
    pub path: Vec<Hash>,
}

impl ConsistencyProof {
    /// Checks that the newer tree continues the older one.
    ///
    /// Of two trees of the same size, the roots must be equal. Every tree continues the one
    /// without leaves. Neither takes hashes.
    ///
    /// # Errors
    ///
    /// It is not proved, and why.
    ///
    /// Spec: RFC 9162, 2.1.4.2.
    pub fn verify(&self, growth: &Growth<TreeHead>) -> Result<(), ProofError> {
        let Growth { older, newer } = growth;
        if newer.size < older.size || SIZE_MAX < newer.size {
            return Err(ProofError::OutOfRange);
        }
        if older.size == newer.size {
            let is_root = older.size > 0 || older.root == Hash::EMPTY;
            return self.verify_without_path(is_root && older.root == newer.root);
        }
        if older.size == 0 {
            return self.verify_without_path(older.root == Hash::EMPTY);
        }
        self.verify_growth(older, newer)
    }

    fn verify_without_path(&self, are_roots_right: bool) -> Result<(), ProofError> {
        if !self.path.is_empty() {
            return Err(ProofError::Length);
        }
        if are_roots_right { Ok(()) } else { Err(ProofError::Root) }
    }

    /// Computes both roots from the last complete node of the older tree upward.
    fn verify_growth(&self, older: &TreeHead, newer: &TreeHead) -> Result<(), ProofError> {
        let mut climb = Climb { node: older.size - 1, last: newer.size - 1 };
        climb.skip_right_children();
        let mut path = self.path.iter();
        // A perfect older tree is a node of the newer one, and its root is known.
        let first = if older.size.is_power_of_two() { Some(&older.root) } else { path.next() };
        let first = first.ok_or(ProofError::Length)?;
        let (mut older_root, mut newer_root) = (*first, *first);
        for sibling in path {
            match climb.step().ok_or(ProofError::Length)? {
                Side::Left => {
                    older_root = Hash::of_children([sibling, &older_root]);
                    newer_root = Hash::of_children([sibling, &newer_root]);
                }
                Side::Right => newer_root = Hash::of_children([&newer_root, sibling]),
            }
        }
        climb.check_end()?;
        let is_proved = older_root == older.root && newer_root == newer.root;
        if is_proved { Ok(()) } else { Err(ProofError::Root) }
    }
}

/// On which side of a node its sibling is.
enum Side {
    Left,
    Right,
}

/// The way from a node to the root, row by row.
struct Climb {
    /// Index of the node in its row.
    node: u64,
    /// Index of the last node in this row.
    last: u64,
}

impl Climb {
    /// Goes up by one sibling. None if the node is the root.
    fn step(&mut self) -> Option<Side> {
        if self.last == 0 {
            return None;
        }
        let is_left = self.node % 2 == 1 || self.node == self.last;
        if is_left {
            // The last node of a row without a sibling stands in the rows above as it is.
            while self.node.is_multiple_of(2) && self.node > 0 {
                self.rise();
            }
        }
        self.rise();
        Some(if is_left { Side::Left } else { Side::Right })
    }

    /// Goes up to the first ancestor that is a left child, or the root.
    fn skip_right_children(&mut self) {
        while self.node % 2 == 1 {
            self.rise();
        }
    }

    fn rise(&mut self) {
        self.node /= 2;
        self.last /= 2;
    }

    fn check_end(&self) -> Result<(), ProofError> {
        if self.last == 0 { Ok(()) } else { Err(ProofError::Length) }
    }
}
