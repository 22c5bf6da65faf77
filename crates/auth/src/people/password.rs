//! Passwords, and the rules for new ones.
//!
//! Length matters: there are no rules about kinds of characters. Only passwords that are too short
//! or easy to guess are refused.
//!
//! Spec: OWASP ASVS 5.0, 6.1.2, 6.2; NIST SP 800-63B-4, 3.1.1.2.

use crate::Secret;
use crate::people::guessable::is_guessable;

/// Words of this product, which are easy to guess here.
const PRODUCT_WORDS: &[&str] =
    &["acta", "xapi", "cmi5", "lrs", "learning record store", "learningrecordstore"];

/// Shortest part of an e-mail address or a name that counts as a word, in characters.
const WORD_CHARS_MIN: usize = 3;

/// A password as it was typed, never longer than [`Password::CHARS_MAX`] characters. Prints as
/// `***`.
#[derive(Clone, Debug)]
pub struct Password(Secret);

/// The text is longer than any password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a password may have at most {} characters", Password::CHARS_MAX)]
pub struct PasswordTooLong;

impl Password {
    /// Longest password, in characters.
    pub const CHARS_MAX: usize = 128;

    /// A password that was typed to sign in. It is not trimmed or changed.
    ///
    /// # Errors
    ///
    /// [`PasswordTooLong`]: no account has such a password.
    pub fn presented(text: &str) -> Result<Self, PasswordTooLong> {
        if Self::CHARS_MAX < text.chars().count() {
            return Err(PasswordTooLong);
        }
        Ok(Self(Secret::new(text)))
    }

    /// The text itself, to be hashed.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.expose().as_bytes()
    }
}

/// Why a new password is refused. Choose another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordFault {
    /// It is too short.
    #[error("a password needs at least {chars_min} characters")]
    TooShort {
        /// The minimum number of characters.
        chars_min: usize,
    },
    /// It is too long.
    #[error("a password may have at most {} characters", Password::CHARS_MAX)]
    TooLong,
    /// It consists of common words, repetitions, keyboard rows or similar.
    #[error("the password is too easy to guess")]
    Guessable,
    /// The same, without the e-mail address, names and words of this product.
    #[error(
        "the password is too similar to the e-mail address, a name or the name of this product"
    )]
    Personal,
}

/// The minimum is too low to be safe, or so high that good passwords are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the minimum length of passwords must be {} to {} characters",
    PasswordRules::CHARS_MIN_LOWEST,
    PasswordRules::CHARS_MIN_HIGHEST
)]
pub struct UnusableMinimum;

/// The rules for new passwords.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordRules {
    chars_min: usize,
}

impl PasswordRules {
    /// The default minimum length, in characters: recommended for passwords, and required without a
    /// second factor.
    ///
    /// Spec: OWASP ASVS 5.0, 6.2.1; NIST SP 800-63B-4, 3.1.1.2.
    pub const CHARS_MIN_DEFAULT: usize = 15;

    /// The lowest permitted minimum length.
    ///
    /// Spec: OWASP ASVS 5.0, 6.2.1.
    pub const CHARS_MIN_LOWEST: usize = 8;

    /// The highest permitted minimum length: passwords of this length must be accepted.
    ///
    /// Spec: OWASP ASVS 5.0, 6.2.9.
    pub const CHARS_MIN_HIGHEST: usize = 64;

    /// Rules with a minimum length in characters.
    ///
    /// # Errors
    ///
    /// [`UnusableMinimum`].
    pub fn new(chars_min: usize) -> Result<Self, UnusableMinimum> {
        if (Self::CHARS_MIN_LOWEST..=Self::CHARS_MIN_HIGHEST).contains(&chars_min) {
            Ok(Self { chars_min })
        } else {
            Err(UnusableMinimum)
        }
    }

    /// The rules in words, for people who choose a password.
    pub fn description(self) -> String {
        format!(
            "At least {} and at most {} characters. No common words and patterns, and not your \
             name or e-mail address. Good are four or five words that only you combine.",
            self.chars_min,
            Password::CHARS_MAX
        )
    }

