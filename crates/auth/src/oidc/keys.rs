//! The public keys of an issuer.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ED25519, RsaPublicKeyComponents, UnparsedPublicKey};
use serde::Deserialize;

use super::jws::{Jws, Verification};
use super::{Algorithm, FetchError, TokenFault};

/// Most keys of an issuer that are cached.
const KEYS_COUNT_MAX: usize = 64;

/// The first byte of an uncompressed point on a curve (SEC 1, 2.3.3).
const UNCOMPRESSED: u8 = 4;

/// A JSON Web Key.
///
/// Spec: RFC 7517, 4; RFC 7518, 6; RFC 8037, 2.
#[derive(Debug, Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// A JSON Web Key Set. Entries that cannot be parsed may be keys of an unknown type.
#[derive(Debug, Deserialize)]
struct Document {
    keys: Vec<serde_json::Value>,
}

/// A public key for signatures.
#[derive(Debug, PartialEq, Eq)]
struct Key {
    id: Option<String>,
    /// The only algorithm that it may be used with, if there is one.
    algorithm: Option<String>,
    material: Material,
}

#[derive(Debug, PartialEq, Eq)]
enum Material {
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    Curve { name: String, point: Vec<u8> },
    Ed25519(Vec<u8>),
}

/// All keys of an issuer that can verify signatures.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct KeySet(Vec<Key>);

impl KeySet {
    /// # Errors
    ///
    /// [`FetchError::Unreadable`] when it is not a key set.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, FetchError> {
        let document: Document = serde_json::from_slice(body)
            .map_err(|error| FetchError::Unreadable(error.to_string()))?;
        let keys = document.keys.into_iter().filter_map(Key::of);
        Ok(Self(keys.take(KEYS_COUNT_MAX).collect()))
    }

    /// Whether there is a key for `jws`.
    pub(crate) fn has_key_for(&self, jws: &Jws<'_>) -> bool {
        self.key_for(jws).is_some()
    }

    /// The key with this id; without an id, the only key for the algorithm.
    fn key_for(&self, jws: &Jws<'_>) -> Option<&Key> {
        let mut keys = self.0.iter().filter(|key| {
            key.is_for(jws.algorithm) && (jws.key_id.is_none() || key.id == jws.key_id)
        });
        let key = keys.next()?;
        let is_certain = jws.key_id.is_some() || keys.next().is_none();
        is_certain.then_some(key)
    }

    /// # Errors
    ///
    /// [`TokenFault::Key`] or [`TokenFault::Signature`].
    pub(crate) fn verify(&self, jws: &Jws<'_>) -> Result<(), TokenFault> {
        let key = self.key_for(jws).ok_or(TokenFault::Key)?;
        let verified = key.verify(jws.algorithm, jws.signed, &jws.signature);
        verified.ok_or(TokenFault::Signature)
    }
}

impl Key {
    fn of(value: serde_json::Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(value).ok()?;
        let is_for_signatures = jwk.purpose.as_deref().is_none_or(|purpose| purpose == "sig")
            && jwk.key_ops.as_ref().is_none_or(|acts| acts.iter().any(|act| act == "verify"));
        if !is_for_signatures {
            return None;
        }
        let bytes = |text: &Option<String>| URL_SAFE_NO_PAD.decode(text.as_deref()?).ok();
        let material = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("RSA", None) => Material::Rsa {
                modulus: without_zeros(&bytes(&jwk.n)?),
                exponent: without_zeros(&bytes(&jwk.e)?),
            },
            ("EC", Some(name)) => Material::Curve {
                name: name.to_owned(),
                point: [vec![UNCOMPRESSED], bytes(&jwk.x)?, bytes(&jwk.y)?].concat(),
            },
            ("OKP", Some("Ed25519")) => Material::Ed25519(bytes(&jwk.x)?),
            _ => return None,
        };
        Some(Self { id: jwk.kid, algorithm: jwk.alg, material })
    }

    fn is_for(&self, algorithm: Algorithm) -> bool {
        let is_permitted = self.algorithm.as_deref().is_none_or(|name| name == algorithm.as_str());
        let fits = match (&self.material, algorithm.verification()) {
            (Material::Rsa { .. }, Verification::Rsa(_))
            | (Material::Ed25519(_), Verification::Ed25519) => true,
            (Material::Curve { name, .. }, Verification::Curve(wanted, _)) => name == wanted,
            (Material::Rsa { .. } | Material::Curve { .. } | Material::Ed25519(_), _) => false,
        };
        is_permitted && fits
    }

    fn verify(&self, algorithm: Algorithm, signed: &[u8], signature: &[u8]) -> Option<()> {
        match (&self.material, algorithm.verification()) {
            (Material::Rsa { modulus, exponent }, Verification::Rsa(parameters)) => {
                let key = RsaPublicKeyComponents { n: modulus, e: exponent };
                key.verify(parameters, signed, signature).ok()
            }
            (Material::Curve { point, .. }, Verification::Curve(_, parameters)) => {
                UnparsedPublicKey::new(parameters, point).verify(signed, signature).ok()
            }
            (Material::Ed25519(key), Verification::Ed25519) => {
                UnparsedPublicKey::new(&ED25519, key).verify(signed, signature).ok()
            }
            (Material::Rsa { .. } | Material::Curve { .. } | Material::Ed25519(_), _) => None,
        }
    }
}

