//! `PATCH /api/v1/tenants/{tenant}/people/{account}`: changes a role.

use acta_access::TenantId;
use acta_admin::RoleChange;
use acta_http::edge::{NoParams, Query};
use acta_storage::directory::{AccountId, GroupId};
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::json::Json;
use crate::api::path::Ids;
use crate::api::people::view::{Person, RoleName};
use crate::api::values::{Parsed, given};
use crate::api::versioned::versioned;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Changes to a person of a tenant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PersonChange {
    /// The new role; unchanged if absent.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = RoleName, required = false)]
    role: Option<RoleName>,
    /// The groups about whose members an advisor may ask, by their ids. If absent, somebody who
    /// stays an advisor keeps those before.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Vec<String>, required = false, max_items = 100)]
    groups: Option<Vec<Parsed<GroupId>>>,
}

/// Change the role of a person
///
/// An owner may give and take every role, an administrator every role but that of an owner. The
/// last owner of a tenant cannot lose this role. An advisor asks questions about the members of its
/// groups, and of those below them.
#[utoipa::path(
    patch,
    path = "/tenants/{tenant}/people/{account}",
    operation_id = "change_person",
    tag = "people",
    request_body = PersonChange,
    responses((status = 200, description = "The changed person.", body = Person)),
)]
pub(crate) async fn change_person(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Ids(tenant, account): Ids<TenantId, AccountId>,
    Query(NoParams): Query<NoParams>,
    Json(change): Json<PersonChange>,
) -> Result<Response, AdminProblem> {
    let PersonChange { role, groups } = change;
    let groups = groups.map(|groups| groups.into_iter().map(|Parsed(id)| id).collect());
    let change = RoleChange { role: role.map(|role| role.0), groups };
    let member = shared.admin.change_role(&requester, tenant, account, change).await?;
    Ok(versioned(&Person::of(&member), member.membership.record.version))
}
