//! Administration on several nodes while networks fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use acta_access::TenantId;
use acta_ambient::{Clock, Entropy, SeededEntropy, SystemClock, SystemEntropy};
use acta_storage::model::CredentialRecords as _;
use acta_storage::{
    AuditEntry, AuditQuery, AuditStore, ChainHead, Change, Committed, CountLimit, Directory,
    Expected, NewAuditEntry, RecordContent, RecordHolder, RecordKind, RecordStore, RecordWrite,
    StorageError, Usage, UsageStore, first_broken_link,
};
use acta_storage_postgres::Options;
use acta_storage_suite::audit::sample_entry;
use acta_storage_suite::directory::credential;
use acta_storage_suite::fixture::START;
use acta_storage_suite::records::content;
use acta_test_postgres::{Database, Direction, Proxy};
use acta_xapi::Uuid;
use tokio::task::JoinSet;

use crate::cut_connections::{Cut, measure};
use crate::ledger::{WriteOutcome, outcome_of};
use crate::nodes::{Node, TENANT, close, open_behind, open_three, options, proxy};

/// The audit of a tenant or the server: an intact chain, without duplicates.
async fn chain(node: &Node, tenant: Option<TenantId>) -> Vec<AuditEntry> {
    let entries = node.list_audit(tenant, &AuditQuery::everything(100_000)).await.unwrap();
    assert_eq!(
        first_broken_link(ChainHead::EMPTY, tenant, &entries),
        None,
        "{tenant:?} has a break"
    );
    let head = entries.last().map_or(ChainHead::EMPTY, ChainHead::from);
    assert_eq!(node.audit_head(tenant).await.unwrap(), head);
    let mut ids: Vec<Uuid> = entries.iter().map(|entry| entry.content.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), entries.len(), "something is told twice");
    entries
}

fn create(id: &str) -> RecordWrite {
    RecordWrite::create(RecordKind::Ticket, id, content("{}"))
}

/// A change that creates a record, with entries in the audit of the tenant and of the server.
fn audited_change(number: u64) -> Change {
    let entries = vec![(Some(TENANT), sample_entry(number)), (None, sample_entry(number))];
    Change { writes: vec![create(&number.to_string())], entries }
}

async fn has(node: &Node, number: u64) -> bool {
    node.find_record(RecordKind::Ticket, &number.to_string()).await.unwrap().is_some()
}

