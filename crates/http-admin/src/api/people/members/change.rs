//! `PATCH /api/v1/tenants/{tenant}/people/{account}`: changes a role.

use acta_access::TenantId;
use acta_http::edge::{NoParams, Query};
use acta_storage::directory::AccountId;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::json::Json;
use crate::api::path::Ids;
use crate::api::people::view::{Person, RoleName};
use crate::api::versioned::versioned;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Changes to a person of a tenant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PersonChange {
    /// The new role.
    role: RoleName,
}

/// Change the role of a person
///
/// An owner may give and take every role, an administrator every role but that of an owner. The
/// last owner of a tenant cannot lose this role.
#[utoipa::path(
    patch,
    path = "/tenants/{tenant}/people/{account}",
    operation_id = "change_person",
    tag = "people",
    params(
        ("tenant" = u32, Path, description = "The id of the tenant."),
        ("account" = String, Path, format = "uuid", description = "The id of the account."),
    ),
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
    let role = change.role.0;
    let member = shared.admin.change_role(&requester, tenant, account, role).await?;
    Ok(versioned(&Person::of(&member), member.membership.record.version))
}
