//! API credentials: create, change, rotate, remove.

mod first;
pub(crate) mod stream_tokens;
pub(crate) mod tokens;

use std::sync::Arc;
use std::time::Duration;

use acta_access::{ActivityPrefix, Authority, Origin, Permission, Restrictions, Scopes, TenantId};
use acta_ambient::Timestamp;
use acta_auth::{Secret, credential_audit};
use acta_storage::directory::{
    self, Credential, CredentialSecret, CredentialUse, Recorded, Versioned,
};
use acta_storage::{
    Change, CountLimit, Expected, Group, NewAuditEntry, RecordHolder, RecordKind, RecordWrite,
};
use serde_json::json;

use crate::audit_entry::{AuditEvent, differences};
use crate::idempotency::Attempt;
use crate::tenants::{check_name, check_version};
use crate::{Admin, AdminError, AdminFault, Idempotency, Idempotent, ReachedLimit, Requester};

/// A new credential.
#[derive(Clone, Debug)]
pub struct NewCredential {
    /// The display name.
    pub label: String,
    /// The scopes.
    pub scopes: Scopes,
    /// The restrictions.
    pub restrictions: Restrictions,
    /// The authority of statements that are written with it.
    pub authority: Option<Authority>,
    /// When it expires.
    pub expires: Option<Timestamp>,
}

/// Changes to a credential; none leaves a property unchanged.
#[derive(Clone, Debug, Default)]
pub struct CredentialChanges {
    /// The display name.
    pub label: Option<String>,
    /// The scopes.
    pub scopes: Option<Scopes>,
    /// Whether it is read-only.
    pub is_read_only: Option<bool>,
    /// The allowed prefixes of activity ids; replaces all.
    pub activity_prefixes: Option<Vec<ActivityPrefix>>,
    /// The allowed origins of pages; replaces all.
    pub origins: Option<Vec<Origin>>,
    /// The authority of statements that are written with it.
    pub authority: Option<Option<Authority>>,
    /// When it expires.
    pub expires: Option<Option<Timestamp>>,
}

impl CredentialChanges {
    fn apply(self, mut credential: Credential) -> Credential {
        let restrictions = Arc::make_mut(&mut credential.restrictions);
        restrictions.is_read_only = self.is_read_only.unwrap_or(restrictions.is_read_only);
        if let Some(prefixes) = self.activity_prefixes {
            restrictions.activity_prefixes = prefixes;
        }
        if let Some(origins) = self.origins {
            restrictions.origins = origins;
        }
        if let Some(authority) = self.authority {
            credential.authority = authority.map(Arc::new);
        }
        credential.label = self.label.unwrap_or(credential.label);
        credential.scopes = self.scopes.unwrap_or(credential.scopes);
        credential.expires = self.expires.unwrap_or(credential.expires);
        credential
    }
}

/// The tenant and the key of a credential.
#[derive(Clone, Copy, Debug)]
pub struct CredentialId<'a> {
    /// The tenant.
    pub tenant: TenantId,
    /// The key.
    pub key: &'a str,
}

/// A credential and its secret, which is returned only once.
#[derive(Clone, Debug)]
pub struct IssuedCredential {
    /// As it is stored.
    pub credential: Credential,
    /// Its secret.
    pub secret: Secret,
}

/// A credential in a list.
#[derive(Clone, Debug)]
pub struct ListedCredential {
    /// As it is stored.
    pub credential: Versioned<Credential>,
    /// When it was last used, to the minute or so; none if never.
    pub last_used: Option<Timestamp>,
}

/// Longest overlap of two secrets: 30 days.
const OVERLAP_MAX: Duration = Duration::from_hours(30 * 24);

impl Admin {
    /// A page of the credentials of a tenant by key, after `after`.
    ///
    /// # Errors
    ///
    /// [`AdminError::NotFound`], [`AdminError::Forbidden`], [`AdminError::Service`].
    pub async fn list_credentials(
        &self,
        requester: &Requester,
        tenant: TenantId,
        after: Option<&str>,
        count_max: usize,
    ) -> Result<Vec<ListedCredential>, AdminError> {
        self.permit(requester, tenant, Permission::ReadCredentials).await?;
        let group = Group::OfTenant(tenant);
        let page: Vec<Versioned<Credential>> =
            directory::page(&*self.storage, &group, after, count_max).await?;
        let mut listed = Vec::with_capacity(page.len());
        for credential in page {
            listed.push(self.with_use(credential).await?);
        }
        Ok(listed)
    }

    async fn with_use(
        &self,
        credential: Versioned<Credential>,
    ) -> Result<ListedCredential, AdminError> {
        let used: Option<Versioned<CredentialUse>> =
            directory::find(&*self.storage, &credential.value.key).await?;
        let in_memory = self.authenticator.last_used(&credential.value.key);
        let stored = used.map(|used| used.value.last_used);
        Ok(ListedCredential { credential, last_used: stored.max(in_memory) })
    }

