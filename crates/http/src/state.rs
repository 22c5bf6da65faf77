//! What all handlers share, and what it is made of.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use acta_ambient::{Clock, Entropy};
use acta_auth::Authenticator;
use acta_auth::oidc::BearerVerifier;
use acta_service::{Quotas, Service, ServiceParts};
use acta_storage::{Storage, StorageError};
use tokio::sync::Semaphore;

use crate::memory::Memory;
use crate::metrics::{Gauges, Metrics};
use crate::options::Options;

/// Where everything comes from.
#[derive(Clone)]
pub struct Backend {
    /// Where everything is kept.
    pub storage: Arc<dyn Storage>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where ids and secrets come from.
    pub entropy: Arc<dyn Entropy>,
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backend").finish_non_exhaustive()
    }
}

/// What the parts of the server can be told to do differently.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The use cases of xAPI.
    pub service: acta_service::Options,
    /// Finding out who asks.
    pub auth: acta_auth::Options,
    /// Whose access tokens are taken.
    pub bearer: Option<Arc<BearerVerifier>>,
    /// The server.
    pub http: Options,
}

/// What the server is made of.
pub struct HttpParts {
    /// The use cases.
    pub service: Service,
    /// How much tenants may do.
    pub quotas: Arc<Quotas>,
    /// Finds out who asks.
    pub authenticator: Arc<Authenticator>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Numbers of the storage engine for `/metrics`.
    pub gauges: Option<Arc<dyn Gauges>>,
    /// What to do differently.
    pub options: Options,
}

impl fmt::Debug for HttpParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpParts").field("options", &self.options).finish_non_exhaustive()
    }
}

impl HttpParts {
    /// Puts the parts together on a store. There are no gauges yet.
    ///
    /// # Errors
    ///
    /// As [`acta_storage::SecretStore::get_or_create_secret`].
    pub async fn open(backend: &Backend, settings: Settings) -> Result<Self, StorageError> {
        let Backend { storage, clock, entropy } = backend;
        let authenticator = Authenticator::open(
            Arc::clone(storage),
            Arc::clone(clock),
            Arc::clone(entropy),
            settings.auth,
        );
        let authenticator = authenticator.await?.with_bearer(settings.bearer);
        let service = Service::new(ServiceParts {
            storage: Arc::clone(storage),
            clock: Arc::clone(clock),
            entropy: Arc::clone(entropy),
            options: settings.service,
        });
        Ok(Self {
            service,
            quotas: Quotas::new(Arc::clone(storage), Arc::clone(clock)),
            authenticator: Arc::new(authenticator),
            clock: Arc::clone(clock),
            gauges: None,
            options: settings.http,
        })
    }
}

/// A secret of the store, made if there is none.
///
/// # Errors
///
/// As [`acta_storage::SecretStore::get_or_create_secret`].
pub async fn get_or_create_secret(backend: &Backend, name: &str) -> Result<[u8; 32], StorageError> {
    let mut proposed = [0; 32];
    backend.entropy.fill(&mut proposed);
    backend.storage.get_or_create_secret(name, proposed).await
}

/// What all handlers share.
pub type Shared = Arc<Dependencies>;

/// See [`Shared`].
pub struct Dependencies {
    /// The use cases.
    pub service: Service,
    /// How much tenants may do.
    pub quotas: Arc<Quotas>,
    /// Finds out who asks.
    pub authenticator: Arc<Authenticator>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// A permit for each page that is read from storage.
    pub finders: Semaphore,
    /// What to do differently.
    pub options: Options,
    pub(crate) metrics: Metrics,
    /// What requests and answers hold.
    pub(crate) memory: Arc<Memory>,
    /// What is held before it is known who sent it.
    pub(crate) anonymous_memory: Arc<Memory>,
    pub(crate) workload: Workload,
    pub(crate) document_readers: Workload,
    /// A permit for each document that is read from storage.
    pub(crate) document_finders: Semaphore,
}

/// How many requests are worked on.
#[derive(Debug, Default)]
pub(crate) struct Workload(pub(crate) AtomicUsize);

impl fmt::Debug for Dependencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dependencies").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Dependencies {
    /// Which part of the memory may hold what is not known who sent it.
    const ANONYMOUS_PART: usize = 8;

    /// Most pages that are read from storage at a time.
    const FINDERS_MAX: usize = 64;

    /// Most documents that are read from storage at a time.
    const DOCUMENT_FINDERS_MAX: usize = 8;

    /// Makes what handlers share of the parts. Nothing is counted or held yet.
    pub fn new(parts: HttpParts) -> Shared {
        let HttpParts { service, quotas, authenticator, clock, gauges, options } = parts;
        let bytes = options.bounds.memory_bytes_max;
        let anonymous_bytes = bytes / Self::ANONYMOUS_PART;
        let memory = Memory::new(bytes - anonymous_bytes);
        let anonymous_memory = Memory::new(anonymous_bytes);
        Arc::new(Self {
            service,
            quotas,
            authenticator,
            clock,
            metrics: Metrics::new(gauges, [Arc::clone(&memory), Arc::clone(&anonymous_memory)]),
            memory,
            anonymous_memory,
            workload: Workload::default(),
            document_readers: Workload::default(),
            finders: Semaphore::new(Self::FINDERS_MAX),
            document_finders: Semaphore::new(Self::DOCUMENT_FINDERS_MAX),
            options,
        })
    }
}
