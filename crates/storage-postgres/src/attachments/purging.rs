//! All content of a tenant removed.

use std::time::Duration;

use acta_access::TenantId;
use acta_storage::StorageError;

use super::{ContentName, ContentStore};
use crate::credentials::number;
use crate::types::Id;

/// Contents that are removed at once.
const CHUNK_COUNT: i64 = 100;

/// What is done here, for errors.
const PURGING: &str = "removing the attachments of a tenant";

impl ContentStore {
    /// Removes all content of a tenant, named or not. Returns how many were named.
    ///
    /// # Errors
    ///
    /// [`StorageError::Busy`], [`StorageError::Unavailable`], [`StorageError::Full`] or
    /// [`StorageError::Io`]: a part may be removed.
    pub(crate) async fn purge(&self, tenant: TenantId) -> Result<u64, StorageError> {
        let mut count = 0;
        loop {
            let named = self.named(tenant).await?;
            if named.is_empty() {
                break;
            }
            for (sha2, name, is_object) in named {
                self.remove_named(name, &sha2, is_object).await?;
                count += 1;
            }
        }
        self.sweep_tenant(tenant, Duration::ZERO).await?;
        Ok(count)
    }

    async fn named(
        &self,
        tenant: TenantId,
    ) -> Result<Vec<(String, ContentName, bool)>, StorageError> {
        self.database
            .run(PURGING, |connection| async move {
                let sql = "SELECT sha2, content_id, is_object FROM acta.attachments \
                     WHERE tenant_id = $1 LIMIT $2";
                let rows = connection.query(sql, &[&number(tenant), &CHUNK_COUNT]).await?;
                let name = |id: Id| ContentName { tenant, id };
                Ok(rows.iter().map(|row| (row.get(0), name(row.get(1)), row.get(2))).collect())
            })
            .await
    }

    async fn remove_named(
        &self,
        name: ContentName,
        sha2: &str,
        is_object: bool,
    ) -> Result<(), StorageError> {
        if is_object {
            // Before the row that knows of it.
            self.remove_object(name, None).await?;
        }
        self.forget(name, sha2).await
    }

    async fn forget(&self, name: ContentName, sha2: &str) -> Result<(), StorageError> {
        self.database
            .run(PURGING, |connection| async move {
                let tenant = number(name.tenant);
                let sql = "DELETE FROM acta.pieces WHERE tenant_id = $1 AND content_id = $2";
                connection.execute(sql, &[&tenant, &name.id]).await?;
                let sql = "DELETE FROM acta.attachments WHERE tenant_id = $1 AND sha2 = $2";
                connection.execute(sql, &[&tenant, &sha2]).await?;
                Ok(())
            })
            .await
    }
}
