//! What the tables have.

use acta_storage::directory::{
    Date, GroupMembership, JoinedPerson, MembershipPeriod, PersonChanges, PersonGroup,
};
use acta_storage::persons::PersonGroups;
use acta_xapi::Ifi;

use super::*;

const FULL: &str = r#"{
    "actor": {"name": "Ada", "mbox": "mailto:ada@x.org"},
    "verb": {"id": "http://v.org/answered", "display": {"en": "answered"}},
    "object": {"id": "http://a.org/1", "definition": {"name": {"en": "One"}, "type": "http://t.org/q",
        "interactionType": "choice"}},
    "result": {"success": true, "completion": false, "response": "b", "duration": "PT1M0.5S",
        "score": {"scaled": 0.5, "raw": 5, "min": 0, "max": 10},
        "extensions": {"http://e.org/r": 3}},
    "context": {"registration": "00000000-0000-0000-0000-00000000000a", "platform": "web",
        "language": "de", "contextActivities": {"parent": [{"id": "http://a.org/c", "definition":
        {"name": {"en": "Course"}, "type": "http://adlnet.gov/expapi/activities/course"}}],
        "other": [{"id": "http://a.org/2"}, {"id": "http://a.org/3"}]},
        "extensions": {"http://e.org/c": "x\"y"}},
    "timestamp": "2026-03-01T08:00:00.25+01:00"
}"#;

const BARE: &str = r#"{
    "actor": {"objectType": "Group", "member": [{"mbox": "mailto:bea@x.org"}]},
    "verb": {"id": "http://v.org/did"},
    "object": {"objectType": "Agent", "mbox": "mailto:cy@x.org"},
    "timestamp": "2026-03-02T00:00:00Z"
}"#;

#[test]
fn facts_have_every_column() {
    let world = World::new();
    world.add(1, &[FULL, BARE]);
    let full = json!([
        1,
        "2026-03-01T07:00:00.250000Z",
        "2026-01-01T00:00:01.000000Z",
        r#"{"mbox":"mailto:ada@x.org"}"#,
        "Ada",
        r#"{"mbox":"mailto:ada@x.org"}"#,
        "Ada",
        "http://v.org/answered",
        "answered",
        "Activity",
        "http://a.org/1",
        "One",
        "http://t.org/q",
        "choice",
        "http://a.org/c",
        "Course",
        r#"["http://a.org/c"]"#,
        null,
        null,
        r#"["http://a.org/2","http://a.org/3"]"#,
        "00000000-0000-0000-0000-00000000000a",
        null,
        "web",
        "de",
        null,
        null,
        1,
        0,
        "b",
        0.5,
        5.0,
        0.0,
        10.0,
        0.5,
        60.5,
        "1.0.3",
        r#"{"http://e.org/c":"x\"y"}"#,
        r#"{"http://e.org/r":3.0}"#,
    ]);
    let rows = world.rows("SELECT * FROM facts ORDER BY sequence");
    assert_eq!(json!(rows[0]), full);
    let known: Vec<_> = rows[1].iter().filter(|value| !value.is_null()).collect();
    let bare = json!([
        2,
        "2026-03-02T00:00:00.000000Z",
        "2026-01-01T00:00:02.000000Z",
        "http://v.org/did",
        "Agent",
        r#"{"mbox":"mailto:cy@x.org"}"#,
        "1.0.3",
    ]);
    assert_eq!(json!(known), bare);
    assert_eq!(
        world.value("SELECT count(*) FROM facts WHERE timestamp < '2026-03-01T07:00:01'"),
        1
    );
    let extension = "SELECT context_extensions ->> '$.\"http://e.org/c\"' FROM facts LIMIT 1";
    assert_eq!(world.value(extension), "x\"y");
}

#[test]
fn statements_that_are_voided_are_in_no_table() {
    let world = World::new();
    let voiding = r#"{"actor": {"mbox": "mailto:eve@x.org"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/voided"},
        "object": {"objectType": "StatementRef", "id": "00000000-0000-0000-0000-000000000002"}}"#;
    // Of those that are added at once, what is voided has to come later.
    world.add(1, &[voiding, FULL]);
    assert_eq!(world.rows("SELECT sequence FROM facts"), [[json!(1)]]);
    assert!(world.rows("SELECT name FROM persons WHERE name IS NOT NULL").is_empty());
    assert_eq!(world.value("SELECT count(*) FROM persons"), 1);
}

