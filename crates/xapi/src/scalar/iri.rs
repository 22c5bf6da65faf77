//! Internationalised resource identifiers.

use iri_string::spec::IriSpec;
use iri_string::validate;

/// An absolute IRI with a scheme, stored and compared as sent.
///
/// Spec: RFC 3987, compared by 5.3.1; xAPI 1.0.3, Part Two, 4.3; IEEE 9274.1.1, 4.2.7.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Iri(Box<str>);

/// The IRI of an activity.
pub type ActivityId = Iri;

/// The text is no IRI with a scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an IRI with a scheme")]
pub struct NotAnIri;

/// Which texts count as IRIs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum IriRule {
    /// Those of RFC 3987 with a scheme: for everything that clients send.
    #[default]
    Strict,
    /// Also those with a scheme and characters that must be percent-encoded, such as blanks and
    /// `|`: for history that other stores have accepted, and for reading what is stored.
    Old,
}

impl Iri {
    /// As sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Parses an IRI by a rule.
    ///
    /// # Errors
    ///
    /// [`NotAnIri`].
    pub fn parse(text: &str, rule: IriRule) -> Result<Self, NotAnIri> {
        if Self::is_valid_by(text, rule) { Ok(Self(text.into())) } else { Err(NotAnIri) }
    }

    /// Whether `text` is an IRI by a rule.
    pub fn is_valid_by(text: &str, rule: IriRule) -> bool {
        Self::is_valid(text) || rule == IriRule::Old && is_old(text)
    }

    /// Whether `text` is an IRI.
    pub fn is_valid(text: &str) -> bool {
        is_plain_web_address(text.as_bytes()) || validate::iri::<IriSpec>(text).is_ok()
    }
}

impl std::str::FromStr for Iri {
    type Err = NotAnIri;

    fn from_str(text: &str) -> Result<Self, NotAnIri> {
        Self::parse(text, IriRule::Strict)
    }
}

/// Whether `text` begins with a scheme and a colon.
pub(crate) fn has_scheme(text: &str) -> bool {
    text.split_once([':', '/', '?', '#']).is_some_and(|(scheme, _)| {
        let is_ended = text.as_bytes().get(scheme.len()) == Some(&b':');
        let mut letters = scheme.bytes();
        is_ended
            && letters.next().is_some_and(|first| first.is_ascii_alphabetic())
            && letters.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
    })
}

fn is_old(text: &str) -> bool {
    has_scheme(text) && !text.contains(char::is_control)
}

/// What a byte may be part of, as bits.
const HOST: u8 = 1;
const PATH: u8 = 2;
const QUERY: u8 = 4;

/// What each byte may be part of without looking at its neighbours: a subset of RFC 3986.
const ROLES: [u8; 256] = {
    let mut roles = [0; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        if byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.' {
            roles[byte as usize] = HOST | PATH | QUERY;
        }
        byte += 1;
    }
    let marks = b"_~!$&'()*+,;=:@/";
    let mut at = 0;
    while at < marks.len() {
        roles[marks[at] as usize] = PATH | QUERY;
        at += 1;
    }
    roles[b'?' as usize] = QUERY;
    roles
};

/// Whether this is a simple web address: with a host name, in ASCII and without percent signs.
/// `false` decides nothing: then the library checks it.
fn is_plain_web_address(text: &[u8]) -> bool {
    let rest = text.strip_prefix(b"http").unwrap_or_default();
    let rest = rest.strip_prefix(b"s").unwrap_or(rest);
    let Some(rest) = rest.strip_prefix(b"://") else { return false };
    let (host, rest) = split_while(rest, HOST);
    if host.is_empty() {
        return false;
    }
    let rest = match rest {
        [b':', port @ ..] => {
            port.iter().position(|byte| !byte.is_ascii_digit()).map_or(&[][..], |at| &port[at..])
        }
        _ => rest,
    };
    if !matches!(rest, [] | [b'/' | b'?' | b'#', ..]) {
        return false;
    }
    let (_, rest) = split_while(rest, PATH);
    let rest = match rest {
        [b'?', query @ ..] => split_while(query, QUERY).1,
        _ => rest,
    };
    match rest {
        [b'#', fragment @ ..] => split_while(fragment, QUERY).1.is_empty(),
        _ => rest.is_empty(),
    }
}

