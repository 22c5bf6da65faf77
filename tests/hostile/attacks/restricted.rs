//! Attacks of clients that may do little: browser tokens, and credentials that only write.

use serde_json::json;

use super::attack::{Attack, AttackerKind, Sender, TENANT, status};
use crate::bodies::{list, post, statement};

/// By a browser token, which is bound to the agent and the activity of statements that name no
/// others.
const BY_TOKEN: Attack =
    Attack { attacker: AttackerKind::Token, connections: 32, ..Attack::OF_TENANT };

/// By a credential that only writes.
const BY_WRITER: Attack =
    Attack { attacker: AttackerKind::Writer, connections: 32, ..Attack::OF_TENANT };

/// Sends a batch of 500 such statements.
fn send_batch(one: &str) -> Sender {
    let text = format!("[{}]", list(500, |_| one.to_owned()));
    Box::new(move |client| status(client.post("/statements").json_text(&text)))
}

/// Sends a batch of which only the last statement is not permitted.
fn send_batch_of_others(_: usize) -> Sender {
    let other = statement(r#","actor":{"mbox":"mailto:bob@example.org"}"#);
    let own = list(499, |_| statement(""));
    let text = format!("[{own},{other}]");
    Box::new(move |client| status(client.post("/statements").json_text(&text)))
}

/// A statement that defines the activity to which the token is bound.
fn define(definition: &str) -> String {
    let object = format!(r#"{{"id":"http://example.org/a","definition":{definition}}}"#);
    statement(&format!(r#","object":{object}"#))
}

/// Sends a batch of 3,000 small definitions of one activity, each unlike the one before.
fn send_definitions(_: usize) -> Sender {
    let one = |number| define(&format!(r#"{{"name":{{"en":"{number}"}}}}"#));
    let text = format!("[{}]", list(3_000, one));
    Box::new(move |client| status(client.post("/statements").json_text(&text)))
}

/// Merges into a document of the agent.
fn merge_state(connection: usize) -> Sender {
    let members = list(2_000, |number| format!(r#""key-{number}":{number}"#));
    let text = format!("{{{members}}}");
    Box::new(move |client| {
        let call = client
            .call("POST", "/activities/state")
            .query("activityId", "http://example.org/a")
            .query("agent", r#"{"mbox":"mailto:ada@example.org"}"#)
            .query("stateId", &connection.to_string());
        status(call.json_text(&text))
    })
}

/// Tries to change the tenant, of which the audit records some only.
fn change_tenant(_: usize) -> Sender {
    let path = format!("/api/v1/tenants/{TENANT}");
    Box::new(move |client| {
        let call = client.call_outside("PATCH", &path).header("If-Match", "*");
        status(call.json(&json!({ "name": "Taken over" })))
    })
}

pub(super) fn attacks() -> Vec<Attack> {
    vec![
        Attack {
            name: "batches by a browser token",
            open: |_| send_batch(&statement("")),
            ..BY_TOKEN
        },
        Attack {
            name: "statements about others by a browser token",
            answers: &[403],
            open: send_batch_of_others,
            ..BY_TOKEN
        },
        Attack {
            name: "definitions of a large activity by a browser token",
            connections: 8,
            prepare: |client| {
                let text = "x".repeat(60 << 10);
                post(client, &define(&format!(r#"{{"description":{{"en":"{text}"}}}}"#)), 200);
            },
            open: send_definitions,
            ..BY_TOKEN
        },
        Attack {
            name: "states by a browser token",
            answers: &[204],
            open: merge_state,
            ..BY_TOKEN
        },
        Attack {
            name: "batches by a credential that only writes",
            open: |_| send_batch(&statement("")),
            ..BY_WRITER
        },
        Attack {
            name: "reading by a credential that only writes",
            answers: &[403],
            open: |_| Box::new(|client| status(client.get("/statements").query("limit", "0"))),
            ..BY_WRITER
        },
        Attack {
            name: "changes by a credential that only writes",
            answers: &[403],
            open: change_tenant,
            ..BY_WRITER
        },
    ]
}
