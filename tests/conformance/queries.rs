//! Queries for statements: every filter with what it must not find, order, pages, formats.

use std::collections::BTreeSet;

use acta_tests::client::percent_encode;
use acta_tests::{Client, Version, make};
use serde_json::{Value, json};

use crate::both;

/// Stores `statement` and one that differs in everything; `filter` must find only the first.
#[track_caller]
fn check_found(client: &Client, statement: &Value, filter: &[(&str, &str)]) {
    let ids = client.store(&json!([statement, make::statement()]));
    assert_eq!(client.find(filter), [ids[0].clone()], "{filter:?} for {statement}");
}

/// Stores `statement`, which `filter` must not find.
#[track_caller]
fn check_passed_over(client: &Client, statement: &Value, filter: &[(&str, &str)]) {
    client.store(statement);
    assert_eq!(client.find(filter), [""; 0], "{filter:?} for {statement}");
}

#[test]
fn filters_by_agent() {
    both(|client| {
        for (name, value) in [
            ("mbox", json!(format!("mailto:{}@example.org", make::id()))),
            ("openid", json!(format!("https://openid.example.org/{}", make::id()))),
            ("account", json!({"homePage": "https://example.org", "name": make::id()})),
            ("mbox_sha1sum", json!(format!("{}00000000", make::id().replace('-', "")))),
        ] {
            let agent = json!({name: value, "name": "As named in the statement"});
            let asked = json!({"objectType": "Agent", name: value}).to_string();
            check_found(client, &make::statement_of(&agent), &[("agent", &asked)]);
        }
    });
}

#[test]
fn finds_an_agent_as_actor_object_and_member() {
    both(|client| {
        let agent = make::agent();
        let asked = agent.to_string();
        let as_actor = make::statement_of(&agent);
        let mut as_object = make::statement();
        as_object["object"] = agent.clone();
        let group = json!({"objectType": "Group", "member": [make::agent(), agent]});
        let as_member = make::statement_of(&group);
        let mut in_object = make::statement();
        in_object["object"] = group.clone();
        let mut ids = client.store(&json!([as_actor, as_object, as_member, in_object]));
        ids.reverse();
        assert_eq!(client.find(&[("agent", &asked)]), ids);
    });
}

#[test]
fn finds_an_identified_group() {
    both(|client| {
        let group = make::group();
        let asked = json!({"objectType": "Group", "account": group["account"]}).to_string();
        check_found(client, &make::statement_of(&group), &[("agent", &asked)]);
    });
}

/// Statements that name `agent` where only `related_agents` looks.
fn agent_elsewhere(client: &Client, agent: &Value) -> Vec<Value> {
    let group = json!({"objectType": "Group", "member": [agent]});
    let mut substatement = make::statement();
    substatement["objectType"] = json!("SubStatement");
    let mut statements = Vec::new();
    for context in [json!({"instructor": agent}), json!({"team": group})] {
        let mut statement = make::statement();
        statement["context"] = context.clone();
        statements.push(statement);
        let mut statement = make::statement();
        statement["object"] = substatement.clone();
        statement["object"]["context"] = context;
        statements.push(statement);
    }
    for property in ["actor", "object"] {
        let mut statement = make::statement();
        statement["object"] = substatement.clone();
        statement["object"][property] = agent.clone();
        statements.push(statement);
    }
    if client.version() == Version::V2_0_0 {
        let entry = json!({"objectType": "contextAgent", "agent": agent});
        let mut statement = make::statement();
        statement["context"] = json!({"contextAgents": [entry]});
        statements.push(statement);
        let entry = json!({"objectType": "contextGroup", "group": group});
        let mut statement = make::statement();
        statement["context"] = json!({"contextGroups": [entry]});
        statements.push(statement);
    }
    statements
}

#[test]
fn finds_related_agents_only_when_asked() {
    both(|client| {
        for index in 0..agent_elsewhere(client, &make::agent()).len() {
            let agent = make::agent();
            let asked = agent.to_string();
            let statement = agent_elsewhere(client, &agent).swap_remove(index);
            check_passed_over(client, &statement, &[("agent", &asked)]);
            let related = [("agent", asked.as_str()), ("related_agents", "true")];
            assert_eq!(client.find(&related).len(), 1, "{statement}");
            let unrelated = [("agent", asked.as_str()), ("related_agents", "false")];
            assert_eq!(client.find(&unrelated), [""; 0], "{statement}");
        }
    });
}

