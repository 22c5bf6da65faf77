//! The HTTP face of the store: extractors, routes and problems. Nothing else is decided here.
//!
//! A request passes [`App::answer`], in process or over a socket by [`serve`]: an alternate
//! request becomes the one it stands for, who asks and in which version is found out, a
//! handler turns typed arguments into a use case, and the answer is finished with the headers
//! that all answers have. Every refusal is a problem of RFC 9457.

pub mod multipart;

mod answer;
mod app;
mod cors;
mod date;
mod edge;
mod health;
mod media_type;
mod metrics;
mod problem;
mod server;
mod xapi;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use acta_ambient::Clock;
use acta_auth::Authenticator;
use acta_service::Service;
use acta_xapi::Version;

pub use app::App;
pub use metrics::{GaugeReading, Gauges};
pub use server::{ServeError, serve};

use metrics::Metrics;

/// How large and how slow things may be.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// Largest JSON text of statements, in bytes.
    pub statements_bytes_max: usize,
    /// Largest document, in bytes.
    pub document_bytes_max: usize,
    /// Largest attachment, in bytes.
    pub attachment_bytes_max: u64,
    /// Largest request with attachments, in bytes.
    pub multipart_bytes_max: u64,
    /// Most parts of a request with attachments.
    pub parts_max: usize,
    /// Largest head of a request, in bytes.
    pub head_bytes_max: usize,
    /// How long the head of a request may take to arrive.
    pub head_timeout: Duration,
    /// How long the next piece of a body may take to arrive.
    pub body_timeout: Duration,
    /// How long requests may go on after the shutdown was asked for.
    pub drain_timeout: Duration,
    /// Most open connections; more wait to be accepted.
    pub connections_max: usize,
    /// Most requests answered at a time; more are told to come back later.
    pub requests_max: usize,
}

/// What the HTTP face can be told to do differently.
#[derive(Clone, Debug)]
pub struct Options {
    /// The version that answers name when the request did not.
    pub default_version: Version,
    /// How large and how slow things may be.
    pub bounds: Bounds,
}

/// What the HTTP face is made of.
pub struct HttpParts {
    /// The use cases.
    pub service: Service,
    /// Finds out who asks.
    pub authenticator: Arc<Authenticator>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Numbers of the storage engine for `/metrics`.
    pub gauges: Option<Arc<dyn Gauges>>,
    /// What to do differently.
    pub options: Options,
}

impl fmt::Debug for HttpParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpParts").field("options", &self.options).finish_non_exhaustive()
    }
}

/// What all handlers share.
type Shared = Arc<SharedParts>;

/// See [`Shared`].
struct SharedParts {
    service: Service,
    authenticator: Arc<Authenticator>,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
    options: Options,
}
