//! `GET /api/v1/tenants/{tenant}/stream/statements`: sends statements as they are stored.

use std::time::Duration;

use acta_access::{Principal, TenantId, reads_every_statement};
use acta_admin::Requester;
use acta_auth::SealedCursor;
use acta_http::edge::{FromParams, Params, Query};
use acta_http::problem::{FaultView, Problem};
use acta_http::{StreamPermit, open_cursor, read_filters};
use acta_service::{Cursor, LogPlace, Search, StatementQuery};
use acta_xapi::{Languages, Rule};
use async_trait::async_trait;
use axum::response::Response;
use hyper::HeaderMap;
use hyper::header::{ACCEPT_LANGUAGE, HeaderName};
use serde_json::Value;
use utoipa::IntoParams;

use super::event_stream::{EventSource, Opening, push_event};
use crate::api::tenants::statements::list::recorded_query;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Most statements of a piece.
const PIECE_COUNT_MAX: usize = 100;

/// A piece ends once its statements have so many bytes: 256 KiB.
const PIECE_BYTES_MAX: usize = 256 << 10;

/// How long a stream waits for memory.
const MEMORY_PAUSE: Duration = Duration::from_secs(1);

/// The language of names if the client asks for none, as in facts.
const DEFAULT_LANGUAGE: &str = "en";

/// The header with the id of the last event that a client has received.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// The parameters of a stream.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents parameters that are parsed elsewhere")]
pub(super) struct StreamFilter {
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
    /// Begin after this event: its id, or 0 for the first statement. If missing, the stream begins
    /// with the next statement that is stored. The header `Last-Event-ID` takes precedence.
    #[param(example = "0")]
    after: Option<String>,
    /// The languages of names, as in `Accept-Language`, over which it takes precedence.
    #[param(example = "de, en;q=0.5")]
    language: Option<String>,
    /// A stream token, where neither a session nor a header authenticates the request.
    #[param(min_length = 1)]
    token: Option<String>,
}

/// The parsed parameters.
#[derive(Debug)]
pub(super) struct StreamParams {
    filters: StatementQuery,
    asked: Value,
    after: Option<EventId>,
    language: Option<String>,
}

impl FromParams for StreamParams {
    fn from_params(params: &mut Params) -> Option<Self> {
        let query = params.raw().to_owned();
        let filters = read_filters(params);
        let after = params.text("after").map(|text| {
            EventId::parse(&text).ok_or_else(|| {
                params.fault("after", Rule::Parameter, EventId::EXPECTED, &text);
            })
        });
        let language = params.text("language");
        // It was read when the request was admitted.
        params.text("token");
        let (filters, after) = (filters?, after.transpose().ok()?);
        let asked = recorded_query(&query, &filters);
        Some(Self { filters, asked, after, language })
    }
}

/// Follow statements
///
/// Sends statements that match as server-sent events, in the order in which they are stored: an
/// event `statement` each, with its place as its id and an entry as in lists of statements as its
/// data. The id is the number of the statement for those who may read every statement, and nothing
/// that can be read for others, since it would show how many statements there are. Voided
/// statements are left out. After a lost connection, a client continues where it was, by the header
/// `Last-Event-ID`, which browsers send by themselves. An event `end` with a `reason` is the last
/// one: `stopping` or `failed` if the client may try again, `refused` if its rights have ended. A
/// credential gets what it may read over xAPI.
#[utoipa::path(
    get,
    path = "/tenants/{tenant}/stream/statements",
    operation_id = "stream_statements",
    tag = "streams",
    params(
        ("tenant" = u32, Path, minimum = 1, description = "The tenant."),
        StreamFilter,
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event received.")
    ),
    responses(
        (status = 200, description = "Events, until the client or the server ends it.",
            content((String = "text/event-stream"))),
        (status = 409, description = "The tenant is suspended or deleted."),
        (status = 429, description = "Too many streams are open, or the tenant of the credential \
                                      has exceeded its request rate."),
    ),
)]
pub(crate) async fn stream_statements(
    opening: Opening,
    Query(params): Query<StreamParams>,
) -> Result<Response, AdminProblem> {
    let continued = last_event_id(&opening.headers)?;
    let permit = opening.count()?;
    let (shared, tenant, who) = (&opening.shared, opening.tenant, &opening.requester.requester);
    let principal = shared.admin.begin_following(who, tenant, &params.asked).await?;
    let head = shared.http.service.last_sequence(tenant).await?;
    let after = match continued.or(params.after) {
        Some(id) => id.open(shared, &principal)?,
        None => head,
    };
    // A store that was restored from a backup may end earlier.
    let after = after.min(head);
    let source = Statements {
        tenant,
        principal,
        languages: languages(params.language.as_deref(), &opening.headers),
        search: Search { query: filtered(params.filters), limit: Some(0) },
        place: LogPlace::after(after),
        head,
    };
    Ok(opening.respond(permit, source))
}

