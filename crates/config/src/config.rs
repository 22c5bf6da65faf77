//! The configuration tree.

mod facts;
mod log;
mod proof;
mod xapi;

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use acta_xapi::Version;

use crate::address::{Listen, file_mode, listen, origin, public_url};
use crate::administration::{Accounts, Audit, Tenants, Tokens};
use crate::key::Key;
use crate::limits::Limits;
use crate::oidc::{Oidc, OidcBearer, OidcProvider};
use crate::section::{Section, section};
use crate::settings::{ConfigError, Settings};
use crate::storage::{Database, Storage};
use crate::value::NotANetwork;
use crate::value_spec::{ValueSpec, one_of, path, text, time_in, yes_or_no};
use crate::{Network, Secret, Span};
pub use facts::{ExportObjects, Facts};
pub use log::{Log, LogFormat, LoggedAddress};
pub use proof::Proof;
pub use xapi::Xapi;

/// All keys, in the order of the reference.
pub static KEYS: LazyLock<Vec<Key>> = LazyLock::new(Config::keys);

/// The least and the most that `clock.jump_max` may be.
const JUMPS: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_hours(24);

/// The most that `clock.jump_wait` may be.
const JUMP_WAIT_MAX: Duration = Duration::from_hours(30 * 24);

/// The most that `server.hsts_max_age` may be.
const HSTS_MAX: Duration = Duration::from_hours(24 * 730);

/// The most that `server.drain_delay` may be.
const DRAIN_DELAY_MAX: Duration = Duration::from_mins(10);

/// The home page in the authority of statements when neither it nor the public URL is set.
const AUTHORITY_HOME_PAGE: &str = "http://localhost/acta";

/// The path of the redirect URI for OpenID providers.
const REDIRECT_PATH: &str = "/signin/oidc";

section! {
    /// The configuration, checked and typed.
    #[derive(Clone, Debug)]
    pub struct Config in "" {
        /// The directory of the store. `acta serve` and `acta init` create it if it does not
        /// exist. If `storage.url` is set too, the one from the more specific source is used; one
        /// source must not set both.
        pub data: PathBuf = path().default("acta-data"),
        /// The address and port to listen on for HTTP, or for HTTPS if `server.tls_certificate` is
        /// set. Port 0 selects a free port. Or `unix:` and the path of a socket for a reverse proxy
        /// on the same machine, such as `unix:/run/acta/acta.sock`; see
        /// [tls.md](tls.md#over-a-unix-socket).
        pub listen: Listen = listen().default("127.0.0.1:8080"),
        /// The public URL of the server, such as `https://lrs.example.org`: scheme, host and
        /// optional port. Links that are sent to people begin with it.
        pub public_url: Option<String> = public_url().optional(),
        /// The directory for new secrets: `acta serve` writes the first credential of a store and
        /// the link that creates the first account into files there, which only its user can
        /// read. If its standard output is a terminal, it prints them instead. If unset: the
        /// directory of the store; for a store in a database, the working directory.
        pub secrets_dir: Option<PathBuf> = path().optional(),
        /// The xAPI version in the response to a request without a version. Both versions are
        /// always served.
        pub default_version: Version =
            one_of(Version::EVERY.map(|version| (version.as_str(), version)))
            .default("2.0.0"),
        /// The `homePage` of the account that is the authority of stored statements; the `name` of
        /// the account is the key of the credential. If unset: `public_url`, or
        /// `http://localhost/acta` without one. Set one of them to the permanent URL of the store
        /// before the first statement is stored: statements that are stored keep their authority.
        /// After a change, `statements/read/mine` still finds those that a credential wrote before.
        pub authority_home_page: Option<String> = iri().optional(),
    }
    sections {
        /// The first credential of an empty store.
        pub seed: Option<Seed>,
        /// Logging.
        pub log: Log,
        /// Cross-origin requests.
        pub cors: Cors,
        /// Network settings of the server.
        pub server: Server,
        /// The resources for monitoring.
        pub metrics: Metrics,
        /// Settings for clients of xAPI.
        pub xapi: Xapi,
        /// Jumps of the clock.
        pub clock: ClockJumps,
        /// Limits for clients.
        pub limits: Limits,
        /// Facts, from which questions are answered.
        pub facts: Facts,
        /// Proofs that statements are unchanged.
        pub proof: Proof,
        /// File sizes of the embedded engine.
        pub storage: Storage,
        /// The database of the store; none for the embedded engine.
        pub database: Option<Database>,
        /// What holds for tenants.
        pub tenants: Tenants,
        /// What holds for people.
        pub accounts: Accounts,
        /// What holds for the audit log.
        pub audit: Audit,
        /// What holds for browser tokens.
        pub tokens: Tokens,
        /// The OpenID provider for sign-in.
        pub oidc_provider: Option<OidcProvider>,
        /// Settings for all OpenID providers.
        pub oidc: Oidc,
        /// The issuer of accepted access tokens.
        pub oidc_bearer: Option<OidcBearer>,
    }
}

