//! `GET /api/v1/followers`: lists the followers and how far each has read.

use acta_http::edge::Query;
use axum::extract::State;
use axum::response::Response;

use super::view::FollowerView;
use crate::api::json::view;
use crate::api::paging::{Page, PageParams};
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// List followers
///
/// Lists the processes that derive data from the statement log, by name, and how far each has read.
/// For operators of the server.
#[utoipa::path(
    get,
    path = "/followers",
    operation_id = "list_followers",
    tag = "followers",
    params(PageParams),
    responses((status = 200, description = "A page of followers.", body = Page<FollowerView>)),
)]
pub(crate) async fn list_followers(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Query(params): Query<PageParams>,
) -> Result<Response, AdminProblem> {
    let after: Option<String> = params.after()?;
    let mut followers = shared.admin.list_followers(&requester).await?;
    followers.sort_unstable_by_key(|follower| follower.name);
    followers
        .retain(|follower| after.as_deref().is_none_or(|after| after < follower.name.as_str()));
    let page = Page::of(followers, params.limit, |follower| follower.name.to_string());
    Ok(view(&page.map(FollowerView::of)))
}
