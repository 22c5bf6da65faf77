//! Attacks of a tenant on the resources of xAPI.

use std::io::Write as _;
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use acta_ambient::{Entropy as _, SeededEntropy};
use acta_tests::{Call, Client, multipart};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::attack::{Attack, REQUESTS_MAX, Sender, status};
use crate::bodies::{
    id, list, post, reference, signed, statement, with_attachments, with_signature,
};

fn state<'a>(client: &'a Client, method: &str) -> Call<'a> {
    client
        .call(method, "/activities/state")
        .query("activityId", "http://example.org/a")
        .query("agent", r#"{"mbox":"mailto:ada@example.org"}"#)
        .query("stateId", "state")
}

/// A statement with 1,000 context activities, which are all that a statement may have.
fn wide(seed: usize) -> String {
    let activities =
        list(1_000, |number| format!(r#"{{"id":"http://example.org/{seed}/{number}"}}"#));
    statement(&format!(r#","context":{{"contextActivities":{{"other":[{activities}]}}}}"#))
}

/// As many statements as a batch may have, with a response of 1.5 KB each that packs badly: some
/// 16 MB.
fn largest_batch(seed: usize) -> String {
    let entropy = SeededEntropy::new(seed as u64);
    let response = || {
        let mut bytes = [0; 1_120];
        entropy.fill(&mut bytes);
        STANDARD.encode(bytes)
    };
    let one = |_| statement(&format!(r#","result":{{"response":"{}"}}"#, response()));
    format!("[{}]", list(10_000, one))
}

/// Stores 250 wide statements, which are some pages.
pub(super) fn store_wide(client: &Client) {
    for seed in 0..10 {
        post(client, &format!("[{}]", list(25, |number| wide(seed * 25 + number))), 200);
    }
}

fn send_text(text: String) -> Sender {
    Box::new(move |client| status(client.post("/statements").json_text(&text)))
}

#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) fn attacks() -> Vec<Attack> {
    vec![
        Attack {
            name: "batches of small statements",
            connections: 32,
            open: |_| send_text(format!("[{}]", list(500, |_| statement("")))),
            ..Attack::OF_TENANT
        },
        Attack {
            name: "batches of 16 MB",
            connections: 8,
            timed_on: &[],
            open: |connection| send_text(largest_batch(connection)),
            ..Attack::OF_TENANT
        },
        Attack {
            name: "more statements than a batch may have",
            connections: 8,
            answers: &[400],
            open: |_| send_text(format!("[{}]", list(100_000, |_| statement("")))),
            ..Attack::OF_TENANT
        },
        Attack {
            name: "wide statements",
            connections: 64,
            open: |connection| send_text(wide(connection)),
            ..Attack::OF_TENANT
        },
        Attack {
            name: "batches of wide statements",
            open: |connection| {
                send_text(format!("[{}]", list(50, |number| wide(connection * 50 + number))))
            },
            ..Attack::OF_TENANT
        },
        Attack {
            name: "a long list of faults",
            connections: 32,
            answers: &[400],
            open: |_| send_text(format!("[{}]", list(100_000, |_| "{}".to_owned()))),
            ..Attack::OF_TENANT
        },
        Attack {
            name: "definitions of 60 KB",
            connections: 32,
            open: |connection| {
                let text = "x".repeat(60 << 10);
                let mut number = 0;
                Box::new(move |client| {
                    number += 1;
                    let one = |n| {
                        let id = format!("http://example.org/{connection}/{n}");
                        let name = format!(r#"{{"en":"{text}{number}"}}"#);
                        statement(&format!(
                            r#","object":{{"id":"{id}","definition":{{"name":{name}}}}}"#
                        ))
                    };
                    let text = format!("[{}]", list(20, one));
                    status(client.post("/statements").json_text(&text))
                })
            },
            ..Attack::OF_TENANT
        },
        Attack {
            name: "chains of references",
            open: |connection| {
                let mut next = connection * 10_000_000;
                Box::new(move |client| {
                    let first = next;
                    next += 500;
                    let chain = list(500, |number| reference(first + number + 1, first + number));
                    status(client.post("/statements").json_text(&format!("[{chain}]")))
                })
            },
            ..Attack::OF_TENANT
        },
        Attack {
            name: "small merges into a document of 12 MB",
            answers: &[204],
            prepare: |client| {
                let members =
                    list(400_000, |number| format!(r#""member-{number}":"{number:012}""#));
                state(client, "PUT").json_text(&format!("{{{members}}}")).send().expect(204);
            },
            open: |connection| {
                let text = format!(r#"{{"a{connection}":1}}"#);
                Box::new(move |client| status(state(client, "POST").json_text(&text)))
            },
            ..Attack::OF_TENANT
        },
        Attack {
            name: "documents of 12 MB",
            answers: &[204, 409],
            open: |connection| {
                let text = format!(r#"{{"a":"{}"}}"#, "x".repeat(12 << 20));
                Box::new(move |client| {
                    let put = client
                        .call("PUT", "/activities/state")
                        .query("activityId", "http://example.org/a")
                        .query("agent", r#"{"mbox":"mailto:ada@example.org"}"#)
                        .query("stateId", &format!("{connection}"));
                    status(put.json_text(&text))
                })
            },
            ..Attack::OF_TENANT
        },
        Attack {
            name: "reading a document of 12 MB",
            prepare: |client| {
                let text = format!(r#"{{"a":"{}"}}"#, "x".repeat(12 << 20));
                state(client, "PUT").json_text(&text).send().expect(204);
            },
            open: |_| Box::new(|client| status(state(client, "GET"))),
            ..Attack::OF_TENANT
        },
        Attack {
            name: "canonical pages",
            prepare: store_wide,
            open: |_| {
                Box::new(|client| {
                    let call = client.get("/statements").query("format", "canonical");
                    status(call.query("limit", "0"))
                })
            },
            ..Attack::OF_TENANT
        },
        Attack {
            name: "packed pages",
            connections: 32,
            prepare: store_wide,
            open: |_| {
                Box::new(|client| {
                    let call = client.get("/statements").header("Accept-Encoding", "gzip");
                    status(call.query("limit", "0"))
                })
            },
            ..Attack::OF_TENANT
        },
        Attack {
            name: "queries that find nothing",
            connections: 64,
            prepare: |client| {
                for _ in 0..20 {
                    post(client, &format!("[{}]", list(5_000, |_| statement(""))), 200);
                }
            },
            open: |_| {
                Box::new(|client| {
                    let call = client.get("/statements").query("activity", "http://example.org/a");
                    let call = call.query("agent", r#"{"mbox":"mailto:ada@example.org"}"#);
                    let call = call.query("related_activities", "true");
                    let call = call.query("until", "2001-01-01T00:00:00Z");
                    status(call.query("registration", &id(7)))
                })
            },
            ..Attack::OF_TENANT
        },
        Attack {
            name: "signatures",
            open: |_| {
                let (signed, signature) = signed(500_000);
                let body = with_signature(&signed.to_string(), &signature);
                Box::new(move |client| {
                    let call = client.post("/statements");
                    status(call.body(&multipart::content_type(), body.clone()))
                })
            },
            ..Attack::OF_TENANT
        },
        Attack {
            name: "many parts",
            open: |connection| {
                let texts = (0..100).map(|number| format!("{connection}/{number}"));
                let body = with_attachments(texts);
                Box::new(move |client| {
                    let call = client.post("/statements");
                    status(call.body(&multipart::content_type(), body.clone()))
                })
            },
            ..Attack::OF_TENANT
        },
        Attack {
            name: "more pages than requests in progress",
            connections: 2 * REQUESTS_MAX,
            timed_on: &[],
            prepare: store_wide,
            open: |_| Box::new(|client| status(client.get("/statements").query("limit", "0"))),
            ..Attack::OF_TENANT
        },
        Attack {
            name: "more readers of documents than there may be",
            connections: REQUESTS_MAX / 2,
            timed_on: &[],
            prepare: |client| {
                let text = format!(r#"{{"a":"{}"}}"#, "x".repeat(12 << 20));
                state(client, "PUT").json_text(&text).send().expect(204);
            },
            open: |_| Box::new(|client| status(state(client, "GET"))),
            ..Attack::OF_TENANT
        },
        Attack {
            name: "bodies of 12 MB that arrive slowly",
            connections: 40,
            // None arrives whole.
            answers: &[],
            timed_on: &[],
            open: |_| send_slowly(12 << 20),
            ..Attack::OF_TENANT
        },
    ]
}

/// Begins a body, and goes on just fast enough.
fn send_slowly(length: usize) -> Sender {
    let mut socket: Option<TcpStream> = None;
    Box::new(move |client| {
        let step = match &mut socket {
            None => client.begin_post("/statements", length).and_then(|mut begun| {
                begun.write_all(&vec![b' '; 100 << 10])?;
                socket = Some(begun);
                Ok(())
            }),
            Some(begun) => {
                thread::sleep(Duration::from_secs(1));
                begun.write_all(&[b' '; 1 << 10])
            }
        };
        if step.is_err() {
            socket = None;
        }
        0
    })
}
