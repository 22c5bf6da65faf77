//! The creator of a link, whose right to create it the link depends on until it is used.

use acta_access::{
    Permission, Role, ServerPermission, Standing, TenantId, decide_administration, decide_granting,
};
use acta_storage::directory::{self, AccountId, Credential, Ticket, TicketPurpose, Versioned};
use acta_storage::{RecordWrite, Who};

use crate::{Admin, AdminError};

impl Admin {
    /// Checks whether the creator of a link may still create it. The returned writes, as part of
    /// the change that uses the link, make that change fail if the creator loses the right at the
    /// same time.
    ///
    /// The operator at the command line, the server and bearers of access tokens, whose rights are
    /// not in the store, are not checked: their links end with their lifetime.
    ///
    /// # Errors
    ///
    /// [`AdminError::LinkVoid`]: the creator does not have the right any more;
    /// [`AdminError::Service`].
    pub(crate) async fn require_creator(
        &self,
        ticket: &Ticket,
    ) -> Result<Vec<RecordWrite>, AdminError> {
        match &ticket.by {
            Who::Operator | Who::Server | Who::Bearer(_) => Ok(Vec::new()),
            Who::Account(id) => self.require_person(*id, &ticket.purpose).await,
            Who::Credential(key) => self.require_credential(key, &ticket.purpose).await,
            Who::Token(_) | Who::Anonymous => Err(AdminError::LinkVoid),
        }
    }

    async fn require_person(
        &self,
        id: AccountId,
        purpose: &TicketPurpose,
    ) -> Result<Vec<RecordWrite>, AdminError> {
        let found = self.find_account(id).await?.filter(|found| !found.value.is_disabled);
        let found = found.ok_or(AdminError::LinkVoid)?;
        let mut guards = vec![found.write(&found.value)];
        let is_operator = found.value.is_operator;
        let may = match purpose {
            TicketPurpose::SetUp => false,
            TicketPurpose::Invitation { tenant, role, .. } => {
                let membership = self.membership(*tenant, id).await?;
                guards.extend(membership.iter().map(|own| own.write(&own.value)));
                let role_held = membership.map(|own| own.value.role);
                may_invite(Standing { is_operator, role: role_held }, *role)
            }
            TicketPurpose::Reset { .. } => {
                Standing { is_operator, role: None }.may_on_server(ServerPermission::ChangeAccounts)
            }
        };
        if may { Ok(guards) } else { Err(AdminError::LinkVoid) }
    }

    async fn require_credential(
        &self,
        key: &str,
        purpose: &TicketPurpose,
    ) -> Result<Vec<RecordWrite>, AdminError> {
        let TicketPurpose::Invitation { tenant, role, .. } = purpose else {
            return Err(AdminError::LinkVoid);
        };
        let found: Option<Versioned<Credential>> = directory::find(&*self.storage, key).await?;
        let now = self.clock.now();
        let is_valid = |found: &Versioned<Credential>| {
            found.value.expires.is_none_or(|expires| now < expires)
                && may_invite_as(&found.value, *tenant, *role)
        };
        let found = found.filter(is_valid).ok_or(AdminError::LinkVoid)?;
        Ok(vec![found.write(&found.value)])
    }
}

/// Whether a person may invite somebody with this role.
fn may_invite(standing: Standing, role: Role) -> bool {
    let as_operator =
        role == Role::Owner && standing.may_on_server(ServerPermission::AppointOwners);
    standing.may_grant(role) && (as_operator || standing.may(Permission::InvitePeople))
}

/// Whether a credential may invite somebody with this role.
fn may_invite_as(credential: &Credential, tenant: TenantId, role: Role) -> bool {
    let principal = credential.principal();
    principal.tenant == tenant
        && decide_administration(&principal, Permission::InvitePeople).is_ok()
        && decide_granting(&principal, role).is_ok()
}
