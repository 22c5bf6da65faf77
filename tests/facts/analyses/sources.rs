//! Sources and data quality agree with what was sent.

use acta_tests::{Engine, make};
use serde_json::{Value, json};

use super::{Asked, analyse, near};

/// A statement from a platform at noon of a day in March.
fn sent(platform: &str, verb: &str, day: u32) -> Value {
    json!({
        "id": make::id(),
        "actor": {"account": {"homePage": "https://lms.example", "name": "ada"}},
        "verb": {"id": format!("http://adlnet.gov/expapi/verbs/{verb}")},
        "object": {"id": "http://a.example/1", "definition":
            {"type": "http://t.example/page", "name": {"en": "Page"}}},
        "timestamp": format!("2026-03-{day:02}T12:00:00Z"),
        "context": {"platform": platform},
    })
}

fn sources_agree(engine: Engine) {
    let asked = Asked::new(engine);
    let campus = (1..=20).map(|day| sent("Campus", "experienced", day));
    let register = (1..=10).map(|day| sent("Register", "attended", day));
    let rare = [1, 12].map(|day| sent("Rare", "experienced", day));
    asked.tell(&campus.chain(register).chain(rare).collect::<Vec<_>>());
    let found = analyse(&asked, "sources", &json!({"at": "2026-03-20T18:00:00Z"}));
    let sources = found["sources"].as_array().unwrap();
    let shown: Vec<_> = sources.iter().map(|it| (&it["source"], &it["is_silent"])).collect();
    let expected = [("Register", true), ("Campus", false), ("Rare", false)];
    let expected = expected.map(|(source, is_silent)| (json!(source), json!(is_silent)));
    assert!(shown.iter().zip(&expected).all(|(it, is)| (it.0, it.1) == (&is.0, &is.1)), "{found}");
    let register = &sources[0];
    assert_eq!((&register["quiet_days"], &register["statements"]), (&json!(10), &json!(10)));
    assert_eq!(register["last_seen"], "2026-03-10T12:00:00.000000Z");
    near(&register["usual_days"], 1.0);
    assert_eq!(
        (&sources[2]["usual_days"], &sources[2]["longest_days"]),
        (&Value::Null, &json!(11))
    );
    assert_eq!(found["verbs"][0]["statements"], 22);
    assert_eq!(
        (&found["types"][0]["id"], &found["types"][0]["activities"]),
        (&json!("http://t.example/page"), &json!(1))
    );
    let before = analyse(&asked, "sources", &json!({"at": "2026-03-11"}));
    assert_eq!(before["sources"][0]["is_silent"], false, "{before}");
    let by_credential = analyse(&asked, "sources", &json!({"by": "source", "at": "2026-03-20"}));
    assert_eq!(by_credential["sources"].as_array().unwrap().len(), 1);
}

#[test]
fn sources_agree_with_what_was_sent() {
    sources_agree(Engine::Embedded);
}

#[test]
fn sources_agree_with_what_was_sent_on_postgres() {
    sources_agree(Engine::Postgres);
}

fn quality_agrees(engine: Engine) {
    let asked = Asked::new(engine);
    let with = |mut statement: Value, name: &str, value: Value| {
        statement[name] = value;
        statement
    };
    let mut anonymous = sent("App", "experienced", 1);
    anonymous["actor"] =
        json!({"objectType": "Group", "member": [{"mbox": "mailto:ada@example.org"}]});
    let mut foreign = sent("App", "experienced", 2);
    foreign["verb"] = json!({"id": "http://lms.example/Completed"});
    let mut unnamed = sent("App", "experienced", 3);
    unnamed["object"] = json!({"id": "http://a.example/2"});
    asked.tell(&[
        anonymous,
        foreign,
        unnamed,
        sent("Campus", "answered", 4),
        with(sent("Campus", "answered", 5), "result", json!({"response": "a"})),
        sent("Campus", "passed", 6),
        with(sent("Campus", "passed", 7), "result", json!({"score": {"scaled": 1.0}})),
        with(
            sent("Campus", "failed", 8),
            "result",
            json!({"score": {"scaled": 1.0}, "success": true}),
        ),
        sent("Campus", "completed", 9),
        sent("Campus", "completed", 9),
        sent("Campus", "completed", 9),
        with(sent("Ahead", "completed", 10), "timestamp", json!("2099-01-01T00:00:00Z")),
    ]);
    let found = analyse(&asked, "quality", &json!({}));
    let of = |rule: &str| {
        let mut rules = found["rules"].as_array().unwrap().iter();
        rules.find(|it| it["rule"] == rule).unwrap_or_else(|| panic!("{rule}: {found}"))
    };
    let table = [
        ("anonymous_actor", 1, "App"),
        ("answer_without_result", 1, "Campus"),
        ("judged_without_score", 1, "Campus"),
        ("contradiction", 1, "Campus"),
        ("unnamed_activity", 1, "App"),
        ("untyped_activity", 1, "App"),
        ("duplicate", 2, "Campus"),
        ("in_future", 1, "Ahead"),
    ];
    for (rule, count, platform) in table {
        let first = &of(rule)["platforms"][0];
        assert_eq!(
            (&of(rule)["statements"], &first["platform"]),
            (&json!(count), &json!(platform)),
            "{rule}: {found}"
        );
    }
    near(&of("duplicate")["share"], 200.0 / 12.0);
    assert_eq!(
        found["unknown_verbs"],
        json!([{"id": "http://lms.example/Completed", "statements": 1}])
    );
    assert_eq!(found["verbs_of_one_word"][0]["word"], "completed");
    let ahead = found["clocks"].as_array().unwrap().iter().find(|it| it["platform"] == "Ahead");
    assert!(ahead.unwrap()["delay_seconds"]["median"].as_f64().unwrap() < -1e6, "{found}");
}

#[test]
fn data_quality_agrees_with_what_was_sent() {
    quality_agrees(Engine::Embedded);
}

#[test]
fn data_quality_agrees_with_what_was_sent_on_postgres() {
    quality_agrees(Engine::Postgres);
}
