//! `POST /api/v1/tenants/{tenant}/analyses/funnel`: where learners stop.

use acta_access::TenantId;
use acta_facts::{ConditionRequest, QueryError, QuestionFault, RowsQuestion};
use acta_http::edge::{NoParams, Query};
use acta_http::problem::{FaultView, Problem};
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::analyses::budget::Budget;
use crate::analyses::condition::{all_of, in_request};
use crate::analyses::funnel::{FunnelAnalysis, Steps};
use crate::api::json::{Json, view};
use crate::api::path::Id;
use crate::caller::Administrator;
use crate::facts::no_facts;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Most steps of a funnel.
const STEPS_MAX: usize = 20;

/// Which steps are analysed.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FunnelRequest {
    /// The steps, in the order in which learners have to reach them: 2 to 20.
    steps: Vec<StepRequest>,
    /// Which facts count for all steps; absent for all.
    #[serde(default, rename = "where")]
    filter: Option<ConditionRequest>,
    /// The time zone of dates, such as `Europe/Zurich`; that of the tenant if absent.
    #[serde(default)]
    zone: Option<String>,
}

/// A step.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StepRequest {
    /// Its name in the answer.
    name: String,
    /// Which facts are this step.
    #[serde(rename = "where")]
    filter: ConditionRequest,
}

impl FunnelRequest {
    /// The names of the steps, and the rows of each.
    fn read(self) -> Result<(Vec<String>, Vec<RowsQuestion>), Problem> {
        if !(2..=STEPS_MAX).contains(&self.steps.len()) {
            let fault = FaultView::at("/steps", "expected 2 to 20 steps", "");
            return Err(Problem::faulty(vec![fault]));
        }
        let rows = |step: &StepRequest| RowsQuestion {
            fields: ["person", "timestamp"].map(str::to_owned).to_vec(),
            filter: Some(all_of(self.filter.as_ref(), vec![step.filter.clone()])),
            zone: self.zone.clone(),
        };
        let rows = self.steps.iter().map(rows).collect();
        Ok((self.steps.into_iter().map(|step| step.name).collect(), rows))
    }
}

/// Where the condition of a step is within the rows of that step.
const STEP_CONDITION: &str = "/where/and/1";

/// Puts the fault in the condition of a step where the client has written it.
fn in_step(error: QueryError, step: usize) -> QueryError {
    match in_request(error) {
        QueryError::Fault(QuestionFault { place, text }) => {
            let inner = place.strip_prefix(STEP_CONDITION);
            let inner = inner.map(|rest| format!("/steps/{step}/where{rest}"));
            QueryError::Fault(QuestionFault { place: inner.unwrap_or(place), text })
        }
        error @ (QueryError::Withheld(_)
        | QueryError::TooLarge(_)
        | QueryError::Stopped
        | QueryError::Io(_)) => error,
    }
}

/// Analyse a funnel
///
/// Computes how many learners get from one step to the next, how long that takes, and where they
/// stop. For people and credentials that may read all statements of the tenant.
#[utoipa::path(
    post,
    path = "/tenants/{tenant}/analyses/funnel",
    operation_id = "analyse_funnel",
    tag = "analyses",
    params(("tenant" = u32, Path, minimum = 1, description = "The tenant.")),
    request_body = FunnelRequest,
    responses(
        (status = 200, description = "The steps.", body = FunnelAnalysis),
        (status = 422, description = "The analysis needs too much memory."),
        (status = 503, description = "It took too long."),
    ),
)]
pub(crate) async fn analyse_funnel(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(NoParams): Query<NoParams>,
    Json(request): Json<FunnelRequest>,
) -> Result<Response, AdminProblem> {
    let what = json!({ "analysis": "funnel", "steps": request.steps.len() });
    let permit = shared.admin.permit_question(&requester, tenant, &what).await?;
    let facts = shared.facts.as_ref().ok_or_else(no_facts)?;
    let (names, rows) = request.read()?;
    let found = facts.compute(&permit, move |store, persons, asked| {
        let (mut steps, mut budget) = (Steps::default(), Budget::of(asked));
        for (index, rows) in rows.iter().enumerate() {
            let rows = store.rows_of_groups(tenant, rows, persons, budget.asked());
            let rows = rows.map_err(|error| budget.of_whole(in_step(error, index)))?;
            steps.add(rows, &mut budget)?;
        }
        budget.check()?;
        Ok(steps.analyse(&names, asked.settings.smallest_group))
    });
    let found: FunnelAnalysis = found.await?;
    Ok(view(&found))
}
