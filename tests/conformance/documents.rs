//! State and profile documents: the same rules on three resources.

use std::time::Duration;

use acta_tests::{Call, Client, Server, Store, Version, make};
use serde_json::{Value, json};
use sha1::{Digest, Sha1};

use crate::{both, engine, shared};

/// One of the three resources, with parameters that nobody else uses.
struct Resource {
    path: &'static str,
    id_name: &'static str,
    context: Vec<(&'static str, String)>,
}

impl Resource {
    fn state() -> Self {
        let context =
            vec![("activityId", make::activity_id()), ("agent", make::agent().to_string())];
        Self { path: "/activities/state", id_name: "stateId", context }
    }

    fn registered_state() -> Self {
        let mut state = Self::state();
        state.context.push(("registration", make::id()));
        state
    }

    fn agent_profile() -> Self {
        let context = vec![("agent", make::agent().to_string())];
        Self { path: "/agents/profile", id_name: "profileId", context }
    }

    fn activity_profile() -> Self {
        let context = vec![("activityId", make::activity_id())];
        Self { path: "/activities/profile", id_name: "profileId", context }
    }

    fn every() -> [Self; 4] {
        [Self::state(), Self::registered_state(), Self::agent_profile(), Self::activity_profile()]
    }

    /// A request for the whole context.
    fn call<'a>(&self, client: &'a Client, method: &str) -> Call<'a> {
        let context = self.context.iter().map(|(name, value)| (*name, value.as_str()));
        client.call(method, self.path).queries(&context.collect::<Vec<_>>())
    }

    /// A request for one document.
    fn one<'a>(&self, client: &'a Client, method: &str, id: &str) -> Call<'a> {
        self.call(client, method).query(self.id_name, id)
    }

    /// A PUT that makes a document: with the precondition that 1.0.3 asks of clients on profiles.
    fn make<'a>(&self, client: &'a Client, id: &str) -> Call<'a> {
        self.one(client, "PUT", id).header("If-None-Match", "*")
    }

    /// The ids that a GET of the whole context lists, sorted.
    #[track_caller]
    fn ids(&self, client: &Client, query: &[(&str, &str)]) -> Vec<String> {
        let ids = self.call(client, "GET").queries(query).send().expect(200).json();
        let ids = ids.as_array().expect("an array of ids").iter();
        let mut ids: Vec<String> =
            ids.map(|id| id.as_str().expect("an id is a string").to_owned()).collect();
        ids.sort();
        ids
    }

    fn is_state(&self) -> bool {
        self.id_name == "stateId"
    }
}

/// Runs a test on each resource as a client of each version.
#[track_caller]
fn on_every_resource(test: impl Fn(&Client, &Resource)) {
    both(|client| {
        for resource in Resource::every() {
            println!("on {} {:?}", resource.path, resource.context);
            test(client, &resource);
        }
    });
}

fn etag_of(bytes: &[u8]) -> String {
    format!("\"{}\"", hex::encode(Sha1::digest(bytes)))
}

