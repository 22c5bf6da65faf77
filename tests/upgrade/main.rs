//! Stores that earlier releases have written are opened, answer as they did, and go on.
//!
//! Each folder here holds a store and what it answered when it was written:
//! `cargo xtask fixture NAME`. Before the first release there is one, rebuilt whenever a
//! format changes. What a release has written is never changed; one that writes other bytes
//! adds a folder.

#![expect(clippy::expect_used, reason = "this is a test")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use acta_tests::server::SMALL_FILES;
use acta_tests::{Client, Server, Version, acta, make, recorded};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A store of an earlier release.
struct EarlierStore {
    name: String,
    folder: PathBuf,
    /// What it holds, then each question with its answer.
    lines: Vec<Value>,
}

fn all() -> Vec<EarlierStore> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("upgrade");
    let entries = std::fs::read_dir(root).expect("it can be listed");
    let folders = entries.map(|entry| entry.expect("it can be listed").path());
    let mut stores: Vec<EarlierStore> = folders.filter(|path| path.is_dir()).map(read).collect();
    stores.sort_by(|one, other| one.name.cmp(&other.name));
    stores
}

fn read(folder: PathBuf) -> EarlierStore {
    let text = std::fs::read_to_string(folder.join("answers.jsonl")).expect("there are answers");
    let lines = text.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    let name = folder.file_name().expect("it has a name").to_string_lossy().into_owned();
    EarlierStore { name, lines: lines.collect(), folder }
}

fn copy_files(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a directory can be made");
    let for_the_owner_alone = std::fs::Permissions::from_mode(0o700);
    std::fs::set_permissions(to, for_the_owner_alone).expect("its rights can be set");
    for entry in std::fs::read_dir(from).expect("it can be listed") {
        let path = entry.expect("it can be listed").path();
        let target = to.join(path.file_name().expect("it has a name"));
        if path.is_dir() {
            copy_files(&path, &target);
        } else {
            std::fs::copy(&path, target).expect("a file can be copied");
        }
    }
}

impl EarlierStore {
    fn check_export(&self, data: &Path) {
        let ran = acta().args(["export", "--tenant", "1", "--data"]).arg(data).output();
        let ran = ran.expect("the binary can be started");
        assert!(ran.status.success(), "{}: {}", self.name, String::from_utf8_lossy(&ran.stderr));
        let lines = ran.stdout.split_inclusive(|byte| *byte == b'\n').count();
        let holds = &self.lines[0];
        assert_eq!(holds["statements"], lines, "{}", self.name);
        let found = json!({"bytes": ran.stdout.len(), "sha256": make::sha256_hex(&ran.stdout)});
        assert_eq!(holds["export"], found, "{}: every statement, byte for byte", self.name);
    }

    /// Asks everything again but what `is_left_out` says.
    fn check_answers(&self, server: &Server, is_left_out: impl Fn(&Value) -> bool) {
        let mut asked_count = 0;
        for line in self.lines[1..].iter().filter(|line| !is_left_out(line)) {
            let answer = recorded::ask(server, &line["ask"]);
            assert_eq!(answer, line["answer"], "{}: {}", self.name, line["ask"]);
            asked_count += 1;
        }
        assert!(100 < asked_count, "{asked_count} questions");
    }

    /// The first question whose answer has a header, and that header.
    fn find(&self, path: &str, header: &str) -> (&Value, &str) {
        let mut lines = self.lines[1..].iter().filter(|line| line["ask"]["path"] == path);
        let found =
            lines.find_map(|line| Some((line, line["answer"]["headers"].get(header)?.as_str()?)));
        found.expect("there is one")
    }
}

fn pair(pair: &Value) -> (&str, &str) {
    (pair[0].as_str().expect("a name"), pair[1].as_str().expect("a value"))
}

/// Sends a statement of the store again: it is there already, and cannot be another.
fn repeat_a_statement(client: &Client, earlier: &EarlierStore) {
    let (line, _) = earlier.find("/statements", "last-modified");
    let (_, id) = pair(&line["ask"]["query"][0]);
    let mut statement = client.fetch(id);
    let put = |statement: &Value| {
        client.put("/statements").query("statementId", id).json(statement).send()
    };
    put(&statement).expect(204);
    statement["verb"]["id"] = json!(make::verb_id());
    put(&statement).expect(409);
}

/// Replaces a document that the store has. Returns the question that is answered again.
fn replace_a_document<'o>(client: &Client, earlier: &'o EarlierStore) -> &'o Value {
    let (line, etag) = earlier.find("/agents/profile", "etag");
    let query = line["ask"]["query"].as_array().expect("pairs");
    let query: Vec<_> = query.iter().map(pair).collect();
    let put = |etag: &str| {
        let call = client.put("/agents/profile").queries(&query).header("If-Match", etag);
        call.json(&json!({"replaced": true})).send()
    };
    put("\"0000000000000000000000000000000000000000\"").expect(412);
    put(etag).expect(204);
    &line["ask"]
}

#[test]
fn every_store_of_an_earlier_release_opens_and_accepts_writes() {
    let stores = all();
    assert!(!stores.is_empty(), "there is a store of an earlier release");
    for earlier in stores {
        let scratch = TempDir::new().expect("a directory for scratch data can be made");
        let data = scratch.path().join("data");
        copy_files(&earlier.folder.join("data"), &data);
        earlier.check_export(&data);
        // The credential of the store is used, not one that a new store would have.
        let mut settings = SMALL_FILES.to_vec();
        settings.push(("ACTA_SEED_SECRET", "not the one of the store"));
        let mut server = Server::start_with(&data, Version::V2_0_0, &settings);
        earlier.check_answers(&server, |_| false);

        let client = server.client(Version::V2_0_0);
        repeat_a_statement(&client, &earlier);
        let replaced = replace_a_document(&client, &earlier);
        let agent = make::agent();
        let batch: Vec<Value> = (0..500).map(|_| make::statement_of(&agent)).collect();
        client.store(&json!(batch));
        server.ask_to_stop();
        let status = server.wait(Duration::from_secs(20)).expect("it stops");
        assert!(status.success(), "{}: {status}", earlier.name);

        let server = Server::start_with(&data, Version::V2_0_0, &settings);
        earlier.check_answers(&server, |line| {
            // The list of the agent's documents changed too: it says when it did.
            let (agent, of_replaced) = (&line["ask"]["query"][0], &replaced["query"][0]);
            line["ask"]["path"] == "/agents/profile" && agent == of_replaced
        });
        let found = server.client(Version::V1_0_3).find(&[("agent", &agent.to_string())]);
        assert_eq!(found.len(), batch.len(), "{}", earlier.name);
    }
}
