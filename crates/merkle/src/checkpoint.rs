//! Checkpoints: what a log says its tree is, signed by it and cosigned by witnesses.
//!
//! Spec: C2SP tlog-checkpoint, tlog-cosignature.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use crate::key::{Cosigner, Signer, VerifierKey};
use crate::note::{Note, SignatureError};
use crate::proof::TreeHead;
use crate::signature::{KeyName, NoteSignature, Verified};
use crate::text::{Malformed, parse_decimal};

/// What identifies a log: one line of text, not empty.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin(String);

impl Origin {
    /// The line.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Origin {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let is_line = !text.is_empty() && !text.bytes().any(|byte| byte < b' ');
        let reason = "it is empty or has a control character";
        is_line.then(|| Self(text.to_owned())).ok_or(Malformed { format: "an origin", reason })
    }
}

impl From<&KeyName> for Origin {
    fn from(name: &KeyName) -> Self {
        Self(name.as_str().to_owned())
    }
}

/// The text of a checkpoint: of which log, and the head of its tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log it is of.
    pub origin: Origin,
    /// The size and the root of its tree.
    pub head: TreeHead,
    extensions: Vec<String>,
}

impl Checkpoint {
    /// A checkpoint without further lines.
    pub const fn new(origin: Origin, head: TreeHead) -> Self {
        Self { origin, head, extensions: Vec::new() }
    }

    /// Lines after the root, which no verifier understands. We write none.
    pub fn extensions(&self) -> &[String] {
        &self.extensions
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}\n{}\n", self.origin, self.head.size, self.head.root)?;
        self.extensions.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl FromStr for Checkpoint {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let malformed = |reason| Malformed { format: "a checkpoint", reason };
        let lines = text.strip_suffix('\n').ok_or(malformed("it does not end with a line feed"))?;
        let mut lines = lines.split('\n');
        let origin = lines.next().unwrap_or_default().parse()?;
        let size = lines.next().and_then(parse_decimal).ok_or(malformed("it has no size"))?;
        let root = lines.next().ok_or(malformed("it has no root"))?.parse()?;
        let extensions: Vec<String> = lines.map(str::to_owned).collect();
        if extensions.iter().any(String::is_empty) {
            return Err(malformed("it has an empty line"));
        }
        Ok(Self { origin, head: TreeHead { size, root }, extensions })
    }
}

/// Whom a verifier believes about a log.
#[derive(Clone, Copy, Debug)]
pub struct Trust<'a> {
    /// The log.
    pub origin: &'a Origin,
    /// Its keys. One of them must have signed.
    pub log_keys: &'a [VerifierKey],
    /// The keys of witnesses. Their signatures are verified, those of others are ignored.
    pub witness_keys: &'a [VerifierKey],
    /// How many witnesses must have cosigned.
    pub witness_count: usize,
}

/// What a verifier knows from a checkpoint that it believes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trusted {
    /// The head of the tree.
    pub head: TreeHead,
    /// Which of the known witnesses have cosigned it, and when.
    pub witnesses: Vec<Verified>,
}

/// A checkpoint with its signatures, which are verified only by [`SignedCheckpoint::verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: Note,
}

impl SignedCheckpoint {
    /// Signs a checkpoint.
    ///
    /// Two checkpoints of one origin must be consistent. So what is signed was stored before,
    /// with the tiles that it needs.
    ///
    /// # Errors
    ///
    /// A further line has a control character.
    pub fn sign(checkpoint: &Checkpoint, signer: &Signer) -> Result<Self, Malformed> {
        let note = Note::sign(&checkpoint.to_string(), signer)?;
        Ok(Self { checkpoint: checkpoint.clone(), note })
    }

