//! Private words that have a standard one, in code, pages and messages.
//!
//! A reader finds a thing by the word that they know. The words here were used with a meaning of
//! this code base alone, and have no other use in it.

use std::path::Path;

/// The file with the words, which is not checked.
const FILE: &str = "xtask/src/tidy/words.rs";

/// Kinds of files that are checked.
const ENDINGS: [&str; 10] = ["rs", "md", "toml", "sql", "json", "mjs", "html", "css", "ts", "tsx"];

/// Files whose text is not ours.
const FOREIGN: [&str; 2] = ["package-lock.json", "guessable.txt"];

/// Words, and what to say instead. A word matches a whole word of prose or a part of a name, as
/// in `asker`, `Asker`, `asker_of` and `NewAsker`.
const WORDS: [(&str, &str); 31] = [
    ("adopt", "import"),
    ("adopted", "imported"),
    ("adopting", "import"),
    ("adoption", "import"),
    ("adopts", "imports"),
    ("anew", "again, rebuilt"),
    ("asker", "requester"),
    ("askers", "requesters"),
    ("forestall", "conflict with"),
    ("forestalled", "in conflict"),
    ("forestalls", "conflicts with"),
    ("greet", "handshake, bootstrap"),
    ("greeted", "handshake"),
    ("greeting", "handshake, bootstrap"),
    ("greets", "prints a link"),
    ("mend", "fix, correct"),
    ("mended", "fixed, corrected"),
    ("mending", "fix"),
    ("mends", "fixes"),
    ("patience", "wait, timeout"),
    ("steadily", "retry if rewritten"),
    ("stranger", "anonymous, unauthenticated client"),
    ("strangers", "unauthenticated clients"),
    ("tended", "maintained"),
    ("tending", "maintenance"),
    ("untold", "not recorded"),
    ("vouch", "assert, be consistent through"),
    ("vouched", "asserted, consistent through"),
    ("vouches", "asserts"),
    ("vouching", "consistent through"),
    ("whoever", "a client that, somebody who"),
];

/// Names, exactly as they are written, and what to say instead.
const NAMES: [(&str, &str); 13] = [
    ("Kept<", "Versioned<"),
    ("Made::Before", "Idempotent::Replayed"),
    ("NOBODY", "TOMBSTONE"),
    ("break_in(", "first_broken_link("),
    ("pieces_of(", "chunk_by_size("),
    ("settle(", "what it does"),
    ("settle_secret", "get_or_create_secret"),
    ("step_aside", "run_exclusive"),
    ("tell_everywhere", "audit_everywhere"),
    ("tell_of", "return, report"),
    ("told_of", "returned, reported"),
    ("uses_no_link_up", "does not consume the link"),
    ("whatever_it_is", "unconditional"),
];

/// Reports every private word in a file.
pub(super) fn check(name: &str, text: &str, findings: &mut Vec<String>) {
    let file = Path::new(name);
    let ending = file.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let is_foreign = FOREIGN.iter().any(|foreign| file.ends_with(foreign));
    if name == FILE || is_foreign || !ENDINGS.contains(&ending) {
        return;
    }
    for (index, line) in text.lines().enumerate() {
        let found = NAMES.iter().filter(|(private, _)| line.contains(private));
        let found = found.chain(words_in(line).filter_map(|word| {
            WORDS.iter().find(|(private, _)| word.eq_ignore_ascii_case(private))
        }));
        for (private, instead) in found {
            findings.push(format!("{name}:{}: `{private}`: say {instead}", index + 1));
        }
    }
}

/// The words of a line, and the parts of its names: runs of letters, divided before a capital
/// that follows a small letter or begins a word after capitals.
fn words_in(line: &str) -> impl Iterator<Item = &str> {
    let runs = line.split(|letter: char| !letter.is_alphabetic());
    runs.filter(|run| !run.is_empty()).flat_map(parts_of)
}

fn parts_of(run: &str) -> Vec<&str> {
    let letters: Vec<(usize, char)> = run.char_indices().collect();
    let mut parts = Vec::new();
    let mut start = 0;
    for (index, pair) in letters.windows(2).enumerate() {
        let [(_, before), (at, letter)] = pair else { continue };
        let is_last_capital = before.is_uppercase()
            && letters.get(index + 2).is_some_and(|(_, next)| next.is_lowercase());
        if letter.is_uppercase() && (before.is_lowercase() || is_last_capital) {
            parts.push(&run[start..*at]);
            start = *at;
        }
    }
    parts.push(&run[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_line(line: &str, expected: &[&str]) {
        let mut findings = Vec::new();
        check("crates/a/src/lib.rs", line, &mut findings);
        let expected: Vec<String> =
            expected.iter().map(|rest| format!("crates/a/src/lib.rs:1: {rest}")).collect();
        assert_eq!(findings, expected, "{line}");
    }

    #[test]
    fn a_private_word_is_found_in_prose_and_in_every_form_of_name() {
        let finding = ["`asker`: say requester"];
        for line in [
            "// The asker is refused.",
            "Asker!",
            "fn asker_of(id: Id)",
            "let the_asker = 1;",
            "struct NewAsker;",
            "AskerView",
            "const ASKER_MAX: usize = 1;",
            "HTTPAskerId",
            "\"the asker\"",
        ] {
            check_line(line, &finding);
        }
    }

    #[test]
    fn longer_words_and_parts_of_other_words_are_not_found() {
        for line in ["basker", "askerly", "recommended", "amends", "extended", "Extending", ""] {
            check_line(line, &[]);
        }
    }

    #[test]
    fn names_are_found_as_they_are_written() {
        check_line("let x: Kept<T>;", &["`Kept<`: say Versioned<"]);
        check_line("let x: Kept;", &[]);
        check_line("whatever it is", &[]);
        check_line("f(whatever_it_is)", &["`whatever_it_is`: say unconditional"]);
    }

    #[test]
    fn every_word_of_a_line_is_reported_with_its_line() {
        let mut findings = Vec::new();
        check("README.md", "one\nmended and vouched for\n", &mut findings);
        let expected = [
            "README.md:2: `mended`: say fixed, corrected",
            "README.md:2: `vouched`: say asserted, consistent through",
        ];
        assert_eq!(findings, expected);
    }

    #[test]
    fn foreign_files_and_the_list_itself_are_not_checked() {
        for name in [FILE, "tests/oidc/package-lock.json", "a/guessable.txt", "a/image.png"] {
            let mut findings = Vec::new();
            check(name, "whoever", &mut findings);
            assert!(findings.is_empty(), "{name}");
        }
    }

    #[test]
    fn names_are_divided_at_their_capitals() {
        let parts = |line| words_in(line).collect::<Vec<_>>();
        assert_eq!(parts("an HTTPServer2Name_of"), ["an", "HTTP", "Server", "Name", "of"]);
        assert_eq!(parts("MAX_BYTES getX"), ["MAX", "BYTES", "get", "X"]);
    }
}
