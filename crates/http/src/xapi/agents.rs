//! `/xapi/agents`: the merged data of a person.

use acta_xapi::{Actor, IriRule};
use axum::extract::State;
use axum::response::Response;

use crate::edge::{Caller, FromParams, Params, Query};
use crate::problem::Problem;
use crate::reply::json;
use crate::state::Shared;

/// The parameters of the resource.
#[derive(Debug)]
pub(crate) struct AgentParams {
    agent: Actor,
}

impl FromParams for AgentParams {
    fn from_params(params: &mut Params) -> Option<Self> {
        params.require("agent");
        Some(Self { agent: params.agent_alone(IriRule::Old)?.0 })
    }
}

/// `GET /xapi/agents`: the person of an agent.
///
/// # Errors
///
/// 400 for a missing or malformed agent, 403 without a scope.
///
/// Spec: XAPI-00236 to XAPI-00249; xAPI 1.0.3, Part Three, 2.4.
pub(crate) async fn get_person(
    State(shared): State<Shared>,
    caller: Caller,
    Query(params): Query<AgentParams>,
) -> Result<Response, Problem> {
    Ok(json(shared.service.find_person(&caller.principal, &params.agent).await?))
}
