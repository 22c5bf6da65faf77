//! `DELETE /api/v1/tenants/{tenant}/persons/{person}`: removes a person.

use acta_access::TenantId;
use acta_http::edge::{NoParams, Query};
use acta_storage::directory::PersonId;
use axum::extract::State;
use hyper::StatusCode;

use crate::api::path::Ids;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Remove a person
///
/// Each identifier is on its own again, and nothing else is known any more. Statements are not
/// changed.
#[utoipa::path(
    delete,
    path = "/tenants/{tenant}/persons/{person}",
    operation_id = "remove_joined_person",
    tag = "persons",
    responses(
        (status = 204, description = "The person was removed."),
    ),
)]
pub(crate) async fn remove_joined_person(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Ids(tenant, person): Ids<TenantId, PersonId>,
    Query(NoParams): Query<NoParams>,
) -> Result<StatusCode, AdminProblem> {
    shared.admin.remove_person(&requester, (tenant, person), None).await?;
    Ok(StatusCode::NO_CONTENT)
}
