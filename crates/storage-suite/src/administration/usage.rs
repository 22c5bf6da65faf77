//! Usage.

use acta_storage::Usage;

use crate::EngineUnderTest;
use crate::fixture::Stage;

/// Each tenant has a sum for each day.
pub async fn usage_adds_up_by_tenant_and_day<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let other = stage.create_tenant("south").await;
    let storage = stage.storage();
    let usage = |statement_count, bytes| Usage { statement_count, bytes };
    let table = [
        (stage.tenant, 20_000, usage(0, 0), usage(0, 0)),
        (stage.tenant, 20_000, usage(3, 500), usage(3, 500)),
        (stage.tenant, 20_000, usage(0, 1 << 40), usage(3, (1 << 40) + 500)),
        (stage.tenant, 20_001, usage(1, 1), usage(1, 1)),
        (other, 20_000, usage(7, 8), usage(7, 8)),
        (stage.tenant, 20_000, usage(1, 0), usage(4, (1 << 40) + 500)),
    ];
    for (tenant, day, more, expected) in table {
        assert_eq!(storage.add_usage(tenant, day, more).await.unwrap(), expected);
    }
}

/// Nothing that is added at the same time is lost.
pub async fn usage_of_many_writers_adds_up<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let mut writers = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (storage, tenant) = (stage.storage(), stage.tenant);
        let more = Usage { statement_count: 1, bytes: 10 };
        writers.spawn(async move { storage.add_usage(tenant, 1, more).await.unwrap() });
    }
    let sums = writers.join_all().await;
    let expected = Usage { statement_count: 20, bytes: 200 };
    assert!(sums.contains(&expected), "{sums:?}");
    let sum = stage.storage().add_usage(stage.tenant, 1, Usage::default()).await.unwrap();
    assert_eq!(sum, expected);
}
