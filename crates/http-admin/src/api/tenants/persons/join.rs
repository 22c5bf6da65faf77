//! `POST /api/v1/tenants/{tenant}/persons/{person}/join`: joins persons into one.

use acta_access::TenantId;
use acta_http::edge::{NoParams, Query};
use acta_storage::directory::PersonId;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::{PersonView, show};
use crate::api::json::Json;
use crate::api::path::Ids;
use crate::api::values::Parsed;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Persons to join into another one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PersonsToJoin {
    /// The other persons, who are removed.
    #[schema(value_type = Vec<String>, min_items = 1, max_items = 50)]
    persons: Vec<Parsed<PersonId>>,
}

/// Join persons
///
/// The person gets the identifiers of the others, and a name and attributes that it has not. The
/// others are removed.
#[utoipa::path(
    post,
    path = "/tenants/{tenant}/persons/{person}/join",
    operation_id = "join_persons",
    tag = "persons",
    params(("person" = String, Path, format = "uuid", description = "The person who stays.")),
    request_body = PersonsToJoin,
    responses(
        (status = 200, description = "The person who has all of the identifiers.",
            body = PersonView,
            headers(("ETag" = String, description = "The version of the resource."))),
    ),
)]
pub(crate) async fn join_persons(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Ids(tenant, person): Ids<TenantId, PersonId>,
    Query(NoParams): Query<NoParams>,
    Json(PersonsToJoin { persons }): Json<PersonsToJoin>,
) -> Result<Response, AdminProblem> {
    let others: Vec<PersonId> = persons.into_iter().map(|Parsed(id)| id).collect();
    Ok(show(&shared.admin.join_persons(&requester, (tenant, person), &others).await?))
}
