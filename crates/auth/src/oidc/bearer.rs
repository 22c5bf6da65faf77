//! Access tokens of machines.

use std::sync::Arc;
use std::time::Duration;

use acta_access::{Scope, Scopes, TenantId};
use acta_ambient::{Clock, Timestamp};
use serde_json::Value;

use super::cache::Cache;
use super::claims::{Claims, LEEWAY};
use super::issuer::Issuer;
use super::{Algorithm, OidcError, TokenFault};

/// What a [`BearerVerifier`] is told.
#[derive(Clone, Debug)]
pub struct BearerOptions {
    /// The name of the issuer: an https URL, spelt as in its own document.
    pub issuer: String,
    /// What this server is called in tokens that are meant for it.
    pub audience: String,
    /// The algorithms that tokens may be signed by.
    pub algorithms: Vec<Algorithm>,
    /// The tenant that tokens are for.
    pub tenant: BearerTenant,
    /// The claim with scopes; when there is none, `scope` or else `scp`.
    pub scope_claim: Option<String>,
    /// What stands before the name of a scope, as in `acta:statements/read`.
    pub scope_prefix: String,
    /// How long an answer of the issuer is waited for.
    pub timeout: Duration,
}

/// The tenant that a token is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BearerTenant {
    /// Always this one.
    Fixed(TenantId),
    /// The one whose number is in this claim.
    Claim(String),
}

/// Who sends a request with an access token, and what may be done with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BearerIdentity {
    /// The tenant. Whether there is such a one is not known here.
    pub tenant: TenantId,
    /// Who issued the token.
    pub issuer: String,
    /// Whom the issuer gave it to or for: unique within the issuer.
    pub subject: String,
    /// The scopes of xAPI in it.
    pub scopes: Scopes,
}

impl BearerIdentity {
    /// A name that no other subject of any issuer has, as in `https://id.example.org subject`.
    pub fn name(&self) -> String {
        format!("{} {}", self.issuer, self.subject)
    }
}

/// Takes access tokens of one issuer that are JSON Web Tokens.
#[derive(Debug)]
pub struct BearerVerifier {
    issuer: Issuer,
    options: BearerOptions,
    clock: Arc<dyn Clock>,
    cache: Cache,
}

/// Whether a text has the form of a signed JSON Web Token, whatever it holds.
pub fn is_token_shaped(text: &str) -> bool {
    // The beginning of every JSON object that opens with a quote, in base64.
    text.starts_with("eyJ") && text.bytes().filter(|byte| *byte == b'.').count() == 2
}

impl BearerVerifier {
    /// A verifier that has asked nobody yet.
    ///
    /// # Errors
    ///
    /// [`OidcError::Setup`] when the issuer's name is no address that may be asked.
    pub fn new(options: BearerOptions, clock: Arc<dyn Clock>) -> Result<Self, OidcError> {
        let (name, algorithms) = (options.issuer.clone(), options.algorithms.clone());
        let issuer = Issuer::new(name, algorithms, options.timeout, Arc::clone(&clock))?;
        Ok(Self { issuer, options, clock, cache: Cache::default() })
    }

    /// Whom `token` is of: what stands behind `Bearer` in the header `Authorization`.
    ///
    /// A token that was verified before is not verified again for a while.
    ///
    /// # Errors
    ///
    /// It is nobody's by [`OidcError::Token`]; nobody knows whose it is by any other.
    ///
    /// Spec: RFC 9068, 4; RFC 6750, 3.1.
    pub async fn verify(&self, token: &str) -> Result<Arc<BearerIdentity>, OidcError> {
        let now = (self.clock.now(), self.clock.elapsed());
        let hash = Cache::hash(token);
        if let Some(identity) = self.cache.find(&hash, now) {
            return Ok(identity);
        }
        let jws = self.issuer.parse(token)?;
        let claims = self.issuer.verify(&jws).await?;
        check_kind(jws.kind.as_deref(), &claims, self.scopes_of(&claims).is_some())?;
        if !claims.is_for(&self.options.audience) {
            return Err(TokenFault::Audience.into());
        }
        let identity = Arc::new(BearerIdentity {
            tenant: self.tenant(&claims)?,
            issuer: self.issuer.name().to_owned(),
            subject: claims.subject()?.to_owned(),
            scopes: self.scopes(&claims),
        });
        let expires = claims.expires().ok_or(TokenFault::Expired)?.saturating_mul(1_000_000);
        let expires = Timestamp::from_unix_micros(expires).saturating_add(LEEWAY);
        self.cache.remember(hash, Arc::clone(&identity), expires, now);
        Ok(identity)
    }

