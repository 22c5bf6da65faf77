use std::num::{NonZeroU32, NonZeroU64};

use acta_ambient::ManualClock;
use acta_storage::model::ModelStorage;
use acta_storage::{FairShares, Weight};

use super::*;

/// An hour before the end of a day.
const START: Timestamp = Timestamp::from_unix_micros(20_000 * MICROS_PER_DAY - 3_600_000_000);

struct Bench {
    clock: Arc<ManualClock>,
    storage: Arc<ModelStorage>,
    quotas: Arc<Quotas>,
}

impl Bench {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::new(START));
        let storage = Arc::new(ModelStorage::new(Arc::<ManualClock>::clone(&clock)));
        let quotas =
            Quotas::new(Arc::<ModelStorage>::clone(&storage), Arc::<ManualClock>::clone(&clock));
        Self { clock, storage, quotas }
    }

    /// Another node on the same storage.
    fn node(&self) -> Arc<Quotas> {
        Quotas::new(
            Arc::<ModelStorage>::clone(&self.storage),
            Arc::<ManualClock>::clone(&self.clock),
        )
    }
}

fn tenant(limits: TenantLimits) -> Tenant {
    Tenant { limits, ..Tenant::new(TenantId::FIRST, "one", START) }
}

fn daily(statements: u64, bytes: u64) -> Tenant {
    tenant(TenantLimits {
        statements_per_day: NonZeroU64::new(statements),
        bytes_per_day: NonZeroU64::new(bytes),
        ..TenantLimits::NONE
    })
}

fn usage(statement_count: u64, bytes: u64) -> Usage {
    Usage { statement_count, bytes }
}

async fn store(quotas: &Arc<Quotas>, tenant: &Tenant, more: Usage) -> Result<(), OverQuota> {
    match quotas.reserve(tenant.id, &tenant.limits, more).await {
        Ok(room) => {
            room.keep(more.statement_count);
            Ok(())
        }
        Err(ServiceError::OverQuota(over)) => Err(over),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn requests_are_limited_to_their_rate_with_bursts_of_one_second() {
    let bench = Bench::new();
    let limits = TenantLimits { requests_per_second: NonZeroU32::new(4), ..TenantLimits::NONE };
    let slow = tenant(limits);
    for _ in 0..4 {
        bench.quotas.take_request(&slow).unwrap();
    }
    let over = bench.quotas.take_request(&slow).unwrap_err();
    assert_eq!((over.limit, over.max), (QuotaLimit::Requests, 4));
    assert_eq!(over.retry_after, Duration::from_millis(250));
    bench.clock.advance(Duration::from_millis(249));
    assert!(bench.quotas.take_request(&slow).is_err());
    bench.clock.advance(Duration::from_millis(1));
    bench.quotas.take_request(&slow).unwrap();
    assert!(bench.quotas.take_request(&slow).is_err());
    // However long it was idle, the burst is limited to one second of requests.
    bench.clock.advance(Duration::from_mins(10));
    let passed = (0..10).filter(|_| bench.quotas.take_request(&slow).is_ok()).count();
    assert_eq!(passed, 4);
    let other = Tenant::new(TenantId::new(2).unwrap(), "two", START);
    assert!((0..100).all(|_| bench.quotas.take_request(&other).is_ok()));
}

#[test]
fn a_request_of_a_tenant_tells_its_weight() {
    let bench = Bench::new();
    let four = NonZeroU64::new(4).unwrap().try_into().unwrap();
    for weight in [Weight::ONE, four, Weight::ONE] {
        let limits = TenantLimits { weight, ..TenantLimits::NONE };
        bench.quotas.take_request(&tenant(limits)).unwrap();
        assert_eq!(bench.storage.weights().of(TenantId::FIRST), weight);
    }
}

#[tokio::test]
async fn the_daily_quota_starts_again_on_the_next_day() {
    let bench = Bench::new();
    let small = daily(10, 1000);
    store(&bench.quotas, &small, usage(9, 100)).await.unwrap();
    let over = store(&bench.quotas, &small, usage(2, 1)).await.unwrap_err();
    assert_eq!((over.limit, over.max), (QuotaLimit::Statements, 10));
    assert_eq!(over.retry_after, Duration::from_hours(1));
    store(&bench.quotas, &small, usage(1, 900)).await.unwrap();
    let over = store(&bench.quotas, &small, usage(0, 1)).await.unwrap_err();
    assert_eq!((over.limit, over.max), (QuotaLimit::Bytes, 1000));
    bench.clock.advance(over.retry_after);
    store(&bench.quotas, &small, usage(10, 1000)).await.unwrap();
}

#[tokio::test]
async fn unused_reservations_are_returned_and_repeats_cost_no_statements() {
    let bench = Bench::new();
    let small = daily(10, 1000);
    let first = bench.quotas.reserve(small.id, &small.limits, usage(6, 10)).await.unwrap();
    let second = bench.quotas.reserve(small.id, &small.limits, usage(6, 10)).await;
    assert!(
        matches!(second, Err(ServiceError::OverQuota(_))),
        "what is being stored counts at once"
    );
    drop(first);
    let again = bench.quotas.reserve(small.id, &small.limits, usage(6, 10)).await.unwrap();
    again.keep(0);
    store(&bench.quotas, &small, usage(10, 10)).await.unwrap();
}

#[tokio::test]
async fn nodes_read_the_usage_of_other_nodes() {
    let bench = Bench::new();
    let (one, other, small) = (&bench.quotas, bench.node(), daily(10, 1000));
    store(one, &small, usage(6, 10)).await.unwrap();
    store(&other, &small, usage(3, 10)).await.unwrap();
    one.flush().await.unwrap();
    other.flush().await.unwrap();
    assert!(store(&other, &small, usage(2, 10)).await.is_err());
    // A node that starts later reads the total at once.
    assert!(store(&bench.node(), &small, usage(2, 10)).await.is_err());
    let day = day_of(START);
    let sum =
        acta_storage::UsageStore::add_usage(&*bench.storage, TenantId::FIRST, day, usage(0, 0));
    assert_eq!(sum.await.unwrap(), usage(9, 20));
}
