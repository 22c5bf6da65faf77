//! `POST /api/v1/tenants/{tenant}/analyses/retention`: how many learners come again.

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
use acta_fact_analyses::retention::{RetentionAnalysis, analyse};
use acta_fact_analyses::rows::Scope;
use acta_fact_analyses::rows::calendar::Period;

/// Which retention is analysed.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetentionRequest {
    /// What the periods are: `week` if absent.
    #[serde(default)]
    by: Period,
    /// Which facts count; absent for all.
    #[serde(default, rename = "where")]
    filter: Option<ConditionRequest>,
    /// The time zone of dates, such as `Europe/Zurich`; UTC if absent.
    #[serde(default)]
    zone: Option<String>,
}

/// Analyse retention
///
/// Divides learners into cohorts by the period in which they were active for the first time, and
/// computes how many come again in the periods after it. For people and credentials that may read
/// all statements of the tenant.
#[utoipa::path(
    post,
    path = "/tenants/{tenant}/analyses/retention",
    operation_id = "analyse_retention",
    tag = "analyses",
    request_body = RetentionRequest,
    responses(
        (status = 200, description = "The cohorts.", body = RetentionAnalysis),
    ),
)]
pub(crate) async fn analyse_retention(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(NoParams): Query<NoParams>,
    Json(request): Json<RetentionRequest>,
) -> Result<Response, AdminProblem> {
    let RetentionRequest { by, filter, zone } = request;
    let what = json!({ "analysis": "retention", "by": by });
    let analysis = Analysis { what, scope: Scope { filter, zone } };
    analysis.answer(&shared, &requester, tenant, move |reader| analyse(reader, by)).await
}
