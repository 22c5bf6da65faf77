//! `POST /api/v1/tenants/{tenant}/analyses/help`: which learners of a course may need help.

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
use acta_fact_analyses::help::{HelpAnalysis, HelpAsked, analyse};
use acta_fact_analyses::rows::{FactReader, Scope};

/// Whose learners are looked at, and when.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HelpRequest {
    /// The id of the course.
    course: String,
    /// The time at which learners are looked at, such as `2026-03-01`; later statements do not
    /// count. The present if absent.
    #[serde(default)]
    at: Option<String>,
    /// Within how many days before, from 1 to 3650, a learner must have done something in the
    /// course to be listed; 90 if absent.
    #[serde(default)]
    within_days: Option<i32>,
    /// The day on which the course is to be completed; nobody is overdue if absent.
    #[serde(default)]
    due: Option<String>,
    /// Which facts count; absent for all.
    #[serde(default, rename = "where")]
    filter: Option<ConditionRequest>,
    /// The time zone of days, such as `Europe/Zurich`; UTC if absent.
    #[serde(default)]
    zone: Option<String>,
}

/// Find who needs help
///
/// Lists the learners of a course who are stuck, overdue, idle against their own habit, or far
/// behind the others of the course, with the reasons. The rules are fixed; they are a first look,
/// not a verdict. For people and credentials that may read all statements of the tenant.
#[utoipa::path(
    post,
    path = "/tenants/{tenant}/analyses/help",
    operation_id = "analyse_help",
    tag = "analyses",
    request_body = HelpRequest,
    responses(
        (status = 200, description = "The learners.", body = HelpAnalysis),
    ),
)]
pub(crate) async fn analyse_help(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(NoParams): Query<NoParams>,
    Json(request): Json<HelpRequest>,
) -> Result<Response, AdminProblem> {
    let HelpRequest { course, at, within_days, due, filter, zone } = request;
    let what = json!({ "analysis": "help", "course": course });
    let analysis = Analysis { what, scope: Scope { filter, zone } };
    let asked = HelpAsked { course, at, within_days, due };
    let work = move |reader: FactReader<'_>| analyse(reader, &asked);
    analysis.answer(&shared, &requester, tenant, work).await
}
