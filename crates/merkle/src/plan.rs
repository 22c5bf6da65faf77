//! Proofs and roots from tiles: which tiles are needed, and what is computed from them.
//!
//! A [`Plan`] needs no tiles, so that those of many proofs can be read at once, and by an
//! engine that waits for its database. [`prove_inclusions`] and the others do both steps with
//! a [`TileReader`]. Hashes are taken from tiles as they are: a maker of proofs verifies what
//! it has made against the head that it is for.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::hash::{Hash, peaks, root_of_peaks};
use crate::proof::{ConsistencyProof, Growth, InclusionProof, LeafPlace, ProofError};
use crate::text::SIZE_MAX;
use crate::tile::{TILE_HASHES, TILE_HEIGHT, TileId};

/// Hashes that are to be computed from the tiles of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    size: u64,
    /// Each hash is the root over perfect subtrees, from the left.
    hashes: Vec<Vec<Node>>,
}

/// A perfect subtree: its height, and its index among those of this height.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Node {
    height: u32,
    index: u64,
}

impl Node {
    /// The tile that the node is computed from, in a tree of `size` leaves, and the place of
    /// its hashes there. None if the tree has not the whole subtree.
    fn tile(self, size: u64) -> Option<(TileId, Range<usize>)> {
        let level = u8::try_from(self.height / TILE_HEIGHT).ok()?;
        let rows = self.height % TILE_HEIGHT;
        let position = self.index << rows;
        let tile = TileId::with_position(level, position, size)?;
        let start = usize::try_from(position % u64::from(TILE_HASHES)).ok()?;
        Some((tile, start..start + (1 << rows)))
    }
}

impl Plan {
    /// The root of a tree.
    pub fn root(size: u64) -> Self {
        Self { size, hashes: vec![divide(0..size)] }
    }

    /// The path of an [`InclusionProof`].
    ///
    /// # Errors
    ///
    /// The tree has no such leaf.
    ///
    /// Spec: RFC 6962, 2.1.1.
    pub fn inclusion(place: LeafPlace) -> Result<Self, ProofError> {
        place.check()?;
        let mut rest = 0..place.size;
        let mut siblings = Vec::new();
        while rest.end - rest.start > 1 {
            let (half, sibling) = halves(&rest, place.index);
            siblings.push(divide(sibling));
            rest = half;
        }
        siblings.reverse();
        Ok(Self { size: place.size, hashes: siblings })
    }

    /// The path of a [`ConsistencyProof`] between trees of two sizes.
    ///
    /// # Errors
    ///
    /// The newer tree is smaller.
    ///
    /// Spec: RFC 6962, 2.1.2.
    pub fn consistency(sizes: Growth<u64>) -> Result<Self, ProofError> {
        let Growth { older, newer } = sizes;
        if newer < older || SIZE_MAX < newer {
            return Err(ProofError::OutOfRange);
        }
        let mut hashes = Vec::new();
        let mut rest = 0..newer;
        while 0 < older && older < rest.end {
            // The half with the last leaf of the older tree.
            let (half, sibling) = halves(&rest, older - 1);
            hashes.push(divide(sibling));
            rest = half;
        }
        // What begins with the first leaf is the older tree itself, whose root is known.
        if rest.start > 0 {
            hashes.push(divide(rest));
        }
        hashes.reverse();
        Ok(Self { size: newer, hashes })
    }

    /// The tiles that are needed, each once, by level and index.
    pub fn tiles(&self) -> impl Iterator<Item = TileId> {
        let nodes = self.hashes.iter().flatten();
        let tiles = nodes.filter_map(|node| node.tile(self.size)).map(|(tile, _)| tile);
        tiles.collect::<BTreeSet<_>>().into_iter()
    }

    /// Computes the hashes.
    ///
    /// # Errors
    ///
    /// A tile is missing.
    pub fn hashes(&self, tiles: &TileSet) -> Result<Vec<Hash>, TileError> {
        let roots = self.hashes.iter().map(|nodes| {
            let roots = nodes.iter().map(|node| tiles.root(*node, self.size));
            Ok(root_of_peaks(&roots.collect::<Result<Vec<_>, _>>()?))
        });
        roots.collect()
    }
}

/// The half of a subtree with the leaf at `index`, and the other half. The left one has the
/// largest power of two that leaves something for the right one.
fn halves(leaves: &Range<u64>, index: u64) -> (Range<u64>, Range<u64>) {
    let left_size = 1 << (leaves.end - leaves.start - 1).ilog2();
    let middle = leaves.start + left_size;
    let (left, right) = (leaves.start..middle, middle..leaves.end);
    if index < middle { (left, right) } else { (right, left) }
}

/// The perfect subtrees of some leaves of a tree, from the left. The leaves begin where one of
/// the largest of these does.
fn divide(leaves: Range<u64>) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut start = leaves.start;
    while start < leaves.end {
        let height = (leaves.end - start).ilog2();
        nodes.push(Node { height, index: start >> height });
        start += 1 << height;
    }
    nodes
}

