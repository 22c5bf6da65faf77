//! How far followers have come, in the tables, and what they make there.

mod entities;
mod position;

use std::collections::HashMap;

use acta_access::TenantId;
use acta_storage::{Advanced, FollowerName, FollowerStep, StorageError};
use rusqlite::{Connection, params};

use super::checksum::is_sound;
use super::failure::{corrupt_row, failed};
use super::open::WriteShare;
use super::{Tables, schema};
use entities::MergedFacts;
use position::{READING, find_position, read_position};

/// How far each follower has come in each tenant's log, by its name.
pub(crate) type Positions = HashMap<String, HashMap<TenantId, u64>>;

impl Tables {
    /// How far all followers have come.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`] or [`StorageError::Io`].
    pub(crate) fn read_positions(&self) -> Result<Positions, StorageError> {
        let connection = schema::open_reader(self.readers.file())?;
        let sql =
            concat!("SELECT tenant_id, name, sequence, ", is_sound!(followers), " FROM followers");
        let mut statement = connection.prepare(sql).map_err(failed(READING))?;
        let mut rows = statement.query([]).map_err(failed(READING))?;
        let mut positions = Positions::new();
        while let Some(row) = rows.next().map_err(failed(READING))? {
            let (sequence, name, tenant) =
                (|| Ok((read_position(row)?, row.get("name")?, row.get("tenant_id")?)))()
                    .map_err(failed(READING))?;
            let tenant = TenantId::new(tenant).ok_or_else(|| corrupt_row("followers", tenant))?;
            let of_follower: &mut HashMap<_, _> = positions.entry(name).or_default();
            of_follower.insert(tenant, sequence);
        }
        Ok(positions)
    }

    /// As [`acta_storage::Feed::advance`].
    pub(crate) async fn advance(
        &self,
        follower: FollowerName,
        step: FollowerStep,
    ) -> Result<Advanced, StorageError> {
        let (tenant, from, to) = (step.tenant, step.from, step.to);
        let name = follower.as_str();
        let effects = step.effects;
        // What is written is worked out beside the one thread that writes. It is right as long as
        // the position is the same.
        let merged = self
            .read(move |connection| {
                if find_position(connection, name, tenant)? != from {
                    return Ok(None);
                }
                let merged = MergedFacts::of(connection, tenant, &effects.entity_facts);
                merged.map(Some).map_err(failed(READING))
            })
            .await?;
        let Some(merged) = merged else { return Ok(Advanced::Moved) };
        let share = WriteShare::of(tenant, merged.cost());
        self.write_of(share, move |connection| {
            if find_position(connection, name, tenant)? != from {
                return Ok(Advanced::Moved);
            }
            let failed = failed("writing what a follower made");
            merged.write(connection, tenant).map_err(&failed)?;
            write_position(connection, name, tenant, to).map_err(failed)?;
            Ok(Advanced::Done)
        })
        .await
    }

    /// Sets a follower back to the beginning, of every tenant or of one, and drops what it made
    /// here. Not for threads of the runtime.
    ///
    /// # Errors
    ///
    /// As [`acta_storage::Feed::advance`].
    pub(crate) fn reset_follower_blocking(
        &self,
        follower: String,
        tenant: Option<TenantId>,
    ) -> Result<(), StorageError> {
        self.writer.write_blocking(move |connection| reset(connection, &follower, tenant))
    }

    /// As [`acta_storage::Feed::reset_follower`].
    pub(crate) async fn reset_follower(&self, follower: FollowerName) -> Result<(), StorageError> {
        self.write(move |connection| reset(connection, follower.as_str(), None)).await
    }

    /// Sets all followers back to the beginning, and drops what they made here. Not for threads
    /// of the runtime.
    ///
    /// # Errors
    ///
    /// As [`acta_storage::Feed::advance`].
    pub(crate) fn reset_followers_blocking(&self) -> Result<(), StorageError> {
        self.writer.write_blocking(|connection| {
            reset(connection, FollowerName::ENTITIES.as_str(), None)?;
            let reset = connection.execute("DELETE FROM followers", []);
            reset.map(|_| ()).map_err(failed("setting followers back"))
        })
    }
}

/// At least how many statements the log must have, by what followers have read of it.
///
/// # Errors
///
/// [`StorageError::Corrupt`] or [`StorageError::Io`].
pub(super) fn count_followed(connection: &Connection) -> Result<u64, StorageError> {
    let sql = "SELECT coalesce(sum(sequence), 0) FROM \
         (SELECT max(sequence) AS sequence FROM followers GROUP BY tenant_id)";
    let count = connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    Ok(count.map_err(failed(READING))?.unsigned_abs())
}

fn write_position(
    connection: &Connection,
    follower: &str,
    tenant: TenantId,
    to: u64,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO followers (tenant_id, name, sequence, checksum) \
         VALUES (?1, ?2, ?3, acta_sum('followers', ?1, ?2, ?3)) \
         ON CONFLICT (tenant_id, name) DO UPDATE \
         SET sequence = excluded.sequence, checksum = excluded.checksum";
    let mut statement = connection.prepare_cached(sql)?;
    let to = i64::try_from(to).unwrap_or(i64::MAX);
    statement.execute(params![tenant.number(), follower, to]).map(|_| ())
}

fn reset(
    connection: &Connection,
    follower: &str,
    tenant: Option<TenantId>,
) -> Result<(), StorageError> {
    let made: &[&str] = match follower {
        name if name == FollowerName::ENTITIES.as_str() => &["definitions", "person_names"],
        _ => &[],
    };
    let failed = failed("setting a follower back");
    let tenant = tenant.map(TenantId::number);
    for table in made {
        let sql = format!("DELETE FROM {table} WHERE ?1 IS NULL OR tenant_id = ?1");
        connection.execute(&sql, [tenant]).map_err(&failed)?;
    }
    let sql = "DELETE FROM followers WHERE name = ?1 AND (?2 IS NULL OR tenant_id = ?2)";
    connection.execute(sql, params![follower, tenant]).map_err(failed)?;
    Ok(())
}
