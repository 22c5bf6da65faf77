//! Internet media types, as in `Content-Type`.

use std::borrow::Cow;

/// A media type: its essence in lower case, and its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaType {
    essence: String,
    parameters: Vec<(String, String)>,
}

impl MediaType {
    /// Parses a header value; none if it is not a media type.
    ///
    /// Spec: RFC 9110, 8.3.1.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (essence, mut rest) = text.split_once(';').unwrap_or((text, ""));
        let essence = essence.trim().to_ascii_lowercase();
        let (kind, subtype) = essence.split_once('/')?;
        if kind.is_empty() || subtype.is_empty() || essence.contains(char::is_whitespace) {
            return None;
        }
        let mut parameters = Vec::new();
        while let Some((parameter, after)) = next_parameter(rest) {
            rest = after;
            if let Some((name, value)) = parameter {
                parameters.push((name, value));
            }
        }
        Some(Self { essence, parameters })
    }

    /// Type and subtype, as in `application/json`.
    pub fn essence(&self) -> &str {
        &self.essence
    }

    /// The value of the parameter with this lower-case name, without quotes.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A name and its value.
type Parameter = (String, String);

/// Splits off the first parameter; it is none if it is empty or malformed.
fn next_parameter(text: &str) -> Option<(Option<Parameter>, &str)> {
    // Only the beginning is trimmed: the end is the same for every parameter.
    if text.trim_start().is_empty() {
        return None;
    }
    let end = end_of_parameter(text);
    let (parameter, rest) = text.split_at_checked(end)?;
    let rest = rest.strip_prefix(';').unwrap_or(rest);
    let pair = parameter.split_once('=').map(|(name, value)| {
        (name.trim().to_ascii_lowercase(), unquote(value.trim()).into_owned())
    });
    Some((pair, rest))
}

/// The position of the first semicolon outside of quotes.
fn end_of_parameter(text: &str) -> usize {
    let (mut is_quoted, mut is_escaped) = (false, false);
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            b';' if !is_quoted => return index,
            _ => {}
        }
    }
    text.len()
}

fn unquote(value: &str) -> Cow<'_, str> {
    let Some(inner) = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return Cow::Borrowed(value);
    };
    let mut text = String::with_capacity(inner.len());
    let mut is_escaped = false;
    for character in inner.chars() {
        if character == '\\' && !is_escaped {
            is_escaped = true;
        } else {
            is_escaped = false;
            text.push(character);
        }
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(&str, Option<&str>)>) {
        let parsed = MediaType::parse(text);
        let found = parsed.as_ref().map(|media| (media.essence(), media.parameter("boundary")));
        assert_eq!(found, expected, "input: {text:?}");
    }

    #[test]
    fn reads_type_and_parameters() {
        let table = [
            ("application/json", Some(("application/json", None))),
            ("Application/JSON; charset=utf-8", Some(("application/json", None))),
            ("multipart/mixed; boundary=abc", Some(("multipart/mixed", Some("abc")))),
            ("multipart/mixed;boundary=\"a;b\\\"c\"", Some(("multipart/mixed", Some("a;b\"c")))),
            (
                "multipart/mixed; x=\";boundary=no\"; Boundary=-b",
                Some(("multipart/mixed", Some("-b"))),
            ),
            ("multipart/mixed;", Some(("multipart/mixed", None))),
            ("multipart/mixed; ; boundary = a", Some(("multipart/mixed", Some("a")))),
            // No media types.
            ("", None),
            ("json", None),
            ("/json", None),
            ("a b/c", None),
        ];
        for (text, expected) in table {
            check(text, expected);
        }
    }
}
