//! What is answered where statements were erased, and chains of references as long as may be.

use std::fs;
use std::path::Path;

use acta_ambient::{ManualClock, SeededEntropy};
use acta_statement_log::entry::{IndexEntry, IndexEntryLog, Location};
use acta_statement_log::reader::next_frame;
use acta_statement_log::record::{Content, EncodedRecord, Record};
use acta_statement_log::segment::FrameWalk;
use acta_storage::{
    AgentFilter, Directory, Feed, FeedContent, Order, StatementStore, TenantPurge, TransferSource,
};
use acta_storage_suite::fixture::{
    Draft, START, activity, agent, batch, everything, id, mailbox, numbers, verb,
};
use tempfile::TempDir;

use super::*;
use crate::writer::queue::{ExclusiveAct, ExclusiveLog};
use crate::{
    Backup, EmbeddedStorage, LostStatement, LostTables, ReadOnlyDisk, Restore, ScratchDisk,
    SystemDisk, Verified, VerifyOptions, salvage, verify,
};

/// The tenant of which statements were erased.
const TENANT: TenantId = TenantId::FIRST;

/// The sequences of what was erased: without a reference, voiding an earlier statement, voiding a
/// later one, and with a reference that voids nothing.
const ERASED: [u64; 4] = [3, 4, 5, 7];

/// The statements that are left, as numbers and sequences, and whether they are voided.
const LEFT: [(u128, u64, bool); 5] =
    [(1, 1, true), (2, 2, false), (3, 6, false), (9, 8, true), (4, 9, false)];

fn options(directory: &Path) -> Options {
    Options {
        directory: directory.to_path_buf(),
        clock: Arc::new(ManualClock::new(START)),
        entropy: Arc::new(SeededEntropy::new(1)),
        disk: Arc::new(SystemDisk),
        segment_bytes: 4 << 10,
        run_entries: 3,
        queue_bytes_max: Options::QUEUE_BYTES_MAX,
        queue_statements_max: Options::QUEUE_STATEMENTS_MAX,
        group_cost_max: Options::GROUP_COST_MAX,
        dictionary_samples: 0,
        reserve_bytes: 0,
        on_progress: None,
    }
}

fn open(directory: &Path) -> Arc<EmbeddedStorage> {
    EmbeddedStorage::open(&options(directory)).unwrap()
}

fn close(storage: Arc<EmbeddedStorage>) {
    storage.close().unwrap();
    drop(storage);
}

async fn append(storage: &EmbeddedStorage, tenant: TenantId, draft: &Draft) -> usize {
    storage.append(tenant, batch(&[draft])).await.unwrap().new_count
}

/// Puts the record of a statement that was erased at the end of the log.
async fn append_erased(storage: &EmbeddedStorage, commitment: u8, target: Option<(u128, bool)>) {
    let entry = IndexEntry {
        position: 0,
        tenant: TENANT,
        sequence: 0,
        id: None,
        stored_micros: 0,
        location: Location { segment: 0, offset: 0 },
        own_terms: Vec::new(),
        shared_terms: Vec::new(),
        target: target.map(|(number, _)| id(number).0.as_u128()),
        is_voiding: target.is_some_and(|(_, is_voiding)| is_voiding),
    };
    let content = Content::Erased([commitment; 32]);
    let record = EncodedRecord { entry, content, received: None };
    let (answer, done) = oneshot::channel();
    let act = Box::new(move |log: &mut dyn ExclusiveLog| log.append_records(vec![record]));
    let exclusive = ExclusiveAct { act, span: tracing::Span::none(), answer };
    storage.engine.shared.queue.push(Work::Exclusive(exclusive)).unwrap();
    done.await.unwrap().unwrap();
}

/// A store in which some statements were erased, and the other tenant in it.
async fn fill(storage: &EmbeddedStorage) -> TenantId {
    let other = storage.create_tenant("other", START).await.unwrap();
    let left = |number| Draft::new(number).verb("left");
    append(storage, TENANT, &left(1)).await;
    append(storage, other, &left(1)).await;
    append(storage, TENANT, &left(2)).await;
    append_erased(storage, 0xA1, None).await;
    append_erased(storage, 0xA2, Some((1, true))).await;
    append(storage, other, &left(2)).await;
    append_erased(storage, 0xA3, Some((9, true))).await;
    append(storage, TENANT, &Draft::referring(3, 2)).await;
    append_erased(storage, 0xA4, Some((2, false))).await;
    append(storage, TENANT, &left(9)).await;
    append(storage, other, &left(3)).await;
    append(storage, TENANT, &Draft::referring(4, 3)).await;
    other
}

