//! The use cases of a Learning Record Store, free of HTTP and of any storage engine.
//!
//! Every use case takes its principal and checks permissions with [`acta_access::decide`]
//! first. Input from outside the process arrives as bytes or as parsed values, and results are
//! text that is ready to be sent.

mod activities;
mod agents;
mod attachments;
mod documents;
mod entries;
mod error;
mod follow;
mod heads;
mod home_pages;
mod quotas;
mod search;
mod service;
mod statements;
mod voiding;

pub use acta_storage::directory::{Tenant, TenantLimits};
pub use acta_storage::{
    AgentFilter, AttachmentReader, AttachmentWriter, Cursor, Document, DocumentKey, DocumentList,
    DocumentNames, Etag, EtagMatch, NotACursor, Order, Precondition, StagedAttachment,
    StatementPage, StatementQuery, StoredStatement, Usage,
};
pub use attachments::{AttachmentName, DescribedAttachment};
pub use documents::{SentDocument, WriteRules, etag_of};
pub use entries::{Described, Entry};
pub use error::{Limit, ServiceError};
pub use follow::LogPlace;
pub use heads::LogSummary;
pub use quotas::limit::{OverQuota, QuotaLimit};
pub use quotas::{Quotas, day_of};
pub use search::{Search, View};
pub use service::{Options, Service, ServiceParts, StatementPageLimits};
pub use statements::{PartHeaders, Sent, Shape, Stored, Upload, ValidatedStatements};
pub use voiding::{NewVoiding, Voidability};
