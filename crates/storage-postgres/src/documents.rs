//! Documents: each write is decided by the row that it changes.
//!
//! An existing document is replaced by a statement of SQL that contains the precondition.
//! Creating or removing a document first locks the row of its place, which counts the documents
//! there, and then that of the document: always in this order.

mod etag_condition;
mod place;
mod transfer;

use std::collections::BTreeSet;

use acta_access::TenantId;
use acta_ambient::Timestamp;
use acta_storage::{
    Document, DocumentKey, DocumentList, DocumentNames, DocumentStore, DocumentWrite, Etag,
    NewDocument, Precondition, StorageError,
};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::join;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::PostgresStorage;
use crate::database::{Connection, Database};
use crate::failure::Failure;
use crate::types::SqlTimestamp;
use etag_condition::EtagCondition;
use place::{Columns, ListColumns};

const REPLACING: &str = "writing a document";

const LOCKED_HEAD: &str = "SELECT etag, updated FROM acta.documents \
     WHERE tenant_id = $1 AND place = $2 AND registration = $3 AND name_hash = $4 FOR UPDATE";

/// One document fewer in a place. Also locks the place: by a write, since a cluster that moves a
/// tenant to another machine does not wait for rows that are only locked.
const LEAVE: &str = "UPDATE acta.document_places SET document_count = document_count - 1 \
     WHERE tenant_id = $1 AND place = $2 AND registration = $3";

/// Takes back [`LEAVE`].
const RETURN: &str = "UPDATE acta.document_places SET document_count = document_count + 1 \
     WHERE tenant_id = $1 AND place = $2 AND registration = $3";

#[async_trait]
impl DocumentStore for PostgresStorage {
    async fn find_document(
        &self,
        tenant: TenantId,
        key: &DocumentKey,
    ) -> Result<Option<Document>, StorageError> {
        let columns = Columns::of(tenant, key);
        self.database
            .run("reading a document", |connection| {
                let columns = &columns;
                async move {
                    let sql = "SELECT content, content_type, etag, updated FROM acta.documents \
                         WHERE tenant_id = $1 AND place = $2 AND registration = $3 \
                         AND name_hash = $4";
                    let select = connection.prepare_cached(sql).await?;
                    let found = connection.query_opt(&select, &columns.key()).await?;
                    Ok(found.as_ref().map(read_document))
                }
            })
            .await
    }

    async fn replace_document(
        &self,
        tenant: TenantId,
        key: &DocumentKey,
        document: NewDocument,
        precondition: &Precondition,
    ) -> Result<DocumentWrite, StorageError> {
        self.database.check_reserve().await?;
        let columns = Columns::of(tenant, key);
        if let Some(wanted) = EtagCondition::of(precondition) {
            if self.database.replace_existing(&columns, &document, &wanted).await? {
                return Ok(DocumentWrite::Replaced);
            }
            if precondition.if_match.is_some() {
                // There is no document, or another one.
                return Err(StorageError::PreconditionFailed);
            }
        }
        let now = self.database.clock.now();
        self.database
            .transact(REPLACING, |connection| {
                let (columns, document) = (&columns, &document);
                async move { write(&connection, columns, document, now, precondition).await }
            })
            .await
    }

    async fn remove_document(
        &self,
        tenant: TenantId,
        key: &DocumentKey,
        precondition: &Precondition,
    ) -> Result<DocumentWrite, StorageError> {
        self.database.check_reserve().await?;
        let columns = Columns::of(tenant, key);
        self.database
            .transact("removing a document", |connection| {
                let columns = &columns;
                async move { remove(&connection, columns, precondition).await }
            })
            .await
    }

    async fn remove_documents(
        &self,
        tenant: TenantId,
        list: &DocumentList,
    ) -> Result<u64, StorageError> {
        self.database.check_reserve().await?;
        let columns = ListColumns::of(tenant, list);
        self.database
            .transact("removing documents", |connection| {
                let columns = &columns;
                async move { remove_all(&connection, columns).await }
            })
            .await
    }

    async fn list_documents(
        &self,
        tenant: TenantId,
        list: &DocumentList,
        since: Option<Timestamp>,
    ) -> Result<DocumentNames, StorageError> {
        let ListColumns { place, registration } = ListColumns::of(tenant, list);
        let since = since.map(SqlTimestamp);
        let found: Vec<(String, Timestamp)> = self
            .database
            .run("listing documents", |connection| {
                let (place, registration) = (&place, &registration);
                async move {
                    let sql = "SELECT name, updated FROM acta.documents \
                         WHERE tenant_id = $1 AND place = $2 \
                         AND ($3::text IS NULL OR registration = $3) \
                         AND ($4::timestamptz IS NULL OR $4 < updated)";
                    let select = connection.prepare_cached(sql).await?;
                    let columns: [&(dyn ToSql + Sync); 4] =
                        [&place.tenant, &place.hash, registration, &since];
                    let rows = connection.query(&select, &columns).await?;
                    rows.iter().map(read_entry).collect()
                }
            })
            .await?;
        let updated = found.iter().map(|(_, updated)| *updated).max();
        let names: BTreeSet<String> = found.into_iter().map(|(name, _)| name).collect();
        Ok(DocumentNames { names: names.into_iter().collect(), updated })
    }
}

