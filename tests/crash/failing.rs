//! A device that reports errors, as system calls report them: `strace` lets them
//! fail in a running server.
//!
//! The server stops acknowledging, says why, goes on answering what it has, and takes
//! everything again after a restart.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use acta_tests::server::{SMALL_FILES, acta};
use acta_tests::{Client, Launch, Response, Server, Version, make};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::ledger::{Ledger, WriteOutcome};
use crate::load::{RandomChoice, resolve_unanswered, write_while};
use crate::log;

/// Rounds for each kind of failure.
const ROUNDS: u64 = 5;

/// How long a server may take to stop.
const STOPPING_TIME: Duration = Duration::from_secs(10);

/// Calls of a process fail while this lives.
struct Injection(Child);

impl Injection {
    /// Lets `calls` (as `strace` names them) end in `fault`, as in `error=EIO:when=3+`.
    fn start(server: &Server, calls: &str, fault: &str) -> Self {
        let mut strace = Command::new("strace");
        strace.args(["-f", "-o", "/dev/null", "-e", &format!("trace={calls}")]);
        strace.args(["-e", &format!("inject={calls}:{fault}")]);
        strace.args(["-p", &server.process_id().to_string()]);
        strace.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = strace.spawn().expect("strace can be started: is it installed?");
        let said = child.stderr.take().expect("it says when it is attached");
        let mut lines = BufReader::new(said).lines();
        let first = lines.next().and_then(Result::ok).unwrap_or_default();
        assert!(first.contains("attached"), "strace cannot attach: {first}");
        // Whatever else it says must not fill the pipe up.
        thread::spawn(move || lines.for_each(drop));
        Self(child)
    }

    /// The calls are what they were.
    fn end(self) {
        drop(self);
    }
}

impl Drop for Injection {
    fn drop(&mut self) {
        let status = Command::new("kill").arg(self.0.id().to_string()).status();
        assert!(status.is_ok_and(|status| status.success()), "strace can be told to stop");
        let _ = self.0.wait();
    }
}

fn start(data: &Path) -> Server {
    Launch::new(data, Version::V2_0_0).start()
}

fn post(client: &Client, statement: &Value) -> Response {
    client.post("/statements").json(statement).send()
}

fn put_state(client: &Client, activity: &str, value: u64) -> Response {
    let agent = json!({"mbox": "mailto:ada@example.org"}).to_string();
    let call = client.post("/activities/state").query("activityId", activity);
    call.query("agent", &agent).query("stateId", "s").json(&json!({"value": value})).send()
}

fn state(client: &Client, activity: &str) -> Value {
    let agent = json!({"mbox": "mailto:ada@example.org"}).to_string();
    let call = client.get("/activities/state").query("activityId", activity);
    call.query("agent", &agent).query("stateId", "s").send().expect(200).json()
}

#[track_caller]
fn check_halted(answer: Response) {
    let problem = answer.expect(503).json();
    assert_eq!(problem["type"], "urn:acta:problem:halted", "{problem}");
    let detail = problem["detail"].as_str().expect("a problem has a detail");
    assert!(detail.contains("restart"), "it says what helps: {detail}");
}

#[test]
fn a_failed_sync_of_the_log_stops_writes_until_a_restart() {
    let folder = TempDir::new().expect("a directory for scratch data can be made");
    let data = folder.path().join("data");
    let server = start(&data);
    let client = server.client(Version::V2_0_0);
    let (before, statement) = make::statement_with_id();
    post(&client, &statement).expect(200);

    let failing = Injection::start(&server, "fdatasync", "error=EIO");
    let (_, lost) = make::statement_with_id();
    let call = client.post("/statements").header("X-Request-Id", "lost:1");
    check_halted(call.json(&lost).send());
    failing.end();
    // The device works again, but nobody knows what is on it.
    let (after, later) = make::statement_with_id();
    check_halted(post(&client, &later));
    check_halted(client.call_outside("GET", "/ready").send());
    client.call_outside("GET", "/health").send().expect(200);
    assert_eq!(client.fetch(&before)["id"], json!(before), "reads go on");
    let log = server.log();
    assert!(log.contains("could not sync the log"), "the log says what failed: {log}");
    assert!(log.contains("Input/output error"), "and why: {log}");
    let failed = server.logged("could not sync the log");
    assert_eq!((&failed["request.id"], &failed["tenant.id"]), (&json!("lost:1"), &json!(1)));

    drop(server);
    let server = start(&data);
    let client = server.client(Version::V2_0_0);
    client.call_outside("GET", "/ready").send().expect(200);
    client.fetch(&before);
    post(&client, &lost).expect(200);
    post(&client, &later).expect(200);
    client.fetch(&after);
}

#[test]
fn a_start_without_space_for_shared_memory_reports_it() {
    let folder = TempDir::new().expect("a directory for scratch data can be made");
    let data = folder.path().join("data");
    let mut server = start(&data);
    server.ask_to_stop();
    assert!(server.wait(STOPPING_TIME).is_some_and(|status| status.success()), "it stops");

    let mut command = Command::new("strace");
    command.args(["-f", "-o", "/dev/null", "-e", "inject=pwrite64:error=ENOSPC"]);
    command.arg(acta().get_program());
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(&data);
    let refused = command.output().expect("strace can be started");
    assert!(!refused.status.success());
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("no space left on the device"), "{said}");
}

