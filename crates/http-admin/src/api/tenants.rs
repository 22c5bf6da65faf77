//! Tenants.

mod change;
mod create;
pub(super) mod credentials;
mod list;
mod read;
mod read_usage;
mod remove;
mod serve;
pub(super) mod statements;
mod view;

use acta_http::route::Gate;
use utoipa_axum::routes;

use crate::operations::Operations;

/// Every operation with its access rule.
pub(super) fn operations() -> Operations {
    Operations::named("api/tenants")
        .add(Gate::Known, routes!(list::list_tenants))
        .add(Gate::Known, routes!(create::create_tenant))
        .add(Gate::Known, routes!(read::read_tenant))
        .add(Gate::Known, routes!(change::change_tenant))
        .add(Gate::Known, routes!(remove::delete_tenant))
        .add(Gate::Known, routes!(serve::suspend_tenant))
        .add(Gate::Known, routes!(serve::resume_tenant))
        .add(Gate::Known, routes!(serve::restore_tenant))
        .add(Gate::Known, routes!(read_usage::read_tenant_usage))
}
