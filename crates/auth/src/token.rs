//! Random tokens of sessions and one-time links.
//!
//! A token is a secret of 256 random bits. Only its hash is stored, so that it cannot be obtained
//! from the store.

use std::fmt;

use acta_ambient::Entropy;
use acta_xapi::scalar::Sha2Hasher;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::Secret;

/// Random bytes of a token.
const CHANCE_BYTES: usize = 32;

/// The kind of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A session.
    Session,
    /// A one-time link: set-up, invitation, password reset.
    Ticket,
}

impl TokenKind {
    /// The prefix of its text, so that people and secret scanners recognise it.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Session => "acta_s_",
            Self::Ticket => "acta_i_",
        }
    }
}

/// A random token. Prints as `***`.
#[derive(Clone, Debug)]
pub struct Token(Secret);

/// The text is not a token of the expected kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a token of this type")]
pub struct NotAToken;

impl Token {
    /// Makes a new token of 256 random bits.
    pub fn new(kind: TokenKind, entropy: &dyn Entropy) -> Self {
        let mut chance = Zeroizing::new([0; CHANCE_BYTES]);
        entropy.fill(&mut *chance);
        let letters = Zeroizing::new(URL_SAFE_NO_PAD.encode(*chance));
        Self(Secret::new(format!("{}{}", kind.prefix(), *letters)))
    }

    /// Parses a token of `kind`.
    ///
    /// # Errors
    ///
    /// [`NotAToken`]: the text is not a token of this kind.
    pub fn parse(kind: TokenKind, text: &str) -> Result<Self, NotAToken> {
        let letters = text.strip_prefix(kind.prefix()).ok_or(NotAToken)?;
        let mut chance = Zeroizing::new([0; CHANCE_BYTES]);
        match URL_SAFE_NO_PAD.decode_slice(letters, &mut *chance) {
            Ok(CHANCE_BYTES) => Ok(Self(Secret::new(text))),
            Ok(_) | Err(_) => Err(NotAToken),
        }
    }

    /// The secret text.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The stored hash of the token.
    pub fn id(&self) -> TokenId {
        let mut hasher = Sha2Hasher::sha256();
        hasher.update(self.0.expose().as_bytes());
        TokenId(hasher.finish().as_str().into())
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The SHA-256 of the text of a token, as 64 hexadecimal digits. It cannot be used as a token.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TokenId(Box<str>);

impl TokenId {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use acta_ambient::SeededEntropy;

    use super::*;

    /// 32 zero bytes in base64url.
    const ZEROS: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    #[track_caller]
    fn check(kind: TokenKind, text: &str, is_one: bool) {
        let parsed = Token::parse(kind, text);
        let expected = if is_one { Ok(text) } else { Err(NotAToken) };
        assert_eq!(parsed.as_ref().map(Token::expose).map_err(|e| *e), expected, "text: {text:?}");
    }

    #[test]
    fn parses_only_tokens_of_the_expected_kind() {
        check(TokenKind::Session, &format!("acta_s_{ZEROS}"), true);
        check(TokenKind::Ticket, &format!("acta_i_{ZEROS}"), true);
        check(TokenKind::Ticket, &format!("acta_s_{ZEROS}"), false);
        let table = [
            String::new(),
            ZEROS.to_owned(),
            "acta_s_".to_owned(),
            format!("Acta_s_{ZEROS}"),
            format!(" acta_s_{ZEROS}"),
            format!("acta_s_{ZEROS}="),
            format!("acta_s_{ZEROS}AAAA"),
            format!("acta_s_{}", &ZEROS[1..]),
            // Another alphabet, and bits left over.
            format!("acta_s_{}", ZEROS.replacen('A', "+", 1)),
            format!("acta_s_{}B", &ZEROS[1..]),
        ];
        for text in table {
            check(TokenKind::Session, &text, false);
        }
    }

    #[test]
    fn new_tokens_differ_and_can_be_read_again() {
        let entropy = SeededEntropy::new(1);
        let tokens = [0; 2].map(|_| Token::new(TokenKind::Session, &entropy));
        assert_ne!(tokens[0].expose(), tokens[1].expose());
        let again = Token::parse(TokenKind::Session, tokens[0].expose()).unwrap();
        assert_eq!(again.id(), tokens[0].id());
        assert_ne!(again.id(), tokens[1].id());
    }

    #[test]
    fn the_id_is_the_hash_of_the_whole_text() {
        let token = Token::parse(TokenKind::Session, &format!("acta_s_{ZEROS}")).unwrap();
        // As `sha256sum` tells it.
        let expected = "eb6ba9d4d6eda5dd708dcbf06919e4e927c1af8878bd09fedafc5e9619ad75ef";
        assert_eq!(token.id().as_str(), expected);
    }

    #[test]
    fn prints_as_stars() {
        let token = Token::new(TokenKind::Ticket, &SeededEntropy::new(1));
        assert_eq!(format!("{token} {token:?}"), "*** Token(***)");
    }
}
