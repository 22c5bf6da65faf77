//! Paths of the admin API, with segments and parameters encoded.

use std::fmt::Write;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Characters that are encoded.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A path below `/api/v1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    text: String,
    has_parameters: bool,
}

impl Address {
    /// The path of these segments.
    pub(crate) fn of<'a>(segments: impl IntoIterator<Item = &'a str>) -> Self {
        let mut text = String::new();
        for segment in segments {
            // Writing to a String cannot fail.
            let _ = write!(text, "/{}", utf8_percent_encode(segment, ENCODED));
        }
        Self { text, has_parameters: false }
    }

    /// Adds a parameter, if it has a value.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: Option<&str>) -> Self {
        if let Some(value) = value {
            let before = if self.has_parameters { '&' } else { '?' };
            self.has_parameters = true;
            let value = utf8_percent_encode(value, ENCODED);
            // Writing to a String cannot fail.
            let _ = write!(self.text, "{before}{name}={value}");
        }
        self
    }

    /// The text of the path, relative to `/api/v1`.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_encoded_in_the_path() {
        let address = Address::of(["accounts", "a/../b?c"])
            .with("email", Some("ä&b@example.org"))
            .with("limit", None)
            .with("cursor", Some("x-_~."));
        let expected = "/accounts/a%2F..%2Fb%3Fc?email=%C3%A4%26b%40example.org&cursor=x-_~.";
        assert_eq!(address.as_str(), expected);
    }
}