    /// Reads a signed checkpoint.
    ///
    /// # Errors
    ///
    /// It is of another form.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let note = Note::parse(bytes)?;
        Ok(Self { checkpoint: note.text().parse()?, note })
    }

    /// What it says, which may be untrue until it was verified.
    pub const fn unverified(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The note that it is.
    pub const fn note(&self) -> &Note {
        &self.note
    }

    /// Verifies that the log has signed it, and enough witnesses have cosigned it.
    ///
    /// Several keys of one name count as one witness.
    ///
    /// # Errors
    ///
    /// It is of another log, or is not believed, and why.
    pub fn verify(&self, trust: &Trust<'_>) -> Result<Trusted, SignatureError> {
        if self.checkpoint.origin != *trust.origin {
            return Err(SignatureError::Origin);
        }
        self.note.verify(trust.log_keys)?;
        let witnesses = self.note.verify_known(trust.witness_keys)?;
        let names: BTreeSet<&KeyName> = witnesses.iter().map(|witness| &witness.name).collect();
        if names.len() < trust.witness_count {
            return Err(SignatureError::Witnesses(names.len()));
        }
        Ok(Trusted { head: self.checkpoint.head, witnesses })
    }

    /// Cosigns the checkpoint, which the witness has verified. The time is in seconds since
    /// 1970 UTC.
    pub fn cosign(&self, cosigner: &Cosigner, time_seconds: u64) -> NoteSignature {
        cosigner.cosign(self.note.text(), time_seconds)
    }

    /// Adds cosignatures of known witnesses, and says how many. Others are left out.
    pub fn add(&mut self, cosignatures: &[NoteSignature], witnesses: &[VerifierKey]) -> usize {
        let is_right = |signature: &&NoteSignature| {
            let mut keys = witnesses.iter().filter(|key| key.is_named_by(signature));
            keys.any(|key| key.verify(self.note.text(), signature).is_some())
        };
        let right: Vec<NoteSignature> = cosignatures.iter().filter(is_right).cloned().collect();
        let count = right.len();
        for signature in right {
            self.note.add(signature);
        }
        count
    }
}

