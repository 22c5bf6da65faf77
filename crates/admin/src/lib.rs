//! The use cases of administration: tenants, credentials, people, the audit.
//!
//! Every act names who asks, asks first whether they may, and is one change of records with
//! the audit entries that tell of it: there is no moment when one exists without the other.
//! What is refused is told too. Free of HTTP and of any storage engine.

mod asker;
mod audit;
mod credentials;
mod error;
mod once;
mod permitting;
mod telling;
mod tenants;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use acta_ambient::{Clock, Entropy};
use acta_auth::Authenticator;
use acta_storage::{Change, Committed, Storage};
use acta_xapi::Uuid;

pub use asker::Asker;
pub use audit::{AuditChain, Verified};
pub use credentials::{CredentialChanges, IssuedCredential, ListedCredential, NewCredential};
pub use error::{AdminError, AdminFault};
pub use once::{Made, Once, RepeatKey};
pub use tenants::TenantChanges;

/// What the use cases of administration can be told to do differently.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long a deleted tenant can be taken back.
    pub deletion_wait: Duration,
}

/// What an [`Admin`] is made of.
pub struct AdminParts {
    /// Where everything is kept.
    pub storage: Arc<dyn Storage>,
    /// Makes secrets, and forgets what was changed.
    pub authenticator: Arc<Authenticator>,
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
    authenticator: Arc<Authenticator>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
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
            authenticator: parts.authenticator,
            clock: parts.clock,
            entropy: parts.entropy,
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
