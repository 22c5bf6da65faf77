//! What a log asks of a witness, and what the witness answers.
//!
//! A witness remembers, for each log that it knows, the head that it has cosigned last, and
//! cosigns only what continues it. Deciding is [`judge`]; the caller stores the new head, if
//! the one that was judged by is still the last, before it sends a cosignature.
//!
//! Spec: C2SP tlog-witness, add-checkpoint.

use std::fmt;

use crate::checkpoint::SignedCheckpoint;
use crate::hash::Hash;
use crate::key::VerifierKey;
use crate::note::Note;
use crate::proof::{ConsistencyProof, Growth, ProofError, TreeHead};
use crate::proof_file::parse_path;
use crate::signature::NoteSignature;
use crate::text::{Malformed, parse_decimal, text_of};

/// What the first line begins with.
const OLD: &str = "old ";

/// A request for a cosignature: the checkpoint, and the proof that it continues the tree that
/// the witness has seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size that the witness has cosigned last, as the log believes; 0 if none.
    pub old_size: u64,
    /// The proof from there to the checkpoint.
    pub proof: ConsistencyProof,
    /// The checkpoint.
    pub checkpoint: SignedCheckpoint,
}

impl AddCheckpoint {
    /// Longest body, in bytes: a note, and as much again before it.
    pub const LEN_BYTES_MAX: usize = 2 * Note::LEN_BYTES_MAX;

    /// Reads the body of a request.
    ///
    /// # Errors
    ///
    /// It is of another form, which is answered with [`Refusal::Malformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        if Self::LEN_BYTES_MAX < bytes.len() {
            return Err(malformed("it is longer than 2 MiB"));
        }
        let body = text_of(bytes).ok_or(malformed("it has control characters or is not UTF-8"))?;
        let (head, checkpoint) =
            body.split_once("\n\n").ok_or(malformed("it has no checkpoint"))?;
        let mut lines = head.split('\n');
        let old_size = lines.next().and_then(|line| line.strip_prefix(OLD));
        let old_size = old_size.and_then(parse_decimal).ok_or(malformed("it has no old size"))?;
        let path = parse_path(lines).map_err(malformed)?;
        let checkpoint = SignedCheckpoint::parse(checkpoint.as_bytes())?;
        Ok(Self { old_size, proof: ConsistencyProof { path }, checkpoint })
    }
}

fn malformed(reason: &'static str) -> Malformed {
    Malformed { format: "a request for a cosignature", reason }
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{OLD}{}", self.old_size)?;
        self.proof.path.iter().try_for_each(|hash| writeln!(f, "{hash}"))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

/// What a witness knows about a log.
#[derive(Clone, Copy, Debug)]
pub struct WitnessedLog<'a> {
    /// The keys of the log.
    pub keys: &'a [VerifierKey],
    /// The head that was cosigned last; [`TreeHead::EMPTY`] if none was.
    pub latest: TreeHead,
}

/// Why a witness does not cosign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The request is of another form, or the checkpoint smaller than the old size.
    Malformed,
    /// No key of the log has signed the checkpoint, or a signature is wrong.
    Unsigned,
    /// The witness does not know the log.
    UnknownLog,
    /// The last cosigned tree has another size: send a proof from this one.
    OtherSize(u64),
    /// The checkpoint does not continue the tree that was cosigned last.
    Inconsistent,
}

/// Decides whether a checkpoint may be cosigned, and returns its head, which is to be stored.
///
/// `log` is the one with the origin of the checkpoint, if the witness knows it.
///
/// # Errors
///
/// It may not, and why.
pub fn judge(request: &AddCheckpoint, log: Option<&WitnessedLog<'_>>) -> Result<TreeHead, Refusal> {
    let head = request.checkpoint.unverified().head;
    let log = log.ok_or(Refusal::UnknownLog)?;
    let signatures = request.checkpoint.note().verify(log.keys);
    signatures.ok().ok_or(Refusal::Unsigned)?;
    if head.size < request.old_size {
        return Err(Refusal::Malformed);
    }
    if request.old_size != log.latest.size {
        return Err(Refusal::OtherSize(log.latest.size));
    }
    if head.size == 0 && head.root != Hash::EMPTY {
        return Err(Refusal::Inconsistent);
    }
    match request.proof.verify(&Growth { older: log.latest, newer: head }) {
        Ok(()) => Ok(head),
        Err(ProofError::OutOfRange | ProofError::Length | ProofError::Root) => {
            Err(Refusal::Inconsistent)
        }
    }
}

/// The answer of a witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It has cosigned: at least one signature, of keys that the log may not know.
    Cosigned(Vec<NoteSignature>),
    /// It has not, and why.
    Refused(Refusal),
}

impl Answer {
    /// The type of a body that is only a size.
    pub const SIZE_CONTENT_TYPE: &'static str = "text/x.tlog.size";

