//! Issuing browser tokens for credentials.

use std::time::Duration;

use acta_access::{Binding, Origin, Permission, Scope, Scopes, TenantId};
use acta_ambient::Timestamp;
use acta_auth::{Authenticator, Secret, TokenClaims, TokenError, credential_audit};
use acta_storage::{Change, Who};
use serde_json::json;

use super::CredentialId;
use crate::requester::Capabilities;
use crate::{Admin, AdminError, Requester};

/// A new browser token.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Its agent, registration and activities.
    pub binding: Binding,
    /// The only allowed origin, if there is one.
    pub origin: Option<Origin>,
    /// Its scopes; none for everything that content does for a learner.
    pub scopes: Option<Scopes>,
    /// Its lifetime; none for the default.
    pub lifetime: Option<Duration>,
}

/// A browser token, which is returned only once.
#[derive(Clone, Debug)]
pub struct IssuedToken {
    /// The token for the Bearer scheme.
    pub token: Secret,
    /// The value of the header `Authorization` in the Basic scheme.
    pub basic: Secret,
    /// The scopes.
    pub scopes: Scopes,
    /// When it expires.
    pub expires: Timestamp,
}

impl Admin {
    /// Issues a browser token for a credential of the tenant, for people with the permission, or
    /// for the credential itself.
    ///
    /// # Errors
    ///
    /// [`AdminError::Faulty`], [`AdminError::NotFound`], [`AdminError::Forbidden`],
    /// [`AdminError::Service`].
    pub async fn issue_token(
        &self,
        requester: &Requester,
        CredentialId { tenant, key }: CredentialId<'_>,
        new: NewToken,
    ) -> Result<IssuedToken, AdminError> {
        if !is_its_own(requester, tenant, key) {
            self.permit(requester, tenant, Permission::IssueTokens).await?;
        }
        let credential = self.credential_of(tenant, key).await?.value;
        let now = self.clock.now();
        if credential.expires.is_some_and(|expires| expires <= now) {
            return Err(AdminError::Conflict("the credential has expired"));
        }
        let lifetime = new.lifetime.unwrap_or(self.options.token_lifetime);
        if Authenticator::TOKEN_LIFETIME_MAX < lifetime || lifetime.is_zero() {
            let hours = Authenticator::TOKEN_LIFETIME_MAX.as_secs() / 3600;
            let message =
                format!("expected a lifetime of more than zero and at most {hours} hours");
            return Err(AdminError::fault("/lifetime_seconds", message));
        }
        let expires = now.saturating_add(lifetime);
        let expires = credential.expires.map_or(expires, |ends| ends.min(expires));
        let scopes = new.scopes.unwrap_or_else(|| Authenticator::token_scopes(credential.scopes));
        if Scope::EVERY.into_iter().all(|scope| scope.administers() || !scopes.contains(scope)) {
            return Err(AdminError::fault("/scopes", "expected at least one xAPI scope"));
        }
        let claims = TokenClaims {
            id: self.new_id(),
            key: credential.key.clone(),
            scopes,
            binding: new.binding,
            origin: new.origin,
        };
        let token = self
            .authenticator
            .issue_token(&credential.principal(), &claims, expires)
            .map_err(|error| fault_of(&error))?;
        // Without the agent: the audit stays when a person is erased.
        let detail = json!({
            "token": claims.id.to_string(),
            "scopes": scopes.to_string(),
            "registration": claims.binding.registration.map(|id| id.to_string()),
            "activities": claims.binding.activities.iter().map(acta_xapi::Iri::as_str).collect::<Vec<_>>(),
            "origin": claims.origin.as_ref().map(ToString::to_string),
            "expires": expires.to_string(),
        });
        let entry =
            self.entry_with(requester, "token.issued", credential_audit::target(key), &detail);
        let entries = vec![(Some(tenant), entry)];
        self.commit(&Change { writes: Vec::new(), entries }).await?;
        Ok(IssuedToken { basic: Authenticator::basic_of(&token), token, scopes, expires })
    }
}

impl Admin {
    /// Issues a browser token for the requesting credential.
    ///
    /// # Errors
    ///
    /// As [`Admin::issue_token`]; [`AdminError::Forbidden`] if the requester is not a credential.
    pub async fn exchange_own(
        &self,
        requester: &Requester,
        new: NewToken,
    ) -> Result<IssuedToken, AdminError> {
        if let (Capabilities::Credential(principal), Who::Credential(key)) =
            (&requester.capabilities, &requester.who)
        {
            return self
                .issue_token(requester, CredentialId { tenant: principal.tenant, key }, new)
                .await;
        }
        let permission = Permission::IssueTokens.as_str();
        Err(self.refuse(requester, requester.confined_to(), permission).await)
    }
}

/// Whether the requester is the credential itself, and not a token of it.
fn is_its_own(requester: &Requester, tenant: TenantId, key: &str) -> bool {
    match (&requester.capabilities, &requester.who) {
        (Capabilities::Credential(principal), Who::Credential(own)) => {
            principal.tenant == tenant && own == key && principal.restrictions.binding.is_none()
        }
        _ => false,
    }
}

fn fault_of(error: &TokenError) -> AdminError {
    let pointer = match error {
        TokenError::Scope(_) => "/scopes",
        TokenError::Restricted(acta_access::Restriction::Origin) => "/origin",
        TokenError::Restricted(_) => "/activities",
        TokenError::TooLong => "/agent",
    };
    AdminError::fault(pointer, error.to_string())
}
