//! The requester of the admin API, and the admission of requests.

use std::convert::Infallible;

use acta_access::{Denied, Principal, TenantId};
use acta_admin::{AdminError, Requester};
use acta_auth::{AuthError, AuthInstant, Secret, StreamReader};
use acta_http::edge::{ClientAddress, decode};
use acta_http::problem::Problem;
use acta_http::route::{Gate, Sender};
use acta_http::{Local, Party};
use axum::extract::{FromRequestParts, Request};
use hyper::header::{AUTHORIZATION, COOKIE, HOST, HeaderName, HeaderValue, ORIGIN};
use hyper::http::Extensions;
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method};

use crate::cookie;
use crate::problem::{self, AdminProblem};
use crate::state::Shared;

/// The authenticated requester, determined before a request reaches its handler.
#[derive(Clone, Debug)]
pub(crate) struct Administrator(pub(crate) Requester);

impl<S: Sync> FromRequestParts<S> for Administrator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // On routes without required authentication there may be none.
        parts.extensions.get().cloned().ok_or_else(problem::signed_out)
    }
}

/// The requester, if the request is authenticated.
#[derive(Clone, Debug)]
pub struct Visitor(pub Option<Requester>);

impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.extensions.get::<Administrator>().map(|found| found.0.clone())))
    }
}

/// The header with which browsers send the origin of a request.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The header that proves that a page of this server has made the request.
pub(crate) const CSRF_HEADER: HeaderName = HeaderName::from_static("x-csrf-token");

/// What a request was authenticated with, for [`confirm`].
#[derive(Clone, Debug)]
enum Evidence {
    /// The header `Authorization`, with the rights that it had.
    Header { authorization: HeaderValue, principal: Box<Principal>, moment: AuthInstant },
    /// The token of a session, and whether its account was an operator.
    Session { token: Secret, from: String, is_operator: bool },
    /// A stream token for a tenant, with the rights that it had. A session is in the requester.
    Stream { tenant: TenantId, credential: Option<(String, Box<Principal>)> },
}

/// The requester of an event stream, whose rights are determined again and again.
#[derive(Clone, Debug)]
pub(crate) struct StreamRequester {
    pub(crate) requester: Requester,
    evidence: Option<Evidence>,
}

impl StreamRequester {
    /// The requester of a request that was admitted.
    ///
    /// # Errors
    ///
    /// 401 if it is not authenticated.
    pub(crate) fn of(extensions: &Extensions) -> Result<Self, Problem> {
        let Administrator(requester) = extensions.get().cloned().ok_or_else(problem::signed_out)?;
        Ok(Self { requester, evidence: extensions.get().cloned() })
    }

