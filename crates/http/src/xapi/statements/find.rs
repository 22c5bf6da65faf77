//! Finding statements.

use std::sync::Arc;

use acta_access::TenantId;
use acta_ambient::Timestamp;
use acta_auth::SealedCursor;
use acta_service::{AgentFilter, Cursor, Order, Search, StatementQuery, StoredStatement, View};
use acta_xapi::json::write_string;
use acta_xapi::{Format, Languages, Rule, StatementId};
use axum::extract::{Extension, State};
use axum::response::Response;
use hyper::HeaderMap;
use hyper::header::{ACCEPT_LANGUAGE, HeaderValue, LAST_MODIFIED};

use super::attachments::with_attachments;
use crate::edge::{Caller, FromParams, Params, Query, http_date, more_link};
use crate::permit::RequestPermit;
use crate::problem::{FaultView, Problem};
use crate::reply::{json, set_consistent_through};
use crate::state::Shared;

/// The parameters of a GET.
#[derive(Debug)]
pub(crate) struct GetParams {
    wanted: Wanted,
    format: Format,
    has_attachments: bool,
}

/// The requested statements.
#[derive(Debug)]
enum Wanted {
    /// The statement with this id, not voided.
    One(StatementId),
    /// The voided statement with this id.
    Voided(StatementId),
    /// The matching statements after the cursor, with the raw query.
    Matching(Box<Search>, Option<SealedCursor>, String),
}

impl FromParams for GetParams {
    fn from_params(params: &mut Params) -> Option<Self> {
        let format = params.format();
        let has_attachments = params.flag("attachments");
        let wanted = Wanted::from_params(params);
        Some(Self { wanted: wanted?, format: format?, has_attachments: has_attachments? })
    }
}

impl FromParams for Wanted {
    fn from_params(params: &mut Params) -> Option<Self> {
        let names = ["statementId", "voidedStatementId"];
        let Some(name) = names.into_iter().find(|name| params.has(name)) else {
            let query = params.raw().to_owned();
            let (search, cursor) = read_search(params)?;
            return Some(Self::Matching(Box::new(search), cursor, query));
        };
        let id = params.uuid(name).map(StatementId);
        for other in params.take_known(&SEARCH_NAMES) {
            let message = "only `format` and `attachments` can be combined with the id of a \
                           statement";
            params.fault(other, Rule::ParameterConflict, message, name);
        }
        if name == "statementId" { id.map(Self::One) } else { id.map(Self::Voided) }
    }
}

/// The parameters that cannot be combined with an id.
const SEARCH_NAMES: [&str; 12] = [
    "voidedStatementId",
    "agent",
    "verb",
    "activity",
    "registration",
    "related_activities",
    "related_agents",
    "since",
    "until",
    "limit",
    "ascending",
    "cursor",
];

/// Reads the parameters that filter statements by their content.
pub fn read_filters(params: &mut Params) -> Option<StatementQuery> {
    let agent = params.stored_agent();
    let verb = params.stored_iri("verb");
    let activity = params.stored_iri("activity");
    let registration = params.uuid("registration");
    let is_activity_related = params.flag("related_activities");
    let is_related = params.flag("related_agents")?;
    Some(StatementQuery {
        agent: agent.map(|(_, ifi)| AgentFilter { ifi, is_related }),
        verb,
        activity,
        is_activity_related: is_activity_related?,
        registration,
        ..StatementQuery::default()
    })
}

/// Reads all parameters except the id of a statement. The cursor, which [`open_cursor`] opens once
/// the tenant is known, becomes the query's `after`.
pub fn read_search(params: &mut Params) -> Option<(Search, Option<SealedCursor>)> {
    let filters = read_filters(params);
    let since_nanos = params.nanos("since");
    let until_nanos = params.nanos("until");
    let limit = params.number("limit");
    let is_ascending = params.flag("ascending");
    let cursor = params.cursor();
    let query = StatementQuery {
        since_nanos,
        until_nanos,
        order: if is_ascending? { Order::Ascending } else { Order::Descending },
        ..filters?
    };
    Some((Search { query, limit }, cursor))
}

/// The position of a cursor that a client of the tenant sent.
///
/// # Errors
///
/// 400 for a cursor that this store has not returned to a client of the tenant.
pub fn open_cursor(
    shared: &Shared,
    tenant: TenantId,
    cursor: Option<SealedCursor>,
) -> Result<Option<Cursor>, Problem> {
    let Some(sealed) = cursor else { return Ok(None) };
    shared.authenticator.cursors().open(tenant, sealed).map(Some).map_err(|not_one| {
        let (message, found) = (not_one.to_string(), sealed.to_string());
        let fault = FaultView::in_parameter("cursor", Rule::Parameter, &message, &found);
        Problem::faulty(vec![fault])
    })
}

