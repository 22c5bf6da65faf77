//! `POST /api/v1/tenants/{tenant}/analyses/journey`: what one learner has done.

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
use crate::api::values::Agent;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;
use acta_fact_analyses::journey::{JourneyAnalysis, JourneyQuestion, analyse};
use acta_fact_analyses::rows::condition::is;
use acta_fact_analyses::rows::{FactReader, Scope, fault};
use acta_fact_analyses::time::gap_minutes;

/// Statements of the timeline, if nothing is said, and at most.
const LIMIT: usize = 50;
const LIMIT_MAX: usize = 1_000;

/// Which learner is followed.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct JourneyRequest {
    /// The learner, by any identifier: an agent. Either this or `person`.
    #[serde(default)]
    agent: Option<Agent>,
    /// The learner, by the id of the person.
    #[serde(default)]
    person: Option<String>,
    /// Minutes without a statement that end a session, from 1 to 1440; 30 if absent.
    #[serde(default)]
    gap_minutes: Option<u32>,
    /// How many statements the timeline has, from 0 to 1000; 50 if absent.
    #[serde(default)]
    limit: Option<usize>,
    /// Which facts count; absent for all.
    #[serde(default, rename = "where")]
    filter: Option<ConditionRequest>,
    /// The time zone of days and years, such as `Europe/Zurich`; UTC if absent.
    #[serde(default)]
    zone: Option<String>,
}

/// What is asked, and about which facts.
fn read(
    learner: (Option<Agent>, Option<String>),
    gap: Option<u32>,
    limit: Option<usize>,
) -> Result<JourneyQuestion, QueryError> {
    let learner = match learner {
        (Some(Agent(agent)), None) => is("person", agent.ifi().to_key()),
        (None, Some(person)) => is("person", person),
        (Some(_), Some(_)) | (None, None) => {
            return Err(fault("", "expected exactly one of \"agent\" and \"person\""));
        }
    };
    let limit = limit.unwrap_or(LIMIT);
    if LIMIT_MAX < limit {
        return Err(fault("/limit", "expected a number from 0 to 1000"));
    }
    Ok(JourneyQuestion { learner, gap_minutes: gap_minutes(gap)?, limit })
}

/// Follow a learner
///
/// Shows what one learner has done, by all of the identifiers that are joined and from all
/// sources: years, courses, achievements, attempts, sessions and the latest statements. For people
/// and credentials that may read all statements of the tenant.
#[utoipa::path(
    post,
    path = "/tenants/{tenant}/analyses/journey",
    operation_id = "analyse_journey",
    tag = "analyses",
    request_body = JourneyRequest,
    responses(
        (status = 200, description = "The record of the learner.", body = JourneyAnalysis),
    ),
)]
pub(crate) async fn analyse_journey(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(NoParams): Query<NoParams>,
    Json(request): Json<JourneyRequest>,
) -> Result<Response, AdminProblem> {
    let JourneyRequest { agent, person, gap_minutes: gap, limit, filter, zone } = request;
    let analysis =
        Analysis { what: json!({ "analysis": "journey" }), scope: Scope { filter, zone } };
    let work = move |reader: FactReader<'_>| analyse(reader, &read((agent, person), gap, limit)?);
    analysis.answer(&shared, &requester, tenant, work).await
}
