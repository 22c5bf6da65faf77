//! Signed heads, compared with the statements.

use acta_proof::{CheckedLogs, check_logs};
use acta_storage::{Storage, StoredTile};

use super::*;

on_every_engine! {
    every_log_is_compared_with_its_statements_and_tiles
    a_log_of_another_epoch_is_not_compared
}

async fn check(storage: &dyn Storage) -> (CheckedLogs, Vec<String>) {
    let mut places = Vec::new();
    let checked = check_logs(storage, &mut |place| places.push(place)).await.unwrap();
    (checked, places)
}

/// Changes the stored log of the tenant.
async fn change_log(storage: &dyn Storage, change: impl FnOnce(ProofLog) -> ProofLog) -> ProofLog {
    let found: Option<Versioned<ProofLog>> =
        directory::find(storage, &Tenant::record_id_of(TENANT)).await.unwrap();
    let found = found.unwrap();
    let write = found.write(&change(found.value.clone()));
    let change = Change { writes: vec![write], entries: Vec::new() };
    assert_eq!(storage.commit(&change).await.unwrap(), Committed::Done);
    found.value
}

async fn every_log_is_compared_with_its_statements_and_tiles(engine: Engine) {
    let (store, _clock) = open(engine).await;
    let storage = &*store.storage;
    assert_eq!(check(storage).await, (CheckedLogs::default(), Vec::new()));
    let mut node = Node::start(&store.storage, 1).await;
    node.store(1..700).await;
    node.follow().await;
    // Behind the head, and not in it yet.
    node.store(700..710).await;
    let (checked, places) = check(storage).await;
    assert_eq!(checked, CheckedLogs { intact: 1, statements: 699, damaged: 0 }, "{places:?}");

    let epoch = epoch_of(&node.state().await);
    let tile = |index, byte| {
        let hashes = vec![byte; Hash::LEN_BYTES * usize::from(TILE_HASHES)];
        StoredTile { place: TilePlace { level: 0, index }, hashes }
    };
    storage.extend_tiles(TENANT, epoch, vec![tile(1, 7)]).await.unwrap();
    let (checked, places) = check(storage).await;
    assert_eq!((checked.intact, checked.damaged), (0, 1));
    let differs = "tenant 1: tiles of the log for proofs are missing or damaged: 1, the first \
                   behind statement 256";
    assert_eq!(places, [differs]);

    let log = change_log(storage, |log| ProofLog { root: [9; 32], ..log }).await;
    let (checked, places) = check(storage).await;
    assert_eq!(checked.damaged, 2);
    assert!(places[0].contains("not those of the signed head"), "{places:?}");

    change_log(storage, |_| ProofLog { size: 800, ..log }).await;
    let (_, places) = check(storage).await;
    assert!(places[0].contains("the statements end at 709"), "{places:?}");
}

async fn a_log_of_another_epoch_is_not_compared(engine: Engine) {
    let (store, _clock) = open(engine).await;
    let mut node = Node::start(&store.storage, 1).await;
    node.store(1..9).await;
    node.follow().await;
    change_log(&*store.storage, |log| ProofLog { root: [9; 32], is_ended: true, ..log }).await;
    assert_eq!(check(&*store.storage).await, (CheckedLogs::default(), Vec::new()));
}
