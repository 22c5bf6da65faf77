//! Steps of followers: their effects, written together with their positions.

use std::collections::{BTreeMap, HashMap};

use acta_storage::{
    Advanced, EntityFact, EntityKind, FollowerName, FollowerStep, Person, StorageError, merge_all,
};
use futures_util::future::join;
use sha2::{Digest, Sha256};

use crate::database::{Connection, Database};
use crate::failure::Failure;
use crate::types::number;

/// Only the first step inserts the row, so that after a reset, which deletes it, a later step
/// does not insert it.
pub(crate) const FIRST_STEP: &str = "INSERT INTO acta.followers AS follower \
     (tenant_id, name, sequence) VALUES ($1, $2, $4) ON CONFLICT (tenant_id, name) \
     DO UPDATE SET sequence = excluded.sequence WHERE follower.sequence = $3";

pub(crate) const STEP: &str = "UPDATE acta.followers SET sequence = $4 \
     WHERE tenant_id = $1 AND name = $2 AND sequence = $3";

pub(crate) const DEFINE: &str = "INSERT INTO acta.definitions \
     (tenant_id, activity_hash, activity, definition) \
     SELECT c.tenant_id, t.hash, t.activity, t.definition::json FROM acta.counters c \
     CROSS JOIN unnest($2::bytea[], $3::text[], $4::text[]) \
     AS t (hash, activity, definition) WHERE c.tenant_id = $1 \
     ON CONFLICT (tenant_id, activity_hash) \
     DO UPDATE SET definition = excluded.definition";

pub(crate) const ADD_NAMES: &str = "INSERT INTO acta.person_names \
     (tenant_id, agent_hash, name_hash, agent, name, last_sequence, last_ordinal) \
     SELECT c.tenant_id, t.* FROM acta.counters c CROSS JOIN unnest($2::bytea[], \
     $3::bytea[], $4::text[], $5::bytea[], $6::bigint[], $7::integer[]) AS t \
     WHERE c.tenant_id = $1 ON CONFLICT (tenant_id, agent_hash, name_hash) DO UPDATE \
     SET last_sequence = excluded.last_sequence, last_ordinal = excluded.last_ordinal";

pub(crate) const TRIM_NAMES: &str = "DELETE FROM acta.person_names p \
     USING unnest($2::bytea[]) AS t(agent_hash) \
     CROSS JOIN LATERAL (SELECT last_sequence, last_ordinal FROM acta.person_names n \
     WHERE n.tenant_id = $1 AND n.agent_hash = t.agent_hash \
     ORDER BY last_sequence DESC, last_ordinal DESC OFFSET $3 LIMIT 1) AS last \
     WHERE p.tenant_id = $1 AND p.agent_hash = t.agent_hash \
     AND (p.last_sequence, p.last_ordinal) <= (last.last_sequence, last.last_ordinal)";

/// Where a name was used last: the sequence of the statement, and the place in it.
type NamePlace = (i64, i32);

/// Facts grouped by subject.
#[derive(Debug, Default)]
struct Changes<'f> {
    /// The definitions of each activity, in order.
    definitions: BTreeMap<&'f str, Vec<&'f str>>,
    /// Pairs of an identifier's key and a name, and where the name was used last.
    names: HashMap<(&'f str, &'f str), NamePlace>,
}

/// Saves a step of a follower, if its position is the beginning of the step.
///
/// # Errors
///
/// [`Failure`]; nothing was written, unless it says that this is unknown.
pub(crate) async fn take_step(
    database: &Database,
    follower: FollowerName,
    step: &FollowerStep,
) -> Result<Advanced, Failure> {
    let span = Span {
        follower: follower.as_str(),
        tenant: number(step.tenant),
        from: i64::try_from(step.from).unwrap_or(i64::MAX),
        to: i64::try_from(step.to).unwrap_or(i64::MAX),
    };
    let has_moved = if step.effects.is_empty() {
        let moved = database.run_once(|connection| async move { move_on(&connection, span).await });
        moved.await.map_err(Failure::at_commit)?
    } else {
        Changes::of(&step.effects.entity_facts).write(database, span).await?
    };
    Ok(if has_moved { Advanced::Done } else { Advanced::Moved })
}

impl Database {
    /// Sets a follower back to the beginning of a tenant's log, and deletes its effects.
    pub(crate) async fn reset_follower(
        &self,
        follower: FollowerName,
        tenant: i32,
    ) -> Result<(), StorageError> {
        let made: &[&str] = match follower {
            FollowerName::ENTITIES => &["definitions", "person_names"],
            _ => &[],
        };
        self.transact("setting a follower back", |connection| async move {
            // First, so that a step in progress is refused.
            let sql = "DELETE FROM acta.followers WHERE tenant_id = $1 AND name = $2";
            let delete = connection.prepare_cached(sql).await?;
            connection.execute(&delete, &[&tenant, &follower.as_str()]).await?;
            for table in made {
                let sql = format!("DELETE FROM acta.{table} WHERE tenant_id = $1");
                let delete = connection.prepare_cached(&sql).await?;
                connection.execute(&delete, &[&tenant]).await?;
            }
            Ok(())
        })
        .await
    }
}

/// A step without its effects.
#[derive(Clone, Copy, Debug)]
struct Span {
    follower: &'static str,
    tenant: i32,
    from: i64,
    to: i64,
}

/// Appends a text, unless it repeats the last one.
fn push_new<'f>(texts: &mut Vec<&'f str>, text: &'f str) {
    if texts.last() != Some(&text) {
        texts.push(text);
    }
}

