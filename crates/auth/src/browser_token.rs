//! Browser tokens, which content in a browser holds instead of a secret.
//!
//! A token acts for one agent with the rights of one credential for a limited time. It is not
//! stored, but sealed with a key of the store. It never permits more than its credential at the
//! time of the request, and is invalid without it.

use std::sync::Arc;
use std::time::Duration;

use acta_access::{Act, Binding, Origin, Principal, Scope, Scopes, decide};
use acta_ambient::Timestamp;
use acta_storage::Who;
use acta_xapi::{ActivityId, Ifi, Uuid, Version, parse_actor};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::Identified;
use crate::authenticator::credential_lookup::FoundCredential;
use crate::credential_header::TOKEN_USER;
use crate::{AuthError, Authenticator, Secret};

/// The prefix of its text, so that people and secret scanners recognise it.
const PREFIX: &str = "acta_t_";

/// The purpose of the seal.
const PURPOSE: &str = "browser-token";

/// The claims of a token.
#[derive(Clone, Debug)]
pub struct TokenClaims {
    /// Its id in the audit.
    pub id: Uuid,
    /// The key of its credential.
    pub key: String,
    /// Its scopes: no more than those of the credential.
    pub scopes: Scopes,
    /// Its agent, registration and activities.
    pub binding: Binding,
    /// The only allowed origin, if there is one.
    pub origin: Option<Origin>,
}

/// Why a token was not issued.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The credential does not have a scope, or the scope is for administration.
    #[error("the credential does not have the scope `{0}`, or tokens cannot have it")]
    Scope(Scope),
    /// The restrictions of the credential forbid it.
    #[error(transparent)]
    Restricted(acta_access::Restriction),
    /// Its ids are too long together.
    #[error("agent and activities together are too long")]
    TooLong,
}

/// Its payload, with short names because it is sent in headers.
#[derive(Serialize, Deserialize)]
struct Payload {
    i: String,
    k: String,
    s: String,
    /// The agent, as the JSON of its identifier.
    a: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    r: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    c: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    o: Option<String>,
}

impl Payload {
    fn of(claims: &TokenClaims) -> Self {
        Self {
            i: claims.id.to_string(),
            k: claims.key.clone(),
            s: claims.scopes.to_string(),
            a: claims.binding.agent.to_key(),
            r: claims.binding.registration.map(|registration| registration.to_string()),
            c: claims.binding.activities.iter().map(|id| id.as_str().to_owned()).collect(),
            o: claims.origin.as_ref().map(ToString::to_string),
        }
    }

    fn read(bytes: &[u8]) -> Option<TokenClaims> {
        let payload: Self = serde_json::from_slice(bytes).ok()?;
        let agent: Ifi = parse_actor(payload.a.as_bytes(), Version::V2_0_0).ok()?.ifi?;
        let registration = match payload.r {
            Some(text) => Some(text.parse().ok()?),
            None => None,
        };
        let activities: Option<Vec<ActivityId>> =
            payload.c.iter().map(|text| text.parse().ok()).collect();
        let origin = match payload.o {
            Some(text) => Some(text.parse().ok()?),
            None => None,
        };
        Some(TokenClaims {
            id: payload.i.parse().ok()?,
            key: payload.k,
            scopes: payload.s.parse().ok()?,
            binding: Binding { agent, registration, activities: activities? },
            origin,
        })
    }
}

/// The first scope that permits more than `of`, or that is not for tokens.
fn excess(of: Scopes, scopes: Scopes) -> Option<Scope> {
    let permits = |scopes: Scopes, act: Act| scopes.contains_any(act.sufficient());
    scopes.iter().find(|scope| {
        let alone = Scopes::from_iter([*scope]);
        let is_administration = Act::EVERY.into_iter().all(|act| !permits(alone, act));
        let exceeds = |act: &Act| permits(alone, *act) && !permits(of, *act);
        is_administration || Act::EVERY.iter().any(exceeds)
    })
}

impl Authenticator {
    /// Longest lifetime of a token: a day.
    pub const TOKEN_LIFETIME_MAX: Duration = Duration::from_hours(24);

