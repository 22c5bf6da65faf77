//! What requests cost grows no faster than they do: each dimension of each input is made four
//! times as large, and the server may use not much more than four times the processor time.
//!
//! The bounds of the configuration are raised for it, so that what grows is seen beyond them. What
//! an engine does is measured on both; on PostgreSQL, the sessions of the database count too.

mod administration;

use std::fs;
use std::thread;
use std::time::Duration;

use acta_tests::server::Launch;
use acta_tests::{Client, Engine, Server, Store, Version, multipart};

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
    ("ACTA_LIMITS_STATEMENTS_BYTES_MAX", "64MiB"),
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

/// Where most of the work for a request is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    /// Before and behind the engine, in the same way on both.
    Server,
    Engine,
    /// In the engine, with a file for each: what the kernel does for a new file depends on how many
    /// were removed from the disk in the last minutes, so only the time outside it counts.
    Files,
}

/// Something that may be made larger.
struct Dimension {
    name: &'static str,
    work: Work,
    /// How large the smaller request is.
    size: usize,
    /// What is sent before, without being measured.
    prepare: fn(&Client, usize),
    /// What is measured. Returns how many bytes were sent.
    send: fn(&Client, usize) -> usize,
}

/// A server, and the database that it uses.
struct Measured {
    server: Server,
    /// The name of the database, which the titles of its sessions have.
    database: Option<String>,
    work: Work,
}

/// The processor time that a process has used, to the hundredth of a second; none if it has ended.
fn processor_time_of(process: &str, work: Work) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name of the program, in parentheses, may hold blanks.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let last = if work == Work::Files { 11 } else { 12 };
    let ticks = fields.get(11..=last)?.iter().map(|ticks| ticks.parse::<u64>().ok());
    Some(Duration::from_millis(10 * ticks.sum::<Option<u64>>()?))
}

impl Measured {
    fn start(store: &Store, work: Work) -> Self {
        let settings = store.settings();
        let url = settings.first().map(|(_, url)| url.as_str());
        let name = url.and_then(|url| url.split('?').next()?.rsplit('/').next());
        let of_store = settings.iter().map(|(name, value)| (*name, value.as_str()));
        let settings: Vec<(&str, &str)> = SETTINGS.iter().copied().chain(of_store).collect();
        let data = store.data();
        let launch = Launch { settings: &settings, ..Launch::new(&data, Version::V2_0_0) };
        Self { server: launch.start(), database: name.map(str::to_owned), work }
    }

    /// The processor time of the server, and of the sessions of its database on this machine.
    fn processor_time(&self) -> Duration {
        let work = self.work;
        let server = processor_time_of(&self.server.process_id().to_string(), work).unwrap();
        let Some(database) = &self.database else { return server };
        let processes = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
        let names = processes.filter_map(|entry| entry.file_name().into_string().ok());
        let is_session = |process: &String| {
            let title = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
            let title = String::from_utf8_lossy(&title).into_owned();
            title.starts_with("postgres:") && title.split(' ').any(|part| part == database)
        };
        let sessions = names.filter(is_session);
        server + sessions.filter_map(|it| processor_time_of(&it, work)).sum::<Duration>()
    }

    /// The same, once nothing is left to be done.
    fn processor_time_at_rest(&self, rest: Duration) -> Duration {
        let mut last = self.processor_time();
        loop {
            thread::sleep(rest);
            let now = self.processor_time();
            if now <= last + Duration::from_millis(10) {
                return now;
            }
            last = now;
        }
    }
}

/// What a request of this size costs a fresh server, and how long it is.
fn cost(engine: Engine, dimension: &Dimension, size: usize) -> (Duration, usize, u64) {
    let store = Store::new(engine);
    let measured = Measured::start(&store, dimension.work);
    let client = measured.server.client(Version::V2_0_0);
    (dimension.prepare)(&client, size);
    let before = measured.processor_time_at_rest(REST);
    let bytes = (dimension.send)(&client, size);
    let cost = measured.processor_time_at_rest(REST).saturating_sub(before);
    (cost, bytes, resident_kib(&measured.server))
}

fn nothing(_: &Client, _: usize) {}

