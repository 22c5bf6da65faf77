//! Signatures as lines of a note: who signed, and with which key.
//!
//! Spec: C2SP signed-note, format.

use std::fmt;
use std::str::FromStr;

use crate::text::{Malformed, decode_base64, encode_base64};

/// What a signature line begins with: an em dash and a space.
const LINE_START: &str = "\u{2014} ";

/// Bytes of the id of a key.
const ID_BYTES: usize = 4;

/// The name of a key: not empty, without spaces, plus signs and control characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyName(String);

impl KeyName {
    /// Longest name, in bytes: a cosigned message of newer kinds has room for no more.
    pub const LEN_BYTES_MAX: usize = 255;

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for KeyName {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let malformed = |reason| Malformed { format: "the name of a key", reason };
        if text.is_empty() || Self::LEN_BYTES_MAX < text.len() {
            return Err(malformed("it is empty or longer than 255 bytes"));
        }
        let is_refused = |letter: char| letter.is_whitespace() || letter == '+' || letter < ' ';
        if text.contains(is_refused) {
            return Err(malformed("it has a space, a plus sign or a control character"));
        }
        Ok(Self(text.to_owned()))
    }
}

/// The short id of a key, which together with its name says which key it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(u32);

impl KeyId {
    /// The id of these four bytes.
    pub const fn from_bytes(bytes: [u8; ID_BYTES]) -> Self {
        Self(u32::from_be_bytes(bytes))
    }

    /// The four bytes.
    pub const fn to_bytes(self) -> [u8; ID_BYTES] {
        self.0.to_be_bytes()
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

/// A signature of a note. It may be of any kind, and is not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature {
    /// The name of the key.
    pub name: KeyName,
    /// Its id.
    pub id: KeyId,
    bytes: Vec<u8>,
}

impl NoteSignature {
    pub(crate) fn new(name: KeyName, id: KeyId, bytes: Vec<u8>) -> Self {
        Self { name, id, bytes }
    }

    /// What the key made of the text, by the rules of its kind.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// The line without its line feed.
impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.id.to_bytes()[..], &self.bytes].concat();
        write!(f, "{LINE_START}{} {}", self.name, encode_base64(&bytes))
    }
}

impl FromStr for NoteSignature {
    type Err = Malformed;

    fn from_str(line: &str) -> Result<Self, Malformed> {
        let malformed = |reason| Malformed { format: "a signature line", reason };
        let line =
            line.strip_prefix(LINE_START).ok_or(malformed("it does not begin with a dash"))?;
        let (name, signature) = line.split_once(' ').ok_or(malformed("it has no signature"))?;
        let bytes = decode_base64(signature).ok_or(malformed("the signature is not base64"))?;
        match bytes.split_first_chunk() {
            Some((id, bytes)) if !bytes.is_empty() => {
                let (name, id) = (name.parse()?, KeyId::from_bytes(*id));
                Ok(Self { name, id, bytes: bytes.to_vec() })
            }
            Some(_) | None => Err(malformed("the signature is too short")),
        }
    }
}

/// A signature that was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The name of the key that made it.
    pub name: KeyName,
    /// For a cosignature, when it was made: seconds since 1970 UTC.
    pub time_seconds: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_prints_as_it_was_parsed() {
        let line = "\u{2014} a.example/b AQIDBAU=";
        let signature: NoteSignature = line.parse().unwrap();
        assert_eq!(signature.name.as_str(), "a.example/b");
        assert_eq!(
            (signature.id.to_bytes(), signature.id.to_string().as_str()),
            ([1, 2, 3, 4], "01020304")
        );
        assert_eq!(signature.bytes(), [5]);
        assert_eq!(signature.to_string(), line);
    }

    #[test]
    fn lines_of_another_form_are_refused() {
        for line in [
            "",
            "\u{2014}",
            "\u{2014} a",
            "\u{2014} a ",
            "- a AQIDBAU=",
            "\u{2014}a AQIDBAU=",
            "\u{2014}  AQIDBAU=",
            "\u{2014} a+b AQIDBAU=",
            "\u{2014} a\u{a0}b AQIDBAU=",
            "\u{2014} a\u{2003}b AQIDBAU=",
            "\u{2014} a b AQIDBAU=",
            "\u{2014} a  AQIDBAU=",
            "\u{2014} a AQIDBA==",
            "\u{2014} a AQIDBAU",
            "\u{2014} a AQIDBAU= ",
            " \u{2014} a AQIDBAU=",
        ] {
            assert!(line.parse::<NoteSignature>().is_err(), "{line:?}");
        }
        assert!("a".repeat(255).parse::<KeyName>().is_ok());
        assert!("a".repeat(256).parse::<KeyName>().is_err());
    }
}
