//! Steps of followers: their effects, written together with their positions.

use std::collections::{BTreeMap, HashMap};

use acta_storage::{
    Advanced, EntityFact, EntityKind, FollowerName, FollowerStep, StorageError, merge_all,
};
use futures_util::future::join;

use super::keys::hash;
use super::names::{Named, Names};
use super::parts::{Part, divide};
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

pub(crate) const KNOWN: &str = "SELECT activity_hash, definition::text FROM acta.definitions \
     WHERE tenant_id = $1 AND activity_hash = ANY ($2)";

pub(crate) const DEFINE: &str = "INSERT INTO acta.definitions \
     (tenant_id, activity_hash, activity, definition) \
     SELECT c.tenant_id, t.hash, t.activity, t.definition::json FROM acta.counters c \
     CROSS JOIN unnest($2::bytea[], $3::text[], $4::text[]) \
     AS t (hash, activity, definition) WHERE c.tenant_id = $1 \
     ON CONFLICT (tenant_id, activity_hash) \
     DO UPDATE SET definition = excluded.definition";

/// Facts grouped by subject.
#[derive(Debug, Default)]
struct Changes<'f> {
    /// The definitions of each activity, in order.
    definitions: BTreeMap<&'f str, Vec<&'f str>>,
    names: Names<'f>,
}

/// Saves a step of a follower, if its position is the beginning of the step.
///
/// A long step is saved in parts, each a transaction that also moves the position over it: so none
/// keeps a connection or locks for long, and readers see how far it has come.
///
/// # Errors
///
/// [`Failure`]; the position says which parts were saved.
pub(crate) async fn take_step(
    database: &Database,
    follower: FollowerName,
    step: &FollowerStep,
) -> Result<Advanced, Failure> {
    for Part { from, to, facts } in divide(step) {
        let span = Span {
            follower: follower.as_str(),
            tenant: number(step.tenant),
            from: i64::try_from(from).unwrap_or(i64::MAX),
            to: i64::try_from(to).unwrap_or(i64::MAX),
        };
        let has_moved = if facts.is_empty() {
            let moved =
                database.run_once(|connection| async move { move_on(&connection, span).await });
            moved.await.map_err(Failure::at_commit)?
        } else {
            Changes::of(facts).save(database, span).await?
        };
        if !has_moved {
            return Ok(Advanced::Moved);
        }
    }
    Ok(Advanced::Done)
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

/// A part of a step without its effects.
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
                    changes.names.note(&fact.subject, &fact.text, place);
                }
            }
        }
        changes
    }

    /// Saves the changes with the new position. Returns `false` if the follower had another
    /// position.
    async fn save(&self, database: &Database, span: Span) -> Result<bool, Failure> {
        let Some(named) = self.write(database, span).await? else { return Ok(false) };
        named.trim(database, span.tenant).await?;
        Ok(true)
    }

    async fn write(&self, database: &Database, span: Span) -> Result<Option<Named>, Failure> {
        database
            .transact_once(|connection| async move {
                let select = connection.prepare_cached(KNOWN).await?;
                let hashes: Vec<Vec<u8>> = self.definitions.keys().map(hash).collect();
                connection.prepare_cached(step_of(span)).await?;
                // The second statement sees what was committed while the first waited for its lock.
                let (moved, known) = join(
                    move_on(&connection, span),
                    connection.query(&select, &[&span.tenant, &hashes]),
                )
                .await;
                if !moved? {
                    return Ok(None);
                }
                let known = known?;
                let known: HashMap<&[u8], &str> =
                    known.iter().map(|row| (row.get(0), row.get(1))).collect();
                self.write_definitions(&connection, span.tenant, &known).await?;
                self.names.write(&connection, span.tenant).await.map(Some)
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
        for (activity, sent) in &self.definitions {
            let hash = hash(activity);
            let known = known.get(&*hash).copied();
            let merged = merge_all(known, sent.iter().copied());
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
