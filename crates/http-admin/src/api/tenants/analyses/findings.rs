//! `POST /api/v1/tenants/{tenant}/analyses/findings`: what needs attention.

use acta_access::TenantId;
use acta_facts::ConditionRequest;
use acta_http::edge::{NoParams, Query};
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::asking::Analysis;
use super::items::judge;
use crate::api::json::{Json, view};
use crate::api::path::Id;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;
use acta_fact_analyses::findings::{FindingsAnalysis, gather};
use acta_fact_analyses::items::answers::Attempts;
use acta_fact_analyses::rows::{FactReader, Scope};

/// When findings are looked for.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FindingsRequest {
    /// The time that the findings are of, such as `2026-03-01`; later statements do not count. The
    /// present if absent.
    #[serde(default)]
    at: Option<String>,
    /// Which facts count; absent for all.
    #[serde(default, rename = "where")]
    filter: Option<ConditionRequest>,
    /// The time zone of days, such as `Europe/Zurich`; UTC if absent.
    #[serde(default)]
    zone: Option<String>,
}

/// Find what needs attention
///
/// Looks for silent sources, bad data, suspicious questions, parts of courses where learners stop,
/// and learners who are stuck, by fixed rules, each with what was measured and the analysis that
/// shows more. For people and credentials that may read all statements of the tenant.
#[utoipa::path(
    post,
    path = "/tenants/{tenant}/analyses/findings",
    operation_id = "analyse_findings",
    tag = "analyses",
    request_body = FindingsRequest,
    responses(
        (status = 200, description = "What was found.", body = FindingsAnalysis),
    ),
)]
pub(crate) async fn analyse_findings(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(NoParams): Query<NoParams>,
    Json(request): Json<FindingsRequest>,
) -> Result<Response, AdminProblem> {
    let FindingsRequest { at, filter, zone } = request;
    let what = json!({ "analysis": "findings" });
    let analysis = Analysis { what, scope: Scope { filter, zone } };
    let work = move |reader: FactReader<'_>| gather(reader, at.as_deref());
    let (mut open, permit) = analysis.compute(&shared, &requester, tenant, work).await?;
    for mut test in std::mem::take(&mut open.tests) {
        let answers = std::mem::take(&mut test.answers);
        let found = judge(&shared, &requester, &permit, (answers, Attempts::First)).await?;
        open.add(&test, &found);
    }
    Ok(view(&open.finish()))
}
