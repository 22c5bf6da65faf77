//! `acta serve` on a database: many nodes at once, and databases that come and go.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use acta_ambient::{Clock as _, SystemClock};
use acta_test_postgres::{Cluster, Database, SHARED_SETTINGS};
use acta_tests::{Client, Response, Server, Version, acta, make, run};
use serde_json::{Value, json};

use crate::{check_refused, migrate, with};

/// Nodes that begin at once.
const CROWD: usize = 5;

/// Longest wait for a state to change.
const WAIT_TIMEOUT: Duration = Duration::from_secs(30);

/// A node on a port of its own choice, as if started by hand.
struct Node {
    child: Child,
    address: SocketAddr,
}

impl Node {
    fn spawn(url: &str, secrets: &Path) -> Child {
        std::fs::create_dir(secrets).unwrap();
        let mut command = acta();
        command.args(["serve", "--listen", "127.0.0.1:0"]).env("ACTA_STORAGE_URL", url);
        command.env("ACTA_SECRETS_DIR", secrets);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Waits until it serves.
    fn of(mut child: Child) -> Self {
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        let address = loop {
            let from = said.len();
            assert_ne!(log.read_line(&mut said).unwrap(), 0, "it ended: {said}");
            let line: Value = serde_json::from_str(&said[from..]).unwrap();
            if let Some(address) = line["address"].as_str() {
                break address.parse().unwrap();
            }
        };
        // Nobody reads on: what it logs from here on must not hold it up.
        std::thread::spawn(move || log.read_to_end(&mut Vec::new()));
        Self { child, address }
    }

    /// Stops it. Returns what it printed.
    fn stop(mut self) -> String {
        let process = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &process]).status().unwrap().success());
        let mut out = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        assert!(self.child.wait().unwrap().success());
        out
    }
}

pub(crate) fn start(url: &str, settings: &[(&str, &str)]) -> (Server, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let settings = [settings, &[("ACTA_STORAGE_URL", url)]].concat();
    let server = Server::start_with(&folder.path().join("data"), Version::V2_0_0, &settings);
    (server, folder)
}

fn post(client: &Client) -> Response {
    client.post("/statements").json(&json!([make::rich_statement()])).send()
}

pub(crate) fn ready(client: &Client) -> Response {
    client.call_outside("GET", "/ready").send()
}

#[track_caller]
pub(crate) fn check_unavailable(answer: Response) {
    let answer = answer.expect(503);
    answer.must_header("Retry-After");
    assert_eq!(answer.json()["type"], "urn:acta:problem:unavailable");
}

