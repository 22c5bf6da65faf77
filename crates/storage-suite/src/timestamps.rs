//! Stored times, `since` and `until`, and the consistent-through time.

use std::sync::Arc;
use std::time::Duration;

use acta_access::TenantId;
use acta_ambient::{GuardedClock, JumpLimits, ManualClock, Timestamp};
use acta_storage::StatementQuery;

use super::EngineUnderTest;
use super::fixture::{Draft, START, Stage, batch, everything};

/// Batches never share a stored time, though the clock stand still or be set back.
pub async fn stored_times_rise_whatever_the_clock_does<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let mut times = Vec::new();
    for number in 1..=5 {
        times.push(stage.append(&[&Draft::new(number)]).await.stored);
    }
    stage.clock.set(Timestamp::from_unix_micros(START.unix_micros() - 3_600_000_000));
    for number in 6..=10 {
        times.push(stage.append(&[&Draft::new(number)]).await.stored);
    }
    stage.clock.set(START.saturating_add(Duration::from_mins(1)));
    times.push(stage.append(&[&Draft::new(11)]).await.stored);
    assert!(times.is_sorted_by(|earlier, later| earlier < later), "{times:?}");
    assert!(START.saturating_add(Duration::from_mins(1)) <= times[10]);
    let feed = stage.feed().await;
    assert!(feed.iter().map(|entry| entry.stored).eq(times));
}

/// A clock that jumps a day ahead and comes back leaves no trace in stored times, and one that
/// stays is followed.
pub async fn a_jump_of_the_clock_that_does_not_last_is_not_in_stored_times<E: EngineUnderTest>() {
    const DAY_MICROS: i64 = 86_400_000_000;
    let clock = Arc::new(ManualClock::new(START));
    let limits =
        JumpLimits { jump_max: Duration::from_mins(1), jump_wait: Duration::from_mins(10) };
    let guarded = Arc::new(GuardedClock::new(Arc::<ManualClock>::clone(&clock), limits));
    let engine = E::open(guarded).await;
    let storage = engine.storage();
    let append = async |number, seconds| {
        clock.advance(Duration::from_secs(seconds));
        let batch = batch(&[&Draft::new(number)]);
        storage.append(TenantId::FIRST, batch).await.unwrap().stored
    };
    let seconds =
        |stored: Timestamp| (stored.unix_micros() - START.unix_micros() + 500_000) / 1_000_000;
    assert_eq!(seconds(append(1, 10).await), 10);
    clock.jump(DAY_MICROS);
    assert_eq!(seconds(append(2, 10).await), 20, "while the clock is ahead");
    let through = storage.consistent_through(TenantId::FIRST).await.unwrap();
    assert_eq!(seconds(through), 20, "nothing promises the next day");
    clock.jump(-DAY_MICROS);
    assert_eq!(seconds(append(3, 10).await), 30, "when it is back");

    clock.jump(DAY_MICROS);
    assert_eq!(seconds(append(4, 10).await), 40, "when it jumps again");
    assert_eq!(seconds(append(5, 600).await), 640 + 86_400, "when it stays there");
}

/// Repeating a batch does not change its time, and the result has a plausible one.
pub async fn stored_is_the_time_of_the_append<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    stage.wait_micros(12_345);
    let before = START.saturating_add(Duration::from_micros(12_345));
    let stored = stage.append(&[&Draft::new(1)]).await.stored;
    assert!(before <= stored && stored <= before.saturating_add(Duration::from_millis(1)));
    assert_eq!(stage.find(1).await.stored, stored);
}

