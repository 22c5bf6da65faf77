//! `PATCH /api/v1/tenants/{tenant}/groups/{group}`: changes a group.

use acta_access::TenantId;
use acta_admin::PersonGroupEdit;
use acta_http::edge::{NoParams, Query};
use acta_storage::directory::GroupId;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::{GroupView, show};
use crate::api::json::Json;
use crate::api::path::Ids;
use crate::api::values::{Nullable, Parsed, given};
use crate::api::versioned::IfMatch;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Changes to a group. A property that is missing is left unchanged.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PersonGroupChange)]
pub(crate) struct GroupChange {
    /// The name.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 200)]
    name: Option<String>,
    /// The kind; null for none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 40)]
    kind: Option<Nullable<String>>,
    /// The group that it is below; null moves it to the top.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, format = "uuid")]
    parent: Option<Nullable<Parsed<GroupId>>>,
}

impl From<GroupChange> for PersonGroupEdit {
    fn from(change: GroupChange) -> Self {
        let parent = |Nullable(parent): Nullable<Parsed<GroupId>>| parent.map(|Parsed(it)| it);
        Self {
            name: change.name,
            kind: change.kind.map(|Nullable(kind)| kind),
            parent: change.parent.map(parent),
        }
    }
}

/// Change a group
///
/// The groups below it move along with it.
#[utoipa::path(
    patch,
    path = "/tenants/{tenant}/groups/{group}",
    operation_id = "change_group",
    tag = "groups",
    params(
        ("If-Match" = String, Header, description = "The ETag of the version that was read, or *."),
    ),
    request_body = GroupChange,
    responses(
        (status = 200, description = "The changed group.", body = GroupView,
            headers(("ETag" = String, description = "The version of the resource."))),
        (status = 409, description = "Another group in the same place has this name."),
    ),
)]
pub(crate) async fn change_group(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Ids(tenant, group): Ids<TenantId, GroupId>,
    (Query(NoParams), version): (Query<NoParams>, IfMatch),
    Json(change): Json<GroupChange>,
) -> Result<Response, AdminProblem> {
    let edit = change.into();
    let (of, expected) = ((tenant, group), version.versions());
    Ok(show(&shared.admin.change_group(&requester, of, &edit, expected).await?))
}