#[test]
fn finds_the_authority_among_related_agents() {
    both(|client| {
        let statement = make::statement();
        let verb = statement["verb"]["id"].as_str().expect("an id is a string");
        let id = client.store(&statement).remove(0);
        let authority = client.fetch(&id)["authority"].to_string();
        let related = [("agent", authority.as_str()), ("related_agents", "true"), ("verb", verb)];
        assert_eq!(client.find(&related), [id]);
        assert_eq!(client.find(&[("agent", &authority), ("verb", verb)]), [""; 0]);
    });
}

#[test]
fn filters_by_verb() {
    both(|client| {
        let statement = make::statement();
        let verb = statement["verb"]["id"].as_str().expect("an id is a string");
        check_found(client, &statement, &[("verb", verb)]);
    });
}

#[test]
fn filters_by_activity() {
    both(|client| {
        let statement = make::statement();
        let activity = statement["object"]["id"].as_str().expect("an id is a string");
        check_found(client, &statement, &[("activity", activity)]);
    });
}

#[test]
fn finds_related_activities_only_when_asked() {
    both(|client| {
        let mut substatement = make::statement();
        substatement["objectType"] = json!("SubStatement");
        for kind in ["parent", "grouping", "category", "other", "object"] {
            for is_below in [false, true] {
                let activity = make::activity_id();
                let mut inner = if is_below { substatement.clone() } else { make::statement() };
                if kind == "object" {
                    inner = substatement.clone();
                    inner["object"] = json!({"id": activity});
                } else {
                    inner["context"] = json!({"contextActivities": {kind: [{"id": activity}]}});
                }
                let mut statement = inner.clone();
                if is_below || kind == "object" {
                    statement = make::statement();
                    statement["object"] = inner;
                }
                check_passed_over(client, &statement, &[("activity", &activity)]);
                let related = [("activity", activity.as_str()), ("related_activities", "true")];
                assert_eq!(client.find(&related).len(), 1, "{statement}");
            }
        }
    });
}

#[test]
fn filters_by_registration() {
    both(|client| {
        let registration = make::id();
        let mut statement = make::statement();
        statement["context"] = json!({"registration": registration});
        check_found(client, &statement, &[("registration", &registration)]);
        let upper = registration.to_uppercase();
        assert_eq!(client.find(&[("registration", &upper)]).len(), 1, "UUIDs have no case");
        // The registration of a substatement is not the statement's.
        let registration = make::id();
        let mut statement = make::statement();
        statement["object"] = make::substatement();
        statement["object"]["context"] = json!({"registration": registration});
        check_passed_over(client, &statement, &[("registration", &registration)]);
    });
}

#[test]
fn joins_filters_by_and() {
    both(|client| {
        let agent = make::agent();
        let (one, two) = (make::statement_of(&agent), make::statement_of(&agent));
        let ids = client.store(&json!([one, two]));
        let agent = agent.to_string();
        for (id, statement) in ids.iter().zip([&one, &two]) {
            let verb = statement["verb"]["id"].as_str().expect("an id is a string");
            let activity = statement["object"]["id"].as_str().expect("an id is a string");
            let filter = [("agent", agent.as_str()), ("verb", verb), ("activity", activity)];
            assert_eq!(client.find(&filter), std::slice::from_ref(id));
        }
        let verb = one["verb"]["id"].as_str().expect("an id is a string");
        let activity = two["object"]["id"].as_str().expect("an id is a string");
        assert_eq!(client.find(&[("verb", verb), ("activity", activity)]), [""; 0]);
    });
}

/// Stores three statements of one agent, one by one. Returns it, their ids and `stored`.
fn three_in_a_row(client: &Client) -> (String, Vec<String>, Vec<String>) {
    let agent = make::agent();
    let mut ids = Vec::new();
    let mut times = Vec::new();
    for _ in 0..3 {
        let id = client.store(&make::statement_of(&agent)).remove(0);
        times.push(client.fetch(&id)["stored"].as_str().expect("a string").to_owned());
        ids.push(id);
    }
    (agent.to_string(), ids, times)
}

