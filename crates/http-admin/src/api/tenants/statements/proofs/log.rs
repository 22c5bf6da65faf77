//! `GET /api/v1/tenants/{tenant}/proof` and what is below: the log of a tenant.

use std::str::FromStr;

use acta_access::TenantId;
use acta_admin::AdminError;
use acta_http::edge::{NoParams, Query};
use acta_merkle::{Malformed, TilePath};
use acta_proof::LogState;
use acta_storage::directory::Tenant;
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::reply::{BYTES, TEXT, answer, not_yet, proofs_of};
use crate::api::json::view;
use crate::api::path::{Id, Ids};
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// The log of a tenant for proofs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProofLogView {
    /// What the log is called, which is also the name of its key.
    #[schema(example = "lrs.example.org/t/6690e6c9-3ef0-4ed3-8b37-7f3964730bee/1f0c66a04be1d3e2")]
    origin: String,
    /// The verifier key of its checkpoints.
    key: String,
    /// How many statements are in it.
    #[schema(example = 70_000)]
    size: u64,
    /// The root of its Merkle tree, in base64.
    root: String,
    /// The last checkpoint of the log that this one continues since the store was copied or
    /// restored, or the standby of its database was promoted; null if there is none, or while this
    /// one has fewer statements.
    continues: Option<String>,
    /// Whether anybody may read it without a credential: its checkpoint and its tiles are then at
    /// `https://<origin>/checkpoint` and `https://<origin>/tile/…`.
    public: bool,
}

impl ProofLogView {
    fn of(state: LogState, is_public: bool) -> Self {
        let checkpoint = state.checkpoint.unverified();
        Self {
            origin: checkpoint.origin.to_string(),
            key: state.key.to_string(),
            size: checkpoint.head.size,
            root: checkpoint.head.root.to_string(),
            continues: state.continues,
            public: is_public,
        }
    }
}

/// The path of a tile, without its first segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PathOfTile(TilePath);

impl FromStr for PathOfTile {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        format!("tile/{text}").parse().map(Self)
    }
}

async fn read_state(
    shared: &Shared,
    Administrator(requester): Administrator,
    tenant: TenantId,
) -> Result<(LogState, Tenant), AdminProblem> {
    let read = shared.admin.permit_counting(&requester, tenant).await?;
    let state = proofs_of(shared)?.state(tenant).await.map_err(AdminError::from)?;
    Ok((state.ok_or_else(not_yet)?, read))
}

/// Read the state of the log for proofs
///
/// Returns the name of the log, the key that verifies its checkpoints, and how many statements are
/// in it. For those who may read the statements of the tenant, or how many there are.
#[utoipa::path(
    get,
    path = "/tenants/{tenant}/proof",
    operation_id = "read_proof_log",
    tag = "proofs",
    params(("tenant" = u32, Path, minimum = 1, description = "The tenant.")),
    responses((status = 200, description = "The log.", body = ProofLogView)),
)]
pub(crate) async fn read_proof_log(
    State(shared): State<Shared>,
    requester: Administrator,
    Id(tenant): Id<TenantId>,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    let (state, tenant) = read_state(&shared, requester, tenant).await?;
    Ok(view(&ProofLogView::of(state, tenant.publishes_proof_log)))
}

/// Read the last checkpoint
///
/// Returns the size and the root of the tree as a signed note (C2SP tlog-checkpoint).
#[utoipa::path(
    get,
    path = "/tenants/{tenant}/proof/checkpoint",
    operation_id = "read_proof_checkpoint",
    tag = "proofs",
    params(("tenant" = u32, Path, minimum = 1, description = "The tenant.")),
    responses(
        (status = 200, description = "The checkpoint.", content((String = "text/plain"))),
    ),
)]
pub(crate) async fn read_checkpoint(
    State(shared): State<Shared>,
    requester: Administrator,
    Id(tenant): Id<TenantId>,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    let (state, _tenant) = read_state(&shared, requester, tenant).await?;
    Ok(answer(TEXT, state.checkpoint.to_string()))
}

/// Read a tile
///
/// Returns hashes of the tree, or the entries that its leaves are hashes of (C2SP tlog-tiles).
/// Neither reveals anything about a statement.
#[utoipa::path(
    get,
    path = "/tenants/{tenant}/proof/tile/{*path}",
    operation_id = "read_proof_tile",
    tag = "proofs",
    params(
        ("tenant" = u32, Path, minimum = 1, description = "The tenant."),
        ("path" = String, Path, example = "entries/x001/x234/067.p/17",
            description = "The level or `entries`, a slash, and the index in groups of three \
                digits, with the width of a partial tile."),
    ),
    responses(
        (status = 200, description = "The tile.",
            content((Vec<u8> = "application/octet-stream"))),
    ),
)]
pub(crate) async fn read_tile(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Ids(tenant, PathOfTile(path)): Ids<TenantId, PathOfTile>,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    shared.admin.permit_counting(&requester, tenant).await?;
    let proofs = proofs_of(&shared)?;
    let _share = shared.http.query_shares.acquire(tenant, 0).await;
    Ok(answer(BYTES, proofs.read(tenant, path).await?))
}
