//! State and profile documents.

use hyper::Method;
use serde_json::{Value, json};

use crate::server::{Ask, ID, Server, ask, delete, encode, get, post, put};

const AGENT: &str = r#"{"mbox":"mailto:ada@example.org"}"#;
const ACTIVITY: &str = "https://course.example/1";

/// A place for documents: the path with its parameters, and the parameter that names one.
struct DocumentPlace {
    path: String,
    name: &'static str,
}

fn places() -> [DocumentPlace; 3] {
    let (agent, activity) = (encode(AGENT), encode(ACTIVITY));
    let place = |path: String, name| DocumentPlace { path, name };
    [
        place(format!("/xapi/activities/state?activityId={activity}&agent={agent}"), "stateId"),
        place(format!("/xapi/activities/profile?activityId={activity}"), "profileId"),
        place(format!("/xapi/agents/profile?agent={agent}"), "profileId"),
    ]
}

impl DocumentPlace {
    fn document(&self, name: &str) -> String {
        format!("{}&{}={}", self.path, self.name, encode(name))
    }
}

/// A PUT that asserts there is nothing yet.
fn create(path: &str) -> Ask {
    put(path).header("if-none-match", "*")
}

#[tokio::test]
async fn a_document_is_any_bytes_of_any_type() {
    let server = Server::new().await;
    let bytes: Vec<u8> = (0..=255).collect();
    for place in places() {
        let path = place.document("a b/ü");
        server.expect(get(&path), 404).await;
        server.expect(create(&path).body("image/x-icon; a=b", bytes.clone()), 204).await;
        let answer = server.expect(get(&path), 200).await;
        assert_eq!(answer.body, bytes);
        assert_eq!(answer.header("content-type"), Some("image/x-icon; a=b"));
        assert_eq!(answer.header("etag"), Some("\"4916d6bdb7f78e6803698cab32d1586ea457dfc8\""));
        assert!(answer.header("last-modified").unwrap().ends_with(" GMT"));
        server.expect(delete(&path), 204).await;
        server.expect(get(&path), 404).await;
        server.expect(delete(&path), 204).await;
    }
}

#[tokio::test]
async fn an_empty_document_and_one_of_no_type_are_documents() {
    let server = Server::new().await;
    for place in places() {
        let path = place.document("empty");
        server.expect(create(&path), 204).await;
        let answer = server.expect(get(&path), 200).await;
        assert!(answer.body.is_empty());
        assert_eq!(answer.header("content-type"), Some("application/octet-stream"));
    }
}

