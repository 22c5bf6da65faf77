//! Which statements are equal: the table in `spec/requirements.toml`, pair by pair.

use std::collections::BTreeSet;
use std::path::Path;

use acta_tests::{Client, Version, make};
use serde_json::{Value, json};
use toml::Table;

use crate::shared;

/// How to change a statement.
type Change = fn(&mut Value);

/// The statement to change.
type Base = fn() -> Value;

/// The changes of the table, by the names that they have there.
const CHANGES: [(&str, Base, Change); 71] = [
    ("id in another case", rich, |it| {
        it["id"] = json!(it["id"].as_str().expect("an id").to_uppercase());
    }),
    ("stored", rich, |it| it["stored"] = json!("2020-01-01T00:00:00Z")),
    ("authority", rich, |it| it["authority"] = make::agent()),
    ("version", rich, |it| it["version"] = json!("1.0.3")),
    ("attachments", rich, |it| remove(it, "", "attachments")),
    ("timestamp in another zone", rich, |it| {
        it["timestamp"] = json!("2024-02-29T13:34:56.789000+01:00");
    }),
    ("timestamp left out", rich, |it| remove(it, "", "timestamp")),
    ("timestamp of another time", rich, |it| it["timestamp"] = json!("2024-02-29T12:34:56.788Z")),
    ("actor", rich, |it| it["actor"] = make::agent()),
    ("actor.name", rich, |it| it["actor"]["name"] = json!("explorers")),
    ("actor.objectType left out of an agent", rich, |it| {
        remove(it, "/actor/member/0", "objectType");
    }),
    ("actor.mbox, domain in another case", with_agent, |it| {
        let mbox = it["actor"]["mbox"].as_str().expect("an mbox");
        it["actor"]["mbox"] = json!(mbox.replace("example.org", "EXAMPLE.org"));
    }),
    ("actor.mbox, mailbox in another case", with_agent, |it| {
        let mbox = it["actor"]["mbox"].as_str().expect("an mbox");
        it["actor"]["mbox"] = json!(mbox.replace("mailto:", "mailto:X"));
    }),
    ("actor.member in another order", rich, |it| {
        it["actor"]["member"].as_array_mut().expect("members").reverse();
    }),
    ("actor.member", rich, |it| it["actor"]["member"] = json!([make::agent()])),
    ("verb.id", rich, |it| it["verb"]["id"] = json!(make::verb_id())),
    ("verb.id in another case", rich, |it| {
        it["verb"]["id"] =
            json!(it["verb"]["id"].as_str().expect("an IRI").replace("verbs", "Verbs"));
    }),
    ("verb.display", rich, |it| it["verb"]["display"] = json!({"fr": "autre"})),
    ("object.id", rich, |it| it["object"]["id"] = json!(make::activity_id())),
    ("object.objectType left out of an activity", rich, |it| remove(it, "/object", "objectType")),
    ("object.definition", rich, |it| it["object"]["definition"]["name"] = json!({"fr": "autre"})),
    ("object.timestamp of a SubStatement", with_substatement, |it| {
        it["object"]["timestamp"] = json!("2024-02-29T12:34:56.788Z");
    }),
    ("object.attachments of a SubStatement", with_substatement, |it| {
        it["object"]["attachments"] = make::rich_statement()["attachments"].clone();
    }),
    ("result left out", rich, |it| remove(it, "", "result")),
    ("result.score", rich, |it| it["result"]["score"]["raw"] = json!(6)),
    ("result.score, the number written otherwise", rich, |it| {
        it["result"]["score"]["raw"] = json!(5.0);
    }),
    ("result.success", rich, |it| it["result"]["success"] = json!(false)),
    ("result.completion", rich, |it| it["result"]["completion"] = json!(true)),
    ("result.response", rich, |it| it["result"]["response"] = json!("Green[,]blue")),
    ("result.duration", rich, |it| it["result"]["duration"] = json!("PT1M30.26S")),
    ("result.duration beyond 0.01 s", rich, |it| it["result"]["duration"] = json!("PT1M30.259S")),
    ("result.duration in other units", rich, |it| it["result"]["duration"] = json!("PT90.25S")),
    ("result.extensions", rich, |it| {
        it["result"]["extensions"] = json!({"https://example.org/x": 1});
    }),
    ("context.registration", rich, |it| it["context"]["registration"] = json!(make::id())),
    ("context.registration in another case", rich, |it| {
        let registration = it["context"]["registration"].as_str().expect("a UUID");
        it["context"]["registration"] = json!(registration.to_uppercase());
    }),
    ("context.language in another case", rich, |it| it["context"]["language"] = json!("DE-ch")),
    ("context.contextActivities, one alone", rich, |it| {
        it["context"]["contextActivities"]["parent"] =
            it["context"]["contextActivities"]["parent"][0].clone();
    }),
    ("context.contextActivities in another order", with_two_parents, |it| {
        it["context"]["contextActivities"]["parent"].as_array_mut().expect("parents").reverse();
    }),
    ("context.contextAgents", rich, |it| {
        let entry = json!({"objectType": "contextAgent", "agent": make::agent()});
        it["context"]["contextAgents"] = json!([entry]);
    }),
    ("context.extensions", rich, |it| {
        it["context"]["extensions"] = json!({"https://example.org/context": "Any"});
    }),
    ("actor.mbox_sha1sum", with_hash, |it| it["actor"]["mbox_sha1sum"] = json!("ab".repeat(20))),
    ("actor.mbox_sha1sum in another case", with_hash, |it| {
        let hash = it["actor"]["mbox_sha1sum"].as_str().expect("a hash").to_uppercase();
        it["actor"]["mbox_sha1sum"] = json!(hash);
    }),
    ("actor.openid", with_openid, |it| {
        it["actor"]["openid"] = json!(format!("https://openid.example.org/{}", make::id()));
    }),
    ("actor.account.homePage", rich, |it| {
        it["actor"]["account"]["homePage"] = json!("https://example.com");
    }),
    ("actor.account.name", rich, |it| it["actor"]["account"]["name"] = json!(make::id())),
    ("object, another agent", about_agent, |it| it["object"] = make::agent()),
    ("object, another group", about_group, |it| it["object"] = make::group()),
    ("object, another statement", about_statement, |it| it["object"]["id"] = json!(make::id())),
    ("object, the id of the statement in another case", about_statement, |it| {
        it["object"]["id"] = json!(it["object"]["id"].as_str().expect("a UUID").to_uppercase());
    }),
    ("object.actor of a SubStatement", with_substatement, |it| {
        it["object"]["actor"] = make::agent();
    }),
    ("object.verb of a SubStatement", with_substatement, |it| {
        it["object"]["verb"]["id"] = json!(make::verb_id());
    }),
    ("object.verb.display of a SubStatement", with_substatement, |it| {
        it["object"]["verb"]["display"] = json!({"fr": "autre"});
    }),
    ("object.object of a SubStatement", with_substatement, |it| {
        it["object"]["object"]["id"] = json!(make::activity_id());
    }),
    ("object.result of a SubStatement", with_substatement, |it| {
        it["object"]["result"]["success"] = json!(false);
    }),
    ("object.context of a SubStatement", with_substatement, |it| {
        it["object"]["context"]["registration"] = json!(make::id());
    }),
    ("result.score.scaled", rich, |it| it["result"]["score"]["scaled"] = json!(0.6)),
    ("result.score.min", rich, |it| it["result"]["score"]["min"] = json!(-1)),
    ("result.score.max", rich, |it| it["result"]["score"]["max"] = json!(11)),
    ("context.instructor", rich, |it| it["context"]["instructor"] = make::agent()),
    ("context.team", rich, |it| it["context"]["team"] = make::group()),
    ("context.revision", rich, |it| it["context"]["revision"] = json!("8")),
    ("context.platform", rich, |it| it["context"]["platform"] = json!("Web")),
    ("context.language", rich, |it| it["context"]["language"] = json!("de-AT")),
    ("context.statement", rich, |it| it["context"]["statement"]["id"] = json!(make::id())),
    ("context.contextActivities, another activity", rich, |it| {
        it["context"]["contextActivities"]["parent"][0]["id"] = json!(make::activity_id());
    }),
    ("context.contextActivities, another kind", rich, |it| {
        let parents = it["context"]["contextActivities"]["parent"].take();
        it["context"]["contextActivities"] = json!({"grouping": parents});
    }),
    ("context.contextActivities, another definition", rich, |it| {
        it["context"]["contextActivities"]["parent"][0]["definition"] =
            json!({"name": {"fr": "autre"}});
    }),
    ("context.contextActivities.category", rich, |it| {
        it["context"]["contextActivities"]["category"] = json!([{"id": make::activity_id()}]);
    }),
    ("context.contextActivities.other", rich, |it| {
        it["context"]["contextActivities"]["other"] = json!([{"id": make::activity_id()}]);
    }),
    ("context.contextActivities.grouping", rich, |it| {
        it["context"]["contextActivities"]["grouping"] = json!([{"id": make::activity_id()}]);
    }),
    ("context.contextGroups", rich, |it| {
        let entry = json!({"objectType": "contextGroup", "group": make::group()});
        it["context"]["contextGroups"] = json!([entry]);
    }),
];

