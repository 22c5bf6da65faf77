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

/// The options of a [`BearerVerifier`].
#[derive(Clone, Debug)]
pub struct BearerOptions {
    /// The issuer: an https URL, exactly as in its metadata.
    pub issuer: String,
    /// The audience of tokens for this server.
    pub audience: String,
    /// The accepted signature algorithms.
    pub algorithms: Vec<Algorithm>,
    /// The tenant of tokens.
    pub tenant: BearerTenant,
    /// The claim with scopes; if unset, `scope` or else `scp`.
    pub scope_claim: Option<String>,
    /// The prefix of scopes, such as `acta:` in `acta:statements/read`.
    pub scope_prefix: String,
    /// How long a response of the issuer may take.
    pub timeout: Duration,
}

/// The tenant of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BearerTenant {
    /// Always this tenant.
    Fixed(TenantId),
    /// The tenant whose id is in this claim.
    Claim(String),
}

/// The identity in an access token, and its scopes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BearerIdentity {
    /// The tenant, which may not exist.
    pub tenant: TenantId,
    /// The issuer of the token.
    pub issuer: String,
    /// The subject: unique within the issuer.
    pub subject: String,
    /// Its xAPI scopes.
    pub scopes: Scopes,
}

impl BearerIdentity {
    /// A name that is unique among all issuers, such as `https://id.example.org subject`.
    pub fn name(&self) -> String {
        format!("{} {}", self.issuer, self.subject)
    }
}

/// Verifies access tokens of one issuer that are JSON Web Tokens.
#[derive(Debug)]
pub struct BearerVerifier {
    issuer: Issuer,
    options: BearerOptions,
    clock: Arc<dyn Clock>,
    cache: Cache,
}

/// Whether a text has the form of a signed JSON Web Token.
pub fn is_token_shaped(text: &str) -> bool {
    // The beginning of every JSON object that opens with a quote, in base64.
    text.starts_with("eyJ") && text.bytes().filter(|byte| *byte == b'.').count() == 2
}

impl BearerVerifier {
    /// A verifier that has not contacted its issuer yet.
    ///
    /// # Errors
    ///
    /// [`OidcError::Setup`] when the issuer is not an https URL.
    pub fn new(options: BearerOptions, clock: Arc<dyn Clock>) -> Result<Self, OidcError> {
        let (name, algorithms) = (options.issuer.clone(), options.algorithms.clone());
        let issuer = Issuer::new(name, algorithms, options.timeout, Arc::clone(&clock))?;
        Ok(Self { issuer, options, clock, cache: Cache::default() })
    }

    /// Verifies `token`, the value after `Bearer` in the header `Authorization`.
    ///
    /// A verified token is cached for a limited time.
    ///
    /// # Errors
    ///
    /// [`OidcError::Token`] if it is not valid; any other error if it could not be verified.
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

    /// The claim with scopes, if there is one.
    fn scopes_of<'c>(&'c self, claims: &'c Claims) -> Option<&'c str> {
        let names = match &self.options.scope_claim {
            Some(name) => vec![name.as_str()],
            None => vec!["scope", "scp"],
        };
        names.into_iter().find(|name| claims.find(name).is_some())
    }

    /// The xAPI scopes in a token. Others are for other services, and scopes for administration are
    /// not accepted from an issuer.
    fn scopes(&self, claims: &Claims) -> Scopes {
        let Some(name) = self.scopes_of(claims) else { return Scopes::default() };
        let texts = claims.texts(name);
        let words = texts.into_iter().flat_map(str::split_whitespace);
        let names = words.filter_map(|word| word.strip_prefix(&*self.options.scope_prefix));
        let known = names.filter_map(|name| name.parse::<Scope>().ok());
        known.filter(|scope| !scope.administers()).collect()
    }
}

/// Checks that the token is an access token for any bearer.
///
/// RFC 9068 marks them in the header. Older issuers do not, and their ID tokens must be
/// distinguished: those have no scopes, and claims of their own. Keycloak has the type of a token
/// in the claim `typ`.
fn check_kind(kind: Option<&str>, claims: &Claims, has_scopes: bool) -> Result<(), TokenFault> {
    // Bound to a key, without proof of possession.
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
    fn distinguishes_access_tokens_from_others() {
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
