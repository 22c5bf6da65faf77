use std::sync::Arc;
use std::time::Duration;

use acta_access::{Defines, TenantId};
use acta_ambient::{ManualClock, Timestamp};
use acta_storage::model::{CredentialRecords as _, ModelStorage};
use acta_storage::{
    Batch, ChainHead, Change, Credential, CursorStore as _, Directory as _, DocumentStore as _,
    Group, PageLimits, Precondition, RecordKind, RecordStore as _, SecretStore as _,
    StatementStore as _, StoreId, TransferSource as _, TransferTarget as _, TransferredStatement,
};
use acta_storage_suite::attachments::{bytes_of_length, stage_content};
use acta_storage_suite::audit::sample_entry;
use acta_storage_suite::directory::credential;
use acta_storage_suite::documents::{document, state_key};
use acta_storage_suite::fixture::{Draft, START, batch};
use acta_xapi::{Fingerprint, Sha2, StatementId, StatementText, Uuid, Version};

use super::merge::Merge;
use super::*;

const WHOLE: PageLimits = PageLimits { count_max: usize::MAX, bytes_max: usize::MAX };

fn store() -> ModelStorage {
    ModelStorage::new(Arc::new(ManualClock::new(START)))
}

async fn put(storage: &ModelStorage, tenant: TenantId, name: &str) {
    let (key, new) = (state_key(name, None), document(name));
    storage.replace_document(tenant, &key, new, &Precondition::default()).await.unwrap();
}

/// Twenty statements of two tenants in turn, each with its own time.
async fn fill_logs(storage: &ModelStorage, clock: &ManualClock, south: TenantId) {
    for number in 1..=20 {
        clock.advance(Duration::from_micros(300));
        let tenant = if number % 3 == 0 { south } else { TenantId::FIRST };
        let draft = if number == 17 { Draft::voiding(17, 4) } else { Draft::new(number) };
        storage.append(tenant, batch(&[&draft])).await.unwrap();
    }
}

/// Two documents, and one that was removed.
async fn fill_documents(storage: &ModelStorage, tenant: TenantId) {
    for name in ["one", "two", "removed"] {
        put(storage, tenant, name).await;
    }
    let (key, always) = (state_key("removed", None), Precondition::default());
    storage.remove_document(tenant, &key, &always).await.unwrap();
}

/// A store with data of every kind.
async fn filled() -> ModelStorage {
    let clock = Arc::new(ManualClock::new(START));
    let storage = ModelStorage::new(Arc::<ManualClock>::clone(&clock));
    let south = storage.create_tenant("south", START).await.unwrap();
    fill_logs(&storage, &clock, south).await;
    for tenant in [TenantId::FIRST, south] {
        fill_documents(&storage, tenant).await;
        storage.save_cursor(tenant, "reader", "here").await.unwrap();
        let credential = credential(&format!("key-{tenant}"), tenant, 5);
        assert!(storage.insert_credential(&credential).await.unwrap());
    }
    for len in 0..3 {
        let content = bytes_of_length(len);
        let sha2 = Sha2::sha256(&content);
        let staged = stage_content(&storage, south, &sha2, &content).await;
        let batch = Batch { statements: Vec::new(), attachments: vec![staged] };
        storage.append(south, batch).await.unwrap();
    }
    storage.get_or_create_secret("credential-mac", [7; 32]).await.unwrap();
    let entries =
        [None, Some(TenantId::FIRST), Some(south)].map(|tenant| (tenant, sample_entry(1)));
    storage.commit(&Change { writes: Vec::new(), entries: entries.to_vec() }).await.unwrap();
    storage
}

async fn run(from: &ModelStorage, to: &ModelStorage) -> Result<Copied, CopyError> {
    copy(from, to, &mut |_| {}).await
}