/// `since` excludes its instant, `until` includes it, exact to the nanosecond.
pub async fn since_excludes_and_until_includes<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let mut nanos = Vec::new();
    for number in 1..=4 {
        // Less than a millisecond apart: a rounded bound would give other results.
        stage.wait_micros(100);
        let stored = stage.append(&[&Draft::new(number)]).await.stored;
        nanos.push(i128::from(stored.unix_micros()) * 1000);
    }
    let since = |nanos| StatementQuery { since_nanos: Some(nanos), ..everything() };
    let until = |nanos| StatementQuery { until_nanos: Some(nanos), ..everything() };
    let table: [(StatementQuery, &[u128]); 16] = [
        (since(nanos[1]), &[4, 3]),
        (since(nanos[1] - 1), &[4, 3, 2]),
        (since(nanos[1] + 1), &[4, 3]),
        (until(nanos[1]), &[2, 1]),
        (until(nanos[1] - 1), &[1]),
        (until(nanos[1] + 1), &[2, 1]),
        (since(nanos[3]), &[]),
        (until(nanos[0] - 1), &[]),
        (StatementQuery { since_nanos: Some(nanos[0]), ..until(nanos[2]) }, &[3, 2]),
        (StatementQuery { since_nanos: Some(nanos[2]), ..until(nanos[1]) }, &[]),
        (since(i128::MIN), &[4, 3, 2, 1]),
        (since(i128::MAX), &[]),
        (until(i128::MIN), &[]),
        (until(i128::MAX), &[4, 3, 2, 1]),
        (since(-1), &[4, 3, 2, 1]),
        (until(-1), &[]),
    ];
    for (query, expected) in table {
        assert_eq!(stage.numbers(&query).await, expected, "{query:?}");
        let paged = StatementQuery { count_max: 1, ..query };
        assert_eq!(stage.numbers(&paged).await, expected, "{paged:?}");
    }
}

/// The consistent-through time is the current millisecond, and never moves backwards.
pub async fn consistent_through_is_now<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let storage = stage.storage();
    let check = async |expected: Timestamp| {
        let through = storage.consistent_through(stage.tenant).await.unwrap();
        assert_eq!(through, expected.floor_to_millis());
    };
    check(START).await;
    stage.wait_micros(999);
    check(START.saturating_add(Duration::from_micros(999))).await;
    stage.wait_micros(1_000_000);
    let latest = START.saturating_add(Duration::from_micros(1_000_999));
    check(latest).await;
    stage.append(&[&Draft::new(1)]).await;
    check(latest).await;
    stage.clock.set(START);
    check(latest).await;
    stage.wait_micros(60_000_000);
    check(START.saturating_add(Duration::from_mins(1))).await;
}

/// Nothing is stored later with a time before a returned consistent-through time.
pub async fn no_statement_is_stored_before_consistent_through<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    stage.wait_micros(10_000_000);
    let through = stage.storage().consistent_through(stage.tenant).await.unwrap();
    stage.clock.set(START);
    let stored = stage.append(&[&Draft::new(1)]).await.stored;
    assert!(through <= stored, "stored at {stored}, consistent through {through}");
}

/// While writers append, everything before the consistent-through time can be read.
pub async fn statements_before_consistent_through_can_be_read<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let (storage, tenant) = (stage.storage(), stage.tenant);
    let clock = std::sync::Arc::clone(&stage.clock);
    let mut writer = tokio::task::JoinSet::new();
    writer.spawn(async move {
        for number in 1..=150 {
            clock.advance(Duration::from_micros(700));
            let batch = super::fixture::batch(&[&Draft::new(number)]);
            storage.append(tenant, batch).await.unwrap();
        }
    });
    let mut observed = Vec::new();
    for _ in 0..60 {
        let through = stage.storage().consistent_through(stage.tenant).await.unwrap();
        let until_nanos = Some(i128::from(through.unix_micros()) * 1000 - 1);
        let query = StatementQuery { until_nanos, ..everything() };
        observed.push((query.clone(), stage.numbers(&query).await));
        tokio::task::yield_now().await;
    }
    writer.join_all().await;
    for (query, seen) in observed {
        assert_eq!(stage.numbers(&query).await, seen, "a statement appeared behind its time");
    }
}
