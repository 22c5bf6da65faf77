//! Copies a whole store into another of any engine.
//!
//! The target is marked as unfinished before the first byte is copied and until everything has
//! been compared, so that it is not used as a store before. An interrupted copy can be repeated
//! and continues with what is missing. The source is only read.

mod begin;
mod error;
mod merge;
mod records;
mod report;
mod verify;

use acta_storage::Storage;

use begin::begin;
pub use error::{CopyError, Kind};
use records::Copier;
pub use report::{Copied, CopiedTenant, Digest, StoreCopyProgress};
use verify::verify;

/// Copies everything of one store into another, compares both, and removes the target's mark.
/// Reports progress to `watch`.
///
/// The target must be empty or an unfinished copy of the same store. What is written to the
/// source meanwhile is copied as well, provided that the writes stop at some time.
///
/// # Errors
///
/// [`CopyError`]. The target stays marked, and a repeated copy continues where this one ended.
pub async fn copy(
    from: &dyn Storage,
    to: &dyn Storage,
    watch: &mut (dyn FnMut(StoreCopyProgress) + Send),
) -> Result<Copied, CopyError> {
    let is_resumed = begin(from, to).await?;
    if is_resumed {
        watch(StoreCopyProgress::Resumed);
    }
    let mut copier = Copier { from, to, watch };
    let statement_count = copier.copy_all(is_resumed).await?;
    let tenants = verify(from, to, watch).await?;
    to.finish_import().await.map_err(CopyError::Target)?;
    Ok(Copied { tenants, statement_count, is_resumed })
}

#[cfg(test)]
mod tests;
