//! Secrets of the store itself.

use acta_storage::{SecretStore, StorageError};
use async_trait::async_trait;

use crate::PostgresStorage;
use crate::database::Database;

impl Database {
    /// As [`SecretStore::get_or_create_secret`].
    pub(crate) async fn get_or_create_secret(
        &self,
        name: &str,
        proposed: [u8; 32],
    ) -> Result<[u8; 32], StorageError> {
        let secret: Vec<u8> = self
            .run("creating a secret", |connection| async move {
                let sql = "INSERT INTO acta.secrets (name, secret) VALUES ($1, $2) \
                     ON CONFLICT (name) DO NOTHING";
                let insert = connection.prepare_cached(sql).await?;
                connection.execute(&insert, &[&name, &&proposed[..]]).await?;
                let sql = "SELECT secret FROM acta.secrets WHERE name = $1";
                let select = connection.prepare_cached(sql).await?;
                Ok(connection.query_one(&select, &[&name]).await?.get(0))
            })
            .await?;
        let corrupt = |_| StorageError::Corrupt { place: format!("acta.secrets, {name}") };
        secret.try_into().map_err(corrupt)
    }
}

#[async_trait]
impl SecretStore for PostgresStorage {
    async fn get_or_create_secret(
        &self,
        name: &str,
        proposed: [u8; 32],
    ) -> Result<[u8; 32], StorageError> {
        self.database.get_or_create_secret(name, proposed).await
    }
}
