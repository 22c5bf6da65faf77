//! The shared state of all handlers, and its parts.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use acta_access::TenantId;
use acta_admin::{Admin, AdminParts, AuditChain, NewcomerRule};
use acta_auth::oidc::Provider;
use acta_auth::{CsrfGuard, PasswordHasher, PasswordHasherOptions, Sealer};
use acta_facts::FactStore;
use acta_http::{Backend, HttpParts, get_or_create_secret};
use acta_http_facts::{FactQueries, FactSettings};
use acta_proof::Proofs;
use acta_storage::{Share, Shares, StorageError};
use axum::extract::FromRef;
use tokio::sync::Semaphore;

/// The storage engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineKind {
    /// The embedded one, in a directory.
    Embedded,
    /// The one on PostgreSQL.
    Postgres,
}

impl EngineKind {
    /// Its name in the admin API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Postgres => "postgres",
        }
    }
}

/// Reads how the times of a store relate to the clock of the machine.
pub trait ClockGauge: fmt::Debug + Send + Sync {
    /// The differences now.
    fn read(&self) -> ClockReading;
}

/// How the times of a store relate to the clock of the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClockReading {
    /// How far the clock of the machine has jumped ahead, in microseconds, if that jump is not
    /// followed; negative if it has jumped back.
    pub jump_micros: i64,
    /// How far the latest `stored` is ahead of the clock.
    pub stored_lead: Duration,
}

/// A reading that does not change, for a store whose clock cannot jump.
impl ClockGauge for ClockReading {
    fn read(&self) -> ClockReading {
        *self
    }
}

/// The identity provider for sign-in.
#[derive(Clone, Debug)]
pub struct SignInProvider {
    /// The client of the provider.
    pub provider: Arc<Provider>,
    /// The text of the button.
    pub label: String,
    /// Whether an account is created for a new person who gets a role.
    pub newcomers: NewcomerRule,
}

/// The options of the admin API.
#[derive(Clone, Debug)]
pub struct AdminApiSettings {
    /// Password hashing.
    pub passwords: PasswordHasherOptions,
    /// The use cases of administration.
    pub admin: acta_admin::Options,
    /// The identity provider, if there is one.
    pub provider: Option<SignInProvider>,
    /// The storage engine.
    pub engine: EngineKind,
    /// The clock.
    pub clock: Arc<dyn ClockGauge>,
    /// The facts of this server, if it makes any.
    pub facts: Option<FactSettings>,
    /// Proofs of statements, if this server makes any.
    pub proofs: Option<Arc<Proofs>>,
}

/// The parts of the admin API.
pub struct AdminApiParts {
    /// The use cases of administration.
    pub admin: Admin,
    /// Makes and checks CSRF tokens.
    pub csrf: CsrfGuard,
    /// Seals the state in cookies and links.
    pub sealer: Sealer,
    /// The identity provider, if there is one.
    pub provider: Option<SignInProvider>,
    /// The storage engine.
    pub engine: EngineKind,
    /// The clock.
    pub clock: Arc<dyn ClockGauge>,
    /// Questions about facts, if this server makes any.
    pub facts: Option<FactQueries>,
    /// Proofs of statements, if this server makes any.
    pub proofs: Option<Arc<Proofs>>,
}

impl fmt::Debug for AdminApiParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminApiParts").field("engine", &self.engine).finish_non_exhaustive()
    }
}

/// The name of the secret for CSRF tokens.
const CSRF_SECRET: &str = "csrf";

/// The name of the secret that seals state in browsers.
const SEAL_SECRET: &str = "browser-seal";

impl AdminApiParts {
    /// Builds the parts on a store, in addition to those of xAPI.
    ///
    /// # Errors
    ///
    /// As [`acta_storage::SecretStore::get_or_create_secret`].
    pub async fn open(
        backend: &Backend,
        http: &HttpParts,
        settings: AdminApiSettings,
    ) -> Result<Self, StorageError> {
        let csrf = CsrfGuard::new(get_or_create_secret(backend, CSRF_SECRET).await?);
        let sealer = Sealer::new(get_or_create_secret(backend, SEAL_SECRET).await?);
        let mut admin = Admin::new(AdminParts {
            storage: Arc::clone(&backend.storage),
            service: http.service.clone(),
            authenticator: Arc::clone(&http.authenticator),
            hasher: PasswordHasher::new(Arc::clone(&backend.entropy), settings.passwords),
            clock: Arc::clone(&backend.clock),
            entropy: Arc::clone(&backend.entropy),
            options: settings.admin,
        });
        let AdminApiSettings { provider, engine, clock, facts, proofs, .. } = settings;
        if let Some(facts) = &facts {
            admin.add_node_follower(Arc::<FactStore>::clone(&facts.store));
        }
        let queries = |settings| {
            let (clock, weights) = (&backend.clock, http.service.weights());
            FactQueries::new(settings, clock, weights, admin.persons().clone())
        };
        let facts = facts.map(queries);
        Ok(Self { admin, csrf, sealer, provider, engine, clock, facts, proofs })
    }
}

