//! The tables of a store on its way into another: what is given away, and what is imported.

use acta_access::TenantId;
use acta_storage::{
    DocumentKey, DocumentRow, NamedSecret, PageLimits, StorageError, StoreId, TransferredDocument,
};
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use super::Tables;
use super::checksum::{self, is_sound};
use super::documents::{PlaceColumns, TABLE, read_document};
use super::failure::{corrupt_row, failed};

/// The name of the secret that is there while the store is an unfinished copy: the identity
/// of the store that it is a copy of.
const UNFINISHED_COPY_NAME: &str = "unfinished-copy";

impl Tables {
    /// As [`acta_storage::TransferSource::list_secrets`].
    pub(crate) async fn list_secrets(&self) -> Result<Vec<NamedSecret>, StorageError> {
        self.read(|connection| {
            let failed = failed("listing secrets");
            let sql = concat!(
                "SELECT name, value, ",
                is_sound!(secrets),
                " FROM secrets WHERE name <> ?1 ORDER BY name"
            );
            let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
            let read = |row: &Row<'_>| {
                checksum::check(row, "secrets", "name")?;
                Ok(NamedSecret { name: row.get("name")?, secret: row.get("value")? })
            };
            let secrets = statement.query_map([UNFINISHED_COPY_NAME], read).map_err(&failed)?;
            secrets.collect::<rusqlite::Result<_>>().map_err(failed)
        })
        .await
    }

    /// As [`acta_storage::TransferSource::list_cursors`].
    pub(crate) async fn list_cursors(
        &self,
        tenant: TenantId,
    ) -> Result<Vec<(String, String)>, StorageError> {
        self.read_of(tenant, move |connection| {
            let failed = failed("listing cursors");
            let sql = concat!(
                "SELECT name, value, ",
                is_sound!(cursors),
                " FROM cursors WHERE tenant_id = ?1 ORDER BY name"
            );
            let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
            let read = |row: &Row<'_>| {
                checksum::check(row, "cursors", "name")?;
                Ok((row.get("name")?, row.get("value")?))
            };
            let cursors = statement.query_map([tenant.number()], read).map_err(&failed)?;
            cursors.collect::<rusqlite::Result<_>>().map_err(failed)
        })
        .await
    }

    /// As [`acta_storage::TransferSource::read_documents`].
    pub(crate) async fn read_documents(
        &self,
        tenant: TenantId,
        after: Option<&DocumentKey>,
        page: PageLimits,
    ) -> Result<Vec<TransferredDocument>, StorageError> {
        let after = after.map(|key| PlaceColumns::of_document(tenant, key));
        self.read_of(tenant, move |connection| documents(connection, tenant, after.as_ref(), page))
            .await
    }

    /// As [`acta_storage::TransferTarget::find_import`].
    pub(crate) async fn find_import(&self) -> Result<Option<StoreId>, StorageError> {
        self.read(|connection| {
            let failed = failed("looking for an unfinished copy");
            let sql = concat!(
                "SELECT name, value, ",
                is_sound!(secrets),
                " FROM secrets WHERE name = ?1"
            );
            let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
            let found = statement.query_row([UNFINISHED_COPY_NAME], |row| {
                checksum::check(row, "secrets", "name")?;
                row.get("value").map(StoreId)
            });
            found.optional().map_err(failed)
        })
        .await
    }

    /// As [`acta_storage::TransferTarget::begin_import`].
    pub(crate) async fn begin_import(&self, source: StoreId) -> Result<(), StorageError> {
        self.write(move |connection| {
            let failed = failed("marking an unfinished copy");
            let sql = "INSERT INTO secrets (name, value, checksum) \
                 VALUES (?1, ?2, acta_sum('secrets', ?1, ?2)) ON CONFLICT (name) DO UPDATE \
                 SET value = excluded.value, checksum = excluded.checksum";
            let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
            statement.execute(params![UNFINISHED_COPY_NAME, source.0]).map_err(failed)?;
            Ok(())
        })
        .await
    }

    /// As [`acta_storage::TransferTarget::finish_import`].
    pub(crate) async fn finish_import(&self) -> Result<(), StorageError> {
        self.write(|connection| {
            let failed = failed("finishing a copy");
            let sql = "DELETE FROM secrets WHERE name = ?1";
            connection.execute(sql, [UNFINISHED_COPY_NAME]).map_err(failed)?;
            Ok(())
        })
        .await
    }

    /// As [`acta_storage::TransferTarget::import_documents`].
    pub(crate) async fn import_documents(
        &self,
        tenant: TenantId,
        documents: Vec<TransferredDocument>,
    ) -> Result<(), StorageError> {
        self.write(move |connection| {
            documents.iter().try_for_each(|document| import(connection, tenant, document))
        })
        .await
    }
}

