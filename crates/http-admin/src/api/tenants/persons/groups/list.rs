//! `GET /api/v1/tenants/{tenant}/groups`: groups, page by page.

use acta_access::TenantId;
use acta_admin::GroupSearch;
use acta_http::edge::Query;
use acta_storage::directory::{PersonGroup, Versioned};
use axum::extract::State;
use axum::response::Response;

use super::super::list::PersonParams;
use super::view::GroupView;
use crate::api::json::view;
use crate::api::paging::{Page, PageParams};
use crate::api::path::Id;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// List groups
///
/// Lists the groups of a tenant by id, or those that a text is found in.
#[utoipa::path(
    get,
    path = "/tenants/{tenant}/groups",
    operation_id = "list_groups",
    tag = "groups",
    params(
        ("search" = Option<String>, Query, max_length = 200,
            description = "Only groups with this text in the name or the kind, in any case of \
                           letters."),
        PageParams,
    ),
    responses((status = 200, description = "A page of groups.", body = Page<GroupView>)),
)]
pub(crate) async fn list_groups(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(PersonParams { page, search }): Query<PersonParams>,
) -> Result<Response, AdminProblem> {
    let search = GroupSearch { text: search, after: page.after()?, count_max: page.limit + 1 };
    let found = shared.admin.list_groups(&requester, tenant, &search).await?;
    let key_of = |found: &Versioned<PersonGroup>| found.value.id.to_string();
    let show = |found: &Versioned<PersonGroup>| GroupView::of(&found.value);
    Ok(view(&Page::of(found, page.limit, key_of).map(show)))
}
