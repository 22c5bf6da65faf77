//! `POST /api/v1/followers/{follower}/pause`, `…/resume` and `…/rebuild`: controls a follower.

use acta_http::edge::{NoParams, Query};
use axum::extract::State;
use axum::response::Response;

use super::view::FollowerView;
use crate::api::json::view;
use crate::api::path::Id;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Pause a follower
///
/// The follower stops on every node until it is resumed, even after a restart. Its derived data
/// stays as it is. For operators of the server.
#[utoipa::path(
    post,
    path = "/followers/{follower}/pause",
    operation_id = "pause_follower",
    tag = "followers",
    responses((status = 200, description = "The follower after the change.", body = FollowerView)),
)]
pub(crate) async fn pause_follower(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(follower): Id<String>,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    let state = shared.admin.pause_follower(&requester, &follower, true).await?;
    Ok(view(&FollowerView::of(&state)))
}

/// Resume a follower
///
/// The follower continues where it was paused. For operators of the server.
#[utoipa::path(
    post,
    path = "/followers/{follower}/resume",
    operation_id = "resume_follower",
    tag = "followers",
    responses((status = 200, description = "The follower after the change.", body = FollowerView)),
)]
pub(crate) async fn resume_follower(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(follower): Id<String>,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    let state = shared.admin.pause_follower(&requester, &follower, false).await?;
    Ok(view(&FollowerView::of(&state)))
}

/// Rebuild the data of a follower
///
/// Drops the derived data, and reads every statement again. The derived data is incomplete or slow
/// to read until the follower has caught up. Of a follower that runs on every node, it is the data
/// of the node that responds. For operators of the server.
#[utoipa::path(
    post,
    path = "/followers/{follower}/rebuild",
    operation_id = "rebuild_follower",
    tag = "followers",
    responses((status = 200, description = "The follower after the change.", body = FollowerView)),
)]
pub(crate) async fn rebuild_follower(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(follower): Id<String>,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    let state = shared.admin.rebuild_follower(&requester, &follower).await?;
    Ok(view(&FollowerView::of(&state)))
}
