//! Copying of each kind of data. Copying again does no harm.

use std::collections::HashSet;

use acta_access::TenantId;
use acta_ambient::Timestamp;
use acta_storage::{
    AuditQuery, Batch, Change, DocumentKey, Group, NamedSecret, PageLimits, Precondition, Record,
    RecordKind, RecordWrite, StagedAttachment, Storage, StorageError, Tenant,
};
use acta_xapi::Sha2;
use futures_util::future::join;

use super::merge::Merge;
use super::{CopyError, Kind, StoreCopyProgress};

/// Documents that are read and written at a time.
pub(super) const DOCUMENT_PAGE: PageLimits = PageLimits { count_max: 500, bytes_max: 8 << 20 };

/// Attachments that are listed at a time, and appended in one batch.
pub(super) const ATTACHMENT_COUNT_MAX: usize = 64;

/// Most rounds of copying statements that were stored during the round before.
const ROUND_COUNT_MAX: u32 = 100;

/// Records and entries of the audit that are read and written at a time.
pub(super) const RECORD_COUNT_MAX: usize = 1000;

/// The next records of a kind; none at the end.
pub(super) async fn page_of_records(
    storage: &dyn Storage,
    kind: RecordKind,
    after: Option<&str>,
) -> Result<Vec<Record>, StorageError> {
    storage.list_records(kind, &Group::Every, after, RECORD_COUNT_MAX).await
}

/// Copies from one store to another.
pub(super) struct Copier<'a, 'w> {
    pub(super) from: &'a dyn Storage,
    pub(super) to: &'a dyn Storage,
    pub(super) watch: &'w mut (dyn FnMut(StoreCopyProgress) + Send),
}

impl Copier<'_, '_> {
    /// Copies everything. Returns how many statements were copied.
    pub(super) async fn copy_all(&mut self, is_resumed: bool) -> Result<u64, CopyError> {
        let statement_count = self.copy_statements().await?;
        let tenants = self.copy_tenants().await?;
        self.copy_attachments(&tenants).await?;
        self.copy_documents(&tenants, is_resumed).await?;
        for tenant in &tenants {
            self.copy_cursors(tenant.id).await?;
            self.copy_audit(Some(tenant.id)).await?;
        }
        self.copy_audit(None).await?;
        for kind in RecordKind::EVERY {
            self.copy_records(kind, is_resumed).await?;
        }
        for NamedSecret { name, secret } in
            self.from.list_secrets().await.map_err(CopyError::Source)?
        {
            // Whether it is equal is checked when all are compared.
            self.to.get_or_create_secret(&name, secret).await.map_err(CopyError::Target)?;
        }
        Ok(statement_count)
    }

    async fn copy_tenants(&self) -> Result<Vec<Tenant>, CopyError> {
        self.copy_records(RecordKind::Tenant, false).await?;
        self.from.list_tenants().await.map_err(CopyError::Source)
    }

    /// Copies the records of a kind. With `is_resumed`, removes those that were copied before and
    /// have been removed from the source since.
    async fn copy_records(&self, kind: RecordKind, is_resumed: bool) -> Result<(), CopyError> {
        let mut known = HashSet::new();
        let mut after: Option<String> = None;
        loop {
            let page = page_of_records(self.from, kind, after.as_deref()).await;
            let page = page.map_err(CopyError::Source)?;
            let Some(last) = page.last() else { break };
            after = Some(last.id.clone());
            known.extend(page.iter().map(|record| record.id.clone()));
            self.to.import_records(page).await.map_err(CopyError::Target)?;
        }
        if is_resumed {
            self.remove_other_records(kind, &known).await.map_err(CopyError::Target)?;
        }
        Ok(())
    }

