//! `POST /api/v1/tenants/{tenant}/analyses/items`: how well questions work.

use acta_access::TenantId;
use acta_admin::{AnswerPermit, Requester};
use acta_facts::ConditionRequest;
use acta_http::edge::{NoParams, Query};
use acta_xapi::{ActivityId, IriRule};
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::asking::Analysis;
use crate::api::json::{Json, view};
use crate::api::path::Id;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;
use acta_fact_analyses::items::answers::{Answers, Attempts, FIELDS};
use acta_fact_analyses::items::{ItemAnalysis, analyse};
use acta_fact_analyses::rows::budget::Budget;
use acta_fact_analyses::rows::condition::{exists, is, one_of};
use acta_fact_analyses::rows::{FactReader, Scope};
use acta_http_facts::no_facts;

/// The fields that name the activities a question belongs to.
const PLACES: [&str; 4] = ["object", "parent", "grouping", "course"];
/// What makes a statement an answer.
const RESULTS: [&str; 3] = ["response", "success", "credit"];
/// Definitions that are read at a time.
const DEFINITIONS_TOGETHER: usize = 200;

/// Which questions are analysed.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ItemsRequest {
    /// The id of a question, or of the quiz, module or course that its questions belong to; absent
    /// for all questions.
    #[serde(default)]
    activity: Option<String>,
    /// Which answers of a learner to a question count: the first, if nothing is said.
    #[serde(default)]
    attempts: Attempts,
    /// Which facts count; absent for all.
    #[serde(default, rename = "where")]
    filter: Option<ConditionRequest>,
    /// The time zone of dates, such as `Europe/Zurich`; UTC if absent.
    #[serde(default)]
    zone: Option<String>,
}

/// What makes a fact an answer to one of the questions.
fn conditions(activity: Option<&String>) -> Vec<ConditionRequest> {
    let of = |activity: &String| one_of(PLACES.map(|field| is(field, &**activity)).to_vec());
    let mut conditions = vec![exists("object.interaction"), one_of(RESULTS.map(exists).to_vec())];
    conditions.extend(activity.map(of));
    conditions
}

/// Analyse questions
///
/// Computes how difficult the questions of a test are, how well they tell good learners from
/// others, and who chose which option. The questions are one test: choose those of one quiz by
/// `activity`. For people and credentials that may read all statements of the tenant.
#[utoipa::path(
    post,
    path = "/tenants/{tenant}/analyses/items",
    operation_id = "analyse_items",
    tag = "analyses",
    request_body = ItemsRequest,
    responses(
        (status = 200, description = "The figures of the questions.", body = ItemAnalysis),
    ),
)]
pub(crate) async fn analyse_items(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(NoParams): Query<NoParams>,
    Json(request): Json<ItemsRequest>,
) -> Result<Response, AdminProblem> {
    let ItemsRequest { activity, attempts, filter, zone } = request;
    let what = json!({ "analysis": "items", "activity": activity });
    let analysis = Analysis { what, scope: Scope { filter, zone } };
    let work = move |reader: FactReader<'_>| {
        let rows = reader.rows(&FIELDS, conditions(activity.as_ref()))?;
        Answers::of(rows, attempts, &Budget::of(reader.asked))
    };
    let (answers, permit) = analysis.compute(&shared, &requester, tenant, work).await?;
    let found = judge(&shared, &requester, &permit, (answers, attempts)).await?;
    Ok(view(&found))
}

/// Computes the figures of questions from their answers, by the definitions that are known now.
///
/// # Errors
///
/// 422 if there are too many scores, and those of questions.
pub(super) async fn judge(
    shared: &Shared,
    requester: &Requester,
    permit: &AnswerPermit,
    (mut answers, attempts): (Answers, Attempts),
) -> Result<ItemAnalysis, AdminProblem> {
    let facts = shared.facts.as_ref().ok_or_else(no_facts)?;
    let mut ids = Vec::new();
    answers.questions.retain(|question| {
        let id = ActivityId::parse(&question.id, IriRule::Old);
        id.map(|id| ids.push(id)).is_ok()
    });
    let mut definitions = Vec::with_capacity(ids.len());
    let mut bytes = 0;
    for together in ids.chunks(DEFINITIONS_TOGETHER) {
        let found = shared.admin.find_definitions(requester, permit.tenant, together).await?;
        bytes += found.iter().flatten().map(String::len).sum::<usize>();
        facts.check_memory(bytes)?;
        definitions.extend(found);
    }
    let found = facts.compute(permit, move |_store, _persons, asked| {
        let mut budget = Budget::of(asked);
        budget.take(1, bytes)?;
        analyse(&answers, &definitions, attempts, &mut budget)
    });
    Ok(found.await?)
}
