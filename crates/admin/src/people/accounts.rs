//! Accounts: create, change, disable, remove, by operators of the server.

use std::fmt;

use acta_access::{Role, ServerPermission, TenantId};
use acta_auth::Secret;
use acta_storage::directory::{
    self, Account, AccountId, EmailAddress, GroupId, Identity, Membership, Recorded, Session,
    Ticket, TicketPurpose, Versioned,
};
use acta_storage::{Change, Group, NewAuditEntry, RecordWrite};
use serde_json::{Value, json};

use crate::audit_entry::{AuditEvent, account_target, differences};
use crate::idempotency::Attempt;
use crate::tenants::check_name;
use crate::{Admin, AdminError, Idempotency, Idempotent, Requester};

/// A new account.
#[derive(Clone)]
pub struct NewAccount {
    /// The e-mail address that it signs in with.
    pub email: EmailAddress,
    /// The display name of the person.
    pub display_name: String,
    /// Whether it is an operator of the server.
    pub is_operator: bool,
    /// Its roles by tenant.
    pub roles: Vec<(TenantId, Role)>,
}

/// An account, and the token of a link for choosing a password, which is returned only once.
#[derive(Clone, Debug)]
pub struct AccountWithLink {
    /// As it is stored.
    pub account: Account,
    /// The record of the link.
    pub ticket: Ticket,
    /// The token of the link.
    pub token: Secret,
}

impl fmt::Debug for NewAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewAccount").field("roles", &self.roles).finish_non_exhaustive()
    }
}

/// Changes to an account; none leaves a property unchanged.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct AccountChanges {
    /// The display name of the person.
    pub display_name: Option<String>,
    /// Whether it is an operator of the server.
    pub is_operator: Option<bool>,
    /// Whether it is disabled.
    pub is_disabled: Option<bool>,
}

impl fmt::Debug for AccountChanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountChanges")
            .field("is_operator", &self.is_operator)
            .field("is_disabled", &self.is_disabled)
            .finish_non_exhaustive()
    }
}

/// A role for an account in a tenant.
#[derive(Clone)]
pub(crate) struct RoleGrant {
    pub(crate) account: AccountId,
    pub(crate) tenant: TenantId,
    pub(crate) role: Role,
    /// The groups of an advisor.
    pub(crate) groups: Vec<GroupId>,
}

/// What the audit records of a role that is given, with the groups of an advisor.
pub(crate) fn role_detail(role: Role, groups: &[GroupId]) -> Value {
    let mut detail = json!({ "role": role.as_str() });
    if !groups.is_empty() {
        detail["groups"] = groups.iter().map(ToString::to_string).collect();
    }
    detail
}

impl Admin {
    pub(crate) async fn find_account(
        &self,
        id: AccountId,
    ) -> Result<Option<Versioned<Account>>, AdminError> {
        Ok(directory::find(&*self.storage, &id.to_string()).await?)
    }

    /// A page of all accounts by id, after `after`.
    ///
    /// # Errors
    ///
    /// [`AdminError::Forbidden`], [`AdminError::Service`].
    pub async fn list_accounts(
        &self,
        requester: &Requester,
        after: Option<AccountId>,
        count_max: usize,
    ) -> Result<Vec<Versioned<Account>>, AdminError> {
        self.permit_on_server(requester, ServerPermission::ReadAccounts).await?;
        let after = after.map(|id| id.to_string());
        let group = Group::Every;
        Ok(directory::page(&*self.storage, &group, after.as_deref(), count_max).await?)
    }

    /// Reads an account.
    ///
    /// # Errors
    ///
    /// [`AdminError::Forbidden`], [`AdminError::NotFound`], [`AdminError::Service`].
    pub async fn read_account(
        &self,
        requester: &Requester,
        id: AccountId,
    ) -> Result<Versioned<Account>, AdminError> {
        self.permit_on_server(requester, ServerPermission::ReadAccounts).await?;
        self.find_account(id).await?.ok_or(AdminError::NotFound)
    }

    /// Reads an account by its e-mail address.
    ///
    /// # Errors
    ///
    /// As [`Admin::read_account`].
    pub async fn read_account_by_email(
        &self,
        requester: &Requester,
        email: &EmailAddress,
    ) -> Result<Versioned<Account>, AdminError> {
        self.permit_on_server(requester, ServerPermission::ReadAccounts).await?;
        let found = directory::find_by_name(&*self.storage, email.as_str()).await?;
        found.ok_or(AdminError::NotFound)
    }

