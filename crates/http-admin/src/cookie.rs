//! Cookies, and that of the session.
//!
//! Scripts cannot read them, and other sites cannot send them. Over HTTPS, no other host can set
//! that of the session.
//!
//! Spec: RFC 6265; OWASP ASVS 5.0, 3.3.

use std::time::Duration;

use hyper::HeaderMap;
use hyper::header::{COOKIE, HeaderValue};

use crate::state::Shared;

/// Its name over plain HTTP.
const NAME: &str = "acta-session";

/// Its name over HTTPS: browsers accept it only from this exact host.
const SECURE_NAME: &str = "__Host-acta-session";

/// Whether browsers reach the server by HTTPS.
pub fn is_secure(shared: &Shared) -> bool {
    shared.http.options.is_secure()
}

fn name(is_secure: bool) -> &'static str {
    if is_secure { SECURE_NAME } else { NAME }
}

/// The session token in a request.
pub(crate) fn find_session(shared: &Shared, headers: &HeaderMap) -> Option<String> {
    find(headers, name(is_secure(shared)))
}

/// The value of a cookie.
pub fn find(headers: &HeaderMap, name: &str) -> Option<String> {
    let values = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = values.flat_map(|value| value.split(';'));
    pairs.find_map(|pair| {
        let (found, value) = pair.trim().split_once('=')?;
        (found == name).then(|| value.to_owned())
    })
}

/// The value of `Set-Cookie` that starts a session.
pub fn begin(shared: &Shared, token: &str) -> Option<HeaderValue> {
    of_session(is_secure(shared), token, None)
}

/// The value of `Set-Cookie` that ends a session.
pub fn end(shared: &Shared) -> Option<HeaderValue> {
    of_session(is_secure(shared), "", Some(Duration::ZERO))
}

fn of_session(is_secure: bool, token: &str, age_max: Option<Duration>) -> Option<HeaderValue> {
    NewCookie { name: name(is_secure), value: token, path: "/", age_max }.to_header(is_secure)
}

/// A cookie to be set.
#[derive(Clone, Copy, Debug)]
pub struct NewCookie<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its value, of the characters that a cookie may have.
    pub value: &'a str,
    /// Below which path it is sent.
    pub path: &'a str,
    /// How long a browser keeps it, zero to remove it; none until the browser is closed.
    pub age_max: Option<Duration>,
}

impl NewCookie<'_> {
    /// The value of `Set-Cookie`, for browsers that reach the server by HTTPS or not; none if its
    /// value has characters that no cookie has.
    pub fn to_header(&self, is_secure: bool) -> Option<HeaderValue> {
        let Self { name, value, path, age_max } = self;
        let age = age_max.map(|age| format!("; Max-Age={}", age.as_secs())).unwrap_or_default();
        let secure = if is_secure { "; Secure" } else { "" };
        let text = format!("{name}={value}; Path={path}; HttpOnly; SameSite=Lax{secure}{age}");
        let mut header = HeaderValue::try_from(text).ok()?;
        header.set_sensitive(true);
        Some(header)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_session_is_found_among_other_cookies() {
        let table: [(&[&str], Option<&str>); 7] = [
            (&[], None),
            (&["acta-session=x"], Some("x")),
            (&["a=b; acta-session=x; c=d"], Some("x")),
            (&["a=b", "acta-session=x"], Some("x")),
            (&["xacta-session=x; acta-session2=y; acta-session"], None),
            (&["__Host-acta-session=x"], None),
            (&["acta-session=x=y"], Some("x=y")),
        ];
        for (sent, expected) in table {
            let pairs = sent.iter().map(|value| (COOKIE, HeaderValue::from_static(value)));
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.append(name, value);
            }
            assert_eq!(find(&headers, NAME).as_deref(), expected, "{sent:?}");
        }
    }

    #[test]
    fn scripts_and_other_sites_cannot_use_the_cookie() {
        let plain = of_session(false, "x", None).unwrap();
        assert_eq!(plain, "acta-session=x; Path=/; HttpOnly; SameSite=Lax");
        let secure = of_session(true, "x", None).unwrap();
        assert_eq!(secure, "__Host-acta-session=x; Path=/; HttpOnly; SameSite=Lax; Secure");
        let ended = of_session(true, "", Some(Duration::ZERO)).unwrap();
        assert!(ended.to_str().unwrap().starts_with("__Host-acta-session=; "));
        assert!(ended.to_str().unwrap().ends_with("; Max-Age=0"));
    }
}
