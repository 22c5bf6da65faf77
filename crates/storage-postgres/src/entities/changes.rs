//! Writing what was told, together with how far it was read.

use std::collections::{BTreeMap, HashMap};

use acta_xapi::merge_definitions;
use futures_util::future::join;
use sha2::{Digest, Sha256};

use super::FOLLOWER;
use super::told::{Fact, FactKind, Span};
use crate::database::{Connection, Database};
use crate::failure::Failure;

/// The first step makes the row; so that a row that was removed, for everything to be made
/// anew, is not made by a later one.
const FIRST_STEP: &str = "INSERT INTO acta.followers AS follower (tenant_id, name, sequence) \
     VALUES ($1, $2, $4) ON CONFLICT (tenant_id, name) \
     DO UPDATE SET sequence = excluded.sequence WHERE follower.sequence = $3";

const STEP: &str = "UPDATE acta.followers SET sequence = $4 \
     WHERE tenant_id = $1 AND name = $2 AND sequence = $3";

/// What statements tell, in order.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// What was said of each activity.
    definitions: BTreeMap<String, Vec<String>>,
    /// Keys of identifiers with a name, and where it was used last.
    names: HashMap<(String, String), (i64, i32)>,
}

impl Changes {
    /// Adds a fact behind the others.
    pub(super) fn add(&mut self, fact: Fact<'_>) {
        let (about, said) = (fact.about.to_owned(), fact.said.to_owned());
        match fact.kind {
            FactKind::Definition => {
                let all = self.definitions.entry(about).or_default();
                if all.last() != Some(&said) {
                    all.push(said);
                }
            }
            FactKind::Name => {
                self.names.insert((about, said), (fact.sequence, fact.ordinal));
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.definitions.is_empty() && self.names.is_empty()
    }

    /// Writes what the statements of `span` have told, and that they were read. Returns
    /// whether it was so: not if another has read them already.
    ///
    /// # Errors
    ///
    /// As [`Failure`] says; nothing was written, unless that is unknown.
    pub(super) async fn write(&self, database: &Database, span: Span) -> Result<bool, Failure> {
        if self.is_empty() {
            let moved =
                database.run_once(|connection| async move { step(&connection, span).await });
            return moved.await.map_err(Failure::at_commit);
        }
        database
            .transact_once(|connection| async move {
                let sql = "SELECT activity_hash, definition::text FROM acta.definitions \
                     WHERE tenant_id = $1 AND activity_hash = ANY ($2)";
                let select = connection.prepare_cached(sql).await?;
                let hashes: Vec<Vec<u8>> = self.definitions.keys().map(hash).collect();
                connection.prepare_cached(step_of(span)).await?;
                // Whoever else writes for the tenant has done so when the second is executed.
                let (moved, known) = join(
                    step(&connection, span),
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
            let merged = merge_all(known.map(str::to_owned), told);
            if let Some(merged) = merged.filter(|merged| known != Some(merged)) {
                hashes.push(hash);
                activities.push(activity);
                definitions.push(merged);
            }
        }
        if hashes.is_empty() {
            return Ok(());
        }
        let sql = "INSERT INTO acta.definitions \
             (tenant_id, activity_hash, activity, definition) \
             SELECT $1, t.hash, t.activity, t.definition::json \
             FROM unnest($2::bytea[], $3::text[], $4::text[]) AS t (hash, activity, definition) \
             ON CONFLICT (tenant_id, activity_hash) \
             DO UPDATE SET definition = excluded.definition";
        let upsert = connection.prepare_cached(sql).await?;
        connection.execute(&upsert, &[&tenant, &hashes, &activities, &definitions]).await?;
        Ok(())
    }

    async fn write_names(&self, connection: &Connection, tenant: i32) -> Result<(), Failure> {
        if self.names.is_empty() {
            return Ok(());
        }
        let (mut agent_hashes, mut name_hashes) = (Vec::new(), Vec::new());
        let (mut agents, mut names) = (Vec::new(), Vec::new());
        let (mut sequences, mut ordinals) = (Vec::new(), Vec::new());
        for ((agent, name), (sequence, ordinal)) in &self.names {
            agent_hashes.push(hash(agent));
            name_hashes.push(hash(name));
            agents.push(agent);
            names.push(name.as_bytes());
            sequences.push(*sequence);
            ordinals.push(*ordinal);
        }
        let sql = "INSERT INTO acta.person_names \
             (tenant_id, agent_hash, name_hash, agent, name, last_sequence, last_ordinal) \
             SELECT $1, t.* FROM unnest($2::bytea[], $3::bytea[], $4::text[], $5::bytea[], \
             $6::bigint[], $7::integer[]) AS t \
             ON CONFLICT (tenant_id, agent_hash, name_hash) DO UPDATE \
             SET last_sequence = excluded.last_sequence, last_ordinal = excluded.last_ordinal";
        let upsert = connection.prepare_cached(sql).await?;
        let columns: [&(dyn tokio_postgres::types::ToSql + Sync); 7] =
            [&tenant, &agent_hashes, &name_hashes, &agents, &names, &sequences, &ordinals];
        connection.execute(&upsert, &columns).await?;
        Ok(())
    }
}

/// The hash that an activity, an identifier or a name is found by.
pub(super) fn hash(text: impl AsRef<[u8]>) -> Vec<u8> {
    Sha256::digest(text).to_vec()
}

/// What is known once all of `told` has arrived.
pub(super) fn merge_all(known: Option<String>, told: &[String]) -> Option<String> {
    told.iter().fold(known, |known, newer| Some(merge_definitions(known.as_deref(), newer)))
}

const fn step_of(span: Span) -> &'static str {
    if span.after == 0 { FIRST_STEP } else { STEP }
}

/// Moves the follower over a span. Returns whether it stood before it.
async fn step(connection: &Connection, span: Span) -> Result<bool, Failure> {
    let step = connection.prepare_cached(step_of(span)).await?;
    let Span { tenant, after, until } = span;
    Ok(0 < connection.execute(&step, &[&tenant, &FOLLOWER, &after, &until]).await?)
}
