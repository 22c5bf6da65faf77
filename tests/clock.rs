//! Stores whose statements are ahead of the clock, which was set back.

#![expect(clippy::unwrap_used, reason = "a test says that it failed by panicking")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use acta_access::TenantId;
use acta_ambient::{Clock as _, ManualClock, SystemClock, SystemEntropy};
use acta_storage::StatementStore as _;
use acta_storage_embedded::{EmbeddedStorage, Options, SystemDisk};
use acta_storage_postgres::PostgresStorage;
use acta_storage_suite::fixture::{Draft, batch};
use acta_tests::{Engine, Server, Store, Version, acta, run};
use tempfile::TempDir;

/// How far the clock was ahead when the statement was stored.
const LEAD: Duration = Duration::from_hours(24);

/// A clock that is ahead.
fn clock_ahead() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(SystemClock::new().now().saturating_add(LEAD)))
}

/// A store with one statement, which was stored under a clock that was ahead.
fn make_store(engine: Engine) -> Store {
    let store = Store::new(engine);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    match engine {
        Engine::Embedded => runtime.block_on(append_in(&store.data())),
        Engine::Postgres => {
            let settings = store.settings();
            let (_, url) = settings.first().unwrap();
            runtime.block_on(append_at(url));
        }
    }
    store
}

async fn append_in(directory: &Path) {
    let options = Options {
        directory: directory.to_path_buf(),
        clock: clock_ahead(),
        entropy: Arc::new(SystemEntropy),
        disk: Arc::new(SystemDisk),
        segment_bytes: Options::SEGMENT_BYTES,
        run_entries: Options::RUN_ENTRIES,
        queue_bytes_max: Options::QUEUE_BYTES_MAX,
        queue_statements_max: Options::QUEUE_STATEMENTS_MAX,
        group_cost_max: Options::GROUP_COST_MAX,
        dictionary_samples: 0,
        reserve_bytes: 0,
        on_progress: None,
    };
    let storage = EmbeddedStorage::open(&options).unwrap();
    storage.append(TenantId::FIRST, batch(&[&Draft::new(1)])).await.unwrap();
    storage.close().unwrap();
}

async fn append_at(url: &str) {
    let entropy = Arc::new(SystemEntropy);
    let options = acta_storage_postgres::Options::new(url, clock_ahead(), entropy);
    let storage = PostgresStorage::open(&options).await.unwrap();
    storage.append(TenantId::FIRST, batch(&[&Draft::new(1)])).await.unwrap();
    storage.close().await;
}

/// Whether these are seconds of the lead, less the time of the test.
fn is_lead(seconds: f64) -> bool {
    let lead = LEAD.as_secs_f64();
    (lead - 600.0..=lead).contains(&seconds)
}

fn check_reports(engine: Engine) {
    let store = make_store(engine);
    let server = Server::start_on(&store, Version::V2_0_0);
    let line = server.logged("statements get times in the future");
    assert_eq!(line["level"], "WARN");
    assert!(is_lead(line["stored.ahead_seconds"].as_f64().unwrap()), "{line}");

    let client = server.client(Version::V2_0_0);
    let metrics = client.call_outside("GET", "/metrics").send().expect(200);
    let reading = |name: &str| {
        let line = metrics.text().lines().find(|line| line.starts_with(&format!("{name} ")));
        line.and_then(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).unwrap()
    };
    assert!(is_lead(reading("acta_stored_ahead_seconds")));
    assert!(reading("acta_clock_jump_seconds").abs() < 1.0);

    let status = store.administer(&["status"]);
    assert!(is_lead(status["stored_ahead_seconds"].as_f64().unwrap()), "{status}");
    assert_eq!(status["clock_jump_seconds"], 0);
    if engine == Engine::Embedded {
        let status = run(acta().args(["status", "--data"]).arg(store.data()));
        assert!(status.out.contains("stored ahead"), "{}", status.out);
    }

    // What is stored now gets a time in the future too. It is logged once.
    for _ in 0..3 {
        client.store(&acta_tests::make::statement());
    }
    assert_eq!(server.log().matches("statements get times in the future").count(), 1);
}

#[test]
fn a_store_in_a_directory_that_is_ahead_of_the_clock_is_reported_everywhere() {
    check_reports(Engine::Embedded);
}

#[test]
fn a_store_in_a_database_that_is_ahead_of_the_clock_is_reported_everywhere() {
    check_reports(Engine::Postgres);
}

#[test]
fn a_store_that_is_not_ahead_of_the_clock_is_not_reported() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let server = Server::start_in(&data, Version::V2_0_0);
    server.client(Version::V2_0_0).store(&acta_tests::make::statement());
    assert!(!server.log().contains("times in the future"));
    let status = run(acta().args(["status", "--data"]).arg(&data));
    assert!(!status.out.contains("ahead"), "{}", status.out);
}
