//! The HTTP server and the resources of xAPI. Nothing else is decided here.
//!
//! A request passes [`App::answer`], in process or over a socket by [`serve`]: an alternate
//! request becomes the one it stands for, who asks and in which version is found out, a
//! handler turns typed arguments into a use case, and the answer is finished with the headers
//! that all answers have. Every refusal is a problem of RFC 9457.
//!
//! Resources beside those of xAPI are a [`route::RouteGroup`] each, which the caller of
//! [`App::new`] hands over: who comes through to a route is data of the route.

pub mod edge;
pub mod multipart;
pub mod permit;
pub mod problem;
pub mod reply;
pub mod route;

mod app;
mod connection;
mod memory;
mod metrics;
mod options;
mod server;
mod state;
mod xapi;

pub use app::App;
pub use connection::{Local, Peer};
pub use metrics::{GaugeReading, Gauges};
pub use options::{Bounds, Options, Origins, PageBounds};
pub use server::{Control, Listeners, ServeError, serve};
pub use state::{Backend, Dependencies, HttpParts, Settings, Shared, get_or_create_secret};
pub use xapi::read_search;
