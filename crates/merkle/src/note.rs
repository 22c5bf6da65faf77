//! Signed notes: a text, and who has signed it.
//!
//! Spec: C2SP signed-note.

use std::fmt;

use crate::key::{Signer, VerifierKey};
use crate::signature::{KeyName, NoteSignature, Verified};
use crate::text::{Malformed, text_of};

/// Divides the text of a note from its signatures: the end of a line, and an empty one.
const DIVIDER: &str = "\n\n";

/// Why a note is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The note is about another log than the one that was asked about.
    #[error("the checkpoint is of another log")]
    Origin,
    /// No known key has signed: the note is not from where it should be.
    #[error("no known key has signed")]
    Unsigned,
    /// A known key is named by a signature that it has not made: the note was changed.
    #[error("the signature of {0} is wrong")]
    Wrong(KeyName),
    /// Too few known witnesses have cosigned: ask for it again later.
    #[error("too few known witnesses have cosigned: {0}")]
    Witnesses(usize),
}

/// A text with signatures, which are verified only by [`Note::verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

impl Note {
    /// Longest note, in bytes.
    pub const LEN_BYTES_MAX: usize = 1 << 20;

    /// Most signatures: several times the sixteen that must be accepted.
    pub const SIGNATURES_MAX: usize = 100;

    /// Signs a text, which must end with a line feed and have no other control character.
    ///
    /// # Errors
    ///
    /// The text is of another form.
    pub fn sign(text: &str, signer: &Signer) -> Result<Self, Malformed> {
        if text_of(text.as_bytes()).is_none() || !text.ends_with('\n') {
            return Err(malformed("the text has control characters or no line feed at its end"));
        }
        Ok(Self { text: text.to_owned(), signatures: vec![signer.sign(text)] })
    }

    /// Reads a note. Its signatures may be of any kind and key.
    ///
    /// # Errors
    ///
    /// It is of another form.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        if Self::LEN_BYTES_MAX < bytes.len() {
            return Err(malformed("it is longer than 1 MiB"));
        }
        let note = text_of(bytes).ok_or(malformed("it has control characters or is not UTF-8"))?;
        let (text, lines) = note.rsplit_once(DIVIDER).ok_or(malformed("it has no signatures"))?;
        let lines =
            lines.strip_suffix('\n').ok_or(malformed("it does not end with a line feed"))?;
        if Self::SIGNATURES_MAX <= lines.matches('\n').count() {
            return Err(malformed("it has more than 100 signatures"));
        }
        let signatures = lines.split('\n').map(str::parse).collect::<Result<_, _>>()?;
        Ok(Self { text: format!("{text}\n"), signatures })
    }

    /// The text, which ends with a line feed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures, which are not verified.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Adds a signature. One of the same key before is removed.
    pub fn add(&mut self, signature: NoteSignature) {
        let is_same = |old: &NoteSignature| old.name == signature.name && old.id == signature.id;
        self.signatures.retain(|old| !is_same(old));
        self.signatures.push(signature);
    }

    /// Verifies the signatures of known keys, and ignores others. At least one must be known.
    ///
    /// # Errors
    ///
    /// `Unsigned` if none of these keys has signed, `Wrong` if one is named by a signature that
    /// it has not made.
    pub fn verify(&self, keys: &[VerifierKey]) -> Result<Vec<Verified>, SignatureError> {
        let verified = self.verify_known(keys)?;
        if verified.is_empty() { Err(SignatureError::Unsigned) } else { Ok(verified) }
    }

    /// The same, and the note may be signed by none of the keys.
    pub(crate) fn verify_known(
        &self,
        keys: &[VerifierKey],
    ) -> Result<Vec<Verified>, SignatureError> {
        let known = self.signatures.iter().filter_map(|signature| {
            let key = keys.iter().find(|key| key.is_named_by(signature))?;
            let verified = key.verify(&self.text, signature);
            Some(verified.ok_or_else(|| SignatureError::Wrong(signature.name.clone())))
        });
        known.collect()
    }
}

