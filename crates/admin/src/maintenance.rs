//! Background maintenance: removes deleted tenants and expired records, and stores usage counts.

use acta_ambient::Timestamp;
use acta_storage::directory::{
    self, Credential, CredentialUse, JoinedPerson, Membership, PersonChanges, PersonIdentifier,
    Recorded, Tenant, TenantState, Ticket, Versioned,
};
use acta_storage::{Change, Committed, Group, NewAuditEntry, RecordWrite, tenant_span};
use serde_json::json;
use tracing::Instrument;

use crate::audit_entry::tenant_target;
use crate::{Admin, AdminError, Requester};

/// Records that are listed at a time.
const EXPIRED_COUNT: usize = 500;

/// Records that are removed in one change.
const TOGETHER_COUNT: usize = 500;

impl Admin {
    /// Runs the maintenance once. Any number of nodes may do so at the same time.
    ///
    /// # Errors
    ///
    /// [`AdminError::Service`]: the rest is done the next time.
    pub async fn run_maintenance(&self) -> Result<(), AdminError> {
        self.authenticator.save_uses().await?;
        let now = self.clock.now();
        while self.storage.remove_expired(now, EXPIRED_COUNT).await? == EXPIRED_COUNT {}
        let tenants: Vec<Versioned<Tenant>> =
            directory::list(&*self.storage, &Group::Every).await?;
        for tenant in tenants {
            if is_due(&tenant.value, now) {
                let span = tenant_span(tenant.value.id);
                self.purge(tenant).instrument(span).await?;
            }
        }
        Ok(())
    }

    /// Removes all data of a tenant whose waiting period is over.
    async fn purge(&self, found: Versioned<Tenant>) -> Result<(), AdminError> {
        let id = found.value.id;
        tracing::info!(tenant.id = id.number(), "removing the data of a deleted tenant");
        // Credentials first, so that nobody gets in any more.
        self.remove_records::<Credential>(id).await?;
        self.remove_records::<CredentialUse>(id).await?;
        self.remove_records::<Membership>(id).await?;
        self.remove_records::<Ticket>(id).await?;
        self.remove_records::<JoinedPerson>(id).await?;
        self.remove_records::<PersonIdentifier>(id).await?;
        self.remove_records::<PersonChanges>(id).await?;
        let count = self.storage.count_statements(id).await?;
        let head = self.storage.audit_head(Some(id)).await?;
        self.storage.purge_tenant(id).await?;
        let after = Tenant {
            // The name may be that of a person.
            name: String::new(),
            state: TenantState::Purged { since: self.clock.now() },
            ..found.value.clone()
        };
        let detail = json!({
            "statement_count": count,
            "audit_entries": head.sequence,
            "audit_hash": head.hash.to_string(),
        });
        let server = Requester::server();
        let entry: NewAuditEntry =
            self.entry_with(&server, "tenant.purged", tenant_target(id), &detail);
        let change = Change { writes: vec![found.write(&after)], entries: vec![(None, entry)] };
        if self.storage.commit(&change).await? == Committed::Done {
            tracing::info!(tenant.id = id.number(), "the data of a deleted tenant was removed");
        }
        self.authenticator.forget_tenant(id);
        Ok(())
    }

    async fn remove_records<T: Recorded>(
        &self,
        tenant: acta_access::TenantId,
    ) -> Result<(), AdminError> {
        let found: Vec<acta_storage::Record> = self.records_of::<T>(tenant).await?;
        for together in found.chunks(TOGETHER_COUNT) {
            let writes = together
                .iter()
                .map(RecordWrite::remove)
                .map(crate::people::accounts::unconditional)
                .collect();
            self.commit(&Change { writes, entries: Vec::new() }).await?;
        }
        Ok(())
    }

    async fn records_of<T: Recorded>(
        &self,
        tenant: acta_access::TenantId,
    ) -> Result<Vec<acta_storage::Record>, AdminError> {
        let group = Group::OfTenant(tenant);
        let mut all: Vec<acta_storage::Record> = Vec::new();
        loop {
            let after = all.last().map(|last| last.id.clone());
            let page = self
                .storage
                .list_records(T::KIND, &group, after.as_deref(), TOGETHER_COUNT)
                .await?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    }
}

/// Whether the waiting period of a deleted tenant is over.
fn is_due(tenant: &Tenant, now: Timestamp) -> bool {
    matches!(tenant.state, TenantState::Deleted { purge, .. } if purge <= now)
}
