//! Files of stores that are made for this.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use acta_access::TenantId;
use acta_ambient::{ManualClock, SeededEntropy};
use acta_statement_log::fuzzing::OpenSegment;
use acta_storage::{Batch, StatementStore};
use acta_storage_embedded::{EmbeddedStorage, Options, SystemDisk};
use acta_storage_suite::fixture::{Draft, START, activity};

use crate::input::SEPARATOR;
use crate::request::runtime;

/// The files of a store.
pub(super) struct Store {
    identity: Vec<u8>,
    segments: Vec<Vec<u8>>,
    runs: Vec<Vec<u8>>,
}

/// Statements in each store, and how many of them are in a batch.
const SIZES: [(u128, usize); 4] = [(1, 1), (12, 5), (70, 15), (300, 60)];

/// Makes stores of several sizes, and one in which statements were erased.
pub(super) fn make() -> Vec<Store> {
    let plain = SIZES.into_iter().map(|(count, batch_count)| make_one(count, batch_count, false));
    plain.chain([make_one(70, 15, true)]).collect()
}

fn make_one(count: u128, batch_count: usize, is_erased: bool) -> Store {
    let directory = tempfile::TempDir::new().expect("the temporary directory takes files");
    let options = Options {
        directory: directory.path().to_path_buf(),
        clock: Arc::new(ManualClock::new(START)),
        entropy: Arc::new(SeededEntropy::new(1)),
        disk: Arc::new(SystemDisk),
        segment_bytes: 1 << 20,
        run_entries: 1000,
        queue_bytes_max: Options::QUEUE_BYTES_MAX,
        queue_statements_max: Options::QUEUE_STATEMENTS_MAX,
        group_cost_max: Options::GROUP_COST_MAX,
        dictionary_samples: 0,
        reserve_bytes: 0,
        on_progress: None,
    };
    let storage = EmbeddedStorage::open(&options).expect("an empty directory becomes a store");
    let other = TenantId::new(2).expect("is a tenant");
    let drafts: Vec<Draft> = (1..=count).map(draft).collect();
    for (number, batch) in drafts.chunks(batch_count).enumerate() {
        let statements = batch.iter().map(Draft::build).collect();
        let tenant = if number % 4 == 3 { other } else { TenantId::FIRST };
        let batch = Batch { statements, attachments: Vec::new() };
        let appended = runtime().block_on(storage.append(tenant, batch));
        assert!(appended.is_ok(), "a store takes statements");
    }
    storage.close().expect("a store closes");
    drop(storage);
    if is_erased {
        erase(&options);
    }
    let read = |name: &str| read_all(&directory.path().join(name));
    let identity = fs::read(directory.path().join("store")).expect("a store has its identity");
    Store { identity, segments: read("log"), runs: read("index") }
}

/// Erases statements, and lets a start make the index again from what is left.
fn erase(options: &Options) {
    let log = options.directory.join("log");
    let segment = OpenSegment::open(&SystemDisk, &log).expect("a segment can be read");
    let erased = segment.expect("a segment has a header").erase().expect("a segment can be read");
    fs::write(log.join("00000001.log"), erased).expect("a file can be written");
    fs::remove_file(log.join("closed")).expect("a store was closed");
    fs::remove_dir_all(options.directory.join("index")).expect("a store has an index");
    let storage = EmbeddedStorage::open(options).expect("a store opens");
    storage.close().expect("a store closes");
}

fn draft(number: u128) -> Draft {
    match number % 7 {
        5 => Draft::voiding(number, number - 3),
        6 => Draft::referring(number, number - 2),
        kind => Draft::new(number)
            .verb(["done", "seen", "left"][usize::try_from(number % 3).unwrap_or_default()])
            .object(activity(if kind == 0 { "a" } else { "b" })),
    }
}

fn read_all(directory: &Path) -> Vec<Vec<u8>> {
    let mut paths: Vec<_> =
        fs::read_dir(directory).into_iter().flatten().flatten().map(|file| file.path()).collect();
    paths.sort();
    paths.into_iter().filter_map(|path| fs::read(path).ok()).collect()
}

/// Identities, packed texts and segments.
pub(super) fn log(stores: &[Store]) -> Vec<Vec<u8>> {
    let identities = stores.iter().map(|store| [&[0], store.identity.as_slice()].concat());
    let segments = stores.iter().flat_map(|store| &store.segments);
    let segments = segments.map(|segment| [&[2], segment.as_slice()].concat());
    let texts = ["", "{}", "{\"a\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}"];
    let packed = texts.map(|text| {
        let packed = zstd::bulk::compress(text.as_bytes(), 3).expect("texts can be packed");
        [&[1, SEPARATOR], packed.get(4..).unwrap_or_default()].concat()
    });
    identities.chain(segments).chain(packed).collect()
}

/// The first run of each store.
pub(super) fn index(stores: &[Store]) -> Vec<Vec<u8>> {
    let runs = stores.iter().filter_map(|store| store.runs.first());
    runs.flat_map(|run| [3, 200].map(|choice| [&[choice], run.as_slice()].concat())).collect()
}
