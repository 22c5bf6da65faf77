//! Analyses by their names, for those that are saved.

use std::pin::Pin;

use acta_access::TenantId;
use acta_admin::Requester;
use acta_http::edge::{NoParams, Query};
use acta_http::problem::{FaultView, Problem};
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    activity, compare, courses, findings, funnel, help, items, journey, quality, retention,
    sources, time, video,
};
use crate::api::json::{Json, read};
use crate::api::path::Id;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// An analysis with what it is asked with.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NamedAnalysis {
    /// The name, as at the end of its path.
    #[schema(example = "courses")]
    name: String,
    /// What it is asked with: the body of a request to its path.
    #[schema(value_type = Object, example = json!({"time": true}))]
    request: Value,
}

/// A question that is asked as its path does: the same may ask, and the audit records the same.
pub(crate) struct Asking<'a> {
    pub(crate) shared: &'a Shared,
    /// Who asks.
    pub(crate) requester: &'a Requester,
    pub(crate) tenant: TenantId,
    /// What would be sent to the path.
    pub(crate) body: Bytes,
}

/// An answer that is on its way.
type Answering<'a> = Pin<Box<dyn Future<Output = Result<Response, Problem>> + Send + 'a>>;

impl<'a> Asking<'a> {
    /// Answers it by the handler of the path.
    ///
    /// # Errors
    ///
    /// Those of the path.
    pub(crate) fn answer<R, H, A>(self, handler: H) -> Answering<'a>
    where
        R: DeserializeOwned + Send,
        H: FnOnce(State<Shared>, Administrator, Id<TenantId>, Query<NoParams>, Json<R>) -> A
            + Send
            + 'a,
        A: Future<Output = Result<Response, AdminProblem>> + Send + 'a,
    {
        Box::pin(async move {
            let request = Json(read(&self.body)?);
            let requester = Administrator(self.requester.clone());
            let (shared, params) = (State(self.shared.clone()), Query(NoParams));
            let answering = handler(shared, requester, Id(self.tenant), params, request);
            Ok(answering.await?)
        })
    }
}

impl NamedAnalysis {
    /// Answers it as its path does.
    ///
    /// # Errors
    ///
    /// Those of the path, with the places below `/request`; 400 for a name that there is not.
    pub(crate) async fn answer(
        self,
        shared: &Shared,
        requester: &Requester,
        tenant: TenantId,
    ) -> Result<Response, Problem> {
        let Self { name, request } = self;
        let body = Bytes::from(request.to_string());
        let asking = Asking { shared, requester, tenant, body };
        let answering = match &*name {
            "activity" => asking.answer(activity::analyse_activity),
            "compare" => asking.answer(compare::analyse_compare),
            "courses" => asking.answer(courses::analyse_courses),
            "findings" => asking.answer(findings::analyse_findings),
            "funnel" => asking.answer(funnel::analyse_funnel),
            "help" => asking.answer(help::analyse_help),
            "items" => asking.answer(items::analyse_items),
            "journey" => asking.answer(journey::analyse_journey),
            "quality" => asking.answer(quality::analyse_quality),
            "retention" => asking.answer(retention::analyse_retention),
            "sources" => asking.answer(sources::analyse_sources),
            "time" => asking.answer(time::analyse_time),
            "video" => asking.answer(video::analyse_video),
            _ => {
                let text = "expected the name of an analysis, such as `courses`";
                return Err(Problem::faulty(vec![FaultView::at("/name", text, &name)]));
            }
        };
        answering.await.map_err(|problem| problem.below("/request"))
    }
}
