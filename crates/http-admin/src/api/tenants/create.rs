//! `POST /api/v1/tenants`: creates a tenant.

use std::num::{NonZeroU32, NonZeroU64};

use acta_admin::Idempotency;
use acta_http::edge::{NoParams, Query};
use acta_storage::directory::{Tenant, TenantLimits};
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::TenantView;
use crate::api::idempotency::{IdempotentBody, answer_created, encode_answer};
use crate::api::values::{Amount, Object, WeightOrNull};
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// A new tenant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTenant {
    /// The display name. Not blank, without control characters.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\x00-\x20\x7f-\xa0\s][^\x00-\x1f\x7f-\x9f]*$",
        example = "Example School"
    )]
    name: String,
    /// The limits; none if missing.
    #[schema(value_type = Option<NewLimits>)]
    limits: Option<Object<NewLimits>>,
}

/// The limits of a new tenant, null for no limit, and its weight.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewLimits {
    /// Requests per second on each node.
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 4_294_967_295_u32, example = 200)]
    requests_per_second: Amount<NonZeroU32>,
    /// Bytes of statements, documents and attachments per day (UTC).
    #[serde(default)]
    #[schema(
        value_type = Option<i64>,
        minimum = 1,
        maximum = 9_007_199_254_740_991_i64,
        example = 1_000_000_000
    )]
    bytes_per_day: Amount<NonZeroU64>,
    /// Statements per day (UTC).
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    statements_per_day: Amount<NonZeroU64>,
    /// How much it gets of what tenants share, compared with others; null for 1.
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 100, example = 4)]
    weight: WeightOrNull,
}

impl From<NewLimits> for TenantLimits {
    fn from(limits: NewLimits) -> Self {
        Self {
            requests_per_second: limits.requests_per_second.0,
            bytes_per_day: limits.bytes_per_day.0,
            statements_per_day: limits.statements_per_day.0,
            weight: limits.weight.0,
        }
    }
}

/// Create a tenant
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
            description = "Identifies the request: a repetition with the same key within a day \
                           creates nothing."),
    ),
    request_body = NewTenant,
    responses(
        (status = 201, description = "The tenant was created, now or by the first request with \
                                      this key.",
            body = TenantView,
            headers(
                ("ETag" = String, description = "The version of the resource."),
                ("Location" = String, description = "The path of the new resource."),
            )),
        (status = 403, description = "Only operators of the server may create tenants."),
    ),
)]
pub(crate) async fn create_tenant(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Query(NoParams): Query<NoParams>,
    IdempotentBody { new, key }: IdempotentBody<NewTenant>,
) -> Result<Response, AdminProblem> {
    let limits = new.limits.map_or(TenantLimits::NONE, |Object(limits)| limits.into());
    let show = |tenant: &Tenant| (format!("/tenants/{}", tenant.id), TenantView::of(tenant));
    let once = Idempotency { key: key.as_ref(), encode: &|tenant| encode_answer(show(tenant)) };
    let made = shared.admin.create_tenant(&requester, &new.name, limits, once).await?;
    Ok(answer_created(&made, show))
}