/// Waits until `act` is answered with this status.
#[track_caller]
pub(crate) fn wait_for(status: u16, act: impl Fn() -> Response) {
    let clock = SystemClock::new();
    loop {
        let last = act();
        if last.status == status {
            return;
        }
        assert!(clock.elapsed() < WAIT_TIMEOUT, "expected {status}: {last:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[track_caller]
pub(crate) fn check_logged_once(server: &Server, expected: &str) {
    let log = server.log();
    assert_eq!(log.matches(expected).count(), 1, "{expected} in {log}");
}

#[track_caller]
fn check_metric(client: &Client, name: &str, expected: &str) {
    let metrics = client.call_outside("GET", "/metrics").send().expect(200);
    let value = metrics.text().lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    assert_eq!(value, Some(expected), "{name}");
}

#[test]
fn several_nodes_that_start_at_once_make_one_store_with_one_credential() {
    let database = Database::fresh();
    let folder = tempfile::tempdir().unwrap();
    let secrets: Vec<_> = (0..CROWD).map(|node| folder.path().join(node.to_string())).collect();
    let children: Vec<_> =
        secrets.iter().map(|secrets| Node::spawn(&database.url(), secrets)).collect();
    let nodes: Vec<_> = children.into_iter().map(Node::of).collect();
    let addresses: Vec<_> = nodes.iter().map(|node| node.address).collect();
    let count =
        |kind| database.sql(&format!("SELECT count(*) FROM acta.records WHERE kind = '{kind}'"));
    assert_eq!((count("tenant").as_str(), count("credential").as_str()), ("1", "1"));

    for address in addresses {
        ready(&Client::new(address, Version::V2_0_0)).expect(200);
    }
    let printed: String = nodes.into_iter().map(Node::stop).collect();
    assert_eq!(printed, "");
    let credential = |secrets: &PathBuf| {
        std::fs::read_to_string(secrets.join("first-credential.txt")).unwrap_or_default()
    };
    let printed: String = secrets.iter().map(credential).collect();
    assert_eq!(printed.matches("This is its first credential").count(), 1, "{printed}");
    let key = database.sql("SELECT id FROM acta.records WHERE kind = 'credential'");
    assert!(printed.contains(&format!("  key     {key}\n")), "{printed}");
}

#[test]
fn a_store_in_a_database_makes_no_directory() {
    let database = Database::fresh();
    let (server, _folder) = start(&database.url(), &[]);
    let client = server.client(Version::V2_0_0);
    post(&client).expect(200);
    check_metric(&client, "acta_write_group_statements_total", "1.0");
    check_metric(&client, "acta_database_connections_max", "16.0");
    check_metric(&client, "acta_database_reachable", "1.0");
    assert!(!server.data().exists());
}

#[test]
fn statements_are_imported_into_a_database_and_exported_from_it() {
    let (database, folder) = (Database::fresh(), tempfile::tempdir().unwrap());
    let file = folder.path().join("all.jsonl");
    let lines: Vec<_> = (0..120).map(|_| make::statement_with_id().1.to_string()).collect();
    std::fs::write(&file, lines.join("\n") + "\n").unwrap();
    let command = |name: &str| {
        let mut command = acta();
        command.arg(name).env("ACTA_STORAGE_URL", database.url());
        command
    };
    let none = run(&mut command("export"));
    check_refused(&none, "the schema of the database has version 0, this release needs 2");
    check_refused(&run(command("import").arg(&file)), "there is no store in the database");

    assert_eq!(run(&mut command("init")).code, Some(0));
    let imported = run(command("import").arg(&file));
    assert_eq!((imported.code, imported.err.as_str()), (Some(0), "120 statements stored\n"));
    let again = run(command("import").args(["--again"]).arg(&file));
    assert!(again.err.contains("120 already stored"), "{}", again.err);
    let exported = run(&mut command("export"));
    assert_eq!(exported.code, Some(0), "{}", exported.err);
    assert_eq!(exported.out.lines().count(), 120);
    for (sent, kept) in lines.iter().zip(exported.out.lines()) {
        assert!(kept.starts_with(sent.trim_end_matches('}')), "{sent} is kept: {kept}");
    }
}

#[test]
fn a_role_that_may_only_read_and_write_serves_what_another_has_migrated() {
    let database = Database::fresh();
    let never = [("ACTA_STORAGE_MIGRATE", "never")];
    let mut serve = acta();
    serve.args(["serve", "--listen", "127.0.0.1:0"]);
    serve.env("ACTA_STORAGE_URL", database.url()).envs(never);
    check_refused(&run(&mut serve), "has version 0, this release needs 2; run `acta migrate`");

    assert_eq!(migrate(&database.url(), &[]).code, Some(0));
    let role = format!("serving_{}", database.name());
    database.sql(&format!(
        "CREATE ROLE {role} LOGIN PASSWORD 'hunter2'; GRANT USAGE ON SCHEMA acta TO {role}; \
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA acta TO {role}"
    ));
    let url = database.url();
    let (user, _) = url.split_once('@').unwrap();
    let (mut server, _folder) =
        start(&with(&url, user, &format!("postgres://{role}:hunter2")), &never);
    post(&server.client(Version::V2_0_0)).expect(200);
    server.kill();
    database.sql(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}

#[test]
fn an_unavailable_database_is_logged_once_and_used_again_when_it_is_back() {
    let mut cluster = Cluster::running(SHARED_SETTINGS);
    let (server, _folder) = start(&cluster.url("postgres"), &[]);
    let client = server.client(Version::V2_0_0);
    let statement = client.store(&json!([make::statement()])).remove(0);

    cluster.stop();
    let clock = SystemClock::new();
    std::thread::scope(|scope| {
        let posts: Vec<_> = (0..10).map(|_| scope.spawn(|| post(&client))).collect();
        for answer in posts {
            check_unavailable(answer.join().unwrap());
        }
    });
    // Nobody waits in a line of those who find the same out.
    assert!(clock.elapsed() < Duration::from_secs(15), "{:?}", clock.elapsed());
    check_unavailable(client.get("/statements").query("statementId", &statement).send());
    check_unavailable(ready(&client));
    client.call_outside("GET", "/health").send().expect(200);
    check_metric(&client, "acta_database_reachable", "0.0");

    cluster.start();
    wait_for(200, || ready(&client));
    post(&client).expect(200);
    client.fetch(&statement);
    check_metric(&client, "acta_database_reachable", "1.0");
    check_logged_once(&server, "the database cannot be reached");
    check_logged_once(&server, "the database can be reached again after");
    assert!(!server.log().contains("\"a request failed"), "{}", server.log());
}

#[test]
fn a_database_that_becomes_read_only_is_waited_for() {
    let cluster = Cluster::running(SHARED_SETTINGS);
    let (server, _folder) = start(&cluster.url("postgres"), &[]);
    let client = server.client(Version::V2_0_0);
    let statement = client.store(&json!([make::statement()])).remove(0);
    let set = |value: &str| {
        let set = format!("ALTER SYSTEM SET default_transaction_read_only = {value}");
        cluster.superuser().sql(&set);
        cluster.superuser().sql("SELECT pg_reload_conf()");
    };
    set("on");
    wait_for(503, || ready(&client));
    check_unavailable(ready(&client));
    for _ in 0..3 {
        check_unavailable(post(&client));
    }
    client.fetch(&statement);
    assert_eq!(client.find(&[]).len(), 1);
    set("off");
    wait_for(200, || ready(&client));
    wait_for(200, || post(&client));
    check_logged_once(&server, "the database accepts no writes");
    check_logged_once(&server, "the database accepts writes again after");
}

#[test]
fn a_start_that_cannot_write_a_link_continues_without_it() {
    let store = Cluster::running(SHARED_SETTINGS);
    let (server, _first) = start(&store.url("postgres"), &[]);
    let statement = server.client(Version::V2_0_0).store(&json!([make::statement()])).remove(0);
    drop(server);

    // As if the device had become full in between.
    store.superuser().sql(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full'; END $$",
    );
    store
        .superuser()
        .sql("CREATE TRIGGER refuse BEFORE INSERT ON acta.records EXECUTE FUNCTION refuse()");
    let (server, second) = start(&store.url("postgres"), &[]);
    server.client(Version::V2_0_0).fetch(&statement);
    check_logged_once(&server, "there is no account, and the set-up link could not be created");
    let link = "set-up-link.txt";
    assert!(!second.path().join(link).exists(), "{}", server.log());
    drop(server);

    store.superuser().sql("DROP TRIGGER refuse ON acta.records");
    let (server, third) = start(&store.url("postgres"), &[]);
    assert!(third.path().join(link).exists(), "{}", server.log());
}
