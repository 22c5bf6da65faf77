//! The writers: one for each tenant with queued batches.

use std::sync::Arc;

use acta_access::TenantId;
use acta_ambient::LeadWatch;
use acta_storage::{
    Appended, NewStatement, StorageError, TaskRequester, TermHasher, background_span,
    current_requester, for_requester, group_span,
};
use tokio::sync::{oneshot, watch};
use tokio_util::task::TaskTracker;
use tracing::{Instrument, Span};

use super::consistent_through::ConsistentThrough;
use super::encode::EncodedStatement;
use super::group::BatchGroup;
use super::meters::{Metered, Meters};
use super::queue::{AppendJob, Pushed, Queue};
use super::shared::Shared;
use crate::Options;
use crate::attachments::Staged;
use crate::database::Database;

/// Stores statements.
#[derive(Debug)]
pub(crate) struct Statements {
    shared: Arc<Shared>,
    tasks: TaskTracker,
}

impl Statements {
    /// Without queued batches. `appended` is notified when statements are stored.
    pub(crate) fn new(
        database: Arc<Database>,
        hasher: TermHasher,
        tasks: TaskTracker,
        appended: watch::Sender<u64>,
        options: &Options,
    ) -> Self {
        let consistent_through = ConsistentThrough::new(options.consistent_through_age_max);
        let (queue, meters) = (Queue::default(), Meters::default());
        Self {
            shared: Arc::new(Shared {
                database,
                hasher,
                consistent_through,
                meters,
                stored_lead: LeadWatch::default(),
                appended,
                queue,
            }),
            tasks,
        }
    }

    /// As [`acta_storage::StatementStore::append`].
    pub(super) async fn append(
        &self,
        tenant: TenantId,
        statements: Vec<NewStatement>,
        attachments: Vec<Staged>,
    ) -> Result<Appended, StorageError> {
        let shared = &self.shared;
        let (database, hasher) = (&*shared.database, &shared.hasher);
        let statements = EncodedStatement::all_of(database, hasher, tenant, statements).await?;
        if self.tasks.is_closed() {
            return Err(StorageError::Halted);
        }
        let (answer, appended) = oneshot::channel();
        let (span, requester) = (Span::current(), current_requester().id);
        let job = AppendJob { statements, attachments, requester, span, answer };
        match shared.queue.push(tenant, job)? {
            Pushed::Waits => {}
            Pushed::Begins => {
                let span = background_span("append", Some(tenant));
                let writing = write(Arc::clone(shared), tenant).instrument(span);
                self.tasks.spawn(for_requester(TaskRequester::of_tenant(tenant), writing));
            }
        }
        // A writer drops the sender only if it panics.
        appended.await.unwrap_or(Err(StorageError::Halted))
    }

    /// The shared state.
    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// The cache of consistent-through times.
    pub(super) fn consistent_through(&self) -> &ConsistentThrough {
        &self.shared.consistent_through
    }

    /// How far the latest `stored` of any tenant is ahead of the clock.
    pub(crate) fn stored_lead(&self) -> &LeadWatch {
        &self.shared.stored_lead
    }

    /// The counters.
    pub(crate) fn meters(&self) -> Metered {
        self.shared.meters.read(self.shared.queue.count())
    }
}

/// Lets another writer start for the tenant if this one panics.
struct ForgetOnPanic<'a>(&'a Queue, TenantId);

impl Drop for ForgetOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.forget(self.1);
        }
    }
}

/// Stores the queued batches of a tenant, group by group, until there are none.
async fn write(shared: Arc<Shared>, tenant: TenantId) {
    let _guard = ForgetOnPanic(&shared.queue, tenant);
    loop {
        let jobs = shared.queue.take(tenant);
        if jobs.is_empty() {
            return;
        }
        let span = group_span("append", jobs.iter().map(|job| &job.span));
        let group = BatchGroup { shared: &shared, tenant, jobs, is_unknown: false };
        group.store().instrument(span).await;
        shared.appended.send_modify(|count| *count = count.wrapping_add(1));
    }
}
