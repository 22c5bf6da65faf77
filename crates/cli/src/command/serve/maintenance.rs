//! What a server does besides answering: it tells what was counted, removes what has expired
//! and what tenants were deleted.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use acta_admin::Admin;
use acta_auth::Authenticator;
use acta_service::Quotas;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::wire::ServerParts;

/// How often storage is told what was stored, and asked what other nodes have.
const TELL_INTERVAL: Duration = Duration::from_secs(1);

/// How often is looked for what has to go.
const TEND_INTERVAL: Duration = Duration::from_secs(30);

/// How long storage may take for the last counts. A shutdown waits no longer.
const END_TIMEOUT: Duration = Duration::from_secs(10);

/// The work in the background. Any number of nodes may do it at once.
pub(super) struct Tending {
    tasks: TaskTracker,
    stop: CancellationToken,
    quotas: Arc<Quotas>,
    authenticator: Arc<Authenticator>,
}

impl Tending {
    /// Begins it.
    pub(super) fn begin(parts: &ServerParts) -> Self {
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let quotas = Arc::clone(&parts.http.quotas);
        tasks.spawn(tell(Arc::clone(&quotas), stop.clone()));
        tasks.spawn(tend(parts.admin.admin.clone(), stop.clone()));
        tasks.close();
        Self { tasks, stop, quotas, authenticator: Arc::clone(&parts.http.authenticator) }
    }

    /// Ends it. What was counted is told a last time; what has to go waits for the next start.
    pub(super) async fn end(self) {
        self.stop.cancel();
        self.tasks.wait().await;
        let last = async {
            FailureLog::new("save what tenants have stored").note(self.quotas.flush().await);
            let saved = self.authenticator.save_uses().await;
            FailureLog::new("tell when credentials were last used").note(saved);
        };
        if tokio::time::timeout(END_TIMEOUT, last).await.is_err() {
            warn!("storage does not answer: the last counts are lost");
        }
    }
}

/// Tells what was stored. One telling is short and is not broken off: its counts would be lost.
async fn tell(quotas: Arc<Quotas>, stop: CancellationToken) {
    let mut trouble = FailureLog::new("save what tenants have stored");
    while stop.run_until_cancelled(tokio::time::sleep(TELL_INTERVAL)).await.is_some() {
        trouble.note(quotas.flush().await);
    }
}

/// Tends. It may take minutes to remove a tenant, which goes on at the next start if it is
/// broken off.
async fn tend(admin: Admin, stop: CancellationToken) {
    let mut trouble = FailureLog::new("remove what has expired");
    while let Some(tended) = stop.run_until_cancelled(admin.tend()).await {
        trouble.note(tended);
        let pause = stop.run_until_cancelled(tokio::time::sleep(TEND_INTERVAL)).await;
        if pause.is_none() {
            return;
        }
    }
}

/// Work that is repeated and may fail each time: the log tells the first failure of a row, and
/// its end.
struct FailureLog {
    act: &'static str,
    is_failing: bool,
}

impl FailureLog {
    const fn new(act: &'static str) -> Self {
        Self { act, is_failing: false }
    }

    /// Takes note of how it went.
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
