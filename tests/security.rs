//! What `docs/operate/security.md` names is there, and every requirement has its row.

#![expect(clippy::expect_used, reason = "these are tests")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The page with the table.
const PAGE: &str = "docs/operate/security.md";

/// The numbers of all requirements of levels 1 and 2.
const LIST: &str = "tests/asvs.txt";

/// How many requirements the standard has in levels 1 and 2: 70 and 183.
const LISTED_COUNT: usize = 253;

/// Requirements of level 3 that have a row too.
const BEYOND: [&str; 4] = ["1.2.10", "4.1.4", "6.3.8", "8.3.2"];

/// Fewer than the page names: a page that was not read is noticed.
const NAMES_MIN: usize = 200;

/// Fewer than the console has: a folder that was not read is noticed.
const SCRIPTS_MIN: usize = 100;

/// What makes code or markup of a text, takes messages of other windows, or changes what all
/// objects have in common.
const UNSAFE_IN_SCRIPTS: [&str; 14] = [
    "eval(",
    "new Function",
    "RegExp(",
    "innerHTML",
    "InnerHTML",
    "outerHTML",
    "insertAdjacentHTML",
    "document.write",
    "addEventListener(\"message\"",
    "onmessage",
    "postMessage",
    "Object.assign(",
    "__proto__",
    "prototype",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn text_of(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(root().join(path)).expect("the file is there, and a text")
}

/// Adds all files below `folder` with one of these endings.
fn collect(folder: &Path, endings: &[&str], found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder can be listed") {
        let path = entry.expect("an entry can be read").path();
        let name = path.file_name().unwrap_or_default();
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        if path.is_dir() && name != "target" && name != "node_modules" {
            collect(&path, endings, found);
        } else if endings.contains(&ending) {
            found.push(path);
        }
    }
}

/// All files below these folders with one of these endings.
fn files(folders: &[&str], endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in folders {
        collect(&root().join(folder), endings, &mut found);
    }
    found
}

/// The functions behind an attribute that makes a test of them, and those that are tests on every
/// engine.
fn tests_in(source: &str) -> Vec<String> {
    let mut names = Vec::new();
    let (mut is_test, mut is_listed) = (false, false);
    for line in source.lines().map(str::trim) {
        is_listed = line == "on_every_engine! {" || is_listed && line != "}";
        if is_listed {
            names.push(line.to_owned());
        }
        is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
        let Some((_, rest)) = line.split_once("fn ").filter(|_| is_test) else { continue };
        names.extend(rest.split_once('(').map(|(name, _)| name.to_owned()));
        is_test = false;
    }
    names
}

/// The rows of all tables, without the bars at both ends.
fn rows(page: &str) -> impl Iterator<Item = &str> {
    page.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"))
}

/// What stands in backticks in the last cell of each row.
fn named(page: &str) -> Vec<&str> {
    let cells = rows(page).filter_map(|row| row.rsplit(" | ").next());
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect()
}

/// The first cell of each row, but of the rows at the top of tables.
fn numbered(page: &str) -> Vec<&str> {
    let cells = rows(page).filter_map(|row| row.split(" | ").next());
    cells.filter(|cell| !matches!(*cell, "number" | "---")).collect()
}

/// The numbers in a cell such as `1.2.3, 1.2.5 to 1.2.7`.
fn numbers_in(cell: &str) -> Vec<String> {
    let mut numbers = Vec::new();
    for part in cell.split(", ") {
        let (first, last) = part.split_once(" to ").unwrap_or((part, part));
        let [(section, from), (section_of_last, to)] =
            [first, last].map(|number| number.rsplit_once('.').expect("a number has dots"));
        assert_eq!(section, section_of_last, "numbers of two sections: {part}");
        let [from, to] = [from, to].map(|text| text.parse::<u32>().expect("digits at the end"));
        assert!(from < to || first == last, "backwards, or one number as two: {part}");
        numbers.extend((from..=to).map(|number| format!("{section}.{number}")));
    }
    numbers
}

#[test]
fn every_test_and_file_on_the_page_exists() {
    let page = text_of(PAGE);
    let sources = files(&["crates", "tests"], &["rs"]);
    let tests: BTreeSet<String> =
        sources.iter().flat_map(|path| tests_in(&text_of(path))).collect();
    let named = named(&page);
    assert!(named.len() > NAMES_MIN, "{} names", named.len());
    let is_there = |name: &&&str| tests.contains(**name) || root().join(**name).is_file();
    let missing: Vec<&&str> = named.iter().filter(|name| !is_there(name)).collect();
    assert!(missing.is_empty(), "neither a test nor a file: {missing:?}");
}

#[test]
fn every_requirement_of_asvs_has_a_row() {
    let list = text_of(LIST);
    let lines = list.lines().filter(|line| !line.starts_with('#'));
    let mut wanted: BTreeSet<&str> = lines.flat_map(str::split_whitespace).collect();
    assert_eq!(wanted.len(), LISTED_COUNT);
    wanted.extend(BEYOND);
    let page = text_of(PAGE);
    let found: Vec<String> = numbered(&page).into_iter().flat_map(numbers_in).collect();
    let once: BTreeSet<&str> = found.iter().map(String::as_str).collect();
    let missing: Vec<&&str> = wanted.difference(&once).collect();
    assert!(missing.is_empty(), "without a row: {missing:?}");
    let unknown: Vec<&&str> = once.difference(&wanted).collect();
    assert!(unknown.is_empty(), "no requirements of levels 1 and 2: {unknown:?}");
    let rows_of = |number: &str| found.iter().filter(|other| *other == number).count();
    let twice: Vec<&&str> = once.iter().filter(|number| rows_of(number) != 1).collect();
    assert!(twice.is_empty(), "in several rows: {twice:?}");
}

#[test]
fn a_cell_names_single_numbers_and_ranges() {
    assert_eq!(numbers_in("1.2.10"), ["1.2.10"]);
    assert_eq!(numbers_in("1.2.3, 1.5.1"), ["1.2.3", "1.5.1"]);
    assert_eq!(numbers_in("6.1.1, 6.2.9 to 6.2.11"), ["6.1.1", "6.2.9", "6.2.10", "6.2.11"]);
    let page = "| number | what |\n| --- | --- |\n| 1.1.1 | a |\ntext\n| 1.1.2, 1.1.3 | b |\n";
    assert_eq!(numbered(page), ["1.1.1", "1.1.2, 1.1.3"]);
}

#[test]
fn scripts_of_the_console_make_no_code_and_no_markup_of_texts() {
    let scripts = files(&["console/src"], &["ts", "tsx"]);
    assert!(scripts.len() > SCRIPTS_MIN, "{} scripts", scripts.len());
    for script in scripts {
        let text = text_of(&script);
        let found = UNSAFE_IN_SCRIPTS.iter().find(|word| text.contains(**word));
        assert_eq!(found, None, "{}", script.display());
    }
}
