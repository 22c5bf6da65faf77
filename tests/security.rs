//! What `docs/operate/security.md` names is there.

#![expect(clippy::expect_used, reason = "these are tests")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The page with the table.
const PAGE: &str = "docs/operate/security.md";

/// Fewer than the page names: a page that was not read is noticed.
const NAMES_MIN: usize = 80;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Adds the names of all tests below `folder`.
fn collect(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder can be listed") {
        let path = entry.expect("an entry can be read").path();
        let name = path.file_name().unwrap_or_default();
        if path.is_dir() && name != "target" && name != "node_modules" {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.extend(tests_in(&std::fs::read_to_string(&path).expect("a source is text")));
        }
    }
}

/// The functions behind an attribute that makes a test of them.
fn tests_in(source: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut is_test = false;
    for line in source.lines().map(str::trim) {
        is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
        let Some((_, rest)) = line.split_once("fn ").filter(|_| is_test) else { continue };
        names.extend(rest.split_once('(').map(|(name, _)| name.to_owned()));
        is_test = false;
    }
    names
}

/// What stands in backticks in the last cell of each row.
fn named(page: &str) -> Vec<&str> {
    let rows = page.lines().filter(|line| line.starts_with("| ") && line.ends_with(" |"));
    let cells = rows.filter_map(|row| row.trim_end_matches(" |").rsplit(" | ").next());
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect()
}

#[test]
fn every_test_and_file_on_the_page_exists() {
    let page = std::fs::read_to_string(root().join(PAGE)).expect("the page is there");
    let mut tests = BTreeSet::new();
    for folder in ["crates", "tests"] {
        collect(&root().join(folder), &mut tests);
    }
    let named = named(&page);
    assert!(named.len() > NAMES_MIN, "{} names", named.len());
    let is_there = |name: &&&str| tests.contains(**name) || root().join(**name).is_file();
    let missing: Vec<&&str> = named.iter().filter(|name| !is_there(name)).collect();
    assert!(missing.is_empty(), "neither a test nor a file: {missing:?}");
}
