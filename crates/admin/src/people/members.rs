//! The people of a tenant: their roles, and invitations.

use acta_access::{Permission, Role, TenantId};
use acta_ambient::Timestamp;
use acta_auth::{Secret, Token, TokenKind};
use acta_storage::directory::{
    self, Account, AccountId, EmailAddress, GroupId, Membership, PersonGroup, Recorded, Ticket,
    TicketPurpose, Versioned,
};
use acta_storage::{Change, CountLimit, Group, RecordHolder, RecordWrite};
use serde_json::json;

use crate::audit_entry::{account_target, differences};
use crate::idempotency::Attempt;
use crate::people::accounts::role_detail;
use crate::permissions::PermissionPair;
use crate::{Admin, AdminError, Idempotency, Idempotent, ReachedLimit, Requester};

/// Most groups of an advisor. The groups below one of them are not counted.
const ADVISED_GROUPS_MAX: usize = 100;

/// A person of a tenant.
#[derive(Clone, Debug)]
pub struct Member {
    /// The account.
    pub account: Account,
    /// The role.
    pub membership: Versioned<Membership>,
}

/// A change of the role of a person in a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleChange {
    /// The role; the one that the person has if absent.
    pub role: Option<Role>,
    /// The groups about whose members an advisor may ask; those before if absent and the person
    /// stays an advisor, otherwise none.
    pub groups: Option<Vec<GroupId>>,
}

impl From<Role> for RoleChange {
    fn from(role: Role) -> Self {
        Self { role: Some(role), groups: None }
    }
}

/// A new invitation.
#[derive(Clone, Debug)]
pub struct NewInvitation {
    /// The e-mail address of the invited person.
    pub email: EmailAddress,
    /// The role that it gives.
    pub role: Role,
    /// The groups about whose members an advisor may ask; none for other roles.
    pub groups: Vec<GroupId>,
}

/// An invitation with the token of its link, which is returned only once.
#[derive(Clone, Debug)]
pub struct Invited {
    /// As it is stored.
    pub ticket: Ticket,
    /// The token of the link.
    pub token: Secret,
}

impl Admin {
    /// A page of the people of a tenant, after the account `after`.
    ///
    /// # Errors
    ///
    /// [`AdminError::NotFound`], [`AdminError::Forbidden`], [`AdminError::Service`].
    pub async fn list_people(
        &self,
        requester: &Requester,
        tenant: TenantId,
        after: Option<AccountId>,
        count_max: usize,
    ) -> Result<Vec<Member>, AdminError> {
        self.permit(requester, tenant, Permission::ReadPeople).await?;
        let after = after.map(|account| Membership::record_id_of(tenant, account));
        let group = Group::OfTenant(tenant);
        let page: Vec<Versioned<Membership>> =
            directory::page(&*self.storage, &group, after.as_deref(), count_max).await?;
        let mut people = Vec::with_capacity(page.len());
        for membership in page {
            if let Some(account) = self.find_account(membership.value.account).await? {
                people.push(Member { account: account.value, membership });
            }
        }
        Ok(people)
    }

    /// Reads a person of a tenant.
    ///
    /// # Errors
    ///
    /// As [`Admin::list_people`].
    pub async fn read_member(
        &self,
        requester: &Requester,
        tenant: TenantId,
        account: AccountId,
    ) -> Result<Member, AdminError> {
        self.permit(requester, tenant, Permission::ReadPeople).await?;
        let membership = self.membership(tenant, account).await?;
        let membership = membership.ok_or(AdminError::NotFound)?;
        let account = self.find_account(account).await?.ok_or(AdminError::NotFound)?;
        Ok(Member { account: account.value, membership })
    }

    /// Changes the role of a person in a tenant, and the groups of an advisor.
    ///
    /// # Errors
    ///
    /// [`AdminError::NotFound`], [`AdminError::Forbidden`], [`AdminError::Stale`];
    /// [`AdminError::Faulty`]: there is no such group, or the role has none;
    /// [`AdminError::Conflict`]: the tenant would be without an owner.
    pub async fn change_role(
        &self,
        requester: &Requester,
        tenant: TenantId,
        account: AccountId,
        change: impl Into<RoleChange>,
    ) -> Result<Member, AdminError> {
        self.permit(requester, tenant, Permission::ChangeRoles).await?;
        let found = self.membership(tenant, account).await?.ok_or(AdminError::NotFound)?;
        let before = &found.value;
        let after = self.changed_membership(before, change.into()).await?;
        if *before == after {
            return self.read_member(requester, tenant, account).await;
        }
        self.permit_granting(requester, tenant, before.role).await?;
        self.permit_granting(requester, tenant, after.role).await?;
        let mut writes = vec![found.write(&after)];
        if before.role == Role::Owner && after.role != Role::Owner {
            writes.extend(self.require_another_owner(tenant, account).await?);
        }
        let detail = differences(&audit_detail(before), &audit_detail(&after));
        let entry =
            self.entry_with(requester, "person.role-changed", account_target(account), &detail);
        self.commit(&Change { writes, entries: vec![(Some(tenant), entry)] }).await?;
        self.read_member(requester, tenant, account).await
    }

