//! The header `Authorization` in the Basic scheme.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::{AuthError, Secret};

/// Longest header value that is looked into, in bytes.
pub(crate) const HEADER_BYTES_MAX: usize = 4096;

/// What a request presents: who it claims to be, and the proof.
#[derive(Debug)]
pub(crate) struct Presented {
    /// The key of a credential.
    pub(crate) key: String,
    /// The secret that belongs to it.
    pub(crate) secret: Secret,
}

/// Parses the value of the header.
///
/// The base64 text must be complete, with padding and without blanks, and must encode UTF-8.
/// The key ends at the first colon.
///
/// Spec: RFC 7617, 2; RFC 9110, 11.4.
pub(crate) fn parse(header: &[u8]) -> Result<Presented, AuthError> {
    let end = header.iter().position(|byte| *byte == b' ').unwrap_or(header.len());
    let (scheme, rest) = header.split_at(end);
    if scheme.is_empty() && rest.is_empty() {
        return Err(AuthError::Missing);
    }
    if !scheme.eq_ignore_ascii_case(b"Basic") {
        return Err(AuthError::UnsupportedScheme);
    }
    if HEADER_BYTES_MAX < header.len() {
        return Err(AuthError::Refused);
    }
    let decoded = STANDARD.decode(rest.trim_ascii()).ok();
    let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    let parts = text.as_deref().and_then(|text| text.split_once(':'));
    let (key, secret) = parts.ok_or(AuthError::Refused)?;
    Ok(Presented { key: key.to_owned(), secret: Secret::new(secret) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(header: &str, expected: Result<(&str, &str), &str>) {
        let parsed = parse(header.as_bytes());
        let parsed = parsed.as_ref().map(|presented| (&*presented.key, presented.secret.expose()));
        let parsed = parsed.map_err(|error| match error {
            AuthError::Missing => "missing",
            AuthError::UnsupportedScheme => "scheme",
            AuthError::Refused | AuthError::Exhausted { .. } => "refused",
            AuthError::Storage(_) => "storage",
        });
        assert_eq!(parsed, expected, "header: {header:?}");
    }

    #[test]
    fn parses_key_and_secret() {
        let table = [
            ("Basic YTpi", Ok(("a", "b"))),
            ("basic YTpi", Ok(("a", "b"))),
            ("BASIC   YTpi ", Ok(("a", "b"))),
            // "a:b:c": a secret may hold colons.
            ("Basic YTpiOmM=", Ok(("a", "b:c"))),
            // ":" and "a:".
            ("Basic Og==", Ok(("", ""))),
            ("Basic YTo=", Ok(("a", ""))),
            // "ü:€" in UTF-8, then "ü:" in Latin-1.
            ("Basic w7w64oKs", Ok(("ü", "€"))),
            ("Basic /Do=", Err("refused")),
            // No colon, no padding, blanks inside, another alphabet, bits left over, nothing.
            ("Basic YWI=", Err("refused")),
            ("Basic YTpiOmM", Err("refused")),
            ("Basic YT pi", Err("refused")),
            ("Basic _Do=", Err("refused")),
            ("Basic YTpiOmN=", Err("refused")),
            ("Basic", Err("refused")),
            ("Basic ", Err("refused")),
            ("", Err("missing")),
            ("Foo", Err("scheme")),
            ("Bearer YTpi", Err("scheme")),
            ("BasicYTpi", Err("scheme")),
            (" Basic YTpi", Err("scheme")),
        ];
        for (header, expected) in table {
            check(header, expected);
        }
    }

    #[test]
    fn refuses_more_than_the_longest_header() {
        let longest =
            |count| format!("Basic {}", STANDARD.encode(format!("a:{}", "b".repeat(count))));
        let count = (HEADER_BYTES_MAX - "Basic ".len()) / 4 * 3 - 2;
        assert!(parse(longest(count).as_bytes()).is_ok());
        check(&longest(count + 3), Err("refused"));
    }
}
