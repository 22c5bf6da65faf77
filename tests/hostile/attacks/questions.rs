//! Attacks of a tenant by what it may ask about its statements: questions, analyses and exports.

use std::thread;
use std::time::Duration;

use acta_ambient::{Clock, SystemClock};
use acta_tests::Client;
use serde_json::{Value, json};

use super::attack::{Attack, AttackerKind, Sender, TENANT, status};
use crate::bodies::{list, post, statement};

/// Statements that are asked about, and how many of them are sent at a time.
const FACTS: usize = 20_000;
const TOGETHER: usize = 2_500;

/// How long facts may lag behind before an attack, whatever else the machine does.
const WAIT_MAX: Duration = Duration::from_mins(2);

/// The analyses, each with what is asked.
pub(crate) static ANALYSES: [(&str, &str); 9] = [
    ("activity", "{}"),
    ("courses", r#"{"time":true}"#),
    ("findings", "{}"),
    ("items", "{}"),
    ("quality", "{}"),
    ("retention", "{}"),
    ("sources", "{}"),
    ("time", r#"{"by":"person"}"#),
    ("video", "{}"),
];

/// A statement of one of 1,000 persons about one of 2,000 activities.
fn fact(number: usize) -> String {
    let actor = format!(r#"{{"mbox":"mailto:{}@example.org"}}"#, number % 1_000);
    let object = format!(r#"{{"id":"http://example.org/{}"}}"#, number % 2_000);
    let score = number % 100;
    let success = number.is_multiple_of(3);
    let (month, day, hour) = (1 + number % 9, 1 + number % 28, number % 24);
    statement(&format!(
        r#","actor":{actor},"object":{object},"result":{{"success":{success},"score":{{"scaled":0.{score:02}}}}},"timestamp":"2026-{month:02}-{day:02}T{hour:02}:00:00Z""#
    ))
}

/// Stores statements, and waits until they are facts.
fn store_facts(client: &Client) {
    for first in (0..FACTS).step_by(TOGETHER) {
        post(client, &format!("[{}]", list(TOGETHER, |number| fact(first + number))), 200);
    }
    let path = format!("/api/v1/tenants/{TENANT}/facts");
    let clock = SystemClock::new();
    let lag = || client.call_outside("GET", &path).send().expect(200).json()["lag"].as_u64();
    while lag() != Some(0) {
        assert!(clock.elapsed() < WAIT_MAX, "the facts stay behind");
        thread::sleep(Duration::from_millis(50));
    }
}

fn ask(question: Value) -> Sender {
    let path = format!("/api/v1/tenants/{TENANT}/query");
    Box::new(move |client| status(client.call_outside("POST", &path).json(&question)))
}

/// As many dimensions as a question may have, and the measures that take most memory.
fn many_dimensions() -> Value {
    json!({
        "measures": [
            { "measure": "count" },
            { "measure": "distinct", "of": "person" },
            { "measure": "distinct", "of": "object" },
            { "measure": "median", "of": "credit" },
            { "measure": "last", "of": "credit" },
        ],
        "dimensions": [
            "person", "object", "verb", "success", "language", "platform",
            { "field": "timestamp", "by": "hour" },
            { "field": "credit", "width": 0.01 },
        ],
        "totals": true,
        "limit": 1_000,
    })
}

/// Conditions that look at every text, at many persons, and at each other.
fn many_conditions() -> Value {
    let contains =
        |number: usize| json!({ "field": "object", "contains": format!("/{}9", number % 10) });
    let persons: Vec<String> =
        (0..1_000).map(|number| format!(r#"{{"mbox":"mailto:{number}@example.org"}}"#)).collect();
    let among = json!({ "field": "person", "in": persons });
    let texts: Vec<Value> = (0..10).map(contains).collect();
    json!({
        "measures": [{ "measure": "count", "where": { "or": texts } }],
        "dimensions": ["person"],
        "where": { "and": [{ "not": { "not": among } }, { "field": "object", "exists": true }] },
    })
}

/// All analyses in turn.
fn analyse(connection: usize) -> Sender {
    let mut analyses = ANALYSES.iter().cycle().skip(connection % ANALYSES.len());
    Box::new(move |client| {
        let (name, request) = analyses.next().copied().unwrap_or_default();
        let path = format!("/api/v1/tenants/{TENANT}/analyses/{name}");
        status(client.call_outside("POST", &path).json_text(request))
    })
}

/// Exports facts of which some are new each time, so that files are written again.
fn export(connection: usize) -> Sender {
    let path = format!("/api/v1/tenants/{TENANT}/facts/export/manifest.json");
    let batch = format!("[{}]", list(100, |number| fact(connection + 9 * number)));
    let mut is_storing = false;
    Box::new(move |client| {
        is_storing = !is_storing;
        if is_storing {
            status(client.post("/statements").json_text(&batch))
        } else {
            status(client.call_outside("GET", &path))
        }
    })
}

/// Has the facts made again, again and again: they are in the language of the tenant.
fn change_language(connection: usize) -> Sender {
    let path = format!("/api/v1/tenants/{TENANT}");
    let query = format!("{path}/query");
    let mut number = connection;
    Box::new(move |client| {
        number += 1;
        if number.is_multiple_of(2) {
            let question = json!({ "measures": [{ "measure": "count" }] });
            return status(client.call_outside("POST", &query).json(&question));
        }
        let language = if number % 4 == 1 { "de" } else { "fr" };
        let change = json!({ "settings": { "language": language } });
        status(client.call_outside("PATCH", &path).header("If-Match", "*").json(&change))
    })
}

pub(super) fn attacks() -> Vec<Attack> {
    vec![
        Attack {
            name: "questions with many dimensions",
            // The second if they take more memory than a question may.
            answers: &[200, 422],
            prepare: store_facts,
            open: |_| ask(many_dimensions()),
            ..Attack::OF_TENANT
        },
        Attack {
            name: "questions with many conditions",
            prepare: store_facts,
            open: |_| ask(many_conditions()),
            ..Attack::OF_TENANT
        },
        Attack {
            name: "analyses",
            answers: &[200, 422],
            prepare: store_facts,
            open: analyse,
            ..Attack::OF_TENANT
        },
        Attack {
            name: "exports of facts",
            connections: 8,
            prepare: store_facts,
            open: export,
            ..Attack::OF_TENANT
        },
        Attack {
            name: "languages of facts",
            attacker: AttackerKind::Administrator,
            connections: 8,
            // The last if others have changed the tenant at the same time.
            answers: &[200, 409, 412],
            prepare: store_facts,
            open: change_language,
            ..Attack::OF_TENANT
        },
    ]
}
