//! Background maintenance: removes deleted tenants and expired records, and stores usage counts.

use acta_ambient::Timestamp;
use acta_storage::directory::{
    self, Credential, CredentialUse, JoinedPerson, Membership, PersonChanges, PersonGroup,
    PersonIdentifier, Recorded, Tenant, TenantState, Ticket, Versioned,
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
            if matches!(tenant.value.state, TenantState::Purged { .. }) {
                // Another node has removed it.
                self.persons.forget(tenant.value.id);
            } else if is_due(&tenant.value, now) {
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
        self.remove_records::<PersonGroup>(id).await?;
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
        self.persons.forget(id);
        Ok(())
    }

    async fn remove_records<T: Recorded>(
        &self,
        tenant: acta_access::TenantId,
    ) -> Result<(), AdminError> {
        let group = Group::OfTenant(tenant);
        let mut after: Option<String> = None;
        loop {
            let page = self
                .storage
                .list_records(T::KIND, &group, after.as_deref(), TOGETHER_COUNT)
                .await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.id.clone());
            let writes = page
                .iter()
                .map(RecordWrite::remove)
                .map(crate::people::accounts::unconditional)
                .collect();
            self.commit(&Change { writes, entries: Vec::new() }).await?;
        }
    }
}

/// Whether the waiting period of a deleted tenant is over.
fn is_due(tenant: &Tenant, now: Timestamp) -> bool {
    matches!(tenant.state, TenantState::Deleted { purge, .. } if purge <= now)
}
