//! Proofs that statements are unchanged: what the follower appends, and what is signed.

mod check;
mod epochs;
mod publication;

use std::ops::Range;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use acta_access::TenantId;
use acta_ambient::{Clock, Entropy, ManualClock, SeededEntropy};
use acta_followers::LogReader;
use acta_merkle::{
    ConsistencyProof, Entry, Growth, Hash, Origin, Plan, ProofFile, TILE_HASHES, TileId, TilePath,
    TileSet, TreeHead, Trust, decode_bundle, preimage,
};
use acta_proof::{LogState, ProofFollower, ProofOptions, Proofs, ProveError};
use acta_storage::directory::{self, ProofDamage, ProofLog, Tenant, Versioned};
use acta_storage::{
    Change, Committed, FollowerName, Group, Storage, StorageError, StoredTile, TilePlace,
};
use acta_storage_suite::fixture::{Draft, START, batch, id};

use crate::engine::{Engine, Store, on_every_engine};

const TENANT: TenantId = TenantId::FIRST;

/// More often than a step of the follower waits for the store.
const CUTS_MAX: u32 = 8;

on_every_engine! {
    every_statement_is_proved_and_every_head_continues_the_one_before
    a_follower_that_is_stopped_anywhere_leaves_a_head_that_is_proved
    two_nodes_that_both_append_make_one_log
    tiles_that_are_lost_are_made_again
    damage_that_another_node_finds_is_corrected_by_the_one_that_leads
    a_node_that_makes_tiles_again_takes_nothing_from_the_next_one
    a_head_that_the_statements_contradict_is_reported_and_never_grown
}

/// Random bytes that no other store of the test has drawn.
fn entropy(seed: u64) -> Arc<dyn Entropy> {
    Arc::new(SeededEntropy::new(seed))
}

/// A server with proofs.
struct Node {
    storage: Arc<dyn Storage>,
    proofs: Arc<Proofs>,
    follower: ProofFollower,
}

impl Node {
    async fn start(storage: &Arc<dyn Storage>, seed: u64) -> Self {
        let options = ProofOptions { host: "lrs.example".to_owned() };
        let proofs = Proofs::open(Arc::clone(storage), &*entropy(seed), options).await.unwrap();
        let proofs = Arc::new(proofs);
        let follower = ProofFollower::new(Arc::clone(&proofs), entropy(seed + 1), Duration::ZERO);
        Self { storage: Arc::clone(storage), proofs, follower }
    }

    /// Appends statements, as one batch.
    async fn store(&self, numbers: Range<u128>) {
        let drafts: Vec<Draft> = numbers.map(Draft::new).collect();
        let drafts: Vec<&Draft> = drafts.iter().collect();
        self.storage.append(TENANT, batch(&drafts)).await.unwrap();
    }

    /// One round of the follower. Returns whether it has appended everything.
    async fn round(&mut self) -> bool {
        assert!(self.follower.begin_round().await.unwrap());
        let mut is_done = true;
        for position in self.storage.list_behind(FollowerName::PROOF).await.unwrap() {
            match self.follower.read(position).await {
                // One that was stopped has begun the log in the meantime.
                Err(StorageError::Busy { .. }) => {}
                read => read.unwrap(),
            }
            is_done &= self.follower.reached(position) == position.last_sequence;
        }
        self.follower.end_round(false).await.unwrap();
        is_done
    }

    /// Removes all tiles of the log.
    async fn lose_tiles(&self) {
        let epoch = epoch_of(&self.state().await);
        self.storage.remove_tiles(TENANT, epoch).await.unwrap();
    }

    async fn follow(&mut self) {
        while !self.round().await {}
    }

    async fn state(&self) -> LogState {
        self.proofs.state(TENANT).await.unwrap().expect("there is a log")
    }

    /// The head of the log, by its signature.
    async fn head(&self) -> TreeHead {
        head_of(&self.state().await)
    }

    async fn tiles(&self, ids: impl Iterator<Item = TileId>) -> TileSet {
        let mut tiles = TileSet::default();
        for id in ids {
            let bytes = self.proofs.read(TENANT, TilePath::Hashes(id)).await.unwrap();
            assert_eq!(bytes.len(), usize::from(id.width()) * Hash::LEN_BYTES);
            tiles.insert(id, &bytes).unwrap();
        }
        tiles
    }