async fn find_numbers(storage: &EmbeddedStorage, query: &StatementQuery) -> Vec<u128> {
    numbers(&storage.query_statements(TENANT, query).await.unwrap().statements)
}

/// What is left in the log of what was erased: sequence, commitment and target.
fn erased(storage: &EmbeddedStorage) -> Vec<(u64, [u8; 32], Option<u128>)> {
    let mut found = Vec::new();
    for segment in storage.engine.shared.reader.segments() {
        let mut walk = FrameWalk::new(&segment, segment.frames_from());
        while let Some(frame) = next_frame(&mut walk, &segment).unwrap() {
            found.extend(frame.records().filter_map(|record| erased_of(&record.unwrap().1)));
        }
    }
    found
}

fn erased_of(record: &Record<'_>) -> Option<(u64, [u8; 32], Option<u128>)> {
    let Content::Erased(commitment) = record.content else { return None };
    assert_eq!(record.tenant, TENANT);
    Some((record.sequence, commitment, record.target))
}

/// Checks every answer of a store that was filled.
async fn check(storage: &EmbeddedStorage) {
    check_feed(storage).await;
    check_ids(storage).await;
    check_queries(storage).await;
    check_copying(storage).await;
    let target = |number| Some(id(number).0.as_u128());
    let expected = [
        (ERASED[0], [0xA1; 32], None),
        (ERASED[1], [0xA2; 32], target(1)),
        (ERASED[2], [0xA3; 32], target(9)),
        (ERASED[3], [0xA4; 32], target(2)),
    ];
    assert_eq!(erased(storage), expected);
}

async fn check_feed(storage: &EmbeddedStorage) {
    assert_eq!(storage.count_statements(TENANT).await.unwrap(), 9);
    let feed = storage.read_feed(TENANT, 0, usize::MAX).await.unwrap();
    let ids = numbers(&feed);
    let found: Vec<_> =
        ids.iter().zip(&feed).map(|(id, one)| (*id, one.sequence, one.is_voided)).collect();
    assert_eq!(found, LEFT);
    for count_max in 1..5 {
        let (mut after, mut pages) = (0, Vec::new());
        while let page = storage.read_feed(TENANT, after, count_max).await.unwrap()
            && let Some(last) = page.last()
        {
            after = last.sequence;
            pages.extend(page);
        }
        assert_eq!(pages, feed, "pages of {count_max}");
    }
}

/// Every statement that is left is found, and known when it comes again.
async fn check_ids(storage: &EmbeddedStorage) {
    for (number, sequence, is_voided) in LEFT {
        let found = storage.find_statement(TENANT, id(number)).await.unwrap().unwrap();
        assert_eq!((found.sequence, found.is_voided), (sequence, is_voided));
        let draft = match number {
            3 | 4 => Draft::referring(number, number - 1),
            _ => Draft::new(number).verb("left"),
        };
        assert_eq!(append(storage, TENANT, &draft).await, 0, "statement {number}");
    }
}

async fn check_queries(storage: &EmbeddedStorage) {
    let all = everything();
    assert_eq!(find_numbers(storage, &all).await, [4, 3, 2]);
    let oldest = StatementQuery { order: Order::Ascending, count_max: 2, ..all.clone() };
    assert_eq!(find_numbers(storage, &oldest).await, [2, 3]);
    let left = StatementQuery { verb: Some(verb("left")), ..all };
    assert_eq!(find_numbers(storage, &left).await, [4, 3, 2]);
}