#[test]
fn puts_a_document_and_gives_back_its_bytes_and_type() {
    let bodies: [(&str, Vec<u8>); 6] = [
        ("application/json", br#"{"b": 1.50,  "a": [null, "\u00e9"]}"#.to_vec()),
        ("text/plain; charset=utf-8", "zwölf".into()),
        ("application/octet-stream", (0..=255).collect()),
        ("image/png", vec![0x89, b'P', b'N', b'G', 0, 255]),
        ("application/x-www-form-urlencoded", b"a=b&c=d".to_vec()),
        ("text/plain", Vec::new()),
    ];
    on_every_resource(|client, resource| {
        for (index, (content_type, bytes)) in bodies.iter().enumerate() {
            let id = format!("document {index}/ü&?=");
            let put = resource.make(client, &id).body(content_type, bytes.clone());
            assert!(put.send().expect(204).body.is_empty());
            let answer = resource.one(client, "GET", &id).send().expect(200);
            assert_eq!(&answer.body, bytes);
            assert_eq!(answer.must_header("content-type"), *content_type);
        }
    });
}

#[test]
fn posts_a_new_document_as_it_is() {
    on_every_resource(|client, resource| {
        let body = b"not JSON".to_vec();
        let post = resource.one(client, "POST", "new").body("text/plain", body.clone());
        assert!(post.send().expect(204).body.is_empty());
        assert_eq!(resource.one(client, "GET", "new").send().expect(200).body, body);
    });
}

#[test]
fn deletes_a_document() {
    on_every_resource(|client, resource| {
        for id in ["one", "two"] {
            resource.make(client, id).json(&json!({"id": id})).send().expect(204);
        }
        assert!(resource.one(client, "DELETE", "one").send().expect(204).body.is_empty());
        resource.one(client, "GET", "one").send().expect(404);
        resource.one(client, "GET", "two").send().expect(200);
        resource.one(client, "DELETE", "one").send().expect(204);
        assert_eq!(resource.ids(client, &[]), ["two"]);
    });
}

#[test]
fn lists_the_ids_of_documents() {
    on_every_resource(|client, resource| {
        assert_eq!(resource.ids(client, &[]), [""; 0]);
        for id in ["b", "a", "ü/?&"] {
            resource.make(client, id).json(&json!({})).send().expect(204);
        }
        assert_eq!(resource.ids(client, &[]), ["a", "b", "ü/?&"]);
    });
}

#[test]
fn lists_only_what_was_changed_since() {
    on_every_resource(|client, resource| {
        resource.make(client, "old").json(&json!({"n": 1})).send().expect(204);
        resource.make(client, "changed").json(&json!({"n": 1})).send().expect(204);
        let late = "2099-01-01T00:00:00Z";
        let early = "2001-01-01T01:00:00+01:00";
        assert_eq!(resource.ids(client, &[("since", early)]), ["changed", "old"]);
        assert_eq!(resource.ids(client, &[("since", late)]), [""; 0]);
        // HTTP dates have seconds only: the boundary is taken from a statement's `stored`.
        let statement = client.store(&make::statement()).remove(0);
        let stored = client.fetch(&statement)["stored"].as_str().expect("a string").to_owned();
        resource.one(client, "POST", "changed").json(&json!({"n": 2})).send().expect(204);
        assert_eq!(resource.ids(client, &[("since", &stored)]), ["changed"]);
    });
}

#[test]
fn merges_json_objects_one_level_deep() {
    on_every_resource(|client, resource| {
        let stored = json!({"car": "Honda", "deep": {"a": 1, "b": 2}, "kept": [1, 2]});
        let sent = json!({"car": "Tesla", "deep": {"c": 3}, "new": null});
        resource.make(client, "merged").json(&stored).send().expect(204);
        resource.one(client, "POST", "merged").json(&sent).send().expect(204);
        let answer = resource.one(client, "GET", "merged").send().expect(200);
        let expected = json!({"car": "Tesla", "deep": {"c": 3}, "kept": [1, 2], "new": null});
        assert_eq!(answer.json(), expected);
        assert_eq!(answer.must_header("content-type"), "application/json");
    });
}

#[test]
fn refuses_to_merge_what_is_no_json_object() {
    let rows: [(&str, &str, &str, &str); 7] = [
        ("application/json", "[1]", "application/json", "{}"),
        ("application/json", "{}", "application/json", "[1]"),
        ("application/json", "\"text\"", "application/json", "{}"),
        ("application/json", "{}", "application/json", "7"),
        ("text/plain", "{}", "application/json", "{}"),
        ("application/json", "{}", "text/plain", "{}"),
        ("text/plain", "text", "text/plain", "text"),
    ];
    on_every_resource(|client, resource| {
        for (index, (stored_type, stored, sent_type, sent)) in rows.into_iter().enumerate() {
            let id = format!("row {index}");
            resource.make(client, &id).body(stored_type, stored).send().expect(204);
            let answer = resource.one(client, "POST", &id).body(sent_type, sent).send();
            assert_eq!(answer.status, 400, "{stored_type} {stored} with {sent_type} {sent}");
            assert_eq!(resource.one(client, "GET", &id).send().expect(200).text(), stored);
        }
    });
}

#[test]
fn refuses_json_documents_that_are_not_json() {
    on_every_resource(|client, resource| {
        for text in ["{not json", "{\"a\":}", "a=b", "{} {}"] {
            let post = resource.one(client, "POST", "faulty").body("application/json", text);
            assert_eq!(post.send().status, 400, "{text}");
            resource.one(client, "GET", "faulty").send().expect(404);
        }
    });
}

#[test]
fn requires_every_parameter_of_a_document() {
    on_every_resource(|client, resource| {
        let mut required: Vec<&str> = resource.context.iter().map(|(name, _)| *name).collect();
        required.retain(|name| *name != "registration");
        for method in ["PUT", "POST", "GET", "DELETE"] {
            for missing in &required {
                let mut faulty = client.call(method, resource.path);
                for (name, value) in resource.context.iter().filter(|(name, _)| name != missing) {
                    faulty = faulty.query(name, value);
                }
                let mut faulty = faulty.query(resource.id_name, "any");
                if method.starts_with('P') {
                    faulty = faulty.json(&json!({})).header("If-None-Match", "*");
                }
                assert_eq!(faulty.send().status, 400, "{method} without {missing}");
            }
        }
        let put = resource.call(client, "PUT").header("If-None-Match", "*");
        put.json(&json!({})).send().expect(400);
        resource.call(client, "POST").json(&json!({})).send().expect(400);
        if !resource.is_state() {
            resource.call(client, "DELETE").send().expect(400);
        }
    });
}

#[test]
fn refuses_document_parameters_in_the_wrong_form() {
    let faulty_agents = [
        "not JSON",
        "[]",
        "\"mailto:a@example.org\"",
        "{}",
        "{\"name\":\"Ada\"}",
        "{\"mbox\":\"a@example.org\"}",
        "{\"objectType\":\"Activity\",\"id\":\"https://example.org\"}",
    ];
    on_every_resource(|client, resource| {
        for method in ["PUT", "POST", "GET", "DELETE"] {
            for (name, _) in &resource.context {
                let values = match *name {
                    "agent" => faulty_agents.to_vec(),
                    "activityId" => vec!["should fail", "", "example.org/x"],
                    _ => vec!["should fail", "", "AA97B177-9383-4934-8543-0F91A7A028368"],
                };
                for value in values {
                    let mut call = client.call(method, resource.path);
                    for (other, kept) in &resource.context {
                        call = call.query(other, if other == name { value } else { kept });
                    }
                    let mut call = call.query(resource.id_name, "any");
                    if method.starts_with('P') {
                        call = call.json(&json!({})).header("If-None-Match", "*");
                    }
                    assert_eq!(call.send().status, 400, "{method} with {name}={value}");
                }
            }
            let mut unknown = resource.one(client, method, "any").query("unknown", "x");
            if method.starts_with('P') {
                unknown = unknown.json(&json!({})).header("If-None-Match", "*");
            }
            assert_eq!(unknown.send().status, 400, "{method} with an unknown parameter");
        }
        for since in ["should fail", "", "2024-13-01T00:00:00Z", "2024-01-01T00:00:00-00:00"] {
            let call = resource.call(client, "GET").query("since", since);
            assert_eq!(call.send().status, 400, "since={since}");
        }
    });
}

#[test]
fn refuses_since_where_states_are_deleted() {
    both(|client| {
        let state = Resource::state();
        state.make(client, "kept").json(&json!({})).send().expect(204);
        for since in ["2001-01-01T00:00:00Z", "should fail"] {
            state.call(client, "DELETE").query("since", since).send().expect(400);
        }
        assert_eq!(state.ids(client, &[]), ["kept"]);
    });
}

#[test]
fn refuses_since_beside_the_id_of_a_state() {
    let client = shared().client(Version::V2_0_0);
    let state = Resource::state();
    state.make(&client, "one").json(&json!({})).send().expect(204);
    let call = state.one(&client, "GET", "one").query("since", "2001-01-01T00:00:00Z");
    call.send().expect(400);
}

#[test]
fn refuses_an_agent_beside_an_activity_profile() {
    both(|client| {
        let profile = Resource::activity_profile();
        for agent in ["not JSON", &make::agent().to_string()] {
            profile.call(client, "GET").query("agent", agent).send().expect(400);
        }
    });
}

#[test]
fn answers_404_for_a_document_that_is_not_there() {
    on_every_resource(|client, resource| {
        resource.one(client, "GET", "absent").send().expect(404);
        resource.one(client, "HEAD", "absent").send().expect(404);
    });
}

#[test]
fn keeps_registrations_apart() {
    both(|client| {
        let bare = Resource::state();
        let mut registered = Resource::state();
        registered.context = bare.context.clone();
        registered.context.push(("registration", make::id()));
        bare.make(client, "state").body("text/plain", "bare").send().expect(204);
        registered.make(client, "state").body("text/plain", "mine").send().expect(204);
        assert_eq!(bare.one(client, "GET", "state").send().expect(200).text(), "bare");
        assert_eq!(registered.one(client, "GET", "state").send().expect(200).text(), "mine");
        assert_eq!(registered.ids(client, &[]), ["state"]);
        registered.call(client, "DELETE").send().expect(204);
        registered.one(client, "GET", "state").send().expect(404);
        bare.one(client, "GET", "state").send().expect(200);
    });
}

#[test]
fn deletes_all_states_of_a_context() {
    both(|client| {
        let (mine, other) = (Resource::registered_state(), Resource::registered_state());
        for id in ["one", "two"] {
            mine.make(client, id).json(&json!({})).send().expect(204);
            other.make(client, id).json(&json!({})).send().expect(204);
        }
        mine.call(client, "DELETE").send().expect(204);
        assert_eq!(mine.ids(client, &[]), [""; 0]);
        assert_eq!(other.ids(client, &[]), ["one", "two"]);
        mine.call(client, "DELETE").send().expect(204);
    });
}

#[test]
fn knows_an_agent_by_its_identifier_alone() {
    both(|client| {
        let mbox = format!("mailto:{}@example.org", make::id());
        let agents = [
            json!({"mbox": mbox}),
            json!({"objectType": "Agent", "mbox": mbox}),
            json!({"name": "Ada", "mbox": mbox}),
        ];
        let call = |method: &str, agent: &Value| {
            let call = client.call(method, "/agents/profile").query("profileId", "one");
            call.query("agent", &agent.to_string())
        };
        let put = call("PUT", &agents[0]).header("If-None-Match", "*");
        put.body("text/plain", "same").send().expect(204);
        for agent in &agents {
            assert_eq!(call("GET", agent).send().expect(200).text(), "same");
        }
    });
}

#[test]
fn sends_the_sha_1_of_a_document_as_its_etag() {
    on_every_resource(|client, resource| {
        for (id, body) in [("a", &b"any bytes"[..]), ("b", b"{\"a\": 1}"), ("c", b"")] {
            resource.make(client, id).body("text/plain", body).send().expect(204);
            for method in ["GET", "HEAD"] {
                let answer = resource.one(client, method, id).send().expect(200);
                assert_eq!(answer.must_header("etag"), etag_of(body));
            }
        }
    });
}

#[test]
fn says_when_a_document_was_modified() {
    on_every_resource(|client, resource| {
        resource.make(client, "dated").json(&json!({})).send().expect(204);
        for method in ["GET", "HEAD"] {
            let answer = resource.one(client, method, "dated").send().expect(200);
            let modified = answer.must_header("last-modified");
            assert!(modified.ends_with(" GMT") && modified.len() == 29, "an HTTP date: {modified}");
        }
    });
}

#[test]
fn gives_a_list_the_etag_of_its_content_and_the_time_of_its_last_change() {
    on_every_resource(|client, resource| {
        for (id, expected) in [("a", r#"["a"]"#), ("b", r#"["a","b"]"#)] {
            resource.make(client, id).json(&json!({})).send().expect(204);
            let modified = resource.one(client, "GET", id).send().expect(200);
            let modified = modified.must_header("last-modified").to_owned();
            for method in ["GET", "HEAD"] {
                let answer = resource.call(client, method).send().expect(200);
                assert_eq!(answer.must_header("etag"), etag_of(expected.as_bytes()));
                assert_eq!(answer.must_header("last-modified"), modified);
            }
            let etag = etag_of(expected.as_bytes());
            let call = resource.call(client, "GET").header("If-None-Match", &etag);
            let answer = call.send().expect(304);
            assert_eq!(answer.must_header("etag"), etag);
            assert!(answer.body.is_empty());
        }
        // No document was written so late. The list is as new as the last change all the same.
        let late = resource.call(client, "GET").query("since", "2999-01-01T00:00:00Z");
        let answer = late.send().expect(200);
        assert_eq!(answer.must_header("etag"), etag_of(b"[]"));
        let newest = resource.one(client, "GET", "b").send().expect(200);
        assert_eq!(answer.must_header("last-modified"), newest.must_header("last-modified"));
    });
}

/// A date of HTTP in a form whose order is that of time.
#[track_caller]
fn in_order(date: &str) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let parts: Vec<&str> = date.split(' ').collect();
    let [_, day, month, year, time, "GMT"] = parts[..] else { panic!("an HTTP date: {date}") };
    let month = MONTHS.iter().position(|name| *name == month).expect("a month");
    format!("{year}-{month:02}-{day} {time}")
}

/// The content of the list of a context, and when it was modified. HEAD says what GET does.
#[track_caller]
fn list_of(client: &Client, resource: &Resource) -> (String, String) {
    let [get, head] =
        ["GET", "HEAD"].map(|method| resource.call(client, method).send().expect(200));
    assert!(head.body.is_empty());
    for name in ["etag", "last-modified", "content-type"] {
        assert_eq!(head.must_header(name), get.must_header(name), "{name} of HEAD");
    }
    assert_eq!(get.must_header("etag"), etag_of(&get.body));
    (get.text().to_owned(), in_order(get.must_header("last-modified")))
}

#[test]
fn gives_a_list_that_has_never_changed_a_time_that_stays() {
    on_every_resource(|client, resource| {
        let (content, modified) = list_of(client, resource);
        assert_eq!(content, "[]");
        let answer = resource.call(client, "GET").send().expect(200);
        assert!(modified <= in_order(answer.must_header("date")), "{modified} is to come");
        resource.one(client, "DELETE", "absent").send().expect(204);
        if resource.is_state() {
            resource.call(client, "DELETE").send().expect(204);
        }
        assert_eq!(list_of(client, resource), (content, modified), "nothing was removed");
    });
}

#[test]
fn keeps_the_time_of_a_list_from_going_back_when_documents_are_removed() {
    let mut places = Vec::new();
    for version in Version::EVERY {
        let client = shared().client(version);
        places.extend(Resource::every().map(|resource| (client.clone(), resource)));
    }
    let mut begun = String::new();
    for (client, resource) in &places {
        resource.make(client, "old").json(&json!({})).send().expect(204);
        begun = begun.max(list_of(client, resource).1);
    }
    // Dates of HTTP have seconds only.
    let (client, _) = &places[0];
    let date = || in_order(client.get("/about").send().expect(200).must_header("date"));
    while date() <= begun {
        std::thread::sleep(Duration::from_millis(20));
    }
    for (client, resource) in &places {
        println!("on {} {:?}", resource.path, resource.context);
        resource.make(client, "new").json(&json!({})).send().expect(204);
        let (_, written) = list_of(client, resource);
        assert!(begun < written, "{begun} {written}");
        resource.one(client, "DELETE", "new").send().expect(204);
        let (content, removed) = list_of(client, resource);
        assert_eq!(content, r#"["old"]"#);
        assert!(written <= removed, "{written} {removed}");
        // All states at once, a profile by its id.
        if resource.is_state() {
            resource.call(client, "DELETE").send().expect(204);
        } else {
            resource.one(client, "DELETE", "old").send().expect(204);
        }
        let (content, emptied) = list_of(client, resource);
        assert_eq!(content, "[]");
        assert!(removed <= emptied, "{removed} {emptied}");
        assert!(emptied <= date(), "{emptied} is to come");
    }
}

#[test]
fn reads_lists_of_entity_tags() {
    on_every_resource(|client, resource| {
        resource.make(client, "listed").json(&json!({"n": 1})).send().expect(204);
        let etag = etag_of(br#"{"n":1}"#);
        let get = |tags: &str| resource.one(client, "GET", "listed").header("If-None-Match", tags);
        for tags in [
            etag.clone(),
            format!("W/{etag}"),
            format!("\"a,b\", {etag}"),
            format!("\"a\\\",{etag}"),
            format!(", ,{etag},"),
            "*".to_owned(),
        ] {
            assert_eq!(get(&tags).send().status, 304, "{tags}");
        }
        for tags in [format!("\"x,{etag}"), format!("*, {etag}"), ",".to_owned()] {
            assert_eq!(get(&tags).send().status, 400, "{tags}");
        }
        let hidden = format!("\"x,{}\"", etag.trim_matches('"'));
        assert_eq!(get(&hidden).send().status, 200, "a comma inside quotes separates nothing");
    });
}

#[test]
fn changes_a_document_only_if_it_matches() {
    on_every_resource(|client, resource| {
        let stale = "\"0000000000000000000000000000000000000000\"";
        let (old, new) = (json!({"n": 1}), json!({"n": 2}));
        for method in ["PUT", "POST", "DELETE"] {
            let id = format!("matched by {method}");
            let call = |etag: &str| {
                let call = resource.one(client, method, &id).header("If-Match", etag);
                if method == "DELETE" { call } else { call.json(&new) }
            };
            assert_eq!(call("*").send().status, 412, "{method} of what is not there");
            resource.make(client, &id).json(&old).send().expect(204);
            assert_eq!(call(stale).send().status, 412, "{method}");
            let answer = resource.one(client, "GET", &id).send().expect(200);
            assert_eq!(answer.json(), old, "a failed {method} changes nothing");
            let etag = answer.must_header("etag").to_owned();
            call(&format!("{stale}, {etag}")).send().expect(204);
            let answer = resource.one(client, "GET", &id).send();
            match method {
                "DELETE" => assert_eq!(answer.status, 404),
                _ => assert_eq!(answer.json(), new),
            }
        }
    });
}

#[test]
fn makes_a_document_only_if_none_is_there() {
    on_every_resource(|client, resource| {
        for method in ["PUT", "POST"] {
            let id = format!("made by {method}");
            let call = |body: Value| {
                let call = resource.one(client, method, &id).json(&body);
                call.header("If-None-Match", "*")
            };
            call(json!({"n": 1})).send().expect(204);
            call(json!({"n": 2})).send().expect(412);
            let answer = resource.one(client, "GET", &id).send().expect(200);
            assert_eq!(answer.json(), json!({"n": 1}));
            let etag = answer.must_header("etag").to_owned();
            let other = resource.one(client, method, &id).json(&json!({"n": 3}));
            other.header("If-None-Match", &etag).send().expect(412);
        }
    });
}

#[test]
fn compares_tags_without_case_and_quotes() {
    on_every_resource(|client, resource| {
        let mut kept = json!({"n": 0});
        resource.make(client, "tagged").json(&kept).send().expect(204);
        for number in 1..=4 {
            let etag = resource.one(client, "GET", "tagged").send().expect(200);
            let etag = etag.must_header("etag").to_owned();
            let sent = match number {
                1 => etag.to_uppercase(),
                2 => etag.replace('"', ""),
                3 => etag.replace('"', "").to_uppercase(),
                _ => format!("W/{}", etag.to_uppercase()),
            };
            let call = resource.one(client, "GET", "tagged").header("If-None-Match", &sent);
            call.send().expect(304);
            kept = json!({"n": number});
            let put = |etag: &str| {
                resource.one(client, "PUT", "tagged").json(&kept).header("If-Match", etag)
            };
            put(&sent.replace(['a', 'A'], "b").replace('1', "2")).send().expect(412);
            put(&sent).send().expect(204);
        }
    });
}

#[test]
fn refuses_a_blind_put_over_a_document() {
    on_every_resource(|client, resource| {
        let is_old_state = client.version() == Version::V1_0_3 && resource.is_state();
        let put = |n: u32| resource.one(client, "PUT", "blind").json(&json!({"n": n}));
        put(1).send().expect(204);
        let answer = put(2).send();
        if is_old_state {
            answer.expect(204);
            return;
        }
        let text = answer.expect(409).text().to_lowercase();
        assert!(text.contains("if-match"), "the answer explains what to do: {text}");
        let kept = resource.one(client, "GET", "blind").send().expect(200);
        assert_eq!(kept.json(), json!({"n": 1}));
        let etag = kept.must_header("etag").to_owned();
        put(2).header("If-Match", &etag).send().expect(204);
    });
}

#[test]
fn refuses_a_blind_put_of_a_new_profile_if_that_is_configured() {
    let store = Store::new(engine());
    let settings = store.settings();
    let own = ("ACTA_XAPI_PROFILE_PRECONDITION", "required");
    let settings: Vec<(&str, &str)> =
        settings.iter().map(|(name, value)| (*name, value.as_str())).chain([own]).collect();
    let server = Server::start_with(&store.data(), Version::V1_0_3, &settings);
    for version in Version::EVERY {
        let client = server.client(version);
        for resource in Resource::every() {
            let is_refused = version == Version::V1_0_3 && !resource.is_state();
            let put = resource.one(&client, "PUT", "blind").json(&json!({"n": 1}));
            put.send().expect(if is_refused { 400 } else { 204 });
            resource.make(&client, "sighted").json(&json!({"n": 1})).send().expect(204);
        }
    }
}

#[test]
fn stores_documents_about_unknown_agents() {
    on_every_resource(|client, resource| {
        resource.make(client, "first").json(&json!({})).send().expect(204);
    });
}

#[test]
fn answers_a_conditional_get_with_304() {
    on_every_resource(|client, resource| {
        resource.make(client, "same").json(&json!({"n": 1})).send().expect(204);
        let etag = resource.one(client, "GET", "same").send().expect(200);
        let etag = etag.must_header("etag").to_owned();
        let call = resource.one(client, "GET", "same").header("If-None-Match", &etag);
        let answer = call.send().expect(304);
        assert!(answer.body.is_empty());
        let call = resource.one(client, "GET", "same").header("If-None-Match", "\"other\"");
        call.send().expect(200);
    });
}

#[test]
fn refuses_documents_of_a_group() {
    both(|client| {
        let (activity, group) = (make::activity_id(), make::group().to_string());
        let state = [("activityId", activity.as_str()), ("agent", &group), ("stateId", "a")];
        let profile = [("agent", group.as_str()), ("profileId", "a")];
        let resources = [("/activities/state", &state[..]), ("/agents/profile", &profile[..])];
        for (path, query) in resources {
            for method in ["GET", "PUT", "POST", "DELETE"] {
                let call = client.call(method, path).queries(query).header("If-Match", "*");
                let call = if method == "GET" { call } else { call.json(&json!({})) };
                assert_eq!(call.send().status, 400, "{method} {path}");
            }
            let list = client.get(path).queries(&query[..query.len() - 1]);
            assert_eq!(list.send().status, 400, "the list of {path}");
        }
        // Statements are found by groups as well.
        client.get("/statements").query("agent", &group).send().expect(200);
    });
}

#[test]
fn refuses_a_document_with_a_malformed_content_type() {
    on_every_resource(|client, resource| {
        for content_type in ["text", "text/", "text/plain/x", "text/plain; charset", "a b/c"] {
            for method in ["PUT", "POST"] {
                let call = resource.one(client, method, "typed").header("If-None-Match", "*");
                let answer = call.body(content_type, "x").send();
                assert_eq!(answer.status, 400, "{method} of {content_type}");
            }
        }
        resource.one(client, "GET", "typed").send().expect(404);
    });
}

#[test]
fn skips_a_byte_order_mark_before_json() {
    let marked = |text: &str| format!("\u{feff}{text}");
    on_every_resource(|client, resource| {
        let put = resource.make(client, "marked");
        put.body("application/json", marked(r#"{"a":1}"#)).send().expect(204);
        let post = resource.one(client, "POST", "marked");
        post.body("application/json", marked(r#"{"b":2}"#)).send().expect(204);
        let kept = resource.one(client, "GET", "marked").send().expect(200);
        assert_eq!(kept.json(), json!({"a": 1, "b": 2}));
    });
    both(|client| {
        let (id, statement) = make::statement_with_id();
        for text in [statement.to_string(), json!([statement]).to_string()] {
            client.post("/statements").json_text(&marked(&text)).send().expect(200);
        }
        assert_eq!(client.fetch(&id)["id"], json!(id));
        client.post("/statements").json_text(&marked(&marked("{}"))).send().expect(400);
    });
}
