//! Statements of a tenant, as people read them.

pub(super) mod list;
mod read;

use acta_http::route::Gate;
use utoipa_axum::routes;

use crate::operations::Operations;

/// Every operation with its access rule.
pub(crate) fn operations() -> Operations {
    Operations::named("api/tenants")
        .add(Gate::Authenticated, routes!(list::list_statements))
        .add(Gate::Authenticated, routes!(read::read_statement))
}
