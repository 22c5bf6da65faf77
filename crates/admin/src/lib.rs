//! The use cases of administration: tenants, credentials, people, the audit.
//!
//! Every act has a requester, checks the permission first, and is one change of records together
//! with its audit entries: neither exists without the other. Refusals are recorded too. Free of
//! HTTP and of any storage engine.

mod admin;
mod audit;
mod audit_entry;
mod credentials;
mod error;
pub mod followers;
mod idempotency;
mod maintenance;
mod people;
mod permissions;
mod persons;
mod requester;
mod statements;
mod tenants;

pub use admin::{Admin, AdminParts, Options};
pub use audit::{AuditChain, Verified};
pub use credentials::stream_tokens::IssuedStreamToken;
pub use credentials::tokens::{IssuedToken, NewToken};
pub use credentials::{
    CredentialChanges, CredentialId, IssuedCredential, ListedCredential, NewCredential,
};
pub use error::{AdminError, AdminFault, FirstCredentialError, ReachedLimit};
pub use idempotency::{Idempotency, Idempotent, RequestKey};
pub use people::accounts::{AccountChanges, AccountWithLink, NewAccount};
pub use people::links::{LinkPurpose, NewPerson};
pub use people::members::{Invited, Member, NewInvitation, RoleChange};
pub use people::own::{NewSecondFactor, RecoveryCodes};
pub use people::provider_sign_in::{NewcomerRule, UsedState};
pub use people::sign_in::SignIn;
pub use people::signed_in::SignedIn;
pub use persons::csv::{CsvPiece, ExportColumns, ImportRow, parse_rows, split_csv, write_rows};
pub use persons::groups::csv::{GroupRow, parse_group_rows};
pub use persons::groups::export::GroupExport;
pub use persons::groups::import::GroupImportCounts;
pub use persons::groups::members::{MemberOf, MemberPage};
pub use persons::groups::{GroupSearch, NewPersonGroup, PersonGroupEdit};
pub use persons::import::{ImportCounts, ImportMode, ImportOptions};
pub use persons::{NewJoinedPerson, PersonEdit, PersonSearch};
pub use requester::Requester;
pub use statements::attachments::{KeptAttachment, OpenAttachment};
pub use statements::questions::QuestionDraft;
pub use statements::reading::{AnswerPermit, Reach, StatementQuestion};
pub use tenants::{LimitChanges, SettingChanges, TenantChanges};