/// `GET /xapi/statements`: one statement by its id, or a page of matching statements.
///
/// # Errors
///
/// 400 for parameters, 403 without a scope to read, 404 if there is no such statement.
///
/// Spec: XAPI-00148 to XAPI-00181; xAPI 1.0.3, Part Three, 2.1.3 and 2.1.4.
pub(crate) async fn get_statements(
    State(shared): State<Shared>,
    caller: Caller,
    Extension(permit): Extension<Arc<RequestPermit>>,
    Query(params): Query<GetParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // Read before the statements: they must contain everything up to this time.
    let through = shared.service.consistent_through(Some(caller.principal.tenant)).await?;
    let languages = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let view = View {
        format: params.format,
        languages: languages.map(Languages::parse).unwrap_or_default(),
    };
    let found = find(&shared, &permit, &caller, params.wanted).await?;
    let last = found.statements.iter().map(|statement| statement.stored).max();
    let mut response = write(&shared, &caller, found, view, params.has_attachments).await?;
    let headers = response.headers_mut();
    set_consistent_through(headers, through);
    if let Some(value) = last.and_then(last_modified) {
        headers.insert(LAST_MODIFIED, value);
    }
    Ok(response)
}

/// What a query costs beside the bytes that it finds, in bytes.
const QUERY_COST: u64 = 4 << 10;

/// The result: one statement, or a page with a link to the next one.
struct Found {
    statements: Vec<StoredStatement>,
    more: Option<String>,
}

async fn find(
    shared: &Shared,
    permit: &RequestPermit,
    caller: &Caller,
    wanted: Wanted,
) -> Result<Found, Problem> {
    let (service, principal) = (&shared.service, &caller.principal);
    // Waiting requests hold no memory, and are limited by the requests in progress.
    let share = shared.query_shares.acquire(principal.tenant, QUERY_COST).await;
    caller.confirm(shared).await?;
    caller.record_reading(shared).await?;
    let one = match wanted {
        Wanted::One(id) => service.find_statement(principal, id).await?,
        Wanted::Voided(id) => service.find_voided_statement(principal, id).await?,
        Wanted::Matching(mut search, cursor, query) => {
            let tenant = principal.tenant;
            search.query.after = open_cursor(shared, tenant, cursor)?;
            let held = permit.hold_page(search.limit)?;
            search.query.bytes_max = held;
            let page = service.query_statements(principal, *search).await?;
            let bytes = bytes_of(&page.statements);
            share.charge(u64::try_from(bytes).unwrap_or(u64::MAX));
            permit.adjust_page(held, bytes)?;
            let seal = |cursor| shared.authenticator.cursors().seal(tenant, cursor);
            let more = page.next.map(|cursor| more_link(&query, seal(cursor)));
            let more = Some(more.unwrap_or_default());
            return Ok(Found { statements: page.statements, more });
        }
    };
    let statements = vec![one];
    permit.adjust_page(0, bytes_of(&statements))?;
    Ok(Found { statements, more: None })
}

fn bytes_of(statements: &[StoredStatement]) -> usize {
    statements.iter().map(|statement| statement.text.len()).sum()
}

/// Writes the result as JSON, or as the first part of a multipart response if attachments were
/// requested.
async fn write(
    shared: &Shared,
    caller: &Caller,
    found: Found,
    view: View,
    has_attachments: bool,
) -> Result<Response, Problem> {
    let Found { statements, more } = found;
    let (service, principal) = (&shared.service, &caller.principal);
    let (statements, attachments) = if has_attachments {
        let (statements, names) = service.list_attachments(principal, statements).await?;
        (statements, Some(names))
    } else {
        (statements, None)
    };
    let prefix = if more.is_some() { "{\"statements\":[" } else { "" };
    let mut text =
        service.render_statements(principal, statements, view, prefix.to_owned()).await?;
    if let Some(more) = more {
        text.push_str("],\"more\":");
        write_string(&mut text, &more);
        text.push('}');
    }
    Ok(match attachments {
        None => json(text),
        Some(names) => with_attachments(shared, caller, text, names),
    })
}

fn last_modified(stored: Timestamp) -> Option<HeaderValue> {
    HeaderValue::try_from(http_date(stored)).ok()
}
