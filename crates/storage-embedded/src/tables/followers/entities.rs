//! Definitions of activities and names of persons in the tables.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, HashSet};

use acta_access::TenantId;
use acta_storage::{EntityFact, EntityKind, EntityRead, FollowerName, Person, StorageError};
use acta_xapi::{ActivityId, Ifi, MergedDefinition};
use rusqlite::{Connection, OptionalExtension, params};

use super::position::find_position;
use crate::tables::Tables;
use crate::tables::checksum::{self, is_sound};
use crate::tables::failure::failed;

/// What a row costs beside its bytes.
const ROW_COST: usize = 1 << 10;

/// What one write may cost, but for a single row: some tens of milliseconds.
const PART_COST_MAX: usize = 256 << 10;

impl Tables {
    /// As [`acta_storage::EntityStore::read_definitions`].
    pub(crate) async fn read_definitions(
        &self,
        tenant: TenantId,
        activities: &[ActivityId],
    ) -> Result<EntityRead<Vec<Option<String>>>, StorageError> {
        let activities = activities.to_vec();
        self.read_entity(tenant, move |connection| {
            let find = |activity: &ActivityId| {
                find_definition(connection, tenant, activity.as_str())
                    .map_err(failed("reading an activity"))
            };
            activities.iter().map(find).collect()
        })
        .await
    }

    /// As [`acta_storage::EntityStore::read_person`].
    pub(crate) async fn read_person(
        &self,
        tenant: TenantId,
        ifi: &Ifi,
    ) -> Result<EntityRead<Person>, StorageError> {
        let agent = ifi.to_key();
        self.read_entity(tenant, move |connection| {
            find_person(connection, tenant, &agent).map_err(failed("reading a person"))
        })
        .await
    }

    /// Reads an entity, and how far the follower had come when it was so.
    async fn read_entity<T: Send + 'static>(
        &self,
        tenant: TenantId,
        find: impl FnOnce(&Connection) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<EntityRead<T>, StorageError> {
        self.read_of(tenant, move |connection| {
            let sequence = find_position(connection, FollowerName::ENTITIES.as_str(), tenant)?;
            let value = find(connection)?;
            Ok(EntityRead { value, sequence })
        })
        .await
    }
}

fn find_definition(
    connection: &Connection,
    tenant: TenantId,
    activity: &str,
) -> rusqlite::Result<Option<String>> {
    let sql = concat!(
        "SELECT rowid, definition, ",
        is_sound!(definitions),
        " FROM definitions WHERE tenant_id = ?1 AND activity = ?2"
    );
    let mut statement = connection.prepare_cached(sql)?;
    let found = statement.query_row(params![tenant.number(), activity], |row| {
        checksum::check(row, "definitions", "rowid")?;
        row.get("definition")
    });
    found.optional()
}

fn find_person(connection: &Connection, tenant: TenantId, agent: &str) -> rusqlite::Result<Person> {
    let sql = concat!(
        "SELECT rowid, name, ",
        is_sound!(person_names),
        " FROM person_names WHERE tenant_id = ?1 AND agent = ?2 ORDER BY ordinal"
    );
    let mut statement = connection.prepare_cached(sql)?;
    let names = statement.query_map(params![tenant.number(), agent], |row| {
        checksum::check(row, "person_names", "rowid")?;
        row.get("name")
    })?;
    Ok(Person { names: names.collect::<rusqlite::Result<_>>()? })
}

/// What facts change, worked out from what is stored.
#[derive(Debug, Default)]
pub(super) struct MergedFacts {
    /// Activities with their new definitions.
    definitions: Vec<(String, String)>,
    /// Persons with their names, each once, in the order of their last use.
    names: Vec<(Box<str>, Box<str>)>,
}

impl MergedFacts {
    /// What facts make of what is stored. They come in the order of the log.
    pub(super) fn of(
        connection: &Connection,
        tenant: TenantId,
        facts: &[EntityFact],
    ) -> rusqlite::Result<Self> {
        let mut definitions: HashMap<&str, ChangedDefinition> = HashMap::new();
        let mut names = Vec::new();
        let mut seen = HashSet::new();
        for fact in facts.iter().rev().filter(|fact| fact.kind == EntityKind::Person) {
            if seen.insert((&fact.subject, &fact.text)) {
                names.push((fact.subject.clone(), fact.text.clone()));
            }
        }
        names.reverse();
        for fact in facts.iter().filter(|fact| fact.kind == EntityKind::Activity) {
            let merged = match definitions.entry(&fact.subject) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => {
                    let stored = find_definition(connection, tenant, &fact.subject)?;
                    let merged = MergedDefinition::new(stored.as_deref());
                    entry.insert(ChangedDefinition { stored, merged })
                }
            };
            merged.merged.add(&fact.text);
        }
        let changed = definitions.into_iter().filter_map(|(activity, definition)| {
            Some((activity.to_owned(), definition.changed()?))
        });
        Ok(Self { definitions: changed.collect(), names })
    }

    /// The same as parts whose writes are short; at least one, which may be empty. Written one
    /// after the other, they make what is written at once.
    pub(super) fn into_parts(self) -> Vec<Self> {
        let (mut parts, mut cost) = (vec![Self::default()], 0);
        for (activity, definition) in self.definitions {
            let bytes = activity.len() + definition.len();
            let part = part_for(&mut parts, &mut cost, bytes);
            part.definitions.push((activity, definition));
        }
        for (agent, name) in self.names {
            let part = part_for(&mut parts, &mut cost, agent.len() + name.len());
            part.names.push((agent, name));
        }
        parts
    }

    /// What it costs to write it, as the bytes that could be written in that time.
    pub(super) fn cost(&self) -> usize {
        let definitions = self.definitions.iter().map(|(key, text)| key.len() + text.len());
        let names = self.names.iter().map(|(key, name)| key.len() + name.len());
        definitions.chain(names).map(|bytes| ROW_COST + bytes).sum()
    }

    /// Writes it.
    pub(super) fn write(self, connection: &Connection, tenant: TenantId) -> rusqlite::Result<()> {
        let sql = "INSERT INTO definitions (tenant_id, activity, definition, checksum) \
             VALUES (?1, ?2, ?3, acta_sum('definitions', ?1, ?2, ?3)) \
             ON CONFLICT (tenant_id, activity) DO UPDATE \
             SET definition = excluded.definition, checksum = excluded.checksum";
        let mut statement = connection.prepare_cached(sql)?;
        for (activity, definition) in self.definitions {
            statement.execute(params![tenant.number(), activity, definition])?;
        }
        let mut named: BTreeSet<&str> = BTreeSet::new();
        for (agent, name) in &self.names {
            write_name(connection, tenant, agent, name)?;
            named.insert(agent);
        }
        named.into_iter().try_for_each(|agent| trim_names(connection, tenant, agent))
    }
}

