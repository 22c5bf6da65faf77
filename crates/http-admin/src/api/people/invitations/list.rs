//! `GET /api/v1/tenants/{tenant}/invitations`: lists pending invitations.

use acta_access::TenantId;
use acta_http::edge::Query;
use acta_storage::directory::Ticket;
use axum::extract::State;
use axum::response::Response;

use crate::api::json::view;
use crate::api::paging::{Page, PageParams};
use crate::api::path::Id;
use crate::api::people::view::Invitation;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// List invitations
///
/// Lists the invitations that have not been accepted yet, without their tokens.
#[utoipa::path(
    get,
    path = "/tenants/{tenant}/invitations",
    operation_id = "list_invitations",
    tag = "people",
    params(PageParams),
    responses((status = 200, description = "A page of invitations.", body = Page<Invitation>)),
)]
pub(crate) async fn list_invitations(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(params): Query<PageParams>,
) -> Result<Response, AdminProblem> {
    let (after, count) = (params.cursor.as_deref(), params.limit + 1);
    let waiting = shared.admin.list_invitations(&requester, tenant, after, count).await?;
    let id_of = |ticket: &Ticket| ticket.id.clone();
    Ok(view(&Page::of(waiting, params.limit, id_of).map(Invitation::of)))
}
