//! Documents in the tables.

mod parts;
mod place;
mod removals;

use std::collections::BTreeSet;
use std::sync::Arc;

use acta_access::TenantId;
use acta_ambient::Timestamp;
use acta_storage::{
    Document, DocumentKey, DocumentList, DocumentNames, DocumentPlace, DocumentStore,
    DocumentWrite, Etag, NewDocument, Precondition, Removal, StorageError,
};
use async_trait::async_trait;
use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use super::Tables;
use super::checksum::{self, is_sound};
use super::failure::{corrupt_row, failed};
use super::open::WriteShare;
use parts::list_parts;
use place::check_count;
pub(super) use place::{PlaceColumns, TABLE};

/// A document's row without its content.
struct Head {
    row: i64,
    updated: Timestamp,
    etag: Etag,
}

#[async_trait]
impl DocumentStore for Tables {
    async fn find_document(
        &self,
        tenant: TenantId,
        key: &DocumentKey,
    ) -> Result<Option<Document>, StorageError> {
        let (place, name) = PlaceColumns::of_document(tenant, key);
        self.read_of(tenant, move |connection| find(connection, &place, &name)).await
    }

    async fn replace_document(
        &self,
        tenant: TenantId,
        key: &DocumentKey,
        document: NewDocument,
        precondition: &Precondition,
    ) -> Result<DocumentWrite, StorageError> {
        let (place, name) = PlaceColumns::of_document(tenant, key);
        let (precondition, clock) = (precondition.clone(), Arc::clone(&self.clock));
        let share = WriteShare::of(tenant, document.content.len());
        self.write_of(share, move |connection| {
            let head = check_head(connection, &place, &name, &precondition)?;
            let now = clock.now();
            match head {
                // The system's clock may be set back; a document's time is not.
                Some(head) => update(connection, head.row, now.max(head.updated), &document),
                None => insert(connection, &place, &name, now, &document),
            }
        })
        .await
    }

    async fn remove_document(
        &self,
        tenant: TenantId,
        key: &DocumentKey,
        precondition: &Precondition,
    ) -> Result<DocumentWrite, StorageError> {
        let (place, name) = PlaceColumns::of_document(tenant, key);
        let scope = DocumentPlace::of(key).removal_scope();
        let (precondition, clock) = (precondition.clone(), Arc::clone(&self.clock));
        self.write_of(WriteShare::of(tenant, 0), move |connection| {
            let Some(head) = check_head(connection, &place, &name, &precondition)? else {
                return Ok(DocumentWrite::Nothing);
            };
            let failed = failed("removing a document");
            let sql = "DELETE FROM documents WHERE rowid = ?1";
            connection.prepare_cached(sql).map_err(&failed)?.execute([head.row]).map_err(failed)?;
            let removal = Removal { scope, removed: clock.now().max(head.updated) };
            removals::note(connection, place.tenant, &removal)?;
            Ok(DocumentWrite::Replaced)
        })
        .await
    }

    async fn remove_documents(
        &self,
        tenant: TenantId,
        list: &DocumentList,
    ) -> Result<u64, StorageError> {
        let place = Arc::new(PlaceColumns::of_list(tenant, list));
        let scope = DocumentPlace::of_list(list).removal_scope();
        let of_list = Arc::clone(&place);
        let parts = self.read_of(tenant, move |connection| list_parts(connection, &of_list));
        let mut count = 0;
        // Others write between the parts. If the process ends there, or the caller goes away, the
        // same removal removes the rest.
        for part in parts.await? {
            let share = WriteShare::of(tenant, part.bytes);
            let (place, scope) = (Arc::clone(&place), scope.clone());
            let clock = Arc::clone(&self.clock);
            let removed = self.write_of(share, move |connection| {
                part.remove(connection, &place, (scope, &*clock))
            });
            count += removed.await?;
        }
        Ok(count)
    }

