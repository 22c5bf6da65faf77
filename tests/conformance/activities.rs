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
    define_as(client, &make::agent(), activity, definition);
}

fn define_as(client: &Client, actor: &Value, activity: &str, definition: &Value) {
    let mut statement = make::statement_of(actor);
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

#[test]
fn keeps_the_definition_of_an_activity_to_which_a_token_is_not_bound() {
    both(|client| {
        let (own, other) = (make::activity_id(), make::activity_id());
        let named = |name: &str| {
            json!({"name": {"en": name}, "interactionType": "fill-in",
                "correctResponsesPattern": [name]})
        };
        for activity in [&own, &other] {
            define(client, activity, &named("Ours"));
        }
        let learner = make::agent();
        let asked = json!({"agent": learner, "activity": own,
            "scopes": ["statements/write", "define"]});
        let issued = client.call_outside("POST", "/api/v1/tokens").json(&asked).send().expect(201);
        let basic = issued.json()["basic"].as_str().expect("a header").to_owned();
        let content = client.clone().with("Authorization", &basic);
        // The token may write about other activities in the context of its own.
        let mut beside = make::statement_of(&learner);
        beside["object"] = json!({"id": other, "definition": named("Theirs")});
        beside["context"] = json!({"contextActivities": {"parent": [{"id": own}]}});
        let mut within = make::statement_of(&learner);
        within["object"] = json!({"id": own});
        within["context"] = json!({"contextActivities": {
            "grouping": [{"id": other, "definition": named("Theirs")}]}});
        content.store(&json!([beside, within]));
        assert_eq!(fetch(client, &other)["definition"], named("Ours"));
        assert_eq!(fetch(client, &own)["definition"], named("Ours"));
        define_as(&content, &learner, &own, &named("Theirs"));
        assert_eq!(fetch(client, &own)["definition"], named("Theirs"));
        assert_eq!(fetch(client, &other)["definition"], named("Ours"));
    });
}
