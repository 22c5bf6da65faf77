//! `GET /api/v1/tenants/{tenant}/statements/{id}`: one statement of a tenant, for people.

use acta_access::TenantId;
use acta_xapi::{StatementId, Uuid};
use axum::extract::State;
use axum::response::Response;

use crate::Shared;
use crate::admin::Administrator;
use crate::admin::path::Ids;
use crate::answer::json;
use crate::edge::{NoParams, Query};
use crate::problem::Problem;

/// Read a statement
///
/// As it is stored, voided or not. If the tenant wants it, the audit tells of it.
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
        (status = 401, description = "It is not known who asks."),
        (status = 403, description = "A permission is missing."),
        (status = 404, description = "There is no such statement, or none to know of."),
    ),
)]
pub(crate) async fn read_statement(
    State(shared): State<Shared>,
    Administrator(asker): Administrator,
    Ids(tenant, id): Ids<TenantId, Uuid>,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, Problem> {
    let text = shared.admin.read_statement(&asker, tenant, StatementId(id)).await?;
    Ok(json(text.as_bytes().to_vec()))
}
