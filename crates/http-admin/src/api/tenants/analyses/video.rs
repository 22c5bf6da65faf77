//! `POST /api/v1/tenants/{tenant}/analyses/video`: how videos are watched.

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
use acta_fact_analyses::rows::{FactReader, Scope};
use acta_fact_analyses::video::{VideoAnalysis, analyse};

/// Which videos are analysed.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VideoRequest {
    /// The id of the only video, whose curves are wanted too; absent for all videos.
    #[serde(default)]
    video: Option<String>,
    /// Which facts count; absent for all.
    #[serde(default, rename = "where")]
    filter: Option<ConditionRequest>,
    /// The time zone of dates, such as `Europe/Zurich`; UTC if absent.
    #[serde(default)]
    zone: Option<String>,
}

/// Analyse videos
///
/// Computes how much of videos is watched and where viewers stop, by the played segments of the
/// xAPI video profile. For people and credentials that may read all statements of the tenant.
#[utoipa::path(
    post,
    path = "/tenants/{tenant}/analyses/video",
    operation_id = "analyse_video",
    tag = "analyses",
    request_body = VideoRequest,
    responses(
        (status = 200, description = "The videos.", body = VideoAnalysis),
    ),
)]
pub(crate) async fn analyse_video(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(NoParams): Query<NoParams>,
    Json(request): Json<VideoRequest>,
) -> Result<Response, AdminProblem> {
    let VideoRequest { video, filter, zone } = request;
    let what = json!({ "analysis": "video", "video": video });
    let analysis = Analysis { what, scope: Scope { filter, zone } };
    let work = move |reader: FactReader<'_>| analyse(reader, video.as_deref());
    analysis.answer(&shared, &requester, tenant, work).await
}
