//! Stores of earlier releases have their tenants and credentials afterwards.

#![expect(clippy::unwrap_used, reason = "a test says that it failed by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use acta_access::TenantId;
use acta_ambient::{SystemClock, SystemEntropy};
use acta_storage::{Directory, Tenant};
use acta_storage_embedded::{
    Disk, EmbeddedStorage, Options, ReadOnlyDisk, ScratchDisk, SystemDisk, Verified, VerifyOptions,
    verify,
};
use rusqlite::Connection;
use tempfile::TempDir;

/// The stores that earlier releases have written, sorted.
fn all() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/upgrade");
    let entries = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path().join("data"));
    let mut stores: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    stores.sort_unstable();
    stores
}

fn copy_files(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_files(&path, &target);
        } else {
            fs::copy(&path, target).unwrap();
        }
    }
}

fn open(directory: &Path) -> Arc<EmbeddedStorage> {
    let options = Options {
        directory: directory.to_path_buf(),
        clock: Arc::new(SystemClock::new()),
        entropy: Arc::new(SystemEntropy),
        disk: Arc::new(SystemDisk),
        segment_bytes: 48 << 10,
        run_entries: 64,
        queue_bytes_max: Options::QUEUE_BYTES_MAX,
        queue_statements_max: Options::QUEUE_STATEMENTS_MAX,
        group_cost_max: Options::GROUP_COST_MAX,
        dictionary_samples: 0,
        reserve_bytes: 0,
        on_progress: None,
    };
    EmbeddedStorage::open(&options).unwrap()
}

fn verified(directory: &Path) -> Verified {
    let room = TempDir::new().unwrap();
    let disk: Arc<dyn Disk> = Arc::new(SystemDisk);
    let options = VerifyOptions {
        directory: directory.to_path_buf(),
        disk: Arc::new(ReadOnlyDisk(disk)),
        scratch: room.path().to_path_buf(),
        scratch_disk: Arc::new(ScratchDisk),
        on_progress: None,
    };
    verify(&options).unwrap()
}

/// The key, the label and the hash of each credential, as they stand in the file.
type Row = (String, String, [u8; 32]);

fn rows(data: &Path) -> Vec<Row> {
    let tables = Connection::open(data.join("tables.sqlite")).unwrap();
    let sql = "SELECT id, body ->> 'label', unhex(body ->> '$.secrets[0].mac') FROM records \
         WHERE kind = 'credential' ORDER BY body ->> 'created', id";
    let mut statement = tables.prepare(sql).unwrap();
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    statement.query_map([], read).unwrap().map(Result::unwrap).collect()
}

#[tokio::test]
async fn stores_of_earlier_releases_keep_their_tenants_and_credentials() {
    let stores = all();
    assert!(!stores.is_empty(), "there is a store to open");
    for store in stores {
        let scratch = TempDir::new().unwrap();
        let data = scratch.path().join("data");
        copy_files(&store, &data);
        assert_eq!(verified(&data).findings, [], "{}", store.display());
        let rows = rows(&data);
        let storage = open(&data);
        let tenants = storage.list_tenants().await.unwrap();
        let credentials = storage.list_credentials(TenantId::FIRST).await.unwrap();
        storage.close().unwrap();
        drop(storage);
        let expected = Tenant::new(TenantId::FIRST, "default", tenants[0].created);
        assert_eq!(tenants, [expected], "{}", store.display());
        let found = credentials.into_iter().map(|credential| {
            let mac = credential.secrets[0].mac;
            (credential.key, credential.label, mac)
        });
        let found: Vec<Row> = found.collect();
        assert!(!found.is_empty(), "{}", store.display());
        assert_eq!(found, rows, "{}", store.display());
        assert_eq!(verified(&data).findings, [], "{}", store.display());
    }
}
