//! Signing in and out, and who asks.

mod create;
mod read;
mod remove;
pub(crate) mod view;

use acta_http::route::Gate;
use utoipa_axum::routes;

use crate::operations::Operations;

/// Every operation, with who comes through to it.
pub(crate) fn operations() -> Operations {
    Operations::named("api/session")
        .add(Gate::Guest, routes!(read::read_session))
        .add(Gate::Guest, routes!(create::sign_in))
        .add(Gate::Guest, routes!(remove::sign_out))
}
