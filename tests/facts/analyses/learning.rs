//! Courses, activity and journeys agree with what was done.

use acta_tests::{Engine, make};
use serde_json::{Value, json};

use super::{Asked, analyse, near};

const COURSE: &str = "http://c.example/fire";
const HOME: &str = "https://lms.example";

fn adl(verb: &str) -> String {
    format!("http://adlnet.gov/expapi/verbs/{verb}")
}

/// A statement of a learner with an account about an activity of the course; the course itself if
/// there is none.
fn did(learner: &str, verb: &str, module: Option<u32>, timestamp: &str) -> Value {
    let course = json!({"id": COURSE, "definition": {
        "type": "http://adlnet.gov/expapi/activities/course", "name": {"en": "Fire safety"}}});
    let mut statement = json!({
        "id": make::id(),
        "actor": {"account": {"homePage": HOME, "name": learner}},
        "verb": {"id": adl(verb)},
        "object": course,
        "timestamp": timestamp,
        "context": {"platform": "Campus"},
    });
    if let Some(module) = module {
        statement["object"] = json!({"id": format!("{COURSE}/m{module}"), "definition": {
            "type": "http://adlnet.gov/expapi/activities/module",
            "name": {"en": format!("Module {module}")}}});
        statement["context"]["contextActivities"] = json!({"parent": [course]});
    }
    statement
}

fn with_result(mut statement: Value, result: Value) -> Value {
    statement["result"] = result;
    statement
}

/// Ada completes the course in three days, ben stops in the second module, cyd is enrolled only,
/// dan is not enrolled but begins.
fn told() -> Vec<Value> {
    vec![
        did("ada", "registered", None, "2026-03-02T08:00:00Z"),
        did("ada", "initialized", Some(1), "2026-03-02T08:10:00Z"),
        did("ada", "completed", Some(1), "2026-03-02T08:30:00Z"),
        with_result(
            did("ada", "failed", Some(2), "2026-03-03T10:00:00Z"),
            json!({"score": {"scaled": 0.4}, "success": false, "duration": "PT10M"}),
        ),
        with_result(
            did("ada", "passed", Some(2), "2026-03-03T10:20:00Z"),
            json!({"score": {"scaled": 0.8}, "success": true}),
        ),
        did("ada", "completed", Some(2), "2026-03-03T10:21:00Z"),
        with_result(
            did("ada", "completed", None, "2026-03-05T08:00:00Z"),
            json!({"score": {"raw": 8, "min": 0, "max": 10}, "completion": true}),
        ),
        did("ben", "registered", None, "2026-03-02T09:00:00Z"),
        did("ben", "completed", Some(1), "2026-03-02T09:30:00Z"),
        with_result(
            did("ben", "failed", Some(2), "2026-03-20T09:30:00Z"),
            json!({"score": {"scaled": 0.1}}),
        ),
        // It says that it was not completed.
        with_result(
            did("ben", "completed", None, "2026-03-20T09:31:00Z"),
            json!({"completion": false}),
        ),
        did("cyd", "registered", None, "2026-03-04T09:00:00Z"),
        did("dan", "initialized", Some(1), "2026-03-30T23:30:00Z"),
    ]
}

fn courses_agree(engine: Engine) {
    let asked = Asked::new(engine);
    let mut statements = told();
    // They arrive in another order than they happened in.
    statements.reverse();
    asked.tell(&statements);
    let wrong = asked.tell(&[did("cyd", "completed", None, "2026-03-06T09:00:00Z")]);
    asked.tell(&[make::voiding(&wrong[0])]);
    let found = analyse(&asked, "courses", &json!({}));
    let course = &found["courses"][0];
    let of = |name: &str| course[name].as_u64();
    assert_eq!(
        (course["id"].as_str(), course["name"].as_str()),
        (Some(COURSE), Some("Fire safety"))
    );
    assert_eq!((of("enrolled"), of("started")), (Some(4), Some(3)), "{course}");
    assert_eq!((of("completed"), of("passed")), (Some(1), Some(0)), "{course}");
    near(&course["completed_share"], 25.0);
    near(&course["days_to_complete"]["median"], 3.0);
    near(&course["scores"]["median"], 80.0);
    assert_eq!(course["score_tenths"], json!([0, 0, 0, 0, 0, 0, 0, 0, 1, 0]));
    assert_eq!((&course["seconds_per_learner"], &found["parts"]), (&Value::Null, &Value::Null));

    let one = analyse(&asked, "courses", &json!({"course": COURSE}));
    let part = |place: usize, name: &str| one["parts"][place][name].clone();
    assert_eq!((part(0, "name"), part(1, "name")), (json!("Module 1"), json!("Module 2")));
    assert_eq!((part(0, "learners"), part(0, "completed")), (json!(3), json!(2)), "{one}");
    assert_eq!((part(1, "passed"), part(1, "failed")), (json!(1), json!(2)), "{one}");
    assert_eq!((part(0, "stopped"), part(1, "stopped")), (json!(1), json!(1)), "{one}");
    // Of ada 30 and 31 minutes and nothing, of ben 30 and 1, of the others nothing.
    near(&one["courses"][0]["seconds_per_learner"]["p90"], 60.0 * (31.0 + 0.7 * 30.0));
    let all = analyse(&asked, "courses", &json!({"time": true}));
    assert_eq!(all["courses"][0]["seconds_per_learner"], one["courses"][0]["seconds_per_learner"]);
    let early = json!({"where": {"field": "timestamp", "to": "2026-03-03"}});
    assert_eq!(analyse(&asked, "courses", &early)["courses"][0]["enrolled"], 2);
}

