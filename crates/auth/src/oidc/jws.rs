//! Parsing of signed tokens.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{self, EcdsaVerificationAlgorithm, RsaParameters};
use serde::Deserialize;

use super::TokenFault;
use super::claims::Claims;

/// Longest token that is parsed, in bytes.
pub(crate) const TOKEN_BYTES_MAX: usize = 16 << 10;

/// A signature algorithm: always with a private key of the issuer.
///
/// Spec: RFC 7518, 3.1; RFC 8037.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSA with PKCS #1 v1.5 padding and SHA-256.
    Rs256,
    /// RSA with PKCS #1 v1.5 padding and SHA-384.
    Rs384,
    /// RSA with PKCS #1 v1.5 padding and SHA-512.
    Rs512,
    /// RSA with PSS padding and SHA-256.
    Ps256,
    /// RSA with PSS padding and SHA-384.
    Ps384,
    /// RSA with PSS padding and SHA-512.
    Ps512,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// Ed25519.
    EdDsa,
}

/// The text is not the name of an accepted signature algorithm.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an accepted signature algorithm")]
pub struct UnknownAlgorithm(String);

impl Algorithm {
    /// All of them.
    pub const EVERY: [Self; 9] = [
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::EdDsa,
    ];

    /// The name in tokens, such as `RS256`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The verification of its signatures.
    pub(crate) fn verification(self) -> Verification {
        match self {
            Self::Rs256 => Verification::Rsa(&signature::RSA_PKCS1_2048_8192_SHA256),
            Self::Rs384 => Verification::Rsa(&signature::RSA_PKCS1_2048_8192_SHA384),
            Self::Rs512 => Verification::Rsa(&signature::RSA_PKCS1_2048_8192_SHA512),
            Self::Ps256 => Verification::Rsa(&signature::RSA_PSS_2048_8192_SHA256),
            Self::Ps384 => Verification::Rsa(&signature::RSA_PSS_2048_8192_SHA384),
            Self::Ps512 => Verification::Rsa(&signature::RSA_PSS_2048_8192_SHA512),
            Self::Es256 => Verification::Curve("P-256", &signature::ECDSA_P256_SHA256_FIXED),
            Self::Es384 => Verification::Curve("P-384", &signature::ECDSA_P384_SHA384_FIXED),
            Self::EdDsa => Verification::Ed25519,
        }
    }
}

/// The verification of a signature, by the type of its key.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Verification {
    /// With an RSA key.
    Rsa(&'static RsaParameters),
    /// With a point on the curve with this name.
    Curve(&'static str, &'static EcdsaVerificationAlgorithm),
    /// With a key on Curve25519.
    Ed25519,
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(text: &str) -> Result<Self, UnknownAlgorithm> {
        let named = Self::EVERY.into_iter().find(|algorithm| algorithm.as_str() == text);
        named.ok_or_else(|| UnknownAlgorithm(text.to_owned()))
    }
}

/// The used part of the header of a token. Keys in a token are ignored.
#[derive(Debug, Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<serde_json::Value>,
}

/// A token in compact serialisation whose signature has not been verified.
#[derive(Debug)]
pub(crate) struct Jws<'t> {
    pub(crate) algorithm: Algorithm,
    /// The id of the issuer's key that signed it.
    pub(crate) key_id: Option<String>,
    /// The type of the token, in lower case and without `application/`.
    pub(crate) kind: Option<String>,
    /// The signed bytes: header and payload as in the text.
    pub(crate) signed: &'t [u8],
    pub(crate) signature: Vec<u8>,
    payload: &'t str,
}

