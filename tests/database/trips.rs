//! How often a node asks the database for one request.

use std::thread;
use std::time::Duration;

use acta_test_postgres::{Cluster, SHARED_SETTINGS};
use acta_tests::{Client, Response, Version, make};
use serde_json::json;

use crate::serving::start;

/// Longer than a node remembers until when statements can be read.
const FORGOTTEN: Duration = Duration::from_millis(300);

/// What a node asks about statements, by a part of the SQL.
const ASKED: [(&str, &str); 5] = [
    ("consistent-through", "UPDATE acta.counters SET consistent_through"),
    ("count", "SELECT last_sequence, has_references FROM acta.counters"),
    ("postings", "FROM acta.postings"),
    ("page", "CASE WHEN t.bytes_before <"),
    ("statement", "FROM acta.statements s WHERE s.tenant_id = $1 AND s.id = $2"),
];

/// What was asked for a request, in order.
fn asked(cluster: &Cluster, request: impl Fn() -> Response) -> Vec<&'static str> {
    // The statements of SQL are prepared then.
    request().expect(200);
    thread::sleep(FORGOTTEN);
    let from = cluster.log().len();
    request().expect(200);
    let log = cluster.log();
    let executed = log[from..].lines().filter(|line| line.contains(" execute "));
    let named = executed.filter_map(|line| {
        ASKED.iter().find(|(_, part)| line.contains(part)).map(|(name, _)| name)
    });
    named.copied().collect()
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
}
