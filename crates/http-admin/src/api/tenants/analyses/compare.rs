//! `POST /api/v1/tenants/{tenant}/analyses/compare`: how groups of learners differ.

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
use acta_fact_analyses::compare::{CompareAnalysis, FIELDS, Group, analyse};
use acta_fact_analyses::rows::condition::in_list;
use acta_fact_analyses::rows::{FactReader, Scope, fault};
use acta_fact_analyses::time::gap_minutes;

/// Most groups.
const GROUPS_MAX: usize = 10;

/// Which groups are compared.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CompareRequest {
    /// The groups: 2 to 10. All others are compared with the first.
    groups: Vec<GroupRequest>,
    /// Minutes without a statement that end a session, from 1 to 1440; 30 if absent.
    #[serde(default)]
    gap_minutes: Option<u32>,
    /// Which facts count for all groups; absent for all.
    #[serde(default, rename = "where")]
    filter: Option<ConditionRequest>,
    /// The time zone of days, such as `Europe/Zurich`; UTC if absent.
    #[serde(default)]
    zone: Option<String>,
}

/// A group of learners.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupRequest {
    /// Its name in the answer.
    name: String,
    /// Which facts are those of the group: by a field such as `person.unit`, by a time, by a
    /// course.
    #[serde(rename = "where")]
    filter: ConditionRequest,
}

/// Compare groups
///
/// Compares groups of learners: how much they do, how long, and with which result. For people and
/// credentials that may read all statements of the tenant.
#[utoipa::path(
    post,
    path = "/tenants/{tenant}/analyses/compare",
    operation_id = "analyse_compare",
    tag = "analyses",
    request_body = CompareRequest,
    responses(
        (status = 200, description = "The groups.", body = CompareAnalysis),
    ),
)]
pub(crate) async fn analyse_compare(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(NoParams): Query<NoParams>,
    Json(request): Json<CompareRequest>,
) -> Result<Response, AdminProblem> {
    let CompareRequest { groups, gap_minutes: gap, filter, zone } = request;
    let what = json!({ "analysis": "compare", "groups": groups.len() });
    let analysis = Analysis { what, scope: Scope { filter, zone } };
    let work = move |reader: FactReader<'_>| {
        if !(2..=GROUPS_MAX).contains(&groups.len()) {
            return Err(fault("/groups", "expected 2 to 10 groups"));
        }
        let gap_minutes = gap_minutes(gap)?;
        let (mut found, mut sequence) = (Vec::new(), 0);
        for (index, group) in groups.into_iter().enumerate() {
            let rows = reader.rows(&FIELDS, vec![group.filter]);
            let rows = rows.map_err(|error| in_list(error, "groups", index))?;
            sequence = rows.sequence;
            found.push(Group::of(group.name, rows, reader)?);
        }
        reader.go_on()?;
        Ok(analyse(reader, found, gap_minutes, sequence))
    };
    analysis.answer(&shared, &requester, tenant, work).await
}
