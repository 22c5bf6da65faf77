//! Retention, comparison, videos and help agree with what was done.

use acta_tests::{Engine, make};
use serde_json::{Value, json};

use super::{Asked, analyse, near};

const COURSE: &str = "http://c.example/fire";

/// A statement of a learner about something in a course.
fn did(learner: u32, verb: &str, object: &str, timestamp: &str) -> Value {
    json!({
        "id": make::id(),
        "actor": {"account": {"homePage": "https://lms.example", "name": format!("p{learner}")}},
        "verb": {"id": format!("http://adlnet.gov/expapi/verbs/{verb}")},
        "object": {"id": object},
        "timestamp": timestamp,
        "context": {"contextActivities": {"grouping": [{"id": COURSE, "definition":
            {"type": "http://adlnet.gov/expapi/activities/course"}}]}},
    })
}

fn retention_agrees(engine: Engine) {
    let asked = Asked::new(engine);
    let on =
        |learner, date: &str| did(learner, "experienced", "http://p", &format!("{date}T12:00:00Z"));
    asked.tell(&[
        on(1, "2026-03-02"),
        on(1, "2026-03-10"),
        on(1, "2026-03-11"),
        on(2, "2026-03-08"),
        on(2, "2026-03-16"),
        on(3, "2026-03-09"),
        // A clock that is ahead makes no cohort.
        on(4, "2099-01-01"),
    ]);
    let found = analyse(&asked, "retention", &json!({"by": "week"}));
    let cohorts = found["cohorts"].as_array().unwrap();
    assert_eq!(cohorts.len(), 2, "{found}");
    assert_eq!(
        (&cohorts[0]["period"], &cohorts[0]["active"]),
        (&json!("2026-03-02"), &json!([2, 1, 1]))
    );
    assert_eq!(
        (&cohorts[1]["period"], &cohorts[1]["active"]),
        (&json!("2026-03-09"), &json!([1, 0]))
    );
    near(&found["retention"][1], 100.0 / 3.0);
    near(&found["retention"][2], 50.0);
    let monthly = analyse(&asked, "retention", &json!({"by": "month"}));
    assert_eq!(monthly["cohorts"][0]["period"], "2026-03");
}

#[test]
fn retention_agrees_with_what_was_done() {
    retention_agrees(Engine::Embedded);
}

#[test]
fn retention_agrees_with_what_was_done_on_postgres() {
    retention_agrees(Engine::Postgres);
}

fn comparison_agrees(engine: Engine) {
    let asked = Asked::new(engine);
    let mut statements = Vec::new();
    for learner in 0..40 {
        let is_north = learner < 20;
        let mut passed = did(learner, "passed", "http://quiz", "2026-03-02T12:20:00Z");
        let score = f64::from(learner % 2).mul_add(0.2, if is_north { 0.4 } else { 0.7 });
        passed["result"] = json!({"score": {"scaled": score}});
        let began = did(learner, "initialized", "http://quiz", "2026-03-02T12:00:00Z");
        for mut statement in [began, passed] {
            statement["context"]["platform"] = json!(if is_north { "North" } else { "South" });
            statements.push(statement);
        }
    }
    asked.tell(&statements);
    let group = |name: &str| json!({"name": name, "where": {"field": "platform", "is": name}});
    let found = analyse(&asked, "compare", &json!({"groups": [group("North"), group("South")]}));
    let (north, south) = (&found["groups"][0], &found["groups"][1]);
    assert_eq!((&north["learners"], &south["passed"]), (&json!(20), &json!(20)), "{found}");
    near(&north["score"]["mean"], 50.0);
    near(&south["score"]["difference"], 30.0);
    near(&south["seconds"]["mean"], 1_200.0);
    near(&south["statements"]["difference"], 0.0);
    // Each has 20 scores, 10 of them 10 above and 10 of them 10 below the mean.
    let variance = 2_000.0 / 19.0_f64;
    near(&south["score"]["effect"], 30.0 / variance.sqrt());
    let error = 1.959_963_984_540_054 * (variance / 10.0).sqrt();
    near(&south["score"]["difference_interval"]["low"], 30.0 - error);
    assert_eq!(north["score"]["difference"], Value::Null);
}

#[test]
fn groups_are_compared_as_by_hand() {
    comparison_agrees(Engine::Embedded);
}

#[test]
fn groups_are_compared_as_by_hand_on_postgres() {
    comparison_agrees(Engine::Postgres);
}

