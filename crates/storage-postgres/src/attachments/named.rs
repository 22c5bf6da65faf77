//! Naming content: it becomes readable with its batch.

use std::collections::HashSet;
use std::time::Duration;

use acta_access::TenantId;
use acta_storage::StorageError;
use tokio_postgres::types::ToSql;

use super::staged::StagedBody;
use super::{ContentKind, Staged};
use crate::database::Connection;
use crate::failure::Failure;
use crate::types::{Id, number};

/// Stores content, or where it is, beside its hash.
pub(crate) const NAME: &str = "INSERT INTO acta.attachments \
     (tenant_id, sha2, len_bytes, bytes, content_id, is_object) \
     SELECT c.tenant_id, sha2, len_bytes, bytes, content_id, is_object \
     FROM acta.counters c \
     CROSS JOIN unnest($2::text[], $3::bigint[], $4::bytea[], $5::uuid[], $6::boolean[]) \
     AS given (sha2, len_bytes, bytes, content_id, is_object) \
     WHERE c.tenant_id = $1 ORDER BY sha2 \
     ON CONFLICT (tenant_id, sha2) DO NOTHING RETURNING content_id";

/// The content that a committed transaction has named.
#[derive(Debug)]
pub(crate) struct NamedContent(HashSet<Id>);

impl NamedContent {
    /// Keeps what was named, and removes the rest, for which equal content was already stored.
    ///
    /// To be called after the commit, only to save work: content that is dropped instead is
    /// looked up in the database, and stays if it is named there.
    pub(crate) fn keep(&self, staged: Vec<Staged>) {
        for staged in staged {
            if let StagedBody::Written(unnamed) = staged.body
                && self.0.contains(&staged.name.id)
            {
                unnamed.forget();
            }
        }
    }
}

impl Staged {
    /// Makes content readable by its hash, in the transaction that is open on `connection`. If
    /// equal content is already stored, that stays.
    ///
    /// It can be repeated with the same content in another transaction if this one was not
    /// committed, or if that is unknown.
    ///
    /// # Errors
    ///
    /// [`StorageError::Busy`] when content has been removed because it came so long ago; else
    /// as the database has it. The transaction must not be committed then.
    pub(crate) async fn name_all(
        connection: &Connection,
        tenant: TenantId,
        staged: &[&Self],
    ) -> Result<NamedContent, Failure> {
        if staged.is_empty() {
            return Ok(NamedContent(HashSet::new()));
        }
        let named = insert(connection, tenant, staged).await?;
        let is_named = |staged: &&&Self| named.contains(&staged.name.id);
        let is_written = |staged: &&&Self| matches!(staged.body, StagedBody::Written(_));
        let written = staged.iter().filter(is_named).filter(is_written);
        let written: Vec<Id> = written.map(|staged| staged.name.id).collect();
        if !written.is_empty() && release(connection, tenant, &written).await? < written.len() {
            // The client can repeat the request with the content.
            tracing::warn!("content waited so long for its batch that it has been removed");
            let retry_after = Duration::from_secs(1);
            return Err(StorageError::Busy { retry_after }.into());
        }
        Ok(NamedContent(named))
    }
}

/// Returns what was inserted.
async fn insert(
    connection: &Connection,
    tenant: TenantId,
    staged: &[&Staged],
) -> Result<HashSet<Id>, Failure> {
    let insert = connection.prepare_cached(NAME).await?;
    let (mut hashes, mut lens) = (Vec::new(), Vec::new());
    let (mut bytes, mut ids, mut are_objects) = (Vec::new(), Vec::new(), Vec::new());
    for staged in staged {
        hashes.push(staged.computed.as_str());
        lens.push(i64::try_from(staged.len_bytes).unwrap_or(i64::MAX));
        bytes.push(match &staged.body {
            StagedBody::Waiting { bytes, .. } => Some(&bytes[..]),
            StagedBody::Written(_) => None,
        });
        ids.push(staged.name.id);
        are_objects.push(staged.body.kind() == ContentKind::Object);
    }
    let tenant = number(tenant);
    let columns: [&(dyn ToSql + Sync); 6] = [&tenant, &hashes, &lens, &bytes, &ids, &are_objects];
    let rows = connection.query(&insert, &columns).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Deletes the records of content that is named. Returns how many there were.
async fn release(connection: &Connection, tenant: TenantId, ids: &[Id]) -> Result<usize, Failure> {
    let sql = "DELETE FROM acta.contents \
         WHERE tenant_id = $1 AND content_id = ANY($2) AND NOT is_doomed";
    let delete = connection.prepare_cached(sql).await?;
    let count = connection.execute(&delete, &[&number(tenant), &ids]).await?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}
