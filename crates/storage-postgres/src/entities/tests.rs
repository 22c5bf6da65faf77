use acta_ambient::{SystemClock, SystemEntropy};
use acta_test_postgres::Database as TestDatabase;

use super::changes::Changes;
use super::*;
use crate::{Options, migrate};

const TENANT: i32 = 1;

/// A database with the schema and nothing in it, and two nodes' ways to it.
async fn two() -> (TestDatabase, [Database; 2]) {
    let place = TestDatabase::fresh();
    let clock = Arc::new(SystemClock::new());
    let options = Options::new(&place.url(), clock, Arc::new(SystemEntropy));
    let options = Options { connections_max: 2, ..options };
    migrate(&options).await.unwrap();
    let nodes = [(); 2].map(|()| Database::new(&options.url, &options).unwrap());
    (place, nodes)
}

/// That the statement with this sequence calls somebody and something `name`.
fn changes(sequence: i64, name: &str) -> Changes {
    let definition = format!(r#"{{"name":{{"en":"{name}"}}}}"#);
    let mut changes = Changes::default();
    for (kind, said) in [(FactKind::Definition, &*definition), (FactKind::Name, name)] {
        changes.add(Fact { kind, about: "it", said, sequence, ordinal: 0 });
    }
    changes
}

fn span(after: i64, until: i64) -> Span {
    Span { tenant: TENANT, after, until }
}

fn written(place: &TestDatabase) -> String {
    place.sql(
        "SELECT f.sequence, d.definition, convert_from(p.name, 'UTF8'), p.last_sequence \
         FROM acta.followers f, acta.definitions d, acta.person_names p",
    )
}

#[tokio::test]
async fn who_comes_late_writes_nothing() {
    let (place, [one, other]) = two().await;
    assert!(changes(9, "new").write(&other, span(0, 10)).await.unwrap());
    let before = written(&place);
    assert_eq!(before, r#"10|{"name":{"en":"new"}}|new|9"#);
    for late in [span(0, 5), span(0, 10), span(5, 12), span(11, 12)] {
        assert!(!changes(4, "old").write(&one, late).await.unwrap(), "{late:?}");
        assert!(!Changes::default().write(&one, late).await.unwrap(), "{late:?}");
        assert_eq!(written(&place), before, "{late:?}");
    }
    assert!(Changes::default().write(&one, span(10, 12)).await.unwrap());
    assert!(written(&place).starts_with("12|"));
}

#[tokio::test]
async fn of_two_at_once_one_writes() {
    let (place, [one, other]) = two().await;
    for round in 0..20 {
        let span = span(round * 10, round * 10 + 10);
        let (mine, theirs) = (changes(span.after + 1, "mine"), changes(span.after + 2, "theirs"));
        let (mine, theirs) = tokio::join!(mine.write(&one, span), theirs.write(&other, span));
        let (mine, theirs) = (mine.unwrap(), theirs.unwrap());
        assert!(mine ^ theirs, "round {round}");
        let name = if mine { "mine" } else { "theirs" };
        let now = place.sql("SELECT definition -> 'name' ->> 'en' FROM acta.definitions");
        assert_eq!(now, name, "round {round}");
    }
}

#[tokio::test]
async fn who_was_in_the_middle_does_not_go_on_when_all_is_made_anew() {
    let (place, [one, _]) = two().await;
    assert!(changes(1, "first").write(&one, span(0, 10)).await.unwrap());
    place.sql("DELETE FROM acta.followers");
    assert!(!changes(11, "second").write(&one, span(10, 20)).await.unwrap());
    assert_eq!(place.sql("SELECT count(*) FROM acta.followers"), "0");
}

#[tokio::test]
async fn where_no_statements_are_there_is_nothing_to_read() {
    let (_place, [one, _]) = two().await;
    let reached = read_page(&one, span(3, 8), |fact| panic!("{fact:?}")).await.unwrap();
    assert_eq!(reached, 8);
}
