//! Errors of a copy.

use acta_access::TenantId;
use acta_storage::{RecordKind, StorageError};

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
