//! Signed statements.
//!
//! The check detects mistakes; it does not prove who has signed, because there is no list of
//! trusted certificates.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::signature::{self, RsaParameters, UnparsedPublicKey};
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::der::asn1::ObjectIdentifier;

use crate::json::{self, Json, JsonLimits, Kind, LoneSurrogates, Value};
use crate::reader::list_misplaced;
use crate::{Attachment, Fault, Fingerprint, Rule, Statement, StatementId, Version};

/// An invalid signature.
pub type SignatureError = Fault;

/// Checks that `signature` is a JWS over a statement equal to `statement`, which was sent in
/// `version`.
///
/// Compact serialisation, RS256, RS384 or RS512; verified against the first certificate of
/// `x5c` when there is one. The content type of the attachment must be
/// `application/octet-stream`. The payload is the statement before it was signed: whatever
/// attachments it names do not count, as they never do when statements are compared.
///
/// Keys have 1024 to 8192 bits, for RS384 at least 2048.
///
/// # Errors
///
/// A [`Fault`] that says which rule the signature breaks. Its pointer starts at the
/// statement.
///
/// Spec: XAPI-00115 to XAPI-00117; xAPI 1.0.3, Part Two, 2.6; IEEE 9274.1.1, 4.2.6.
pub fn check_signature(
    statement: &Statement,
    version: Version,
    signature: &[u8],
) -> Result<(), SignatureError> {
    Signature::read(signature).check(statement, version)
}

/// A signature that was read and verified once, to be compared with any number of statements.
#[derive(Clone, Debug)]
pub struct Signature {
    /// What was signed, unless it cannot be read.
    payload: Result<SignedPayload, Fault>,
}

/// The statement that was signed.
#[derive(Clone, Debug)]
struct SignedPayload {
    fingerprint: Fingerprint,
    /// Its id, and the JSON text of it; none if it had none.
    id: Option<(Option<StatementId>, Box<str>)>,
    /// Whether the certificate in the header, if there is one, verifies the signature.
    verified: Result<(), Fault>,
}

impl Signature {
    /// Reads a signature, whatever is wrong with it. The cost is in proportion to its length.
    pub fn read(signature: &[u8]) -> Self {
        Self { payload: SignedPayload::read(signature) }
    }

    /// As [`check_signature`].
    ///
    /// # Errors
    ///
    /// As [`check_signature`].
    pub fn check(&self, statement: &Statement, version: Version) -> Result<(), SignatureError> {
        check_content_type(statement)?;
        let payload = self.payload.as_ref().map_err(Fault::clone)?;
        payload.check(statement, version)?;
        payload.verified.clone()
    }
}

impl SignedPayload {
    fn read(signature: &[u8]) -> Result<Self, Fault> {
        let parts = CompactJws::of(signature)?;
        let header = parse_object(&parts.header, Rule::Signature)?;
        let algorithm = Algorithm::of(header.root())?;
        let payload = parse_object(&parts.payload, Rule::SignaturePayload)?;
        let id = payload.root().member("id").map(|id| {
            let parsed = id.as_str().and_then(|text| text.parse().ok());
            (parsed, id.raw().into())
        });
        let verified = header.root().member("x5c").map_or(Ok(()), |chain| {
            first_certificate(chain).and_then(|it| parts.verify(algorithm, &it))
        });
        Ok(Self { fingerprint: Fingerprint::of(payload.root()), id, verified })
    }

    fn check(&self, statement: &Statement, version: Version) -> Result<(), Fault> {
        if !self.fingerprint.repeats(statement.fingerprint, version) {
            return Err(fault(Rule::SignaturePayload, "another statement"));
        }
        let Some((signed_id, text)) = &self.id else { return Ok(()) };
        // A statement that was signed before it had an id is given one when it is stored.
        let is_same = signed_id.is_some() && statement.id.is_none_or(|id| Some(id) == *signed_id);
        if is_same { Ok(()) } else { Err(fault(Rule::SignaturePayload, text)) }
    }
}

fn fault(rule: Rule, found: &str) -> Fault {
    Fault::new("/attachments", rule, found)
}

fn check_content_type(statement: &Statement) -> Result<(), Fault> {
    for attachment in &statement.attachments {
        let is_signature = attachment.usage_type.as_str() == Attachment::SIGNATURE;
        let media_type = attachment.content_type.split(';').next().unwrap_or_default().trim();
        if is_signature && !media_type.eq_ignore_ascii_case("application/octet-stream") {
            return Err(fault(Rule::Signature, &attachment.content_type));
        }
    }
    Ok(())
}

