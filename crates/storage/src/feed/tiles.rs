//! The tiles of the Merkle trees over the statements of tenants.

use acta_access::TenantId;
use async_trait::async_trait;

use crate::StorageError;

/// The place of a tile in a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TilePlace {
    /// The level, from 0 for the hashes of statements.
    pub level: u8,
    /// The index within the level.
    pub index: u64,
}

/// A tile as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredTile {
    /// Its place.
    pub place: TilePlace,
    /// Its hashes, one behind the other; more of them when it grows.
    pub hashes: Vec<u8>,
}

/// Stores tiles, by the tenant and the epoch of its tree. They are derived from the statements:
/// they are not copied into other stores, and what is lost of them is made again.
#[async_trait]
pub trait TileStore: Send + Sync {
    /// Stores tiles. One that is stored, is sound and begins with these hashes stays as it is, so
    /// that of two writers of the same log the slower one takes nothing away. Any other one is
    /// replaced, so that damage is corrected. Durable once `Ok`.
    ///
    /// # Errors
    ///
    /// [`StorageError::Busy`], [`StorageError::Full`], [`StorageError::Unavailable`],
    /// [`StorageError::Halted`] or [`StorageError::Io`]; some may be stored.
    async fn extend_tiles(
        &self,
        tenant: TenantId,
        epoch: u64,
        tiles: Vec<StoredTile>,
    ) -> Result<(), StorageError>;

    /// The hashes of tiles, in the order of `places`; none for a tile that is not stored.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`], [`StorageError::Busy`], [`StorageError::Unavailable`] or
    /// [`StorageError::Io`].
    async fn find_tiles(
        &self,
        tenant: TenantId,
        epoch: u64,
        places: &[TilePlace],
    ) -> Result<Vec<Option<Vec<u8>>>, StorageError>;

    /// Removes all tiles of an epoch, which must have ended: somebody may still write those of any
    /// other one.
    ///
    /// # Errors
    ///
    /// As [`TileStore::extend_tiles`]; some may be removed.
    async fn remove_tiles(&self, tenant: TenantId, epoch: u64) -> Result<(), StorageError>;
}
