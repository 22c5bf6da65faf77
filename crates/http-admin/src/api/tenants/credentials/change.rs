//! `PATCH /api/v1/tenants/{tenant}/credentials/{key}`: changes a credential.

use acta_access::{ActivityPrefix, Origin, TenantId};
use acta_admin::CredentialChanges;
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

/// What is to be different about a credential; what is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CredentialChange {
    /// Its name for people. Not blank, without control characters.
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
    /// What it may be used for.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Vec<ScopeName>, required = false, min_items = 1)]
    scopes: Option<Vec<ScopeName>>,
    /// Whether it may change nothing, whatever its scopes.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool, required = false)]
    is_read_only: Option<bool>,
    /// Where the ids of activities must begin, all together: with one of these.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Vec<String>, required = false, max_items = 100)]
    activity_prefixes: Option<Vec<Parsed<ActivityPrefix>>>,
    /// The origins of the pages that may use it, all together.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Vec<String>, required = false, max_items = 100)]
    origins: Option<Vec<Parsed<Origin>>>,
    /// Who vouches for what is written with it; null for an account that is made of its key.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Agent>)]
    authority: Option<Nullable<Agent>>,
    /// From when on it is refused, in the future; null for never.
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
/// It holds for the next request that is made with it.
#[utoipa::path(
    patch,
    path = "/tenants/{tenant}/credentials/{key}",
    operation_id = "change_credential",
    tag = "credentials",
    params(
        ("tenant" = u32, Path, minimum = 1, description = "The tenant."),
        ("key" = String, Path, min_length = 1, description = "The key of the credential."),
        ("If-Match" = String, Header, description = "The ETag of the version that was read, or *.")
    ),
    request_body = CredentialChange,
    responses(
        (status = 200, description = "The credential as it is now.", body = CredentialView,
            headers(("ETag" = String, description = "Its version."))),
    ),
)]
pub(crate) async fn change_credential(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Ids(tenant, key): Ids<TenantId, String>,
    (Query(NoParams), version): (Query<NoParams>, IfMatch),
    Json(change): Json<CredentialChange>,
) -> Result<Response, AdminProblem> {
    let (of, expected) = ((tenant, key.as_str()), version.versions());
    Ok(show(&shared.admin.change_credential(&requester, of, change.into(), expected).await?))
}
