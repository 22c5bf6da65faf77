//! Facts of tenants: questions, SQL, dashboards, how far the facts go, having them made again, and
//! files of them.

pub(crate) mod dashboards;
mod export;
mod query;
pub(crate) mod questions;
mod range;
mod read;
mod rebuild;
mod sql;
mod view;

use acta_http::route::Gate;
use utoipa_axum::routes;

use crate::operations::Operations;

/// Every operation with its access rule.
pub(crate) fn operations() -> Operations {
    Operations::named("api/facts")
        .add(Gate::Authenticated, routes!(query::query_facts))
        .add(Gate::Authenticated, routes!(sql::ask_sql))
        .add(Gate::Authenticated, routes!(export::export_facts))
        .add(Gate::Authenticated, routes!(export::read_facts_manifest))
        .add(Gate::Authenticated, routes!(export::read_facts_file))
        .add(Gate::Authenticated, routes!(read::read_facts))
        .add(Gate::Authenticated, routes!(read::list_facts))
        .add(Gate::Authenticated, routes!(rebuild::rebuild_facts))
        .add(Gate::Authenticated, routes!(rebuild::rebuild_all_facts))
}