async fn check_copying(storage: &EmbeddedStorage) {
    let page = |count_max| PageLimits { count_max, bytes_max: usize::MAX };
    let kept = storage.read_statements(TENANT, 0, page(2)).await.unwrap();
    assert_eq!(kept.iter().map(|one| one.sequence).collect::<Vec<_>>(), [1, 2]);
    for sequence in ERASED {
        let copied = storage.read_statements(TENANT, sequence - 1, page(1)).await;
        let Err(StorageError::Io { source, .. }) = copied else { panic!("{copied:?}") };
        assert_eq!(source.kind(), std::io::ErrorKind::Unsupported);
    }
    let records = storage.read_records(TENANT, 0, page(100)).await.unwrap();
    let followed = records.iter().map(|record| record.sequence).collect::<Vec<_>>();
    assert_eq!(followed, (1..=u64::try_from(records.len()).unwrap()).collect::<Vec<_>>());
    let is_erased = |record: &&FeedRecord| matches!(record.content, FeedContent::Erased { .. });
    let erased: Vec<u64> = records.iter().filter(is_erased).map(|record| record.sequence).collect();
    assert_eq!(erased, ERASED);
}

fn verify_options(directory: &Path, scratch: &TempDir) -> VerifyOptions {
    VerifyOptions {
        directory: directory.to_path_buf(),
        disk: Arc::new(ReadOnlyDisk(Arc::<SystemDisk>::new(SystemDisk) as Arc<dyn Disk>)),
        scratch: scratch.path().to_path_buf(),
        scratch_disk: Arc::new(ScratchDisk),
        on_progress: None,
    }
}

fn verified(directory: &Path) -> Verified {
    verify(&verify_options(directory, &TempDir::new().unwrap())).unwrap()
}

