//! What is known of a credential and its tenant.

use std::sync::Arc;

use acta_access::{Principal, TenantId};
use acta_ambient::Timestamp;
use acta_storage::directory::{self, Credential, Tenant, TenantState, Versioned};
use acta_storage::{Storage, StorageError, Who};

use crate::AuthError;

/// Who a request comes from.
#[derive(Clone, Debug)]
pub struct Identified {
    /// What it may do, and for whom.
    pub principal: Principal,
    /// How the audit names it.
    pub who: Who,
    /// The tenant, which is served.
    pub tenant: Arc<Tenant>,
}

/// A credential and its tenant, as they were found.
#[derive(Debug)]
pub(crate) struct FoundCredential {
    pub(crate) credential: Credential,
    pub(crate) tenant: Arc<Tenant>,
    principal: Principal,
}

impl FoundCredential {
    /// Looks a key up.
    pub(crate) async fn find(
        storage: &dyn Storage,
        key: &str,
    ) -> Result<Option<Self>, StorageError> {
        let found: Option<Versioned<Credential>> = directory::find(storage, key).await?;
        let Some(Versioned { value: credential, .. }) = found else { return Ok(None) };
        let Some(tenant) = find_tenant(storage, credential.tenant).await? else { return Ok(None) };
        let principal = Principal {
            tenant: credential.tenant,
            name: credential.key.clone(),
            scopes: credential.scopes,
            restrictions: Arc::clone(&credential.restrictions),
            authority: credential.authority.clone(),
        };
        Ok(Some(Self { credential, tenant: Arc::new(tenant), principal }))
    }

    /// Whoever has presented the right secret.
    pub(crate) fn identify(&self, now: Timestamp) -> Result<Identified, AuthError> {
        self.check(now)?;
        Ok(Identified {
            principal: self.principal.clone(),
            who: Who::Credential(self.credential.key.clone()),
            tenant: Arc::clone(&self.tenant),
        })
    }

    /// Whether the credential can be used at all.
    pub(crate) fn check(&self, now: Timestamp) -> Result<(), AuthError> {
        if self.credential.expires.is_some_and(|expires| expires <= now) {
            return Err(AuthError::Refused);
        }
        check_state(&self.tenant)
    }
}

/// Whether a tenant is served.
pub(crate) fn check_state(tenant: &Tenant) -> Result<(), AuthError> {
    match tenant.state {
        TenantState::Active => Ok(()),
        TenantState::Suspended { .. }
        | TenantState::Deleted { .. }
        | TenantState::Purged { .. } => Err(AuthError::Closed { state: tenant.state.as_str() }),
    }
}

/// The tenant with this number.
pub(crate) async fn find_tenant(
    storage: &dyn Storage,
    tenant: TenantId,
) -> Result<Option<Tenant>, StorageError> {
    let found: Option<Versioned<Tenant>> =
        directory::find(storage, &Tenant::record_id_of(tenant)).await?;
    Ok(found.map(|found| found.value))
}
