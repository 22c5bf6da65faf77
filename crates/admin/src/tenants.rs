//! Tenants: create, change, suspend, delete.

mod publication;
mod settings;

use std::num::{NonZeroU32, NonZeroU64};

use acta_access::{Permission, ServerPermission, TenantId};
use acta_storage::directory::{
    self, AccountId, LanguageTag, Membership, Tenant, TenantLimits, TenantState, Versioned,
};
use acta_storage::{Change, Group, Record, RecordWrite, Usage, Weight};
use serde_json::{Value, json};

use crate::audit_entry::{differences, tenant_target};
use crate::idempotency::Attempt;
use crate::permissions::{BEING_REMOVED, PermissionPair};
use crate::requester::Capabilities;
use crate::{Admin, AdminError, Idempotency, Idempotent, Requester};
pub use settings::SettingChanges;

/// Changes to a tenant; none leaves a property unchanged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TenantChanges {
    /// Its name.
    pub name: Option<String>,
    /// Its limits.
    pub limits: LimitChanges,
    /// Whether the audit records which statements people read, and that credentials read.
    pub audits_reads: Option<bool>,
    /// Whether anybody may read its log for proofs.
    pub publishes_proof_log: Option<bool>,
    /// Its settings.
    pub settings: SettingChanges,
}

/// Changes to the limits and the weight of a tenant; the inner none removes a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LimitChanges {
    /// Requests per second.
    pub requests_per_second: Option<Option<NonZeroU32>>,
    /// Bytes per day.
    pub bytes_per_day: Option<Option<NonZeroU64>>,
    /// Statements per day.
    pub statements_per_day: Option<Option<NonZeroU64>>,
    /// Its weight.
    pub weight: Option<Weight>,
}

impl LimitChanges {
    fn apply(self, before: TenantLimits) -> TenantLimits {
        TenantLimits {
            requests_per_second: self.requests_per_second.unwrap_or(before.requests_per_second),
            bytes_per_day: self.bytes_per_day.unwrap_or(before.bytes_per_day),
            statements_per_day: self.statements_per_day.unwrap_or(before.statements_per_day),
            weight: self.weight.unwrap_or(before.weight),
        }
    }
}

/// Longest name of anything, in characters.
const NAME_CHARS_MAX: usize = 200;

/// Checks a display name.
pub(crate) fn check_name(pointer: &'static str, name: &str) -> Result<(), AdminError> {
    let is_blank = name.trim().is_empty();
    // Counted only as far as needed: an invalid name may be as long as a request.
    let is_long = name.chars().nth(NAME_CHARS_MAX).is_some();
    if is_blank || is_long || name.contains(char::is_control) {
        let message = format!(
            "expected 1 to {NAME_CHARS_MAX} characters, not blank, without control characters"
        );
        return Err(AdminError::fault(pointer, message));
    }
    Ok(())
}

impl Admin {
    /// Up to `count_max` of the tenants that are visible to the requester, by number, after
    /// `after`.
    ///
    /// # Errors
    ///
    /// [`AdminError::Forbidden`], [`AdminError::Service`].
    pub async fn list_tenants(
        &self,
        requester: &Requester,
        after: Option<TenantId>,
        count_max: usize,
    ) -> Result<Vec<Versioned<Tenant>>, AdminError> {
        let tenants: Vec<Versioned<Tenant>> = match &requester.capabilities {
            Capabilities::Machine | Capabilities::Server => {
                self.tenants_after(after, count_max).await?
            }
            Capabilities::Person { account, .. } if account.is_operator => {
                self.tenants_after(after, count_max).await?
            }
            Capabilities::Person { account, .. } => {
                self.tenants_of(account.id, after, count_max).await?
            }
            Capabilities::Credential(principal) => {
                let tenant = principal.tenant;
                let own = self.permit(requester, tenant, Permission::ReadTenant).await?;
                let is_wanted = after.is_none_or(|after| after < tenant) && 0 < count_max;
                if is_wanted { vec![own] } else { Vec::new() }
            }
            Capabilities::Anonymous => Vec::new(),
        };
        Ok(tenants)
    }

    /// Existing tenants, at most `count_max`, after a number.
    pub(crate) async fn tenants_after(
        &self,
        after: Option<TenantId>,
        count_max: usize,
    ) -> Result<Vec<Versioned<Tenant>>, AdminError> {
        let mut found: Vec<Versioned<Tenant>> = Vec::new();
        let mut after = after.map(Tenant::record_id_of);
        loop {
            let page: Vec<Versioned<Tenant>> =
                directory::page(&*self.storage, &Group::Every, after.as_deref(), count_max).await?;
            let is_last = page.len() < count_max;
            after = page.last().map(|last| last.record.id.clone());
            found.extend(page.into_iter().filter(|tenant| !is_purged(&tenant.value)));
            if is_last || count_max <= found.len() {
                found.truncate(count_max);
                return Ok(found);
            }
        }
    }

