//! `DELETE /api/v1/tenants/{tenant}/credentials/{key}`: removes a credential.

use acta_access::TenantId;
use acta_http::edge::{NoParams, Query};
use axum::extract::State;
use hyper::StatusCode;

use crate::api::path::Ids;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Remove a credential
///
/// The credential and every token that was issued for it are refused from now on.
#[utoipa::path(
    delete,
    path = "/tenants/{tenant}/credentials/{key}",
    operation_id = "remove_credential",
    tag = "credentials",
    responses(
        (status = 204, description = "The credential was removed."),
    ),
)]
pub(crate) async fn remove_credential(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Ids(tenant, key): Ids<TenantId, String>,
    Query(NoParams): Query<NoParams>,
) -> Result<StatusCode, AdminProblem> {
    shared.admin.remove_credential(&requester, tenant, &key).await?;
    Ok(StatusCode::NO_CONTENT)
}
