//! Equality of statements.
//!
//! A statement is written in one canonical form, which omits everything that does not count and
//! has one notation for values that may be written in several ways. The hash of that form is the
//! statement's fingerprint.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use crate::json::{Kind, Value};
use crate::scalar::comparable_parts;
use crate::{Mbox, StatementTimestamp, Version};

/// A hash of everything in a statement that counts for equality: 128 bits.
///
/// Not counted are what a store sets (`id`, `stored`, `authority`, `version`), attachments,
/// the display of verbs, the definitions of activities, the order of group members, and the
/// ways of writing one and the same value: order of properties, escapes, number texts,
/// time zones, the case of domains, UUIDs, hashes and language tags, `objectType` where it
/// may be left out, and a context activity alone or as an array of one. Durations count as
/// texts, cut to hundredths of a second.
///
/// The timestamp counts as a point in time, but only when both statements have one, since
/// stores fill it in, and not in 2.0: use [`Fingerprint::repeats`], not `==`, to recognise a
/// repeated statement. `spec/requirements.toml` has the table of what counts in which version.
///
/// Spec: xAPI 1.0.3, Part Two, 2.3.1; IEEE 9274.1.1, 4.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 16]);

/// Bytes for the content; the others are for the timestamp, zeros for none.
const CONTENT_LEN_BYTES: usize = 12;

impl Fingerprint {
    /// The fingerprint of a statement that has passed validation.
    pub(crate) fn of(statement: Value<'_, '_>) -> Self {
        let mut form =
            CanonicalForm { bytes: Vec::with_capacity(1024), members: Vec::with_capacity(32) };
        form.value(PropertyRole::Statement, statement);
        let mut bytes = [0; 16];
        let (content, timestamp) = bytes.split_at_mut(CONTENT_LEN_BYTES);
        content.copy_from_slice(&Sha256::digest(&form.bytes)[..CONTENT_LEN_BYTES]);
        if let Some(value) = statement.member("timestamp") {
            form.bytes.clear();
            form.value(PropertyRole::StatementTimestamp, value);
            let length = timestamp.len();
            timestamp.copy_from_slice(&Sha256::digest(&form.bytes)[..length]);
            // Zeros are reserved for statements without a timestamp.
            timestamp[0] |= 1;
        }
        Self(bytes)
    }

    /// Whether a statement that is sent in `version` is equal to another, in whatever version
    /// that one was sent.
    ///
    /// As `==`, but a statement without a timestamp is equal to one that has any, and where
    /// `version` does not compare timestamps, all of them are equal.
    ///
    /// Spec: xAPI 1.0.3, Part Two, 2.3.1; IEEE 9274.1.1, 4.2.
    pub fn repeats(self, other: Self, version: Version) -> bool {
        let (content, timestamp) = self.0.split_at(CONTENT_LEN_BYTES);
        let (other_content, other_timestamp) = other.0.split_at(CONTENT_LEN_BYTES);
        let is_missing = |timestamp: &[u8]| timestamp.iter().all(|byte| *byte == 0);
        let is_timestamp_equal = !version.compares_timestamps()
            || timestamp == other_timestamp
            || is_missing(timestamp)
            || is_missing(other_timestamp);
        content == other_content && is_timestamp_equal
    }
}

/// The role of a value, which decides its canonical form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PropertyRole {
    /// Does not count.
    Ignored,
    Statement,
    SubStatement,
    Verb,
    Actor,
    /// A group's, in any order.
    Members,
    /// Of a statement: one of five types.
    Object,
    Activity,
    /// One alone is the same as an array of one.
    Activities,
    StatementRef,
    Context,
    ContextActivities,
    ContextActors,
    ContextActor,
    StatementResult,
    Mbox,
    /// Text whose case does not count.
    AnyCase,
    StatementTimestamp,
    Duration,
    /// Any JSON, as in extensions.
    Plain,
}

