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
