//! The session cookie.
//!
//! Scripts cannot read it, other sites cannot send it, and over HTTPS no other host can set it.
//!
//! Spec: RFC 6265; OWASP ASVS 5.0, 3.3.

use hyper::HeaderMap;
use hyper::header::{COOKIE, HeaderValue};

use crate::state::Shared;

/// Its name over plain HTTP.
const NAME: &str = "acta-session";

/// Its name over HTTPS: browsers accept it only from this exact host.
const SECURE_NAME: &str = "__Host-acta-session";

/// Whether browsers reach the server by HTTPS.
pub(crate) fn is_secure(shared: &Shared) -> bool {
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
pub(crate) fn find(headers: &HeaderMap, name: &str) -> Option<String> {
    let values = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = values.flat_map(|value| value.split(';'));
    pairs.find_map(|pair| {
        let (found, value) = pair.trim().split_once('=')?;
        (found == name).then(|| value.to_owned())
    })
}

/// The value of `Set-Cookie` that starts a session.
pub(crate) fn begin(shared: &Shared, token: &str) -> Option<HeaderValue> {
    set(is_secure(shared), token, "")
}

/// The value of `Set-Cookie` that ends a session.
pub(crate) fn end(shared: &Shared) -> Option<HeaderValue> {
    set(is_secure(shared), "", "; Max-Age=0")
}

fn set(is_secure: bool, token: &str, more: &str) -> Option<HeaderValue> {
    let name = name(is_secure);
    let secure = if is_secure { "; Secure" } else { "" };
    let text = format!("{name}={token}; Path=/; HttpOnly; SameSite=Lax{secure}{more}");
    let mut value = HeaderValue::try_from(text).ok()?;
    value.set_sensitive(true);
    Some(value)
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
        let plain = set(false, "x", "").unwrap();
        assert_eq!(plain, "acta-session=x; Path=/; HttpOnly; SameSite=Lax");
        let secure = set(true, "x", "").unwrap();
        assert_eq!(secure, "__Host-acta-session=x; Path=/; HttpOnly; SameSite=Lax; Secure");
        let ended = set(true, "", "; Max-Age=0").unwrap();
        assert!(ended.to_str().unwrap().starts_with("__Host-acta-session=; "));
        assert!(ended.to_str().unwrap().ends_with("; Max-Age=0"));
    }
}
