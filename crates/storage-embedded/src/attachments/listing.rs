//! Which attachments are here.

use std::io;
use std::path::Path;
use std::sync::Arc;

use acta_access::TenantId;
use acta_statement_log::disk::Disk;
use acta_storage::StorageError;
use acta_xapi::Sha2;

use super::Attachments;
use super::files::{failed, on_blocking_thread};

/// What is done here, for errors.
const LISTING: &str = "listing attachments";

impl Attachments {
    /// As [`acta_storage::TransferSource::list_attachments`].
    pub(crate) async fn list(
        &self,
        tenant: TenantId,
        after: Option<&Sha2>,
        count_max: usize,
    ) -> Result<Vec<Sha2>, StorageError> {
        let directory = self.root.join(tenant.to_string());
        let (disk, after) = (Arc::clone(&self.disk), after.cloned());
        on_blocking_thread(move || list(&*disk, &directory, after.as_ref(), count_max.max(1))).await
    }
}

/// The hashes behind `after`, directory by directory: each holds those with the beginning
/// that is its name.
fn list(
    disk: &dyn Disk,
    directory: &Path,
    after: Option<&Sha2>,
    count_max: usize,
) -> Result<Vec<Sha2>, StorageError> {
    let from = after.and_then(|after| after.as_str().get(..2)).unwrap_or_default();
    let mut found = Vec::new();
    for prefix in names(disk, directory)?.iter().filter(|prefix| from <= prefix.as_str()) {
        // What is no hash was not put there by a store.
        let hashes = names(disk, &directory.join(prefix))?;
        let hashes = hashes.iter().filter_map(|name| name.parse().ok());
        found.extend(hashes.filter(|hash| after.is_none_or(|after| after < hash)));
        if count_max <= found.len() {
            break;
        }
    }
    found.truncate(count_max);
    Ok(found)
}

pub(super) fn names(disk: &dyn Disk, directory: &Path) -> Result<Vec<String>, StorageError> {
    match disk.list(directory) {
        Ok(names) => Ok(names),
        // Without attachments, or a file where a directory should be: nothing is in it.
        Err(error)
            if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
        {
            Ok(Vec::new())
        }
        Err(error) => Err(failed(LISTING)(error)),
    }
}
