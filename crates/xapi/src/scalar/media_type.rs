//! Internet media types, as in `Content-Type` and in the `contentType` of attachments.

use std::borrow::Cow;

/// A media type: its essence in lower case, and its parameters.
///
/// Two are equal if they mean the same: the case of type, subtype, names of parameters and
/// `charset` does not count, nor do the order of the parameters, blanks and quotes.
///
/// Spec: RFC 9110, 8.3.1.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MediaType {
    essence: String,
    /// Names in lower case and values without quotes, in the order of the names.
    parameters: Vec<(String, String)>,
}

impl MediaType {
    /// Parses a header value; none if it is not a media type. Parameters without a name and a
    /// value are ignored.
    pub fn parse(text: &str) -> Option<Self> {
        let (essence, mut rest) = text.split_once(';').unwrap_or((text, ""));
        let essence = essence.trim().to_ascii_lowercase();
        let (kind, subtype) = essence.split_once('/')?;
        if kind.is_empty() || subtype.is_empty() || essence.contains(char::is_whitespace) {
            return None;
        }
        let mut parameters = Vec::new();
        while let Some((parameter, after)) = next_parameter(rest) {
            rest = after;
            parameters.extend(split_parameter(parameter));
        }
        parameters.sort_by(|(one, _), (other, _)| one.cmp(other));
        Some(Self { essence, parameters })
    }

    /// Whether `text` is a media type and nothing else: type and subtype are tokens, and so is the
    /// name of each parameter; its value is a token or stands in quotes.
    pub fn is_well_formed(text: &str) -> bool {
        let (essence, mut rest) = text.split_once(';').unwrap_or((text, ""));
        let essence = essence.trim_matches([' ', '\t']).split_once('/');
        if !essence.is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype)) {
            return false;
        }
        while let Some((parameter, after)) = next_parameter(rest) {
            rest = after;
            let is_valid = parameter.split_once('=').map_or_else(
                || parameter.is_empty(),
                |(name, value)| is_token(name) && (is_token(value) || is_quoted(value)),
            );
            if !is_valid {
                return false;
            }
        }
        true
    }

    /// Type and subtype, as in `application/json`.
    pub fn essence(&self) -> &str {
        &self.essence
    }

    /// The value of the parameter with this lower-case name, without quotes.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A token (RFC 9110, 5.6.2).
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// A quoted string (RFC 9110, 5.6.4), without the bytes beyond ASCII that are obsolete there.
fn is_quoted(text: &str) -> bool {
    let Some(inner) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return false;
    };
    let mut is_escaped = false;
    let is_allowed = inner.bytes().all(|byte| {
        let is_plain = byte == b'\t' || (b' '..=b'~').contains(&byte);
        let is_end = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_plain && !is_end
    });
    is_allowed && !is_escaped
}

/// Splits off the first parameter, without the blanks around it.
fn next_parameter(text: &str) -> Option<(&str, &str)> {
    // Only the beginning is trimmed: the end is the same for every parameter.
    if text.trim_start().is_empty() {
        return None;
    }
    let (parameter, rest) = text.split_at_checked(end_of_parameter(text))?;
    Some((parameter.trim(), rest.strip_prefix(';').unwrap_or(rest)))
}

/// The name in lower case and the value without quotes; none if there is no value.
fn split_parameter(parameter: &str) -> Option<(String, String)> {
    let (name, value) = parameter.split_once('=')?;
    let name = name.trim().to_ascii_lowercase();
    let mut value = unquote(value.trim()).into_owned();
    if name == "charset" {
        value.make_ascii_lowercase();
    }
    Some((name, value))
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

    #[test]
    fn compares_what_media_types_mean() {
        let table = [
            ("text/plain", "Text/PLAIN", true),
            ("text/plain; charset=ascii", "text/plain;CHARSET=\"ASCII\"", true),
            ("text/plain; a=1; b=2", "text/plain;b=2;a=1;", true),
            ("text/plain; a=x", "text/plain; a=X", false),
            ("text/plain; charset=ascii", "text/plain", false),
            ("text/plain", "text/html", false),
        ];
        for (one, other, expected) in table {
            let is_equal = MediaType::parse(one).unwrap() == MediaType::parse(other).unwrap();
            assert_eq!(is_equal, expected, "{one} and {other}");
        }
    }

    #[test]
    fn tells_malformed_media_types_apart() {
        let table = [
            ("application/json", true),
            (" text/plain ;charset=utf-8", true),
            ("text/plain; ; charset=\"u;\\\"tf\";", true),
            ("application/vnd.a+json; a=1; b=\"\"", true),
            ("", false),
            ("json", false),
            ("text/", false),
            ("/plain", false),
            ("text/plain/more", false),
            ("text /plain", false),
            ("text/plain, text/html", false),
            ("text/plain; charset", false),
            ("text/plain; charset=", false),
            ("text/plain; charset=utf 8", false),
            ("text/plain; charset = utf-8", false),
            ("text/plain; charset=\"utf-8", false),
            ("text/plain; charset=\"utf\"8\"", false),
            ("text/plain; charset=\"utf-8\\\"", false),
            ("te\u{e4}xt/plain", false),
            ("text/plain; name=\"\u{e4}\"", false),
        ];
        for (text, expected) in table {
            assert_eq!(MediaType::is_well_formed(text), expected, "{text}");
        }
    }
}