    async fn list_documents(
        &self,
        tenant: TenantId,
        list: &DocumentList,
        since: Option<Timestamp>,
    ) -> Result<DocumentNames, StorageError> {
        let place = PlaceColumns::of_list(tenant, list);
        let hash = DocumentPlace::of_list(list).hash();
        self.read_of(tenant, move |connection| {
            let mut found = names(connection, &place, since)?;
            let removed =
                removals::last(connection, place.tenant, hash, place.registration.as_deref())?;
            found.updated = found.updated.max(removed);
            Ok(found)
        })
        .await
    }
}

fn find(
    connection: &Connection,
    place: &PlaceColumns,
    name: &str,
) -> Result<Option<Document>, StorageError> {
    let failed = failed("reading a document");
    let sql = concat!(
        "SELECT rowid, updated, etag, content_type, checksum & 0xFFFFFFFF AS content_sum, ",
        is_sound!(documents),
        ", content FROM documents WHERE tenant_id = ?1 AND kind = ?2 AND activity = ?3 \
         AND agent = ?4 AND registration = ?5 AND name = ?6"
    );
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    let PlaceColumns { tenant, kind, activity, agent, registration } = place;
    let found = statement
        .query_row(params![tenant, kind, activity, agent, registration, name], read_document)
        .optional()
        .map_err(failed)?;
    let Some((row, content_sum, document)) = found else {
        check_count(connection, place, Some(name), 0)?;
        return Ok(None);
    };
    if content_sum != crc32c::crc32c(&document.content) {
        return Err(corrupt_row(TABLE, row));
    }
    Ok(Some(document))
}

pub(super) fn read_document(row: &Row<'_>) -> rusqlite::Result<(i64, u32, Document)> {
    checksum::check(row, TABLE, "rowid")?;
    let document = Document {
        updated: Timestamp::from_unix_micros(row.get("updated")?),
        etag: Etag(row.get("etag")?),
        content_type: row.get("content_type")?,
        content: Bytes::from(row.get::<_, Vec<u8>>("content")?),
    };
    Ok((row.get("rowid")?, row.get("content_sum")?, document))
}

/// The document that is there now, if the precondition holds of it.
fn check_head(
    connection: &Connection,
    place: &PlaceColumns,
    name: &str,
    precondition: &Precondition,
) -> Result<Option<Head>, StorageError> {
    let failed = failed("reading a document's tag");
    let sql = concat!(
        "SELECT rowid, updated, etag, ",
        is_sound!(documents),
        " FROM documents WHERE tenant_id = ?1 AND kind = ?2 AND activity = ?3 \
         AND agent = ?4 AND registration = ?5 AND name = ?6"
    );
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    let PlaceColumns { tenant, kind, activity, agent, registration } = place;
    let head = statement
        .query_row(params![tenant, kind, activity, agent, registration, name], |row| {
            checksum::check(row, TABLE, "rowid")?;
            let updated = Timestamp::from_unix_micros(row.get("updated")?);
            Ok(Head { row: row.get("rowid")?, updated, etag: Etag(row.get("etag")?) })
        })
        .optional()
        .map_err(failed)?;
    if head.is_none() {
        check_count(connection, place, Some(name), 0)?;
    }
    if precondition.holds(head.as_ref().map(|head| &head.etag)) {
        Ok(head)
    } else {
        Err(StorageError::PreconditionFailed)
    }
}

/// Whether a place has room for one more document.
fn check_room(
    connection: &Connection,
    place: &PlaceColumns,
    count_max: usize,
) -> Result<(), StorageError> {
    let failed = failed("counting documents");
    let sql = "SELECT count(*) FROM (SELECT 1 FROM documents WHERE tenant_id = ?1 AND kind = ?2 \
         AND activity = ?3 AND agent = ?4 AND registration = ?5 LIMIT ?6)";
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    let PlaceColumns { tenant, kind, activity, agent, registration } = place;
    let most = i64::try_from(count_max).unwrap_or(i64::MAX);
    let columns = params![tenant, kind, activity, agent, registration, most];
    let count: i64 = statement.query_row(columns, |row| row.get(0)).map_err(failed)?;
    if count < most { Ok(()) } else { Err(StorageError::TooMany { count_max }) }
}