    /// Reads a credential.
    ///
    /// # Errors
    ///
    /// As [`Admin::list_credentials`].
    pub async fn read_credential(
        &self,
        requester: &Requester,
        tenant: TenantId,
        key: &str,
    ) -> Result<ListedCredential, AdminError> {
        self.permit(requester, tenant, Permission::ReadCredentials).await?;
        let found = self.credential_of(tenant, key).await?;
        self.with_use(found).await
    }

    /// The credential, if it belongs to this tenant.
    pub(crate) async fn credential_of(
        &self,
        tenant: TenantId,
        key: &str,
    ) -> Result<Versioned<Credential>, AdminError> {
        if key.contains(char::is_control) {
            // Storage cannot have such a key.
            return Err(AdminError::NotFound);
        }
        let found: Option<Versioned<Credential>> = directory::find(&*self.storage, key).await?;
        let own = found.filter(|found| found.value.tenant == tenant);
        own.ok_or(AdminError::NotFound)
    }

    /// Creates a credential with a new key and secret.
    ///
    /// # Errors
    ///
    /// [`AdminError::Faulty`], [`AdminError::NotFound`], [`AdminError::Forbidden`],
    /// [`AdminError::KeyReused`], [`AdminError::Service`]; [`AdminError::LimitReached`]: the tenant
    /// has the maximum number of credentials, expired ones included.
    pub async fn create_credential(
        &self,
        requester: &Requester,
        tenant: TenantId,
        new: NewCredential,
        once: Idempotency<'_, IssuedCredential>,
    ) -> Result<Idempotent<IssuedCredential>, AdminError> {
        self.permit(requester, tenant, Permission::WriteCredentials).await?;
        let created = self.clock.now();
        check(&new.label, new.scopes, &new.restrictions)?;
        check_expiry(new.expires, created)?;
        let count_max = self.options.credentials_max;
        let limit = CountLimit { of: RecordHolder::Tenant, count_max, unexpired_at: None };
        for _ in 0..Self::TRIES {
            if let Some(answer) = self.find_answer(once.key).await? {
                return Ok(Idempotent::Replayed(answer));
            }
            let (secret, mac) = self.authenticator.new_secret();
            let credential = Credential {
                key: self.authenticator.new_key(),
                tenant,
                label: new.label.clone(),
                secrets: vec![CredentialSecret { mac, created, expires: None }],
                scopes: new.scopes,
                restrictions: Arc::new(new.restrictions.clone()),
                authority: new.authority.clone().map(Arc::new),
                created,
                expires: new.expires,
            };
            let change = self.credential_change(
                requester,
                AuditEvent {
                    act: credential_audit::CREATED,
                    detail: &credential_audit::detail(&credential),
                },
                &credential,
                vec![credential.create().within(limit)],
            );
            let issued = IssuedCredential { credential, secret };
            match self.commit_once(change, once, &issued).await? {
                Attempt::Done => {
                    self.authenticator.forget(&issued.credential.key);
                    return Ok(Idempotent::Performed(issued));
                }
                Attempt::Replayed(answer) => return Ok(Idempotent::Replayed(answer)),
                Attempt::LimitReached => return Err(too_many(count_max)),
                Attempt::Stale | Attempt::NameTaken => {}
            }
        }
        Err(AdminError::Stale)
    }

    fn credential_change(
        &self,
        requester: &Requester,
        event: AuditEvent<'_>,
        credential: &Credential,
        writes: Vec<RecordWrite>,
    ) -> Change {
        let target = credential_audit::target(&credential.key);
        let entry: NewAuditEntry = self.entry_with(requester, event.act, target, event.detail);
        Change { writes, entries: vec![(Some(credential.tenant), entry)] }
    }

    /// Changes a credential, which must have one of the versions `expected` if any are given.
    ///
    /// # Errors
    ///
    /// As [`Admin::create_credential`]; [`AdminError::Stale`].
    pub async fn change_credential(
        &self,
        requester: &Requester,
        CredentialId { tenant, key }: CredentialId<'_>,
        changes: CredentialChanges,
        expected: Option<&[u64]>,
    ) -> Result<ListedCredential, AdminError> {
        self.permit(requester, tenant, Permission::WriteCredentials).await?;
        let found = self.credential_of(tenant, key).await?;
        check_version(&found.record, expected)?;
        if let Some(expires) = changes.expires {
            check_expiry(expires, self.clock.now())?;
        }
        let after = changes.apply(found.value.clone());
        check(&after.label, after.scopes, &after.restrictions)?;
        if after == found.value {
            return self.with_use(found).await;
        }
        let detail =
            differences(&credential_audit::detail(&found.value), &credential_audit::detail(&after));
        let event = AuditEvent { act: "credential.changed", detail: &detail };
        let change = self.credential_change(requester, event, &after, vec![found.write(&after)]);
        self.commit(&change).await?;
        self.authenticator.forget(key);
        let now = self.credential_of(tenant, key).await?;
        self.with_use(now).await
    }

