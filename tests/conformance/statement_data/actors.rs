//! Agents and groups in every place where a statement may name one.

use acta_tests::{Client, make};
use serde_json::{Value, json};

use super::check;
use crate::both;

/// A statement with `actor` in each place that takes agents and groups.
fn in_every_place(actor: &Value) -> Vec<(&'static str, Value)> {
    let mut as_actor = make::statement();
    as_actor["actor"] = actor.clone();
    let mut as_object = make::statement();
    as_object["object"] = actor.clone();
    if as_object["object"]["objectType"].is_null() {
        as_object["object"]["objectType"] = json!("Agent");
    }
    let mut as_instructor = make::statement();
    as_instructor["context"] = json!({"instructor": actor});
    let mut in_substatement = make::statement();
    in_substatement["object"] = make::substatement();
    in_substatement["object"]["actor"] = actor.clone();
    vec![
        ("actor", as_actor),
        ("object", as_object),
        ("instructor", as_instructor),
        ("substatement's actor", in_substatement),
    ]
}

/// A statement with `agent` in each place that takes agents only.
fn where_agents_go(agent: &Value) -> Vec<(&'static str, Value)> {
    let mut as_member = make::statement();
    as_member["actor"] = json!({"objectType": "Group", "member": [agent]});
    let mut as_authority = make::statement();
    as_authority["authority"] = agent.clone();
    let mut places = in_every_place(agent);
    places.extend([("member", as_member), ("authority", as_authority)]);
    places
}

/// A statement with `group` in each place that takes groups only, or groups as well.
fn where_groups_go(group: &Value) -> Vec<(&'static str, Value)> {
    let mut as_team = make::statement();
    as_team["context"] = json!({"team": group});
    let mut places = in_every_place(group);
    places.push(("team", as_team));
    places
}

#[track_caller]
fn check_all(client: &Client, statements: &[(&str, Value)], is_accepted: bool) {
    for (place, statement) in statements {
        check(client, statement, is_accepted, place);
    }
}