fn insert(
    connection: &Connection,
    place: &PlaceColumns,
    name: &str,
    updated: Timestamp,
    document: &NewDocument,
) -> Result<DocumentWrite, StorageError> {
    check_room(connection, place, document.count_max)?;
    let failed = failed("writing a document");
    let sql = "INSERT INTO documents (tenant_id, kind, activity, agent, registration, name, \
         updated, etag, content_type, checksum, place, content) \
         VALUES (:tenant, :kind, :activity, :agent, :registration, :name, \
         :updated, :etag, :content_type, \
         (acta_sum('documents', :tenant, :kind, :activity, :agent, :registration, :name, \
         :updated, :etag, :content_type, :content_sum) << 32) | :content_sum, \
         acta_place(:tenant, :kind, :activity, :agent), :content)";
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    let columns = named_params! {
        ":tenant": place.tenant,
        ":kind": place.kind,
        ":activity": place.activity,
        ":agent": place.agent,
        ":registration": place.registration,
        ":name": name,
        ":updated": updated.unix_micros(),
        ":etag": document.etag.0,
        ":content_type": document.content_type,
        ":content_sum": crc32c::crc32c(&document.content),
        ":content": &document.content[..],
    };
    statement.execute(columns).map_err(failed)?;
    Ok(DocumentWrite::Created)
}

fn update(
    connection: &Connection,
    row: i64,
    updated: Timestamp,
    document: &NewDocument,
) -> Result<DocumentWrite, StorageError> {
    let failed = failed("writing a document");
    let sql = "UPDATE documents SET updated = ?2, etag = ?3, content_type = ?4, checksum = \
         (acta_sum('documents', tenant_id, kind, activity, agent, registration, name, \
         ?2, ?3, ?4, ?5) << 32) | ?5, content = ?6 WHERE rowid = ?1";
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    let NewDocument { content, content_type, etag, count_max: _ } = document;
    let content_sum = crc32c::crc32c(content);
    let updated = updated.unix_micros();
    let columns = params![row, updated, etag.0, content_type, content_sum, &content[..]];
    statement.execute(columns).map_err(failed)?;
    Ok(DocumentWrite::Replaced)
}

fn names(
    connection: &Connection,
    place: &PlaceColumns,
    since: Option<Timestamp>,
) -> Result<DocumentNames, StorageError> {
    let failed = failed("listing documents");
    let sql = concat!(
        "SELECT rowid, name, updated, ",
        is_sound!(documents),
        " FROM documents WHERE tenant_id = ?1 AND kind = ?2 \
         AND activity = ?3 AND agent = ?4 AND (?5 IS NULL OR registration = ?5)"
    );
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    let PlaceColumns { tenant, kind, activity, agent, registration } = place;
    let columns = params![tenant, kind, activity, agent, registration];
    let mut rows = statement.query(columns).map_err(&failed)?;
    let (mut names, mut last, mut count) = (BTreeSet::new(), None, 0);
    while let Some(row) = rows.next().map_err(&failed)? {
        count += 1;
        // Each row is checked before its time decides whether it is listed.
        checksum::check(row, TABLE, "rowid").map_err(&failed)?;
        let updated = Timestamp::from_unix_micros(row.get("updated").map_err(&failed)?);
        last = last.max(Some(updated));
        if since.is_none_or(|since| since < updated) {
            names.insert(row.get("name").map_err(&failed)?);
        }
    }
    check_count(connection, place, None, count)?;
    Ok(DocumentNames { names: names.into_iter().collect(), updated: last })
}
