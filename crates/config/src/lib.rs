//! The typed configuration, its sources and its reference.
//!
//! Filled once, in `main`, from defaults, file, environment and flags, each overruling the
//! one before. Unknown keys are refused. The page `docs/operate/config.md` is generated
//! from the same table that is read here.

mod administration;
mod keys;
mod load;
mod oidc;
mod reference;
mod secret;
mod value;

pub use administration::Administration;
pub use keys::{KEYS, Key};
pub use load::{ConfigError, Environment, Loaded, Origin, Setting, load};
pub use oidc::{OidcBearer, OidcProvider, OidcRole, OidcTenant, Role, TOKEN_ALGORITHMS};
pub use reference::{limits_page, reference_page};
pub use secret::Secret;
pub use value::{ByteSize, Network, Span};

use std::net::SocketAddr;
use std::path::PathBuf;

use acta_xapi::Version;

/// Everything that can be set, checked and typed.
#[derive(Clone, Debug)]
pub struct Config {
    /// The directory that holds everything stored.
    pub data: PathBuf,
    /// Where to listen.
    pub listen: SocketAddr,
    /// The address at which people reach the server, without a slash at its end.
    pub public_url: Option<String>,
    /// The version named in answers to requests that name none.
    pub default_version: Version,
    /// The home page of the account in the authority of stored statements.
    pub authority_home_page: String,
    /// The credential that an empty store is made with.
    pub seed: Option<Seed>,
    /// What is logged, and how.
    pub log: Log,
    /// Whose pages may ask.
    pub origins: Origins,
    /// Whose word is taken for the address of a client.
    pub trusted_proxies: Vec<Network>,
    /// How much a client may ask for.
    pub limits: Limits,
    /// What holds for tenants, people and tokens.
    pub administration: Administration,
    /// How the embedded engine lays out its files.
    pub storage: Storage,
    /// The database that holds everything instead; none for the embedded engine.
    pub database: Option<Database>,
    /// The OpenID provider at which people can sign in.
    pub oidc_provider: Option<OidcProvider>,
    /// The issuer whose access tokens are taken.
    pub oidc_bearer: Option<OidcBearer>,
}

/// The credential that an empty store is made with.
#[derive(Clone, Debug)]
pub struct Seed {
    /// The user name of Basic authentication.
    pub key: String,
    /// The password of Basic authentication.
    pub secret: Secret<String>,
}

/// What is logged, and how.
#[derive(Clone, Debug)]
pub struct Log {
    /// A filter such as `info` or `acta_http=debug,info`.
    pub level: String,
    /// For people or for machines.
    pub format: LogFormat,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Text on a terminal, JSON otherwise.
    Auto,
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Whose pages may ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origins {
    /// Those of every origin.
    Any,
    /// Those of these origins, each as in `https://a.example`.
    Listed(Vec<String>),
}

/// How much a client may ask for.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Longest JSON body of statements, in bytes, after decompression.
    pub statements_bytes_max: u64,
    /// Most statements in one request.
    pub statements_count_max: usize,
    /// Longest single statement, in bytes.
    pub statement_bytes_max: u64,
    /// Deepest nesting in statements.
    pub json_depth_max: usize,
    /// Most values and keys in one JSON text.
    pub json_values_max: usize,
    /// Most faults that are told of one request.
    pub faults_count_max: usize,
    /// Longest attachment, in bytes.
    pub attachment_bytes_max: u64,
    /// Longest signature, in bytes.
    pub signature_bytes_max: u64,
    /// Longest multipart request, in bytes.
    pub multipart_bytes_max: u64,
    /// Most parts of a multipart request.
    pub multipart_parts_max: usize,
    /// Longest headers of a part, in bytes.
    pub part_head_bytes_max: u64,
    /// How many times its packed size a body may have.
    pub unpacked_ratio_max: u64,
    /// Longest document, in bytes.
    pub document_bytes_max: u64,
    /// Most documents of one place.
    pub documents_count_max: usize,
    /// Longest id of a document, in bytes.
    pub document_id_bytes_max: u64,
    /// Longest head of a request, in bytes.
    pub head_bytes_max: u64,
    /// Longest address of a request, in bytes.
    pub url_bytes_max: u64,
    /// Most parameters of a request.
    pub parameters_count_max: usize,
    /// Longest form that is kept before it is known who sent it, in bytes.
    pub anonymous_bytes_max: u64,
    /// Most wrong secrets for one key within a minute.
    pub failures_count_max: usize,
    /// Most statements on one page of results.
    pub page_count_max: usize,
    /// Most bytes of statements on one page of results.
    pub page_bytes_max: u64,
    /// Most bytes of bodies and pages in memory.
    pub memory_bytes_max: u64,
    /// Most connections at a time.
    pub connections_max: usize,
    /// Most requests worked on at a time.
    pub requests_max: usize,
    /// How long a client may take for the head of a request.
    pub head_timeout: Span,
    /// How long a connection may stay open between two requests.
    pub idle_timeout: Span,
    /// How long a client may pause while it sends a body.
    pub body_timeout: Span,
    /// How long a client may pause while it reads an answer.
    pub write_timeout: Span,
    /// Bytes a second that a client must send or read at least.
    pub rate_bytes_min: u64,
    /// How long requests may go on after the server was told to stop.
    pub drain_timeout: Span,
}

/// How the embedded engine lays out its files.
#[derive(Clone, Copy, Debug)]
pub struct Storage {
    /// Size at which a new segment of the log is begun.
    pub segment_bytes: u64,
    /// Entries after which the index in memory is frozen into a run.
    pub run_entries: u32,
}

/// The database of a store on PostgreSQL.
#[derive(Clone, Debug)]
pub struct Database {
    /// Where it is, with user and password.
    pub url: Secret<String>,
    /// A replica for reading statements.
    pub replica_url: Option<Secret<String>>,
    /// Most connections of this node.
    pub connections_max: usize,
    /// How long a connection is waited for.
    pub connect_timeout: Span,
    /// How long a statement of SQL may take.
    pub statement_timeout: Span,
    /// When the schema is brought up to date.
    pub migrate: Migrate,
    /// How connections are protected; none for what the URL says.
    pub tls: Option<Tls>,
    /// The authorities to trust; none for what the URL says.
    pub tls_ca: Option<PathBuf>,
    /// Where new attachments are kept.
    pub attachments: Attachments,
    /// The longest attachment that the database keeps, in bytes.
    pub attachment_bytes_max: u64,
    /// The object storage, which may still hold attachments when new ones go elsewhere.
    pub objects: Option<Objects>,
}

/// Where a store in a database keeps new attachments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attachments {
    /// In the database.
    Database,
    /// In object storage.
    Objects,
}

/// Object storage that speaks S3.
#[derive(Clone, Debug)]
pub struct Objects {
    /// Bucket and prefix, as in `s3://bucket/prefix`.
    pub url: String,
    /// Where the service is; none for that of Amazon.
    pub endpoint: Option<String>,
    /// The region that requests are signed for.
    pub region: String,
    /// The name of the key.
    pub access_key: String,
    /// The key.
    pub secret_key: Secret<String>,
    /// Whether the endpoint may be asked without encryption.
    pub allow_http: bool,
}

/// When the schema of the database is brought up to date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Migrate {
    /// Whenever a store is opened.
    AtStart,
    /// By `acta migrate` alone.
    Never,
}

/// How connections to the database are protected.
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