    /// Gives a credential a new secret, which is returned only once. The previous one stays valid
    /// for `overlap`.
    ///
    /// # Errors
    ///
    /// As [`Admin::change_credential`].
    pub async fn rotate_credential(
        &self,
        requester: &Requester,
        CredentialId { tenant, key }: CredentialId<'_>,
        overlap: Duration,
    ) -> Result<(ListedCredential, Secret), AdminError> {
        self.permit(requester, tenant, Permission::WriteCredentials).await?;
        if OVERLAP_MAX < overlap {
            let days = OVERLAP_MAX.as_secs() / 86_400;
            let message = format!("expected an overlap of at most {days} days");
            return Err(AdminError::fault("/overlap_seconds", message));
        }
        let found = self.credential_of(tenant, key).await?;
        let created = self.clock.now();
        let ends = created.saturating_add(overlap);
        let (secret, mac) = self.authenticator.new_secret();
        let mut after = found.value.clone();
        // At most two secrets are valid; older ones end at once.
        after.secrets.retain(|old| old.expires.is_none_or(|expires| created < expires));
        after.secrets.truncate(1);
        for old in &mut after.secrets {
            old.expires = Some(old.expires.map_or(ends, |expires| expires.min(ends)));
        }
        if overlap.is_zero() {
            after.secrets.clear();
        }
        after.secrets.insert(0, CredentialSecret { mac, created, expires: None });
        let until = if overlap.is_zero() { None } else { Some(ends.to_string()) };
        let detail = json!({ "earlier_secret_until": until });
        let event = AuditEvent { act: "credential.rotated", detail: &detail };
        let change = self.credential_change(requester, event, &after, vec![found.write(&after)]);
        self.commit(&change).await?;
        self.authenticator.forget(key);
        let now = self.credential_of(tenant, key).await?;
        Ok((self.with_use(now).await?, secret))
    }

    /// Removes a credential, and with it every token that was issued to it.
    ///
    /// # Errors
    ///
    /// As [`Admin::change_credential`].
    pub async fn remove_credential(
        &self,
        requester: &Requester,
        tenant: TenantId,
        key: &str,
    ) -> Result<(), AdminError> {
        self.permit(requester, tenant, Permission::WriteCredentials).await?;
        let found = self.credential_of(tenant, key).await?;
        let of_use = RecordWrite {
            kind: RecordKind::CredentialUse,
            id: key.to_owned(),
            expected: Expected::Anything,
            content: None,
        };
        let writes = vec![found.remove(), of_use];
        // What it was used for is not known any more afterwards.
        let last_used = self.with_use(found.clone()).await?.last_used;
        let mut detail = credential_audit::detail(&found.value);
        detail["last_used"] = last_used.map(|used| used.to_string()).into();
        let event = AuditEvent { act: "credential.removed", detail: &detail };
        let change = self.credential_change(requester, event, &found.value, writes);
        self.commit(&change).await?;
        self.authenticator.forget(key);
        Ok(())
    }
}

fn too_many(count_max: usize) -> AdminError {
    AdminError::LimitReached(ReachedLimit {
        holder: "the tenant",
        what: "credentials",
        count_max,
        key: "tenants.credentials_max",
    })
}

fn check(label: &str, scopes: Scopes, restrictions: &Restrictions) -> Result<(), AdminError> {
    check_name("/label", label)?;
    let mut faults = Vec::new();
    if scopes.is_empty() {
        faults.push(AdminFault::new("/scopes", "expected at least one scope"));
    }
    let (prefixes, origins) = (&restrictions.activity_prefixes, &restrictions.origins);
    if Restrictions::PREFIXES_MAX < prefixes.len() {
        let message = format!("expected at most {} prefixes", Restrictions::PREFIXES_MAX);
        faults.push(AdminFault::new("/activity_prefixes", message));
    }
    if Restrictions::ORIGINS_MAX < origins.len() {
        let message = format!("expected at most {} origins", Restrictions::ORIGINS_MAX);
        faults.push(AdminFault::new("/origins", message));
    }
    if faults.is_empty() { Ok(()) } else { Err(AdminError::Faulty(faults)) }
}

fn check_expiry(expires: Option<Timestamp>, now: Timestamp) -> Result<(), AdminError> {
    if expires.is_some_and(|expires| expires <= now) {
        return Err(AdminError::fault("/expires", "expected a time in the future"));
    }
    Ok(())
}
