//! The persons of a tenant in memory: which identifiers are one, and what is known of each.
//!
//! [`Persons`] never changes, so a reader sees all persons at one moment. [`PersonCache`] has the
//! last one of each tenant, and reads only what has changed since.

mod cache;
mod rules;
mod snapshot;

pub use cache::PersonCache;
pub use rules::{IdentifierClass, class_members};
pub use snapshot::{PersonLimits, PersonState, Persons};
