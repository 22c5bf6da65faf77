//! The names of persons as rows, and the removal of those that are too many.

use std::collections::HashMap;

use acta_storage::Person;
use futures_util::future::try_join_all;
use tokio_postgres::types::ToSql;

use super::keys::hash;
use crate::database::{Connection, Database};
use crate::failure::Failure;

pub(crate) const ADD_NAMES: &str = "INSERT INTO acta.person_names \
     (tenant_id, agent_hash, name_hash, agent, name, last_sequence, last_ordinal) \
     SELECT c.tenant_id, t.* FROM acta.counters c CROSS JOIN unnest($2::bytea[], \
     $3::bytea[], $4::text[], $5::bytea[], $6::bigint[], $7::integer[]) AS t \
     WHERE c.tenant_id = $1 ON CONFLICT (tenant_id, agent_hash, name_hash) DO UPDATE \
     SET last_sequence = excluded.last_sequence, last_ordinal = excluded.last_ordinal";

/// The persons with more names than are kept. Where there is a limit, the planner has to look up
/// each person; it could also walk through all names of the tenant once for each person.
pub(crate) const EXCESS: &str = "SELECT t.agent_hash FROM unnest($2::bytea[]) AS t(agent_hash) \
     CROSS JOIN LATERAL (SELECT n.agent_hash FROM acta.person_names n \
     WHERE n.tenant_id = $1 AND n.agent_hash = t.agent_hash OFFSET $3 LIMIT 1) AS excess";

/// Removes the names of a person that were used before those that are kept.
pub(crate) const TRIM: &str = "DELETE FROM acta.person_names p \
     WHERE p.tenant_id = $1 AND p.agent_hash = $2 AND (p.last_sequence, p.last_ordinal) <= \
     (SELECT n.last_sequence, n.last_ordinal FROM acta.person_names n \
     WHERE n.tenant_id = $1 AND n.agent_hash = $2 \
     ORDER BY n.last_sequence DESC, n.last_ordinal DESC OFFSET $3 LIMIT 1)";

/// Most persons whose names one transaction removes: some tens of thousands of rows are read.
const TRIM_COUNT_MAX: usize = 250;

/// Where a name was used last: the sequence of the statement, and the place in it.
pub(super) type NamePlace = (i64, i32);

/// The names of persons that were used in some statements.
#[derive(Debug, Default)]
pub(super) struct Names<'f> {
    /// Pairs of an identifier's key and a name, and where the name was used last.
    used: HashMap<(&'f str, &'f str), NamePlace>,
}

/// A row.
struct NameRow<'f> {
    agent_hash: Vec<u8>,
    name_hash: Vec<u8>,
    agent: &'f str,
    name: &'f str,
    place: NamePlace,
}

impl<'f> Names<'f> {
    /// Notes a later use of a name.
    pub(super) fn note(&mut self, agent: &'f str, name: &'f str, place: NamePlace) {
        self.used.insert((agent, name), place);
    }

    /// The names of each person that were used last: no more than a person keeps. Others would be
    /// removed again.
    ///
    /// In the order of their keys, in which everybody locks them.
    fn last_used(&self) -> Vec<NameRow<'f>> {
        let mut by_agent: HashMap<&'f str, Vec<(NamePlace, &'f str)>> = HashMap::new();
        for (&(agent, name), &place) in &self.used {
            by_agent.entry(agent).or_default().push((place, name));
        }
        let mut rows = Vec::new();
        for (agent, mut named) in by_agent {
            named.sort_unstable_by(|one, other| other.cmp(one));
            named.truncate(Person::NAMES_COUNT_MAX);
            let agent_hash = hash(agent);
            rows.extend(named.into_iter().map(|(place, name)| NameRow {
                agent_hash: agent_hash.clone(),
                name_hash: hash(name),
                agent,
                name,
                place,
            }));
        }
        let key = |row: &NameRow<'_>| (row.agent_hash.clone(), row.name_hash.clone());
        rows.sort_by_cached_key(key);
        rows
    }

    /// Writes the names, in the transaction that moves the follower. Returns the persons that may
    /// have too many now.
    pub(super) async fn write(
        &self,
        connection: &Connection,
        tenant: i32,
    ) -> Result<Named, Failure> {
        if self.used.is_empty() {
            return Ok(Named(Vec::new()));
        }
        let (mut agent_hashes, mut name_hashes) = (Vec::new(), Vec::new());
        let (mut agents, mut names) = (Vec::new(), Vec::new());
        let (mut sequences, mut ordinals) = (Vec::new(), Vec::new());
        for row in self.last_used() {
            agent_hashes.push(row.agent_hash);
            name_hashes.push(row.name_hash);
            agents.push(row.agent);
            names.push(row.name.as_bytes());
            sequences.push(row.place.0);
            ordinals.push(row.place.1);
        }
        let upsert = connection.prepare_cached(ADD_NAMES).await?;
        let columns: [&(dyn ToSql + Sync); 7] =
            [&tenant, &agent_hashes, &name_hashes, &agents, &names, &sequences, &ordinals];
        connection.execute(&upsert, &columns).await?;
        agent_hashes.dedup();
        Ok(Named(agent_hashes))
    }
}

/// The hashes of persons that were given names, in order.
#[derive(Debug, Default)]
#[must_use]
pub(super) struct Named(Vec<Vec<u8>>);

impl Named {
    /// Removes the names that are too many, in transactions of their own. If that fails, they are
    /// not returned either, and the next use of a name of the person removes them.
    pub(super) async fn trim(self, database: &Database, tenant: i32) -> Result<(), Failure> {
        let kept_max = i64::try_from(Person::NAMES_COUNT_MAX).unwrap_or(i64::MAX);
        for agents in self.0.chunks(TRIM_COUNT_MAX) {
            let found = database.run_once(|connection| async move {
                let select = connection.prepare_cached(EXCESS).await?;
                Ok(connection.query(&select, &[&tenant, &agents, &kept_max]).await?)
            });
            let excess: Vec<Vec<u8>> = found.await?.iter().map(|row| row.get(0)).collect();
            if excess.is_empty() {
                continue;
            }
            let excess = &excess;
            let trimmed = database.transact_once(|connection| async move {
                let delete = connection.prepare_cached(TRIM).await?;
                let keys: Vec<[&(dyn ToSql + Sync); 3]> =
                    excess.iter().map(|agent| [&tenant as _, agent as _, &kept_max as _]).collect();
                try_join_all(keys.iter().map(|key| connection.execute(&delete, key))).await?;
                Ok(())
            });
            trimmed.await?;
        }
        Ok(())
    }
}
