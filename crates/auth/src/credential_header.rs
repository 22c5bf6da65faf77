//! The header `Authorization`, in the schemes Basic and Bearer.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::{AuthError, Secret};

/// Longest header value that is parsed, in bytes.
pub(crate) const HEADER_BYTES_MAX: usize = 8192;

/// The user name of a browser token in Basic credentials.
pub(crate) const TOKEN_USER: &str = "acta-token";

/// Longest key or secret that can be seeded, in bytes: both fit a header.
pub(crate) const SEED_BYTES_MAX: usize = 1024;

/// The credentials in a request.
#[derive(Debug)]
pub(crate) enum CredentialHeader {
    /// A key and a secret.
    Basic {
        /// The key of a credential.
        key: String,
        /// The secret that belongs to it.
        secret: Secret,
    },
    /// A token.
    Bearer(Secret),
}

impl CredentialHeader {
    /// Parses the value of the header.
    ///
    /// The base64 text of Basic must be complete, with padding and without spaces, and must encode
    /// UTF-8. The key ends at the first colon.
    ///
    /// Spec: RFC 7617, 2; RFC 6750, 2.1; RFC 9110, 11.4.
    pub(crate) fn parse(header: &[u8]) -> Result<Self, AuthError> {
        let end = header.iter().position(|byte| *byte == b' ').unwrap_or(header.len());
        let (scheme, rest) = header.split_at(end);
        if scheme.is_empty() && rest.is_empty() {
            return Err(AuthError::Missing);
        }
        let is_bearer = scheme.eq_ignore_ascii_case(b"Bearer");
        if !is_bearer && !scheme.eq_ignore_ascii_case(b"Basic") {
            return Err(AuthError::UnsupportedScheme);
        }
        if HEADER_BYTES_MAX < header.len() {
            return Err(AuthError::Refused);
        }
        let rest = rest.trim_ascii();
        if is_bearer {
            let text = std::str::from_utf8(rest).ok().filter(|text| is_token(text));
            return text.map(|text| Self::Bearer(Secret::new(text))).ok_or(AuthError::Refused);
        }
        let decoded = STANDARD.decode(rest).ok();
        let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
        let parts = text.as_deref().and_then(|text| text.split_once(':'));
        let (key, secret) = parts.ok_or(AuthError::Refused)?;
        Ok(Self::Basic { key: key.to_owned(), secret: Secret::new(secret) })
    }
}

/// Whether the text can be a token of RFC 6750.
fn is_token(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    !text.is_empty() && text.bytes().all(is_letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(header: &str, expected: Result<(&str, &str), &str>) {
        let parsed = CredentialHeader::parse(header.as_bytes());
        let parsed = parsed.as_ref().map(|presented| match presented {
            CredentialHeader::Basic { key, secret } => (&**key, secret.expose()),
            CredentialHeader::Bearer(token) => ("bearer", token.expose()),
        });
        let parsed = parsed.map_err(|error| match error {
            AuthError::Missing => "missing",
            AuthError::UnsupportedScheme => "scheme",
            AuthError::Refused | AuthError::Exhausted { .. } | AuthError::Closed { .. } => {
                "refused"
            }
            AuthError::Issuer(_) => "issuer",
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
            // No colon, no padding, spaces inside, another alphabet, bits left over, nothing.
            ("Basic YWI=", Err("refused")),
            ("Basic YTpiOmM", Err("refused")),
            ("Basic YT pi", Err("refused")),
            ("Basic _Do=", Err("refused")),
            ("Basic YTpiOmN=", Err("refused")),
            ("Basic", Err("refused")),
            ("Basic ", Err("refused")),
            ("", Err("missing")),
            ("Foo", Err("scheme")),
            ("Bearer YTpi", Ok(("bearer", "YTpi"))),
            ("bearer  a.b-c_d~e+f/g== ", Ok(("bearer", "a.b-c_d~e+f/g=="))),
            ("Bearer", Err("refused")),
            ("Bearer ", Err("refused")),
            ("Bearer a b", Err("refused")),
            ("Bearer ü", Err("refused")),
            ("BearerYTpi", Err("scheme")),
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
        assert!(CredentialHeader::parse(longest(count).as_bytes()).is_ok());
        check(&longest(count + 3), Err("refused"));
    }
}
