//! The origin of a page.

use std::fmt;
use std::str::FromStr;

/// The origin of a page, as browsers send it: `scheme://host` or `scheme://host:port`, in lower
/// case and without the default port of the scheme.
///
/// Spec: RFC 6454, 6.2.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin(Box<str>);

/// The text is not an origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an origin such as `https://app.example`, without a path and with an ASCII host")]
pub struct NotAnOrigin;

impl Origin {
    /// Longest origin, in bytes.
    pub const BYTES_MAX: usize = 512;

    /// The text, as browsers send it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a header `Origin` has this value.
    pub fn is_named_by(&self, header: &str) -> bool {
        self.0.eq_ignore_ascii_case(header)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Origin {
    type Err = NotAnOrigin;

    fn from_str(text: &str) -> Result<Self, NotAnOrigin> {
        if Self::BYTES_MAX < text.len() {
            return Err(NotAnOrigin);
        }
        let text = text.to_ascii_lowercase();
        let (scheme, rest) = text.split_once("://").ok_or(NotAnOrigin)?;
        let (host, port) = split_port(rest)?;
        if !is_scheme(scheme) || !is_host(host) {
            return Err(NotAnOrigin);
        }
        Ok(match port {
            Some(port) if default_port(scheme) != Some(port) => {
                Self(format!("{scheme}://{host}:{port}").into())
            }
            Some(_) | None => Self(format!("{scheme}://{host}").into()),
        })
    }
}

/// Splits host and port. Colons inside of brackets belong to the address.
fn split_port(text: &str) -> Result<(&str, Option<u16>), NotAnOrigin> {
    let end_of_address = text.rfind(']').unwrap_or(0);
    let Some(colon) = text.rfind(':').filter(|colon| end_of_address < *colon) else {
        return Ok((text, None));
    };
    let (host, port) = (&text[..colon], &text[colon + 1..]);
    let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
    let port = if is_number { port.parse::<u16>().ok() } else { None };
    match port {
        None | Some(0) => Err(NotAnOrigin),
        port => Ok((host, port)),
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

fn is_host(text: &str) -> bool {
    let (text, marks): (_, &[u8]) = match text.strip_prefix('[') {
        Some(address) => (address.strip_suffix(']').unwrap_or_default(), b":."),
        None => (text, b"-._"),
    };
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || marks.contains(&byte))
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let parsed = text.parse::<Origin>().ok();
        assert_eq!(parsed.as_ref().map(Origin::as_str), expected, "{text:?}");
    }

    #[test]
    fn parses_what_browsers_send() {
        let table = [
            ("https://app.example", Some("https://app.example")),
            ("HTTPS://App.Example", Some("https://app.example")),
            ("http://localhost:3000", Some("http://localhost:3000")),
            ("https://app.example:443", Some("https://app.example")),
            ("http://app.example:80", Some("http://app.example")),
            ("http://app.example:443", Some("http://app.example:443")),
            ("http://[2001:db8::1]", Some("http://[2001:db8::1]")),
            ("http://[2001:db8::1]:8080", Some("http://[2001:db8::1]:8080")),
            ("https://xn--bcher-kva.example", Some("https://xn--bcher-kva.example")),
            ("capacitor://localhost", Some("capacitor://localhost")),
            ("", None),
            ("null", None),
            ("*", None),
            ("app.example", None),
            ("https://", None),
            ("https://app.example/", None),
            ("https://app.example/a", None),
            ("https://app.example?a", None),
            ("https://app.example:", None),
            ("https://app.example:0", None),
            ("https://app.example:65536", None),
            ("https://app.example:+80", None),
            ("https://ada@app.example", None),
            ("https://b\u{fc}cher.example", None),
            ("https://[2001:db8::1", None),
            ("https://*.example", None),
            ("1https://app.example", None),
            ("https://a.example https://b.example", None),
        ];
        for (text, expected) in table {
            check(text, expected);
        }
        check(&format!("https://{}", "a".repeat(Origin::BYTES_MAX)), None);
    }

    #[test]
    fn matches_only_its_exact_text() {
        let origin: Origin = "https://app.example".parse().unwrap();
        let table = [
            ("https://app.example", true),
            ("https://App.example", true),
            ("http://app.example", false),
            ("https://app.example:8443", false),
            ("https://app.example.evil.example", false),
            ("https://app.example/", false),
            ("null", false),
        ];
        for (header, expected) in table {
            assert_eq!(origin.is_named_by(header), expected, "{header}");
        }
    }
}
