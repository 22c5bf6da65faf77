//! The agents resource: what is known of a person.

use acta_tests::make;
use serde_json::{Value, json};

use crate::both;

#[test]
fn returns_a_person_also_for_unknown_agents() {
    both(|client| {
        let account = json!({"homePage": "https://example.org", "name": make::id()});
        for (name, value) in [
            ("mbox", json!(format!("mailto:{}@example.org", make::id()))),
            ("mbox_sha1sum", json!("ebd31e95054c018b10727ccffd2ef2ec3a016ee9")),
            ("openid", json!("https://openid.example.org/ada")),
            ("account", account),
        ] {
            let agent = json!({"objectType": "Agent", name: value}).to_string();
            let answer = client.get("/agents").query("agent", &agent).send().expect(200);
            assert!(answer.must_header("content-type").starts_with("application/json"));
            let person = answer.json();
            assert_eq!(person["objectType"], "Person");
            assert_eq!(person[name], json!([value]));
        }
    });
}

#[test]
fn returns_the_names_that_statements_gave_a_person() {
    both(|client| {
        let mbox = format!("mailto:{}@example.org", make::id());
        let mut statements = Vec::new();
        for name in ["Ada", "Ada Lovelace", "Ada"] {
            statements.push(make::statement_of(&json!({"mbox": mbox, "name": name})));
        }
        client.store(&Value::from(statements));
        let agent = json!({"mbox": mbox}).to_string();
        let person = client.get("/agents").query("agent", &agent).send().expect(200).json();
        assert_eq!(person["mbox"], json!([mbox]));
        let names = person["name"].as_array().expect("an array of names");
        assert_eq!(names.len(), 2, "each name once: {names:?}");
        assert!(names.contains(&json!("Ada")) && names.contains(&json!("Ada Lovelace")));
    });
}

#[test]
fn returns_nothing_of_other_people() {
    both(|client| {
        let other = json!({"mbox": format!("mailto:{}@example.org", make::id()), "name": "Other"});
        client.store(&make::statement_of(&other));
        let agent = make::agent();
        let call = client.get("/agents").query("agent", &agent.to_string());
        let person = call.send().expect(200).json();
        assert_eq!(person, json!({"objectType": "Person", "mbox": [agent["mbox"]]}));
    });
}

#[test]
fn refuses_a_parameter_that_is_no_agent() {
    both(|client| {
        client.get("/agents").send().expect(400);
        let agents = [
            "not JSON",
            "",
            "[]",
            "{}",
            "{\"name\":\"Ada\"}",
            "{\"mbox\":\"ada@example.org\"}",
            "{\"mbox\":\"mailto:a@example.org\",\"openid\":\"https://example.org\"}",
            "{\"objectType\":\"Person\",\"mbox\":[\"mailto:a@example.org\"]}",
            "{\"objectType\":\"Activity\",\"id\":\"https://example.org\"}",
            "{\"objectType\":\"Group\",\"mbox\":\"mailto:a@example.org\"}",
        ];
        for agent in agents {
            let answer = client.get("/agents").query("agent", agent).send();
            assert_eq!(answer.status, 400, "{agent}");
        }
    });
}
