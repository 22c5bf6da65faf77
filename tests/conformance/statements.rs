//! Storing statements by PUT and POST, and fetching one by its id.

use acta_tests::{Version, make};
use serde_json::{Value, json};

use crate::both;

mod equality;
mod versions;

/// `value` without what the store sets.
fn without_ours(value: &Value) -> Value {
    let mut bare = value.clone();
    let properties = bare.as_object_mut().expect("a statement is an object");
    for name in ["stored", "authority", "version", "timestamp", "id"] {
        properties.remove(name);
    }
    bare
}

#[test]
fn puts_a_statement_under_an_id() {
    both(|client| {
        let id = make::id();
        let statement = make::statement();
        let answer = client.put("/statements").query("statementId", &id).json(&statement).send();
        assert!(answer.expect(204).body.is_empty());
        assert_eq!(client.fetch(&id)["id"], json!(id));
    });
}

#[test]
fn puts_a_statement_that_names_the_same_id() {
    both(|client| {
        let (id, statement) = make::statement_with_id();
        client.put("/statements").query("statementId", &id).json(&statement).send().expect(204);
        let upper = id.to_uppercase();
        let other = make::id();
        let (_, statement) = make::statement_with_id();
        let answer = client.put("/statements").query("statementId", &other).json(&statement);
        answer.send().expect(400);
        client.get("/statements").query("statementId", &upper).send().expect(200);
    });
}

#[test]
fn refuses_a_put_without_a_statement_id() {
    both(|client| {
        let statement = make::statement();
        client.put("/statements").json(&statement).send().expect(400);
        let (_, statement) = make::statement_with_id();
        client.put("/statements").json(&statement).send().expect(400);
        let query = client.put("/statements").query("statementid", &make::id());
        query.json(&make::statement()).send().expect(400);
    });
}

#[test]
fn refuses_a_put_of_more_than_one_statement() {
    both(|client| {
        let id = make::id();
        let put = |body: Value| client.put("/statements").query("statementId", &id).json(&body);
        put(json!([make::statement()])).send().expect(400);
        put(json!([])).send().expect(400);
        client.get("/statements").query("statementId", &id).send().expect(404);
    });
}

#[test]
fn posts_one_statement_and_answers_with_its_id() {
    both(|client| {
        let (id, statement) = make::statement_with_id();
        assert_eq!(client.store(&statement), [id]);
    });
}

#[test]
fn posts_a_batch_and_answers_with_the_ids_in_order() {
    both(|client| {
        let (first, one) = make::statement_with_id();
        let (third, three) = make::statement_with_id();
        let ids = client.store(&json!([one, make::statement(), three]));
        assert_eq!(ids.len(), 3);
        assert_eq!([&ids[0], &ids[2]], [&first, &third]);
        for id in &ids {
            assert_eq!(client.fetch(id)["id"], json!(id));
        }
    });
}

#[test]
fn makes_an_id_where_none_is_given() {
    both(|client| {
        let ids = client.store(&json!([make::statement(), make::statement()]));
        assert_ne!(ids[0], ids[1]);
        for id in ids {
            assert_eq!(id.len(), 36, "{id}");
            assert_eq!(client.fetch(&id)["id"], json!(id));
        }
    });
}

#[test]
fn takes_an_equal_statement_again() {
    both(|client| {
        let (id, statement) = make::statement_with_id();
        for _ in 0..3 {
            assert_eq!(client.store(&statement), std::slice::from_ref(&id));
            let put = client.put("/statements").query("statementId", &id).json(&statement);
            put.send().expect(204);
        }
        assert_eq!(client.find(&[("agent", &statement["actor"].to_string())]), [id]);
    });
}

#[test]
fn never_changes_a_stored_statement() {
    both(|client| {
        let (id, statement) = make::statement_with_id();
        client.store(&statement);
        let before = client.get("/statements").query("statementId", &id).send().expect(200).body;
        let mut other = make::statement();
        other["id"] = json!(id);
        client.post("/statements").json(&other).send().expect(409);
        let put = client.put("/statements").query("statementId", &id).json(&other);
        put.send().expect(409);
        let after = client.get("/statements").query("statementId", &id).send().expect(200).body;
        assert_eq!(before, after);
        assert_eq!(client.find(&[("agent", &other["actor"].to_string())]), [""; 0]);
    });
}

