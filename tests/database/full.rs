//! A database on a device without room.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use acta_ambient::{Clock as _, SystemClock};
use acta_test_postgres::{Cluster, SHARED_SETTINGS};
use acta_tests::{Client, Response, Version, acta, basic, make, run};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::serving::{check_logged_once, ready, start, wait_for};

/// Size of the device: an empty database takes about 10 MB.
const DEVICE_BYTES: u64 = 40 << 20;

/// A piece of what takes the room away.
const BALLAST_BYTES: usize = 1 << 16;

/// Most batches until a full device must have been noticed.
const BATCHES_MAX: usize = 200;

/// The reserve for administration where it is tested.
const RESERVE: (&str, &str) = ("ACTA_STORAGE_RESERVE_BYTES", "4MiB");

/// Credentials that are removed while the device is full.
const CREDENTIAL_COUNT: usize = 8;

/// Most changes of administration until the reserve must be in use.
const CHANGES_MAX: usize = 1_000;

/// How long nothing more may go in until the device counts as full for good: longer than a node
/// waits before it tries again.
const FULL_FOR: Duration = Duration::from_secs(3);

/// A small device that belongs to the account of a server, which sees it through the process
/// that has mounted it where nobody else does.
struct Device {
    /// Keeps the name space with the mount alive until its input ends.
    holder: Child,
    folder: TempDir,
}

impl Device {
    fn of(cluster: &Cluster) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().display().to_string();
        let owner = std::fs::metadata(cluster.data()).unwrap();
        let (user, group) = (owner.uid(), owner.gid());
        let script = format!(
            "mount -t tmpfs -o size={DEVICE_BYTES},uid={user},gid={group},mode=700 tmpfs '{place}' \
             && exec setpriv --reuid={user} --regid={group} --clear-groups \
             sh -c 'echo mounted; read -r _'"
        );
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "sh", "-c", &script]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut holder = command.spawn().expect("unshare can be started");
        let mut said = String::new();
        BufReader::new(holder.stdout.take().unwrap()).read_line(&mut said).unwrap();
        assert_eq!(said, "mounted\n", "a file system can be mounted, which root may do");
        Self { holder, folder }
    }

    /// The device as other processes see it.
    fn path(&self) -> PathBuf {
        let inside = self.folder.path().strip_prefix("/").unwrap();
        PathBuf::from(format!("/proc/{}/root", self.holder.id())).join(inside)
    }

    fn take_room(&self) {
        let mut ballast = std::fs::File::create(self.path().join("ballast")).unwrap();
        let piece = vec![0; BALLAST_BYTES];
        while ballast.write_all(&piece).is_ok() {}
    }

    /// Leaves not a byte.
    fn take_all_room(&self) {
        let mut rest = std::fs::File::create(self.path().join("rest")).unwrap();
        while rest.write_all(&[0; 512]).is_ok() {}
    }

    fn give_room(&self) {
        for entry in std::fs::read_dir(self.path()).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                std::fs::remove_file(path).unwrap();
            }
        }
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

fn put_state(client: &Client, bytes: usize) -> Response {
    let agent = json!({"mbox": "mailto:ada@example.org"}).to_string();
    let call = client.put("/activities/state").query("activityId", &make::activity_id());
    let call = call.query("agent", &agent).query("stateId", "s").header("If-None-Match", "*");
    call.body("application/octet-stream", vec![7; bytes]).send()
}

#[track_caller]
fn check_full(answer: Response) {
    let problem = answer.expect(507).json();
    assert_eq!(problem["type"], "urn:acta:problem:full", "{problem}");
}

