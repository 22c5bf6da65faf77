//! Damaged files under the binary: what the server answers and logs, what `acta verify`
//! says, and how the store is brought back.

#![expect(clippy::expect_used, reason = "this is a test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use acta_ambient::{Clock, SystemClock};
use acta_tests::server::SMALL_FILES;
use acta_tests::{CommandOutput, Server, Version, acta, run};
use serde_json::Value;
use tempfile::TempDir;

/// Statements of a store.
const COUNT: u32 = 900;

/// How long a server may take to rebuild a run or to stop.
const TIMEOUT: Duration = Duration::from_mins(1);

fn on(command: &str, data: &Path) -> Command {
    let mut acta = acta();
    acta.arg(command).arg("--data").arg(data).envs(SMALL_FILES.iter().copied());
    acta
}

fn id(number: u32) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

/// Statements with something of their own that does not compress.
fn statement(number: u32) -> String {
    let own = u128::from(number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    format!(
        r#"{{"id":"{}","actor":{{"mbox":"mailto:ada@example.org"}},"verb":{{"id":"http://example.org/did"}},"object":{{"id":"http://example.org/it"}},"result":{{"response":"{own:032x}"}},"timestamp":"2026-01-01T00:00:00Z"}}"#,
        id(number)
    )
}

/// A store with statements, closed.
struct Store {
    scratch: TempDir,
    data: PathBuf,
}

impl Store {
    fn new() -> Self {
        let scratch = TempDir::new().expect("a directory for scratch data can be made");
        let data = scratch.path().join("data");
        let made = run(&mut on("init", &data));
        assert_eq!(made.code, Some(0), "{}", made.err);
        // The newest frame is checked by every start, so what is damaged must be older.
        for (name, numbers) in [("old", 0..COUNT - 100), ("new", COUNT - 100..COUNT)] {
            let file = scratch.path().join(name);
            let lines: Vec<String> = numbers.map(statement).collect();
            fs::write(&file, lines.join("\n") + "\n").expect("a file can be written");
            let imported = run(on("import", &data).arg(&file));
            assert_eq!(imported.code, Some(0), "{}", imported.err);
        }
        Self { scratch, data }
    }

    fn serve(&self) -> Server {
        Server::start_with(&self.data, Version::V2_0_0, SMALL_FILES)
    }

    fn run(&self, command: &str) -> CommandOutput {
        run(&mut on(command, &self.data))
    }

    /// Flips a bit of a byte, in place.
    fn damage(&self, name: &str, at: impl Fn(usize) -> usize) -> usize {
        let path = self.data.join(name);
        let mut bytes = fs::read(&path).expect("the file is there");
        let at = at(bytes.len());
        bytes[at] ^= 0x20;
        fs::write(&path, bytes).expect("the file can be written");
        at
    }

    /// The oldest run of the index.
    fn first_run(&self) -> String {
        let index = fs::read_dir(self.data.join("index")).expect("there is an index");
        let names = index.map(|entry| entry.expect("it can be listed").file_name());
        let mut names: Vec<_> = names.map(|name| name.to_string_lossy().into_owned()).collect();
        names.sort_unstable();
        format!("index/{}", names.first().expect("there is a run"))
    }

    fn server_log(&self) -> String {
        fs::read_to_string(self.scratch.path().join("data.log")).expect("a server has run")
    }
}

fn stop(mut server: Server) {
    server.ask_to_stop();
    let status = server.wait(TIMEOUT).expect("the server stops");
    assert!(status.success(), "{status}");
}

fn status_of(server: &Server, number: u32) -> u16 {
    let path = format!("/statements?statementId={}", id(number));
    server.client(Version::V2_0_0).get(&path).send().status
}

/// A statement that was damaged.
struct DamagedStatement {
    number: u32,
    sequence: u64,
    /// File and byte.
    place: String,
}

/// Damages a statement in the middle of the log, and has `verify` say which.
fn damage_a_statement(store: &Store) -> DamagedStatement {
    let at = store.damage("log/00000001.log", |len| len / 2) as u64;
    let verified = run(on("verify", &store.data).arg("--json"));
    assert_eq!(verified.code, Some(1), "{}", verified.err);
    let report: Value = serde_json::from_str(&verified.out).expect("one JSON object is printed");
    let finding = &report["findings"][0];
    assert_eq!((&report["sound"], &finding["file"]), (&false.into(), &"log/00000001.log".into()));
    let offset = finding["offset"].as_u64().expect("the offset is named");
    assert!(offset <= at && at < offset + 500, "{offset} for a byte at {at}");
    let lost = &finding["statements"][0];
    let sequence = lost["sequence"].as_u64().expect("the sequence is named");
    let number = u32::try_from(sequence - 1).expect("it is one of those sent");
    assert_eq!((&lost["id"], &finding["advice"]), (&id(number).into(), &"restore".into()));
    DamagedStatement { number, sequence, place: format!("log/00000001.log at byte {offset}") }
}

#[test]
fn verify_reports_which_statement_is_damaged() {
    let store = Store::new();
    let sound = store.run("verify");
    assert_eq!((sound.code, sound.out.as_str()), (Some(0), ""), "{}", sound.err);
    assert!(sound.err.starts_with("intact: 900 statements in 1 segment, "), "{}", sound.err);
    let lost = damage_a_statement(&store);
    let verified = store.run("verify");
    assert!(verified.out.starts_with(&format!("damaged  {}: ", lost.place)), "{}", verified.out);
    assert!(verified.out.contains(&format!("id {}", id(lost.number))), "{}", verified.out);
    assert!(verified.err.starts_with("damaged in 1 place: 899 statements"), "{}", verified.err);
}

#[test]
fn a_log_line_of_the_engine_names_the_request_and_its_tenant() {
    let store = Store::new();
    let server = store.serve();
    store.damage(&store.first_run(), |_| 40);
    let client = server.client(Version::V2_0_0);
    let path = format!("/statements?statementId={}", id(1));
    client.get(&path).header("X-Request-Id", "mine:1").send().expect(500);
    let damaged = server.logged("an index run is damaged");
    assert_eq!(damaged["request.id"], "mine:1", "{damaged}");
    assert_eq!((&damaged["tenant.id"], &damaged["method"]), (&1.into(), &"GET".into()));
    assert_eq!(damaged["route"], "statements", "{damaged}");
    let clock = SystemClock::new();
    while status_of(&server, 1) != 200 {
        assert!(clock.elapsed() < TIMEOUT, "it is not rebuilt: {}", store.server_log());
    }
    let rebuilt = server.logged("the damaged index run");
    assert_eq!((&rebuilt["work"], &rebuilt["request.id"]), (&"index-merge".into(), &Value::Null));
}

#[test]
fn a_damaged_statement_is_refused_and_others_stay_readable() {
    let store = Store::new();
    let lost = damage_a_statement(&store);
    let server = store.serve();
    assert_eq!(status_of(&server, lost.number), 500);
    assert!(store.server_log().contains(&lost.place), "{}", store.server_log());
    for other in (0..COUNT).step_by(11).filter(|other| *other != lost.number) {
        assert_eq!(status_of(&server, other), 200, "statement {other}");
    }
    let all = server.client(Version::V2_0_0).get("/statements?limit=1000").send();
    assert_eq!(all.status, 500, "a page that would leave it out is refused");
    let busy = store.run("verify");
    assert_eq!(busy.code, Some(2));
    assert!(busy.err.contains("in use by another process"), "{}", busy.err);
    check_found_online(&store, &lost);
}

/// Checks that the damaged statement is reported, by the server if there is one.
#[track_caller]
fn check_found_online(store: &Store, lost: &DamagedStatement) {
    let verified = run(on("verify", &store.data).arg("--online"));
    assert_eq!(verified.code, Some(1), "{}", verified.err);
    let named = format!("damaged  tenant 1: statement {}: ", lost.sequence);
    assert!(verified.out.contains(&named), "{}", verified.out);
}

#[test]
fn an_export_stops_at_damage_or_reports_what_it_skips() {
    let store = Store::new();
    let lost = damage_a_statement(&store);
    let stopped = store.run("export");
    assert_eq!(stopped.code, Some(2));
    assert!(stopped.err.contains(&lost.place), "{}", stopped.err);
    let skipped = run(on("export", &store.data).arg("--skip-damaged"));
    assert_eq!(skipped.code, Some(1), "{}", skipped.err);
    assert_eq!(skipped.out.lines().count(), COUNT as usize - 1);
    assert!(!skipped.out.contains(&id(lost.number)));
    let named = format!("statement {} is damaged: ", lost.sequence);
    assert!(skipped.err.contains(&named), "{}", skipped.err);
    check_found_online(&store, &lost);
}

#[test]
fn statements_are_exported_from_a_store_that_cannot_be_opened() {
    let store = Store::new();
    let lost = damage_a_statement(&store);
    fs::remove_dir_all(store.data.join("index")).expect("there is an index");
    let stopped = store.run("export");
    assert_eq!(stopped.code, Some(2), "the index cannot be rebuilt: {}", stopped.err);
    let skipped = run(on("export", &store.data).arg("--skip-damaged"));
    assert_eq!(skipped.code, Some(1), "{}", skipped.err);
    assert_eq!(skipped.out.lines().count(), COUNT as usize - 1);
    assert!(!skipped.out.contains(&id(lost.number)));
    assert!(skipped.err.contains(&format!("damaged  {}: ", lost.place)), "{}", skipped.err);
}

#[test]
fn reindex_does_not_drop_an_index_that_a_damaged_log_cannot_rebuild() {
    let store = Store::new();
    let lost = damage_a_statement(&store);
    let refused = store.run("reindex");
    assert_eq!(refused.code, Some(2));
    assert!(refused.err.contains(&lost.place), "{}", refused.err);
    let server = store.serve();
    assert_eq!(status_of(&server, (lost.number + 1) % COUNT), 200);
}

#[test]
fn a_run_damaged_while_the_server_runs_is_rebuilt() {
    let store = Store::new();
    let server = store.serve();
    let name = store.first_run();
    // Among the rows, behind the header.
    let at = store.damage(&name, |_| 40);
    assert_eq!(status_of(&server, 1), 500, "no answer is made of a damaged run");
    let clock = SystemClock::new();
    while status_of(&server, 1) != 200 {
        assert!(clock.elapsed() < TIMEOUT, "it is not rebuilt: {}", store.server_log());
    }
    let log = store.server_log();
    assert!(at == 40 && log.contains(&format!("{name} at byte ")), "{log}");
    assert!(log.contains("rebuilt the damaged index run"), "{log}");
    let all = server.client(Version::V2_0_0).get("/statements?limit=1000").send().expect(200);
    assert_eq!(all.json()["statements"].as_array().map(Vec::len), Some(COUNT as usize));
    stop(server);
    let verified = store.run("verify");
    assert_eq!((verified.code, verified.out.as_str()), (Some(0), ""), "{}", verified.err);
}

#[test]
fn a_start_rebuilds_a_damaged_run() {
    let store = Store::new();
    let name = store.first_run();
    store.damage(&name, |_| 3);
    let verified = store.run("verify");
    assert_eq!(verified.code, Some(1));
    assert!(verified.out.contains(&format!("damaged  {name} at byte 0: ")), "{}", verified.out);
    assert!(verified.out.contains("run `acta reindex`."), "{}", verified.out);
    let server = store.serve();
    assert!(store.server_log().contains("an index run is damaged"), "{}", store.server_log());
    let all = server.client(Version::V2_0_0).get("/statements?limit=1000").send().expect(200);
    assert_eq!(all.json()["statements"].as_array().map(Vec::len), Some(COUNT as usize));
    stop(server);
    assert_eq!(store.run("verify").code, Some(0));
}

#[test]
fn reindex_rebuilds_everything_that_is_derived_from_the_log() {
    let store = Store::new();
    let before = store.run("export").out;
    let reindexed = run(on("reindex", &store.data).arg("--json"));
    assert_eq!(reindexed.code, Some(0), "{}", reindexed.err);
    let counts: Value = serde_json::from_str(&reindexed.out).expect("one JSON object is printed");
    assert_eq!(counts["statements"], COUNT);
    assert_eq!(store.run("export").out, before);
    assert_eq!(store.run("verify").code, Some(0));

    fs::remove_file(store.data.join("tables.sqlite")).expect("there are tables");
    let verified = store.run("verify");
    assert_eq!(verified.code, Some(1));
    assert!(verified.out.contains("tables.sqlite: it is missing"), "{}", verified.out);
    let refused = store.run("reindex");
    assert_eq!(refused.code, Some(2));
    assert!(refused.err.contains("--new-tables"), "{}", refused.err);
    assert_eq!(run(on("reindex", &store.data).arg("--new-tables")).code, Some(0));
    assert_eq!(store.run("verify").code, Some(0));
    assert_eq!(store.run("export").out, before);
}

/// All files of a store.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(folder).expect("it can be listed");
    let paths = entries.map(|entry| entry.expect("it can be listed").path());
    let mut all = Vec::new();
    for path in paths {
        if path.is_dir() {
            all.extend(files(&path));
        } else if path.is_file() {
            // The control socket of a killed server stays, and holds nothing.
            let bytes = fs::read(&path).expect("it can be read");
            all.push((path, bytes));
        }
    }
    all.sort_unstable();
    all
}

