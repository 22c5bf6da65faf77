//! Moves a whole store into another, of whatever engine.
//!
//! The target is marked as unfinished before the first byte is copied and until everything
//! was compared, so nothing takes it for a store before. Broken off anywhere, the same copy
//! goes on with what is missing. The source is only read.

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

/// What is told while a copy goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreCopyProgress {
    /// The target holds an unfinished copy: only what is missing is copied.
    Resumed,
    /// So many statements of so many are in the target.
    Statements {
        /// In the target.
        done: u64,
        /// In the source.
        total: u64,
    },
    /// The content of so many attachments was copied, or was there already.
    Attachments {
        /// So far.
        done: u64,
    },
    /// So many documents were copied.
    Documents {
        /// So far.
        done: u64,
    },
    /// So many statements of so many were compared.
    Verified {
        /// Compared.
        done: u64,
        /// In the source.
        total: u64,
    },
}

/// Items of a kind, counted and hashed alike in source and target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// How many.
    pub count: u64,
    /// The SHA-256 over all of them, as `docs/operate/copy.md` says.
    pub sha256: Sha2,
}

/// What was copied of a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopiedTenant {
    /// Whose it is.
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
    /// Statements that this run has copied: fewer than there are if it went on with an
    /// earlier one.
    pub statement_count: u64,
    /// Whether it went on with an earlier one.
    pub is_resumed: bool,
}

/// A kind of what a tenant has, for errors.
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

/// Why a copy ended early. The source is as it was.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// Name two stores.
    #[error("source and target are the same store")]
    SameStore,

    /// Finish that copy first.
    #[error("the source is an unfinished copy itself: finish that one first")]
    SourceUnfinished,

    /// Name an empty target.
    #[error("the target is not empty: it has {0}")]
    NotEmpty(&'static str),

    /// Run the copy that was begun, or empty the target.
    #[error("the target holds an unfinished copy of another store: finish that one, or empty it")]
    OtherSource,

    /// Let nobody write to the source, and run the copy again.
    #[error("the source is written to faster than it can be read: stop what writes to it")]
    StillWritten,

    /// Records differ. If the source was written to, run the copy again; otherwise empty the
    /// target and start over.
    #[error("the records of the kind {} are not the same in source and target", .0.as_str())]
    RecordsDiffer(RecordKind),

    /// The audit of the server differs, as above.
    #[error("the audit of the server is not the same in source and target")]
    ServerAuditDiffers,

    /// Statements of the source and of the target differ. If the source was written to,
    /// run the copy again; otherwise empty the target and start over.
    #[error("tenant {tenant}: statement {sequence} is not the same in source and target")]
    StatementDiffers {
        /// Whose.
        tenant: TenantId,
        /// The first that differs: its place in the tenant's log.
        sequence: u64,
    },

    /// Something else differs. What to do is the same.
    #[error("tenant {tenant}: {kind} are not the same in source and target")]
    Differs {
        /// Whose.
        tenant: TenantId,
        /// What.
        kind: Kind,
    },

    /// The named secrets differ. What to do is the same.
    #[error("the secrets of the store are not the same in source and target")]
    SecretsDiffer,

    /// The source cannot be read.
    #[error("cannot read the source")]
    Source(#[source] StorageError),

    /// The target cannot be written, or not be read again.
    #[error("cannot write the target")]
    Target(#[source] StorageError),
}

/// Copies everything of one store into another, compares both, and takes the target's mark
/// away. Tells `watch` how it goes.
///
/// The target must be empty or hold an unfinished copy of this very store. Whatever else
/// writes to the source meanwhile is copied as well, as long as it ends at some time.
///
/// # Errors
///
/// [`CopyError`]. The target stays marked, and the same copy goes on where this one ended.
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
