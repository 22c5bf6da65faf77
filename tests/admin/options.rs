//! Refusals name the options that were typed, and only options that there are.

use std::collections::BTreeSet;

use acta_tests::{acta, run};

use crate::admin_store::{AdminStore, StoreKind};

/// A command that the API refuses, without and with its options, and how the refusal begins.
type Row = (&'static [&'static str], &'static [&'static str], &'static str);

const TABLE: [Row; 15] = [
    (&["query"], &["--by", "no-such-field"], "--by: "),
    (&["query"], &["--measure", "mean:no-such-field"], "--measure: "),
    (&["query"], &["--where", "no-such-field=1"], "--where: "),
    (&["query"], &["--zone", "Nowhere"], "--zone: "),
    (&["query"], &["--order", "nothing"], "--order: "),
    (&["analyse", "funnel"], &["--step", "a=no-such-field=1"], "--step: "),
    (&["analyse", "compare"], &["--group", "a=no-such-field=1"], "--group: "),
    (
        &["analyse", "compare"],
        &["--group", "a=verb=v", "--group", "b=verb=w", "--gap", "0"],
        "--gap: ",
    ),
    (&["analyse", "courses"], &["--gap", "0"], "--gap: "),
    (&["analyse", "journey"], &["nobody@example.org", "--gap", "0"], "--gap: "),
    (&["person", "create"], &["--identifier", r#"{"mbox":"nobody"}"#], "--identifier: "),
    (
        &["person", "create"],
        &["--identifier", "ada@example.org", "--attribute", "unit=\u{7}"],
        "--attribute: ",
    ),
    (&["credential", "create"], &["--label", ""], "--label: "),
    (&["credential", "create"], &["--label", "x", "--expires", "2001-01-01"], "--expires: "),
    (&["audit", "list"], &["--outcome", "maybe"], "--outcome: "),
];

/// The words of a text that are options.
fn options(text: &str) -> BTreeSet<&str> {
    let is_end = |it: char| !(it.is_ascii_alphanumeric() || it == '-');
    text.split(is_end).filter(|word| word.len() > 2 && word.starts_with("--")).collect()
}

fn check(kind: StoreKind) {
    let store = AdminStore::new(kind);
    for (command, arguments, expected) in TABLE {
        let ran = store.type_in(&[command, arguments].concat(), "");
        assert_eq!(ran.code, Some(1), "{command:?} {arguments:?}: {}", ran.err);
        let told = ran.err.replace("error: ", "");
        let is_told = told.lines().any(|line| line.trim_start().starts_with(expected));
        assert!(is_told, "{command:?} {arguments:?}: {}", ran.err);
        let help = run(acta().args(command).arg("--help"));
        let (named, known) = (options(&told), options(&help.out));
        assert!(named.is_subset(&known), "{command:?}: {named:?} in {told}");
    }
}

#[test]
fn refusals_name_options_of_the_command() {
    check(StoreKind::Unserved);
}

#[test]
fn refusals_of_a_server_name_options_of_the_command() {
    check(StoreKind::Served);
}

#[test]
fn a_fault_in_a_file_is_named_by_its_place_there() {
    let store = AdminStore::new(StoreKind::Unserved);
    let question = r#"{"measures":[{"measure":"count"}],"dimensions":[{"field":"no-such-field"}]}"#;
    let ran = store.type_in(&["query", "-"], question);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(ran.err.contains("/dimensions/0/field in the file: "), "{}", ran.err);
}
