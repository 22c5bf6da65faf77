use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::thread;

use acta_ambient::{ManualClock, SeededEntropy};
use acta_storage::model::ModelStorage;
use acta_xapi::Version;
use bytes::Bytes;

use super::*;
use crate::{DocumentKey, Precondition, SentDocument, TenantLimits, WriteRules};

const TENANT: TenantId = TenantId::FIRST;

fn service() -> Service {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(Timestamp::from_unix_micros(0)));
    Service::new(ServiceParts {
        storage: Arc::new(ModelStorage::new(Arc::clone(&clock))),
        clock,
        entropy: Arc::new(SeededEntropy::new(3)),
        options: Options {
            authority_home_page: "https://acta.example/keys".parse().unwrap(),
            parse: ParseLimits::default(),
            page: StatementPageLimits { count: 2, count_max: 3, bytes_max: 1 << 20 },
            statement_bytes_max: 1 << 20,
            signature_bytes_max: 1 << 10,
            document_bytes_max: 1 << 10,
            documents_count_max: 10,
            profile_precondition: ProfilePrecondition::Optional,
        },
    })
}

#[tokio::test]
async fn only_work_on_few_bytes_runs_in_place() {
    let service = service();
    let here = thread::current().id();
    let table = [
        (0, true),
        (Service::INLINE_BYTES_MAX, true),
        (Service::INLINE_BYTES_MAX + 1, false),
        (LONG_WORK_BYTES, false),
    ];
    for (bytes, is_here) in table {
        let ran = service.run(TENANT, bytes, || thread::current().id()).await.unwrap();
        assert_eq!(ran == here, is_here, "{bytes} bytes");
    }
}

/// Merges an object into a document.
async fn merge(service: &Service, key: &DocumentKey) -> Result<(), ServiceError> {
    let who = Principal::new(TENANT, "ada", "all".parse().unwrap());
    let content = Bytes::from_static(b"{}");
    let sent = SentDocument { content, content_type: "application/json".to_owned() };
    let rules = WriteRules {
        precondition: Precondition::default(),
        version: Version::V2_0_0,
        limits: &TenantLimits::NONE,
    };
    service.post_document(&who, key, sent, rules).await
}

#[tokio::test]
async fn a_merge_waits_for_the_one_before_it() {
    let service = service();
    let [one, other] = ["one", "other"].map(|name| DocumentKey::ActivityProfile {
        activity: "http://example.org/a".parse().unwrap(),
        profile_id: name.to_owned(),
    });
    let turn = service.merges.take(TENANT, &one).await;
    let mut context = Context::from_waker(Waker::noop());
    let mut behind = pin!(merge(&service, &one));
    assert!(behind.as_mut().poll(&mut context).is_pending());
    // Nothing else makes a merge wait on this storage.
    let beside = pin!(merge(&service, &other));
    assert!(matches!(beside.poll(&mut context), Poll::Ready(Ok(()))));
    drop(turn);
    behind.await.unwrap();
}