    /// Whether the tiles lead to this head, which the log has had.
    async fn check_root(&self, head: TreeHead) {
        let plan = Plan::root(head.size);
        let tiles = self.tiles(plan.tiles()).await;
        assert_eq!(plan.hashes(&tiles).unwrap(), [head.root]);
    }

    /// Whether the present head continues an older one.
    async fn check_growth(&self, older: TreeHead) {
        let newer = self.head().await;
        let plan = Plan::consistency(Growth { older: older.size, newer: newer.size }).unwrap();
        let path = plan.hashes(&self.tiles(plan.tiles()).await).unwrap();
        ConsistencyProof { path }.verify(&Growth { older, newer }).unwrap();
    }

    /// Whether a statement is proved, by nothing but the file, the key and the text.
    async fn check_statement(&self, number: u128) {
        let found = self.storage.find_statement(TENANT, id(number)).await.unwrap().unwrap();
        let proven = self.proofs.prove(TENANT, found.sequence).await.unwrap();
        assert_eq!(proven.preimage, preimage(found.version.as_str(), &found.text));
        let file = ProofFile::parse(proven.file.to_string().as_bytes()).unwrap();
        assert_eq!(file.proof.index, found.sequence - 1);
        let salt = file.extra.as_slice().try_into().unwrap();
        let leaf = Entry::of_preimage(&proven.preimage, &salt).hash();
        let state = self.state().await;
        let origin = Origin::from(state.key.name());
        let log_keys = std::slice::from_ref(&state.key);
        let trust = Trust { origin: &origin, log_keys, witness_keys: &[], witness_count: 0 };
        file.verify(&leaf, &trust).unwrap();
        assert!(file.verify(&Hash::of_leaf(b"other"), &trust).is_err());
    }
}

fn epoch_of(state: &LogState) -> u64 {
    let (_, epoch) = state.key.name().as_str().rsplit_once('/').unwrap();
    u64::from_str_radix(epoch, 16).unwrap()
}

fn head_of(state: &LogState) -> TreeHead {
    let origin = Origin::from(state.key.name());
    let log_keys = std::slice::from_ref(&state.key);
    let trust = Trust { origin: &origin, log_keys, witness_keys: &[], witness_count: 0 };
    state.checkpoint.verify(&trust).unwrap().head
}

async fn open(engine: Engine) -> (Store, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(START));
    let as_clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
    (Store::open(engine, as_clock).await, clock)
}

async fn every_statement_is_proved_and_every_head_continues_the_one_before(engine: Engine) {
    let (store, clock) = open(engine).await;
    let mut node = Node::start(&store.storage, 1).await;
    node.follow().await;
    assert!(node.proofs.state(TENANT).await.unwrap().is_none(), "no statement, no log");
    let mut older: Option<TreeHead> = None;
    let mut first = 1;
    // The last ones fill a tile, and begin the next one.
    for count in [1, 1, 2, 60, 191, 1, 1, 6] {
        clock.advance(Duration::from_millis(1));
        node.store(first..first + count).await;
        let unproved = node.proofs.prove(TENANT, u64::try_from(first).unwrap()).await;
        assert!(matches!(unproved, Err(ProveError::NotYet)), "{unproved:?}");
        node.follow().await;
        first += count;
        let head = node.head().await;
        assert_eq!(u128::from(head.size), first - 1);
        node.check_root(head).await;
        if let Some(older) = older {
            node.check_growth(older).await;
        }
        older = Some(head);
    }
    for number in (1..first).step_by(7).chain([255, 256, 257, first - 1]) {
        node.check_statement(number).await;
    }
    check_entries(&node).await;
}

