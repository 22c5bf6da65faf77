//! What becomes known of activities, types, courses and learners by an import.

use acta_tests::{CommandOutput, Engine, Store, Version, acta, run};
use serde_json::{Value, json};

use super::{Asked, COURSE, start};

const LESSON: &str = "http://a.example/lesson";
const LESSON_TYPE: &str = "http://adlnet.gov/expapi/activities/lesson";
const ADA: &str = r#"{"mbox":"mailto:ada@example.org"}"#;

/// A file of two statements about a lesson of a course.
fn write(store: &Store) -> String {
    let course = json!({"id": COURSE, "definition": {
        "type": "http://adlnet.gov/expapi/activities/course", "name": {"en": "Fire safety"}}});
    let line = |number: u32| {
        json!({
            "id": format!("00000000-0000-4000-8000-{number:012}"),
            "actor": {"mbox": "mailto:ada@example.org", "name": "Ada"},
            "verb": {"id": "http://v.example/passed", "display": {"en": "passed"}},
            "object": {"id": LESSON,
                "definition": {"type": LESSON_TYPE, "name": {"en": "Extinguishers"}}},
            "context": {"contextActivities": {"parent": [course]}},
            "timestamp": "2026-03-02T10:00:00Z",
        })
        .to_string()
    };
    let path = store.data().with_file_name("history.jsonl");
    std::fs::write(&path, [line(1), line(2)].join("\n") + "\n").expect("a file can be written");
    path.display().to_string()
}

fn command(store: &Store, arguments: &[&str]) -> CommandOutput {
    let mut command = acta();
    command.args(arguments).envs(store.settings());
    if store.settings().is_empty() {
        command.arg("--data").arg(store.data());
    }
    let ran = run(&mut command);
    assert_eq!(ran.code, Some(0), "{arguments:?}: {}", ran.err);
    ran
}

/// What the store knows, and what questions answer.
fn known(asked: &Asked) -> [Value; 4] {
    let client = asked.server.client(Version::V1_0_3);
    let activity = client.get("/activities").query("activityId", LESSON).send().expect(200);
    let ada = client.get("/agents").query("agent", ADA).send().expect(200);
    let answer = asked.ask(&json!({"measures": [{"measure": "count"}],
        "dimensions": ["course", "object", "object.type", "person"]}));
    [activity.json(), ada.json(), answer["rows"].clone(), answer["labels"].clone()]
}

fn check_known(asked: &Asked) -> [Value; 4] {
    let known = known(asked);
    let [activity, ada, rows, labels] = &known;
    assert_eq!(activity["definition"]["name"]["en"], "Extinguishers", "{activity}");
    assert_eq!(activity["definition"]["type"], LESSON_TYPE);
    assert_eq!(ada["name"], json!(["Ada"]), "{ada}");
    let row = rows[0].as_array().expect("a row");
    assert_eq!(row[..3], [json!(COURSE), json!(LESSON), json!(LESSON_TYPE)], "{rows}");
    assert_eq!((&rows[1], &row[4]), (&Value::Null, &json!(2)));
    assert_eq!(labels["course"][COURSE], "Fire safety", "{labels}");
    assert_eq!(labels["object"][LESSON], "Extinguishers", "{labels}");
    known
}

fn defines(engine: Engine) {
    let store = Store::new(engine);
    let file = write(&store);
    command(&store, &["init"]);
    command(&store, &["import", &file]);
    if engine == Engine::Embedded {
        let shown = command(&store, &["query", "--by", "course", "--by", "object"]);
        assert!(shown.out.contains("Fire safety  Extinguishers  2"), "{}", shown.out);
    }
    let server = start(&store);
    let asked = Asked { store, server };
    let before = check_known(&asked);

    // Again, now while a server runs: everything is there already.
    let again = command(&asked.store, &["import", "--again", "--json", &file]);
    let counts: Value = serde_json::from_str(&again.out).expect("JSON");
    assert_eq!((&counts["stored"], &counts["repeated"]), (&json!(0), &json!(2)), "{counts}");
    assert_eq!(known(&asked), before);
}

#[test]
fn an_import_defines_activities_and_names_learners() {
    defines(Engine::Embedded);
}

#[test]
fn an_import_defines_activities_and_names_learners_on_postgres() {
    defines(Engine::Postgres);
}

fn defines_while_served(engine: Engine) {
    let asked = Asked::new(engine);
    let file = write(&asked.store);
    command(&asked.store, &["import", &file]);
    check_known(&asked);
}

#[test]
fn an_import_defines_activities_while_a_server_runs() {
    defines_while_served(Engine::Embedded);
}

#[test]
fn an_import_defines_activities_while_a_server_runs_on_postgres() {
    defines_while_served(Engine::Postgres);
}
