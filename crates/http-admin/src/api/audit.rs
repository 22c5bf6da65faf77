//! The audit of the server and of tenants: who did what, when and from where.

mod audit_stream;
mod export;
mod list;
mod query;
mod verify;
mod view;

use acta_http::route::Gate;
use utoipa_axum::routes;

use crate::operations::Operations;

/// The operations on the audit of the server, with their access rules.
pub(super) fn operations() -> Operations {
    Operations::named("api/audit")
        .add(Gate::Authenticated, routes!(list::list_server_audit))
        .add(Gate::Authenticated, routes!(export::export_server_audit))
        .add(Gate::Authenticated, routes!(verify::verify_server_audit))
}

/// The operations on the audits of tenants.
pub(super) fn tenant_operations() -> Operations {
    Operations::named("api/tenants")
        .add(Gate::Authenticated, routes!(list::list_tenant_audit))
        .add(Gate::Authenticated, routes!(export::export_tenant_audit))
        .add(Gate::Authenticated, routes!(verify::verify_tenant_audit))
}