/// Why hashes cannot be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// The tile was not read. It is to be rebuilt from the statements.
    #[error("{} is missing", .0.path())]
    Missing(TileId),
    /// The tile has too few bytes, or too many. It is to be rebuilt from the statements.
    #[error("{} has a wrong length", .0.path())]
    Length(TileId),
}

/// Tiles that were read.
#[derive(Clone, Debug, Default)]
pub struct TileSet {
    tiles: BTreeMap<TileId, Vec<Hash>>,
}

impl TileSet {
    /// Adds a tile as it is stored.
    ///
    /// A wider tile is cut: when a tile becomes full, what it was before may be removed.
    ///
    /// # Errors
    ///
    /// It has not so many hashes.
    pub fn insert(&mut self, id: TileId, bytes: &[u8]) -> Result<(), TileError> {
        let (hashes, rest) = bytes.as_chunks::<{ Hash::LEN_BYTES }>();
        let width = usize::from(id.width());
        let is_long_enough = (width..=usize::from(TILE_HASHES)).contains(&hashes.len());
        if !is_long_enough || !rest.is_empty() {
            return Err(TileError::Length(id));
        }
        let hashes = hashes.iter().take(width).copied().map(Hash::from_bytes);
        self.tiles.insert(id, hashes.collect());
        Ok(())
    }

    /// The hashes of a tile.
    ///
    /// # Errors
    ///
    /// It was not added.
    pub fn hashes(&self, id: TileId) -> Result<&[Hash], TileError> {
        self.tiles.get(&id).map(Vec::as_slice).ok_or(TileError::Missing(id))
    }

    fn root(&self, node: Node, size: u64) -> Result<Hash, TileError> {
        #[expect(clippy::expect_used, reason = "plans divide only the leaves that there are")]
        let (tile, place) = node.tile(size).expect("the tree has the whole subtree");
        let hashes = self.hashes(tile)?.get(place).ok_or(TileError::Length(tile))?;
        Ok(root_of_peaks(&peaks(hashes)))
    }
}

/// Where tiles are read from.
pub trait TileReader {
    /// Why they cannot be read.
    type Error: std::error::Error + 'static;

    /// Reads tiles at once.
    ///
    /// # Errors
    ///
    /// They cannot be read. A tile that does not exist is left out instead.
    fn read_tiles(&self, ids: &[TileId]) -> Result<TileSet, Self::Error>;
}

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
pub enum ReadError<E: std::error::Error + 'static> {
    /// No such proof can exist: ask for another leaf or size.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// A tile is to be rebuilt.
    #[error(transparent)]
    Tile(#[from] TileError),
    /// What the reader says.
    #[error("cannot read tiles")]
    Reader(#[source] E),
}

/// Proves that leaves are in trees. All tiles are read at once.
///
/// # Errors
///
/// A tree has no such leaf, or its tiles cannot be read.
pub fn prove_inclusions<R: TileReader>(
    reader: &R,
    places: &[LeafPlace],
) -> Result<Vec<InclusionProof>, ReadError<R::Error>> {
    let plans = places.iter().map(|place| Plan::inclusion(*place));
    let plans = plans.collect::<Result<Vec<_>, _>>()?;
    let tiles = read(reader, &plans)?;
    let proofs = places
        .iter()
        .zip(&plans)
        .map(|(place, plan)| Ok(InclusionProof { index: place.index, path: plan.hashes(&tiles)? }));
    proofs.collect()
}

/// Proves that a tree begins with all leaves of an older one.
///
/// # Errors
///
/// The newer tree is smaller, or its tiles cannot be read.
pub fn prove_consistency<R: TileReader>(
    reader: &R,
    sizes: Growth<u64>,
) -> Result<ConsistencyProof, ReadError<R::Error>> {
    let plan = Plan::consistency(sizes)?;
    let tiles = read(reader, std::slice::from_ref(&plan))?;
    Ok(ConsistencyProof { path: plan.hashes(&tiles)? })
}

/// The root of a tree of `size` leaves.
///
/// # Errors
///
/// Its tiles cannot be read.
pub fn read_root<R: TileReader>(reader: &R, size: u64) -> Result<Hash, ReadError<R::Error>> {
    let plan = Plan::root(size);
    let tiles = read(reader, std::slice::from_ref(&plan))?;
    Ok(plan.hashes(&tiles)?.first().copied().unwrap_or(Hash::EMPTY))
}

fn read<R: TileReader>(reader: &R, plans: &[Plan]) -> Result<TileSet, ReadError<R::Error>> {
    let ids: BTreeSet<TileId> = plans.iter().flat_map(Plan::tiles).collect();
    let ids: Vec<TileId> = ids.into_iter().collect();
    reader.read_tiles(&ids).map_err(ReadError::Reader)
}
