//! Tenants.

pub(super) mod analyses;
mod change;
mod create;
pub(super) mod credentials;
pub(super) mod facts;
mod list;
pub(super) mod persons;
mod read;
mod read_usage;
mod remove;
mod serve;
mod settings;
pub(super) mod statements;
pub(super) mod streams;
mod view;

use acta_http::route::Gate;
use utoipa_axum::routes;

use crate::operations::Operations;

/// Every operation with its access rule.
pub(super) fn operations() -> Operations {
    Operations::named("api/tenants")
        .add(Gate::Authenticated, routes!(list::list_tenants))
        .add(Gate::Authenticated, routes!(create::create_tenant))
        .add(Gate::Authenticated, routes!(read::read_tenant))
        .add(Gate::Authenticated, routes!(change::change_tenant))
        .add(Gate::Authenticated, routes!(remove::delete_tenant))
        .add(Gate::Authenticated, routes!(serve::suspend_tenant))
        .add(Gate::Authenticated, routes!(serve::resume_tenant))
        .add(Gate::Authenticated, routes!(serve::restore_tenant))
        .add(Gate::Authenticated, routes!(read_usage::read_tenant_usage))
}
