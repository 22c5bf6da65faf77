//! Logs for proofs that anybody may read.

use acta_access::TenantId;
use acta_storage::directory::{self, ProofLog, Tenant, TenantState};
use acta_xapi::Uuid;

use crate::{Admin, AdminError};

impl Admin {
    /// The tenant with the log for proofs of this id, if it is served and anybody may read its log.
    /// No permission is needed.
    ///
    /// # Errors
    ///
    /// [`AdminError::Service`].
    pub async fn find_published_log(&self, id: Uuid) -> Result<Option<TenantId>, AdminError> {
        let name = ProofLog::record_name_of(id);
        let log = directory::find_by_name::<ProofLog>(&*self.storage, &name).await?;
        let Some(log) = log else { return Ok(None) };
        let tenant = self.find_tenant(log.value.tenant).await?;
        Ok(tenant.filter(|tenant| is_published(&tenant.value)).map(|tenant| tenant.value.id))
    }
}

fn is_published(tenant: &Tenant) -> bool {
    tenant.publishes_proof_log && tenant.state == TenantState::Active
}
