//! One-time links: set-up, invitation, password reset.

use std::fmt;

use acta_access::{Role, TenantId};
use acta_auth::{Password, Secret, Token, TokenKind};
use acta_storage::directory::{
    self, Account, AccountId, EmailAddress, GroupId, Recorded, TenantState, Ticket, TicketPurpose,
    Versioned,
};
use acta_storage::{Change, Committed, Group, RecordContent, RecordKind, RecordWrite};
use serde_json::json;

use crate::audit_entry::AuditEvent;
use crate::people::accounts::{RoleGrant, unconditional, without_duplicates};
use crate::people::sessions::SessionStart;
use crate::people::sign_in::reset_failures;
use crate::people::signed_in::SignedIn;
use crate::tenants::check_name;
use crate::{Admin, AdminError, Requester};

/// The purpose of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkPurpose {
    /// Creates the first account.
    SetUp,
    /// Gives a role in a tenant.
    Invitation {
        /// The name of the tenant.
        tenant: String,
        /// The e-mail address of the invited person.
        email: EmailAddress,
        /// The role.
        role: Role,
    },
    /// Sets the password of an account.
    Reset {
        /// The e-mail address of the account.
        email: EmailAddress,
    },
}

/// The details of a person who creates an account.
#[derive(Clone, Copy)]
pub struct NewPerson<'a> {
    /// The display name.
    pub display_name: &'a str,
    /// The password.
    pub password: &'a str,
    /// The address of the client.
    pub from: &'a str,
}

impl fmt::Debug for NewPerson<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewPerson").field("from", &self.from).finish_non_exhaustive()
    }
}

/// A new account, and how its owner came in.
struct Entrant<'a> {
    account: Account,
    by: &'static str,
    from: &'a str,
}

/// The role that a link gives.
struct GivenRole {
    tenant: TenantId,
    role: Role,
    /// The groups of an advisor.
    groups: Vec<GroupId>,
}

impl GivenRole {
    fn to(self, account: AccountId) -> RoleGrant {
        let Self { tenant, role, groups } = self;
        RoleGrant { account, tenant, role, groups }
    }
}

/// The id of the record that is created once, by the set-up.
const SET_UP: &str = "set-up";

impl Admin {
    /// Creates the set-up link for the first account; none if there are accounts. Earlier set-up
    /// links become invalid.
    ///
    /// # Errors
    ///
    /// [`AdminError::Service`].
    pub async fn begin_set_up(&self) -> Result<Option<Secret>, AdminError> {
        if self.has_accounts().await? {
            return Ok(None);
        }
        let lifetime = self.options.invitation_lifetime;
        let (ticket, token) = self.new_ticket(&Requester::server(), TicketPurpose::SetUp, lifetime);
        let waiting: Vec<Versioned<Ticket>> =
            directory::list(&*self.storage, &Group::Every).await?;
        let earlier = waiting.iter().filter(|found| found.value.purpose == TicketPurpose::SetUp);
        let mut writes: Vec<RecordWrite> =
            earlier.map(Versioned::remove).map(unconditional).collect();
        writes.push(ticket.create());
        self.commit(&Change { writes, entries: Vec::new() }).await?;
        Ok(Some(token))
    }

    async fn has_accounts(&self) -> Result<bool, AdminError> {
        let first: Vec<Versioned<Account>> =
            directory::page(&*self.storage, &Group::Every, None, 1).await?;
        Ok(!first.is_empty())
    }

    /// Reads the purpose of a link, for anybody who has its token. It does not reveal whether an
    /// account with the address of an invitation exists.
    ///
    /// # Errors
    ///
    /// [`AdminError::LinkVoid`]: it was used, has expired, does not exist, or its creator may not
    /// create it any more; [`AdminError::Service`].
    pub async fn read_link(&self, token: &str) -> Result<LinkPurpose, AdminError> {
        let ticket = self.find_ticket(token).await?.value;
        self.require_creator(&ticket).await?;
        match ticket.purpose {
            TicketPurpose::SetUp => Ok(LinkPurpose::SetUp),
            TicketPurpose::Invitation { tenant, email, role, .. } => {
                let tenant = self.inviting_tenant(tenant).await?;
                Ok(LinkPurpose::Invitation { tenant, email, role })
            }
            TicketPurpose::Reset { account } => {
                let account = self.find_account(account).await?.ok_or(AdminError::LinkVoid)?;
                Ok(LinkPurpose::Reset { email: account.value.email })
            }
        }
    }

    /// The name of an inviting tenant. Invitations into a tenant that is suspended or deleted are
    /// invalid.
    async fn inviting_tenant(&self, tenant: TenantId) -> Result<String, AdminError> {
        match self.read_tenant(&Requester::server(), tenant).await {
            Ok(found) if found.value.state == TenantState::Active => Ok(found.value.name),
            Ok(_) | Err(AdminError::NotFound) => Err(AdminError::LinkVoid),
            Err(error) => Err(error),
        }
    }

