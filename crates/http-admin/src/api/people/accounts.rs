//! Accounts, for operators of the server.

mod change;
mod create;
mod list;
mod read;
mod remove;
mod remove_factor;
mod reset;

use acta_http::route::Gate;
use utoipa_axum::routes;

use crate::operations::Operations;

/// Every operation with its access rule.
pub(crate) fn operations() -> Operations {
    Operations::named("api/accounts")
        .add(Gate::Known, routes!(list::list_accounts))
        .add(Gate::Known, routes!(create::create_account))
        .add(Gate::Known, routes!(read::read_account))
        .add(Gate::Known, routes!(change::change_account))
        .add(Gate::Known, routes!(remove::remove_account))
        .add(Gate::Known, routes!(reset::reset_account))
        .add(Gate::Known, routes!(remove_factor::remove_second_factor))
}
