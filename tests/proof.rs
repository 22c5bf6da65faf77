//! `acta proof` and its part of the API: from a stored statement to a proof that is verified
//! without the server.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test says that it failed by panicking"
)]

use std::path::Path;
use std::thread;
use std::time::Duration;

use acta_ambient::{Clock, SystemClock};
use acta_merkle::{
    ConsistencyProof, Growth, Hash, Origin, Plan, SignedCheckpoint, TileId, TileSet, TreeHead,
    Trust, VerifierKey, decode_bundle,
};
use acta_tests::{CommandOutput, Engine, Response, Server, Store, Version, acta, make, run};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Longest wait for a checkpoint.
const WAIT_MAX: Duration = Duration::from_secs(20);

const ENABLED: (&str, &str) = ("ACTA_PROOF_ENABLED", "true");

const PUBLIC_URL: (&str, &str) = ("ACTA_PUBLIC_URL", "https://lrs.example:8443");

/// A store with proofs, and a server on it.
struct Proving {
    store: Store,
    server: Server,
}

impl Proving {
    fn new(engine: Engine) -> Self {
        let store = Store::new(engine);
        let server = start(&store, &[ENABLED, PUBLIC_URL]);
        Self { store, server }
    }

    fn restart(&mut self, settings: &[(&str, &str)]) {
        self.server.kill();
        self.server = start(&self.store, settings);
    }

    fn get(&self, path: &str) -> Response {
        let client = self.server.client(Version::V2_0_0);
        client.call_outside("GET", &format!("/api/v1/tenants/1/{path}")).send()
    }

    /// As anybody, without a credential.
    fn get_public(&self, path: &str) -> Response {
        let client = self.server.client(Version::V2_0_0);
        client.call_outside("GET", path).without("authorization").send()
    }

    /// The checkpoint with so many statements, as soon as it is there.
    fn checkpoint(&self, size: u64) -> String {
        Self::wait_for(size, || self.get("proof/checkpoint"))
    }

