//! `POST /api/v1/tenants/{tenant}/persons`: creates a person.

use std::collections::BTreeMap;

use acta_access::TenantId;
use acta_admin::{AdminError, Idempotency, NewJoinedPerson};
use acta_http::edge::{NoParams, Query};
use acta_storage::directory::JoinedPerson;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::{PersonView, attributes, identifiers};
use crate::api::idempotency::{IdempotentBody, answer_created, encode_answer};
use crate::api::path::Id;
use crate::api::values::Agent;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// A new person.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewJoinedPerson)]
pub(crate) struct NewPersonBody {
    /// The name. Not blank, without control characters.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200, example = "Ada Lovelace")]
    name: Option<String>,
    /// The identifiers that are one: agents, of which only the identifiers count.
    #[schema(min_items = 1, max_items = 50)]
    identifiers: Vec<Agent>,
    /// What else is known, by the names of the attributes.
    #[serde(default)]
    #[schema(required = false, example = json!({"unit": "North"}))]
    attributes: BTreeMap<String, String>,
}

impl TryFrom<NewPersonBody> for NewJoinedPerson {
    type Error = AdminError;

    fn try_from(body: NewPersonBody) -> Result<Self, AdminError> {
        Ok(Self {
            name: body.name,
            identifiers: identifiers(body.identifiers),
            attributes: attributes(body.attributes)?,
        })
    }
}

/// Create a person
///
/// Joins identifiers: every answer counts them as one person. An identifier belongs to at most one
/// person; 409 names the one that it belongs to.
#[utoipa::path(
    post,
    path = "/tenants/{tenant}/persons",
    operation_id = "create_joined_person",
    tag = "persons",
    params(
        ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255,
            pattern = "^[!-~]+$",
            description = "Identifies the request: a repetition with the same key within a day \
                           creates nothing."),
    ),
    request_body = NewPersonBody,
    responses(
        (status = 201, description = "The person was created, now or by the first request with \
                                      this key.",
            body = PersonView,
            headers(
                ("ETag" = String, description = "The version of the resource."),
                ("Location" = String, description = "The path of the new resource."),
            )),
        (status = 409, description = "An identifier belongs to another person."),
    ),
)]
pub(crate) async fn create_joined_person(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(NoParams): Query<NoParams>,
    IdempotentBody { new, key }: IdempotentBody<NewPersonBody>,
) -> Result<Response, AdminProblem> {
    let show = |person: &JoinedPerson| {
        (format!("/tenants/{tenant}/persons/{}", person.id), PersonView::of(person))
    };
    let once = Idempotency { key: key.as_ref(), encode: &|person| encode_answer(show(person)) };
    let made = shared.admin.create_person(&requester, tenant, new.try_into()?, once).await?;
    Ok(answer_created(&made, show))
}
