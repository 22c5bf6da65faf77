//! Signatures: a JWS over a statement, with a certificate or without; tokens; and proofs.

mod proof;
mod token;

pub use proof::proof;
pub use token::token;

use acta_xapi::json::BYTE_ORDER_MARK;
use acta_xapi::{ParseLimits, Statement, Version, check_signature, parse_statement};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::input::{split_choice, split_parts};
use crate::memory::bounded;

const STATEMENT: &str =
    r#"{"actor":{"mbox":"mailto:a@b.c"},"verb":{"id":"http://v"},"object":{"id":"http://o"}}"#;

/// A whole JWS, or one that is put together of header, payload, certificate and signature.
pub fn signature(input: &[u8]) {
    let (choice, rest) = split_choice(input);
    bounded(2 * rest.len(), || {
        if choice.is_multiple_of(2) { check(rest) } else { check(&compose(split_parts(rest))) }
    });
}

fn compose([header, payload, certificate, signature]: [&[u8]; 4]) -> Vec<u8> {
    let header = if certificate.is_empty() {
        header.to_vec()
    } else {
        let certificate = STANDARD.encode(certificate);
        format!(r#"{{"alg":"RS256","x5c":["{certificate}"]}}"#).into_bytes()
    };
    let payload = if payload.is_empty() { STATEMENT.as_bytes() } else { payload };
    let parts = [&header, payload, signature].map(|part| URL_SAFE_NO_PAD.encode(part));
    parts.join(".").into_bytes()
}

/// The statement that is signed, or another one if the payload is none.
fn statement_of(jws: &[u8]) -> Statement {
    let limits = ParseLimits::default();
    let payload = jws.split(|byte| *byte == b'.').nth(1).unwrap_or_default();
    let payload = URL_SAFE_NO_PAD.decode(payload).unwrap_or_default();
    parse_statement(&payload, Version::V2_0_0, &limits)
        .or_else(|_| parse_statement(STATEMENT.as_bytes(), Version::V2_0_0, &limits))
        .expect("the statement is valid")
}

fn check(jws: &[u8]) {
    let statement = statement_of(jws);
    match check_signature(&statement, Version::V2_0_0, jws) {
        Err(fault) => assert_eq!(fault.pointer, "/attachments"),
        Ok(()) => check_other_signatures(&statement, jws),
    }
}

/// With a certificate, no other signature holds. Without one, any does.
fn check_other_signatures(statement: &Statement, jws: &[u8]) {
    let header = jws.split(|byte| *byte == b'.').next().unwrap_or_default();
    let header = URL_SAFE_NO_PAD.decode(header).expect("it was read before");
    let header = header.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&header);
    let header: serde_json::Value = serde_json::from_slice(header).expect("it was read before");
    let (signed, signature) =
        jws.split_at(1 + memchr::memrchr(b'.', jws).expect("it has two dots"));
    let mut signature = URL_SAFE_NO_PAD.decode(signature).expect("it was read before");
    signature[0] ^= 1;
    let other = [signed, URL_SAFE_NO_PAD.encode(signature).as_bytes()].concat();
    let is_accepted = check_signature(statement, Version::V2_0_0, &other).is_ok();
    assert_eq!(is_accepted, header.get("x5c").is_none());
}
