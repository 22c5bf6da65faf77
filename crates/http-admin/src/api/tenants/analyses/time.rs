//! `POST /api/v1/tenants/{tenant}/analyses/time`: how long learners work.

use acta_access::TenantId;
use acta_facts::{ConditionRequest, RowsQuestion};
use acta_http::edge::{NoParams, Query};
use acta_http::problem::{FaultView, Problem};
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::analyses::budget::Budget;
use crate::analyses::time::{TimeAnalysis, analyse};
use crate::api::json::{Json, view};
use crate::api::path::Id;
use crate::caller::Administrator;
use crate::facts::no_facts;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Minutes without a statement that end a session, if nothing is said, and at most.
const GAP_MINUTES: u32 = 30;
const GAP_MINUTES_MAX: u32 = 24 * 60;
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
    /// The time zone of dates, such as `Europe/Zurich`; that of the tenant if absent.
    #[serde(default)]
    zone: Option<String>,
}

impl TimeRequest {
    /// The gap and the rows.
    fn read(self) -> Result<(u32, RowsQuestion), Problem> {
        let gap = self.gap_minutes.unwrap_or(GAP_MINUTES);
        let by = self.by.as_deref().unwrap_or("course");
        let fault = |place: &str, text: &str| Problem::faulty(vec![FaultView::at(place, text, "")]);
        if !(1..=GAP_MINUTES_MAX).contains(&gap) {
            return Err(fault("/gap_minutes", "expected a number from 1 to 1440"));
        }
        if !FIELDS.contains(&by) {
            let text = format!("expected one of {}", FIELDS.join(", "));
            return Err(fault("/by", &text));
        }
        let fields = [by, "person", "timestamp", "duration"].map(str::to_owned).to_vec();
        Ok((gap, RowsQuestion { fields, filter: self.filter, zone: self.zone }))
    }
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
    params(("tenant" = u32, Path, minimum = 1, description = "The tenant.")),
    request_body = TimeRequest,
    responses(
        (status = 200, description = "The time.", body = TimeAnalysis),
        (status = 422, description = "The analysis needs too much memory."),
        (status = 503, description = "It took too long."),
    ),
)]
pub(crate) async fn analyse_time(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(NoParams): Query<NoParams>,
    Json(request): Json<TimeRequest>,
) -> Result<Response, AdminProblem> {
    let what = json!({ "analysis": "time", "by": request.by });
    let permit = shared.admin.permit_question(&requester, tenant, &what).await?;
    let facts = shared.facts.as_ref().ok_or_else(no_facts)?;
    let (gap, rows) = request.read()?;
    let found = facts.compute(&permit, move |store, persons, asked| {
        let rows = store.rows_of_groups(tenant, &rows, persons, asked)?;
        let found = analyse(rows, gap, &mut Budget::of(asked))?;
        Ok(found.without_small(asked.settings.smallest_group))
    });
    let found: TimeAnalysis = found.await?;
    Ok(view(&found))
}
