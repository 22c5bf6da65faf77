//! The tables on a real file: what is kept, what is refused, and who wins.

use std::collections::BTreeMap;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Waker};
use std::time::Duration;

use acta_access::TenantId;
use acta_ambient::{Clock, ManualClock, Timestamp};
use acta_statement_log::disk::SystemDisk;
use acta_storage::model::CredentialRecords as _;
use acta_storage::{
    CursorStore, Directory, DocumentKey, DocumentList, DocumentStore, DocumentWrite, Etag,
    EtagMatch, NewDocument, Precondition, SecretStore, StorageError, Tenant,
};
use acta_storage_suite::directory::credential;
use acta_xapi::{ActivityId, Ifi, Uuid};
use bytes::Bytes;
use rusqlite::Connection;
use tempfile::TempDir;

use super::Tables;
use crate::directory::TABLES_NAME;

mod damage;
mod records;
mod removing;

const START: Timestamp = Timestamp::from_unix_micros(1_700_000_000_000_000);

struct Bench {
    directory: TempDir,
    clock: Arc<ManualClock>,
    tables: Arc<Tables>,
}

impl Bench {
    fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let clock = Arc::new(ManualClock::new(START));
        Self::open(directory, clock)
    }

    fn open(directory: TempDir, clock: Arc<ManualClock>) -> Self {
        let tables =
            Tables::open(&SystemDisk, directory.path(), Arc::<ManualClock>::clone(&clock)).unwrap();
        Self { directory, clock, tables: Arc::new(tables) }
    }

    fn reopen(self) -> Self {
        let Self { directory, clock, tables } = self;
        drop(tables);
        Self::open(directory, clock)
    }

    /// Another program's connection to the file.
    fn connect(&self) -> Connection {
        Connection::open(self.directory.path().join(TABLES_NAME)).unwrap()
    }
}

fn tenant(number: u32) -> TenantId {
    TenantId::new(number).unwrap()
}

fn activity(name: &str) -> ActivityId {
    format!("https://example.org/{name}").parse().unwrap()
}

fn agent(name: &str) -> Ifi {
    Ifi::Mbox(format!("mailto:{name}@example.org").parse().unwrap())
}

fn state(state_id: &str, registration: Option<u128>) -> DocumentKey {
    DocumentKey::State {
        activity: activity("course"),
        agent: agent("ada"),
        registration: registration.map(Uuid::from_u128),
        state_id: state_id.into(),
    }
}

fn document(text: &str) -> NewDocument {
    NewDocument {
        content: Bytes::copy_from_slice(text.as_bytes()),
        content_type: "text/plain; charset=utf-8".into(),
        etag: etag(text),
        count_max: usize::MAX,
    }
}

/// Stands in for the hash: the tables take tags as they are.
fn etag(text: &str) -> Etag {
    Etag(format!("tag of {text}"))
}

fn if_match(texts: &[&str]) -> Precondition {
    let etags = texts.iter().map(|text| etag(text)).collect();
    Precondition { if_match: Some(EtagMatch::OneOf(etags)), if_none_match: None }
}

fn if_none_match_any() -> Precondition {
    Precondition { if_match: None, if_none_match: Some(EtagMatch::Any) }
}

async fn write(bench: &Bench, key: &DocumentKey, text: &str) -> DocumentWrite {
    let (tables, none) = (&bench.tables, Precondition::default());
    tables.replace_document(tenant(1), key, document(text), &none).await.unwrap()
}

async fn text(bench: &Bench, tenant: TenantId, key: &DocumentKey) -> Option<String> {
    let found = bench.tables.find_document(tenant, key).await.unwrap();
    found.map(|document| String::from_utf8(document.content.to_vec()).unwrap())
}