    /// The tenants in which an account has a role, at most `count_max`, after a number.
    async fn tenants_of(
        &self,
        account: AccountId,
        after: Option<TenantId>,
        count_max: usize,
    ) -> Result<Vec<Versioned<Tenant>>, AdminError> {
        let roles: Vec<Versioned<Membership>> = self.owned_by(account).await?;
        let mut own = Vec::new();
        for role in roles {
            let tenant = role.value.tenant;
            if after.is_none_or(|after| after < tenant) && own.len() < count_max {
                own.extend(self.find_tenant(tenant).await?);
            }
        }
        Ok(own)
    }

    /// The tenant with this number, unless it was removed.
    pub(crate) async fn find_tenant(
        &self,
        id: TenantId,
    ) -> Result<Option<Versioned<Tenant>>, AdminError> {
        let id = Tenant::record_id_of(id);
        let found: Option<Versioned<Tenant>> = directory::find(&*self.storage, &id).await?;
        Ok(found.filter(|found| !is_purged(&found.value)))
    }

    /// Reads a tenant.
    ///
    /// # Errors
    ///
    /// [`AdminError::NotFound`], [`AdminError::Forbidden`], [`AdminError::Service`].
    pub async fn read_tenant(
        &self,
        requester: &Requester,
        id: TenantId,
    ) -> Result<Versioned<Tenant>, AdminError> {
        let permissions = PermissionPair {
            in_tenant: Permission::ReadTenant,
            on_server: ServerPermission::ReadTenants,
        };
        self.permit_either(requester, id, permissions).await
    }

    /// The number of statements of a tenant, and what it has stored today.
    ///
    /// # Errors
    ///
    /// As [`Admin::read_tenant`].
    pub async fn read_usage(
        &self,
        requester: &Requester,
        id: TenantId,
    ) -> Result<(u64, Usage), AdminError> {
        let permissions = PermissionPair {
            in_tenant: Permission::ReadUsage,
            on_server: ServerPermission::ReadTenants,
        };
        self.permit_either(requester, id, permissions).await?;
        let count = self.storage.count_statements(id).await?;
        let day = acta_service::day_of(self.clock.now());
        let today = self.storage.add_usage(id, day, Usage::default()).await?;
        Ok((count, today))
    }

    /// Creates a tenant.
    ///
    /// # Errors
    ///
    /// [`AdminError::Faulty`], [`AdminError::Forbidden`], [`AdminError::KeyReused`],
    /// [`AdminError::Service`].
    pub async fn create_tenant(
        &self,
        requester: &Requester,
        name: &str,
        limits: TenantLimits,
        once: Idempotency<'_, Tenant>,
    ) -> Result<Idempotent<Tenant>, AdminError> {
        self.permit_on_server(requester, ServerPermission::CreateTenants).await?;
        check_name("/name", name)?;
        for _ in 0..Self::TRIES {
            if let Some(answer) = self.find_answer(once.key).await? {
                return Ok(Idempotent::Replayed(answer));
            }
            let (mut tenant, mut writes) = self.storage.next_tenant(name, self.clock.now()).await?;
            tenant.limits = limits;
            let create = directory::Recorded::create(&tenant);
            writes.retain(|write| write.kind != create.kind);
            writes.push(create);
            let detail = audit_detail(&tenant);
            let entry =
                self.entry_with(requester, "tenant.created", tenant_target(tenant.id), &detail);
            let own = acta_storage::NewAuditEntry { id: self.new_id(), ..entry.clone() };
            let entries = vec![(None, entry), (Some(tenant.id), own)];
            match self.commit_once(Change { writes, entries }, once, &tenant).await? {
                Attempt::Done => return Ok(Idempotent::Performed(tenant)),
                Attempt::Replayed(answer) => return Ok(Idempotent::Replayed(answer)),
                Attempt::Stale | Attempt::NameTaken | Attempt::LimitReached => {}
            }
        }
        Err(AdminError::Stale)
    }