#[test]
fn takes_since_as_exclusive_and_until_as_inclusive() {
    both(|client| {
        let (agent, ids, times) = three_in_a_row(client);
        let find = |name: &str, time: &str| {
            client.find(&[("agent", &agent), ("ascending", "true"), (name, time)])
        };
        assert_eq!(find("since", &times[0]), ids[1..]);
        assert_eq!(find("since", &times[1]), ids[2..]);
        assert_eq!(find("since", &times[2]), [""; 0]);
        assert_eq!(find("until", &times[0]), ids[..1]);
        assert_eq!(find("until", &times[1]), ids[..2]);
        assert_eq!(find("until", &times[2]), ids);
        let between = [("agent", agent.as_str()), ("since", &times[0]), ("until", &times[1])];
        assert_eq!(client.find(&between), ids[1..2]);
        assert_eq!(find("since", "2001-01-01T00:00:00+02:00"), ids);
        assert_eq!(find("until", "2001-01-01T00:00:00+02:00"), [""; 0]);
    });
}

#[test]
fn orders_by_stored_newest_first_unless_asked_otherwise() {
    both(|client| {
        let (agent, ids, _) = three_in_a_row(client);
        let mut reversed = ids.clone();
        reversed.reverse();
        assert_eq!(client.find(&[("agent", &agent)]), reversed);
        assert_eq!(client.find(&[("agent", &agent), ("ascending", "false")]), reversed);
        assert_eq!(client.find(&[("agent", &agent), ("ascending", "true")]), ids);
    });
}

#[test]
fn gives_no_more_than_the_limit_and_a_link_to_the_rest() {
    both(|client| {
        let agent = make::agent();
        let batch: Vec<Value> = (0..7).map(|_| make::statement_of(&agent)).collect();
        let ids = client.store(&json!(batch));
        let agent = agent.to_string();
        for (limit, counts) in [("3", vec![3, 3, 1]), ("7", vec![7]), ("1", vec![1; 7])] {
            let query = [("agent", agent.as_str()), ("limit", limit), ("ascending", "true")];
            let mut page = client.get("/statements").queries(&query).send().expect(200).json();
            let mut seen = Vec::new();
            for (index, count) in counts.iter().enumerate() {
                let statements = page["statements"].as_array().expect("an array").clone();
                assert_eq!(statements.len(), *count, "page {index} of limit {limit}");
                seen.extend(statements.iter().map(|s| s["id"].as_str().unwrap_or("").to_owned()));
                let more = page["more"].as_str().expect("more is always there").to_owned();
                assert_eq!(more.is_empty(), index + 1 == counts.len(), "{more}");
                if !more.is_empty() {
                    assert!(more.starts_with('/'), "a path on this server: {more}");
                    page = client.call_outside("GET", &more).send().expect(200).json();
                    let names: Vec<_> = page.as_object().expect("an object").keys().collect();
                    assert_eq!(names, ["more", "statements"]);
                }
            }
            assert_eq!(seen, ids, "limit {limit}");
        }
        assert_eq!(client.find(&[("agent", &agent), ("limit", "0")]).len(), 7);
        assert_eq!(client.find(&[("agent", &agent)]).len(), 7);
    });
}

#[test]
fn answers_with_an_empty_result_when_nothing_is_found() {
    both(|client| {
        let call = client.get("/statements").query("verb", &make::verb_id());
        let answer = call.send().expect(200);
        assert_eq!(answer.json(), json!({"statements": [], "more": ""}));
        assert!(answer.must_header("content-type").starts_with("application/json"));
    });
}

#[test]
fn answers_with_a_result_when_no_id_is_asked_for() {
    both(|client| {
        client.store(&make::statement());
        let result = client.get("/statements").send().expect(200).json();
        assert!(!result["statements"].as_array().expect("an array").is_empty());
        assert!(result["more"].is_string());
    });
}

