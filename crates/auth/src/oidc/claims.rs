//! The claims of a token.

use std::time::Duration;

use acta_ambient::Timestamp;
use serde_json::{Map, Value};

use super::TokenFault;

/// The permitted difference between the clocks of issuer and server.
pub(crate) const LEEWAY: Duration = Duration::from_mins(1);

/// Longest subject, in bytes.
///
/// Spec: OpenID Connect Core 1.0, 2.
const SUBJECT_BYTES_MAX: usize = 255;

/// The members of a payload.
#[derive(Clone, Debug)]
pub(crate) struct Claims(Map<String, Value>);

impl Claims {
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        serde_json::from_slice(text).ok().map(Self)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The claim `name`. If there is none with exactly this name, its dots select nested objects,
    /// such as `realm_access.roles`.
    pub(crate) fn find(&self, name: &str) -> Option<&Value> {
        if let Some(value) = self.0.get(name) {
            return Some(value);
        }
        let mut names = name.split('.');
        let first = self.0.get(names.next()?)?;
        names.try_fold(first, |value, name| value.get(name))
    }

    /// A claim that is a string.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.find(name)?.as_str()
    }

    /// The strings of a claim that is a string or a list of strings.
    pub(crate) fn texts(&self, name: &str) -> Vec<&str> {
        match self.find(name) {
            Some(Value::String(text)) => vec![text],
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => {
                Vec::new()
            }
        }
    }

    /// The subject of the token.
    ///
    /// # Errors
    ///
    /// [`TokenFault::Subject`].
    pub(crate) fn subject(&self) -> Result<&str, TokenFault> {
        let subject = self.text("sub").filter(|subject| {
            !subject.is_empty()
                && subject.len() <= SUBJECT_BYTES_MAX
                && !subject.contains(char::is_control)
        });
        subject.ok_or(TokenFault::Subject)
    }

    /// Whether `audience` is among the audiences of the token.
    pub(crate) fn is_for(&self, audience: &str) -> bool {
        self.texts("aud").contains(&audience)
    }

    /// When the token expires, in seconds since the start of 1970.
    pub(crate) fn expires(&self) -> Option<i64> {
        self.seconds("exp")
    }

    /// # Errors
    ///
    /// [`TokenFault::Expired`] without `exp` or after it, [`TokenFault::Early`] before `nbf` or
    /// `iat`.
    pub(crate) fn check_time(&self, now: Timestamp) -> Result<(), TokenFault> {
        let now = now.unix_micros().div_euclid(1_000_000);
        let leeway = i64::try_from(LEEWAY.as_secs()).unwrap_or(i64::MAX);
        let expires = self.expires().ok_or(TokenFault::Expired)?;
        if expires.saturating_add(leeway) <= now {
            return Err(TokenFault::Expired);
        }
        for name in ["nbf", "iat"] {
            if !self.has(name) {
                continue;
            }
            let begins = self.seconds(name).ok_or(TokenFault::Malformed)?;
            if now < begins.saturating_sub(leeway) {
                return Err(TokenFault::Early);
            }
        }
        Ok(())
    }

    /// Adds the claims of `other` that are missing here.
    pub(crate) fn fill(&mut self, mut other: Self) {
        // `email_verified` belongs to the `email` of the same token.
        if !self.has("email") {
            self.0.remove("email_verified");
        } else if self.0.get("email") != other.0.get("email") {
            other.0.remove("email_verified");
        }
        for (name, value) in other.0 {
            self.0.entry(name).or_insert(value);
        }
    }

    /// A timestamp, truncated to whole seconds.
    ///
    /// Spec: RFC 7519, 2 (`NumericDate`).
    fn seconds(&self, name: &str) -> Option<i64> {
        let number = self.0.get(name)?.as_number()?;
        let text = number.to_string();
        number.as_i64().or_else(|| {
            let (whole, _) = text.split_once('.')?;
            if text.contains(['e', 'E']) { None } else { whole.parse().ok() }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(text: &str) -> Claims {
        Claims::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn finds_claims_by_name_and_by_path() {
        let claims = claims(
            r#"{"a": "one", "b": {"c": {"d": ["two", 3, "four"]}}, "x.y": "five",
                "x": {"y": "six"}, "https://lrs.example.org/roles": ["seven"], "n": 8}"#,
        );
        let table: [(&str, &[&str]); 9] = [
            ("a", &["one"]),
            ("b.c.d", &["two", "four"]),
            ("x.y", &["five"]),
            ("https://lrs.example.org/roles", &["seven"]),
            ("n", &[]),
            ("b", &[]),
            ("b.c.e", &[]),
            ("a.b", &[]),
            ("", &[]),
        ];
        for (name, expected) in table {
            assert_eq!(claims.texts(name), expected, "claim: {name}");
        }
    }

    #[test]
    fn claims_from_elsewhere_fill_gaps() {
        let table = [
            (r#"{"a": 1}"#, r#"{"a": 2, "b": 3}"#, r#"{"a":1,"b":3}"#),
            (
                r#"{"email": "a@b"}"#,
                r#"{"email": "a@b", "email_verified": true}"#,
                r#"{"email":"a@b","email_verified":true}"#,
            ),
            (
                r#"{"email": "a@b"}"#,
                r#"{"email": "c@d", "email_verified": true}"#,
                r#"{"email":"a@b"}"#,
            ),
            (r#"{"email": "a@b"}"#, r#"{"email_verified": true}"#, r#"{"email":"a@b"}"#),
            (r#"{"email_verified": true}"#, r#"{"email": "c@d"}"#, r#"{"email":"c@d"}"#),
        ];
        for (one, other, expected) in table {
            let mut filled = claims(one);
            filled.fill(claims(other));
            let filled = serde_json::to_string(&filled.0).unwrap();
            assert_eq!(filled, expected, "claims: {one} and {other}");
        }
    }

    #[test]
    fn names_of_subjects_have_bounds() {
        let longest = "a".repeat(SUBJECT_BYTES_MAX);
        let longer = "a".repeat(SUBJECT_BYTES_MAX + 1);
        let table = [
            (r#"{"sub": "a b|c"}"#.to_owned(), true),
            (format!(r#"{{"sub": "{longest}"}}"#), true),
            (format!(r#"{{"sub": "{longer}"}}"#), false),
            (r#"{"sub": ""}"#.to_owned(), false),
            (r#"{"sub": 7}"#.to_owned(), false),
            (r#"{"sub": "a\nb"}"#.to_owned(), false),
            ("{}".to_owned(), false),
        ];
        for (text, is_accepted) in table {
            assert_eq!(claims(&text).subject().is_ok(), is_accepted, "claims: {text}");
        }
    }

    #[test]
    fn tokens_have_their_time() {
        use TokenFault::{Early, Expired, Malformed};
        let now = Timestamp::from_unix_micros(1_000_000_000_000);
        let table = [
            (r#"{"exp": 1000001}"#, Ok(())),
            (r#"{"exp": 999941}"#, Ok(())),
            (r#"{"exp": 999941.9}"#, Ok(())),
            (r#"{"exp": 999940}"#, Err(Expired)),
            (r#"{"exp": 0}"#, Err(Expired)),
            (r#"{"exp": -1}"#, Err(Expired)),
            (r#"{"exp": "1000001"}"#, Err(Expired)),
            (r#"{"exp": 1e9}"#, Ok(())),
            (r#"{"exp": 1e300}"#, Err(Expired)),
            (r#"{"exp": null}"#, Err(Expired)),
            ("{}", Err(Expired)),
            (r#"{"exp": 9223372036854775807}"#, Ok(())),
            (r#"{"exp": 1000001, "nbf": 1000060}"#, Ok(())),
            (r#"{"exp": 1000001, "nbf": 1000061}"#, Err(Early)),
            (r#"{"exp": 1000001, "iat": 1000061}"#, Err(Early)),
            (r#"{"exp": 1000001, "iat": "1000000"}"#, Err(Malformed)),
            (r#"{"exp": 1000001, "iat": 1}"#, Ok(())),
        ];
        for (text, expected) in table {
            assert_eq!(claims(text).check_time(now), expected, "claims: {text}");
        }
    }
}