    /// Changes a tenant, which must have one of the versions `expected` if any are given.
    ///
    /// # Errors
    ///
    /// [`AdminError::Faulty`], [`AdminError::NotFound`], [`AdminError::Forbidden`],
    /// [`AdminError::Stale`], [`AdminError::Service`].
    pub async fn change_tenant(
        &self,
        requester: &Requester,
        id: TenantId,
        changes: TenantChanges,
        expected: Option<&[u64]>,
    ) -> Result<Versioned<Tenant>, AdminError> {
        let found = self.permit_changes(requester, id, &changes).await?;
        let before = found.value.clone();
        let mut after = before.clone();
        if let Some(name) = changes.name {
            check_name("/name", &name)?;
            after.name = name;
        }
        after.limits = changes.limits.apply(before.limits);
        after.audits_reads = changes.audits_reads.unwrap_or(before.audits_reads);
        after.publishes_proof_log =
            changes.publishes_proof_log.unwrap_or(before.publishes_proof_log);
        changes.settings.check()?;
        after.settings = changes.settings.apply(before.settings);
        check_version(&found.record, expected)?;
        self.replace_tenant(requester, found, after, "tenant.changed").await
    }

    /// Checks that each of the changes is permitted. Returns the tenant.
    async fn permit_changes(
        &self,
        requester: &Requester,
        id: TenantId,
        changes: &TenantChanges,
    ) -> Result<Versioned<Tenant>, AdminError> {
        let mut found = self.read_tenant(requester, id).await?;
        if changes.name.is_some() {
            let permissions = PermissionPair {
                in_tenant: Permission::RenameTenant,
                on_server: ServerPermission::RenameTenants,
            };
            found = self.permit_either(requester, id, permissions).await?;
        }
        if changes.limits != LimitChanges::default() {
            self.permit_on_server(requester, ServerPermission::SetLimits).await?;
        }
        if changes.publishes_proof_log.is_some() {
            let permissions = PermissionPair {
                in_tenant: Permission::PublishProofLog,
                on_server: ServerPermission::PublishProofLogs,
            };
            found = self.permit_either(requester, id, permissions).await?;
        }
        if changes.audits_reads.is_some() {
            found = self.permit(requester, id, Permission::SetTenantAudit).await?;
        }
        if changes.settings.has_conventions() {
            found = self.permit(requester, id, Permission::ChangeSettings).await?;
        }
        if changes.settings.smallest_group.is_some() {
            found = self.permit(requester, id, Permission::SetSmallestGroup).await?;
        }
        Ok(found)
    }

    /// Suspends a tenant until it is resumed.
    ///
    /// # Errors
    ///
    /// As [`Admin::change_tenant`]; [`AdminError::Conflict`] if it is deleted.
    pub async fn suspend_tenant(
        &self,
        requester: &Requester,
        id: TenantId,
    ) -> Result<Versioned<Tenant>, AdminError> {
        self.permit_on_server(requester, ServerPermission::SuspendTenants).await?;
        let found = self.read_tenant(requester, id).await?;
        let since = self.clock.now();
        match found.value.state {
            TenantState::Active => {
                let state = TenantState::Suspended { since };
                self.move_tenant(requester, found, state, "tenant.suspended").await
            }
            TenantState::Suspended { .. } => Ok(found),
            TenantState::Deleted { .. }
            | TenantState::Purging { .. }
            | TenantState::Purged { .. } => Err(AdminError::Conflict("the tenant is deleted")),
        }
    }

    /// Resumes a suspended tenant.
    ///
    /// # Errors
    ///
    /// As [`Admin::suspend_tenant`].
    pub async fn resume_tenant(
        &self,
        requester: &Requester,
        id: TenantId,
    ) -> Result<Versioned<Tenant>, AdminError> {
        self.permit_on_server(requester, ServerPermission::SuspendTenants).await?;
        let found = self.read_tenant(requester, id).await?;
        match found.value.state {
            TenantState::Active => Ok(found),
            TenantState::Suspended { .. } => {
                self.move_tenant(requester, found, TenantState::Active, "tenant.resumed").await
            }
            TenantState::Deleted { .. } => {
                Err(AdminError::Conflict("the tenant is deleted: restore it first"))
            }
            TenantState::Purging { .. } | TenantState::Purged { .. } => {
                Err(AdminError::Conflict(BEING_REMOVED))
            }
        }
    }

    /// Deletes a tenant: it is closed at once, and its data is removed after the waiting period.
    ///
    /// # Errors
    ///
    /// As [`Admin::change_tenant`].
    pub async fn delete_tenant(
        &self,
        requester: &Requester,
        id: TenantId,
    ) -> Result<Versioned<Tenant>, AdminError> {
        let permissions = PermissionPair {
            in_tenant: Permission::DeleteTenant,
            on_server: ServerPermission::DeleteTenants,
        };
        let found = self.permit_either(requester, id, permissions).await?;
        let suspended = match found.value.state {
            TenantState::Active => None,
            TenantState::Suspended { since } => Some(since),
            TenantState::Deleted { .. }
            | TenantState::Purging { .. }
            | TenantState::Purged { .. } => return Ok(found),
        };
        let since = self.clock.now();
        let purge = since.saturating_add(self.options.deletion_wait);
        let state = TenantState::Deleted { since, purge, suspended };
        self.move_tenant(requester, found, state, "tenant.deleted").await
    }

