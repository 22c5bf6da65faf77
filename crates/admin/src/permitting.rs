//! Every act asks here first, and a refusal is told in the audit.

use acta_access::{
    Permission, Role, ServerPermission, Standing, TenantId, decide_administration, decide_granting,
};
use acta_storage::directory::{self, AccountId, Kept, Membership, Tenant, TenantState};
use acta_storage::{Change, Outcome};
use serde_json::json;

use crate::asker::Powers;
use crate::refusals::Telling;
use crate::{Admin, AdminError, Asker};

impl Admin {
    /// Lets an act on a tenant go on, whose record it returns.
    ///
    /// A tenant in which the asker has no part is not found: nobody learns which there are.
    pub(crate) async fn permit(
        &self,
        asker: &Asker,
        tenant: TenantId,
        permission: Permission,
    ) -> Result<Kept<Tenant>, AdminError> {
        let found = self.visible_tenant(asker, tenant).await?;
        if !self.may(asker, tenant, permission).await? {
            return Err(self.refuse(asker, Some(tenant), permission.as_str()).await);
        }
        check_state(asker, &found.value, permission)?;
        Ok(found)
    }

    /// As [`Admin::permit`], also for operators of the server by a permission of theirs.
    pub(crate) async fn permit_either(
        &self,
        asker: &Asker,
        tenant: TenantId,
        (permission, on_server): (Permission, ServerPermission),
    ) -> Result<Kept<Tenant>, AdminError> {
        let standing = Standing { is_operator: asker.is_operator(), role: None };
        if standing.may_on_server(on_server) {
            return self.visible_tenant(asker, tenant).await;
        }
        self.permit(asker, tenant, permission).await
    }

    /// Lets an act on the server as a whole go on.
    pub(crate) async fn permit_on_server(
        &self,
        asker: &Asker,
        permission: ServerPermission,
    ) -> Result<(), AdminError> {
        let standing = Standing { is_operator: asker.is_operator(), role: None };
        if standing.may_on_server(permission) {
            return Ok(());
        }
        Err(self.refuse(asker, asker.confined_to(), permission.as_str()).await)
    }

    /// Lets the asker give or take a role.
    pub(crate) async fn permit_granting(
        &self,
        asker: &Asker,
        tenant: TenantId,
        role: Role,
    ) -> Result<(), AdminError> {
        let may = match &asker.powers {
            Powers::Machine | Powers::Server => true,
            Powers::Person { .. } => self.standing(asker, tenant).await?.may_grant(role),
            Powers::Credential(principal) => decide_granting(principal, role).is_ok(),
            Powers::Nobody => false,
        };
        if may {
            return Ok(());
        }
        Err(self.refuse(asker, Some(tenant), "change-roles").await)
    }

    /// Whether the asker has `permission` in the tenant.
    pub(crate) async fn may(
        &self,
        asker: &Asker,
        tenant: TenantId,
        permission: Permission,
    ) -> Result<bool, AdminError> {
        Ok(match &asker.powers {
            Powers::Machine | Powers::Server => true,
            Powers::Person { .. } => self.standing(asker, tenant).await?.may(permission),
            Powers::Credential(principal) => {
                principal.tenant == tenant && decide_administration(principal, permission).is_ok()
            }
            Powers::Nobody => false,
        })
    }

    /// What the asker is in a tenant.
    pub(crate) async fn standing(
        &self,
        asker: &Asker,
        tenant: TenantId,
    ) -> Result<Standing, AdminError> {
        let Some(account) = asker.account() else {
            return Ok(match &asker.powers {
                Powers::Machine | Powers::Server => Standing::MACHINE,
                Powers::Person { .. } | Powers::Credential(_) | Powers::Nobody => {
                    Standing::default()
                }
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
    ) -> Result<Option<Kept<Membership>>, AdminError> {
        let id = Membership::record_id_of(tenant, account);
        Ok(directory::find(&*self.storage, &id).await?)
    }

    /// The tenant, if it is there and the asker may know of it.
    async fn visible_tenant(
        &self,
        asker: &Asker,
        tenant: TenantId,
    ) -> Result<Kept<Tenant>, AdminError> {
        let is_visible = match &asker.powers {
            Powers::Machine | Powers::Server => true,
            Powers::Person { account, .. } => {
                account.is_operator || self.membership(tenant, account.id).await?.is_some()
            }
            Powers::Credential(principal) => principal.tenant == tenant,
            Powers::Nobody => false,
        };
        if !is_visible {
            return Err(AdminError::NotFound);
        }
        self.find_tenant(tenant).await?.ok_or(AdminError::NotFound)
    }

    /// Tells of an act that was refused, of each asker so many a minute. Whether that can be
    /// told or not, it is refused.
    pub(crate) async fn refuse(
        &self,
        asker: &Asker,
        tenant: Option<TenantId>,
        permission: &'static str,
    ) -> AdminError {
        let told = match self.refusals.count(&asker.who.to_string(), self.clock.elapsed()) {
            Telling::Told => json!({ "permission": permission }),
            Telling::Last(left) => {
                json!({ "permission": permission, "untold_for_seconds": left.as_secs() })
            }
            Telling::Untold => return AdminError::Forbidden { permission },
        };
        let mut entry = self.entry_with(asker, "permission.refused", String::new(), &told);
        entry.outcome = Outcome::Refused;
        let change = Change { writes: Vec::new(), entries: vec![(tenant, entry)] };
        if let Err(error) = self.storage.commit(&change).await {
            let cause: &dyn std::error::Error = &error;
            tracing::error!(error = cause, "a refusal could not be told in the audit");
        }
        AdminError::Forbidden { permission }
    }
}

/// A tenant that is not served is not changed from inside either, but for being taken back.
fn check_state(asker: &Asker, tenant: &Tenant, permission: Permission) -> Result<(), AdminError> {
    // What may still be looked at is who may do what and who did what.
    let is_closed = permission.is_write() || permission == Permission::ReadStatements;
    if tenant.state == TenantState::Active || asker.is_operator() || !is_closed {
        return Ok(());
    }
    match (tenant.state, permission) {
        (TenantState::Deleted { .. }, Permission::DeleteTenant) => Ok(()),
        (TenantState::Deleted { .. }, _) => Err(AdminError::Conflict("the tenant is deleted")),
        _ => Err(AdminError::Conflict("the tenant is suspended")),
    }
}
