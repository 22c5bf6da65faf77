//! `PATCH /api/v1/tenants/{tenant}`: changes a tenant.

use std::num::{NonZeroU32, NonZeroU64};

use acta_access::TenantId;
use acta_admin::{LimitChanges, TenantChanges};
use acta_http::edge::{NoParams, Query};
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use super::settings::SettingsChange;
use super::view::{TenantView, show};
use crate::api::json::Json;
use crate::api::path::Id;
use crate::api::values::{Amount, Object, WeightOrNull, given};
use crate::api::versioned::IfMatch;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Changes to a tenant. A property that is missing is left unchanged.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TenantChange {
    /// The display name. Not blank, without control characters.
    #[serde(default, deserialize_with = "given")]
    #[schema(
        value_type = String,
        required = false,
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\x00-\x20\x7f-\xa0\s][^\x00-\x1f\x7f-\x9f]*$",
        example = "Example School"
    )]
    name: Option<String>,
    /// The limits. Only operators of the server may change them.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = LimitsChange, required = false)]
    limits: Option<Object<LimitsChange>>,
    /// Whether the audit records which statements people read, and the first reading of each
    /// credential in an hour. Only owners of the tenant may change it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool, required = false)]
    audits_reads: Option<bool>,
    /// Whether anybody may read its log for proofs, without a credential, at the address that is
    /// the name of the log. It reveals how many statements there are, and when they arrive, and
    /// nothing of what they say. For owners and administrators of the tenant, and operators.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool, required = false)]
    publishes_proof_log: Option<bool>,
    /// The settings for questions.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = SettingsChange, required = false)]
    settings: Option<Object<SettingsChange>>,
}

/// Changes to limits and the weight; null removes a limit.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LimitsChange {
    /// Requests per second on each node.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 4_294_967_295_u32, example = 200)]
    requests_per_second: Option<Amount<NonZeroU32>>,
    /// Bytes of statements, documents and attachments per day (UTC).
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    bytes_per_day: Option<Amount<NonZeroU64>>,
    /// Statements per day (UTC).
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    statements_per_day: Option<Amount<NonZeroU64>>,
    /// How much it gets of what tenants share, compared with others; null for 1.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 100, example = 4)]
    weight: Option<WeightOrNull>,
}

impl From<TenantChange> for TenantChanges {
    fn from(change: TenantChange) -> Self {
        let limits =
            change.limits.map_or_else(LimitChanges::default, |Object(limits)| LimitChanges {
                requests_per_second: limits.requests_per_second.map(|Amount(amount)| amount),
                bytes_per_day: limits.bytes_per_day.map(|Amount(amount)| amount),
                statements_per_day: limits.statements_per_day.map(|Amount(amount)| amount),
                weight: limits.weight.map(|WeightOrNull(weight)| weight),
            });
        let settings = change.settings.map(|Object(settings)| settings.into()).unwrap_or_default();
        Self {
            name: change.name,
            limits,
            audits_reads: change.audits_reads,
            publishes_proof_log: change.publishes_proof_log,
            settings,
        }
    }
}

/// Change a tenant
///
/// Changes its name, its limits, its settings, whether the audit records which statements people
/// read, and whether anybody may read its log for proofs.
#[utoipa::path(
    patch,
    path = "/tenants/{tenant}",
    operation_id = "change_tenant",
    tag = "tenants",
    params(
        ("If-Match" = String, Header, description = "The ETag of the version that was read, or *."),
    ),
    request_body = TenantChange,
    responses(
        (status = 200, description = "The changed tenant.", body = TenantView,
            headers(("ETag" = String, description = "The version of the resource."))),
    ),
)]
pub(crate) async fn change_tenant(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    (Query(NoParams), version): (Query<NoParams>, IfMatch),
    Json(change): Json<TenantChange>,
) -> Result<Response, AdminProblem> {
    let expected = version.versions();
    Ok(show(&shared.admin.change_tenant(&requester, tenant, change.into(), expected).await?))
}
