//! The character 0, which no text in the database holds.

use std::sync::Arc;

use acta_access::TenantId;
use acta_ambient::{ManualClock, SystemEntropy};
use acta_storage::{AuditQuery, AuditStore, Group, RecordKind, RecordStore, Tenant, Who};
use acta_storage_postgres::{Options, PostgresStorage};
use acta_storage_suite::fixture::START;
use acta_test_postgres::Database;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unauthenticated_input_may_contain_any_character() {
    let database = Database::fresh();
    let clock = Arc::new(ManualClock::new(START));
    let options = Options::new(&database.url(), clock, Arc::new(SystemEntropy));
    let storage = PostgresStorage::open(&options).await.unwrap();
    let first = Tenant::record_id_of(TenantId::FIRST);
    for text in ["\0", "a\0b", "0000000001\0"] {
        assert_eq!(storage.find_record(RecordKind::Tenant, text).await.unwrap(), None);
        assert_eq!(storage.find_record_by_name(RecordKind::Tenant, text).await.unwrap(), None);
        let owned = Group::OwnedBy(text.to_owned());
        assert_eq!(storage.list_records(RecordKind::Tenant, &owned, None, 9).await.unwrap(), []);
        let behind =
            storage.list_records(RecordKind::Tenant, &Group::Every, Some(text), 9).await.unwrap();
        assert_eq!(behind.len(), usize::from(text < first.as_str()), "{text:?}");
        let all = AuditQuery::everything(9);
        for query in [
            AuditQuery { act: Some(text.to_owned()), ..all.clone() },
            AuditQuery { target: Some(text.to_owned()), ..all.clone() },
            AuditQuery { who: Some(Who::Bearer(text.to_owned())), ..all },
        ] {
            assert_eq!(storage.list_audit(None, &query).await.unwrap(), []);
        }
    }
    storage.close().await;
}
