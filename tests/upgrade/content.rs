//! What the store is filled with.

use std::path::Path;
use std::time::Duration;

use acta_ambient::{Clock, SystemClock};
use acta_tests::multipart::{self, Part};
use acta_tests::sign::{self, Certificate};
use acta_tests::{Client, Server, Version, make};
use serde_json::{Value, json};

/// Languages in which a canonical statement is requested.
pub(crate) const LANGUAGES: &[&str] = &["de", "en-US", "fr"];

/// How many long statements teach the store its dictionary, and how long they are: what they
/// come to is what it waits for.
const SAMPLE_COUNT: u32 = 130;
const SAMPLE_BYTES: usize = 65_000;

/// Longest wait for the dictionary.
const DICTIONARY_TIMEOUT: Duration = Duration::from_mins(1);

/// Parameters of a query.
type Query = Vec<(String, String)>;

/// The possible queries.
#[derive(Debug, Default)]
pub(crate) struct Content {
    /// Ids of statements that are not voided; the first ones have texts in several languages.
    pub(crate) ids: Vec<String>,
    /// Ids of voided statements.
    pub(crate) voided: Vec<String>,
    /// Ids of statements with attachments.
    pub(crate) attached: Vec<String>,
    /// Queries for statements.
    pub(crate) filters: Vec<Query>,
    /// Other resources.
    pub(crate) others: Vec<(String, Query)>,
}

/// Fills a new store.
pub(crate) fn write(server: &Server) -> Content {
    let mut content = Content::default();
    let (old, new) = (server.client(Version::V1_0_3), server.client(Version::V2_0_0));
    for client in [&old, &new] {
        content.write_rich(client);
        content.write_batch(client);
        content.write_references(client);
        content.write_attachments(client);
        content.write_documents(client);
    }
    teach(&new, server.data());
    // Once more, behind the dictionary, and about statements before it.
    content.write_batch(&new);
    let voided = content.ids.remove(2);
    content.store(&new, &make::voiding(&voided));
    content.voided.push(voided);
    content.write_references(&old);
    content
}

