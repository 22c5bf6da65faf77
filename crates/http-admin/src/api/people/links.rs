//! One-time links.

mod accept;
mod read;

use acta_http::route::Gate;
use utoipa_axum::routes;

use crate::operations::Operations;

/// Every operation with its access rule.
pub(crate) fn operations() -> Operations {
    Operations::named("api/links")
        .add(Gate::Guest, routes!(read::read_link))
        .add(Gate::Guest, routes!(accept::accept_link))
}
