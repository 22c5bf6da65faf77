//! Endpoints for monitoring: liveness, readiness, metrics.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::header::CONTENT_TYPE;

use crate::problem::Problem;
use crate::route::{Gate, Route, RouteTable};
use crate::state::Shared;

/// The routes that tell whether the server is to be started again or to get requests.
pub(super) const PROBES: [&str; 2] = ["/health", "/ready"];

/// All of them.
pub(super) const PATHS: [&str; 3] = ["/health", "/ready", "/metrics"];

/// Every resource with its methods.
pub(super) fn table() -> RouteTable<Shared> {
    let open = |name| Route::new(name, Gate::Open);
    RouteTable::default()
        .path("/health", open("/health"), get(health))
        .path("/ready", open("/ready"), get(ready))
        .path("/metrics", open("/metrics"), get(metrics))
}

/// `GET /health`: the process is alive.
async fn health() -> &'static str {
    "alive\n"
}

/// `GET /ready`: storage takes writes, and the server was not asked to stop.
///
/// # Errors
///
/// 503 when the server stops soon, when storage is busy, has halted or has no database, 500 when it
/// cannot be read.
async fn ready(State(shared): State<Shared>) -> Result<&'static str, Problem> {
    if shared.draining.is_cancelled() {
        return Err(Problem::stopping());
    }
    shared.service.check_ready().await?;
    Ok("ready\n")
}

/// `GET /metrics`: all metrics, in the `OpenMetrics` text format.
async fn metrics(State(shared): State<Shared>) -> Response {
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(CONTENT_TYPE, content_type)], shared.metrics.encode()).into_response()
}
