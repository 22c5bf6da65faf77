//! `POST /api/v1/tenants/{tenant}/analyses/courses`: how learners do in courses.

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
use acta_fact_analyses::courses::{CoursesAnalysis, CoursesQuestion, analyse};
use acta_fact_analyses::rows::{FactReader, Scope};
use acta_fact_analyses::time::gap_minutes;

/// Which courses are analysed.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CoursesRequest {
    /// The id of the only course, whose parts are wanted too; absent for all courses.
    #[serde(default)]
    course: Option<String>,
    /// Whether the time that learners spend is wanted, which reads every statement; that of a
    /// single course always is.
    #[serde(default)]
    time: bool,
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

/// Analyse courses
///
/// Computes how many learners are enrolled in courses, have started, completed and passed them,
/// how long that takes, and which scores they reach; of one course also in which part learners
/// stop. For people and credentials that may read all statements of the tenant.
#[utoipa::path(
    post,
    path = "/tenants/{tenant}/analyses/courses",
    operation_id = "analyse_courses",
    tag = "analyses",
    request_body = CoursesRequest,
    responses(
        (status = 200, description = "The courses.", body = CoursesAnalysis),
    ),
)]
pub(crate) async fn analyse_courses(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(NoParams): Query<NoParams>,
    Json(request): Json<CoursesRequest>,
) -> Result<Response, AdminProblem> {
    let CoursesRequest { course, time, gap_minutes: gap, filter, zone } = request;
    let what = json!({ "analysis": "courses", "course": course });
    let analysis = Analysis { what, scope: Scope { filter, zone } };
    let work = move |reader: FactReader<'_>| {
        let gap_minutes = gap_minutes(gap)?;
        analyse(reader, &CoursesQuestion { course, has_time: time, gap_minutes })
    };
    analysis.answer(&shared, &requester, tenant, work).await
}
