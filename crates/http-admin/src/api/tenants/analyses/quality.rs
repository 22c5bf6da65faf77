//! `POST /api/v1/tenants/{tenant}/analyses/quality`: what statements lack, contradict or repeat.

use acta_access::TenantId;
use acta_facts::ConditionRequest;
use acta_http::edge::{NoParams, Query};
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::asking::Analysis;
use crate::api::json::Json;
use crate::api::path::Id;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;
use acta_fact_analyses::quality::{QualityAnalysis, analyse};
use acta_fact_analyses::rows::Scope;

/// Which statements are looked at.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct QualityRequest {
    /// Which facts count; absent for all.
    #[serde(default, rename = "where")]
    filter: Option<ConditionRequest>,
    /// The time zone of dates, such as `Europe/Zurich`; UTC if absent.
    #[serde(default)]
    zone: Option<String>,
}

/// Check data quality
///
/// Counts the statements that lack something, contradict themselves, repeat others or come from
/// clocks that are wrong, by platform. For people and credentials that may read all statements of
/// the tenant.
#[utoipa::path(
    post,
    path = "/tenants/{tenant}/analyses/quality",
    operation_id = "analyse_quality",
    tag = "analyses",
    request_body = QualityRequest,
    responses(
        (status = 200, description = "What was found.", body = QualityAnalysis),
    ),
)]
pub(crate) async fn analyse_quality(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(NoParams): Query<NoParams>,
    Json(request): Json<QualityRequest>,
) -> Result<Response, AdminProblem> {
    let QualityRequest { filter, zone } = request;
    let analysis =
        Analysis { what: json!({ "analysis": "quality" }), scope: Scope { filter, zone } };
    analysis.answer(&shared, &requester, tenant, analyse).await
}