    /// The status of HTTP that the protocol gives to this answer.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Cosigned(_) => 200,
            Self::Refused(Refusal::Malformed) => 400,
            Self::Refused(Refusal::Unsigned) => 403,
            Self::Refused(Refusal::UnknownLog) => 404,
            Self::Refused(Refusal::OtherSize(_)) => 409,
            Self::Refused(Refusal::Inconsistent) => 422,
        }
    }

    /// The body. Where the protocol asks for none, it is empty.
    pub fn body(&self) -> String {
        match self {
            Self::Cosigned(signatures) => {
                let lines = signatures.iter().map(NoteSignature::to_string);
                lines.flat_map(|line| [line, "\n".to_owned()]).collect()
            }
            Self::Refused(Refusal::OtherSize(size)) => format!("{size}\n"),
            Self::Refused(
                Refusal::Malformed
                | Refusal::Unsigned
                | Refusal::UnknownLog
                | Refusal::Inconsistent,
            ) => String::new(),
        }
    }

    /// Reads an answer. The body of a refusal is not read unless it is a size.
    ///
    /// # Errors
    ///
    /// The protocol has no such status, or the body is of another form.
    pub fn parse(status: u16, body: &[u8]) -> Result<Self, Malformed> {
        let malformed = |reason| Malformed { format: "the answer of a witness", reason };
        let refusal = match status {
            200 => {
                let signatures = parse_signatures(body);
                return signatures.map(Self::Cosigned).ok_or(malformed("it has no signatures"));
            }
            400 => Refusal::Malformed,
            403 => Refusal::Unsigned,
            404 => Refusal::UnknownLog,
            409 => {
                let size = text_of(body).and_then(|text| parse_decimal(text.strip_suffix('\n')?));
                Refusal::OtherSize(size.ok_or(malformed("it has no size"))?)
            }
            422 => Refusal::Inconsistent,
            _ => return Err(malformed("the protocol has no such status")),
        };
        Ok(Self::Refused(refusal))
    }
}

