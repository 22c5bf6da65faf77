//! Credentials of a tenant.

mod change;
mod create;
mod issue_token;
mod list;
mod read;
mod remove;
mod rotate;
mod view;

use acta_http::route::Gate;
use utoipa_axum::routes;

use crate::operations::Operations;

/// Every operation with its access rule.
pub(crate) fn operations() -> Operations {
    Operations::named("api/tenants")
        .add(Gate::Known, routes!(list::list_credentials))
        .add(Gate::Known, routes!(create::create_credential))
        .add(Gate::Known, routes!(read::read_credential))
        .add(Gate::Known, routes!(change::change_credential))
        .add(Gate::Known, routes!(remove::remove_credential))
        .add(Gate::Known, routes!(rotate::rotate_credential))
        .add(Gate::Known, routes!(issue_token::issue_token))
}