    /// The roles of an account, by tenant.
    ///
    /// # Errors
    ///
    /// [`AdminError::Service`].
    pub async fn roles_of(&self, account: AccountId) -> Result<Vec<Membership>, AdminError> {
        let found: Vec<Versioned<Membership>> = self.owned_by(account).await?;
        Ok(found.into_iter().map(|found| found.value).collect())
    }

    /// All records of a kind that belong to an account.
    pub(crate) async fn owned_by<T: Recorded>(
        &self,
        account: AccountId,
    ) -> Result<Vec<Versioned<T>>, AdminError> {
        let group = Group::OwnedBy(account.to_string());
        Ok(directory::list(&*self.storage, &group).await?)
    }

    /// Creates an account with roles, and a link for choosing a password.
    ///
    /// # Errors
    ///
    /// [`AdminError::Faulty`], [`AdminError::Forbidden`], [`AdminError::NotFound`]: a tenant;
    /// [`AdminError::Conflict`]: the address is taken; [`AdminError::LimitReached`]: a tenant has
    /// the maximum number of people; [`AdminError::Service`].
    pub async fn create_account(
        &self,
        requester: &Requester,
        new: NewAccount,
        once: Idempotency<'_, AccountWithLink>,
    ) -> Result<Idempotent<AccountWithLink>, AdminError> {
        self.permit_on_server(requester, ServerPermission::CreateAccounts).await?;
        if new.is_operator {
            self.permit_on_server(requester, ServerPermission::AppointOperators).await?;
        }
        check_name("/display_name", &new.display_name)?;
        for (tenant, role) in &new.roles {
            self.read_tenant(requester, *tenant).await?;
            self.permit_granting(requester, *tenant, *role).await?;
        }
        if let Some(answer) = self.find_answer(once.key).await? {
            return Ok(Idempotent::Replayed(answer));
        }
        let account = Account {
            id: self.new_id(),
            email: new.email,
            display_name: new.display_name,
            password: None,
            second_factor: None,
            is_operator: new.is_operator,
            is_disabled: false,
            created: self.clock.now(),
            password_changed: None,
            last_signed_in: None,
            created_for: None,
        };
        let purpose = TicketPurpose::Reset { account: account.id };
        let (ticket, token) = self.new_ticket(requester, purpose, self.options.invitation_lifetime);
        let mut change = self.account_change(
            requester,
            AuditEvent { act: "account.created", detail: &audit_detail(&account) },
            &account,
            vec![account.create(), ticket.create()],
        );
        for (tenant, role) in &new.roles {
            self.add_role(
                requester,
                &mut change,
                RoleGrant { account: account.id, tenant: *tenant, role: *role, groups: Vec::new() },
            );
        }
        let made = AccountWithLink { account, ticket, token };
        match self.commit_once(change, once, &made).await? {
            Attempt::Done => Ok(Idempotent::Performed(made)),
            Attempt::Replayed(answer) => Ok(Idempotent::Replayed(answer)),
            Attempt::NameTaken => {
                Err(AdminError::Conflict("an account with this e-mail address already exists"))
            }
            Attempt::LimitReached => Err(self.too_many_people()),
            Attempt::Stale => Err(AdminError::Stale),
        }
    }

    /// Adds a new role and its audit entry to a change, within the limit of people of the tenant.
    pub(crate) fn add_role(
        &self,
        requester: &Requester,
        change: &mut Change,
        RoleGrant { account, tenant, role, groups }: RoleGrant,
    ) {
        let created = self.clock.now();
        let detail = role_detail(role, &groups);
        let membership = Membership { tenant, account, role, groups, created, is_provided: false };
        change.writes.push(membership.create().within(self.people_limit()));
        let entry = self.entry_with(requester, "person.added", account_target(account), &detail);
        change.entries.push((Some(tenant), entry));
    }

    pub(crate) fn account_change(
        &self,
        requester: &Requester,
        event: AuditEvent<'_>,
        account: &Account,
        writes: Vec<RecordWrite>,
    ) -> Change {
        let entry: NewAuditEntry =
            self.entry_with(requester, event.act, account_target(account.id), event.detail);
        Change { writes, entries: vec![(None, entry)] }
    }

