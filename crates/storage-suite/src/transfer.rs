//! A store is exported completely, and imported by another unchanged.

use std::io;
use std::sync::Arc;

use acta_access::{Defines, TenantId};
use acta_ambient::{ManualClock, Timestamp};
use acta_storage::directory::Recorded;
use acta_storage::model::CredentialRecords as _;
use acta_storage::{
    Batch, DocumentKey, Group, NamedSecret, NewDocument, Order, PageLimits, Precondition, Record,
    RecordContent, RecordKind, Removal, StatementQuery, Storage, StorageError, StoreId, Tenant,
    TransferredDocument, TransferredStatement,
};
use acta_xapi::{Fingerprint, Sha2, StatementText, Version};

use super::attachments::{bytes_of_length, content_of, stage_content};
use super::directory::credential;
use super::documents::{document, state_key};
use super::fixture::{Draft, START, Stage, everything, id, mailbox, verb};
use super::model_comparison::History;
use super::{EngineUnderTest, ModelUnderTest};

/// Everything on one page.
const WHOLE: PageLimits = PageLimits { count_max: usize::MAX, bytes_max: usize::MAX };

/// All statements of a tenant, read in pages that end at `page`.
async fn read_all(
    storage: &dyn Storage,
    tenant: TenantId,
    page: PageLimits,
) -> Vec<TransferredStatement> {
    let mut all: Vec<TransferredStatement> = Vec::new();
    loop {
        let after = all.last().map_or(0, |last| last.sequence);
        let next = storage.read_statements(tenant, after, page).await.unwrap();
        assert!(next.len() <= page.count_max.max(1), "{page:?}");
        if next.is_empty() {
            return all;
        }
        all.extend(next);
    }
}

/// All documents of a tenant, read in pages that end at `page`.
async fn documents(
    storage: &dyn Storage,
    tenant: TenantId,
    page: PageLimits,
) -> Vec<TransferredDocument> {
    let mut all: Vec<TransferredDocument> = Vec::new();
    loop {
        let after = all.last().map(|last| last.key.clone());
        let next = storage.read_documents(tenant, after.as_ref(), page).await.unwrap();
        assert!(next.len() <= page.count_max.max(1), "{page:?}");
        if next.is_empty() {
            return all;
        }
        all.extend(next);
    }
}

/// All hashes of attachments of a tenant, listed `count_max` at a time.
async fn hashes(storage: &dyn Storage, tenant: TenantId, count_max: usize) -> Vec<Sha2> {
    let mut all: Vec<Sha2> = Vec::new();
    loop {
        let next = storage.list_attachments(tenant, all.last(), count_max).await.unwrap();
        assert!(next.len() <= count_max, "{count_max}");
        if next.is_empty() {
            return all;
        }
        all.extend(next);
    }
}

/// Copies everything from one store into another.
async fn move_all(from: &dyn Storage, to: &dyn Storage) {
    let mut run = Vec::new();
    for kind in RecordKind::EVERY {
        let records = from.list_records(kind, &Group::Every, None, 10_000).await.unwrap();
        to.import_records(records).await.unwrap();
    }
    for tenant in from.list_tenants().await.unwrap() {
        for (name, value) in from.list_cursors(tenant.id).await.unwrap() {
            to.save_cursor(tenant.id, &name, &value).await.unwrap();
        }
        for sha2 in hashes(from, tenant.id, 100).await {
            let content = content_of(from, tenant.id, &sha2).await.unwrap();
            let staged = stage_content(to, tenant.id, &sha2, &content).await;
            let batch = Batch { statements: Vec::new(), attachments: vec![staged] };
            to.append(tenant.id, batch).await.unwrap();
        }
        to.import_documents(tenant.id, documents(from, tenant.id, WHOLE).await).await.unwrap();
        let removals = from.list_removals(tenant.id).await.unwrap();
        to.import_removals(tenant.id, removals).await.unwrap();
        let statements = read_all(from, tenant.id, WHOLE).await;
        run.extend(statements.into_iter().map(|one| (tenant.id, one)));
    }
    for NamedSecret { name, secret } in from.list_secrets().await.unwrap() {
        assert_eq!(to.get_or_create_secret(&name, secret).await.unwrap(), secret);
    }
    run.sort_by_key(|(tenant, one)| (one.stored, *tenant, one.sequence));
    for part in run.chunks(97) {
        to.import_statements(part.to_vec()).await.unwrap();
    }
}

