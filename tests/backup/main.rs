//! `acta backup` beside a server under load, and what `acta restore` makes of it.

#![expect(clippy::expect_used, reason = "this is a test")]

mod access;
mod load;
mod refusals;

use std::collections::HashMap;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use acta_tests::server::SMALL_FILES;
use acta_tests::{Client, Server, Version, acta, multipart};
use load::{BATCH, DOCUMENT, Ledger, Load};
use serde_json::Value;
use tempfile::TempDir;

/// Backups under load.
const BACKUP_COUNT: u64 = 4;

/// Backups that are killed.
const KILL_COUNT: u64 = 25;

/// What a command printed, and its exit code.
pub(crate) struct CommandOutput {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl CommandOutput {
    /// The one JSON object that was printed by a command that succeeded.
    #[track_caller]
    pub(crate) fn counts(&self) -> Value {
        assert_eq!(self.code, Some(0), "{}", self.err);
        serde_json::from_str(&self.out).expect("one JSON object is printed")
    }
}

pub(crate) fn run(command: &mut Command) -> CommandOutput {
    let Output { status, stdout, stderr } = command.output().expect("the binary can be started");
    let text = |bytes| String::from_utf8(bytes).expect("the binary prints UTF-8");
    CommandOutput { code: status.code(), out: text(stdout), err: text(stderr) }
}

pub(crate) fn folder() -> TempDir {
    TempDir::new().expect("a directory for scratch data can be made")
}

pub(crate) fn back_up(data: &Path, to: &Path) -> CommandOutput {
    run(acta().args(["backup", "--json", "--data"]).arg(data).arg("--to").arg(to))
}

pub(crate) fn restore(from: &Path, data: &Path) -> CommandOutput {
    run(acta().args(["restore", "--json", "--from"]).arg(from).arg("--data").arg(data))
}

pub(crate) fn check(from: &Path) -> CommandOutput {
    run(acta().args(["restore", "--check", "--json", "--from"]).arg(from))
}

/// Every statement of a store that is not open, a line each.
pub(crate) fn export(data: &Path) -> Vec<String> {
    let ran = run(acta().arg("export").arg("--data").arg(data));
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    ran.out.lines().map(str::to_owned).collect()
}

fn stop(mut server: Server) {
    server.ask_to_stop();
    let status = server.wait(Duration::from_secs(20)).expect("it stops");
    assert!(status.success(), "{status}");
}

#[test]
fn a_backup_contains_everything_acknowledged_before_it_began() {
    let folder = folder();
    let (data, to) = (folder.path().join("data"), folder.path().join("backup"));
    let server = Server::start_with(&data, Version::V2_0_0, SMALL_FILES);
    let load = Load::start(&server);
    let mut ledgers = Vec::new();
    let mut copied_all_bytes = Vec::new();
    for number in 1..=BACKUP_COUNT {
        thread::sleep(Duration::from_millis(400));
        let ledger = load.ledger();
        let counts = back_up(&data, &to).counts();
        assert_eq!(counts["number"], number);
        copied_all_bytes.push(counts["copied_bytes"] == counts["bytes"]);
        let place = folder.path().join(format!("restored-{number}"));
        let restored = restore(&to, &place).counts();
        for name in ["statements", "attachments", "files", "bytes", "number"] {
            assert_eq!(restored[name], counts[name], "{name}");
        }
        ledgers.push((place, ledger));
    }
    let last = load.stop();
    assert!(BATCH * 4 < last.singles.len() + BATCH * last.batches.len(), "the load does something");
    assert_eq!(copied_all_bytes, [true, false, false, false], "later backups are incremental");
    stop(server);
    let all = export(&data);
    for (place, ledger) in ledgers {
        let lines = export(&place);
        assert!(all.starts_with(&lines), "the log is the beginning of that of the store");
        check_statements(&lines, &ledger);
        check_served(&place, &ledger, &last);
    }
}

/// Whether everything acknowledged is there, and every batch whole or not at all.
fn check_statements(lines: &[String], ledger: &Ledger) {
    let mut counts: HashMap<String, usize> = HashMap::new();
    for line in lines {
        let statement: Value = serde_json::from_str(line).expect("a line is a statement");
        for value in [&statement["id"], &statement["actor"]["mbox"]] {
            *counts.entry(value.as_str().expect("a string").to_owned()).or_default() += 1;
        }
    }
    for id in ledger.singles.iter().chain(ledger.attached.iter().map(|(id, _)| id)) {
        assert_eq!(counts.get(id), Some(&1), "{id} was acknowledged before");
    }
    for mbox in &ledger.batches {
        assert_eq!(counts.get(mbox), Some(&BATCH), "the batch of {mbox} was acknowledged before");
    }
    for (who, count) in counts {
        assert!([1, BATCH].contains(&count), "{count} statements of {who}");
    }
}

/// Whether a server on a restored store gives back attachments and documents.
fn check_served(data: &Path, ledger: &Ledger, last: &Ledger) {
    // The restored credential is used, not one that a new store would have.
    let other_secret = &[("ACTA_SEED_SECRET", "not the one of the store")];
    let server = Server::start_with(data, Version::V2_0_0, other_secret);
    let client = server.client(Version::V2_0_0);
    for (id, bytes) in &ledger.attached {
        check_attachment(&client, id, bytes);
    }
    let answer = client.get("/activities/state").queries(&DOCUMENT).send();
    if ledger.count_acknowledged > 0 || answer.status != 404 {
        let kept = answer.expect(200).json();
        let count = kept["count"].as_u64().expect("count is a number");
        assert!((ledger.count_acknowledged..=last.count_sent).contains(&count), "{kept}");
        assert_eq!(kept["count"], kept["again"], "a document is whole");
    }
    let before = client.find(&[("verb", "https://example.org/verbs/later")]);
    assert_eq!(before, [""; 0]);
    let mut statement = acta_tests::make::statement();
    statement["verb"]["id"] = "https://example.org/verbs/later".into();
    let ids = client.store(&statement);
    assert_eq!(client.find(&[("verb", "https://example.org/verbs/later")]), ids);
}

fn check_attachment(client: &Client, id: &str, bytes: &[u8]) {
    let call = client.get("/statements").query("statementId", id);
    let answer = call.query("attachments", "true").send().expect(200);
    let parts = multipart::read(&answer);
    assert_eq!(parts.get(1).map(|part| part.body.as_slice()), Some(bytes), "attachment of {id}");
}

#[test]
fn a_backup_killed_at_any_moment_leaves_the_previous_one_usable() {
    let folder = folder();
    let (data, to) = (folder.path().join("data"), folder.path().join("backup"));
    let server = Server::start_with(&data, Version::V2_0_0, SMALL_FILES);
    let load = Load::start(&server);
    let mut number = back_up(&data, &to).counts()["number"].as_u64();
    let mut killed_count = 0;
    for turn in 0..KILL_COUNT {
        let mut command = acta();
        command.args(["backup", "--data"]).arg(&data).arg("--to").arg(&to);
        let mut child = command.stderr(Stdio::null()).spawn().expect("the binary can be started");
        thread::sleep(Duration::from_millis(turn * 13 % 89));
        killed_count += u64::from(child.try_wait().expect("it can be asked").is_none());
        // It may have ended by itself.
        let _ = child.kill();
        child.wait().expect("it can be waited for");
        let checked = check(&to).counts();
        let found = checked["number"].as_u64();
        assert!(number <= found, "backup {number:?} has become {found:?}");
        number = found;
    }
    println!("{killed_count} of {KILL_COUNT} backups were killed");
    load.stop();
    stop(server);
    let counts = back_up(&data, &to).counts();
    let place = folder.path().join("restored");
    assert_eq!(restore(&to, &place).counts()["statements"], counts["statements"]);
    assert!(export(&place) == export(&data), "the last backup holds the whole log");
}
