//! The xAPI domain: types, parsing, validation and equality of statements.
//!
//! Pure: no clock, file, socket, log or async. Input becomes a value or a list of
//! [`Fault`]s, each with its place and its rule. Nothing here knows how statements are
//! stored or sent.

pub mod json;
pub mod scalar;

mod activity;
mod actor;
mod attachment;
mod context;
mod document;
mod fault;
mod limits;
mod reader;
mod rule;
mod signature;
mod statement;
mod version;

pub use activity::{Activity, DEFINITION_BYTES_MAX, MergedDefinition, merge_definitions};
pub use actor::{Actor, ActorType, Ifi};
pub use attachment::Attachment;
pub use context::{Context, ContextActivities};
pub use document::{MERGED_DEPTH_MAX, MergeError, merge_documents};
pub use fault::{Fault, Faults};
pub use limits::ParseLimits;
pub use rule::Rule;
pub use scalar::{
    ActivityId, Iri, IriRule, Languages, Mbox, MediaType, Sha2, Sha2Hasher, StatementId,
    StatementTimestamp, Uuid,
};
pub use signature::{Signature, SignatureError, check_signature};
pub use statement::equality::Fingerprint;
pub use statement::parse::{parse_actor, parse_actor_by, parse_statement, parse_statements};
pub use statement::render::{Format, Rendering, activities_to_define, render};
pub use statement::result::{Score, StatementResult};
pub use statement::stored_text::{StatementText, StoreProperties};
pub use statement::{Object, Statement, SubStatement, Verb};
pub use version::http::{DocumentKind, ProfilePrecondition, UnconditionalPut};
pub use version::{NotAVersion, Version};
