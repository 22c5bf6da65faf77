//! `GET /api/v1/audit/verify` and `GET /api/v1/tenants/{tenant}/audit/verify`: verification of an
//! audit chain.

use acta_access::TenantId;
use acta_admin::{AuditChain, Requester};
use acta_http::edge::Query;
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::query::VerifyParams;
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
    /// The hash of the last entry. Store it outside of the server, with its sequence, to prove
    /// later that no earlier entry was changed or removed.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    hash: String,
    /// The sequence of the first entry that does not follow the entry before it; null if the chain
    /// is intact.
    #[schema(required)]
    broken_at: Option<u64>,
    /// Whether the chain contains `head`, the end of the chain as it was noted earlier; null
    /// without this parameter.
    #[schema(required)]
    has_noted_head: Option<bool>,
}

/// Verify the audit of the server
///
/// Reads the whole audit chain, checks every hash, and whether an end of the chain that was noted
/// earlier is still in it. For operators of the server.
#[utoipa::path(
    get,
    path = "/audit/verify",
    operation_id = "verify_server_audit",
    tag = "audit",
    params(VerifyParams),
    responses(
        (status = 200, description = "The result.", body = AuditCheck),
    ),
)]
pub(crate) async fn verify_server_audit(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Query(params): Query<VerifyParams>,
) -> Result<Response, AdminProblem> {
    verify(&shared, &requester, AuditChain::Server, params).await
}

/// Verify the audit of a tenant
///
/// Reads the whole audit chain, checks every hash, and whether an end of the chain that was noted
/// earlier is still in it.
#[utoipa::path(
    get,
    path = "/tenants/{tenant}/audit/verify",
    operation_id = "verify_tenant_audit",
    tag = "audit",
    params(VerifyParams),
    responses(
        (status = 200, description = "The result.", body = AuditCheck),
    ),
)]
pub(crate) async fn verify_tenant_audit(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(params): Query<VerifyParams>,
) -> Result<Response, AdminProblem> {
    verify(&shared, &requester, AuditChain::Tenant(tenant), params).await
}

async fn verify(
    shared: &Shared,
    requester: &Requester,
    chain: AuditChain,
    params: VerifyParams,
) -> Result<Response, AdminProblem> {
    shared.admin.permit_reading_audit(requester, chain).await?;
    let _turn = shared.audit_proof_turn(chain).await;
    let found = shared.admin.verify_audit(requester, chain, params.head).await?;
    Ok(view(&AuditCheck {
        sequence: found.head.sequence,
        hash: found.head.hash.to_string(),
        broken_at: found.broken_at,
        has_noted_head: found.has_noted,
    }))
}
