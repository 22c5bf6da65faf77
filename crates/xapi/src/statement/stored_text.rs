//! The text of a statement as it is stored.
//!
//! The sender's text is never serialised again: it is cut at the spans of the properties that a
//! store may set, and joined again.

use std::ops::Range;

use super::layout::Layout;
use crate::{Statement, StatementId, Version};

/// The properties that a store sets in a statement that arrives.
#[derive(Clone, Copy, Debug)]
pub struct StoreProperties<'a> {
    /// The id for a statement that was sent without one.
    pub id: StatementId,
    /// The authority, as the JSON text of an agent.
    pub authority: &'a str,
    /// The version of the request: used if the sender set none.
    pub version: Version,
}

/// A statement's text as it is stored.
///
/// The sender's bytes, except: `id` added when missing; `authority` set; `version` added
/// when missing; single context activities wrapped in arrays; timestamps converted to UTC if
/// the version of the request asks for it; `stored` removed. `stored`, and `timestamp` if the
/// sender gave none, are inserted by [`StatementText::complete`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementText {
    /// The JSON text, without `stored`.
    pub text: String,
    /// Whether `timestamp` is missing too, because the sender gave none: it equals `stored`.
    pub is_timestamp_stored: bool,
}

/// Most bytes of names and punctuation that are added around the values.
const ADDED_LEN_BYTES: usize = 96;

impl Statement {
    /// The text to store.
    ///
    /// Spec: XAPI-00332; xAPI 1.0.3, Part Two, 2.3.1, 2.4.6.2 and 2.4.8 to 2.4.10;
    /// IEEE 9274.1.1, 4.2.4 and 4.2.7.
    pub fn stored_text(&self, stamp: &StoreProperties<'_>) -> StatementText {
        let text = &*self.text;
        let brackets = 2 * self.layout.single_context_activities.len();
        let room = text.len() + stamp.authority.len() + brackets + ADDED_LEN_BYTES;
        let mut kept = String::with_capacity(room);
        kept.push('{');
        if self.layout.id.is_none() {
            kept.push_str("\"id\":\"");
            stamp.id.0.push_to(&mut kept);
            kept.push_str("\",");
        }
        let mut copied = 1;
        for edit in edits(text, &self.layout, stamp) {
            kept.push_str(&text[copied..edit.span.start]);
            kept.push_str(edit.replacement);
            copied = edit.span.end;
        }
        kept.push_str(&text[copied..text.len() - 1]);
        if self.layout.authority.is_none() {
            kept.push_str(",\"authority\":");
            kept.push_str(stamp.authority);
        }
        if self.layout.version.is_none() {
            kept.push_str(",\"version\":\"");
            kept.push_str(stamp.version.default_statement_version());
            kept.push('"');
        }
        kept.push('}');
        StatementText { text: kept, is_timestamp_stored: self.timestamp.is_none() }
    }
}

impl StatementText {
    /// The whole statement: `text` with `stored` (and `timestamp`) set to `stored`, which
    /// is an RFC 3339 text.
    pub fn complete(text: &str, is_timestamp_stored: bool, stored: &str) -> String {
        let mut whole = String::with_capacity(text.len() + ADDED_LEN_BYTES + 2 * stored.len());
        whole.push_str(text.strip_suffix('}').unwrap_or(text));
        whole.push_str(",\"stored\":\"");
        whole.push_str(stored);
        if is_timestamp_stored {
            whole.push_str("\",\"timestamp\":\"");
            whole.push_str(stored);
        }
        whole.push_str("\"}");
        whole
    }
}

impl StatementText {
    /// The text of which [`StatementText::complete`] has made `whole`; none if it has not.
    pub fn of_complete(whole: &str, is_timestamp_stored: bool, stored: &str) -> Option<Self> {
        let end = Self::complete("}", is_timestamp_stored, stored);
        let text = format!("{}}}", whole.strip_suffix(&end)?);
        Some(Self { text, is_timestamp_stored })
    }
}

/// A replacement of some of the sender's bytes.
struct TextEdit<'a> {
    span: Range<usize>,
    replacement: &'a str,
}

/// The changes of the sender's text, in the order of the text.
fn edits<'a>(text: &str, layout: &'a Layout, stamp: &StoreProperties<'a>) -> Vec<TextEdit<'a>> {
    let stored = layout.stored.clone().map(|span| (with_comma(text, span), ""));
    let authority = layout.authority.clone().map(|span| (span, stamp.authority));
    let brackets = layout.single_context_activities.iter().flat_map(|activity| {
        [(activity.start..activity.start, "["), (activity.end..activity.end, "]")]
    });
    let timestamps = layout.timestamps_to_convert.iter();
    let timestamps = timestamps.map(|(span, in_utc)| (span.clone(), &**in_utc));
    let edits = brackets.chain(stored).chain(authority).chain(timestamps);
    let mut edits: Vec<_> =
        edits.map(|(span, replacement)| TextEdit { span, replacement }).collect();
    edits.sort_unstable_by_key(|edit| edit.span.start);
    edits
}

/// A member's span with the comma that separates it from the next or, for the last member, from
/// the one before.
fn with_comma(text: &str, member: Range<usize>) -> Range<usize> {
    let behind = text[member.end..].trim_ascii_start();
    if let Some(rest) = behind.strip_prefix(',') {
        return member.start..text.len() - rest.trim_ascii_start().len();
    }
    let before = text[..member.start].trim_ascii_end();
    before.strip_suffix(',').map_or(member.start, str::len)..member.end
}

#[cfg(test)]
mod tests;