    /// A membership after a change.
    async fn changed_membership(
        &self,
        before: &Membership,
        RoleChange { role, groups }: RoleChange,
    ) -> Result<Membership, AdminError> {
        let role = role.unwrap_or(before.role);
        let is_advisor = role == Role::Advisor;
        let groups = match groups {
            Some(groups) => {
                self.check_advised(before.tenant, is_advisor, &groups).await?;
                groups
            }
            None if is_advisor && before.role == Role::Advisor => before.groups.clone(),
            None => Vec::new(),
        };
        // A role that people gave stays when the identity provider grants none.
        let is_provided = before.is_provided && role == before.role;
        Ok(Membership { role, groups, is_provided, ..before.clone() })
    }

    /// Checks that a role can have these groups, and that there are such groups.
    async fn check_advised(
        &self,
        tenant: TenantId,
        is_advisor: bool,
        groups: &[GroupId],
    ) -> Result<(), AdminError> {
        let fault = |text: String| Err(AdminError::fault("/groups", text));
        if !is_advisor && !groups.is_empty() {
            return fault("only an advisor has groups".to_owned());
        }
        if ADVISED_GROUPS_MAX < groups.len() {
            return fault(format!("expected at most {ADVISED_GROUPS_MAX} groups"));
        }
        for id in groups {
            let record = PersonGroup::record_id_of(tenant, *id);
            let known: Option<Versioned<PersonGroup>> =
                directory::find(&*self.storage, &record).await?;
            if known.is_none() {
                return fault(format!("there is no group with the id {id}"));
            }
        }
        Ok(())
    }

    /// Removes a person from a tenant. The account stays.
    ///
    /// # Errors
    ///
    /// As [`Admin::change_role`].
    pub async fn remove_member(
        &self,
        requester: &Requester,
        tenant: TenantId,
        account: AccountId,
    ) -> Result<(), AdminError> {
        let is_own = requester.account().is_some_and(|own| own.id == account);
        if !is_own {
            self.permit(requester, tenant, Permission::ChangeRoles).await?;
        }
        let found = self.membership(tenant, account).await?.ok_or(AdminError::NotFound)?;
        if !is_own {
            self.permit_granting(requester, tenant, found.value.role).await?;
        }
        let mut writes = vec![found.remove()];
        if found.value.role == Role::Owner {
            writes.extend(self.require_another_owner(tenant, account).await?);
        }
        let detail = json!({ "role": found.value.role.as_str() });
        let entry = self.entry_with(requester, "person.removed", account_target(account), &detail);
        let mut change = Change { writes, entries: vec![(Some(tenant), entry)] };
        self.leave_questions(requester, (account, Some(tenant)), &mut change).await?;
        self.commit(&change).await
    }

    /// Writes that fail if another owner is removed or disabled at the same time: they touch one
    /// who stays. An owner whose account is disabled does not count.
    pub(crate) async fn require_another_owner(
        &self,
        tenant: TenantId,
        leaving: AccountId,
    ) -> Result<[RecordWrite; 2], AdminError> {
        let members: Vec<Versioned<Membership>> =
            directory::list(&*self.storage, &Group::OfTenant(tenant)).await?;
        let others = members
            .into_iter()
            .filter(|member| member.value.role == Role::Owner && member.value.account != leaving);
        for owner in others {
            let account = self.find_account(owner.value.account).await?;
            if let Some(account) = account.filter(|account| !account.value.is_disabled) {
                return Ok([owner.write(&owner.value), account.write(&account.value)]);
            }
        }
        Err(AdminError::Conflict(
            "the person is the last owner of a tenant: make another person an owner first",
        ))
    }

