//! `POST /api/v1/tenants/{tenant}/analyses/activity`: how active learners are.

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
use acta_fact_analyses::activity::{ActivityAnalysis, DaysQuestion, analyse};
use acta_fact_analyses::rows::Scope;

/// Which activity is analysed.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ActivityRequest {
    /// The first day, such as `2026-03-01`; that of the first statement if absent. At most 3,653
    /// days are listed.
    #[serde(default)]
    from: Option<String>,
    /// The last day; that of the last statement if absent.
    #[serde(default)]
    to: Option<String>,
    /// Which facts count; absent for all.
    #[serde(default, rename = "where")]
    filter: Option<ConditionRequest>,
    /// The time zone of days and hours, such as `Europe/Zurich`; UTC if absent.
    #[serde(default)]
    zone: Option<String>,
}

/// Analyse activity
///
/// Computes how many learners are active by day, week and month, how often they come back, and at
/// which hours of the week they learn. For people and credentials that may read all statements of
/// the tenant.
#[utoipa::path(
    post,
    path = "/tenants/{tenant}/analyses/activity",
    operation_id = "analyse_activity",
    tag = "analyses",
    request_body = ActivityRequest,
    responses(
        (status = 200, description = "The days and the hours.", body = ActivityAnalysis),
    ),
)]
pub(crate) async fn analyse_activity(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(NoParams): Query<NoParams>,
    Json(request): Json<ActivityRequest>,
) -> Result<Response, AdminProblem> {
    let ActivityRequest { from, to, filter, zone } = request;
    let analysis =
        Analysis { what: json!({ "analysis": "activity" }), scope: Scope { filter, zone } };
    let days = DaysQuestion { from, to };
    analysis.answer(&shared, &requester, tenant, move |reader| analyse(reader, &days)).await
}
