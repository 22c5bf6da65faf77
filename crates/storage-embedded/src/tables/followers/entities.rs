//! Definitions of activities and names of persons in the tables.

use std::collections::{BTreeSet, HashSet};
use std::iter::Peekable;
use std::vec;

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

/// Definitions that are in memory at a time until they are written, but for one.
const MERGED_BYTES_MAX: usize = 2 << 20;

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

/// Facts that are not merged yet with what is stored.
#[derive(Debug)]
pub(super) struct PendingFacts {
    /// Those of each activity together, in the order of the log.
    activities: Peekable<vec::IntoIter<EntityFact>>,
    /// As [`MergedFacts::names`].
    names: Vec<(Box<str>, Box<str>)>,
}

impl PendingFacts {
    /// These facts, which come in the order of the log.
    pub(super) fn new(facts: Vec<EntityFact>) -> Self {
        let is_person = |fact: &EntityFact| fact.kind == EntityKind::Person;
        let (persons, mut activities): (Vec<_>, Vec<_>) = facts.into_iter().partition(is_person);
        activities.sort_by(|one, other| one.subject.cmp(&other.subject));
        let mut seen = HashSet::new();
        let last = persons.iter().rev().filter(|fact| seen.insert((&fact.subject, &fact.text)));
        let mut names: Vec<_> =
            last.map(|fact| (fact.subject.clone(), fact.text.clone())).collect();
        names.reverse();
        Self { activities: activities.into_iter().peekable(), names }
    }

    pub(super) fn is_empty(&mut self) -> bool {
        self.activities.peek().is_none() && self.names.is_empty()
    }

    /// What the next of them make of what is stored: of as many activities as have
    /// [`MERGED_BYTES_MAX`], since a short fact may be about a long definition.
    pub(super) fn merge(
        &mut self,
        connection: &Connection,
        tenant: TenantId,
    ) -> rusqlite::Result<MergedFacts> {
        let names = std::mem::take(&mut self.names);
        let mut made = MergedFacts { definitions: Vec::new(), names };
        let mut bytes = 0;
        while bytes < MERGED_BYTES_MAX
            && let Some(first) = self.activities.next()
        {
            let stored = find_definition(connection, tenant, &first.subject)?;
            let mut merged = MergedDefinition::new(stored.as_deref());
            merged.add(&first.text);
            while let Some(next) = self.activities.next_if(|next| next.subject == first.subject) {
                merged.add(&next.text);
            }
            let text = merged.to_text().filter(|text| stored.as_ref() != Some(text));
            bytes += text.as_ref().or(stored.as_ref()).map_or(0, String::len);
            made.definitions.extend(text.map(|text| (first.subject.into_string(), text)));
        }
        Ok(made)
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::schema;

    const TENANT: TenantId = TenantId::FIRST;

    fn fact(kind: EntityKind, subject: &str, text: &str) -> EntityFact {
        let (subject, text) = (subject.into(), text.into());
        EntityFact { kind, subject, text, sequence: 1, ordinal: 0 }
    }

    /// Merges and writes all facts, and returns how many bytes were in memory at a time.
    fn write(connection: &Connection, facts: Vec<EntityFact>) -> Vec<usize> {
        let mut pending = PendingFacts::new(facts);
        let mut sizes = Vec::new();
        while !pending.is_empty() {
            let merged = pending.merge(connection, TENANT).unwrap();
            sizes.push(merged.definitions.iter().map(|(_, text)| text.len()).sum());
            merged.write(connection, TENANT).unwrap();
        }
        sizes
    }

    #[test]
    fn short_facts_about_long_definitions_are_merged_in_turns_of_bounded_size() {
        let connection = schema::empty(i64::MAX).unwrap();
        let place = |number: usize| format!("https://example.org/{number:03}");
        let long = format!(r#"{{"description":{{"en":"{}"}}}}"#, "d".repeat(60 << 10));
        let count = 100;
        let facts = (0..count).map(|number| fact(EntityKind::Activity, &place(number), &long));
        write(&connection, facts.collect());
        // Two of each, one far behind the other, and one that changes nothing.
        let named = |name: &str, number: usize| {
            fact(EntityKind::Activity, &place(number), &format!(r#"{{"name":{{"en":"{name}"}}}}"#))
        };
        let mut facts: Vec<_> = (0..count).map(|number| named("old", number)).collect();
        facts.extend((0..count).map(|number| named("new", number)));
        facts.push(fact(EntityKind::Person, "mailto:ann@example.org", "Ann"));
        let sizes = write(&connection, facts);
        assert!(sizes.iter().all(|bytes| *bytes < MERGED_BYTES_MAX + long.len() * 2), "{sizes:?}");
        assert!(2 < sizes.len(), "{sizes:?}");
        for number in 0..count {
            let stored = find_definition(&connection, TENANT, &place(number)).unwrap().unwrap();
            assert!(stored.contains(r#""name":{"en":"new"}"#), "{number}");
            assert!(stored.len() > long.len(), "{number}");
        }
        let person = find_person(&connection, TENANT, "mailto:ann@example.org").unwrap();
        assert_eq!(person.names, ["Ann"]);
    }

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
