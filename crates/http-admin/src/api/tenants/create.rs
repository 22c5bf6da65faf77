//! `POST /api/v1/tenants`: makes a tenant.

use std::num::{NonZeroU32, NonZeroU64};

use acta_admin::Idempotency;
use acta_http::edge::{NoParams, Query};
use acta_storage::directory::{Tenant, TenantLimits};
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::TenantView;
use crate::api::idempotency::{Repeatable, answer_made, tell};
use crate::api::values::{Amount, Object};
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// A tenant to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTenant {
    /// Its name for people. Not blank, without control characters.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\x00-\x20\x7f-\xa0\s][^\x00-\x1f\x7f-\x9f]*$",
        example = "Example School"
    )]
    name: String,
    /// How much it may do; without limits if nothing is said.
    #[schema(value_type = Option<NewLimits>)]
    limits: Option<Object<NewLimits>>,
}

/// How much a new tenant may do; null for no limit.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewLimits {
    /// Requests a second, on each node.
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 4_294_967_295_u32, example = 200)]
    requests_per_second: Amount<NonZeroU32>,
    /// Bytes of statements, documents and attachments that it may store on a day in UTC.
    #[serde(default)]
    #[schema(
        value_type = Option<i64>,
        minimum = 1,
        maximum = 9_007_199_254_740_991_i64,
        example = 1_000_000_000
    )]
    bytes_per_day: Amount<NonZeroU64>,
    /// Statements that it may store on a day in UTC.
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    statements_per_day: Amount<NonZeroU64>,
}

impl From<NewLimits> for TenantLimits {
    fn from(limits: NewLimits) -> Self {
        Self {
            requests_per_second: limits.requests_per_second.0,
            bytes_per_day: limits.bytes_per_day.0,
            statements_per_day: limits.statements_per_day.0,
        }
    }
}

/// Make a tenant
///
/// For operators of the server.
#[utoipa::path(
    post,
    path = "/tenants",
    operation_id = "create_tenant",
    tag = "tenants",
    params(
        ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255,
            pattern = "^[!-~]+$",
            description = "Names the request: sent again within a day, it makes nothing more.")
    ),
    request_body = NewTenant,
    responses(
        (status = 201, description = "The tenant was made, now or by the same request before.",
            body = TenantView,
            headers(
                ("ETag" = String, description = "Its version."),
                ("Location" = String, description = "Where it is."),
            )),
        (status = 403, description = "Only operators of the server may."),
    ),
)]
pub(crate) async fn create_tenant(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Query(NoParams): Query<NoParams>,
    Repeatable { new, key }: Repeatable<NewTenant>,
) -> Result<Response, AdminProblem> {
    let limits = new.limits.map_or(TenantLimits::NONE, |Object(limits)| limits.into());
    let show = |tenant: &Tenant| (format!("/tenants/{}", tenant.id), TenantView::of(tenant));
    let once = Idempotency { key: key.as_ref(), tell: &|tenant| tell(show(tenant)) };
    let made = shared.admin.create_tenant(&requester, (&new.name, limits), once).await?;
    Ok(answer_made(&made, show))
}