#[tokio::test]
async fn keeps_documents_apart_by_tenant_kind_place_and_name() {
    let bench = Bench::new();
    let keys = [
        state("a", None),
        state("b", None),
        state("a", Some(1)),
        state("a", Some(2)),
        DocumentKey::State {
            activity: activity("other"),
            agent: agent("ada"),
            registration: None,
            state_id: "a".into(),
        },
        DocumentKey::State {
            activity: activity("course"),
            agent: agent("bob"),
            registration: None,
            state_id: "a".into(),
        },
        DocumentKey::ActivityProfile { activity: activity("course"), profile_id: "a".into() },
        DocumentKey::AgentProfile { agent: agent("ada"), profile_id: "a".into() },
    ];
    for owner in [1, 2] {
        for (number, key) in keys.iter().enumerate() {
            let content = document(&format!("{owner} {number}"));
            let none = Precondition::default();
            let wrote = bench.tables.replace_document(tenant(owner), key, content, &none).await;
            assert_eq!(wrote.unwrap(), DocumentWrite::Created, "tenant {owner}, {key:?}");
        }
    }
    let bench = bench.reopen();
    for owner in [1, 2] {
        for (number, key) in keys.iter().enumerate() {
            let expected = Some(format!("{owner} {number}"));
            assert_eq!(text(&bench, tenant(owner), key).await, expected, "{key:?}");
        }
    }
    assert_eq!(text(&bench, tenant(3), &keys[0]).await, None);
}

#[tokio::test]
async fn gives_a_document_back_as_it_was_written() {
    let bench = Bench::new();
    let every_byte: Vec<u8> = (0..=255).collect();
    for content in [Vec::new(), every_byte, vec![7; 3 << 20]] {
        let written = NewDocument {
            content: content.into(),
            content_type: "application/octet-stream".into(),
            etag: etag("x"),
            count_max: usize::MAX,
        };
        let (key, none) = (state("bytes", None), Precondition::default());
        bench.tables.replace_document(tenant(1), &key, written.clone(), &none).await.unwrap();
        let found = bench.tables.find_document(tenant(1), &key).await.unwrap().unwrap();
        assert_eq!(found.content, written.content);
        assert_eq!(found.content_type, written.content_type);
        assert_eq!(found.etag, written.etag);
        assert_eq!(found.updated, START);
    }
}

#[tokio::test]
async fn checks_preconditions_against_the_present_document() {
    #[derive(Debug, PartialEq)]
    enum Outcome {
        Wrote(DocumentWrite),
        Refused,
    }
    use DocumentWrite::{Created, Nothing, Replaced};
    use Outcome::{Refused, Wrote};
    let any = Precondition { if_match: Some(EtagMatch::Any), if_none_match: None };
    let but_not_old =
        Precondition { if_match: None, if_none_match: Some(EtagMatch::OneOf(vec![etag("old")])) };
    let table = [
        (None, Precondition::default(), Wrote(Created), Wrote(Nothing)),
        (None, any.clone(), Refused, Refused),
        (None, if_match(&["old"]), Refused, Refused),
        (None, if_none_match_any(), Wrote(Created), Wrote(Nothing)),
        (None, but_not_old.clone(), Wrote(Created), Wrote(Nothing)),
        (Some("old"), Precondition::default(), Wrote(Replaced), Wrote(Replaced)),
        (Some("old"), any, Wrote(Replaced), Wrote(Replaced)),
        (Some("old"), if_match(&["other", "old"]), Wrote(Replaced), Wrote(Replaced)),
        (Some("old"), if_match(&["other"]), Refused, Refused),
        (Some("old"), if_none_match_any(), Refused, Refused),
        (Some("old"), but_not_old, Refused, Refused),
    ];
    let outcome = |result| match result {
        Ok(write) => Wrote(write),
        Err(StorageError::PreconditionFailed) => Refused,
        Err(other) => panic!("{other:?}"),
    };
    for (before, precondition, on_replace, on_remove) in table {
        let case = format!("{before:?}, {precondition:?}");
        let (bench, key) = (Bench::new(), state("a", None));
        if let Some(before) = before {
            write(&bench, &key, before).await;
        }
        let new = document("new");
        let result = bench.tables.replace_document(tenant(1), &key, new, &precondition).await;
        let after = if on_replace == Refused { before } else { Some("new") };
        assert_eq!(outcome(result), on_replace, "replace {case}");
        assert_eq!(text(&bench, tenant(1), &key).await.as_deref(), after, "replace {case}");

        let bench = Bench::new();
        if let Some(before) = before {
            write(&bench, &key, before).await;
        }
        let result = bench.tables.remove_document(tenant(1), &key, &precondition).await;
        let after = if on_remove == Refused { before } else { None };
        assert_eq!(outcome(result), on_remove, "remove {case}");
        assert_eq!(text(&bench, tenant(1), &key).await.as_deref(), after, "remove {case}");
    }
}

