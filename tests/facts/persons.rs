//! Persons: the identifiers of one learner count as one, on every node, until they are split.

use acta_tests::{CommandOutput, Engine, Version, acta, basic, run};
use serde_json::{Value, json};

use super::{Asked, statement};

/// Statements of one learner with a mailbox, an account, and another account.
fn statements() -> Vec<Value> {
    let actors = [
        json!({"mbox": "mailto:ada@example.org", "name": "Ada"}),
        json!({"account": {"homePage": "https://lms.example", "name": "ada"}, "name": "Ada L."}),
        json!({"account": {"homePage": "https://video.example", "name": "ada"}}),
        json!({"mbox": "mailto:bob@example.org", "name": "Bob"}),
    ];
    let of = |(number, actor): (u64, &Value)| {
        let mut statement = statement(number);
        statement["actor"] = actor.clone();
        statement
    };
    (0..).zip(&actors).map(of).collect()
}

/// A store with facts, and somebody who administers it.
struct Learners {
    asked: Asked,
    administrator: String,
}

impl Learners {
    fn new(engine: Engine) -> Self {
        let asked = Asked::new(engine);
        let create = ["credential", "create", "--label", "c", "--scope", "admin"];
        let made = asked.store.administer(&create);
        let [key, secret] = ["key", "secret"].map(|name| made[name].as_str().expect("a text"));
        let learners = Self { administrator: basic(key, secret), asked };
        learners.asked.tell(&statements());
        learners
    }

    #[track_caller]
    fn persons(&self, filter: Option<Value>) -> [u64; 3] {
        let mut question = json!({"measures": [{"measure": "count"},
            {"measure": "distinct", "of": "person"}, {"measure": "distinct", "of": "actor"}]});
        if let Some(filter) = filter {
            question["where"] = filter;
        }
        let answer = self.asked.ask(&question);
        [0, 1, 2].map(|cell| answer["rows"][0][cell].as_u64().expect("a count"))
    }

    #[track_caller]
    fn call(&self, method: &str, path: &str, body: Option<&Value>, status: u16) -> Value {
        let client = self.asked.server.client(Version::V1_0_3);
        let call = client.call_outside(method, &format!("/api/v1/tenants/1{path}"));
        let mut call = call.without("Authorization").header("Authorization", &self.administrator);
        if method == "PATCH" {
            call = call.header("If-Match", "*");
        }
        if let Some(body) = body {
            call = call.json(body);
        }
        let answer = call.send().expect(status);
        if answer.body.is_empty() { Value::Null } else { answer.json() }
    }

    fn command(&self, arguments: &[&str]) -> CommandOutput {
        let mut command = acta();
        let data = self.asked.store.data();
        run(command.arg("person").args(arguments).arg("--data").arg(data))
    }
}

fn joins_and_splits(engine: Engine) {
    let mut learners = Learners::new(engine);
    assert_eq!(learners.persons(None), [4, 4, 4]);
    let before =
        learners.asked.ask(&json!({"measures": [{"measure": "count"}], "dimensions": ["person"]}));
    let [mbox, lms, video, bob] = [0, 1, 2, 3].map(|number: usize| {
        let mut actor = statements()[number]["actor"].clone();
        actor.as_object_mut().unwrap().remove("name");
        actor
    });
    let ada = json!({"name": "Ada Lovelace", "identifiers": [mbox, lms],
        "attributes": {"unit": "North"}});
    let made = learners.call("POST", "/persons", Some(&ada), 201);
    let id = made["id"].as_str().expect("an id").to_owned();
    assert_eq!(learners.persons(None), [4, 3, 4]);
    // Whichever identifier is asked for, the answer is about the person.
    for identifier in [mbox.to_string(), lms.to_string(), id.clone()] {
        let filter = json!({"field": "person", "is": identifier});
        assert_eq!(learners.persons(Some(filter)), [2, 1, 2], "{identifier}");
    }
    let answer = learners.asked.ask(&json!({"measures": [{"measure": "count"}],
        "dimensions": ["person", "person.unit"], "limit": 1}));
    assert_eq!(answer["rows"][0], json!([mbox.to_string(), "North", 2]), "{answer}");
    assert_eq!(answer["labels"]["person"][mbox.to_string()], "Ada Lovelace");
    let client = learners.asked.server.client(Version::V1_0_3);
    let agent = client.get("/agents").query("agent", &lms.to_string()).send().expect(200).json();
    assert_eq!(agent["name"], json!(["Ada Lovelace", "Ada", "Ada L."]));
    assert_eq!(agent["mbox"], json!(["mailto:ada@example.org"]));
    assert_eq!(agent["account"].as_array().map(Vec::len), Some(1), "{agent}");
    // Statements are found by the identifier that they have.
    let found = client.find(&[("agent", &lms.to_string())]);
    assert_eq!(found.len(), 1);

    refuses_and_follows_rules(&mut learners, &id, &[mbox.clone(), video, bob]);
    splits_again(&learners, &id, &[mbox, lms]);
    let after =
        learners.asked.ask(&json!({"measures": [{"measure": "count"}], "dimensions": ["person"]}));
    assert_eq!(after["rows"], before["rows"]);
}

