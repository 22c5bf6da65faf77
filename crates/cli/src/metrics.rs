//! Statistics of the engine and of followers, for `/metrics`.

use std::sync::Arc;

use acta_facts::{FactStatus, FactStore};
use acta_followers::{FollowerStatus, FollowerWatch, FollowerWork};
use acta_http::{MetricReading, MetricSource};
use acta_http_admin::{ClockGauge, ClockReading};
use acta_storage_embedded::EmbeddedStorage;
use acta_storage_postgres::{Connections, PostgresStorage};

use crate::command::serve::{AuditCounts, CertificateEnd};
use crate::wire::Engine;

/// Reads the statistics of the engine, of the followers, of facts and of the certificate.
pub(crate) struct StoreMetrics {
    pub(crate) engine: Engine,
    /// How the times of the store relate to the clock.
    pub(crate) clock: Arc<dyn ClockGauge>,
    /// The lengths of the audit chains.
    pub(crate) audit_counts: Arc<AuditCounts>,
    /// The followers that run.
    pub(crate) followers: FollowerWatch,
    /// The facts, if there are any.
    pub(crate) facts: Option<Arc<FactStore>>,
    /// When the certificate in use ends, if there is one.
    pub(crate) certificate: Option<CertificateEnd>,
}

type Reading = (&'static str, &'static str, f64);

impl MetricSource for StoreMetrics {
    fn read(&self) -> Vec<MetricReading> {
        let readings = match &self.engine {
            Engine::Embedded(storage) => embedded(storage),
            Engine::Postgres(storage) => postgres(storage),
        };
        let label = None;
        let named = readings.into_iter().chain(of_clock(self.clock.read()));
        let named = named.chain(self.certificate.as_ref().map(of_certificate));
        let named = named.map(|(name, help, value)| MetricReading { name, help, label, value });
        let named = named.chain(of_audit(&self.audit_counts));
        let facts = self.facts.iter().flat_map(|facts| of_facts(facts));
        named.chain(of_followers(&self.followers.statuses())).chain(facts).collect()
    }
}

#[expect(clippy::cast_precision_loss, reason = "numbers for people")]
fn of_audit(counts: &AuditCounts) -> [MetricReading; 2] {
    [("server", counts.server()), ("tenants", counts.tenants())].map(|(chain, count)| {
        MetricReading {
            name: "acta_audit_entries",
            help: "Entries of the audit when their hashes were last logged",
            label: Some(("chain", chain)),
            value: count as f64,
        }
    })
}

#[expect(clippy::cast_precision_loss, reason = "numbers for people")]
fn of_facts(facts: &FactStore) -> [MetricReading; 4] {
    let statuses = facts.statuses();
    let sum = |of: fn(&FactStatus) -> u64| statuses.iter().map(of).sum::<u64>() as f64;
    [
        ("acta_facts", "Facts of all tenants on this server", sum(|status| status.count)),
        ("acta_facts_disk_bytes", "Size of their files", sum(|status| status.disk_bytes)),
        (
            "acta_facts_full_tenants",
            "Tenants of which no more facts are made, since their dictionaries are full",
            sum(|status| status.is_full.into()),
        ),
        ("acta_facts_memory_bytes", "Memory that they take", sum(|status| status.memory_bytes)),
    ]
    .map(|(name, help, value)| MetricReading { name, help, label: None, value })
}

#[expect(clippy::cast_precision_loss, reason = "numbers for people")]
fn of_clock(now: ClockReading) -> [Reading; 2] {
    [
        (
            "acta_clock_jump_seconds",
            "How far the clock of the machine has jumped ahead, if that jump is not followed",
            now.jump_micros as f64 / 1_000_000.0,
        ),
        (
            "acta_stored_ahead_seconds",
            "How far the latest stored time is ahead of the clock",
            now.stored_lead.as_secs_f64(),
        ),
    ]
}

#[expect(clippy::cast_precision_loss, reason = "seconds are less than 2^53")]
fn of_certificate(end: &CertificateEnd) -> Reading {
    (
        "acta_tls_certificate_expiry_timestamp_seconds",
        "When the certificate in use ends, in seconds since 1970",
        end.read().unix_micros().div_euclid(1_000_000) as f64,
    )
}