    fn tenant(&self, claims: &Claims) -> Result<TenantId, TokenFault> {
        let name = match &self.options.tenant {
            BearerTenant::Fixed(tenant) => return Ok(*tenant),
            BearerTenant::Claim(name) => name,
        };
        let named = match claims.find(name) {
            Some(Value::String(text)) => text.parse().ok(),
            Some(Value::Number(number)) => number.to_string().parse().ok(),
            Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | None => None,
        };
        named.ok_or(TokenFault::Tenant)
    }

    /// The claim with scopes, if there is any.
    fn scopes_of<'c>(&'c self, claims: &'c Claims) -> Option<&'c str> {
        let names = match &self.options.scope_claim {
            Some(name) => vec![name.as_str()],
            None => vec!["scope", "scp"],
        };
        names.into_iter().find(|name| claims.find(name).is_some())
    }

    /// The scopes of xAPI in a token. All others are for other services, and nobody administers
    /// by what an issuer says of machines.
    fn scopes(&self, claims: &Claims) -> Scopes {
        let Some(name) = self.scopes_of(claims) else { return Scopes::default() };
        let texts = claims.texts(name);
        let words = texts.into_iter().flat_map(str::split_whitespace);
        let names = words.filter_map(|word| word.strip_prefix(&*self.options.scope_prefix));
        let known = names.filter_map(|name| name.parse::<Scope>().ok());
        known.filter(|scope| !scope.administers()).collect()
    }
}

/// Whether the token is an access token that anybody may bring who has it.
///
/// RFC 9068 marks them in the header. Issuers that came before it do not, and their ID tokens
/// must be told apart: those have no scopes, and claims that only they have. Keycloak says in
/// the claim `typ` what a token is.
fn check_kind(kind: Option<&str>, claims: &Claims, has_scopes: bool) -> Result<(), TokenFault> {
    // Bound to a key, of which there is no proof.
    if claims.has("cnf") {
        return Err(TokenFault::Kind);
    }
    let is_access_token = match (kind, claims.text("typ")) {
        (Some("at+jwt"), _) => true,
        (Some("jwt") | None, Some("Bearer")) => has_scopes,
        (Some("jwt") | None, None) => {
            let of_id_tokens = ["nonce", "at_hash", "c_hash"];
            has_scopes && !of_id_tokens.iter().any(|name| claims.has(name))
        }
        (Some("jwt") | None, Some(_)) | (Some(_), _) => false,
    };
    if is_access_token { Ok(()) } else { Err(TokenFault::Kind) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_access_tokens_from_others() {
        let scope = r#"{"scope": "acta:all"}"#;
        let table = [
            (Some("at+jwt"), "{}", true),
            (Some("at+jwt"), scope, true),
            (Some("at+jwt"), r#"{"cnf": {"jkt": "a"}}"#, false),
            (Some("jwt"), scope, true),
            (None, scope, true),
            (None, "{}", false),
            (Some("jwt"), "{}", false),
            (Some("jwt"), r#"{"scope": "acta:all", "typ": "Bearer", "nonce": "a"}"#, true),
            (Some("jwt"), r#"{"scope": "acta:all", "typ": "ID"}"#, false),
            (Some("jwt"), r#"{"scope": "acta:all", "typ": "Refresh"}"#, false),
            (Some("jwt"), r#"{"scope": "acta:all", "nonce": "a"}"#, false),
            (None, r#"{"scope": "acta:all", "at_hash": "a"}"#, false),
            (None, r#"{"scope": "acta:all", "c_hash": "a"}"#, false),
            (Some("logout+jwt"), scope, false),
            (Some("dpop+jwt"), scope, false),
            (Some(""), scope, false),
        ];
        for (kind, text, is_accepted) in table {
            let claims = Claims::parse(text.as_bytes()).unwrap();
            let checked = check_kind(kind, &claims, claims.has("scope"));
            assert_eq!(checked.is_ok(), is_accepted, "kind: {kind:?}, claims: {text}");
        }
    }

    #[test]
    fn tokens_have_a_shape() {
        assert!(is_token_shaped("eyJhbGciOiJSUzI1NiJ9.e30.AAAA"));
        for other in ["", "eyJ", "eyJhbGciOiJSUzI1NiJ9.e30", "abc.e30.AAAA", "eyJ.a.b.c"] {
            assert!(!is_token_shaped(other), "text: {other}");
        }
    }
}
