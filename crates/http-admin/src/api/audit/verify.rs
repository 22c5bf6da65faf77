//! `GET /api/v1/audit/verify` and `GET /api/v1/tenants/{tenant}/audit/verify`: whether the audit
//! is whole.

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

/// Whether a chain of the audit is whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct AuditCheck {
    /// The place of its last entry; 0 if there is none.
    sequence: u64,
    /// The hash of its last entry. Who keeps it can tell later that nothing before it was
    /// changed.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    hash: String,
    /// The place of the first entry that does not follow the one before it; null if all do.
    #[schema(required)]
    broken_at: Option<u64>,
}

/// Verify the audit of the server
///
/// Reads the whole chain and checks every hash. For operators of the server.
#[utoipa::path(
    get,
    path = "/audit/verify",
    operation_id = "verify_server_audit",
    tag = "audit",
    responses(
        (status = 200, description = "What was found.", body = AuditCheck),
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
/// Reads the whole chain and checks every hash.
#[utoipa::path(
    get,
    path = "/tenants/{tenant}/audit/verify",
    operation_id = "verify_tenant_audit",
    tag = "audit",
    params(("tenant" = u32, Path, minimum = 1, description = "The tenant.")),
    responses(
        (status = 200, description = "What was found.", body = AuditCheck),
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
