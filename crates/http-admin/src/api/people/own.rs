//! Operations on your own account.

mod begin_factor;
mod change;
mod change_password;
mod confirm_factor;
mod end_session;
mod list_identities;
mod list_sessions;
mod read;
mod remove_factor;
mod remove_identity;

use acta_http::route::Gate;
use utoipa_axum::routes;

use crate::operations::Operations;

/// Every operation with its access rule.
pub(crate) fn operations() -> Operations {
    Operations::named("api/account")
        .add(Gate::Authenticated, routes!(read::read_own_account))
        .add(Gate::Authenticated, routes!(change::change_own_account))
        .add(Gate::Authenticated, routes!(change_password::change_password))
        .add(Gate::Authenticated, routes!(begin_factor::begin_second_factor))
        .add(Gate::Authenticated, routes!(confirm_factor::confirm_second_factor))
        .add(Gate::Authenticated, routes!(remove_factor::remove_own_second_factor))
        .add(Gate::Authenticated, routes!(list_identities::list_own_identities))
        .add(Gate::Authenticated, routes!(remove_identity::remove_own_identity))
        .add(Gate::Authenticated, routes!(list_sessions::list_sessions))
        .add(Gate::Authenticated, routes!(end_session::end_session))
}
