//! What backup and restore say when they cannot do what they were asked.

use std::path::{Path, PathBuf};
use std::process::Command;

use acta_tests::{Server, Version, acta, make};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{back_up, check, export, folder, restore, run};

/// A store with statements in several segments, and a document; and where its backup goes.
struct BackupFixture {
    folder: TempDir,
    data: PathBuf,
    to: PathBuf,
}

impl BackupFixture {
    fn new() -> Self {
        let folder = folder();
        let (data, to) = (folder.path().join("data"), folder.path().join("backup"));
        let fixture = Self { folder, data, to };
        let made = run(acta().args(["init", "--data"]).arg(&fixture.data));
        assert_eq!(made.code, Some(0), "{}", made.err);
        fixture.import(0..4000);
        fixture
    }

    fn import(&self, numbers: std::ops::Range<u32>) {
        let lines: Vec<String> = numbers.map(|number| statement(number).to_string()).collect();
        let file = self.folder.path().join("statements.jsonl");
        std::fs::write(&file, lines.join("\n")).expect("a file can be written");
        let mut command = acta();
        command.env("ACTA_STORAGE_SEGMENT_BYTES", "512KiB");
        let output = run(command.args(["import", "--again", "--data"]).arg(&self.data).arg(&file));
        assert_eq!(output.code, Some(0), "{}", output.err);
    }

