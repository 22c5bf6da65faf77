//! The context of a statement.

use acta_tests::tweak::{remove, set};
use acta_tests::{Version, make};
use serde_json::{Value, json};

use super::{accepts_at_both_levels, check, refuses_at_both_levels, with_substatement};
use crate::both;

#[test]
fn requires_a_uuid_as_registration() {
    refuses_at_both_levels(&[
        set("/context/registration", "should fail"),
        set("/context/registration", json!({})),
        set("/context/registration", 7),
    ]);
}

#[test]
fn refuses_an_instructor_that_is_no_agent() {
    refuses_at_both_levels(&[
        set("/context/instructor", "ada"),
        set("/context/instructor", json!({"key": "should fail"})),
        set("/context/instructor", json!([make::agent()])),
    ]);
}

#[test]
fn refuses_a_team_that_is_no_group() {
    refuses_at_both_levels(&[
        set("/context/team", make::agent()),
        set("/context/team", json!({"mbox": "mailto:team@example.org"})),
        set("/context/team", "team"),
        set("/context/team", json!({"key": "should fail"})),
    ]);
}

#[test]
fn refuses_a_revision_or_platform_that_is_no_string() {
    for place in ["/context/revision", "/context/platform"] {
        let values = [json!(12345), json!({"key": "value"}), json!([])];
        refuses_at_both_levels(&values.map(|value| set(place, value)));
    }
}

#[test]
fn takes_revision_and_platform_only_with_an_activity() {
    let others =
        [make::agent(), make::group(), json!({"objectType": "StatementRef", "id": make::id()})];
    both(|client| {
        for property in ["revision", "platform"] {
            let told = |object: &Value| format!("{property} with {object}");
            for object in others.iter().chain([&make::substatement()]) {
                let mut statement = make::statement();
                statement["object"] = object.clone();
                statement["context"] = json!({property: "7"});
                check(client, &statement, false, &told(object));
            }
            for object in &others {
                let mut statement = with_substatement();
                statement["object"]["object"] = object.clone();
                statement["object"]["context"] = json!({property: "7"});
                check(client, &statement, false, &told(object));
            }
            let mut statement = make::statement();
            statement["object"] = json!({"id": make::activity_id()});
            statement["context"] = json!({property: "7"});
            check(client, &statement, true, &told(&statement["object"]));
        }
    });
}

#[test]
fn refuses_a_language_outside_rfc_5646() {
    refuses_at_both_levels(&[
        set("/context/language", 12345),
        set("/context/language", json!({})),
        set("/context/language", "a12345678"),
        set("/context/language", "de_CH"),
        set("/context/language", "zh-z-aaa-z-bbb-c-ccc"),
    ]);
}

#[test]
fn requires_a_statement_reference_as_context_statement() {
    refuses_at_both_levels(&[
        set("/context/statement", make::id()),
        set("/context/statement", json!({"id": make::id()})),
        set("/context/statement", json!({"objectType": "StatementRef"})),
        set("/context/statement", json!({"objectType": "StatementRef", "id": "should fail"})),
        set("/context/statement", json!({"objectType": "Activity", "id": make::id()})),
        set("/context/statement", make::statement()),
    ]);
}

#[test]
fn knows_four_kinds_of_context_activities() {
    accepts_at_both_levels(&[
        remove("/context/contextActivities/parent"),
        set("/context/contextActivities", json!({"grouping": {"id": make::activity_id()}})),
        set("/context/contextActivities/category", json!({"id": make::activity_id()})),
        set("/context/contextActivities/other", make::question()),
    ]);
    refuses_at_both_levels(&[
        set("/context/contextActivities/parents", json!([{"id": make::activity_id()}])),
        set("/context/contextActivities/key", json!({"id": make::activity_id()})),
        set("/context/contextActivities", "parent"),
        set("/context/contextActivities", json!([{"id": make::activity_id()}])),
    ]);
}

#[test]
fn refuses_context_activities_that_are_no_activities() {
    for kind in ["parent", "grouping", "category", "other"] {
        let place = format!("/context/contextActivities/{kind}");
        let values = [
            json!("https://example.org/activity"),
            json!(7),
            json!(["https://example.org/activity"]),
            json!([{"id": "should fail"}]),
            json!([{"id": make::activity_id()}, {}]),
            json!({"key": "should fail"}),
            json!([make::agent()]),
            json!([{"objectType": "StatementRef", "id": make::id()}]),
            json!([[{"id": make::activity_id()}]]),
        ];
        refuses_at_both_levels(&values.map(|value| set(place.as_str(), value)));
    }
}

fn context_agent() -> Value {
    json!({
        "objectType": "contextAgent",
        "agent": make::agent(),
        "relevantTypes": ["https://example.org/types/coach"],
    })
}

fn context_group() -> Value {
    json!({
        "objectType": "contextGroup",
        "group": make::group(),
        "relevantTypes": ["https://example.org/types/team"],
    })
}

#[test]
fn knows_context_agents_and_groups_since_2_0() {
    both(|client| {
        let is_known = client.version() == Version::V2_0_0;
        let mut bare = context_agent();
        bare.as_object_mut().expect("an object").remove("relevantTypes");
        let anonymous = json!({
            "objectType": "contextGroup",
            "group": {"objectType": "Group", "member": [make::agent()]},
        });
        let contexts = [
            json!({"contextAgents": [context_agent()]}),
            json!({"contextAgents": [bare, context_agent()]}),
            json!({"contextGroups": [context_group(), anonymous]}),
            json!({"contextAgents": [context_agent()], "contextGroups": [context_group()]}),
        ];
        for context in contexts {
            let mut statement = make::statement();
            statement["context"] = context.clone();
            check(client, &statement, is_known, "in the context");
            let mut statement = with_substatement();
            statement["object"]["context"] = context;
            check(client, &statement, is_known, "in the substatement's context");
        }
    });
}

#[test]
fn refuses_context_agents_and_groups_in_the_wrong_form() {
    both(|client| {
        let rows = [
            ("objectType", json!("should fail")),
            ("objectType", json!("ContextAgent")),
            ("objectType", json!("Agent")),
            ("agent", json!({"key": "should fail"})),
            ("agent", make::group()),
            ("group", json!({"key": "should fail"})),
            ("group", make::agent()),
            ("relevantTypes", json!([])),
            ("relevantTypes", json!(["abc"])),
            ("relevantTypes", json!([7])),
            ("relevantTypes", json!("https://example.org/types/coach")),
            ("unknown", json!("x")),
        ];
        for (property, value) in rows {
            for (list, mut entry) in
                [("contextAgents", context_agent()), ("contextGroups", context_group())]
            {
                entry[property] = value.clone();
                let mut statement = make::statement();
                statement["context"] = json!({list: [entry]});
                check(client, &statement, false, &format!("{list}: {property}"));
            }
        }
        for missing in ["objectType", "agent"] {
            let mut entry = context_agent();
            entry.as_object_mut().expect("an object").remove(missing);
            let mut statement = make::statement();
            statement["context"] = json!({"contextAgents": [entry]});
            check(client, &statement, false, &format!("no {missing}"));
        }
        let mut statement = make::statement();
        statement["context"] = json!({"contextAgents": context_agent()});
        check(client, &statement, false, "no array");
    });
}
