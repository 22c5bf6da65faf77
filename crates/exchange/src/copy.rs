//! Copies a whole store into another of any engine.
//!
//! The target is marked as unfinished before the first byte is copied and until everything has
//! been compared, so that it is not used as a store before. An interrupted copy can be repeated
//! and continues with what is missing. The source is only read.

mod begin;
mod merge;
mod records;
mod verify;

use acta_access::TenantId;
use acta_storage::{RecordKind, Storage, StorageError, Tenant};
use acta_xapi::Sha2;

use begin::begin;
use records::Copier;
use verify::verify;

/// The progress of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreCopyProgress {
    /// The target contains an unfinished copy: only what is missing is copied.
    Resumed,
    /// Statements are being copied.
    Statements {
        /// Statements in the target.
        done: u64,
        /// Statements in the source.
        total: u64,
    },
    /// The content of attachments is being copied.
    Attachments {
        /// Contents in the target.
        done: u64,
    },
    /// Documents are being copied.
    Documents {
        /// Documents in the target.
        done: u64,
    },
    /// Statements are being compared.
    Verified {
        /// Compared statements.
        done: u64,
        /// Statements in the source.
        total: u64,
    },
}

/// The count and hash of items of a kind, equal in source and target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// The number of items.
    pub count: u64,
    /// The SHA-256 of all items, as defined in `docs/operate/copy.md`.
    pub sha256: Sha2,
}

/// What was copied of a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopiedTenant {
    /// The tenant.
    pub tenant: Tenant,
    /// Statements, voided ones included.
    pub statements: Digest,
    /// State and profile documents.
    pub documents: Digest,
    /// Contents of attachments.
    pub attachments: Digest,
    /// Credentials.
    pub credentials: Digest,
    /// Cursors of named readers.
    pub cursors: Digest,
    /// Entries of its audit.
    pub audit: Digest,
}

/// A finished copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Every tenant, by number.
    pub tenants: Vec<CopiedTenant>,
    /// Statements that this run has copied, without those of earlier runs.
    pub statement_count: u64,
    /// Whether it continued an earlier run.
    pub is_resumed: bool,
}

/// A kind of data of a tenant, for errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The tenant itself.
    Tenant,
    /// Statements.
    Statements,
    /// Documents.
    Documents,
    /// Contents of attachments.
    Attachments,
    /// Credentials.
    Credentials,
    /// Cursors.
    Cursors,
    /// Entries of the audit.
    Audit,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Tenant => "name or time of the tenant",
            Self::Statements => "statements",
            Self::Documents => "documents",
            Self::Attachments => "attachments",
            Self::Credentials => "credentials",
            Self::Cursors => "cursors",
            Self::Audit => "entries of the audit",
        })
    }
}

/// Why a copy failed. The source is unchanged.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// Use two different stores.
    #[error("source and target are the same store")]
    SameStore,

    /// Finish that copy first.
    #[error("the source is itself an unfinished copy: finish that copy first")]
    SourceUnfinished,

    /// Use an empty target.
    #[error("the target is not empty: it contains {0}")]
    NotEmpty(&'static str),

    /// Finish the other copy, or empty the target.
    #[error("the target is an unfinished copy of another store: finish that copy, or empty it")]
    OtherSource,

    /// Stop all writes to the source, and run the copy again.
    #[error("the source is written faster than it can be read: stop all writes to it")]
    StillWritten,

    /// Records differ. If the source was written to, run the copy again; otherwise empty the
    /// target and start over.
    #[error("records of the kind {} differ in source and target", .0.as_str())]
    RecordsDiffer(RecordKind),

    /// The audit of the server differs. Proceed as for records.
    #[error("the audit of the server differs in source and target")]
    ServerAuditDiffers,

    /// Statements of the source and of the target differ. If the source was written to,
    /// run the copy again; otherwise empty the target and start over.
    #[error("tenant {tenant}: statement {sequence} differs in source and target")]
    StatementDiffers {
        /// The tenant of the statement.
        tenant: TenantId,
        /// The sequence of the first statement that differs.
        sequence: u64,
    },

    /// Other data differs. Proceed as for records.
    #[error("tenant {tenant}: {kind} differ in source and target")]
    Differs {
        /// The tenant of the data.
        tenant: TenantId,
        /// The kind of the data.
        kind: Kind,
    },

    /// The secrets differ. Proceed as for records.
    #[error("the secrets of the store differ in source and target")]
    SecretsDiffer,

    /// The source cannot be read.
    #[error("cannot read the source")]
    Source(#[source] StorageError),

    /// The target cannot be written or read.
    #[error("cannot write the target")]
    Target(#[source] StorageError),
}

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