/// A definition with what `more` says.
fn defined(more: &str) -> String {
    statement(&format!(r#","object":{{"id":"http://example.org/a","definition":{{{more}}}}}"#))
}

/// A definition of one of many activities.
fn defined_at(number: usize, more: &str) -> String {
    let id = format!("http://example.org/{number}");
    statement(&format!(r#","object":{{"id":"{id}","definition":{{{more}}}}}"#))
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
    let dimension =
        |name, size, send| Dimension { name, work: Work::Server, size, prepare: nothing, send };
    let stored =
        |name, size, send| Dimension { name, work: Work::Engine, size, prepare: nothing, send };
    vec![
        stored(MEMBERS, 25_000, |client, count| {
            let members =
                list(count, |number| format!(r#"{{"mbox":"mailto:{number}@example.org"}}"#));
            let actor = format!(r#","actor":{{"objectType":"Group","member":[{members}]}}"#);
            post(client, &statement(&actor), 200)
        }),
        stored("context activities", 25_000, |client, count| {
            let activities =
                list(count, |number| format!(r#"{{"id":"http://example.org/{number}"}}"#));
            let context =
                format!(r#","context":{{"contextActivities":{{"other":[{activities}]}}}}"#);
            post(client, &statement(&context), 200)
        }),
        stored("context agents", 25_000, |client, count| {
            let agents = list(count, |number| {
                format!(
                    r#"{{"objectType":"contextAgent","agent":{{"mbox":"mailto:{number}@example.org"}}}}"#
                )
            });
            post(client, &statement(&format!(r#","context":{{"contextAgents":[{agents}]}}"#)), 200)
        }),
        stored("attachments", 10_000, |client, count| {
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
        stored("statements", 5_000, |client, count| {
            post(client, &format!("[{}]", list(count, |_| statement(""))), 200)
        }),
        stored("definitions of one activity", 3_000, |client, count| {
            let one = |number| {
                defined(&format!(r#""extensions":{{"http://example.org/{number}":{number}}}"#))
            };
            post(client, &format!("[{}]", list(count, one)), 200)
        }),
        Dimension {
            name: "small definitions of one activity with a large one",
            work: Work::Engine,
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
        Dimension {
            name: "small definitions of many activities with large ones",
            work: Work::Engine,
            size: 100,
            prepare: |client, count| {
                let text = "x".repeat(60 << 10);
                for number in 0..count {
                    let name = format!(r#""name":{{"en":"{text}"}}"#);
                    post(client, &defined_at(number, &name), 200);
                }
            },
            send: |client, count| {
                let one = |number| defined_at(number, r#""description":{"en":"short"}"#);
                post(client, &format!("[{}]", list(count, one)), 200)
            },
        },
        stored("definitions of many activities", 3_000, |client, count| {
            let one = |number| {
                statement(&format!(
                    r#","object":{{"id":"http://example.org/{number}","definition":{{}}}}"#
                ))
            };
            post(client, &format!("[{}]", list(count, one)), 200)
        }),
        stored("names of one person", 3_000, |client, count| {
            let one = |number| {
                let actor = format!(r#"{{"mbox":"mailto:ada@example.org","name":"{number}"}}"#);
                statement(&format!(r#","actor":{actor}"#))
            };
            post(client, &format!("[{}]", list(count, one)), 200)
        }),
        stored("a chain of references", 2_000, |client, count| {
            post(client, &format!("[{}]", list(count, |number| reference(number + 1, number))), 200)
        }),
        stored("references to one statement", 3_000, |client, count| {
            post(client, &format!("[{}]", list(count, |number| reference(number + 1, 0))), 200)
        }),
        Dimension {
            name: "terms of a statement that many refer to",
            work: Work::Engine,
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
        Dimension {
            name: "parts",
            work: Work::Files,
            size: 1_000,
            prepare: nothing,
            send: |client, count| {
                let body = with_attachments((0..count).map(|number| number.to_string()));
                let len = body.len();
                let call = client.post("/statements").body(&multipart::content_type(), body);
                call.send().expect(200);
                len
            },
        },
        dimension("statements with one signature", 1_000, |client, count| {
            let (signed, signature) = signed(10_000);
            let text = signed.to_string();
            let statements = format!("[{}]", list(count, |_| text.clone()));
            let body = with_signature(&statements, &signature);
            let len = body.len();
            client.post("/statements").body(&multipart::content_type(), body).send().expect(200);
            len
        }),
        stored("properties of a document", 100_000, |client, count| {
            state(client, "PUT", "a", &object(count))
        }),
        Dimension {
            name: "properties that are merged",
            work: Work::Engine,
            size: 50_000,
            prepare: |client, count| {
                state(client, "PUT", "a", &object(count));
            },
            send: |client, count| state(client, "POST", "a", &object(count)),
        },
        Dimension {
            name: "the ids of documents",
            work: Work::Engine,
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
            work: Work::Server,
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
fn check(engine: Engine, dimension: &Dimension) -> Option<String> {
    let (small, _, _) = cost(engine, dimension, dimension.size);
    let (large, bytes, resident) = cost(engine, dimension, dimension.size * FACTOR as usize);
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

fn check_all(engine: Engine, is_wanted: fn(&Dimension) -> bool) {
    let mut worst: Vec<String> = Vec::new();
    println!("{:50} {:>9} {:>9} {:>6} {:>10}", "dimension", "one", "four", "ratio", "ns/byte");
    for dimension in dimensions().iter().filter(|dimension| is_wanted(dimension)) {
        // Once more, since other work of the machine disturbs a measurement at times, and what is
        // quadratic is so each time.
        worst.extend(check(engine, dimension).and_then(|_| check(engine, dimension)));
    }
    assert!(worst.is_empty(), "{worst:#?}");
}

#[test]
fn no_dimension_of_a_request_costs_more_than_its_size() {
    check_all(Engine::Embedded, |_| true);
}

#[test]
fn no_dimension_of_a_request_costs_more_than_its_size_on_postgres() {
    check_all(Engine::Postgres, |dimension| dimension.work != Work::Server);
}
