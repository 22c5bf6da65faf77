//! The administration use cases, their parts and options.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use acta_ambient::{Clock, Entropy};
use acta_auth::{Authenticator, PasswordHasher, PasswordRules, SignInAdmission, SignInTurns};
use acta_followers::{FollowerWatch, NodePositions};
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
    /// Maximum number of credentials of a tenant.
    pub credentials_max: usize,
    /// Maximum number of open invitations of a tenant.
    pub invitations_max: usize,
    /// Maximum number of people with a role in a tenant.
    pub people_max: usize,
    /// Maximum number of accounts that are created for a tenant, by invitations and claims.
    pub accounts_max: usize,
    /// Maximum number of saved questions and dashboards of a tenant.
    pub questions_max: usize,
    /// Maximum number of sessions of an account: the oldest end for a new one.
    pub sessions_max: usize,
    /// Maximum number of identities of an account at providers.
    pub identities_max: usize,
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
            credentials_max: 10_000,
            invitations_max: 1_000,
            people_max: 100_000,
            accounts_max: 200_000,
            questions_max: 1_000,
            sessions_max: 100,
            identities_max: 20,
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
    pub(crate) node_followers: Vec<Arc<dyn NodePositions>>,
    pub(crate) followers: FollowerWatch,
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
            node_followers: Vec::new(),
            followers: FollowerWatch::default(),
        }
    }

    /// Adds a follower whose positions are on this node.
    pub fn add_node_follower(&mut self, positions: Arc<dyn NodePositions>) {
        self.node_followers.push(positions);
    }

    /// Takes the errors of followers from those that run in this process.
    pub fn watch_followers(&mut self, followers: FollowerWatch) {
        self.followers = followers;
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
            // Changes with a limit are not committed here: each names its own.
            Committed::Stale(_) | Committed::LimitReached(_) => Err(AdminError::Stale),
            Committed::NameTaken(_) => Err(AdminError::Conflict("the name is taken")),
        }
    }
}