impl Columns {
    /// The columns of the primary key.
    fn key(&self) -> [&(dyn ToSql + Sync); 4] {
        let Self { place, registration, name: _, name_hash } = self;
        [&place.tenant, &place.hash, registration, name_hash]
    }
}

impl Database {
    /// Replaces a document that matches `wanted`. Returns whether there was one.
    ///
    /// A single statement without a transaction could arrive, after a network interruption, long
    /// after its timeout, and overwrite later writes. A commit is sent only before the timeout,
    /// and its locks do not outlast it for long.
    async fn replace_existing(
        &self,
        columns: &Columns,
        document: &NewDocument,
        wanted: &EtagCondition<'_>,
    ) -> Result<bool, StorageError> {
        let NewDocument { content, content_type, etag, count_max: _ } = document;
        let (content, updated) = (&content[..], SqlTimestamp(self.clock.now()));
        self.transact(REPLACING, |connection| async move {
            // The clock may be set back, but a document's time must not go back.
            let sql = "UPDATE acta.documents SET updated = greatest(updated, $5), \
                 etag = $6, content_type = $7, content = $8 \
                 WHERE tenant_id = $1 AND place = $2 AND registration = $3 \
                 AND name_hash = $4 AND ($9::text[] IS NULL OR etag = ANY ($9)) \
                 AND etag <> ALL ($10::text[])";
            let update = connection.prepare_cached(sql).await?;
            let [tenant, place, registration, name] = columns.key();
            let (one_of, none_of) = (&wanted.one_of, &wanted.none_of);
            let columns: [&(dyn ToSql + Sync); 10] = [
                tenant,
                place,
                registration,
                name,
                &updated,
                &etag.0,
                content_type,
                &content,
                one_of,
                none_of,
            ];
            Ok(0 < connection.execute(&update, &columns).await?)
        })
        .await
    }
}

/// A document's row without its content.
struct DocumentHead {
    etag: Etag,
    updated: Timestamp,
}

/// Writes a document under the lock of its place.
async fn write(
    connection: &Connection,
    columns: &Columns,
    document: &NewDocument,
    now: Timestamp,
    precondition: &Precondition,
) -> Result<DocumentWrite, Failure> {
    // Counts the document to be created. If it exists, the count is restored below.
    let sql = "INSERT INTO acta.document_places AS place \
         (tenant_id, place, registration, document_count) VALUES ($1, $2, $3, 1) \
         ON CONFLICT (tenant_id, place, registration) \
         DO UPDATE SET document_count = place.document_count + 1 RETURNING document_count";
    let count = connection.prepare_cached(sql).await?;
    let select = connection.prepare_cached(LOCKED_HEAD).await?;
    let [tenant, place, registration, _] = columns.key();
    let (of_place, of_document) = ([tenant, place, registration], columns.key());
    // The second statement sees what was committed while the first waited for its lock.
    let (counted, found) =
        join(connection.query_one(&count, &of_place), connection.query_opt(&select, &of_document))
            .await;
    let count: i32 = counted?.get(0);
    let head = found?.as_ref().map(read_head);
    check(precondition, head.as_ref())?;
    let Some(head) = head else {
        let count_max = document.count_max;
        if usize::try_from(count).is_ok_and(|count| count_max < count) {
            return Err(StorageError::TooMany { count_max }.into());
        }
        insert(connection, columns, document, now).await?;
        return Ok(DocumentWrite::Created);
    };
    let leave = connection.prepare_cached(LEAVE).await?;
    let sql = "UPDATE acta.documents \
         SET updated = $5, etag = $6, content_type = $7, content = $8 \
         WHERE tenant_id = $1 AND place = $2 AND registration = $3 AND name_hash = $4";
    let update = connection.prepare_cached(sql).await?;
    let NewDocument { content, content_type, etag, count_max: _ } = document;
    let (content, updated) = (&content[..], SqlTimestamp(now.max(head.updated)));
    let [tenant, place, registration, name] = columns.key();
    let values: [&(dyn ToSql + Sync); 8] =
        [tenant, place, registration, name, &updated, &etag.0, content_type, &content];
    let (left, updated) =
        join(connection.execute(&leave, &of_place), connection.execute(&update, &values)).await;
    left?;
    updated?;
    Ok(DocumentWrite::Replaced)
}

