//! Links that are used once, for pages that show them to people.

mod accept;
mod read;

use acta_http::route::Gate;
use utoipa_axum::routes;

use crate::operations::Operations;

/// Every operation, with who comes through to it.
pub(crate) fn operations() -> Operations {
    Operations::named("api/links")
        .add(Gate::Guest, routes!(read::read_link))
        .add(Gate::Guest, routes!(accept::accept_link))
}