#[tokio::test]
async fn copies_everything_and_counts_it() {
    let (from, to) = (filled().await, store());
    let mut reported = Vec::new();
    let copied = copy(&from, &to, &mut |now| reported.push(now)).await.unwrap();
    assert_eq!((copied.statement_count, copied.is_resumed), (20, false));
    let counts = |one: &CopiedTenant| {
        let CopiedTenant { statements, documents, attachments, .. } = one;
        let CopiedTenant { credentials, cursors, audit, .. } = one;
        [statements, documents, attachments, credentials, cursors, audit].map(|digest| digest.count)
    };
    let counts: Vec<_> = copied.tenants.iter().map(counts).collect();
    assert_eq!(counts, [[14, 2, 0, 1, 1, 1], [6, 2, 3, 1, 1, 1]]);
    assert!(
        reported.contains(&StoreCopyProgress::Statements { done: 20, total: 20 }),
        "{reported:?}"
    );
    assert!(
        reported.contains(&StoreCopyProgress::Verified { done: 20, total: 20 }),
        "{reported:?}"
    );
    assert!(!reported.contains(&StoreCopyProgress::Resumed));

    assert_eq!(to.find_import().await.unwrap(), None);
    assert_eq!(to.list_tenants().await.unwrap(), from.list_tenants().await.unwrap());
    for CopiedTenant { tenant, .. } in &copied.tenants {
        let statements = from.read_statements(tenant.id, 0, WHOLE).await.unwrap();
        assert_eq!(to.read_statements(tenant.id, 0, WHOLE).await.unwrap(), statements);
        let documents = from.read_documents(tenant.id, None, WHOLE).await.unwrap();
        assert_eq!(to.read_documents(tenant.id, None, WHOLE).await.unwrap(), documents);
        let removals = from.list_removals(tenant.id).await.unwrap();
        assert_eq!(removals.len(), 1);
        assert_eq!(to.list_removals(tenant.id).await.unwrap(), removals);
    }
    // The same content has the same hash in every store.
    let back = run(&to, &store()).await.unwrap();
    assert_eq!(back.tenants, copied.tenants);
}

#[tokio::test]
async fn goes_on_with_what_is_missing() {
    let (from, to) = (filled().await, store());
    let south = TenantId::new(2).unwrap();
    to.begin_import(from.identify().await.unwrap()).await.unwrap();
    for (tenant, count_max) in [(TenantId::FIRST, 5), (south, 2)] {
        let page = PageLimits { count_max, bytes_max: usize::MAX };
        let statements = from.read_statements(tenant, 0, page).await.unwrap();
        let statements = statements.into_iter().map(|one| (tenant, one)).collect();
        to.import_statements(statements).await.unwrap();
    }
    // Copied before, and since removed from the source.
    put(&to, south, "gone").await;
    put(&to, south, "one").await;
    let copied = run(&from, &to).await.unwrap();
    assert_eq!((copied.statement_count, copied.is_resumed), (13, true));
    let fresh = run(&from, &store()).await.unwrap();
    assert_eq!(copied.tenants, fresh.tenants);
    assert_eq!(to.find_document(south, &state_key("gone", None)).await.unwrap(), None);
}

#[tokio::test]
async fn refuses_stores_that_are_not_fit() {
    let from = filled().await;
    assert!(matches!(run(&from, &from).await, Err(CopyError::SameStore)));
    let to = store();
    to.begin_import(StoreId([1; 32])).await.unwrap();
    assert!(matches!(run(&from, &to).await, Err(CopyError::OtherSource)));
    assert!(matches!(run(&to, &store()).await, Err(CopyError::SourceUnfinished)));
}

#[tokio::test]
async fn refuses_a_target_that_is_not_empty() {
    let from = filled().await;
    let tenant = TenantId::FIRST;
    let expect = async |to: ModelStorage, expected: &str| {
        let error = run(&from, &to).await.unwrap_err();
        assert!(matches!(error, CopyError::NotEmpty(what) if what == expected), "{error}");
        assert_eq!(to.find_import().await.unwrap(), None);
    };
    let to = store();
    to.create_tenant("other", START).await.unwrap();
    expect(to, "tenants").await;
    let to = store();
    to.append(tenant, batch(&[&Draft::new(1)])).await.unwrap();
    expect(to, "statements").await;
    let to = store();
    to.insert_credential(&credential("key", tenant, 1)).await.unwrap();
    expect(to, "credentials").await;
    let to = store();
    put(&to, tenant, "one").await;
    expect(to, "documents").await;
    let to = store();
    let staged = stage_content(&to, tenant, &Sha2::sha256(b""), &bytes_of_length(0)).await;
    let attachments = vec![staged];
    to.append(tenant, Batch { statements: Vec::new(), attachments }).await.unwrap();
    expect(to, "attachments").await;
    let to = store();
    to.save_cursor(tenant, "reader", "1").await.unwrap();
    expect(to, "cursors").await;
    let to = store();
    to.get_or_create_secret("some", [1; 32]).await.unwrap();
    expect(to, "secrets").await;
}

/// A target with the mark of this source and wrong content.
async fn damaged_target(from: &ModelStorage) -> ModelStorage {
    let to = store();
    to.begin_import(from.identify().await.unwrap()).await.unwrap();
    to
}

