//! `GET /api/v1/tenants/{tenant}/statements/{id}`: reads a statement of a tenant.

use acta_access::TenantId;
use acta_http::edge::{NoParams, Query};
use acta_http::reply::json;
use acta_xapi::{StatementId, Uuid};
use axum::extract::State;
use axum::response::Response;

use crate::api::path::Ids;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Read a statement
///
/// Returns the statement as stored, voided or not. The audit records the access if the tenant has
/// enabled this.
#[utoipa::path(
    get,
    path = "/tenants/{tenant}/statements/{id}",
    operation_id = "read_statement",
    tag = "statements",
    params(
        ("tenant" = u32, Path, minimum = 1, description = "The tenant."),
        ("id" = String, Path, format = "uuid", description = "The id of the statement.")
    ),
    responses(
        (status = 200, description = "The statement.", body = Object),
    ),
)]
pub(crate) async fn read_statement(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Ids(tenant, id): Ids<TenantId, Uuid>,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    let text = shared.admin.read_statement(&requester, tenant, StatementId(id)).await?;
    Ok(json(text.as_bytes().to_vec()))
}
