//! Credentials of a tenant.

mod change;
mod create;
mod issue_token;
mod list;
mod read;
mod refusals;
mod remove;
mod rotate;
mod view;

use acta_http::route::Gate;
use utoipa_axum::routes;

use crate::operations::Operations;

/// Every operation with its access rule.
pub(crate) fn operations() -> Operations {
    Operations::named("api/tenants")
        .add(Gate::Authenticated, routes!(list::list_credentials))
        .add(Gate::Authenticated, routes!(create::create_credential))
        .add(Gate::Authenticated, routes!(read::read_credential))
        .add(Gate::Authenticated, routes!(refusals::read_refusals))
        .add(Gate::Authenticated, routes!(change::change_credential))
        .add(Gate::Authenticated, routes!(remove::remove_credential))
        .add(Gate::Authenticated, routes!(rotate::rotate_credential))
        .add(Gate::Authenticated, routes!(issue_token::issue_token))
}