#[tokio::test]
async fn post_merges_objects_one_level_deep() {
    let server = Server::new().await;
    for place in places() {
        let path = place.document("merged");
        let first = json!({ "car": { "make": "Ford", "model": "Escape" }, "driver": "Dale" });
        let second = json!({ "car": { "make": "Dodge" }, "series": 1 });
        server.expect(post(&path).json(&first), 204).await;
        server.expect(post(&path).json(&second), 204).await;
        let answer = server.expect(get(&path), 200).await;
        let expected = json!({ "car": { "make": "Dodge" }, "driver": "Dale", "series": 1 });
        assert_eq!(answer.json(), expected);
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
}

#[tokio::test]
async fn post_merges_only_json_objects_and_else_changes_nothing() {
    let server = Server::new().await;
    for place in places() {
        let (object, other) = (place.document("object"), place.document("other"));
        server.expect(post(&object).json(&json!({ "a": 1 })), 204).await;
        server.expect(create(&other).body("text/plain", "/ asdf"), 204).await;
        let refused = [
            post(&object).body("application/octet-stream", "abc"),
            post(&object).body("not/json", r#"{"a":2}"#),
            post(&object).body("application/json", r#"{"a":2}{"#),
            post(&object).json(&json!([1])),
            post(&other).json(&json!({ "a": 2 })),
            // Also where there is nothing yet.
            post(&place.document("none")).body("application/json", r#"{"a":2}["#),
        ];
        for ask in refused {
            let answer = server.expect(ask, 400).await;
            assert_eq!(answer.faults(), [" XAPI-00229"], "{}", answer.text());
        }
        assert_eq!(server.send(get(&object)).await.json(), json!({ "a": 1 }));
        assert_eq!(server.send(get(&other)).await.text(), "/ asdf");
        server.expect(get(&place.document("none")), 404).await;
        // Where there is nothing yet, a document of any type is just stored.
        server.expect(post(&place.document("none")).body("text/plain", "x"), 204).await;
    }
}

#[tokio::test]
async fn preconditions_guard_put_post_and_delete() {
    let server = Server::new().await;
    for version in ["1.0.3", "2.0.0"] {
        for place in places() {
            let path = place.document(version);
            let write = |ask: Ask| ask.version(version).json(&json!({ "n": version }));
            server.expect(write(put(&path)).header("if-none-match", "*"), 204).await;
            server.expect(write(put(&path)).header("if-none-match", "*"), 412).await;
            let etag = server.send(get(&path)).await.header("etag").unwrap().to_owned();
            let wrong = "\"1111111111111111111111111111111111111111\"";
            for ask in [put(&path), post(&path)] {
                server.expect(write(ask).header("if-match", wrong), 412).await;
            }
            server.expect(delete(&path).version(version).header("if-match", wrong), 412).await;
            server.expect(write(put(&path)).header("if-match", &etag), 204).await;
            server.expect(write(post(&path)).header("if-match", &etag), 204).await;
            let list = format!("{wrong}, {etag}");
            server.expect(write(put(&path)).header("if-match", &list), 204).await;
            server.expect(write(put(&path)).header("if-match", "*"), 204).await;
            server.expect(write(put(&path)).header("if-none-match", &etag), 412).await;
            // As a proxy that packs weakens it, and as some clients send it.
            server.expect(write(put(&path)).header("if-match", &format!("W/{etag}")), 204).await;
            server.expect(write(put(&path)).header("if-match", etag.trim_matches('"')), 204).await;
            server.expect(write(put(&path)).header("if-match", "\"broken"), 400).await;
            server.expect(delete(&path).version(version).header("if-match", &etag), 204).await;
            server.expect(write(put(&path)).header("if-match", "*"), 412).await;
        }
    }
}

#[tokio::test]
async fn a_put_without_precondition_depends_on_the_version() {
    let server = Server::new().await;
    let [state, activity, agent] = places();
    // Version, place, answer where nothing is, answer where a document is.
    let table = [
        ("1.0.3", &state, 204, 204),
        ("1.0.3", &activity, 204, 409),
        ("1.0.3", &agent, 204, 409),
        ("2.0.0", &state, 204, 409),
        ("2.0.0", &activity, 204, 409),
        ("2.0.0", &agent, 204, 409),
    ];
    for (version, place, first, second) in table {
        let path = place.document(version);
        let write = |ask: Ask, n: u32| ask.version(version).json(&json!({ "n": n }));
        server.expect(write(put(&path), 1), first).await;
        server.expect(write(post(&path), 2), 204).await;
        let answer = server.expect(write(put(&path), 3), second).await;
        if second == 409 {
            assert!(answer.text().contains("If-Match"), "{}", answer.text());
            assert_eq!(server.send(get(&path)).await.json()["n"], 2, "nothing was changed");
        }
    }
}

#[tokio::test]
async fn get_of_a_known_document_is_not_modified() {
    let server = Server::new().await;
    for place in places() {
        let path = place.document("known");
        server.expect(post(&path).json(&json!({ "a": 1 })), 204).await;
        let etag = server.send(get(&path)).await.header("etag").unwrap().to_owned();
        let answer = server.expect(get(&path).header("if-none-match", &etag), 304).await;
        assert!(answer.body.is_empty());
        assert_eq!(answer.header("etag"), Some(etag.as_str()));
        server.expect(get(&path).header("if-none-match", "\"other\""), 200).await;
    }
}

#[tokio::test]
async fn lists_the_names_of_documents_written_since() {
    let server = Server::new().await;
    for place in places() {
        assert_eq!(server.expect(get(&place.path), 200).await.json(), json!([]));
        server.expect(post(&place.document("a")).json(&json!({})), 204).await;
        let since = encode(&server.clock_text_exact());
        server.expect(post(&place.document("\"b\"")).json(&json!({})), 204).await;
        assert_eq!(server.send(get(&place.path)).await.json(), json!(["\"b\"", "a"]));
        let path = format!("{}&since={since}", place.path);
        assert_eq!(server.send(get(&path)).await.json(), json!(["\"b\""]), "since is exclusive");
        server.expect(get(&format!("{}&since=not+a+timestamp", place.path)), 400).await;
        let path = format!("{}&since={since}", place.document("a"));
        assert_eq!(server.expect(get(&path), 400).await.faults(), ["since XAPI-00151"]);
    }
}

/// The time of a list. HEAD says what GET does.
async fn modified(server: &Server, path: &str) -> String {
    let [get, head] = [server.send(get(path)).await, server.send(ask(Method::HEAD, path)).await];
    assert_eq!((get.status, head.status), (200, 200), "{path}");
    assert_eq!(head.header("etag"), get.header("etag"), "{path}");
    assert_eq!(head.header("last-modified"), get.header("last-modified"), "{path}");
    get.header("last-modified").unwrap().to_owned()
}

#[tokio::test]
async fn the_time_of_a_list_never_goes_back() {
    let server = Server::new().await;
    let mut begun = None;
    for place in places() {
        let created = modified(&server, &place.path).await;
        assert_eq!(*begun.get_or_insert(created.clone()), created, "that of the tenant");
        let mut last = created;
        // What is done, and whether it changes the list.
        let acts = [
            (delete(&place.document("b")), false),
            (create(&place.document("a")), true),
            (create(&place.document("b")), true),
            (delete(&place.document("b")), true),
            (delete(&place.document("b")), false),
            (delete(&place.document("a")), true),
            (create(&place.document("a")), true),
        ];
        for (number, (act, is_change)) in acts.into_iter().enumerate() {
            server.expect(act, 204).await;
            let now = modified(&server, &place.path).await;
            assert_eq!(last != now, is_change, "act {number} on {}: {last} {now}", place.path);
            if is_change {
                let document = server.send(get(&place.document("a"))).await;
                let written = document.header("last-modified");
                assert!(number != 1 || written == Some(now.as_str()), "{written:?} {now}");
            }
            last = now;
        }
    }
}

#[tokio::test]
async fn the_removal_of_all_states_is_the_time_of_their_lists() {
    let server = Server::new().await;
    let [state, profile, _] = places();
    let only = format!("{}&registration={ID}", state.path);
    let created = modified(&server, &state.path).await;
    for path in [state.document("s"), format!("{}&registration={ID}", state.document("t"))] {
        server.expect(create(&path), 204).await;
    }
    server.expect(create(&profile.document("p")), 204).await;
    let written = modified(&server, &state.path).await;
    assert_ne!(written, created);
    assert_eq!(modified(&server, &only).await, written);
    let of_profile = modified(&server, &profile.path).await;
    for path in [&only, &state.path] {
        let before = modified(&server, path).await;
        server.expect(delete(path), 204).await;
        assert_ne!(modified(&server, path).await, before, "{path}");
        assert_eq!(server.send(get(path)).await.json(), json!([]));
    }
    assert_eq!(modified(&server, &profile.path).await, of_profile, "profiles are other lists");
}

#[tokio::test]
async fn registrations_are_places_of_their_own() {
    let server = Server::new().await;
    let [state, _, _] = places();
    let registered = format!("{}&registration={ID}", state.document("s"));
    let write = |path: &str, n: u32| put(path).json(&json!(n));
    server.expect(write(&state.document("s"), 1), 204).await;
    server.expect(write(&registered, 2), 204).await;
    server.expect(write(&format!("{}&registration={ID}", state.document("t")), 3), 204).await;
    assert_eq!(server.send(get(&state.document("s"))).await.json(), 1);
    assert_eq!(server.send(get(&registered)).await.json(), 2);
    let list = |query: &str| get(&format!("{}{query}", state.path));
    let only = format!("&registration={ID}");
    assert_eq!(server.send(list("")).await.json(), json!(["s", "t"]));
    assert_eq!(server.send(list(&only)).await.json(), json!(["s", "t"]));
    server.expect(delete(&format!("{}{only}", state.path)), 204).await;
    assert_eq!(server.send(list("")).await.json(), json!(["s"]));
    server.expect(delete(&state.path), 204).await;
    assert_eq!(server.send(list("")).await.json(), json!([]));
}

#[tokio::test]
async fn refuses_missing_and_malformed_parameters() {
    let server = Server::new().await;
    let (agent, activity) = (encode(AGENT), encode(ACTIVITY));
    let state = "/xapi/activities/state";
    let table: [(Ask, &[&str]); 12] = [
        (put(&format!("{state}?agent={agent}&stateId=s")), &["activityId XAPI-00145"]),
        (post(&format!("{state}?activityId={activity}&stateId=s")), &["agent XAPI-00145"]),
        (put(&format!("{state}?activityId={activity}&agent={agent}")), &["stateId XAPI-00145"]),
        (get(&format!("{state}?activityId=true&agent={agent}")), &["activityId XAPI-00012"]),
        (
            delete(&format!("{state}?activityId={activity}&agent={agent}&registration=true")),
            &["registration XAPI-00012"],
        ),
        (
            delete(&format!(
                "{state}?activityId={activity}&agent={agent}&since=2020-01-01T00:00:00Z"
            )),
            &["since XAPI-00324"],
        ),
        (
            get(&format!("{state}?activityid={activity}&agent={agent}")),
            &["activityId XAPI-00145", "activityid XAPI-00324"],
        ),
        (get("/xapi/agents/profile"), &["agent XAPI-00145"]),
        (delete(&format!("/xapi/agents/profile?agent={agent}")), &["profileId XAPI-00145"]),
        (
            put(&format!("/xapi/activities/profile?activityId={activity}&profileId=")),
            &["profileId XAPI-00012"],
        ),
        (delete("/xapi/activities/profile?profileId=p"), &["activityId XAPI-00145"]),
        (
            get(&format!("/xapi/activities/profile?activityId={activity}&agent={agent}")),
            &["agent XAPI-00324"],
        ),
    ];
    for (ask, expected) in table {
        let answer = server.expect(ask.json(&json!({})), 400).await;
        assert_eq!(answer.faults(), expected, "{}", answer.text());
    }
    for agent in ["true", "not JSON", "{}", r#"{"mbox":"ada"}"#] {
        let path = format!("/xapi/agents/profile?profileId=p&agent={}", encode(agent));
        for ask in [get(&path), put(&path), post(&path), delete(&path)] {
            server.expect(ask.json(&json!({})), 400).await;
        }
    }
}

#[tokio::test]
async fn scopes_decide_what_a_credential_may_do() {
    let server = Server::new().await;
    let [state, activity, _] = places();
    let (state, profile) = (state.document("s"), activity.document("p"));
    let table = [
        (put(&state).scopes("state"), 204),
        (get(&state).scopes("state"), 200),
        (get(&state).scopes("all/read"), 200),
        (post(&state).scopes("all/read"), 403),
        (delete(&state).scopes("all/read"), 403),
        (get(&profile).scopes("state"), 403),
        (create(&profile).scopes("state"), 403),
        (create(&profile).scopes("all"), 204),
        (get(&profile).scopes("statements/write"), 403),
    ];
    for (ask, status) in table {
        server.expect(ask.json(&json!({})), status).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_at_the_same_time_never_lose_an_update() {
    let server = std::sync::Arc::new(Server::new().await);
    let [_, _, agent] = places();
    let path = agent.document("race");
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..24 {
        let (server, path) = (std::sync::Arc::clone(&server), path.clone());
        writers.spawn(async move {
            for round in 0..4 {
                let property = format!("{writer}-{round}");
                server.expect(post(&path).json(&json!({ property: true })), 204).await;
            }
        });
    }
    writers.join_all().await;
    let Value::Object(merged) = server.send(get(&path)).await.json() else { panic!("no object") };
    assert_eq!(merged.len(), 24 * 4);
}
