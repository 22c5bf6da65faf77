//! Invitations into a tenant.

mod create;
mod list;
mod remove;

use acta_http::route::Gate;
use utoipa_axum::routes;

use crate::operations::Operations;

/// Every operation with its access rule.
pub(crate) fn operations() -> Operations {
    Operations::named("api/tenants")
        .add(Gate::Authenticated, routes!(list::list_invitations))
        .add(Gate::Authenticated, routes!(create::create_invitation))
        .add(Gate::Authenticated, routes!(remove::remove_invitation))
}
