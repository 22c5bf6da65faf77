//! The server itself.

pub(super) mod followers;
mod read;

use acta_http::route::Gate;
use utoipa_axum::routes;

use crate::operations::Operations;

/// Every operation with its access rule.
pub(super) fn operations() -> Operations {
    Operations::named("api/server").add(Gate::Authenticated, routes!(read::read_server))
}
