//! The clock of the database, and statements that are ahead of the clock of a node.

use std::sync::Arc;
use std::time::Duration;

use acta_access::TenantId;
use acta_ambient::{Clock, GuardedClock, JumpLimits, ManualClock, SystemClock, SystemEntropy};
use acta_storage::StatementStore as _;
use acta_storage_postgres::{Options, PostgresStorage};
use acta_storage_suite::fixture::{Draft, batch};
use acta_test_postgres::Database;

const HOUR: Duration = Duration::from_hours(1);

async fn open(database: &Database, clock: Arc<dyn Clock>) -> Arc<PostgresStorage> {
    let options = Options::new(&database.url(), clock, Arc::new(SystemEntropy));
    PostgresStorage::open(&options).await.unwrap()
}

/// Whether two times differ by less than a minute.
fn are_near(one: acta_ambient::Timestamp, other: acta_ambient::Timestamp) -> bool {
    one.unix_micros().abs_diff(other.unix_micros()) < 60_000_000
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_clock_is_wrong_takes_the_time_of_the_database() {
    let database = Database::fresh();
    let now = SystemClock::new().now();
    let wrong = Arc::new(ManualClock::new(now.saturating_add(24 * HOUR)));
    let limits = JumpLimits { jump_max: Duration::from_mins(1), jump_wait: HOUR };
    let clock = Arc::new(GuardedClock::new(wrong, limits));
    let storage = open(&database, Arc::<GuardedClock>::clone(&clock)).await;
    let asked = clock.elapsed();
    let of_database = storage.read_clock().await.unwrap();
    assert!(are_near(of_database, now), "{of_database}");
    clock.compare(of_database, asked);
    let appended = storage.append(TenantId::FIRST, batch(&[&Draft::new(1)])).await.unwrap();
    assert!(are_near(appended.stored, now), "{}", appended.stored);
    assert_eq!((clock.jump_micros() + 1_800_000_000) / 3_600_000_000, 24);
    storage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_reports_how_far_statements_of_other_nodes_are_ahead_of_its_clock() {
    let database = Database::fresh();
    let now = SystemClock::new().now();
    let ahead = Arc::new(ManualClock::new(now.saturating_add(HOUR)));
    let other = open(&database, ahead).await;
    other.append(TenantId::FIRST, batch(&[&Draft::new(1)])).await.unwrap();
    let clock = Arc::new(ManualClock::new(now));
    let storage = open(&database, Arc::<ManualClock>::clone(&clock)).await;
    storage.read_clock().await.unwrap();
    assert_eq!(storage.statistics().stored_lead, HOUR);
    clock.advance(HOUR);
    assert_eq!(storage.statistics().stored_lead, Duration::ZERO);
    storage.close().await;
    other.close().await;
}
