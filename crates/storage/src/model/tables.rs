//! Secrets, cursors, tiles and weights.

use acta_access::TenantId;
use async_trait::async_trait;

use super::ModelStorage;
use crate::{
    CursorStore, FairShares, Readiness, SecretStore, StorageError, StoredTile, TilePlace,
    TileStore, Weights,
};

#[async_trait]
impl SecretStore for ModelStorage {
    async fn get_or_create_secret(
        &self,
        name: &str,
        proposed: [u8; 32],
    ) -> Result<[u8; 32], StorageError> {
        Ok(*self.lock().secrets.entry(name.to_owned()).or_insert(proposed))
    }
}

#[async_trait]
impl CursorStore for ModelStorage {
    async fn find_cursor(
        &self,
        tenant: TenantId,
        name: &str,
    ) -> Result<Option<String>, StorageError> {
        Ok(self.with_tenant_data(tenant, |data| data.cursors.get(name).cloned()))
    }

    async fn save_cursor(
        &self,
        tenant: TenantId,
        name: &str,
        value: &str,
    ) -> Result<(), StorageError> {
        self.with_tenant_data(tenant, |data| {
            data.cursors.insert(name.to_owned(), value.to_owned());
        });
        Ok(())
    }
}

#[async_trait]
impl TileStore for ModelStorage {
    async fn extend_tiles(
        &self,
        tenant: TenantId,
        epoch: u64,
        tiles: Vec<StoredTile>,
    ) -> Result<(), StorageError> {
        self.with_tenant_data(tenant, |data| {
            for StoredTile { place, hashes } in tiles {
                let stored = data.tiles.entry((epoch, place)).or_default();
                if !stored.starts_with(&hashes) {
                    *stored = hashes;
                }
            }
        });
        Ok(())
    }

    async fn find_tiles(
        &self,
        tenant: TenantId,
        epoch: u64,
        places: &[TilePlace],
    ) -> Result<Vec<Option<Vec<u8>>>, StorageError> {
        Ok(self.with_tenant_data(tenant, |data| {
            places.iter().map(|place| data.tiles.get(&(epoch, *place)).cloned()).collect()
        }))
    }

    async fn remove_tiles(&self, tenant: TenantId, epoch: u64) -> Result<(), StorageError> {
        self.with_tenant_data(tenant, |data| data.tiles.retain(|(of, _), _| *of != epoch));
        Ok(())
    }
}

#[async_trait]
impl Readiness for ModelStorage {
    async fn check_ready(&self) -> Result<(), StorageError> {
        Ok(())
    }
}

impl FairShares for ModelStorage {
    fn weights(&self) -> &Weights {
        &self.weights
    }
}
