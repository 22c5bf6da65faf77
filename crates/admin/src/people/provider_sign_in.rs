//! Sign-in with an identity provider, which provides identity and roles.

use std::time::Duration;

use acta_access::{Role, TenantId};
use acta_auth::{Admitted, oidc};
use acta_storage::directory::{
    self, Account, EmailAddress, Identity, Membership, Recorded, SpentState, Versioned,
};
use acta_storage::{
    AuditOutcome, Change, Committed, CountLimit, NewAuditEntry, RecordHolder, RecordWrite,
};
use acta_xapi::Sha2;
use serde_json::json;

use crate::audit_entry::{AuditEvent, account_target};
use crate::people::accounts::without_duplicates;
use crate::people::maximums::FullTenants;
use crate::people::sessions::SessionStart;
use crate::people::sign_in::place_of;
use crate::people::signed_in::SignedIn;
use crate::tenants::check_name;
use crate::{Admin, AdminError, ReachedLimit, Requester};

/// Whether an account is created for a new person to whom the provider gives a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewcomerRule {
    /// An account is created.
    CreateAccount,
    /// An account must already exist.
    Refuse,
}

/// A person whom the provider has authenticated, on the way to a session.
struct Arrival<'a> {
    provided: &'a oidc::SignedIn,
    from: &'a str,
    /// The role with the most permissions that it gives in each existing tenant.
    granted: Vec<(TenantId, Role)>,
    /// Tenants that have no room for one more person or account.
    full: &'a FullTenants,
}

impl Arrival<'_> {
    /// The first tenant with a role that has room for a new account.
    fn tenant_with_room(&self) -> Option<TenantId> {
        let mut tenants = self.granted.iter().map(|(tenant, _)| *tenant);
        tenants.find(|tenant| self.full.has_room_for_account(*tenant))
    }
}

/// The state of a sign-in at the provider that was used up. Until the sign-in has succeeded, it
/// counts as a failed attempt of its place.
#[derive(Debug)]
pub struct UsedState<'a>(Admitted<'a>);

impl UsedState<'_> {
    /// The provider has authenticated the person.
    pub fn succeed(self) {
        self.0.succeed();
    }
}

