use acta_ambient::{SystemClock, SystemEntropy};
use acta_test_postgres::Database as TestDatabase;

use super::*;
use crate::{Options, migrate};

/// Two would-be holders of the same lease.
async fn two(place: &TestDatabase, duration: Duration) -> [Lease; 2] {
    let clock = Arc::new(SystemClock::new());
    let options = Options::new(&place.url(), clock, Arc::new(SystemEntropy));
    let options = Options { connections_max: 2, ..options };
    migrate(&options).await.unwrap();
    [(); 2].map(|()| {
        let database = Database::new(&options.url, &options).unwrap();
        Lease::new(Arc::new(database), "work", duration)
    })
}

#[tokio::test]
async fn one_of_two_holds_a_lease_until_it_is_released() {
    let place = TestDatabase::fresh();
    let [one, other] = two(&place, DURATION).await;
    assert!(!one.is_held());
    assert!(one.hold().await.unwrap());
    assert!(one.hold().await.unwrap(), "it stays held");
    assert!(!other.hold().await.unwrap());
    assert!(one.is_held() && !other.is_held());
    other.release().await.unwrap();
    assert!(!other.hold().await.unwrap(), "nobody releases what another holds");
    one.release().await.unwrap();
    assert!(!one.is_held());
    assert!(other.hold().await.unwrap());
    assert!(!one.hold().await.unwrap());
}

#[tokio::test]
async fn one_of_many_nodes_gets_the_lease() {
    let place = TestDatabase::fresh();
    for round in 0..10 {
        let [one, other] = two(&place, DURATION).await;
        let (one_has, other_has) = tokio::join!(one.hold(), other.hold());
        assert!(one_has.unwrap() ^ other_has.unwrap(), "round {round}");
        place.sql("DELETE FROM acta.leases");
    }
}

#[tokio::test]
async fn a_lease_that_is_not_renewed_expires_for_its_holder_too() {
    let place = TestDatabase::fresh();
    let [one, other] = two(&place, Duration::from_millis(300)).await;
    assert!(one.hold().await.unwrap());
    while !other.hold().await.unwrap() {
        tokio::task::yield_now().await;
    }
    assert!(!one.is_held(), "two hold it");
}

#[tokio::test]
async fn a_lease_is_renewed_in_good_time() {
    let place = TestDatabase::fresh();
    let duration = Duration::from_millis(400);
    let [one, other] = two(&place, duration).await;
    assert!(one.hold().await.unwrap());
    let first = place.sql("SELECT expires FROM acta.leases");
    let start = Instant::now();
    while start.elapsed() < 2 * duration {
        let is_held = one.hold().await.unwrap();
        // A machine that is slow enough to miss the renewal has lost it.
        assert!(is_held != other.hold().await.unwrap() || !one.is_held());
        tokio::time::sleep(duration / 40).await;
    }
    assert_ne!(place.sql("SELECT expires FROM acta.leases"), first);
}

#[tokio::test]
async fn a_replaced_leader_notices_when_it_renews() {
    let place = TestDatabase::fresh();
    let [one, other] = two(&place, Duration::from_secs(2)).await;
    assert!(one.hold().await.unwrap());
    place.sql("DELETE FROM acta.leases");
    assert!(other.hold().await.unwrap());
    let start = Instant::now();
    while one.hold().await.unwrap() {
        assert!(start.elapsed() < Duration::from_secs(2), "it believes in it for too long");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!one.is_held());
}
