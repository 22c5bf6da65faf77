//! Facts of a tenant: questions, and how far the facts go.

mod query;
mod read;

use acta_http::route::Gate;
use utoipa_axum::routes;

use crate::operations::Operations;

/// Every operation with its access rule.
pub(crate) fn operations() -> Operations {
    Operations::named("api/facts")
        .add(Gate::Authenticated, routes!(query::query_facts))
        .add(Gate::Authenticated, routes!(read::read_facts))
}
