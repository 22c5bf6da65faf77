//! The ends of audit chains: logged by the server, and checked against the chain later.

use std::thread;
use std::time::Duration;

use acta_ambient::{Clock, SystemClock};
use acta_test_postgres::Database;
use acta_tests::{CommandOutput, Server, Version, acta, run};
use serde_json::Value;
use tempfile::TempDir;

use crate::admin_store::stop;

/// After so long at the latest, the end of a chain is in the log: twenty times the interval.
const LOGGED_WITHIN: Duration = Duration::from_secs(20);

/// A store of either engine, with a database if it is in one.
struct Audited {
    folder: TempDir,
    database: Option<Database>,
}

impl Audited {
    fn new(database: Option<Database>) -> Self {
        Self { folder: TempDir::new().unwrap(), database }
    }

    fn start(&self) -> Server {
        let url = self.database.as_ref().map(Database::url);
        let mut settings = vec![("ACTA_AUDIT_HEAD_INTERVAL", "1s")];
        settings.extend(url.as_deref().map(|url| ("ACTA_STORAGE_URL", url)));
        Server::start_with(&self.folder.path().join("data"), Version::V2_0_0, &settings)
    }

    fn run(&self, arguments: &[&str]) -> CommandOutput {
        let mut command = acta();
        command.args(arguments);
        match &self.database {
            Some(database) => command.env("ACTA_STORAGE_URL", database.url()),
            None => command.arg("--data").arg(self.folder.path().join("data")),
        };
        run(&mut command)
    }

    #[track_caller]
    fn check(&self, arguments: &[&str], code: i32, text: &str) {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(code), "{arguments:?}: {} {}", ran.out, ran.err);
        assert!(format!("{}{}", ran.out, ran.err).contains(text), "{arguments:?}: {}", ran.out);
    }

    /// Removes the last entry of the chain of the first tenant, as somebody can who can write the
    /// store.
    fn remove_last_entry(&self) {
        if let Some(database) = &self.database {
            database.sql(
                "DELETE FROM acta.audit WHERE tenant_id = 1 AND sequence = \
                 (SELECT max(sequence) FROM acta.audit WHERE tenant_id = 1)",
            );
            database.sql(
                "UPDATE acta.audit_heads AS h SET last_sequence = a.sequence, hash = a.hash \
                 FROM (SELECT sequence, hash FROM acta.audit WHERE tenant_id = 1 \
                 ORDER BY sequence DESC LIMIT 1) AS a WHERE h.tenant_id = 1",
            );
            return;
        }
        let path = self.folder.path().join("data/tables.sqlite");
        let connection = rusqlite::Connection::open(path).unwrap();
        let sql = "DELETE FROM audit WHERE tenant_id = 1 AND sequence = \
             (SELECT max(sequence) FROM audit WHERE tenant_id = 1)";
        assert_eq!(connection.execute(sql, []).unwrap(), 1);
    }
}

/// The ends of a chain that were logged, oldest first.
fn logged(log: &str, chain: &str) -> Vec<String> {
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let lines = lines.filter(|line| line["target"] == "audit" && line["audit.chain"] == chain);
    lines.map(|line| line["audit.head"].as_str().unwrap().to_owned()).collect()
}

fn check_logging(database: Option<Database>) {
    let store = Audited::new(database);
    let server = store.start();
    store.check(&["credential", "create", "--label", "a"], 0, "");
    store.check(&["tenant", "create", "second"], 0, "");
    let metrics = server.client(Version::V2_0_0).call_outside("GET", "/metrics").send();
    assert!(metrics.expect(200).text().contains("acta_audit_entries{chain=\"server\"}"));
    store.check(&["tenant", "rename", "1", "first"], 0, "");
    let data = server.data().to_owned();
    // Not only when it starts and stops: a server that is killed has logged it too.
    let verified = store.run(&["audit", "verify", "--tenant", "1", "--json"]);
    let verified: Value = serde_json::from_str(&verified.out).unwrap();
    let end = format!("{}:{}", verified["sequence"], verified["hash"].as_str().unwrap());
    let is_logged = || logged(&server.log(), "tenant 1").contains(&end);
    let clock = SystemClock::new();
    while !is_logged() {
        assert!(clock.elapsed() < LOGGED_WITHIN, "{end} is not logged");
        thread::sleep(Duration::from_millis(50));
    }
    stop(server);
    let log = std::fs::read_to_string(data.with_extension("log")).unwrap();

    for (chain, select) in [("server", "--server"), ("tenant 1", "--tenant=1")] {
        let heads = logged(&log, chain);
        let last = heads.last().unwrap();
        let shown = store.run(&["audit", "verify", select, "--json"]);
        let shown: Value = serde_json::from_str(&shown.out).unwrap();
        let end = format!("{}:{}", shown["sequence"], shown["hash"].as_str().unwrap());
        assert_eq!(*last, end, "the last end is logged when the server stops");
        assert_eq!(shown["has_noted_head"], Value::Null);
        for head in &heads {
            let verify = ["audit", "verify", select, "--head", head];
            store.check(&verify, 0, "contains the noted entry");
        }
        let other = if last.ends_with('0') { '1' } else { '0' };
        let changed = format!("{}{other}", &last[..last.len() - 1]);
        let verify = ["audit", "verify", select, "--head", &changed];
        store.check(&verify, 1, "does not contain the noted entry");
    }
    store.check(&["audit", "verify", "--server", "--head", "12"], 2, "a sequence, a colon");
}

fn check_removal(database: Option<Database>) {
    let store = Audited::new(database);
    let server = store.start();
    store.check(&["credential", "create", "--label", "a"], 0, "");
    let data = server.data().to_owned();
    stop(server);
    let log = std::fs::read_to_string(data.with_extension("log")).unwrap();
    let heads = logged(&log, "tenant 1");
    store.remove_last_entry();
    store.check(&["audit", "verify", "--tenant", "1"], 0, "the audit is intact");
    let last = heads.last().unwrap();
    let verify = ["audit", "verify", "--tenant", "1", "--head", last];
    store.check(&verify, 1, "does not contain the noted entry");
}

#[test]
fn the_ends_of_audit_chains_are_logged_and_found_again() {
    check_logging(None);
}

#[test]
fn the_ends_of_audit_chains_in_a_database_are_logged_and_found_again() {
    check_logging(Some(Database::fresh()));
}

#[test]
fn a_removed_end_of_a_chain_is_noticed_with_a_noted_head() {
    check_removal(None);
}

#[test]
fn a_removed_end_of_a_chain_in_a_database_is_noticed_with_a_noted_head() {
    check_removal(Some(Database::fresh()));
}
