//! `GET /api/v1/tenants/{tenant}/credentials/{key}/refusals`: why requests of a credential were
//! refused.

use acta_access::TenantId;
use acta_ambient::Timestamp;
use acta_http::edge::{NoParams, Query};
use acta_http::refusals::{NotedRefusal, RefusedFault};
use acta_xapi::Rule;
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::json::view;
use crate::api::path::Ids;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Why the last requests of a credential were refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Refusals)]
pub(crate) struct RefusalsView {
    /// When the credential was last used, to the minute or so.
    #[schema(required, format = DateTime, example = json!(null))]
    last_used: Option<String>,
    /// How many seconds ago it was last used.
    #[schema(required, example = json!(null))]
    silent_seconds: Option<u64>,
    /// From when on refusals are known: when this server was started.
    #[schema(format = DateTime, example = "2026-03-01T09:30:00.000000Z")]
    since: String,
    /// The refusals, the last one first: at most 20 different ones.
    refusals: Vec<RefusalView>,
}

/// Why requests were refused that had the same faults.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Refusal)]
pub(crate) struct RefusalView {
    /// How many requests.
    #[schema(minimum = 1)]
    count: u64,
    /// When the first of them was refused.
    #[schema(format = DateTime, example = "2026-03-01T09:30:00.000000Z")]
    first: String,
    /// When the last of them was refused.
    #[schema(format = DateTime, example = "2026-03-01T09:30:00.000000Z")]
    last: String,
    /// The value of `X-Request-Id` in the response to the last of them.
    #[schema(example = "0d5a7f3c21b9e846-2f")]
    request_id: String,
    /// The method.
    #[schema(example = "POST")]
    method: &'static str,
    /// The resource, as it is called in metrics and in the log.
    #[schema(example = "statements")]
    route: &'static str,
    /// The status of the response.
    #[schema(minimum = 400, maximum = 499, example = 400)]
    status: u16,
    /// The type of the problem.
    #[schema(example = "urn:acta:problem:faults")]
    r#type: String,
    /// The scopes of which each would permit the request, if it needs another scope.
    scopes: Vec<&'static str>,
    /// The restriction of the credential that forbids it.
    #[schema(required, example = json!(null))]
    restriction: Option<&'static str>,
    /// The first faults, at most 3.
    faults: Vec<RefusedFaultView>,
}

/// A fault, without what was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = RefusedFault)]
pub(crate) struct RefusedFaultView {
    /// The rule of xAPI that is broken.
    #[schema(required, example = "XAPI-00011")]
    rule: Option<&'static str>,
    /// Where the specifications say so.
    #[schema(required, example = "xAPI 1.0.3, Part Two, 2.2; IEEE 9274.1.1, 4.2.1")]
    section: Option<&'static str>,
    /// What the rule says.
    #[schema(required, example = "an IRI must have a scheme")]
    message: Option<&'static str>,
    /// The parameter in which it is; `*` stands for one that xAPI does not know.
    #[schema(required, example = json!(null))]
    parameter: Option<String>,
    /// The place as a JSON Pointer; `*` stands for names that xAPI does not know.
    #[schema(required, example = "/0/verb/id")]
    pointer: Option<String>,
}

impl From<RefusedFault> for RefusedFaultView {
    fn from(fault: RefusedFault) -> Self {
        let RefusedFault { rule, parameter, pointer } = fault;
        Self {
            rule: rule.map(Rule::id),
            section: rule.map(Rule::section),
            message: rule.map(Rule::text),
            parameter,
            pointer,
        }
    }
}

impl From<NotedRefusal> for RefusalView {
    fn from(noted: NotedRefusal) -> Self {
        let NotedRefusal { refusal, first, last, count, request_id } = noted;
        Self {
            count,
            first: first.to_string(),
            last: last.to_string(),
            request_id,
            method: refusal.method,
            route: refusal.route,
            status: refusal.status,
            r#type: format!("urn:acta:problem:{}", refusal.problem),
            scopes: refusal.scopes.iter().map(|scope| scope.as_str()).collect(),
            restriction: refusal.restriction,
            faults: refusal.faults.into_iter().map(RefusedFaultView::from).collect(),
        }
    }
}

/// Read the refusals of a credential
///
/// Returns why the last requests that named the credential were refused with a status of 400 to
/// 499, except 404. They are in the memory of the server that is asked: each node of a cluster has
/// those of its own requests, since it was started. Nothing is kept of what was sent, except the id
/// of the request.
#[utoipa::path(
    get,
    path = "/tenants/{tenant}/credentials/{key}/refusals",
    operation_id = "read_credential_refusals",
    tag = "credentials",
    responses(
        (status = 200, description = "The refusals, and the last use.", body = RefusalsView),
    ),
)]
pub(crate) async fn read_refusals(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Ids(tenant, key): Ids<TenantId, String>,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    let found = shared.admin.read_credential(&requester, tenant, &key).await?;
    let refusals = &shared.http.refusals;
    let now = shared.http.clock.now();
    Ok(view(&RefusalsView {
        last_used: found.last_used.map(|used| used.to_string()),
        silent_seconds: found.last_used.map(|used| seconds_between(used, now)),
        since: refusals.since().to_string(),
        refusals: refusals.list(&key).into_iter().map(RefusalView::from).collect(),
    }))
}

/// Whole seconds from one moment to a later one.
fn seconds_between(earlier: Timestamp, later: Timestamp) -> u64 {
    const MICROS: i64 = 1_000_000;
    let micros = later.unix_micros().saturating_sub(earlier.unix_micros());
    u64::try_from(micros / MICROS).unwrap_or(0)
}
