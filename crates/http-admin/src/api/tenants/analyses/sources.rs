//! `POST /api/v1/tenants/{tenant}/analyses/sources`: what sources send, and which are silent.

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
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;
use acta_fact_analyses::rows::{FactReader, Scope, fault};
use acta_fact_analyses::sources::{SourcesAnalysis, SourcesQuestion, analyse};

/// What can be taken for the source.
const FIELDS: [&str; 3] = ["platform", "source", "authority"];

/// Which sources are analysed.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SourcesRequest {
    /// What is taken for the source: `platform`, `source` (the credential) or `authority`;
    /// `platform` if absent.
    #[serde(default)]
    by: Option<String>,
    /// The time at which silence is measured, such as `2026-03-01`; later statements do not
    /// count. The present if absent.
    #[serde(default)]
    at: Option<String>,
    /// Which facts count; absent for all.
    #[serde(default, rename = "where")]
    filter: Option<ConditionRequest>,
    /// The time zone of days, such as `Europe/Zurich`; UTC if absent.
    #[serde(default)]
    zone: Option<String>,
}

/// The field that is the source.
fn field(by: Option<String>) -> Result<String, QueryError> {
    let by = by.unwrap_or_else(|| "platform".to_owned());
    if FIELDS.contains(&by.as_str()) {
        return Ok(by);
    }
    Err(fault("/by", format!("expected one of {}", FIELDS.join(", "))))
}

/// Analyse sources
///
/// Shows when each source has sent something last and how often it usually does, which are silent,
/// and which verbs and types of activities are in use. For people and credentials that may read
/// all statements of the tenant.
#[utoipa::path(
    post,
    path = "/tenants/{tenant}/analyses/sources",
    operation_id = "analyse_sources",
    tag = "analyses",
    request_body = SourcesRequest,
    responses(
        (status = 200, description = "The sources.", body = SourcesAnalysis),
    ),
)]
pub(crate) async fn analyse_sources(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(NoParams): Query<NoParams>,
    Json(request): Json<SourcesRequest>,
) -> Result<Response, AdminProblem> {
    let SourcesRequest { by, at, filter, zone } = request;
    let what = json!({ "analysis": "sources", "by": by });
    let analysis = Analysis { what, scope: Scope { filter, zone } };
    let work =
        move |reader: FactReader<'_>| analyse(reader, &SourcesQuestion { by: field(by)?, at });
    analysis.answer(&shared, &requester, tenant, work).await
}
