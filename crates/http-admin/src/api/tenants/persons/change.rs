//! `PATCH /api/v1/tenants/{tenant}/persons/{person}`: changes a person.

use std::collections::BTreeMap;

use acta_access::TenantId;
use acta_admin::{AdminError, PersonEdit};
use acta_http::edge::{NoParams, Query};
use acta_storage::directory::PersonId;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::{PersonView, attributes, identifiers, show};
use crate::api::json::Json;
use crate::api::path::Ids;
use crate::api::values::{Agent, Nullable, given};
use crate::api::versioned::IfMatch;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Changes to a person. A property that is missing is left unchanged.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = JoinedPersonChange)]
pub(crate) struct PersonChange {
    /// The name; null for none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200)]
    name: Option<Nullable<String>>,
    /// The identifiers; replaces the whole list.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Vec<Agent>, required = false, min_items = 1, max_items = 50)]
    identifiers: Option<Vec<Agent>>,
    /// Attributes to set; null removes one. The others are left unchanged.
    #[serde(default)]
    #[schema(required = false, example = json!({"unit": "South", "job": null}))]
    attributes: BTreeMap<String, Option<String>>,
}

impl TryFrom<PersonChange> for PersonEdit {
    type Error = AdminError;

    fn try_from(change: PersonChange) -> Result<Self, AdminError> {
        Ok(Self {
            name: change.name.map(|Nullable(name)| name),
            identifiers: change.identifiers.map(identifiers),
            attributes: attributes(change.attributes)?,
        })
    }
}

/// Change a person
///
/// An identifier that is no longer in the list is on its own again.
#[utoipa::path(
    patch,
    path = "/tenants/{tenant}/persons/{person}",
    operation_id = "change_joined_person",
    tag = "persons",
    params(
        ("If-Match" = String, Header, description = "The ETag of the version that was read, or *."),
    ),
    request_body = PersonChange,
    responses(
        (status = 200, description = "The changed person.", body = PersonView,
            headers(("ETag" = String, description = "The version of the resource."))),
        (status = 409, description = "An identifier belongs to another person."),
    ),
)]
pub(crate) async fn change_joined_person(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Ids(tenant, person): Ids<TenantId, PersonId>,
    (Query(NoParams), version): (Query<NoParams>, IfMatch),
    Json(change): Json<PersonChange>,
) -> Result<Response, AdminProblem> {
    let edit = change.try_into()?;
    let (of, expected) = ((tenant, person), version.versions());
    Ok(show(&shared.admin.change_person(&requester, of, &edit, expected).await?))
}
