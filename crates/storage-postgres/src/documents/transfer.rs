//! Export and import of all documents of a tenant.

use acta_access::TenantId;
use acta_storage::{
    Document, DocumentKey, DocumentRow, NewDocument, PageLimits, Precondition, StorageError,
    TransferredDocument,
};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::place::Columns;
use super::{read_document, read_name, remove, write};
use crate::database::Database;
use crate::failure::Failure;
use crate::types::number;

/// In the order of the primary key.
const PAGE: &str = "SELECT t.* FROM (SELECT s.*, \
     sum(octet_length(s.content)) OVER (ORDER BY s.place, s.registration, s.name_hash) \
     - octet_length(s.content) AS bytes_before FROM (SELECT * FROM acta.documents \
     WHERE tenant_id = $1 AND ($2::bytea IS NULL \
     OR (place, registration, name_hash) > ($2, $3::text, $4::bytea)) \
     ORDER BY place, registration, name_hash LIMIT $5) s) t \
     WHERE t.bytes_before < $6 ORDER BY t.place, t.registration, t.name_hash";

impl Database {
    /// As [`acta_storage::TransferSource::read_documents`].
    pub(crate) async fn read_documents(
        &self,
        tenant: TenantId,
        after: Option<&DocumentKey>,
        page: PageLimits,
    ) -> Result<Vec<TransferredDocument>, StorageError> {
        let after = after.map(|key| Columns::of(tenant, key));
        let (tenant, after) = (number(tenant), after.as_ref());
        let count_max = i64::try_from(page.count_max.max(1)).unwrap_or(i64::MAX);
        let bytes_max = i64::try_from(page.bytes_max.max(1)).unwrap_or(i64::MAX);
        self.run("reading documents", |connection| async move {
            let select = connection.prepare_cached(PAGE).await?;
            let place = after.map(|columns| &columns.place.hash);
            let registration = after.map(|columns| &columns.registration);
            let name = after.map(|columns| &columns.name_hash);
            let columns: [&(dyn ToSql + Sync); 6] =
                [&tenant, &place, &registration, &name, &count_max, &bytes_max];
            let rows = connection.query(&select, &columns).await?;
            rows.iter().map(read_statements).collect()
        })
        .await
    }

    /// As [`acta_storage::TransferTarget::import_documents`].
    pub(crate) async fn import_documents(
        &self,
        tenant: TenantId,
        documents: Vec<TransferredDocument>,
    ) -> Result<(), StorageError> {
        let documents = &documents;
        self.transact("importing documents", |connection| async move {
            let always = Precondition::default();
            for TransferredDocument { key, document } in documents {
                let columns = Columns::of(tenant, key);
                // Replacing a document would not set an earlier time.
                remove(&connection, &columns, &always).await?;
                let Document { content, content_type, etag, updated } = document.clone();
                let new = NewDocument { content, content_type, etag, count_max: usize::MAX };
                write(&connection, &columns, &new, updated, &always).await?;
            }
            Ok(())
        })
        .await
    }
}

fn read_statements(row: &Row) -> Result<TransferredDocument, Failure> {
    let name = read_name(row)?;
    let key = DocumentRow {
        kind: row.get("kind"),
        activity: row.get("activity"),
        agent: row.get("agent"),
        registration: row.get("registration"),
        name: &name,
    };
    let corrupt = || StorageError::Corrupt { place: "acta.documents, the key of a row".to_owned() };
    Ok(TransferredDocument { key: key.key().ok_or_else(corrupt)?, document: read_document(row) })
}
