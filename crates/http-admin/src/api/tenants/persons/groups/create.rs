//! `POST /api/v1/tenants/{tenant}/groups`: creates a group.

use acta_access::TenantId;
use acta_admin::{Idempotency, NewPersonGroup};
use acta_http::edge::{NoParams, Query};
use acta_storage::directory::{GroupId, PersonGroup};
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::GroupView;
use crate::api::idempotency::{IdempotentBody, answer_created, encode_answer};
use crate::api::path::Id;
use crate::api::values::Parsed;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// A new group.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPersonGroup)]
pub(crate) struct NewGroupBody {
    /// The name. Not blank, without control characters and blanks at the ends, and different from
    /// those of the other groups in the same place.
    #[schema(min_length = 1, max_length = 200, example = "Physics")]
    name: String,
    /// What kind of group it is, such as `unit`, `class` or `cohort`.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 40, example = "unit")]
    kind: Option<String>,
    /// The group that it is below; absent or null for one at the top.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "uuid")]
    parent: Option<Parsed<GroupId>>,
}

/// Create a group
///
/// Creates a group of persons, at the top or below another one. There are at most 16 levels.
#[utoipa::path(
    post,
    path = "/tenants/{tenant}/groups",
    operation_id = "create_group",
    tag = "groups",
    params(
        ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255,
            pattern = "^[!-~]+$",
            description = "Identifies the request: a repetition with the same key within a day \
                           creates nothing."),
    ),
    request_body = NewGroupBody,
    responses(
        (status = 201, description = "The group was created, now or by the first request with \
                                      this key.",
            body = GroupView,
            headers(
                ("ETag" = String, description = "The version of the resource."),
                ("Location" = String, description = "The path of the new resource."),
            )),
        (status = 409, description = "Another group in the same place has this name."),
    ),
)]
pub(crate) async fn create_group(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(NoParams): Query<NoParams>,
    IdempotentBody { new, key }: IdempotentBody<NewGroupBody>,
) -> Result<Response, AdminProblem> {
    let show = |group: &PersonGroup| {
        (format!("/tenants/{tenant}/groups/{}", group.id), GroupView::of(group))
    };
    let once = Idempotency { key: key.as_ref(), encode: &|group| encode_answer(show(group)) };
    let NewGroupBody { name, kind, parent } = new;
    let new = NewPersonGroup { name, kind, parent: parent.map(|Parsed(parent)| parent) };
    let made = shared.admin.create_group(&requester, tenant, new, once).await?;
    Ok(answer_created(&made, show))
}
