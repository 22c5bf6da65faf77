//! What all handlers share, and what it is made of.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use acta_admin::{Admin, AdminParts, NewcomerRule};
use acta_auth::oidc::Provider;
use acta_auth::{CsrfGuard, PasswordHasher, PasswordHasherOptions, Sealer};
use acta_http::{Backend, HttpParts, get_or_create_secret};
use acta_storage::StorageError;
use axum::extract::FromRef;

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

/// The provider at which people sign in.
#[derive(Clone, Debug)]
pub struct SignInProvider {
    /// What speaks with it.
    pub provider: Arc<Provider>,
    /// What the button says.
    pub label: String,
    /// Whether somebody whom it gives a role gets an account.
    pub newcomers: NewcomerRule,
}

/// What the admin API can be told to do differently.
#[derive(Clone, Debug)]
pub struct AdminApiSettings {
    /// Hashing passwords.
    pub passwords: PasswordHasherOptions,
    /// The use cases of administration.
    pub admin: acta_admin::Options,
    /// Where people can sign in beside.
    pub provider: Option<SignInProvider>,
    /// Which engine keeps everything.
    pub engine: EngineKind,
}

/// What the admin API is made of.
pub struct AdminApiParts {
    /// The use cases of administration.
    pub admin: Admin,
    /// Guards what people do in a browser against pages of others.
    pub csrf: CsrfGuard,
    /// Seals what browsers keep for a while.
    pub sealer: Sealer,
    /// Where people can sign in beside.
    pub provider: Option<SignInProvider>,
    /// Which engine keeps everything.
    pub engine: EngineKind,
}

impl fmt::Debug for AdminApiParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminApiParts").field("engine", &self.engine).finish_non_exhaustive()
    }
}

/// The name of the secret that guards sessions against pages of others.
const CSRF_SECRET: &str = "csrf";

/// The name of the secret that seals what browsers keep for a while.
const SEAL_SECRET: &str = "browser-seal";

impl AdminApiParts {
    /// Puts the parts together on a store, beside those of xAPI.
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
        let admin = Admin::new(AdminParts {
            storage: Arc::clone(&backend.storage),
            service: http.service.clone(),
            authenticator: Arc::clone(&http.authenticator),
            hasher: PasswordHasher::new(Arc::clone(&backend.entropy), settings.passwords),
            clock: Arc::clone(&backend.clock),
            entropy: Arc::clone(&backend.entropy),
            options: settings.admin,
        });
        let AdminApiSettings { provider, engine, .. } = settings;
        Ok(Self { admin, csrf, sealer, provider, engine })
    }
}

/// What all handlers share.
#[derive(Clone)]
pub(crate) struct Shared(Arc<AdminDependencies>);

/// See [`Shared`].
pub(crate) struct AdminDependencies {
    /// What they share with those of xAPI.
    pub(crate) http: acta_http::Shared,
    pub(crate) admin: Admin,
    pub(crate) csrf: CsrfGuard,
    pub(crate) sealer: Sealer,
    pub(crate) provider: Option<SignInProvider>,
    pub(crate) engine: EngineKind,
}

impl Shared {
    pub(crate) fn new(http: acta_http::Shared, parts: AdminApiParts) -> Self {
        let AdminApiParts { admin, csrf, sealer, provider, engine } = parts;
        Self(Arc::new(AdminDependencies { http, admin, csrf, sealer, provider, engine }))
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