    /// Refuses a stream token of another tenant.
    ///
    /// # Errors
    ///
    /// 401.
    pub(crate) fn check_tenant(&self, opened: TenantId) -> Result<(), Problem> {
        match &self.evidence {
            Some(Evidence::Stream { tenant, .. }) if *tenant != opened => {
                Err(problem::without_window(AuthError::Refused.into()))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Whether a stream token authenticates it.
    pub(crate) fn has_token(&self) -> bool {
        matches!(self.evidence, Some(Evidence::Stream { .. }))
    }

    /// The requester with its present rights. It does not count as a use of its session.
    ///
    /// # Errors
    ///
    /// As [`confirm`].
    pub(crate) async fn renew(&self, shared: &Shared) -> Result<Requester, Problem> {
        match &self.evidence {
            Some(Evidence::Header { authorization, principal, moment }) => {
                let known = (&**principal, *moment);
                let authenticator = &shared.http.authenticator;
                let confirmed = authenticator.confirm(authorization.as_bytes(), known).await;
                confirmed.map_err(|error| problem::without_window(error.into()))?;
            }
            Some(Evidence::Stream { credential: Some((key, principal)), .. }) => {
                let found = shared.http.authenticator.identify_credential(key).await;
                let found = found.map_err(|error| problem::without_window(error.into()))?;
                if found.principal != **principal {
                    return Err(problem::without_window(AuthError::Refused.into()));
                }
            }
            Some(Evidence::Session { .. } | Evidence::Stream { credential: None, .. }) => {
                let session = self.requester.session().ok_or_else(problem::signed_out)?;
                return find_open_session(shared, &session.id, self.requester.from()).await;
            }
            None => {}
        }
        Ok(self.requester.clone())
    }
}

async fn find_open_session(shared: &Shared, id: &str, from: &str) -> Result<Requester, Problem> {
    match shared.admin.find_open_session(id, from).await {
        Ok(requester) => Ok(requester),
        Err(AdminError::NotSignedIn) => Err(problem::signed_out()),
        Err(error) => Err(AdminProblem::from(error).into()),
    }
}

/// Confirms that a request still has the rights with which it was admitted. To be called when its
/// body has arrived, which may take long: the credential may have been removed, or the session
/// ended, meanwhile. Roles in tenants are read later, by each act.
///
/// # Errors
///
/// 401, or 403 if the tenant of a credential was suspended.
pub async fn confirm(shared: &Shared, extensions: &Extensions) -> Result<(), Problem> {
    match extensions.get::<Evidence>() {
        // Streams are read: there is no body.
        None | Some(Evidence::Stream { .. }) => Ok(()),
        Some(Evidence::Header { authorization, principal, moment }) => {
            let known = (&**principal, *moment);
            let confirmed =
                shared.http.authenticator.confirm(authorization.as_bytes(), known).await;
            confirmed.map_err(|error| problem::without_window(error.into()))
        }
        Some(Evidence::Session { token, from, is_operator }) => {
            match shared.admin.find_session(token.expose(), from).await {
                Ok(now) if now.is_operator() == *is_operator => Ok(()),
                Ok(_) | Err(AdminError::NotSignedIn) => Err(problem::signed_out()),
                Err(error) => Err(AdminProblem::from(error).into()),
            }
        }
    }
}

/// Admits or refuses a request before its body is read, and passes the requester to the handler.
///
/// # Errors
///
/// 403 for a change from a page of another origin, 401 when `gate` requires authentication and
/// there is none.
pub async fn admit(shared: &Shared, request: &mut Request, gate: Gate) -> Result<Sender, Problem> {
    check_site(request.method(), request.headers(), gate)?;
    let client = request.extensions().get::<ClientAddress>();
    let from = client.map(ToString::to_string).unwrap_or_default();
    let is_local = request.extensions().get::<Local>().is_some();
    let identified = if is_local {
        Some((Requester::machine(), None))
    } else {
        match stream_token_of(request, gate) {
            Some(token) => {
                Some(identify_by_token(shared, request.headers(), (&token, from)).await?)
            }
            None => identify(shared, request.headers(), (gate, from)).await?,
        }
    };
    let (requester, evidence) = identified.unzip();
    if let Some(evidence) = evidence.flatten() {
        request.extensions_mut().insert(evidence);
    }
    if gate.needs_authentication()
        && let Some(requester) = &requester
        && requester.session().is_some()
    {
        check_csrf(shared, request, requester)?;
    }
    let Some(requester) = requester else {
        return if gate.needs_authentication() {
            Err(problem::signed_out())
        } else {
            Ok(Sender::Anonymous)
        };
    };
    let party = party_of(&requester);
    request.extensions_mut().insert(Administrator(requester));
    Ok(Sender::Authenticated(party))
}

/// Whom requests of a requester are counted for.
fn party_of(requester: &Requester) -> Party {
    if let Some(account) = requester.account() {
        return Party::Account(account.id.as_u128());
    }
    let tenant = requester.confined_to();
    tenant.map_or(Party::Operator, |tenant| Party::of_tenant(tenant, requester.who()))
}

async fn identify(
    shared: &Shared,
    headers: &HeaderMap,
    (gate, from): (Gate, String),
) -> Result<Option<(Requester, Option<Evidence>)>, Problem> {
    if let Some(authorization) = headers.get(AUTHORIZATION) {
        let authenticator = &shared.http.authenticator;
        let moment = authenticator.moment();
        let found = authenticator.authenticate(Some(authorization.as_bytes())).await;
        let found = found.map_err(|error| problem::without_window(error.into()))?;
        let origin = headers.get(ORIGIN).map(|origin| origin.to_str().unwrap_or_default());
        found.principal.restrictions.permit_origin(origin).map_err(Denied::from)?;
        shared.http.service.quotas().take_request(&found.tenant)?;
        let mut authorization = authorization.clone();
        authorization.set_sensitive(true);
        let principal = Box::new(found.principal.clone());
        let evidence = Evidence::Header { authorization, principal, moment };
        let requester = Requester::credential(found.principal, found.who, from);
        return Ok(Some((requester, Some(evidence))));
    }
    let Some(token) = cookie::find_session(shared, headers) else { return Ok(None) };
    match shared.admin.find_session(&token, &from).await {
        Ok(requester) => {
            let (token, is_operator) = (Secret::new(token), requester.is_operator());
            let evidence = Evidence::Session { token, from, is_operator };
            Ok(Some((requester, Some(evidence))))
        }
        // Where authentication is not required, an expired cookie is ignored.
        Err(AdminError::NotSignedIn) if !gate.needs_authentication() => Ok(None),
        Err(AdminError::NotSignedIn) => Err(problem::signed_out()),
        Err(error) => Err(AdminProblem::from(error).into()),
    }
}

/// The stream token in the address of an event stream, unless a header authenticates the request.
fn stream_token_of(request: &Request, gate: Gate) -> Option<String> {
    if gate != Gate::Stream || request.headers().contains_key(AUTHORIZATION) {
        return None;
    }
    let mut pairs = request.uri().query()?.split('&');
    let token = pairs.find_map(|pair| pair.strip_prefix("token="))?;
    Some(decode(token)?.into_owned())
}

/// Identifies the requester for whom a stream token was issued.
async fn identify_by_token(
    shared: &Shared,
    headers: &HeaderMap,
    (token, from): (&str, String),
) -> Result<(Requester, Option<Evidence>), Problem> {
    let refuse = |error: AuthError| problem::without_window(error.into());
    let authenticator = &shared.http.authenticator;
    let claims = authenticator.open_stream_token(token).map_err(refuse)?;
    let tenant = claims.tenant;
    match claims.reader {
        StreamReader::Session(id) => {
            let requester = find_open_session(shared, &id, &from).await?;
            Ok((requester, Some(Evidence::Stream { tenant, credential: None })))
        }
        StreamReader::Credential(key) => {
            let found = authenticator.identify_credential(&key).await.map_err(refuse)?;
            let origin = headers.get(ORIGIN).map(|origin| origin.to_str().unwrap_or_default());
            found.principal.restrictions.permit_origin(origin).map_err(Denied::from)?;
            shared.http.service.quotas().take_request(&found.tenant)?;
            let credential = Some((key, Box::new(found.principal.clone())));
            let requester = Requester::credential(found.principal, found.who, from);
            Ok((requester, Some(Evidence::Stream { tenant, credential })))
        }
    }
}

/// Refuses a change with a session but without its CSRF token, which pages of other origins do not
/// know.
///
/// Spec: OWASP ASVS 5.0, 3.5.1.
fn check_csrf(shared: &Shared, request: &Request, requester: &Requester) -> Result<(), Problem> {
    if is_reading(request.method()) {
        return Ok(());
    }
    check_csrf_header(shared, request.headers(), requester)
}

/// The same for every request of a route that also serves unauthenticated requests.
pub(crate) fn check_csrf_header(
    shared: &Shared,
    headers: &HeaderMap,
    requester: &Requester,
) -> Result<(), Problem> {
    let presented = headers.get(CSRF_HEADER).and_then(|token| token.to_str().ok());
    if requester.session().is_none()
        || is_csrf_token(shared, requester, presented.unwrap_or_default())
    {
        return Ok(());
    }
    Err(problem::without_csrf_token())
}

/// Whether the method is safe.
pub(crate) fn is_reading(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::OPTIONS].contains(method)
}

/// Whether the text is the CSRF token of the requester's session.
pub fn is_csrf_token(shared: &Shared, requester: &Requester, presented: &str) -> bool {
    requester.session().is_some_and(|session| shared.csrf.check(&session.id, presented))
}

/// Refuses a change that a page of another origin may have made a browser send with the cookie of a
/// session. On routes that sign people in, it is refused even without a cookie, so that no other
/// page can sign anybody in.
///
/// Spec: OWASP ASVS 5.0, 3.5.1; Fetch Metadata Request Headers, 2.3.
fn check_site(method: &Method, headers: &HeaderMap, gate: Gate) -> Result<(), Problem> {
    let names_origin = headers.contains_key(FETCH_SITE) || headers.contains_key(ORIGIN);
    let matters = headers.contains_key(COOKIE) || (gate == Gate::Guest && names_origin);
    if is_reading(method) || !matters || is_same_origin(headers) {
        return Ok(());
    }
    Err(problem::foreign_page())
}

fn is_same_origin(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get(FETCH_SITE) {
        return site == "same-origin";
    }
    let text = |name| headers.get(name).map(HeaderValue::to_str);
    let (Some(Ok(origin)), Some(Ok(host))) = (text(ORIGIN), text(HOST)) else { return false };
    let authority = origin.split_once("://").map_or("", |(_, authority)| authority);
    !host.is_empty() && authority.eq_ignore_ascii_case(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The method, the headers, and whether the request is admitted.
    type Row = (Method, &'static [(&'static str, &'static str)], bool);

    #[track_caller]
    fn check(gate: Gate, (method, sent, expected): Row) {
        let mut headers = HeaderMap::new();
        for (name, value) in sent {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let checked = check_site(&method, &headers, gate);
        assert_eq!(checked.is_ok(), expected, "{method} {gate:?} {sent:?}");
    }

    #[test]
    fn only_pages_of_this_server_change_things_with_a_cookie() {
        const COOKIE: (&str, &str) = ("cookie", "a=b");
        const HOST: (&str, &str) = ("host", "acta.example:8443");
        let table: [Row; 15] = [
            (Method::GET, &[COOKIE, ("sec-fetch-site", "cross-site")], true),
            (Method::POST, &[], true),
            (Method::POST, &[("origin", "https://evil.example")], true),
            (Method::POST, &[COOKIE], false),
            (Method::POST, &[COOKIE, HOST], false),
            (Method::POST, &[COOKIE, ("sec-fetch-site", "same-origin")], true),
            (Method::POST, &[COOKIE, ("sec-fetch-site", "same-site")], false),
            (Method::DELETE, &[COOKIE, ("sec-fetch-site", "cross-site")], false),
            (Method::PATCH, &[COOKIE, ("sec-fetch-site", "none")], false),
            (Method::POST, &[COOKIE, HOST, ("origin", "https://acta.example:8443")], true),
            (Method::POST, &[COOKIE, HOST, ("origin", "https://ACTA.example:8443")], true),
            (Method::POST, &[COOKIE, HOST, ("origin", "https://acta.example")], false),
            (Method::POST, &[COOKIE, HOST, ("origin", "https://evil.example:8443")], false),
            (Method::POST, &[COOKIE, HOST, ("origin", "null")], false),
            (Method::POST, &[COOKIE, ("host", ""), ("origin", "null")], false),
        ];
        for row in table {
            check(Gate::Authenticated, row);
        }
    }

    #[test]
    fn no_page_of_another_origin_signs_a_guest_in() {
        let table: [Row; 6] = [
            (Method::POST, &[], true),
            (Method::POST, &[("sec-fetch-site", "same-origin")], true),
            (Method::POST, &[("sec-fetch-site", "cross-site")], false),
            (Method::POST, &[("host", "a.example"), ("origin", "http://a.example")], true),
            (Method::POST, &[("host", "a.example"), ("origin", "https://evil.example")], false),
            (Method::GET, &[("sec-fetch-site", "cross-site")], true),
        ];
        for row in table {
            check(Gate::Guest, row);
        }
    }
}
