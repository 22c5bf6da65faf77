//! How often a node asks the database for one request.

use std::thread;
use std::time::Duration;

use acta_ambient::{Clock as _, SystemClock};
use acta_test_postgres::{Cluster, SHARED_SETTINGS};
use acta_tests::{Client, Response, Version, acta, basic, make, run};
use serde_json::{Value, json};

use crate::serving::start;

/// Longer than a node remembers until when statements can be read.
const FORGOTTEN: Duration = Duration::from_millis(300);

/// As long as a node remembers a credential, its tenant, and the home pages in authorities.
const REMEMBERED: Duration = Duration::from_secs(1);

/// How often it is tried to ask twice within [`REMEMBERED`].
const TRIES_MAX: usize = 50;

/// What a node asks by itself, whether there are requests or not, and what it remembers of
/// credentials and tenants for a second, by a part of the SQL or of its parameters.
const BACKGROUND: [&str; 14] = [
    "acta.followers",
    "t.fingerprint, t.salt",
    "acta.leases",
    "acta.nodes",
    "acta.reserve",
    "acta.usage",
    "acta.audit",
    "clock_timestamp()",
    "max(greatest(last_stored, consistent_through))",
    "DELETE FROM acta.records",
    "$1 = 'follower'",
    "$1 = 'tenant'",
    "$1 = 'credential'",
    "$1 = 'ticket'",
];

/// What a node asks about statements, by a part of the SQL or of its parameters.
const ASKED: [(&str, &str); 8] = [
    ("consistent-through", "UPDATE acta.counters SET consistent_through"),
    ("count", "SELECT last_sequence, has_references FROM acta.counters"),
    ("postings", "FROM acta.postings"),
    ("page", "CASE WHEN t.bytes_before <"),
    ("statement", "FROM acta.statements s WHERE s.tenant_id = $1 AND s.id = $2"),
    ("since", "stored > $2 ORDER BY stored, sequence LIMIT 1"),
    ("until", "stored <= $2 ORDER BY stored DESC, sequence DESC LIMIT 1"),
    ("home pages", "$1 = 'home-pages'"),
];

/// The statements of SQL in a log, each with its parameters.
fn executed(log: &str) -> Vec<String> {
    let lines: Vec<&str> = log.lines().collect();
    let executed = lines.iter().enumerate().filter_map(|(index, line)| {
        let (_, sql) = line.split_once(" execute ")?;
        let next = lines.get(index + 1).copied().unwrap_or_default();
        let parameters = next.split_once("DETAIL:").map(|(_, parameters)| parameters);
        Some(format!("{sql} {}", parameters.unwrap_or_default()))
    });
    executed.collect()
}

/// What was asked for a request, in order: by its name in [`ASKED`], or the SQL.
fn asked(cluster: &Cluster, request: impl Fn() -> Response) -> Vec<String> {
    for _ in 0..TRIES_MAX {
        // What is remembered is read again for the first request.
        thread::sleep(REMEMBERED);
        let clock = SystemClock::new();
        // The statements of SQL are prepared then.
        request().expect(200);
        thread::sleep(FORGOTTEN);
        let from = cluster.log().len();
        request().expect(200);
        let log = cluster.log();
        if REMEMBERED <= clock.elapsed() {
            continue;
        }
        let executed = executed(&log[from..]).into_iter();
        let executed = executed.filter(|sql| !BACKGROUND.iter().any(|part| sql.contains(part)));
        let named = executed.map(|sql| {
            let known = ASKED.iter().find(|(_, part)| sql.contains(part));
            known.map_or(sql, |(name, _)| (*name).to_owned())
        });
        return named.collect();
    }
    panic!("two requests took longer than {REMEMBERED:?}, {TRIES_MAX} times");
}

#[test]
fn a_reader_of_statements_asks_the_database_a_few_times() {
    let logged = [("log_statement", "all")];
    let cluster = Cluster::running(&[SHARED_SETTINGS, &logged].concat());
    let (server, _folder) = start(&cluster.url("postgres"), &[]);
    let client = server.client(Version::V2_0_0);
    let mut statement = make::statement();
    statement["actor"] = json!({"mbox": "mailto:ada@example.org"});
    let id = client.store(&statement).remove(0);
    let list = |filters: &[(&str, &str)]| {
        let filters: Vec<(String, String)> =
            filters.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        move |client: &Client| {
            let call = client.get("/statements").query("limit", "10");
            filters.iter().fold(call, |call, (name, value)| call.query(name, value)).send()
        }
    };
    let agent = ("agent", r#"{"mbox":"mailto:ada@example.org"}"#);
    let verb = ("verb", statement["verb"]["id"].as_str().unwrap());
    let all = list(&[]);
    assert_eq!(asked(&cluster, || all(&client)), ["consistent-through", "page"]);
    for filters in [&[agent][..], &[agent, verb]] {
        let filtered = list(filters);
        let expected = ["consistent-through", "count", "postings", "page"];
        assert_eq!(asked(&cluster, || filtered(&client)), expected, "{filters:?}");
    }
    let none = list(&[("agent", r#"{"mbox":"mailto:nobody@example.org"}"#)]);
    assert_eq!(asked(&cluster, || none(&client)), ["consistent-through", "count", "postings"]);
    let one = || client.get("/statements").query("statementId", &id).send();
    assert_eq!(asked(&cluster, one), ["consistent-through", "statement"]);
    let between = list(&[("since", "2020-01-01T00:00:00Z"), ("until", "2099-01-01T00:00:00Z")]);
    let expected = ["consistent-through", "since", "until", "page"];
    assert_eq!(asked(&cluster, || between(&client)), expected);
    client.store(&make::statement());
    let first = client.get("/statements").query("limit", "1").send().expect(200).json();
    let more = first["more"].as_str().unwrap();
    let next = || client.call_outside("GET", more).send();
    assert_eq!(asked(&cluster, next), ["consistent-through", "page"]);
}

#[test]
fn a_reader_of_its_own_statements_asks_no_more() {
    let logged = [("log_statement", "all")];
    let cluster = Cluster::running(&[SHARED_SETTINGS, &logged].concat());
    let url = cluster.url("postgres");
    let (server, _folder) = start(&url, &[]);
    let scope = "statements/write,statements/read/mine";
    let mut create = acta();
    create.args(["credential", "create", "--label", "x", "--scope", scope, "--json"]);
    let created = run(create.env("ACTA_STORAGE_URL", url));
    let created: Value = serde_json::from_str(&created.out).unwrap();
    let [key, secret] = ["key", "secret"].map(|name| created[name].as_str().unwrap());
    let client = server.client(Version::V2_0_0).with("Authorization", &basic(key, secret));
    let id = client.store(&make::statement()).remove(0);
    let list = || client.get("/statements").send();
    assert_eq!(asked(&cluster, list), ["consistent-through", "count", "postings", "page"]);
    let one = || client.get("/statements").query("statementId", &id).send();
    assert_eq!(asked(&cluster, one), ["consistent-through", "statement"]);
}
