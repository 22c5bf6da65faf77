//! Proof files: all that is needed to verify, offline, that a log has an entry.
//!
//! Spec: C2SP tlog-proof.

use std::fmt;

use crate::checkpoint::{SignedCheckpoint, Trust, Trusted};
use crate::hash::Hash;
use crate::note::{Note, SignatureError};
use crate::proof::{InclusionProof, PATH_HASHES_MAX, ProofError};
use crate::text::{Malformed, decode_base64, encode_base64, parse_decimal, text_of};

/// The first line.
const FORMAT: &str = "c2sp.org/tlog-proof@v1";

/// Why a proof file proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofFileError {
    /// The checkpoint is not believed.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The checkpoint is believed, but its tree has no such leaf by this proof.
    #[error(transparent)]
    Proof(#[from] ProofError),
}

/// A proof that a log has an entry, with the checkpoint that it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofFile {
    /// Bytes for the application, which nobody has signed. We put the salt of a statement
    /// there; empty if there are none.
    pub extra: Vec<u8>,
    /// The proof.
    pub proof: InclusionProof,
    /// The checkpoint.
    pub checkpoint: SignedCheckpoint,
}

impl ProofFile {
    /// Longest file, in bytes: a note, and as much again before it.
    pub const LEN_BYTES_MAX: usize = 2 * Note::LEN_BYTES_MAX;

    /// Reads a proof file.
    ///
    /// # Errors
    ///
    /// It is of another form.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        if Self::LEN_BYTES_MAX < bytes.len() {
            return Err(malformed("it is longer than 2 MiB"));
        }
        let file = text_of(bytes).ok_or(malformed("it has control characters or is not UTF-8"))?;
        let (head, checkpoint) =
            file.split_once("\n\n").ok_or(malformed("it has no checkpoint"))?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(FORMAT) {
            return Err(malformed("it does not begin with c2sp.org/tlog-proof@v1"));
        }
        let extra = match lines.peek().and_then(|line| line.strip_prefix("extra ")) {
            Some(extra) => {
                lines.next();
                let bytes = decode_base64(extra).filter(|bytes| !bytes.is_empty());
                bytes.ok_or(malformed("what is extra is not base64"))?
            }
            None => Vec::new(),
        };
        let index = lines.next().and_then(|line| line.strip_prefix("index "));
        let index = index.and_then(parse_decimal).ok_or(malformed("it has no index"))?;
        let path = parse_path(lines).map_err(malformed)?;
        let checkpoint = SignedCheckpoint::parse(checkpoint.as_bytes())?;
        Ok(Self { extra, proof: InclusionProof { index, path }, checkpoint })
    }

    /// Verifies that the log has the entry with this hash.
    ///
    /// # Errors
    ///
    /// It is not proved, and why.
    pub fn verify(&self, leaf: &Hash, trust: &Trust<'_>) -> Result<Trusted, ProofFileError> {
        let trusted = self.checkpoint.verify(trust)?;
        self.proof.verify(leaf, &trusted.head)?;
        Ok(trusted)
    }
}

/// Hashes, each on a line.
///
/// # Errors
///
/// Why they are none.
pub(crate) fn parse_path<'a>(
    lines: impl Iterator<Item = &'a str>,
) -> Result<Vec<Hash>, &'static str> {
    let mut path = Vec::new();
    for line in lines {
        if path.len() == PATH_HASHES_MAX {
            return Err("it has more than 63 hashes");
        }
        path.push(line.parse().ok().ok_or("a line is not a hash")?);
    }
    Ok(path)
}

fn malformed(reason: &'static str) -> Malformed {
    Malformed { format: "a proof file", reason }
}

