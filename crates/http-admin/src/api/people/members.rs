//! The people of a tenant and their roles.

mod change;
mod list;
mod read;
mod remove;

use acta_http::route::Gate;
use utoipa_axum::routes;

use crate::operations::Operations;

/// Every operation with its access rule.
pub(crate) fn operations() -> Operations {
    Operations::named("api/tenants")
        .add(Gate::Authenticated, routes!(list::list_people))
        .add(Gate::Authenticated, routes!(read::read_person))
        .add(Gate::Authenticated, routes!(change::change_person))
        .add(Gate::Authenticated, routes!(remove::remove_person))
}
