//! The administration use cases, their parts and options.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use acta_ambient::{Clock, Entropy};
use acta_auth::{Authenticator, PasswordHasher, PasswordRules, SignInAdmission, SignInTurns};
use acta_service::Service;
use acta_storage::persons::PersonCache;
use acta_storage::{Change, Committed, Storage};
use acta_xapi::Uuid;

use crate::AdminError;
use crate::permissions::refusals::Refusals;

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
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) persons: PersonCache,
    pub(crate) service: Service,
    pub(crate) authenticator: Arc<Authenticator>,
    pub(crate) hasher: Arc<PasswordHasher>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) refusals: Arc<Refusals>,
    pub(crate) admission: Arc<SignInAdmission>,
    pub(crate) turns: Arc<SignInTurns>,
    pub(crate) options: Arc<Options>,
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
    pub(crate) const TRIES: usize = 16;

    /// Builds the use cases.
    pub fn new(parts: AdminParts) -> Self {
        Self {
            persons: PersonCache::new(Arc::<dyn Storage>::clone(&parts.storage)),
            storage: parts.storage,
            service: parts.service,
            authenticator: parts.authenticator,
            hasher: Arc::new(parts.hasher),
            admission: Arc::new(SignInAdmission::new(Arc::clone(&parts.clock))),
            turns: Arc::new(SignInTurns::new(Arc::clone(&parts.clock))),
            clock: parts.clock,
            entropy: parts.entropy,
            refusals: Arc::default(),
            options: Arc::new(parts.options),
        }
    }

    /// The persons of tenants, as they are now.
    pub const fn persons(&self) -> &PersonCache {
        &self.persons
    }

    /// The rules for new passwords.
    pub fn password_rules(&self) -> PasswordRules {
        self.options.password_rules
    }

    pub(crate) fn new_id(&self) -> Uuid {
        let mut bytes = [0; 16];
        self.entropy.fill(&mut bytes);
        Uuid::from_random(bytes)
    }

    /// Commits a change of records that were read before.
    pub(crate) async fn commit(&self, change: &Change) -> Result<(), AdminError> {
        match self.storage.commit(change).await? {
            Committed::Done => Ok(()),
            Committed::Stale(_) => Err(AdminError::Stale),
            Committed::NameTaken(_) => Err(AdminError::Conflict("the name is taken")),
        }
    }
}