impl fmt::Display for ProofFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FORMAT}")?;
        if !self.extra.is_empty() {
            writeln!(f, "extra {}", encode_base64(&self.extra))?;
        }
        writeln!(f, "index {}", self.proof.index)?;
        self.proof.path.iter().try_for_each(|hash| writeln!(f, "{hash}"))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::{Checkpoint, Origin};
    use crate::key::Signer;
    use crate::proof::TreeHead;

    fn signer() -> Signer {
        Signer::from_seed("a.example/log".parse().unwrap(), &[1; 32])
    }

    /// Of the second leaf of two.
    fn file() -> ProofFile {
        let [first, second] = [Hash::of_leaf(b"a"), Hash::of_leaf(b"b")];
        let head = TreeHead { size: 2, root: Hash::of_children([&first, &second]) };
        let checkpoint = Checkpoint::new("a.example/log".parse().unwrap(), head);
        let checkpoint = SignedCheckpoint::sign(&checkpoint, &signer()).unwrap();
        let proof = InclusionProof { index: 1, path: vec![first] };
        ProofFile { extra: Vec::new(), proof, checkpoint }
    }

    fn verify(file: &ProofFile, entry: &[u8]) -> Result<Trusted, ProofFileError> {
        let signer = signer();
        let origin = Origin::from(signer.verifier_key().name());
        let log_keys = std::slice::from_ref(signer.verifier_key());
        let trust = Trust { origin: &origin, log_keys, witness_keys: &[], witness_count: 0 };
        file.verify(&Hash::of_leaf(entry), &trust)
    }

    #[test]
    fn a_file_prints_as_it_is_parsed_and_proves_one_entry() {
        let mut file = file();
        for (extra, line) in [(vec![], ""), (vec![1, 2], "extra AQI=\n")] {
            file.extra = extra;
            let text = file.to_string();
            let leaf = Hash::of_leaf(b"a");
            let begin =
                format!("c2sp.org/tlog-proof@v1\n{line}index 1\n{leaf}\n\na.example/log\n2\n");
            assert!(text.starts_with(&begin), "{text}");
            assert_eq!(ProofFile::parse(text.as_bytes()).as_ref(), Ok(&file));
        }
        assert!(verify(&file, b"b").is_ok());
        assert_eq!(verify(&file, b"a"), Err(ProofError::Root.into()));
    }

    #[test]
    fn every_changed_bit_of_a_file_is_noticed() {
        let bytes = file().to_string().into_bytes();
        for (at, bit) in (0..bytes.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << bit;
            let is_believed =
                ProofFile::parse(&changed).is_ok_and(|file| verify(&file, b"b").is_ok());
            assert!(!is_believed, "byte {at}, bit {bit}");
        }
    }

    #[test]
    fn files_of_another_form_are_refused() {
        let text = file().to_string();
        let hash = Hash::EMPTY;
        let many = |count: usize| format!("index 1\n{}", format!("{hash}\n").repeat(count));
        assert!(ProofFile::parse(text.as_bytes()).is_ok());
        assert!(ProofFile::parse(text.replace("index 1\n", &many(62)).as_bytes()).is_ok());
        for (old, new) in [
            ("proof@v1", "proof@v2"),
            ("index 1\n", ""),
            ("index 1\n", "index 01\n"),
            ("index 1\n", "index 1 \n"),
            ("index 1\n", "index 1\n\n"),
            ("index 1\n", "index 1\nextra AQI=\n"),
            ("index 1\n", "extra\nindex 1\n"),
            ("index 1\n", "extra \nindex 1\n"),
            ("index 1\n", "extra AQI\nindex 1\n"),
            ("index 1\n", "extra AQI=\nextra AQI=\nindex 1\n"),
            ("index 1\n", "index 1\r\n"),
            ("index 1\n", many(63).as_str()),
            ("\n\n", "\n"),
            ("\u{2014} ", ""),
        ] {
            let changed = text.replacen(old, new, 1);
            assert!(ProofFile::parse(changed.as_bytes()).is_err(), "{changed}");
        }
        let long = format!("{}\n", "AAAA".repeat(1 << 19));
        let changed = text.replace("index", &format!("extra {long}index"));
        assert!(ProofFile::parse(changed.as_bytes()).is_err());
    }
}
