//! `acta copy` from outside: whole stores, killed copies, stores that are not fit, damage.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test says that it failed by panicking"
)]

mod database;
mod source;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use acta_tests::server::SMALL_FILES;
use acta_tests::{CommandOutput, Server, Version, acta, run};
use serde_json::Value;
use source::{Source, TENANT_COUNT};
use tempfile::TempDir;

/// Copies that are killed.
const KILL_COUNT: u64 = 30;

fn folder() -> TempDir {
    TempDir::new().expect("a directory for scratch data can be made")
}

fn command(from: &Path, to: &Path) -> Command {
    let mut command = acta();
    command.args(["copy", "--json", "--from"]).arg(from).arg("--to").arg(to);
    command.envs(SMALL_FILES.iter().copied());
    command
}

fn copy(from: &Path, to: &Path) -> CommandOutput {
    run(&mut command(from, to))
}

/// Counts and hashes of a copy that succeeded.
#[track_caller]
fn tenants(output: &CommandOutput) -> Value {
    assert_eq!(output.code, Some(0), "{}", output.err);
    let mut printed: Value = serde_json::from_str(&output.out).expect("one JSON object is printed");
    printed["tenants"].take()
}

/// The statements of each tenant, in order.
fn export(data: &Path) -> Vec<String> {
    let folder = folder();
    let to = folder.path().join("all");
    let output = run(acta().args(["export", "--all-tenants"]).arg(&to).arg("--data").arg(data));
    assert_eq!(output.code, Some(0), "{}", output.err);
    let file = |number| std::fs::read_to_string(to.join(format!("tenant-{number}.jsonl"))).unwrap();
    (1..=TENANT_COUNT).map(file).collect()
}

fn verify(data: &Path) {
    let output = run(acta().args(["verify", "--data"]).arg(data));
    assert_eq!(output.code, Some(0), "{} {}", output.out, output.err);
}

#[test]
fn a_copy_and_a_copy_of_the_copy_are_equal_to_the_source() {
    let folder = folder();
    let [one, two, three] = ["one", "two", "three"].map(|name| folder.path().join(name));
    let source = Source::make(&one, 900);
    let before = export(&one);
    let first = tenants(&copy(&one, &two));
    let counts: Vec<u64> = (0..TENANT_COUNT)
        .map(|index| first[index]["statements"]["count"].as_u64().unwrap())
        .collect();
    assert_eq!(counts, source.counts);
    for name in ["documents", "attachments", "credentials", "cursors"] {
        assert!(first[1][name]["count"].as_u64().unwrap() > 0, "{name}: {first}");
    }
    let second = tenants(&copy(&two, &three));
    assert_eq!(first, second, "the hashes are of the content alone");
    for data in [&one, &two, &three] {
        assert_eq!(export(data), before);
        verify(data);
    }
    source::check_same(&one, &three);
}

#[test]
fn a_copy_is_served_in_the_place_of_its_source() {
    let folder = folder();
    let [one, two] = ["one", "two"].map(|name| folder.path().join(name));
    let mut server = Server::start_in(&one, Version::V2_0_0);
    let client = server.client(Version::V2_0_0);
    let statement = acta_tests::make::statement();
    let id = client.store(&statement).remove(0);
    server.ask_to_stop();
    assert!(server.wait(Duration::from_secs(20)).unwrap().success());
    assert_eq!(copy(&one, &two).code, Some(0));
    let settings = [("ACTA_SEED_KEY", "other"), ("ACTA_SEED_SECRET", "never used")];
    let copied = Server::start_with(&two, Version::V2_0_0, &settings);
    // With the credential of the source, whose secret nobody has copied.
    let client = copied.client(Version::V2_0_0);
    assert_eq!(client.fetch(&id)["actor"], statement["actor"]);
    client.store(&acta_tests::make::voiding(&id));
    client.get(&format!("/statements?statementId={id}")).send().expect(404);
}

