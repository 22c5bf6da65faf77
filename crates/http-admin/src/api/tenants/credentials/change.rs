//! `PATCH /api/v1/tenants/{tenant}/credentials/{key}`: changes a credential.

use acta_access::{ActivityPrefix, Origin, TenantId};
use acta_admin::{CredentialChanges, CredentialId};
use acta_http::edge::{NoParams, Query};
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use super::create::values;
use super::view::{CredentialView, show};
use crate::api::json::Json;
use crate::api::path::Ids;
use crate::api::values::{Agent, Instant, Nullable, Parsed, ScopeName, given, scopes_of};
use crate::api::versioned::IfMatch;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Changes to a credential. A property that is missing is left unchanged.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CredentialChange {
    /// The display name. Not blank, without control characters.
    #[serde(default, deserialize_with = "given")]
    #[schema(
        value_type = String,
        required = false,
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\x00-\x20\x7f-\xa0\s][^\x00-\x1f\x7f-\x9f]*$",
        example = "LMS of the school"
    )]
    label: Option<String>,
    /// The scopes of the credential.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Vec<ScopeName>, required = false, min_items = 1)]
    scopes: Option<Vec<ScopeName>>,
    /// Whether the credential is read-only, independent of its scopes.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool, required = false)]
    is_read_only: Option<bool>,
    /// The allowed prefixes of activity ids; replaces the whole list.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Vec<String>, required = false, max_items = 100)]
    activity_prefixes: Option<Vec<Parsed<ActivityPrefix>>>,
    /// The allowed origins of pages; replaces the whole list.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Vec<String>, required = false, max_items = 100)]
    origins: Option<Vec<Parsed<Origin>>>,
    /// The authority of statements that are written with it; null for an account made from the key.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Agent>)]
    authority: Option<Nullable<Agent>>,
    /// When the credential expires, in the future; null for never.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires: Option<Nullable<Parsed<Instant>>>,
}

impl From<CredentialChange> for CredentialChanges {
    fn from(change: CredentialChange) -> Self {
        let authority = |Nullable(agent): Nullable<Agent>| agent.map(|Agent(authority)| authority);
        let moment = |Nullable(expires): Nullable<Parsed<Instant>>| {
            expires.map(|Parsed(Instant(moment))| moment)
        };
        Self {
            label: change.label,
            scopes: change.scopes.map(|names| scopes_of(&names)),
            is_read_only: change.is_read_only,
            activity_prefixes: change.activity_prefixes.map(values),
            origins: change.origins.map(values),
            authority: change.authority.map(authority),
            expires: change.expires.map(moment),
        }
    }
}

/// Change a credential
///
/// The change applies from the next request with this credential.
#[utoipa::path(
    patch,
    path = "/tenants/{tenant}/credentials/{key}",
    operation_id = "change_credential",
    tag = "credentials",
    params(
        ("If-Match" = String, Header, description = "The ETag of the version that was read, or *."),
    ),
    request_body = CredentialChange,
    responses(
        (status = 200, description = "The changed credential.", body = CredentialView,
            headers(("ETag" = String, description = "The version of the resource."))),
    ),
)]
pub(crate) async fn change_credential(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Ids(tenant, key): Ids<TenantId, String>,
    (Query(NoParams), version): (Query<NoParams>, IfMatch),
    Json(change): Json<CredentialChange>,
) -> Result<Response, AdminProblem> {
    let of = CredentialId { tenant, key: &key };
    let expected = version.versions();
    Ok(show(&shared.admin.change_credential(&requester, of, change.into(), expected).await?))
}
