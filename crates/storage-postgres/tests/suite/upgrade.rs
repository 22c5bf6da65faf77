//! A store of the release before becomes one of this release.

use std::sync::Arc;

use acta_access::{Scope, TenantId};
use acta_ambient::{ManualClock, Moment, SystemEntropy};
use acta_storage::directory::{CredentialSecret, Recorded, TenantState};
use acta_storage::{
    Change, Committed, Credential, Directory, RecordKind, RecordStore, RecordWrite, Tenant,
    directory,
};
use acta_storage_postgres::{Options, PostgresStorage, migrate, migrations};
use acta_storage_suite::fixture::START;
use acta_storage_suite::settling::credential;
use acta_test_postgres::Database;

/// When everything in the old store was made.
const MADE: Moment = Moment::from_unix_micros(1_700_000_000_000_007);

fn options(database: &Database) -> Options {
    let clock = Arc::new(ManualClock::new(START));
    Options::new(&database.url(), clock, Arc::new(SystemEntropy))
}

/// A store as the first schema has it, with tenants and credentials.
fn old_store() -> Database {
    let database = Database::fresh();
    let first = &migrations()[0];
    let made = "timestamptz '2023-11-14 22:13:20.000007+00'";
    database.sql(&format!(
        "CREATE SCHEMA acta; CREATE TABLE acta.migrations (version integer PRIMARY KEY, \
         name text NOT NULL, oldest integer NOT NULL, applied timestamptz NOT NULL); {} \
         INSERT INTO acta.migrations VALUES (1, 'first', 1, now()); \
         INSERT INTO acta.tenants VALUES (1, 'default', {made}), \
         (7, 'a \"quoted\" \\ ünï', {made}), (-2, 'the last but one', {made}); \
         INSERT INTO acta.counters VALUES (1, 0, 0, 0, false), (7, 0, 0, 0, false); \
         INSERT INTO acta.credentials VALUES \
         ('key', 7, 'label \"1\" – ünï', decode(repeat('Ab', 32), 'hex'), \
         'all statements/write', {made}), \
         ('none', 1, '', decode(repeat('00', 32), 'hex'), '', {made})",
        first.sql
    ));
    database
}

fn tenant(number: u32, name: &str) -> Tenant {
    Tenant::new(TenantId::new(number).unwrap(), name, MADE)
}

fn old_credential() -> Credential {
    Credential {
        label: "label \"1\" – ünï".into(),
        secrets: vec![CredentialSecret { mac: [0xab; 32], created: MADE, expires: None }],
        scopes: [Scope::StatementsWrite, Scope::All].into_iter().collect(),
        created: MADE,
        ..credential("key", TenantId::new(7).unwrap(), 0)
    }
}

fn old_keys(database: &Database) -> String {
    database.sql("SELECT string_agg(key, ',' ORDER BY key) FROM acta.credentials")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tenants_and_credentials_become_records() {
    let database = old_store();
    let migrated = migrate(&options(&database)).await.unwrap();
    assert_eq!((migrated.before, migrated.now), (1, 2));
    let storage = PostgresStorage::open(&options(&database)).await.unwrap();
    let expected = [
        tenant(1, "default"),
        tenant(7, "a \"quoted\" \\ ünï"),
        tenant(u32::MAX - 1, "the last but one"),
    ];
    assert_eq!(storage.list_tenants().await.unwrap(), expected);
    assert_eq!(storage.find_credential("key").await.unwrap(), Some(old_credential()));
    let bare = storage.find_credential("none").await.unwrap().unwrap();
    assert_eq!(
        (bare.tenant, bare.label.as_str(), bare.scopes.to_string()),
        (TenantId::FIRST, "", String::new())
    );
    assert_eq!(storage.list_credentials(TenantId::new(7).unwrap()).await.unwrap().len(), 1);
    // The next number is behind the greatest.
    let next = storage.create_tenant("next", START).await.unwrap();
    assert_eq!(next.number(), u32::MAX);
    assert_eq!(old_keys(&database), "key,none", "nodes of the release before go on");
    storage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_older_node_cannot_judge_it_does_not_know() {
    let database = old_store();
    let storage = PostgresStorage::open(&options(&database)).await.unwrap();
    let commit = async |write: RecordWrite| {
        let change = Change { writes: vec![write], entries: Vec::new() };
        storage.commit(&change).await.unwrap()
    };
    let found = directory::find::<Credential>(&*storage, "key").await.unwrap().unwrap();
    // A change that does not happen leaves it alone.
    let stale = RecordWrite::create(RecordKind::Credential, "key", found.record.content.clone());
    assert_eq!(commit(stale).await, Committed::Stale(0));
    assert_eq!(old_keys(&database), "key,none");
    let restricted = Credential { expires: Some(START), ..found.value.clone() };
    assert_eq!(commit(found.write(&restricted)).await, Committed::Done);
    assert_eq!(old_keys(&database), "none");
    let first = Tenant::record_id_of(TenantId::FIRST);
    let first = directory::find::<Tenant>(&*storage, &first).await.unwrap().unwrap();
    let renamed = Tenant { name: "renamed".into(), ..first.value.clone() };
    assert_eq!(commit(first.write(&renamed)).await, Committed::Done);
    assert_eq!(old_keys(&database), "none");
    let record = storage.find_record(RecordKind::Tenant, &renamed.record_id()).await.unwrap();
    let suspended = Tenant { state: TenantState::Suspended { since: START }, ..renamed };
    assert_eq!(commit(suspended.replace(&record.unwrap())).await, Committed::Done);
    assert_eq!(old_keys(&database), "");
    storage.close().await;
}