impl PropertyRole {
    /// The role of an object's member.
    fn of_member(self, key: &str) -> Self {
        match (self, key) {
            (Self::Statement, "id" | "stored" | "authority" | "version" | "timestamp")
            | (Self::Statement | Self::SubStatement, "attachments")
            | (Self::Verb, "display")
            | (Self::Activity, "definition")
            // The values of these properties can have only one type.
            | (
                Self::SubStatement | Self::Activity | Self::StatementRef | Self::ContextActor,
                "objectType",
            ) => Self::Ignored,
            (Self::Statement | Self::SubStatement, "actor")
            | (Self::Context, "instructor" | "team")
            | (Self::ContextActor, "agent" | "group") => Self::Actor,
            (Self::Statement | Self::SubStatement, "verb") => Self::Verb,
            (Self::Statement | Self::SubStatement, "object") => Self::Object,
            (Self::Statement | Self::SubStatement, "result") => Self::StatementResult,
            (Self::Statement | Self::SubStatement, "context") => Self::Context,
            (Self::SubStatement, "timestamp") => Self::StatementTimestamp,
            (Self::Actor, "mbox") => Self::Mbox,
            (Self::Actor, "member") => Self::Members,
            (Self::Actor, "mbox_sha1sum")
            | (Self::StatementRef, "id")
            | (Self::Context, "registration" | "language") => Self::AnyCase,
            (Self::Context, "statement") => Self::StatementRef,
            (Self::Context, "contextActivities") => Self::ContextActivities,
            (Self::Context, "contextAgents" | "contextGroups") => Self::ContextActors,
            (Self::ContextActivities, _) => Self::Activities,
            (Self::StatementResult, "duration") => Self::Duration,
            _ => Self::Plain,
        }
    }

    /// The role of an array's element.
    #[expect(clippy::wildcard_enum_match_arm, reason = "only three kinds of arrays differ")]
    fn of_element(self) -> Self {
        match self {
            Self::Members => Self::Actor,
            Self::Activities => Self::Activity,
            Self::ContextActors => Self::ContextActor,
            _ => Self::Plain,
        }
    }

    /// The role of a statement's object, by its type, with a letter for it.
    fn of_object(object: Value<'_, '_>) -> (Self, u8) {
        let object_type = object.member("objectType").and_then(Value::as_str);
        match object_type.as_deref() {
            Some("Agent" | "Group") => (Self::Actor, b'a'),
            Some("StatementRef") => (Self::StatementRef, b'r'),
            Some("SubStatement") => (Self::SubStatement, b's'),
            Some(_) | None => (Self::Activity, b'v'),
        }
    }
}

/// The canonical form as it grows: every part begins with a letter for what it is, and
/// whatever can vary in length with its length, so that no two contents share a form.
struct CanonicalForm<'a, 't> {
    bytes: Vec<u8>,
    /// The members of the objects that are being written, the innermost last.
    members: Vec<(Cow<'t, [u8]>, Value<'a, 't>, PropertyRole)>,
}

impl<'a, 't> CanonicalForm<'a, 't> {
    fn value(&mut self, role: PropertyRole, value: Value<'a, 't>) {
        match value.kind() {
            Kind::Null => self.bytes.push(b'0'),
            Kind::True => self.bytes.push(b'+'),
            Kind::False => self.bytes.push(b'-'),
            Kind::Number => self.number(value.raw()),
            Kind::String => self.string(role, value),
            Kind::Array if role == PropertyRole::Members => self.any_order(value),
            Kind::Array => {
                self.begin(b'[', value.count());
                for element in value.elements() {
                    self.value(role.of_element(), element);
                }
            }
            Kind::Object if role == PropertyRole::Activities => {
                self.begin(b'[', 1);
                self.object(PropertyRole::Activity, value);
            }
            Kind::Object if role == PropertyRole::Object => {
                let (role, letter) = PropertyRole::of_object(value);
                self.bytes.push(letter);
                self.object(role, value);
            }
            Kind::Object => self.object(role, value),
        }
    }

    fn object(&mut self, role: PropertyRole, object: Value<'a, 't>) {
        let start = self.members.len();
        for (name, value) in object.members() {
            let key = name.unescaped();
            let member_role = role.of_member(&key);
            let is_default = role == PropertyRole::Actor
                && key == "objectType"
                && value.as_str().is_some_and(|text| text == "Agent");
            if member_role != PropertyRole::Ignored && !is_default {
                let key = name.value().bytes().unwrap_or_default();
                self.members.push((key, value, member_role));
            }
        }
        let end = self.members.len();
        // The order of two members with one key counts: which of them holds is not known.
        self.members[start..].sort_unstable_by(|(key, value, _), (other_key, other, _)| {
            key.cmp(other_key).then_with(|| value.span().start.cmp(&other.span().start))
        });
        self.begin(b'{', end - start);
        for index in start..end {
            let (key, value, member_role) = &mut self.members[index];
            let (key, value, member_role) = (std::mem::take(key), *value, *member_role);
            self.string_bytes(&key);
            self.value(member_role, value);
        }
        self.members.truncate(start);
    }

