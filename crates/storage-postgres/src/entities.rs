//! Activities and persons, kept by a follower of the statements.
//!
//! One node at a time, by a lease, reads what statements tell, tenant by tenant in the order
//! of the log, and writes it together with how far it has read, unless another has gone on
//! from there: so each statement counts once, whoever believes to lead. It waits for nothing
//! that a writer of statements has locked, and no such writer waits for it.
//!
//! A read takes what is written and adds what the statements behind it tell, so it never
//! depends on the follower to be quick: only when a great many lie behind does it wait, and
//! then does the work itself if nobody does.

mod cache;
mod changes;
mod follower;
mod told;

use std::sync::Arc;
use std::time::Duration;

use acta_access::TenantId;
use acta_storage::{EntityStore, Person, StorageError};
use acta_xapi::{ActivityId, Ifi};
use async_trait::async_trait;
use futures_util::TryFutureExt;
use tokio_postgres::Row;

use crate::PostgresStorage;
use crate::database::Database;
use crate::failure::Failure;
use crate::lease::{DURATION, Lease};
use crate::types::number;
use changes::{hash, merge_all};
use follower::{Follower, help};
use told::{Fact, FactKind, Span, read_page};

/// The name of the follower and of its lease.
const FOLLOWER: &str = "entities";

/// Most statements that a read looks through by itself.
const BEHIND_COUNT_MAX: i64 = 2_000;

/// How often a read looks whether the follower has come near enough.
const LOOK: Duration = Duration::from_millis(20);

/// After so many looks at a follower that does not move, a read does its work.
const LOOK_COUNT_MAX: u32 = 25;

const READING: &str = "reading what statements tell";

const DEFINITION: &str = "SELECT coalesce(f.sequence, 0), c.last_sequence, d.definition::text \
     FROM acta.counters c \
     LEFT JOIN acta.followers f ON f.tenant_id = $1 AND f.name = $2 \
     LEFT JOIN acta.definitions d ON d.tenant_id = $1 AND d.activity_hash = $3 \
     WHERE c.tenant_id = $1";

const NAMES: &str = "SELECT coalesce(f.sequence, 0), c.last_sequence, \
     ARRAY(SELECT p.name FROM acta.person_names p \
     WHERE p.tenant_id = $1 AND p.agent_hash = $3 \
     ORDER BY p.last_sequence, p.last_ordinal) \
     FROM acta.counters c \
     LEFT JOIN acta.followers f ON f.tenant_id = $1 AND f.name = $2 \
     WHERE c.tenant_id = $1";

impl PostgresStorage {
    /// Starts to follow the statements, if this node is the one to do so.
    pub(crate) fn follow_entities(&self) {
        let wake = Arc::clone(&self.appended);
        let follower = Follower::new(Arc::clone(&self.database), Arc::clone(&self.leading), wake);
        self.tasks.spawn(follower.run(self.stop.clone()));
    }

    /// Whether this node is the one that keeps activities and persons now.
    pub fn leads(&self) -> bool {
        self.leading.is_held()
    }

    /// Reads a row by `sql`, of which the first two columns are how far the follower has come
    /// and how far there are statements. Returns it with what the statements between the two
    /// tell about `about`, in order.
    async fn gather(
        &self,
        tenant: TenantId,
        sql: &'static str,
        (kind, about): (FactKind, &str),
    ) -> Result<Option<(Row, Vec<String>)>, StorageError> {
        let tenant = number(tenant);
        let (mut last, mut seen, mut look_count, mut is_helping) = (None, None, 0, false);
        loop {
            let Some(row) = self.database.find_entity(tenant, sql, about).await? else {
                return Ok(None);
            };
            // What is stored from now on need not be told.
            let until = *last.get_or_insert(row.get(1));
            let span = Span { tenant, after: row.get(0), until };
            if span.count() <= BEHIND_COUNT_MAX {
                let told = self.database.read_told(span, (kind, about)).await?;
                return Ok(Some((row, told)));
            }
            if seen.replace(span.after) != Some(span.after) && !is_helping {
                look_count = 0;
            }
            if LOOK_COUNT_MAX <= look_count {
                is_helping = self.database.help(span).await?;
                continue;
            }
            self.appended.notify_one();
            tokio::time::sleep(LOOK).await;
            look_count += 1;
        }
    }
}

/// The lease of the node that follows the statements.
pub(crate) fn lease(database: &Arc<Database>) -> Arc<Lease> {
    Arc::new(Lease::new(Arc::clone(database), FOLLOWER, DURATION))
}

impl Database {
    async fn find_entity(
        &self,
        tenant: i32,
        sql: &'static str,
        about: &str,
    ) -> Result<Option<Row>, StorageError> {
        let hash = hash(about);
        self.run("reading an activity or a person", |connection| {
            let hash = &hash;
            async move {
                let select = connection.prepare_cached(sql).await?;
                Ok(connection.query_opt(&select, &[&tenant, &FOLLOWER, hash]).await?)
            }
        })
        .await
    }

    /// What the statements of a span say about `about`, in order.
    async fn read_told(
        &self,
        mut span: Span,
        (kind, about): (FactKind, &str),
    ) -> Result<Vec<String>, StorageError> {
        let mut told = Vec::new();
        let mut attempts = self.attempts(READING);
        while 0 < span.count() {
            let mut said = Vec::new();
            let mut hear = |fact: Fact<'_>| {
                let is_wanted = fact.kind == kind && fact.about == about;
                said.extend(is_wanted.then(|| fact.said.to_owned()));
            };
            let page = read_page(self, span, &mut hear);
            match page.await {
                Ok(reached) => {
                    span.after = reached;
                    told.append(&mut said);
                }
                Err(failure) => attempts.again(failure).await?,
            }
        }
        Ok(told)
    }

    async fn help(&self, span: Span) -> Result<bool, StorageError> {
        // It is done once, however often it is tried.
        self.repeat(READING, || help(self, span).map_err(Failure::repeatable)).await
    }
}

#[async_trait]
impl EntityStore for PostgresStorage {
    async fn find_definition(
        &self,
        tenant: TenantId,
        activity: &ActivityId,
    ) -> Result<Option<String>, StorageError> {
        let about = (FactKind::Definition, activity.as_str());
        let gathered = self.gather(tenant, DEFINITION, about).await?;
        Ok(gathered.and_then(|(row, told)| merge_all(row.get(2), &told)))
    }

    async fn find_person(&self, tenant: TenantId, ifi: &Ifi) -> Result<Person, StorageError> {
        let agent = ifi.to_key();
        let gathered = self.gather(tenant, NAMES, (FactKind::Name, &agent)).await?;
        let Some((row, told)) = gathered else { return Ok(Person::default()) };
        let mut names = Vec::new();
        for name in row.get::<_, Vec<Vec<u8>>>(2) {
            let name = String::from_utf8(name);
            names.push(name.map_err(|_not_utf8| StorageError::Corrupt {
                place: "acta.person_names, name".to_owned(),
            })?);
        }
        for name in told {
            names.retain(|known| *known != name);
            names.push(name);
        }
        Ok(Person { names })
    }
}

#[cfg(test)]
mod tests;
