//! The files in `signed/` were made with OpenSSL; their keys were thrown away.

use super::*;
use crate::{ParseLimits, Version, parse_statement};

const RS256: &[u8] = include_bytes!("signed/rs256.jws");
const RS384: &[u8] = include_bytes!("signed/rs384.jws");
const RS512: &[u8] = include_bytes!("signed/rs512.jws");
const RS256_1024_BITS: &[u8] = include_bytes!("signed/rs256_1024.jws");
const OTHER_CERTIFICATE: &[u8] = include_bytes!("signed/other_certificate.jws");
const MISLABELLED: &[u8] = include_bytes!("signed/mislabelled.jws");
const ELLIPTIC_CERTIFICATE: &str = include_str!("signed/elliptic_certificate.base64");

/// The statement that the files sign, before it was signed.
const SIGNED: &str = r#"{"id":"33cff416-e331-4c9d-969e-5373a1756120","actor":{"mbox":"mailto:ada@example.org","name":"Ada"},"verb":{"id":"http://example.org/did","display":{"en":"did"}},"object":{"id":"http://example.org/x"},"timestamp":"2013-04-01T12:00:00Z"}"#;

fn statement_with(text: &str, content_type: &str) -> Statement {
    let attachment = format!(
        r#"{{"attachments":[{{"usageType":"{}","display":{{"en":"Signature"}},"contentType":"{content_type}","length":4,"sha2":"{}"}}],"#,
        Attachment::SIGNATURE,
        "0".repeat(64)
    );
    let text = text.replacen('{', &attachment, 1);
    parse_statement(text.as_bytes(), Version::V1_0_3, &ParseLimits::default()).unwrap()
}

fn statement() -> Statement {
    statement_with(SIGNED, "application/octet-stream")
}

/// A JWS of these parts with a signature of a few bytes.
fn jws(header: &str, payload: &str) -> Vec<u8> {
    let encode = |part: &str| URL_SAFE_NO_PAD.encode(part);
    format!("{}.{}.AAAA", encode(header), encode(payload)).into_bytes()
}

#[track_caller]
fn check(statement: &Statement, signature: &[u8], expected: Result<(), Rule>) {
    let text = String::from_utf8_lossy(signature);
    for version in Version::EVERY {
        let checked = check_signature(statement, version, signature);
        assert_eq!(checked.map_err(|fault| fault.rule), expected, "signature: {text}");
    }
}

#[test]
fn verifies_against_the_certificate() {
    let table = [
        (RS256, Ok(())),
        (RS384, Ok(())),
        (RS512, Ok(())),
        (RS256_1024_BITS, Ok(())),
        (OTHER_CERTIFICATE, Err(Rule::Signature)),
        (MISLABELLED, Err(Rule::Signature)),
    ];
    for (signature, expected) in table {
        check(&statement(), signature, expected);
    }
}

#[test]
fn detects_a_changed_signature() {
    let last = RS256.len() - 10;
    let mut changed = RS256.to_vec();
    changed[last] = if changed[last] == b'A' { b'B' } else { b'A' };
    check(&statement(), &changed, Err(Rule::Signature));
}