    /// Writes an array whose order does not count, sorted by the canonical form of its elements.
    fn any_order(&mut self, array: Value<'a, 't>) {
        self.begin(b'*', array.count());
        let start = self.bytes.len();
        let mut spans = Vec::with_capacity(array.count());
        for element in array.elements() {
            let element_start = self.bytes.len();
            self.value(PropertyRole::Members.of_element(), element);
            spans.push(element_start..self.bytes.len());
        }
        spans.sort_unstable_by(|a, b| self.bytes[a.clone()].cmp(&self.bytes[b.clone()]));
        let sorted: Vec<u8> =
            spans.into_iter().flat_map(|span| self.bytes[span].iter().copied()).collect();
        self.bytes.truncate(start);
        self.bytes.extend_from_slice(&sorted);
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "other texts are written as they are")]
    fn string(&mut self, role: PropertyRole, value: Value<'a, 't>) {
        let text = || value.as_str().unwrap_or_default();
        match role {
            PropertyRole::AnyCase => self.text_any_case(&text(), 0),
            PropertyRole::Mbox => self.text_any_case(&text(), Mbox::domain_start(&text())),
            PropertyRole::Duration => self.text(comparable_parts(&text())),
            PropertyRole::StatementTimestamp => match StatementTimestamp::read(&text()) {
                Some(unix_nanos) => {
                    self.bytes.push(b't');
                    self.bytes.extend_from_slice(&unix_nanos.to_le_bytes());
                }
                None => self.text([&text()]),
            },
            _ => self.string_bytes(&value.bytes().unwrap_or_default()),
        }
    }

    fn string_bytes(&mut self, bytes: &[u8]) {
        self.begin(b'"', bytes.len());
        self.bytes.extend_from_slice(bytes);
    }

    /// Begins a part with its letter and its length, seven bits a byte, the lowest first.
    #[expect(clippy::cast_possible_truncation, reason = "what is cast has seven bits")]
    fn begin(&mut self, letter: u8, length: usize) {
        self.bytes.push(letter);
        let mut rest = length;
        while rest > 0x7F {
            self.bytes.push((rest & 0x7F) as u8 | 0x80);
            rest >>= 7;
        }
        self.bytes.push(rest as u8);
    }

    fn text<const N: usize>(&mut self, parts: [&str; N]) {
        self.begin(b'"', parts.iter().map(|part| part.len()).sum());
        for part in parts {
            self.bytes.extend_from_slice(part.as_bytes());
        }
    }

    /// Writes a text in lower case from the byte `start` on.
    fn text_any_case(&mut self, text: &str, start: usize) {
        self.text([text]);
        let start = self.bytes.len() - text.len() + start;
        self.bytes[start..].make_ascii_lowercase();
    }

    /// Writes a number by its value: digits without zeros at either end, and an exponent.
    fn number(&mut self, raw: &str) {
        let (mantissa, exponent) = raw.split_once(['e', 'E']).unwrap_or((raw, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let (is_negative, whole) = match whole.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, whole),
        };
        let Ok(exponent) = exponent.parse::<i64>() else {
            // An exponent out of range: the text itself is used.
            self.bytes.push(b'N');
            return self.text([raw]);
        };
        let digits = || whole.bytes().chain(fraction.bytes());
        let count = whole.len() + fraction.len();
        let leading = digits().take_while(|digit| *digit == b'0').count();
        let trailing = digits().rev().take_while(|digit| *digit == b'0').count();
        if leading == count {
            return self.begin(b'n', 0);
        }
        self.begin(if is_negative { b'm' } else { b'n' }, count - leading - trailing);
        self.bytes.extend(digits().skip(leading).take(count - leading - trailing));
        let shift = trailing as i128 - fraction.len() as i128;
        self.bytes.extend_from_slice(&(i128::from(exponent) + shift).to_le_bytes());
    }
}

#[cfg(test)]
mod tests;
