//! `/xapi/activities`: the merged data of an activity.

use acta_xapi::ActivityId;
use axum::extract::State;
use axum::response::Response;

use crate::edge::{Caller, FromParams, Params, Query};
use crate::problem::Problem;
use crate::reply::json;
use crate::state::Shared;

/// The parameters of the resource.
#[derive(Debug)]
pub(crate) struct ActivityParams {
    id: ActivityId,
}

impl FromParams for ActivityParams {
    fn from_params(params: &mut Params) -> Option<Self> {
        params.require("activityId");
        Some(Self { id: params.stored_iri("activityId")? })
    }
}

/// `GET /xapi/activities`: the activity with the data from all its statements.
///
/// # Errors
///
/// 400 for a missing or malformed id, 403 without a scope.
///
/// Spec: XAPI-00250 to XAPI-00254; xAPI 1.0.3, Part Three, 2.5.
pub(crate) async fn get_activity(
    State(shared): State<Shared>,
    caller: Caller,
    Query(params): Query<ActivityParams>,
) -> Result<Response, Problem> {
    Ok(json(shared.service.find_activity(&caller.principal, &params.id).await?))
}