#[test]
fn accepts_three_algorithms() {
    let table = [
        (r#"{"alg":"RS256"}"#, Ok(())),
        (r#"{"typ":"JWT","alg":"RS384"}"#, Ok(())),
        (r#"{ "alg" : "RS512" }"#, Ok(())),
        (r#"{"alg":"HS256"}"#, Err(Rule::SignatureAlgorithm)),
        (r#"{"alg":"PS256"}"#, Err(Rule::SignatureAlgorithm)),
        (r#"{"alg":"none"}"#, Err(Rule::SignatureAlgorithm)),
        (r#"{"alg":"rs256"}"#, Err(Rule::SignatureAlgorithm)),
        (r#"{"alg":256}"#, Err(Rule::SignatureAlgorithm)),
        ("{}", Err(Rule::SignatureAlgorithm)),
    ];
    for (header, expected) in table {
        check(&statement(), &jws(header, SIGNED), expected);
    }
}

#[test]
fn refuses_text_that_is_not_a_compact_jws() {
    let good = String::from_utf8(jws(r#"{"alg":"RS256"}"#, SIGNED)).unwrap();
    let no_object = format!("{}.e30.AAAA", URL_SAFE_NO_PAD.encode("[]"));
    let no_json = format!("{}.e30.AAAA", URL_SAFE_NO_PAD.encode("alg"));
    let twice = r#"{"alg":"RS256","alg":"RS256"}"#;
    let critical = r#"{"alg":"RS256","crit":["exp"],"exp":1}"#;
    let table = [
        Vec::new(),
        b"..".to_vec(),
        b"\xff\xff".to_vec(),
        SIGNED.into(),
        good.replace(".AAAA", "").into_bytes(),
        good.replace(".AAAA", ".").into_bytes(),
        good.replace(".AAAA", ".AA+A").into_bytes(),
        good.replace(".AAAA", ".AAAA=").into_bytes(),
        format!("{good}.AAAA").into_bytes(),
        no_object.into_bytes(),
        no_json.into_bytes(),
        jws(twice, SIGNED),
        jws(critical, SIGNED),
        jws(r#"{"alg":"RS256","x5c":[]}"#, SIGNED),
        jws(r#"{"alg":"RS256","x5c":"AAAA"}"#, SIGNED),
        jws(r#"{"alg":"RS256","x5c":["AAAA"]}"#, SIGNED),
        jws(r#"{"alg":"RS256","x5c":["?"]}"#, SIGNED),
    ];
    for signature in table {
        check(&statement(), &signature, Err(Rule::Signature));
    }
    let elliptic = format!(r#"{{"alg":"RS256","x5c":["{ELLIPTIC_CERTIFICATE}"]}}"#);
    check(&statement(), &jws(&elliptic, SIGNED), Err(Rule::SignatureAlgorithm));
}

#[test]
fn the_payload_is_the_statement_before_it_was_signed() {
    let id = "33cff416-e331-4c9d-969e-5373a1756120";
    let table = [
        (SIGNED.to_owned(), Ok(())),
        // Nothing that counts is different.
        (SIGNED.replace("example.org\",", "EXAMPLE.ORG\" ,\n"), Ok(())),
        (SIGNED.replace("12:00:00Z", "14:00:00+02:00"), Ok(())),
        (SIGNED.replace("\"did\"}}", "\"tat\"}}"), Ok(())),
        (SIGNED.replace(id, &id.to_uppercase()), Ok(())),
        (SIGNED.replace(&format!("\"id\":\"{id}\","), ""), Ok(())),
        (SIGNED.replacen('{', r#"{"attachments":[],"#, 1), Ok(())),
        // Another statement, or none.
        (SIGNED.replace("Ada", "Bob"), Err(Rule::SignaturePayload)),
        (SIGNED.replace(id, &id.replace('3', "4")), Err(Rule::SignaturePayload)),
        (SIGNED.replace(&format!("\"{id}\""), "1"), Err(Rule::SignaturePayload)),
        (SIGNED.replacen('{', r#"{"extra":1,"#, 1), Err(Rule::SignaturePayload)),
        (SIGNED.replacen('{', r#"{"stored":1,"stored":2,"#, 1), Err(Rule::SignaturePayload)),
        (SIGNED.replacen('"', "'", 1), Err(Rule::SignaturePayload)),
        (String::new(), Err(Rule::SignaturePayload)),
        (format!("[{SIGNED}]"), Err(Rule::SignaturePayload)),
    ];
    for (payload, expected) in table {
        check(&statement(), &jws(r#"{"alg":"RS256"}"#, &payload), expected);
    }
    // As when statements are compared, it depends on the version whether the timestamp counts.
    let later = jws(r#"{"alg":"RS256"}"#, &SIGNED.replace("12:00:00Z", "12:00:01Z"));
    let check = |version| check_signature(&statement(), version, &later).is_ok();
    assert!(check(Version::V2_0_0) && !check(Version::V1_0_3));
}

#[test]
fn a_statement_may_be_signed_before_it_has_an_id() {
    let without = SIGNED.replace(r#""id":"33cff416-e331-4c9d-969e-5373a1756120","#, "");
    let statement = statement_with(&without, "application/octet-stream");
    check(&statement, RS256, Ok(()));
}

#[test]
fn the_attachment_is_a_stream_of_octets() {
    let table = [
        ("application/octet-stream", Ok(())),
        ("Application/Octet-Stream; x=y", Ok(())),
        ("text/plain; charset=ascii", Err(Rule::Signature)),
        ("application/jose", Err(Rule::Signature)),
    ];
    for (content_type, expected) in table {
        check(&statement_with(SIGNED, content_type), RS256, expected);
    }
}
