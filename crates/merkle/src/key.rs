//! Ed25519 keys that sign notes, and what verifies them.
//!
//! Spec: C2SP signed-note, Ed25519 signatures and verifier keys; C2SP tlog-cosignature.

use std::fmt;
use std::str::FromStr;

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use sha2::{Digest, Sha256};

use crate::signature::{KeyId, KeyName, NoteSignature, Verified};
use crate::text::{Malformed, SIZE_MAX, decode_base64, encode_base64};

/// Length of a public key, and of the seed of a private one, in bytes.
const KEY_BYTES: usize = 32;

/// What a cosigned message begins with, so that it is never the text of a note.
const COSIGNATURE: &str = "cosignature/v1";

/// What the signatures of a key are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignatureKind {
    /// Of the text of a note, as it is.
    Note,
    /// Of a checkpoint at a time: the key has seen no larger tree of this log, and none that
    /// contradicts it.
    Cosignature,
}

impl SignatureKind {
    const EVERY: [Self; 2] = [Self::Note, Self::Cosignature];

    /// The byte that stands for the kind in a key.
    const fn byte(self) -> u8 {
        match self {
            Self::Note => 0x01,
            Self::Cosignature => 0x04,
        }
    }
}

/// The public half of a key, with its name and kind.
///
/// Printed and parsed as a verifier key: name, id and key, with plus signs between them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VerifierKey {
    name: KeyName,
    kind: SignatureKind,
    public: [u8; KEY_BYTES],
}

impl VerifierKey {
    /// The key with these bytes, encoded by RFC 8032.
    pub const fn new(name: KeyName, kind: SignatureKind, public: [u8; KEY_BYTES]) -> Self {
        Self { name, kind, public }
    }

    /// Its name.
    pub const fn name(&self) -> &KeyName {
        &self.name
    }

    /// What its signatures are.
    pub const fn kind(&self) -> SignatureKind {
        self.kind
    }

    /// The public key.
    pub const fn public(&self) -> &[u8; KEY_BYTES] {
        &self.public
    }

    /// Its id: the first bytes of a hash of all the rest.
    pub fn id(&self) -> KeyId {
        let hasher = Sha256::new_with_prefix(self.name.as_str());
        let hash: [u8; 32] = hasher
            .chain_update([b'\n', self.kind.byte()])
            .chain_update(self.public)
            .finalize()
            .into();
        let [first, second, third, fourth, ..] = hash;
        KeyId::from_bytes([first, second, third, fourth])
    }

    /// Whether a signature says that it was made by this key.
    pub fn is_named_by(&self, signature: &NoteSignature) -> bool {
        signature.name == self.name && signature.id == self.id()
    }

    /// Verifies a signature of `text` that says that it was made by this key. None if it was
    /// not.
    pub(crate) fn verify(&self, text: &str, signature: &NoteSignature) -> Option<Verified> {
        let (message, time_seconds, bytes) = match self.kind {
            SignatureKind::Note => (text.to_owned(), None, signature.bytes()),
            SignatureKind::Cosignature => {
                let (time, bytes) = signature.bytes().split_first_chunk()?;
                let time = u64::from_be_bytes(*time);
                (cosigned_message(text, time), Some(time), bytes)
            }
        };
        let is_time = time_seconds.is_none_or(|time| time <= SIZE_MAX);
        let key = UnparsedPublicKey::new(&ED25519, &self.public);
        let is_verified = is_time && key.verify(message.as_bytes(), bytes).is_ok();
        is_verified.then(|| Verified { name: self.name.clone(), time_seconds })
    }
}

fn cosigned_message(text: &str, time_seconds: u64) -> String {
    format!("{COSIGNATURE}\ntime {time_seconds}\n{text}")
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[self.kind.byte()], &self.public[..]].concat();
        write!(f, "{}+{}+{}", self.name, self.id(), encode_base64(&key))
    }
}