/// The last part, or another one if a row of so many bytes has no room in it. Adds what the row
/// costs to the cost of the part.
fn part_for<'p>(
    parts: &'p mut Vec<MergedFacts>,
    cost: &mut usize,
    bytes: usize,
) -> &'p mut MergedFacts {
    let row = ROW_COST + bytes;
    if *cost != 0 && PART_COST_MAX < *cost + row {
        parts.push(MergedFacts::default());
        *cost = 0;
    }
    *cost += row;
    let last = parts.len() - 1;
    &mut parts[last]
}

/// Removes the names of a person that are too many.
fn trim_names(connection: &Connection, tenant: TenantId, agent: &str) -> rusqlite::Result<()> {
    let sql = "DELETE FROM person_names WHERE tenant_id = ?1 AND agent = ?2 AND ordinal <= \
         (SELECT ordinal FROM person_names WHERE tenant_id = ?1 AND agent = ?2 \
         ORDER BY ordinal DESC LIMIT 1 OFFSET ?3)";
    let count_max = i64::try_from(Person::NAMES_COUNT_MAX).unwrap_or(i64::MAX);
    connection.prepare_cached(sql)?.execute(params![tenant.number(), agent, count_max])?;
    Ok(())
}

fn write_name(
    connection: &Connection,
    tenant: TenantId,
    agent: &str,
    name: &str,
) -> rusqlite::Result<()> {
    // The latest name has the greatest ordinal; used once more, it keeps it.
    let sql = concat!(
        "SELECT rowid, ordinal, name, ",
        is_sound!(person_names),
        " FROM person_names WHERE tenant_id = ?1 AND agent = ?2 ORDER BY ordinal DESC LIMIT 1"
    );
    let last: Option<(i64, String)> = connection
        .prepare_cached(sql)?
        .query_row(params![tenant.number(), agent], |row| {
            checksum::check(row, "person_names", "rowid")?;
            Ok((row.get("ordinal")?, row.get("name")?))
        })
        .optional()?;
    let ordinal = match last {
        Some((_, last)) if last == name => return Ok(()),
        Some((ordinal, _)) => ordinal + 1,
        None => 0,
    };
    let sql = "INSERT INTO person_names (tenant_id, agent, name, ordinal, checksum) \
         VALUES (?1, ?2, ?3, ?4, acta_sum('person_names', ?1, ?2, ?3, ?4)) \
         ON CONFLICT (tenant_id, agent, name) DO UPDATE \
         SET ordinal = excluded.ordinal, checksum = excluded.checksum";
    connection.prepare_cached(sql)?.execute(params![tenant.number(), agent, name, ordinal])?;
    Ok(())
}

/// A definition on its way to what all facts make of it.
struct ChangedDefinition {
    stored: Option<String>,
    merged: MergedDefinition,
}

impl ChangedDefinition {
    /// Its text, if that is another one than before.
    fn changed(self) -> Option<String> {
        self.merged.to_text().filter(|merged| self.stored.as_ref() != Some(merged))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_step_is_written_in_short_parts_in_the_same_order() {
        let definitions: Vec<_> =
            (0..300).map(|number| (format!("a{number}"), "d".repeat(number * 10))).collect();
        let large = ("large".to_owned(), "d".repeat(2 * PART_COST_MAX));
        let names: Vec<(Box<str>, Box<str>)> =
            (0..1_000).map(|number| ("agent".into(), format!("name {number}").into())).collect();
        let definitions = [definitions, vec![large]].concat();
        let whole = MergedFacts { definitions: definitions.clone(), names: names.clone() };
        let cost = whole.cost();
        let parts = whole.into_parts();
        assert_eq!(parts.iter().map(MergedFacts::cost).sum::<usize>(), cost);
        for part in &parts {
            let rows = part.definitions.len() + part.names.len();
            assert!(part.cost() <= PART_COST_MAX || rows == 1, "{} of {rows} rows", part.cost());
            assert_ne!(rows, 0);
        }
        assert!(parts.len() <= 4 * cost.div_ceil(PART_COST_MAX), "few parts");
        let written: Vec<_> = parts.iter().flat_map(|part| part.definitions.clone()).collect();
        assert_eq!(written, definitions);
        let written: Vec<_> = parts.iter().flat_map(|part| part.names.clone()).collect();
        assert_eq!(written, names);
        // A step without effects moves the position all the same.
        assert_eq!(MergedFacts::default().into_parts().len(), 1);
    }
}
