//! `POST /api/v1/tenants/{tenant}/persons/{person}/split`: splits identifiers off a person.

use acta_access::TenantId;
use acta_http::edge::{NoParams, Query};
use acta_storage::directory::PersonId;
use axum::extract::State;
use axum::response::Response;

use super::create::NewPersonBody;
use super::view::{PersonView, show};
use crate::api::json::Json;
use crate::api::path::Ids;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Split a person
///
/// Makes a new person of some of the identifiers. The name and the attributes stay with the first
/// person; those of the new one are in the request.
#[utoipa::path(
    post,
    path = "/tenants/{tenant}/persons/{person}/split",
    operation_id = "split_person",
    tag = "persons",
    params(("person" = String, Path, format = "uuid", description = "The person to split.")),
    request_body = NewPersonBody,
    responses(
        (status = 200, description = "The new person.", body = PersonView,
            headers(("ETag" = String, description = "The version of the resource."))),
    ),
)]
pub(crate) async fn split_person(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Ids(tenant, person): Ids<TenantId, PersonId>,
    Query(NoParams): Query<NoParams>,
    Json(new): Json<NewPersonBody>,
) -> Result<Response, AdminProblem> {
    let new = new.try_into()?;
    Ok(show(&shared.admin.split_person(&requester, (tenant, person), &new).await?))
}