#[test]
fn refuses_a_batch_with_one_id_twice() {
    both(|client| {
        let (id, one) = make::statement_with_id();
        let mut two = make::statement();
        two["id"] = json!(id.to_uppercase());
        for batch in [json!([one, two]), json!([one, one])] {
            client.post("/statements").json(&batch).send().expect(400);
            client.get("/statements").query("statementId", &id).send().expect(404);
        }
    });
}

#[test]
fn takes_an_empty_batch_or_refuses_it_but_stores_nothing() {
    both(|client| {
        let answer = client.post("/statements").json(&json!([])).send();
        assert!([200, 400].contains(&answer.status), "{}", answer.status);
        if answer.status == 200 {
            assert_eq!(answer.json(), json!([]));
        }
    });
}

#[test]
fn leaves_nothing_of_a_batch_with_a_faulty_statement() {
    both(|client| {
        let (first, one) = make::statement_with_id();
        let (last, three) = make::statement_with_id();
        let mut faulty = make::statement();
        faulty["verb"]["id"] = json!("no iri");
        for batch in [json!([one, faulty, three]), json!([faulty, one]), json!([one, faulty])] {
            client.post("/statements").json(&batch).send().expect(400);
        }
        for id in [first, last] {
            client.get("/statements").query("statementId", &id).send().expect(404);
        }
    });
}

#[test]
fn leaves_nothing_of_a_batch_with_a_conflict() {
    both(|client| {
        let (taken, statement) = make::statement_with_id();
        client.store(&statement);
        let (first, one) = make::statement_with_id();
        let mut other = make::statement();
        other["id"] = json!(taken);
        let (last, three) = make::statement_with_id();
        client.post("/statements").json(&json!([one, other, three])).send().expect(409);
        for id in [first, last] {
            client.get("/statements").query("statementId", &id).send().expect(404);
        }
    });
}

#[test]
fn stores_the_new_ones_of_a_batch_that_repeats_equal_statements() {
    both(|client| {
        let (old, statement) = make::statement_with_id();
        client.store(&statement);
        let (new, other) = make::statement_with_id();
        let ids = client.store(&json!([statement, other]));
        assert_eq!(ids, [old, new.clone()]);
        client.fetch(&new);
    });
}

#[test]
fn sets_stored_itself() {
    both(|client| {
        let (id, mut statement) = make::statement_with_id();
        statement["stored"] = json!("2001-01-01T00:00:00.000Z");
        client.store(&statement);
        let stored = client.fetch(&id)["stored"].as_str().expect("stored is a string").to_owned();
        assert!(stored.as_str() > "2024" && stored.ends_with('Z'), "{stored}");
        let fraction = stored.split('.').nth(1).expect("stored has a fraction");
        assert!(fraction.len() > 3, "at least milliseconds: {stored}");
    });
}

#[test]
fn sets_a_missing_timestamp_to_stored() {
    both(|client| {
        let ids = client.store(&make::statement());
        let kept = client.fetch(&ids[0]);
        assert_eq!(kept["timestamp"], kept["stored"]);
    });
}

#[test]
fn keeps_the_precision_of_a_timestamp() {
    both(|client| {
        for text in ["2024-02-29T12:34:56.789Z", "2024-02-29T12:34:56.123456Z"] {
            let mut statement = make::statement();
            statement["timestamp"] = json!(text);
            let ids = client.store(&statement);
            let kept = client.fetch(&ids[0])["timestamp"].clone();
            let kept = kept.as_str().expect("timestamp is a string");
            assert!(kept.starts_with(&text[..23]), "{kept}");
        }
    });
}

#[test]
fn sets_the_authority_by_the_credential() {
    both(|client| {
        let (id, statement) = make::statement_with_id();
        client.store(&statement);
        let ours = client.fetch(&id)["authority"].clone();
        assert_eq!(ours["objectType"].as_str().unwrap_or("Agent"), "Agent", "{ours}");
        let (id, mut statement) = make::statement_with_id();
        statement["authority"] = make::agent();
        client.store(&statement);
        assert_eq!(client.fetch(&id)["authority"], ours, "the same credential, the same authority");
    });
}

#[test]
fn keeps_the_version_that_was_sent_and_adds_a_missing_one() {
    both(|client| {
        let mut statement = make::statement();
        statement["version"] = json!("1.0.0");
        let ids = client.store(&statement);
        assert_eq!(client.fetch(&ids[0])["version"], "1.0.0");
        let ids = client.store(&make::statement());
        let expected = match client.version() {
            Version::V1_0_3 => "1.0.0",
            Version::V2_0_0 => "2.0.0",
        };
        let kept = client.fetch(&ids[0])["version"].clone();
        assert_eq!(kept, expected);
    });
}

