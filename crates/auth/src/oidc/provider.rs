//! Sign-in of people.

use std::sync::Arc;
use std::time::Duration;

use acta_access::{Role, TenantId};
use acta_ambient::{Clock, Entropy};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use url::form_urlencoded;

use super::claims::{Claims, LEEWAY};
use super::grants::{grants, is_email_verified};
use super::issuer::Issuer;
use super::metadata::{ClientProof, Metadata};
use super::transport::{Answer, Endpoint};
use super::{Algorithm, Callback, FetchError, OidcError, Pending, RoleRule, TokenFault};
use crate::Secret;

/// How long a sign-in may take.
const PENDING_LIFE: Duration = Duration::from_mins(10);

/// Most characters of a name that are used.
const NAME_CHARS_MAX: usize = 200;

/// Longest e-mail address that is used, in bytes (RFC 5321, 4.5.3.1.3, less its angle brackets).
const EMAIL_BYTES_MAX: usize = 254;

/// Most characters of an error code that are reported.
const CODE_CHARS_MAX: usize = 64;

/// The options of a [`Provider`].
#[derive(Clone, Debug)]
pub struct ProviderOptions {
    /// The issuer: an https URL, exactly as in its metadata.
    pub issuer: String,
    /// The client id of this server.
    pub client_id: String,
    /// The client secret; none for a public client.
    pub client_secret: Option<Secret>,
    /// The requested scopes, separated by spaces. Contains `openid`.
    pub scopes: String,
    /// The redirect URI.
    pub redirect_uri: String,
    /// The accepted signature algorithms of ID tokens.
    pub algorithms: Vec<Algorithm>,
    /// The claim whose values give roles.
    pub role_claim: Option<String>,
    /// The role that each value gives.
    pub roles: Vec<RoleRule>,
    /// How long a response of the provider may take.
    pub timeout: Duration,
}

/// Signs people in with one provider.
#[derive(Debug)]
pub struct Provider {
    issuer: Issuer,
    options: ProviderOptions,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

/// A sign-in that was started.
#[derive(Clone, Debug)]
pub struct StartedSignIn {
    /// The URL for the browser.
    pub url: String,
    /// The state to store until the browser comes back.
    pub pending: Pending,
}

/// The person that the provider has authenticated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// The issuer.
    pub issuer: String,
    /// The subject: the issuer's permanent identifier of this person.
    pub subject: String,
    /// An e-mail address, which may later belong to another person.
    pub email: Option<String>,
    /// Whether the issuer has verified the address.
    pub is_email_verified: bool,
    /// A name to show.
    pub name: Option<String>,
    /// The roles that the current claims of the person give.
    pub grants: Vec<(TenantId, Role)>,
}

/// The token response of a provider.
#[derive(Debug, Deserialize)]
struct Tokens {
    id_token: String,
    access_token: Option<String>,
}

/// The error response of a provider.
#[derive(Debug, Deserialize)]
struct Refusal {
    error: String,
}

impl Provider {
    /// A provider that has not been contacted yet.
    ///
    /// # Errors
    ///
    /// [`OidcError::Setup`] when the issuer is not an https URL.
    pub fn new(
        options: ProviderOptions,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, OidcError> {
        let (name, algorithms) = (options.issuer.clone(), options.algorithms.clone());
        let issuer = Issuer::new(name, algorithms, options.timeout, Arc::clone(&clock))?;
        Ok(Self { issuer, options, clock, entropy })
    }

    /// Starts a sign-in.
    ///
    /// # Errors
    ///
    /// [`OidcError::Unavailable`] and [`OidcError::Setup`], when the provider cannot be used.
    ///
    /// Spec: OpenID Connect Core 1.0, 3.1.2.1; RFC 7636, 4.3.
    pub async fn begin(&self) -> Result<StartedSignIn, OidcError> {
        let metadata = self.issuer.metadata().await?;
        let endpoint = wanted(metadata.authorization.as_ref(), "authorization")?;
        let now = self.clock.now();
        let pending = Pending::new(self.issuer.name(), now, &*self.entropy);
        let mut url = endpoint.url().clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.options.client_id)
            .append_pair("redirect_uri", &self.options.redirect_uri)
            .append_pair("scope", &self.options.scopes)
            .append_pair("state", &pending.state)
            .append_pair("nonce", &pending.nonce)
            .append_pair("code_challenge", &pending.challenge())
            .append_pair("code_challenge_method", "S256");
        Ok(StartedSignIn { url: url.into(), pending })
    }