impl<'f> Changes<'f> {
    fn of(facts: &'f [EntityFact]) -> Self {
        let mut changes = Self::default();
        for fact in facts {
            match fact.kind {
                EntityKind::Activity => {
                    push_new(changes.definitions.entry(&fact.subject).or_default(), &fact.text);
                }
                EntityKind::Person => {
                    let sequence = i64::try_from(fact.sequence).unwrap_or(i64::MAX);
                    let place = (sequence, i32::try_from(fact.ordinal).unwrap_or(i32::MAX));
                    changes.names.insert((&fact.subject, &fact.text), place);
                }
            }
        }
        changes
    }

    /// Writes the changes and the new position. Returns `false` if the follower had another
    /// position.
    async fn write(&self, database: &Database, span: Span) -> Result<bool, Failure> {
        database
            .transact_once(|connection| async move {
                let sql = "SELECT activity_hash, definition::text FROM acta.definitions \
                     WHERE tenant_id = $1 AND activity_hash = ANY ($2)";
                let select = connection.prepare_cached(sql).await?;
                let hashes: Vec<Vec<u8>> = self.definitions.keys().map(hash).collect();
                connection.prepare_cached(step_of(span)).await?;
                // The second statement sees what was committed while the first waited for its lock.
                let (moved, known) = join(
                    move_on(&connection, span),
                    connection.query(&select, &[&span.tenant, &hashes]),
                )
                .await;
                if !moved? {
                    return Ok(false);
                }
                let known = known?;
                let known: HashMap<&[u8], &str> =
                    known.iter().map(|row| (row.get(0), row.get(1))).collect();
                self.write_definitions(&connection, span.tenant, &known).await?;
                self.write_names(&connection, span.tenant).await?;
                Ok(true)
            })
            .await
    }

    async fn write_definitions(
        &self,
        connection: &Connection,
        tenant: i32,
        known: &HashMap<&[u8], &str>,
    ) -> Result<(), Failure> {
        let (mut hashes, mut activities, mut definitions) = (Vec::new(), Vec::new(), Vec::new());
        for (activity, told) in &self.definitions {
            let hash = hash(activity);
            let known = known.get(&*hash).copied();
            let merged = merge_all(known, told.iter().copied());
            if let Some(merged) = merged.filter(|merged| known != Some(merged)) {
                hashes.push(hash);
                activities.push(activity);
                definitions.push(merged);
            }
        }
        if hashes.is_empty() {
            return Ok(());
        }
        let upsert = connection.prepare_cached(DEFINE).await?;
        connection.execute(&upsert, &[&tenant, &hashes, &activities, &definitions]).await?;
        Ok(())
    }

    /// The names of each person that were used last, with where that was: no more than a person
    /// keeps. Others would be removed again.
    fn last_names(&self) -> Vec<(&'f str, NamePlace, &'f str)> {
        let mut by_agent: HashMap<&'f str, Vec<(NamePlace, &'f str)>> = HashMap::new();
        for (&(agent, name), &place) in &self.names {
            by_agent.entry(agent).or_default().push((place, name));
        }
        let mut last = Vec::new();
        for (agent, mut named) in by_agent {
            named.sort_unstable_by(|one, other| other.cmp(one));
            named.truncate(Person::NAMES_COUNT_MAX);
            last.extend(named.into_iter().map(|(place, name)| (agent, place, name)));
        }
        last
    }

    async fn write_names(&self, connection: &Connection, tenant: i32) -> Result<(), Failure> {
        if self.names.is_empty() {
            return Ok(());
        }
        let (mut agent_hashes, mut name_hashes) = (Vec::new(), Vec::new());
        let (mut agents, mut names) = (Vec::new(), Vec::new());
        let (mut sequences, mut ordinals) = (Vec::new(), Vec::new());
        for (agent, (sequence, ordinal), name) in self.last_names() {
            agent_hashes.push(hash(agent));
            name_hashes.push(hash(name));
            agents.push(agent);
            names.push(name.as_bytes());
            sequences.push(sequence);
            ordinals.push(ordinal);
        }
        let upsert = connection.prepare_cached(ADD_NAMES).await?;
        let columns: [&(dyn tokio_postgres::types::ToSql + Sync); 7] =
            [&tenant, &agent_hashes, &name_hashes, &agents, &names, &sequences, &ordinals];
        connection.execute(&upsert, &columns).await?;
        // Each person once: the names that are too many are those that were used first.
        agent_hashes.sort_unstable();
        agent_hashes.dedup();
        let kept_max = i64::try_from(Person::NAMES_COUNT_MAX).unwrap_or(i64::MAX);
        let trim = connection.prepare_cached(TRIM_NAMES).await?;
        connection.execute(&trim, &[&tenant, &agent_hashes, &kept_max]).await?;
        Ok(())
    }
}

/// The hash that an activity, an identifier or a name is found by.
pub(crate) fn hash(text: impl AsRef<[u8]>) -> Vec<u8> {
    Sha256::digest(text).to_vec()
}

const fn step_of(span: Span) -> &'static str {
    if span.from == 0 { FIRST_STEP } else { STEP }
}

/// Moves a follower. Returns whether its position was the beginning of the step.
async fn move_on(connection: &Connection, span: Span) -> Result<bool, Failure> {
    let sql = connection.prepare_cached(step_of(span)).await?;
    let Span { follower, tenant, from, to } = span;
    Ok(0 < connection.execute(&sql, &[&tenant, &follower, &from, &to]).await?)
}