/// One of each inverse functional identifier.
fn identifiers() -> [(&'static str, Value); 4] {
    let sha1 = "ebd31e95054c018b10727ccffd2ef2ec3a016ee9";
    [
        ("mbox", json!(format!("mailto:{}@example.org", make::id()))),
        ("mbox_sha1sum", json!(sha1)),
        ("openid", json!(format!("https://openid.example.org/{}", make::id()))),
        ("account", json!({"homePage": "https://example.org", "name": make::id()})),
    ]
}

#[test]
fn takes_an_agent_with_any_one_identifier() {
    both(|client| {
        for (name, value) in identifiers() {
            let bare = json!({name: value});
            let full = json!({"objectType": "Agent", "name": "Ada", name: value});
            check_all(client, &where_agents_go(&bare), true);
            check_all(client, &where_agents_go(&full), true);
        }
    });
}

#[test]
fn refuses_an_agent_without_exactly_one_identifier() {
    both(|client| {
        check_all(client, &where_agents_go(&json!({"objectType": "Agent"})), false);
        check_all(client, &where_agents_go(&json!({"name": "Ada"})), false);
        for (first, one) in identifiers() {
            for (second, two) in identifiers() {
                if first < second {
                    let agent = json!({first: one, second: two});
                    check_all(client, &where_agents_go(&agent), false);
                }
            }
        }
    });
}

#[test]
fn takes_an_identified_group_with_any_one_identifier() {
    both(|client| {
        for (name, value) in identifiers() {
            let bare = json!({"objectType": "Group", name: value});
            let full = json!({
                "objectType": "Group", "name": "All", "member": [make::agent()], name: value
            });
            check_all(client, &where_groups_go(&bare), true);
            check_all(client, &where_groups_go(&full), true);
        }
    });
}

#[test]
fn takes_an_anonymous_group_with_members() {
    both(|client| {
        let group = json!({"objectType": "Group", "member": [make::agent(), make::agent()]});
        check_all(client, &where_groups_go(&group), true);
    });
}

#[test]
fn refuses_a_group_with_neither_members_nor_one_identifier() {
    both(|client| {
        let mut faulty = vec![
            json!({"objectType": "Group"}),
            json!({"objectType": "Group", "name": "All"}),
            json!({"objectType": "Group", "member": []}),
        ];
        for (first, one) in identifiers() {
            for (second, two) in identifiers() {
                if first < second {
                    faulty.push(json!({"objectType": "Group", first: one, second: two}));
                }
            }
        }
        for group in faulty {
            check_all(client, &where_groups_go(&group), false);
        }
    });
}

#[test]
fn refuses_members_that_are_no_agents() {
    both(|client| {
        let identified = json!({"objectType": "Group", "mbox": "mailto:all@example.org"});
        let anonymous = json!({"objectType": "Group", "member": [make::agent()]});
        let members = [
            json!(make::agent()),
            json!("mailto:ada@example.org"),
            json!(["mailto:ada@example.org"]),
            json!([7]),
            json!([{}]),
            json!([make::agent(), {"name": "nobody"}]),
            json!([identified]),
            json!([anonymous]),
            json!([{"objectType": "Activity", "id": make::activity_id()}]),
        ];
        for member in members {
            let group = json!({"objectType": "Group", "member": member});
            check_all(client, &where_groups_go(&group), false);
            let group = json!({
                "objectType": "Group", "mbox": "mailto:all@example.org", "member": member
            });
            check_all(client, &where_groups_go(&group), false);
        }
    });
}

#[test]
fn refuses_members_outside_groups() {
    both(|client| {
        let agent = json!({
            "objectType": "Agent", "mbox": "mailto:a@example.org", "member": [make::agent()]
        });
        check_all(client, &where_agents_go(&agent), false);
        let untyped = json!({"mbox": "mailto:a@example.org", "member": [make::agent()]});
        check_all(client, &where_agents_go(&untyped), false);
    });
}

#[test]
fn refuses_an_actor_of_another_type() {
    both(|client| {
        for name in ["Activity", "Person", "SubStatement", "StatementRef", "agent", "Agents"] {
            let actor = json!({"objectType": name, "mbox": "mailto:ada@example.org"});
            check_all(client, &where_agents_go(&actor), false);
        }
    });
}

#[test]
fn refuses_an_identifier_in_the_wrong_form() {
    let faulty = [
        json!({"mbox": "ada@example.org"}),
        json!({"mbox": "mailto:"}),
        json!({"mbox": "mailto:ada"}),
        json!({"mbox": "http://example.org"}),
        json!({"mbox": "MAILTO"}),
        json!({"mbox_sha1sum": "should fail"}),
        json!({"mbox_sha1sum": "ebd31e95054c018b10727ccffd2ef2ec3a016ee"}),
        json!({"mbox_sha1sum": "ebd31e95054c018b10727ccffd2ef2ec3a016ee9a"}),
        json!({"mbox_sha1sum": "gbd31e95054c018b10727ccffd2ef2ec3a016ee9"}),
        json!({"openid": "should fail"}),
        json!({"openid": "openid.example.org/ada"}),
        json!({"account": {}}),
        json!({"account": {"homePage": "https://example.org"}}),
        json!({"account": {"name": "ada"}}),
        json!({"account": {"homePage": "example.org", "name": "ada"}}),
        json!({"account": {"homePage": "https://example.org", "name": 7}}),
        json!({"account": {"homePage": "https://example.org", "name": "ada", "x": "y"}}),
        json!({"account": "ada"}),
    ];
    both(|client| {
        for agent in &faulty {
            check_all(client, &where_agents_go(agent), false);
            let mut group = agent.clone();
            group["objectType"] = json!("Group");
            check_all(client, &where_groups_go(&group), false);
        }
    });
}

#[test]
fn refuses_a_name_that_is_no_string() {
    both(|client| {
        for name in [json!(7), json!({"en": "Ada"}), json!(["Ada"]), json!(true)] {
            let agent = json!({"mbox": "mailto:ada@example.org", "name": name});
            check_all(client, &where_agents_go(&agent), false);
        }
    });
}

#[test]
fn refuses_an_agent_as_object_without_a_type() {
    both(|client| {
        let mut statement = make::statement();
        statement["object"] = json!({"mbox": "mailto:ada@example.org"});
        check(client, &statement, false, "an agent without objectType");
        statement["object"] = json!({"member": [make::agent()]});
        check(client, &statement, false, "a group without objectType");
    });
}

#[test]
fn takes_a_group_as_authority_only_with_two_members() {
    let consumer = json!({"account": {"homePage": "https://example.org/token", "name": "c"}});
    both(|client| {
        for (count, is_accepted) in [(1, false), (2, true), (3, false)] {
            let mut members = vec![consumer.clone()];
            members.resize_with(count, make::agent);
            let mut statement = make::statement();
            statement["authority"] = json!({"objectType": "Group", "member": members});
            check(client, &statement, is_accepted, &format!("{count} members"));
        }
        for authority in [make::question(), json!("ada"), json!({}), json!([])] {
            let mut statement = make::statement();
            statement["authority"] = authority;
            check(client, &statement, false, "no agent as authority");
        }
    });
}