/// Some issuers write a leading zero, as in DER.
fn without_zeros(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default().to_vec()
}

#[cfg(test)]
mod tests {
    use ring::signature::{Ed25519KeyPair, KeyPair};
    use serde_json::{Value, json};

    use super::*;

    fn pair() -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()
    }

    /// A token with this header, signed by [`pair`].
    fn token(header: &Value) -> String {
        let header = URL_SAFE_NO_PAD.encode(header.to_string());
        let signed = format!("{header}.e30");
        let signature = URL_SAFE_NO_PAD.encode(pair().sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    /// The public half of [`pair`], with other members.
    fn jwk(others: &Value) -> Value {
        let x = URL_SAFE_NO_PAD.encode(pair().public_key());
        let mut jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": x });
        jwk.as_object_mut().unwrap().extend(others.as_object().unwrap().clone());
        jwk
    }

    fn keys(jwks: &[Value]) -> KeySet {
        KeySet::parse(json!({ "keys": jwks }).to_string().as_bytes()).unwrap()
    }

    #[track_caller]
    fn check(header: &Value, published: &[Value], expected: Result<(), TokenFault>) {
        let token = token(header);
        let jws = Jws::parse(&token, &Algorithm::EVERY).unwrap();
        let keys = keys(published);
        assert_eq!(keys.verify(&jws), expected, "header: {header}, keys: {published:?}");
        assert_eq!(keys.has_key_for(&jws), expected != Err(TokenFault::Key));
    }

    #[test]
    fn keys_are_used_for_what_they_are_for() {
        let header = json!({ "alg": "EdDSA" });
        let table = [
            (json!({}), Ok(())),
            (json!({ "use": "sig", "alg": "EdDSA", "key_ops": ["verify"] }), Ok(())),
            (json!({ "use": "enc" }), Err(TokenFault::Key)),
            (json!({ "key_ops": ["sign"] }), Err(TokenFault::Key)),
            (json!({ "alg": "ES256" }), Err(TokenFault::Key)),
            (json!({ "kty": "EC" }), Err(TokenFault::Key)),
            (json!({ "kty": "oct", "k": "AAAA" }), Err(TokenFault::Key)),
            (json!({ "crv": "X25519" }), Err(TokenFault::Key)),
            (json!({ "x": "AAAA" }), Err(TokenFault::Signature)),
            (json!({ "x": "+/==" }), Err(TokenFault::Key)),
            (json!({ "x": 7 }), Err(TokenFault::Key)),
        ];
        for (others, expected) in table {
            check(&header, &[jwk(&others)], expected);
        }
    }

    #[test]
    fn a_key_is_named_or_the_only_one() {
        let [named, unnamed] = [json!({ "alg": "EdDSA", "kid": "a" }), json!({ "alg": "EdDSA" })];
        let [a, b, none] =
            [json!({ "kid": "a" }), json!({ "kid": "b" }), json!({})].map(|others| jwk(&others));
        check(&named, &[b.clone(), a.clone()], Ok(()));
        check(&named, &[b.clone(), none.clone()], Err(TokenFault::Key));
        check(&unnamed, std::slice::from_ref(&a), Ok(()));
        check(&unnamed, &[a, b], Err(TokenFault::Key));
        check(&unnamed, &[], Err(TokenFault::Key));
        // What is not known yet does no harm to what is.
        check(&unnamed, &[json!("a"), json!({ "kty": "AKP" }), none], Ok(()));
    }

    #[test]
    fn numbers_may_have_zeros_in_front() {
        let rsa = |n: &str| keys(&[json!({ "kty": "RSA", "n": n, "e": "AQAB" })]);
        assert_eq!(rsa("AAEAAQ"), rsa("AQAB"));
        assert_ne!(rsa("AQAB"), rsa("AQAA"));
    }
}
