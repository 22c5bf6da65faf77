//! Tokens against forged requests.
//!
//! A browser sends the cookie of a session with every request, also with one that a foreign
//! page made up. This token it sends only if a page of ours put it there.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;

use crate::mac::MacKey;
use crate::{Secret, TokenId};

/// Makes and checks the token that belongs to a session.
#[derive(Clone, Debug)]
pub struct CsrfGuard(MacKey);

impl CsrfGuard {
    /// A guard with a key that nobody else has.
    pub fn new(key: [u8; 32]) -> Self {
        Self(MacKey::new(key))
    }

    /// The token for a session: always the same, and of use to no other session.
    pub fn token_for(&self, session: &TokenId) -> Secret {
        Secret::new(URL_SAFE_NO_PAD.encode(self.mac_of(session)))
    }

    /// Whether `presented` is the token for the session. Takes as long for any token.
    pub fn check(&self, session: &TokenId, presented: &str) -> bool {
        let expected = URL_SAFE_NO_PAD.encode(self.mac_of(session));
        bool::from(expected.as_bytes().ct_eq(presented.as_bytes()))
    }

    fn mac_of(&self, session: &TokenId) -> [u8; 32] {
        self.0.mac_of(&[b"csrf", session.as_str().as_bytes()])
    }
}

#[cfg(test)]
mod tests {
    use acta_ambient::SeededEntropy;

    use super::*;
    use crate::{Token, TokenKind};

    #[test]
    fn a_token_is_of_use_to_its_session_alone() {
        let entropy = SeededEntropy::new(1);
        let [ours, other] = [0; 2].map(|_| Token::new(TokenKind::Session, &entropy).id());
        let guard = CsrfGuard::new([1; 32]);
        let token = guard.token_for(&ours);
        assert_eq!(token.expose(), guard.token_for(&ours).expose());
        let table = [
            (token.expose().to_owned(), true),
            (guard.token_for(&other).expose().to_owned(), false),
            (CsrfGuard::new([2; 32]).token_for(&ours).expose().to_owned(), false),
            (token.expose()[1..].to_owned(), false),
            (format!("{}=", token.expose()), false),
            (token.expose().to_ascii_lowercase(), false),
            (String::new(), false),
        ];
        for (presented, expected) in table {
            assert_eq!(guard.check(&ours, &presented), expected, "presented: {presented:?}");
        }
    }
}
