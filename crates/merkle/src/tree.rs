//! A tree that grows: what has to be known of it, and the tiles that growing it makes.

use crate::hash::{Hash, peaks, perfect_root, root_of_peaks};
use crate::plan::{TileError, TileSet};
use crate::proof::TreeHead;
use crate::text::SIZE_MAX;
use crate::tile::{TILE_HASHES, TILE_HEIGHT, Tile, TileId, hash_count};

/// A tree, as far as it is needed to append to it and to compute its root: its right edge.
///
/// It takes at most 8 KiB for each of its levels of tiles, whatever its size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    size: u64,
    /// By level, the hashes of the partial tile; none where the last tile is full.
    edge: Vec<Vec<Hash>>,
}

impl Tree {
    /// A tree without leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// The tree of `size` leaves whose partial tiles, those of [`TileId::edge_of`], are in
    /// `tiles`.
    ///
    /// # Errors
    ///
    /// One of them is missing.
    pub fn resume(size: u64, tiles: &TileSet) -> Result<Self, TileError> {
        let mut edge = Vec::new();
        for id in TileId::edge_of(size) {
            edge.resize(usize::from(id.level()), Vec::new());
            edge.push(tiles.hashes(id)?.to_vec());
        }
        Ok(Self { size, edge })
    }

    /// How many leaves it has.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Its root.
    pub fn root(&self) -> Hash {
        let peaks: Vec<Hash> = self.edge.iter().rev().flat_map(|hashes| peaks(hashes)).collect();
        root_of_peaks(&peaks)
    }

    /// Its size and its root.
    pub fn head(&self) -> TreeHead {
        TreeHead { size: self.size, root: self.root() }
    }

    /// Appends leaves, and returns every tile that the tree did not have before.
    ///
    /// They are stored and synced before a checkpoint of the new head is signed. Partial tiles
    /// between two heads that have no checkpoint are never made.
    ///
    /// # Panics
    ///
    /// The tree would have more than [`SIZE_MAX`] leaves.
    pub fn append(&mut self, leaves: &[Hash]) -> Vec<Tile> {
        let count = leaves.len() as u64;
        assert!(count <= SIZE_MAX - self.size, "no log has so many entries");
        let mut tiles = Vec::new();
        let mut arriving = leaves.to_vec();
        for level in 0..=TileId::LEVEL_MAX {
            if arriving.is_empty() {
                break;
            }
            arriving = self.append_to_level(level, arriving, &mut tiles);
        }
        self.size += count;
        tiles
    }

    /// Appends to one level, and returns the hashes that the next one gets from full tiles.
    fn append_to_level(
        &mut self,
        level: u8,
        arriving: Vec<Hash>,
        tiles: &mut Vec<Tile>,
    ) -> Vec<Hash> {
        let place = usize::from(level);
        if self.edge.len() <= place {
            self.edge.push(Vec::new());
        }
        let mut hashes = std::mem::take(&mut self.edge[place]);
        hashes.extend(arriving);
        let first = hash_count(level, self.size) >> TILE_HEIGHT;
        let mut above = Vec::new();
        for (index, hashes) in (first..).zip(hashes.chunks(usize::from(TILE_HASHES))) {
            let width = if hashes.len() < usize::from(TILE_HASHES) {
                self.edge[place] = hashes.to_vec();
                u16::try_from(hashes.len()).unwrap_or(TILE_HASHES)
            } else {
                above.push(perfect_root(hashes));
                TILE_HASHES
            };
            let id = TileId::new(level, index, width);
            tiles.extend(id.map(|id| Tile { id, hashes: hashes.to_vec() }));
        }
        above
    }
}
