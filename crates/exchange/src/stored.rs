//! Reads everything in an open store, so that all damage is found while it is in use.

use std::io;

use acta_access::TenantId;
use acta_storage::directory::TenantState;
use acta_storage::{
    AuditQuery, ChainHead, DocumentKey, Group, PageLimits, RecordKind, Storage, StorageError,
    first_broken_link,
};
use acta_xapi::Sha2;
use serde::{Deserialize, Serialize};

use crate::{Damaged, Export, ExportError, ExportProgress, export};

/// Items that are read at a time.
const PAGE_COUNT: usize = 500;

/// Documents that are read at a time.
const DOCUMENT_PAGE: PageLimits = PageLimits { count_max: PAGE_COUNT, bytes_max: 8 << 20 };

/// What was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StoredItems {
    /// Statements that are intact.
    pub statements: u64,
    /// Documents that are intact.
    pub documents: u64,
    /// Contents of attachments that are intact.
    pub attachments: u64,
    /// Records of administration that are intact.
    pub records: u64,
    /// Entries of the audit that are intact.
    pub audit_entries: u64,
    /// Places that are damaged. Behind one in documents, records or the audit, the rest of the same
    /// kind is not read.
    pub damaged: u64,
}

/// Reads all statements, documents, attachments, records and audit entries through the engine,
/// which checks them, and compares attachments with their hashes and audit entries with each other.
/// Reports each damaged place. What is derived, such as the index, is not compared.
///
/// # Errors
///
/// What storage reports, apart from damage.
pub async fn verify_stored(
    storage: &dyn Storage,
    report: &mut (dyn FnMut(String) + Send),
) -> Result<StoredItems, StorageError> {
    let mut reading = Reading { storage, report, found: StoredItems::default() };
    for kind in RecordKind::EVERY {
        let read = reading.records(kind).await;
        reading.note(read, || format!("records of the kind {}", kind.as_str()))?;
    }
    let read = reading.audit(None).await;
    reading.note(read, || "the audit of the server".to_owned())?;
    for tenant in storage.list_tenants().await? {
        // What is left during a removal is not complete.
        if !matches!(tenant.state, TenantState::Purging { .. } | TenantState::Purged { .. }) {
            reading.tenant(tenant.id).await?;
        }
    }
    Ok(reading.found)
}

struct Reading<'a> {
    storage: &'a dyn Storage,
    report: &'a mut (dyn FnMut(String) + Send),
    found: StoredItems,
}

impl Reading<'_> {
    async fn tenant(&mut self, tenant: TenantId) -> Result<(), StorageError> {
        let of_tenant = |kind: &str| format!("tenant {tenant}: {kind}");
        self.statements(tenant).await?;
        let read = self.documents(tenant).await;
        self.note(read, || of_tenant("documents"))?;
        let read = self.attachments(tenant).await;
        self.note(read, || of_tenant("attachments"))?;
        let read = self.audit(Some(tenant)).await;
        self.note(read, || of_tenant("the audit"))
    }

    /// Reports damage; any other error is returned.
    fn note(
        &mut self,
        read: Result<(), StorageError>,
        what: impl FnOnce() -> String,
    ) -> Result<(), StorageError> {
        match read {
            Err(StorageError::Corrupt { place }) => {
                self.damaged(format!("{}: {place}", what()));
                Ok(())
            }
            read => read,
        }
    }

    fn damaged(&mut self, text: String) {
        self.found.damaged += 1;
        (self.report)(text);
    }

    async fn statements(&mut self, tenant: TenantId) -> Result<(), StorageError> {
        let all = Export { tenant, after: 0, leave_out_voided: false, damaged: Damaged::LeaveOut };
        let report = &mut *self.report;
        let mut watch = |now: ExportProgress| {
            if let ExportProgress::LeftOut { sequence, place } = now {
                report(format!("tenant {tenant}: statement {sequence}: {place}"));
            }
        };
        match export(self.storage, all, &mut io::sink(), &mut watch).await {
            Ok(read) => {
                self.found.statements += read.written;
                self.found.damaged += read.left_out;
                Ok(())
            }
            Err(ExportError::Storage(error)) => Err(error),
            Err(ExportError::Output(source)) => {
                Err(StorageError::Io { act: "reading statements", source })
            }
        }
    }

    async fn documents(&mut self, tenant: TenantId) -> Result<(), StorageError> {
        self.storage.list_removals(tenant).await?;
        let mut after: Option<DocumentKey> = None;
        loop {
            let page = self.storage.read_documents(tenant, after.as_ref(), DOCUMENT_PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.key.clone());
            self.found.documents += page.len() as u64;
        }
    }

    async fn attachments(&mut self, tenant: TenantId) -> Result<(), StorageError> {
        let mut after: Option<Sha2> = None;
        loop {
            let page = self.storage.list_attachments(tenant, after.as_ref(), PAGE_COUNT).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.clone());
            for sha2 in &page {
                let read = self.attachment(tenant, sha2).await;
                self.note(read, || format!("tenant {tenant}: attachment {}", sha2.as_str()))?;
            }
        }
    }

    async fn attachment(&mut self, tenant: TenantId, sha2: &Sha2) -> Result<(), StorageError> {
        // One that was removed after it was listed is no damage.
        let Some(mut reader) = self.storage.open_attachment(tenant, sha2).await? else {
            return Ok(());
        };
        let mut content = sha2.hasher();
        while let Some(piece) = reader.next().await? {
            content.update(&piece);
        }
        if content.finish() != *sha2 {
            let place = "its content has another hash".to_owned();
            return Err(StorageError::Corrupt { place });
        }
        self.found.attachments += 1;
        Ok(())
    }

    async fn records(&mut self, kind: RecordKind) -> Result<(), StorageError> {
        let mut after: Option<String> = None;
        loop {
            let every = &Group::Every;
            let page = self.storage.list_records(kind, every, after.as_deref(), PAGE_COUNT).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.id.clone());
            self.found.records += page.len() as u64;
        }
    }

    async fn audit(&mut self, tenant: Option<TenantId>) -> Result<(), StorageError> {
        let mut query = AuditQuery::everything(PAGE_COUNT);
        let mut head = ChainHead::EMPTY;
        loop {
            let page = self.storage.list_audit(tenant, &query).await?;
            let Some(last) = page.last() else { return Ok(()) };
            if let Some(sequence) = first_broken_link(head, tenant, &page) {
                let place = format!("entry {sequence} does not follow the one before");
                return Err(StorageError::Corrupt { place });
            }
            query.after = Some(last.sequence);
            head = ChainHead::from(last);
            self.found.audit_entries += page.len() as u64;
        }
    }
}
