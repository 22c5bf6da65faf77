//! The admin API below `/api/v1`: one folder for each resource, one file for each operation.
//!
//! A request is admitted before its body is read, by [`crate::caller::admit`] and the gate of its
//! route. Arguments of handlers are checks: [`crate::caller::Administrator`], `Json`,
//! [`acta_http::edge::Query`] with `PageParams`, `Id`, `IdempotencyKey`, `IfMatch`. Responses are
//! views with a schema each. [`openapi::text`] makes the OpenAPI document from them and the
//! handlers.

mod audit;
mod idempotency;
mod json;
pub(crate) mod openapi;
mod paging;
mod path;
mod people;
mod reference;
mod resources;
mod server;
mod tenants;
mod tokens;
mod values;
mod versioned;

use acta_http::route::{Gate, Route, RouteTable};
use axum::routing::get;

use crate::state::Shared;
use resources::operations;

/// Every route. HEAD was already turned into GET, and OPTIONS was answered.
pub(crate) fn table() -> RouteTable<Shared> {
    // Public resources reveal nothing about this server.
    let open = |name| Route::new(name, Gate::Open);
    let table = RouteTable::default()
        .path("/api/v1", open("api/reference"), get(reference::get_reference))
        .path("/api/v1/", open("api/reference"), get(reference::get_reference))
        .path("/api/v1/openapi.json", open("api/openapi"), get(openapi::get_openapi));
    operations().fold(table, |table, operation| operation.add_to(table))
}

#[cfg(test)]
mod tests;