/// A server that was killed after some documents were written.
fn killed(store: &Store) {
    let mut server = store.serve();
    let client = server.client(Version::V2_0_0);
    for number in 0..20 {
        client
            .put("/activities/profile")
            .query("activityId", "http://example.org/it")
            .query("profileId", &number.to_string())
            .header("If-None-Match", "*")
            .body("text/plain", "a document".repeat(100))
            .send()
            .expect(204);
        client.post("/statements").json_text(&statement(COUNT + number)).send().expect(200);
    }
    server.kill();
}

#[test]
fn a_killed_store_is_undamaged_and_verify_changes_nothing() {
    let store = Store::new();
    killed(&store);
    let before = files(&store.data);
    let verified = store.run("verify");
    assert_eq!(verified.code, Some(0), "{}{}", verified.out, verified.err);
    assert!(verified.out.contains("20 statements are in no run"), "{}", verified.out);
    assert!(files(&store.data) == before, "verifying changes nothing");
    stop(store.serve());
    let verified = store.run("verify");
    assert_eq!((verified.code, verified.out.as_str()), (Some(0), ""), "{}", verified.err);
}

#[test]
fn damage_in_the_write_ahead_log_of_a_killed_store_is_refused() {
    let store = Store::new();
    killed(&store);
    store.damage("tables.sqlite-wal", |len| len / 2);
    let verified = store.run("verify");
    assert_eq!(verified.code, Some(1), "{}", verified.err);
    let place = "damaged  tables.sqlite-wal at byte ";
    assert!(verified.out.contains(place), "{}", verified.out);
    let served = store.run("serve");
    assert_eq!(served.code, Some(2), "{}", served.err);
    assert!(served.err.contains("tables.sqlite-wal at byte "), "{}", served.err);
}

#[test]
fn verify_reports_that_there_is_no_store() {
    let missing = run(acta().args(["verify", "--data", "/no/such/directory"]));
    assert_eq!(missing.code, Some(2));
    assert!(missing.err.contains("there is no store in /no/such/directory"), "{}", missing.err);
}
