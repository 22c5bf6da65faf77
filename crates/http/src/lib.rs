//! The HTTP server and the xAPI resources. It contains no other decisions.
//!
//! A request passes [`App::answer`], in process or over a socket by [`serve`]: an alternate request
//! is rewritten, the caller and the version are determined, a handler turns typed arguments into a
//! use case, and the response is finished with the common headers. Every refusal is a problem of
//! RFC 9457.
//!
//! Other resources are [`route::RouteGroup`]s, which the caller of [`App::new`] provides. The
//! access rule of a route is data of the route.

pub mod edge;
pub mod multipart;
pub mod permit;
pub mod problem;
pub mod refusals;
pub mod reply;
pub mod route;

mod app;
mod connection;
mod metrics;
mod options;
mod server;
mod state;
mod xapi;

pub use app::App;
pub use connection::{EventStreams, Local, Peer, StreamPermit};
pub use metrics::{MetricReading, MetricSource};
pub use options::{
    Bounds, HttpVersions, IgnoredParameters, LoggedAddress, Options, Origins, TlsOptions,
};
pub use permit::Party;
pub use server::tls::Encryption;
pub use server::{ClientListener, Control, Listeners, ServeError, serve};
pub use state::{Backend, Dependencies, HttpParts, Settings, Shared, get_or_create_secret};
pub use xapi::{open_cursor, read_filters, read_search};
