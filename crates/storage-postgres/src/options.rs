//! Options for opening the engine, and the errors of opening it.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use acta_ambient::{Clock, Entropy};
use acta_objects::{AddressError, ObjectError, ObjectOptions};
use acta_storage::StorageError;

/// The options of the engine.
#[derive(Clone)]
pub struct Options {
    /// The URL of the database, as in `postgres://user:password@host/database`.
    pub url: String,
    /// The URL of a replica for reading statements, if there is one.
    pub replica_url: Option<String>,
    /// The clock for times of statements and documents.
    pub clock: Arc<dyn Clock>,
    /// The source of random bytes.
    pub entropy: Arc<dyn Entropy>,
    /// Most connections to the database, and as many to the replica.
    pub connections_max: usize,
    /// The timeout for getting a connection.
    pub connect_timeout: Duration,
    /// The timeout of a statement of SQL.
    pub statement_timeout: Duration,
    /// The timeout of an idle transaction and its locks: for how long a node that has vanished
    /// can block others.
    pub idle_timeout: Duration,
    /// The encryption of connections; `None` for the setting in the URL, or else the strictest
    /// that a server at that address can be expected to support.
    pub tls: Option<Tls>,
    /// A PEM file with the authorities that [`Tls::VerifyFull`] trusts; `None` for the setting in
    /// the URL, or else those that the system trusts.
    pub tls_ca: Option<PathBuf>,
    /// Whether the schema is migrated first.
    pub migrate: Migrate,
    /// How long a consistent-through time may be cached, if this node has not stored anything
    /// since.
    pub consistent_through_age_max: Duration,
    /// Where the content of attachments is stored.
    pub attachments: Attachments,
    /// The space in the database that is reserved for changes of administration, in bytes; 0 for
    /// none.
    pub reserve_bytes: u64,
}

/// Where the content of new attachments is stored. Short content is always in the database.
/// Existing content stays where it is, and can be read as long as that is configured.
#[derive(Clone, Debug)]
pub enum Attachments {
    /// In the database.
    Database {
        /// The longest content, in bytes.
        bytes_max: u64,
        /// The object storage of content that was stored there before.
        objects: Option<ObjectOptions>,
    },
    /// In object storage.
    Objects(ObjectOptions),
}

impl Attachments {
    /// The default of the longest content in the database, in bytes.
    pub const DATABASE_BYTES_MAX: u64 = 64 << 20;

    /// Only in the database, up to a length.
    pub const fn database(bytes_max: u64) -> Self {
        Self::Database { bytes_max, objects: None }
    }
}

/// How to handle a missing or old schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Migrate {
    /// Migrate it.
    AtStart,
    /// Report an error.
    Never,
}

/// The encryption of connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// No encryption.
    Disable,
    /// Encryption if the server supports it.
    Prefer,
    /// Encryption, with any certificate.
    Require,
    /// Encryption, with a verified certificate for the host in the URL.
    VerifyFull,
}

impl Options {
    /// The default number of connections of a node.
    pub const CONNECTIONS_MAX: usize = 16;

    /// The default timeout for getting a connection.
    pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

    /// The default timeout of a statement of SQL.
    pub const STATEMENT_TIMEOUT: Duration = Duration::from_secs(30);

    /// The default timeout of an idle transaction.
    pub const IDLE_TIMEOUT: Duration = Duration::from_secs(10);

    /// The default age of a cached consistent-through time.
    pub const CONSISTENT_THROUGH_AGE_MAX: Duration = Duration::from_millis(100);

    /// A store at `url`, with defaults for everything else.
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
            reserve_bytes: 0,
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
            .field("reserve_bytes", &self.reserve_bytes)
            .finish_non_exhaustive()
    }
}

/// Why the engine could not be opened. The variants say what the operator can do next.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL is invalid. Correct it.
    #[error("the URL of the database is invalid: {reason}")]
    Address {
        /// What is wrong with it.
        reason: String,
    },
    /// The server cannot be reached. Start it, or correct the URL.
    #[error(
        "no database answers at {place}: {reason}; check that the server runs, listens there, and can be reached from here"
    )]
    Unreachable {
        /// Host, port and name, without the password.
        place: String,
        /// What the system reports.
        reason: String,
    },
    /// The server refuses connections. Follow the advice.
    #[error("the database at {place} refuses connections: {reason}; {advice}")]
    Refused {
        /// Host, port and name.
        place: String,
        /// What the server says.
        reason: String,
        /// What can be done.
        advice: String,
    },
    /// The connection cannot be encrypted, or the server's certificate cannot be verified.
    #[error("the connection to the database cannot be protected: {reason}")]
    Tls {
        /// Why, and what can be done.
        reason: String,
    },
    /// The role in the URL lacks privileges. Grant them.
    #[error("the role of the database's address may not do that: {reason}; {advice}")]
    NotPermitted {
        /// What the server says.
        reason: String,
        /// What its owner can execute.
        advice: String,
    },
    /// The database does not store text as UTF-8. Create one that does.
    #[error(
        "the database is encoded in {encoding}; it must be UTF8: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
    )]
    Encoding {
        /// How it is encoded.
        encoding: String,
    },
    /// The schema is older than this release, and must not be migrated at the start.
    #[error(
        "the schema of the database has version {found}, this release needs {needed}; run `acta migrate`"
    )]
    Older {
        /// The version that was found; 0 if there is no schema.
        found: i32,
        /// The version that is needed.
        needed: i32,
    },
    /// The schema was migrated by a newer release. Update Acta.
    #[error(
        "the schema of the database has version {found}, which this release, made for version {known}, cannot work with; update Acta"
    )]
    Newer {
        /// The version that was found.
        found: i32,
        /// The newest version that this release knows.
        known: i32,
    },
    /// The database is a replica or read-only. Use the primary.
    #[error(
        "the database at {place} is read only: a replica, or set to default_transaction_read_only; name the one that takes writes"
    )]
    ReadOnly {
        /// Host, port and name.
        place: String,
    },
    /// A machine of a cluster does not wait for its disk. Correct its configuration.
    #[error(
        "the machine {machine} of the database commits before its disk has it, so a loss of power would lose what was acknowledged; execute in its database: ALTER DATABASE … SET synchronous_commit = on"
    )]
    NotDurable {
        /// Its host and port.
        machine: String,
    },
    /// The options of the object storage are invalid. Correct them.
    #[error("the object storage for attachments is not usable")]
    ObjectAddress(#[from] AddressError),
    /// Objects cannot be put or removed there. Follow the cause.
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
