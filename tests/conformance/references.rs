//! Voiding, and statements found through the statement they refer to.

use acta_tests::{Client, make};
use serde_json::json;

use crate::both;

fn status_of(client: &Client, name: &str, id: &str) -> u16 {
    client.get("/statements").query(name, id).send().status
}

#[track_caller]
fn check_voided(client: &Client, id: &str, is_voided: bool) {
    let (live, voided) = if is_voided { (404, 200) } else { (200, 404) };
    assert_eq!(status_of(client, "statementId", id), live, "by statementId");
    assert_eq!(status_of(client, "voidedStatementId", id), voided, "by voidedStatementId");
}

#[test]
fn hides_a_voided_statement_but_by_voided_statement_id() {
    both(|client| {
        let (id, statement) = make::statement_with_id();
        let agent = statement["actor"].to_string();
        client.store(&statement);
        check_voided(client, &id, false);
        let voiding = client.store(&make::voiding(&id)).remove(0);
        check_voided(client, &id, true);
        check_voided(client, &voiding, false);
        let call = client.get("/statements").query("voidedStatementId", &id);
        assert_eq!(call.send().expect(200).json()["id"], json!(id));
        // The voiding statement still meets the filter that its target would have met.
        assert_eq!(client.find(&[("agent", &agent)]), [voiding]);
    });
}

#[test]
fn refuses_to_void_anything_but_a_statement_reference() {
    both(|client| {
        let objects = [
            json!({"id": make::activity_id()}),
            json!({"objectType": "Activity", "id": make::activity_id()}),
            make::agent(),
            make::group(),
            make::substatement(),
            json!({"objectType": "StatementRef"}),
        ];
        for object in objects {
            let mut voiding = make::voiding(&make::id());
            voiding["object"] = object;
            client.post("/statements").json(&voiding).send().expect(400);
        }
    });
}

#[test]
fn never_voids_a_voiding_statement() {
    both(|client| {
        let (id, statement) = make::statement_with_id();
        client.store(&statement);
        let voiding = client.store(&make::voiding(&id)).remove(0);
        let answer = client.post("/statements").json(&make::voiding(&voiding)).send();
        assert!([200, 400].contains(&answer.status), "{}", answer.status);
        check_voided(client, &voiding, false);
        check_voided(client, &id, true);
    });
}

#[test]
fn voids_once_and_for_all() {
    both(|client| {
        let (id, statement) = make::statement_with_id();
        client.store(&statement);
        client.store(&make::voiding(&id));
        let answer = client.post("/statements").json(&make::voiding(&id)).send();
        assert!([200, 400].contains(&answer.status), "{}", answer.status);
        check_voided(client, &id, true);
        // The id stays taken, and repeating it brings nothing back.
        client.store(&statement);
        check_voided(client, &id, true);
    });
}

#[test]
fn voids_a_statement_that_arrives_later() {
    both(|client| {
        let (id, statement) = make::statement_with_id();
        client.store(&make::voiding(&id));
        client.store(&statement);
        check_voided(client, &id, true);
        let (id, statement) = make::statement_with_id();
        client.store(&json!([make::voiding(&id), statement]));
        check_voided(client, &id, true);
        let (id, statement) = make::statement_with_id();
        client.store(&json!([statement, make::voiding(&id)]));
        check_voided(client, &id, true);
    });
}

#[test]
fn takes_a_voiding_statement_whose_target_is_unknown() {
    both(|client| {
        client.post("/statements").json(&make::voiding(&make::id())).send().expect(200);
    });
}

#[test]
fn does_not_void_by_a_substatement_or_another_verb() {
    both(|client| {
        let (id, statement) = make::statement_with_id();
        client.store(&statement);
        let mut outer = make::statement();
        outer["object"] = make::voiding(&id);
        outer["object"]["objectType"] = json!("SubStatement");
        client.store(&outer);
        client.store(&make::statement_about(&id));
        check_voided(client, &id, false);
    });
}