    /// The segments of its log, in order.
    fn segments(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.data.join("log")).expect("it can be listed");
        let paths = entries.map(|entry| entry.expect("it can be listed").path());
        let is_segment = |path: &PathBuf| path.extension().is_some_and(|name| name == "log");
        let mut paths: Vec<PathBuf> = paths.filter(is_segment).collect();
        paths.sort_unstable();
        paths
    }

    fn place(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn statement(number: u32) -> Value {
    let mut statement = make::statement();
    statement["id"] = json!(format!("00000000-0000-4000-8000-{number:012}"));
    statement["result"] = json!({"response": format!("{}{}", make::id(), make::id()).repeat(2)});
    statement
}

fn flip(path: &Path) {
    let mut bytes = std::fs::read(path).expect("it can be read");
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    std::fs::write(path, bytes).expect("it can be written");
}

/// The length of a file in KiB.
fn kib_of(path: &Path) -> u64 {
    std::fs::metadata(path).expect("it is there").len() / 1024
}

/// `command`, whose files may not become longer than so many KiB: as if the disk were full.
fn with_little_room(command: &Command, kib: u64) -> Command {
    let mut limited = Command::new("bash");
    limited.args(["-c", r#"trap "" XFSZ; ulimit -f "$0"; exec "$@""#, &kib.to_string()]);
    limited.arg(command.get_program()).args(command.get_args());
    limited
}

#[test]
fn a_full_destination_is_reported_and_keeps_the_previous_backup() {
    let fixture = BackupFixture::new();
    let first = back_up(&fixture.data, &fixture.to).counts();
    assert!(first["files"].as_u64() > Some(4), "{first}");
    fixture.import(4000..8000);
    let mut command = acta();
    command.args(["backup", "--data"]).arg(&fixture.data).arg("--to").arg(&fixture.to);
    let tables = kib_of(&fixture.data.join("tables.sqlite"));
    let segment = fixture.segments().iter().map(|path| kib_of(path)).max().expect("there is one");
    assert!(tables + 10 < segment, "{tables} and {segment} KiB");
    // The first is too little for the tables, the second for a segment.
    for kib in [tables - 10, segment - 10] {
        let output = run(&mut with_little_room(&command, kib));
        assert_eq!(output.code, Some(2), "{}", output.err);
        assert!(output.err.contains("no new backup was made"), "{}", output.err);
        let place = fixture.to.display().to_string();
        assert!(output.err.contains(&place), "the place is named: {}", output.err);
        let checked = check(&fixture.to).counts();
        assert_eq!((&checked["number"], &checked["statements"]), (&json!(1), &json!(4000)));
    }
    assert_eq!(back_up(&fixture.data, &fixture.to).counts()["statements"], 8000);
}

#[test]
fn a_restore_without_space_is_not_opened_as_a_store() {
    let fixture = BackupFixture::new();
    back_up(&fixture.data, &fixture.to).counts();
    let place = fixture.place("restored");
    let mut command = acta();
    command.args(["restore", "--from"]).arg(&fixture.to).arg("--data").arg(&place);
    let segment = kib_of(&fixture.segments()[0]);
    let output = run(&mut with_little_room(&command, segment - 10));
    assert_eq!(output.code, Some(2), "{}", output.err);
    let exported = run(acta().arg("export").arg("--data").arg(&place));
    assert_eq!(exported.code, Some(2));
    assert!(exported.err.contains("a restore that was never finished"), "{}", exported.err);
    let again = restore(&fixture.to, &place);
    assert_eq!(again.code, Some(2));
    assert!(again.err.contains("is not empty"), "{}", again.err);
    std::fs::remove_dir_all(&place).expect("it can be emptied");
    restore(&fixture.to, &place).counts();
    assert!(export(&place) == export(&fixture.data), "the whole log is there");
}

#[test]
fn damage_in_the_store_is_reported_and_not_backed_up() {
    let fixture = BackupFixture::new();
    back_up(&fixture.data, &fixture.to).counts();
    fixture.import(4000..8000);
    let segments = fixture.segments();
    let damaged = &segments[segments.len() - 2];
    flip(damaged);
    let output = back_up(&fixture.data, &fixture.to);
    assert_eq!(output.code, Some(1), "{}", output.err);
    let printed: Value = serde_json::from_str(&output.out).expect("one JSON object is printed");
    let place = printed["damaged"][0].as_str().expect("a place is a string");
    assert!(place.starts_with(&format!("{} at byte ", damaged.display())), "{place}");
    assert_eq!(check(&fixture.to).counts()["number"], 1);
}

#[test]
fn damage_in_a_backup_is_reported_and_not_restored() {
    let fixture = BackupFixture::new();
    back_up(&fixture.data, &fixture.to).counts();
    let damaged = fixture.to.join("log/00000002.log");
    flip(&damaged);
    let name = damaged.display().to_string();
    let place = fixture.place("restored");
    for output in [check(&fixture.to), restore(&fixture.to, &place)] {
        assert_eq!(output.code, Some(1), "{}", output.err);
        assert!(output.err.contains(&name), "{}", output.err);
        let printed: Value = serde_json::from_str(&output.out).expect("one JSON object is printed");
        assert_eq!(printed["damaged"].as_array().map(Vec::len), Some(1), "{printed}");
    }
    // What a person would do: away with it, and back up again.
    std::fs::remove_file(&damaged).expect("it can be removed");
    back_up(&fixture.data, &fixture.to).counts();
    check(&fixture.to).counts();
}

#[test]
fn unusable_destinations_are_refused() {
    let fixture = BackupFixture::new();
    let nowhere = fixture.place("nowhere");
    let output = back_up(&nowhere, &fixture.to);
    assert_eq!(output.code, Some(2));
    assert!(output.err.contains("there is no store in"), "{}", output.err);
    assert!(!nowhere.exists() && !fixture.to.exists(), "nothing was made");

    for inside in [fixture.data.clone(), fixture.data.join("backup"), fixture.data.join("a/b")] {
        let output = back_up(&fixture.data, &inside);
        assert_eq!(output.code, Some(2));
        assert!(output.err.contains("is inside the data directory"), "{}", output.err);
    }
    let output = restore(&nowhere, &fixture.place("restored"));
    assert_eq!(output.code, Some(2));
    assert!(output.err.contains("there is no finished backup in"), "{}", output.err);

    back_up(&fixture.data, &fixture.to).counts();
    let output = restore(&fixture.to, &fixture.data);
    assert_eq!(output.code, Some(2));
    assert!(output.err.contains("is not empty"), "{}", output.err);

    let other = fixture.place("other");
    drop(Server::start_in(&other, Version::V2_0_0));
    let output = back_up(&other, &fixture.to);
    assert_eq!(output.code, Some(2));
    assert!(output.err.contains("another store"), "{}", output.err);
}
