//! Permission checks. Every refusal is recorded in the audit.

pub(crate) mod refusals;

use acta_access::{
    Permission, Role, ServerPermission, Standing, TenantId, decide_administration, decide_granting,
};
use acta_storage::directory::{self, AccountId, Membership, Tenant, TenantState, Versioned};
use acta_storage::{AuditOutcome, Change, work_for_tenant};
use serde_json::json;
use tracing::Span;

use crate::requester::Capabilities;
use crate::{Admin, AdminError, Requester};
use refusals::RefusalRecord;

/// Why nothing can be changed in a tenant whose data is being removed.
pub(crate) const BEING_REMOVED: &str =
    "the waiting period is over: the data of the tenant is being removed";

/// A permission in a tenant, and one on the server that also permits the act.
#[derive(Clone, Copy)]
pub(crate) struct PermissionPair {
    pub(crate) in_tenant: Permission,
    pub(crate) on_server: ServerPermission,
}

impl Admin {
    /// Checks a permission in a tenant, and returns the record of the tenant.
    ///
    /// A tenant in which the requester has no role is not found, so that its existence is not
    /// revealed.
    pub(crate) async fn permit(
        &self,
        requester: &Requester,
        tenant: TenantId,
        permission: Permission,
    ) -> Result<Versioned<Tenant>, AdminError> {
        let found = self.visible_tenant(requester, tenant).await?;
        if !self.may(requester, tenant, permission).await? {
            return Err(self.refuse(requester, Some(tenant), permission.as_str()).await);
        }
        check_state(requester, &found.value, permission)?;
        work_for_tenant(tenant);
        Ok(found)
    }

    /// As [`Admin::permit`], but an operator of the server with `on_server` is also permitted.
    pub(crate) async fn permit_either(
        &self,
        requester: &Requester,
        tenant: TenantId,
        permissions: PermissionPair,
    ) -> Result<Versioned<Tenant>, AdminError> {
        let standing = Standing { is_operator: requester.is_operator(), role: None };
        if standing.may_on_server(permissions.on_server) {
            return self.visible_tenant(requester, tenant).await;
        }
        self.permit(requester, tenant, permissions.in_tenant).await
    }

    /// Checks a permission on the server as a whole.
    pub(crate) async fn permit_on_server(
        &self,
        requester: &Requester,
        permission: ServerPermission,
    ) -> Result<(), AdminError> {
        let standing = Standing { is_operator: requester.is_operator(), role: None };
        if standing.may_on_server(permission) {
            return Ok(());
        }
        Err(self.refuse(requester, requester.confined_to(), permission.as_str()).await)
    }

    /// Checks whether the requester may give or take away a role.
    pub(crate) async fn permit_granting(
        &self,
        requester: &Requester,
        tenant: TenantId,
        role: Role,
    ) -> Result<(), AdminError> {
        let may = match &requester.capabilities {
            Capabilities::Machine | Capabilities::Server => true,
            Capabilities::Person { .. } => self.standing(requester, tenant).await?.may_grant(role),
            Capabilities::Credential(principal) => decide_granting(principal, role).is_ok(),
            Capabilities::Anonymous => false,
        };
        if may {
            return Ok(());
        }
        Err(self.refuse(requester, Some(tenant), "change-roles").await)
    }

    /// Whether the requester has `permission` in the tenant.
    pub(crate) async fn may(
        &self,
        requester: &Requester,
        tenant: TenantId,
        permission: Permission,
    ) -> Result<bool, AdminError> {
        Ok(match &requester.capabilities {
            Capabilities::Machine | Capabilities::Server => true,
            Capabilities::Person { .. } => self.standing(requester, tenant).await?.may(permission),
            Capabilities::Credential(principal) => {
                principal.tenant == tenant && decide_administration(principal, permission).is_ok()
            }
            Capabilities::Anonymous => false,
        })
    }

