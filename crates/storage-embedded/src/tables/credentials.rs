//! Tenants, credentials and the store's own secrets in the tables.

use acta_access::TenantId;
use acta_ambient::Moment;
use acta_storage::{Credential, CredentialStore, StorageError, Tenant};
use async_trait::async_trait;
use rusqlite::types::Type;
use rusqlite::{OptionalExtension, Row, params};

use super::Tables;
use super::checksum::{self, is_sound, sum};
use super::failure::{corrupt_row, failed};

#[async_trait]
impl CredentialStore for Tables {
    async fn list_tenants(&self) -> Result<Vec<Tenant>, StorageError> {
        self.read(|connection| {
            let failed = failed("listing tenants");
            let sql = concat!(
                "SELECT tenant_id, name, created, ",
                is_sound!(tenants),
                " FROM tenants ORDER BY tenant_id"
            );
            let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
            let tenants = statement.query_map([], read_tenant).map_err(&failed)?;
            tenants.collect::<rusqlite::Result<_>>().map_err(failed)
        })
        .await
    }

    async fn create_tenant(&self, name: &str, created: Moment) -> Result<TenantId, StorageError> {
        let name = name.to_owned();
        self.write(move |connection| {
            let failed = failed("making a tenant");
            let sql = "INSERT INTO tenants (name, created) VALUES (?1, ?2)";
            let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
            let row = statement.insert(params![name, created.unix_micros()]).map_err(&failed)?;
            // Only now is the number known, which the checksum covers.
            let sql = concat!("UPDATE tenants SET checksum = ", sum!(tenants), " WHERE rowid = ?1");
            connection.prepare_cached(sql).map_err(&failed)?.execute([row]).map_err(failed)?;
            let number = u32::try_from(row).ok();
            number.and_then(TenantId::new).ok_or_else(|| corrupt_row("tenants", row))
        })
        .await
    }

    async fn find_credential(&self, key: &str) -> Result<Option<Credential>, StorageError> {
        let key = key.to_owned();
        self.read(move |connection| {
            let failed = failed("reading a credential");
            let sql = concat!(
                "SELECT rowid, tenant_id, key, label, secret_mac, scopes, created, ",
                is_sound!(credentials),
                " FROM credentials WHERE key = ?1"
            );
            let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
            let found = statement.query_row([key], read_credential).optional();
            found.map_err(failed)
        })
        .await
    }

    async fn insert_credential(&self, credential: &Credential) -> Result<bool, StorageError> {
        let credential = credential.clone();
        self.write(move |connection| {
            let failed = failed("adding a credential");
            let sql = "INSERT INTO credentials \
                 (tenant_id, key, label, secret_mac, scopes, created, checksum) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, \
                 acta_sum('credentials', ?1, ?2, ?3, ?4, ?5, ?6)) ON CONFLICT DO NOTHING";
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
            let sql = concat!(
                "SELECT rowid, tenant_id, key, label, secret_mac, scopes, created, ",
                is_sound!(credentials),
                " FROM credentials WHERE tenant_id = ?1 ORDER BY created, rowid"
            );
            let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
            let credentials =
                statement.query_map([tenant.number()], read_credential).map_err(&failed)?;
            credentials.collect::<rusqlite::Result<_>>().map_err(failed)
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
            let insert = "INSERT INTO secrets (name, value, checksum) \
                 VALUES (?1, ?2, acta_sum('secrets', ?1, ?2)) ON CONFLICT DO NOTHING";
            let mut statement = connection.prepare_cached(insert).map_err(&failed)?;
            statement.execute(params![name, proposed]).map_err(&failed)?;
            let select = concat!(
                "SELECT name, value, ",
                is_sound!(secrets),
                " FROM secrets WHERE name = ?1"
            );
            let mut statement = connection.prepare_cached(select).map_err(&failed)?;
            let read = |row: &Row<'_>| {
                checksum::check(row, "secrets", "name")?;
                row.get("value")
            };
            statement.query_row([name], read).map_err(failed)
        })
        .await
    }
}

fn read_tenant(row: &Row<'_>) -> rusqlite::Result<Tenant> {
    checksum::check(row, "tenants", "tenant_id")?;
    Ok(Tenant {
        id: read_tenant_id(row)?,
        name: row.get("name")?,
        created: Moment::from_unix_micros(row.get("created")?),
    })
}

fn read_credential(row: &Row<'_>) -> rusqlite::Result<Credential> {
    checksum::check(row, "credentials", "rowid")?;
    let scopes: String = row.get("scopes")?;
    Ok(Credential {
        key: row.get("key")?,
        tenant: read_tenant_id(row)?,
        label: row.get("label")?,
        secret_mac: row.get("secret_mac")?,
        scopes: scopes.parse().map_err(|unknown| {
            rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(unknown))
        })?,
        created: Moment::from_unix_micros(row.get("created")?),
    })
}

fn read_tenant_id(row: &Row<'_>) -> rusqlite::Result<TenantId> {
    let number: u32 = row.get("tenant_id")?;
    TenantId::new(number).ok_or(rusqlite::Error::IntegralValueOutOfRange(0, 0))
}
