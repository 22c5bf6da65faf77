//! Tenants, credentials and the store's own secrets in the tables.

use acta_access::TenantId;
use acta_ambient::Moment;
use acta_storage::{Credential, CredentialStore, StorageError, Tenant};
use async_trait::async_trait;
use rusqlite::types::Type;
use rusqlite::{OptionalExtension, Row, params};

use super::Tables;
use super::failure::{corrupt_row, failed};

#[async_trait]
impl CredentialStore for Tables {
    async fn list_tenants(&self) -> Result<Vec<Tenant>, StorageError> {
        self.read(|connection| {
            let failed = failed("listing tenants");
            let sql = "SELECT tenant_id, name, created FROM tenants ORDER BY tenant_id";
            let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
            let tenants = statement.query_map([], read_tenant).map_err(&failed)?;
            tenants.collect::<rusqlite::Result<_>>().map_err(decoded("tenants", failed))
        })
        .await
    }

    async fn create_tenant(&self, name: &str, created: Moment) -> Result<TenantId, StorageError> {
        let name = name.to_owned();
        self.write(move |connection| {
            let failed = failed("making a tenant");
            let sql = "INSERT INTO tenants (name, created) VALUES (?1, ?2)";
            let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
            let row = statement.insert(params![name, created.unix_micros()]).map_err(failed)?;
            let number = u32::try_from(row).ok();
            number.and_then(TenantId::new).ok_or_else(|| corrupt_row("tenants", row))
        })
        .await
    }

    async fn find_credential(&self, key: &str) -> Result<Option<Credential>, StorageError> {
        let key = key.to_owned();
        self.read(move |connection| {
            let failed = failed("reading a credential");
            let sql = "SELECT tenant_id, key, label, secret_mac, scopes, created \
                 FROM credentials WHERE key = ?1";
            let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
            let found = statement.query_row([key], read_credential).optional();
            found.map_err(decoded("credentials", failed))
        })
        .await
    }

    async fn insert_credential(&self, credential: &Credential) -> Result<bool, StorageError> {
        let credential = credential.clone();
        self.write(move |connection| {
            let failed = failed("adding a credential");
            let sql = "INSERT INTO credentials \
                 (tenant_id, key, label, secret_mac, scopes, created) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING";
            let Credential { key, tenant, label, secret_mac, scopes, created } = credential;
            let (scopes, created) = (scopes.to_string(), created.unix_micros());
            let columns = params![tenant.number(), key, label, secret_mac, scopes, created];
            let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
            Ok(statement.execute(columns).map_err(failed)? == 1)
        })
        .await
    }

    async fn list_credentials(&self, tenant: TenantId) -> Result<Vec<Credential>, StorageError> {
        self.read(move |connection| {
            let failed = failed("listing credentials");
            let sql = "SELECT tenant_id, key, label, secret_mac, scopes, created \
                 FROM credentials WHERE tenant_id = ?1 ORDER BY created, rowid";
            let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
            let credentials =
                statement.query_map([tenant.number()], read_credential).map_err(&failed)?;
            credentials.collect::<rusqlite::Result<_>>().map_err(decoded("credentials", failed))
        })
        .await
    }

    async fn settle_secret(
        &self,
        name: &str,
        proposed: [u8; 32],
    ) -> Result<[u8; 32], StorageError> {
        let name = name.to_owned();
        self.write(move |connection| {
            let failed = failed("settling a secret");
            let insert = "INSERT INTO secrets (name, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
            let mut statement = connection.prepare_cached(insert).map_err(&failed)?;
            statement.execute(params![name, proposed]).map_err(&failed)?;
            let select = "SELECT value FROM secrets WHERE name = ?1";
            let mut statement = connection.prepare_cached(select).map_err(&failed)?;
            statement.query_row([name], |row| row.get(0)).map_err(decoded("secrets", failed))
        })
        .await
    }
}

fn read_tenant(row: &Row<'_>) -> rusqlite::Result<Tenant> {
    Ok(Tenant {
        id: read_tenant_id(row, 0)?,
        name: row.get(1)?,
        created: Moment::from_unix_micros(row.get(2)?),
    })
}

fn read_credential(row: &Row<'_>) -> rusqlite::Result<Credential> {
    let scopes: String = row.get(4)?;
    Ok(Credential {
        key: row.get(1)?,
        tenant: read_tenant_id(row, 0)?,
        label: row.get(2)?,
        secret_mac: row.get(3)?,
        scopes: scopes.parse().map_err(|unknown| {
            rusqlite::Error::FromSqlConversionFailure(4, Type::Text, Box::new(unknown))
        })?,
        created: Moment::from_unix_micros(row.get(5)?),
    })
}

fn read_tenant_id(row: &Row<'_>, column: usize) -> rusqlite::Result<TenantId> {
    let number: u32 = row.get(column)?;
    TenantId::new(number).ok_or(rusqlite::Error::IntegralValueOutOfRange(column, 0))
}

/// As `failed`, but a value that is not what its column promises is damage.
fn decoded(
    table: &'static str,
    failed: impl Fn(rusqlite::Error) -> StorageError,
) -> impl Fn(rusqlite::Error) -> StorageError {
    use rusqlite::Error::{FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType};
    move |error| {
        let is_damage = matches!(
            error,
            FromSqlConversionFailure(..) | IntegralValueOutOfRange(..) | InvalidColumnType(..)
        );
        if is_damage {
            StorageError::Corrupt { place: format!("a value of table {table}") }
        } else {
            failed(error)
        }
    }
}
