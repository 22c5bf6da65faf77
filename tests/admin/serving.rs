//! What a server does besides answering: it shows a set-up link, counts, and removes deleted
//! tenants.

use std::io::{BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use acta_ambient::{Clock, SystemClock};
use acta_tests::{Engine, Launch, Server, Store, Version, acta, basic, make, run};
use serde_json::Value;
use tempfile::TempDir;

use crate::admin_store::{AdminStore, StoreKind, stop};

/// Longest wait for what a server does by itself.
const WAIT_MAX: Duration = Duration::from_secs(20);

/// Asks the unserved or served store in `data`.
fn run_json(data: &Path, arguments: &[&str]) -> (Option<i32>, Value) {
    let ran = run(acta().args(arguments).arg("--json").arg("--data").arg(data));
    (ran.code, serde_json::from_str(&ran.out).unwrap_or_default())
}

/// A server that was started by hand.
struct ForegroundServer {
    child: Child,
    output: BufReader<ChildStdout>,
    errors: tempfile::NamedTempFile,
}

impl ForegroundServer {
    fn start(data: &Path, settings: &[(&str, &str)]) -> Self {
        let errors = tempfile::NamedTempFile::new().unwrap();
        let mut command = acta();
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data);
        command.envs(settings.iter().copied()).stdin(Stdio::null()).stdout(Stdio::piped());
        command.stderr(errors.reopen().unwrap());
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output, errors }
    }

    /// Waits for the set-up link in the file that the log names.
    fn link(&self) -> String {
        let clock = SystemClock::new();
        loop {
            let log = std::fs::read_to_string(self.errors.path()).unwrap();
            let mut lines = log.lines().filter_map(|line| serde_json::from_str(line).ok());
            let path = lines.find_map(|line: Value| {
                let path = line["path"].as_str()?;
                path.ends_with("set-up-link.txt").then(|| path.to_owned())
            });
            if let Some(path) = path {
                let mode = std::fs::metadata(&path).unwrap().permissions().mode();
                assert_eq!(mode & 0o7777, 0o600);
                let text = std::fs::read_to_string(path).unwrap();
                let link = text.lines().find(|line| line.contains("/setup?token="));
                return link.unwrap().trim().to_owned();
            }
            assert!(clock.elapsed() < WAIT_MAX, "no link was written: {log}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends it in good order; returns what it printed, and its log.
    fn end(mut self) -> (String, String) {
        let process = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &process]).status().unwrap().success());
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
        assert!(self.child.wait().unwrap().success());
        (rest, std::fs::read_to_string(self.errors.path()).unwrap())
    }
}

impl Drop for ForegroundServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn each_start_without_accounts_shows_another_set_up_link() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let first = ForegroundServer::start(&data, &[]);
    let one = first.link();
    assert!(one.starts_with("http://127.0.0.1:"), "{one}");
    let (printed, log) = first.end();
    let token = one.split_once("token=").unwrap().1;
    assert!(!log.contains(token) && !log.contains("token="), "{log}");
    assert!(log.contains("serving xAPI"), "{log}");
    assert_eq!(printed, "", "a journal would keep it");
    let told = std::fs::read_to_string(data.join("first-credential.txt")).unwrap();
    for part in ["  key     ", "  name    first\n", "  scope   all: ", "  ends    never"] {
        assert!(told.contains(part), "{part} is not in {told}");
    }
    let secret = told.lines().find_map(|line| line.strip_prefix("  secret  ")).unwrap();
    assert!(!log.contains(secret), "{log}");
    let settings = [("ACTA_PUBLIC_URL", "https://lrs.example.org")];
    let second = ForegroundServer::start(&data, &settings);
    let other = second.link();
    assert!(other.starts_with("https://lrs.example.org/setup?token="), "{other}");
    assert!(!other.contains(token));
    second.end();
    let kept = std::fs::read_to_string(data.join("first-credential.txt")).unwrap();
    assert_eq!(kept, told, "a later start keeps what an earlier one has written");
}

#[test]
fn a_set_up_link_is_removed_when_there_is_an_account() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let first = ForegroundServer::start(&data, &[]);
    first.link();
    first.end();
    let account = ["account", "create", "ada@example.org", "--name", "Ada", "--operator"];
    assert_eq!(run_json(&data, &account).0, Some(0));
    stop(Server::start_in(&data, Version::V2_0_0));
    assert!(!data.join("set-up-link.txt").exists());
    assert!(data.join("first-credential.txt").exists());
}