fn filtered(filters: StatementQuery) -> StatementQuery {
    StatementQuery { count_max: PIECE_COUNT_MAX, bytes_max: PIECE_BYTES_MAX, ..filters }
}

/// The languages of names.
fn languages(asked: Option<&str>, headers: &HeaderMap) -> Languages {
    let header = || headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    Languages::parse(asked.or_else(header).unwrap_or(DEFAULT_LANGUAGE))
}

/// The id of an event.
#[derive(Clone, Copy, Debug)]
enum EventId {
    /// The number of a statement.
    Number(u64),
    /// The same for a reader who may not know it.
    Sealed(SealedCursor),
}

impl EventId {
    const EXPECTED: &'static str = "expected the id of an event";

    fn parse(text: &str) -> Option<Self> {
        if let Ok(sealed) = text.parse() {
            return Some(Self::Sealed(sealed));
        }
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| Self::Number(text.parse().unwrap_or(u64::MAX)))
    }

    /// The number of the statement.
    fn open(self, shared: &Shared, principal: &Principal) -> Result<u64, Problem> {
        match self {
            Self::Sealed(sealed) => {
                let opened = open_cursor(&shared.http, principal.tenant, Some(sealed))?;
                Ok(opened.map_or(0, |Cursor(sequence)| sequence))
            }
            // To begin behind any number would tell a reader between which statements its own are.
            Self::Number(sequence) if sequence != 0 && !reads_every_statement(principal) => {
                let message = "expected 0, or the id of an event that this credential has received";
                let found = sequence.to_string();
                let fault = FaultView::in_parameter("after", Rule::Parameter, message, &found);
                Err(Problem::faulty(vec![fault]))
            }
            Self::Number(sequence) => Ok(sequence),
        }
    }
}

/// The id in the header `Last-Event-ID`. Browsers send an empty one as none.
fn last_event_id(headers: &HeaderMap) -> Result<Option<EventId>, Problem> {
    let Some(value) = headers.get(LAST_EVENT_ID) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    if text.is_empty() {
        return Ok(None);
    }
    EventId::parse(text).map(Some).ok_or_else(|| {
        let message = EventId::EXPECTED;
        let fault = FaultView::in_parameter("last-event-id", Rule::Header, message, text);
        Problem::faulty(vec![fault])
    })
}

/// Statements of a tenant as they are stored.
struct Statements {
    tenant: TenantId,
    principal: Principal,
    languages: Languages,
    search: Search,
    place: LogPlace,
    /// The last sequence that is known.
    head: u64,
}

impl Statements {
    /// The id of the event with this statement.
    fn id_of(&self, shared: &Shared, sequence: u64) -> String {
        if reads_every_statement(&self.principal) {
            return sequence.to_string();
        }
        let cursors = shared.http.authenticator.cursors();
        cursors.seal(self.tenant, Cursor(sequence)).to_string()
    }
}

#[async_trait]
impl EventSource for Statements {
    async fn read(&mut self, shared: &Shared, permit: &StreamPermit) -> Result<String, Problem> {
        if !self.place.is_before(self.head) {
            return Ok(String::new());
        }
        // Once for reading, once for writing.
        if permit.hold(2 * PIECE_BYTES_MAX).is_err() {
            tokio::time::sleep(MEMORY_PAUSE).await;
            return Ok(String::new());
        }
        let service = &shared.http.service;
        let share = shared.http.query_shares.acquire(self.tenant, 0).await;
        let place = (&mut self.place, self.head);
        let statements = service.read_on(&self.principal, &self.search, place).await?;
        let entries = service.write_entries(&self.principal, statements, &self.languages).await?;
        let mut text = String::new();
        for entry in &entries {
            let id = self.id_of(shared, entry.sequence);
            push_event(&mut text, ("statement", Some(&id)), &entry.text);
        }
        share.charge(u64::try_from(text.len()).unwrap_or(u64::MAX));
        Ok(text)
    }

    async fn wait(&mut self, shared: &Shared) -> Result<(), Problem> {
        if !self.place.is_before(self.head) {
            let waiting = shared.http.service.wait_for_statements(self.tenant, self.place.after);
            self.head = waiting.await?;
        }
        Ok(())
    }

    async fn permit(&mut self, shared: &Shared, requester: &Requester) -> Result<(), AdminProblem> {
        self.principal = shared.admin.continue_following(requester, self.tenant).await?;
        Ok(())
    }

    fn place(&self, shared: &Shared) -> Option<String> {
        Some(self.id_of(shared, self.place.after))
    }
}