/// The bundles of entries are those of the hashes in the tiles, and nothing is beyond the end.
async fn check_entries(node: &Node) {
    let size = node.head().await.size;
    for id in TileId::all_of(size).filter(|id| id.level() == 0) {
        let text = id.path().replacen("/0/", "/entries/", 1);
        let bundle = node.proofs.read(TENANT, text.parse().unwrap()).await.unwrap();
        let entries = decode_bundle(&bundle, id.width()).unwrap();
        let leaves: Vec<Hash> = entries.into_iter().map(Hash::of_leaf).collect();
        let tiles = node.tiles(std::iter::once(id)).await;
        assert_eq!(tiles.hashes(id).unwrap(), leaves);
    }
    for beyond in ["tile/0/001.p/8", "tile/0/002", "tile/1/000", "tile/9/000.p/1"] {
        let path = beyond.parse().unwrap();
        let read = node.proofs.read(TENANT, path).await;
        assert!(matches!(read, Err(ProveError::NotFound)), "{beyond}: {read:?}");
    }
}

/// Drops a future when it has waited some times. Returns whether it was done before.
async fn cut_after<T>(waits: u32, work: impl Future<Output = T>) -> bool {
    let mut work = pin!(work);
    let mut waited = 0;
    std::future::poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(_) => Poll::Ready(true),
        Poll::Pending if waited == waits => Poll::Ready(false),
        Poll::Pending => {
            waited += 1;
            Poll::Pending
        }
    })
    .await
}

async fn a_follower_that_is_stopped_anywhere_leaves_a_head_that_is_proved(engine: Engine) {
    let (store, _clock) = open(engine).await;
    let mut older = TreeHead::EMPTY;
    let mut first = 1;
    for cut in (0..CUTS_MAX).chain(0..CUTS_MAX) {
        let mut node = Node::start(&store.storage, 1).await;
        node.store(first..first + 40).await;
        first += 40;
        assert!(node.follower.begin_round().await.unwrap());
        let behind = node.storage.list_behind(FollowerName::PROOF).await.unwrap();
        cut_after(cut, node.follower.read(behind[0])).await;
        // Whatever of it was stored, and is perhaps stored later.
        if node.proofs.state(TENANT).await.unwrap().is_some() {
            let head = node.head().await;
            node.check_root(head).await;
            node.check_growth(older).await;
            older = head;
        }
        if cut % 3 == 0 {
            let mut next = Node::start(&store.storage, 1).await;
            next.follow().await;
            next.check_growth(older).await;
            older = next.head().await;
        }
    }
    let mut node = Node::start(&store.storage, 1).await;
    node.follow().await;
    assert_eq!(u128::from(node.head().await.size), first - 1);
    node.check_growth(older).await;
    for number in (1..first).step_by(97) {
        node.check_statement(number).await;
    }
}

async fn two_nodes_that_both_append_make_one_log(engine: Engine) {
    let (store, _clock) = open(engine).await;
    let mut one = Node::start(&store.storage, 1).await;
    let mut other = Node::start(&store.storage, 5).await;
    one.store(1..2).await;
    one.follow().await;
    let mut older = one.head().await;
    for number in 0..6 {
        let first = 2 + 50 * number;
        one.store(first..first + 50).await;
        let behind = one.storage.list_behind(FollowerName::PROOF).await.unwrap();
        assert!(other.follower.begin_round().await.unwrap());
        let (read, other_read) =
            tokio::join!(one.follower.read(behind[0]), other.follower.read(behind[0]));
        read.and(other_read).unwrap();
        let head = one.head().await;
        assert_eq!(head, other.head().await, "both sign with the same key");
        one.check_root(head).await;
        one.check_growth(older).await;
        older = head;
    }
    other.follow().await;
    one.follow().await;
    assert_eq!(one.head().await.size, 301);
    other.check_growth(older).await;
    other.check_statement(300).await;
}

async fn tiles_that_are_lost_are_made_again(engine: Engine) {
    let (store, _clock) = open(engine).await;
    let mut node = Node::start(&store.storage, 1).await;
    node.store(1..300).await;
    node.follow().await;
    let head = node.head().await;
    node.lose_tiles().await;
    let unproved = node.proofs.prove(TENANT, 3).await;
    assert!(matches!(unproved, Err(ProveError::Storage(_))), "{unproved:?}");
    // Nothing has arrived, and still they are made.
    node.round().await;
    assert_eq!(node.head().await, head);
    node.check_statement(3).await;
    // A follower that starts finds by itself what it needs.
    node.lose_tiles().await;
    let mut next = Node::start(&store.storage, 1).await;
    next.store(300..302).await;
    next.follow().await;
    next.check_growth(head).await;
    next.check_statement(301).await;
}

