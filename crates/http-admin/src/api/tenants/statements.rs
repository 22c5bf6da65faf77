//! Statements of a tenant, as people read and void them.

mod attachments;
mod find;
pub(super) mod list;
pub(crate) mod proofs;
mod read;
mod void;

use acta_http::route::Gate;
use utoipa_axum::routes;

use crate::operations::Operations;

/// Every operation with its access rule.
pub(crate) fn operations() -> Operations {
    Operations::named("api/tenants")
        .add(Gate::Authenticated, routes!(list::list_statements))
        .add(Gate::Authenticated, routes!(find::find_statements))
        .add(Gate::Authenticated, routes!(read::read_statement))
        .add(Gate::Authenticated, routes!(attachments::list_statement_attachments))
        .add(Gate::Authenticated, routes!(attachments::read_statement_attachment))
        .add(Gate::Authenticated, routes!(void::void_statement))
}
