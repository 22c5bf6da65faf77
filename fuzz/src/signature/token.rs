//! Tokens of OpenID providers, what providers say of themselves, and what browsers bring back.

use acta_auth::oidc::fuzzing::{read_metadata, verify_token};
use acta_auth::oidc::{Callback, Pending, is_token_shaped};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::input::{split_choice, split_parts};
use crate::memory::bounded;

/// The key of RFC 8037, appendix A.2, whose private half no input has.
const KEYS: &str =
    r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

/// A whole token, or one that is put together of header, payload and signature; or anything
/// else that comes from a provider.
pub fn token(input: &[u8]) {
    let (choice, rest) = split_choice(input);
    bounded(rest.len(), || match choice % 4 {
        0 => check(&String::from_utf8_lossy(rest), KEYS.as_bytes()),
        1 => {
            let [header, payload, signature, keys] = split_parts(rest);
            let parts = [header, payload, signature].map(|part| URL_SAFE_NO_PAD.encode(part));
            check(&parts.join("."), if keys.is_empty() { KEYS.as_bytes() } else { keys });
        }
        2 => read_metadata(rest),
        _ => check_texts(&String::from_utf8_lossy(rest)),
    });
}

fn check(token: &str, keys: &[u8]) {
    let is_believed = verify_token(token, keys);
    assert!(!is_believed || keys != KEYS.as_bytes(), "nobody can sign by this key");
    assert!(!is_believed || token.bytes().filter(|byte| *byte == b'.').count() == 2);
}

fn check_texts(text: &str) {
    if let Some(callback) = Callback::parse(text) {
        assert!(callback.state().is_none_or(|state| state.len() <= 3 * text.len()));
    }
    if let Some(pending) = Pending::decode(text) {
        assert_eq!(Pending::decode(&pending.encode()), Some(pending));
    }
    assert!(!is_token_shaped(text) || text.contains('.'));
}
