//! `GET /api/v1/tenants/{tenant}/statements`: statements of a tenant, for people.

use std::sync::Arc;

use acta_access::TenantId;
use acta_http::edge::{FromParams, Params, Query, decode};
use acta_http::permit::RequestPermit;
use acta_http::read_search;
use acta_http::reply::json;
use acta_service::{Search, View};
use acta_xapi::json::write_string;
use acta_xapi::{Format, Languages, Sha2, Version};
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
#[expect(dead_code, reason = "it tells the document of an answer that is written elsewhere")]
pub(crate) struct StatementPage {
    /// The statements, as they are stored.
    items: Vec<Map<String, Value>>,
    /// What to send as `cursor` for the page after this one; null on the last page.
    #[schema(required)]
    next: Option<String>,
}

/// Which statements are wanted; the parameters are those of xAPI.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it tells the document of parameters that are read elsewhere")]
pub(crate) struct StatementFilter {
    /// About this agent: the JSON text of an agent or a group with an identifier.
    #[param(example = "{\"mbox\":\"mailto:ada@example.org\"}")]
    agent: Option<String>,
    /// With this verb: an IRI.
    #[param(example = "http://adlnet.gov/expapi/verbs/completed")]
    verb: Option<String>,
    /// With this activity as its object: an IRI.
    #[param(example = "https://course.example/1")]
    activity: Option<String>,
    /// Of this registration.
    #[param(format = "uuid")]
    registration: Option<String>,
    /// Whether the activity may stand anywhere in a statement.
    related_activities: Option<bool>,
    /// Whether the agent may stand anywhere in a statement.
    related_agents: Option<bool>,
    /// Stored after this time.
    #[param(format = DateTime)]
    since: Option<String>,
    /// Stored at this time or before.
    #[param(format = DateTime)]
    until: Option<String>,
    /// Most statements on the page; 0 for as many as there may be.
    #[param(minimum = 0, format = "uint64")]
    limit: Option<u64>,
    /// Oldest first.
    ascending: Option<bool>,
    /// What `next` of the page before has told.
    #[param(min_length = 1)]
    cursor: Option<String>,
}

/// Which statements are wanted, and what the audit tells of the question.
#[derive(Debug)]
pub(crate) struct SearchParams {
    search: Search,
    asked: Value,
}

impl FromParams for SearchParams {
    fn from_params(params: &mut Params) -> Option<Self> {
        let query = params.raw().to_owned();
        let search = read_search(params)?;
        let asked = told_of(&query, &search);
        Some(Self { search, asked })
    }
}

/// What the audit tells of a question. It stays when a person is erased, so a person is told
/// only by a hash of what identifies them.
fn told_of(query: &str, search: &Search) -> Value {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let named = pairs.filter_map(|(name, value)| Some((decode(name)?, decode(value)?)));
    let plain = named.filter(|(name, _)| !matches!(name.as_ref(), "agent" | "cursor" | "limit"));
    let mut told: Map<String, Value> =
        plain.map(|(name, value)| (name.into_owned(), value.into_owned().into())).collect();
    if let Some(agent) = &search.agent {
        let hash = Sha2::sha256(agent.ifi.to_key().as_bytes());
        told.insert("agent_sha256".to_owned(), hash.as_str().into());
    }
    Value::Object(told)
}

/// Find statements
///
/// For people who may read the statements of the tenant. If the tenant wants it, the audit
/// tells of it.
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
    Query(SearchParams { mut search, asked }): Query<SearchParams>,
) -> Result<Response, AdminProblem> {
    let _finder = shared.http.finders.acquire().await;
    let held = permit.hold_page(&shared.http.options.bounds.page, search.limit)?;
    search.bytes_max = Some(held);
    let as_stored =
        View { format: Format::Exact, version: Version::V2_0_0, languages: Languages::default() };
    let found =
        shared.admin.read_statements(&requester, tenant, (search, as_stored), &asked).await?;
    let (items, page) = found;
    permit.settle_page(held, items.len())?;
    let mut text = format!("{{\"items\":[{items}],\"next\":");
    match page.next {
        Some(next) => write_string(&mut text, &next.to_string()),
        None => text.push_str("null"),
    }
    text.push('}');
    Ok(json(text))
}
