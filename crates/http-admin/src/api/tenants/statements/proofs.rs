//! Proofs that the statements of a tenant are unchanged: its log, and proofs of statements.

mod log;
mod reply;
mod statement;

use acta_http::route::Gate;
use utoipa_axum::routes;

use crate::operations::Operations;

/// Every operation with its access rule.
pub(crate) fn operations() -> Operations {
    Operations::named("api/proofs")
        .add(Gate::Authenticated, routes!(log::read_proof_log))
        .add(Gate::Authenticated, routes!(log::read_checkpoint))
        .add(Gate::Authenticated, routes!(log::read_tile))
        .add(Gate::Authenticated, routes!(statement::prove_statement))
        .add(Gate::Authenticated, routes!(statement::read_preimage))
}
