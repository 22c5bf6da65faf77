//! `GET /api/v1/account/sessions`: where you are signed in.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::Shared;
use crate::admin::Administrator;
use crate::admin::json::view;
use crate::admin::people::view::SessionView;
use crate::edge::{NoParams, Query};
use crate::problem::Problem;

/// Where you are signed in.
#[derive(Serialize, ToSchema)]
pub(in crate::admin) struct OwnSessions {
    /// Every session that has not ended.
    items: Vec<SessionView>,
    /// Always null: there is but one page.
    next: Option<String>,
}

/// List your sessions
///
/// All of them, on one page.
#[utoipa::path(
    get,
    path = "/account/sessions",
    operation_id = "list_sessions",
    tag = "account",
    responses((status = 200, description = "Your sessions.", body = OwnSessions)),
)]
pub(in crate::admin) async fn list_sessions(
    State(shared): State<Shared>,
    Administrator(asker): Administrator,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, Problem> {
    let current = asker.session().map(|session| session.id.as_str());
    let sessions = shared.admin.list_sessions(&asker).await?;
    let items = sessions.iter().map(|session| SessionView::new(session, current)).collect();
    Ok(view(&OwnSessions { items, next: None }))
}