    /// Creates an invitation into a tenant.
    ///
    /// # Errors
    ///
    /// [`AdminError::NotFound`], [`AdminError::Forbidden`], [`AdminError::Faulty`]: there is no
    /// such group, or the role has none; [`AdminError::Conflict`]: the person already has a role
    /// there; [`AdminError::LimitReached`]: the tenant has the maximum number of open invitations.
    pub async fn invite(
        &self,
        requester: &Requester,
        tenant: TenantId,
        NewInvitation { email, role, groups }: NewInvitation,
        once: Idempotency<'_, Invited>,
    ) -> Result<Idempotent<Invited>, AdminError> {
        let permissions = PermissionPair {
            in_tenant: Permission::InvitePeople,
            on_server: acta_access::ServerPermission::AppointOwners,
        };
        if role == Role::Owner {
            self.permit_either(requester, tenant, permissions).await?;
        } else {
            self.permit(requester, tenant, Permission::InvitePeople).await?;
        }
        self.permit_granting(requester, tenant, role).await?;
        if let Some(answer) = self.find_answer(once.key).await? {
            return Ok(Idempotent::Replayed(answer));
        }
        self.check_advised(tenant, role == Role::Advisor, &groups).await?;
        let known: Option<Versioned<Account>> =
            directory::find_by_name(&*self.storage, email.as_str()).await?;
        if let Some(known) = known
            && self.membership(tenant, known.value.id).await?.is_some()
        {
            return Err(AdminError::Conflict("the person already has a role in the tenant"));
        }
        let lifetime = self.options.invitation_lifetime;
        let mut detail = role_detail(role, &groups);
        let purpose = TicketPurpose::Invitation { tenant, email, role, groups };
        let (ticket, token) = self.new_ticket(requester, purpose, lifetime);
        // The entry names the ticket, not the address: the audit stays when a person is removed.
        detail["expires"] = ticket.expires.to_string().into();
        let entry =
            self.entry_with(requester, "invitation.created", invitation_target(&ticket), &detail);
        let limit = CountLimit {
            of: RecordHolder::Tenant,
            count_max: self.options.invitations_max,
            unexpired_at: Some(ticket.created),
        };
        let writes = vec![ticket.create().within(limit)];
        let change = Change { writes, entries: vec![(Some(tenant), entry)] };
        let invited = Invited { ticket, token };
        match self.commit_once(change, once, &invited).await? {
            Attempt::Done => Ok(Idempotent::Performed(invited)),
            Attempt::Replayed(answer) => Ok(Idempotent::Replayed(answer)),
            Attempt::Stale | Attempt::NameTaken => Err(AdminError::Stale),
            Attempt::LimitReached => Err(AdminError::LimitReached(ReachedLimit {
                holder: "the tenant",
                what: "open invitations",
                count_max: limit.count_max,
                key: "tenants.invitations_max",
            })),
        }
    }

    /// A new one-time link, and its token.
    pub(crate) fn new_ticket(
        &self,
        requester: &Requester,
        purpose: TicketPurpose,
        lifetime: std::time::Duration,
    ) -> (Ticket, Secret) {
        let token = Token::new(TokenKind::Ticket, &*self.entropy);
        let by = requester.who().clone();
        let created: Timestamp = self.clock.now();
        let expires = created.saturating_add(lifetime);
        let ticket = Ticket { id: token.id().as_str().to_owned(), purpose, by, created, expires };
        (ticket, Secret::new(token.expose()))
    }

    /// A page of the pending invitations of a tenant, after the one with the id `after`.
    ///
    /// # Errors
    ///
    /// As [`Admin::list_people`].
    pub async fn list_invitations(
        &self,
        requester: &Requester,
        tenant: TenantId,
        after: Option<&str>,
        count_max: usize,
    ) -> Result<Vec<Ticket>, AdminError> {
        self.permit(requester, tenant, Permission::ReadPeople).await?;
        let (group, now) = (Group::OfTenant(tenant), self.clock.now());
        let mut after = after.map(str::to_owned);
        let mut waiting = Vec::new();
        loop {
            let page: Vec<Versioned<Ticket>> =
                directory::page(&*self.storage, &group, after.as_deref(), count_max).await?;
            let is_last = page.len() < count_max;
            after = page.last().map(|found| found.record.id.clone());
            let tickets = page.into_iter().map(|found| found.value);
            // Expired invitations are skipped; maintenance removes them later.
            waiting.extend(tickets.filter(|ticket| now < ticket.expires));
            if is_last || count_max <= waiting.len() {
                waiting.truncate(count_max);
                return Ok(waiting);
            }
        }
    }

    /// Revokes an invitation.
    ///
    /// # Errors
    ///
    /// As [`Admin::list_people`].
    pub async fn remove_invitation(
        &self,
        requester: &Requester,
        tenant: TenantId,
        id: &str,
    ) -> Result<(), AdminError> {
        self.permit(requester, tenant, Permission::InvitePeople).await?;
        let found: Option<Versioned<Ticket>> = directory::find(&*self.storage, id).await?;
        let found = found.ok_or(AdminError::NotFound)?;
        let TicketPurpose::Invitation { tenant: of, role, .. } = found.value.purpose else {
            return Err(AdminError::NotFound);
        };
        if of != tenant {
            return Err(AdminError::NotFound);
        }
        self.permit_granting(requester, tenant, role).await?;
        let target = invitation_target(&found.value);
        let entry = self.entry(requester, "invitation.removed", target);
        let entries = vec![(Some(tenant), entry)];
        self.commit(&Change { writes: vec![found.remove()], entries }).await
    }
}

/// The beginning of the id is sufficient to distinguish them.
pub(crate) fn invitation_target(ticket: &Ticket) -> String {
    format!("invitation:{}", ticket.id.get(..16).unwrap_or(&ticket.id))
}

/// What the audit compares of a membership.
fn audit_detail(membership: &Membership) -> serde_json::Value {
    let groups = membership.groups.iter().map(ToString::to_string);
    json!({ "role": membership.role.as_str(), "groups": groups.collect::<Vec<_>>() })
}
