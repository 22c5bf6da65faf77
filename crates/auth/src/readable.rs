//! Random letters and digits that a person can read out and type.

/// Letters and digits, without similar ones, and without `u` to avoid words.
pub(crate) const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The number of letters between hyphens.
const GROUP: usize = 4;

/// One letter for five bits of each byte of `chance`, in groups.
pub(crate) fn readable(chance: &[u8]) -> String {
    let mut text = String::with_capacity(chance.len() + chance.len() / GROUP);
    for (index, byte) in chance.iter().enumerate() {
        if index > 0 && index % GROUP == 0 {
            text.push('-');
        }
        text.push(char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_letters_in_groups() {
        assert_eq!(readable(&[0, 9, 10, 31, 32, 63]), "09az-0z");
        assert_eq!(readable(&[255; 4]), "zzzz");
        assert_eq!(readable(&[]), "");
    }
}
