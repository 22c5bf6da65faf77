//! Sign-in, sign-out and the current session.

mod create;
mod read;
mod remove;
pub(crate) mod view;

use acta_http::route::Gate;
use utoipa_axum::routes;

use crate::operations::Operations;

/// Every operation with its access rule.
pub(crate) fn operations() -> Operations {
    Operations::named("api/session")
        .add(Gate::Guest, routes!(read::read_session))
        .add(Gate::Guest, routes!(create::sign_in))
        .add(Gate::Guest, routes!(remove::sign_out))
}
