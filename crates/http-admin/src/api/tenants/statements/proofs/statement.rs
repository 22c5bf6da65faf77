//! `GET /api/v1/tenants/{tenant}/statements/{id}/proof` and what is below: the proof of a
//! statement.

use acta_access::TenantId;
use acta_http::edge::{NoParams, Query};
use acta_proof::Proven;
use acta_xapi::{StatementId, Uuid};
use axum::extract::State;
use axum::response::Response;

use super::reply::{BYTES, TEXT, answer, proofs_of};
use crate::api::path::Ids;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

async fn prove(
    shared: &Shared,
    Administrator(requester): Administrator,
    tenant: TenantId,
    id: Uuid,
) -> Result<Proven, AdminProblem> {
    let sequence = shared.admin.locate_proof(&requester, tenant, StatementId(id)).await?;
    Ok(proofs_of(shared)?.prove(tenant, sequence).await?)
}

/// Prove a statement
///
/// Returns a proof (C2SP tlog-proof) that the statement is in the log of the tenant, with the
/// checkpoint that it is for. It is verified offline, with the verifier key of the log and the
/// preimage. It has the salt of the statement: who has salt and text can prove to others what the
/// statement says. The audit records the access as a reading of the statement.
#[utoipa::path(
    get,
    path = "/tenants/{tenant}/statements/{id}/proof",
    operation_id = "prove_statement",
    tag = "proofs",
    params(
        ("tenant" = u32, Path, minimum = 1, description = "The tenant."),
        ("id" = String, Path, format = "uuid", description = "The id of the statement.")
    ),
    responses((status = 200, description = "The proof.", content((String = "text/plain")))),
)]
pub(crate) async fn prove_statement(
    State(shared): State<Shared>,
    requester: Administrator,
    Ids(tenant, id): Ids<TenantId, Uuid>,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    let proven = prove(&shared, requester, tenant, id).await?;
    Ok(answer(TEXT, proven.file.to_string()))
}

/// Read what a proof is about
///
/// Returns the bytes that the entry of a statement commits to: the version with which it arrived, a
/// line feed, and the statement as stored, with `stored` and `timestamp`.
#[utoipa::path(
    get,
    path = "/tenants/{tenant}/statements/{id}/proof/preimage",
    operation_id = "read_proof_preimage",
    tag = "proofs",
    params(
        ("tenant" = u32, Path, minimum = 1, description = "The tenant."),
        ("id" = String, Path, format = "uuid", description = "The id of the statement.")
    ),
    responses(
        (status = 200, description = "The preimage.",
            content((Vec<u8> = "application/octet-stream"))),
    ),
)]
pub(crate) async fn read_preimage(
    State(shared): State<Shared>,
    requester: Administrator,
    Ids(tenant, id): Ids<TenantId, Uuid>,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    let proven = prove(&shared, requester, tenant, id).await?;
    Ok(answer(BYTES, proven.preimage))
}
