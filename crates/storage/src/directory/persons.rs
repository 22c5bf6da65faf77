//! The persons of a tenant in memory: which identifiers are one, what is known of each, and the
//! groups that they are members of.
//!
//! [`Persons`] never changes, so a reader sees all persons at one moment. [`PersonCache`] has the
//! last one of each tenant, and reads only what has changed since.

mod cache;
mod groups;
mod memberships;
mod rules;
mod snapshot;

pub use cache::PersonCache;
pub use groups::PersonGroups;
pub use memberships::{MembershipSpan, Memberships};
pub use rules::{IdentifierClass, class_members};
pub use snapshot::{PersonLimits, PersonState, Persons};
