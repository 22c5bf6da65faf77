//! `GET /api/v1/account/sessions`: lists your sessions.

use acta_http::edge::{NoParams, Query};
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::json::view;
use crate::api::people::view::SessionView;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Your sessions.
#[derive(Serialize, ToSchema)]
pub(crate) struct OwnSessions {
    /// All sessions that have not ended.
    items: Vec<SessionView>,
    /// Always null: there is only one page.
    next: Option<String>,
}

/// List your sessions
///
/// Lists all of them on one page.
#[utoipa::path(
    get,
    path = "/account/sessions",
    operation_id = "list_sessions",
    tag = "account",
    responses((status = 200, description = "Your sessions.", body = OwnSessions)),
)]
pub(crate) async fn list_sessions(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    let current = requester.session().map(|session| session.id.as_str());
    let sessions = shared.admin.list_sessions(&requester).await?;
    let items = sessions.iter().map(|session| SessionView::new(session, current)).collect();
    Ok(view(&OwnSessions { items, next: None }))
}
