//! Values that are one short text: each prints as something that parses as the same.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use acta_access::{ActivityPrefix, Authority, Origin, Role, Scopes};
use acta_ambient::Timestamp;
use acta_config::{ByteSize, Span};
use acta_service::Cursor;
use acta_xapi::scalar::{Duration, is_language_tag};
use acta_xapi::{
    Iri, Languages, Mbox, Sha2, StatementId, StatementTimestamp, Uuid, Version, parse_actor,
};
use iri_string::spec::IriSpec;

use crate::input::{split_choice, split_parts, version_of};
use crate::memory::bounded;

/// What the first byte chooses from.
const CHECKS: [fn(&str); 13] = [
    check_iri,
    check_mbox,
    check_uuid,
    check_duration,
    check_timestamp,
    check_language_tag,
    check_languages,
    check_sha2,
    check_version,
    check_unix_micros,
    check_names,
    check_actor,
    check_access,
];

/// One value.
pub fn scalar(input: &[u8]) {
    let (choice, rest) = split_choice(input);
    let Ok(text) = str::from_utf8(rest) else { return };
    let check = CHECKS[usize::from(choice) % CHECKS.len()];
    bounded(text.len(), || check(text));
}

/// What parses prints as something that parses as the same.
#[track_caller]
fn check_printing<T: FromStr + Display + Debug + PartialEq>(text: &str) -> Option<T> {
    let value: T = text.parse().ok()?;
    let printed = value.to_string();
    assert_eq!(printed.parse().ok().as_ref(), Some(&value), "{text:?} prints as {printed:?}");
    Some(value)
}

fn check_iri(text: &str) {
    let is_iri = iri_string::validate::iri::<IriSpec>(text).is_ok();
    assert_eq!(Iri::is_valid(text), is_iri);
    assert_eq!(text.parse::<Iri>().ok().as_ref().map(Iri::as_str), is_iri.then_some(text));
}

fn check_mbox(text: &str) {
    let Ok(mbox) = text.parse::<Mbox>() else { return };
    assert!(text.len() <= Mbox::LEN_BYTES_MAX && mbox.as_str().eq_ignore_ascii_case(text));
    assert_eq!(mbox.as_str().parse().as_ref(), Ok(&mbox));
    let at = text.rfind('@').expect("an address has an at sign");
    let louder = format!("{}{}", &text[..at], text[at..].to_ascii_uppercase());
    assert_eq!(louder.parse(), Ok(mbox));
}

fn check_uuid(text: &str) {
    let Some(uuid) = check_printing::<Uuid>(text) else { return };
    assert!(uuid.to_string().eq_ignore_ascii_case(text));
    assert_eq!(text.to_uppercase().parse(), Ok(StatementId(uuid)));
}

fn check_duration(text: &str) {
    let Ok(duration) = text.parse::<Duration>() else { return };
    assert_eq!(duration.as_str(), text);
    let comparable: Duration = duration.comparable().parse().expect("is a duration too");
    assert_eq!(comparable.comparable(), comparable.as_str());
    let (seconds, comparable) = (duration.seconds(), comparable.seconds());
    assert!(0.0 <= seconds && seconds.total_cmp(&comparable).is_eq(), "{seconds}, {comparable}");
}

fn check_timestamp(text: &str) {
    let nanos = text.parse::<StatementTimestamp>().ok().map(|timestamp| timestamp.unix_nanos());
    if let Ok(known) = chrono::DateTime::parse_from_rfc3339(text) {
        let has_blank = text.contains(' ');
        let is_unknown_zone = text.ends_with("-00:00");
        let is_leap_second = text.contains(":60");
        if !has_blank && !is_unknown_zone && !is_leap_second {
            let seconds = i128::from(known.timestamp()) * 1_000_000_000;
            assert_eq!(nanos, Some(seconds + i128::from(known.timestamp_subsec_nanos())));
        }
    }
    if let Some(nanos) = nanos {
        let micros = i64::try_from(nanos.div_euclid(1000)).expect("years have four digits");
        check_point(micros);
    }
}