    async fn find_ticket(&self, token: &str) -> Result<Versioned<Ticket>, AdminError> {
        let token = Token::parse(TokenKind::Ticket, token);
        let token = token.map_err(|_not_a_token| AdminError::LinkVoid)?;
        let found: Option<Versioned<Ticket>> =
            directory::find(&*self.storage, token.id().as_str()).await?;
        let found = found.filter(|found| self.clock.now() < found.value.expires);
        found.ok_or(AdminError::LinkVoid)
    }

    /// Creates the first account: an operator of the server, and owner of the first tenant.
    ///
    /// # Errors
    ///
    /// [`AdminError::LinkVoid`], [`AdminError::Faulty`], [`AdminError::Service`].
    pub async fn set_up(
        &self,
        token: &str,
        email: &EmailAddress,
        who: &NewPerson<'_>,
    ) -> Result<SignedIn, AdminError> {
        let ticket = self.find_ticket(token).await?;
        if ticket.value.purpose != TicketPurpose::SetUp || self.has_accounts().await? {
            return Err(AdminError::LinkVoid);
        }
        let mut account = self.new_account(email, who).await?;
        account.is_operator = true;
        let body = "true".to_owned();
        let content = RecordContent { tenant: None, owner: None, name: None, expires: None, body };
        let once = RecordWrite::create(RecordKind::Counter, SET_UP, content);
        let writes = vec![once, ticket.remove(), account.create()];
        let mut change = Change { writes, entries: Vec::new() };
        let entrant = Entrant { account, by: "set-up link", from: who.from };
        let owner = GivenRole { tenant: TenantId::FIRST, role: Role::Owner, groups: Vec::new() };
        self.commit_new_account(entrant, owner, &mut change).await
    }

    /// A new account with a password, for the recipient of a link.
    async fn new_account(
        &self,
        email: &EmailAddress,
        who: &NewPerson<'_>,
    ) -> Result<Account, AdminError> {
        check_name("/display_name", who.display_name)?;
        let about = [email.as_str(), who.display_name];
        self.accept_password("/password", who.password, &about)?;
        let now = self.clock.now();
        Ok(Account {
            id: self.new_id(),
            email: email.clone(),
            display_name: who.display_name.to_owned(),
            password: Some(self.hash(who.password).await?),
            second_factor: None,
            is_operator: false,
            is_disabled: false,
            created: now,
            password_changed: Some(now),
            last_signed_in: Some(now),
            created_for: None,
        })
    }

    pub(crate) fn accept_password(
        &self,
        pointer: &'static str,
        password: &str,
        about: &[&str],
    ) -> Result<Password, AdminError> {
        let accepted = self.options.password_rules.accept(password, about);
        accepted.map_err(|fault| AdminError::fault(pointer, fault.to_string()))
    }

    /// Commits a change that creates an account and its role, and starts its session.
    async fn commit_new_account(
        &self,
        Entrant { account, by, from }: Entrant<'_>,
        given: GivenRole,
        change: &mut Change,
    ) -> Result<SignedIn, AdminError> {
        let (session, token) = self
            .begin_session(SessionStart { account: &account, from, is_strong: false, by }, change)
            .await?;
        let requester = Requester::person(account.clone(), session.clone(), from);
        let detail = json!({ "by": by, "is_operator": account.is_operator });
        let own = self.account_change(
            &requester,
            AuditEvent { act: "account.created", detail: &detail },
            &account,
            vec![],
        );
        change.entries.extend(own.entries);
        self.add_role(&requester, change, given.to(account.id));
        match self.storage.commit(change).await? {
            Committed::Done => Ok(SignedIn { account, session, token }),
            Committed::Stale(_) => Err(AdminError::LinkVoid),
            Committed::LimitReached(index) => Err(self.one_too_many(change, index)),
            Committed::NameTaken(_) => {
                Err(AdminError::Conflict("an account with this e-mail address already exists"))
            }
        }
    }