    /// Restores a deleted tenant during the waiting period. A tenant that was suspended before is
    /// suspended again.
    ///
    /// # Errors
    ///
    /// As [`Admin::change_tenant`]; [`AdminError::Conflict`] if it is not deleted, or its data is
    /// being removed.
    pub async fn restore_tenant(
        &self,
        requester: &Requester,
        id: TenantId,
    ) -> Result<Versioned<Tenant>, AdminError> {
        let permissions = PermissionPair {
            in_tenant: Permission::DeleteTenant,
            on_server: ServerPermission::DeleteTenants,
        };
        let found = self.permit_either(requester, id, permissions).await?;
        let (purge, suspended) = match found.value.state {
            TenantState::Deleted { purge, suspended, .. } => (purge, suspended),
            TenantState::Purging { .. } | TenantState::Purged { .. } => {
                return Err(AdminError::Conflict(BEING_REMOVED));
            }
            TenantState::Active | TenantState::Suspended { .. } => {
                return Err(AdminError::Conflict("the tenant is not deleted"));
            }
        };
        if purge <= self.clock.now() {
            return Err(AdminError::Conflict(BEING_REMOVED));
        }
        let state = suspended.map_or(TenantState::Active, |since| TenantState::Suspended { since });
        self.move_tenant(requester, found, state, "tenant.restored").await
    }

    /// Changes the state of a tenant, independent of its version.
    async fn move_tenant(
        &self,
        requester: &Requester,
        found: Versioned<Tenant>,
        state: TenantState,
        act: &'static str,
    ) -> Result<Versioned<Tenant>, AdminError> {
        let after = Tenant { state, ..found.value.clone() };
        self.replace_tenant(requester, found, after, act).await
    }

    async fn replace_tenant(
        &self,
        requester: &Requester,
        found: Versioned<Tenant>,
        after: Tenant,
        act: &'static str,
    ) -> Result<Versioned<Tenant>, AdminError> {
        if after == found.value {
            return Ok(found);
        }
        let detail = differences(&audit_detail(&found.value), &audit_detail(&after));
        let entry = self.entry_with(requester, act, tenant_target(after.id), &detail);
        let mut entries = vec![(Some(after.id), entry.clone())];
        if requester.is_operator() || after.state != found.value.state {
            entries.push((None, acta_storage::NewAuditEntry { id: self.new_id(), ..entry }));
        }
        let writes: Vec<RecordWrite> = vec![found.write(&after)];
        self.commit(&Change { writes, entries }).await?;
        self.authenticator.forget_tenant(after.id);
        self.find_tenant(after.id).await?.ok_or(AdminError::NotFound)
    }
}

/// Refuses to change a record whose version is not expected.
pub(crate) fn check_version(record: &Record, expected: Option<&[u64]>) -> Result<(), AdminError> {
    match expected {
        Some(versions) if !versions.contains(&record.version) => Err(AdminError::Stale),
        Some(_) | None => Ok(()),
    }
}

fn is_purged(tenant: &Tenant) -> bool {
    matches!(tenant.state, TenantState::Purged { .. })
}

/// The details of a tenant in the audit.
pub(crate) fn audit_detail(tenant: &Tenant) -> Value {
    let purge = match tenant.state {
        TenantState::Deleted { purge, .. } => Some(purge.to_string()),
        TenantState::Active
        | TenantState::Suspended { .. }
        | TenantState::Purging { .. }
        | TenantState::Purged { .. } => None,
    };
    let steps = tenant.settings.course.steps();
    let steps: Vec<String> = steps.iter().map(ToString::to_string).collect();
    json!({
        "name": tenant.name,
        "state": tenant.state.as_str(),
        "purge": purge,
        "requests_per_second": tenant.limits.requests_per_second,
        "bytes_per_day": tenant.limits.bytes_per_day,
        "statements_per_day": tenant.limits.statements_per_day,
        "weight": tenant.limits.weight.number(),
        "audits_reads": tenant.audits_reads,
        "publishes_proof_log": tenant.publishes_proof_log,
        "zone": tenant.settings.zone,
        "language": tenant.settings.language.as_ref().map(LanguageTag::as_str),
        "smallest_group": tenant.settings.smallest_group,
        "course_steps": steps,
        "course_types": tenant.settings.course.types(),
    })
}
