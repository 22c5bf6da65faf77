//! The typed configuration, its sources and its reference.
//!
//! Filled once, in `main`, from defaults, file, environment and flags; a later source overrides an
//! earlier one. Unknown keys are refused. Each key is declared once, in a `section!`; the page
//! `docs/operate/config.md` is generated from the same declarations that are read here.

mod address;
mod administration;
mod config;
mod key;
mod limits;
mod load;
mod oidc;
mod reference;
mod secret;
mod section;
mod settings;
mod storage;
mod value;
mod value_spec;

pub use address::{Listen, NotAListen};
pub use administration::{Accounts, Audit, Tenants, Tokens};
pub use config::{
    ClockJumps, Config, Cors, ExportObjects, Facts, KEYS, Log, LogFormat, LoggedAddress, Metrics,
    Origins, Proof, Seed, Server, Xapi,
};
pub use key::Key;
pub use limits::Limits;
pub use load::{Environment, Loaded, load};
pub use oidc::{Oidc, OidcBearer, OidcProvider, OidcRole, OidcTenant, Role, TOKEN_ALGORITHMS};
pub use reference::{FixedBound, limits_page, reference_page};
pub use secret::Secret;
pub use settings::{ConfigError, Origin, Setting};
pub use storage::{Attachments, Database, Migrate, Objects, Storage, Tls};
pub use value::{ByteSize, Network, Span};
