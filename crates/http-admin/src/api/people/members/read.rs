//! `GET /api/v1/tenants/{tenant}/people/{account}`: reads a person of a tenant.

use acta_access::TenantId;
use acta_http::edge::{NoParams, Query};
use acta_storage::directory::AccountId;
use axum::extract::State;
use axum::response::Response;

use crate::api::path::Ids;
use crate::api::people::view::Person;
use crate::api::versioned::versioned;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Read a person of a tenant
///
/// Returns the person and their role.
#[utoipa::path(
    get,
    path = "/tenants/{tenant}/people/{account}",
    operation_id = "read_person",
    tag = "people",
    responses((status = 200, description = "The person.", body = Person)),
)]
pub(crate) async fn read_person(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Ids(tenant, account): Ids<TenantId, AccountId>,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    let member = shared.admin.read_member(&requester, tenant, account).await?;
    Ok(versioned(&Person::of(&member), member.membership.record.version))
}