fn malformed(reason: &'static str) -> Malformed {
    Malformed { format: "a signed note", reason }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::decode_base64;

    const KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const NOTE: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\n\
        \u{2014} PeterNeumann \
        x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2p\
        ZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    /// The kind of the key, and its seed.
    const PRIVATE: &str = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";

    fn keys() -> [VerifierKey; 1] {
        [KEY.parse().unwrap()]
    }

    fn signer() -> Signer {
        let seed = decode_base64(PRIVATE).unwrap()[1..].try_into().unwrap();
        Signer::from_seed("PeterNeumann".parse().unwrap(), &seed)
    }

    #[test]
    fn notes_that_others_have_signed_are_verified() {
        let note = Note::parse(NOTE.as_bytes()).unwrap();
        assert_eq!(note.to_string(), NOTE);
        let expected = Verified { name: "PeterNeumann".parse().unwrap(), time_seconds: None };
        assert_eq!(note.verify(&keys()), Ok(vec![expected]));
        let note = Note::parse(
            "This is an example message.\n\n\u{2014} example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n".as_bytes(),
        )
        .unwrap();
        let key = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
        assert!(note.verify(&[key.parse().unwrap()]).is_ok());
        assert_eq!(note.verify(&keys()), Err(SignatureError::Unsigned));
    }

    #[test]
    fn a_signer_gives_the_signature_that_others_give() {
        let note = Note::parse(NOTE.as_bytes()).unwrap();
        assert_eq!(signer().verifier_key().to_string(), KEY);
        assert_eq!(Note::sign(note.text(), &signer()), Ok(note));
    }

    #[test]
    fn a_wrong_signature_of_a_known_key_refuses_the_note() {
        let wrong = SignatureError::Wrong("PeterNeumann".parse().unwrap());
        let changed = NOTE.replace("answer", "Answer");
        let note = Note::parse(changed.as_bytes()).unwrap();
        assert_eq!(note.verify(&keys()), Err(wrong.clone()));
        let both = format!("{NOTE}{}\n", note.signatures()[0].to_string().replace("nAM=", "nAQ="));
        let note = Note::parse(both.as_bytes()).unwrap();
        assert_eq!(note.verify(&keys()), Err(wrong));
    }

    #[test]
    fn signatures_of_unknown_keys_are_ignored() {
        let other = format!("{NOTE}\u{2014} other AQIDBAU=\n\u{2014} PeterNeumann AQIDBAU=\n");
        let note = Note::parse(other.as_bytes()).unwrap();
        assert_eq!((note.signatures().len(), note.verify(&keys()).unwrap().len()), (3, 1));
    }

    #[test]
    fn a_key_signs_a_note_once() {
        let mut note = Note::parse(NOTE.as_bytes()).unwrap();
        note.add(note.signatures()[0].clone());
        note.add("\u{2014} other AQIDBAU=".parse().unwrap());
        assert_eq!(note.to_string(), format!("{NOTE}\u{2014} other AQIDBAU=\n"));
    }

    #[test]
    fn the_last_empty_line_divides_text_and_signatures() {
        for (text, expected) in [("", "\n"), ("a\n\nb", "a\n\nb\n"), ("a\n\n", "a\n\n\n")] {
            let note = format!("{text}\n\n\u{2014} a AQIDBAU=\n");
            let parsed = Note::parse(note.as_bytes()).unwrap();
            assert_eq!((parsed.text(), parsed.to_string()), (expected, note));
        }
    }

    #[test]
    fn notes_of_another_form_are_refused() {
        let line = "\u{2014} a AQIDBAU=\n";
        for note in [
            String::new(),
            "a\n".to_owned(),
            "a\n\n".to_owned(),
            "a\n\n\n".to_owned(),
            format!("a\n{line}"),
            format!("a\n\n{line}b\n"),
            format!("a\n\n{}", line.trim_end()),
            format!("a\r\n\n{line}"),
            format!("a\t\n\n{line}"),
            format!("a\0\n\n{line}"),
            format!("a\n\n{}", line.repeat(101)),
            format!("{}\n\n{line}", "a".repeat(1 << 20)),
        ] {
            assert!(Note::parse(note.as_bytes()).is_err(), "{note:.50?}");
        }
        assert!(Note::parse(&[b"\xff\n\n", line.as_bytes()].concat()).is_err());
        assert!(Note::parse(format!("a\n\n{}", line.repeat(100)).as_bytes()).is_ok());
        for text in ["", "a", "a\r\n", "a\u{1}\n"] {
            assert!(Note::sign(text, &signer()).is_err(), "{text:?}");
        }
    }
}
