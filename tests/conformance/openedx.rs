//! Statements of a real Open edX installation: in by POST, back with the sender's bytes.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use acta_tests::{Client, Server, Store, Version};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::engine;

/// The lines that the specification refuses, first and last, counted from 1: activities
/// named by a bare UUID, an object without an id, objects of a type that is not known.
const FAULTY: [(usize, usize); 4] = [(37, 42), (60, 60), (63, 67), (70, 81)];

/// Where the statements lie beside a checkout, if they are there.
fn statements_path() -> Option<PathBuf> {
    let mut folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    folders.find_map(|folder| {
        let path = folder.join("shared/statements/openedx.jsonl");
        path.exists().then_some(path)
    })
}

/// What counts when two of these statements are compared.
fn essence(statement: &Value) -> Value {
    let mut essence = statement.clone();
    let properties = essence.as_object_mut().expect("a statement is an object");
    for name in ["stored", "authority", "version", "attachments"] {
        properties.remove(name);
    }
    forget_definitions(&mut essence);
    essence
}

fn forget_definitions(value: &mut Value) {
    if let Some(properties) = value.as_object_mut() {
        properties.remove("definition");
        properties.remove("display");
        properties.values_mut().for_each(forget_definitions);
    } else if let Some(items) = value.as_array_mut() {
        items.iter_mut().for_each(forget_definitions);
    }
}

/// The properties of a JSON object as they are written.
fn raw_properties(text: &str) -> HashMap<String, Box<RawValue>> {
    serde_json::from_str(text).expect("a statement is an object")
}

/// Posts every line. Returns the lines that were stored, by id.
fn post_all<'a>(client: &Client, lines: &[&'a str]) -> HashMap<String, &'a str> {
    let mut stored: HashMap<String, &str> = HashMap::new();
    let mut conflict_count = 0;
    for (index, line) in lines.iter().enumerate() {
        let statement: Value = serde_json::from_str(line).expect("a line is JSON");
        let id = statement["id"].as_str().expect("each line has an id").to_owned();
        let earlier = stored.get(&id).map(|text| serde_json::from_str(text).expect("JSON"));
        let is_faulty = FAULTY.iter().any(|(first, last)| (*first..=*last).contains(&(index + 1)));
        let expected = match earlier {
            _ if is_faulty => 400,
            Some(earlier) if essence(&earlier) != essence(&statement) => 409,
            Some(_) | None => 200,
        };
        let answer = client.post("/statements").json_text(line).send();
        let told = String::from_utf8_lossy(&answer.body).into_owned();
        assert_eq!(answer.status, expected, "line {}: {told:.400}", index + 1);
        conflict_count += usize::from(expected == 409);
        if expected == 200 {
            assert_eq!(answer.json(), serde_json::json!([id]), "line {}", index + 1);
            stored.entry(id).or_insert(line);
        }
    }
    assert!(conflict_count > 0, "the file repeats ids with other content");
    stored
}

#[test]
fn keeps_the_bytes_of_real_statements_and_tells_conflicts_apart() {
    let Some(path) = statements_path() else {
        println!("skipped: no shared/statements/openedx.jsonl beside this checkout");
        return;
    };
    let text = std::fs::read_to_string(path).expect("the file can be read");
    let lines: Vec<&str> = text.lines().collect();
    for version in Version::EVERY {
        let store = Store::new(engine());
        let server = Server::start_on(&store, version);
        let client = server.client(version);
        let stored = post_all(&client, &lines);
        for (id, line) in &stored {
            let call = client.get("/statements").query("statementId", id);
            let answer = call.send().expect(200);
            let kept = raw_properties(answer.text());
            for (name, sent) in raw_properties(line) {
                let kept = kept.get(&name).map(|value| value.get());
                assert_eq!(kept, Some(sent.get()), "{name} of {id} as {version:?}");
            }
        }
        assert_eq!(client.find(&[]).len(), stored.len());
    }
}