fn documents(
    connection: &Connection,
    tenant: TenantId,
    after: Option<&(PlaceColumns, String)>,
    page: PageLimits,
) -> Result<Vec<TransferredDocument>, StorageError> {
    let failed = failed("reading documents");
    let first = (PlaceColumns::before_all(tenant), String::new());
    let (place, name) = after.unwrap_or(&first);
    let sql = concat!(
        "SELECT rowid, kind, activity, agent, registration, name, updated, etag, content_type, \
         checksum & 0xFFFFFFFF AS content_sum, ",
        is_sound!(documents),
        ", content FROM documents WHERE tenant_id = ?1 AND \
         (kind, activity, agent, registration, name) > (?2, ?3, ?4, ?5, ?6) \
         ORDER BY kind, activity, agent, registration, name LIMIT ?7"
    );
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    let PlaceColumns { tenant, kind, activity, agent, registration } = place;
    let count_max = i64::try_from(page.count_max.max(1)).unwrap_or(i64::MAX);
    let columns = params![tenant, kind, activity, agent, registration, name, count_max];
    let mut rows = statement.query(columns).map_err(&failed)?;
    let (mut documents, mut content_bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next().map_err(&failed)? {
        let (number, content_sum, document) = read_document(row).map_err(&failed)?;
        if content_sum != crc32c::crc32c(&document.content) {
            return Err(corrupt_row(TABLE, number));
        }
        let key = read_key(row).map_err(&failed)?;
        let key = key.ok_or_else(|| corrupt_row(TABLE, number))?;
        content_bytes += document.content.len();
        documents.push(TransferredDocument { key, document });
        if page.bytes_max <= content_bytes {
            break;
        }
    }
    Ok(documents)
}

/// The key of a row; none if its columns make up none.
fn read_key(row: &Row<'_>) -> rusqlite::Result<Option<DocumentKey>> {
    let text = |column| row.get::<_, String>(column);
    let (kind, activity, agent) = (text("kind")?, text("activity")?, text("agent")?);
    let (registration, name) = (text("registration")?, text("name")?);
    let row = DocumentRow {
        kind: &kind,
        activity: &activity,
        agent: &agent,
        registration: &registration,
        name: &name,
    };
    Ok(row.key())
}

fn import(
    connection: &Connection,
    tenant: TenantId,
    TransferredDocument { key, document }: &TransferredDocument,
) -> Result<(), StorageError> {
    let failed = failed("importing a document");
    let sql = "INSERT INTO documents (tenant_id, kind, activity, agent, registration, name, \
         updated, etag, content_type, checksum, place, content) \
         VALUES (:tenant, :kind, :activity, :agent, :registration, :name, \
         :updated, :etag, :content_type, \
         (acta_sum('documents', :tenant, :kind, :activity, :agent, :registration, :name, \
         :updated, :etag, :content_type, :content_sum) << 32) | :content_sum, \
         acta_place(:tenant, :kind, :activity, :agent), :content) \
         ON CONFLICT (tenant_id, kind, activity, agent, registration, name) DO UPDATE SET \
         updated = excluded.updated, etag = excluded.etag, content_type = excluded.content_type, \
         checksum = excluded.checksum, content = excluded.content";
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    let (place, name) = PlaceColumns::of_document(tenant, key);
    let columns = named_params! {
        ":tenant": place.tenant,
        ":kind": place.kind,
        ":activity": place.activity,
        ":agent": place.agent,
        ":registration": place.registration,
        ":name": name,
        ":updated": document.updated.unix_micros(),
        ":etag": document.etag.0,
        ":content_type": document.content_type,
        ":content_sum": crc32c::crc32c(&document.content),
        ":content": &document.content[..],
    };
    statement.execute(columns).map_err(failed)?;
    Ok(())
}