fn parse_signatures(body: &[u8]) -> Option<Vec<NoteSignature>> {
    let text = text_of(body).filter(|text| text.len() <= Note::LEN_BYTES_MAX)?;
    let lines = text.strip_suffix('\n')?.split('\n').take(Note::SIGNATURES_MAX + 1);
    let signatures: Vec<NoteSignature> =
        lines.map(|line| line.parse().ok()).collect::<Option<_>>()?;
    (signatures.len() <= Note::SIGNATURES_MAX).then_some(signatures)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::Checkpoint;
    use crate::key::{Cosigner, Signer};

    const ORIGIN: &str = "a.example/log";

    fn leaves() -> [Hash; 2] {
        [Hash::of_leaf(b"a"), Hash::of_leaf(b"b")]
    }

    fn head(size: u64) -> TreeHead {
        let [first, second] = leaves();
        match size {
            0 => TreeHead::EMPTY,
            1 => TreeHead { size, root: first },
            _ => TreeHead { size, root: Hash::of_children([&first, &second]) },
        }
    }

    fn signer() -> Signer {
        Signer::from_seed(ORIGIN.parse().unwrap(), &[1; 32])
    }

    fn request(old_size: u64, head: TreeHead, path: Vec<Hash>) -> AddCheckpoint {
        let checkpoint = Checkpoint::new(ORIGIN.parse().unwrap(), head);
        let checkpoint = SignedCheckpoint::sign(&checkpoint, &signer()).unwrap();
        AddCheckpoint { old_size, proof: ConsistencyProof { path }, checkpoint }
    }

    #[track_caller]
    fn check(request: &AddCheckpoint, latest: TreeHead, expected: Result<TreeHead, Refusal>) {
        let signer = signer();
        let keys = std::slice::from_ref(signer.verifier_key());
        assert_eq!(judge(request, Some(&WitnessedLog { keys, latest })), expected);
    }

    #[test]
    fn a_witness_cosigns_only_what_continues_its_tree() {
        let [first, second] = leaves();
        let wrong = TreeHead { root: first, ..head(2) };
        let inconsistent = Err(Refusal::Inconsistent);
        check(&request(0, head(0), vec![]), head(0), Ok(head(0)));
        check(&request(0, head(2), vec![]), head(0), Ok(head(2)));
        check(&request(1, head(2), vec![second]), head(1), Ok(head(2)));
        check(&request(2, head(2), vec![]), head(2), Ok(head(2)));
        check(&request(0, head(2), vec![second]), head(0), inconsistent);
        check(&request(1, head(2), vec![first]), head(1), inconsistent);
        check(&request(1, head(2), vec![]), head(1), inconsistent);
        check(&request(1, wrong, vec![second]), head(1), inconsistent);
        check(&request(2, wrong, vec![]), head(2), inconsistent);
        check(&request(2, head(2), vec![first]), head(2), inconsistent);
        let not_empty = TreeHead { root: first, ..head(0) };
        check(&request(0, not_empty, vec![]), head(0), inconsistent);
        check(&request(0, head(2), vec![]), head(1), Err(Refusal::OtherSize(1)));
        check(&request(2, head(2), vec![]), head(1), Err(Refusal::OtherSize(1)));
        check(&request(2, head(1), vec![]), head(2), Err(Refusal::Malformed));
    }

    #[test]
    fn a_witness_cosigns_only_for_logs_and_keys_that_it_knows() {
        let request = request(0, head(1), vec![]);
        assert_eq!(judge(&request, None), Err(Refusal::UnknownLog));
        let other = Signer::from_seed(ORIGIN.parse().unwrap(), &[2; 32]);
        for keys in [&[][..], std::slice::from_ref(other.verifier_key())] {
            let log = WitnessedLog { keys, latest: TreeHead::EMPTY };
            assert_eq!(judge(&request, Some(&log)), Err(Refusal::Unsigned));
        }
        let forged = request.to_string().replace("\n1\n", "\n2\n");
        let forged = AddCheckpoint::parse(forged.as_bytes()).unwrap();
        check(&forged, TreeHead::EMPTY, Err(Refusal::Unsigned));
    }

    #[test]
    fn a_request_prints_as_it_is_parsed() {
        let [first, second] = leaves();
        for (request, begin) in [
            (request(0, head(1), vec![]), "old 0\n\na.example/log\n1\n".to_owned()),
            (request(1, head(2), vec![second, first]), format!("old 1\n{second}\n{first}\n\na")),
        ] {
            let text = request.to_string();
            assert!(text.starts_with(&begin), "{text}");
            assert_eq!(AddCheckpoint::parse(text.as_bytes()), Ok(request));
        }
    }

    #[test]
    fn requests_of_another_form_are_refused() {
        let text = request(0, head(1), vec![]).to_string();
        let many = |count: usize| format!("old 0\n{}", format!("{}\n", Hash::EMPTY).repeat(count));
        assert!(AddCheckpoint::parse(text.replace("old 0\n", &many(63)).as_bytes()).is_ok());
        for (old, new) in [
            ("old 0\n", ""),
            ("old 0\n", "old\n"),
            ("old 0\n", "old 00\n"),
            ("old 0\n", "old 0 \n"),
            ("old 0\n", "Old 0\n"),
            ("old 0\n", "old 0\nAA==\n"),
            ("old 0\n", many(64).as_str()),
            ("\n\n", "\n"),
            ("\n\n", "\n\n\n"),
        ] {
            let changed = text.replacen(old, new, 1);
            assert!(AddCheckpoint::parse(changed.as_bytes()).is_err(), "{changed}");
        }
    }

    #[test]
    fn every_answer_of_the_protocol_prints_as_it_is_parsed() {
        let cosigner = Cosigner::from_seed("w.example/1".parse().unwrap(), &[7; 32]);
        let line = request(0, head(1), vec![]).checkpoint.cosign(&cosigner, 5);
        let two = format!("{line}\n{line}\n");
        for (answer, status, body) in [
            (Answer::Cosigned(vec![line.clone(), line]), 200, two.as_str()),
            (Answer::Refused(Refusal::Malformed), 400, ""),
            (Answer::Refused(Refusal::Unsigned), 403, ""),
            (Answer::Refused(Refusal::UnknownLog), 404, ""),
            (Answer::Refused(Refusal::OtherSize(17)), 409, "17\n"),
            (Answer::Refused(Refusal::Inconsistent), 422, ""),
        ] {
            assert_eq!((answer.status(), answer.body().as_str()), (status, body));
            assert_eq!(Answer::parse(status, body.as_bytes()), Ok(answer));
        }
    }

    #[test]
    fn answers_of_another_form_are_refused() {
        let line = "\u{2014} w AQIDBAU=\n";
        for (status, body) in [
            (200, String::new()),
            (200, "\n".to_owned()),
            (200, line.trim_end().to_owned()),
            (200, format!("{line}\n")),
            (200, format!("{line}text\n")),
            (200, line.repeat(101)),
            (409, String::new()),
            (409, "17".to_owned()),
            (409, "017\n".to_owned()),
            (409, "17\n\n".to_owned()),
            (201, line.to_owned()),
            (429, String::new()),
            (500, String::new()),
        ] {
            assert!(Answer::parse(status, body.as_bytes()).is_err(), "{status} {body:.40?}");
        }
        assert!(Answer::parse(200, line.repeat(100).as_bytes()).is_ok());
        let refused = Ok(Answer::Refused(Refusal::Inconsistent));
        assert_eq!(Answer::parse(422, b"<html>no</html>"), refused);
    }
}