#[expect(clippy::cast_precision_loss, reason = "numbers for people")]
fn of_followers(statuses: &[FollowerStatus]) -> Vec<MetricReading> {
    type Read = fn(&FollowerStatus) -> f64;
    const METRICS: [(&str, &str, Read); 4] = [
        ("acta_follower_running", "1 on the node that runs the follower", |status| {
            f64::from(u8::from(status.work == FollowerWork::Following))
        }),
        (
            "acta_follower_lag_statements",
            "Statements not read yet, on the node that runs the follower",
            |status| status.lag as f64,
        ),
        ("acta_follower_statements_total", "Statements read since the start", |status| {
            status.record_count as f64
        }),
        ("acta_follower_failures_total", "Failures since the start", |status| {
            status.failure_count as f64
        }),
    ];
    let reading = |(name, help, read): (_, _, Read)| {
        statuses.iter().map(move |status| {
            let label = Some(("follower", status.name.as_str()));
            MetricReading { name, help, label, value: read(status) }
        })
    };
    METRICS.into_iter().flat_map(reading).collect()
}

#[expect(clippy::cast_precision_loss, reason = "numbers for people")]
fn embedded(storage: &EmbeddedStorage) -> Vec<Reading> {
    let now = storage.statistics();
    vec![
        ("acta_statements", "Statements in the store", now.statement_count as f64),
        ("acta_log_bytes", "Bytes of the statement log", now.log_bytes as f64),
        ("acta_log_segments", "Segments of the statement log", now.segment_count as f64),
        ("acta_index_runs", "Runs of the index", now.run_count as f64),
        ("acta_write_queue_batches", "Batches waiting to be written", now.waiting_count as f64),
        (
            "acta_write_groups_total",
            "Groups of batches written with one sync",
            now.group_count as f64,
        ),
        (
            "acta_write_group_statements_total",
            "Statements in those groups",
            now.group_statement_count as f64,
        ),
        ("acta_log_syncs_total", "Syncs of the log", now.sync_count as f64),
        (
            "acta_log_sync_seconds_total",
            "Time spent in syncs of the log",
            now.sync_time.as_secs_f64(),
        ),
        ("acta_halted", "1 after a failed sync", f64::from(u8::from(now.is_halted))),
    ]
}

#[expect(clippy::cast_precision_loss, reason = "numbers for people")]
fn postgres(storage: &PostgresStorage) -> Vec<Reading> {
    let now = storage.statistics();
    let mut readings = vec![
        ("acta_write_queue_batches", "Batches waiting to be written", now.waiting_count as f64),
        (
            "acta_write_groups_total",
            "Transactions of this node that stored statements",
            now.group_count as f64,
        ),
        (
            "acta_write_group_statements_total",
            "Statements in those transactions",
            now.group_statement_count as f64,
        ),
    ];
    readings.extend(connections(&OF_DATABASE, &now.database));
    readings.extend(now.replica.iter().flat_map(|replica| connections(&OF_REPLICA, replica)));
    readings
}

/// The names of the metrics of connections.
type Names = [&'static str; 8];

const OF_DATABASE: Names = [
    "acta_database_reachable",
    "acta_database_connections_max",
    "acta_database_connections",
    "acta_database_connections_busy",
    "acta_database_operations_waiting",
    "acta_database_failures_total",
    "acta_database_reconnects_total",
    "acta_database_repeats_total",
];

const OF_REPLICA: Names = [
    "acta_replica_reachable",
    "acta_replica_connections_max",
    "acta_replica_connections",
    "acta_replica_connections_busy",
    "acta_replica_operations_waiting",
    "acta_replica_failures_total",
    "acta_replica_reconnects_total",
    "acta_replica_repeats_total",
];

#[expect(clippy::cast_precision_loss, reason = "numbers for people")]
fn connections(names: &Names, now: &Connections) -> Vec<Reading> {
    let readings = [
        ("1 if the database can be reached, 0 if not", f64::from(u8::from(now.is_reachable))),
        ("Maximum connections of this node", now.connections_max as f64),
        ("Open connections", now.connection_count as f64),
        ("Connections in use", now.busy_count as f64),
        ("Operations waiting for a connection", now.waiting_count as f64),
        ("Failed operations, including those that succeeded on retry", now.failure_count as f64),
        ("Operations retried on another connection", now.reconnect_count as f64),
        ("Operations retried after a conflict", now.repeat_count as f64),
    ];
    names.iter().zip(readings).map(|(name, (help, value))| (*name, help, value)).collect()
}
