//! How the engine is opened, and why it was not.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use acta_ambient::{Clock, Entropy};
use acta_objects::{AddressError, ObjectError, ObjectOptions};
use acta_storage::StorageError;

/// What the engine needs to know.
#[derive(Clone)]
pub struct Options {
    /// Where the database is, as in `postgres://user:password@host/database`.
    pub url: String,
    /// A replica for reading statements; none for reading everything where it is written.
    pub replica_url: Option<String>,
    /// Where the time of statements and documents comes from.
    pub clock: Arc<dyn Clock>,
    /// Where random bytes come from.
    pub entropy: Arc<dyn Entropy>,
    /// Most connections to the database, and as many to the replica.
    pub connections_max: usize,
    /// How long a connection is waited for.
    pub connect_timeout: Duration,
    /// How long a statement of SQL may take.
    pub statement_timeout: Duration,
    /// How long the database keeps a transaction open, and its locks, that its node does not
    /// go on with: a node that has vanished holds up the others no longer.
    pub idle_timeout: Duration,
    /// How connections are protected; none for what the URL says, or else the safest that a
    /// server at that address can be expected to offer.
    pub tls: Option<Tls>,
    /// A PEM file with the authorities that [`Tls::VerifyFull`] trusts; none for what the URL
    /// says, or else those that the system trusts.
    pub tls_ca: Option<PathBuf>,
    /// Whether the schema is brought up to date first.
    pub migrate: Migrate,
    /// How old an answer may be that tells until when everything can be read, if this node
    /// has not stored anything since.
    pub consistent_through_age_max: Duration,
    /// Where the content of attachments is kept.
    pub attachments: Attachments,
}

/// Where the content of new attachments is kept. Short content is always in the database;
/// what is elsewhere already stays there, and can be read as long as it is reached.
#[derive(Clone, Debug)]
pub enum Attachments {
    /// In the database.
    Database {
        /// The longest that is kept there.
        bytes_max: u64,
        /// Where content is that came while it was kept in object storage.
        objects: Option<ObjectOptions>,
    },
    /// In object storage.
    Objects(ObjectOptions),
}

impl Attachments {
    /// The longest content that the database keeps unless told otherwise.
    pub const DATABASE_BYTES_MAX: u64 = 64 << 20;

    /// In the database, up to a length, and nowhere else.
    pub const fn database(bytes_max: u64) -> Self {
        Self::Database { bytes_max, objects: None }
    }
}

/// What to do about a schema that is missing or old.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Migrate {
    /// Bring it up to date.
    AtStart,
    /// Refuse it.
    Never,
}

/// How connections are protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// Not at all.
    Disable,
    /// By encryption if the server can.
    Prefer,
    /// By encryption; any certificate will do.
    Require,
    /// By encryption with the server that the URL names.
    VerifyFull,
}

impl Options {
    /// How many connections a node has unless told otherwise.
    pub const CONNECTIONS_MAX: usize = 16;

    /// How long a connection is waited for unless told otherwise.
    pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

    /// How long a statement of SQL may take unless told otherwise.
    pub const STATEMENT_TIMEOUT: Duration = Duration::from_secs(30);

    /// How long a transaction may stand still unless told otherwise.
    pub const IDLE_TIMEOUT: Duration = Duration::from_secs(10);

    /// The default of the greatest age of consistent-through.
    pub const CONSISTENT_THROUGH_AGE_MAX: Duration = Duration::from_millis(100);

    /// A store at `url`, and everything else as it is unless told otherwise.
    pub fn new(url: &str, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            url: url.to_owned(),
            replica_url: None,
            clock,
            entropy,
            connections_max: Self::CONNECTIONS_MAX,
            connect_timeout: Self::CONNECT_TIMEOUT,
            statement_timeout: Self::STATEMENT_TIMEOUT,
            idle_timeout: Self::IDLE_TIMEOUT,
            tls: None,
            tls_ca: None,
            migrate: Migrate::AtStart,
            consistent_through_age_max: Self::CONSISTENT_THROUGH_AGE_MAX,
            attachments: Attachments::database(Attachments::DATABASE_BYTES_MAX),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The addresses hold passwords.
        f.debug_struct("Options")
            .field("connections_max", &self.connections_max)
            .field("connect_timeout", &self.connect_timeout)
            .field("statement_timeout", &self.statement_timeout)
            .field("idle_timeout", &self.idle_timeout)
            .field("migrate", &self.migrate)
            .field("attachments", &self.attachments)
            .finish_non_exhaustive()
    }
}

/// Why the engine could not be opened, told by what its operator can do next.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The address is invalid. Correct it.
    #[error("the address of the database is not usable: {reason}")]
    Address {
        /// What is wrong with it.
        reason: String,
    },
    /// Nobody answers. Start the server, or correct the address.
    #[error(
        "no database answers at {place}: {reason}; check that the server runs, listens there, and can be reached from here"
    )]
    Unreachable {
        /// Host, port and name, without the password.
        place: String,
        /// What the system reports.
        reason: String,
    },
    /// The server takes no connection. Do what is advised.
    #[error("the database at {place} takes no connection: {reason}; {advice}")]
    Refused {
        /// Host, port and name.
        place: String,
        /// What the server says.
        reason: String,
        /// What can be done.
        advice: String,
    },
    /// The connection cannot be encrypted, or the server is not shown to be the right one.
    #[error("the connection to the database cannot be protected: {reason}")]
    Tls {
        /// Why, and what can be done.
        reason: String,
    },
    /// The role of the URL may not do what is needed. Grant it.
    #[error("the role of the database's address may not do that: {reason}; {advice}")]
    NotPermitted {
        /// What the server says.
        reason: String,
        /// What its owner can execute.
        advice: String,
    },
    /// The database does not keep text as UTF-8. Make one that does.
    #[error(
        "the database is encoded in {encoding}; it must be UTF8: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
    )]
    Encoding {
        /// How it is encoded.
        encoding: String,
    },
    /// The schema is older than this release, and may not be changed at the start.
    #[error(
        "the schema of the database has version {found}, this release needs {needed}; run `acta migrate`"
    )]
    Older {
        /// The version that is there; 0 if there is none.
        found: i32,
        /// The version that is needed.
        needed: i32,
    },
    /// The schema was made by a newer release, which this one is too old for. Update Acta.
    #[error(
        "the schema of the database has version {found}, which this release, made for version {known}, cannot work with; update Acta"
    )]
    Newer {
        /// The version that is there.
        found: i32,
        /// The newest version that this release knows.
        known: i32,
    },
    /// The database is a replica, or is set to be read only. Name the one that takes writes.
    #[error(
        "the database at {place} is read only: a replica, or set to default_transaction_read_only; name the one that takes writes"
    )]
    ReadOnly {
        /// Host, port and name.
        place: String,
    },
    /// The address of the object storage is invalid. Correct it.
    #[error("the object storage for attachments is not usable")]
    ObjectAddress(#[from] AddressError),
    /// Objects cannot be put there and removed again. Do what the cause says.
    #[error("the object storage for attachments at {url} cannot be used")]
    Objects {
        /// Bucket and prefix.
        url: String,
        /// What the service says.
        #[source]
        source: ObjectError,
    },
    /// Another reason.
    #[error(transparent)]
    Storage(#[from] StorageError),
}