async fn insert(
    connection: &Connection,
    columns: &Columns,
    document: &NewDocument,
    now: Timestamp,
) -> Result<(), Failure> {
    let sql = "INSERT INTO acta.documents (tenant_id, place, registration, name_hash, name, \
         kind, activity, agent, updated, etag, content_type, content) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    let insert = connection.prepare_cached(sql).await?;
    let NewDocument { content, content_type, etag, count_max: _ } = document;
    let Columns { place, registration, name, name_hash } = columns;
    let (name, content, updated) = (name.as_bytes(), &content[..], SqlTimestamp(now));
    let values: [&(dyn ToSql + Sync); 12] = [
        &place.tenant,
        &place.hash,
        registration,
        name_hash,
        &name,
        &place.kind,
        &place.activity,
        &place.agent,
        &updated,
        &etag.0,
        content_type,
        &content,
    ];
    connection.execute(&insert, &values).await?;
    Ok(())
}

/// Removes a document under the lock of its place.
async fn remove(
    connection: &Connection,
    columns: &Columns,
    precondition: &Precondition,
) -> Result<DocumentWrite, Failure> {
    // Counts the document to be removed. If there is none, the count is restored below.
    let leave = connection.prepare_cached(LEAVE).await?;
    let select = connection.prepare_cached(LOCKED_HEAD).await?;
    let [tenant, place, registration, _] = columns.key();
    let (of_place, of_document) = ([tenant, place, registration], columns.key());
    // The second statement sees what was committed while the first waited for its lock.
    let (left, found) =
        join(connection.execute(&leave, &of_place), connection.query_opt(&select, &of_document))
            .await;
    // Without a row of the place, a document found here was created just after the lock.
    let is_locked = 0 < left?;
    let head = found?.filter(|_| is_locked).as_ref().map(read_head);
    check(precondition, head.as_ref())?;
    if head.is_none() {
        if is_locked {
            let restore = connection.prepare_cached(RETURN).await?;
            connection.execute(&restore, &of_place).await?;
        }
        return Ok(DocumentWrite::Nothing);
    }
    let sql = "DELETE FROM acta.documents \
         WHERE tenant_id = $1 AND place = $2 AND registration = $3 AND name_hash = $4";
    let delete = connection.prepare_cached(sql).await?;
    let sql = "DELETE FROM acta.document_places \
         WHERE tenant_id = $1 AND place = $2 AND registration = $3 AND document_count = 0";
    let abandon = connection.prepare_cached(sql).await?;
    let (deleted, abandoned) =
        join(connection.execute(&delete, &of_document), connection.execute(&abandon, &of_place))
            .await;
    deleted?;
    abandoned?;
    Ok(DocumentWrite::Replaced)
}

/// Removes all documents of a list. Returns how many there were.
async fn remove_all(connection: &Connection, columns: &ListColumns) -> Result<u64, Failure> {
    let ListColumns { place, registration } = columns;
    // A writer that creates a document there waits, and then creates the row of the place.
    let sql = "DELETE FROM acta.document_places WHERE tenant_id = $1 AND place = $2 \
         AND ($3::text IS NULL OR registration = $3) RETURNING registration";
    let abandon = connection.prepare_cached(sql).await?;
    let abandoned = connection.query(&abandon, &[&place.tenant, &place.hash, registration]).await?;
    let registrations: Vec<&str> = abandoned.iter().map(|row| row.get(0)).collect();
    if registrations.is_empty() {
        return Ok(0);
    }
    let sql = "DELETE FROM acta.documents \
         WHERE tenant_id = $1 AND place = $2 AND registration = ANY ($3)";
    let delete = connection.prepare_cached(sql).await?;
    Ok(connection.execute(&delete, &[&place.tenant, &place.hash, &registrations]).await?)
}

fn check(precondition: &Precondition, head: Option<&DocumentHead>) -> Result<(), StorageError> {
    let etag = head.map(|head| &head.etag);
    if precondition.holds(etag) { Ok(()) } else { Err(StorageError::PreconditionFailed) }
}

fn read_head(row: &Row) -> DocumentHead {
    let SqlTimestamp(updated) = row.get("updated");
    DocumentHead { etag: Etag(row.get("etag")), updated }
}

fn read_document(row: &Row) -> Document {
    let SqlTimestamp(updated) = row.get("updated");
    Document {
        content: Bytes::from(row.get::<_, Vec<u8>>("content")),
        content_type: row.get("content_type"),
        etag: Etag(row.get("etag")),
        updated,
    }
}

/// The name of a document, and when it was last written.
fn read_entry(row: &Row) -> Result<(String, Timestamp), Failure> {
    let SqlTimestamp(updated) = row.get("updated");
    Ok((read_name(row)?, updated))
}

fn read_name(row: &Row) -> Result<String, Failure> {
    let name = String::from_utf8(row.get("name"));
    name.map_err(|_not_utf8| {
        StorageError::Corrupt { place: "acta.documents, name".to_owned() }.into()
    })
}
