//! The principal of a request.

use std::sync::Arc;

use crate::{Authority, Restrictions, Scopes, TenantId};

/// The principal of a request: its tenant, its name, and its rights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The tenant, which comes from the credential alone.
    pub tenant: TenantId,
    /// The key of the credential. It becomes the account name in the authority of
    /// statements written by it, unless that is set.
    pub name: String,
    /// The scopes of the credential.
    pub scopes: Scopes,
    /// The restrictions of the credential.
    pub restrictions: Arc<Restrictions>,
    /// The authority of statements that it writes. None means the account made from the home page
    /// of the store and `name`.
    pub authority: Option<Arc<Authority>>,
}

impl Principal {
    /// A principal without restrictions and without an authority of its own.
    pub fn new(tenant: TenantId, name: impl Into<String>, scopes: Scopes) -> Self {
        let restrictions = Arc::default();
        Self { tenant, name: name.into(), scopes, restrictions, authority: None }
    }
}
