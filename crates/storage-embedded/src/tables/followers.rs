//! How far followers have come, in the tables, and what they make there.

mod entities;
mod position;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use acta_access::TenantId;
use acta_storage::{Advanced, FollowerName, FollowerStep, StorageError, spawn_blocking};
use rusqlite::{Connection, params};

use super::checksum::is_sound;
use super::failure::{corrupt_row, failed};
use super::open::WriteShare;
use super::{Tables, schema};
use entities::{MergedFacts, PendingFacts};
use position::{READING, find_position, read_position};

/// How many times as long as the write of a part took, the next part waits: what followers write
/// takes at most a third of what the disk can do. It is read from the log until it is written.
const REST_FACTOR: u32 = 2;

/// The longest wait between two parts.
const REST_MAX: Duration = Duration::from_millis(250);

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
        let FollowerStep { tenant, from, to, effects } = step;
        let place = StepPlace {
            follower: follower.as_str(),
            tenant,
            from,
            resets: self.follower_resets.load(Ordering::Acquire),
        };
        let pending = spawn_blocking(move || PendingFacts::new(effects.entity_facts));
        let mut pending = pending.await.map_err(|_panic| StorageError::Halted)?;
        loop {
            // What is written is worked out beside the one thread that writes. It is right as long
            // as the position is the same and nothing is dropped.
            let merged = self.read_of(tenant, move |connection| {
                let is_at = find_position(connection, place.follower, tenant)? == from;
                let merged = is_at.then(|| pending.merge(connection, tenant)).transpose();
                Ok((merged.map_err(failed(READING))?, pending))
            });
            let (merged, rest) = merged.await?;
            let Some(merged) = merged else { return Ok(Advanced::Moved) };
            pending = rest;
            let is_last = pending.is_empty();
            let written = self.write_parts(place, merged, is_last.then_some(to)).await?;
            if is_last || written == Advanced::Moved {
                return Ok(written);
            }
        }
    }

    /// Writes what was made of some facts of a step, and its end `to` with it if they are the
    /// last.
    ///
    /// Others write between the parts, and the disk is theirs for a while. If the process ends
    /// there, the step is taken again, and what its facts make of what they have made is the same.
    async fn write_parts(
        &self,
        place: StepPlace,
        merged: MergedFacts,
        to: Option<u64>,
    ) -> Result<Advanced, StorageError> {
        let mut parts = merged.into_parts().into_iter().peekable();
        while let Some(facts) = parts.next() {
            let share = WriteShare::of(place.tenant, facts.cost());
            let to = to.filter(|_| parts.peek().is_none());
            let part = StepPart { facts, place, to };
            let counted = Arc::clone(&self.follower_resets);
            let started = self.clock.elapsed();
            let written = self.write_of(share, move |connection| {
                part.write(connection, counted.load(Ordering::Acquire))
            });
            if written.await? == Advanced::Moved {
                return Ok(Advanced::Moved);
            }
            if to.is_none() {
                let took = self.clock.elapsed().saturating_sub(started);
                tokio::time::sleep(REST_MAX.min(took * REST_FACTOR)).await;
            }
        }
        Ok(Advanced::Done)
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
        let counted = Arc::clone(&self.follower_resets);
        self.writer.write_blocking(move |connection| reset(connection, &follower, tenant, &counted))
    }

    /// As [`acta_storage::Feed::reset_follower`].
    pub(crate) async fn reset_follower(&self, follower: FollowerName) -> Result<(), StorageError> {
        let counted = Arc::clone(&self.follower_resets);
        self.write(move |connection| reset(connection, follower.as_str(), None, &counted)).await
    }

    /// Sets all followers back to the beginning, and drops what they made here. Not for threads
    /// of the runtime.
    ///
    /// # Errors
    ///
    /// As [`acta_storage::Feed::advance`].
    pub(crate) fn reset_followers_blocking(&self) -> Result<(), StorageError> {
        let counted = Arc::clone(&self.follower_resets);
        self.writer.write_blocking(move |connection| {
            reset(connection, FollowerName::ENTITIES.as_str(), None, &counted)?;
            let reset = connection.execute("DELETE FROM followers", []);
            reset.map(|_| ()).map_err(failed("setting followers back"))
        })
    }
}

/// Where a step of a follower begins.
#[derive(Clone, Copy, Debug)]
struct StepPlace {
    follower: &'static str,
    tenant: TenantId,
    /// The position at the beginning.
    from: u64,
    /// How often something had been dropped.
    resets: u64,
}

/// A part of what a step of a follower writes.
struct StepPart {
    facts: MergedFacts,
    place: StepPlace,
    /// The end of the step; none if this is not the last part.
    to: Option<u64>,
}

impl StepPart {
    /// Writes it, if the follower is where the step begins, and nothing was dropped since.
    fn write(self, connection: &Connection, resets: u64) -> Result<Advanced, StorageError> {
        let StepPlace { follower, tenant, from, .. } = self.place;
        if self.place.resets != resets || find_position(connection, follower, tenant)? != from {
            return Ok(Advanced::Moved);
        }
        let failed = failed("writing what a follower made");
        self.facts.write(connection, tenant).map_err(&failed)?;
        if let Some(to) = self.to {
            write_position(connection, follower, tenant, to).map_err(failed)?;
        }
        Ok(Advanced::Done)
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
    counted: &AtomicU64,
) -> Result<(), StorageError> {
    // First, so that the parts of a step of before are not written into what follows.
    counted.fetch_add(1, Ordering::AcqRel);
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