fn rich() -> Value {
    make::rich_statement()
}

fn with_agent() -> Value {
    let mut statement = make::rich_statement();
    statement["actor"] = make::agent();
    statement
}

fn with_hash() -> Value {
    let mut statement = make::rich_statement();
    let hash = make::sha256_hex(make::id().as_bytes());
    statement["actor"] = json!({"mbox_sha1sum": hash[..40]});
    statement
}

fn with_openid() -> Value {
    let mut statement = make::rich_statement();
    let openid = format!("https://openid.example.org/{}", make::id());
    statement["actor"] = json!({"openid": openid});
    statement
}

fn about(object: Value) -> Value {
    let (_, mut statement) = make::statement_with_id();
    statement["object"] = object;
    statement
}

fn about_agent() -> Value {
    about(make::agent())
}

fn about_group() -> Value {
    about(make::group())
}

fn about_statement() -> Value {
    about(json!({"objectType": "StatementRef", "id": make::id()}))
}

fn with_substatement() -> Value {
    about(make::substatement())
}

fn with_two_parents() -> Value {
    let mut statement = make::rich_statement();
    let parents = [make::activity_id(), make::activity_id()].map(|id| json!({"id": id}));
    statement["context"]["contextActivities"]["parent"] = json!(parents);
    statement
}

