//! A machine of a cluster that is away: an outage of its tenants, and of nobody else.

use std::sync::Arc;
use std::time::Duration;

use acta_access::TenantId;
use acta_ambient::{Clock, ManualClock, SystemClock, SystemEntropy};
use acta_storage::{
    Change, Committed, CursorStore, Directory, DocumentKey, DocumentStore, Feed, FollowerName,
    Precondition, Readiness, RecordStore, StatementStore, StorageError, Usage, UsageStore,
};
use acta_storage_postgres::{Migrate, Options, PostgresStorage};
use acta_storage_suite::audit::sample_entry;
use acta_storage_suite::documents::{document, state_key};
use acta_storage_suite::fixture::{Draft, START, batch, everything, id};
use acta_test_postgres::{Absence, CitusStandIn, Database};

use crate::partitions;

/// The tenant whose machine goes away.
const AWAY: TenantId = TenantId::FIRST;

/// Longer than a machine is waited for.
const GIVEN_UP: Duration = Duration::from_secs(3);

/// Longer than a machine that was away is avoided.
const FORGOTTEN: Duration = Duration::from_secs(6);

/// Most time for all acts on a machine that is not waited for any more. Each would be tried again
/// for longer than a second.
const AT_ONCE: Duration = Duration::from_secs(6);

/// What came of an act.
type Outcome = (&'static str, Result<(), StorageError>);

async fn open(url: &str, clock: &Arc<ManualClock>) -> Arc<PostgresStorage> {
    let clock = Arc::<ManualClock>::clone(clock);
    let options = Options {
        migrate: Migrate::Never,
        consistent_through_age_max: Duration::ZERO,
        ..Options::new(url, clock, Arc::new(SystemEntropy))
    };
    PostgresStorage::open(&options).await.unwrap()
}

/// Does one act of each kind for a tenant, with a statement of this number. Those that read find
/// rows: the machines stand behind rows.
async fn act(storage: &PostgresStorage, tenant: TenantId, number: u128) -> Vec<Outcome> {
    let draft = Draft::new(number);
    let (key, always) = (state_key("state", None), Precondition::default());
    let usage = Usage { statement_count: 1, bytes: 1 };
    let written = document(&number.to_string());
    vec![
        ("append", storage.append(tenant, batch(&[&draft])).await.map(drop)),
        ("find", storage.find_statement(tenant, id(1)).await.map(drop)),
        ("query", storage.query_statements(tenant, &everything()).await.map(drop)),
        ("feed", storage.read_feed(tenant, 0, 10).await.map(drop)),
        ("consistent-through", storage.consistent_through(tenant).await.map(drop)),
        ("write", storage.replace_document(tenant, &key, written, &always).await.map(drop)),
        ("read", storage.find_document(tenant, &kept()).await.map(drop)),
        ("remove", storage.remove_document(tenant, &key, &always).await.map(drop)),
        ("cursor", storage.save_cursor(tenant, "facts", "1").await),
        ("usage", storage.add_usage(tenant, 1, usage).await.map(drop)),
    ]
}

/// The document that every tenant has.
fn kept() -> DocumentKey {
    state_key("kept", None)
}

#[track_caller]
fn check_done(outcomes: Vec<Outcome>) {
    for (act, outcome) in outcomes {
        assert!(outcome.is_ok(), "{act}: {outcome:?}");
    }
}

#[track_caller]
fn check_unavailable(outcomes: Vec<Outcome>) {
    for (act, outcome) in outcomes {
        let is_unavailable = matches!(outcome, Err(StorageError::Unavailable { .. }));
        assert!(is_unavailable, "{act}: {outcome:?}");
    }
}

/// The tenants for which the follower of entities has something to do.
async fn behind(storage: &PostgresStorage) -> Vec<TenantId> {
    let behind = storage.list_behind(FollowerName::ENTITIES).await.unwrap();
    behind.iter().map(|position| position.tenant).collect()
}

/// What concerns no machine but the coordinator, or all of them, goes on.
async fn check_common(storage: &PostgresStorage, entry: u64) {
    let change = Change { writes: Vec::new(), entries: vec![(Some(AWAY), sample_entry(entry))] };
    assert_eq!(storage.commit(&change).await.unwrap(), Committed::Done);
    storage.check_ready().await.unwrap();
    storage.read_clock().await.unwrap();
    let connections = storage.statistics().database;
    assert!(connections.is_reachable, "the outage of a machine is not that of the database");
    assert_eq!(connections.reconnect_count, 0, "no connection is lost");
}

#[expect(clippy::cognitive_complexity, reason = "each act of a tenant, and what comes of it")]
async fn check(make: fn(&Database)) {
    let cluster = CitusStandIn::fresh();
    make(cluster.database());
    cluster.distribute();
    let clock = Arc::new(ManualClock::new(START));
    let storage = open(&cluster.url(), &clock).await;
    let other = storage.create_tenant("south", START).await.unwrap();
    let machine = CitusStandIn::machine_of(AWAY.number());
    assert_ne!(machine, CitusStandIn::machine_of(other.number()));
    for tenant in [AWAY, other] {
        let always = Precondition::default();
        storage.replace_document(tenant, &kept(), document("kept"), &always).await.unwrap();
        check_done(act(&storage, tenant, 1).await);
    }
    assert_eq!(behind(&storage).await, [AWAY, other]);
    let mut number = 2;
    for absence in [Absence::Refused, Absence::Silent] {
        cluster.take_away(&machine, absence);
        // The first to notice is what asks all machines.
        assert_eq!(behind(&storage).await, [other], "{absence:?}");
        let waited = storage.find_statement(AWAY, id(1)).await.map(drop);
        check_unavailable(vec![("find, waiting", waited)]);
        clock.advance(GIVEN_UP);
        let wall = SystemClock::new();
        check_unavailable(act(&storage, AWAY, number).await);
        assert!(wall.elapsed() < AT_ONCE, "{absence:?}: {:?}", wall.elapsed());
        check_done(act(&storage, other, number).await);
        assert_eq!(behind(&storage).await, [other], "{absence:?}");
        let entry = u64::try_from(number).unwrap();
        check_common(&storage, entry).await;
        cluster.bring_back(&machine);
        clock.advance(FORGOTTEN);
        check_done(act(&storage, AWAY, number + 1).await);
        assert_eq!(behind(&storage).await, [AWAY, other], "{absence:?}");
        number += 2;
        // The outage is over.
        clock.advance(Duration::from_mins(2));
        check_done(act(&storage, AWAY, number).await);
        number += 1;
    }
    storage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_that_is_away_takes_only_its_tenants_with_it() {
    check(partitions::make_whole).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_with_partitioned_tables_takes_only_its_tenants_with_it() {
    check(partitions::make).await;
}
