//! Activities and persons, as the follower of entities has written them.

mod keys;
pub(crate) mod names;
mod parts;
pub(crate) mod steps;

use acta_access::TenantId;
use acta_storage::{EntityRead, EntityStore, FollowerName, Person, StorageError};
use acta_xapi::{ActivityId, Ifi};
use async_trait::async_trait;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::PostgresStorage;
use crate::database::Database;
use crate::types::number;
use keys::hash;

const DEFINITIONS: &str = "SELECT coalesce(f.sequence, 0), \
     ARRAY(SELECT d.definition::text \
     FROM unnest($3::bytea[]) WITH ORDINALITY AS wanted(hash, ordinal) \
     LEFT JOIN acta.definitions d ON d.tenant_id = $1 AND d.activity_hash = wanted.hash \
     ORDER BY wanted.ordinal) \
     FROM (SELECT) AS one \
     LEFT JOIN acta.followers f ON f.tenant_id = $1 AND f.name = $2";

const NAMES: &str = "SELECT coalesce(f.sequence, 0), \
     ARRAY(SELECT p.name FROM acta.person_names p \
     WHERE p.tenant_id = $1 AND p.agent_hash = $3 \
     ORDER BY p.last_sequence, p.last_ordinal) \
     FROM (SELECT) AS one \
     LEFT JOIN acta.followers f ON f.tenant_id = $1 AND f.name = $2";

impl Database {
    /// Reads a row with the follower's position and what it has written about subjects.
    async fn read_entity<S: ToSql + Sync>(
        &self,
        tenant: TenantId,
        sql: &'static str,
        subjects: S,
    ) -> Result<Row, StorageError> {
        let tenant = number(tenant);
        self.run("reading activities or a person", |connection| {
            let subjects = &subjects;
            async move {
                let select = connection.prepare_cached(sql).await?;
                let follower = FollowerName::ENTITIES.as_str();
                Ok(connection.query_one(&select, &[&tenant, &follower, subjects]).await?)
            }
        })
        .await
    }
}

fn sequence_of(row: &Row) -> u64 {
    row.get::<_, i64>(0).unsigned_abs()
}

#[async_trait]
impl EntityStore for PostgresStorage {
    async fn read_definitions(
        &self,
        tenant: TenantId,
        activities: &[ActivityId],
    ) -> Result<EntityRead<Vec<Option<String>>>, StorageError> {
        let hashes: Vec<_> = activities.iter().map(|activity| hash(activity.as_str())).collect();
        let row = self.database.read_entity(tenant, DEFINITIONS, hashes).await?;
        Ok(EntityRead { value: row.get(1), sequence: sequence_of(&row) })
    }

    async fn read_person(
        &self,
        tenant: TenantId,
        ifi: &Ifi,
    ) -> Result<EntityRead<Person>, StorageError> {
        let row = self.database.read_entity(tenant, NAMES, hash(ifi.to_key())).await?;
        let mut names = Vec::new();
        for name in row.get::<_, Vec<Vec<u8>>>(1) {
            let name = String::from_utf8(name);
            names.push(name.map_err(|_not_utf8| StorageError::Corrupt {
                place: "acta.person_names, name".to_owned(),
            })?);
        }
        // Those that are too many are removed only after they were written.
        names.drain(..names.len().saturating_sub(Person::NAMES_COUNT_MAX));
        Ok(EntityRead { value: Person { names }, sequence: sequence_of(&row) })
    }
}

#[cfg(test)]
mod tests;
