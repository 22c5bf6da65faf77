//! Logs for proofs of stores that were restored or copied, or have lost statements: which ones go
//! on, and which ones begin again.

use std::sync::Arc;

use acta_ambient::ManualClock;
use acta_exchange::RestoredStore;
use acta_followers::LogReader;
use acta_merkle::{Hash, Origin, SignedCheckpoint, TILE_HASHES, Tree};
use acta_proof::LogState;
use acta_storage::directory::{self, ProofLog, Tenant, Versioned};
use acta_storage::model::ModelStorage;
use acta_storage::{Change, Committed, FollowerName, Storage, StorageError, StoredTile, TilePlace};
use acta_storage_suite::fixture::START;
use acta_test_postgres::{Cluster, Database, SHARED_SETTINGS};

use super::{Node, TENANT, entropy, head_of, open};
use crate::engine::{Engine, on_every_engine, open_database};

on_every_engine! {
    a_restored_store_begins_a_log_that_proves_the_head_of_the_old_one
    a_copied_store_begins_a_log_of_its_own
    a_follower_that_starts_reports_statements_that_were_lost
    a_log_continues_no_head_of_statements_that_were_lost
}

/// Whether a log continues an older one, of which this was the state.
async fn check_continued(node: &Node, before: &LogState) {
    let now = node.state().await;
    let (old, new) = (before.checkpoint.unverified(), now.checkpoint.unverified());
    assert_ne!(old.origin, new.origin);
    let log = |origin: &Origin| origin.as_str().rsplit_once('/').unwrap().0.to_owned();
    assert_eq!(log(&old.origin), log(&new.origin), "only the epoch is another one");
    let continues = now.continues.clone().expect("it says what it continues");
    let continues = SignedCheckpoint::parse(continues.as_bytes()).unwrap();
    assert_eq!(continues, before.checkpoint);
    node.check_root(head_of(before)).await;
    node.check_growth(head_of(before)).await;
}

async fn a_restored_store_begins_a_log_that_proves_the_head_of_the_old_one(engine: Engine) {
    let (store, clock) = open(engine).await;
    let mut node = Node::start(&store.storage, 1).await;
    node.store(1..300).await;
    node.follow().await;
    let before = node.state().await;
    let restored = RestoredStore {
        storage: &*store.storage,
        replaced: None,
        clock: &*clock,
        entropy: &*entropy(3),
    };
    restored.end_access().await.unwrap();
    assert!(node.proofs.state(TENANT).await.unwrap().is_none(), "the old log has ended");
    let mut node = Node::start(&store.storage, 7).await;
    node.store(300..310).await;
    node.follow().await;
    check_continued(&node, &before).await;
    node.check_statement(5).await;
    node.check_statement(305).await;
}

