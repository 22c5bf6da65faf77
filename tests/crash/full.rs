//! A device without room: a small file system in memory, seen by the server alone.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use acta_ambient::{Clock, SystemClock};
use acta_tests::server::SMALL_FILES;
use acta_tests::{
    Client, CommandOutput, Launch, Response, Server, Version, acta, basic, make, run,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::ledger::WriteOutcome;
use crate::load::{resolve_unanswered, write_while};
use crate::log;

/// Size of the device.
const DEVICE_BYTES: u64 = 16 << 20;

/// The reserve for administration where it is not tested.
const SMALL_RESERVE: &str = "64KiB";

/// The reserve where it is: enough for what waits in the write-ahead log of the tables, which is
/// about 4 MiB, and for the changes.
const RESERVE: &str = "6MiB";

/// Credentials that are removed while the device is full.
const CREDENTIAL_COUNT: usize = 8;

/// Room that is taken away and given back.
const BALLAST_BYTES: usize = 6 << 20;

/// How long room may take to be of use again.
const HEALING_TIME: Duration = Duration::from_secs(10);

/// A small device of its own, which vanishes with this.
struct Device {
    /// Keeps the name space with the mount alive until its input ends.
    holder: Child,
    folder: TempDir,
    through: Vec<String>,
}

impl Device {
    fn new() -> Self {
        let folder = TempDir::new().expect("a directory for a mount can be made");
        let place = folder.path().display().to_string();
        let script = format!(
            "mount -t tmpfs -o size={DEVICE_BYTES} tmpfs '{place}' && echo mounted && read -r _"
        );
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "sh", "-c", &script]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut holder = command.spawn().expect("unshare can be started");
        let mut said = String::new();
        let output = holder.stdout.take().expect("it says when it is ready");
        BufReader::new(output).read_line(&mut said).expect("it can be read");
        assert_eq!(said, "mounted\n", "a file system can be mounted, which root may do");
        let process = holder.id().to_string();
        let through = ["nsenter", "--mount", "--target", &process];
        let through = through.map(str::to_owned).to_vec();
        Self { holder, folder, through }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn start(&self) -> Server {
        self.start_with(SMALL_RESERVE)
    }

    fn start_with(&self, reserve: &str) -> Server {
        let data = self.data();
        let launch = Launch::new(&data, Version::V2_0_0);
        let settings = [SMALL_FILES, &[("ACTA_STORAGE_RESERVE_BYTES", reserve)]].concat();
        Launch { settings: &settings, through: &self.through, ..launch }.start()
    }

    /// A file of the device as this process sees it.
    fn file(&self, name: &str) -> PathBuf {
        let inside = self.folder.path().join(name);
        let inside = inside.strip_prefix("/").expect("a temporary directory has a whole path");
        Path::new("/proc").join(self.holder.id().to_string()).join("root").join(inside)
    }

    fn take_room(&self) {
        std::fs::write(self.file("ballast"), vec![0; BALLAST_BYTES]).expect("there is room");
    }

    fn give_room(&self) {
        std::fs::remove_file(self.file("ballast")).expect("the ballast can be removed");
    }

    /// Leaves not a byte.
    fn take_all_room(&self) {
        let mut rest = std::fs::File::create(self.file("rest")).expect("a file takes no page");
        while rest.write_all(&[0; 512]).is_ok() {}
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
    }
}

fn post_batch(client: &Client) -> Response {
    let batch: Vec<Value> = (0..100).map(|_| make::rich_statement()).collect();
    client.post("/statements").json(&json!(batch)).send()
}

fn put_state(client: &Client, activity: &str, bytes: usize) -> Response {
    let agent = json!({"mbox": "mailto:ada@example.org"}).to_string();
    let call = client.put("/activities/state").query("activityId", activity);
    let call = call.query("agent", &agent).query("stateId", "s").header("If-None-Match", "*");
    call.body("application/octet-stream", vec![7; bytes]).send()
}

#[track_caller]
fn check_full(answer: Response) {
    let problem = answer.expect(507).json();
    assert_eq!(problem["type"], "urn:acta:problem:full", "{problem}");
    let detail = problem["detail"].as_str().expect("a problem has a detail");
    assert!(detail.contains("no space left"), "{detail}");
}

/// Repeats `act` until it is answered with success.
fn wait_for(what: &str, act: impl Fn() -> Response) {
    let clock = SystemClock::new();
    let mut last = act();
    while last.status >= 300 {
        assert!(clock.elapsed() < HEALING_TIME, "{what} must be taken again: {last:?}");
        std::thread::sleep(Duration::from_millis(20));
        last = act();
    }
}

#[test]
fn a_full_device_refuses_writes_until_there_is_space() {
    let device = Device::new();
    let server = device.start();
    let client = server.client(Version::V2_0_0);
    device.take_room();
    let (first, statement) = make::statement_with_id();
    client.store(&statement);
    let activity = make::activity_id();
    put_state(&client, &activity, 1000).expect(204);

    let mut answer = post_batch(&client);
    while answer.status == 200 {
        answer = post_batch(&client);
    }
    check_full(answer);
    let mut answer = put_state(&client, &make::activity_id(), 100_000);
    while answer.status == 204 {
        answer = put_state(&client, &make::activity_id(), 100_000);
    }
    check_full(answer);

    client.fetch(&first);
    assert!(!client.find(&[("limit", "100")]).is_empty(), "queries go on");
    let agent = json!({"mbox": "mailto:ada@example.org"}).to_string();
    let call = client.get("/activities/state").query("activityId", &activity);
    call.query("agent", &agent).query("stateId", "s").send().expect(200);
    client.call_outside("GET", "/health").send().expect(200);

    device.give_room();
    wait_for("a batch", || post_batch(&client));
    wait_for("a document", || put_state(&client, &make::activity_id(), 1000));
    client.call_outside("GET", "/ready").send().expect(200);
    drop(server);
    device.start().client(Version::V2_0_0).fetch(&first);
}

#[test]
fn loses_nothing_when_the_device_fills_up_under_load() {
    let device = Device::new();
    let server = device.start();
    let client = server.client(Version::V2_0_0);
    device.take_room();
    let clock = SystemClock::new();
    let mut ledger = write_while(&client, || {
        // Until nothing more goes in, however much the load takes.
        while post_batch(&client).status == 200 && clock.elapsed() < Duration::from_mins(1) {}
        std::thread::sleep(Duration::from_millis(200));
        device.give_room();
        std::thread::sleep(Duration::from_millis(500));
    });
    log(&format!(
        "{} requests acknowledged, {} refused, {} left open",
        ledger.count(WriteOutcome::Acknowledged),
        ledger.count(WriteOutcome::Refused),
        ledger.count(WriteOutcome::Unknown)
    ));
    assert!(0 < ledger.count(WriteOutcome::Refused), "the device was full");
    assert_eq!(ledger.count(WriteOutcome::Unknown), 0, "a full device leaves nothing open");
    ledger.check(&client);
    drop(server);
    let server = device.start();
    let client = server.client(Version::V2_0_0);
    ledger.check(&client);
    resolve_unanswered(&client, &mut ledger);
}

#[test]
fn starts_on_a_full_device_and_answers_reads() {
    let device = Device::new();
    let mut server = device.start();
    let client = server.client(Version::V2_0_0);
    device.take_room();
    let (first, statement) = make::statement_with_id();
    client.store(&statement);
    while post_batch(&client).status == 200 {}
    // Nothing could be tidied up.
    server.kill();
    device.take_all_room();
    let server = device.start();
    let client = server.client(Version::V2_0_0);
    client.fetch(&first);
    device.give_room();
    wait_for("a batch", || post_batch(&client));
}

impl Device {
    /// Runs a command of an administrator on the server of this device, over its control socket.
    fn administer(&self, arguments: &[&str]) -> CommandOutput {
        let mut command = Command::new(&self.through[0]);
        command.args(&self.through[1..]).arg(acta().get_program()).args(arguments);
        run(command.args(["--json", "--data"]).arg(self.data()))
    }

    /// The same, which must succeed.
    #[track_caller]
    fn succeed(&self, arguments: &[&str]) -> Value {
        let output = self.administer(arguments);
        assert_eq!(output.code, Some(0), "{arguments:?}: {} {}", output.out, output.err);
        serde_json::from_str(&output.out).unwrap_or_default()
    }
}

#[test]
fn a_full_device_takes_revocations_with_their_audit_entries() {
    let device = Device::new();
    let mut server = device.start_with(RESERVE);
    let client = server.client(Version::V2_0_0);
    device.take_room();
    let created: Vec<Value> = (0..CREDENTIAL_COUNT)
        .map(|_| {
            device.succeed(&[
                "credential",
                "create",
                "--label",
                "one",
                "--scope",
                "all",
                "--tenant",
                "1",
            ])
        })
        .collect();
    let field = |one: &Value, name: &str| one[name].as_str().expect("a text").to_owned();
    let ask = |client: &Client, one: &Value| {
        let authorization = basic(&field(one, "key"), &field(one, "secret"));
        let client = client.clone().with("Authorization", &authorization);
        client.get("/statements").query("limit", "1").send()
    };
    ask(&client, &created[0]).expect(200);
    let second = device.succeed(&["tenant", "create", "second"]);
    let second = second["id"].to_string();
    while post_batch(&client).status == 200 {}
    device.take_all_room();
    // The write-ahead log of the tables may have space left.
    while put_state(&client, &make::activity_id(), 10_000).status == 204 {}
    check_full(put_state(&client, &make::activity_id(), 10_000));

    for one in &created {
        device.succeed(&["credential", "remove", &field(one, "key"), "--tenant", "1"]);
        ask(&client, one).expect(401);
    }
    device.succeed(&["tenant", "suspend", &second]);
    let entries =
        device.succeed(&["audit", "list", "--tenant", "1", "--act", "credential.removed"]);
    assert_eq!(entries.to_string().matches("credential.removed").count(), CREDENTIAL_COUNT);
    assert!(server.log().contains("the reserve for administration is in use"));

    // What was revoked stays so, and the reserve is of nobody else.
    check_full(post_batch(&client));
    check_full(put_state(&client, &make::activity_id(), 10));
    server.kill();
    let server = device.start_with(RESERVE);
    let client = server.client(Version::V2_0_0);
    ask(&client, &created[0]).expect(401);
    check_full(put_state(&client, &make::activity_id(), 10));

    device.give_room();
    wait_for("a batch", || post_batch(&client));
    wait_for("a document", || put_state(&client, &make::activity_id(), 1000));
    assert!(device.file("data/reserve").is_file(), "the reserve is complete again");
}