    /// The standing of the requester in a tenant.
    pub(crate) async fn standing(
        &self,
        requester: &Requester,
        tenant: TenantId,
    ) -> Result<Standing, AdminError> {
        let Some(account) = requester.account() else {
            return Ok(match &requester.capabilities {
                Capabilities::Machine | Capabilities::Server => Standing::MACHINE,
                Capabilities::Person { .. }
                | Capabilities::Credential(_)
                | Capabilities::Anonymous => Standing::default(),
            });
        };
        let membership = self.membership(tenant, account.id).await?;
        let role = membership.map(|membership| membership.value.role);
        Ok(Standing { is_operator: account.is_operator, role })
    }

    pub(crate) async fn membership(
        &self,
        tenant: TenantId,
        account: AccountId,
    ) -> Result<Option<Versioned<Membership>>, AdminError> {
        let id = Membership::record_id_of(tenant, account);
        Ok(directory::find(&*self.storage, &id).await?)
    }

    /// The tenant, if it exists and is visible to the requester.
    async fn visible_tenant(
        &self,
        requester: &Requester,
        tenant: TenantId,
    ) -> Result<Versioned<Tenant>, AdminError> {
        let is_visible = match &requester.capabilities {
            Capabilities::Machine | Capabilities::Server => true,
            Capabilities::Person { account, .. } => {
                account.is_operator || self.membership(tenant, account.id).await?.is_some()
            }
            Capabilities::Credential(principal) => principal.tenant == tenant,
            Capabilities::Anonymous => false,
        };
        if !is_visible {
            return Err(AdminError::NotFound);
        }
        // The span of the request, if this is done for one.
        Span::current().record("tenant.id", tenant.number());
        self.find_tenant(tenant).await?.ok_or(AdminError::NotFound)
    }

    /// Records a refused act, up to a number per minute for each requester. The act is refused even
    /// if it cannot be recorded.
    pub(crate) async fn refuse(
        &self,
        requester: &Requester,
        tenant: Option<TenantId>,
        permission: &'static str,
    ) -> AdminError {
        let detail = match self.refusals.count(&requester.who.to_string(), self.clock.elapsed()) {
            RefusalRecord::Full => json!({ "permission": permission }),
            RefusalRecord::Last(left) => {
                json!({ "permission": permission, "not_recorded_for_seconds": left.as_secs() })
            }
            RefusalRecord::Skipped => return AdminError::Forbidden { permission },
        };
        let mut entry = self.entry_with(requester, "permission.refused", String::new(), &detail);
        entry.outcome = AuditOutcome::Refused;
        let change = Change { writes: Vec::new(), entries: vec![(tenant, entry)] };
        if let Err(error) = self.storage.commit(&change).await {
            let cause: &dyn std::error::Error = &error;
            tracing::error!(error = cause, "a refusal could not be recorded in the audit");
        }
        AdminError::Forbidden { permission }
    }
}

/// A tenant that is suspended or deleted cannot be changed from inside, except to restore it. One
/// whose data is being removed is changed by nobody.
fn check_state(
    requester: &Requester,
    tenant: &Tenant,
    permission: Permission,
) -> Result<(), AdminError> {
    // Permissions and the audit can still be read.
    let is_closed = permission.is_write()
        || matches!(
            permission,
            Permission::ReadStatements
                | Permission::AskQuestions
                | Permission::RunSql
                | Permission::ReadPersons
        );
    let is_removed = matches!(tenant.state, TenantState::Purging { .. });
    let is_open = tenant.state == TenantState::Active || (requester.is_operator() && !is_removed);
    if is_open || !is_closed {
        return Ok(());
    }
    match (tenant.state, permission) {
        (TenantState::Deleted { .. } | TenantState::Purging { .. }, Permission::DeleteTenant) => {
            Ok(())
        }
        (TenantState::Deleted { .. }, _) => Err(AdminError::Conflict("the tenant is deleted")),
        (TenantState::Purging { .. }, _) => Err(AdminError::Conflict(BEING_REMOVED)),
        _ => Err(AdminError::Conflict("the tenant is suspended")),
    }
}
