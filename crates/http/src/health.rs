//! What operators and their machines ask: is it alive, is it ready, how is it doing.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use hyper::header::CONTENT_TYPE;

use crate::Shared;
use crate::problem::Problem;

/// `GET /health`: the process answers.
pub(crate) async fn health() -> &'static str {
    "alive\n"
}

/// `GET /ready`: storage takes writes.
///
/// # Errors
///
/// 503 when it is busy, has halted or has no database, 500 when it cannot be read.
pub(crate) async fn ready(State(shared): State<Shared>) -> Result<&'static str, Problem> {
    shared.service.check_ready().await?;
    Ok("ready\n")
}

/// `GET /metrics`: everything that is counted, in the text format of Prometheus.
pub(crate) async fn metrics(State(shared): State<Shared>) -> Response {
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(CONTENT_TYPE, content_type)], shared.metrics.encode()).into_response()
}
