//! Browser tokens.

mod exchange;
pub(crate) mod view;

use acta_http::route::Gate;
use utoipa_axum::routes;

use crate::operations::Operations;

/// Every operation with its access rule.
pub(super) fn operations() -> Operations {
    Operations::named("api/tokens").add(Gate::Authenticated, routes!(exchange::exchange_token))
}