/// A JWS in compact serialisation, split and decoded.
struct CompactJws<'s> {
    header: Vec<u8>,
    payload: Vec<u8>,
    /// The signed bytes: header and payload as in the text.
    signed: &'s [u8],
    signature: Vec<u8>,
}

impl<'s> CompactJws<'s> {
    fn of(text: &'s [u8]) -> Result<Self, Fault> {
        let not_compact = || fault(Rule::Signature, "no JWS in compact serialisation");
        let dots: Vec<usize> = memchr::memchr_iter(b'.', text).take(3).collect();
        let &[first, second] = dots.as_slice() else { return Err(not_compact()) };
        let decode = |part: &[u8]| URL_SAFE_NO_PAD.decode(part).ok().ok_or_else(not_compact);
        let parts = Self {
            header: decode(&text[..first])?,
            payload: decode(&text[first + 1..second])?,
            signed: &text[..second],
            signature: decode(&text[second + 1..])?,
        };
        if parts.signature.is_empty() { Err(not_compact()) } else { Ok(parts) }
    }

    fn verify(&self, algorithm: Algorithm, certificate: &Certificate) -> Result<(), Fault> {
        /// `rsaEncryption` (RFC 8017).
        const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
        let info = certificate.tbs_certificate().subject_public_key_info();
        if info.algorithm.oid != RSA {
            return Err(fault(Rule::SignatureAlgorithm, "a certificate without an RSA key"));
        }
        let key = UnparsedPublicKey::new(algorithm.parameters, info.subject_public_key.raw_bytes());
        key.verify(self.signed, &self.signature)
            .or(Err(fault(Rule::Signature, "a signature that its certificate does not verify")))
    }
}

fn parse_object(text: &[u8], rule: Rule) -> Result<Json<'_>, Fault> {
    let limits = JsonLimits { lone_surrogates: LoneSurrogates::Kept, ..JsonLimits::default() };
    let json = match json::parse(text, &limits) {
        Ok(json) => json,
        Err(error) => return Err(fault(rule, &error.to_string())),
    };
    if json.root().kind() != Kind::Object {
        return Err(fault(rule, json.root().raw()));
    }
    if let Some((misplaced, _)) = list_misplaced(json.root()).first() {
        return Err(fault(rule, misplaced.raw()));
    }
    Ok(json)
}

#[derive(Clone, Copy, Debug)]
struct Algorithm {
    name: &'static str,
    parameters: &'static RsaParameters,
}

/// Signatures of old statements were made with shorter keys, and so is the example in the
/// specification, so short keys are accepted where the library supports them.
static ALGORITHMS: [Algorithm; 3] = [
    Algorithm {
        name: "RS256",
        parameters: &signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
    },
    Algorithm { name: "RS384", parameters: &signature::RSA_PKCS1_2048_8192_SHA384 },
    Algorithm {
        name: "RS512",
        parameters: &signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
    },
];

impl Algorithm {
    fn of(header: Value<'_, '_>) -> Result<Self, Fault> {
        // Extensions that must be understood are not understood here (RFC 7515, 4.1.11).
        if header.member("crit").is_some() {
            return Err(fault(Rule::Signature, "a header with `crit`"));
        }
        let Some(value) = header.member("alg") else {
            return Err(fault(Rule::SignatureAlgorithm, "a header without `alg`"));
        };
        let name = value.as_str();
        let known = ALGORITHMS.iter().find(|algorithm| name.as_deref() == Some(algorithm.name));
        known.copied().ok_or_else(|| fault(Rule::SignatureAlgorithm, value.raw()))
    }
}

/// The certificate of the key that made the signature (RFC 7515, 4.1.6).
fn first_certificate(chain: Value<'_, '_>) -> Result<Certificate, Fault> {
    chain
        .elements()
        .next()
        .and_then(Value::as_str)
        .and_then(|text| STANDARD.decode(text.as_bytes()).ok())
        .and_then(|der| Certificate::from_der(&der).ok())
        .ok_or_else(|| fault(Rule::Signature, "an `x5c` that does not begin with a certificate"))
}

#[cfg(test)]
mod tests;
