//! Detection of guessable passwords.
//!
//! A password is split into the parts that guessers combine: common words, keyboard rows,
//! alphabets, repetitions and years. A part that is easy to guess has a low worth, independent of
//! its length. So a short list of words covers all their variants: in capitals, with digits that
//! look like letters, with a year, with spaces, repeated.
//!
//! Spec: OWASP ASVS 5.0, 6.2.4, 6.2.11.

use std::collections::HashSet;

/// Words and keyboard rows that people choose as passwords, one per line.
const COMMON: &str = include_str!("guessable.txt");

/// The worth of a common word.
const WORD_WORTH: usize = 2;

/// The minimum worth of a password: six characters without a pattern, or three common words.
const WORTH_MIN: usize = 6;

/// Shortest row of keys or letters that counts as a row, in characters.
const RUN_CHARS_MIN: usize = 3;

/// Keyboard rows.
const ROWS: &[&str] = &[
    "1234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "yxcvbnm",
    "azertyuiop",
    "qsdfghjklm",
    "wxcvbn",
    "!@#$%^&*()",
];

/// Digits and signs, with the letters that they replace.
const LOOKALIKES: &[(char, char)] = &[
    ('0', 'o'),
    ('1', 'i'),
    ('1', 'l'),
    ('3', 'e'),
    ('4', 'a'),
    ('5', 's'),
    ('7', 't'),
    ('!', 'i'),
    ('@', 'a'),
    ('$', 's'),
];

/// Whether `password` is easy to guess for somebody who knows `words`.
pub(super) fn is_guessable(password: &str, words: &[&str]) -> bool {
    let words: Vec<String> = words.iter().map(|word| plain(word)).collect();
    worth(&plain(password), &words) < WORTH_MIN
}

/// Converts to lower case and removes separators.
fn plain(text: &str) -> String {
    let letters = text.chars().flat_map(char::to_lowercase);
    letters.filter(|letter| !letter.is_whitespace() && !"-_.,".contains(*letter)).collect()
}

/// A part at the start of a text: its length in bytes and its worth.
#[derive(Clone, Copy)]
struct Piece {
    bytes: usize,
    worth: usize,
}

/// The lowest worth of `text` over all ways to split it. Repeated parts count once.
fn worth(text: &str, words: &[String]) -> usize {
    let pieces = cheapest_pieces(text, words);
    let mut seen = HashSet::new();
    let (mut start, mut sum) = (0, 0);
    while let Some(piece) = pieces.get(start).copied().flatten() {
        let end = start + piece.bytes;
        if seen.insert(&text[start..end]) {
            sum += piece.worth;
        }
        start = end;
    }
    sum
}

/// For each character position in `text`, the part with the lowest worth.
fn cheapest_pieces(text: &str, words: &[String]) -> Vec<Option<Piece>> {
    let mut chosen = vec![None; text.len()];
    // The lowest worth of the rest from each position on.
    let mut costs = vec![0; text.len() + 1];
    for (start, _) in text.char_indices().rev() {
        let pieces = pieces_at(&text[start..], words).into_iter();
        let costs_of = |piece: &Piece| piece.worth + costs[start + piece.bytes];
        let best = pieces.min_by_key(costs_of);
        costs[start] = best.as_ref().map_or(0, costs_of);
        chosen[start] = best;
    }
    chosen
}

/// The possible parts at the start of `rest`.
fn pieces_at(rest: &str, words: &[String]) -> Vec<Piece> {
    let known = words.iter().map(|word| (alike_bytes(rest, word), 0));
    let common = COMMON.lines().map(|word| (alike_bytes(rest, word), WORD_WORTH));
    let rows = [(year_bytes(rest), 1), (run_bytes(rest), 1)];
    let single = rest.chars().next().map_or(0, char::len_utf8);
    let all = known.chain(common).chain(rows).chain([(single, 1)]);
    all.filter(|(bytes, _)| 0 < *bytes).map(|(bytes, worth)| Piece { bytes, worth }).collect()
}

