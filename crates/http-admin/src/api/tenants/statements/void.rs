//! `POST /api/v1/tenants/{tenant}/statements/{id}/void`: voids a statement of a tenant.

use acta_access::TenantId;
use acta_http::edge::{NoParams, Query};
use acta_xapi::{StatementId, Uuid};
use axum::extract::State;
use axum::response::Response;
use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::json::{Json, view};
use crate::api::path::Ids;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Why a statement is voided.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Voiding {
    /// The reason, which everybody who reads statements can read. Not blank, without control
    /// characters.
    #[schema(min_length = 1, max_length = 500, example = "Sent twice by a faulty import")]
    reason: String,
}

/// The statement that voids another one.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VoidingStatement {
    /// Its id.
    #[schema(format = "uuid")]
    id: String,
    /// The id of the statement that it voids.
    #[schema(format = "uuid")]
    voids: String,
}

/// Void a statement
///
/// Stores a voiding statement, as xAPI has it: the voided statement stays, and is in no list and no
/// figure any more. This cannot be undone. The actor of the voiding statement is the account or the
/// credential that asks, and the reason is its response; the name of an account is part of it. It
/// counts towards the quotas of the tenant. The audit records who voided which statement, and why.
#[utoipa::path(
    post,
    path = "/tenants/{tenant}/statements/{id}/void",
    operation_id = "void_statement",
    tag = "statements",
    params(
        ("tenant" = u32, Path, minimum = 1, description = "The tenant."),
        ("id" = String, Path, format = "uuid", description = "The id of the statement to void.")
    ),
    request_body = Voiding,
    responses(
        (status = 201, description = "The voiding statement was stored.", body = VoidingStatement),
        (status = 409, description = "The statement is voided already, or is a voiding statement, \
                                      or the tenant is not active."),
    ),
)]
pub(crate) async fn void_statement(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Ids(tenant, id): Ids<TenantId, Uuid>,
    Query(NoParams): Query<NoParams>,
    Json(Voiding { reason }): Json<Voiding>,
) -> Result<Response, AdminProblem> {
    let target = (tenant, StatementId(id));
    let voiding = shared.admin.void_statement(&requester, target, &reason).await?;
    let mut response = view(&VoidingStatement { id: voiding.to_string(), voids: id.to_string() });
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}