#[tokio::test]
async fn reports_the_difference_and_stays_unfinished() {
    let from = filled().await;
    let tenant = TenantId::FIRST;
    let fail = async |to: ModelStorage| {
        let error = run(&from, &to).await.unwrap_err();
        assert!(to.find_import().await.unwrap().is_some());
        error
    };

    let to = damaged_target(&from).await;
    let mut statements = from.read_statements(tenant, 0, WHOLE).await.unwrap();
    statements[6].text.text = statements[6].text.text.replace("ada", "eva");
    let statements = statements.into_iter().map(|one| (tenant, one)).collect();
    to.import_statements(statements).await.unwrap();
    let error = fail(to).await;
    assert!(
        matches!(error, CopyError::StatementDiffers { tenant: TenantId::FIRST, sequence: 7 }),
        "{error}"
    );

    let to = damaged_target(&from).await;
    to.save_cursor(tenant, "unknown", "1").await.unwrap();
    let error = fail(to).await;
    let kind = Kind::Cursors;
    assert!(matches!(error, CopyError::Differs { kind: found, .. } if found == kind), "{error}");

    let to = damaged_target(&from).await;
    to.get_or_create_secret("credential-mac", [8; 32]).await.unwrap();
    assert!(matches!(fail(to).await, CopyError::SecretsDiffer));

    let to = damaged_target(&from).await;
    to.import_audit(None, vec![ChainHead::EMPTY.follow(None, sample_entry(9))]).await.unwrap();
    assert!(matches!(fail(to).await, CopyError::ServerAuditDiffers));

    let to = damaged_target(&from).await;
    let other = ChainHead::EMPTY.follow(Some(tenant), sample_entry(9));
    to.import_audit(Some(tenant), vec![other]).await.unwrap();
    let error = fail(to).await;
    let kind = Kind::Audit;
    assert!(matches!(error, CopyError::Differs { kind: found, .. } if found == kind), "{error}");
}

/// Records replace those in the target; those that the source no longer has are removed.
#[tokio::test]
async fn records_become_those_of_the_source() {
    let from = filled().await;
    let to = damaged_target(&from).await;
    for name in ["south", "west"] {
        to.create_tenant(name, START).await.unwrap();
    }
    let label = "other".to_owned();
    let changed = Credential { label, ..credential("key-1", TenantId::FIRST, 5) };
    for one in [changed, credential("gone", TenantId::FIRST, 6)] {
        to.insert_credential(&one).await.unwrap();
    }
    run(&from, &to).await.unwrap();
    for kind in RecordKind::EVERY {
        let records = from.list_records(kind, &Group::Every, None, 100).await.unwrap();
        assert_eq!(to.list_records(kind, &Group::Every, None, 100).await.unwrap(), records);
    }
}

/// A minimal statement, cheap to create in numbers.
fn blank(sequence: u64, stored_micros: i64) -> TransferredStatement {
    TransferredStatement {
        sequence,
        id: StatementId(Uuid::from_u128(sequence.into())),
        stored: Timestamp::from_unix_micros(stored_micros),
        version: Version::V2_0_0,
        fingerprint: Fingerprint([0; 16]),
        salt: [0; 16],
        text: StatementText { text: "{}".to_owned(), is_timestamp_stored: false },
        target: None,
        is_voiding: false,
        defines: Defines::All,
    }
}

#[tokio::test]
async fn the_logs_of_many_tenants_are_read_as_one() {
    let storage = store();
    let mut places = Vec::new();
    let tenant_count = 520;
    for number in 1..=tenant_count {
        let tenant = TenantId::new(number).unwrap();
        // More than a page each; many share a time.
        let times = (1..=40).map(|sequence| (sequence, i64::from(number) * 7 % 13));
        let statements = times.map(|(sequence, pace)| {
            let stored = pace * i64::try_from(sequence).unwrap();
            (tenant, blank(sequence, stored))
        });
        storage.import_statements(statements.collect()).await.unwrap();
        places.push((tenant, 3));
    }
    let mut merge = Merge::new(&storage, places.clone(), None);
    let mut all = Vec::new();
    loop {
        let run = merge.next_run().await.unwrap();
        if run.is_empty() {
            break;
        }
        all.extend(run.into_iter().map(|(tenant, one)| (one.stored, tenant, one.sequence)));
    }
    assert_eq!(all.len(), 520 * 37);
    assert!(all.is_sorted(), "by time, then tenant, then sequence");

    let bound = Timestamp::from_unix_micros(100);
    let mut early = Merge::new(&storage, places, Some(bound));
    let early = early.next_run().await.unwrap();
    let expected = all.iter().take_while(|(stored, ..)| *stored < bound).count();
    assert_eq!(early.len(), expected);
}
