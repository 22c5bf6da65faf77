//! Who asks.

use crate::{Scopes, TenantId};

/// Who asks: the tenant, the name to be quoted as, and what is permitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The tenant, which comes from the credential alone.
    pub tenant: TenantId,
    /// The key of the credential. It becomes the account name in the authority of
    /// statements written by it.
    pub name: String,
    /// What the credential may be used for.
    pub scopes: Scopes,
}
