//! Statements of one version, read as another: never converted.

use acta_tests::{Client, Version, make};
use serde_json::{Value, json};

use crate::{both, shared};

/// Everything that `client` gets of a statement: by its id and in a list, in each format.
fn readings(client: &Client, id: &str, agent: &str) -> Vec<Vec<u8>> {
    let mut readings = Vec::new();
    for format in ["exact", "ids", "canonical"] {
        for (name, value) in [("statementId", id), ("agent", agent)] {
            let call = client.get("/statements").query(name, value).query("format", format);
            let answer = call.query("attachments", "false").send().expect(200);
            assert_eq!(answer.header("x-experience-api-version"), Some(client.version().as_str()));
            readings.push(answer.body);
        }
    }
    readings
}

#[test]
fn gives_every_reader_the_statement_as_stored() {
    let (old, new) = (shared().client(Version::V1_0_3), shared().client(Version::V2_0_0));
    let agent = make::agent();
    let mut statement = make::rich_statement();
    let group = json!({"objectType": "contextGroup", "group": make::group()});
    let entry = json!({"objectType": "contextAgent", "agent": agent});
    statement["actor"] = agent.clone();
    statement["context"]["contextAgents"] = json!([entry]);
    statement["context"]["contextGroups"] = json!([group]);
    let id = new.store(&statement).remove(0);
    let seen = old.fetch(&id);
    assert_eq!(seen["version"], "2.0.0");
    assert_eq!(seen["context"], statement["context"]);
    let agent = agent.to_string();
    assert_eq!(readings(&old, &id, &agent), readings(&new, &id, &agent));
    // What was read as 1.0.3 can be sent on as what it is.
    new.put("/statements").query("statementId", &id).json(&seen).send().expect(204);
}

#[test]
fn shows_a_1_0_3_statement_to_a_reader_of_2_0_as_it_is() {
    let (old, new) = (shared().client(Version::V1_0_3), shared().client(Version::V2_0_0));
    let mut statement = make::rich_statement();
    statement["actor"] = make::agent();
    statement["timestamp"] = json!("2024-02-29T13:34:56.789+01:00");
    let id = old.store(&statement).remove(0);
    let seen = new.fetch(&id);
    assert_eq!((&seen["version"], &seen["timestamp"]), (&json!("1.0.0"), &statement["timestamp"]));
    let agent = statement["actor"].to_string();
    assert_eq!(readings(&old, &id, &agent), readings(&new, &id, &agent));
}

#[test]
fn keeps_any_version_of_2_that_was_sent() {
    let client = shared().client(Version::V2_0_0);
    for version in ["2.0", "2.0.7", "2.1.0"] {
        let mut statement = make::statement();
        statement["version"] = json!(version);
        let id = client.store(&statement).remove(0);
        assert_eq!(client.fetch(&id)["version"], version);
    }
}

#[test]
fn returns_the_timestamps_of_2_0_in_utc() {
    let rows = [
        ("2024-02-29T12:34:56.789Z", "2024-02-29T12:34:56.789Z"),
        ("2024-02-29T12:34:56+00:00", "2024-02-29T12:34:56+00:00"),
        ("2024-02-29T13:34:56.7+01:00", "2024-02-29T12:34:56.7Z"),
        ("2024-02-29T23:34:56.123456789012-0130", "2024-03-01T01:04:56.123456789012Z"),
        ("2024-02-29T12:34:56", "2024-02-29T12:34:56Z"),
    ];
    both(|client| {
        for (sent, in_utc) in rows {
            let mut statement = make::statement();
            statement["timestamp"] = json!(sent);
            statement["object"] = make::substatement();
            statement["object"]["timestamp"] = json!(sent);
            statement["result"] = json!({"extensions": {"https://example.org/at": sent}});
            let id = client.store(&statement).remove(0);
            let expected = if client.version() == Version::V2_0_0 { in_utc } else { sent };
            for format in ["exact", "ids", "canonical"] {
                let call = client.get("/statements").query("statementId", &id);
                let kept: Value = call.query("format", format).send().expect(200).json();
                assert_eq!(kept["timestamp"], expected, "{sent} as {format}");
                assert_eq!(kept["object"]["timestamp"], expected, "{sent} as {format}");
                assert_eq!(kept["result"], statement["result"]);
            }
        }
    });
}