/// Sends what takes space until nothing has gone in for a while.
fn fill_up(client: &Client, device: &Device) {
    device.take_room();
    let clock = SystemClock::new();
    let mut last = clock.elapsed();
    while clock.elapsed().saturating_sub(last) < FULL_FOR {
        let answers = [post_batch(client), put_state(client, 10_000), put_state(client, 10)];
        if answers.iter().any(|answer| answer.status < 300) {
            last = clock.elapsed();
        }
        device.take_all_room();
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_full_database_refuses_writes_until_there_is_space() {
    let cluster = Cluster::running(SHARED_SETTINGS);
    let device = Device::of(&cluster);
    let sql = |sql: &str| cluster.superuser().sql(sql);
    sql(&format!("CREATE TABLESPACE small LOCATION '{}'", device.path().display()));
    sql("CREATE DATABASE acta TABLESPACE small");
    let (server, _folder) = start(&cluster.url("acta"), &[]);
    let client = server.client(Version::V2_0_0);
    let statement = client.store(&json!([make::statement()])).remove(0);

    device.take_room();
    let refused = (0..BATCHES_MAX).map(|_| post_batch(&client)).find(|answer| answer.status != 200);
    check_full(refused.expect("a full device is noticed"));
    // What was there can be read, and the node stays.
    client.fetch(&statement);
    assert!(!client.find(&[]).is_empty());
    ready(&client).expect(200);
    let count = cluster.superuser().sql_in("acta", "SELECT count(*) FROM acta.statements");
    let count: u64 = count.parse().unwrap();
    assert_eq!(count % 100, 1, "a batch is stored whole or not at all");

    device.give_room();
    wait_for(200, || post_batch(&client));
    check_logged_once(&server, "the database accepts no writes");
    check_logged_once(&server, "the database accepts writes again after");
}

/// Runs a command of an administrator on a database, which must succeed.
#[track_caller]
fn administer(url: &str, arguments: &[&str]) -> Value {
    let ran = run(acta().args(arguments).arg("--json").env("ACTA_STORAGE_URL", url));
    assert_eq!(ran.code, Some(0), "{arguments:?}: {} {}", ran.out, ran.err);
    serde_json::from_str(&ran.out).unwrap_or_default()
}

fn header_of(credential: &Value) -> String {
    let field = |name: &str| credential[name].as_str().unwrap();
    basic(field("key"), field("secret"))
}

#[test]
fn a_full_database_takes_revocations_with_their_audit_entries() {
    let cluster = Cluster::running(SHARED_SETTINGS);
    let device = Device::of(&cluster);
    let sql = |sql: &str| cluster.superuser().sql(sql);
    sql(&format!("CREATE TABLESPACE small LOCATION '{}'", device.path().display()));
    sql("CREATE DATABASE acta TABLESPACE small");
    let url = cluster.url("acta");
    let (mut server, _first) = start(&url, &[RESERVE]);
    let client = server.client(Version::V2_0_0);
    client.store(&json!([make::statement()]));
    let create = |scope: &str| {
        administer(&url, &["credential", "create", "--label", "one", "--scope", scope])
    };
    let created: Vec<Value> = (0..CREDENTIAL_COUNT).map(|_| create("all")).collect();
    let administrator = header_of(&create("admin"));
    let tenant = administer(&url, &["tenant", "create", "second"])["id"].to_string();
    let ask = |client: &Client, credential: &Value| {
        let client = client.clone().with("Authorization", &header_of(credential));
        client.get("/statements").query("limit", "1").send()
    };
    ask(&client, &created[0]).expect(200);
    fill_up(&client, &device);
    check_full(post_batch(&client));
    check_full(put_state(&client, 10));

    // Rows that were removed have left some space, until changes of administration need more.
    let reserve = || cluster.superuser().sql_in("acta", "SELECT pg_table_size('acta.reserve')");
    let change = || {
        let call = client.call_outside("POST", "/api/v1/tenants/1/credentials");
        let call = call.without("Authorization").header("Authorization", &administrator);
        call.json(&json!({"label": "one", "scopes": ["all"]})).send().expect(201);
    };
    assert_ne!(reserve(), "0");
    let changes = (0..CHANGES_MAX).find(|_| {
        change();
        reserve() == "0"
    });
    assert!(changes.is_some(), "the reserve is still there");

    // By the server, and by commands beside it.
    for (number, one) in created.iter().enumerate() {
        let key = one["key"].as_str().unwrap();
        if number % 2 == 0 {
            let path = format!("/api/v1/tenants/1/credentials/{key}");
            let call = client.call_outside("DELETE", &path).without("Authorization");
            call.header("Authorization", &administrator).send().expect(204);
        } else {
            administer(&url, &["credential", "remove", key, "--tenant", "1"]);
        }
        wait_for(401, || ask(&client, one));
    }
    administer(&url, &["tenant", "suspend", &tenant]);
    let list = ["audit", "list", "--tenant", "1", "--act", "credential.removed"];
    let entries = administer(&url, &list);
    assert_eq!(entries.to_string().matches("credential.removed").count(), CREDENTIAL_COUNT);
    check_full(post_batch(&client));
    check_full(put_state(&client, 10));
    check_logged_once(&server, "the reserve for administration is in use");

    // What was revoked stays so, and the reserve is of nobody else.
    server.kill();
    let (server, _second) = start(&url, &[RESERVE]);
    let client = server.client(Version::V2_0_0);
    ask(&client, &created[0]).expect(401);
    check_full(post_batch(&client));
    check_full(put_state(&client, 10));

    device.give_room();
    wait_for(200, || post_batch(&client));
    wait_for(204, || put_state(&client, 1_000));
    let is_complete = "SELECT (4 << 20) <= pg_table_size('acta.reserve')";
    assert_eq!(cluster.superuser().sql_in("acta", is_complete), "t");
}
