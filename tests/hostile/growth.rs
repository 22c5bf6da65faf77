//! What requests cost grows no faster than they do: each dimension of each input is made four
//! times as large, and the server may use not much more than four times the processor time.
//!
//! The bounds of the configuration are raised for it, so that what grows is seen beyond them.

use std::fs;
use std::thread;
use std::time::Duration;

use acta_tests::server::Launch;
use acta_tests::{Client, Server, Version, multipart};
use tempfile::TempDir;

use crate::bodies::{
    id, list, post, reference, signed, statement, with_attachments, with_signature,
};
use crate::bombs::resident_kib;

/// Limits that are out of the way.
const SETTINGS: &[(&str, &str)] = &[
    ("ACTA_LIMITS_ACTIVITIES_COUNT_MAX", "10000000"),
    ("ACTA_LIMITS_AGENTS_COUNT_MAX", "10000000"),
    ("ACTA_LIMITS_ATTACHMENTS_COUNT_MAX", "10000000"),
    ("ACTA_LIMITS_STATEMENTS_COUNT_MAX", "10000000"),
    ("ACTA_LIMITS_MULTIPART_PARTS_MAX", "100000"),
    ("ACTA_LIMITS_DOCUMENTS_COUNT_MAX", "100000"),
    ("ACTA_LIMITS_FAULTS_COUNT_MAX", "100000"),
];

/// The larger request is this many times as large.
const FACTOR: u32 = 4;

/// How many times as much it may cost. What is quadratic would cost 16 times as much.
const COST_FACTOR_MAX: u32 = 7;

/// What is not counted of the cost: other work of the server, and the coarse clock.
const SLACK: Duration = Duration::from_millis(120);

/// The server's processor time has come to rest when it has used none for so long.
const REST: Duration = Duration::from_millis(300);

/// Something that may be made larger.
struct Dimension {
    name: &'static str,
    /// How large the smaller request is.
    size: usize,
    /// What is sent before, without being measured.
    prepare: fn(&Client, usize),
    /// What is measured. Returns how many bytes were sent.
    send: fn(&Client, usize) -> usize,
}

/// The processor time that a server has used, to the hundredth of a second.
fn processor_time(server: &Server) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{}/stat", server.process_id())).unwrap();
    // The name of the program, in parentheses, may hold blanks.
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks: u64 = fields[11..=12].iter().map(|ticks| ticks.parse::<u64>().unwrap()).sum();
    Duration::from_millis(10 * ticks)
}

/// The same, once nothing is left to be done.
fn processor_time_at_rest(server: &Server) -> Duration {
    let mut last = processor_time(server);
    loop {
        thread::sleep(REST);
        let now = processor_time(server);
        if now <= last + Duration::from_millis(10) {
            return now;
        }
        last = now;
    }
}

/// What a request of this size costs a fresh server, and how long it is.
fn cost(dimension: &Dimension, size: usize) -> (Duration, usize, u64) {
    let scratch = TempDir::new().unwrap();
    let data = scratch.path().join("data");
    let launch = Launch { settings: SETTINGS, ..Launch::new(&data, Version::V2_0_0) };
    let server = launch.start();
    let client = server.client(Version::V2_0_0);
    (dimension.prepare)(&client, size);
    let before = processor_time_at_rest(&server);
    let bytes = (dimension.send)(&client, size);
    let cost = processor_time_at_rest(&server).saturating_sub(before);
    (cost, bytes, resident_kib(&server))
}

fn nothing(_: &Client, _: usize) {}