#[test]
fn courses_agree_with_what_was_done() {
    courses_agree(Engine::Embedded);
}

#[test]
fn courses_agree_with_what_was_done_on_postgres() {
    courses_agree(Engine::Postgres);
}

fn activity_agrees(engine: Engine) {
    let asked = Asked::new(engine);
    asked.tell(&told());
    let found = analyse(&asked, "activity", &json!({"zone": "Europe/Zurich"}));
    let days = found["days"].as_array().unwrap();
    // The last one is after midnight in Zurich, where summer time has begun.
    assert_eq!((days.len(), &days[29]["date"]), (30, &json!("2026-03-31")));
    assert_eq!((&found["learners"], &found["statements"]), (&json!(4), &json!(13)));
    let of =
        |day: usize| ["daily", "weekly", "monthly"].map(|name| days[day][name].as_u64().unwrap());
    assert_eq!((of(0), of(2), of(8)), ([2, 2, 2], [1, 3, 3], [0, 2, 3]), "{found}");
    // Of ben's first day there are 29 days to the last: it still counts then.
    assert_eq!((of(18), of(29)), ([1, 1, 3], [1, 1, 4]));
    near(&days[2]["stickiness"], 100.0 / 3.0);
    let first = &found["hours"][0];
    assert_eq!((&first["weekday"], &first["hour"]), (&json!(1), &json!(9)), "{found}");
    assert_eq!((&first["statements"], &first["learners"]), (&json!(3), &json!(1)), "{found}");
    let march = json!({"from": "2026-03-10", "to": "2026-03-20"});
    let march = analyse(&asked, "activity", &march);
    assert_eq!(march["days"].as_array().unwrap().len(), 11);
    assert_eq!((&march["learners"], &march["days"][10]["monthly"]), (&json!(1), &json!(3)));
    assert_eq!(analyse(&Asked::new(Engine::Embedded), "activity", &json!({}))["statements"], 0);
}

#[test]
fn activity_agrees_with_what_was_done() {
    activity_agrees(Engine::Embedded);
}

#[test]
fn activity_agrees_with_what_was_done_on_postgres() {
    activity_agrees(Engine::Postgres);
}

fn journeys_join_identifiers(engine: Engine) {
    let asked = Asked::new(engine);
    asked.tell(&told());
    let mut other = did("", "passed", None, "2027-01-10T12:00:00Z");
    other["actor"] = json!({"mbox": "mailto:ada@example.org", "name": "Ada"});
    other["context"]["platform"] = json!("Video");
    asked.tell(&[other]);
    let account = json!({"account": {"homePage": HOME, "name": "ada"}});
    let alone = analyse(&asked, "journey", &json!({"agent": account}));
    assert_eq!((&alone["statements"], &alone["active_days"]), (&json!(7), &json!(3)));
    assert_eq!((&alone["session_count"], &alone["name"]), (&json!(3), &Value::Null));
    near(&alone["seconds"], 60.0 * 61.0);
    let course = &alone["courses"][0];
    assert_eq!((&course["state"], &course["failures"]), (&json!("completed"), &json!(1)));
    assert_eq!((&course["name"], &course["passed"]), (&json!("Fire safety"), &Value::Null));
    near(&course["score"], 80.0);
    let attempts = alone["attempts"].as_array().unwrap();
    let attempts: Vec<_> = attempts.iter().map(|it| (&it["number"], &it["is_passed"])).collect();
    let expected = [(1, Value::Null), (2, json!(true)), (1, json!(false))];
    let expected: Vec<_> = expected.iter().map(|(it, is)| (json!(it), is.clone())).collect();
    assert!(
        attempts.iter().zip(&expected).all(|(it, is)| (it.0, it.1) == (&is.0, &is.1)),
        "{alone}"
    );

    let person = asked.store.administer(&[
        "person",
        "create",
        "--name",
        "Ada Lovelace",
        "--identifier",
        "ada@example.org",
        "--identifier",
        &account.to_string(),
    ]);
    let id = person["id"].as_str().unwrap();
    for who in [json!({"agent": account}), json!({"person": id})] {
        let joined = analyse(&asked, "journey", &who);
        assert_eq!((&joined["statements"], &joined["name"]), (&json!(8), &json!("Ada Lovelace")));
        assert_eq!(joined["identifiers"].as_array().unwrap().len(), 2);
        let years: Vec<_> = joined["years"].as_array().unwrap().iter().collect();
        let years: Vec<_> =
            years.iter().map(|it| (&it["year"], &it["courses_completed"])).collect();
        assert_eq!(years, [(&json!("2026"), &json!(1)), (&json!("2027"), &json!(0))]);
        assert_eq!(joined["timeline"][0]["platform"], "Video");
        assert_eq!(joined["achievements"][0]["kind"], "passed");
    }
    asked.store.administer(&["person", "remove", id]);
    let split = analyse(&asked, "journey", &json!({"agent": account}));
    assert_eq!(
        (&split["statements"], &split["courses"]),
        (&alone["statements"], &alone["courses"])
    );
}

#[test]
fn journeys_follow_joined_identifiers() {
    journeys_join_identifiers(Engine::Embedded);
}

#[test]
fn journeys_follow_joined_identifiers_on_postgres() {
    journeys_join_identifiers(Engine::Postgres);
}
