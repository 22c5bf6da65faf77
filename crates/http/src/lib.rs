//! The HTTP face of the store: extractors, routes and problems. Nothing else is decided here.
//!
//! A request passes [`App::answer`], in process or over a socket by [`serve`]: an alternate
//! request becomes the one it stands for, who asks and in which version is found out, a
//! handler turns typed arguments into a use case, and the answer is finished with the headers
//! that all answers have. Every refusal is a problem of RFC 9457.

pub mod multipart;

mod admin;
mod answer;
mod app;
mod connection;
mod edge;
mod health;
mod memory;
mod metrics;
mod pages;
mod place;
mod problem;
mod provider;
mod server;
mod xapi;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use acta_admin::{Admin, AdminParts};
use acta_ambient::{Clock, Entropy};
use acta_auth::oidc::BearerVerifier;
use acta_auth::{Authenticator, CsrfGuard, PasswordHasher, PasswordHasherOptions, Sealer};
use acta_service::{Quotas, Service, ServiceParts};
use acta_storage::{Storage, StorageError};
use acta_xapi::Version;
use ipnet::IpNet;

pub use admin::openapi::text as openapi_document;
pub use app::App;
pub use metrics::{GaugeReading, Gauges};
pub use provider::SignInProvider;
pub use server::{Control, Listeners, ServeError, serve};

use memory::Memory;
use metrics::Metrics;
use place::Workload;
use tokio::sync::Semaphore;

/// How large and how slow things may be.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// Largest JSON text of statements, in bytes.
    pub statements_bytes_max: usize,
    /// Largest document, in bytes.
    pub document_bytes_max: usize,
    /// Largest attachment, in bytes.
    pub attachment_bytes_max: u64,
    /// Largest request with attachments, in bytes.
    pub multipart_bytes_max: u64,
    /// Most parts of a request with attachments.
    pub parts_max: usize,
    /// Largest headers of a part, in bytes.
    pub part_head_bytes_max: usize,
    /// How many times its packed size a body may have.
    pub unpacked_ratio_max: u64,
    /// Largest id of a document, in bytes.
    pub document_id_bytes_max: usize,
    /// Largest head of a request, in bytes.
    pub head_bytes_max: usize,
    /// Largest address of a request, in bytes.
    pub url_bytes_max: usize,
    /// Most parameters of a request.
    pub parameters_count_max: usize,
    /// Largest form that is kept before it is known who sent it, in bytes.
    pub anonymous_bytes_max: usize,
    /// Most bytes of bodies and pages in memory, for all requests together. An eighth of it is
    /// for forms of which it is not yet known who sent them.
    pub memory_bytes_max: usize,
    /// Most statements and bytes of a page, for which room is made before it is read.
    pub page: PageBounds,
    /// How long the head of a request may take to arrive.
    pub head_timeout: Duration,
    /// How long a connection may stay open between two requests.
    pub idle_timeout: Duration,
    /// The span of waiting in which a body must go on.
    pub body_timeout: Duration,
    /// The span in which the client must read on.
    pub write_timeout: Duration,
    /// Bytes a second that must come or go within those spans.
    pub rate_bytes_min: u64,
    /// How long requests may go on after the shutdown was asked for.
    pub drain_timeout: Duration,
    /// Most open connections. For more, those give way that have been idle or half sent for
    /// longest.
    pub connections_max: usize,
    /// Most requests worked on at a time; more are told to come back later.
    pub requests_max: usize,
}

/// How large a page of statements may become.
#[derive(Clone, Copy, Debug)]
pub struct PageBounds {
    /// Statements when the reader names no limit.
    pub count: usize,
    /// Most statements.
    pub count_max: usize,
    /// Most bytes of statements, but one statement at least.
    pub bytes_max: usize,
}

/// Whose pages may ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origins {
    /// Those of every origin.
    Any,
    /// Those of these, each as in `https://a.example`, in lower case.
    Listed(Vec<String>),
}

/// What the HTTP face can be told to do differently.
#[derive(Clone, Debug)]
pub struct Options {
    /// The version that answers name when the request did not.
    pub default_version: Version,
    /// Whose pages may ask.
    pub origins: Origins,
    /// The address at which people reach the server, without a slash at its end, if it is known.
    pub public_url: Option<String>,
    /// Proxies whose word is taken for the address of a client.
    pub trusted_proxies: Vec<IpNet>,
    /// How large and how slow things may be.
    pub bounds: Bounds,
}

/// Which engine keeps everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineKind {
    /// The embedded one, in a directory.
    Embedded,
    /// The one on PostgreSQL.
    Postgres,
}

