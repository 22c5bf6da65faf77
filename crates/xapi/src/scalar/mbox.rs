//! Mailboxes.

use std::str::FromStr;

/// A mailbox that identifies an agent, such as `mailto:ada@example.org`.
///
/// The domain is held in lower case: domains compare without regard to case, and
/// two spellings must name one learner. The local part stays as sent.
///
/// Spec: XAPI-00038; xAPI 1.0.3, Part Two, 2.4.2.3.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mbox(Box<str>);

/// The text is not one `mailto:` address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected `mailto:` and one e-mail address")]
pub struct NotAnMbox;

impl Mbox {
    /// Longest accepted mailbox, in bytes: the scheme and an address of 254 bytes
    /// (RFC 5321, 4.5.3.1.3, less its angle brackets).
    pub const LEN_BYTES_MAX: usize = "mailto:".len() + 254;

    /// The whole IRI, scheme included.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where the domain starts in an accepted text: everything before it compares as sent,
    /// everything from it on without regard to case.
    pub(crate) fn domain_start(text: &str) -> usize {
        text.rfind('@').map_or(text.len(), |at| at + 1)
    }
}

impl FromStr for Mbox {
    type Err = NotAnMbox;

    fn from_str(text: &str) -> Result<Self, NotAnMbox> {
        if Self::LEN_BYTES_MAX < text.len() {
            return Err(NotAnMbox);
        }
        let address = text.strip_prefix("mailto:").ok_or(NotAnMbox)?;
        let (local, domain) = address.rsplit_once('@').ok_or(NotAnMbox)?;
        if !is_local_part(local) || !is_domain(domain) {
            return Err(NotAnMbox);
        }
        let mut text: Box<str> = text.into();
        let start = Self::domain_start(&text);
        text[start..].make_ascii_lowercase();
        Ok(Self(text))
    }
}

/// Whether this is a quoted text or free of the characters that end or list addresses.
///
/// Dots may stand anywhere: real mailboxes have them twice in a row and at the end.
fn is_local_part(local: &str) -> bool {
    let quoted = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    if let Some(inner) = quoted {
        return !inner.is_empty() && !inner.contains(['"', '\\']) && !has_blanks(inner);
    }
    // `?` and `#` would start the header fields and the fragment of the IRI.
    let ends_an_address = ['@', ',', ';', ':', '<', '>', '(', ')', '[', ']', '\\', '"', '?', '#'];
    !local.is_empty() && !local.contains(ends_an_address) && !has_blanks(local)
}

/// Whether this is a name of labels without blanks and punctuation, or an address literal.
fn is_domain(domain: &str) -> bool {
    let literal = domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    if let Some(inner) = literal {
        let is_address = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == ':';
        return !inner.is_empty() && inner.chars().all(is_address);
    }
    // Letters beyond ASCII are those of internationalised names.
    let is_label = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_' || !c.is_ascii();
    let is_name = |label: &str| !label.is_empty() && label.chars().all(is_label);
    !has_blanks(domain) && domain.split('.').all(is_name)
}

fn has_blanks(text: &str) -> bool {
    text.contains(|c: char| c.is_whitespace() || c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&str, NotAnMbox>) {
        let parsed = text.parse::<Mbox>();
        assert_eq!(parsed.as_ref().map(Mbox::as_str).map_err(|e| *e), expected, "input: {text:?}");
        if let Ok(mbox) = parsed {
            assert_eq!(mbox.as_str().parse(), Ok(mbox.clone()), "printing and parsing must agree");
        }
    }

    #[test]
    fn parses_one_mailto_address() {
        let table = [
            // Kept and normalised.
            ("mailto:ada@example.org", Ok("mailto:ada@example.org")),
            ("mailto:Ada@EXAMPLE.org", Ok("mailto:Ada@example.org")),
            ("mailto:a.b+c'd/e=f@x-y.z1", Ok("mailto:a.b+c'd/e=f@x-y.z1")),
            ("mailto:a..b.@example.org", Ok("mailto:a..b.@example.org")),
            ("mailto:ada%20l@example.org", Ok("mailto:ada%20l@example.org")),
            ("mailto:ada@localhost", Ok("mailto:ada@localhost")),
            ("mailto:j\u{fc}rg@m\u{fc}ller.DE", Ok("mailto:j\u{fc}rg@m\u{fc}ller.de")),
            ("mailto:\"a@b\"@example.org", Ok("mailto:\"a@b\"@example.org")),
            ("mailto:ada@[IPv6:2001:DB8::1]", Ok("mailto:ada@[ipv6:2001:db8::1]")),
            // Refused: no scheme, other scheme, missing part, blank inside.
            ("ada@example.org", Err(NotAnMbox)),
            ("https://example.org", Err(NotAnMbox)),
            ("mailto:should.fail.com", Err(NotAnMbox)),
            ("mailto:@example.org", Err(NotAnMbox)),
            ("mailto:ada@", Err(NotAnMbox)),
            ("mailto:a da@example.org", Err(NotAnMbox)),
            ("mailto:ada@exa mple.org", Err(NotAnMbox)),
            ("mailto:ada@example.org ", Err(NotAnMbox)),
            ("mailto: ada@example.org", Err(NotAnMbox)),
            ("mailto:ada\n@example.org", Err(NotAnMbox)),
            ("mailto:ada\u{a0}@example.org", Err(NotAnMbox)),
            // Refused: several addresses, a display name, header fields, empty labels.
            ("mailto:ada@example.org,bob@example.org", Err(NotAnMbox)),
            ("mailto:ada@bob@example.org", Err(NotAnMbox)),
            ("mailto:<ada@example.org>", Err(NotAnMbox)),
            ("mailto:ada@example.org?subject=x", Err(NotAnMbox)),
            ("mailto:a?b@example.org", Err(NotAnMbox)),
            ("mailto:ada@example..org", Err(NotAnMbox)),
            ("mailto:ada@.org", Err(NotAnMbox)),
            ("mailto:ada@example.org/x", Err(NotAnMbox)),
            ("mailto:\"\"@example.org", Err(NotAnMbox)),
            ("mailto:ada@[]", Err(NotAnMbox)),
        ];
        for (text, expected) in table {
            check(text, expected);
        }
    }

    #[test]
    fn refuses_more_than_the_longest_mailbox() {
        let longest = format!("mailto:{}@b", "a".repeat(252));
        assert_eq!(longest.len(), Mbox::LEN_BYTES_MAX);
        check(&longest, Ok(&longest));
        check(&longest.replace("@b", "@bc"), Err(NotAnMbox));
    }
}