fn remove(statement: &mut Value, place: &str, name: &str) {
    let place = statement.pointer_mut(place).and_then(Value::as_object_mut);
    place.expect("an object").remove(name).expect("it is there to be removed");
}

/// The rows of the table in the register.
fn table() -> Vec<Table> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/requirements.toml");
    let text = std::fs::read_to_string(path).expect("the register can be read");
    let register: Table = text.parse().expect("it is TOML");
    let rows = register["equality"].as_array().expect("the table is an array").iter();
    rows.map(|row| row.as_table().expect("a row is a table").clone()).collect()
}

fn text_of<'a>(row: &'a Table, name: &str) -> &'a str {
    row[name].as_str().unwrap_or_else(|| panic!("no {name} in {row}"))
}

/// Stores the base as one version, sends the changed statement as another, and compares the
/// answer.
#[track_caller]
fn check((name, base, change): (&str, Base, Change), expected: &str, pair: [&Client; 2]) {
    let [first, second] = pair;
    let told = format!("{name}, stored as {:?}, sent as {:?}", first.version(), second.version());
    let statement = base();
    let id = first.store(&statement).remove(0);
    let read = || first.get("/statements").query("statementId", &id).send().expect(200).body;
    let before = read();
    let mut changed = statement.clone();
    change(&mut changed);
    assert_ne!(changed.to_string(), statement.to_string(), "{told}: nothing has changed");
    let status = match expected {
        "equal" => 200,
        "different" => 409,
        "refused" => 400,
        other => panic!("{told}: {other} in the table"),
    };
    let answer = second.post("/statements").json(&changed).send();
    assert_eq!(answer.status, status, "{told}: {statement}\nand\n{changed}");
    assert_eq!(read(), before, "{told}: the stored statement has changed");
}

