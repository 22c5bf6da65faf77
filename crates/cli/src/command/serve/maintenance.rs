//! Background work of a server: it reports usage counts, and removes expired records and the data
//! of deleted tenants.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use acta_admin::Admin;
use acta_ambient::GuardedClock;
use acta_auth::Authenticator;
use acta_service::Quotas;
use acta_storage::background_span;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, info, warn};

use super::audit_heads::{AuditCounts, AuditHeads};
use crate::wire::{Engine, ServerParts};

/// How often usage is reported to storage, and the usage of other nodes is read.
const USAGE_INTERVAL: Duration = Duration::from_secs(1);

/// How often expired records and deleted tenants are removed.
const MAINTENANCE_INTERVAL: Duration = Duration::from_secs(30);

/// How often the clock is compared with that of the database.
const COMPARISON_INTERVAL: Duration = Duration::from_secs(30);

const READING_AUDIT: &str = "read the ends of the audit chains";

/// How long a shutdown waits for the last report.
const END_TIMEOUT: Duration = Duration::from_secs(10);

/// The background work. Any number of nodes may do it at the same time.
pub(super) struct Maintenance {
    tasks: TaskTracker,
    stop: CancellationToken,
    quotas: Arc<Quotas>,
    authenticator: Arc<Authenticator>,
    audit_heads: JoinHandle<AuditHeads>,
}

/// What the background work needs besides the parts of the server.
pub(super) struct MaintenanceOptions {
    /// The clocks that are compared, if there are two.
    pub(super) clock: Option<ClockComparison>,
    /// Where the lengths of the audit chains are noted.
    pub(super) audit_counts: Arc<AuditCounts>,
    /// How often the ends of the audit chains are logged.
    pub(super) audit_interval: Duration,
}

impl Maintenance {
    /// Starts it.
    pub(super) fn begin(parts: &ServerParts, options: MaintenanceOptions) -> Self {
        let MaintenanceOptions { clock, audit_counts, audit_interval } = options;
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let quotas = Arc::clone(parts.http.service.quotas());
        let span = background_span("usage", None);
        tasks.spawn(report_usage(Arc::clone(&quotas), stop.clone()).instrument(span));
        let span = background_span("maintenance", None);
        tasks.spawn(run_maintenance(parts.admin.admin.clone(), stop.clone()).instrument(span));
        if let Some(clock) = clock {
            let span = background_span("clock", None);
            tasks.spawn(compare_clocks(clock, stop.clone()).instrument(span));
        }
        let span = background_span("audit", None);
        let heads = AuditHeads::new(parts.admin.admin.clone(), audit_counts);
        let logging = log_audit_heads(heads, audit_interval, stop.clone());
        let audit_heads = tasks.spawn(logging.instrument(span));
        tasks.close();
        let authenticator = Arc::clone(&parts.http.authenticator);
        Self { tasks, stop, quotas, authenticator, audit_heads }
    }

    /// Stops it. Usage is reported a last time. Remaining removals wait for the next start.
    pub(super) async fn end(self) {
        self.stop.cancel();
        self.tasks.wait().await;
        let last = async {
            FailureLog::new("report the usage of tenants").note(self.quotas.flush().await);
            let saved = self.authenticator.save_uses().await;
            FailureLog::new("report the last use of credentials").note(saved);
            if let Ok(mut heads) = self.audit_heads.await {
                FailureLog::new(READING_AUDIT).note(heads.log().await);
            }
        };
        if tokio::time::timeout(END_TIMEOUT, last).await.is_err() {
            warn!("storage does not respond: the last usage counts and audit heads are lost");
        }
    }
}

/// Compares the clock of this node with that of the database again and again.
pub(super) struct ClockComparison {
    engine: Engine,
    clock: Arc<GuardedClock>,
}

impl ClockComparison {
    /// None for a store in a directory, which has no other clock.
    pub(super) fn new(engine: &Engine, clock: &Arc<GuardedClock>) -> Option<Self> {
        match engine {
            Engine::Embedded(_) => None,
            Engine::Postgres(_) => Some(Self { engine: engine.clone(), clock: Arc::clone(clock) }),
        }
    }
}

/// Compares the clocks until the server stops.
async fn compare_clocks(comparison: ClockComparison, stop: CancellationToken) {
    let ClockComparison { engine, clock } = comparison;
    let mut failures = FailureLog::new("compare the clock with that of the database");
    while stop.run_until_cancelled(tokio::time::sleep(COMPARISON_INTERVAL)).await.is_some() {
        let Some(compared) = stop.run_until_cancelled(engine.compare_clock(&clock)).await else {
            return;
        };
        failures.note(compared);
    }
}

/// Logs the ends of the audit chains, and gives them back for the last time.
async fn log_audit_heads(
    mut heads: AuditHeads,
    interval: Duration,
    stop: CancellationToken,
) -> AuditHeads {
    let mut failures = FailureLog::new(READING_AUDIT);
    while let Some(logged) = stop.run_until_cancelled(heads.log()).await {
        failures.note(logged);
        if stop.run_until_cancelled(tokio::time::sleep(interval)).await.is_none() {
            break;
        }
    }
    heads
}

/// Reports usage. A report is short and not aborted, because its counts would be lost.
async fn report_usage(quotas: Arc<Quotas>, stop: CancellationToken) {
    let mut failures = FailureLog::new("report the usage of tenants");
    while stop.run_until_cancelled(tokio::time::sleep(USAGE_INTERVAL)).await.is_some() {
        failures.note(quotas.flush().await);
    }
}

/// Runs the maintenance. The removal of a tenant may take minutes. If it is aborted, it continues
/// at the next start.
async fn run_maintenance(admin: Admin, stop: CancellationToken) {
    let mut failures = FailureLog::new("remove expired records and deleted tenants");
    while let Some(result) = stop.run_until_cancelled(admin.run_maintenance()).await {
        failures.note(result);
        let pause = stop.run_until_cancelled(tokio::time::sleep(MAINTENANCE_INTERVAL)).await;
        if pause.is_none() {
            return;
        }
    }
}

/// Repeated work that can fail: only the first of consecutive failures is logged, and the next
/// success.
struct FailureLog {
    act: &'static str,
    is_failing: bool,
}

impl FailureLog {
    const fn new(act: &'static str) -> Self {
        Self { act, is_failing: false }
    }

    /// Records a result.
    fn note<E: Error + 'static>(&mut self, outcome: Result<(), E>) {
        let act = self.act;
        match outcome {
            Ok(()) => {
                if std::mem::take(&mut self.is_failing) {
                    info!("could {act} again");
                }
            }
            Err(error) => {
                if !std::mem::replace(&mut self.is_failing, true) {
                    let error: &dyn Error = &error;
                    warn!(error, "could not {act}");
                }
            }
        }
    }
}
