//! `spec/requirements.toml` and the code agree: every requirement names tests that exist or
//! says why it has none, and every requirement that the code names is registered.

#![expect(clippy::expect_used, reason = "these are tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use toml::{Table, Value};

/// How many requirements ADL's list for 1.0.3 has: 00001 to 00336, without 00136.
const ADL_COUNT: usize = 335;

fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("tests lies in the repository").to_owned()
}

fn requirements() -> Vec<Table> {
    let text = std::fs::read_to_string(root().join("spec/requirements.toml"));
    let register: Table = text.expect("the register can be read").parse().expect("it is TOML");
    let entries = register["requirement"].as_array().expect("requirements are an array").iter();
    entries.map(|entry| entry.as_table().expect("a requirement is a table").clone()).collect()
}

fn text_of<'a>(requirement: &'a Table, name: &str) -> &'a str {
    let value = requirement.get(name).and_then(Value::as_str);
    value.unwrap_or_else(|| panic!("no {name} in {requirement:?}"))
}

fn texts_of<'a>(requirement: &'a Table, name: &str) -> Vec<&'a str> {
    let values = requirement.get(name).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    values.iter().map(|value| value.as_str().expect("an array of strings")).collect()
}

/// The texts of all Rust files below `tests` and `crates`, by path.
fn sources() -> BTreeMap<PathBuf, String> {
    let mut folders = vec![root().join("tests"), root().join("crates")];
    let mut found = BTreeMap::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder can be read") {
            let path = entry.expect("a folder can be read").path();
            if path.is_dir() {
                let is_foreign = path.ends_with("node_modules") || path.ends_with("target");
                folders.extend((!is_foreign).then_some(path));
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source is text");
                found.insert(path, text);
            }
        }
    }
    found
}

/// The names of all functions that an attribute ending in `test]` marks.
fn tests() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for text in sources().values() {
        let mut is_marked = false;
        for line in text.lines().map(str::trim) {
            let line = line.strip_prefix("async ").unwrap_or(line);
            if let Some(rest) = line.strip_prefix("fn ") {
                let name = rest.split(['(', '<']).next().unwrap_or(rest);
                found.extend(is_marked.then(|| name.to_owned()));
                is_marked = false;
            } else if line.starts_with("#[") {
                is_marked |= line == "#[test]" || line.contains("::test");
            }
        }
    }
    found
}

/// The ids that stand in `text`.
fn ids_in(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for prefix in ["XAPI-", "IEEE-"] {
        for (at, _) in text.match_indices(prefix) {
            let rest = &text[at + prefix.len()..];
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '-'));
            let id = rest[..end.unwrap_or(rest.len())].trim_end_matches(['.', '-']);
            if id.starts_with(|c: char| c.is_ascii_digit()) {
                found.insert(format!("{prefix}{id}"));
            }
        }
    }
    found
}

#[test]
fn registers_every_requirement_once() {
    let requirements = requirements();
    let ids: BTreeSet<&str> = requirements.iter().map(|entry| text_of(entry, "id")).collect();
    assert_eq!(ids.len(), requirements.len(), "an id occurs twice");
    let numbered: BTreeSet<String> =
        (1..=336).filter(|n| *n != 136).map(|n| format!("XAPI-{n:05}")).collect();
    let registered = ids.iter().filter(|id| id.starts_with("XAPI-")).map(|id| (*id).to_owned());
    assert_eq!(registered.collect::<BTreeSet<String>>(), numbered);
    assert_eq!(numbered.len(), ADL_COUNT);
    let known = ["id", "versions", "section", "text", "tests", "not_tested"];
    for entry in &requirements {
        let id = text_of(entry, "id");
        assert!(
            !text_of(entry, "section").is_empty() && !text_of(entry, "text").is_empty(),
            "{id}"
        );
        let versions = texts_of(entry, "versions");
        assert!(!versions.is_empty(), "{id}");
        assert!(versions.iter().all(|version| ["1.0.3", "2.0.0"].contains(version)), "{id}");
        assert!(entry.keys().all(|key| known.contains(&key.as_str())), "{id}: {entry:?}");
    }
}

#[test]
fn names_a_test_or_a_reason_for_every_requirement() {
    let existing = tests();
    let mut missing = Vec::new();
    for entry in requirements() {
        let id = text_of(&entry, "id");
        let named = texts_of(&entry, "tests");
        let has_reason = entry.get("not_tested").is_some_and(|reason| reason.as_str() != Some(""));
        assert_ne!(named.is_empty(), !has_reason, "{id}: either tests or a reason");
        let absent = named.iter().filter(|name| !existing.contains(**name));
        missing.extend(absent.map(|name| format!("{id}: {name}")));
    }
    assert_eq!(missing, [""; 0], "tests that do not exist");
}

#[test]
fn every_requirement_in_the_code_is_registered() {
    let requirements = requirements();
    let ids: BTreeSet<&str> = requirements.iter().map(|entry| text_of(entry, "id")).collect();
    let mut unknown = Vec::new();
    for (path, text) in sources() {
        if path.ends_with("tests/register.rs") {
            continue;
        }
        let named = ids_in(&text);
        let absent = named.iter().filter(|id| !ids.contains(id.as_str()));
        unknown.extend(absent.map(|id| format!("{id} in {}", path.display())));
    }
    assert_eq!(unknown, [""; 0]);
}