/// An identifier of another person is refused; rules join accounts, also after a restart.
fn refuses_and_follows_rules(learners: &mut Learners, id: &str, [mbox, video, bob]: &[Value; 3]) {
    let other = json!({"identifiers": [bob, mbox]});
    let refused = learners.call("POST", "/persons", Some(&other), 409);
    assert!(refused["detail"].as_str().unwrap_or_default().contains(id), "{refused}");

    let rules = json!({"home_pages": [["https://lms.example", "https://video.example"]]});
    learners.call("PUT", "/person-rules", Some(&rules), 200);
    assert_eq!(learners.persons(None), [4, 2, 4]);
    let client = learners.asked.server.client(Version::V1_0_3);
    let agent = client.get("/agents").query("agent", &video.to_string()).send().expect(200).json();
    assert_eq!(agent["account"].as_array().map(Vec::len), Some(2), "{agent}");
    learners.asked.restart();
    assert_eq!(learners.persons(None), [4, 2, 4], "after a restart");
    learners.call("PUT", "/person-rules", Some(&json!({})), 200);
}

/// Splits an identifier off a person, joins it again, takes it away, and removes the person.
fn splits_again(learners: &Learners, id: &str, [mbox, lms]: &[Value; 2]) {
    let new = json!({"identifiers": [lms]});
    let split = learners.call("POST", &format!("/persons/{id}/split"), Some(&new), 200);
    assert_eq!(learners.persons(None), [4, 4, 4]);
    let body = json!({"persons": [split["id"]]});
    learners.call("POST", &format!("/persons/{id}/join"), Some(&body), 200);
    assert_eq!(learners.persons(None), [4, 3, 4]);
    learners.call("PATCH", &format!("/persons/{id}"), Some(&json!({"identifiers": [mbox]})), 200);
    assert_eq!(learners.persons(None), [4, 4, 4]);
    learners.call("DELETE", &format!("/persons/{id}"), None, 204);
}

#[test]
fn identifiers_are_joined_and_split() {
    joins_and_splits(Engine::Embedded);
}

#[test]
fn identifiers_are_joined_and_split_on_postgres() {
    joins_and_splits(Engine::Postgres);
}

#[test]
fn the_command_line_imports_and_exports_persons() {
    let learners = Learners::new(Engine::Embedded);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("persons.csv").display().to_string();
    std::fs::write(
        &file,
        "name,mbox,account.homePage,account.name,unit\n\
         Ada,ada@example.org,https://lms.example,ada,=North\n\
         Bob,bob@example.org,,,South\n",
    )
    .expect("a file");
    let shown = learners.command(&["import", &file, "--dry-run"]);
    assert_eq!(shown.code, Some(0), "{}", shown.err);
    assert!(shown.out.contains("created    2"), "{}", shown.out);
    assert_eq!(learners.persons(None), [4, 4, 4]);
    assert_eq!(learners.command(&["import", &file]).code, Some(0));
    assert_eq!(learners.persons(None), [4, 3, 4]);
    let exported = learners.command(&["export"]);
    assert!(exported.out.contains("\"'=North\""), "{}", exported.out);
    std::fs::write(&file, &exported.out).expect("a file");
    let again = learners.command(&["import", &file]);
    assert!(again.out.contains("unchanged  2"), "{}", again.out);
    std::fs::write(&file, "mbox,unit\nada@example.org,North\nada,South\n").expect("a file");
    let refused = learners.command(&["import", &file]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains("line 3, column mbox: expected a mailbox"), "{}", refused.err);
    let listed = learners.command(&["list", "--search", "bob@"]);
    assert!(listed.out.contains("Bob") && !listed.out.contains("Ada"), "{}", listed.out);
}

#[test]
fn persons_need_the_right_to_read_or_administer() {
    let asked = Asked::new(Engine::Embedded);
    let client = asked.server.client(Version::V1_0_3);
    let status = |scopes: &str, method: &str| {
        let made =
            asked.store.administer(&["credential", "create", "--label", "c", "--scope", scopes]);
        let [key, secret] = ["key", "secret"].map(|name| made[name].as_str().unwrap());
        let call =
            client.call_outside(method, "/api/v1/tenants/1/persons").without("Authorization");
        let mut call = call.header("Authorization", &basic(key, secret));
        if method == "POST" {
            call = call.json(&json!({"identifiers": [{"mbox": "mailto:ada@example.org"}]}));
        }
        call.send().status
    };
    for (scopes, read, write) in [
        ("admin", 200, 201),
        ("admin/read", 200, 403),
        ("statements/read", 200, 403),
        ("all", 200, 403),
        ("statements/write,state,define", 403, 403),
    ] {
        assert_eq!((status(scopes, "GET"), status(scopes, "POST")), (read, write), "{scopes}");
    }
}
