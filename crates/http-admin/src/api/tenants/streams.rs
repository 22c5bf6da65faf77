//! Event streams of a tenant: statements as they are stored, and counts for dashboards.
//!
//! Spec: HTML Living Standard, 9.2 (server-sent events).

mod event_stream;
mod issue_token;
mod statements;
mod summary;

use acta_http::route::Gate;
use utoipa_axum::routes;

use crate::operations::Operations;

/// Every operation with its access rule.
pub(crate) fn operations() -> Operations {
    Operations::named("api/streams")
        .add(Gate::Stream, routes!(statements::stream_statements))
        .add(Gate::Stream, routes!(summary::stream_summary))
        .add(Gate::Authenticated, routes!(issue_token::issue_stream_token))
}