async fn damage_that_another_node_finds_is_corrected_by_the_one_that_leads(engine: Engine) {
    let (store, _clock) = open(engine).await;
    let mut leader = Node::start(&store.storage, 1).await;
    leader.store(1..300).await;
    leader.follow().await;
    let head = leader.head().await;
    let other = Node::start(&store.storage, 5).await;
    // The last tile is sound, so that nobody else notices.
    let epoch = epoch_of(&leader.state().await);
    let hashes = vec![7; Hash::LEN_BYTES * usize::from(TILE_HASHES)];
    let damaged = StoredTile { place: TilePlace { level: 0, index: 0 }, hashes };
    store.storage.extend_tiles(TENANT, epoch, vec![damaged]).await.unwrap();
    let unproved = other.proofs.prove(TENANT, 3).await;
    assert!(matches!(unproved, Err(ProveError::Storage(_))), "{unproved:?}");
    leader.round().await;
    assert_eq!(leader.head().await, head);
    other.check_statement(3).await;
    let noted = directory::list::<ProofDamage>(&*store.storage, &Group::Every).await.unwrap();
    assert!(noted.is_empty(), "{noted:?}");
}

async fn a_node_that_makes_tiles_again_takes_nothing_from_the_next_one(engine: Engine) {
    let (store, _clock) = open(engine).await;
    let mut first = 1;
    for waits in 0..2 * CUTS_MAX {
        let mut slow = Node::start(&store.storage, 1).await;
        slow.store(first..first + 40).await;
        first += 40;
        slow.follow().await;
        slow.lose_tiles().await;
        let unproved = slow.proofs.prove(TENANT, 3).await;
        assert!(matches!(unproved, Err(ProveError::Storage(_))), "{unproved:?}");
        assert!(slow.follower.begin_round().await.unwrap());
        let behind = slow.storage.list_behind(FollowerName::PROOF).await.unwrap();
        let mut correcting = Box::pin(slow.follower.read(behind[0]));
        let is_done = cut_after(waits, &mut correcting).await;
        let mut next = Node::start(&store.storage, 5).await;
        next.store(first..first + 40).await;
        first += 40;
        next.follow().await;
        if !is_done {
            correcting.await.unwrap();
        }
        let head = next.head().await;
        assert_eq!(u128::from(head.size), first - 1);
        next.check_root(head).await;
        next.check_statement(1).await;
        next.check_statement(first - 1).await;
    }
}

async fn a_head_that_the_statements_contradict_is_reported_and_never_grown(engine: Engine) {
    let (store, _clock) = open(engine).await;
    let mut node = Node::start(&store.storage, 1).await;
    node.store(1..9).await;
    node.follow().await;
    // As if statements had been changed after their head was stored.
    let found: Option<Versioned<ProofLog>> =
        directory::find(&*store.storage, &Tenant::record_id_of(TENANT)).await.unwrap();
    let found = found.unwrap();
    let other = ProofLog { root: [9; 32], ..found.value.clone() };
    let change = Change { writes: vec![found.write(&other)], entries: Vec::new() };
    assert_eq!(store.storage.commit(&change).await.unwrap(), Committed::Done);
    let mut node = Node::start(&store.storage, 1).await;
    let unproved = node.proofs.prove(TENANT, 3).await;
    assert!(matches!(unproved, Err(ProveError::Storage(_))), "{unproved:?}");
    node.store(9..12).await;
    assert!(node.follower.begin_round().await.unwrap());
    for _ in 0..2 {
        let behind = node.storage.list_behind(FollowerName::PROOF).await.unwrap();
        let read = node.follower.read(behind[0]).await;
        let Err(StorageError::Corrupt { place }) = read else { panic!("{read:?}") };
        assert!(place.contains("not those of the signed head"), "{place}");
        node.follower.forget(Some(TENANT));
    }
    assert_eq!(node.head().await.size, 8);
}