fn split_while(text: &[u8], role: u8) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| ROLES[usize::from(*byte)] & role == 0);
    text.split_at(end.unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, is_iri: bool) {
        let parsed = text.parse::<Iri>();
        assert_eq!(parsed.is_ok(), is_iri, "input: {text:?}");
        if let Ok(iri) = parsed {
            assert_eq!(iri.as_str(), text, "kept as sent");
        }
    }

    #[test]
    fn parses_iris_with_a_scheme() {
        let table = [
            ("http://example.com", true),
            ("https://example.com:8080/a/b;c=d?x=y/z?#frag/ment?", true),
            ("http://localhost:18000/xblock/block-v1:edX+X+type@problem+block@p1", true),
            ("http://example.com/%C3%A9t%C3%A9", true),
            ("http://example.com/\u{e9}t\u{e9}/\u{65e5}\u{672c}", true),
            ("http://\u{65e5}\u{672c}.jp/", true),
            ("HTTP://EXAMPLE.COM/", true),
            ("http://user@example.com/", true),
            ("http://[2001:db8::1]/", true),
            ("http:/example.com", true),
            ("urn:isbn:0451450523", true),
            ("urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6", true),
            ("tag:adlnet.gov,2013:expapi:1.0.3:profile", true),
            ("mailto:ada@example.org", true),
            ("x:", true),
            // No scheme, or none that is one.
            ("", false),
            ("should fail", false),
            ("should.fail.com", false),
            ("/relative", false),
            ("//example.com/", false),
            ("ab=c://should.fail.com", false),
            ("1http://example.com", false),
            ("://example.com", false),
            // Characters that have to be percent-encoded.
            ("http://example.com/a b", false),
            (" http://example.com/", false),
            ("http://example.com/<x>", false),
            ("http://example.com/{x}", false),
            ("http://example.com/a|b", false),
            ("http://example.com/a\\b", false),
            ("http://example.com/\"", false),
            ("http://example.com/%", false),
            ("http://example.com/%zz", false),
            ("http://example.com/#a#b", false),
            ("http://example.com/\u{0}", false),
            ("http://exa mple.com/", false),
            ("http://example.com:80a/", false),
            ("http://[2001:db8::1/", false),
        ];
        for (text, is_iri) in table {
            check(text, is_iri);
        }
    }

    #[test]
    fn the_rule_for_old_iris_needs_a_scheme_and_no_more() {
        let table = [
            ("http://example.com/a", true),
            ("http://example.com/a[1]", true),
            ("http://example.com/a|b", true),
            ("http://example.com/a b", true),
            ("http://example.com/%zz#a#b", true),
            ("urn:x:<y>", true),
            ("x:", true),
            ("x y:", false),
            ("", false),
            ("should fail", false),
            ("should.fail.com/a b", false),
            ("/relative|", false),
            ("1http://example.com/a b", false),
            ("http://example.com/\u{0}", false),
            ("http://example.com/\n", false),
        ];
        for (text, expected) in table {
            assert_eq!(Iri::parse(text, IriRule::Old).is_ok(), expected, "input: {text:?}");
        }
    }

    proptest! {
        #[test]
        fn the_short_cut_accepts_nothing_that_the_library_refuses(
            text in "(https?|http|x)(://|:/|:)[a-zA-Z0-9.:@/?#%\\[\\]<> _~!$&'()*+,;=é-]{0,24}"
        ) {
            if is_plain_web_address(text.as_bytes()) {
                prop_assert!(validate::iri::<IriSpec>(&text).is_ok());
            }
        }

        #[test]
        fn the_short_cut_takes_plain_addresses(
            text in "https?://[a-z0-9.-]{1,9}(:[0-9]{0,5})?(/[a-zA-Z0-9_:@+]{0,9}){0,3}(\\?[a-z=&/?]{0,9})?(#[a-z/]{0,5})?"
        ) {
            prop_assert!(is_plain_web_address(text.as_bytes()));
        }
    }
}