#[test]
fn takes_back_each_link_to_the_next_page() {
    both(|client| {
        // The longest address that a request may have.
        let url_bytes_max = 32 << 10;
        let base = make::activity_id();
        let query = |activity: &str| format!("/xapi/statements?limit=1&activity={activity}");
        let padding = url_bytes_max - query(&percent_encode(&base)).len();
        let activity = format!("{base}{}", "x".repeat(padding));
        let mut statement = make::statement();
        statement["object"] = json!({"id": activity});
        let ids: BTreeSet<String> = (0..3).flat_map(|_| client.store(&statement)).collect();
        let mut target = query(&percent_encode(&activity));
        assert_eq!(target.len(), url_bytes_max);
        let mut found = BTreeSet::new();
        while !target.is_empty() {
            let page = client.call_outside("GET", &target).send().expect(200).json();
            let statements = page["statements"].as_array().expect("an array").iter();
            found.extend(statements.map(|one| one["id"].as_str().expect("an id").to_owned()));
            target = page["more"].as_str().expect("more is always there").to_owned();
        }
        assert_eq!(found, ids);
        let longer = query(&percent_encode(&format!("{activity}x")));
        client.call_outside("GET", &longer).send().expect(414);
    });
}

#[test]
fn reads_booleans_in_any_case() {
    both(|client| {
        let id = client.store(&make::statement()).remove(0);
        for (value, is_multipart) in [("True", true), ("TRUE", true), ("False", false)] {
            let call = client.get("/statements").query("statementId", &id);
            let answer = call.query("attachments", value).send().expect(200);
            let content_type = answer.must_header("content-type");
            assert_eq!(content_type.starts_with("multipart/mixed"), is_multipart, "{value}");
        }
        let call = client.get("/statements").query("ascending", "tRuE");
        call.query("related_agents", "False").query("limit", "1").send().expect(200);
    });
}

#[test]
fn refuses_parameters_in_the_wrong_form() {
    let rows = [
        ("agent", "should fail"),
        ("agent", "{}"),
        ("agent", "{\"mbox\":\"ada@example.org\"}"),
        ("agent", "{\"mbox\":\"mailto:a@example.org\",\"openid\":\"https://example.org\"}"),
        ("agent", "{\"mbox\":\"mailto:a@example.org\",\"unknown\":1}"),
        ("agent", "{\"objectType\":\"Group\",\"member\":[{\"mbox\":\"mailto:a@example.org\"}]}"),
        ("verb", "should fail"),
        ("activity", "should fail"),
        ("registration", "should fail"),
        ("since", "should fail"),
        ("since", "2024-13-01T00:00:00Z"),
        ("until", "should fail"),
        ("until", "2008-09-15T15:53:00.601-00:00"),
        ("limit", "-1"),
        ("limit", "abc"),
        ("limit", "1.5"),
        ("limit", ""),
        ("ascending", "foo"),
        ("ascending", "1"),
        ("related_agents", "yes"),
        ("related_activities", "True1"),
        ("attachments", "maybe"),
        ("format", "EXACT"),
        ("format", "raw"),
        ("statementId", "should fail"),
        ("voidedStatementId", "should fail"),
    ];
    both(|client| {
        for (name, value) in rows {
            let answer = client.get("/statements").query(name, value).send();
            assert_eq!(answer.status, 400, "{name}={value}");
        }
    });
}

#[test]
fn returns_statements_exactly_unless_asked_otherwise() {
    both(|client| {
        let statement = make::rich_statement();
        let id = client.store(&statement).remove(0);
        for format in [&[][..], &[("format", "exact")]] {
            let call = client.get("/statements").query("statementId", &id).queries(format);
            let kept = call.send().expect(200).json();
            for name in ["actor", "verb", "object", "result", "context", "attachments"] {
                assert_eq!(kept[name], statement[name], "{name}");
            }
        }
    });
}