/// A statement of a view of a video, with what was played by then.
fn played(learner: u32, session: &str, segments: &str, minute: u32) -> Value {
    let timestamp = format!("2026-03-02T12:{minute:02}:00Z");
    let mut statement = did(learner, "terminated", "http://video/1", &timestamp);
    statement["object"]["definition"] =
        json!({"type": "https://w3id.org/xapi/video/activity-type/video", "name": {"en": "Film"}});
    let extensions = "https://w3id.org/xapi/video/extensions";
    statement["context"]["extensions"] = json!({format!("{extensions}/length"): 10.0});
    if !session.is_empty() {
        statement["context"]["extensions"][format!("{extensions}/session-id")] = json!(session);
    }
    statement["result"] =
        json!({"extensions": {format!("{extensions}/played-segments"): segments}});
    statement
}

fn videos_agree(engine: Engine) {
    let asked = Asked::new(engine);
    asked.tell(&[
        // One view, in two statements.
        played(1, "a", "0[.]4", 0),
        played(1, "a", "0[.]4[,]4[.]10", 1),
        played(1, "b", "0[.]2", 2),
        // Without sessions: two views, with a gap between them.
        played(2, "", "5[.]10", 0),
        played(2, "", "5[.]10", 10),
        played(2, "", "", 50),
    ]);
    let found = analyse(&asked, "video", &json!({}));
    let video = &found["videos"][0];
    assert_eq!((&video["name"], &video["learners"]), (&json!("Film"), &json!(2)), "{found}");
    assert_eq!((&video["views"], &video["watched"]), (&json!(4), &json!(1)), "{found}");
    near(&video["seconds"], 10.0);
    near(&video["seconds_played"], 17.0);
    near(&video["mean_progress"], (100.0 + 20.0 + 50.0) / 4.0);
    let one = analyse(&asked, "video", &json!({"video": "http://video/1"}));
    assert_eq!(one["videos"][0]["curve"], json!([2, 2, 1, 1, 1, 2, 2, 2, 2, 2]));
    assert_eq!(one["videos"][0]["remaining"][9], 50.0);
    assert_eq!(analyse(&asked, "video", &json!({"video": "http://other"}))["videos"], json!([]));
}

#[test]
fn videos_agree_with_what_was_played() {
    videos_agree(Engine::Embedded);
}

#[test]
fn videos_agree_with_what_was_played_on_postgres() {
    videos_agree(Engine::Postgres);
}

fn help_agrees(engine: Engine) {
    let asked = Asked::new(engine);
    let module = "http://module/1";
    let mut statements: Vec<Value> =
        (0..12).map(|learner| did(learner, "completed", module, "2026-03-02T12:00:00Z")).collect();
    for day in 3..=5 {
        let timestamp = format!("2026-03-{day:02}T12:00:00Z");
        statements.push(did(1, "failed", "http://module/2", &timestamp));
    }
    // Learner 2 comes every day until the middle of the month.
    for day in 3..=12 {
        statements.push(did(2, "experienced", module, &format!("2026-03-{day:02}T12:00:00Z")));
    }
    asked.tell(&statements);
    let request = json!({"course": COURSE, "at": "2026-03-24T00:00:00Z"});
    let found = analyse(&asked, "help", &request);
    assert_eq!(found["course_learners"], 12, "{found}");
    let learners = found["learners"].as_array().unwrap();
    let kinds = |name: &str| {
        let of = |it: &&Value| it["person"].as_str().unwrap().contains(&format!("\"{name}\""));
        let learner = learners.iter().find(of);
        let reasons = learner.map(|it| it["reasons"].as_array().unwrap().clone());
        let reasons: Vec<Value> = reasons.unwrap_or_default();
        reasons.iter().map(|it| it["kind"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        (kinds("p1").first().unwrap().as_str(), kinds("p2")),
        ("stuck", vec!["idle".to_owned()])
    );
    assert_eq!(learners[0]["reasons"][0]["failures"], 3, "{found}");
    assert_eq!(learners[0]["reasons"][0]["activity"], "http://module/2");
    let early = analyse(&asked, "help", &json!({"course": COURSE, "at": "2026-03-05"}));
    assert_eq!(early["learner_count"], 0, "{early}");
    let due = json!({"course": COURSE, "at": "2026-03-06", "due": "2026-03-04"});
    let due = analyse(&asked, "help", &due);
    assert_eq!((&due["learner_count"], &due["learners"][0]["points"]), (&json!(12), &json!(6)));
    assert_eq!(
        analyse(&asked, "help", &json!({"course": COURSE, "at": "2027-03-24"}))["learner_count"],
        0
    );
}

#[test]
fn those_who_need_help_are_found() {
    help_agrees(Engine::Embedded);
}

#[test]
fn those_who_need_help_are_found_on_postgres() {
    help_agrees(Engine::Postgres);
}