#[tokio::test]
async fn a_documents_time_follows_the_clock_but_never_goes_back() {
    let bench = Bench::new();
    let key = state("a", None);
    let mut updated = Vec::new();
    for step in [10, -5, 0, 20] {
        bench.clock.set(Timestamp::from_unix_micros(START.unix_micros() + step));
        write(&bench, &key, "x").await;
        let found = bench.tables.find_document(tenant(1), &key).await.unwrap().unwrap();
        updated.push(found.updated.unix_micros() - START.unix_micros());
    }
    assert_eq!(updated, [10, 10, 10, 20]);
}

async fn check_names(
    bench: &Bench,
    list: &DocumentList,
    since_micros: Option<i64>,
    expected: &[&str],
) {
    let since =
        since_micros.map(|micros| Timestamp::from_unix_micros(START.unix_micros() + micros));
    let names = bench.tables.list_documents(tenant(1), list, since).await.unwrap();
    assert_eq!(names.names, expected, "{list:?} since {since_micros:?}");
}

fn states(registration: Option<u128>) -> DocumentList {
    DocumentList::States {
        activity: activity("course"),
        agent: agent("ada"),
        registration: registration.map(Uuid::from_u128),
    }
}

/// At each microsecond one more document.
async fn fill(bench: &Bench) {
    let keys = [
        state("b", None),
        state("a", Some(1)),
        state("b", Some(1)),
        state("c", Some(2)),
        DocumentKey::ActivityProfile { activity: activity("course"), profile_id: "p".into() },
        DocumentKey::AgentProfile { agent: agent("ada"), profile_id: "q".into() },
    ];
    for key in &keys {
        write(bench, key, "x").await;
        bench.clock.advance(Duration::from_micros(1));
    }
}

#[tokio::test]
async fn lists_the_names_of_a_place_sorted_and_each_once() {
    let bench = Bench::new();
    fill(&bench).await;
    let activity_profiles = DocumentList::ActivityProfiles { activity: activity("course") };
    let agent_profiles = DocumentList::AgentProfiles { agent: agent("ada") };
    let table: [(DocumentList, Option<i64>, &[&str]); 10] = [
        (states(None), None, &["a", "b", "c"]),
        (states(Some(1)), None, &["a", "b"]),
        (states(Some(3)), None, &[]),
        (states(None), Some(-1), &["a", "b", "c"]),
        // Since is exclusive: `a` was written at 1, one `b` at 2, `c` at 3.
        (states(None), Some(1), &["b", "c"]),
        (states(None), Some(2), &["c"]),
        (states(Some(1)), Some(2), &[]),
        (activity_profiles.clone(), None, &["p"]),
        (activity_profiles, Some(4), &[]),
        (agent_profiles, None, &["q"]),
    ];
    for (list, since, expected) in table {
        check_names(&bench, &list, since, expected).await;
    }
}

#[tokio::test]
async fn removes_all_documents_of_a_place_and_no_other() {
    let bench = Bench::new();
    fill(&bench).await;
    assert_eq!(bench.tables.remove_documents(tenant(2), &states(None)).await.unwrap(), 0);
    assert_eq!(bench.tables.remove_documents(tenant(1), &states(Some(1))).await.unwrap(), 2);
    check_names(&bench, &states(None), None, &["b", "c"]).await;
    assert_eq!(bench.tables.remove_documents(tenant(1), &states(None)).await.unwrap(), 2);
    check_names(&bench, &states(None), None, &[]).await;
    let agent_profiles = DocumentList::AgentProfiles { agent: agent("ada") };
    check_names(&bench, &agent_profiles, None, &["q"]).await;
}

