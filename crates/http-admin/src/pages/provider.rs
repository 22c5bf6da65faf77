//! Signing in at an identity provider: `/signin/begin` sends the browser there, and
//! `/signin/oidc` takes it back.
//!
//! What is kept meanwhile is in a sealed cookie of the browser, so that any node can finish
//! what another has begun, and only that browser can.

use std::time::Duration;

use acta_admin::{AdminError, Requester};
use acta_auth::oidc::{Callback, OidcError, Pending};
use acta_http::edge::{ClientAddress, FromParams, Params, Query};
use acta_http::problem::Problem;
use acta_storage::directory::Session;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use hyper::header::{HeaderMap, HeaderValue, LOCATION, SET_COOKIE};
use hyper::{StatusCode, header};
use maud::{Markup, html};

use crate::caller::Visitor;
use crate::cookie;
use crate::problem::{self, AdminProblem};
use crate::state::{Shared, SignInProvider};

impl SignInProvider {
    /// The link that leads to the provider.
    pub(super) fn link(&self) -> Markup {
        html! { p { a href=(BEGIN_PATH) { (self.label) } } }
    }

    /// The link by which who has signed in connects the account.
    pub(super) fn connection(&self, shared: &Shared, session: &Session) -> Markup {
        let expires = shared.http.clock.now().saturating_add(CONNECT_MAX);
        // An id is short.
        let sealed = shared.sealer.seal(CONNECT_PURPOSE, session.id.as_bytes(), expires).ok();
        html! {
            @if let Some(sealed) = sealed {
                p {
                    a href={ (BEGIN_PATH) "?connect=" (sealed.expose()) } {
                        "Connect: " (self.label)
                    }
                }
            }
        }
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

/// What the link that connects an account is sealed for.
const CONNECT_PURPOSE: &str = "oidc-connect";

/// How long that link is good for.
const CONNECT_MAX: Duration = Duration::from_hours(1);

/// What the browser is sent to the provider for.
#[derive(Debug)]
pub(super) struct BeginParams {
    /// The sealed id of a session whose account is to be connected; none to sign in.
    connect: Option<String>,
}

impl FromParams for BeginParams {
    fn from_params(params: &mut Params) -> Option<Self> {
        Some(Self { connect: params.text("connect") })
    }
}

fn provider(shared: &Shared) -> Result<&SignInProvider, Problem> {
    shared.provider.as_ref().ok_or_else(Problem::not_found)
}

/// Sends the browser to the provider. An account is connected only from its page: whoever leads
/// a browser here may have signed it in as somebody else there.
pub(super) async fn begin(
    State(shared): State<Shared>,
    Visitor(visitor): Visitor,
    Query(params): Query<BeginParams>,
) -> Result<Response, AdminProblem> {
    let SignInProvider { provider, .. } = provider(&shared)?;
    let session = match &params.connect {
        Some(sealed) => {
            let opened = shared.sealer.open(CONNECT_PURPOSE, sealed, shared.http.clock.now());
            let session = opened.ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let own = session.filter(|session| is_of(visitor.as_ref(), session));
            own.ok_or_else(|| {
                let detail = "the page has expired; open your account page again";
                Problem::new(StatusCode::FORBIDDEN, "csrf-token", detail)
            })?
        }
        None => String::new(),
    };
    let begun = provider.begin().await?;
    let expires = shared.http.clock.now().saturating_add(SIGN_IN_MAX);
    let text = format!("{session} {}", begun.pending.encode());
    let sealed = shared.sealer.seal(PURPOSE, text.as_bytes(), expires);
    let sealed = sealed.map_err(|_too_long| Problem::internal())?;
    Ok(redirect(&begun.url, [set(&shared, sealed.expose(), SIGN_IN_MAX)]))
}

/// Whether the session of `visitor` is the one with this id.
fn is_of(visitor: Option<&Requester>, session: &str) -> bool {
    visitor.and_then(Requester::session).is_some_and(|own| own.id == session)
}

/// Takes the browser back: signs somebody in or, if it was sent for that, connects the account
/// of who has signed in.
pub(super) async fn finish(
    State(shared): State<Shared>,
    Visitor(visitor): Visitor,
    address: ClientAddress,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, AdminProblem> {
    let SignInProvider { provider, newcomers, .. } = provider(&shared)?;
    let callback = Callback::parse(&query.unwrap_or_default()).ok_or(OidcError::Stale)?;
    let kept = cookie::find(&headers, COOKIE).ok_or(OidcError::Stale)?;
    let (session, pending) = open(&shared, &kept).ok_or(OidcError::Stale)?;
    let owner = visitor.filter(|requester| is_of(Some(requester), &session));
    if owner.is_none() && !session.is_empty() {
        return Err(OidcError::Stale.into());
    }
    let signed_in = provider.finish(&pending, &callback).await?;
    let forget = set(&shared, "", Duration::ZERO);
    if let Some(requester) = owner {
        shared.admin.connect(&requester, &signed_in).await?;
        return Ok(redirect(ARRIVAL_PATH, [forget]));
    }
    let from = address.to_string();
    let entered = shared.admin.sign_in_provided(&signed_in, &from, *newcomers).await;
    let entered = entered.map_err(|error| -> AdminProblem {
        if matches!(error, AdminError::NotSignedIn) {
            problem::unknown_to_us().into()
        } else {
            error.into()
        }
    })?;
    let session = cookie::begin(&shared, entered.token.expose());
    Ok(redirect(ARRIVAL_PATH, [forget, session]))
}

/// The session that is to be connected, or none, and the sign-in.
fn open(shared: &Shared, text: &str) -> Option<(String, Pending)> {
    let opened = shared.sealer.open(PURPOSE, text, shared.http.clock.now()).ok()?;
    let text = String::from_utf8(opened).ok()?;
    let (session, pending) = text.split_once(' ')?;
    Some((session.to_owned(), Pending::decode(pending)?))
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
