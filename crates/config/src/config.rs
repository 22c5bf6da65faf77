//! Everything that can be set.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::LazyLock;

use acta_xapi::Version;

use crate::address::{origin, public_url};
use crate::administration::{Accounts, Tenants, Tokens};
use crate::key::Key;
use crate::limits::Limits;
use crate::oidc::{Oidc, OidcBearer, OidcProvider};
use crate::section::{Section, section};
use crate::settings::{ConfigError, Settings};
use crate::storage::{Database, Storage};
use crate::value::NotANetwork;
use crate::value_spec::{ValueSpec, one_of, parsed, path, text};
use crate::{Network, Secret};

/// Everything that can be set, in the order of the reference.
pub static KEYS: LazyLock<Vec<Key>> = LazyLock::new(Config::keys);

/// Where browsers come back to from a provider, below the address of the server.
const REDIRECT_PATH: &str = "/signin/oidc";

section! {
    /// Everything that can be set, checked and typed.
    #[derive(Clone, Debug)]
    pub struct Config in "" {
        /// The directory that holds everything stored. Made when missing. Not used when
        /// `storage.url` is set.
        pub data: PathBuf = path().default("acta-data"),
        /// Where to listen for HTTP. Port 0 takes a free one.
        pub listen: SocketAddr = parsed("address and port").default("127.0.0.1:8080"),
        /// The address at which people reach the server, as in `https://lrs.example.org`: scheme,
        /// host and perhaps port. Links that are sent to people begin with it.
        pub public_url: Option<String> = public_url().optional(),
        /// The xAPI version named in the answer to a request that names none. Both versions are
        /// always served.
        pub default_version: Version =
            one_of(Version::EVERY.map(|version| (version.as_str(), version)))
            .default("2.0.0"),
        /// The home page of the account that stands as authority in stored statements; the
        /// account's name is the key of the credential. Set it before the first statement to the
        /// address that the store is known by.
        pub authority_home_page: String = iri().default("http://localhost/acta"),
    }
    sections {
        /// The credential that an empty store is made with.
        pub seed: Option<Seed>,
        /// What is logged, and how.
        pub log: Log,
        /// Whose pages may ask.
        pub cors: Cors,
        /// How the server is reached.
        pub server: Server,
        /// How much a client may ask for.
        pub limits: Limits,
        /// How the embedded engine lays out its files.
        pub storage: Storage,
        /// The database that holds everything instead; none for the embedded engine.
        pub database: Option<Database>,
        /// What holds for tenants.
        pub tenants: Tenants,
        /// What holds for people.
        pub accounts: Accounts,
        /// What holds for browser tokens.
        pub tokens: Tokens,
        /// The OpenID provider at which people can sign in.
        pub oidc_provider: Option<OidcProvider>,
        /// What holds for every OpenID provider.
        pub oidc: Oidc,
        /// The issuer whose access tokens are taken.
        pub oidc_bearer: Option<OidcBearer>,
    }
}

impl Config {
    /// Where the OpenID provider sends browsers back to; none without
    /// [`public_url`](Self::public_url).
    pub fn redirect_uri(&self) -> Option<String> {
        self.public_url.as_ref().map(|url| format!("{url}{REDIRECT_PATH}"))
    }

    /// The name of the issuer of access tokens: its own, or that of the provider.
    pub fn bearer_issuer(&self) -> Option<&str> {
        let own = self.oidc_bearer.as_ref()?.issuer.as_ref();
        let provider = self.oidc_provider.as_ref().map(|provider| &provider.issuer);
        own.or(provider).map(String::as_str)
    }
}

section! {
    /// The credential that an empty store is made with.
    #[derive(Clone, Debug)]
    pub optional struct Seed in "seed_" {
        /// With `seed_secret`: the key of the credential that an empty store is made with. Without
        /// both, key and secret are made up and printed once.
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
    /// What is logged, and how.
    #[derive(Clone, Debug)]
    pub struct Log in "log." {
        /// What is logged: `error`, `warn`, `info`, `debug` or `trace`, also by part, as in
        /// `acta_http=debug,info`.
        pub level: String = parsed("filter").default("info"),
        /// How log lines look. `auto` is text on a terminal and JSON otherwise.
        pub format: LogFormat =
            one_of([("auto", LogFormat::Auto), ("text", LogFormat::Text), ("json", LogFormat::Json)])
            .default("auto"),
    }
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

section! {
    /// Whose pages may ask.
    #[derive(Clone, Debug)]
    pub struct Cors in "cors." {
        /// The origins whose pages may ask, as in `https://a.example https://b.example`. Requests
        /// of pages of any other origin get 403. `*` is every origin.
        pub origins: Origins = origins().default("*"),
    }
}

/// Whose pages may ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origins {
    /// Those of every origin.
    Any,
    /// Those of these origins, each as in `https://a.example`.
    Listed(Vec<String>),
}

section! {
    /// How the server is reached.
    #[derive(Clone, Debug)]
    pub struct Server in "server." {
        /// The reverse proxies in front of the server, as in `127.0.0.1 10.0.0.0/8 fd00::/8`. Of a
        /// connection from one of them, and of no other, the headers `Forwarded` and
        /// `X-Forwarded-For` are believed, as far back as the addresses in them are those of
        /// trusted proxies too. If a request has both headers and they name different clients,
        /// neither is believed.
        pub trusted_proxies: Vec<Network> = networks().default(""),
    }
}

fn iri() -> ValueSpec<String> {
    ValueSpec::new("IRI", |text| {
        let iri: Result<acta_xapi::Iri, _> = text.parse();
        iri.map(|iri| iri.as_str().to_owned()).map_err(|error| error.to_string())
    })
}

fn origins() -> ValueSpec<Origins> {
    ValueSpec::new("`*`, or origins with blanks between", |text| match text.trim() {
        "*" => Ok(Origins::Any),
        text => text.split_whitespace().map(origin).collect::<Result<_, _>>().map(Origins::Listed),
    })
}

fn networks() -> ValueSpec<Vec<Network>> {
    ValueSpec::new("addresses or networks with blanks between", |text| {
        let networks = text.split_whitespace().map(str::parse);
        networks.collect::<Result<_, NotANetwork>>().map_err(|error| error.to_string())
    })
}