    async fn remove_other_records(
        &self,
        kind: RecordKind,
        known: &HashSet<String>,
    ) -> Result<(), StorageError> {
        let mut after: Option<String> = None;
        loop {
            let page = page_of_records(self.to, kind, after.as_deref()).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.id.clone());
            let others = page.iter().filter(|record| !known.contains(&record.id));
            let writes = others.map(RecordWrite::remove).collect();
            // Nothing else writes to a store that imports.
            self.to.commit(&Change { writes, entries: Vec::new() }).await?;
        }
    }

    /// Copies the entries of a chain that are not in the target yet.
    async fn copy_audit(&self, tenant: Option<TenantId>) -> Result<(), CopyError> {
        let there = self.to.audit_head(tenant).await.map_err(CopyError::Target)?;
        let mut query =
            AuditQuery { after: Some(there.sequence), ..AuditQuery::everything(RECORD_COUNT_MAX) };
        loop {
            let entries = self.from.list_audit(tenant, &query).await;
            let entries = entries.map_err(CopyError::Source)?;
            let Some(last) = entries.last() else { return Ok(()) };
            query.after = Some(last.sequence);
            self.to.import_audit(tenant, entries).await.map_err(CopyError::Target)?;
        }
    }

    /// Copies statements until there are no more new ones.
    ///
    /// The source may be written meanwhile. So each round copies only statements stored before
    /// the consistent-through time, and the last round, without new ones, everything.
    async fn copy_statements(&mut self) -> Result<u64, CopyError> {
        let mut copied = 0;
        for _ in 0..ROUND_COUNT_MAX {
            let tenants = self.copy_tenants().await?;
            let settled = self.least_consistent_through(&tenants).await?;
            let count = self.copy_round(&tenants, Some(settled)).await?;
            if count == 0 {
                return Ok(copied + self.copy_round(&tenants, None).await?);
            }
            copied += count;
        }
        Err(CopyError::StillWritten)
    }

    /// The time before which no tenant will get further statements.
    async fn least_consistent_through(&self, tenants: &[Tenant]) -> Result<Timestamp, CopyError> {
        let mut least = Timestamp::from_unix_micros(i64::MAX);
        for tenant in tenants {
            let settled = self.from.consistent_through(tenant.id).await;
            least = least.min(settled.map_err(CopyError::Source)?);
        }
        Ok(least)
    }

    async fn copy_round(
        &mut self,
        tenants: &[Tenant],
        before: Option<Timestamp>,
    ) -> Result<u64, CopyError> {
        let (mut places, mut done, mut total) = (Vec::new(), 0, 0);
        for tenant in tenants {
            let there = self.to.count_statements(tenant.id).await.map_err(CopyError::Target)?;
            let count = self.from.count_statements(tenant.id).await.map_err(CopyError::Source)?;
            places.push((tenant.id, there));
            (done, total) = (done + there, total + count);
        }
        let mut copied = 0;
        let mut merge = Merge::new(self.from, places, before);
        let mut run = merge.next_run().await.map_err(CopyError::Source)?;
        while !run.is_empty() {
            let count = run.len() as u64;
            // The next run is read while this one is written.
            let (imported, next) = join(self.to.import_statements(run), merge.next_run()).await;
            imported.map_err(CopyError::Target)?;
            copied += count;
            (self.watch)(StoreCopyProgress::Statements { done: done + copied, total });
            run = next.map_err(CopyError::Source)?;
        }
        Ok(copied)
    }

    async fn copy_attachments(&mut self, tenants: &[Tenant]) -> Result<(), CopyError> {
        let mut done = 0;
        for tenant in tenants {
            let mut after = None;
            while let Some(hashes) = self.attachments_behind(tenant.id, after.as_ref()).await? {
                self.copy_contents(tenant.id, &hashes).await?;
                done += hashes.len() as u64;
                (self.watch)(StoreCopyProgress::Attachments { done });
                after = hashes.last().cloned();
            }
        }
        Ok(())
    }

    /// The next hashes; none at the end.
    async fn attachments_behind(
        &self,
        tenant: TenantId,
        after: Option<&Sha2>,
    ) -> Result<Option<Vec<Sha2>>, CopyError> {
        let hashes = self.from.list_attachments(tenant, after, ATTACHMENT_COUNT_MAX).await;
        let hashes = hashes.map_err(CopyError::Source)?;
        Ok((!hashes.is_empty()).then_some(hashes))
    }

    async fn copy_contents(&self, tenant: TenantId, hashes: &[Sha2]) -> Result<(), CopyError> {
        let mut attachments = Vec::new();
        for sha2 in hashes {
            attachments.extend(self.copy_content(tenant, sha2).await?);
        }
        if !attachments.is_empty() {
            let batch = Batch { statements: Vec::new(), attachments };
            self.to.append(tenant, batch).await.map_err(CopyError::Target)?;
        }
        Ok(())
    }

    /// Stages the content in the target, unless it is there.
    async fn copy_content(
        &self,
        tenant: TenantId,
        sha2: &Sha2,
    ) -> Result<Option<Box<dyn StagedAttachment>>, CopyError> {
        let opened = self.from.open_attachment(tenant, sha2).await.map_err(CopyError::Source)?;
        // It was removed after it was listed.
        let Some(mut reader) = opened else { return Ok(None) };
        let there = self.to.open_attachment(tenant, sha2).await.map_err(CopyError::Target)?;
        if there.is_some_and(|there| there.len_bytes() == reader.len_bytes()) {
            return Ok(None);
        }
        let writer = self.to.stage_attachment(tenant, sha2.clone()).await;
        let mut writer = writer.map_err(CopyError::Target)?;
        while let Some(piece) = reader.next().await.map_err(CopyError::Source)? {
            writer.write(piece).await.map_err(CopyError::Target)?;
        }
        let staged = writer.finish().await.map_err(CopyError::Target)?;
        if staged.computed() != sha2 {
            return Err(CopyError::Differs { tenant, kind: Kind::Attachments });
        }
        Ok(Some(staged))
    }

    async fn copy_documents(
        &mut self,
        tenants: &[Tenant],
        is_resumed: bool,
    ) -> Result<(), CopyError> {
        let mut done = 0;
        for tenant in tenants {
            let known = self.copy_documents_of(tenant.id, &mut done).await?;
            if is_resumed {
                self.remove_others(tenant.id, &known).await.map_err(CopyError::Target)?;
            }
            self.copy_removals(tenant.id).await?;
        }
        Ok(())
    }

    /// Copies the documents of a tenant. Returns their keys.
    async fn copy_documents_of(
        &mut self,
        tenant: TenantId,
        done: &mut u64,
    ) -> Result<HashSet<DocumentKey>, CopyError> {
        let mut known = HashSet::new();
        let mut after: Option<DocumentKey> = None;
        loop {
            let page = self.from.read_documents(tenant, after.as_ref(), DOCUMENT_PAGE).await;
            let page = page.map_err(CopyError::Source)?;
            let Some(last) = page.last() else { return Ok(known) };
            after = Some(last.key.clone());
            known.extend(page.iter().map(|one| one.key.clone()));
            *done += page.len() as u64;
            self.to.import_documents(tenant, page).await.map_err(CopyError::Target)?;
            (self.watch)(StoreCopyProgress::Documents { done: *done });
        }
    }

    /// Copies when documents were removed, so that the times of lists do not go back.
    async fn copy_removals(&self, tenant: TenantId) -> Result<(), CopyError> {
        let removals = self.from.list_removals(tenant).await.map_err(CopyError::Source)?;
        self.to.import_removals(tenant, removals).await.map_err(CopyError::Target)
    }

    /// Removes documents that were copied before and have been removed from the source since.
    async fn remove_others(
        &self,
        tenant: TenantId,
        known: &HashSet<DocumentKey>,
    ) -> Result<(), StorageError> {
        let mut after: Option<DocumentKey> = None;
        loop {
            let page = self.to.read_documents(tenant, after.as_ref(), DOCUMENT_PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.key.clone());
            for one in page.iter().filter(|one| !known.contains(&one.key)) {
                self.to.remove_document(tenant, &one.key, &Precondition::default()).await?;
            }
        }
    }

    async fn copy_cursors(&self, tenant: TenantId) -> Result<(), CopyError> {
        let cursors = self.from.list_cursors(tenant).await.map_err(CopyError::Source)?;
        for (name, value) in cursors {
            let saved = self.to.save_cursor(tenant, &name, &value).await;
            saved.map_err(CopyError::Target)?;
        }
        Ok(())
    }
}
