//! Every act asks here first, and a refusal is told in the audit.

use acta_access::{
    Permission, Role, ServerPermission, Standing, TenantId, decide_administration, decide_granting,
};
use acta_storage::directory::{self, AccountId, Membership, Tenant, TenantState, Versioned};
use acta_storage::{Change, Outcome};
use serde_json::json;

use crate::refusals::RefusalRecord;
use crate::requester::Capabilities;
use crate::{Admin, AdminError, Requester};

impl Admin {
    /// Lets an act on a tenant go on, whose record it returns.
    ///
    /// A tenant in which the requester has no part is not found: nobody learns which there are.
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
        Ok(found)
    }

    /// As [`Admin::permit`], also for operators of the server by a permission of theirs.
    pub(crate) async fn permit_either(
        &self,
        requester: &Requester,
        tenant: TenantId,
        (permission, on_server): (Permission, ServerPermission),
    ) -> Result<Versioned<Tenant>, AdminError> {
        let standing = Standing { is_operator: requester.is_operator(), role: None };
        if standing.may_on_server(on_server) {
            return self.visible_tenant(requester, tenant).await;
        }
        self.permit(requester, tenant, permission).await
    }

    /// Lets an act on the server as a whole go on.
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

    /// Lets the requester give or take a role.
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
            Capabilities::Nobody => false,
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
            Capabilities::Nobody => false,
        })
    }

    /// What the requester is in a tenant.
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
                | Capabilities::Nobody => Standing::default(),
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

    /// The tenant, if it is there and the requester may know of it.
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
            Capabilities::Nobody => false,
        };
        if !is_visible {
            return Err(AdminError::NotFound);
        }
        self.find_tenant(tenant).await?.ok_or(AdminError::NotFound)
    }

    /// Tells of an act that was refused, of each requester so many a minute. Whether that can be
    /// told or not, it is refused.
    pub(crate) async fn refuse(
        &self,
        requester: &Requester,
        tenant: Option<TenantId>,
        permission: &'static str,
    ) -> AdminError {
        let told = match self.refusals.count(&requester.who.to_string(), self.clock.elapsed()) {
            RefusalRecord::Full => json!({ "permission": permission }),
            RefusalRecord::Last(left) => {
                json!({ "permission": permission, "untold_for_seconds": left.as_secs() })
            }
            RefusalRecord::Skipped => return AdminError::Forbidden { permission },
        };
        let mut entry = self.entry_with(requester, "permission.refused", String::new(), &told);
        entry.outcome = Outcome::Refused;
        let change = Change { writes: Vec::new(), entries: vec![(tenant, entry)] };
        if let Err(error) = self.storage.commit(&change).await {
            let cause: &dyn std::error::Error = &error;
            tracing::error!(error = cause, "a refusal could not be recorded in the audit");
        }
        AdminError::Forbidden { permission }
    }
}

/// A tenant that is not served is not changed from inside either, but for being taken back.
fn check_state(
    requester: &Requester,
    tenant: &Tenant,
    permission: Permission,
) -> Result<(), AdminError> {
    // What may still be looked at is who may do what and who did what.
    let is_closed = permission.is_write() || permission == Permission::ReadStatements;
    if tenant.state == TenantState::Active || requester.is_operator() || !is_closed {
        return Ok(());
    }
    match (tenant.state, permission) {
        (TenantState::Deleted { .. }, Permission::DeleteTenant) => Ok(()),
        (TenantState::Deleted { .. }, _) => Err(AdminError::Conflict("the tenant is deleted")),
        _ => Err(AdminError::Conflict("the tenant is suspended")),
    }
}