#[test]
fn finds_statements_by_what_they_refer_to() {
    both(|client| {
        let (id, mut statement) = make::statement_with_id();
        statement["context"] = json!({"registration": make::id()});
        client.store(&statement);
        let second = client.store(&make::statement_about(&id)).remove(0);
        let third = client.store(&make::statement_about(&second)).remove(0);
        let chain = [third, second, id];
        let filters = [
            ("agent", statement["actor"].to_string()),
            ("verb", statement["verb"]["id"].as_str().expect("an id").to_owned()),
            ("activity", statement["object"]["id"].as_str().expect("an id").to_owned()),
            ("registration", statement["context"]["registration"].as_str().expect("x").to_owned()),
        ];
        for (name, value) in &filters {
            assert_eq!(client.find(&[(name, value)]), chain, "by {name}");
        }
        let all: Vec<_> = filters.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(client.find(&all), chain, "by all together");
    });
}

#[test]
fn follows_references_that_were_stored_before_their_target() {
    both(|client| {
        let (id, statement) = make::statement_with_id();
        let agent = statement["actor"].to_string();
        let second = client.store(&make::statement_about(&id)).remove(0);
        let third = client.store(&make::statement_about(&second)).remove(0);
        assert_eq!(client.find(&[("agent", &agent)]), [""; 0]);
        client.store(&statement);
        let mut found = client.find(&[("agent", &agent)]);
        found.sort();
        let mut expected = vec![id, second, third];
        expected.sort();
        assert_eq!(found, expected);
    });
}

#[test]
fn meets_each_filter_by_itself_or_by_its_target() {
    both(|client| {
        let (id, statement) = make::statement_with_id();
        client.store(&statement);
        let about = make::statement_about(&id);
        let second = client.store(&about).remove(0);
        let mine = about["actor"].to_string();
        let theirs = statement["actor"].to_string();
        let their_verb = statement["verb"]["id"].as_str().expect("an id is a string");
        assert_eq!(client.find(&[("agent", &mine)]), std::slice::from_ref(&second));
        assert_eq!(client.find(&[("agent", &theirs), ("verb", their_verb)]), [second, id]);
    });
}

#[test]
fn survives_statements_that_refer_to_each_other() {
    both(|client| {
        let (one, two) = (make::id(), make::id());
        let mut first = make::statement_about(&two);
        first["id"] = json!(one);
        let mut second = make::statement_about(&one);
        second["id"] = json!(two);
        let mut own = make::statement();
        let myself = make::id();
        own["id"] = json!(myself);
        own["object"] = json!({"objectType": "StatementRef", "id": myself});
        client.store(&json!([first, second, own]));
        let mut found = client.find(&[("agent", &first["actor"].to_string())]);
        found.sort();
        let mut expected = vec![one, two];
        expected.sort();
        assert_eq!(found, expected);
        assert_eq!(client.find(&[("agent", &own["actor"].to_string())]), [myself]);
    });
}

#[test]
fn does_not_follow_the_statement_of_a_context() {
    both(|client| {
        let (id, statement) = make::statement_with_id();
        client.store(&statement);
        let mut other = make::statement();
        other["context"] = json!({"statement": {"objectType": "StatementRef", "id": id}});
        client.store(&other);
        assert_eq!(client.find(&[("agent", &statement["actor"].to_string())]), [id]);
    });
}

#[test]
fn shows_what_refers_to_a_voided_statement() {
    both(|client| {
        let (id, statement) = make::statement_with_id();
        client.store(&statement);
        let about = client.store(&make::statement_about(&id)).remove(0);
        let voiding = client.store(&make::voiding(&id)).remove(0);
        let found = client.find(&[("agent", &statement["actor"].to_string())]);
        assert_eq!(found, [voiding.clone(), about.clone()]);
        let verb = statement["verb"]["id"].as_str().expect("an id is a string");
        assert_eq!(client.find(&[("verb", verb), ("ascending", "true")]), [about, voiding]);
    });
}

#[test]
fn applies_since_and_until_to_the_statement_that_refers() {
    both(|client| {
        let (id, statement) = make::statement_with_id();
        client.store(&statement);
        let agent = statement["actor"].to_string();
        let stored = client.fetch(&id)["stored"].as_str().expect("a string").to_owned();
        let about = client.store(&make::statement_about(&id)).remove(0);
        assert_eq!(client.find(&[("agent", &agent), ("since", &stored)]), [about]);
        assert_eq!(client.find(&[("agent", &agent), ("until", &stored)]), [id]);
        let one = client.get("/statements").query("agent", &agent).query("limit", "1");
        assert_eq!(one.send().expect(200).json()["statements"].as_array().map(Vec::len), Some(1));
    });
}
