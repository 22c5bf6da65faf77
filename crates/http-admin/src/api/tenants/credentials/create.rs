//! `POST /api/v1/tenants/{tenant}/credentials`: creates a credential.

use acta_access::{ActivityPrefix, Origin, Restrictions, TenantId};
use acta_admin::{Idempotency, IssuedCredential, NewCredential};
use acta_http::edge::{NoParams, Query};
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::{CredentialView, IssuedView};
use crate::api::idempotency::{IdempotentBody, answer_created, encode_answer};
use crate::api::path::Id;
use crate::api::values::{Agent, Instant, Parsed, ScopeName, scopes_of};
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// A new credential.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewCredential)]
pub(crate) struct NewCredentialBody {
    /// The display name. Not blank, without control characters.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\x00-\x20\x7f-\xa0\s][^\x00-\x1f\x7f-\x9f]*$",
        example = "LMS of the school"
    )]
    label: String,
    /// The scopes of the credential.
    #[schema(min_items = 1, example = json!(["statements/write", "state"]))]
    scopes: Vec<ScopeName>,
    /// Whether the credential is read-only, independent of its scopes.
    is_read_only: Option<bool>,
    /// The allowed prefixes of activity ids: each is the beginning of an IRI with the complete host
    /// name.
    #[serde(default)]
    #[schema(
        value_type = Vec<String>,
        required = false,
        max_items = 100,
        example = json!(["https://course.example/"])
    )]
    activity_prefixes: Vec<Parsed<ActivityPrefix>>,
    /// The allowed origins of pages.
    #[serde(default)]
    #[schema(
        value_type = Vec<String>,
        required = false,
        max_items = 100,
        example = json!(["https://app.example"])
    )]
    origins: Vec<Parsed<Origin>>,
    /// The authority of statements that are written with it; if missing, an account made from the
    /// key.
    authority: Option<Agent>,
    /// When the credential expires, in the future.
    #[schema(value_type = Option<String>, format = DateTime, example = "2036-03-01T09:30:00Z")]
    expires: Option<Parsed<Instant>>,
}

/// The parsed values.
pub(super) fn values<T>(parsed: Vec<Parsed<T>>) -> Vec<T> {
    parsed.into_iter().map(|Parsed(value)| value).collect()
}

impl From<NewCredentialBody> for NewCredential {
    fn from(body: NewCredentialBody) -> Self {
        Self {
            label: body.label,
            scopes: scopes_of(&body.scopes),
            restrictions: Restrictions {
                is_read_only: body.is_read_only.unwrap_or(false),
                activity_prefixes: values(body.activity_prefixes),
                origins: values(body.origins),
                binding: None,
            },
            authority: body.authority.map(|Agent(authority)| authority),
            expires: body.expires.map(|Parsed(Instant(moment))| moment),
        }
    }
}

/// Create a credential
///
/// The response contains the secret, which cannot be retrieved later.
#[utoipa::path(
    post,
    path = "/tenants/{tenant}/credentials",
    operation_id = "create_credential",
    tag = "credentials",
    params(
        ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255,
            pattern = "^[!-~]+$",
            description = "Identifies the request: a repetition with the same key within a day \
                           creates nothing."),
    ),
    request_body = NewCredentialBody,
    responses(
        (status = 201, description = "The credential was created, now or by the first request with \
                                      this key.",
            body = IssuedView,
            headers(
                ("ETag" = String, description = "The version of the resource."),
                ("Location" = String, description = "The path of the new resource."),
            )),
        (status = 409, description = "The tenant is suspended or deleted, or has the maximum \
                                      number of credentials."),
    ),
)]
pub(crate) async fn create_credential(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(NoParams): Query<NoParams>,
    IdempotentBody { new, key }: IdempotentBody<NewCredentialBody>,
) -> Result<Response, AdminProblem> {
    let show = |issued: &IssuedCredential, secret: Option<&str>| {
        let path = format!("/tenants/{tenant}/credentials/{}", issued.credential.key);
        let credential = CredentialView::of(&issued.credential, None);
        (path, IssuedView { credential, secret: secret.map(str::to_owned) })
    };
    let once =
        Idempotency { key: key.as_ref(), encode: &|issued| encode_answer(show(issued, None)) };
    let made = shared.admin.create_credential(&requester, tenant, new.into(), once).await?;
    Ok(answer_created(&made, |issued| show(issued, Some(issued.secret.expose()))))
}
