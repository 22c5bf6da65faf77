//! The shared state of all handlers, and its parts.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;

use acta_ambient::{Clock, Entropy};
use acta_auth::Authenticator;
use acta_auth::oidc::BearerVerifier;
use acta_service::Service;
use acta_storage::{Shares, Storage, StorageError};
use hyper::header::HeaderValue;
use tokio_util::sync::CancellationToken;

use crate::connection::EventStreams;
use crate::metrics::{MetricSource, Metrics};
use crate::options::{Options, TlsOptions};
use crate::permit::anonymous::AnonymousRequests;
use crate::permit::memory::Memory;
use crate::permit::party::SharedLimit;
use crate::refusals::Refusals;

/// The environment of a server.
#[derive(Clone)]
pub struct Backend {
    /// The store.
    pub storage: Arc<dyn Storage>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The source of ids and secrets.
    pub entropy: Arc<dyn Entropy>,
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backend").finish_non_exhaustive()
    }
}

/// The options of all parts of the server.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Authentication.
    pub auth: acta_auth::Options,
    /// The verifier of access tokens.
    pub bearer: Option<Arc<BearerVerifier>>,
    /// The server.
    pub http: Options,
}

/// The parts of the server.
pub struct HttpParts {
    /// The use cases.
    pub service: Service,
    /// Authenticates requests.
    pub authenticator: Arc<Authenticator>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Metrics of the storage engine.
    pub metrics: Option<Arc<dyn MetricSource>>,
    /// The options.
    pub options: Options,
}

impl fmt::Debug for HttpParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpParts").field("options", &self.options).finish_non_exhaustive()
    }
}

impl HttpParts {
    /// Builds the parts on a store and the use cases on it, without metrics of the store.
    ///
    /// # Errors
    ///
    /// As [`acta_storage::SecretStore::get_or_create_secret`].
    pub async fn open(
        backend: &Backend,
        service: Service,
        settings: Settings,
    ) -> Result<Self, StorageError> {
        let Backend { storage, clock, entropy } = backend;
        let authenticator = Authenticator::open(
            Arc::clone(storage),
            Arc::clone(clock),
            Arc::clone(entropy),
            settings.auth,
        );
        let authenticator = authenticator.await?.with_bearer(settings.bearer);
        Ok(Self {
            service,
            authenticator: Arc::new(authenticator),
            clock: Arc::clone(clock),
            metrics: None,
            options: settings.http,
        })
    }
}

/// Reads a secret of the store, and creates it if there is none.
///
/// # Errors
///
/// As [`acta_storage::SecretStore::get_or_create_secret`].
pub async fn get_or_create_secret(backend: &Backend, name: &str) -> Result<[u8; 32], StorageError> {
    let mut proposed = [0; 32];
    backend.entropy.fill(&mut proposed);
    backend.storage.get_or_create_secret(name, proposed).await
}

/// The shared state of all handlers.
pub type Shared = Arc<Dependencies>;

/// The dependencies of handlers, shared as [`Shared`].
pub struct Dependencies {
    /// The use cases.
    pub service: Service,
    /// Authenticates requests.
    pub authenticator: Arc<Authenticator>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// A permit for each page that is read from storage; the cost is in bytes.
    pub query_shares: Shares,
    /// The open event streams.
    pub streams: EventStreams,
    /// Is cancelled when the server is asked to stop, before it closes its listener.
    pub(crate) draining: CancellationToken,
    /// Is cancelled when the server stops: event streams end then.
    pub stopping: CancellationToken,
    /// The last refusals of each credential.
    pub refusals: Refusals,
    /// The options.
    pub options: Options,
    /// The value of `Strict-Transport-Security` in every response.
    pub(crate) hsts: Option<HeaderValue>,
    pub(crate) metrics: Metrics,
    /// The memory of requests and responses.
    pub(crate) memory: Arc<Memory>,
    /// The memory of unauthenticated requests.
    pub(crate) anonymous_memory: Arc<Memory>,
    /// The requests without a valid credential, by network address.
    pub(crate) anonymous_requests: AnonymousRequests,
    /// The requests in progress.
    pub(crate) workload: SharedLimit,
    /// Those of them that read documents.
    pub(crate) document_readers: SharedLimit,
    /// A permit for each document that is read from storage; the cost is in bytes.
    pub(crate) document_shares: Shares,
}

impl fmt::Debug for Dependencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dependencies").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Dependencies {
    /// The fraction of requests in progress that may read documents.
    const READERS_PART: usize = 4;

    /// The fraction of the memory for unauthenticated requests.
    const ANONYMOUS_PART: usize = 8;

    /// Pages, and as many documents, that are read from storage at a time for each processor:
    /// enough to keep a disk busy, and few enough for the processor. One tenant gets a quarter of
    /// them.
    const SHARES_PER_PROCESSOR: usize = 4;

    /// Builds the shared state from the parts.
    pub fn new(parts: HttpParts) -> Shared {
        let HttpParts { service, authenticator, clock, metrics, options } = parts;
        let bytes = options.bounds.memory_bytes_max;
        let anonymous_bytes = bytes / Self::ANONYMOUS_PART;
        let memory = Memory::new(bytes - anonymous_bytes);
        let anonymous_memory = Memory::new(anonymous_bytes);
        let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let count = processors * Self::SHARES_PER_PROCESSOR;
        let weights = service.weights().clone();
        let reads = || Shares::with_tenant_max(count, processors.max(2), weights.clone());
        let metrics = Metrics::new(metrics, [Arc::clone(&memory), Arc::clone(&anonymous_memory)]);
        Arc::new(Self {
            refusals: Refusals::new(clock.now()),
            service,
            authenticator,
            clock,
            streams: EventStreams::new(&options.bounds, &memory, &metrics),
            draining: CancellationToken::new(),
            stopping: CancellationToken::new(),
            metrics,
            memory,
            anonymous_memory,
            anonymous_requests: AnonymousRequests::new(options.bounds.anonymous_count_max),
            workload: SharedLimit::new(options.bounds.requests_max),
            document_readers: SharedLimit::new(
                (options.bounds.requests_max / Self::READERS_PART).max(1),
            ),
            query_shares: reads(),
            document_shares: reads(),
            hsts: options.tls.and_then(TlsOptions::hsts),
            options,
        })
    }
}