impl FromStr for VerifierKey {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let malformed = |reason| Malformed { format: "a verifier key", reason };
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(malformed("it is not a name, an id and a key with plus signs between"));
        };
        let bytes = decode_base64(key).ok_or(malformed("the key is not base64"))?;
        let (kind, public) = bytes.split_first().ok_or(malformed("the key is empty"))?;
        let kind = SignatureKind::EVERY.into_iter().find(|known| known.byte() == *kind);
        let kind = kind.ok_or(malformed("the key is of another kind than Ed25519"))?;
        let public = public.try_into().ok().ok_or(malformed("the key has not 32 bytes"))?;
        let verifier = Self { name: name.parse()?, kind, public };
        if verifier.id().to_string() != id {
            return Err(malformed("the id is not that of the name and the key"));
        }
        Ok(verifier)
    }
}

/// Signs notes.
#[derive(Debug)]
pub struct Signer(PrivateKey);

/// Cosigns checkpoints of logs, as a witness.
///
/// Its key signs nothing else: a cosigned message does not say whose it is.
#[derive(Debug)]
pub struct Cosigner(PrivateKey);

impl Signer {
    /// The signer with this seed, which is 32 random bytes.
    pub fn from_seed(name: KeyName, seed: &[u8; KEY_BYTES]) -> Self {
        Self(PrivateKey::new(name, SignatureKind::Note, seed))
    }

    /// What verifies its signatures.
    pub const fn verifier_key(&self) -> &VerifierKey {
        &self.0.verifier
    }

    pub(crate) fn sign(&self, text: &str) -> NoteSignature {
        self.0.line(self.0.pair.sign(text.as_bytes()).as_ref().to_vec())
    }
}

impl Cosigner {
    /// The cosigner with this seed, which is 32 random bytes.
    pub fn from_seed(name: KeyName, seed: &[u8; KEY_BYTES]) -> Self {
        Self(PrivateKey::new(name, SignatureKind::Cosignature, seed))
    }

    /// What verifies its cosignatures.
    pub const fn verifier_key(&self) -> &VerifierKey {
        &self.0.verifier
    }

    /// Cosigns the text of a checkpoint. The time is in seconds since 1970 UTC.
    pub(crate) fn cosign(&self, text: &str, time_seconds: u64) -> NoteSignature {
        let signature = self.0.pair.sign(cosigned_message(text, time_seconds).as_bytes());
        self.0.line([&time_seconds.to_be_bytes()[..], signature.as_ref()].concat())
    }
}

#[derive(Debug)]
struct PrivateKey {
    pair: Ed25519KeyPair,
    verifier: VerifierKey,
}

impl PrivateKey {
    fn new(name: KeyName, kind: SignatureKind, seed: &[u8; KEY_BYTES]) -> Self {
        #[expect(clippy::expect_used, reason = "every seed of this length is a key")]
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).expect("the seed has its length");
        let mut public = [0; KEY_BYTES];
        public.copy_from_slice(pair.public_key().as_ref());
        Self { pair, verifier: VerifierKey::new(name, kind, public) }
    }

    fn line(&self, bytes: Vec<u8>) -> NoteSignature {
        NoteSignature::new(self.verifier.name.clone(), self.verifier.id(), bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

    #[test]
    fn a_verifier_key_prints_as_it_was_parsed() {
        for text in [KEY, "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"] {
            let key: VerifierKey = text.parse().unwrap();
            assert_eq!(key.kind(), SignatureKind::Note);
            assert_eq!(key.to_string(), text);
        }
    }

    #[test]
    fn the_kind_is_part_of_the_id() {
        let note: VerifierKey = KEY.parse().unwrap();
        let cosigner =
            VerifierKey::new(note.name().clone(), SignatureKind::Cosignature, *note.public());
        assert_ne!(cosigner.id(), note.id());
        assert_eq!(cosigner.to_string().parse(), Ok(cosigner));
    }

    #[test]
    fn verifier_keys_of_another_form_are_refused() {
        for text in [
            "",
            "PeterNeumann",
            "PeterNeumann+c74f20a3",
            "PeterNeumann+c74f20a3+",
            "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "PeterNeuman+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "PeterNeumann+c74f20a3+AhpcAQcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWAA==",
            "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy1w==",
            "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n",
        ] {
            assert!(text.parse::<VerifierKey>().is_err(), "{text:?}");
        }
    }
}
