//! `POST /api/v1/tenants/{tenant}/analyses/time`: how long learners work.

use acta_access::TenantId;
use acta_facts::{ConditionRequest, QueryError};
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
use acta_fact_analyses::rows::budget::Budget;
use acta_fact_analyses::rows::{FactReader, Scope, fault};
use acta_fact_analyses::time::{TimeAnalysis, analyse, gap_minutes};

/// What time is divided by: fields of single texts.
const FIELDS: [&str; 6] = ["course", "object", "parent", "person", "platform", "source"];

/// Which time is analysed.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TimeRequest {
    /// What time is divided by: `course`, `object`, `parent`, `person`, `platform` or `source`;
    /// `course` if absent.
    #[serde(default)]
    by: Option<String>,
    /// Minutes without a statement that end a session, from 1 to 1440; 30 if absent.
    #[serde(default)]
    gap_minutes: Option<u32>,
    /// Which facts count; absent for all.
    #[serde(default, rename = "where")]
    filter: Option<ConditionRequest>,
    /// The time zone of dates, such as `Europe/Zurich`; UTC if absent.
    #[serde(default)]
    zone: Option<String>,
}

/// What the time is divided by.
fn field(by: Option<String>) -> Result<String, QueryError> {
    let by = by.unwrap_or_else(|| "course".to_owned());
    if FIELDS.contains(&by.as_str()) {
        return Ok(by);
    }
    Err(fault("/by", format!("expected one of {}", FIELDS.join(", "))))
}

/// Analyse time on task
///
/// Computes how long learners work, by sessions: what a learner does without a gap. For people and
/// credentials that may read all statements of the tenant.
#[utoipa::path(
    post,
    path = "/tenants/{tenant}/analyses/time",
    operation_id = "analyse_time",
    tag = "analyses",
    request_body = TimeRequest,
    responses(
        (status = 200, description = "The time.", body = TimeAnalysis),
    ),
)]
pub(crate) async fn analyse_time(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(NoParams): Query<NoParams>,
    Json(request): Json<TimeRequest>,
) -> Result<Response, AdminProblem> {
    let TimeRequest { by, gap_minutes: gap, filter, zone } = request;
    let what = json!({ "analysis": "time", "by": by });
    let analysis = Analysis { what, scope: Scope { filter, zone } };
    let work = move |reader: FactReader<'_>| {
        let (gap_minutes, by) = (gap_minutes(gap)?, field(by)?);
        let fields = [&*by, "person", "timestamp", "duration"];
        let rows = reader.rows_of_groups(&fields, Vec::new())?;
        let found = analyse(rows, gap_minutes, &mut Budget::of(reader.asked))?;
        Ok(found.without_small(reader.asked.settings.smallest_group))
    };
    analysis.answer(&shared, &requester, tenant, work).await
}
