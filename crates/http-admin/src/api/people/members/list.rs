//! `GET /api/v1/tenants/{tenant}/people`: lists the people of a tenant.

use acta_access::TenantId;
use acta_admin::Member;
use acta_http::edge::Query;
use axum::extract::State;
use axum::response::Response;

use crate::api::json::view;
use crate::api::paging::{Page, PageParams};
use crate::api::path::Id;
use crate::api::people::view::Person;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// List the people of a tenant
///
/// Lists everybody who has a role in the tenant.
#[utoipa::path(
    get,
    path = "/tenants/{tenant}/people",
    operation_id = "list_people",
    tag = "people",
    params(PageParams),
    responses((status = 200, description = "A page of people.", body = Page<Person>)),
)]
pub(crate) async fn list_people(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(params): Query<PageParams>,
) -> Result<Response, AdminProblem> {
    let (after, count) = (params.after()?, params.limit + 1);
    let people = shared.admin.list_people(&requester, tenant, after, count).await?;
    let account_of = |member: &Member| member.account.id.to_string();
    Ok(view(&Page::of(people, params.limit, account_of).map(Person::of)))
}
