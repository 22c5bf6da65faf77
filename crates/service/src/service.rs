//! The service: its dependencies, its configuration, and what all use cases share.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use acta_access::{Act, Principal, TenantId, decide};
use acta_ambient::{Clock, Entropy, Timestamp};
use acta_storage::{LONG_WORK_BYTES, Shares, Storage, Weights, spawn_low_priority};
use acta_xapi::{Iri, ParseLimits, ProfilePrecondition};

use crate::documents::turns::Turns;
use crate::heads::{LogHeads, Summaries};
use crate::home_pages::HomePages;
use crate::{Quotas, ServiceError};

/// The configuration of the use cases.
#[derive(Clone, Debug)]
pub struct Options {
    /// The home page of the accounts in the authority of statements.
    pub authority_home_page: Iri,
    /// Limits on a request for storing statements.
    pub parse: ParseLimits,
    /// The limits of a page of statements.
    pub page: StatementPageLimits,
    /// Longest single statement, in bytes.
    pub statement_bytes_max: usize,
    /// Longest signature of a statement, in bytes.
    pub signature_bytes_max: u64,
    /// Largest document, also after a merge, in bytes.
    pub document_bytes_max: usize,
    /// Most documents of one place.
    pub documents_count_max: usize,
    /// Whether the PUT of a new profile needs a precondition.
    pub profile_precondition: ProfilePrecondition,
}

/// The limits of a page of statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatementPageLimits {
    /// Statements if the request gives no limit.
    pub count: usize,
    /// Most statements.
    pub count_max: usize,
    /// A page ends once it has this many bytes of statements.
    pub bytes_max: usize,
}

impl StatementPageLimits {
    /// The number of statements on a page for a request with `limit`: 0 is the most.
    pub fn count_for(&self, limit: Option<u64>) -> usize {
        let wanted = match limit {
            None => self.count,
            Some(0) => self.count_max,
            Some(limit) => usize::try_from(limit).unwrap_or(usize::MAX),
        };
        wanted.min(self.count_max)
    }
}

/// The dependencies of a [`Service`].
pub struct ServiceParts {
    /// The store.
    pub storage: Arc<dyn Storage>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The source of ids for statements that were sent without one.
    pub entropy: Arc<dyn Entropy>,
    /// The configuration.
    pub options: Options,
}

/// The use cases.
#[derive(Clone)]
pub struct Service {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) quotas: Arc<Quotas>,
    pub(crate) options: Arc<Options>,
    pub(crate) merges: Arc<Turns>,
    pub(crate) heads: Arc<LogHeads>,
    pub(crate) summaries: Arc<Summaries>,
    pub(crate) home_pages: Arc<HomePages>,
    /// Permits for work that keeps a processor busy: one for each processor.
    workers: Shares,
    /// The same for long work, for which shorter work does not wait.
    long_workers: Shares,
    /// Permits for storing what is large: one for each processor.
    pub(crate) large_writes: Shares,
}

impl fmt::Debug for ServiceParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceParts").field("options", &self.options).finish_non_exhaustive()
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Service {
    /// How long a caller should wait after losing every race for a document.
    pub(crate) const RACE_RETRY_AFTER: Duration = Duration::from_secs(1);

    /// Work on more bytes than this moves off the threads of the runtime. The worst input of this
    /// size takes a millisecond, an ordinary one a tenth of that.
    pub(crate) const INLINE_BYTES_MAX: usize = 16 * 1024;

    /// Creates the use cases.
    pub fn new(parts: ServiceParts) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let weights = parts.storage.weights();
        Self {
            merges: Arc::default(),
            summaries: Arc::default(),
            home_pages: Arc::default(),
            heads: Arc::new(LogHeads::new(&parts.storage)),
            workers: Shares::new(processors, weights.clone()),
            long_workers: Shares::new(processors, weights.clone()),
            large_writes: Shares::new(processors, weights.clone()),
            quotas: Quotas::new(Arc::clone(&parts.storage), Arc::clone(&parts.clock)),
            storage: parts.storage,
            clock: parts.clock,
            entropy: parts.entropy,
            options: Arc::new(parts.options),
        }
    }

    /// The quotas of tenants. Everything that is stored here is counted in them.
    pub fn quotas(&self) -> &Arc<Quotas> {
        &self.quotas
    }

    /// The weights by which tenants share processors, and what else the callers share.
    pub fn weights(&self) -> &Weights {
        self.storage.weights()
    }

    /// The limits of a page of statements.
    pub fn page_limits(&self) -> StatementPageLimits {
        self.options.page
    }

    /// The instant before which every statement of the tenant can be read; without a tenant,
    /// the current time. Whole milliseconds.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Busy`] or [`ServiceError::Failed`] if it cannot be determined.
    ///
    /// Spec: xAPI 1.0.3, Part Three, 2.1.3, header `X-Experience-API-Consistent-Through`.
    pub async fn consistent_through(
        &self,
        tenant: Option<TenantId>,
    ) -> Result<Timestamp, ServiceError> {
        match tenant {
            Some(tenant) => Ok(self.storage.consistent_through(tenant).await?),
            None => Ok(self.clock.now().floor_to_millis()),
        }
    }

    /// Random bits, for example for a multipart boundary that occurs in no content.
    pub fn random_bits(&self) -> u128 {
        let mut bytes = [0; 16];
        self.entropy.fill(&mut bytes);
        u128::from_be_bytes(bytes)
    }

    /// Checks that statements and documents can be stored and read.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Busy`], [`ServiceError::Halted`] or [`ServiceError::Failed`] when they
    /// cannot.
    pub async fn check_ready(&self) -> Result<(), ServiceError> {
        Ok(self.storage.check_ready().await?)
    }

    /// Runs `work` on so many bytes of a tenant without delaying other requests: in place if it is
    /// small, otherwise on another thread, of which there are no more than processors, and which
    /// tenants share.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Failed`] if it panics.
    pub async fn run<T: Send + 'static>(
        &self,
        tenant: TenantId,
        bytes: usize,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ServiceError> {
        if bytes <= Self::INLINE_BYTES_MAX {
            return Ok(work());
        }
        self.run_on_worker(tenant, bytes, work).await
    }

    /// As [`Service::run`], but never in place.
    pub(crate) async fn run_on_worker<T: Send + 'static>(
        &self,
        tenant: TenantId,
        bytes: usize,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ServiceError> {
        let cost = u64::try_from(bytes).unwrap_or(u64::MAX);
        let is_long = LONG_WORK_BYTES <= bytes;
        let workers = if is_long { &self.long_workers } else { &self.workers };
        let share = workers.acquire(tenant, cost).await;
        let work = move || {
            let done = work();
            drop(share);
            done
        };
        if !is_long {
            return Ok(acta_storage::spawn_blocking(work).await?);
        }
        // What is small, and the writer of the log, do not wait for processors then.
        let begun = spawn_low_priority(work).map_err(ServiceError::of_thread)?;
        begun.join().await.map_err(ServiceError::of_thread)
    }

    pub(crate) fn permit(principal: &Principal, act: Act) -> Result<(), ServiceError> {
        decide(principal, act).map_err(ServiceError::Denied)
    }
}

#[cfg(test)]
mod tests;
