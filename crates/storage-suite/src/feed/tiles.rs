//! Tiles of Merkle trees.

use acta_access::TenantId;
use acta_storage::{Storage, StoredTile, TilePlace};

use crate::EngineUnderTest;
use crate::fixture::Stage;

const fn place(level: u8, index: u64) -> TilePlace {
    TilePlace { level, index }
}

fn tile(place: TilePlace, hash: u8, count: usize) -> StoredTile {
    StoredTile { place, hashes: vec![hash; 32 * count] }
}

/// The epoch of most trees here.
const EPOCH: u64 = u64::MAX - 1;

async fn find(
    storage: &dyn Storage,
    tenant: TenantId,
    places: &[TilePlace],
) -> Vec<Option<Vec<u8>>> {
    storage.find_tiles(tenant, EPOCH, places).await.unwrap()
}

/// A tile grows and is never cut, and is found by its tenant, its epoch and its place.
pub async fn tiles_only_grow<E: EngineUnderTest>() {
    let mut stage = Stage::<E>::open().await;
    let (tenant, other) = (stage.tenant, stage.create_tenant("south").await);
    let last = place(7, 1 << 55);
    let places = [place(0, 1), place(1, 0), last, place(0, 0)];
    assert_eq!(find(&*stage.storage(), tenant, &places).await, vec![None; 4]);
    let tiles = vec![tile(place(0, 0), 1, 2), tile(place(0, 1), 2, 1), tile(last, 3, 256)];
    stage.storage().extend_tiles(tenant, EPOCH, tiles).await.unwrap();
    let tiles = vec![tile(place(0, 0), 1, 1), tile(place(0, 1), 2, 2), tile(last, 3, 256)];
    stage.storage().extend_tiles(tenant, EPOCH, tiles).await.unwrap();
    stage.storage().extend_tiles(other, EPOCH, vec![tile(place(1, 0), 7, 1)]).await.unwrap();
    let expected = [(2, 2), (3, 256), (1, 2)].map(|(hash, count)| Some(vec![hash; 32 * count]));
    let [second, far, first] = expected;
    let expected = vec![second, None, far, first];
    assert_eq!(find(&*stage.storage(), tenant, &places).await, expected);
    assert_eq!(find(&*stage.storage(), tenant, &[]).await, Vec::<Option<Vec<u8>>>::new());
    stage = stage.reopen().await;
    assert_eq!(find(&*stage.storage(), tenant, &places).await, expected);
}

/// A tile that begins with other hashes is replaced, however long it is: it was damaged.
pub async fn tiles_that_begin_otherwise_are_replaced<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let (storage, tenant) = (stage.storage(), stage.tenant);
    let places = [place(0, 0), place(0, 1), place(1, 0)];
    let tiles = vec![tile(places[0], 1, 2), tile(places[1], 2, 256), tile(places[2], 3, 2)];
    storage.extend_tiles(tenant, EPOCH, tiles).await.unwrap();
    let mut half = tile(places[2], 3, 2);
    half.hashes[63] = 4;
    let tiles = vec![tile(places[0], 4, 1), tile(places[1], 5, 256), half.clone()];
    storage.extend_tiles(tenant, EPOCH, tiles).await.unwrap();
    let expected = [vec![4; 32], vec![5; 32 * 256], half.hashes].map(Some);
    assert_eq!(find(&*storage, tenant, &places).await, expected);
}

/// Tiles are removed with their epoch, and with their tenant.
pub async fn tiles_of_one_epoch_are_removed<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let (storage, tenant) = (stage.storage(), stage.tenant);
    let other = stage.create_tenant("south").await;
    let here = place(0, 0);
    for one in [tenant, other] {
        storage.extend_tiles(one, EPOCH, vec![tile(here, 1, 2)]).await.unwrap();
    }
    storage.extend_tiles(tenant, 3, vec![tile(here, 3, 1)]).await.unwrap();
    storage.remove_tiles(tenant, EPOCH).await.unwrap();
    assert_eq!(find(&*storage, tenant, &[here]).await, [None]);
    let of_other_epoch = storage.find_tiles(tenant, 3, &[here]).await.unwrap();
    assert_eq!(of_other_epoch, [Some(vec![3; 32])]);
    assert_eq!(find(&*storage, other, &[here]).await, [Some(vec![1; 64])]);
    storage.extend_tiles(tenant, EPOCH, vec![tile(here, 2, 1)]).await.unwrap();
    assert_eq!(find(&*storage, tenant, &[here]).await, [Some(vec![2; 32])]);
    storage.purge_tenant(tenant).await.unwrap();
    assert_eq!(storage.find_tiles(tenant, 3, &[here]).await.unwrap(), [None]);
    assert_eq!(find(&*storage, tenant, &[here]).await, [None]);
    assert_eq!(find(&*storage, other, &[here]).await, [Some(vec![1; 64])]);
}
