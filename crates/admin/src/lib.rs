//! The use cases of administration: tenants, credentials, people, the audit.
//!
//! Every act has a requester, checks the permission first, and is one change of records together
//! with its audit entries: neither exists without the other. Refusals are recorded too. Free of
//! HTTP and of any storage engine.

mod audit;
mod audit_entry;
mod credentials;
mod error;
pub mod followers;
mod idempotency;
mod maintenance;
mod people;
mod permissions;
mod reading;
mod refusals;
mod requester;
mod tenants;
mod tokens;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use acta_ambient::{Clock, Entropy};
use acta_auth::{Authenticator, PasswordHasher, PasswordRules};
use acta_service::Service;
use acta_storage::{Change, Committed, Storage};
use acta_xapi::Uuid;

pub use audit::{AuditChain, Verified};
pub use credentials::{CredentialChanges, IssuedCredential, ListedCredential, NewCredential};
pub use error::{AdminError, AdminFault, FirstCredentialError};
pub use idempotency::{Idempotency, Idempotent, RepeatKey};
pub use people::accounts::{AccountChanges, AccountWithLink, NewAccount};
pub use people::links::{Introduction, LinkPurpose};
pub use people::members::{Invited, Member};
pub use people::own::{NewSecondFactor, RecoveryCodes};
pub use people::provided::NewcomerRule;
pub use people::sessions::SignedIn;
pub use people::signing_in::SignIn;
use refusals::Refusals;
pub use requester::Requester;
pub use tenants::{LimitChanges, TenantChanges};
pub use tokens::{IssuedToken, NewToken};

/// The options of the administration use cases.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long a deleted tenant can be restored.
    pub deletion_wait: Duration,
    /// How long an invitation and the link of a new account are valid.
    pub invitation_lifetime: Duration,
    /// How long a password reset link is valid.
    pub reset_lifetime: Duration,
    /// The idle timeout of a session.
    pub session_idle: Duration,
    /// The maximum lifetime of a session.
    pub session_lifetime: Duration,
    /// The default lifetime of a browser token.
    pub token_lifetime: Duration,
    /// Which passwords are accepted.
    pub password_rules: PasswordRules,
}

impl Options {
    /// The default options.
    pub fn usual() -> Self {
        let day = Duration::from_hours(24);
        Self {
            deletion_wait: 7 * day,
            invitation_lifetime: 7 * day,
            reset_lifetime: day,
            session_idle: Duration::from_hours(8),
            session_lifetime: 7 * day,
            token_lifetime: Duration::from_hours(8),
            password_rules: PasswordRules::default(),
        }
    }
}

/// The parts of an [`Admin`].
pub struct AdminParts {
    /// The store.
    pub storage: Arc<dyn Storage>,
    /// The use cases of xAPI, for people who read statements.
    pub service: Service,
    /// Makes secrets, and drops changed credentials from its cache.
    pub authenticator: Arc<Authenticator>,
    /// Hashes passwords.
    pub hasher: PasswordHasher,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The source of ids and secrets.
    pub entropy: Arc<dyn Entropy>,
    /// The options.
    pub options: Options,
}

/// The use cases of administration.
#[derive(Clone)]
pub struct Admin {
    storage: Arc<dyn Storage>,
    service: Service,
    authenticator: Arc<Authenticator>,
    hasher: Arc<PasswordHasher>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    refusals: Arc<Refusals>,
    options: Arc<Options>,
}

impl fmt::Debug for AdminParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminParts").field("options", &self.options).finish_non_exhaustive()
    }
}

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Admin {
    /// How often an act is retried after a concurrent change.
    const TRIES: usize = 16;

    /// Builds the use cases.
    pub fn new(parts: AdminParts) -> Self {
        Self {
            storage: parts.storage,
            service: parts.service,
            authenticator: parts.authenticator,
            hasher: Arc::new(parts.hasher),
            clock: parts.clock,
            entropy: parts.entropy,
            refusals: Arc::default(),
            options: Arc::new(parts.options),
        }
    }

    fn new_id(&self) -> Uuid {
        let mut bytes = [0; 16];
        self.entropy.fill(&mut bytes);
        Uuid::from_random(bytes)
    }

    /// Commits a change of records that were read before.
    async fn commit(&self, change: &Change) -> Result<(), AdminError> {
        match self.storage.commit(change).await? {
            Committed::Done => Ok(()),
            Committed::Stale(_) => Err(AdminError::Stale),
            Committed::NameTaken(_) => Err(AdminError::Conflict("the name is taken")),
        }
    }
}
