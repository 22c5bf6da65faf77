//! Tokens against forged requests.
//!
//! A browser sends the cookie of a session with every request, also with one from another site. It
//! sends this token only if a page of this server contains it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;

use crate::Secret;
use crate::mac::MacKey;

/// Makes and checks the CSRF token of a session.
#[derive(Clone, Debug)]
pub struct CsrfGuard(MacKey);

impl CsrfGuard {
    /// A guard with a secret key.
    pub fn new(key: [u8; 32]) -> Self {
        Self(MacKey::new(key))
    }

    /// The token of the session with this id: always the same, and not valid for any other session.
    pub fn token_for(&self, session: &str) -> Secret {
        Secret::new(URL_SAFE_NO_PAD.encode(self.mac_of(session)))
    }

    /// Whether `presented` is the token of the session, in constant time.
    pub fn check(&self, session: &str, presented: &str) -> bool {
        let expected = URL_SAFE_NO_PAD.encode(self.mac_of(session));
        bool::from(expected.as_bytes().ct_eq(presented.as_bytes()))
    }

    fn mac_of(&self, session: &str) -> [u8; 32] {
        self.0.mac_of(&[b"csrf", session.as_bytes()])
    }
}

#[cfg(test)]
mod tests {
    use acta_ambient::SeededEntropy;

    use super::*;
    use crate::{Token, TokenKind};

    #[test]
    fn a_token_is_valid_only_for_its_session() {
        let entropy = SeededEntropy::new(1);
        let [ours, other] = [0; 2].map(|_| Token::new(TokenKind::Session, &entropy).id());
        let guard = CsrfGuard::new([1; 32]);
        let token = guard.token_for(ours.as_str());
        assert_eq!(token.expose(), guard.token_for(ours.as_str()).expose());
        let table = [
            (token.expose().to_owned(), true),
            (guard.token_for(other.as_str()).expose().to_owned(), false),
            (CsrfGuard::new([2; 32]).token_for(ours.as_str()).expose().to_owned(), false),
            (token.expose()[1..].to_owned(), false),
            (format!("{}=", token.expose()), false),
            (token.expose().to_ascii_lowercase(), false),
            (String::new(), false),
        ];
        for (presented, expected) in table {
            assert_eq!(
                guard.check(ours.as_str(), &presented),
                expected,
                "presented: {presented:?}"
            );
        }
    }
}