    /// Checks a new password. `about` are known words about the person: the e-mail address, the
    /// name, the names of tenants.
    ///
    /// # Errors
    ///
    /// The first [`PasswordFault`].
    pub fn accept(self, text: &str, about: &[&str]) -> Result<Password, PasswordFault> {
        let password = Password::presented(text).map_err(|_too_long| PasswordFault::TooLong)?;
        if text.chars().count() < self.chars_min {
            return Err(PasswordFault::TooShort { chars_min: self.chars_min });
        }
        if is_guessable(text, &[]) {
            return Err(PasswordFault::Guessable);
        }
        let whole = about.iter().copied();
        let parts = about.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
        let words = whole.chain(parts).chain(PRODUCT_WORDS.iter().copied());
        let words: Vec<&str> =
            words.filter(|word| WORD_CHARS_MIN <= word.chars().count()).collect();
        if is_guessable(text, &words) {
            return Err(PasswordFault::Personal);
        }
        Ok(password)
    }
}

impl Default for PasswordRules {
    fn default() -> Self {
        Self { chars_min: Self::CHARS_MIN_DEFAULT }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(chars_min: usize, text: &str, expected: Result<(), PasswordFault>) {
        let about = ["Ada.Lovelace@example.org", "Zoë Åkesson", "Nordwind Akademie"];
        let accepted = PasswordRules::new(chars_min).unwrap().accept(text, &about);
        let accepted = accepted.map(|password| {
            assert_eq!(password.as_bytes(), text.as_bytes(), "nothing is changed");
        });
        assert_eq!(accepted, expected, "password: {text:?}");
    }

    #[test]
    fn accepts_long_passwords_that_are_hard_to_guess() {
        let table = [
            "blue otters juggle seven lamps",
            "violet-kayak-thunder-39",
            "        leading blanks",
            "ein Pferd, das Käse malt",
            "冬の朝に猫が三匹で静かに歩いている",
            "🦀🐙🦑🦐🦞🐚🐠🐟🐡🐬🐳🐋🦈🦭🐊",
            "k7#Qw!z9@Lm2$Vx",
            "acta est fabula plaudite cives",
        ];
        for text in table {
            check(15, text, Ok(()));
        }
    }

    #[test]
    fn counts_characters_not_bytes() {
        let short = Err(PasswordFault::TooShort { chars_min: 15 });
        check(15, "äöüßéèêëçñøåæœ", short);
        check(15, "äöüßéèêëçñøåæœð", Ok(()));
        check(8, "kÖ7#vq", Err(PasswordFault::TooShort { chars_min: 8 }));
        check(8, "kÖ7#vqZ!", Ok(()));
        let longest: String = ('а'..='я').cycle().step_by(7).take(Password::CHARS_MAX).collect();
        check(15, &longest, Ok(()));
        check(15, &format!("{longest}x"), Err(PasswordFault::TooLong));
        assert!(Password::presented(&longest).is_ok());
        assert!(Password::presented(&format!("{longest}x")).is_err());
    }

    #[test]
    fn refuses_passwords_similar_to_known_words() {
        let table = [
            "ada.lovelace@example.org",
            "Ada Lovelace 1815!",
            "zoë-åkesson-1990",
            "NordwindAkademie2026",
            "lovelacelovelace",
            "acta.example.org",
            "learning record store 1",
            "xapi lrs acta cmi5",
        ];
        for text in table {
            check(15, text, Err(PasswordFault::Personal));
        }
        check(15, "lovelace + kettle/osprey", Ok(()));
    }

    #[test]
    fn the_minimum_length_has_limits() {
        for (chars_min, is_usable) in [(0, false), (7, false), (8, true), (64, true), (65, false)] {
            assert_eq!(PasswordRules::new(chars_min).is_ok(), is_usable, "{chars_min}");
        }
        assert_eq!(PasswordRules::new(15), Ok(PasswordRules::default()));
    }
}