#[tokio::test]
async fn a_promotion_beside_a_running_node_begins_a_log_that_continues_the_old_one() {
    let model = Arc::new(ModelStorage::new(Arc::new(ManualClock::new(START))));
    let storage: Arc<dyn Storage> = Arc::<ModelStorage>::clone(&model);
    let mut node = Node::start(&storage, 1).await;
    node.store(1..300).await;
    node.follow().await;
    let before = node.state().await;
    model.promote();
    assert!(node.proofs.state(TENANT).await.unwrap().is_none(), "the old log has ended");
    node.follow().await;
    check_continued(&node, &before).await;
    assert_eq!(node.head().await, head_of(&before));
    node.store(300..310).await;
    node.follow().await;
    check_continued(&node, &before).await;
    node.check_statement(305).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_promoted_standby_without_the_last_statements_begins_a_log_of_its_own() {
    let mut primary = Cluster::running(SHARED_SETTINGS);
    let database = Database::fresh_on(primary.superuser());
    let storage = open_url(&database.url()).await;
    let mut node = Node::start(&storage, 1).await;
    node.store(1..300).await;
    node.follow().await;
    let before = node.state().await;
    // Or the next node would wait until its lease has expired.
    node.follower.end().await.unwrap();
    let mut standby = Cluster::standby_of(&primary, SHARED_SETTINGS);
    standby.stop();
    // Of these it gets nothing.
    node.store(300..310).await;
    node.follow().await;
    let lost = node.state().await;
    assert_eq!(lost.checkpoint.unverified().origin, before.checkpoint.unverified().origin);
    primary.stop();
    standby.start();
    standby.superuser().sql("SELECT pg_promote()");
    let storage = open_url(&standby.url(database.name())).await;
    let mut node = Node::start(&storage, 5).await;
    assert!(node.proofs.state(TENANT).await.unwrap().is_none(), "the old log has ended");
    node.store(400..420).await;
    node.follow().await;
    check_continued(&node, &before).await;
    node.check_statement(410).await;
    // A restart is no promotion.
    let after = node.state().await;
    standby.restart();
    node.store(420..425).await;
    node.follow().await;
    assert_eq!(node.state().await.key, after.key);
    node.check_growth(head_of(&after)).await;
    primary.start();
}

async fn open_url(url: &str) -> Arc<dyn Storage> {
    open_database(url, Arc::new(ManualClock::new(START)), entropy(8)).await
}

#[tokio::test]
async fn a_store_that_is_restored_twice_continues_the_larger_head() {
    let clock = Arc::new(ManualClock::new(START));
    let storage: Arc<dyn Storage> = Arc::new(ModelStorage::new(Arc::<ManualClock>::clone(&clock)));
    let restored =
        RestoredStore { storage: &*storage, replaced: None, clock: &*clock, entropy: &*entropy(3) };
    let mut node = Node::start(&storage, 1).await;
    // More than the follower appends at once.
    node.store(1..5001).await;
    node.follow().await;
    let before = node.state().await;
    restored.end_access().await.unwrap();
    let mut node = Node::start(&storage, 7).await;
    assert!(!node.round().await);
    let state = node.state().await;
    assert!(head_of(&state).size < head_of(&before).size);
    assert_eq!(state.continues, None, "it has not grown so far");
    restored.end_access().await.unwrap();
    let mut node = Node::start(&storage, 9).await;
    node.follow().await;
    check_continued(&node, &before).await;
}

async fn a_copied_store_begins_a_log_of_its_own(engine: Engine) {
    let (store, clock) = open(engine).await;
    let mut node = Node::start(&store.storage, 1).await;
    node.store(1..20).await;
    node.follow().await;
    let before = node.state().await;
    let copy: Arc<dyn Storage> = Arc::new(ModelStorage::new(clock));
    acta_exchange::copy(&*store.storage, &*copy, &mut |_| ()).await.unwrap();
    let mut copied = Node::start(&copy, 9).await;
    assert!(copied.proofs.state(TENANT).await.unwrap().is_none());
    copied.follow().await;
    check_continued(&copied, &before).await;
    copied.check_statement(7).await;
    // The original goes on as what it was.
    node.store(20..25).await;
    node.follow().await;
    node.check_growth(head_of(&before)).await;
    let origin = node.state().await.checkpoint.unverified().origin.clone();
    assert_eq!(origin, before.checkpoint.unverified().origin);
}

/// Makes of the log one whose last two statements were lost after they were in its head, and
/// whose places others have taken.
async fn lose_statements(storage: &dyn Storage) {
    let id = Tenant::record_id_of(TENANT);
    let found: Option<Versioned<ProofLog>> = directory::find(storage, &id).await.unwrap();
    let found = found.unwrap();
    let log = &found.value;
    let mut tree = Tree::new();
    let mut leaves = Vec::new();
    for index in 0..log.size.div_ceil(u64::from(TILE_HASHES)) {
        let place = TilePlace { level: 0, index };
        let tiles = storage.find_tiles(TENANT, log.epoch, &[place]).await.unwrap();
        let (hashes, _) = tiles[0].as_ref().unwrap().as_chunks::<{ Hash::LEN_BYTES }>();
        leaves.extend(hashes.iter().copied().map(Hash::from_bytes));
    }
    assert_eq!(leaves.len() as u64, log.size);
    let kept = leaves.len() - 2;
    leaves[kept..].copy_from_slice(&[Hash::of_leaf(b"lost"), Hash::of_leaf(b"lost, too")]);
    let tiles = tree.append(&leaves).into_iter().map(|tile| StoredTile {
        place: TilePlace { level: tile.id.level(), index: tile.id.index() },
        hashes: tile.to_bytes(),
    });
    storage.remove_tiles(TENANT, log.epoch).await.unwrap();
    storage.extend_tiles(TENANT, log.epoch, tiles.collect()).await.unwrap();
    let other = ProofLog { root: *tree.root().as_bytes(), ..log.clone() };
    let change = Change { writes: vec![found.write(&other)], entries: Vec::new() };
    assert_eq!(storage.commit(&change).await.unwrap(), Committed::Done);
}

async fn a_follower_that_starts_reports_statements_that_were_lost(engine: Engine) {
    // The last tile is partial, full, and full at two levels.
    for count in [300, 256, 512] {
        let (store, _clock) = open(engine).await;
        let mut node = Node::start(&store.storage, 1).await;
        node.store(1..count + 1).await;
        node.follow().await;
        lose_statements(&*store.storage).await;
        let before = node.state().await.checkpoint;
        let mut node = Node::start(&store.storage, 1).await;
        node.store(1001..1003).await;
        assert!(node.follower.begin_round().await.unwrap());
        let behind = node.storage.list_behind(FollowerName::PROOF).await.unwrap();
        let read = node.follower.read(behind[0]).await;
        let Err(StorageError::Corrupt { place }) = read else { panic!("{read:?}") };
        assert!(place.contains("not those of the signed head"), "{place}");
        assert_eq!(node.state().await.checkpoint, before, "it is not grown");
        node.check_root(before.unverified().head).await;
    }
}

async fn a_log_continues_no_head_of_statements_that_were_lost(engine: Engine) {
    let (store, clock) = open(engine).await;
    let mut node = Node::start(&store.storage, 1).await;
    node.store(1..301).await;
    node.follow().await;
    lose_statements(&*store.storage).await;
    let before = node.state().await.checkpoint;
    let restored = RestoredStore {
        storage: &*store.storage,
        replaced: None,
        clock: &*clock,
        entropy: &*entropy(3),
    };
    restored.end_access().await.unwrap();
    let mut node = Node::start(&store.storage, 7).await;
    node.store(301..303).await;
    node.follow().await;
    let state = node.state().await;
    assert_ne!(state.checkpoint.unverified().origin, before.unverified().origin);
    assert_eq!(state.continues, None);
    assert_eq!(node.head().await.size, 302);
    node.check_statement(300).await;
}