/// Checks that two stores export the same.
async fn check_same(one: &dyn Storage, other: &dyn Storage) {
    let tenants = one.list_tenants().await.unwrap();
    assert_eq!(tenants, other.list_tenants().await.unwrap());
    assert_eq!(one.list_secrets().await.unwrap(), other.list_secrets().await.unwrap());
    for kind in RecordKind::EVERY {
        let records = one.list_records(kind, &Group::Every, None, 10_000).await.unwrap();
        let same = other.list_records(kind, &Group::Every, None, 10_000).await.unwrap();
        assert_eq!(records, same, "{kind:?}");
    }
    for Tenant { id: tenant, .. } in tenants {
        let cursors = one.list_cursors(tenant).await.unwrap();
        assert_eq!(cursors, other.list_cursors(tenant).await.unwrap());
        assert_eq!(read_all(one, tenant, WHOLE).await, read_all(other, tenant, WHOLE).await);
        assert_eq!(hashes(one, tenant, 3).await, hashes(other, tenant, 4).await);
        for sha2 in hashes(one, tenant, 10).await {
            let content = content_of(one, tenant, &sha2).await;
            assert_eq!(content, content_of(other, tenant, &sha2).await, "{sha2:?}");
        }
        let mut of_one = documents(one, tenant, WHOLE).await;
        let mut of_other = documents(other, tenant, WHOLE).await;
        // Each engine has an order of its own.
        of_one.sort_by(|one, next| one.key.cmp(&next.key));
        of_other.sort_by(|one, next| one.key.cmp(&next.key));
        assert_eq!(of_one, of_other);
        let mut of_one = one.list_removals(tenant).await.unwrap();
        let mut of_other = other.list_removals(tenant).await.unwrap();
        of_one.sort();
        of_other.sort();
        assert_eq!(of_one, of_other);
        let feed = one.read_feed(tenant, 0, usize::MAX).await.unwrap();
        assert_eq!(feed, other.read_feed(tenant, 0, usize::MAX).await.unwrap());
    }
}

/// Random histories of several tenants are imported by a store of the same engine and by the
/// model, which then return the same and continue.
pub async fn a_copy_answers_like_its_source<E: EngineUnderTest>() {
    for seed in 21..=23 {
        let history = History::<E>::live(seed, 120).await;
        let source = history.subject.storage();
        let tenant = history.tenants[0];
        for len in [0, 1, 70_000] {
            let content = bytes_of_length(len);
            let sha2 = Sha2::sha256(&content);
            let staged = stage_content(&*source, tenant, &sha2, &content).await;
            let batch = Batch { statements: Vec::new(), attachments: vec![staged] };
            source.append(tenant, batch).await.unwrap();
        }
        for (number, tenant) in (0..).zip(history.tenants.clone()) {
            for name in ["one", "two"] {
                let credential = credential(&format!("{name}-{tenant}"), tenant, number);
                assert!(source.insert_credential(&credential).await.unwrap());
                source.save_cursor(tenant, name, &format!("{number} – ünï")).await.unwrap();
            }
        }
        source.get_or_create_secret("credential-mac", [7; 32]).await.unwrap();
        let clock = Arc::clone(&history.clock);
        let (of_model, of_engine) =
            (ModelUnderTest::open(Arc::<ManualClock>::clone(&clock)).await, E::open(clock).await);
        for tenant in &history.tenants {
            let (key, always) = (unlisted_key(), Precondition::default());
            put(&*source, *tenant, &key, document("content")).await;
            source.remove_document(*tenant, &key, &always).await.unwrap();
            assert!(!source.list_removals(*tenant).await.unwrap().is_empty());
        }
        for target in [of_model.storage(), of_engine.storage()] {
            move_all(&*source, &*target).await;
            check_same(&*source, &*target).await;
        }
        drop(source);
        let (mut history, source) = history.claimed_by(of_model);
        history.check_everything().await;
        let (mut history, _) = history.claimed_by(of_engine);
        history.check_everything().await;
        history = history.reopen().await;
        check_same(&*source.storage(), &*history.subject.storage()).await;
        for _ in 0..40 {
            history = history.step().await;
        }
        history.check_everything().await;
    }
}

/// A document of a list that no history asks for.
fn unlisted_key() -> DocumentKey {
    DocumentKey::AgentProfile { agent: mailbox("nobody"), profile_id: "gone".to_owned() }
}