#[test]
fn a_killed_copy_continues_with_the_same_result() {
    let folder = folder();
    let [one, two, whole] = ["one", "two", "whole"].map(|name| folder.path().join(name));
    Source::make(&one, 2_500);
    let expected = tenants(&copy(&one, &whole));
    let mut killed = 0;
    for number in 0..KILL_COUNT {
        let mut child = command(&one, &two)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary can be started");
        thread::sleep(Duration::from_millis(20 + number * 37 % 400));
        let is_over = child.try_wait().unwrap().is_some();
        child.kill().unwrap();
        child.wait().unwrap();
        if is_over {
            break;
        }
        killed += 1;
        check_unfinished(&two);
    }
    assert!(1 < killed, "the copies were over too soon");
    let last = copy(&one, &two);
    if last.code == Some(2) {
        // The last one that was started had come to its end.
        assert!(last.err.contains("the target is not empty"), "{}", last.err);
    } else {
        assert_eq!(tenants(&last), expected);
    }
    assert_eq!(export(&two), export(&one));
    verify(&two);
    source::check_same(&one, &two);
}

/// What is unfinished is not taken for a store, and nothing is written to it.
fn check_unfinished(data: &Path) {
    if !data.join("tables.sqlite").exists() || !source::is_unfinished(data) {
        return;
    }
    let commands: [&[&str]; 3] = [
        &["serve", "--listen", "127.0.0.1:0", "--data"],
        &["export", "--data"],
        &["import", "--data"],
    ];
    for arguments in commands {
        let output = run(acta().args(arguments).arg(data).stdin(Stdio::null()));
        assert_eq!(output.code, Some(2), "{arguments:?}: {}", output.err);
        let says = "the store is an unfinished copy: complete it with the same";
        assert!(output.err.contains(says), "{arguments:?}: {}", output.err);
    }
}

#[test]
fn unsuitable_stores_are_refused() {
    let folder = folder();
    let [one, two, three] = ["one", "two", "three"].map(|name| folder.path().join(name));
    let refused = |from: &Path, to: &Path, says: &str| {
        let output = copy(from, to);
        assert_eq!((output.code, output.out.as_str()), (Some(2), ""), "{}", output.err);
        assert!(output.err.contains(says), "{}", output.err);
    };
    refused(&one, &two, "there is no store in");
    std::fs::create_dir(&one).unwrap();
    refused(&one, &two, "there is no store in");
    assert_eq!(std::fs::read_dir(&one).unwrap().count(), 0, "nothing was made there");
    Source::make(&one, 50);
    refused(&one, &one, "is both source and target");
    assert_eq!(copy(&one, &two).code, Some(0));
    refused(&one, &two, "the target is not empty: it contains tenants");
    let server = Server::start_in(&three, Version::V2_0_0);
    refused(&one, &three, "in use by another process");
    refused(&three, &folder.path().join("four"), "in use by another process");
    drop(server);
    refused(&one, &three, "the target is not empty: it contains credentials");
    source::mark_unfinished(&three);
    refused(&one, &three, "an unfinished copy of another store");
    refused(&three, &folder.path().join("five"), "the source is itself an unfinished copy");
    verify(&one);
}

/// The segment with the statement that has this id: its bytes, and where the id stands.
fn place_of(data: &Path, id: u128) -> (PathBuf, Vec<u8>, usize) {
    let segments = std::fs::read_dir(data.join("log")).unwrap();
    let found = segments.map(|segment| segment.unwrap().path()).find_map(|path| {
        let bytes = std::fs::read(&path).unwrap();
        let at = bytes.windows(16).position(|window| window == id.to_be_bytes())?;
        Some((path, bytes, at))
    });
    found.expect("the statement is in the log")
}

#[test]
fn damage_in_the_source_is_reported_and_ends_the_copy() {
    let folder = folder();
    let [one, two] = ["one", "two"].map(|name| folder.path().join(name));
    let source = Source::make(&one, 600);
    let (file, bytes, at) = place_of(&one, source.first_ids[60]);
    let mut damaged = bytes.clone();
    damaged[at] ^= 1;
    std::fs::write(&file, &damaged).unwrap();
    let output = copy(&one, &two);
    assert_eq!(output.code, Some(1), "{}", output.err);
    let printed: Value = serde_json::from_str(&output.out).unwrap();
    let place = printed["damaged"][0].as_str().unwrap();
    assert!(place.starts_with(&format!("{} at byte ", file.display())), "{place}");
    assert!(source::is_unfinished(&two));
    assert_eq!(std::fs::read(&file).unwrap(), damaged, "the source is not changed");

    std::fs::write(&file, &bytes).unwrap();
    tenants(&copy(&one, &two));
    assert_eq!(export(&two), export(&one));
}
