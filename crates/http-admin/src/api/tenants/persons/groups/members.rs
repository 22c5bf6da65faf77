//! `/api/v1/tenants/{tenant}/groups/{group}/members`: who is a member of a group, and when.

use acta_access::TenantId;
use acta_admin::{MemberOf, MemberPage};
use acta_http::edge::{NoParams, Query};
use acta_storage::directory::{GroupId, JoinedPerson, PersonId};
use axum::extract::State;
use axum::response::Response;
use hyper::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::{GroupMember, NewPeriod, periods};
use crate::api::json::{Json, view};
use crate::api::paging::{Page, PageParams};
use crate::api::path::{Ids, ThreeIds};
use crate::api::values::{Agent, given};
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Somebody who is to be a member of a group.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewGroupMember {
    /// An agent, of which only the identifier counts: the person that it belongs to.
    agent: Agent,
    /// When, instead of the times that there are; from always on without an end if it is absent.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Vec<NewPeriod>, required = false, min_items = 1, max_items = 100)]
    periods: Option<Vec<NewPeriod>>,
}

/// When a person is to be a member of a group.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupMemberPeriods {
    /// When, instead of the times that there are; from always on without an end if it is absent.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Vec<NewPeriod>, required = false, min_items = 1, max_items = 100)]
    periods: Option<Vec<NewPeriod>>,
}

/// List the members of a group
///
/// Lists those who are, were or will be members, by the ids of the persons. Members of groups below
/// it are not among them.
#[utoipa::path(
    get,
    path = "/tenants/{tenant}/groups/{group}/members",
    operation_id = "list_group_members",
    tag = "groups",
    params(PageParams),
    responses((status = 200, description = "A page of members.", body = Page<GroupMember>)),
)]
pub(crate) async fn list_group_members(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Ids(tenant, group): Ids<TenantId, GroupId>,
    Query(page): Query<PageParams>,
) -> Result<Response, AdminProblem> {
    let wanted = MemberPage { after: page.after()?, count_max: page.limit + 1 };
    let found = shared.admin.list_members_of_group(&requester, (tenant, group), wanted).await?;
    let key_of = |person: &JoinedPerson| person.id.to_string();
    let show = |person: &JoinedPerson| GroupMember::of(person, group);
    Ok(view(&Page::of(found, page.limit, key_of).map(show)))
}

/// Add a member to a group
///
/// Sets when the person with an identifier is a member. An identifier that belongs to no person
/// becomes a person of its own.
#[utoipa::path(
    post,
    path = "/tenants/{tenant}/groups/{group}/members",
    operation_id = "add_group_member",
    tag = "groups",
    request_body = NewGroupMember,
    responses((status = 200, description = "The member.", body = GroupMember)),
)]
pub(crate) async fn add_group_member(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Ids(tenant, group): Ids<TenantId, GroupId>,
    Query(NoParams): Query<NoParams>,
    Json(NewGroupMember { agent: Agent(agent), periods: sent }): Json<NewGroupMember>,
) -> Result<Response, AdminProblem> {
    let member = MemberOf::Identifier(agent.ifi().clone());
    let (of, sent) = ((tenant, group), periods(sent));
    let person = shared.admin.put_member(&requester, of, &member, &sent).await?;
    Ok(view(&GroupMember::of(&person, group)))
}

/// Set when a person is a member of a group
///
/// Replaces the times at which the person is a member.
#[utoipa::path(
    put,
    path = "/tenants/{tenant}/groups/{group}/members/{person}",
    operation_id = "set_group_member",
    tag = "groups",
    request_body = GroupMemberPeriods,
    responses((status = 200, description = "The member.", body = GroupMember)),
)]
pub(crate) async fn set_group_member(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    ThreeIds(tenant, group, person): ThreeIds<TenantId, GroupId, PersonId>,
    Query(NoParams): Query<NoParams>,
    Json(GroupMemberPeriods { periods: sent }): Json<GroupMemberPeriods>,
) -> Result<Response, AdminProblem> {
    let (of, sent) = ((tenant, group), periods(sent));
    let member = MemberOf::Person(person);
    let person = shared.admin.put_member(&requester, of, &member, &sent).await?;
    Ok(view(&GroupMember::of(&person, group)))
}

/// Remove a member from a group
///
/// Removes every time at which the person is a member. The person is not removed.
#[utoipa::path(
    delete,
    path = "/tenants/{tenant}/groups/{group}/members/{person}",
    operation_id = "remove_group_member",
    tag = "groups",
    responses((status = 204, description = "The person is not a member any more.")),
)]
pub(crate) async fn remove_group_member(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    ThreeIds(tenant, group, person): ThreeIds<TenantId, GroupId, PersonId>,
    Query(NoParams): Query<NoParams>,
) -> Result<StatusCode, AdminProblem> {
    shared.admin.remove_member_of_group(&requester, (tenant, group), person).await?;
    Ok(StatusCode::NO_CONTENT)
}