#[test]
fn returns_context_activities_as_arrays() {
    both(|client| {
        let kinds = ["parent", "grouping", "category", "other"];
        for kind in kinds {
            let activity = json!({"objectType": "Activity", "id": make::activity_id()});
            let mut statement = make::statement();
            statement["context"] = json!({"contextActivities": {kind: activity}});
            let mut outer = make::statement();
            outer["object"] = statement.clone();
            outer["object"]["objectType"] = json!("SubStatement");
            let ids = client.store(&json!([statement, outer]));
            let pointer = format!("/context/contextActivities/{kind}");
            let kept = client.fetch(&ids[0]);
            assert_eq!(kept.pointer(&pointer), Some(&json!([activity])));
            let kept = client.fetch(&ids[1]);
            assert_eq!(kept["object"].pointer(&pointer), Some(&json!([activity])));
        }
    });
}

#[test]
fn returns_what_was_sent() {
    both(|client| {
        let mut with_substatement = make::statement();
        with_substatement["object"] = make::substatement();
        for statement in [make::statement(), make::rich_statement(), with_substatement] {
            let ids = client.store(&statement);
            let kept = client.fetch(&ids[0]);
            assert_eq!(without_ours(&kept), without_ours(&statement));
            for name in ["id", "stored", "authority", "version", "timestamp"] {
                assert!(!kept[name].is_null(), "no {name}");
            }
        }
    });
}

#[test]
fn fetches_one_statement_by_its_id() {
    both(|client| {
        let (id, statement) = make::statement_with_id();
        client.store(&statement);
        let answer = client.get("/statements").query("statementId", &id).send().expect(200);
        assert!(answer.must_header("content-type").starts_with("application/json"));
        let kept = answer.json();
        assert_eq!(kept["id"], json!(id));
        assert!(kept["statements"].is_null(), "one statement, not a result");
        client.get("/statements").query("statementId", &make::id()).send().expect(404);
        client.get("/statements").query("statementId", "should fail").send().expect(400);
    });
}

#[test]
fn refuses_other_parameters_beside_an_id() {
    both(|client| {
        let (id, statement) = make::statement_with_id();
        client.store(&statement);
        let others = [
            ("agent", make::agent().to_string()),
            ("verb", make::verb_id()),
            ("activity", make::activity_id()),
            ("registration", make::id()),
            ("related_activities", "true".to_owned()),
            ("related_agents", "true".to_owned()),
            ("since", "2024-01-01T00:00:00Z".to_owned()),
            ("until", "2024-01-01T00:00:00Z".to_owned()),
            ("limit", "1".to_owned()),
            ("ascending", "true".to_owned()),
        ];
        for name in ["statementId", "voidedStatementId"] {
            for (other, value) in &others {
                let call = client.get("/statements").query(name, &id).query(other, value);
                assert_eq!(call.send().status, 400, "{name} with {other}");
            }
        }
        let both_ids = client.get("/statements").query("statementId", &id);
        both_ids.query("voidedStatementId", &id).send().expect(400);
        for (other, value) in [("format", "exact"), ("format", "ids"), ("attachments", "false")] {
            let call = client.get("/statements").query("statementId", &id).query(other, value);
            assert_eq!(call.send().status, 200, "statementId with {other}");
        }
    });
}

#[test]
fn says_in_last_modified_when_a_statement_was_stored() {
    both(|client| {
        let (id, statement) = make::statement_with_id();
        client.store(&statement);
        let answer = client.get("/statements").query("statementId", &id).send().expect(200);
        let modified = answer.must_header("last-modified").to_owned();
        assert!(modified.ends_with(" GMT") && modified.len() == 29, "an HTTP date: {modified}");
        let stored = answer.json()["stored"].as_str().expect("stored is a string").to_owned();
        // 2024-02-29T12:34:56.789Z is Thu, 29 Feb 2024 12:34:56 GMT.
        assert_eq!(modified[17..25], stored[11..19]);
        assert_eq!(modified[5..7], stored[8..10]);
        let agent = statement["actor"].to_string();
        let answer = client.get("/statements").query("agent", &agent).send().expect(200);
        assert_eq!(answer.must_header("last-modified"), modified);
    });
}
