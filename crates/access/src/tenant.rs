//! Tenants.

use std::fmt;
use std::str::FromStr;

/// A tenant: the owner of statements, documents and credentials, separate from all others.
///
/// Numbered from 1. The number of a tenant is never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TenantId(std::num::NonZeroU32);

/// The text is not a whole number from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a tenant id of at least 1")]
pub struct NotATenantId;

impl TenantId {
    /// The first tenant of every store.
    pub const FIRST: Self = Self(std::num::NonZeroU32::MIN);

    /// The tenant with this number; none for 0.
    pub const fn new(number: u32) -> Option<Self> {
        match std::num::NonZeroU32::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// The number, from 1.
    pub const fn number(self) -> u32 {
        self.0.get()
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FromStr for TenantId {
    type Err = NotATenantId;

    fn from_str(text: &str) -> Result<Self, NotATenantId> {
        text.parse().ok().and_then(Self::new).ok_or(NotATenantId)
    }
}