/// The shared state of all handlers.
#[derive(Clone)]
pub struct Shared(Arc<AdminDependencies>);

/// The dependencies of handlers, shared as [`Shared`].
pub struct AdminDependencies {
    /// The dependencies shared with the xAPI handlers.
    pub http: acta_http::Shared,
    /// The use cases of administration.
    pub admin: Admin,
    /// What protects forms and requests of a session.
    pub csrf: CsrfGuard,
    /// Seals what clients keep for the server.
    pub sealer: Sealer,
    /// The identity provider, if there is one.
    pub provider: Option<SignInProvider>,
    pub(crate) engine: EngineKind,
    pub(crate) clock: Arc<dyn ClockGauge>,
    pub(crate) facts: Option<FactQueries>,
    /// Proofs of statements, if this server makes any.
    pub proofs: Option<Arc<Proofs>>,
    /// A permit for each page of an audit that is read: to find entries, all may be looked at.
    audit_pages: Shares,
    /// A permit for each audit that is verified, which is read from its start to its end.
    audit_proofs: Shares,
    /// A permit for each bundle of entries that is made for anybody: of each entry, the whole
    /// statement is read.
    public_bundles: Shares,
    /// A permit for each request for a log for proofs by somebody without a credential.
    pub public_log_requests: Semaphore,
}

/// Pages of audits that are read at the same time, at most, and audits that are verified: one of a
/// tenant.
const AUDIT_TURNS_MAX: usize = 2;

/// Requests for logs for proofs by anybody that are in progress at the same time, at most: they
/// wait for their turn, and others that are not authenticated must not wait for them.
const PUBLIC_LOG_REQUESTS_MAX: usize = 64;

/// Bundles of entries that are made for anybody at the same time, at most: one of a tenant.
const PUBLIC_BUNDLES_MAX: usize = 2;

impl Shared {
    /// The state of all handlers.
    pub fn new(http: acta_http::Shared, parts: AdminApiParts) -> Self {
        let AdminApiParts { admin, csrf, sealer, provider, engine, clock, facts, proofs } = parts;
        let weights = http.service.weights();
        let turns = |count| Shares::with_tenant_max(count, 1, weights.clone());
        let (audit_pages, audit_proofs) = (turns(AUDIT_TURNS_MAX), turns(AUDIT_TURNS_MAX));
        let public_bundles = turns(PUBLIC_BUNDLES_MAX);
        let dependencies = AdminDependencies {
            http,
            admin,
            csrf,
            sealer,
            provider,
            engine,
            clock,
            facts,
            proofs,
            audit_pages,
            audit_proofs,
            public_bundles,
            public_log_requests: Semaphore::new(PUBLIC_LOG_REQUESTS_MAX),
        };
        Self(Arc::new(dependencies))
    }

    /// Waits until a page of an audit may be read; that of the server always may.
    pub(crate) async fn audit_page_turn(&self, chain: AuditChain) -> Option<Share> {
        Some(self.audit_pages.acquire(chain.tenant()?, 1).await)
    }

    /// Waits until an audit may be verified; that of the server always may.
    pub(crate) async fn audit_proof_turn(&self, chain: AuditChain) -> Option<Share> {
        Some(self.audit_proofs.acquire(chain.tenant()?, 1).await)
    }

    /// Waits until a bundle of entries of a tenant may be made for somebody without a credential.
    pub async fn public_bundle_turn(&self, tenant: TenantId) -> Share {
        self.public_bundles.acquire(tenant, 1).await
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Shared").field(&self.0).finish()
    }
}

impl fmt::Debug for AdminDependencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminDependencies").field("engine", &self.engine).finish_non_exhaustive()
    }
}

impl Deref for Shared {
    type Target = AdminDependencies;

    fn deref(&self) -> &AdminDependencies {
        &self.0
    }
}

impl FromRef<Shared> for acta_http::Shared {
    fn from_ref(shared: &Shared) -> Self {
        Self::clone(&shared.http)
    }
}