async fn put(storage: &dyn Storage, tenant: TenantId, key: &DocumentKey, new: NewDocument) {
    storage.replace_document(tenant, key, new, &Precondition::default()).await.unwrap();
}

/// Pages of any size make up everything, each once and in order.
pub async fn pages_of_any_size_return_every_item_once<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let storage = stage.storage();
    let drafts: Vec<Draft> = (1..=30).map(Draft::new).collect();
    stage.append(&drafts.iter().take(7).collect::<Vec<_>>()).await;
    stage.append_each(&drafts[7..]).await;
    for number in 0..12 {
        let key = state_key(&format!("name {number}"), None);
        put(&*storage, stage.tenant, &key, document(&"x".repeat(number * 10))).await;
    }
    let whole = read_all(&*storage, stage.tenant, WHOLE).await;
    let sequences: Vec<u64> = whole.iter().map(|one| one.sequence).collect();
    assert_eq!(sequences, (1..=30).collect::<Vec<u64>>());
    let all = documents(&*storage, stage.tenant, WHOLE).await;
    assert_eq!(all.len(), 12);
    for (count_max, bytes_max) in [(1, 9_000), (7, 1_000), (1000, 0), (3, 1), (1000, 50)] {
        let page = PageLimits { count_max, bytes_max };
        assert_eq!(read_all(&*storage, stage.tenant, page).await, whole, "{page:?}");
        assert_eq!(documents(&*storage, stage.tenant, page).await, all, "{page:?}");
    }
    let other = stage.create_tenant("south").await;
    assert_eq!(read_all(&*storage, other, WHOLE).await, []);
    assert_eq!(documents(&*storage, other, WHOLE).await, []);
    assert_eq!(hashes(&*storage, other, 5).await, []);
}

/// A document with every kind of key comes and goes as it is, its time included.
pub async fn documents_of_every_kind_are_imported<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let target = Stage::<E>::open().await;
    let (from, to) = (stage.storage(), target.storage());
    let mut keys = Vec::new();
    for number in 0..40 {
        let mut dice = super::generate::Dice::new(number);
        keys.push(super::model_comparison::acts::random_key(&mut dice));
    }
    keys.extend(["", "\u{0}", "ä\u{10FFFF}", "a'\"\\%_"].map(|name| state_key(name, None)));
    for key in &keys {
        stage.wait_micros(1_111);
        put(&*from, stage.tenant, key, document("some content")).await;
    }
    let given = documents(&*from, stage.tenant, WHOLE).await;
    assert!(keys.iter().all(|key| given.iter().any(|one| one.key == *key)));
    let before = document("before");
    let first = given[0].key.clone();
    put(&*to, stage.tenant, &first, before).await;
    for _ in 0..2 {
        to.import_documents(stage.tenant, given.clone()).await.unwrap();
        for TransferredDocument { key, document } in &given {
            let found = to.find_document(stage.tenant, key).await.unwrap();
            assert_eq!(found.as_ref(), Some(document), "{key:?}");
        }
    }
    assert_eq!(documents(&*to, stage.tenant, WHOLE).await, given);
    // They can be listed, written and removed as any other.
    let DocumentKey::State { activity, agent, .. } = state_key("", None) else { return };
    let list = acta_storage::DocumentList::States { activity, agent, registration: None };
    let names = from.list_documents(stage.tenant, &list, None).await.unwrap();
    assert_eq!(to.list_documents(stage.tenant, &list, None).await.unwrap(), names);
    let removed = from.remove_documents(stage.tenant, &list).await.unwrap();
    assert_eq!(to.remove_documents(stage.tenant, &list).await.unwrap(), removed);
}

fn plain(sequence: u64, stored_micros: i64) -> TransferredStatement {
    let new = Draft::new(u128::from(sequence)).build();
    TransferredStatement {
        sequence,
        id: new.id,
        stored: Timestamp::from_unix_micros(START.unix_micros() + stored_micros),
        version: new.version,
        fingerprint: new.statement.fingerprint,
        salt: [9; 16],
        text: new.text,
        target: None,
        is_voiding: false,
        defines: Defines::All,
    }
}