impl EngineKind {
    /// Its name, as the admin API tells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Postgres => "postgres",
        }
    }
}

/// What the HTTP face is made of.
pub struct HttpParts {
    /// The use cases.
    pub service: Service,
    /// The use cases of administration.
    pub admin: Admin,
    /// How much tenants may do.
    pub quotas: Arc<Quotas>,
    /// Finds out who asks.
    pub authenticator: Arc<Authenticator>,
    /// Guards what people do in a browser against pages of others.
    pub csrf: CsrfGuard,
    /// Seals what browsers keep for a while.
    pub sealer: Sealer,
    /// Where people can sign in beside.
    pub provider: Option<SignInProvider>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Which engine keeps everything.
    pub engine: EngineKind,
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

/// Where everything comes from.
pub struct Ground {
    /// Where everything is kept.
    pub storage: Arc<dyn Storage>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where ids and secrets come from.
    pub entropy: Arc<dyn Entropy>,
    /// Which engine keeps everything.
    pub engine: EngineKind,
}

impl fmt::Debug for Ground {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ground").field("engine", &self.engine).finish_non_exhaustive()
    }
}

/// What all parts can be told to do differently.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The use cases of xAPI.
    pub service: acta_service::Options,
    /// Finding out who asks.
    pub auth: acta_auth::Options,
    /// Hashing passwords.
    pub passwords: PasswordHasherOptions,
    /// The use cases of administration.
    pub admin: acta_admin::Options,
    /// Whose access tokens are taken.
    pub bearer: Option<Arc<BearerVerifier>>,
    /// Where people can sign in beside.
    pub provider: Option<SignInProvider>,
    /// The HTTP face.
    pub http: Options,
}

/// The name of the secret that guards sessions against pages of others.
const CSRF_SECRET: &str = "csrf";

/// The name of the secret that seals what browsers keep for a while.
const SEAL_SECRET: &str = "browser-seal";

impl HttpParts {
    /// Puts the parts together on the ground of a store. There are no gauges yet.
    ///
    /// # Errors
    ///
    /// As [`acta_storage::SecretStore::settle_secret`].
    pub async fn open(ground: Ground, settings: Settings) -> Result<Self, StorageError> {
        let Ground { storage, clock, entropy, engine } = ground;
        let authenticator = Authenticator::open(
            Arc::clone(&storage),
            Arc::clone(&clock),
            Arc::clone(&entropy),
            settings.auth,
        );
        let authenticator = Arc::new(authenticator.await?.with_bearer(settings.bearer));
        let service = Service::new(ServiceParts {
            storage: Arc::clone(&storage),
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
            options: settings.service,
        });
        let csrf = CsrfGuard::new(settle(&*storage, &*entropy, CSRF_SECRET).await?);
        let sealer = Sealer::new(settle(&*storage, &*entropy, SEAL_SECRET).await?);
        let admin = Admin::new(AdminParts {
            storage: Arc::clone(&storage),
            service: service.clone(),
            authenticator: Arc::clone(&authenticator),
            hasher: PasswordHasher::new(Arc::clone(&entropy), settings.passwords),
            clock: Arc::clone(&clock),
            entropy,
            options: settings.admin,
        });
        let quotas = Quotas::new(storage, Arc::clone(&clock));
        Ok(Self {
            service,
            admin,
            quotas,
            authenticator,
            csrf,
            sealer,
            provider: settings.provider,
            clock,
            engine,
            gauges: None,
            options: settings.http,
        })
    }
}

/// A secret of the store, made if there is none.
async fn settle(
    storage: &dyn Storage,
    entropy: &dyn Entropy,
    name: &str,
) -> Result<[u8; 32], StorageError> {
    let mut proposed = [0; 32];
    entropy.fill(&mut proposed);
    storage.settle_secret(name, proposed).await
}

/// What all handlers share.
type Shared = Arc<SharedParts>;

/// See [`Shared`].
struct SharedParts {
    service: Service,
    admin: Admin,
    quotas: Arc<Quotas>,
    csrf: CsrfGuard,
    sealer: Sealer,
    provider: Option<SignInProvider>,
    authenticator: Arc<Authenticator>,
    clock: Arc<dyn Clock>,
    engine: EngineKind,
    metrics: Metrics,
    /// What requests and answers hold.
    memory: Arc<Memory>,
    /// What is held before it is known who sent it.
    anonymous_memory: Arc<Memory>,
    workload: Workload,
    document_readers: Workload,
    /// A place for each page that is read from storage.
    finders: Semaphore,
    /// A place for each document that is read from storage.
    document_finders: Semaphore,
    options: Options,
}
