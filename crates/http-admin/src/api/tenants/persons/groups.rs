//! Groups of persons: a tree of units, classes and cohorts, with members at dates.

mod change;
mod create;
mod export;
mod import;
mod list;
mod members;
mod read;
mod remove;
mod view;

use acta_http::route::Gate;
use utoipa_axum::routes;

use crate::operations::Operations;

/// Every operation with its access rule.
pub(crate) fn operations() -> Operations {
    Operations::named("api/groups")
        .add(Gate::Authenticated, routes!(list::list_groups))
        .add(Gate::Authenticated, routes!(create::create_group))
        .add(Gate::Authenticated, routes!(export::export_groups))
        .add(Gate::Authenticated, routes!(import::import_groups))
        .add(Gate::Authenticated, routes!(read::read_group))
        .add(Gate::Authenticated, routes!(change::change_group))
        .add(Gate::Authenticated, routes!(remove::remove_group))
        .add(Gate::Authenticated, routes!(members::list_group_members))
        .add(Gate::Authenticated, routes!(members::add_group_member))
        .add(Gate::Authenticated, routes!(members::set_group_member))
        .add(Gate::Authenticated, routes!(members::remove_group_member))
}