impl Config {
    /// The redirect URI for the OpenID provider; none without [`public_url`](Self::public_url).
    pub fn redirect_uri(&self) -> Option<String> {
        self.public_url.as_ref().map(|url| format!("{url}{REDIRECT_PATH}"))
    }

    /// The home page in the authority of statements: its own setting, or the public URL, or one
    /// that means no server in particular.
    pub fn authority_home_page(&self) -> &str {
        let home_page = self.authority_home_page.as_ref().or(self.public_url.as_ref());
        home_page.map_or(AUTHORITY_HOME_PAGE, String::as_str)
    }

    /// The issuer of access tokens: its own setting, or the provider for sign-in.
    pub fn bearer_issuer(&self) -> Option<&str> {
        let own = self.oidc_bearer.as_ref()?.issuer.as_ref();
        let provider = self.oidc_provider.as_ref().map(|provider| &provider.issuer);
        own.or(provider).map(String::as_str)
    }
}

section! {
    /// The first credential of an empty store.
    #[derive(Clone, Debug)]
    pub optional struct Seed in "seed_" {
        /// The key of the first credential of an empty store; set it together with `seed_secret`.
        /// If neither is set, key and secret are generated and shown once.
        pub key: String = text(),
        /// The secret that belongs to `seed_key`.
        pub secret: Secret<String> = text().secret(),
    }
    check check_seed;
}

fn check_seed(_: Option<&Seed>, settings: &Settings) -> Result<(), ConfigError> {
    settings.check_both("seed_key", "seed_secret")
}

section! {
    /// Cross-origin requests.
    #[derive(Clone, Debug)]
    pub struct Cors in "cors." {
        /// The origins whose pages may send requests, such as `https://a.example
        /// https://b.example`. Requests from pages of any other origin get 403. `*` allows every
        /// origin.
        pub origins: Origins = origins().default("*"),
    }
}

/// Cross-origin requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origins {
    /// Every origin.
    Any,
    /// These origins, each such as `https://a.example`.
    Listed(Vec<String>),
}

