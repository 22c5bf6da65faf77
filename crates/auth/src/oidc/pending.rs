//! The state of a sign-in in progress.

use std::fmt;

use acta_ambient::{Entropy, Timestamp};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use url::form_urlencoded;

/// Random bytes in each of the secrets of a sign-in.
const SECRET_BYTES: usize = 32;

/// The state of a sign-in until the browser comes back. It must be stored so that only this browser
/// has access to it: for example in a sealed cookie, or in a record that a cookie names.
#[derive(Clone, PartialEq, Eq)]
pub struct Pending {
    pub(crate) issuer: String,
    pub(crate) state: String,
    pub(crate) nonce: String,
    pub(crate) verifier: String,
    pub(crate) begun: Timestamp,
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

impl Pending {
    pub(crate) fn new(issuer: &str, begun: Timestamp, entropy: &dyn Entropy) -> Self {
        let secret = || {
            let mut bytes = [0; SECRET_BYTES];
            entropy.fill(&mut bytes);
            URL_SAFE_NO_PAD.encode(bytes)
        };
        let issuer = issuer.to_owned();
        Self { issuer, state: secret(), nonce: secret(), verifier: secret(), begun }
    }

    /// The `state` parameter of this sign-in.
    pub fn state(&self) -> &str {
        &self.state
    }

    /// Encodes it as one text, which contains secrets.
    pub fn encode(&self) -> String {
        let issuer = URL_SAFE_NO_PAD.encode(&self.issuer);
        let Self { state, nonce, verifier, begun, .. } = self;
        format!("{issuer}.{state}.{nonce}.{verifier}.{}", begun.unix_micros())
    }

    /// Decodes a text of [`Pending::encode`]; none for any other text.
    pub fn decode(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let issuer = URL_SAFE_NO_PAD.decode(parts.next()?).ok()?;
        let mut secret = || parts.next().filter(|part| !part.is_empty()).map(str::to_owned);
        let (state, nonce, verifier) = (secret()?, secret()?, secret()?);
        let begun = Timestamp::from_unix_micros(parts.next()?.parse().ok()?);
        let issuer = String::from_utf8(issuer).ok()?;
        parts.next().is_none().then_some(Self { issuer, state, nonce, verifier, begun })
    }

    /// The code challenge for the verifier.
    ///
    /// Spec: RFC 7636, 4.2 (S256).
    pub(crate) fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier.as_bytes()))
    }

    /// Whether `callback` belongs to this sign-in.
    pub(crate) fn is_answered_by(&self, callback: &Callback) -> bool {
        let state = callback.state.as_deref().unwrap_or_default();
        bool::from(self.state.as_bytes().ct_eq(state.as_bytes()))
    }
}

/// The parameters of the redirect from the provider.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Callback {
    pub(crate) code: Option<String>,
    pub(crate) state: Option<String>,
    pub(crate) issuer: Option<String>,
    pub(crate) error: Option<String>,
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback").field("error", &self.error).finish_non_exhaustive()
    }
}

impl Callback {
    /// Parses the query of the redirect, without its `?`. None if a parameter is repeated.
    ///
    /// Spec: RFC 6749, 3.1 and 4.1.2; RFC 9207, 2.
    pub fn parse(query: &str) -> Option<Self> {
        let mut callback = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let place = match &*name {
                "code" => &mut callback.code,
                "state" => &mut callback.state,
                "iss" => &mut callback.issuer,
                "error" => &mut callback.error,
                _ => continue,
            };
            if place.replace(value.into_owned()).is_some() {
                return None;
            }
        }
        Some(callback)
    }

    /// The `state` parameter, to find the [`Pending`] sign-in.
    pub fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use acta_ambient::SeededEntropy;

    use super::*;

    #[test]
    fn encodes_and_decodes_alike() {
        let begun = Timestamp::from_unix_micros(1_795_305_102_123_456);
        let pending = Pending::new("https://id.example.org/a", begun, &SeededEntropy::new(1));
        assert_eq!(Pending::decode(&pending.encode()), Some(pending.clone()));
        for text in ["", "a", "a.b.c.d", &pending.encode()[1..], &format!("{}.1", pending.encode())]
        {
            assert_eq!(Pending::decode(text), None, "text: {text:?}");
        }
    }

    #[test]
    fn every_sign_in_has_secrets_of_its_own() {
        let entropy = SeededEntropy::new(1);
        let [one, two] = [(); 2].map(|()| Pending::new("", Timestamp::default(), &entropy));
        let mut secrets =
            vec![one.state, one.nonce, one.verifier, two.state, two.nonce, two.verifier];
        assert!(secrets.iter().all(|secret| secret.len() == 43));
        secrets.sort_unstable();
        secrets.dedup();
        assert_eq!(secrets.len(), 6);
    }

    #[test]
    fn makes_the_challenge_of_the_standard() {
        // RFC 7636, appendix B.
        let mut pending = Pending::new("", Timestamp::default(), &SeededEntropy::new(1));
        pending.verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned();
        assert_eq!(pending.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn reads_each_parameter_once() {
        let callback = Callback::parse("code=a%2Bb&state=c&iss=https%3A%2F%2Fid&x=1&x=2").unwrap();
        assert_eq!(callback.code.as_deref(), Some("a+b"));
        assert_eq!(callback.state(), Some("c"));
        assert_eq!(callback.issuer.as_deref(), Some("https://id"));
        assert_eq!(callback.error, None);
        for name in ["code", "state", "iss", "error"] {
            assert_eq!(Callback::parse(&format!("{name}=a&{name}=a")), None, "name: {name}");
        }
    }
}
