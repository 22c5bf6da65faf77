//! Who asks.

use std::sync::Arc;

use crate::{Authority, Restrictions, Scopes, TenantId};

/// Who asks: the tenant, the name to be quoted as, and what is permitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The tenant, which comes from the credential alone.
    pub tenant: TenantId,
    /// The key of the credential. It becomes the account name in the authority of
    /// statements written by it, unless that is set.
    pub name: String,
    /// What the credential may be used for.
    pub scopes: Scopes,
    /// Within which bounds.
    pub restrictions: Arc<Restrictions>,
    /// Who vouches for what it writes. None is the account made of the home page of the
    /// store and of `name`.
    pub authority: Option<Arc<Authority>>,
}

impl Principal {
    /// A principal without restrictions and without an authority of its own.
    pub fn new(tenant: TenantId, name: impl Into<String>, scopes: Scopes) -> Self {
        let restrictions = Arc::default();
        Self { tenant, name: name.into(), scopes, restrictions, authority: None }
    }
}