section! {
    /// Network settings of the server.
    #[derive(Clone, Debug)]
    pub struct Server in "server." {
        /// The reverse proxies in front of the server, such as `127.0.0.1 10.0.0.0/8 fd00::/8`. The
        /// headers `Forwarded` and `X-Forwarded-For` are used only for connections from one of
        /// these addresses. They are read from the end, as long as the addresses in them are
        /// trusted proxies too. If a request has both headers and they give different clients,
        /// neither is used. Processes that connect over the socket in `listen` are always trusted.
        pub trusted_proxies: Vec<Network> = networks().default(""),
        /// The file mode of the sockets in `listen` and `metrics.listen`, in octal digits. A
        /// process that may write to a socket can connect, and say which address a request came
        /// from.
        pub socket_mode: u32 = file_mode().default("0660"),
        /// A PEM file with the certificate of the server, followed by those of the authorities
        /// between it and one that clients trust. If it is set, the server speaks only TLS; set it
        /// together with `server.tls_key`. Both files are read again when they change; see
        /// [tls.md](tls.md).
        pub tls_certificate: Option<PathBuf> = path().optional(),
        /// A PEM file with the private key that belongs to `server.tls_certificate`, without a
        /// passphrase.
        pub tls_key: Option<PathBuf> = path().optional(),
        /// Whether clients may use HTTP/2: over TLS if they ask for it, and without TLS if they
        /// begin with it, as proxies do that are told to. HTTP/1.1 is always spoken.
        pub http2: bool = yes_or_no().default("true"),
        /// How long browsers use only https for the host of the server, with every port of it,
        /// after a response over TLS of this server (the header `Strict-Transport-Security`). `0s`
        /// sends no such header. At most 730d.
        pub hsts_max_age: Span = time_in(Duration::ZERO..=HSTS_MAX).default("365d"),
        /// How long the server still accepts connections after a signal to stop, while `/ready`
        /// answers 503. Set it to the time in which a load balancer notices that. At most 10m.
        pub drain_delay: Span = time_in(Duration::ZERO..=DRAIN_DELAY_MAX).default("0s"),
    }
    check check_server;
}

impl Server {
    /// The files of the certificate and of its key, if the server speaks TLS.
    pub fn tls_files(&self) -> Option<(&Path, &Path)> {
        Some((self.tls_certificate.as_deref()?, self.tls_key.as_deref()?))
    }
}

fn check_server(server: &Server, settings: &Settings) -> Result<(), ConfigError> {
    settings.check_both("server.tls_certificate", "server.tls_key")?;
    let is_plain = settings.text("public_url").is_some_and(|url| url.starts_with("http://"));
    if server.tls_files().is_some() && is_plain {
        let reason = "expected https://, because server.tls_certificate is set";
        return Err(settings.refusal("public_url", reason));
    }
    Ok(())
}

section! {
    /// The resources for monitoring.
    #[derive(Clone, Debug)]
    pub struct Metrics in "metrics." {
        /// The address and port for `/metrics`, `/health` and `/ready`, or `unix:` and the path of
        /// a socket. If it is set, they are served there, always without TLS, and not to clients;
        /// if unset, they are served where `listen` says.
        pub listen: Option<Listen> = listen().optional(),
    }
}

section! {
    /// Jumps of the clock of the machine.
    #[derive(Clone, Copy, Debug)]
    pub struct ClockJumps in "clock." {
        /// The largest step of the clock of the machine that is followed at once, forward or back.
        /// After a larger one, Acta counts on by the time that has passed; see
        /// [README.md](README.md#when-the-clock-jumps). From 1s to 1d.
        pub jump_max: Span = time_in(JUMPS).default("1m"),
        /// How long a larger step of the clock must last until it is followed. On PostgreSQL it is
        /// followed when the clock of the database agrees. At most 30d.
        pub jump_wait: Span = time_in(Duration::ZERO..=JUMP_WAIT_MAX).default("10m"),
    }
}

fn iri() -> ValueSpec<String> {
    ValueSpec::new("IRI", |text| {
        let iri: Result<acta_xapi::Iri, _> = text.parse();
        iri.map(|iri| iri.as_str().to_owned()).map_err(|error| error.to_string())
    })
}

fn origins() -> ValueSpec<Origins> {
    ValueSpec::new("`*`, or origins separated by spaces", |text| match text.trim() {
        "*" => Ok(Origins::Any),
        text => text.split_whitespace().map(origin).collect::<Result<_, _>>().map(Origins::Listed),
    })
}

fn networks() -> ValueSpec<Vec<Network>> {
    ValueSpec::new("addresses or networks separated by spaces", |text| {
        let networks = text.split_whitespace().map(str::parse);
        networks.collect::<Result<_, NotANetwork>>().map_err(|error| error.to_string())
    })
}
