//! Definitions of activities and names of persons in the tables.

use acta_access::TenantId;
use acta_storage::{Person, StorageError};
use acta_xapi::{ActivityId, Ifi};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::checksum::{self, is_sound};
use super::failure::{corrupt_row, failed};
use super::{Tables, schema};

/// The row of `followers` that says how far activities and persons have been read.
const FOLLOWER: &str = "entities";

/// What is written in one transaction.
#[derive(Debug)]
pub(crate) struct EntityChanges {
    /// Activities with their merged definition, each once.
    pub(crate) definitions: Vec<(TenantId, Box<str>, String)>,
    /// Keys of identifiers with a name used now, the latest last.
    pub(crate) names: Vec<(TenantId, Box<str>, Box<str>)>,
    /// The position behind the statements that told all this.
    pub(crate) position: u64,
}

/// A connection of its own for the follower's thread.
#[derive(Debug)]
pub(crate) struct EntityReader(Connection);

impl EntityReader {
    /// The definition of an activity as it stands in the tables.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`] or [`StorageError::Io`].
    pub(crate) fn find_definition(
        &self,
        tenant: TenantId,
        activity: &str,
    ) -> Result<Option<String>, StorageError> {
        find_definition(&self.0, tenant, activity)
    }
}

impl Tables {
    /// Opens a connection for the follower's thread.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`] or [`StorageError::Io`].
    pub(crate) fn entity_reader(&self) -> Result<EntityReader, StorageError> {
        schema::open_reader(self.readers.file()).map(EntityReader)
    }

    /// The position of the first statement that the tables do not tell of.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`] or [`StorageError::Io`].
    pub(crate) fn entity_position(&self) -> Result<u64, StorageError> {
        position(&schema::open_reader(self.readers.file())?)
    }

    /// Forgets all activities and persons, to have them read from the log again.
    ///
    /// # Errors
    ///
    /// As [`acta_storage::DocumentStore::replace_document`], less the precondition.
    pub(crate) fn forget_entities(&self) -> Result<(), StorageError> {
        self.writer.write_blocking(|connection| {
            let sql = "DELETE FROM definitions; DELETE FROM person_names; DELETE FROM followers;";
            connection.execute_batch(sql).map_err(failed("forgetting activities and persons"))
        })
    }

    /// Writes changes and position, in one transaction. Not for threads of the runtime.
    ///
    /// # Errors
    ///
    /// As [`acta_storage::DocumentStore::replace_document`], less the precondition.
    pub(crate) fn save_entities(&self, changes: EntityChanges) -> Result<(), StorageError> {
        self.writer.write_blocking(move |connection| {
            save(connection, &changes).map_err(failed("writing activities and persons"))
        })
    }

    /// The definition of an activity as it stands in the tables.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`] or [`StorageError::Io`].
    pub(crate) async fn find_definition(
        &self,
        tenant: TenantId,
        activity: &ActivityId,
    ) -> Result<Option<String>, StorageError> {
        let activity = activity.clone();
        self.read(move |connection| find_definition(connection, tenant, activity.as_str())).await
    }

    /// The names of a person as they stand in the tables.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`] or [`StorageError::Io`].
    pub(crate) async fn find_person(
        &self,
        tenant: TenantId,
        ifi: &Ifi,
    ) -> Result<Person, StorageError> {
        let agent = ifi.to_key();
        self.read(move |connection| {
            let failed = failed("reading a person");
            let sql = concat!(
                "SELECT rowid, name, ",
                is_sound!(person_names),
                " FROM person_names WHERE tenant_id = ?1 AND agent = ?2 ORDER BY ordinal"
            );
            let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
            let names = statement
                .query_map(params![tenant.number(), agent], |row| {
                    checksum::check(row, "person_names", "rowid")?;
                    row.get("name")
                })
                .map_err(&failed)?;
            Ok(Person { names: names.collect::<rusqlite::Result<_>>().map_err(failed)? })
        })
        .await
    }
}

/// As [`Tables::entity_position`].
pub(super) fn position(connection: &Connection) -> Result<u64, StorageError> {
    let failed = failed("reading a follower's position");
    let sql =
        concat!("SELECT name, position, ", is_sound!(followers), " FROM followers WHERE name = ?1");
    let read = |row: &Row<'_>| {
        checksum::check(row, "followers", "name")?;
        row.get("position")
    };
    let position: Option<i64> =
        connection.query_row(sql, [FOLLOWER], read).optional().map_err(failed)?;
    let position = u64::try_from(position.unwrap_or(0)).ok();
    position.ok_or_else(|| corrupt_row("followers", FOLLOWER))
}

fn find_definition(
    connection: &Connection,
    tenant: TenantId,
    activity: &str,
) -> Result<Option<String>, StorageError> {
    let failed = failed("reading an activity");
    let sql = concat!(
        "SELECT rowid, definition, ",
        is_sound!(definitions),
        " FROM definitions WHERE tenant_id = ?1 AND activity = ?2"
    );
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    let found = statement.query_row(params![tenant.number(), activity], |row| {
        checksum::check(row, "definitions", "rowid")?;
        row.get("definition")
    });
    found.optional().map_err(failed)
}

fn save(connection: &Connection, changes: &EntityChanges) -> rusqlite::Result<()> {
    let sql = "INSERT INTO definitions (tenant_id, activity, definition, checksum) \
         VALUES (?1, ?2, ?3, acta_sum('definitions', ?1, ?2, ?3)) \
         ON CONFLICT (tenant_id, activity) DO UPDATE \
         SET definition = excluded.definition, checksum = excluded.checksum";
    let mut statement = connection.prepare_cached(sql)?;
    for (tenant, activity, definition) in &changes.definitions {
        statement.execute(params![tenant.number(), activity, definition])?;
    }
    // The latest name has the greatest ordinal; used once more, it keeps it.
    let latest = concat!(
        "SELECT rowid, ordinal, name, ",
        is_sound!(person_names),
        " FROM person_names WHERE tenant_id = ?1 AND agent = ?2 ORDER BY ordinal DESC LIMIT 1"
    );
    let mut latest = connection.prepare_cached(latest)?;
    let sql = "INSERT INTO person_names (tenant_id, agent, name, ordinal, checksum) \
         VALUES (?1, ?2, ?3, ?4, acta_sum('person_names', ?1, ?2, ?3, ?4)) \
         ON CONFLICT (tenant_id, agent, name) DO UPDATE \
         SET ordinal = excluded.ordinal, checksum = excluded.checksum";
    let mut statement = connection.prepare_cached(sql)?;
    for (tenant, agent, name) in &changes.names {
        let last: Option<(i64, String)> = latest
            .query_row(params![tenant.number(), agent], |row| {
                checksum::check(row, "person_names", "rowid")?;
                Ok((row.get("ordinal")?, row.get("name")?))
            })
            .optional()?;
        match last {
            Some((_, last)) if *last == **name => {}
            Some((ordinal, _)) => {
                statement.execute(params![tenant.number(), agent, name, ordinal + 1])?;
            }
            None => {
                statement.execute(params![tenant.number(), agent, name, 0])?;
            }
        }
    }
    let sql = "INSERT INTO followers (name, position, checksum) \
         VALUES (?1, ?2, acta_sum('followers', ?1, ?2)) \
         ON CONFLICT (name) DO UPDATE \
         SET position = excluded.position, checksum = excluded.checksum";
    let mut statement = connection.prepare_cached(sql)?;
    let position = i64::try_from(changes.position).unwrap_or(i64::MAX);
    statement.execute(params![FOLLOWER, position]).map(|_| ())
}
