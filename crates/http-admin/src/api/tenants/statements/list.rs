//! `GET /api/v1/tenants/{tenant}/statements`: finds statements of a tenant.

use acta_admin::StatementQuestion;
use std::sync::Arc;

use acta_access::TenantId;
use acta_auth::SealedCursor;
use acta_http::edge::{FromParams, Params, Query, decode};
use acta_http::permit::RequestPermit;
use acta_http::reply::json;
use acta_http::{open_cursor, read_search};
use acta_service::{Search, StatementQuery, View};
use acta_xapi::json::write_string;
use acta_xapi::{Format, Languages, Sha2};
use axum::extract::{Extension, State};
use axum::response::Response;
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use crate::api::path::Id;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// A page of statements.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents a response that is written elsewhere")]
pub(crate) struct StatementPage {
    /// The statements as stored.
    items: Vec<Map<String, Value>>,
    /// What to send as `cursor` for the page after this one; null on the last page.
    #[schema(required)]
    next: Option<String>,
}

/// The query parameters of xAPI.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents parameters that are parsed elsewhere")]
pub(crate) struct StatementFilter {
    /// Only statements about this agent: the JSON of an agent or a group with an identifier.
    #[param(example = "{\"mbox\":\"mailto:ada@example.org\"}")]
    agent: Option<String>,
    /// Only statements with this verb: an IRI.
    #[param(example = "http://adlnet.gov/expapi/verbs/completed")]
    verb: Option<String>,
    /// Only statements with this activity as object: an IRI.
    #[param(example = "https://course.example/1")]
    activity: Option<String>,
    /// Only statements with this registration.
    #[param(format = "uuid")]
    registration: Option<String>,
    /// Whether `activity` matches anywhere in a statement.
    related_activities: Option<bool>,
    /// Whether `agent` matches anywhere in a statement.
    related_agents: Option<bool>,
    /// Only statements stored after this time.
    #[param(format = DateTime)]
    since: Option<String>,
    /// Only statements stored at or before this time.
    #[param(format = DateTime)]
    until: Option<String>,
    /// The maximum number of statements on the page; 0 for the server maximum.
    #[param(minimum = 0, format = "uint64")]
    limit: Option<u64>,
    /// Whether the oldest statement comes first.
    ascending: Option<bool>,
    /// The value of `next` from the previous page.
    #[param(min_length = 1)]
    cursor: Option<String>,
}

/// The parsed query, and what the audit records of it.
#[derive(Debug)]
pub(crate) struct SearchParams {
    search: Search,
    cursor: Option<SealedCursor>,
    asked: Value,
}

impl FromParams for SearchParams {
    fn from_params(params: &mut Params) -> Option<Self> {
        let query = params.raw().to_owned();
        let (search, cursor) = read_search(params)?;
        let asked = recorded_query(&query, &search.query);
        Some(Self { search, cursor, asked })
    }
}

/// Parameters that the audit does not record.
const NOT_RECORDED: [&str; 5] = ["agent", "cursor", "language", "limit", "token"];

/// What the audit records of a query. Audit entries stay when a person is erased, so a person is
/// recorded only as a hash of their identifier.
pub(crate) fn recorded_query(query: &str, filters: &StatementQuery) -> Value {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let named = pairs.filter_map(|(name, value)| Some((decode(name)?, decode(value)?)));
    let plain = named.filter(|(name, _)| !NOT_RECORDED.contains(&name.as_ref()));
    let mut recorded: Map<String, Value> =
        plain.map(|(name, value)| (name.into_owned(), value.into_owned().into())).collect();
    if let Some(agent) = &filters.agent {
        let hash = Sha2::sha256(agent.ifi.to_key().as_bytes());
        recorded.insert("agent_sha256".to_owned(), hash.as_str().into());
    }
    Value::Object(recorded)
}

/// Find statements
///
/// For people who may read the statements of the tenant. The audit records the query if the tenant
/// has enabled this.
#[utoipa::path(
    get,
    path = "/tenants/{tenant}/statements",
    operation_id = "list_statements",
    tag = "statements",
    params(("tenant" = u32, Path, minimum = 1, description = "The tenant."), StatementFilter),
    responses(
        (status = 200, description = "A page of statements.", body = StatementPage),
    ),
)]
pub(crate) async fn list_statements(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Extension(permit): Extension<Arc<RequestPermit>>,
    Query(SearchParams { mut search, cursor, asked }): Query<SearchParams>,
) -> Result<Response, AdminProblem> {
    let share = shared.http.query_shares.acquire(tenant, 0).await;
    let held = permit.hold_page(search.limit)?;
    search.query.bytes_max = held;
    search.query.after = open_cursor(&shared.http, tenant, cursor)?;
    let as_stored = View { format: Format::Exact, languages: Languages::default() };
    let question = StatementQuestion { search, view: as_stored };
    let found = shared.admin.read_statements(&requester, tenant, question, &asked).await?;
    let (items, page) = found;
    share.charge(u64::try_from(items.len()).unwrap_or(u64::MAX));
    permit.adjust_page(held, items.len())?;
    let mut text = format!("{{\"items\":[{items}],\"next\":");
    match page.next {
        Some(next) => {
            let sealed = shared.http.authenticator.cursors().seal(tenant, next);
            write_string(&mut text, &sealed.to_string());
        }
        None => text.push_str("null"),
    }
    text.push('}');
    Ok(json(text))
}
