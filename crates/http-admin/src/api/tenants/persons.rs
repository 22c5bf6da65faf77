//! Persons of a tenant: which identifiers are one learner, and what is known of each.

mod change;
mod create;
mod export;
pub(crate) mod groups;
mod import;
mod join;
mod list;
mod read;
mod remove;
mod rules;
mod split;
mod view;

use acta_http::route::Gate;
use utoipa_axum::routes;

use crate::operations::Operations;

/// Every operation with its access rule.
pub(crate) fn operations() -> Operations {
    Operations::named("api/persons")
        .add(Gate::Authenticated, routes!(list::list_persons))
        .add(Gate::Authenticated, routes!(create::create_joined_person))
        .add(Gate::Authenticated, routes!(export::export_persons))
        .add(Gate::Authenticated, routes!(import::import_persons))
        .add(Gate::Authenticated, routes!(rules::read_person_rules))
        .add(Gate::Authenticated, routes!(rules::set_person_rules))
        .add(Gate::Authenticated, routes!(read::read_joined_person))
        .add(Gate::Authenticated, routes!(change::change_joined_person))
        .add(Gate::Authenticated, routes!(remove::remove_joined_person))
        .add(Gate::Authenticated, routes!(join::join_persons))
        .add(Gate::Authenticated, routes!(split::split_person))
}
