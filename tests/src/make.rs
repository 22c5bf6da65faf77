//! Statements, agents, activities and ids to send: each unlike any other, so that tests
//! can share a server.

use std::fmt::Write as _;

use acta_ambient::{Entropy, SystemEntropy};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// A UUID that nobody else has.
pub fn id() -> String {
    let mut bytes = [0_u8; 16];
    SystemEntropy.fill(&mut bytes);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut text = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// An agent that nobody else has.
pub fn agent() -> Value {
    json!({"objectType": "Agent", "mbox": format!("mailto:{}@example.org", id())})
}

/// The IRI of an activity that nobody else has.
pub fn activity_id() -> String {
    format!("https://example.org/activities/{}", id())
}

/// The IRI of a verb that nobody else has.
pub fn verb_id() -> String {
    format!("https://example.org/verbs/{}", id())
}

/// A small statement with an actor, verb and activity of its own and no id.
pub fn statement() -> Value {
    json!({
        "actor": agent(),
        "verb": {"id": verb_id(), "display": {"en-US": "tried"}},
        "object": {"objectType": "Activity", "id": activity_id()},
    })
}

/// A small statement with an id.
pub fn statement_with_id() -> (String, Value) {
    let id = id();
    let mut statement = statement();
    statement["id"] = json!(id);
    (id, statement)
}

/// A statement with this actor.
pub fn statement_of(actor: &Value) -> Value {
    let mut statement = statement();
    statement["actor"] = actor.clone();
    statement
}

/// A statement about the statement with this id.
pub fn statement_about(target: &str) -> Value {
    let mut statement = statement();
    statement["object"] = json!({"objectType": "StatementRef", "id": target});
    statement
}

/// The text of a statement that has a lone surrogate in the value of an extension, and no result
/// besides. Such a text cannot be a [`Value`].
pub fn with_lone_surrogate(mut statement: Value) -> String {
    const PLACE: &str = "the place of the surrogate";
    statement["result"] = json!({"extensions": {"https://example.org/odd": PLACE}});
    statement.to_string().replace(PLACE, "\\ud800")
}

/// A statement that voids the statement with this id.
pub fn voiding(target: &str) -> Value {
    let mut statement = statement_about(target);
    statement["verb"] = json!({"id": "http://adlnet.gov/expapi/verbs/voided"});
    statement
}

/// A statement that uses everything that both versions know.
pub fn rich_statement() -> Value {
    json!({
        "id": id(),
        "actor": group(),
        "verb": {"id": verb_id(), "display": {"en-US": "answered", "de": "antwortete"}},
        "object": question(),
        "result": {
            "score": {"scaled": 0.5, "raw": 5, "min": 0, "max": 10},
            "success": true,
            "completion": false,
            "response": "green[,]blue",
            "duration": "PT1M30.25S",
            "extensions": {"https://example.org/result": {"deep": [null, {}, ""]}},
        },
        "context": context(),
        "timestamp": "2024-02-29T12:34:56.789Z",
        "attachments": [{
            "usageType": "https://example.org/usage",
            "display": {"en": "A file"},
            "description": {"en": "Elsewhere"},
            "contentType": "text/plain; charset=ascii",
            "length": 27,
            "sha2": "495395e777cd98da653df9615d09c0fd6bb2f8d4788394cd53c56a3bfdcd848a",
            "fileUrl": "https://example.org/file.txt",
        }],
    })
}

/// An identified group with two members.
pub fn group() -> Value {
    json!({
        "objectType": "Group",
        "name": "Explorers",
        "account": {"homePage": "https://example.org", "name": id()},
        "member": [
            {"objectType": "Agent", "name": "Ada", "mbox": format!("mailto:{}@example.org", id())},
            {"openid": format!("https://openid.example.org/{}", id())},
        ],
    })
}

/// An activity with a choice interaction.
pub fn question() -> Value {
    json!({
        "objectType": "Activity",
        "id": activity_id(),
        "definition": {
            "name": {"en-US": "Colours", "de": "Farben"},
            "description": {"en-US": "Which ones?", "de": "Welche?"},
            "type": "http://adlnet.gov/expapi/activities/cmi.interaction",
            "moreInfo": "https://example.org/more",
            "interactionType": "choice",
            "correctResponsesPattern": ["green[,]blue"],
            "choices": [
                {"id": "green", "description": {"en-US": "Green", "de": "Grün"}},
                {"id": "blue", "description": {"en-US": "Blue", "de": "Blau"}},
            ],
            "extensions": {"https://example.org/definition": null},
        },
    })
}

/// A context with everything that both versions know.
pub fn context() -> Value {
    json!({
        "registration": id(),
        "instructor": agent(),
        "team": group(),
        "contextActivities": {
            "parent": [{"objectType": "Activity", "id": activity_id()}],
            "grouping": [{"id": activity_id()}],
            "category": [{"id": activity_id()}],
            "other": [{"id": activity_id()}],
        },
        "revision": "7",
        "platform": "web",
        "language": "de-CH",
        "statement": {"objectType": "StatementRef", "id": id()},
        "extensions": {"https://example.org/context": "any"},
    })
}

/// A substatement with everything that both versions know.
pub fn substatement() -> Value {
    let rich = rich_statement();
    json!({
        "objectType": "SubStatement",
        "actor": rich["actor"],
        "verb": rich["verb"],
        "object": rich["object"],
        "result": rich["result"],
        "context": rich["context"],
        "timestamp": rich["timestamp"],
    })
}

/// SHA-256 in lower-case hex.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// The header of an attachment whose data is `bytes`, without a file URL.
pub fn attachment(content_type: &str, bytes: &[u8]) -> Value {
    json!({
        "usageType": "https://example.org/usage",
        "display": {"en": "An attachment"},
        "contentType": content_type,
        "length": bytes.len(),
        "sha2": sha256_hex(bytes),
    })
}
