//! `GET /api/v1/tenants/{tenant}/people`: who has a role in a tenant.

use acta_access::TenantId;
use acta_admin::Member;
use axum::extract::State;
use axum::response::Response;

use crate::Shared;
use crate::admin::Administrator;
use crate::admin::json::view;
use crate::admin::paging::{Page, PageParams};
use crate::admin::path::Id;
use crate::admin::people::view::Person;
use crate::edge::Query;
use crate::problem::Problem;

/// List the people of a tenant
///
/// Everybody who has a role in the tenant.
#[utoipa::path(
    get,
    path = "/tenants/{tenant}/people",
    operation_id = "list_people",
    tag = "people",
    params(("tenant" = u32, Path, description = "The id of the tenant."), PageParams),
    responses((status = 200, description = "A page of people.", body = Page<Person>)),
)]
pub(in crate::admin) async fn list_people(
    State(shared): State<Shared>,
    Administrator(asker): Administrator,
    Id(tenant): Id<TenantId>,
    Query(params): Query<PageParams>,
) -> Result<Response, Problem> {
    let (after, count) = (params.after()?, params.limit + 1);
    let people = shared.admin.list_people(&asker, tenant, after, count).await?;
    let account_of = |member: &Member| member.account.id.to_string();
    Ok(view(&Page::of(people, params.limit, account_of).map(Person::of)))
}