    /// Changes an account, which must have one of the versions `expected` if any are given.
    /// Disabling an account ends its sessions and its links for setting a password.
    ///
    /// # Errors
    ///
    /// As [`Admin::read_account`]; [`AdminError::Stale`]; [`AdminError::Conflict`]: there would be
    /// no operator any more, or a tenant would be without an owner.
    pub async fn change_account(
        &self,
        requester: &Requester,
        id: AccountId,
        changes: AccountChanges,
        expected: Option<&[u64]>,
    ) -> Result<Versioned<Account>, AdminError> {
        self.permit_on_server(requester, ServerPermission::ChangeAccounts).await?;
        let found = self.find_account(id).await?.ok_or(AdminError::NotFound)?;
        if expected.is_some_and(|expected| !expected.contains(&found.record.version)) {
            return Err(AdminError::Stale);
        }
        let mut after = found.value.clone();
        if let Some(name) = changes.display_name {
            check_name("/display_name", &name)?;
            after.display_name = name;
        }
        after.is_operator = changes.is_operator.unwrap_or(after.is_operator);
        after.is_disabled = changes.is_disabled.unwrap_or(after.is_disabled);
        if after == found.value {
            return Ok(found);
        }
        let mut writes = vec![found.write(&after)];
        if is_active_operator(&found.value) && !is_active_operator(&after) {
            writes.push(self.require_another_operator(id).await?);
        }
        if after.is_disabled {
            writes.extend(self.end_access(&found.value).await?);
        }
        let detail = differences(&audit_detail(&found.value), &audit_detail(&after));
        let change = self.account_change(
            requester,
            AuditEvent { act: "account.changed", detail: &detail },
            &after,
            without_duplicates(writes),
        );
        self.commit(&change).await?;
        self.find_account(id).await?.ok_or(AdminError::NotFound)
    }

    /// The writes that disable an account: its sessions and links end, and every tenant that it
    /// owns keeps another owner.
    async fn end_access(&self, account: &Account) -> Result<Vec<RecordWrite>, AdminError> {
        let mut writes = self.end_sessions(account.id, None).await?;
        writes.extend(self.end_links(account.id).await?);
        let mut roles: Vec<Versioned<Membership>> = self.owned_by(account.id).await?;
        roles.retain(|role| role.value.role == Role::Owner && !account.is_disabled);
        for role in roles {
            writes.extend(self.require_another_owner(role.value.tenant, account.id).await?);
        }
        Ok(writes)
    }

    /// A write that fails if another operator is removed at the same time: it touches one who
    /// stays.
    async fn require_another_operator(
        &self,
        leaving: AccountId,
    ) -> Result<RecordWrite, AdminError> {
        let accounts: Vec<Versioned<Account>> =
            directory::list(&*self.storage, &Group::Every).await?;
        let stays = accounts
            .into_iter()
            .find(|other| other.value.id != leaving && is_active_operator(&other.value));
        match stays {
            Some(operator) => Ok(operator.write(&operator.value)),
            None => Err(AdminError::Conflict(
                "the account is the last operator: make another account an operator first",
            )),
        }
    }

    /// The writes that end the sessions of an account, except for the one with the id `but`.
    pub(crate) async fn end_sessions(
        &self,
        account: AccountId,
        but: Option<&str>,
    ) -> Result<Vec<RecordWrite>, AdminError> {
        let sessions: Vec<Versioned<Session>> = self.owned_by(account).await?;
        let others = sessions.iter().filter(|session| Some(session.value.id.as_str()) != but);
        Ok(others.map(Versioned::remove).map(unconditional).collect())
    }

    /// The writes that end the links of an account, for setting its password. Each change of what
    /// the account signs in with ends them: who holds an earlier link may not undo the change.
    pub(crate) async fn end_links(
        &self,
        account: AccountId,
    ) -> Result<Vec<RecordWrite>, AdminError> {
        let tickets: Vec<Versioned<Ticket>> = self.owned_by(account).await?;
        Ok(tickets.iter().map(Versioned::remove).map(unconditional).collect())
    }