    /// Accepts an invitation as a new person.
    ///
    /// # Errors
    ///
    /// As [`Admin::set_up`]; [`AdminError::Conflict`]: there is an account, whose owner must sign
    /// in first; [`AdminError::LimitReached`]: the tenant has the maximum number of people, or of
    /// accounts that were created for it. The link stays valid.
    pub async fn accept_as_new(
        &self,
        token: &str,
        who: &NewPerson<'_>,
    ) -> Result<SignedIn, AdminError> {
        let ticket = self.find_ticket(token).await?;
        let purpose = ticket.value.purpose.clone();
        let TicketPurpose::Invitation { tenant, email, role, groups } = purpose else {
            return Err(AdminError::LinkVoid);
        };
        self.inviting_tenant(tenant).await?;
        let guards = self.require_creator(&ticket.value).await?;
        // Only a complete request learns whether there is an account with the address.
        let mut account = self.new_account(&email, who).await?;
        account.created_for = Some(tenant);
        let known: Option<Versioned<Account>> =
            directory::find_by_name(&*self.storage, email.as_str()).await?;
        if known.is_some() {
            return Err(AdminError::Conflict("sign in first, then open the link again"));
        }
        let mut writes = vec![ticket.remove(), self.create_within(&account)];
        writes.extend(guards);
        let mut change = Change { writes, entries: Vec::new() };
        let entrant = Entrant { account, by: "invitation", from: who.from };
        let given = GivenRole { tenant, role, groups };
        match self.commit_new_account(entrant, given, &mut change).await {
            Err(AdminError::LinkVoid) => Err(self.link_failed(token).await),
            accepted => accepted,
        }
    }

    /// Accepts an invitation as the person who is signed in, whose address it names.
    ///
    /// # Errors
    ///
    /// [`AdminError::LinkVoid`], also for another person; [`AdminError::LimitReached`]: the tenant
    /// has the maximum number of people, and the link stays valid; [`AdminError::Service`].
    pub async fn accept_as_known(
        &self,
        requester: &Requester,
        token: &str,
    ) -> Result<(), AdminError> {
        let ticket = self.find_ticket(token).await?;
        let account = requester.account().ok_or(AdminError::LinkVoid)?;
        let purpose = ticket.value.purpose.clone();
        let TicketPurpose::Invitation { tenant, email, role, groups } = purpose else {
            return Err(AdminError::LinkVoid);
        };
        if email != account.email {
            return Err(AdminError::LinkVoid);
        }
        self.inviting_tenant(tenant).await?;
        if self.membership(tenant, account.id).await?.is_some() {
            return Err(AdminError::Conflict("you already have a role in the tenant"));
        }
        let mut writes = vec![ticket.remove()];
        writes.extend(self.require_creator(&ticket.value).await?);
        let mut change = Change { writes, entries: Vec::new() };
        let given = GivenRole { tenant, role, groups };
        self.add_role(requester, &mut change, given.to(account.id));
        match self.storage.commit(&change).await? {
            Committed::Done => Ok(()),
            Committed::LimitReached(index) => Err(self.one_too_many(&change, index)),
            Committed::Stale(_) | Committed::NameTaken(_) => Err(self.link_failed(token).await),
        }
    }

    /// Sets the password of the account of a link, ends its sessions, invalidates its links, and
    /// resets its count of failed sign-ins.
    ///
    /// # Errors
    ///
    /// [`AdminError::LinkVoid`], [`AdminError::Faulty`], [`AdminError::Service`].
    pub async fn reset_password(
        &self,
        token: &str,
        password: &str,
        from: &str,
    ) -> Result<AccountId, AdminError> {
        let ticket = self.find_ticket(token).await?;
        let TicketPurpose::Reset { account } = ticket.value.purpose else {
            return Err(AdminError::LinkVoid);
        };
        let guards = self.require_creator(&ticket.value).await?;
        let found = self.find_account(account).await?.ok_or(AdminError::LinkVoid)?;
        let about = [found.value.email.as_str(), &found.value.display_name];
        self.accept_password("/password", password, &about)?;
        let after = Account {
            password: Some(self.hash(password).await?),
            password_changed: Some(self.clock.now()),
            ..found.value.clone()
        };
        let mut writes = vec![ticket.remove(), found.write(&after)];
        writes.extend(self.end_links(account).await?);
        writes.extend(self.end_sessions(account, None).await?);
        writes.extend(reset_failures(&after.email, from));
        // The link itself is one of its links, and its creator may be the owner of the account.
        writes.extend(guards);
        let writes = without_duplicates(writes);
        let requester = Requester::anonymous(from);
        let event = AuditEvent { act: "account.password-reset", detail: &json!({ "by": "link" }) };
        let mut change = self.account_change(&requester, event, &after, writes);
        for role in self.roles_of(account).await? {
            let own = self.account_change(&requester, event, &after, Vec::new());
            change
                .entries
                .extend(own.entries.into_iter().map(|(_, entry)| (Some(role.tenant), entry)));
        }
        match self.storage.commit(&change).await? {
            Committed::Done => Ok(account),
            Committed::Stale(_) | Committed::NameTaken(_) | Committed::LimitReached(_) => {
                Err(self.link_failed(token).await)
            }
        }
    }

    /// Why a link could not be used: it is void by now, or what it depends on was changed at the
    /// same time, so that it can be tried again.
    async fn link_failed(&self, token: &str) -> AdminError {
        match self.read_link(token).await {
            Ok(_) => AdminError::Stale,
            Err(error) => error,
        }
    }
}
