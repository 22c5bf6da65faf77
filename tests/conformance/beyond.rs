//! What the official suite does not see: bytes, order, atomicity, and what holds while
//! many write at once.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::thread;
use std::time::Duration;

use acta_ambient::{Clock, SystemClock, Timestamp};
use acta_tests::server::{KEY, SECRET, basic};
use acta_tests::{Client, Server, Store, Version, make};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::{both, engine, shared};

const CONSISTENT_THROUGH: &str = "X-Experience-API-Consistent-Through";

#[test]
fn keeps_the_bytes_of_every_property() {
    both(|client| {
        let id = make::id();
        let result =
            r#"{ "score":{"raw":1.50,"min":-0.0,"max":1E2,"scaled":0.10},"success" :true}"#;
        let display = r#"{"zz":"z","aa":"a\u00e9\/\ud83d\ude00"}"#;
        let verb = format!(r#"{{"display":{display},"id":"https:\/\/example.org\/v"}}"#);
        let extension = "{\"b\":10000000000000000000001,\n\t\"a\":[ 1.0e-7 , null ]}";
        let context = format!(r#"{{"extensions":{{"https://example.org/x":{extension}}}}}"#);
        let definition = r#"{"type":"https://example.org/t"}"#;
        let object = format!(r#"{{"definition":{definition},"id":"https://example.org/a"}}"#);
        let properties = [
            ("result", result),
            ("verb", &verb),
            ("actor", r#"{"mbox":"mailto:order@example.org","name":"é","objectType":"Agent"}"#),
            ("context", &context),
            ("object", &object),
            ("timestamp", r#""2024-02-29T12:34:56.7890Z""#),
        ];
        let written = properties.map(|(name, text)| format!("\"{name}\" : {text}"));
        let text = format!("{{ \"id\":\"{id}\" , {} }}", written.join(" ,\r\n"));
        client.post("/statements").json_text(&text).send().expect(200);
        let answer = client.get("/statements").query("statementId", &id).send().expect(200);
        let kept: HashMap<String, Box<RawValue>> =
            serde_json::from_slice(&answer.body).expect("an object");
        for (name, sent) in properties {
            assert_eq!(kept[name].get(), sent, "{name}");
        }
        let mut places = Vec::new();
        for (name, _) in properties {
            places.push(answer.text().find(&format!("\"{name}\"")).expect("it is there"));
        }
        assert!(places.is_sorted(), "the sender's order: {}", answer.text());
    });
}

#[test]
fn says_every_fault_of_a_batch_at_once() {
    both(|client| {
        let (mut one, mut three) = (make::statement(), make::statement());
        one["verb"]["id"] = json!("no iri");
        one["actor"]["name"] = json!(7);
        three["object"]["id"] = json!("no iri");
        let batch = json!([one, make::statement(), three]);
        let answer = client.post("/statements").json(&batch).send().expect(400);
        for place in ["/0/verb/id", "/0/actor/name", "/2/object/id"] {
            assert!(answer.text().contains(place), "{place} in {}", answer.text());
        }
        assert!(!answer.text().contains("\"/1"), "nothing is wrong with the second");
    });
}

/// `stored` with its fraction written to nine digits and moved by `nanos`.
fn moved(stored: &str, nanos: i64) -> Option<String> {
    let (seconds, fraction) = stored.trim_end_matches('Z').split_once('.')?;
    let fraction: i64 = format!("{fraction:0<9}").parse().ok()?;
    let moved = fraction.checked_add(nanos).filter(|nanos| (0..1_000_000_000).contains(nanos))?;
    Some(format!("{seconds}.{moved:09}Z"))
}

#[test]
fn compares_since_and_until_in_full_precision() {
    both(|client| {
        let statement = make::statement();
        let id = client.store(&statement).remove(0);
        let agent = statement["actor"].to_string();
        let stored = client.fetch(&id)["stored"].as_str().expect("a string").to_owned();
        for (name, nanos, is_found) in [
            ("since", -1, true),
            ("since", 0, false),
            ("since", 1, false),
            ("until", -1, false),
            ("until", 0, true),
            ("until", 1, true),
        ] {
            // Once in a million times there is nothing to borrow from.
            let Some(bound) = moved(&stored, nanos) else { continue };
            let found = client.find(&[("agent", &agent), (name, &bound)]);
            assert_eq!(found.len(), usize::from(is_found), "{name} {bound}, stored {stored}");
        }
    });
}

#[test]
fn keeps_the_order_of_a_batch() {
    both(|client| {
        let agent = make::agent();
        let batch: Vec<Value> = (0..30).map(|_| make::statement_of(&agent)).collect();
        let ids = client.store(&json!(batch));
        let times: Vec<Value> = ids.iter().map(|id| client.fetch(id)["stored"].clone()).collect();
        assert!(times.iter().map(Value::as_str).is_sorted(), "{times:?}");
        let mut reversed = ids.clone();
        reversed.reverse();
        assert_eq!(client.find(&[("agent", &agent.to_string())]), reversed);
    });
}

#[test]
fn keeps_pages_stable_while_statements_arrive() {
    both(|client| {
        for ascending in ["false", "true"] {
            let agent = make::agent();
            let store = || client.store(&make::statement_of(&agent)).remove(0);
            let mut expected: Vec<String> = (0..9).map(|_| store()).collect();
            let asked = agent.to_string();
            let query = [("agent", asked.as_str()), ("limit", "2"), ("ascending", ascending)];
            let mut page = client.get("/statements").queries(&query).send().expect(200).json();
            let mut seen = Vec::new();
            loop {
                for statement in page["statements"].as_array().expect("an array") {
                    seen.push(statement["id"].as_str().expect("a string").to_owned());
                }
                let more = page["more"].as_str().expect("a string").to_owned();
                if more.is_empty() || seen.len() > 20 {
                    break;
                }
                if seen.len() < 9 {
                    store();
                }
                page = client.call_outside("GET", &more).send().expect(200).json();
            }
            if ascending == "false" {
                expected.reverse();
            } else {
                // What arrives later comes last, if it comes.
                seen.truncate(9);
            }
            assert_eq!(seen, expected, "ascending={ascending}");
        }
    });
}

#[test]
fn keeps_the_query_in_more_links() {
    both(|client| {
        let agent = make::agent();
        let mut statements = Vec::new();
        for _ in 0..4 {
            let mut statement = make::rich_statement();
            statement["context"]["instructor"] = agent.clone();
            statements.push(statement);
            statements.push(make::statement());
        }
        client.store(&json!(statements));
        let asked = agent.to_string();
        let query = [
            ("agent", asked.as_str()),
            ("related_agents", "true"),
            ("limit", "1"),
            ("format", "ids"),
        ];
        let mut page = client.get("/statements").queries(&query).send().expect(200).json();
        for rest in (0..4).rev() {
            assert_eq!(page["statements"].as_array().map(Vec::len), Some(1));
            assert!(page["statements"][0]["verb"].get("display").is_none(), "format=ids holds");
            let more = page["more"].as_str().expect("a string").to_owned();
            assert_eq!(more.is_empty(), rest == 0);
            if rest > 0 {
                let anonymous = client.call_outside("GET", &more).without("Authorization");
                anonymous.send().expect(401);
                page = client.call_outside("GET", &more).send().expect(200).json();
            }
        }
    });
}

#[test]
fn shows_a_batch_whole_or_not_at_all() {
    const BATCH: usize = 40;
    both(|client| {
        let agents: Vec<Value> = (0..12).map(|_| make::agent()).collect();
        thread::scope(|scope| {
            let writer = scope.spawn(|| {
                for agent in &agents {
                    let batch: Vec<Value> = (0..BATCH).map(|_| make::statement_of(agent)).collect();
                    client.store(&json!(batch));
                }
            });
            while !writer.is_finished() {
                for agent in &agents {
                    let found = client.find(&[("agent", &agent.to_string())]).len();
                    assert!([0, BATCH].contains(&found), "{found} of a batch of {BATCH}");
                }
            }
        });
    });
}

#[test]
fn polling_from_the_last_stored_returns_each_statement_once() {
    const WRITERS: usize = 3;
    const BATCHES: usize = 8;
    both(|client| {
        let agent = make::agent();
        let asked = agent.to_string();
        let mut since = String::new();
        let (mut read, mut written) = (Vec::new(), Vec::new());
        let mut poll = |read: &mut Vec<String>| {
            let query = [("agent", asked.as_str()), ("ascending", "true"), ("limit", "2")];
            let mut call = client.get("/statements").queries(&query);
            if !since.is_empty() {
                call = call.query("since", &since);
            }
            let mut page = call.send().expect(200).json();
            loop {
                for statement in page["statements"].as_array().expect("an array") {
                    read.push(statement["id"].as_str().expect("an id").to_owned());
                    statement["stored"].as_str().expect("a time").clone_into(&mut since);
                }
                let more = page["more"].as_str().expect("a string").to_owned();
                if more.is_empty() {
                    return;
                }
                page = client.call_outside("GET", &more).send().expect(200).json();
            }
        };
        thread::scope(|scope| {
            let write = || {
                let batch = || json!([make::statement_of(&agent), make::statement_of(&agent)]);
                (0..BATCHES).flat_map(|_| client.store(&batch())).collect::<Vec<String>>()
            };
            let writers: Vec<_> = (0..WRITERS).map(|_| scope.spawn(write)).collect();
            while writers.iter().any(|writer| !writer.is_finished()) {
                poll(&mut read);
            }
            written.extend(writers.into_iter().flat_map(|writer| writer.join().expect("it wrote")));
        });
        poll(&mut read);
        assert_eq!(read.len(), 2 * WRITERS * BATCHES, "none twice: {read:?}");
        let sets = [read, written].map(BTreeSet::from_iter);
        assert_eq!(sets[0], sets[1], "and none missed");
    });
}

#[test]
fn keeps_old_iris_of_imported_history_and_finds_by_them() {
    let store = Store::new(engine());
    let place = |name: &str| format!("https://example.org/{name}");
    let agent = json!({"account": {"homePage": place("lms one"), "name": "ada"}});
    let statement = json!({
        "id": make::id(), "version": "1.0.0",
        "actor": agent,
        "verb": {"id": place("did|it")},
        "object": {"id": place("a[1]"), "definition": {"name": {"en": "One"}, "type": place("t y")}},
        "context": {
            "contextActivities": {"grouping": [{"id": place("a b")}]},
            "extensions": {place("x|y"): 1},
        },
        "timestamp": "2020-01-01T00:00:00Z",
    });
    let id = statement["id"].as_str().expect("an id").to_owned();
    let plain = json!({"id": make::id(), "actor": make::agent(), "verb": {"id": make::verb_id()},
        "object": {"objectType": "StatementRef", "id": id}});
    let folder = tempfile::TempDir::new().expect("a folder");
    let file = folder.path().join("history.jsonl");
    std::fs::write(&file, format!("{statement}\n{plain}\n")).expect("a file can be written");
    let file = file.to_str().expect("text").to_owned();
    // An import creates no store.
    drop(Server::start_on(&store, Version::V1_0_3));
    let imported = store.administer(&["import", "--keep-old-iris", &file]);
    assert_eq!((&imported["stored"], &imported["old_iris"]), (&json!(2), &json!(1)));
    for version in Version::EVERY {
        // Nothing of the import is in the memory of this server.
        let server = Server::start_on(&store, version);
        let client = server.client(version);
        let found = client.fetch(&id);
        for name in ["actor", "verb", "object", "context"] {
            assert_eq!(found[name], statement[name], "{name}");
        }
        assert_eq!(found["authority"]["account"]["name"], "import-old-iris");
        let other = client.fetch(plain["id"].as_str().expect("an id"));
        assert_eq!(other["authority"]["account"]["name"], "import");
        let both = BTreeSet::from([id.clone(), plain["id"].as_str().expect("an id").to_owned()]);
        let (verb, activity, grouping) = (place("did|it"), place("a[1]"), place("a b"));
        let asked = agent.to_string();
        let queries: [&[(&str, &str)]; 4] = [
            &[("verb", &verb)],
            &[("activity", &activity)],
            &[("activity", &grouping), ("related_activities", "true")],
            &[("agent", &asked)],
        ];
        for query in queries {
            assert_eq!(BTreeSet::from_iter(client.find(query)), both, "{query:?}");
        }
        for format in ["canonical", "ids"] {
            let call = client.get("/statements").query("statementId", &id);
            let shown = call.query("format", format).send().expect(200).json();
            assert_eq!(shown["object"]["id"], activity.as_str(), "{format}");
        }
        client.get("/activities").query("activityId", &activity).send().expect(200);
        client.get("/agents").query("agent", &asked).send().expect(200);
        // What is new is held to the rules.
        let mut new = statement.clone();
        new["id"] = json!(make::id());
        let refused = client.post("/statements").json(&new).send().expect(400);
        assert!(refused.text().contains("/object/id"), "{}", refused.text());
        let state = client.get("/activities/state").query("activityId", &activity);
        state.query("agent", &make::agent().to_string()).send().expect(400);
    }
}

/// One answer to a query: its consistent-through and its statements.
struct QueryObservation {
    through: String,
    ids: BTreeSet<String>,
}

#[test]
fn consistent_through_never_covers_a_statement_that_cannot_be_read() {
    let client = shared().client(Version::V2_0_0);
    let agent = make::agent();
    let asked = agent.to_string();
    let seen = thread::scope(|scope| {
        let writers: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let client = shared().client(Version::V2_0_0);
                    for _ in 0..60 {
                        client.store(&make::statement_of(&agent));
                    }
                })
            })
            .collect();
        let mut seen = Vec::new();
        while writers.iter().any(|writer| !writer.is_finished()) {
            let call = client.get("/statements").query("agent", &asked);
            let answer = call.send().expect(200);
            let result = answer.json();
            let statements = result["statements"].as_array().expect("an array");
            let ids = statements.iter().map(|s| s["id"].as_str().unwrap_or("").to_owned());
            let through = answer.must_header(CONSISTENT_THROUGH).to_owned();
            if result["more"] == "" {
                seen.push(QueryObservation { ids: ids.collect(), through });
            }
        }
        seen
    });
    let all = client.get("/statements").query("agent", &asked).query("limit", "1000");
    let all = all.send().expect(200).json();
    let all = all["statements"].as_array().expect("an array");
    assert_eq!(all.len(), 180);
    assert!(seen.is_sorted_by(|a, b| a.through <= b.through), "it never moves backwards");
    for QueryObservation { through, ids } in &seen {
        for statement in all {
            let stored = statement["stored"].as_str().expect("a string");
            let id = statement["id"].as_str().expect("a string");
            let is_covered = stored.trim_end_matches('Z') < through.trim_end_matches('Z');
            assert!(!is_covered || ids.contains(id), "{id}, stored {stored}, before {through}");
        }
    }
}

#[test]
fn consistent_through_is_recent_when_nothing_happens() {
    let now = SystemClock::new().now().unix_micros();
    let earlier = Timestamp::from_unix_micros(now - 5_000_000).to_string();
    let call = shared().client(Version::V2_0_0);
    let answer = call.get("/statements").query("verb", &make::verb_id()).send().expect(200);
    let through = answer.must_header(CONSISTENT_THROUGH).to_owned();
    let later = SystemClock::new().now().to_string();
    assert!(earlier < through && through <= later, "{earlier} < {through} <= {later}");
}

#[test]
fn lets_one_of_many_writers_win_an_id() {
    both(|client| {
        for is_equal in [true, false] {
            let (id, statement) = make::statement_with_id();
            let statuses: Vec<u16> = thread::scope(|scope| {
                let writers: Vec<_> = (0..6)
                    .map(|_| {
                        let mut sent = statement.clone();
                        if !is_equal {
                            sent["object"]["id"] = json!(make::activity_id());
                        }
                        scope.spawn(move || client.post("/statements").json(&sent).send().status)
                    })
                    .collect();
                writers.into_iter().map(|writer| writer.join().expect("an answer")).collect()
            });
            let stored = statuses.iter().filter(|status| **status == 200).count();
            assert_eq!(stored, if is_equal { 6 } else { 1 }, "{statuses:?}");
            assert!(statuses.iter().all(|status| [200, 409].contains(status)), "{statuses:?}");
            assert_eq!(client.find(&[("agent", &statement["actor"].to_string())]), [id]);
        }
    });
}

/// The query of a document that nobody else uses.
fn profile() -> [(&'static str, String); 2] {
    [("activityId", make::activity_id()), ("profileId", "contended".to_owned())]
}

fn race(client: &Client, count: usize, send: impl Fn(&Client, usize) -> u16 + Sync) -> Vec<u16> {
    thread::scope(|scope| {
        let send = &send;
        let writers: Vec<_> =
            (0..count).map(|index| scope.spawn(move || send(client, index))).collect();
        writers.into_iter().map(|writer| writer.join().expect("an answer")).collect()
    })
}

#[test]
fn loses_no_update_of_concurrent_merges() {
    both(|client| {
        let query = profile();
        let query = [(query[0].0, query[0].1.as_str()), (query[1].0, query[1].1.as_str())];
        let statuses = race(client, 8, |client, index| {
            let body = json!({format!("key {index}"): index});
            client.post("/activities/profile").queries(&query).json(&body).send().status
        });
        assert_eq!(statuses, [204; 8]);
        let merged = client.get("/activities/profile").queries(&query).send().expect(200).json();
        assert_eq!(merged.as_object().map(serde_json::Map::len), Some(8), "{merged}");
    });
}

#[test]
fn lets_one_of_many_conditional_writers_win() {
    both(|client| {
        let query = profile();
        let query = [(query[0].0, query[0].1.as_str()), (query[1].0, query[1].1.as_str())];
        let put = |client: &Client, index: usize, name: &str, value: &str| {
            let call = client.put("/activities/profile").queries(&query);
            call.json(&json!({"by": index})).header(name, value).send().status
        };
        let statuses = race(client, 6, |client, index| put(client, index, "If-None-Match", "*"));
        assert_eq!(statuses.iter().filter(|status| **status == 204).count(), 1, "{statuses:?}");
        let answer = client.get("/activities/profile").queries(&query).send().expect(200);
        let etag = answer.must_header("etag").to_owned();
        let statuses = race(client, 6, |client, index| put(client, 10 + index, "If-Match", &etag));
        assert_eq!(statuses.iter().filter(|status| **status == 204).count(), 1, "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 412).count(), 5, "{statuses:?}");
    });
}

#[test]
fn refuses_what_is_nested_without_end() {
    both(|client| {
        let depth = 200_000;
        let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        client.post("/statements").json_text(&deep).send().expect(400);
        let mut text = make::statement().to_string();
        text.pop();
        let text = format!(r#"{text},"context":{{"extensions":{{"a:b":{deep}}}}}}}"#);
        client.post("/statements").json_text(&text).send().expect(400);
        client.store(&make::statement());
    });
}

#[test]
fn sees_one_id_whatever_its_case() {
    both(|client| {
        let (id, mut statement) = make::statement_with_id();
        statement["id"] = json!(id.to_uppercase());
        client.store(&statement);
        statement["id"] = json!(id);
        client.store(&statement);
        assert_eq!(client.find(&[("agent", &statement["actor"].to_string())]).len(), 1);
        let voiding = client.store(&make::voiding(&id.to_uppercase())).remove(0);
        client.get("/statements").query("statementId", &id).send().expect(404);
        client.get("/statements").query("statementId", &voiding).send().expect(200);
    });
}

#[test]
fn compares_iris_letter_by_letter() {
    both(|client| {
        let slug = make::id();
        let stored = format!("http://example.org/Path/../{slug}");
        let mut statement = make::statement();
        statement["object"]["id"] = json!(stored);
        let id = client.store(&statement).remove(0);
        assert_eq!(client.fetch(&id)["object"]["id"], json!(stored));
        assert_eq!(client.find(&[("activity", &stored)]), [id]);
        for other in [
            format!("http://example.org/path/../{slug}"),
            format!("http://example.org/Path/../{slug}/"),
            format!("http://example.org/Path/../{slug}#"),
        ] {
            assert_eq!(client.find(&[("activity", &other)]), [""; 0], "{other}");
        }
    });
}

#[test]
fn tells_agents_apart_by_every_part_of_their_identifier() {
    both(|client| {
        let name = make::id();
        let account = |home: &str, name: &str| json!({"account": {"homePage": home, "name": name}});
        let mine = account("https://example.org", &name);
        let id = client.store(&make::statement_of(&mine)).remove(0);
        assert_eq!(client.find(&[("agent", &mine.to_string())]), [id]);
        for other in [
            account("https://example.org/", &name),
            account("https://example.com", &name),
            account("https://example.org", &name.to_uppercase()),
            account("https://example.org", ""),
            json!({"openid": format!("https://example.org/{name}")}),
        ] {
            let found = client.find(&[("agent", &other.to_string()), ("related_agents", "true")]);
            assert_eq!(found, [""; 0], "{other}");
        }
    });
}

#[test]
fn takes_large_statements_and_documents() {
    const LARGE: usize = 3 << 20;
    both(|client| {
        let mut statement = make::statement();
        let extensions = json!({"https://example.org/large": "é".repeat(LARGE / 2)});
        statement["result"] = json!({"extensions": extensions});
        let id = client.store(&statement).remove(0);
        assert_eq!(client.fetch(&id)["result"], statement["result"]);
        let query = profile();
        let query = [(query[0].0, query[0].1.as_str()), (query[1].0, query[1].1.as_str())];
        let bytes: Vec<u8> = (0..=255).cycle().take(LARGE).collect();
        let put = client.put("/activities/profile").queries(&query).header("If-None-Match", "*");
        put.body("application/octet-stream", bytes.clone()).send().expect(204);
        let answer = client.get("/activities/profile").queries(&query).send().expect(200);
        assert!(answer.body == bytes, "{} bytes came back", answer.body.len());
    });
}

#[test]
fn takes_a_large_batch_whole() {
    const LARGE: usize = 2_000;
    both(|client| {
        let agent = make::agent();
        let batch: Vec<Value> = (0..LARGE).map(|_| make::statement_of(&agent)).collect();
        let mut ids = client.store(&json!(batch));
        assert_eq!(ids.len(), LARGE);
        ids.reverse();
        assert_eq!(client.find(&[("agent", &agent.to_string())]), ids);
    });
}

#[test]
fn gives_etags_that_hold_for_readers_of_compressed_answers() {
    both(|client| {
        let query = profile();
        let query = [(query[0].0, query[0].1.as_str()), (query[1].0, query[1].1.as_str())];
        let call = |method: &str| client.call(method, "/activities/profile").queries(&query);
        let document = json!({"long": "x".repeat(10_000)});
        call("PUT").header("If-None-Match", "*").json(&document).send().expect(204);
        let answer = call("GET").header("Accept-Encoding", "gzip").send().expect(200);
        let etag = answer.must_header("etag").to_owned();
        let call_again = call("GET").header("Accept-Encoding", "gzip");
        call_again.header("If-None-Match", &etag).send().expect(304);
        call("PUT").header("If-Match", &etag).json(&json!({})).send().expect(204);
    });
}

#[test]
fn finds_nothing_between_bounds_that_exclude_each_other() {
    both(|client| {
        client.store(&make::statement());
        let bounds = [("since", "2030-01-01T00:00:00Z"), ("until", "2001-01-01T00:00:00Z")];
        assert_eq!(client.find(&bounds), [""; 0]);
    });
}

#[test]
fn reads_reserved_characters_in_parameters() {
    both(|client| {
        let mbox = format!("mailto:a+b.{}@example.org", make::id());
        let id = client.store(&make::statement_of(&json!({"mbox": mbox}))).remove(0);
        assert_eq!(client.find(&[("agent", &json!({"mbox": mbox}).to_string())]), [id]);
        let mut statement = make::statement();
        let activity = format!("https://example.org/?a=1&b=%20;ü+{}", make::id());
        statement["object"]["id"] = json!(activity);
        let id = client.store(&statement).remove(0);
        assert_eq!(client.find(&[("activity", &activity)]), [id]);
    });
}

/// The start of a POST of statements, up to the headers with the length.
fn post_head(more: &str) -> String {
    format!(
        "POST /xapi/statements HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
         X-Experience-API-Version: 2.0.0\r\nAuthorization: {}\r\n\
         Content-Type: application/json\r\n{more}\r\n",
        basic(KEY, SECRET)
    )
}

#[test]
fn reads_a_body_that_comes_in_chunks() {
    let (id, statement) = make::statement_with_id();
    let body = statement.to_string();
    let mut request = post_head("Transfer-Encoding: chunked\r\n");
    for chunk in body.as_bytes().chunks(7) {
        let text = String::from_utf8_lossy(chunk);
        let _ = write!(request, "{:x}\r\n{text}\r\n", chunk.len());
    }
    request.push_str("0\r\n\r\n");
    shared().send_raw(request.as_bytes()).expect(200);
    shared().client(Version::V2_0_0).fetch(&id);
}

#[test]
fn stores_nothing_of_a_body_that_breaks_off() {
    let (id, statement) = make::statement_with_id();
    let body = statement.to_string();
    let head = post_head(&format!("Content-Length: {}\r\n", body.len() + 1));
    {
        use std::io::Write;
        let stream = std::net::TcpStream::connect(shared().address());
        let mut stream = stream.expect("the server accepts connections");
        stream.write_all((head + &body).as_bytes()).expect("the server reads");
        thread::sleep(Duration::from_millis(20));
    }
    let call = shared().client(Version::V2_0_0);
    call.get("/statements").query("statementId", &id).send().expect(404);
}

#[test]
fn stops_on_sigterm_after_what_is_under_way_and_keeps_everything() {
    use std::io::{Read, Write};
    let store = Store::new(engine());
    let mut server = Server::start_on(&store, Version::V2_0_0);
    let client = server.client(Version::V2_0_0);
    let first = client.store(&make::rich_statement()).remove(0);
    let query = profile();
    let query = [(query[0].0, query[0].1.as_str()), (query[1].0, query[1].1.as_str())];
    let put = client.put("/activities/profile").queries(&query).header("If-None-Match", "*");
    put.body("text/plain", "kept").send().expect(204);

    let (second, statement) = make::statement_with_id();
    let body = statement.to_string();
    let (start, end) = body.as_bytes().split_at(body.len() / 2);
    let head = post_head(&format!("Content-Length: {}\r\n", body.len()));
    let stream = std::net::TcpStream::connect(server.address());
    let mut stream = stream.expect("the server accepts connections");
    stream.write_all(&[head.as_bytes(), start].concat()).expect("the server reads");
    thread::sleep(Duration::from_millis(50));
    server.ask_to_stop();
    thread::sleep(Duration::from_millis(50));
    stream.write_all(end).expect("the server reads on");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("the server answers");
    acta_tests::Response::parse(&answer).expect(200);
    let status = server.wait(Duration::from_secs(10)).expect("the server stops");
    assert!(status.success(), "{status}");

    let server = Server::start_on(&store, Version::V2_0_0);
    let client = server.client(Version::V2_0_0);
    for id in [first, second] {
        client.fetch(&id);
    }
    let answer = client.get("/activities/profile").queries(&query).send().expect(200);
    assert_eq!(answer.text(), "kept");
}