#[test]
fn a_deleted_tenant_is_removed_once_its_time_is_over() {
    let store = Store::new(Engine::Embedded);
    let settings = [("ACTA_TENANTS_DELETION_WAIT", "0s")];
    let data = store.data();
    stop(Server::start_in(&data, Version::V2_0_0));
    assert_eq!(run_json(&data, &["tenant", "create", "short"]).0, Some(0));
    let mut delete = acta();
    delete.args(["tenant", "delete", "2", "--yes", "--data"]).arg(&data);
    assert_eq!(run(delete.envs(settings)).code, Some(0));
    let launch = Launch { settings: &settings, ..Launch::new(&data, Version::V2_0_0) };
    let server = launch.start();
    let clock = SystemClock::new();
    while run_json(&data, &["tenant", "show", "2"]).0 == Some(0) {
        assert!(clock.elapsed() < WAIT_MAX, "{}", server.log());
        std::thread::sleep(Duration::from_millis(50));
    }
    let (_, told) = run_json(&data, &["audit", "list", "--server", "--act", "tenant.purged"]);
    assert_eq!(told["items"][0]["target"], "tenant:2", "{told}");
}

fn check_counts(kind: StoreKind) {
    let mut store = AdminStore::new(kind);
    let client = store.server().unwrap().client(Version::V2_0_0);
    client.store(&make::statement());
    store.stop();
    let usage = store.run_json(&["tenant", "usage", "1"]);
    assert_eq!((&usage["statements"], &usage["today"]["statements"]), (&1.into(), &1.into()));
    let credential = store.run_json(&["credential", "show", "blackbox"]);
    assert!(credential["last_used"].is_string(), "{credential}");
}

#[test]
fn a_final_count_is_logged_when_the_server_stops() {
    check_counts(StoreKind::Served);
    check_counts(StoreKind::Database);
}

#[track_caller]
fn check_authority(engine: Engine) {
    const REPORTED: &str = "stored statements have the authority home page https://one.example";

    let store = Store::new(engine);
    let of_store = store.settings();
    let served = |settings: &[(&str, &str)]| {
        let of_store = of_store.iter().map(|(name, value)| (*name, value.as_str()));
        let settings: Vec<_> = settings.iter().copied().chain(of_store).collect();
        let server = Server::start_with(&store.data(), Version::V2_0_0, &settings);
        let client = server.client(Version::V2_0_0);
        let id = client.store(&make::statement()).remove(0);
        let home_page = client.fetch(&id)["authority"]["account"]["homePage"].clone();
        let count = server.log().matches(REPORTED).count();
        stop(server);
        (home_page, count)
    };
    let one = ("ACTA_PUBLIC_URL", "https://one.example");
    let two = ("ACTA_PUBLIC_URL", "https://two.example");
    assert_eq!(served(&[one]), ("https://one.example".into(), 0));
    assert_eq!(served(&[one]), ("https://one.example".into(), 0));
    let kept = ("ACTA_AUTHORITY_HOME_PAGE", "https://one.example");
    assert_eq!(served(&[two, kept]), ("https://one.example".into(), 0));
    assert_eq!(served(&[two]), ("https://two.example".into(), 1));
    // The log is that of all servers: it was reported when it changed, and not again.
    assert_eq!(served(&[two]), ("https://two.example".into(), 1));
}

#[test]
fn the_authority_of_statements_is_at_the_public_url_and_a_change_is_reported() {
    check_authority(Engine::Embedded);
    check_authority(Engine::Postgres);
}

#[track_caller]
fn check_own_statements(engine: Engine) {
    let store = Store::new(engine);
    let serve_with = |home_page: &str| {
        let mut settings = store.settings();
        settings.push(("ACTA_AUTHORITY_HOME_PAGE", home_page.to_owned()));
        let settings: Vec<(&str, &str)> =
            settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Server::start_with(&store.data(), Version::V2_0_0, &settings)
    };
    let server = serve_with("https://one.example");
    let scope = "statements/write,statements/read/mine";
    let made = store.administer(&["credential", "create", "--label", "LMS", "--scope", scope]);
    let secret = basic(made["key"].as_str().unwrap(), made["secret"].as_str().unwrap());
    let client_of = |server: &Server| server.client(Version::V2_0_0).with("Authorization", &secret);
    let first = client_of(&server).store(&make::statement()).remove(0);
    let of_another = server.client(Version::V2_0_0).store(&make::statement()).remove(0);
    stop(server);
    let server = serve_with("https://two.example");
    let client = client_of(&server);
    let second = client.store(&make::statement()).remove(0);
    assert_eq!(client.find(&[]), [second.as_str(), first.as_str()], "{engine:?}");
    for (id, home_page) in [(first, "https://one.example"), (second, "https://two.example")] {
        assert_eq!(client.fetch(&id)["authority"]["account"]["homePage"], home_page);
    }
    client.get("/statements").query("statementId", &of_another).send().expect(404);
}

#[test]
fn a_credential_reads_its_own_statements_after_a_change_of_the_home_page() {
    check_own_statements(Engine::Embedded);
    check_own_statements(Engine::Postgres);
}