/// Wherever a connection is cut, the change happens once, and the caller gets its result.
async fn check_changes(direction: Direction, step: u64, make: fn(u64) -> Change) {
    let cut = Cut::open().await;
    let bytes = measure(&cut, direction, async |number| {
        let number = u64::try_from(number).unwrap();
        assert_eq!(cut.node.commit(&make(number)).await.unwrap(), Committed::Done);
    })
    .await;
    let mut number = 2;
    let mut expected = 2;
    for after in (0..bytes + step).step_by(usize::try_from(step).unwrap()) {
        number += 1;
        cut.proxy.cut_after(direction, after);
        let answer = cut.node.commit(&make(number)).await;
        cut.proxy.heal();
        let is_there = has(&cut.other, number).await;
        outcome_of(&answer).check(is_there, &format_args!("cut after {after}"));
        if let Ok(committed) = answer {
            assert_eq!(committed, Committed::Done, "its own record is in its way: {after}");
        }
        expected += usize::from(is_there);
    }
    if !make(1).entries.is_empty() {
        for tenant in [None, Some(TENANT)] {
            assert_eq!(chain(&cut.other, tenant).await.len(), expected);
        }
    }
    assert_eq!(u64::try_from(expected).unwrap(), number, "a repeat of its own must come through");
    cut.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_is_recorded_once_wherever_the_request_is_cut() {
    check_changes(Direction::ToServer, 23, audited_change).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_is_recorded_once_wherever_the_response_is_cut() {
    check_changes(Direction::ToClient, 11, audited_change).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_without_audit_entries_recognises_its_own_record() {
    let silent =
        |number: u64| Change { writes: vec![create(&number.to_string())], entries: Vec::new() };
    check_changes(Direction::ToClient, 7, silent).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credential_whose_answer_was_lost_is_added_all_the_same() {
    let cut = Cut::open().await;
    let add = async |number: u64| {
        let one = credential(&number.to_string(), TENANT, 0);
        cut.node.insert_credential(&one).await.unwrap()
    };
    let bytes = measure(&cut, Direction::ToClient, async |number| {
        assert!(add(u64::try_from(number).unwrap()).await);
    })
    .await;
    for after in (0..bytes).step_by(3) {
        let number = after + 3;
        cut.proxy.cut_after(Direction::ToClient, after);
        assert!(add(number).await, "its key is not taken, cut after {after}");
        cut.proxy.heal();
        assert!(!add(number).await, "its key is taken, cut after {after}");
    }
    cut.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_was_removed_is_not_made_again_by_a_change_that_arrives_late() {
    let database = Database::fresh();
    let (other, proxy) = (crate::nodes::open(&database).await, proxy(&database));
    crate::nodes::until("the other one leads", || other.leads()).await;
    let short_timeouts = Options {
        connect_timeout: Duration::from_secs(1),
        statement_timeout: Duration::from_secs(1),
        idle_timeout: Duration::from_secs(1),
        connections_max: 1,
        ..options(&database)
    };
    let node = open_behind(&proxy, &short_timeouts).await;
    for number in [1, 2] {
        node.commit(&audited_change(number)).await.unwrap();
    }
    proxy.hold(Direction::ToServer);
    let late = node.commit(&Change { writes: vec![create("late")], entries: Vec::new() }).await;
    assert!(late.is_err(), "{late:?}");
    let bytes = proxy.counts().bytes_to_server;
    proxy.heal();
    crate::nodes::until("it is delivered", || bytes < proxy.counts().bytes_to_server).await;
    has(&node, 1).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(other.find_record(RecordKind::Ticket, "late").await.unwrap().is_none());
    node.close().await;
    other.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_three_nodes_creates_a_record_and_one_gets_a_name() {
    let (_database, nodes) = open_three().await;
    for round in 0..20 {
        let mut rivals = JoinSet::new();
        for number in 0..9_usize {
            let node = Arc::clone(&nodes[number % 3]);
            // Three contend for an id, all for a name; what else they write comes in any order.
            let mut named = content("{}");
            named.name = Some(format!("name {round}"));
            let id = format!("{round}/{}", number / 3);
            let mut writes =
                vec![RecordWrite::create(RecordKind::Account, id, named), create_any(number % 4)];
            if number % 2 == 0 {
                writes.reverse();
            }
            let change =
                Change { writes, entries: vec![(None, sample_entry(round * 100 + number as u64))] };
            rivals.spawn(async move { node.commit(&change).await.unwrap() });
        }
        let answers = rivals.join_all().await;
        let count = |wanted: fn(&Committed) -> bool| answers.iter().filter(|it| wanted(it)).count();
        assert_eq!(count(|it| *it == Committed::Done), 1, "{answers:?}");
        // Two more for the record that was made; the index is that of the account.
        assert_eq!(count(|it| matches!(it, Committed::Stale(_))), 2, "{answers:?}");
        assert_eq!(count(|it| matches!(it, Committed::NameTaken(_))), 6, "{answers:?}");
    }
    assert_eq!(chain(&nodes[0], None).await.len(), 20);
    close(nodes).await;
}

/// Writes one of a few records that many write.
fn create_any(number: usize) -> RecordWrite {
    RecordWrite { expected: Expected::Anything, ..create(&format!("shared {number}")) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_nodes_keep_a_limit_together() {
    let (database, nodes) = open_three().await;
    let limit = CountLimit { of: RecordHolder::Tenant, count_max: 5, unexpired_at: None };
    let mut rivals = JoinSet::new();
    for number in 0..12_u64 {
        let node = Arc::clone(&nodes[usize::try_from(number % 3).unwrap()]);
        let content = RecordContent { tenant: Some(TENANT), ..content("{}") };
        let write = RecordWrite::create(RecordKind::Ticket, number.to_string(), content);
        // What else they write comes in any order.
        let mut writes =
            vec![write.within(limit), create_any(usize::try_from(number % 4).unwrap())];
        if number % 2 == 0 {
            writes.reverse();
        }
        let entries = vec![(None, sample_entry(number))];
        rivals.spawn(async move { node.commit(&Change { writes, entries }).await.unwrap() });
    }
    let answers = rivals.join_all().await;
    let count = |wanted: fn(&Committed) -> bool| answers.iter().filter(|it| wanted(it)).count();
    assert_eq!(count(|it| *it == Committed::Done), 5, "{answers:?}");
    assert_eq!(count(|it| matches!(it, Committed::LimitReached(_))), 7, "{answers:?}");
    assert_eq!(chain(&nodes[0], None).await.len(), 5);
    // Nothing is left of what they waited for.
    assert_eq!(database.sql("SELECT count(*) FROM acta.records WHERE kind = 'limit'"), "0");
    close(nodes).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tenants_that_are_made_on_three_nodes_get_numbers_of_their_own() {
    let (database, nodes) = open_three().await;
    let mut makers = JoinSet::new();
    for number in 0..12_usize {
        let node = Arc::clone(&nodes[number % 3]);
        makers
            .spawn(async move { node.create_tenant(&format!("t{number}"), START).await.unwrap() });
    }
    let mut made = makers.join_all().await;
    made.sort_unstable();
    let expected: Vec<TenantId> = (2..14).filter_map(TenantId::new).collect();
    assert_eq!(made, expected);
    assert_eq!(database.sql("SELECT count(*) FROM acta.counters"), "13");
    close(nodes).await;
}

/// Repeatable choices.
struct Chance(SeededEntropy);

impl Chance {
    fn new(seed: u64) -> Self {
        Self(SeededEntropy::new(seed))
    }

    /// A number below `end`.
    fn below(&self, end: u64) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes) % end
    }
}

/// The record in which every writer counts.
const COUNT: &str = "count";

/// What a writer did.
#[derive(Debug, Default)]
struct WriterLog {
    /// The entries, their chains, and the results of their changes.
    entries: Vec<(Option<TenantId>, NewAuditEntry, WriteOutcome)>,
    /// How often it counted, for certain and perhaps.
    counts: (u64, u64),
    /// How much usage it added, for certain and perhaps.
    usage: (u64, u64),
}

impl WriterLog {
    fn note((certain, perhaps): &mut (u64, u64), outcome: WriteOutcome) {
        match outcome {
            WriteOutcome::Acknowledged => *certain += 1,
            WriteOutcome::Unknown => *perhaps += 1,
            WriteOutcome::Refused => {}
        }
    }

    /// Counts, with entries in one or two chains.
    async fn count(&mut self, node: &Node, id: u64, tenants: &[Option<TenantId>]) {
        let Ok(found) = node.find_record(RecordKind::Counter, COUNT).await else { return };
        let found = found.unwrap();
        let number: u64 = found.content.body.parse().unwrap();
        let writes = vec![
            create_any(usize::try_from(id % 3).unwrap()),
            RecordWrite::replace(&found, content(&(number + 1).to_string())),
        ];
        let entries: Vec<_> = tenants.iter().map(|tenant| (*tenant, sample_entry(id))).collect();
        let answer = node.commit(&Change { writes, entries }).await;
        let outcome = match &answer {
            Ok(Committed::Stale(1)) => WriteOutcome::Refused,
            Ok(other) => {
                assert_eq!(*other, Committed::Done);
                WriteOutcome::Acknowledged
            }
            Err(_) => outcome_of(&answer),
        };
        Self::note(&mut self.counts, outcome);
        self.entries.extend(tenants.iter().map(|tenant| (*tenant, sample_entry(id), outcome)));
    }

    async fn add_usage(&mut self, node: &Node) {
        let answer = node.add_usage(TENANT, 1, Usage { statement_count: 1, bytes: 2 }).await;
        Self::note(&mut self.usage, outcome_of(&answer));
    }
}

async fn administer(
    node: Arc<Node>,
    writer: u64,
    tenants: Vec<Option<TenantId>>,
    is_over: Arc<AtomicBool>,
) -> WriterLog {
    let (chance, mut done) = (Chance::new(writer), WriterLog::default());
    let mut id = writer << 32;
    while !is_over.load(Ordering::Relaxed) {
        id += 1;
        if chance.below(4) == 0 {
            done.add_usage(&node).await;
        } else {
            let mut chosen = tenants.clone();
            chosen.rotate_left(usize::try_from(chance.below(3)).unwrap());
            chosen.truncate(1 + usize::try_from(chance.below(2)).unwrap());
            done.count(&node, id, &chosen).await;
        }
        tokio::time::sleep(Duration::from_millis(chance.below(10))).await;
    }
    done
}

/// Compares what writers did with what is there.
async fn check(node: &Node, all: &[WriterLog], tenants: &[Option<TenantId>]) {
    for tenant in tenants {
        let entries = chain(node, *tenant).await;
        let mut known = 0;
        for (_, new, outcome) in
            all.iter().flat_map(|done| &done.entries).filter(|it| it.0 == *tenant)
        {
            let found = entries.iter().filter(|entry| entry.content == *new).count();
            outcome.check(found == 1, &format_args!("{tenant:?}, entry {}", new.id));
            known += found;
        }
        assert_eq!(known, entries.len(), "{tenant:?} is told what nobody did");
    }
    let sum = |of: fn(&WriterLog) -> (u64, u64)| {
        all.iter().map(of).fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    };
    let (certain, perhaps) = sum(|done| done.counts);
    let found = node.find_record(RecordKind::Counter, COUNT).await.unwrap().unwrap();
    let number: u64 = found.content.body.parse().unwrap();
    assert!((certain..=certain + perhaps).contains(&number), "{number}: {certain} and {perhaps}");
    assert_eq!(found.version, number + 1);
    assert!(20 < certain, "the load must do something: {certain}");
    let (certain, perhaps) = sum(|done| done.usage);
    let usage = node.add_usage(TENANT, 1, Usage::default()).await.unwrap();
    assert_eq!(usage.bytes, 2 * usage.statement_count);
    let count = usage.statement_count;
    assert!((certain..=certain + perhaps).contains(&count), "{count}: {certain} and {perhaps}");
}

fn inject_fault(chance: &Chance, proxy: &Proxy) {
    let direction = if chance.below(2) == 0 { Direction::ToServer } else { Direction::ToClient };
    match chance.below(8) {
        0 => proxy.reset(),
        1 => proxy.hold(direction),
        2..=4 => proxy.cut_after(direction, chance.below(3_000)),
        5 => proxy.reset_next(),
        _ => proxy.heal(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_recorded_twice_or_lost_when_networks_fail_at_random() {
    let mut bytes = [0; 8];
    SystemEntropy.fill(&mut bytes);
    let seed = u64::from_le_bytes(bytes);
    let chance = Chance::new(seed);
    let database = Database::fresh();
    let proxies = [proxy(&database), proxy(&database), proxy(&database)];
    let options = Options {
        connect_timeout: Duration::from_secs(1),
        statement_timeout: Duration::from_secs(2),
        idle_timeout: Duration::from_secs(1),
        ..options(&database)
    };
    let mut nodes = Vec::new();
    for proxy in &proxies {
        nodes.push(open_behind(proxy, &options).await);
    }
    let nodes: [_; 3] = nodes.try_into().unwrap();
    let other = nodes[0].create_tenant("south", START).await.unwrap();
    let begin = RecordWrite::create(RecordKind::Counter, COUNT, content("0"));
    nodes[0].commit(&Change { writes: vec![begin], entries: Vec::new() }).await.unwrap();
    let tenants = vec![None, Some(TENANT), Some(other)];
    let is_over = Arc::new(AtomicBool::new(false));
    let mut writers = JoinSet::new();
    for writer in 1..=6 {
        let node = Arc::clone(&nodes[usize::try_from(writer % 3).unwrap()]);
        writers.spawn(administer(node, writer, tenants.clone(), Arc::clone(&is_over)));
    }
    let clock = SystemClock::new();
    while clock.elapsed() < Duration::from_secs(6) {
        inject_fault(&chance, &proxies[usize::try_from(chance.below(3)).unwrap()]);
        tokio::time::sleep(Duration::from_millis(chance.below(200))).await;
    }
    proxies.iter().for_each(Proxy::heal);
    tokio::time::sleep(Duration::from_millis(500)).await;
    is_over.store(true, Ordering::Relaxed);
    let all = writers.join_all().await;
    for node in &nodes {
        while matches!(node.audit_head(None).await, Err(StorageError::Unavailable { .. })) {
            assert!(clock.elapsed() < Duration::from_mins(1), "a node does not go on");
        }
        check(node, &all, &tenants).await;
    }
    close(nodes).await;
}