    /// Finishes the sign-in of `pending`. Call it once for each: [`Provider::check`] whether the
    /// callback belongs to it, and make sure that its state is never accepted again, before. A
    /// provider may accept a code twice.
    ///
    /// # Errors
    ///
    /// [`OidcError`]; the sign-in has failed then.
    ///
    /// Spec: OpenID Connect Core 1.0, 3.1.2.5 to 3.1.3.7 and 5.3.2.
    pub async fn finish(
        &self,
        pending: &Pending,
        callback: &Callback,
    ) -> Result<SignedIn, OidcError> {
        self.check(pending, callback)?;
        let metadata = self.issuer.metadata().await?;
        if metadata.names_itself && callback.issuer.is_none() {
            return Err(OidcError::Stale);
        }
        if let Some(error) = &callback.error {
            return Err(OidcError::Declined(code(error)));
        }
        let code = callback.code.as_deref().ok_or(OidcError::Stale)?;
        let tokens = self.exchange(&metadata, code, &pending.verifier).await?;
        let mut claims = self.verify(&tokens.id_token, &pending.nonce).await?;
        if let (true, Some(token)) = (self.lacks(&claims), &tokens.access_token) {
            self.complete(&mut claims, &metadata, token).await?;
        }
        self.signed_in(&claims)
    }

    /// Checks that `callback` belongs to `pending` and is in time. The provider is not contacted.
    ///
    /// # Errors
    ///
    /// [`OidcError::Stale`].
    pub fn check(&self, pending: &Pending, callback: &Callback) -> Result<(), OidcError> {
        let now = self.clock.now();
        // It may have started on a node whose clock is ahead.
        let is_timely = pending.begun <= now.saturating_add(LEEWAY)
            && now < pending.begun.saturating_add(PENDING_LIFE);
        let is_from_issuer =
            callback.issuer.as_ref().is_none_or(|issuer| issuer == self.issuer.name());
        let is_ours = pending.issuer == self.issuer.name() && pending.is_answered_by(callback);
        if is_timely && is_from_issuer && is_ours { Ok(()) } else { Err(OidcError::Stale) }
    }

    /// Exchanges the code for tokens.
    ///
    /// Spec: RFC 6749, 2.3.1, 4.1.3 and 5; RFC 7636, 4.5.
    async fn exchange(
        &self,
        metadata: &Metadata,
        code: &str,
        verifier: &str,
    ) -> Result<Tokens, OidcError> {
        let endpoint = wanted(metadata.token.as_ref(), "token")?;
        let (form, credentials) = self.form(metadata, code, verifier)?;
        let answer = self.issuer.transport.send(endpoint, form, credentials.as_deref()).await;
        tokens(&answer.map_err(unavailable)?)
    }