#[test]
fn a_failed_sync_of_the_tables_stops_documents_until_a_restart() {
    let folder = TempDir::new().expect("a directory for scratch data can be made");
    let data = folder.path().join("data");
    let server = start(&data);
    let client = server.client(Version::V2_0_0);
    let activity = make::activity_id();
    put_state(&client, &activity, 1).expect(204);

    let failing = Injection::start(&server, "fdatasync,fsync", "error=EIO");
    check_halted(put_state(&client, &activity, 2));
    failing.end();
    check_halted(put_state(&client, &activity, 3));
    check_halted(client.call_outside("GET", "/ready").send());
    assert!(state(&client, &activity)["value"].as_u64() <= Some(2), "reads go on");
    let failed = server.logged("the tables take no more writes");
    assert_eq!((&failed["method"], &failed["tenant.id"]), (&json!("POST"), &json!(1)), "{failed}");

    drop(server);
    let server = start(&data);
    let client = server.client(Version::V2_0_0);
    client.call_outside("GET", "/ready").send().expect(200);
    let kept = state(&client, &activity)["value"].as_u64();
    assert!((Some(1)..=Some(2)).contains(&kept), "{kept:?}");
    put_state(&client, &activity, 4).expect(204);
    assert_eq!(state(&client, &activity)["value"], 4);
}

#[test]
fn a_failed_read_is_an_error_and_never_a_short_answer() {
    let folder = TempDir::new().expect("a directory for scratch data can be made");
    let data = folder.path().join("data");
    let server = start(&data);
    let client = server.client(Version::V2_0_0);
    let agent = make::agent();
    let batch: Vec<Value> = (0..50).map(|_| make::statement_of(&agent)).collect();
    let ids = client.store(&json!(batch));
    let query = || client.get("/statements").query("agent", &agent.to_string());

    let failing = Injection::start(&server, "pread64", "error=EIO");
    query().send().expect(500);
    client.get("/statements").query("statementId", &ids[0]).send().expect(500);
    failing.end();
    assert_eq!(client.find(&[("agent", &agent.to_string())]).len(), 50);
    client.fetch(&ids[0]);
    client.store(&make::statement());
    assert!(server.log().contains("Input/output error"), "{}", server.log());
}

/// Lets calls fail under load from a random call on, and restarts.
fn check_under_load(calls: &str, fault: &str) {
    let seed = u64::from_str_radix(&make::id()[..8], 16).expect("an id begins with digits");
    log(&format!("seed {seed}"));
    let chance = RandomChoice::new(seed);
    let folder = TempDir::new().expect("a directory for scratch data can be made");
    let data = folder.path().join("data");
    let launch = Launch { settings: SMALL_FILES, ..Launch::new(&data, Version::V2_0_0) };
    let mut ledger = Ledger::default();
    let mut failed_count = 0;
    let mut server = launch.start();
    for _ in 0..ROUNDS {
        let client = server.client(Version::V2_0_0);
        let from = 1 + chance.below(30);
        let mut written = write_while(&client, || {
            thread::sleep(Duration::from_millis(50));
            let failing = Injection::start(&server, calls, &format!("{fault}:when={from}+"));
            thread::sleep(Duration::from_millis(400));
            failing.end();
        });
        log(&format!(
            "{calls} {fault} from call {from} of each thread on: {} requests acknowledged, {} \
             refused, {} left open",
            written.count(WriteOutcome::Acknowledged),
            written.count(WriteOutcome::Refused),
            written.count(WriteOutcome::Unknown)
        ));
        failed_count += written.count(WriteOutcome::Refused) + written.count(WriteOutcome::Unknown);
        // What was left open may turn out either way only after the restart.
        drop(server);
        server = launch.start();
        let client = server.client(Version::V2_0_0);
        written.check(&client);
        resolve_unanswered(&client, &mut written);
        ledger.extend(written);
    }
    assert!(0 < ledger.acknowledged_count(), "the load must do something");
    assert!(0 < failed_count, "the calls must fail");
    ledger.check(&server.client(Version::V2_0_0));
}

#[test]
fn loses_nothing_when_syncs_fail_under_load() {
    check_under_load("fdatasync,fsync", "error=EIO");
}

#[test]
fn loses_nothing_when_writes_fail_under_load() {
    check_under_load("pwrite64", "error=EIO");
}

#[test]
fn loses_nothing_when_writes_find_no_space_under_load() {
    check_under_load("pwrite64", "error=ENOSPC");
}

#[test]
fn loses_nothing_when_files_cannot_be_renamed_or_opened_under_load() {
    check_under_load("rename,openat", "error=EIO");
}

#[test]
fn loses_nothing_when_reads_fail_under_load() {
    check_under_load("pread64", "error=EIO");
}
