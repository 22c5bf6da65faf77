//! How much of what is known of activities is added to one answer.

use acta_access::{Principal, TenantId};
use acta_service::{
    Sent, Service, Shape, StatementPageLimits, StoredStatement, TenantLimits, Upload, View,
};
use acta_xapi::{Format, IriRule, Languages, Version};
use serde_json::{Value, json};

use crate::engine::{Engine, on_every_engine};
use crate::house::{House, PAGE};

on_every_engine! {
    definitions_are_added_up_to_their_bytes
}

fn principal() -> Principal {
    Principal::new(TenantId::FIRST, "ada", "all".parse().unwrap())
}

/// Stores statements, and reads them.
async fn store(service: &Service, statements: &[Value]) -> Vec<StoredStatement> {
    let who = principal();
    let sent = Sent {
        text: json!(statements).to_string().into(),
        version: Version::V1_0_3,
        shape: Shape::Any,
        iris: IriRule::Strict,
    };
    let statements = service.prepare_statements(&who, sent).await.unwrap();
    let limits = &TenantLimits::NONE;
    let upload = Upload { statements, attachments: Vec::new(), bytes: 0, limits };
    let mut stored = Vec::new();
    for id in service.store_statements(upload).await.unwrap().ids {
        stored.push(service.find_statement(&who, id).await.unwrap());
    }
    stored
}

/// Statements with what is known of their activities.
async fn render(service: &Service, statements: Vec<StoredStatement>) -> Vec<Value> {
    let view = View { format: Format::Canonical, languages: Languages::default() };
    let begin = "[".to_owned();
    let mut text = service.render_statements(&principal(), statements, view, begin).await.unwrap();
    text.push(']');
    serde_json::from_str(&text).unwrap()
}

fn statement(activity: &Value) -> Value {
    json!({
        "actor": { "mbox": "mailto:ada@example.org" },
        "verb": { "id": "http://example.org/v" },
        "object": activity,
    })
}

/// A definition of exactly so many bytes.
fn definition(bytes: usize) -> Value {
    let empty = json!({ "name": { "en": "" } }).to_string().len();
    json!({ "name": { "en": "x".repeat(bytes - empty) } })
}

async fn definitions_are_added_up_to_their_bytes(engine: Engine) {
    let house = House::new(engine).await;
    let StatementPageLimits { bytes_max, .. } = PAGE;
    let bytes_max = Service::FILLED_PAGES_MAX * bytes_max;
    let bytes = bytes_max / 100;
    // A hundred are just short enough, or one byte each too long.
    for (bytes, filled) in [(bytes, 100), (bytes + 1, 99)] {
        let id = format!("http://example.org/of/{bytes}");
        let known = json!({ "id": id, "definition": definition(bytes) });
        store(&house.service, &[statement(&known)]).await;
        let statements = vec![statement(&json!({ "id": id })); 101];
        let stored = store(&house.service, &statements).await;
        let rendered = render(&house.service, stored).await;
        let is_filled: Vec<bool> = rendered
            .iter()
            .map(|one| one["object"].get("definition") == Some(&known["definition"]))
            .collect();
        let expected: Vec<bool> = (0..101).map(|number| number < filled).collect();
        assert_eq!(is_filled, expected, "{bytes} bytes");
        // The others are as they were sent.
        assert_eq!(rendered[100]["object"].get("definition"), None);
    }
}

// Not on the reference engine, which looks through all statements for each activity.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn definitions_in_a_directory_are_added_up_to_their_count() {
    check_count(Engine::Embedded).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn definitions_in_a_database_are_added_up_to_their_count() {
    check_count(Engine::Postgres).await;
}

async fn check_count(engine: Engine) {
    const TOGETHER: usize = 1000;

    let house = House::new(engine).await;
    let count = Service::FILLED_COUNT_MAX + 1;
    let about = |make: &dyn Fn(usize) -> Value| -> Vec<Value> {
        let activities: Vec<Value> = (0..count).map(make).collect();
        let of_one = |others: &[Value]| {
            let mut statement = statement(&json!({ "id": "http://example.org/a" }));
            statement["context"] = json!({ "contextActivities": { "other": others } });
            statement
        };
        activities.chunks(TOGETHER).map(of_one).collect()
    };
    let id = |number: usize| format!("http://example.org/{number}");
    let name = |number: usize| json!({ "name": { "en": number.to_string() } });
    let known = |number| json!({ "id": id(number), "definition": name(number) });
    store(&house.service, &about(&known)).await;
    // The object of the first is one of the activities, without a definition.
    let stored = store(&house.service, &about(&|number| json!({ "id": id(number) }))).await;
    let rendered = render(&house.service, stored).await;
    let others = rendered
        .iter()
        .flat_map(|one| one["context"]["contextActivities"]["other"].as_array().unwrap());
    let is_filled: Vec<bool> = others
        .enumerate()
        .map(|(number, other)| other.get("definition") == Some(&name(number)))
        .collect();
    // Of those asked for, one is the object.
    let filled = Service::FILLED_COUNT_MAX - 1;
    assert_eq!(is_filled.iter().filter(|is_filled| **is_filled).count(), filled);
    assert!(is_filled[..filled].iter().all(|is_filled| *is_filled), "the first ones");
}
