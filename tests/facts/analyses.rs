//! Analyses agree with what is known of the statements that were sent.

mod groups;
mod learning;
mod sources;
mod stories;
mod truth;

use acta_tests::{Engine, Version, acta, make, run};
use serde_json::{Value, json};

use super::Asked;

const QUIZ: &str = "http://q.example/quiz";
const LEARNERS: u32 = 60;

/// What the learner answers to the question, by how good the learner is: 0 to 59.
type Answered = fn(u32) -> Option<&'static str>;

/// The questions: their number, their definition, and what is answered.
const QUESTIONS: [(u32, &str, &str, Answered); 5] = [
    (1, "choice", r#"["a"]"#, |learner| Some(if learner >= 20 { "a" } else { "b" })),
    (2, "choice", r#"["a"]"#, |learner| Some(if learner >= 40 { "a" } else { "b" })),
    // The key is wrong: the better learners choose another option.
    (3, "choice", r#"["b"]"#, |learner| Some(if learner >= 30 { "c" } else { "b" })),
    (4, "numeric", r#"["4[:]6"]"#, |learner| (learner >= 6).then_some("5")),
    (5, "likert", "", |learner| Some(if learner % 3 == 0 { "a" } else { "b" })),
];

/// Whether the learner was right by the key.
fn is_right(question: u32, response: Option<&str>) -> Option<bool> {
    match question {
        1 | 2 => Some(response == Some("a")),
        3 => Some(response == Some("b")),
        4 => Some(response == Some("5")),
        _ => None,
    }
}

fn answered(learner: u32, number: u32, response: Option<&str>, success: Option<bool>) -> Value {
    let (_, kind, key, _) = QUESTIONS[number as usize - 1];
    let list = if kind == "likert" { "scale" } else { "choices" };
    let mut definition = json!({
        "type": "http://adlnet.gov/expapi/activities/cmi.interaction", "interactionType": kind,
        "name": {"en": format!("Question {number}")},
    });
    if kind != "numeric" {
        definition[list] =
            json!([{"id": "a", "description": {"en": "First"}}, {"id": "b"}, {"id": "c"}]);
    }
    if !key.is_empty() {
        definition["correctResponsesPattern"] = serde_json::from_str(key).unwrap();
    }
    let mut result = json!({"duration": format!("PT{}S", 10 + number)});
    if let Some(response) = response {
        result["response"] = json!(response);
    }
    if let Some(success) = success {
        result["success"] = json!(success);
    }
    json!({
        "id": make::id(),
        "actor": {"account": {"homePage": "https://lms.example", "name": format!("p{learner}")}},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/answered"},
        "object": {"id": format!("{QUIZ}/{number}"), "definition": definition},
        "result": result,
        "context": {"contextActivities": {"parent": [{"id": QUIZ}]}},
        "timestamp": format!("2026-03-02T10:{:02}:{:02}Z", number, learner),
    })
}

/// Every first answer. Questions 1 and 2 are judged by the source, 3 by the source, 4 by nobody.
fn first_answers() -> Vec<Value> {
    let mut statements = Vec::new();
    for (number, _, _, answer) in QUESTIONS {
        for learner in 0..LEARNERS {
            let response = answer(learner);
            let success = is_right(number, response).filter(|_| number < 4);
            if response.is_some() {
                statements.push(answered(learner, number, response, success));
            }
        }
    }
    statements
}

fn analyse(asked: &Asked, name: &str, request: &Value) -> Value {
    // The facts have every statement afterwards.
    asked.count();
    let client = asked.server.client(Version::V1_0_3);
    let path = format!("/api/v1/tenants/1/analyses/{name}");
    let found = client.call_outside("POST", &path).json(request).send().expect(200).json();
    assert!(found["is_rebuilding"].is_boolean(), "{name}: {found}");
    found
}

#[track_caller]
fn near(found: &Value, expected: f64) {
    let found = found.as_f64().unwrap_or_else(|| panic!("{found} is no number"));
    assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
}

/// The correlation of two lists in percent, computed in the plainest way.
fn correlation(one: &[f64], other: &[f64]) -> f64 {
    let mean = |list: &[f64]| list.iter().sum::<f64>() / list.len() as f64;
    let (mean_one, mean_other) = (mean(one), mean(other));
    let sum = |of: &dyn Fn(usize) -> f64| (0..one.len()).map(of).sum::<f64>();
    let both = sum(&|at| (one[at] - mean_one) * (other[at] - mean_other));
    let squares =
        sum(&|at| (one[at] - mean_one).powi(2)) * sum(&|at| (other[at] - mean_other).powi(2));
    100.0 * both / squares.sqrt()
}

fn items_agree(engine: Engine) {
    let asked = Asked::new(engine);
    let mut statements = first_answers();
    // They arrive in another order than they happened in.
    statements.reverse();
    let ids = asked.tell(&statements);
    // Later attempts do not count, and what is voided does not either.
    let again: Vec<Value> = (0..LEARNERS)
        .map(|learner| {
            let mut later = answered(learner, 2, Some("a"), Some(true));
            later["timestamp"] = json!("2026-03-05T10:00:00Z");
            later
        })
        .collect();
    asked.tell(&again);
    let mut wrong = answered(7, 4, Some("99"), None);
    wrong["timestamp"] = json!("2026-03-01T00:00:00Z");
    let wrong = asked.tell(&[wrong]);
    asked.tell(&[make::voiding(&wrong[0])]);
    assert_eq!(ids.len(), statements.len());

    let found = analyse(&asked, "items", &json!({"activity": QUIZ}));
    assert_eq!((&found["learners"], &found["test"]["questions"]), (&json!(60), &json!(4)));
    let scores: Vec<Vec<f64>> = (1..=4_u32)
        .map(|number| {
            let score = |learner| {
                f64::from(u8::from(
                    is_right(number, QUESTIONS[number as usize - 1].3(learner)).unwrap(),
                ))
            };
            (0..LEARNERS).map(score).collect()
        })
        .collect();
    for (number, scores_of) in scores.iter().enumerate() {
        let question = &found["questions"][number];
        assert_eq!(question["id"], format!("{QUIZ}/{}", number + 1));
        near(&question["facility"], 100.0 * scores_of.iter().sum::<f64>() / 60.0);
        let others = scores.iter().enumerate().filter(|(other, _)| *other != number);
        let others: Vec<&Vec<f64>> = others.map(|(_, scores)| scores).collect();
        let rest: Vec<f64> = (0..60).map(|at| others.iter().map(|it| it[at]).sum()).collect();
        near(&question["discrimination_index"], correlation(scores_of, &rest));
    }
    let questions = found["questions"].as_array().unwrap();
    let flags: Vec<&Value> = questions.iter().map(|question| &question["flags"]).collect();
    assert_eq!(flags[2], &json!(["key_may_be_wrong", "never_chosen"]), "{}", questions[2]);
    assert!(flags[0].as_array().unwrap().iter().all(|flag| flag != "key_may_be_wrong"));
    let of = |number: usize, name: &str| &questions[number][name];
    assert_eq!((of(0, "derived"), of(3, "derived")), (&json!(0), &json!(54)));
    assert_eq!((of(3, "answers"), of(3, "interaction")), (&json!(54), &json!("numeric")));
    assert_eq!((of(4, "is_survey"), of(4, "facility")), (&json!(true), &Value::Null));
    near(&of(4, "options")[0]["share"], 100.0 / 3.0);
    assert_eq!(of(0, "options")[0]["description"], "First");
    assert_eq!(of(0, "options")[0]["count"], 40);
    near(&of(0, "seconds")["median"], 11.0);

    let last = analyse(&asked, "items", &json!({"activity": QUIZ, "attempts": "last"}));
    near(&last["questions"][1]["facility"], 100.0);
    let few = json!({"where": {"field": "timestamp", "to": "2026-03-02T10:01:05Z"}});
    let few = analyse(&asked, "items", &few);
    assert_eq!(
        (&few["learners"], &few["questions"][0]["reliability"]),
        (&json!(5), &json!("too_few"))
    );
    assert_eq!(
        (&few["questions"][0]["facility"], &few["test"]["mean"]),
        (&Value::Null, &Value::Null)
    );
}

#[test]
fn item_analyses_agree_with_a_plain_computation() {
    items_agree(Engine::Embedded);
}

#[test]
fn item_analyses_agree_with_a_plain_computation_on_postgres() {
    items_agree(Engine::Postgres);
}

/// A statement of a learner at a minute.
fn did(learner: u32, verb: &str, minute: u32) -> Value {
    json!({
        "id": make::id(),
        "actor": {"account": {"homePage": "https://lms.example", "name": format!("p{learner}")}},
        "verb": {"id": format!("http://v.example/{verb}")},
        "object": {"id": "http://c.example/1", "definition":
            {"type": "http://adlnet.gov/expapi/activities/course", "name": {"en": "Course"}}},
        "timestamp": format!("2026-03-02T{:02}:{:02}:00Z", minute / 60, minute % 60),
    })
}

fn time_and_funnel_agree(engine: Engine) {
    let asked = Asked::new(engine);
    asked.tell(&[
        did(1, "completed", 90),
        did(1, "began", 10),
        did(1, "paused", 30),
        did(2, "began", 5),
        // Before it began: not a step.
        did(3, "completed", 0),
        did(3, "began", 40),
    ]);
    let time = analyse(&asked, "time", &json!({"gap_minutes": 30}));
    let row = &time["rows"][0];
    assert_eq!((&row["value"], &row["learners"]), (&json!("http://c.example/1"), &json!(3)));
    assert_eq!(row["sessions"], 5);
    near(&row["seconds"], 1_200.0);
    let longer = analyse(&asked, "time", &json!({"by": "person", "gap_minutes": 60}));
    near(&longer["rows"][0]["seconds"], 80.0 * 60.0);
    let step = |name: &str| json!({"name": name, "where": {"field": "verb", "is": format!("http://v.example/{name}")}});
    let steps = json!({"steps": [step("began"), step("completed")]});
    let funnel = analyse(&asked, "funnel", &steps);
    let reached: Vec<&Value> =
        funnel["steps"].as_array().unwrap().iter().map(|it| &it["reached"]).collect();
    assert_eq!(reached, [&json!(3), &json!(1)]);
    assert_eq!(
        (&funnel["steps"][0]["stopped"], &funnel["steps"][1]["stopped"]),
        (&json!(2), &json!(1))
    );
    near(&funnel["steps"][1]["waiting_seconds"]["median"], 80.0 * 60.0);
}

#[test]
fn time_on_task_and_funnels_agree_with_what_was_done() {
    time_and_funnel_agree(Engine::Embedded);
}

#[test]
fn time_on_task_and_funnels_agree_with_what_was_done_on_postgres() {
    time_and_funnel_agree(Engine::Postgres);
}

#[test]
fn a_faulty_analysis_is_refused_with_its_place() {
    let asked = Asked::new(Engine::Embedded);
    let client = asked.server.client(Version::V1_0_3);
    let pointer = |name: &str, request: Value| {
        let path = format!("/api/v1/tenants/1/analyses/{name}");
        let problem = client.call_outside("POST", &path).json(&request).send().expect(400).json();
        problem["faults"][0]["pointer"].as_str().unwrap_or_default().to_owned()
    };
    let unknown = json!({"field": "colour", "is": 1});
    let known = json!({"field": "verb", "exists": true});
    let part = |condition: &Value| json!({"name": "a", "where": condition});
    let parts = json!([part(&known), part(&unknown)]);
    let course = "http://c.example/1";
    let table = [
        ("items", json!({"where": unknown}), "/where/field"),
        ("time", json!({"where": unknown}), "/where/field"),
        ("time", json!({"gap_minutes": 0}), "/gap_minutes"),
        ("time", json!({"by": "response"}), "/by"),
        ("funnel", json!({"steps": []}), "/steps"),
        ("funnel", json!({"steps": parts}), "/steps/1/where/field"),
        ("courses", json!({"gap_minutes": 2_000}), "/gap_minutes"),
        ("courses", json!({"where": unknown}), "/where/field"),
        ("activity", json!({"from": "today"}), "/from"),
        ("activity", json!({"from": "2026-03-02", "to": "2026-03-01"}), "/to"),
        ("activity", json!({"zone": "Mars/Olympus"}), "/zone"),
        ("journey", json!({"person": "x", "limit": 1_001}), "/limit"),
        ("journey", json!({}), ""),
        ("compare", json!({"groups": []}), "/groups"),
        ("compare", json!({"groups": parts}), "/groups/1/where/field"),
        ("sources", json!({"by": "verb"}), "/by"),
        ("sources", json!({"at": "now"}), "/at"),
        ("quality", json!({"where": unknown}), "/where/field"),
        ("help", json!({"course": course, "within_days": 0}), "/within_days"),
        ("help", json!({"course": course, "due": "soon"}), "/due"),
        ("findings", json!({"at": "now"}), "/at"),
    ];
    for (name, request, expected) in table {
        assert_eq!(pointer(name, request), expected, "{name}");
    }
}

#[test]
fn the_command_line_analyses_a_served_store() {
    let asked = Asked::new(Engine::Embedded);
    asked.tell(&first_answers());
    asked.tell(&[did(1, "began", 10), did(1, "completed", 30), did(2, "began", 5)]);
    asked.count();
    let analyse = |arguments: &[&str]| {
        let mut command = acta();
        let shown =
            run(command.arg("analyse").args(arguments).arg("--data").arg(asked.store.data()));
        assert_eq!(shown.code, Some(0), "{}", shown.err);
        shown.out
    };
    let items = analyse(&["items", "--activity", QUIZ]);
    let question = |number: u32| {
        let start = format!("{QUIZ}/{number} ");
        items.lines().find(|line| line.starts_with(&start)).unwrap_or_else(|| panic!("{items}"))
    };
    assert!(question(3).ends_with("key may be wrong, never chosen"), "{items}");
    assert!(question(1).contains("  choice  ") && question(1).contains("  66.7 %  "), "{items}");
    assert!(question(4).ends_with("54 judged by the definition"), "{items}");
    let time = analyse(&["time", "--where", "verb~v.example"]);
    assert!(time.contains("http://c.example/1  2         2         0:20:00"), "{time}");
    let steps = ["began=verb=http://v.example/began", "completed=verb=http://v.example/completed"];
    let funnel = analyse(&["funnel", "--step", steps[0], "--step", steps[1]]);
    assert!(
        funnel.contains("completed  1        50.0 %    50.0 %       1        0:20:00"),
        "{funnel}"
    );
}
