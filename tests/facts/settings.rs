//! What a tenant has set for questions holds for the next one, on both engines.

use std::thread;
use std::time::Duration;

use acta_ambient::{Clock, SystemClock};
use acta_tests::{Engine, Version, acta, run};
use serde_json::{Value, json};

use super::{Asked, WAIT_MAX, statement};

const MODULE: &str = "http://a.example/module";

/// A statement late on a day of UTC, about a lesson of a module, which is not a course for most.
fn late_statement() -> Value {
    json!({
        "actor": {"mbox": "mailto:ada@example.org"},
        "verb": {"id": "http://v.example/did", "display": {"en": "did", "de": "tat"}},
        "object": {"id": "http://a.example/lesson",
            "definition": {"name": {"en": "Lesson", "de-CH": "Lektion"}}},
        "context": {"contextActivities": {"grouping": [{"id": MODULE, "definition":
            {"type": "http://t.example/module", "name": {"en": "Module", "de": "Modul"}}}]}},
        "timestamp": "2026-03-01T22:30:00Z",
    })
}

fn set(asked: &Asked, options: &[&str]) {
    asked.store.administer(&[&["tenant", "settings", "1"], options].concat());
}

fn follows_settings(engine: Engine) {
    let mut asked = Asked::new(engine);
    asked.tell(&[late_statement()]);
    let question = json!({"measures": [{"measure": "count"}],
        "dimensions": [{"field": "timestamp", "by": "day"}, "course", "object", "verb"]});
    let row = |asked: &Asked| asked.ask(&question)["rows"][0].clone();
    assert_eq!((&row(&asked)[0], &row(&asked)[1]), (&json!("2026-03-01"), &Value::Null));

    set(&asked, &["--zone", "Asia/Tokyo", "--course", "parent,grouping,any_grouping"]);
    assert_eq!((&row(&asked)[0], &row(&asked)[1]), (&json!("2026-03-02"), &json!(MODULE)));
    set(&asked, &["--course", "grouping", "--course-types", "http://t.example/module"]);
    assert_eq!(row(&asked)[1], MODULE);
    assert_eq!(asked.ask(&question)["labels"]["course"][MODULE], "Module");

    set(&asked, &["--language", "de"]);
    let clock = SystemClock::new();
    loop {
        let answer = asked.ask(&question);
        if answer["is_rebuilding"].is_null() {
            assert_eq!(answer["labels"]["course"][MODULE], "Modul", "{answer}");
            break;
        }
        assert!(clock.elapsed() < WAIT_MAX, "{answer}");
        thread::sleep(Duration::from_millis(20));
    }
    asked.restart();
    let answer = asked.ask(&question);
    assert_eq!(answer["labels"]["object"]["http://a.example/lesson"], "Lektion", "{answer}");
    assert_eq!(answer["labels"]["verb"]["http://v.example/did"], "tat", "{answer}");
}

#[test]
fn settings_of_a_tenant_hold_for_the_next_question() {
    follows_settings(Engine::Embedded);
}

#[test]
fn settings_of_a_tenant_hold_for_the_next_question_on_postgres() {
    follows_settings(Engine::Postgres);
}

fn withholds_small_groups(engine: Engine) {
    let mut asked = Asked::new(engine);
    // Ten learners; two of them about another activity.
    let mut statements: Vec<Value> = (0..40).map(statement).collect();
    for statement in &mut statements {
        let name = statement["actor"]["account"]["name"].clone();
        let is_few = name == "p3" || name == "p7";
        statement["object"]["id"] =
            json!(if is_few { "http://a.example/few" } else { "http://a.example/many" });
    }
    asked.tell(&statements);
    set(&asked, &["--smallest-group", "5"]);
    let by = |field: &str| json!({"measures": [{"measure": "count"}], "dimensions": [field], "totals": true});
    let answer = asked.ask(&by("object"));
    assert_eq!((&answer["rows"], &answer["totals"]), (&json!([]), &json!([40])), "{answer}");
    assert_eq!(answer["withheld"]["smallest_group"], 5, "{answer}");
    assert_eq!(asked.ask(&by("course"))["rows"], json!([[super::COURSE, 40]]));
    assert_eq!(asked.ask(&by("course"))["withheld"], Value::Null);
    let alone =
        json!({"measures": [{"measure": "count"}], "where": {"field": "person", "contains": "p3"}});
    let answer = asked.ask(&alone);
    assert_eq!((&answer["rows"], &answer["fact_count"]), (&json!([]), &json!(0)), "{answer}");

    let client = asked.server.client(Version::V1_0_3);
    let analyse = |name: &str, request: &Value| {
        let path = format!("/api/v1/tenants/1/analyses/{name}");
        client.call_outside("POST", &path).json(request).send()
    };
    assert!(analyse("items", &json!({})).expect(403).text().contains("5 learners or more"));
    let time = analyse("time", &json!({"by": "object"})).expect(200).json();
    assert_eq!((time["rows"].as_array().unwrap().len(), &time["withheld"]), (1, &json!(true)));
    let step = |verb: &str| json!({"name": verb, "where": {"field": "object", "is": verb}});
    let steps = json!({"steps": [step("http://a.example/many"), step("http://a.example/few")]});
    let funnel = analyse("funnel", &steps).expect(200).json();
    assert_eq!(
        (&funnel["steps"][0]["reached"], &funnel["steps"][1]["reached"]),
        (&json!(8), &json!(0))
    );

    if engine == Engine::Embedded {
        let mut command = acta();
        let shown =
            run(command.args(["query", "--by", "object", "--data"]).arg(asked.store.data()));
        assert!(shown.out.contains("some figures are withheld"), "{}", shown.out);
    }
    asked.restart();
    assert_eq!(asked.ask(&by("object"))["rows"], json!([]));
    set(&asked, &["--smallest-group", "none"]);
    assert_eq!(asked.ask(&by("object"))["rows"].as_array().unwrap().len(), 2);
}

#[test]
fn figures_about_few_learners_are_withheld() {
    withholds_small_groups(Engine::Embedded);
}

#[test]
fn figures_about_few_learners_are_withheld_on_postgres() {
    withholds_small_groups(Engine::Postgres);
}
