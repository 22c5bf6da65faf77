//! Look-up of a credential and its tenant.

use std::sync::Arc;

use acta_access::{Principal, TenantId};
use acta_ambient::Timestamp;
use acta_storage::directory::{self, Credential, Tenant, TenantState, Versioned};
use acta_storage::{Storage, StorageError, Who};

use crate::AuthError;

/// The identity of a request.
#[derive(Clone, Debug)]
pub struct Identified {
    /// The principal.
    pub principal: Principal,
    /// The actor for the audit.
    pub who: Who,
    /// The tenant, which is active.
    pub tenant: Arc<Tenant>,
}

/// A credential and its tenant, as stored.
#[derive(Debug)]
pub(crate) struct FoundCredential {
    pub(crate) credential: Credential,
    pub(crate) tenant: Arc<Tenant>,
    principal: Principal,
}

impl FoundCredential {
    /// Looks up a key.
    pub(crate) async fn find(
        storage: &dyn Storage,
        key: &str,
    ) -> Result<Option<Self>, StorageError> {
        let found: Option<Versioned<Credential>> = directory::find(storage, key).await?;
        let Some(Versioned { value: credential, .. }) = found else { return Ok(None) };
        let Some(tenant) = find_tenant(storage, credential.tenant).await? else { return Ok(None) };
        let principal = credential.principal();
        Ok(Some(Self { credential, tenant: Arc::new(tenant), principal }))
    }

    /// The identity of a request with the correct secret.
    pub(crate) fn identify(&self, now: Timestamp) -> Result<Identified, AuthError> {
        self.check(now)?;
        Ok(Identified {
            principal: self.principal.clone(),
            who: Who::Credential(self.credential.key.clone()),
            tenant: Arc::clone(&self.tenant),
        })
    }

    /// Checks whether the credential can be used.
    pub(crate) fn check(&self, now: Timestamp) -> Result<(), AuthError> {
        if self.credential.expires.is_some_and(|expires| expires <= now) {
            return Err(AuthError::Refused);
        }
        check_state(&self.tenant)
    }
}

/// Checks whether a tenant is active.
pub(crate) fn check_state(tenant: &Tenant) -> Result<(), AuthError> {
    match tenant.state {
        TenantState::Active => Ok(()),
        TenantState::Suspended { .. }
        | TenantState::Deleted { .. }
        | TenantState::Purging { .. }
        | TenantState::Purged { .. } => Err(AuthError::Closed { state: tenant.state.as_str() }),
    }
}

/// The tenant with this id.
pub(crate) async fn find_tenant(
    storage: &dyn Storage,
    tenant: TenantId,
) -> Result<Option<Tenant>, StorageError> {
    let found: Option<Versioned<Tenant>> =
        directory::find(storage, &Tenant::record_id_of(tenant)).await?;
    Ok(found.map(|found| found.value))
}
