//! Entity tags: `If-Match` and `If-None-Match`.

use acta_service::{Etag, EtagMatch, Precondition};
use acta_xapi::{Fault, Rule};
use axum::extract::FromRequestParts;
use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH};
use hyper::http::request::Parts;

use crate::problem::Problem;

/// The preconditions of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions(pub Precondition);

impl<S: Sync> FromRequestParts<S> for Conditions {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self(Precondition {
            if_match: read(&parts.headers, &IF_MATCH)?,
            if_none_match: read(&parts.headers, &IF_NONE_MATCH)?,
        }))
    }
}

/// The value of the header `ETag` for a document.
pub(crate) fn quote(etag: &Etag) -> String {
    format!("\"{}\"", etag.0)
}

/// Reads a precondition; several lines of one header are one list.
fn read(headers: &HeaderMap, name: &HeaderName) -> Result<Option<EtagMatch>, Problem> {
    let lines: Vec<&[u8]> = headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
    if lines.is_empty() {
        return Ok(None);
    }
    let list = lines.join(&b',');
    match parse(&list) {
        Some(EtagMatch::Any) => Ok(Some(EtagMatch::Any)),
        Some(EtagMatch::OneOf(tags)) => {
            Ok(Some(EtagMatch::OneOf(tags.into_iter().map(fold_case).collect())))
        }
        None => {
            let (pointer, found) = (format!("/{name}"), String::from_utf8_lossy(&list));
            Err(Problem::faulty(vec![Fault::new(pointer, Rule::Header, &found).into()]))
        }
    }
}

/// The same tag as this store writes it: its tags are hexadecimal in lower case, and some clients
/// send them back in upper case.
fn fold_case(Etag(text): Etag) -> Etag {
    let is_hexadecimal = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    Etag(if is_hexadecimal { text.to_ascii_lowercase() } else { text })
}

/// Reads a list of tags, of which there must be one; or `*`, which must stand alone.
///
/// More is accepted than RFC 9110, 8.8.3 allows: a tag without quotes, as some clients send it; and
/// a weak tag as a strong one, because a compressing proxy makes tags weak, while ours identify the
/// content itself.
fn parse(list: &[u8]) -> Option<EtagMatch> {
    let mut rest = list.trim_ascii();
    if rest == b"*" {
        return Some(EtagMatch::Any);
    }
    let mut etags = Vec::new();
    while !rest.is_empty() {
        // Members may be empty.
        if rest[0] != b',' {
            let (tag, behind) = split_tag(rest)?;
            etags.push(Etag(tag.iter().copied().map(char::from).collect()));
            rest = behind.trim_ascii_start();
            if !rest.is_empty() && rest[0] != b',' {
                return None;
            }
        }
        rest = rest.get(1..).unwrap_or_default().trim_ascii_start();
    }
    if etags.is_empty() { None } else { Some(EtagMatch::OneOf(etags)) }
}

/// Splits off the first tag, without its quotes.
fn split_tag(list: &[u8]) -> Option<(&[u8], &[u8])> {
    // Everything visible but quotes, and the bytes of other character sets.
    let is_of_tag = |byte: &u8| matches!(byte, 0x21 | 0x23..=0x7E | 0x80..=0xFF);
    let list = list.strip_prefix(b"W/").unwrap_or(list);
    let (tag, behind) = if let Some(quoted) = list.strip_prefix(b"\"") {
        let end = memchr::memchr(b'"', quoted)?;
        (&quoted[..end], &quoted[end + 1..])
    } else {
        let end = memchr::memchr(b',', list).unwrap_or(list.len());
        let (tag, behind) = list.split_at(end);
        let tag = tag.trim_ascii_end();
        if tag.is_empty() || tag.contains(&b'*') {
            return None;
        }
        (tag, behind)
    };
    tag.iter().all(is_of_tag).then_some((tag, behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&[&str]>) {
        let expected = expected.map(|tags| match tags {
            ["*"] => EtagMatch::Any,
            tags => EtagMatch::OneOf(tags.iter().map(|tag| Etag((*tag).to_owned())).collect()),
        });
        assert_eq!(parse(text.as_bytes()), expected, "input: {text:?}");
    }

    #[test]
    fn reads_the_tags_that_clients_send() {
        let table: [(&str, Option<&[&str]>); 23] = [
            ("*", Some(&["*"])),
            (" * ", Some(&["*"])),
            ("\"ab\"", Some(&["ab"])),
            ("\"ab\", W/\"cd\"", Some(&["ab", "cd"])),
            ("\"ab\"\t,\"cd\"", Some(&["ab", "cd"])),
            ("ab", Some(&["ab"])),
            ("ab , W/cd,\"ef\"", Some(&["ab", "cd", "ef"])),
            ("\"ab\",, \"cd\",", Some(&["ab", "cd"])),
            (", ,\"ab\"", Some(&["ab"])),
            ("\"\"", Some(&[""])),
            ("\"a,b\", \"W/c\", \",\"", Some(&["a,b", "W/c", ","])),
            ("\"a*b\", \"*\"", Some(&["a*b", "*"])),
            ("\"a\\\", \"b\"", Some(&["a\\", "b"])),
            // Malformed.
            ("", None),
            (",", None),
            ("\"ab", None),
            ("a b", None),
            ("\"a b\"", None),
            ("a\"b", None),
            ("\"ab\" \"cd\"", None),
            ("\"ab\"cd", None),
            ("\"ab\", *", None),
            ("*, \"ab\"", None),
        ];
        for (text, expected) in table {
            check(text, expected);
        }
    }
    #[test]
    fn reads_bytes_of_other_character_sets() {
        let tags = vec![Etag("\u{e4}\u{ff}".to_owned()), Etag("b".to_owned())];
        assert_eq!(parse(b"\"\xe4\xff\", \"b\""), Some(EtagMatch::OneOf(tags)));
        assert_eq!(parse(b"\"a\x7f\""), None);
    }

    #[test]
    fn several_lines_are_one_list() {
        let of = |lines: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(IF_MATCH, HeaderValue::from_static(line));
            }
            read(&headers, &IF_MATCH)
        };
        let tags = vec![Etag("a".to_owned()), Etag("b".to_owned())];
        assert_eq!(of(&[]).unwrap(), None);
        assert_eq!(of(&["\"a\"", "\"b\""]).unwrap(), Some(EtagMatch::OneOf(tags)));
        assert_eq!(of(&["*"]).unwrap(), Some(EtagMatch::Any));
        assert!(of(&["*", "\"b\""]).is_err());
        assert!(of(&[""]).is_err());
    }
}
