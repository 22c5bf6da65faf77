//! `GET /api/v1/tenants/{tenant}/persons/{person}`: a person.

use acta_access::TenantId;
use acta_http::edge::{NoParams, Query};
use acta_storage::directory::PersonId;
use axum::extract::State;
use axum::response::Response;

use super::view::{PersonView, show};
use crate::api::path::Ids;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Read a person
///
/// Returns the identifiers of a person, and what is known.
#[utoipa::path(
    get,
    path = "/tenants/{tenant}/persons/{person}",
    operation_id = "read_joined_person",
    tag = "persons",
    responses(
        (status = 200, description = "The person.", body = PersonView,
            headers(("ETag" = String, description = "The version of the resource."))),
    ),
)]
pub(crate) async fn read_joined_person(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Ids(tenant, person): Ids<TenantId, PersonId>,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    Ok(show(&shared.admin.read_person(&requester, tenant, person).await?))
}
