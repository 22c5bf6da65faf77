//! Who asks the admin API, and whether a request may come in at all.

use axum::extract::{FromRequestParts, Request};
use hyper::header::{COOKIE, HOST, HeaderName, HeaderValue, ORIGIN};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method};

use crate::edge::Sender;
use crate::problem::Problem;

/// Marks a request of the operator of this machine: over the control socket, or in process.
/// It never comes from a network.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Local;

/// Who asks: known before a request reaches its handler.
#[derive(Clone, Debug)]
pub(crate) enum Administrator {
    /// The operator, at the command line of this machine.
    Local,
}

impl<S: Sync> FromRequestParts<S> for Administrator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // A route that is reached without one is a defect of ours: it stays closed.
        parts.extensions.get().cloned().ok_or_else(Problem::internal)
    }
}

/// Where a browser says that a request comes from.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Lets a request in, or not, before its body is read, and leaves who asks for the handler.
///
/// # Errors
///
/// 403 for a page of another origin that would change something, 401 when it is not known who
/// asks and `needs_caller` says that it must.
pub(crate) fn admit(request: &mut Request, needs_caller: bool) -> Result<Sender, Problem> {
    check_site(request.method(), request.headers())?;
    if request.extensions().get::<Local>().is_some() {
        request.extensions_mut().insert(Administrator::Local);
        return Ok(Sender::Known);
    }
    if needs_caller { Err(Problem::signed_out()) } else { Ok(Sender::Anonymous) }
}

/// Refuses what a page of another origin may have made a browser send in the name of who has
/// signed in: a cookie goes along by itself.
///
/// Spec: OWASP ASVS 5.0, 3.5.1; Fetch Metadata Request Headers, 2.3.
fn check_site(method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
    let is_reading = [Method::GET, Method::HEAD, Method::OPTIONS].contains(method);
    if is_reading || !headers.contains_key(COOKIE) || is_same_origin(headers) {
        return Ok(());
    }
    Err(Problem::foreign_page())
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

    /// The method, the headers, and whether the request is let in.
    type Row = (Method, &'static [(&'static str, &'static str)], bool);

    #[track_caller]
    fn check((method, sent, expected): Row) {
        let mut headers = HeaderMap::new();
        for (name, value) in sent {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        assert_eq!(check_site(&method, &headers).is_ok(), expected, "{method} {sent:?}");
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
            check(row);
        }
    }
}
