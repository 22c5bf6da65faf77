//! `GET /api/v1/audit/verify` and `GET /api/v1/tenants/{tenant}/audit/verify`: verification of an
//! audit chain.

use acta_access::TenantId;
use acta_admin::{AuditChain, Requester};
use acta_http::edge::{NoParams, Query};
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::json::view;
use crate::api::path::Id;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// The result of verifying an audit chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct AuditCheck {
    /// The sequence of the last entry; 0 if there is none.
    sequence: u64,
    /// The hash of the last entry. Keep it outside of the server to prove later that no earlier
    /// entry was changed.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    hash: String,
    /// The sequence of the first entry that does not follow the entry before it; null if the chain
    /// is intact.
    #[schema(required)]
    broken_at: Option<u64>,
}

/// Verify the audit of the server
///
/// Reads the whole audit chain and checks every hash. For operators of the server.
#[utoipa::path(
    get,
    path = "/audit/verify",
    operation_id = "verify_server_audit",
    tag = "audit",
    responses(
        (status = 200, description = "The result.", body = AuditCheck),
    ),
)]
pub(crate) async fn verify_server_audit(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    verify(&shared, &requester, AuditChain::Server).await
}

/// Verify the audit of a tenant
///
/// Reads the whole audit chain and checks every hash.
#[utoipa::path(
    get,
    path = "/tenants/{tenant}/audit/verify",
    operation_id = "verify_tenant_audit",
    tag = "audit",
    params(("tenant" = u32, Path, minimum = 1, description = "The id of the tenant.")),
    responses(
        (status = 200, description = "The result.", body = AuditCheck),
    ),
)]
pub(crate) async fn verify_tenant_audit(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    verify(&shared, &requester, AuditChain::Tenant(tenant)).await
}

async fn verify(
    shared: &Shared,
    requester: &Requester,
    chain: AuditChain,
) -> Result<Response, AdminProblem> {
    let found = shared.admin.verify_audit(requester, chain).await?;
    Ok(view(&AuditCheck {
        sequence: found.head.sequence,
        hash: found.head.hash.to_string(),
        broken_at: found.broken_at,
    }))
}