impl fmt::Display for SignedCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.note.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::Hash;

    const ORIGIN: &str = "lrs.example.org/t/6690e6c9-3ef0-4ed3-8b37-7f3964730bee/1";

    /// The example of the specification, which has two signatures of keys that nobody knows.
    const EXAMPLE: &str = "example.com/behind-the-sofa\n20852163\n\
        CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
        \u{2014} example.com/behind-the-sofa \
        Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5\
        /Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n\
        \u{2014} witness.example.com/w1 \
        jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZ\
        qhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";

    fn checkpoint() -> Checkpoint {
        Checkpoint::new(ORIGIN.parse().unwrap(), TreeHead { size: 5, root: Hash::of_leaf(b"a") })
    }

    fn witness(number: u8) -> Cosigner {
        Cosigner::from_seed(format!("witness{number}.example").parse().unwrap(), &[number; 32])
    }

    #[test]
    fn a_checkpoint_prints_as_it_was_parsed() {
        let signed = SignedCheckpoint::parse(EXAMPLE.as_bytes()).unwrap();
        let checkpoint = signed.unverified();
        assert_eq!(checkpoint.origin.as_str(), "example.com/behind-the-sofa");
        assert_eq!(checkpoint.head.size, 20_852_163);
        assert_eq!(signed.to_string(), EXAMPLE);
        let cosignature = signed.note().signatures()[1].bytes();
        assert_eq!(cosignature[..8], 1_679_315_147_u64.to_be_bytes());
        let text = format!("{checkpoint}extension\n");
        let extended: Checkpoint = text.parse().unwrap();
        assert_eq!(extended.extensions(), ["extension"]);
        assert_eq!(extended.to_string(), text);
    }

    #[test]
    fn checkpoints_of_another_form_are_refused() {
        let root = Hash::EMPTY;
        for text in [
            String::new(),
            "\n".to_owned(),
            format!("\n0\n{root}\n"),
            format!("a\n\n{root}\n"),
            format!("a\n00\n{root}\n"),
            format!("a\n-1\n{root}\n"),
            format!("a\n9223372036854775808\n{root}\n"),
            "a\n0\n".to_owned(),
            "a\n0\nAA==\n".to_owned(),
            format!("a\n0\n{root}"),
            format!("a\n0\n{root}\n\n"),
            format!("a\n0\n{root}\nb\n\nc\n"),
            format!("a\n0\n {root}\n"),
        ] {
            assert!(text.parse::<Checkpoint>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_verifier_believes_the_log_and_enough_witnesses() {
        let log = Signer::from_seed(ORIGIN.parse().unwrap(), &[1; 32]);
        let mut signed = SignedCheckpoint::sign(&checkpoint(), &log).unwrap();
        let witnesses = [witness(1), witness(2)];
        let keys = witnesses.each_ref().map(|witness| witness.verifier_key().clone());
        let lines: Vec<NoteSignature> =
            (100..).zip(&witnesses).map(|(time, witness)| signed.cosign(witness, time)).collect();
        let unknown = signed.cosign(&witness(3), 7);
        let other = SignedCheckpoint::parse(EXAMPLE.as_bytes()).unwrap().cosign(&witnesses[0], 7);
        assert_eq!(signed.add(&[unknown, other], &keys), 0);
        assert_eq!(signed.add(&lines[..1], &keys), 1);
        let origin = ORIGIN.parse().unwrap();
        let trust = |witness_keys, witness_count| Trust {
            origin: &origin,
            log_keys: std::slice::from_ref(log.verifier_key()),
            witness_keys,
            witness_count,
        };
        let too_few = Err(SignatureError::Witnesses(1));
        assert_eq!(signed.verify(&trust(&keys, 2)), too_few);
        assert_eq!(signed.add(&lines[1..], &keys), 1);
        let trusted = signed.verify(&trust(&keys, 2)).unwrap();
        let times: Vec<_> = trusted.witnesses.iter().map(|seen| seen.time_seconds).collect();
        assert_eq!((trusted.head, times), (checkpoint().head, vec![Some(100), Some(101)]));
        assert_eq!(signed.verify(&trust(&keys[..1], 2)), too_few);
        let parsed = SignedCheckpoint::parse(signed.to_string().as_bytes());
        assert_eq!(parsed, Ok(signed));
    }

    #[test]
    fn a_verifier_refuses_other_logs_and_keys() {
        let log = Signer::from_seed(ORIGIN.parse().unwrap(), &[1; 32]);
        let signed = SignedCheckpoint::sign(&checkpoint(), &log).unwrap();
        let (origin, other) = (ORIGIN.parse().unwrap(), "other".parse().unwrap());
        let other_key = Signer::from_seed(ORIGIN.parse().unwrap(), &[2; 32]);
        let verify = |origin, key: &Signer| {
            let log_keys = std::slice::from_ref(key.verifier_key());
            signed.verify(&Trust { origin, log_keys, witness_keys: &[], witness_count: 0 })
        };
        assert!(verify(&origin, &log).is_ok());
        assert_eq!(verify(&other, &log), Err(SignatureError::Origin));
        assert_eq!(verify(&origin, &other_key), Err(SignatureError::Unsigned));
    }

    #[test]
    fn a_cosignature_is_of_its_time_and_is_no_signature_of_the_text() {
        let log = Signer::from_seed(ORIGIN.parse().unwrap(), &[1; 32]);
        let signed = SignedCheckpoint::sign(&checkpoint(), &log).unwrap();
        let witness = witness(1);
        let key = std::slice::from_ref(witness.verifier_key());
        let right = signed.cosign(&witness, 100);
        let with_time = |time: u64| {
            let bytes = [&time.to_be_bytes()[..], &right.bytes()[8..]].concat();
            NoteSignature::new(right.name.clone(), right.id, bytes)
        };
        for (signature, count) in [(right.clone(), 1), (with_time(100), 1), (with_time(101), 0)] {
            assert_eq!(signed.clone().add(&[signature], key), count);
        }
        let too_late = signed.cosign(&witness, 1 << 63);
        assert_eq!(signed.clone().add(&[too_late], key), 0);
        let short = NoteSignature::new(right.name.clone(), right.id, vec![0; 7]);
        assert_eq!(signed.clone().add(&[short], key), 0);
    }
}