#[track_caller]
fn check_sound(directory: &Path, statement_count: usize) {
    let verified = verified(directory);
    assert_eq!(verified.findings, []);
    assert_eq!(verified.statement_count, statement_count as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn erased_statements_stay_erased_over_starts_and_reindexing() {
    let directory = TempDir::new().unwrap();
    let directory = directory.path();
    let storage = open(directory);
    fill(&storage).await;
    check(&storage).await;
    close(storage);
    check_sound(directory, LEFT.len() + 3);
    let storage = open(directory);
    check(&storage).await;
    // As a process ends that is killed.
    drop(storage);
    fs::remove_dir_all(directory.join("index")).unwrap();
    let storage = open(directory);
    check(&storage).await;
    close(storage);
    EmbeddedStorage::reindex(&options(directory), LostTables::Refuse).await.unwrap();
    check_sound(directory, LEFT.len() + 3);
    let storage = open(directory);
    check(&storage).await;
    assert_eq!(append(&storage, TENANT, &Draft::new(20)).await, 1);
    assert_eq!(storage.count_statements(TENANT).await.unwrap(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn removing_another_tenant_keeps_what_is_left_of_erased_statements() {
    let directory = TempDir::new().unwrap();
    let directory = directory.path();
    let storage = open(directory);
    let other = fill(&storage).await;
    let revision = |storage: &EmbeddedStorage| {
        storage.engine.shared.reader.segments().first().map(|it| it.header.revision)
    };
    assert_eq!(revision(&storage), Some(0));
    assert_eq!(storage.purge_tenant(other).await.unwrap().statement_count, 3);
    assert_eq!(revision(&storage), Some(1));
    check(&storage).await;
    close(storage);
    check_sound(directory, LEFT.len());
    let storage = open(directory);
    check(&storage).await;
    // The tenant itself goes with what was erased of it.
    storage.purge_tenant(TENANT).await.unwrap();
    assert_eq!(erased(&storage), []);
    close(storage);
    check_sound(directory, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_and_a_salvage_have_what_is_left_of_erased_statements() {
    let home = TempDir::new().unwrap();
    let (data, backup) = (home.path().join("data"), home.path().join("backup"));
    let storage = open(&data);
    fill(&storage).await;
    let progress = |_| {};
    let (disk, taken, program) = (&SystemDisk, START, "test");
    let act = Backup { data: &data, to: &backup, disk, taken, program, on_progress: &progress };
    act.run().unwrap();
    close(storage);
    let mut sequences = Vec::new();
    let scratch = TempDir::new().unwrap();
    let found = salvage(&verify_options(&data, &scratch), &mut |tenant, statement| {
        sequences.extend((tenant == TENANT).then_some(statement.sequence));
        Ok(())
    });
    assert_eq!(found.unwrap().findings, []);
    assert_eq!(sequences, LEFT.map(|(_, sequence, _)| sequence));
    fs::remove_dir_all(&data).unwrap();
    Restore { from: &backup, disk, on_progress: &progress }.run(&data).unwrap();
    check(&open(&data)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_bit_of_an_erased_record_is_found_by_verify() {
    let directory = TempDir::new().unwrap();
    let directory = directory.path();
    let storage = open(directory);
    fill(&storage).await;
    let reader = Arc::clone(&storage.engine.shared.reader);
    let mut entries = Vec::new();
    let mut take = |entry| {
        entries.push(entry);
        Ok(())
    };
    reader.read_entries(0..u64::MAX, &mut take).unwrap();
    drop(reader);
    close(storage);
    check_sound(directory, LEFT.len() + 3);
    // One without a reference, and one that voided.
    for entry in entries.iter().filter(|entry| entry.id.is_none()).take(2) {
        let file = format!("log/{:08}.log", entry.location.segment);
        let whole = fs::read(directory.join(&file)).unwrap();
        let from = entry.location.offset as usize;
        let len = 1 + usize::from(whole[from]) + acta_statement_log::format::CHECKSUM_BYTES;
        for at in from..from + len {
            let mut changed = whole.clone();
            changed[at] ^= 1 << (at % 8);
            fs::write(directory.join(&file), changed).unwrap();
            let verified = verified(directory);
            let named = verified.findings.iter().filter(|finding| finding.file == file);
            let lost = LostStatement {
                position: entry.position,
                tenant: Some(TENANT),
                sequence: Some(entry.sequence),
                id: None,
            };
            let is_reported = named.flat_map(|finding| &finding.statements).any(|it| *it == lost);
            assert!(is_reported, "byte {at}: {:?}", verified.findings);
        }
        fs::write(directory.join(&file), whole).unwrap();
    }
    check_sound(directory, LEFT.len() + 3);
}

/// What Ada launched: two filters, which one statement must meet.
fn launched_by_ada() -> StatementQuery {
    let agent = Some(AgentFilter { ifi: mailbox("ada"), is_related: false });
    StatementQuery { agent, verb: Some(verb("launched")), ..everything() }
}

/// A chain of statements, each of which refers to the one before; the first matches all that is
/// asked for. Others match a part of it.
async fn append_chain(storage: &EmbeddedStorage, length: u128, parts: &[(u128, &str, &str)]) {
    let mut drafts = vec![Draft::new(1).verb("launched").object(activity("rocket"))];
    drafts.extend((2..=length).map(|number| Draft::referring(number, number - 1)));
    for (number, actor, verb_name) in parts {
        let draft = Draft::referring(*number, number - 1);
        let draft = draft.actor(agent(actor)).verb(verb_name);
        drafts[usize::try_from(number - 1).unwrap()] = draft;
    }
    storage.append(TENANT, batch(&drafts.iter().collect::<Vec<_>>())).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_is_followed_as_far_as_its_bound_whatever_else_is_looked_at() {
    const FURTHEST: u128 = StatementQuery::CHAIN_MAX as u128 + 1;
    let directory = TempDir::new().unwrap();
    let storage = open(directory.path());
    // Statements far behind the first are candidates too: Ada and the verb are near them, but
    // not together. Those are looked at first, and do not match.
    let parts = [(FURTHEST + 5, "ada", "confirmed"), (FURTHEST + 9, "bob", "launched")];
    append_chain(&storage, FURTHEST + 40, &parts).await;
    let query = launched_by_ada();
    let expected: Vec<u128> = (1..=FURTHEST).collect();
    for order in [Order::Descending, Order::Ascending] {
        let mut found = find_numbers(&storage, &StatementQuery { order, ..query.clone() }).await;
        found.sort_unstable();
        assert_eq!(found, expected, "{order:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_circle_that_matches_in_parts_only_ends() {
    let directory = TempDir::new().unwrap();
    let storage = open(directory.path());
    let ada = |draft: Draft| draft.actor(agent("ada"));
    let drafts = [
        ada(Draft::referring(1, 3)),
        Draft::referring(2, 1).verb("launched"),
        Draft::referring(3, 2),
        Draft::referring(4, 4),
        ada(Draft::referring(5, 3)).verb("launched"),
    ];
    for draft in &drafts {
        append(&storage, TENANT, draft).await;
    }
    let query = launched_by_ada();
    assert_eq!(find_numbers(&storage, &query).await, [5]);
}