/// What a store prints is read as the same point, as long as years have four digits.
fn check_point(micros: i64) {
    let moment = Timestamp::from_unix_micros(micros);
    if (0..10_000).contains(&moment.date().0) {
        let again: StatementTimestamp = moment.to_string().parse().expect("is a timestamp");
        assert_eq!(again.unix_nanos(), i128::from(micros) * 1000);
    }
}

fn check_unix_micros(text: &str) {
    let mut bytes = [0; 8];
    for (byte, given) in bytes.iter_mut().zip(text.bytes()) {
        *byte = given;
    }
    check_point(i64::from_le_bytes(bytes));
}

fn check_language_tag(text: &str) {
    let is_well_formed = oxilangtag::LanguageTag::parse(text).is_ok();
    assert!(is_well_formed || !is_language_tag(text));
    assert_eq!(is_language_tag(text), is_language_tag(&text.to_ascii_uppercase()));
}

/// A header, and tags to choose from, parted by line breaks.
fn check_languages(text: &str) {
    let (header, tags) = text.split_once('\n').unwrap_or((text, ""));
    let languages = Languages::parse(header);
    let chosen = languages.choose(tags.split('\n'));
    assert!(chosen.is_some_and(|index| index < tags.split('\n').count()));
    let louder = tags.to_ascii_uppercase();
    assert_eq!(chosen, languages.choose(louder.split('\n')));
    assert_eq!(languages.choose(std::iter::empty()), None);
}

fn check_sha2(text: &str) {
    let Ok(sha2) = text.parse::<Sha2>() else { return };
    assert!(sha2.as_str().eq_ignore_ascii_case(text));
    assert_eq!(sha2.as_str().parse().as_ref(), Ok(&sha2));
    let mut hasher = sha2.hasher();
    hasher.update(text.as_bytes());
    assert_eq!(hasher.finish().as_str().len(), text.len());
}

fn check_version(text: &str) {
    let Ok(version) = text.parse::<Version>() else { return };
    assert_eq!(version.as_str().parse(), Ok(version));
    assert!(version.accepts_statement_version(version.default_statement_version()));
}

/// Names and numbers that people or links hold.
fn check_names(text: &str) {
    check_printing::<Scopes>(text);
    if let Some(cursor) = check_printing::<Cursor>(text) {
        assert!(!cursor.to_string().is_empty());
    }
    if let Ok(ByteSize(bytes)) = text.parse::<ByteSize>() {
        assert_eq!(bytes.to_string().parse(), Ok(ByteSize(bytes)));
    }
    if let Ok(Span(duration)) = text.parse::<Span>() {
        assert_eq!(format!("{}ms", duration.as_millis()).parse(), Ok(Span(duration)));
    }
}

/// Agents as parameters give them, and what they are known by.
fn check_actor(text: &str) {
    let [text, _] = split_parts(text.as_bytes());
    for version in [version_of(0), version_of(1)] {
        let Ok(actor) = parse_actor(text, version) else { continue };
        let Some(ifi) = actor.ifi else { continue };
        let key = ifi.to_key();
        let again = parse_actor(key.as_bytes(), version).expect("a key is an agent");
        assert_eq!(again.ifi, Some(ifi));
    }
}

/// What restricts a credential, and as whom it writes.
fn check_access(text: &str) {
    check_printing::<Role>(text);
    if let Some(prefix) = check_printing::<ActivityPrefix>(text) {
        let activity: Iri = prefix.as_str().parse().expect("a prefix is an IRI");
        assert!(prefix.admits(&activity));
    }
    if let Some(origin) = check_printing::<Origin>(text) {
        assert!(origin.is_named_by(&origin.as_str().to_ascii_uppercase()));
        assert!(origin.as_str().parse::<ActivityPrefix>().is_err(), "its host is open: {origin}");
    }
    if let Ok(authority) = text.parse::<Authority>() {
        assert_eq!(authority.json().parse().as_ref(), Ok(&authority));
        let actor = parse_actor(authority.json().as_bytes(), version_of(0));
        assert_eq!(actor.expect("is an agent").ifi.as_ref(), Some(authority.ifi()));
    }
}
