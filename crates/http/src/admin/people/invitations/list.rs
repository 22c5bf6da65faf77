//! `GET /api/v1/tenants/{tenant}/invitations`: who was invited and has not come yet.

use acta_access::TenantId;
use acta_storage::directory::Ticket;
use axum::extract::State;
use axum::response::Response;

use crate::Shared;
use crate::admin::Administrator;
use crate::admin::json::view;
use crate::admin::paging::{Page, PageParams};
use crate::admin::path::Id;
use crate::admin::people::view::Invitation;
use crate::edge::Query;
use crate::problem::Problem;

/// List invitations
///
/// Those that wait to be accepted. What is in a link is told only to who makes the invitation.
#[utoipa::path(
    get,
    path = "/tenants/{tenant}/invitations",
    operation_id = "list_invitations",
    tag = "people",
    params(("tenant" = u32, Path, description = "The id of the tenant."), PageParams),
    responses((status = 200, description = "A page of invitations.", body = Page<Invitation>)),
)]
pub(in crate::admin) async fn list_invitations(
    State(shared): State<Shared>,
    Administrator(asker): Administrator,
    Id(tenant): Id<TenantId>,
    Query(params): Query<PageParams>,
) -> Result<Response, Problem> {
    let (after, count) = (params.cursor.as_deref(), params.limit + 1);
    let waiting = shared.admin.list_invitations(&asker, tenant, after, count).await?;
    let id_of = |ticket: &Ticket| ticket.id.clone();
    Ok(view(&Page::of(waiting, params.limit, id_of).map(Invitation::of)))
}
