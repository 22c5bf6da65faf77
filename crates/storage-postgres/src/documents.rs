//! Documents: each write is decided by the row that it changes.
//!
//! An existing document is replaced by a statement of SQL that contains the precondition.
//! Creating or removing a document first locks the row of its place, which counts the documents
//! there, and then that of the document: always in this order. A removal is noted for the times of
//! lists after that.

mod etag_condition;
mod parts;
mod place;
mod removals;
mod transfer;

use std::collections::BTreeSet;

use acta_access::TenantId;
use acta_ambient::Timestamp;
use acta_storage::{
    Document, DocumentKey, DocumentList, DocumentNames, DocumentPlace, DocumentStore,
    DocumentWrite, Etag, NewDocument, Precondition, Removal, RemovalScope, StorageError,
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
use parts::Part;
use place::{Columns, ListColumns, PlaceColumns};
use removals::note;

const REPLACING: &str = "writing a document";

const LOCKED_HEAD: &str = "SELECT etag, updated FROM acta.documents \
     WHERE tenant_id = $1 AND place = $2 AND registration = $3 AND name_hash = $4 FOR UPDATE";

/// Some documents fewer in a place. Also locks the place: by a write, since a cluster that moves a
/// tenant to another machine does not wait for rows that are only locked.
const LEAVE: &str = "UPDATE acta.document_places SET document_count = document_count - $4 \
     WHERE tenant_id = $1 AND place = $2 AND registration = $3";

/// One document, where they are counted.
const ONE: i32 = 1;

/// Takes back [`LEAVE`].
const RETURN: &str = "UPDATE acta.document_places SET document_count = document_count + $4 \
     WHERE tenant_id = $1 AND place = $2 AND registration = $3";

/// Removes the row of a place without documents.
const ABANDON: &str = "DELETE FROM acta.document_places \
     WHERE tenant_id = $1 AND place = $2 AND registration = $3 AND document_count = 0";

/// The documents of a list, without names those that were written earlier than it begins, and the
/// removals that have changed it, which have no name. One statement, so that all are of one moment.
const LIST: &str = "SELECT \
     CASE WHEN $4::timestamptz IS NULL OR $4 < updated THEN name END AS name, updated \
     FROM acta.documents \
     WHERE tenant_id = $1 AND place = $2 AND ($3::text IS NULL OR registration = $3) \
     UNION ALL SELECT NULL, removed FROM acta.document_removals \
     WHERE tenant_id = $1 AND place IN ($2, $5) \
     AND ($3::text IS NULL OR registration IN ($3, '*'))";

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
        let (scope, now) = (DocumentPlace::of(key).removal_scope(), self.database.clock.now());
        let removed = self
            .database
            .transact("removing a document", |connection| {
                let (columns, scope) = (&columns, scope.clone());
                async move {
                    let Some(head) = remove(&connection, columns, precondition).await? else {
                        return Ok(None);
                    };
                    let removal = Removal { scope, removed: now.max(head.updated) };
                    note(&connection, tenant, &removal).await.map(Some)
                }
            })
            .await?;
        let Some(noted) = removed else { return Ok(DocumentWrite::Nothing) };
        self.database.bound_removals(tenant, noted).await;
        Ok(DocumentWrite::Replaced)
    }

    async fn remove_documents(
        &self,
        tenant: TenantId,
        list: &DocumentList,
    ) -> Result<u64, StorageError> {
        self.database.check_reserve().await?;
        let columns = ListColumns::of(tenant, list);
        let scope = DocumentPlace::of_list(list).removal_scope();
        let mut count = 0;
        // Each part is a transaction, so that none of them takes too long. If the process ends
        // between two, or the caller goes away, the same removal removes the rest.
        for part in self.database.list_parts(&columns).await? {
            let removed = self
                .database
                .transact("removing documents", |connection| {
                    let (place, part) = (&columns.place, &part);
                    let (scope, now) = (scope.clone(), self.database.clock.now());
                    async move {
                        let times = remove_part(&connection, place, part).await?;
                        let Some(newest) = times.iter().max() else { return Ok(None) };
                        let removal = Removal { scope, removed: now.max(*newest) };
                        let noted = note(&connection, tenant, &removal).await?;
                        Ok(Some((times.len(), noted)))
                    }
                })
                .await?;
            let Some((removed, noted)) = removed else { continue };
            self.database.bound_removals(tenant, noted).await;
            count += removed;
        }
        Ok(u64::try_from(count).unwrap_or(u64::MAX))
    }

    async fn list_documents(
        &self,
        tenant: TenantId,
        list: &DocumentList,
        since: Option<Timestamp>,
    ) -> Result<DocumentNames, StorageError> {
        let ListColumns { place, registration } = ListColumns::of(tenant, list);
        let since = since.map(SqlTimestamp);
        let found: Vec<(Option<String>, Timestamp)> = self
            .database
            .run("listing documents", |connection| {
                let (place, registration) = (&place, &registration);
                async move {
                    let select = connection.prepare_cached(LIST).await?;
                    let every_place = &RemovalScope::EVERY_PLACE[..];
                    let columns: [&(dyn ToSql + Sync); 5] =
                        [&place.tenant, &place.hash, registration, &since, &every_place];
                    let rows = connection.query(&select, &columns).await?;
                    rows.iter().map(read_entry).collect()
                }
            })
            .await?;
        let updated = found.iter().map(|(_, updated)| *updated).max();
        let names: BTreeSet<String> = found.into_iter().filter_map(|(name, _)| name).collect();
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
    let one_less: [&(dyn ToSql + Sync); 4] = [tenant, place, registration, &ONE];
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
        join(connection.execute(&leave, &one_less), connection.execute(&update, &values)).await;
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

/// Removes a document under the lock of its place. Returns what it was; `None` if there was none.
async fn remove(
    connection: &Connection,
    columns: &Columns,
    precondition: &Precondition,
) -> Result<Option<DocumentHead>, Failure> {
    // Counts the document to be removed. If there is none, the count is restored below.
    let leave = connection.prepare_cached(LEAVE).await?;
    let select = connection.prepare_cached(LOCKED_HEAD).await?;
    let [tenant, place, registration, _] = columns.key();
    let (of_place, of_document) = ([tenant, place, registration], columns.key());
    let counted: [&(dyn ToSql + Sync); 4] = [tenant, place, registration, &ONE];
    // The second statement sees what was committed while the first waited for its lock.
    let (left, found) =
        join(connection.execute(&leave, &counted), connection.query_opt(&select, &of_document))
            .await;
    // Without a row of the place, a document found here was created just after the lock.
    let is_locked = 0 < left?;
    let head = found?.filter(|_| is_locked).as_ref().map(read_head);
    check(precondition, head.as_ref())?;
    if head.is_none() {
        if is_locked {
            let restore = connection.prepare_cached(RETURN).await?;
            connection.execute(&restore, &counted).await?;
        }
        return Ok(None);
    }
    let sql = "DELETE FROM acta.documents \
         WHERE tenant_id = $1 AND place = $2 AND registration = $3 AND name_hash = $4";
    let delete = connection.prepare_cached(sql).await?;
    let abandon = connection.prepare_cached(ABANDON).await?;
    let (deleted, abandoned) =
        join(connection.execute(&delete, &of_document), connection.execute(&abandon, &of_place))
            .await;
    deleted?;
    abandoned?;
    Ok(head)
}

/// Removes a part of the documents of a place. Returns when each was last written.
async fn remove_part(
    connection: &Connection,
    place: &PlaceColumns,
    part: &Part,
) -> Result<Vec<Timestamp>, Failure> {
    match part {
        Part::Registrations(registrations) => remove_all(connection, place, registrations).await,
        Part::Documents { registration, names } => {
            remove_some(connection, place, registration, names).await
        }
    }
}

/// Removes those documents with a registration whose names have these hashes, under the lock of
/// their place. Returns when each was last written.
async fn remove_some(
    connection: &Connection,
    place: &PlaceColumns,
    registration: &str,
    names: &[Vec<u8>],
) -> Result<Vec<Timestamp>, Failure> {
    // Counts all of them as removed. Those that are gone are counted again below.
    let leave = connection.prepare_cached(LEAVE).await?;
    let count = i32::try_from(names.len()).unwrap_or(i32::MAX);
    let of_place: [&(dyn ToSql + Sync); 3] = [&place.tenant, &place.hash, &registration];
    let [tenant, hash, registration] = of_place;
    if connection.execute(&leave, &[tenant, hash, registration, &count]).await? == 0 {
        return Ok(Vec::new());
    }
    let sql = "DELETE FROM acta.documents WHERE tenant_id = $1 AND place = $2 \
         AND registration = $3 AND name_hash = ANY ($4) RETURNING updated";
    let delete = connection.prepare_cached(sql).await?;
    let rows = connection.query(&delete, &[tenant, hash, registration, &names]).await?;
    let gone = count - i32::try_from(rows.len()).unwrap_or(i32::MAX);
    if 0 < gone {
        let restore = connection.prepare_cached(RETURN).await?;
        connection.execute(&restore, &[tenant, hash, registration, &gone]).await?;
    }
    let abandon = connection.prepare_cached(ABANDON).await?;
    connection.execute(&abandon, &of_place).await?;
    Ok(rows.iter().map(read_updated).collect())
}

/// Removes all documents of a place with one of the registrations. Returns when each was last
/// written.
async fn remove_all(
    connection: &Connection,
    place: &PlaceColumns,
    registrations: &[String],
) -> Result<Vec<Timestamp>, Failure> {
    // A writer that creates a document there waits, and then creates the row of the place.
    let sql = "DELETE FROM acta.document_places WHERE tenant_id = $1 AND place = $2 \
         AND registration = ANY ($3) RETURNING registration";
    let abandon = connection.prepare_cached(sql).await?;
    let columns: [&(dyn ToSql + Sync); 3] = [&place.tenant, &place.hash, &registrations];
    let abandoned = connection.query(&abandon, &columns).await?;
    let registrations: Vec<&str> = abandoned.iter().map(|row| row.get(0)).collect();
    if registrations.is_empty() {
        return Ok(Vec::new());
    }
    let sql = "DELETE FROM acta.documents WHERE tenant_id = $1 AND place = $2 \
         AND registration = ANY ($3) RETURNING updated";
    let delete = connection.prepare_cached(sql).await?;
    let rows = connection.query(&delete, &[&place.tenant, &place.hash, &registrations]).await?;
    Ok(rows.iter().map(read_updated).collect())
}

fn check(precondition: &Precondition, head: Option<&DocumentHead>) -> Result<(), StorageError> {
    let etag = head.map(|head| &head.etag);
    if precondition.holds(etag) { Ok(()) } else { Err(StorageError::PreconditionFailed) }
}

fn read_updated(row: &Row) -> Timestamp {
    let SqlTimestamp(updated) = row.get("updated");
    updated
}

fn read_head(row: &Row) -> DocumentHead {
    DocumentHead { etag: Etag(row.get("etag")), updated: read_updated(row) }
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

/// The name of a document, and when it was last written; or when documents were removed.
fn read_entry(row: &Row) -> Result<(Option<String>, Timestamp), Failure> {
    let name: Option<Vec<u8>> = row.get("name");
    Ok((name.map(text_of).transpose()?, read_updated(row)))
}

fn read_name(row: &Row) -> Result<String, Failure> {
    text_of(row.get("name"))
}

fn text_of(name: Vec<u8>) -> Result<String, Failure> {
    String::from_utf8(name).map_err(|_not_utf8| {
        StorageError::Corrupt { place: "acta.documents, name".to_owned() }.into()
    })
}
