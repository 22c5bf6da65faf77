//! The ports of storage: what every engine promises.
//!
//! One method is one atomic act in the language of the domain, tenant first. No engine is
//! named here; both engines and the in-memory model pass the same suite.

mod administration;
mod attachments;
pub mod directory;
mod documents;
mod entities;
mod error;
mod feed;
mod purge;
mod readiness;
mod statements;
mod terms;
mod transfer;
mod work;

#[cfg(feature = "model")]
pub mod model;

pub use administration::audit::{
    AuditEntry, AuditOutcome, AuditQuery, AuditStore, ChainHash, ChainHead, NewAuditEntry,
    NotAChainHead, NotAWho, Who, chain_hash,
};
pub use administration::cursors::CursorStore;
pub use administration::records::{
    Change, Committed, CountLimit, Expected, Group, Record, RecordContent, RecordHolder,
    RecordKind, RecordStore, RecordWrite,
};
pub use administration::secrets::SecretStore;
pub use administration::usage::{Usage, UsageStore};
pub use attachments::{AttachmentReader, AttachmentStore, AttachmentWriter, StagedAttachment};
pub use directory::{Credential, Directory, Tenant, persons};
pub use documents::{
    Document, DocumentKey, DocumentList, DocumentNames, DocumentPlace, DocumentRow, DocumentStore,
    DocumentWrite, Etag, EtagMatch, NewDocument, Precondition, REMOVALS_MAX, Removal, RemovalScope,
};
pub use entities::{
    EntityFact, EntityFactRef, EntityFacts, EntityKind, EntityRead, EntityStore, Person, merge_all,
};
pub use error::StorageError;
pub use feed::{
    Advanced, Feed, FeedContent, FeedPace, FeedRecord, FeedStatement, FollowerName,
    FollowerPosition, FollowerStep, StatementSource, StoreEffects, StoredTile, TilePlace,
    TileStore,
};
pub use purge::{Purged, TenantPurge};
pub use readiness::Readiness;
pub use statements::{
    AgentFilter, Appended, Batch, Cursor, FeedEntry, NewStatement, NotACursor, Order,
    StatementPage, StatementQuery, StatementStore, StoredStatement,
};
pub use terms::{Filters, Term, TermHasher, TermKind};
pub use transfer::{
    NamedSecret, PageLimits, StoreId, TransferSource, TransferTarget, TransferredDocument,
    TransferredStatement, chunk_by_size, first_broken_link,
};
pub use work::{
    FairQueue, FairShares, LONG_WORK_BYTES, Load, LowPriority, NotAWeight, RequesterId, RoundRobin,
    Share, Shares, TaskRequester, Weight, Weights, background_span, current_requester,
    for_requester, group_span, lower_priority, set_requester, spawn_blocking, spawn_low_priority,
    tenant_span, with_requester, work_for_tenant,
};

/// Everything an engine can do: the sum of the ports.
pub trait Storage:
    StatementStore
    + Feed
    + TileStore
    + AttachmentStore
    + DocumentStore
    + EntityStore
    + RecordStore
    + Directory
    + AuditStore
    + UsageStore
    + SecretStore
    + CursorStore
    + Readiness
    + FairShares
    + TenantPurge
    + TransferSource
    + TransferTarget
{
}

impl<T> Storage for T where
    T: StatementStore
        + Feed
        + TileStore
        + AttachmentStore
        + DocumentStore
        + EntityStore
        + RecordStore
        + Directory
        + AuditStore
        + UsageStore
        + SecretStore
        + CursorStore
        + Readiness
        + FairShares
        + TenantPurge
        + TransferSource
        + TransferTarget
{
}