    /// The form of the token request, and Basic credentials if the provider requires them.
    fn form(
        &self,
        metadata: &Metadata,
        code: &str,
        verifier: &str,
    ) -> Result<(String, Option<String>), OidcError> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", &self.options.redirect_uri)
            .append_pair("code_verifier", verifier);
        let client_id = &self.options.client_id;
        let mut credentials = None;
        match (&self.options.client_secret, metadata.client_proof) {
            (None, _) => {
                form.append_pair("client_id", client_id);
            }
            (Some(secret), ClientProof::Basic) => {
                let pair = format!("{}:{}", encode(client_id), encode(secret.expose()));
                credentials = Some(STANDARD.encode(pair));
            }
            (Some(secret), ClientProof::Form) => {
                form.append_pair("client_id", client_id);
                form.append_pair("client_secret", secret.expose());
            }
            (Some(_), ClientProof::Other) => {
                let reason = "the provider supports no known method for the client secret";
                return Err(OidcError::Setup(reason.to_owned()));
            }
        }
        Ok((form.finish(), credentials))
    }

    /// Spec: OpenID Connect Core 1.0, 3.1.3.7.
    async fn verify(&self, token: &str, nonce: &str) -> Result<Claims, OidcError> {
        let jws = self.issuer.parse(token)?;
        if jws.kind.as_deref().is_some_and(|kind| kind != "jwt") {
            return Err(TokenFault::Kind.into());
        }
        let claims = self.issuer.verify(&jws).await?;
        let client_id = self.options.client_id.as_str();
        let party = claims.text("azp");
        let is_ours = claims.is_for(client_id)
            && (party == Some(client_id) || !claims.has("azp") && claims.texts("aud").len() == 1);
        if !is_ours {
            return Err(TokenFault::Audience.into());
        }
        if claims.text("nonce") != Some(nonce) {
            return Err(TokenFault::Nonce.into());
        }
        if !claims.has("iat") {
            return Err(TokenFault::Malformed.into());
        }
        claims.subject()?;
        Ok(claims)
    }

    /// Whether a required claim is missing from the ID token.
    fn lacks(&self, claims: &Claims) -> bool {
        let role_claim = self.options.role_claim.as_deref();
        let wanted = ["email", "name"].into_iter().chain(role_claim);
        wanted.into_iter().any(|name| claims.find(name).is_none())
    }

    /// Requests the claims that are missing from the ID token.
    ///
    /// Spec: OpenID Connect Core 1.0, 5.3: the response must have the same subject.
    async fn complete(
        &self,
        claims: &mut Claims,
        metadata: &Metadata,
        token: &str,
    ) -> Result<(), OidcError> {
        let Some(endpoint) = &metadata.userinfo else { return Ok(()) };
        let act = "requesting claims";
        let body = self.issuer.transport.find(endpoint, Some(token)).await;
        let body = body.map_err(|source| OidcError::Unavailable { act, source })?;
        // Signed responses are not supported; then only the claims of the ID token are used.
        let Some(more) = Claims::parse(&body) else { return Ok(()) };
        if more.subject()? != claims.subject()? {
            return Err(TokenFault::Subject.into());
        }
        claims.fill(more);
        Ok(())
    }

    fn signed_in(&self, claims: &Claims) -> Result<SignedIn, OidcError> {
        let email = claims.text("email").filter(|email| {
            email.len() <= EMAIL_BYTES_MAX
                && email.contains('@')
                && !email.contains(char::is_control)
        });
        let role_claim = self.options.role_claim.as_deref();
        Ok(SignedIn {
            issuer: self.issuer.name().to_owned(),
            subject: claims.subject()?.to_owned(),
            email: email.map(str::to_owned),
            is_email_verified: email.is_some() && is_email_verified(claims),
            name: name(claims),
            grants: grants(claims, role_claim, &self.options.roles),
        })
    }
}

fn wanted<'m>(endpoint: Option<&'m Endpoint>, name: &str) -> Result<&'m Endpoint, OidcError> {
    endpoint.ok_or_else(|| {
        OidcError::Setup(format!("the metadata of the issuer has no {name} endpoint"))
    })
}

fn unavailable(source: FetchError) -> OidcError {
    OidcError::Unavailable { act: "requesting tokens", source }
}

/// The tokens in a response.
fn tokens(answer: &Answer) -> Result<Tokens, OidcError> {
    if answer.status.is_success() {
        let tokens = serde_json::from_slice(&answer.body);
        return tokens.map_err(|error| unavailable(FetchError::Unreadable(error.to_string())));
    }
    let status = unavailable(FetchError::Status(answer.status.as_u16()));
    if !answer.status.is_client_error() {
        return Err(status);
    }
    let Ok(Refusal { error }) = serde_json::from_slice(&answer.body) else { return Err(status) };
    match error.as_str() {
        // The code is wrong, expired or was used before.
        "invalid_grant" => Err(OidcError::Stale),
        _ => Err(OidcError::Setup(format!("the token request was refused: {}", code(&error)))),
    }
}

/// An error code for output and logs.
///
/// Spec: RFC 6749, 4.1.2.1.
fn code(text: &str) -> String {
    let shown = text.chars().filter(|c| c.is_ascii_alphanumeric() || "_-.".contains(*c));
    shown.take(CODE_CHARS_MAX).collect()
}

fn encode(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// A display name, without control characters.
fn name(claims: &Claims) -> Option<String> {
    let text = |name| claims.text(name).map(str::trim).filter(|text| !text.is_empty());
    let parts = || {
        let parts: Vec<&str> = ["given_name", "family_name"].into_iter().filter_map(text).collect();
        if parts.is_empty() { None } else { Some(parts.join(" ")) }
    };
    let name = text("name").map(str::to_owned).or_else(parts);
    let name = name.or_else(|| text("preferred_username").map(str::to_owned))?;
    Some(name.chars().filter(|c| !c.is_control()).take(NAME_CHARS_MAX).collect())
}