    /// The default scopes of a token: everything that content does for a learner, as far as `of`
    /// permits.
    pub fn token_scopes(of: Scopes) -> Scopes {
        let useful = [
            Scope::StatementsWrite,
            Scope::StatementsRead,
            Scope::StatementsReadMine,
            Scope::State,
            Scope::Define,
            Scope::Profile,
        ];
        useful
            .into_iter()
            .filter(|scope| excess(of, Scopes::from_iter([*scope])).is_none())
            .collect()
    }

    /// Issues a token for a credential with these rights, valid until `expires`.
    ///
    /// # Errors
    ///
    /// [`TokenError`]: it would permit more than the credential, or be too long.
    pub fn issue_token(
        &self,
        of: &Principal,
        claims: &TokenClaims,
        expires: Timestamp,
    ) -> Result<Secret, TokenError> {
        if let Some(scope) = excess(of.scopes, claims.scopes) {
            return Err(TokenError::Scope(scope));
        }
        let bound = of.restrictions.bind(claims.binding.clone(), claims.origin.clone());
        bound.map_err(TokenError::Restricted)?;
        // Texts always serialise.
        let payload = serde_json::to_vec(&Payload::of(claims)).unwrap_or_default();
        let sealed = self.sealer.seal(PURPOSE, &payload, expires);
        let sealed = sealed.map_err(|_too_long| TokenError::TooLong)?;
        Ok(Secret::new(format!("{PREFIX}{}", sealed.expose())))
    }

    /// The value of a header `Authorization` in the Basic scheme with a token, for content that
    /// does not support tokens.
    pub fn basic_of(token: &Secret) -> Secret {
        let text = STANDARD.encode(format!("{TOKEN_USER}:{}", token.expose()));
        Secret::new(format!("Basic {text}"))
    }

    /// Whether the text has the form of a browser token.
    pub(crate) fn is_token(text: &Secret) -> bool {
        text.expose().starts_with(PREFIX)
    }

    /// The key of the credential that a token was issued to, also if the token has expired. None
    /// if this store has not issued it.
    pub(crate) fn key_of_token(&self, presented: &Secret) -> Option<String> {
        let sealed = presented.expose().strip_prefix(PREFIX)?;
        // At the earliest moment, no token has expired.
        let earliest = Timestamp::from_unix_micros(i64::MIN);
        let payload = self.sealer.open(PURPOSE, sealed, earliest).ok()?;
        Payload::read(&payload).map(|claims| claims.key)
    }

    pub(crate) async fn authenticate_token(
        &self,
        presented: &Secret,
    ) -> Result<Identified, AuthError> {
        let now = self.clock.now();
        let sealed = presented.expose().strip_prefix(PREFIX).ok_or(AuthError::Refused)?;
        let payload = self.sealer.open(PURPOSE, sealed, now);
        let payload = payload.map_err(|_not_ours_or_expired| AuthError::Refused)?;
        let claims = Payload::read(&payload).ok_or(AuthError::Refused)?;
        let known = self.find(&claims.key).await?.ok_or(AuthError::Refused)?;
        known.check(now)?;
        let principal = narrow(&known, claims).ok_or(AuthError::Refused)?;
        let who = Who::Token(known.credential.key.clone());
        Ok(Identified { principal, who, tenant: Arc::clone(&known.tenant) })
    }
}

/// The principal of a token: its own rights, as far as its credential still has them.
fn narrow(known: &FoundCredential, claims: TokenClaims) -> Option<Principal> {
    let credential = &known.credential;
    if excess(credential.scopes, claims.scopes).is_some() {
        return None;
    }
    let restrictions = credential.restrictions.bind(claims.binding, claims.origin).ok()?;
    let principal = Principal {
        tenant: credential.tenant,
        name: credential.key.clone(),
        scopes: claims.scopes,
        restrictions: Arc::new(restrictions),
        authority: credential.authority.clone(),
    };
    // A token that permits nothing is refused.
    Act::EVERY.into_iter().any(|act| decide(&principal, act).is_ok()).then_some(principal)
}

#[cfg(test)]
mod tests;
