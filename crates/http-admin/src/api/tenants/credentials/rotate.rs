//! `POST /api/v1/tenants/{tenant}/credentials/{key}/rotate`: gives a credential a new secret.

use acta_admin::CredentialId;
use std::time::Duration;

use acta_access::TenantId;
use acta_http::edge::{NoParams, Query};
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::{CredentialView, IssuedView};
use crate::api::json::Json;
use crate::api::path::Ids;
use crate::api::values::Whole;
use crate::api::versioned::versioned;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Options of a rotation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rotation {
    /// How many seconds the previous secret stays valid beside the new one: at most 30 days; 0 if
    /// missing.
    #[serde(default)]
    #[schema(
        value_type = i64,
        minimum = 0,
        maximum = 2_592_000,
        required = false,
        example = 86_400
    )]
    overlap_seconds: Whole,
}

/// Rotate a credential
///
/// The response contains the new secret, which cannot be retrieved later. The previous secret stays
/// valid until the overlap ends.
#[utoipa::path(
    post,
    path = "/tenants/{tenant}/credentials/{key}/rotate",
    operation_id = "rotate_credential",
    tag = "credentials",
    request_body = Rotation,
    responses(
        (status = 200, description = "The credential with its new secret.", body = IssuedView,
            headers(("ETag" = String, description = "The version of the resource."))),
    ),
)]
pub(crate) async fn rotate_credential(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Ids(tenant, key): Ids<TenantId, String>,
    Query(NoParams): Query<NoParams>,
    Json(rotation): Json<Rotation>,
) -> Result<Response, AdminProblem> {
    let overlap = Duration::from_secs(rotation.overlap_seconds.0);
    let (found, secret) = shared
        .admin
        .rotate_credential(&requester, CredentialId { tenant, key: &key }, overlap)
        .await?;
    let credential = CredentialView::listed(&found);
    let issued = IssuedView { credential, secret: Some(secret.expose().to_owned()) };
    Ok(versioned(&issued, found.credential.record.version))
}
