//! Removing a tenant with all its data, without effects on others.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use acta_access::TenantId;
use acta_storage::{
    Batch, Order, PageLimits, Person, Precondition, Purged, Removal, StatementPage, StatementQuery,
    Storage, StoredStatement, TransferredStatement,
};
use acta_xapi::Sha2;
use bytes::Bytes;
use tokio::task::JoinSet;

use crate::EngineUnderTest;
use crate::attachments::{bytes_of_length, content_of, stage_content};
use crate::documents::{document, state_key};
use crate::fixture::{
    Draft, Stage, activity_id, agent, batch, everything, id, mailbox, numbers, verb,
};

/// Statements of each tenant in most cases: several segments and runs of a small engine.
const COUNT: u32 = 400;

/// A statement that defines an activity and names a person.
fn naming_draft(number: u128, who: &str) -> Draft {
    let course = format!(
        r#"{{"id":"{}","definition":{{"name":{{"en":"Course of {who}"}}}}}}"#,
        activity_id(who).as_str()
    );
    let actor = agent(who).replace('}', &format!(r#","name":"Dr. {who}"}}"#));
    Draft::new(number).actor(actor).object(course).verb(["passed", "failed"][number as usize % 2])
}

/// Fills a tenant with statements, some of which void others or refer to them, and with one of
/// everything else.
async fn fill(storage: &dyn Storage, tenant: TenantId, who: &str, range: std::ops::Range<u128>) {
    for number in range {
        let draft = match number % 10 {
            7 => Draft::voiding(number, number - 3),
            // Its target comes later.
            8 => Draft::referring(number, number + 4),
            _ => naming_draft(number, who),
        };
        storage.append(tenant, batch(&[&draft])).await.unwrap();
    }
}

async fn fill_rest(storage: &dyn Storage, tenant: TenantId, content: &Bytes, number: u128) {
    let sha2 = Sha2::sha256(content);
    let staged = stage_content(storage, tenant, &sha2, content).await;
    let statements = vec![Draft::new(number).build()];
    storage.append(tenant, Batch { statements, attachments: vec![staged] }).await.unwrap();
    let always = Precondition::default();
    for name in ["one", "two", "removed"] {
        let written = document(&format!("{name} of {tenant}"));
        let key = state_key(name, None);
        storage.replace_document(tenant, &key, written, &always).await.unwrap();
    }
    storage.remove_document(tenant, &state_key("removed", None), &always).await.unwrap();
    storage.save_cursor(tenant, "facts", &tenant.to_string()).await.unwrap();
}

/// Everything that can be read of a tenant.
#[derive(Debug, PartialEq)]
struct TenantSnapshot {
    count: u64,
    feed: Vec<StoredStatement>,
    kept: Vec<TransferredStatement>,
    pages: Vec<StatementPage>,
    cursors: Vec<(String, String)>,
    documents: Vec<String>,
    removals: Vec<Removal>,
    hashes: Vec<Sha2>,
    content: Option<Bytes>,
    definition: Option<String>,
    person: Person,
}

async fn look(
    storage: &dyn Storage,
    tenant: TenantId,
    who: &str,
    content: &Bytes,
) -> TenantSnapshot {
    let whole = PageLimits { count_max: usize::MAX, bytes_max: usize::MAX };
    let mut pages = Vec::new();
    for verb_name in [None, Some("passed"), Some("confirmed")] {
        for order in [Order::Ascending, Order::Descending] {
            let query = StatementQuery { order, count_max: 70, ..everything() };
            let query = StatementQuery { verb: verb_name.map(verb), ..query };
            pages.extend(pages_of(storage, tenant, query).await);
        }
    }
    let documents = storage.read_documents(tenant, None, whole).await.unwrap();
    TenantSnapshot {
        count: storage.count_statements(tenant).await.unwrap(),
        feed: storage.read_feed(tenant, 0, usize::MAX).await.unwrap(),
        kept: storage.read_statements(tenant, 0, whole).await.unwrap(),
        pages,
        cursors: storage.list_cursors(tenant).await.unwrap(),
        documents: documents.into_iter().map(|one| format!("{one:?}")).collect(),
        removals: storage.list_removals(tenant).await.unwrap(),
        hashes: storage.list_attachments(tenant, None, 100).await.unwrap(),
        content: content_of(storage, tenant, &Sha2::sha256(content)).await,
        definition: storage.find_definition(tenant, &activity_id(who)).await.unwrap(),
        person: storage.find_person(tenant, &mailbox(who)).await.unwrap(),
    }
}

async fn pages_of(
    storage: &dyn Storage,
    tenant: TenantId,
    mut query: StatementQuery,
) -> Vec<StatementPage> {
    let mut pages = Vec::new();
    while pages.is_empty() || query.after.is_some() {
        let page = storage.query_statements(tenant, &query).await.unwrap();
        query.after = page.next;
        pages.push(page);
    }
    pages
}

/// Checks that nothing of a tenant can be read.
async fn check_gone(storage: &dyn Storage, tenant: TenantId, who: &str, content: &Bytes) {
    let sight = look(storage, tenant, who, content).await;
    assert_eq!(sight.count, 0);
    assert_eq!((sight.feed, sight.kept), (Vec::new(), Vec::new()));
    assert!(sight.pages.iter().all(|page| page.statements.is_empty() && page.next.is_none()));
    assert_eq!((sight.cursors, sight.documents), (Vec::new(), Vec::new()));
    assert_eq!(sight.removals, []);
    assert_eq!((sight.hashes, sight.content), (Vec::new(), None));
    assert_eq!((sight.definition, sight.person), (None, Person::default()));
    for number in [1, 2, 100] {
        assert_eq!(storage.find_statement(tenant, id(number)).await.unwrap(), None);
    }
    assert_eq!(storage.find_cursor(tenant, "facts").await.unwrap(), None);
    let found = storage.find_document(tenant, &state_key("one", None)).await.unwrap();
    assert_eq!(found, None);
}

/// Two tenants whose statements take turns, full of everything.
async fn open_full<E: EngineUnderTest>() -> (Stage<E>, TenantId, Bytes) {
    let stage = Stage::<E>::open().await;
    let gone = stage.create_tenant("gone").await;
    let storage = stage.storage();
    for first in (1..u128::from(COUNT)).step_by(40) {
        fill(&*storage, stage.tenant, "ada", first..first + 40).await;
        // The same ids, with other content.
        fill(&*storage, gone, "eve", first..first + 40).await;
    }
    let content = bytes_of_length(100_000);
    for tenant in [stage.tenant, gone] {
        fill_rest(&*storage, tenant, &content, 5_000).await;
    }
    (stage, gone, content)
}

/// Everything of the tenant is gone, everything of another is as it was, at once and after a
/// restart.
pub async fn a_tenant_is_removed_and_others_remain<E: EngineUnderTest>() {
    let (stage, gone, content) = open_full::<E>().await;
    let storage = stage.storage();
    let before = look(&*storage, stage.tenant, "ada", &content).await;
    let purged = storage.purge_tenant(gone).await.unwrap();
    let expected =
        Purged { statement_count: u64::from(COUNT) + 1, attachment_count: 1, document_count: 2 };
    assert_eq!(purged, expected);
    check_gone(&*storage, gone, "eve", &content).await;
    assert_eq!(look(&*storage, stage.tenant, "ada", &content).await, before);
    drop(storage);
    let stage = stage.reopen().await;
    let storage = stage.storage();
    check_gone(&*storage, gone, "eve", &content).await;
    assert_eq!(look(&*storage, stage.tenant, "ada", &content).await, before);
}

/// A tenant that owns nothing, or nothing any more, is removed all the same.
pub async fn a_removal_may_be_repeated<E: EngineUnderTest>() {
    let (stage, gone, content) = open_full::<E>().await;
    let storage = stage.storage();
    let empty = stage.create_tenant("empty").await;
    assert_eq!(storage.purge_tenant(empty).await.unwrap(), Purged::default());
    let before = look(&*storage, stage.tenant, "ada", &content).await;
    assert_ne!(storage.purge_tenant(gone).await.unwrap(), Purged::default());
    assert_eq!(storage.purge_tenant(gone).await.unwrap(), Purged::default());
    drop(storage);
    let stage = stage.reopen().await;
    let storage = stage.storage();
    assert_eq!(storage.purge_tenant(gone).await.unwrap(), Purged::default());
    assert_eq!(look(&*storage, stage.tenant, "ada", &content).await, before);
}

/// Others go on behind what they have: sequence, ids, references and voids reach back.
pub async fn other_tenants_continue_their_sequences<E: EngineUnderTest>() {
    let (mut stage, gone, _) = open_full::<E>().await;
    stage.append(&[&Draft::referring(6_000, 7_000), &Draft::voiding(6_001, 7_001)]).await;
    let page = stage.page(&StatementQuery { count_max: 10, ..everything() }).await;
    let rest = StatementQuery { after: page.next, ..everything() };
    let older = stage.numbers(&rest).await;
    stage.storage().purge_tenant(gone).await.unwrap();
    for round in 0..2 {
        let last = stage.feed().await.len() as u64;
        let number = 8_000 + round;
        assert_eq!(stage.append(&[&naming_draft(1, "ada")]).await.new_count, 0, "it is there");
        assert!(stage.try_append(&[&naming_draft(1, "eve")]).await.is_err(), "the id is taken");
        stage.append(&[&naming_draft(number, "ada")]).await;
        assert_eq!(stage.find(number).await.sequence, last + 1);
        stage = stage.reopen().await;
    }
    let late = [Draft::new(7_000).verb("late"), Draft::new(7_001).verb("late")];
    stage.append(&late.each_ref()).await;
    assert!(stage.find(7_001).await.is_voided);
    let query = StatementQuery { verb: Some(verb("late")), ..everything() };
    assert_eq!(stage.numbers(&query).await, [7_000, 6_001, 6_000]);
    // A cursor of before leads on to what it would have led to.
    assert_eq!(stage.numbers(&rest).await, older);
}

/// One tenant after the other goes, and the last one has all that it had.
pub async fn many_tenants_are_removed_one_by_one<E: EngineUnderTest>() {
    let mut stage = Stage::<E>::open().await;
    let mut others = Vec::new();
    for name in ["one", "two", "three"] {
        others.push(stage.create_tenant(name).await);
    }
    let content = Bytes::from_static(b"content");
    for first in (1..200).step_by(20) {
        fill(&*stage.storage(), stage.tenant, "ada", first..first + 20).await;
        for other in &others {
            fill(&*stage.storage(), *other, "eve", first..first + 20).await;
        }
    }
    for (round, other) in (0..).zip(others) {
        let before = look(&*stage.storage(), stage.tenant, "ada", &content).await;
        stage.storage().purge_tenant(other).await.unwrap();
        check_gone(&*stage.storage(), other, "eve", &content).await;
        assert_eq!(look(&*stage.storage(), stage.tenant, "ada", &content).await, before);
        let first = 1_000 + 100 * round;
        fill(&*stage.storage(), stage.tenant, "ada", first..first + 50).await;
        stage = stage.reopen().await;
    }
    assert_eq!(stage.feed().await.len(), 200 + 3 * 50);
}

/// Reads everything of a tenant again and again, until it is over.
async fn keep_reading(
    storage: Arc<dyn Storage>,
    tenant: TenantId,
    feed: Vec<StoredStatement>,
    is_over: Arc<AtomicBool>,
) -> u128 {
    let mut round = 0;
    while !is_over.load(Ordering::Relaxed) || round < 20 {
        round += 1;
        let found = storage.read_feed(tenant, 0, feed.len()).await.unwrap();
        assert!(found == feed, "the log of another has changed");
        let number = 1 + round * 7 % u128::from(COUNT);
        assert!(storage.find_statement(tenant, id(number)).await.unwrap().is_some());
        let query = StatementQuery { verb: Some(verb("passed")), ..everything() };
        let page = storage.query_statements(tenant, &query).await.unwrap();
        let is_right = |one: &StoredStatement| one.text.contains("Course of ada");
        assert!(page.statements.iter().any(is_right));
    }
    0
}

/// Writes again and again, until it is over. Returns how many statements.
async fn keep_writing(
    storage: Arc<dyn Storage>,
    tenant: TenantId,
    is_over: Arc<AtomicBool>,
) -> u128 {
    let mut count = 0;
    while !is_over.load(Ordering::Relaxed) || count < 20 {
        storage.append(tenant, batch(&[&naming_draft(10_000 + count, "ada")])).await.unwrap();
        count += 1;
    }
    count
}

/// Others read and write while a tenant goes: every answer is whole and right.
pub async fn other_tenants_are_served_during_a_purge<E: EngineUnderTest>() {
    let (stage, gone, _) = open_full::<E>().await;
    let storage = stage.storage();
    let (tenant, is_over) = (stage.tenant, Arc::new(AtomicBool::new(false)));
    let feed = storage.read_feed(tenant, 0, usize::MAX).await.unwrap();
    let mut others = JoinSet::new();
    let over = Arc::clone(&is_over);
    others.spawn(keep_reading(Arc::clone(&storage), tenant, feed.clone(), over));
    others.spawn(keep_writing(Arc::clone(&storage), tenant, Arc::clone(&is_over)));
    storage.purge_tenant(gone).await.unwrap();
    is_over.store(true, Ordering::Relaxed);
    let count: u128 = others.join_all().await.into_iter().sum();
    drop(storage);
    let stage = stage.reopen().await;
    let now = stage.feed().await;
    assert_eq!(now[..feed.len()], feed);
    let expected: Vec<u128> = (10_000..10_000 + count).collect();
    assert_eq!(numbers(&now[feed.len()..]), expected);
}
