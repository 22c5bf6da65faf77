//! `POST /api/v1/tenants/{tenant}/analyses/funnel`: where learners stop.

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
use acta_fact_analyses::funnel::{FunnelAnalysis, Steps};
use acta_fact_analyses::rows::budget::Budget;
use acta_fact_analyses::rows::condition::in_list;
use acta_fact_analyses::rows::{FactReader, Scope, fault};

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
    /// The time zone of dates, such as `Europe/Zurich`; UTC if absent.
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

/// Analyse a funnel
///
/// Computes how many learners get from one step to the next, how long that takes, and where they
/// stop. For people and credentials that may read all statements of the tenant.
#[utoipa::path(
    post,
    path = "/tenants/{tenant}/analyses/funnel",
    operation_id = "analyse_funnel",
    tag = "analyses",
    request_body = FunnelRequest,
    responses(
        (status = 200, description = "The steps.", body = FunnelAnalysis),
    ),
)]
pub(crate) async fn analyse_funnel(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(NoParams): Query<NoParams>,
    Json(request): Json<FunnelRequest>,
) -> Result<Response, AdminProblem> {
    let FunnelRequest { steps, filter, zone } = request;
    let what = json!({ "analysis": "funnel", "steps": steps.len() });
    let analysis = Analysis { what, scope: Scope { filter, zone } };
    let work = move |reader: FactReader<'_>| {
        if !(2..=STEPS_MAX).contains(&steps.len()) {
            return Err(fault("/steps", "expected 2 to 20 steps"));
        }
        let (mut found, mut budget) = (Steps::default(), Budget::of(reader.asked));
        for (index, step) in steps.iter().enumerate() {
            let reader = FactReader { asked: budget.asked(), ..reader };
            let rows = reader.rows_of_groups(&["person", "timestamp"], vec![step.filter.clone()]);
            let rows = rows.map_err(|error| budget.of_whole(in_list(error, "steps", index)))?;
            found.add(rows, &mut budget)?;
        }
        budget.check()?;
        let names: Vec<String> = steps.into_iter().map(|step| step.name).collect();
        Ok(found.analyse(&names, reader.asked.settings.smallest_group))
    };
    analysis.answer(&shared, &requester, tenant, work).await
}