/// Facts of persons who are joined and in groups.
fn joined() -> World {
    let mut world = World::new();
    let texts = ["a", "b", "c"].map(|name| {
        FULL.replace("mailto:ada@", &format!("mailto:{name}@"))
            .replace("\"Ada\"", &format!("\"{name}\""))
    });
    world.add(1, &texts);
    let mbox = |name: &str| Ifi::Mbox(format!("mailto:{name}@x.org").parse().unwrap());
    let group = |number: u128, name: &str, parent: Option<u128>| PersonGroup {
        id: Uuid::from_u128(number),
        tenant: TENANT,
        name: name.to_owned(),
        kind: Some("unit".to_owned()),
        parent: parent.map(Uuid::from_u128),
        created: Timestamp::from_unix_micros(0),
    };
    let mut groups = PersonGroups::default();
    groups.put(group(1, "School", None));
    groups.put(group(2, "Class", Some(1)));
    let from: Date = "2026-01-01".parse().unwrap();
    let period = MembershipPeriod { from: Some(from), until: None };
    let person = |number: u128, name: &str, identifiers: &[&str]| JoinedPerson {
        id: Uuid::from_u128(number),
        tenant: TENANT,
        name: Some(name.to_owned()),
        identifiers: identifiers.iter().map(|name| mbox(name)).collect(),
        attributes: [("unit", "R&D"), ("level", "3")]
            .map(|(name, text)| (name.parse().unwrap(), text.to_owned()))
            .into(),
        memberships: vec![GroupMembership { group: Uuid::from_u128(2), period }],
        created: Timestamp::from_unix_micros(0),
    };
    let (ab, never) = (person(7, "A and B", &["a", "b"]), person(8, "Never", &["n"]));
    let states = [(ab.id, Some(ab)), (never.id, Some(never))];
    let persons = Persons::default().after(&PersonChanges::new(TENANT), 1, states);
    world.persons = Arc::new(persons.with_groups(Arc::new(groups), 1));
    world
}

#[test]
fn persons_are_joined_and_have_attributes_and_groups() {
    let world = joined();
    let key = |name: &str| json!(format!(r#"{{"mbox":"mailto:{name}@x.org"}}"#));
    let rows = world.rows(
        "SELECT p.person, p.name, p.unit, p.attributes ->> 'level', p.id IS NULL, count(f.verb)
         FROM persons p LEFT JOIN facts f ON f.person = p.person GROUP BY p.person ORDER BY 1",
    );
    let expected = [
        vec![key("a"), json!("A and B"), json!("R&D"), json!("3"), json!(0), json!(2)],
        vec![key("c"), json!("c"), json!(null), json!(null), json!(1), json!(1)],
        vec![key("n"), json!("Never"), json!("R&D"), json!("3"), json!(0), json!(0)],
    ];
    assert_eq!(rows, expected);
    let rows = world.rows(
        "SELECT g.name, above.name, count(DISTINCT f.person), min(m.from_date), max(m.until_date)
         FROM facts f JOIN members m ON m.person = f.person JOIN groups g ON g.id = m.group_id
         JOIN groups above ON above.id = g.parent GROUP BY g.id",
    );
    let expected =
        vec![json!("Class"), json!("School"), json!(1), json!("2026-01-01"), json!(null)];
    assert_eq!(rows, [expected]);
    // A person is found by the first of its identifiers, which is the value of the column.
    for (name, count) in [("a", 2), ("b", 0), ("c", 1), ("d", 0)] {
        let key = key(name);
        for sql in [
            "SELECT count(*) FROM facts WHERE person = ?",
            "SELECT count(*) FROM facts WHERE person IN (SELECT person FROM persons WHERE person = ?)",
        ] {
            assert_eq!(world.rows_of(sql, Some(json!([key]))), [[json!(count)]], "{name}: {sql}");
        }
    }
    assert_eq!(
        world.rows(
            "SELECT name FROM persons WHERE person IN (SELECT person FROM members) ORDER BY 1"
        ),
        [[json!("A and B")], [json!("Never")]]
    );
}

#[test]
fn activities_have_names_and_types() {
    let world = World::new();
    world.add(1, &[FULL, BARE]);
    let rows = world.rows("SELECT * FROM activities ORDER BY id");
    let course = "http://adlnet.gov/expapi/activities/course";
    let expected = [
        json!(["http://a.org/1", "One", "http://t.org/q", "choice"]),
        json!(["http://a.org/2", null, null, null]),
        json!(["http://a.org/3", null, null, null]),
        json!(["http://a.org/c", "Course", course, null]),
    ];
    assert_eq!(json!(rows), json!(expected));
    let joined = "SELECT a.name FROM facts f JOIN activities a ON a.id = f.course";
    assert_eq!(world.value(joined), "Course");
    assert_eq!(world.value("SELECT count(*) FROM groups"), 0);
    assert_eq!(world.value("SELECT count(*) FROM members"), 0);
}

/// The statements of the commands of the guide.
fn statements_of_guide() -> Vec<&'static str> {
    let guide = include_str!("../../../../docs/guide/sql.md");
    let blocks =
        guide.split("```").skip(1).step_by(2).filter(|it| it.trim().starts_with("acta sql"));
    let statement =
        |block: &'static str| block.split_once('"').unwrap().1.rsplit_once('"').unwrap().0;
    blocks.map(statement).collect()
}

#[test]
fn the_questions_of_the_guide_have_answers() {
    let statements = statements_of_guide();
    assert_eq!(statements.len(), 5);
    for sql in statements {
        let parameters = sql.contains(":class").then(|| json!({"class": "7A"}));
        let rows = SIMULATED.rows_of(sql, parameters.clone());
        // Nobody is in a group, or has attributes.
        let is_about_groups = parameters.is_some() || sql.contains("p.unit");
        assert_eq!(rows.is_empty(), is_about_groups, "{sql}: {rows:?}");
        joined().rows_of(sql, parameters);
    }
    let members = json!({"class": "Class"});
    let sql = statements_of_guide()[1];
    assert_eq!(joined().rows_of(sql, Some(members))[0][0], "A and B", "in March, before August");
}