/// Writes `text`, and returns it if that was permitted.
async fn compete(tables: Arc<Tables>, precondition: Precondition, text: String) -> Option<String> {
    let (key, new) = (state("a", None), document(&text));
    match tables.replace_document(tenant(1), &key, new, &precondition).await {
        Ok(_) => Some(text),
        Err(StorageError::PreconditionFailed) => None,
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_writers_with_the_same_precondition_one_wins() {
    let bench = Bench::new();
    let mut precondition = if_none_match_any();
    let mut wins = BTreeMap::new();
    for generation in 0..5 {
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..100 {
            let text = format!("{generation} by {writer}");
            writers.spawn(compete(Arc::clone(&bench.tables), precondition.clone(), text));
        }
        let won: Vec<String> = writers.join_all().await.into_iter().flatten().collect();
        assert_eq!(won.len(), 1, "generation {generation}: {won:?}");
        assert_eq!(text(&bench, tenant(1), &state("a", None)).await.as_ref(), Some(&won[0]));
        precondition = if_match(&[&won[0]]);
        wins.insert(generation, won);
    }
    assert_eq!(wins.len(), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_write_does_not_harm_those_in_the_same_transaction() {
    let bench = Bench::new();
    write(&bench, &state("taken", None), "old").await;
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..200 {
        let tables = Arc::clone(&bench.tables);
        let name = if writer % 2 == 0 { "taken".into() } else { format!("{writer:03}") };
        writers.spawn(async move {
            let (key, new) = (state(&name, None), document("new"));
            tables.replace_document(tenant(1), &key, new, &if_none_match_any()).await.is_ok()
        });
    }
    let stored = writers.join_all().await.into_iter().filter(|stored| *stored).count();
    assert_eq!(stored, 100);
    let names = bench.tables.list_documents(tenant(1), &states(None), None).await.unwrap();
    assert_eq!(names.names.len(), 101);
    assert_eq!(text(&bench, tenant(1), &state("taken", None)).await.as_deref(), Some("old"));
}

/// Writes and removes a document again and again, until it is over.
async fn keep_changing(tables: Arc<Tables>, is_over: Arc<AtomicBool>) {
    let (key, always) = (state("a", None), Precondition::default());
    while !is_over.load(Ordering::Relaxed) {
        tables.replace_document(tenant(1), &key, document("x"), &always).await.unwrap();
        tables.remove_document(tenant(1), &key, &always).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_between_two_looks_at_the_tables_is_not_taken_for_damage() {
    let bench = Bench::new();
    let is_over = Arc::new(AtomicBool::new(false));
    let mut changing = tokio::task::JoinSet::new();
    changing.spawn(keep_changing(Arc::clone(&bench.tables), Arc::clone(&is_over)));
    for _ in 0..4_000 {
        bench.tables.find_document(tenant(1), &state("a", None)).await.unwrap();
        bench.tables.list_documents(tenant(1), &states(None), None).await.unwrap();
    }
    is_over.store(true, Ordering::Relaxed);
    changing.join_all().await;
}

#[tokio::test]
async fn a_document_whose_bytes_changed_on_disk_is_not_served() {
    let bench = Bench::new();
    write(&bench, &state("a", None), "whole").await;
    bench.connect().execute("UPDATE documents SET content = x'00'", []).unwrap();
    let found = bench.tables.find_document(tenant(1), &state("a", None)).await;
    assert!(matches!(found, Err(StorageError::Corrupt { .. })), "{found:?}");
}

#[tokio::test]
async fn cursors_are_kept_by_tenant_and_name() {
    let bench = Bench::new();
    for (owner, name, value) in [(1, "a", "1"), (1, "b", "2"), (2, "a", "3"), (1, "a", "4")] {
        bench.tables.save_cursor(tenant(owner), name, value).await.unwrap();
    }
    let bench = bench.reopen();
    let table = [(1, "a", Some("4")), (1, "b", Some("2")), (2, "a", Some("3")), (2, "b", None)];
    for (owner, name, expected) in table {
        let found = bench.tables.find_cursor(tenant(owner), name).await.unwrap();
        assert_eq!(found.as_deref(), expected, "{name} of {owner}");
    }
}

#[tokio::test]
async fn a_key_belongs_to_one_credential() {
    let bench = Bench::new();
    let (first, second, third) = [(1, "k1", 20), (1, "k2", 10), (2, "k3", 0)]
        .map(|(owner, key, created)| credential(key, tenant(owner), created))
        .into();
    for credential in [&first, &second, &third] {
        assert!(bench.tables.insert_credential(credential).await.unwrap());
    }
    assert!(!bench.tables.insert_credential(&credential("k1", tenant(2), 30)).await.unwrap());
    assert!(!bench.tables.insert_credential(&credential("k1", tenant(1), 30)).await.unwrap());
    let bench = bench.reopen();
    assert_eq!(bench.tables.find_credential("k1").await.unwrap(), Some(first.clone()));
    assert_eq!(bench.tables.find_credential("k").await.unwrap(), None);
    assert_eq!(bench.tables.list_credentials(tenant(1)).await.unwrap(), [second, first]);
    assert_eq!(bench.tables.list_credentials(tenant(2)).await.unwrap(), [third]);
}

#[tokio::test]
async fn a_store_begins_with_one_tenant_and_numbers_the_others() {
    let bench = Bench::new();
    bench.clock.advance(Duration::from_secs(1));
    assert_eq!(bench.tables.create_tenant("a", bench.clock.now()).await.unwrap(), tenant(2));
    assert_eq!(bench.tables.create_tenant("b", bench.clock.now()).await.unwrap(), tenant(3));
    let bench = bench.reopen();
    let tenants = bench.tables.list_tenants().await.unwrap();
    let later = START.saturating_add(Duration::from_secs(1));
    let expected =
        [(TenantId::FIRST, "default", START), (tenant(2), "a", later), (tenant(3), "b", later)]
            .map(|(id, name, created)| Tenant::new(id, name, created));
    assert_eq!(tenants, expected);
}

#[tokio::test]
async fn the_first_proposal_of_a_secret_wins_for_good() {
    let bench = Bench::new();
    assert_eq!(bench.tables.get_or_create_secret("a", [1; 32]).await.unwrap(), [1; 32]);
    assert_eq!(bench.tables.get_or_create_secret("a", [2; 32]).await.unwrap(), [1; 32]);
    assert_eq!(bench.tables.get_or_create_secret("b", [3; 32]).await.unwrap(), [3; 32]);
    let bench = bench.reopen();
    assert_eq!(bench.tables.get_or_create_secret("a", [4; 32]).await.unwrap(), [1; 32]);
}

#[track_caller]
fn check_refused(bench: Bench, change: &str, expected: &str) {
    let Bench { directory, clock, tables } = bench;
    drop(tables);
    let path = directory.path().join(TABLES_NAME);
    Connection::open(&path).unwrap().execute_batch(change).unwrap();
    let before = std::fs::read(&path).unwrap();
    let error = Tables::open(&SystemDisk, directory.path(), clock).unwrap_err();
    let StorageError::Io { source, .. } = error else { panic!("{error:?}") };
    assert_eq!(source.kind(), io::ErrorKind::Unsupported);
    assert!(source.to_string().contains(expected), "{source}");
    assert_eq!(std::fs::read(&path).unwrap(), before, "a refused file stays as it is");
}

#[test]
fn refuses_the_tables_of_a_newer_release() {
    check_refused(Bench::new(), "PRAGMA user_version = 99", "schema version 99, which is newer");
}

#[test]
fn refuses_the_database_of_another_application() {
    check_refused(Bench::new(), "PRAGMA application_id = 7", "another application");
}

#[test]
fn refuses_a_file_that_is_no_database() {
    let directory = TempDir::new().unwrap();
    std::fs::write(directory.path().join(TABLES_NAME), [b'x'; 8192]).unwrap();
    let opened = Tables::open(&SystemDisk, directory.path(), Arc::new(ManualClock::new(START)));
    assert!(matches!(opened, Err(StorageError::Corrupt { .. })), "{opened:?}");
}

#[tokio::test]
async fn a_full_device_refuses_writes_and_goes_on_when_there_is_room() {
    let bench = Bench::new();
    write(&bench, &state("small", None), "old").await;
    // A limit on pages stands in for the device.
    let limit = |pages: i64| {
        bench.tables.writer.write_blocking(move |connection| {
            let set = connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()));
            set.map_err(super::failure::failed("limiting the file"))
        })
    };
    limit(40).unwrap();
    let big = NewDocument { content: vec![1; 1 << 20].into(), ..document("big") };
    let (key, none) = (state("big", None), Precondition::default());
    let wrote = bench.tables.replace_document(tenant(1), &key, big.clone(), &none).await;
    assert!(matches!(wrote, Err(StorageError::Full)), "{wrote:?}");
    assert_eq!(text(&bench, tenant(1), &state("small", None)).await.as_deref(), Some("old"));
    assert_eq!(bench.tables.find_document(tenant(1), &key).await.unwrap(), None);
    limit(1 << 20).unwrap();
    bench.tables.replace_document(tenant(1), &key, big, &none).await.unwrap();
}

#[tokio::test]
async fn after_damage_no_further_write_is_taken() {
    let bench = Bench::new();
    let damaged = bench
        .tables
        .write(|_| -> Result<(), _> { Err(StorageError::Corrupt { place: "a place".into() }) });
    assert!(matches!(damaged.await, Err(StorageError::Corrupt { .. })));
    let (key, none) = (state("a", None), Precondition::default());
    let wrote = bench.tables.replace_document(tenant(1), &key, document("x"), &none).await;
    assert!(matches!(wrote, Err(StorageError::Halted)), "{wrote:?}");
    assert_eq!(text(&bench, tenant(1), &key).await, None);
}

/// Reads as a tenant, and notes that it did.
async fn read_as(bench: &Bench, of: u32, order: &Arc<Mutex<Vec<u32>>>) {
    let order = Arc::clone(order);
    let act = move |_: &Connection| {
        order.lock().unwrap().push(of);
        Ok(())
    };
    bench.tables.read_of(tenant(of), act).await.unwrap();
}

/// Begins something that has to wait.
fn begin<F: Future>(future: Pin<&mut F>) {
    assert!(future.poll(&mut Context::from_waker(Waker::noop())).is_pending());
}

#[tokio::test]
async fn connections_are_lent_to_tenants_in_turn() {
    let bench = Bench::new();
    let order = Arc::default();
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..4).map(|_| mpsc::channel::<()>()).unzip();
    let lend = |end: mpsc::Receiver<()>| {
        let until_then = move |_: &Connection| {
            let _ = end.recv();
            Ok(())
        };
        Box::pin(bench.tables.read_of(tenant(3), until_then))
    };
    let mut held: Vec<_> = receivers.into_iter().map(lend).collect();
    for one in &mut held {
        begin(one.as_mut());
    }
    let mut waiting = [1, 1, 1, 2, 2].map(|of| Box::pin(read_as(&bench, of, &order)));
    for one in &mut waiting {
        begin(one.as_mut());
    }
    senders[0].send(()).unwrap();
    let [first, second, third, fourth, fifth] = waiting;
    tokio::join!(first, second, third, fourth, fifth);
    assert_eq!(*order.lock().unwrap(), [1, 2, 1, 2, 1]);
    drop(senders);
    for one in held {
        one.await.unwrap();
    }
}
