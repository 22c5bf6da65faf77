//! The credential that a refused request has named.

use acta_access::TenantId;

/// A credential that a request has named, rightly or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedCredential {
    /// Its key.
    pub key: String,
    /// Its tenant.
    pub tenant: TenantId,
}