/// The length of `word` at the start of `rest`, also with lookalike characters.
fn alike_bytes(rest: &str, word: &str) -> usize {
    let (mut found, mut bytes) = (rest.chars(), 0);
    for meant in word.chars() {
        let Some(letter) = found.next() else { return 0 };
        if letter != meant && !LOOKALIKES.contains(&(letter, meant)) {
            return 0;
        }
        bytes += letter.len_utf8();
    }
    bytes
}

/// The length of a year of the last or this century at the start of `rest`.
fn year_bytes(rest: &str) -> usize {
    let is_year = rest.get(..4).is_some_and(|four| {
        (four.starts_with("19") || four.starts_with("20"))
            && four.bytes().all(|byte| byte.is_ascii_digit())
    });
    if is_year { 4 } else { 0 }
}

/// The length of the longest row at the start of `rest`: the same character again and again,
/// an alphabet, or keys side by side, forwards or backwards.
fn run_bytes(rest: &str) -> usize {
    let steps: [fn(char, char) -> bool; 5] = [
        |one, next| one == next,
        |one, next| u32::from(one) + 1 == u32::from(next),
        |one, next| u32::from(next) + 1 == u32::from(one),
        is_right_of,
        |one, next| is_right_of(next, one),
    ];
    let bytes_of = |is_next: &fn(char, char) -> bool| {
        let pairs = rest.chars().zip(rest.chars().skip(1));
        let count = 1 + pairs.take_while(|(one, next)| is_next(*one, *next)).count();
        if count < RUN_CHARS_MIN { 0 } else { rest.chars().take(count).map(char::len_utf8).sum() }
    };
    steps.iter().map(bytes_of).max().unwrap_or(0)
}

fn is_right_of(one: char, next: char) -> bool {
    let is_pair = |row: &str| {
        let mut pairs = row.chars().zip(row.chars().skip(1));
        pairs.any(|pair| pair == (one, next))
    };
    ROWS.iter().any(|row| is_pair(row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(password: &str, words: &[&str], expected: bool) {
        assert_eq!(is_guessable(password, words), expected, "{password:?} with {words:?}");
    }

    #[test]
    fn detects_guessable_passwords() {
        let table = [
            "passwordpassword",
            "Password12345678",
            "P@ssw0rd2024!!!!",
            "p a s s w o r d  1 2 3",
            "123456789012345",
            "111111111111111111",
            "abcdefghijklmnopqrstuvwxyz",
            "zyxwvutsrqponm",
            "qwertyuiopasdfghjklzxcvbnm",
            "QwErTzUiOp1234567890",
            "1qaz2wsx3edc4rfv5tgb",
            "abababababababab",
            "!@#$%^&*()!@#$%^&*()",
            "iloveyouiloveyou1",
            "we1come-we1come-we1come",
            "correct horse battery staple",
            "Dragon.Monkey.1987",
            "sunshine sunshine sunshine sunshine",
            "administrator2026",
        ];
        for password in table {
            check(password, &[], true);
        }
    }

    #[test]
    fn accepts_passwords_without_a_pattern() {
        let table = [
            "tkz9wq4r",
            "dragon monkey sunshine football",
            "password of a purple heron",
            "cold ink under the pier",
            "zwölf Boxkämpfer jagen Viktor",
        ];
        for password in table {
            check(password, &[], false);
        }
    }

    #[test]
    fn known_words_have_no_worth() {
        check("lovelace-kq7-v", &[], false);
        check("lovelace-kq7-v", &["Lovelace"], true);
        check("l0velace/kq7v%x", &["Lovelace"], false);
        check("L0v3l4c3 L0v3l4c3", &["lovelace"], true);
    }

    #[test]
    fn every_line_of_the_list_is_a_word_that_is_refused() {
        let mut seen = HashSet::new();
        for word in COMMON.lines() {
            assert!(seen.insert(word), "{word} stands twice");
            assert!(word.len() >= 4 && word == plain(word), "{word:?} is not plain");
            check(word, &[], true);
            check(&format!("{word}{word}2026!"), &[], true);
        }
        assert!(seen.len() >= 400, "{} words", seen.len());
    }
}