/// A definition with what `more` says.
fn defined(more: &str) -> String {
    statement(&format!(r#","object":{{"id":"http://example.org/a","definition":{{{more}}}}}"#))
}

fn state(client: &Client, method: &str, name: &str, body: &str) -> usize {
    client
        .call(method, "/activities/state")
        .query("activityId", "http://example.org/a")
        .query("agent", r#"{"mbox":"mailto:ada@example.org"}"#)
        .query("stateId", name)
        .json_text(body)
        .send()
        .expect(204);
    body.len()
}

fn object(count: usize) -> String {
    format!("{{{}}}", list(count, |number| format!(r#""key-{number}":{number}"#)))
}

const MEMBERS: &str = "members of a group";

#[expect(clippy::too_many_lines, reason = "a table")]
fn dimensions() -> Vec<Dimension> {
    let dimension = |name, size, send| Dimension { name, size, prepare: nothing, send };
    vec![
        dimension(MEMBERS, 25_000, |client, count| {
            let members =
                list(count, |number| format!(r#"{{"mbox":"mailto:{number}@example.org"}}"#));
            let actor = format!(r#","actor":{{"objectType":"Group","member":[{members}]}}"#);
            post(client, &statement(&actor), 200)
        }),
        dimension("context activities", 25_000, |client, count| {
            let activities =
                list(count, |number| format!(r#"{{"id":"http://example.org/{number}"}}"#));
            let context =
                format!(r#","context":{{"contextActivities":{{"other":[{activities}]}}}}"#);
            post(client, &statement(&context), 200)
        }),
        dimension("context agents", 25_000, |client, count| {
            let agents = list(count, |number| {
                format!(
                    r#"{{"objectType":"contextAgent","agent":{{"mbox":"mailto:{number}@example.org"}}}}"#
                )
            });
            post(client, &statement(&format!(r#","context":{{"contextAgents":[{agents}]}}"#)), 200)
        }),
        dimension("attachments", 10_000, |client, count| {
            let attachments = list(count, |number| {
                format!(
                    r#"{{"usageType":"http://example.org/u","display":{{"en":"a"}},"contentType":"a/b","length":1,"sha2":"{number:064x}","fileUrl":"http://example.org/f"}}"#
                )
            });
            post(client, &statement(&format!(r#","attachments":[{attachments}]"#)), 200)
        }),
        dimension("extensions", 50_000, |client, count| {
            let extensions = list(count, |number| format!(r#""http://example.org/{number}":1"#));
            post(
                client,
                &statement(&format!(r#","result":{{"extensions":{{{extensions}}}}}"#)),
                200,
            )
        }),
        dimension("values in an extension", 300_000, |client, count| {
            let values = list(count, |number| number.to_string());
            let extension = format!(r#"{{"http://example.org/x":[{values}]}}"#);
            post(client, &statement(&format!(r#","result":{{"extensions":{extension}}}"#)), 200)
        }),
        dimension("languages", 25_000, |client, count| {
            let name = list(count, |number| format!(r#""en-x-a{number}":"a""#));
            post(client, &defined(&format!(r#""name":{{{name}}}"#)), 200)
        }),
        dimension("choices", 25_000, |client, count| {
            let choices = list(count, |number| format!(r#"{{"id":"{number}"}}"#));
            post(
                client,
                &defined(&format!(r#""interactionType":"choice","choices":[{choices}]"#)),
                200,
            )
        }),
        dimension("correct responses", 100_000, |client, count| {
            let responses = list(count, |number| format!(r#""{number}""#));
            let pattern =
                format!(r#""interactionType":"fill-in","correctResponsesPattern":[{responses}]"#);
            post(client, &defined(&pattern), 200)
        }),
        dimension("a long text", 3_000_000, |client, count| {
            let response = "a".repeat(count);
            post(client, &statement(&format!(r#","result":{{"response":"{response}"}}"#)), 200)
        }),
        dimension("escapes in a text", 400_000, |client, count| {
            let response = "\\u00e9".repeat(count);
            post(client, &statement(&format!(r#","result":{{"response":"{response}"}}"#)), 200)
        }),
        dimension("digits of a number", 400_000, |client, count| {
            let raw = format!("1{}", "0".repeat(count));
            let extension = format!(r#"{{"http://example.org/x":{raw}}}"#);
            post(client, &statement(&format!(r#","result":{{"extensions":{extension}}}"#)), 200)
        }),
        dimension("statements", 5_000, |client, count| {
            post(client, &format!("[{}]", list(count, |_| statement(""))), 200)
        }),
        dimension("definitions of one activity", 3_000, |client, count| {
            let one = |number| {
                defined(&format!(r#""extensions":{{"http://example.org/{number}":{number}}}"#))
            };
            post(client, &format!("[{}]", list(count, one)), 200)
        }),
        Dimension {
            name: "small definitions of one activity with a large one",
            size: 3_000,
            prepare: |client, _| {
                let text = "x".repeat(60 << 10);
                post(client, &defined(&format!(r#""name":{{"en":"{text}"}}"#)), 200);
            },
            send: |client, count| {
                let one = |number| defined(&format!(r#""description":{{"en":"{number}"}}"#));
                post(client, &format!("[{}]", list(count, one)), 200)
            },
        },
        dimension("definitions of many activities", 3_000, |client, count| {
            let one = |number| {
                statement(&format!(
                    r#","object":{{"id":"http://example.org/{number}","definition":{{}}}}"#
                ))
            };
            post(client, &format!("[{}]", list(count, one)), 200)
        }),
        dimension("names of one person", 3_000, |client, count| {
            let one = |number| {
                let actor = format!(r#"{{"mbox":"mailto:ada@example.org","name":"{number}"}}"#);
                statement(&format!(r#","actor":{actor}"#))
            };
            post(client, &format!("[{}]", list(count, one)), 200)
        }),
        dimension("a chain of references", 2_000, |client, count| {
            post(client, &format!("[{}]", list(count, |number| reference(number + 1, number))), 200)
        }),
        dimension("references to one statement", 3_000, |client, count| {
            post(client, &format!("[{}]", list(count, |number| reference(number + 1, 0))), 200)
        }),
        Dimension {
            name: "terms of a statement that many refer to",
            size: 300,
            prepare: |client, _| {
                post(client, &format!("[{}]", list(1_000, |number| reference(number + 1, 0))), 200);
            },
            send: |client, count| {
                let activities =
                    list(count, |number| format!(r#"{{"id":"http://example.org/{number}"}}"#));
                let context =
                    format!(r#","context":{{"contextActivities":{{"other":[{activities}]}}}}"#);
                post(client, &statement(&format!(r#"{context},"id":"{}""#, id(0))), 200)
            },
        },
        dimension("unknown properties", 50_000, |client, count| {
            let more = list(count, |number| format!(r#""p{number}":1"#));
            post(client, &statement(&format!(",{more}")), 400)
        }),
        dimension("the same property", 50_000, |client, count| {
            let more = list(count, |_| r#""p":1"#.to_owned());
            post(client, &statement(&format!(",{more}")), 400)
        }),
        dimension("empty statements", 50_000, |client, count| {
            post(client, &format!("[{}]", list(count, |_| "{}".to_owned())), 400)
        }),
        dimension("attachments without content", 10_000, |client, count| {
            let attachments = list(count, |number| {
                format!(
                    r#"{{"usageType":"http://example.org/u","display":{{"en":"a"}},"contentType":"a/b","length":1,"sha2":"{number:064x}"}}"#
                )
            });
            post(client, &statement(&format!(r#","attachments":[{attachments}]"#)), 400)
        }),
        dimension("parts", 1_000, |client, count| {
            let body = with_attachments((0..count).map(|number| number.to_string()));
            let len = body.len();
            client.post("/statements").body(&multipart::content_type(), body).send().expect(200);
            len
        }),
        dimension("statements with one signature", 1_000, |client, count| {
            let (signed, signature) = signed(10_000);
            let text = signed.to_string();
            let statements = format!("[{}]", list(count, |_| text.clone()));
            let body = with_signature(&statements, &signature);
            let len = body.len();
            client.post("/statements").body(&multipart::content_type(), body).send().expect(200);
            len
        }),
        dimension("properties of a document", 100_000, |client, count| {
            state(client, "PUT", "a", &object(count))
        }),
        Dimension {
            name: "properties that are merged",
            size: 50_000,
            prepare: |client, count| {
                state(client, "PUT", "a", &object(count));
            },
            send: |client, count| state(client, "POST", "a", &object(count)),
        },
        Dimension {
            name: "the ids of documents",
            size: 2_000,
            prepare: |client, count| {
                for number in 0..count {
                    state(client, "PUT", &number.to_string(), "{}");
                }
            },
            send: |client, _| {
                for _ in 0..20 {
                    client
                        .get("/activities/state")
                        .query("activityId", "http://example.org/a")
                        .query("agent", r#"{"mbox":"mailto:ada@example.org"}"#)
                        .send()
                        .expect(200);
                }
                0
            },
        },
        Dimension {
            name: "languages of a canonical statement",
            size: 25_000,
            prepare: |client, count| {
                let name = list(count, |number| format!(r#""en-x-a{number}":"a""#));
                post(client, &defined(&format!(r#""name":{{{name}}}"#)), 200);
            },
            send: |client, _| {
                for _ in 0..5 {
                    let call = client.get("/statements").query("format", "canonical");
                    call.header("Accept-Language", "fr, de;q=0.5").send().expect(200);
                }
                0
            },
        },
        dimension("parameters", 10, |client, count| {
            // Longer ones are refused before they are read.
            let text = "a".repeat(count * 500);
            for _ in 0..200 {
                let verb = format!("http://example.org/{text}");
                client.get("/statements").query("verb", &verb).send().expect(200);
            }
            count * 500
        }),
    ]
}

/// Measures a dimension, and says what is wrong with it.
fn check(dimension: &Dimension) -> Option<String> {
    let (small, _, _) = cost(dimension, dimension.size);
    let (large, bytes, resident) = cost(dimension, dimension.size * FACTOR as usize);
    let ratio = large.as_secs_f64() / small.as_secs_f64().max(0.01);
    let per_byte = if bytes == 0 { 0 } else { large.as_nanos() / bytes as u128 };
    println!(
        "{:50} {:>6} ms {:>6} ms {ratio:>6.1} {per_byte:>10}  {} MiB",
        dimension.name,
        small.as_millis(),
        large.as_millis(),
        resident >> 10
    );
    (COST_FACTOR_MAX * small + SLACK < large)
        .then(|| format!("{}: {small:?}, then {large:?}", dimension.name))
}

#[test]
fn no_dimension_of_a_request_costs_more_than_its_size() {
    let mut worst: Vec<String> = Vec::new();
    println!("{:50} {:>9} {:>9} {:>6} {:>10}", "dimension", "one", "four", "ratio", "ns/byte");
    for dimension in dimensions() {
        // Once more, since other work of the machine disturbs a measurement at times, and what is
        // quadratic is so each time.
        worst.extend(check(&dimension).and_then(|_| check(&dimension)));
    }
    assert!(worst.is_empty(), "{worst:#?}");
}
