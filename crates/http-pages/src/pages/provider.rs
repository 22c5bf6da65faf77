//! Sign-in with an identity provider: `/signin/begin` redirects the browser to it, and
//! `/signin/oidc` is the redirect URI.
//!
//! The state of the sign-in is in a sealed cookie, so that any node can finish it, and only the
//! same browser can.

use std::time::Duration;

use acta_admin::{AdminError, Requester};
use acta_auth::oidc::{Callback, OidcError, Pending};
use acta_http::edge::{ClientAddress, FromParams, Params, Query};
use acta_http::problem::Problem;
use acta_http_admin::cookie::{self, NewCookie};
use acta_http_admin::{AdminProblem, Shared, SignInProvider, Visitor, unknown_to_us};
use acta_storage::directory::Session;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use hyper::header::{HeaderMap, HeaderValue, LOCATION, SET_COOKIE};
use hyper::{StatusCode, header};
use maud::{Markup, html};

use super::shell::CONSOLE_PATH;

/// The link to the provider.
pub(super) fn link(provider: &SignInProvider) -> Markup {
    html! { p { a href=(BEGIN_PATH) { (provider.label) } } }
}

/// The link that connects the account of the session with the provider.
pub(super) fn connection(provider: &SignInProvider, shared: &Shared, session: &Session) -> Markup {
    let expires = shared.http.clock.now().saturating_add(CONNECT_MAX);
    // An id is short enough to be sealed.
    let sealed = shared.sealer.seal(CONNECT_PURPOSE, session.id.as_bytes(), expires).ok();
    html! {
        @if let Some(sealed) = sealed {
            p {
                a href={ (BEGIN_PATH) "?connect=" (sealed.expose()) } {
                    "Connect: " (provider.label)
                }
            }
        }
    }
}

/// The path that redirects to the provider.
pub(super) const BEGIN_PATH: &str = "/signin/begin";

/// The redirect URI.
pub(super) const CALLBACK_PATH: &str = "/signin/oidc";

/// The page from which an account is connected.
const ACCOUNT_PATH: &str = "/account";

/// The cookie with the state of the sign-in.
const COOKIE: &str = "acta-oidc";

/// How long a sign-in may take.
const SIGN_IN_MAX: Duration = Duration::from_mins(15);

/// The purpose of the sealed cookie.
const PURPOSE: &str = "oidc-sign-in";

/// The purpose of the sealed link that connects an account.
const CONNECT_PURPOSE: &str = "oidc-connect";

/// How long that link is valid.
const CONNECT_MAX: Duration = Duration::from_hours(1);

/// The parameters of the redirect to the provider.
#[derive(Debug)]
pub(super) struct BeginParams {
    /// The sealed id of the session whose account is to be connected; none for a sign-in.
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

/// Redirects the browser to the provider. An account is connected only from its own page: another
/// page could have signed the browser in at the provider as somebody else.
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

/// Whether the session of `visitor` has this id.
fn is_of(visitor: Option<&Requester>, session: &str) -> bool {
    visitor.and_then(Requester::session).is_some_and(|own| own.id == session)
}

/// Handles the response of the provider: signs the person in, or connects the account of the
/// session.
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
    provider.check(&pending, &callback)?;
    let from = address.to_string();
    // Before the exchange, so that of two returns at the same time only one comes to it.
    let used = shared.admin.use_up_state(pending.state(), SIGN_IN_MAX, &from).await;
    let used = used.map_err(|error| -> AdminProblem {
        if matches!(error, AdminError::Stale) { OidcError::Stale.into() } else { error.into() }
    })?;
    let signed_in = provider.finish(&pending, &callback).await?;
    used.succeed();
    let forget = set(&shared, "", Duration::ZERO);
    if let Some(requester) = owner {
        shared.admin.connect(&requester, &signed_in).await?;
        return Ok(redirect(ACCOUNT_PATH, [forget]));
    }
    let entered = shared.admin.sign_in_provided(&signed_in, &from, *newcomers).await;
    let entered = entered.map_err(|error| -> AdminProblem {
        if matches!(error, AdminError::NotSignedIn) { unknown_to_us().into() } else { error.into() }
    })?;
    let session = cookie::begin(&shared, entered.token.expose());
    Ok(redirect(CONSOLE_PATH, [forget, session]))
}

/// The session to be connected, if any, and the state of the sign-in.
fn open(shared: &Shared, text: &str) -> Option<(String, Pending)> {
    let opened = shared.sealer.open(PURPOSE, text, shared.http.clock.now()).ok()?;
    let text = String::from_utf8(opened).ok()?;
    let (session, pending) = text.split_once(' ')?;
    Some((session.to_owned(), Pending::decode(pending)?))
}

/// Redirects a browser, with cookies.
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
    let kept = NewCookie { name: COOKIE, value, path: "/signin", age_max: Some(age) };
    kept.to_header(cookie::is_secure(shared))
}
