//! The checks before a copy.

use acta_access::TenantId;
use acta_storage::{Group, PageLimits, RecordKind, Storage, StorageError};

use super::CopyError;

/// One item is enough to see that there are some.
const ONE: PageLimits = PageLimits { count_max: 1, bytes_max: 1 };

/// Checks both stores and marks the target. Returns whether it contains a part of the copy.
pub(super) async fn begin(from: &dyn Storage, to: &dyn Storage) -> Result<bool, CopyError> {
    let source = from.identify().await.map_err(CopyError::Source)?;
    if to.identify().await.map_err(CopyError::Target)? == source {
        return Err(CopyError::SameStore);
    }
    if from.find_import().await.map_err(CopyError::Source)?.is_some() {
        return Err(CopyError::SourceUnfinished);
    }
    match to.find_import().await.map_err(CopyError::Target)? {
        Some(known) if known == source => return Ok(true),
        Some(_) => return Err(CopyError::OtherSource),
        None => {}
    }
    if let Some(what) = first_content(to).await.map_err(CopyError::Target)? {
        return Err(CopyError::NotEmpty(what));
    }
    to.begin_import(source).await.map_err(CopyError::Target)?;
    Ok(false)
}

/// The first kind of data that a store has and a new one does not.
async fn first_content(to: &dyn Storage) -> Result<Option<&'static str>, StorageError> {
    let tenant = TenantId::FIRST;
    let tenants = to.list_tenants().await?;
    if tenants.iter().any(|other| other.id != tenant) {
        return Ok(Some("tenants"));
    }
    if 0 < to.count_statements(tenant).await? {
        return Ok(Some("statements"));
    }
    if !to.list_credentials(tenant).await?.is_empty() {
        return Ok(Some("credentials"));
    }
    if !to.read_documents(tenant, None, ONE).await?.is_empty() {
        return Ok(Some("documents"));
    }
    if !to.list_attachments(tenant, None, 1).await?.is_empty() {
        return Ok(Some("attachments"));
    }
    if !to.list_cursors(tenant).await?.is_empty() {
        return Ok(Some("cursors"));
    }
    let accounts = to.list_records(RecordKind::Account, &Group::Every, None, 1).await?;
    if !accounts.is_empty() {
        return Ok(Some("accounts"));
    }
    Ok(if to.list_secrets().await?.is_empty() { None } else { Some("secrets") })
}
