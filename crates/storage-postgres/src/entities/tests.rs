use std::ops::Range;
use std::sync::Arc;

use acta_ambient::{SystemClock, SystemEntropy};
use acta_storage::{Advanced, EntityFact, EntityKind, FollowerStep, StoreEffects};
use acta_test_postgres::Database as TestDatabase;

use super::steps::take_step;
use super::*;
use crate::{Options, migrate};

const TENANT: TenantId = TenantId::FIRST;

/// A database with the schema and nothing in it, and two nodes' ways to it.
async fn two() -> (TestDatabase, [Database; 2]) {
    let place = TestDatabase::fresh();
    let clock = Arc::new(SystemClock::new());
    let options = Options::new(&place.url(), clock, Arc::new(SystemEntropy));
    let options = Options { connections_max: 2, ..options };
    migrate(&options).await.unwrap();
    place.sql("INSERT INTO acta.counters VALUES (1, 0, 0, 0, false)");
    let nodes = [(); 2].map(|()| Database::new(&options.url, &options).unwrap());
    (place, nodes)
}

/// A step over statements, of which the one with this sequence gives a person and an activity
/// the name `name`.
fn naming(span: Range<u64>, sequence: u64, name: &str) -> FollowerStep {
    let definition = format!(r#"{{"name":{{"en":"{name}"}}}}"#);
    let fact = |kind, text: &str| EntityFact {
        kind,
        subject: "it".into(),
        text: text.into(),
        sequence,
        ordinal: 0,
    };
    let entity_facts =
        vec![fact(EntityKind::Activity, &definition), fact(EntityKind::Person, name)];
    FollowerStep { effects: StoreEffects { entity_facts }, ..silent(span) }
}

/// A step over statements without facts.
fn silent(span: Range<u64>) -> FollowerStep {
    let Range { start: from, end: to } = span;
    FollowerStep { tenant: TENANT, from, to, effects: StoreEffects::default() }
}

/// Whether the step was taken.
async fn take(database: &Database, step: FollowerStep) -> bool {
    let advanced = take_step(database, FollowerName::ENTITIES, &step).await.unwrap();
    advanced == Advanced::Done
}

fn written(place: &TestDatabase) -> String {
    place.sql(
        "SELECT f.sequence, d.definition, convert_from(p.name, 'UTF8'), p.last_sequence \
         FROM acta.followers f, acta.definitions d, acta.person_names p",
    )
}

#[tokio::test]
async fn a_late_step_writes_nothing() {
    let (place, [one, other]) = two().await;
    assert!(take(&other, naming(0..10, 9, "new")).await);
    let before = written(&place);
    assert_eq!(before, r#"10|{"name":{"en":"new"}}|new|9"#);
    for late in [0..5, 0..10, 5..12, 11..12] {
        assert!(!take(&one, naming(late.clone(), 4, "old")).await, "{late:?}");
        assert!(!take(&one, silent(late.clone())).await, "{late:?}");
        assert_eq!(written(&place), before, "{late:?}");
    }
    assert!(take(&one, silent(10..12)).await);
    assert!(written(&place).starts_with("12|"));
}

#[tokio::test]
async fn one_of_two_concurrent_steps_writes() {
    let (place, [one, other]) = two().await;
    for round in 0..20 {
        let span = round * 10..round * 10 + 10;
        let mine = take(&one, naming(span.clone(), span.start + 1, "mine"));
        let theirs = take(&other, naming(span.clone(), span.start + 2, "theirs"));
        let (mine, theirs) = tokio::join!(mine, theirs);
        assert!(mine ^ theirs, "round {round}");
        let name = if mine { "mine" } else { "theirs" };
        let now = place.sql("SELECT definition -> 'name' ->> 'en' FROM acta.definitions");
        assert_eq!(now, name, "round {round}");
    }
}

#[tokio::test]
async fn a_step_in_progress_fails_after_a_reset() {
    let (place, [one, other]) = two().await;
    assert!(take(&one, naming(0..10, 1, "first")).await);
    other.reset_follower(FollowerName::ENTITIES, number(TENANT)).await.unwrap();
    assert!(!take(&one, naming(10..20, 11, "second")).await);
    for table in ["followers", "definitions", "person_names"] {
        assert_eq!(place.sql(&format!("SELECT count(*) FROM acta.{table}")), "0", "{table}");
    }
}

/// A step over as many statements as `names` has items, each with names of as many persons as that
/// says.
fn naming_many(from: u64, names: &[usize]) -> FollowerStep {
    let mut to = from;
    let mut entity_facts = Vec::new();
    for &count in names {
        to += 1;
        entity_facts.extend((0..count).map(|number| EntityFact {
            kind: EntityKind::Person,
            subject: format!("agent {number}").into(),
            text: format!("{to} {number}").into(),
            sequence: to,
            ordinal: u32::try_from(number).unwrap(),
        }));
    }
    FollowerStep { effects: StoreEffects { entity_facts }, ..silent(from..to) }
}

#[tokio::test]
async fn a_long_step_is_saved_in_short_transactions() {
    let (place, [one, _]) = two().await;
    assert!(take(&one, naming_many(0, &[150; 30])).await);
    assert_eq!(place.sql("SELECT sequence FROM acta.followers"), "30");
    assert_eq!(place.sql("SELECT count(*) FROM acta.person_names"), "4500");
    // A row says which transaction has written it.
    let of_each = "SELECT count(*), min(last_sequence) FROM acta.person_names \
         GROUP BY xmin::text ORDER BY 2";
    assert_eq!(place.sql(of_each), "900|1\n900|7\n900|13\n900|19\n900|25");
    // The facts of one statement are written together.
    assert!(take(&one, naming_many(30, &[10, 1_500, 10])).await);
    let newer = of_each.replace("GROUP", "WHERE 30 < last_sequence GROUP");
    assert_eq!(place.sql(&newer), "10|31\n1500|32\n10|33");
}

#[tokio::test]
async fn the_names_used_first_are_removed_of_many_persons() {
    const PERSONS: usize = 600;
    let (place, [one, _]) = two().await;
    place.sql(&format!(
        "INSERT INTO acta.person_names SELECT 1, sha256(agent::bytea), sha256(name::bytea), agent, \
         name::bytea, use, 0 FROM generate_series(0, {PERSONS} - 1) AS number \
         CROSS JOIN generate_series(1, 100) AS use \
         CROSS JOIN LATERAL (SELECT 'agent ' || number AS agent, 'name ' || use AS name) AS said; \
         INSERT INTO acta.followers VALUES (1, 'entities', 100)"
    ));
    // One of the persons has no name too many, and another one many.
    place.sql(
        "DELETE FROM acta.person_names WHERE agent = 'agent 3' AND last_sequence = 50; \
         INSERT INTO acta.person_names SELECT 1, agent_hash, sha256(name || 'x'), agent, \
         name || 'x', last_sequence, 1 FROM acta.person_names WHERE agent = 'agent 4'",
    );
    assert!(take(&one, naming_many(100, &[PERSONS, 5])).await);
    let left = "SELECT agent, count(*), min(last_sequence) FROM acta.person_names \
         GROUP BY agent HAVING count(*) <> 100 OR min(last_sequence) <> 2 ORDER BY agent";
    let expected = ["agent 0|100|3", "agent 1|100|3", "agent 2|100|3", "agent 4|100|52"];
    assert_eq!(place.sql(left), expected.join("\n"));
}