#[test]
fn reduces_to_identifiers_in_the_format_ids() {
    both(|client| {
        let mut statement = make::rich_statement();
        statement["context"]["instructor"]["name"] = json!("Grace");
        let parent = json!([make::question()]);
        statement["context"]["contextActivities"]["parent"] = parent;
        let id = client.store(&statement).remove(0);
        let call = client.get("/statements").query("statementId", &id).query("format", "ids");
        let kept = call.send().expect(200).json();
        assert_eq!(kept["id"], json!(id));
        assert_eq!(kept["actor"]["account"], statement["actor"]["account"]);
        for gone in ["/actor/name", "/actor/member", "/verb/display", "/object/definition"] {
            assert_eq!(kept.pointer(gone), None, "{gone}");
        }
        assert_eq!(kept["verb"]["id"], statement["verb"]["id"]);
        assert_eq!(kept["object"]["id"], statement["object"]["id"]);
        assert_eq!(kept.pointer("/context/instructor/name"), None);
        let parent = kept.pointer("/context/contextActivities/parent/0").expect("the parent");
        assert_eq!(parent.get("definition"), None);
        assert_eq!(kept["result"], statement["result"]);
    });
}

#[test]
fn keeps_the_members_of_anonymous_groups_in_the_format_ids() {
    both(|client| {
        let member = json!([
            {"name": "Ada", "mbox": format!("mailto:{}@example.org", make::id())},
            {"objectType": "Agent", "name": "Grace", "openid": "https://example.org/grace"},
        ]);
        let group = json!({"objectType": "Group", "name": "Two", "member": member});
        let id = client.store(&make::statement_of(&group)).remove(0);
        let call = client.get("/statements").query("statementId", &id).query("format", "ids");
        let actor = call.send().expect(200).json()["actor"].clone();
        assert_eq!(actor["objectType"], "Group");
        assert_eq!(actor["member"][0]["mbox"], member[0]["mbox"]);
        assert_eq!(actor["member"][1]["openid"], member[1]["openid"]);
        for gone in ["/name", "/member/0/name", "/member/1/name"] {
            assert_eq!(actor.pointer(gone), None, "{gone}");
        }
    });
}

fn canonical(client: &Client, id: &str, languages: &str) -> Value {
    let call = client.get("/statements").query("statementId", id).query("format", "canonical");
    call.header("Accept-Language", languages).send().expect(200).json()
}

#[test]
fn chooses_one_language_of_each_map_in_the_format_canonical() {
    both(|client| {
        let statement = make::rich_statement();
        let id = client.store(&statement).remove(0);
        for (languages, name, green) in [
            ("de", "Farben", "Grün"),
            ("de-CH, en;q=0.5", "Farben", "Grün"),
            ("en-US", "Colours", "Green"),
            ("en", "Colours", "Green"),
            ("fr, de;q=0.2, en-US;q=0.8", "Colours", "Green"),
            ("en;q=0, de", "Farben", "Grün"),
        ] {
            let object = canonical(client, &id, languages)["object"].clone();
            let map = |pointer: &str| {
                let map = object.pointer(pointer).and_then(Value::as_object);
                map.unwrap_or_else(|| panic!("{pointer} in {object}")).clone()
            };
            for (pointer, text) in
                [("/definition/name", name), ("/definition/choices/0/description", green)]
            {
                let map = map(pointer);
                assert_eq!(map.len(), 1, "one language in {pointer}");
                assert!(map.values().any(|value| value == text), "{languages}: {map:?}");
            }
        }
        let map = canonical(client, &id, "ja")["object"]["definition"]["name"].clone();
        assert_eq!(map.as_object().map(serde_json::Map::len), Some(1), "some language at all");
    });
}

#[test]
fn keeps_agents_as_they_were_in_the_format_canonical() {
    both(|client| {
        let statement = make::rich_statement();
        let id = client.store(&statement).remove(0);
        let kept = canonical(client, &id, "en");
        assert_eq!(kept["actor"], statement["actor"]);
        assert_eq!(kept["context"]["team"], statement["context"]["team"]);
        assert_eq!(kept["result"], statement["result"]);
    });
}

#[test]
fn shows_what_is_known_of_an_activity_in_the_format_canonical() {
    both(|client| {
        let activity = make::activity_id();
        let mut statement = make::statement();
        statement["object"] = json!({
            "id": activity, "definition": {"name": {"en": "Known"}}
        });
        client.store(&statement);
        let mut bare = make::statement();
        bare["object"] = json!({"id": activity});
        let id = client.store(&bare).remove(0);
        let kept = canonical(client, &id, "en");
        assert_eq!(kept["object"]["definition"]["name"], json!({"en": "Known"}));
        assert!(client.fetch(&id)["object"].get("definition").is_none(), "exact stays exact");
    });
}
