//! Statements of a tenant, for people.

mod list;
mod read;

use acta_http::route::Gate;
use utoipa_axum::routes;

use crate::operations::Operations;

/// Every operation, with who comes through to it.
pub(crate) fn operations() -> Operations {
    Operations::named("api/tenants")
        .add(Gate::Known, routes!(list::list_statements))
        .add(Gate::Known, routes!(read::read_statement))
}
