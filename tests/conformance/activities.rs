//! The activities resource: what is known of an activity.

use acta_tests::{Client, make};
use serde_json::{Value, json};

use crate::both;

#[track_caller]
fn fetch(client: &Client, activity: &str) -> Value {
    let answer = client.get("/activities").query("activityId", activity).send().expect(200);
    assert!(answer.must_header("content-type").starts_with("application/json"));
    answer.json()
}

fn define(client: &Client, activity: &str, definition: &Value) {
    let mut statement = make::statement();
    statement["object"] = json!({"id": activity, "definition": definition});
    client.store(&statement);
}

#[test]
fn answers_with_the_whole_activity() {
    both(|client| {
        let statement = make::rich_statement();
        client.store(&statement);
        let activity = statement["object"]["id"].as_str().expect("an id is a string");
        let known = fetch(client, activity);
        assert_eq!(known["id"], activity);
        assert_eq!(known["objectType"], "Activity");
        let sent = statement["object"]["definition"].as_object().expect("a definition");
        for (name, value) in sent {
            assert_eq!(&known["definition"][name], value, "{name}");
        }
    });
}

#[test]
fn answers_with_an_activity_that_nobody_defined() {
    both(|client| {
        let activity = make::activity_id();
        let known = fetch(client, &activity);
        assert_eq!(known["id"], json!(activity));
        assert_eq!(known["objectType"], "Activity");
    });
}

#[test]
fn merges_the_definitions_of_an_activity() {
    both(|client| {
        let activity = make::activity_id();
        define(client, &activity, &json!({"name": {"en": "Colours"}}));
        define(client, &activity, &json!({"name": {"de": "Farben"}}));
        define(client, &activity, &json!({"type": "https://example.org/type"}));
        let definition = fetch(client, &activity)["definition"].clone();
        assert_eq!(definition["name"], json!({"en": "Colours", "de": "Farben"}));
        assert_eq!(definition["type"], "https://example.org/type");
    });
}

#[test]
fn refuses_a_parameter_that_is_no_activity() {
    both(|client| {
        client.get("/activities").send().expect(400);
        for activity in ["should fail", "", "example.org/x", "{}"] {
            let answer = client.get("/activities").query("activityId", activity).send();
            assert_eq!(answer.status, 400, "{activity}");
        }
    });
}
