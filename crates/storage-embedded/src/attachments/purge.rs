//! All content of a tenant removed.

use std::path::Path;
use std::sync::Arc;

use acta_access::TenantId;
use acta_statement_log::disk::Disk;
use acta_storage::StorageError;

use super::Attachments;
use super::files::{failed, on_blocking_thread};
use super::listing::names;
use crate::directory::REMOVED_NAME;

/// What is done here, for errors.
const PURGING: &str = "removing the attachments of a tenant";

impl Attachments {
    /// Removes all content of a tenant, durably. Returns how many files there were. The
    /// directories stay, with nothing in them.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`]: a part may be removed.
    pub(crate) async fn purge(&self, tenant: TenantId) -> Result<u64, StorageError> {
        let directory = self.root.join(tenant.to_string());
        let disk = Arc::clone(&self.disk);
        on_blocking_thread(move || purge(&*disk, &directory)).await
    }
}

fn purge(disk: &dyn Disk, directory: &Path) -> Result<u64, StorageError> {
    let failed = failed(PURGING);
    let mut count = 0;
    let prefixes = names(disk, directory)?;
    if prefixes.is_empty() {
        return Ok(0);
    }
    if !prefixes.iter().any(|name| name == REMOVED_NAME) {
        disk.create(&directory.join(REMOVED_NAME)).map_err(&failed)?.sync().map_err(&failed)?;
    }
    disk.sync_directory(directory).map_err(&failed)?;
    for prefix in prefixes.iter().filter(|name| *name != REMOVED_NAME) {
        let below = directory.join(prefix);
        for name in names(disk, &below)? {
            disk.remove(&below.join(name)).map_err(&failed)?;
            count += 1;
        }
        // Also where nothing was: an earlier removal may not have come so far.
        disk.sync_directory(&below).map_err(&failed)?;
    }
    Ok(count)
}
