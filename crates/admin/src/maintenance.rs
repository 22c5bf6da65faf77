//! Background maintenance: removes deleted tenants and expired records, and stores usage counts.

use acta_access::TenantId;
use acta_storage::directory::{
    self, Credential, CredentialUse, JoinedPerson, Membership, PersonChanges, PersonGroup,
    PersonIdentifier, ProofDamage, ProofLog, Recorded, SavedQuestion, Tenant, TenantState, Ticket,
    Versioned,
};
use acta_storage::{Change, Committed, Group, NewAuditEntry, RecordWrite, tenant_span};
use serde_json::{Value, json};
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
        let mut done = Ok(());
        for tenant in tenants {
            let span = tenant_span(tenant.value.id);
            let purged = match tenant.value.state {
                // Another node has removed it.
                TenantState::Purged { .. } => {
                    self.persons.forget(tenant.value.id);
                    Ok(())
                }
                // It was interrupted, or another node is at it.
                TenantState::Purging { .. } => self.purge(tenant).instrument(span).await,
                TenantState::Deleted { purge, .. } if purge <= now => {
                    self.begin_purge(tenant).instrument(span).await
                }
                TenantState::Active
                | TenantState::Suspended { .. }
                | TenantState::Deleted { .. } => Ok(()),
            };
            // An error of one tenant does not keep back the others.
            done = done.and(purged);
        }
        done
    }

    /// Settles that the data of a tenant whose waiting period is over is removed, and removes it.
    /// A tenant that was restored since it was read is left alone.
    async fn begin_purge(&self, found: Versioned<Tenant>) -> Result<(), AdminError> {
        let id = found.value.id;
        let since = self.clock.now();
        let settled = Tenant { state: TenantState::Purging { since }, ..found.value.clone() };
        let server = Requester::server();
        let (act, target) = ("tenant.purge_started", tenant_target(id));
        let entry = self.entry_with(&server, act, target, &self.describe_data(id).await?);
        let change = Change { writes: vec![found.write(&settled)], entries: vec![(None, entry)] };
        if self.storage.commit(&change).await? != Committed::Done {
            tracing::info!(tenant.id = id.number(), "a deleted tenant was changed meanwhile");
            return Ok(());
        }
        self.authenticator.forget_tenant(id);
        let found: Option<Versioned<Tenant>> =
            directory::find(&*self.storage, &Tenant::record_id_of(id)).await?;
        match found {
            Some(found) if matches!(found.value.state, TenantState::Purging { .. }) => {
                self.purge(found).await
            }
            // Another node has done it already.
            Some(_) | None => Ok(()),
        }
    }

    /// What the audit of the server keeps of a tenant.
    async fn describe_data(&self, id: TenantId) -> Result<Value, AdminError> {
        let count = self.storage.count_statements(id).await?;
        let head = self.storage.audit_head(Some(id)).await?;
        Ok(json!({
            "statement_count": count,
            "audit_entries": head.sequence,
            "audit_hash": head.hash.to_string(),
        }))
    }

    /// Removes all data of a tenant for which that is settled.
    async fn purge(&self, found: Versioned<Tenant>) -> Result<(), AdminError> {
        let id = found.value.id;
        tracing::info!(tenant.id = id.number(), "removing the data of a deleted tenant");
        // Credentials first, so that nobody gets in any more.
        self.remove_records::<Credential>(id).await?;
        self.remove_records::<CredentialUse>(id).await?;
        self.remove_records::<Membership>(id).await?;
        self.remove_records::<Ticket>(id).await?;
        self.remove_records::<SavedQuestion>(id).await?;
        self.remove_persons(id).await?;
        let detail = self.describe_data(id).await?;
        self.storage.purge_tenant(id).await?;
        // Behind the statements, since nothing is appended to it any more.
        self.remove_records::<ProofLog>(id).await?;
        self.remove_records::<ProofDamage>(id).await?;
        let after = Tenant {
            // The name may be that of a person.
            name: String::new(),
            state: TenantState::Purged { since: self.clock.now() },
            ..found.value.clone()
        };
        let server = Requester::server();
        let entry: NewAuditEntry =
            self.entry_with(&server, "tenant.purged", tenant_target(id), &detail);
        let change = Change { writes: vec![found.write(&after)], entries: vec![(None, entry)] };
        // If it is stale, another node has removed the data too, or the next run does so again.
        if self.storage.commit(&change).await? == Committed::Done {
            tracing::info!(tenant.id = id.number(), "the data of a deleted tenant was removed");
        }
        self.authenticator.forget_tenant(id);
        self.persons.forget(id);
        Ok(())
    }

    async fn remove_persons(&self, tenant: TenantId) -> Result<(), AdminError> {
        self.remove_records::<JoinedPerson>(tenant).await?;
        self.remove_records::<PersonIdentifier>(tenant).await?;
        self.remove_records::<PersonGroup>(tenant).await?;
        self.remove_records::<PersonChanges>(tenant).await
    }

    async fn remove_records<T: Recorded>(&self, tenant: TenantId) -> Result<(), AdminError> {
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
