//! Entity tags: `If-Match` and `If-None-Match`.

use acta_service::{Etag, EtagMatch, Precondition};
use acta_xapi::{Fault, Rule};
use axum::extract::FromRequestParts;
use hyper::HeaderMap;
use hyper::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};
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

fn read(headers: &HeaderMap, name: &HeaderName) -> Result<Option<EtagMatch>, Problem> {
    let mut etags = Vec::new();
    let mut is_any = false;
    for value in headers.get_all(name) {
        let text = value.to_str().unwrap_or_default();
        match parse(text) {
            Some(EtagMatch::Any) => is_any = true,
            Some(EtagMatch::OneOf(more)) => etags.extend(more),
            None => {
                let pointer = format!("/{name}");
                return Err(Problem::faulty(vec![Fault::new(pointer, Rule::Header, text).into()]));
            }
        }
    }
    Ok(match (is_any, etags.is_empty()) {
        (true, _) => Some(EtagMatch::Any),
        (false, false) => Some(EtagMatch::OneOf(etags)),
        (false, true) => None,
    })
}

/// Reads a list of tags.
///
/// More is accepted than RFC 9110, 8.8.3 allows: a tag without quotes, as some clients send it; and
/// a weak tag as a strong one, because a compressing proxy makes tags weak, while ours identify the
/// content itself.
fn parse(text: &str) -> Option<EtagMatch> {
    if text.trim() == "*" {
        return Some(EtagMatch::Any);
    }
    let mut etags = Vec::new();
    for member in text.split(',').map(str::trim).filter(|member| !member.is_empty()) {
        let member = member.strip_prefix("W/").unwrap_or(member);
        let (tag, is_quoted) = match member.strip_prefix('"') {
            Some(rest) => (rest.strip_suffix('"')?, true),
            None => (member, false),
        };
        let is_tag = !tag.contains('"') && (is_quoted || !tag.contains([' ', '*']));
        if !is_tag {
            return None;
        }
        etags.push(Etag(tag.to_owned()));
    }
    if etags.is_empty() { None } else { Some(EtagMatch::OneOf(etags)) }
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
        assert_eq!(parse(text), expected, "input: {text:?}");
    }

    #[test]
    fn reads_the_tags_that_clients_send() {
        let table: [(&str, Option<&[&str]>); 11] = [
            ("*", Some(&["*"])),
            ("\"ab\"", Some(&["ab"])),
            ("\"ab\", W/\"cd\"", Some(&["ab", "cd"])),
            ("ab", Some(&["ab"])),
            ("\"ab\",, \"cd\",", Some(&["ab", "cd"])),
            ("\"\"", Some(&[""])),
            // Malformed.
            ("", None),
            (",", None),
            ("\"ab", None),
            ("a b", None),
            ("\"ab\", *", None),
        ];
        for (text, expected) in table {
            check(text, expected);
        }
    }
}
