//! Signing in at an identity provider: `/signin/begin` sends the browser there, and
//! `/signin/oidc` takes it back.
//!
//! What is kept meanwhile is in a sealed cookie of the browser, so that any node can finish
//! what another has begun, and only that browser can.

use std::sync::Arc;
use std::time::Duration;

use acta_admin::{AdminError, NewcomerRule};
use acta_auth::oidc::{Callback, OidcError, Pending, Provider};
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use hyper::header::{HeaderMap, HeaderValue, LOCATION, SET_COOKIE};
use hyper::{StatusCode, header};

use crate::Shared;
use crate::admin::Visitor;
use crate::app::App;
use crate::edge::ClientAddress;
use crate::edge::cookie;
use crate::pages::markup::Markup;
use crate::problem::Problem;

/// The provider at which people sign in.
#[derive(Clone, Debug)]
pub struct SignInProvider {
    /// What speaks with it.
    pub provider: Arc<Provider>,
    /// What the button says.
    pub label: String,
    /// Whether somebody whom it gives a role gets an account.
    pub newcomers: NewcomerRule,
}

impl SignInProvider {
    /// Appends the link that leads to the provider.
    pub(super) fn write_link(&self, content: &mut Markup, before: &str) {
        content.raw("<p><a href=\"").text(BEGIN_PATH).raw("\">");
        content.text(before).text(&self.label).raw("</a></p>\n");
    }
}

/// Where browsers are sent to it from.
pub(super) const BEGIN_PATH: &str = "/signin/begin";

/// Where they come back.
pub(super) const CALLBACK_PATH: &str = "/signin/oidc";

/// Where they go then.
const ARRIVAL_PATH: &str = "/account";

/// The cookie that keeps what is kept meanwhile.
const COOKIE: &str = "acta-oidc";

/// How long somebody may take to sign in.
const SIGN_IN_MAX: Duration = Duration::from_mins(15);

/// What the cookie is sealed for.
const PURPOSE: &str = "oidc-sign-in";

fn provider(shared: &Shared) -> Result<&SignInProvider, Problem> {
    shared.provider.as_ref().ok_or_else(Problem::not_found)
}

/// Sends the browser to the provider.
pub(super) async fn begin(State(shared): State<Shared>) -> Result<Response, Problem> {
    let begun = provider(&shared)?.provider.begin().await?;
    let expires = shared.clock.now().saturating_add(SIGN_IN_MAX);
    let text = begun.pending.encode();
    let sealed = shared.sealer.seal(PURPOSE, text.as_bytes(), expires);
    let sealed = sealed.map_err(|_too_long| Problem::internal())?;
    Ok(redirect(&begun.url, [set(&shared, sealed.expose(), SIGN_IN_MAX)]))
}

/// Takes the browser back: signs somebody in or, where somebody has signed in, connects them.
pub(super) async fn finish(
    State(shared): State<Shared>,
    Visitor(visitor): Visitor,
    address: ClientAddress,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let SignInProvider { provider, newcomers, .. } = provider(&shared)?;
    let callback = Callback::parse(&query.unwrap_or_default()).ok_or(OidcError::Stale)?;
    let kept = cookie::find(&headers, COOKIE).ok_or(OidcError::Stale)?;
    let pending = open(&shared, &kept).ok_or(OidcError::Stale)?;
    let signed_in = provider.finish(&pending, &callback).await?;
    let forget = set(&shared, "", Duration::ZERO);
    if let Some(asker) = visitor.filter(|asker| asker.session().is_some()) {
        shared.admin.connect(&asker, &signed_in).await?;
        return Ok(redirect(ARRIVAL_PATH, [forget]));
    }
    let from = address.to_string();
    let entered = shared.admin.sign_in_provided(&signed_in, &from, *newcomers).await;
    let entered = entered.map_err(|error| {
        if matches!(error, AdminError::NotSignedIn) {
            Problem::unknown_to_us()
        } else {
            error.into()
        }
    })?;
    let session = cookie::begin(&shared, entered.token.expose());
    Ok(redirect(ARRIVAL_PATH, [forget, session]))
}

fn open(shared: &Shared, text: &str) -> Option<Pending> {
    let opened = shared.sealer.open(PURPOSE, text, shared.clock.now()).ok()?;
    Pending::decode(&String::from_utf8(opened).ok()?)
}

/// Sends a browser on, with cookies.
fn redirect<const N: usize>(to: &str, cookies: [Option<HeaderValue>; N]) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    if let Ok(to) = HeaderValue::try_from(to) {
        headers.insert(LOCATION, to);
    }
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    for cookie in cookies.into_iter().flatten() {
        headers.append(SET_COOKIE, cookie);
    }
    response
}

fn set(shared: &Shared, value: &str, age: Duration) -> Option<HeaderValue> {
    let secure = if cookie::is_secure(shared) { "; Secure" } else { "" };
    let age = age.as_secs();
    let text =
        format!("{COOKIE}={value}; Path=/signin; HttpOnly; SameSite=Lax; Max-Age={age}{secure}");
    let mut value = HeaderValue::try_from(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

impl From<OidcError> for Problem {
    fn from(error: OidcError) -> Self {
        let cause: &dyn std::error::Error = &error;
        match &error {
            OidcError::Unavailable { .. } => {
                tracing::warn!(error = cause, "nobody can sign in at the identity provider");
                Self::busy(App::BUSY_RETRY_AFTER)
            }
            OidcError::Setup(_) => {
                tracing::error!(error = cause, "nobody can sign in at the identity provider");
                Self::internal()
            }
            OidcError::Declined(_) | OidcError::Stale | OidcError::Token(_) => {
                tracing::info!(error = cause, "a sign-in at the identity provider came to nothing");
                Self::sign_in_failed(&error.to_string())
            }
        }
    }
}