/// A removal is imported unless a later one of the same lists is known; the import of a document is
/// no removal of the one before.
pub async fn the_later_of_two_removals_is_kept<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let (storage, tenant) = (stage.storage(), stage.tenant);
    let key = state_key("a", None);
    put(&*storage, tenant, &key, document("content")).await;
    let given = documents(&*storage, tenant, WHOLE).await;
    storage.import_documents(tenant, given).await.unwrap();
    assert_eq!(storage.list_removals(tenant).await.unwrap(), []);
    storage.remove_document(tenant, &key, &Precondition::default()).await.unwrap();
    let noted = storage.list_removals(tenant).await.unwrap();
    assert_eq!(noted.len(), 1, "{noted:?}");
    for (micros, kept) in [(-1, 0), (1, 1), (0, 1)] {
        let at = |micros| {
            let removed = Timestamp::from_unix_micros(START.unix_micros() + micros);
            Removal { removed, ..noted[0].clone() }
        };
        storage.import_removals(tenant, vec![at(micros)]).await.unwrap();
        assert_eq!(storage.list_removals(tenant).await.unwrap(), [at(kept)]);
    }
}

/// A statement that does not follow the log is refused, and nothing of it is stored.
pub async fn a_statement_out_of_sequence_is_not_imported<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let storage = stage.storage();
    let import = async |one: TransferredStatement| {
        let imported = storage.import_statements(vec![(stage.tenant, one)]).await;
        match imported {
            Ok(()) => true,
            Err(StorageError::Io { source, .. }) => {
                assert_eq!(source.kind(), io::ErrorKind::InvalidInput, "{source}");
                false
            }
            Err(error) => panic!("unexpected: {error}"),
        }
    };
    assert!(!import(plain(2, 0)).await, "there is no first");
    assert!(import(plain(1, -5_000_000)).await);
    assert!(!import(plain(1, 0)).await, "it is here");
    assert!(!import(plain(3, 0)).await, "there is no second");
    assert!(!import(plain(2, -5_000_001)).await, "earlier than the first");
    let taken = TransferredStatement { id: id(1), ..plain(2, 0) };
    assert!(!import(taken).await, "its id is taken");
    assert_eq!(storage.count_statements(stage.tenant).await.unwrap(), 1);
    assert!(import(plain(2, -5_000_000)).await, "two may share a time");
    let gap = vec![(stage.tenant, plain(3, 0)), (stage.tenant, plain(5, 0))];
    assert!(storage.import_statements(gap).await.is_err());
    assert!(storage.count_statements(stage.tenant).await.unwrap() <= 3);
    storage.import_statements(Vec::new()).await.unwrap();
}

/// Sequences and times continue after what was imported, and ids stay used.
pub async fn the_log_continues_after_an_import<E: EngineUnderTest>() {
    let mut stage = Stage::<E>::open().await;
    let other = stage.create_tenant("south").await;
    let storage = stage.storage();
    // The times of two tenants interleave, some are shared, and the last lies ahead.
    let run: Vec<_> = [(1, -40), (2, -40), (3, -7), (4, 9_000_000)]
        .into_iter()
        .flat_map(|(sequence, stored)| [stage.tenant, other].map(|t| (t, plain(sequence, stored))))
        .collect();
    storage.import_statements(run).await.unwrap();
    drop(storage);
    for number in [5, 6] {
        let appended = stage.append(&[&Draft::new(number)]).await;
        assert_eq!(appended.new_count, 1);
        let ahead = START.unix_micros() + 9_000_000;
        assert!(ahead < appended.stored.unix_micros(), "{appended:?}");
        assert_eq!(stage.find(number).await.sequence, u64::try_from(number).unwrap());
        stage = stage.reopen().await;
    }
    assert_eq!(stage.append(&[&Draft::new(3)]).await.new_count, 0);
    let conflict = stage.try_append(&[&Draft::new(3).verb("other")]).await;
    assert!(matches!(conflict, Err(StorageError::Conflict(ids)) if ids == [id(3)]));
    let nanos = |micros: i64| Some(i128::from(START.unix_micros() + micros) * 1000);
    let between = StatementQuery {
        since_nanos: nanos(-40),
        until_nanos: nanos(9_000_000),
        order: Order::Ascending,
        ..everything()
    };
    assert_eq!(stage.numbers(&between).await, [3, 4]);
    let texts = stage.feed().await;
    assert_eq!(texts[0].text, Draft::new(1).complete(plain(1, -40).stored));
}

