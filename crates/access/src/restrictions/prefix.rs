//! A prefix of activity ids.

use std::fmt;
use std::str::FromStr;

use acta_xapi::{ActivityId, Iri};

/// A prefix of the activity ids that a credential may be used for.
///
/// It is compared as text, like ids. A host in it is complete: a prefix never permits ids of
/// another host with the same beginning.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ActivityPrefix(Box<str>);

/// The text is not a valid prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAPrefix {
    /// It is not the beginning of an IRI, or too long.
    #[error(
        "expected the beginning of an IRI with its scheme, of {} bytes at most",
        ActivityPrefix::BYTES_MAX
    )]
    NotAnIri,
    /// The host in it is not complete.
    #[error(
        "expected a `/` after the host; otherwise hosts with the same beginning would be allowed"
    )]
    OpenHost,
}

impl ActivityPrefix {
    /// Longest prefix, in bytes.
    pub const BYTES_MAX: usize = 2048;

    /// The text of the prefix.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the id of an activity begins with it.
    pub fn admits(&self, activity: &ActivityId) -> bool {
        activity.as_str().starts_with(&*self.0)
    }
}

impl fmt::Display for ActivityPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ActivityPrefix {
    type Err = NotAPrefix;

    fn from_str(text: &str) -> Result<Self, NotAPrefix> {
        if Self::BYTES_MAX < text.len() || !Iri::is_valid(text) {
            return Err(NotAPrefix::NotAnIri);
        }
        let (_, rest) = text.split_once(':').ok_or(NotAPrefix::NotAnIri)?;
        let is_open = match rest.strip_prefix("//") {
            Some(authority) => !authority.contains(['/', '?', '#']),
            // Only a scheme, or a single slash that may become two.
            None => rest.is_empty() || rest == "/",
        };
        if is_open { Err(NotAPrefix::OpenHost) } else { Ok(Self(text.into())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<(), NotAPrefix>) {
        let parsed = text.parse::<ActivityPrefix>();
        assert_eq!(parsed.as_ref().map(|_| ()), expected.as_ref().copied(), "{text:?}");
        if let Ok(prefix) = parsed {
            assert_eq!(prefix.to_string(), text);
        }
    }

    #[test]
    fn a_prefix_begins_an_iri_and_has_a_complete_host() {
        let long = format!("https://example.org/{}", "a".repeat(ActivityPrefix::BYTES_MAX - 20));
        let table = [
            ("https://example.org/", Ok(())),
            ("https://example.org/courses/7", Ok(())),
            ("https://example.org?id=", Ok(())),
            ("https://example.org:8080/", Ok(())),
            ("urn:isbn:", Ok(())),
            ("tag:example.org,2026:", Ok(())),
            (&long, Ok(())),
            (&format!("{long}a"), Err(NotAPrefix::NotAnIri)),
            ("", Err(NotAPrefix::NotAnIri)),
            ("example.org/", Err(NotAPrefix::NotAnIri)),
            ("https://example.org/ a", Err(NotAPrefix::NotAnIri)),
            ("https://example.org", Err(NotAPrefix::OpenHost)),
            ("https://example.org:80", Err(NotAPrefix::OpenHost)),
            ("https://", Err(NotAPrefix::OpenHost)),
            ("https:/", Err(NotAPrefix::OpenHost)),
            ("https:", Err(NotAPrefix::OpenHost)),
        ];
        for (text, expected) in table {
            check(text, expected);
        }
    }

    #[test]
    fn admits_ids_that_begin_with_it() {
        let prefix: ActivityPrefix = "https://example.org/a/".parse().unwrap();
        let table = [
            ("https://example.org/a/", true),
            ("https://example.org/a/b?c#d", true),
            ("https://example.org/a", false),
            ("https://example.org/A/b", false),
            ("https://example.org.evil.example/a/", false),
            ("http://example.org/a/", false),
        ];
        for (activity, expected) in table {
            assert_eq!(prefix.admits(&activity.parse().unwrap()), expected, "{activity}");
        }
    }
}