impl Admin {
    /// Uses up the state of a sign-in with which a browser has come back from the provider. It is
    /// used once, on all nodes together, and remembered for `lifetime`, after which the sign-in has
    /// expired. The attempts of one place are limited.
    ///
    /// # Errors
    ///
    /// - [`AdminError::Stale`]: it was used before.
    /// - [`AdminError::Delayed`]: too many attempts have failed.
    /// - [`AdminError::Service`].
    pub async fn use_up_state(
        &self,
        state: &str,
        lifetime: Duration,
        from: &str,
    ) -> Result<UsedState<'_>, AdminError> {
        let admitted = self.admission.admit(&place_of(from));
        let admitted = admitted.map_err(|retry_after| AdminError::Delayed { retry_after })?;
        let id = Sha2::sha256(state.as_bytes()).as_str().to_owned();
        // Clocks of nodes differ: it is remembered for longer than it is accepted.
        let expires = self.clock.now().saturating_add(2 * lifetime);
        let spent = SpentState { id, expires };
        self.commit(&Change { writes: vec![spent.create()], entries: Vec::new() }).await?;
        Ok(UsedState(admitted))
    }

    /// Starts a session for a person whom the identity provider has authenticated, with the roles
    /// that it gives. Roles that it gave before and does not give any more are removed, except for
    /// the last owner of a tenant, who remains its owner. A role in a tenant that has the maximum
    /// number of people is not given.
    ///
    /// People are identified by issuer and subject. An e-mail address alone gives no access to an
    /// existing account: its owner connects it by [`Admin::connect`].
    ///
    /// # Errors
    ///
    /// - [`AdminError::NotSignedIn`]: there is no account and none is created, or it is disabled.
    /// - [`AdminError::Conflict`]: there is an account with the address, which is not
    ///   connected.
    /// - [`AdminError::LimitReached`]: no account is created, because no tenant in which the
    ///   person has a role has room for it.
    /// - [`AdminError::Stale`]: try again. [`AdminError::Service`].
    pub async fn sign_in_provided(
        &self,
        provided: &oidc::SignedIn,
        from: &str,
        newcomers: NewcomerRule,
    ) -> Result<SignedIn, AdminError> {
        let mut full = FullTenants::default();
        // Each tenant may turn out to be full, of people and of accounts.
        for _ in 1..Self::TRIES.saturating_add(2 * provided.grants.len()) {
            match self.try_sign_in_provided(provided, from, newcomers, &mut full).await {
                // Another owner of a tenant was changed at the same time, for example.
                Err(AdminError::Stale) => {}
                answer => return answer,
            }
        }
        self.try_sign_in_provided(provided, from, newcomers, &mut full).await
    }

    /// Tenants that are found to be full are added to `full`, for the next try.
    async fn try_sign_in_provided(
        &self,
        provided: &oidc::SignedIn,
        from: &str,
        newcomers: NewcomerRule,
        full: &mut FullTenants,
    ) -> Result<SignedIn, AdminError> {
        let known = self.find_identity(&provided.issuer, &provided.subject).await?;
        let granted = self.granted_in_tenants(&provided.grants).await?;
        let arrival = Arrival { provided, from, granted, full };
        let mut change = Change::default();
        let account = match known {
            Some(identity) => {
                let found = self.find_account(identity.account).await?;
                let found = found.filter(|found| !found.value.is_disabled);
                let Some(found) = found else {
                    return Err(self.audit_unknown(from, "account").await);
                };
                let now = Some(self.clock.now());
                let after = Account { last_signed_in: now, ..found.value.clone() };
                change.writes.push(found.write(&after));
                after
            }
            // Without a role in any tenant, nothing would limit how many accounts are created.
            None if newcomers == NewcomerRule::Refuse || arrival.granted.is_empty() => {
                return Err(self.audit_unknown(from, "role").await);
            }
            None => self.create_provided_account(&arrival, &mut change).await?,
        };
        self.apply_grants(&account, &arrival, &mut change).await?;
        let by = "identity provider";
        let start = SessionStart { account: &account, from, is_strong: true, by };
        let (session, token) = self.begin_session(start, &mut change).await?;
        // One person may be the owner who stays in several tenants.
        change.writes = without_duplicates(change.writes);
        match self.storage.commit(&change).await? {
            Committed::Done => Ok(SignedIn { account, session, token }),
            Committed::Stale(_) => Err(AdminError::Stale),
            Committed::LimitReached(index) => {
                full.note(&change, index, &account);
                Err(AdminError::Stale)
            }
            Committed::NameTaken(_) => Err(AdminError::Conflict(NOT_CONNECTED)),
        }
    }

    /// Connects the account of the requester with the identity that the provider has authenticated.
    /// From then on the person can sign in with the provider.
    ///
    /// # Errors
    ///
    /// [`AdminError::NotFound`]: the requester is not a person; [`AdminError::Conflict`]: the
    /// identity belongs to another account; [`AdminError::LimitReached`]: the account has the
    /// maximum number of identities; [`AdminError::Service`].
    pub async fn connect(
        &self,
        requester: &Requester,
        provided: &oidc::SignedIn,
    ) -> Result<(), AdminError> {
        let account = requester.account().ok_or(AdminError::NotFound)?;
        let known = self.find_identity(&provided.issuer, &provided.subject).await?;
        if known.as_ref().is_some_and(|known| known.account == account.id) {
            return Ok(());
        }
        let (issuer, subject) = (provided.issuer.clone(), provided.subject.clone());
        let identity = Identity { issuer, subject, account: account.id };
        let limit = CountLimit {
            of: RecordHolder::Owner,
            count_max: self.options.identities_max,
            unexpired_at: None,
        };
        let writes = vec![identity.create().within(limit)];
        let mut change = Change { writes, entries: Vec::new() };
        let detail = json!({ "issuer": provided.issuer });
        self.audit_everywhere(
            requester,
            AuditEvent { act: "account.connected", detail: &detail },
            &mut change,
        )
        .await?;
        match self.storage.commit(&change).await? {
            Committed::Done => Ok(()),
            Committed::Stale(_) | Committed::NameTaken(_) => {
                Err(AdminError::Conflict("the identity belongs to another account"))
            }
            Committed::LimitReached(_) => Err(AdminError::LimitReached(ReachedLimit {
                holder: "the account",
                what: "identities at providers",
                count_max: limit.count_max,
                key: "accounts.identities_max",
            })),
        }
    }

    async fn find_identity(
        &self,
        issuer: &str,
        subject: &str,
    ) -> Result<Option<Identity>, AdminError> {
        let id = Identity::record_id_of(issuer, subject);
        let found: Option<Versioned<Identity>> = directory::find(&*self.storage, &id).await?;
        Ok(found.map(|found| found.value))
    }

    /// Creates an account for a new person, for the first tenant with a role that has room for it.
    async fn create_provided_account(
        &self,
        arrival: &Arrival<'_>,
        change: &mut Change,
    ) -> Result<Account, AdminError> {
        let Arrival { provided, from, .. } = *arrival;
        let email: Option<EmailAddress> = match (&provided.email, provided.is_email_verified) {
            (Some(email), true) => email.parse().ok(),
            _ => None,
        };
        let Some(email) = email else { return Err(self.audit_unknown(from, "email").await) };
        let known: Option<Versioned<Account>> =
            directory::find_by_name(&*self.storage, email.as_str()).await?;
        if known.is_some() {
            return Err(AdminError::Conflict(NOT_CONNECTED));
        }
        let Some(created_for) = arrival.tenant_with_room() else {
            return Err(self.refuse_for_room(arrival).await);
        };
        let name = provided.name.clone().filter(|name| check_name("", name).is_ok());
        let now = self.clock.now();
        let account = Account {
            id: self.new_id(),
            display_name: name.unwrap_or_else(|| email.to_string()),
            email,
            password: None,
            second_factor: None,
            is_operator: false,
            is_disabled: false,
            created: now,
            password_changed: None,
            last_signed_in: Some(now),
            created_for: Some(created_for),
        };
        let (issuer, subject) = (provided.issuer.clone(), provided.subject.clone());
        let identity = Identity { issuer, subject, account: account.id };
        change.writes.extend([self.create_within(&account), identity.create()]);
        let detail = json!({ "by": "identity provider", "is_operator": false });
        let event = AuditEvent { act: "account.created", detail: &detail };
        let requester = Requester::anonymous(from);
        change.entries.extend(self.account_change(&requester, event, &account, Vec::new()).entries);
        Ok(account)
    }

    /// Updates the roles that a provider gives. Roles that people gave stay as they are.
    async fn apply_grants(
        &self,
        account: &Account,
        arrival: &Arrival<'_>,
        change: &mut Change,
    ) -> Result<(), AdminError> {
        let Arrival { from, granted, .. } = arrival;
        let known: Vec<Versioned<Membership>> = self.owned_by(account.id).await?;
        for (tenant, role) in granted {
            let held = known.iter().find(|held| held.value.tenant == *tenant);
            match held {
                Some(held) if !held.value.is_provided || held.value.role == *role => {}
                Some(held) => {
                    let entry = self.role_entry(account, from, ("person.role-changed", *role));
                    let after =
                        Membership { role: *role, groups: Vec::new(), ..held.value.clone() };
                    self.replace_role((held, held.write(&after)), entry, change).await?;
                }
                None => self.add_provided_role(account, arrival, (*tenant, *role), change),
            }
        }
        for held in known.iter().filter(|held| held.value.is_provided) {
            if granted.iter().all(|(granted, _)| *granted != held.value.tenant) {
                let entry = self.role_entry(account, from, ("person.removed", held.value.role));
                self.replace_role((held, held.remove()), entry, change).await?;
            }
        }
        Ok(())
    }

    /// Adds a new role, if the tenant has room for one more person. Otherwise its entry records a
    /// refusal.
    fn add_provided_role(
        &self,
        account: &Account,
        Arrival { from, full, .. }: &Arrival<'_>,
        (tenant, role): (TenantId, Role),
        change: &mut Change,
    ) {
        let mut entry = self.role_entry(account, from, ("person.added", role));
        if full.of_people.contains(&tenant) {
            warn_of_full(tenant);
            entry.outcome = AuditOutcome::Refused;
        } else {
            let membership = Membership {
                tenant,
                account: account.id,
                role,
                groups: Vec::new(),
                created: self.clock.now(),
                is_provided: true,
            };
            change.writes.push(membership.create().within(self.people_limit()));
        }
        change.entries.push((Some(tenant), entry));
    }

    fn role_entry(
        &self,
        account: &Account,
        from: &str,
        (act, role): (&'static str, Role),
    ) -> NewAuditEntry {
        let detail = json!({ "role": role.as_str(), "by": "identity provider" });
        self.entry_with(&Requester::anonymous(from), act, account_target(account.id), &detail)
    }

    /// Adds the write that takes a role away or replaces it, with its entry. The last owner of a
    /// tenant keeps the role, which the entry then records as a refusal.
    async fn replace_role(
        &self,
        (held, write): (&Versioned<Membership>, RecordWrite),
        mut entry: NewAuditEntry,
        change: &mut Change,
    ) -> Result<(), AdminError> {
        let Membership { tenant, account, role, .. } = held.value;
        let other_owner = match role {
            Role::Owner => match self.require_another_owner(tenant, account).await {
                Ok(stays) => Some(Some(stays)),
                Err(AdminError::Conflict(_)) => None,
                Err(error) => return Err(error),
            },
            Role::Administrator
            | Role::Analyst
            | Role::Advisor
            | Role::Auditor
            | Role::Viewer
            | Role::Learner => Some(None),
        };
        if let Some(stays) = other_owner {
            change.writes.push(write);
            change.writes.extend(stays.into_iter().flatten());
        } else {
            tracing::warn!(
                tenant.id = tenant.number(),
                "the last owner of a tenant keeps the role that the identity provider has taken away"
            );
            entry.outcome = AuditOutcome::Refused;
        }
        change.entries.push((Some(tenant), entry));
        Ok(())
    }

    /// The role with the most permissions for each existing tenant.
    async fn granted_in_tenants(
        &self,
        grants: &[(TenantId, Role)],
    ) -> Result<Vec<(TenantId, Role)>, AdminError> {
        let mut granted: Vec<(TenantId, Role)> = Vec::new();
        for (tenant, role) in grants {
            if let Some((_, known)) = granted.iter_mut().find(|(known, _)| known == tenant) {
                // The role with the most permissions is the smallest.
                *known = (*known).min(*role);
            } else if self.find_tenant(*tenant).await?.is_some() {
                granted.push((*tenant, *role));
            }
        }
        Ok(granted)
    }

    /// Records that no tenant has room for a new person. Returns the limit that was reached.
    async fn refuse_for_room(
        &self,
        Arrival { from, granted, full, .. }: &Arrival<'_>,
    ) -> AdminError {
        for (tenant, _) in granted {
            warn_of_full(*tenant);
        }
        let refused = self.audit_unknown(from, "room").await;
        if !matches!(refused, AdminError::NotSignedIn) {
            return refused;
        }
        if granted.iter().all(|(tenant, _)| full.of_people.contains(tenant)) {
            self.too_many_people()
        } else {
            self.too_many_accounts()
        }
    }

    /// Records a refused sign-in of a person who has no account.
    async fn audit_unknown(&self, from: &str, lacks: &'static str) -> AdminError {
        let detail = json!({ "by": "identity provider", "lacks": lacks });
        let requester = Requester::anonymous(from);
        let mut entry = self.entry_with(&requester, "session.refused", String::new(), &detail);
        entry.outcome = AuditOutcome::Refused;
        let change = Change { writes: Vec::new(), entries: vec![(None, entry)] };
        match self.commit(&change).await {
            Ok(()) => AdminError::NotSignedIn,
            Err(error) => error,
        }
    }
}

fn warn_of_full(tenant: TenantId) {
    tracing::warn!(
        tenant.id = tenant.number(),
        "a tenant has no room for a person to whom the identity provider gives a role there"
    );
}

/// The error for an account that is not connected.
const NOT_CONNECTED: &str = "an account with this e-mail address already exists: sign in with its \
                             password, then connect it with the identity provider on the account \
                             page";
