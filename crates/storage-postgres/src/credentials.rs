//! Tenants, credentials and secrets.

use acta_access::TenantId;
use acta_ambient::Moment;
use acta_storage::{Credential, CredentialStore, StorageError, Tenant};
use async_trait::async_trait;
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;

use crate::PostgresStorage;
use crate::database::{Connection, Database};
use crate::failure::Failure;
use crate::types::Timestamp;

/// The name of the tenant that a store starts with.
const FIRST_TENANT_NAME: &str = "default";

/// The number of a tenant as the database has it.
pub(crate) fn number(tenant: TenantId) -> i32 {
    // The database's integers are as wide: the numbers above its greatest come out negative
    // and are still one for each.
    tenant.number().cast_signed()
}

/// The tenant with this number in the database.
pub(crate) fn tenant_of(number: i32) -> Result<TenantId, Failure> {
    let tenant = TenantId::new(number.cast_unsigned());
    tenant.ok_or_else(|| StorageError::Corrupt { place: "acta.tenants, number 0".into() }.into())
}

impl Database {
    /// As [`CredentialStore::settle_secret`].
    pub(crate) async fn settle_secret(
        &self,
        name: &str,
        proposed: [u8; 32],
    ) -> Result<[u8; 32], StorageError> {
        let secret: Vec<u8> = self
            .run("settling a secret", |connection| async move {
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

    /// Makes the tenant that every store starts with, unless it is there.
    pub(crate) async fn make_first_tenant(&self) -> Result<(), StorageError> {
        let created = self.clock.now();
        self.transact("making the first tenant", |connection| async move {
            let sql = "INSERT INTO acta.tenants (tenant_id, name, created) VALUES ($1, $2, $3) \
                 ON CONFLICT (tenant_id) DO NOTHING";
            let id = number(TenantId::FIRST);
            connection.execute(sql, &[&id, &FIRST_TENANT_NAME, &Timestamp(created)]).await?;
            insert_counter(&connection, id).await
        })
        .await
    }
}

/// Gives a tenant the row that its statements are counted in, unless it has one.
pub(crate) async fn insert_counter(connection: &Connection, id: i32) -> Result<(), Failure> {
    let sql = "INSERT INTO acta.counters \
         (tenant_id, last_sequence, last_stored, vouched, has_references) \
         VALUES ($1, 0, $2, $2, false) ON CONFLICT (tenant_id) DO NOTHING";
    connection.execute(sql, &[&id, &i64::MIN]).await?;
    Ok(())
}

#[async_trait]
impl CredentialStore for PostgresStorage {
    async fn list_tenants(&self) -> Result<Vec<Tenant>, StorageError> {
        self.database
            .run("listing tenants", |connection| async move {
                let sql = "SELECT tenant_id, name, created FROM acta.tenants ORDER BY tenant_id";
                let rows = connection.query(sql, &[]).await?;
                rows.iter().map(read_tenant).collect()
            })
            .await
    }

    async fn create_tenant(&self, name: &str, created: Moment) -> Result<TenantId, StorageError> {
        // Of two that are made at once, one finds its number taken and takes the next.
        let mut attempts = self.database.attempts("making a tenant");
        loop {
            let made = self
                .database
                .transact_once(|connection| async move {
                    let sql = "INSERT INTO acta.tenants (tenant_id, name, created) \
                         SELECT coalesce(max(tenant_id), 0) + 1, $1, $2 FROM acta.tenants \
                         RETURNING tenant_id";
                    let row = connection.query_one(sql, &[&name, &Timestamp(created)]).await?;
                    let id: i32 = row.get(0);
                    insert_counter(&connection, id).await?;
                    tenant_of(id)
                })
                .await;
            match made {
                Ok(tenant) => return Ok(tenant),
                Err(failure) if failure.code() == Some(&SqlState::UNIQUE_VIOLATION) => {}
                Err(failure) => attempts.again(failure).await?,
            }
        }
    }

    async fn find_credential(&self, key: &str) -> Result<Option<Credential>, StorageError> {
        if key.contains('\0') {
            // No text in the database holds this character, so no key does.
            return Ok(None);
        }
        self.database
            .run("finding a credential", |connection| async move {
                let sql = "SELECT key, tenant_id, label, secret_mac, scopes, created \
                     FROM acta.credentials WHERE key = $1";
                let select = connection.prepare_cached(sql).await?;
                let row = connection.query_opt(&select, &[&key]).await?;
                row.as_ref().map(read_credential).transpose()
            })
            .await
    }

    async fn insert_credential(&self, credential: &Credential) -> Result<bool, StorageError> {
        let Credential { key, tenant, label, secret_mac, scopes, created } = credential;
        let mut attempts = self.database.attempts("adding a credential");
        let mut is_first = true;
        loop {
            let added = self.database.run_once(|connection| async move {
                let sql = "INSERT INTO acta.credentials \
                     (key, tenant_id, label, secret_mac, scopes, created) \
                     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (key) DO NOTHING";
                let id = number(*tenant);
                let scopes = scopes.to_string();
                let (secret_mac, created) = (&secret_mac[..], Timestamp(*created));
                let columns: [&(dyn ToSql + Sync); 6] =
                    [&key, &id, &label, &secret_mac, &scopes, &created];
                let is_added = 0 < connection.execute(sql, &columns).await?;
                if is_added || is_first {
                    return Ok(is_added);
                }
                // It may have been added by the attempt whose answer was lost.
                let sql = "SELECT FROM acta.credentials \
                     WHERE key = $1 AND tenant_id = $2 AND secret_mac = $3 AND created = $4";
                let columns: [&(dyn ToSql + Sync); 4] = [&key, &id, &secret_mac, &created];
                Ok(connection.query_opt(sql, &columns).await?.is_some())
            });
            match added.await {
                Ok(is_added) => return Ok(is_added),
                Err(failure) => attempts.again(failure).await?,
            }
            is_first = false;
        }
    }

    async fn list_credentials(&self, tenant: TenantId) -> Result<Vec<Credential>, StorageError> {
        self.database
            .run("listing credentials", |connection| async move {
                let sql = "SELECT key, tenant_id, label, secret_mac, scopes, created \
                     FROM acta.credentials WHERE tenant_id = $1 ORDER BY created, key";
                let rows = connection.query(sql, &[&number(tenant)]).await?;
                rows.iter().map(read_credential).collect()
            })
            .await
    }

    async fn settle_secret(
        &self,
        name: &str,
        proposed: [u8; 32],
    ) -> Result<[u8; 32], StorageError> {
        self.database.settle_secret(name, proposed).await
    }
}

fn read_tenant(row: &Row) -> Result<Tenant, Failure> {
    let Timestamp(created) = row.get("created");
    Ok(Tenant { id: tenant_of(row.get("tenant_id"))?, name: row.get("name"), created })
}

fn read_credential(row: &Row) -> Result<Credential, Failure> {
    let key: String = row.get("key");
    let corrupt = || StorageError::Corrupt { place: format!("acta.credentials, {key}") };
    let Timestamp(created) = row.get("created");
    let (secret_mac, scopes): (Vec<u8>, &str) = (row.get("secret_mac"), row.get("scopes"));
    Ok(Credential {
        tenant: tenant_of(row.get("tenant_id"))?,
        label: row.get("label"),
        secret_mac: secret_mac.try_into().map_err(|_len| corrupt())?,
        scopes: scopes.parse().map_err(|_unknown| corrupt())?,
        created,
        key,
    })
}
