//! Accounts, for operators of the server.

mod change;
mod create;
mod list;
mod list_identities;
mod read;
mod remove;
mod remove_factor;
mod remove_identity;
mod reset;

use acta_http::route::Gate;
use utoipa_axum::routes;

use crate::operations::Operations;

/// Every operation with its access rule.
pub(crate) fn operations() -> Operations {
    Operations::named("api/accounts")
        .add(Gate::Authenticated, routes!(list::list_accounts))
        .add(Gate::Authenticated, routes!(create::create_account))
        .add(Gate::Authenticated, routes!(read::read_account))
        .add(Gate::Authenticated, routes!(change::change_account))
        .add(Gate::Authenticated, routes!(remove::remove_account))
        .add(Gate::Authenticated, routes!(reset::reset_account))
        .add(Gate::Authenticated, routes!(remove_factor::remove_second_factor))
        .add(Gate::Authenticated, routes!(list_identities::list_identities))
        .add(Gate::Authenticated, routes!(remove_identity::remove_identity))
}