fn pairs(query: &[(&str, &str)]) -> Query {
    query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn string(value: &Value) -> String {
    value.as_str().expect("a string").to_owned()
}

impl Content {
    fn store(&mut self, client: &Client, statements: &Value) -> Vec<String> {
        let ids = client.store(statements);
        self.ids.extend(ids.iter().cloned());
        ids
    }

    fn filter(&mut self, query: &[(&str, &str)]) {
        self.filters.push(pairs(query));
    }

    fn other(&mut self, path: &str, query: &[(&str, &str)]) {
        self.others.push((path.to_owned(), pairs(query)));
    }

    /// Statements that use every property, and every way to be identified.
    fn write_rich(&mut self, client: &Client) {
        let rich = make::rich_statement();
        self.store(client, &rich);
        self.filter(&[("verb", &string(&rich["verb"]["id"]))]);
        self.filter(&[("registration", &string(&rich["context"]["registration"]))]);
        self.filter(&[("agent", &rich["actor"].to_string())]);
        let instructor = rich["context"]["instructor"].to_string();
        self.filter(&[("agent", &instructor), ("related_agents", "true")]);
        let parent = string(&rich["context"]["contextActivities"]["parent"][0]["id"]);
        self.filter(&[("activity", &parent), ("related_activities", "true")]);
        self.other("/activities", &[("activityId", &string(&rich["object"]["id"]))]);
        self.other("/agents", &[("agent", &rich["actor"]["member"][0].to_string())]);

        let mut nested = make::statement();
        nested["object"] = make::substatement();
        self.store(client, &nested);
        let activity = string(&nested["object"]["object"]["id"]);
        self.filter(&[("activity", &activity), ("related_activities", "true")]);
        for actor in [
            json!({"mbox_sha1sum": "ebd31e95054c018b10727ccffd2ef2ec3a016ee9", "name": "Hashed"}),
            json!({"openid": "https://openid.example.org/known", "name": "Open"}),
            json!({"account": {"homePage": "https://example.org", "name": "7"}, "name": "Seven"}),
            json!({"objectType": "Group", "member": [{"mbox": "mailto:one@example.org"}]}),
        ] {
            self.store(client, &make::statement_of(&actor));
            self.filter(&[("agent", &actor.to_string())]);
            self.other("/agents", &[("agent", &actor.to_string())]);
        }
        if client.version() == Version::V2_0_0 {
            self.write_context_agents(client);
        }
    }

    fn write_context_agents(&mut self, client: &Client) {
        let agent = make::agent();
        let mut statement = make::statement();
        statement["context"] = json!({
            "contextAgents": [{
                "objectType": "contextAgent",
                "agent": agent,
                "relevantTypes": ["https://example.org/types/coach"],
            }],
            "contextGroups": [{"objectType": "contextGroup", "group": make::group()}],
        });
        statement["timestamp"] = json!("2026-02-03T04:05:06.789+05:30");
        self.store(client, &statement);
        self.filter(&[("agent", &agent.to_string()), ("related_agents", "true")]);
    }

    /// A batch about one activity, whose definition grows.
    fn write_batch(&mut self, client: &Client) {
        let (agent, activity, verb) = (make::agent(), make::activity_id(), make::verb_id());
        let names =
            [("en", "A thing"), ("de", "Ein Ding"), ("fr", "Une chose"), ("en", "The thing")];
        let batch = names.iter().enumerate().map(|(index, (language, name))| {
            let mut statement = make::statement();
            let mut actor = agent.clone();
            actor["name"] = json!(format!("Name {}", index % 2));
            statement["actor"] = actor;
            statement["verb"]["id"] = json!(verb);
            statement["object"] =
                json!({"id": activity, "definition": {"name": {*language: *name}}});
            statement
        });
        let batch: Vec<Value> = batch.collect();
        self.store(client, &json!(batch));
        self.filter(&[("activity", &activity)]);
        self.filter(&[("agent", &agent.to_string()), ("verb", &verb)]);
        self.other("/activities", &[("activityId", &activity)]);
        self.other("/agents", &[("agent", &agent.to_string())]);
    }

    /// Statements about statements: a chain, one that is voided, and one that is voided
    /// before it comes.
    fn write_references(&mut self, client: &Client) {
        let target = make::statement();
        let id = self.store(client, &target)[0].clone();
        let about = self.store(client, &make::statement_about(&id))[0].clone();
        self.store(client, &make::statement_about(&about));
        self.filter(&[("activity", &string(&target["object"]["id"]))]);

        let (voided, statement) = make::statement_with_id();
        client.store(&statement);
        self.store(client, &make::voiding(&voided));
        self.filter(&[("verb", &string(&statement["verb"]["id"]))]);
        let (later, statement) = make::statement_with_id();
        self.store(client, &make::voiding(&later));
        client.store(&statement);
        self.voided.extend([voided, later]);
    }

    fn write_attachments(&mut self, client: &Client) {
        let all_bytes: Vec<u8> = (0..=255).collect();
        for bytes in [b"plain text".to_vec(), all_bytes, Vec::new()] {
            let (id, mut statement) = make::statement_with_id();
            let sha2 = make::sha256_hex(&bytes);
            statement["attachments"] = json!([make::attachment("text/plain", &bytes)]);
            let body = multipart::write(&[
                Part::statements(&statement.to_string()),
                Part::attachment("text/plain", &sha2, &bytes),
            ]);
            client.post("/statements").body(&multipart::content_type(), body).send().expect(200);
            self.attached.push(id);
        }
        let (id, statement) = make::statement_with_id();
        let signature = sign::jws("RS256", Certificate::Signer, statement.to_string().as_bytes());
        let body = sign::body(&statement, &signature);
        client.post("/statements").body(&multipart::content_type(), body).send().expect(200);
        self.attached.push(id);
    }

    fn write_documents(&mut self, client: &Client) {
        let (activity, agent) = (make::activity_id(), make::agent().to_string());
        let registration = make::id();
        let state = [("activityId", activity.as_str()), ("agent", agent.as_str())];
        let registered = [&state[..], &[("registration", registration.as_str())]].concat();
        let places = [
            ("/activities/state", "stateId", state.to_vec()),
            ("/activities/state", "stateId", registered),
            ("/activities/profile", "profileId", vec![("activityId", activity.as_str())]),
            ("/agents/profile", "profileId", vec![("agent", agent.as_str())]),
        ];
        for (path, parameter, place) in places {
            for (name, kind, bytes) in [
                ("bytes", "application/octet-stream", &[0, 255, 1][..]),
                ("text", "text/plain; charset=utf-8", "Grün".as_bytes()),
                ("json", "application/json", br#"{"a": 1, "b": [null]}"#),
                ("gone", "application/json", b"{}"),
            ] {
                let query = [&place[..], &[(parameter, name)]].concat();
                let call = client.put(path).queries(&query).header("If-None-Match", "*");
                call.body(kind, bytes).send().expect(204);
                self.other(path, &query);
            }
            let json = [&place[..], &[(parameter, "json")]].concat();
            let merge = client.post(path).queries(&json).json_text(r#"{"b":2,"c":"d"}"#);
            merge.send().expect(204);
            let gone = [&place[..], &[(parameter, "gone")]].concat();
            client.delete(path).queries(&gone).send().expect(204);
            self.other(path, &place);
        }
    }
}

/// Sends long statements until the store has trained its dictionary and uses it.
fn teach(client: &Client, data: &Path) {
    let words: Vec<String> = (0..64_u32).map(|number| format!("word{:x}", number * 7919)).collect();
    for number in 0..SAMPLE_COUNT {
        let mut statement = make::statement();
        let sentence: Vec<&str> = (0..12)
            .map(|place| words[((number + 3) * (place + 5) % 61) as usize].as_str())
            .collect();
        let sentence = sentence.join(" ");
        let text = sentence.repeat(SAMPLE_BYTES / sentence.len());
        statement["result"] = json!({"response": text});
        client.store(&statement);
    }
    let clock = SystemClock::new();
    let has_dictionary = || {
        let log = std::fs::read_dir(data.join("log")).expect("it can be listed");
        log.filter_map(|entry| std::fs::read(entry.ok()?.path()).ok())
            .any(|bytes| bytes.get(48..52).is_some_and(|len| len != [0; 4]))
    };
    while !has_dictionary() {
        assert!(clock.elapsed() < DICTIONARY_TIMEOUT, "the store trains a dictionary");
        client.store(&make::statement());
        std::thread::sleep(Duration::from_millis(100));
    }
}
