//! The progress and the result of a copy.

use acta_storage::Tenant;
use acta_xapi::Sha2;

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