    fn wait_for(size: u64, read: impl Fn() -> Response) -> String {
        let clock = SystemClock::new();
        loop {
            let answer = read();
            let text = answer.text().to_owned();
            if answer.status == 200 && text.lines().nth(1) == Some(&size.to_string()) {
                return text;
            }
            assert!(clock.elapsed() < WAIT_MAX, "no checkpoint of {size}: {text}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// A command on the store, served or not, which prints JSON.
    #[track_caller]
    fn command(&self, arguments: &[&str]) -> Value {
        let mut command = acta();
        command.args(arguments).arg("--json").envs(self.store.settings());
        command.envs([ENABLED, PUBLIC_URL]);
        // The URL of a database is in the settings.
        if self.store.settings().is_empty() {
            command.arg("--data").arg(self.store.data());
        }
        let output = run(&mut command);
        assert_eq!(output.code, Some(0), "{arguments:?}: {} {}", output.out, output.err);
        serde_json::from_str(&output.out).expect("JSON")
    }
}

fn start(store: &Store, further: &[(&str, &str)]) -> Server {
    let settings = store.settings();
    let settings = settings.iter().map(|(name, value)| (*name, value.as_str()));
    let settings: Vec<(&str, &str)> = settings.chain(further.iter().copied()).collect();
    Server::start_with(&store.data(), Version::V2_0_0, &settings)
}

/// An auditor, who knows the verifier key of a log and has the server's address.
struct Auditor<'a> {
    proving: &'a Proving,
    key: VerifierKey,
    /// The path of the log, from its name.
    path: String,
}

impl<'a> Auditor<'a> {
    fn new(proving: &'a Proving, key: &str) -> Self {
        let key: VerifierKey = key.parse().unwrap();
        let (_host, path) = key.name().as_str().split_once('/').unwrap();
        let path = format!("/{path}");
        Self { proving, key, path }
    }

    fn get(&self, path: &str) -> Response {
        self.proving.get_public(&format!("{}/{path}", self.path))
    }

    /// The head with so many statements, by its signature, as soon as it is there.
    fn head(&self, size: u64) -> TreeHead {
        let note = Proving::wait_for(size, || self.get("checkpoint"));
        let origin = Origin::from(self.key.name());
        let log_keys = std::slice::from_ref(&self.key);
        let trust = Trust { origin: &origin, log_keys, witness_keys: &[], witness_count: 0 };
        SignedCheckpoint::parse(note.as_bytes()).unwrap().verify(&trust).unwrap().head
    }

    fn tiles(&self, ids: impl Iterator<Item = TileId>) -> TileSet {
        let mut tiles = TileSet::default();
        for id in ids {
            tiles.insert(id, &self.get(&id.path()).expect(200).body).unwrap();
        }
        tiles
    }

    /// Whether the tiles lead to the root, and the entries to the tiles.
    fn check_tree(&self, head: TreeHead) {
        let plan = Plan::root(head.size);
        assert_eq!(plan.hashes(&self.tiles(plan.tiles())).unwrap(), [head.root]);
        for id in TileId::all_of(head.size).filter(|id| id.level() == 0) {
            let path = id.path().replacen("/0/", "/entries/", 1);
            let bundle = self.get(&path).expect(200).body;
            let entries = decode_bundle(&bundle, id.width()).unwrap();
            let leaves: Vec<Hash> = entries.into_iter().map(Hash::of_leaf).collect();
            assert_eq!(self.tiles(std::iter::once(id)).hashes(id).unwrap(), leaves);
        }
    }

    fn check_growth(&self, older: TreeHead, newer: TreeHead) {
        let plan = Plan::consistency(Growth { older: older.size, newer: newer.size }).unwrap();
        let path = plan.hashes(&self.tiles(plan.tiles())).unwrap();
        ConsistencyProof { path }.verify(&Growth { older, newer }).unwrap();
    }
}

fn publishes_its_log(engine: Engine) {
    let proving = Proving::new(engine);
    let client = proving.server.client(Version::V2_0_0);
    let batch = |count: usize| json!((0..count).map(|_| make::statement()).collect::<Vec<_>>());
    client.store(&batch(3));
    proving.checkpoint(3);
    let log = proving.command(&["proof", "key"]);
    assert_eq!(log["public"], false);
    let auditor = Auditor::new(&proving, log["key"].as_str().unwrap());
    let paths = ["checkpoint", "tile/0/000.p/3", "tile/entries/000.p/3"];
    let check_closed = || {
        for path in paths {
            assert_eq!(auditor.get(path).status, 404, "{path}");
        }
    };
    check_closed();
    assert_eq!(proving.command(&["proof", "publish"])["publishes_proof_log"], true);
    assert_eq!(proving.command(&["proof", "key"])["public"], true);
    let older = auditor.head(3);
    auditor.check_tree(older);
    client.store(&batch(300));
    let newer = auditor.head(303);
    auditor.check_tree(newer);
    auditor.check_growth(older, newer);
    assert_eq!(proving.command(&["proof", "unpublish"])["publishes_proof_log"], false);
    check_closed();
}

#[test]
fn a_published_log_is_verified_by_anybody_until_it_is_not_published_any_more() {
    publishes_its_log(Engine::Embedded);
}

#[test]
fn a_published_log_is_verified_by_anybody_until_it_is_not_published_any_more_on_postgres() {
    publishes_its_log(Engine::Postgres);
}

fn verify(proof: &Path, key: &str) -> CommandOutput {
    run(acta().args(["proof", "verify", "--json", "--key", key]).arg(proof))
}

fn proves_statements(engine: Engine) {
    let mut proving = Proving::new(engine);
    assert_eq!(proving.get("proof/checkpoint").status, 404, "there is no statement");
    let client = proving.server.client(Version::V2_0_0);
    let statement = make::statement();
    let id = client.store(&statement).remove(0);
    let first = proving.checkpoint(1);
    assert!(first.starts_with("lrs.example:8443/t/"), "{first}");
    let key = proving.command(&["proof", "key"])["key"].as_str().unwrap().to_owned();
    let folder = TempDir::new().unwrap();
    let output = folder.path().to_str().unwrap();
    let written = proving.command(&["proof", "statement", &id, "--output", output]);
    let proof = folder.path().join(format!("{id}.tlog-proof"));
    let preimage = folder.path().join(format!("{id}.preimage"));
    assert_eq!(written["proof"], proof.to_str().unwrap());
    // Killed at once, and as before.
    client.store(&make::statement());
    proving.restart(&[ENABLED, PUBLIC_URL]);
    let second = proving.checkpoint(2);
    assert_eq!(first.lines().next(), second.lines().next(), "it is the same log");
    assert_eq!(proving.command(&["proof", "checkpoint"])["checkpoint"], second);
    for (path, len_bytes) in [("000.p/1", 32), ("000.p/2", 64)] {
        let tile = proving.get(&format!("proof/tile/0/{path}")).expect(200);
        assert_eq!(tile.body.len(), len_bytes, "{path}");
    }
    for path in ["000.p/3", "000", "001.p/1", "0"] {
        assert_eq!(proving.get(&format!("proof/tile/0/{path}")).status, 404, "{path}");
    }
    assert_eq!(proving.get("proof/tile/entries/000.p/2").expect(200).body.len(), 2 * 35);
    assert_eq!(proving.get(&format!("statements/{}/proof", make::id())).status, 404);
    proving.restart(&[]);
    assert_eq!(proving.get("proof").status, 404, "they are not enabled");
    drop(proving);
    check_offline(&proof, &preimage, &key, &statement);
}

/// Without a store, the files prove what they are about, and nothing else.
fn check_offline(proof: &Path, preimage: &Path, key: &str, statement: &Value) {
    let proved = verify(proof, key);
    assert_eq!(proved.code, Some(0), "{}", proved.err);
    let proved: Value = serde_json::from_str(&proved.out).unwrap();
    assert_eq!(proved["statement"]["actor"], statement["actor"]);
    assert_eq!((&proved["sequence"], &proved["size"]), (&Value::from(1), &Value::from(1)));
    let text = std::fs::read_to_string(preimage).unwrap();
    std::fs::write(preimage, text.replacen("\"stored\":\"2", "\"stored\":\"1", 1)).unwrap();
    let refused = verify(proof, key);
    assert_eq!(refused.code, Some(1), "{} {}", refused.out, refused.err);
    assert!(refused.err.contains("not proved"), "{}", refused.err);
    std::fs::remove_file(preimage).unwrap();
    assert_eq!(verify(proof, key).code, Some(2));
}

#[test]
fn a_statement_is_proved_from_its_store_to_a_reader_without_it() {
    proves_statements(Engine::Embedded);
}

#[test]
fn a_statement_is_proved_from_its_store_to_a_reader_without_it_on_postgres() {
    proves_statements(Engine::Postgres);
}