#[test]
fn equality_follows_the_table_of_the_register() {
    let rows = table();
    let names: BTreeSet<&str> = rows.iter().map(|row| text_of(row, "change")).collect();
    assert_eq!(names.len(), rows.len(), "a row occurs twice");
    assert_eq!(names, CHANGES.iter().map(|(name, ..)| *name).collect());
    for row in &rows {
        let name = text_of(row, "change");
        let change = CHANGES.iter().find(|(known, ..)| *known == name).expect("it is there");
        for first in Version::EVERY {
            for second in Version::EVERY {
                let pair = [&shared().client(first), &shared().client(second)];
                check(*change, text_of(row, second.as_str()), pair);
            }
        }
    }
}

/// What kind of value the member `name` of an object is; none for values whose members are not
/// properties of a statement.
fn kind_of<'k>(name: &'k str, value: &Value) -> Option<&'k str> {
    Some(match name {
        "definition" | "extensions" | "display" | "attachments" => return None,
        "actor" | "instructor" | "team" | "member" | "agent" | "group" | "authority" => "agent",
        "parent" | "grouping" | "category" | "other" => "activity",
        "contextAgents" | "contextGroups" => "context actor",
        "statement" => "reference",
        "object" => match value["objectType"].as_str() {
            Some("Agent" | "Group") => "agent",
            Some("StatementRef") => "reference",
            Some("SubStatement") => "substatement",
            Some(_) | None => "activity",
        },
        other => other,
    })
}

/// Adds the properties of a value of this kind, and of all that is in it.
fn add_properties(kind: &str, value: &Value, properties: &mut BTreeSet<String>) {
    for element in value.as_array().into_iter().flatten() {
        add_properties(kind, element, properties);
    }
    for (name, member) in value.as_object().into_iter().flatten() {
        properties.insert(format!("{kind}.{name}"));
        if let Some(kind) = kind_of(name, member) {
            add_properties(kind, member, properties);
        }
    }
}

/// Adds the properties that differ.
fn add_changed(kind: &str, before: &Value, after: &Value, changed: &mut BTreeSet<String>) {
    if let (Some(before), Some(after)) = (before.as_array(), after.as_array())
        && before.len() == after.len()
    {
        before.iter().zip(after).for_each(|(one, other)| add_changed(kind, one, other, changed));
    }
    let (Some(before), Some(after)) = (before.as_object(), after.as_object()) else { return };
    for name in before.keys().chain(after.keys()) {
        let (one, other) = (before.get(name), after.get(name));
        if one == other {
            continue;
        }
        changed.insert(format!("{kind}.{name}"));
        if let (Some(one), Some(other)) = (one, other)
            && let Some(kind) = kind_of(name, one)
        {
            add_changed(kind, one, other, changed);
        }
    }
}

#[test]
fn every_property_of_a_statement_is_in_the_table_of_equality() {
    let (mut properties, mut changed) = (BTreeSet::new(), BTreeSet::new());
    for (_, base, change) in CHANGES {
        let before = base();
        let mut after = before.clone();
        change(&mut after);
        for statement in [&before, &after] {
            add_properties("statement", statement, &mut properties);
        }
        add_changed("statement", &before, &after, &mut changed);
    }
    // Apart from agents and activities, the type of a value is the only one that may stand there.
    properties.retain(|name| !name.ends_with(".objectType"));
    // Entries of these lists are compared as a whole.
    properties.retain(|name| !name.starts_with("context actor."));
    let missing: Vec<&String> = properties.difference(&changed).collect();
    assert!(missing.is_empty(), "no row changes {missing:?}");
    assert!(40 < properties.len(), "{properties:?}");
}
