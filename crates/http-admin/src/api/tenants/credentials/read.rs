//! `GET /api/v1/tenants/{tenant}/credentials/{key}`: reads a credential.

use acta_access::TenantId;
use acta_http::edge::{NoParams, Query};
use axum::extract::State;
use axum::response::Response;

use super::view::{CredentialView, show};
use crate::api::path::Ids;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Read a credential
///
/// Returns the credential without its secrets, which are not stored.
#[utoipa::path(
    get,
    path = "/tenants/{tenant}/credentials/{key}",
    operation_id = "read_credential",
    tag = "credentials",
    responses(
        (status = 200, description = "The credential.", body = CredentialView,
            headers(("ETag" = String, description = "The version of the resource."))),
    ),
)]
pub(crate) async fn read_credential(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Ids(tenant, key): Ids<TenantId, String>,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    Ok(show(&shared.admin.read_credential(&requester, tenant, &key).await?))
}