/// A statement that the current rules refuse is stored and returned; its voiding still counts.
pub async fn a_statement_invalid_under_current_rules_is_imported<E: EngineUnderTest>() {
    let mut stage = Stage::<E>::open().await;
    let text = r#"{"id":"?","verb":{"id":"none"},"authority":{"mbox":"mailto:a@example.org"}}"#;
    let odd = TransferredStatement {
        version: Version::V1_0_3,
        fingerprint: Fingerprint([3; 16]),
        text: StatementText { text: text.to_owned(), is_timestamp_stored: true },
        target: Some(id(1)),
        is_voiding: true,
        defines: Defines::All,
        ..plain(2, 5)
    };
    let run = vec![(stage.tenant, plain(1, 0)), (stage.tenant, odd.clone())];
    stage.storage().import_statements(run).await.unwrap();
    for _ in 0..2 {
        assert!(stage.find(1).await.is_voided);
        let found = stage.find(2).await;
        assert_eq!(found.text, StatementText::complete(text, true, &odd.stored.to_string()));
        assert_eq!((found.sequence, found.version), (2, Version::V1_0_3));
        assert_eq!(stage.numbers(&everything()).await, [2]);
        let verb = StatementQuery { verb: Some(verb("none")), ..everything() };
        assert_eq!(stage.numbers(&verb).await, [0; 0]);
        assert_eq!(read_all(&*stage.storage(), stage.tenant, WHOLE).await[1], odd);
        stage = stage.reopen().await;
    }
}

/// The mark of an unfinished copy stays until it is removed, and is not listed as a secret.
pub async fn an_unfinished_copy_is_marked<E: EngineUnderTest>() {
    let mut stage = Stage::<E>::open().await;
    let source = StoreId([5; 32]);
    assert_eq!(stage.storage().find_import().await.unwrap(), None);
    stage.storage().begin_import(source).await.unwrap();
    for _ in 0..2 {
        assert_eq!(stage.storage().find_import().await.unwrap(), Some(source));
        assert_eq!(stage.storage().list_secrets().await.unwrap(), []);
        stage = stage.reopen().await;
    }
    stage.storage().finish_import().await.unwrap();
    for _ in 0..2 {
        assert_eq!(stage.storage().find_import().await.unwrap(), None);
        stage = stage.reopen().await;
    }
}

/// Two stores have different ids, and neither the id of a store nor its timeline changes.
pub async fn every_store_has_its_own_id<E: EngineUnderTest>() {
    let (stage, other) = (Stage::<E>::open().await, Stage::<E>::open().await);
    let identity = stage.storage().identify().await.unwrap();
    assert_ne!(identity, other.storage().identify().await.unwrap());
    let timeline = stage.storage().read_timeline().await.unwrap();
    stage.append(&[&Draft::new(1)]).await;
    stage.storage().get_or_create_secret("some", [1; 32]).await.unwrap();
    let stage = stage.reopen().await;
    assert_eq!(stage.storage().identify().await.unwrap(), identity);
    assert_eq!(stage.storage().read_timeline().await.unwrap(), timeline);
}

/// A tenant is imported with its number; the next one made gets another.
pub async fn tenants_are_imported_with_their_numbers<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let storage = stage.storage();
    let tenant = |number, name: &str| {
        let created = Timestamp::from_unix_micros(START.unix_micros() - i64::from(number));
        Tenant::new(TenantId::new(number).unwrap(), name, created)
    };
    let imported = [tenant(1, "first – ünï"), tenant(40, "forty"), tenant(7, "seven")];
    let record = |tenant: &Tenant| Record {
        kind: RecordKind::Tenant,
        id: tenant.record_id(),
        version: 3,
        content: tenant.to_content(),
    };
    for _ in 0..2 {
        storage.import_records(imported.iter().map(record).collect()).await.unwrap();
    }
    // What counts the numbers of tenants comes along.
    let body = "40".to_owned();
    let content = RecordContent { tenant: None, owner: None, name: None, expires: None, body };
    let (kind, id) = (RecordKind::Counter, "tenants".to_owned());
    storage.import_records(vec![Record { kind, id, version: 1, content }]).await.unwrap();
    let all = storage.list_tenants().await.unwrap();
    assert!(imported.iter().all(|tenant| all.contains(tenant)), "{all:?}");
    assert_eq!(all.len(), 4, "{all:?}");
    let next = storage.create_tenant("next", START).await.unwrap();
    assert!(all.iter().all(|tenant| tenant.id < next));
    storage.append(imported[1].id, super::fixture::batch(&[&Draft::new(1)])).await.unwrap();
    assert_eq!(storage.count_statements(imported[1].id).await.unwrap(), 1);
}
