//! The use cases of administration: tenants, credentials, people, the audit.
//!
//! Every act names who asks, asks first whether they may, and is one change of records with
//! the audit entries that tell of it: there is no moment when one exists without the other.
//! What is refused is told too. Free of HTTP and of any storage engine.

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
pub use error::{AdminError, AdminFault};
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

/// What the use cases of administration can be told to do differently.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long a deleted tenant can be taken back.
    pub deletion_wait: Duration,
    /// How long an invitation, and the link of a new account, are good for.
    pub invitation_lifetime: Duration,
    /// How long a link to choose a new password is good for.
    pub reset_lifetime: Duration,
    /// How long a session lasts in which nothing is done.
    pub session_idle: Duration,
    /// How long a session lasts whatever is done.
    pub session_lifetime: Duration,
    /// How long a browser token lives if nothing is said.
    pub token_lifetime: Duration,
    /// Which passwords are accepted.
    pub password_rules: PasswordRules,
}

impl Options {
    /// What holds unless a configuration says otherwise.
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

/// What an [`Admin`] is made of.
pub struct AdminParts {
    /// Where everything is kept.
    pub storage: Arc<dyn Storage>,
    /// The use cases of xAPI, for people who read statements.
    pub service: Service,
    /// Makes secrets, and forgets what was changed.
    pub authenticator: Arc<Authenticator>,
    /// Hashes passwords.
    pub hasher: PasswordHasher,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where ids and secrets come from.
    pub entropy: Arc<dyn Entropy>,
    /// What to do differently.
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
    /// How often an act is tried again that lost a race.
    const TRIES: usize = 16;

    /// Puts the use cases together.
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

    /// Makes a change of what was read before.
    async fn commit(&self, change: &Change) -> Result<(), AdminError> {
        match self.storage.commit(change).await? {
            Committed::Done => Ok(()),
            Committed::Stale(_) => Err(AdminError::Stale),
            Committed::NameTaken(_) => Err(AdminError::Conflict("the name is taken")),
        }
    }
}