impl<'t> Jws<'t> {
    /// Parses `token`, if its algorithm is one of `algorithms`.
    ///
    /// # Errors
    ///
    /// [`TokenFault::Malformed`] or [`TokenFault::Algorithm`].
    ///
    /// Spec: RFC 7515, 3.1, 4.1 and 5.2.
    pub(crate) fn parse(token: &'t str, algorithms: &[Algorithm]) -> Result<Self, TokenFault> {
        if TOKEN_BYTES_MAX < token.len() {
            return Err(TokenFault::Malformed);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenFault::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(TokenFault::Malformed)?;
        let header: Header =
            serde_json::from_slice(&decode(header)?).ok().ok_or(TokenFault::Malformed)?;
        // No critical extensions are supported.
        if header.crit.is_some() {
            return Err(TokenFault::Malformed);
        }
        let algorithm = header.alg.parse().ok().ok_or(TokenFault::Algorithm)?;
        if !algorithms.contains(&algorithm) {
            return Err(TokenFault::Algorithm);
        }
        let kind = header.typ.map(|typ| typ.to_ascii_lowercase());
        Ok(Self {
            algorithm,
            key_id: header.kid,
            kind: kind.map(|kind| kind.trim_start_matches("application/").to_owned()),
            signed: signed.as_bytes(),
            signature: decode(signature)?,
            payload,
        })
    }

    /// The claims of the token. Trust them only after its signature was verified.
    ///
    /// # Errors
    ///
    /// [`TokenFault::Malformed`].
    pub(crate) fn claims(&self) -> Result<Claims, TokenFault> {
        Claims::parse(&decode(self.payload)?).ok_or(TokenFault::Malformed)
    }
}

fn decode(part: &str) -> Result<Vec<u8>, TokenFault> {
    URL_SAFE_NO_PAD.decode(part).ok().ok_or(TokenFault::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(header: &str, expected: Result<Algorithm, TokenFault>) {
        let token = format!("{}.e30.AAAA", URL_SAFE_NO_PAD.encode(header));
        let parsed = Jws::parse(&token, &[Algorithm::Rs256, Algorithm::EdDsa]);
        assert_eq!(parsed.map(|jws| jws.algorithm), expected, "header: {header}");
    }

    #[test]
    fn accepts_only_listed_algorithms() {
        check(r#"{"alg": "RS256"}"#, Ok(Algorithm::Rs256));
        check(r#"{"alg": "EdDSA", "kid": "a", "typ": "JWT"}"#, Ok(Algorithm::EdDsa));
        for other in ["ES256", "none", "None", "HS256", "HS512", "rs256", "ES256K", "RSA1_5", ""] {
            check(&format!(r#"{{"alg": "{other}"}}"#), Err(TokenFault::Algorithm));
        }
    }

    #[test]
    fn refuses_invalid_tokens() {
        for header in [
            "",
            "{}",
            "[]",
            r#"{"alg": 1}"#,
            r#"{"alg": "RS256", "alg": "none"}"#,
            r#"{"alg": "RS256", "crit": ["exp"], "exp": 1}"#,
            r#"{"alg": "RS256", "crit": []}"#,
            r#"{"alg": "RS256", "kid": 7}"#,
        ] {
            check(header, Err(TokenFault::Malformed));
        }
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg": "RS256"}"#);
        for text in [
            String::new(),
            header.clone(),
            format!("{header}.e30"),
            format!("{header}.e30.AAAA.AAAA"),
            format!("{header}.e30.AAAA.AAAA.AAAA"),
            format!("{header}.e30.AA=="),
            format!(" {header}.e30.AAAA"),
            format!("{header}.e30.{}", "A".repeat(TOKEN_BYTES_MAX)),
        ] {
            let parsed = Jws::parse(&text, &Algorithm::EVERY);
            let claims = parsed.and_then(|jws| jws.claims());
            assert_eq!(claims.err(), Some(TokenFault::Malformed), "token: {text}");
        }
    }

    #[test]
    fn algorithms_print_and_parse_alike() {
        for algorithm in Algorithm::EVERY {
            assert_eq!(algorithm.to_string().parse(), Ok(algorithm));
        }
        // The configuration takes the same names.
        assert_eq!(Algorithm::EVERY.map(Algorithm::as_str), acta_config::TOKEN_ALGORITHMS);
    }
}