    /// Creates a password reset link for an account. The old password stays valid until the link is
    /// used.
    ///
    /// # Errors
    ///
    /// As [`Admin::read_account`].
    pub async fn reset_account(
        &self,
        requester: &Requester,
        id: AccountId,
    ) -> Result<AccountWithLink, AdminError> {
        self.permit_on_server(requester, ServerPermission::ChangeAccounts).await?;
        let account = self.find_account(id).await?.ok_or(AdminError::NotFound)?.value;
        let purpose = TicketPurpose::Reset { account: id };
        let (ticket, token) = self.new_ticket(requester, purpose, self.options.reset_lifetime);
        let mut writes = self.end_links(id).await?;
        writes.push(ticket.create());
        let detail = json!({ "expires": ticket.expires.to_string() });
        let event = AuditEvent { act: "account.reset-link-created", detail: &detail };
        self.commit(&self.account_change(requester, event, &account, writes)).await?;
        Ok(AccountWithLink { account, ticket, token })
    }

    /// Removes the second factor of an account whose owner has lost it. Its sessions and its links
    /// for setting a password end.
    ///
    /// # Errors
    ///
    /// As [`Admin::read_account`].
    pub async fn remove_factor_of(
        &self,
        requester: &Requester,
        id: AccountId,
    ) -> Result<(), AdminError> {
        self.permit_on_server(requester, ServerPermission::ChangeAccounts).await?;
        let found = self.find_account(id).await?.ok_or(AdminError::NotFound)?;
        let after = Account { second_factor: None, ..found.value.clone() };
        let mut writes = vec![found.write(&after)];
        writes.extend(self.end_sessions(id, None).await?);
        writes.extend(self.end_links(id).await?);
        let event = AuditEvent { act: "account.second-factor-removed", detail: &json!({}) };
        self.commit(&self.account_change(requester, event, &after, writes)).await
    }

    /// Removes an account, with its roles, its sessions and its questions that are not shared.
    ///
    /// # Errors
    ///
    /// As [`Admin::change_account`]; [`AdminError::Conflict`]: a tenant would be without an owner.
    pub async fn remove_account(
        &self,
        requester: &Requester,
        id: AccountId,
    ) -> Result<(), AdminError> {
        self.permit_on_server(requester, ServerPermission::ChangeAccounts).await?;
        let found = self.find_account(id).await?.ok_or(AdminError::NotFound)?;
        let mut writes = vec![found.remove()];
        if is_active_operator(&found.value) {
            writes.push(self.require_another_operator(id).await?);
        }
        let event = AuditEvent { act: "account.removed", detail: &audit_detail(&found.value) };
        let mut entries = self.account_change(requester, event, &found.value, Vec::new()).entries;
        for role in self.owned_by::<Membership>(id).await? {
            let tenant = role.value.tenant;
            if role.value.role == Role::Owner {
                writes.extend(self.require_another_owner(tenant, id).await?);
            }
            let detail = json!({ "role": role.value.role.as_str() });
            let entry = self.entry_with(requester, "person.removed", account_target(id), &detail);
            entries.push((Some(tenant), entry));
            writes.push(role.remove());
        }
        writes.extend(self.end_sessions(id, None).await?);
        writes.extend(self.end_links(id).await?);
        let identities: Vec<Versioned<Identity>> = self.owned_by(id).await?;
        writes.extend(identities.iter().map(Versioned::remove));
        let mut change = Change { writes, entries };
        self.leave_questions(requester, (id, None), &mut change).await?;
        let writes = without_duplicates(change.writes);
        self.commit(&Change { writes, ..change }).await
    }
}

/// Whether an account is an operator who can sign in.
const fn is_active_operator(account: &Account) -> bool {
    account.is_operator && !account.is_disabled
}

/// A removal without a precondition.
pub(crate) fn unconditional(write: RecordWrite) -> RecordWrite {
    RecordWrite { expected: acta_storage::Expected::Anything, ..write }
}

/// Removes duplicate writes to the same record.
pub(crate) fn without_duplicates(writes: Vec<RecordWrite>) -> Vec<RecordWrite> {
    let mut known = std::collections::HashSet::new();
    writes.into_iter().filter(|write| known.insert((write.kind, write.id.clone()))).collect()
}

/// The details of an account in the audit, without personal data, which is removed with the
/// account.
fn audit_detail(account: &Account) -> Value {
    json!({ "is_operator": account.is_operator, "is_disabled": account.is_disabled })
}
