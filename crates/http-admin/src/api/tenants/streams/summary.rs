//! `GET /api/v1/tenants/{tenant}/stream/summary`: sends counts for dashboards.

use std::time::Duration;

use acta_access::TenantId;
use acta_admin::Requester;
use acta_http::StreamPermit;
use acta_http::edge::{FromParams, Params, Query};
use acta_http::problem::Problem;
use async_trait::async_trait;
use axum::response::Response;
use serde::Serialize;
use tokio::time::Instant;
use utoipa::{IntoParams, ToSchema};

use super::event_stream::{EventSource, Opening, push_event};
use crate::problem::AdminProblem;
use crate::state::Shared;

/// The shortest time between two events.
const INTERVAL: Duration = Duration::from_secs(1);

/// The data of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct StreamSummary {
    /// Stored statements, including voided ones.
    statement_count: u64,
    /// How many of them were stored within the last minute; null if the tenant has a smallest group
    /// of learners, which these may be fewer than.
    #[schema(required)]
    last_minute_count: Option<u64>,
    /// When the last one was stored.
    #[schema(format = DateTime, required)]
    last_stored: Option<String>,
    /// How far the facts of this server go; null if it makes none.
    #[schema(required)]
    facts: Option<FactsSummary>,
}

/// How far facts go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct FactsSummary {
    /// The number of the last statement that is among them.
    sequence: u64,
    /// How many statements are stored that are not among them yet.
    lag: u64,
}

/// The parameters.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct SummaryParams {
    /// A stream token, where neither a session nor a header authenticates the request.
    #[param(min_length = 1)]
    #[expect(dead_code, reason = "it was read when the request was admitted")]
    token: Option<String>,
}

impl FromParams for SummaryParams {
    fn from_params(params: &mut Params) -> Option<Self> {
        Some(Self { token: params.text("token") })
    }
}

/// Follow counts of statements
///
/// Sends an event `summary` whenever the numbers have changed, at most once a second, and the first
/// at once. An event `end` is the last one, as in streams of statements.
#[utoipa::path(
    get,
    path = "/tenants/{tenant}/stream/summary",
    operation_id = "stream_summary",
    tag = "streams",
    params(SummaryParams),
    responses(
        (status = 200, description = "Events, until the client or the server ends it; the data of \
                                      each is a StreamSummary.",
            content((StreamSummary = "text/event-stream"))),
        (status = 409, description = "The tenant is suspended or deleted."),
        (status = 429, description = "Too many streams are open, or the tenant of the credential \
                                      has exceeded its request rate."),
    ),
)]
pub(crate) async fn stream_summary(
    opening: Opening,
    Query(_token): Query<SummaryParams>,
) -> Result<Response, AdminProblem> {
    let permit = opening.count()?;
    let (tenant, who) = (opening.tenant, &opening.requester.requester);
    let settings = opening.shared.admin.permit_counting(who, tenant).await?.settings;
    let has_groups = settings.smallest_group.is_some();
    let source = Summaries { tenant, has_groups, last: None, next: Instant::now() };
    Ok(opening.respond(permit, source))
}

/// The summaries of a tenant.
struct Summaries {
    tenant: TenantId,
    /// Whether the tenant has a smallest group of learners.
    has_groups: bool,
    /// The one that was sent last.
    last: Option<StreamSummary>,
    /// When the next one may be made.
    next: Instant,
}

impl Summaries {
    async fn make(&self, shared: &Shared) -> Result<StreamSummary, Problem> {
        let log = shared.http.service.summarize_log(self.tenant).await?;
        let facts = shared.facts.as_ref().map(|facts| {
            let sequence = facts.status(self.tenant).map_or(0, |status| status.sequence);
            FactsSummary { sequence, lag: log.statement_count.saturating_sub(sequence) }
        });
        Ok(StreamSummary {
            statement_count: log.statement_count,
            last_minute_count: Some(log.last_minute_count).filter(|_| !self.has_groups),
            last_stored: log.last_stored.map(|stored| stored.to_string()),
            facts,
        })
    }
}

#[async_trait]
impl EventSource for Summaries {
    async fn read(&mut self, shared: &Shared, _: &StreamPermit) -> Result<String, Problem> {
        if Instant::now() < self.next {
            return Ok(String::new());
        }
        let now = self.make(shared).await?;
        self.next = Instant::now() + INTERVAL;
        if self.last.as_ref() == Some(&now) {
            return Ok(String::new());
        }
        let mut text = String::new();
        // Numbers and texts always serialise.
        let data = serde_json::to_string(&now).unwrap_or_default();
        push_event(&mut text, ("summary", None), &data);
        self.last = Some(now);
        Ok(text)
    }

    async fn wait(&mut self, shared: &Shared) -> Result<(), Problem> {
        let is_still = |last: &StreamSummary| {
            last.last_minute_count.is_none_or(|count| count == 0)
                && last.facts.is_none_or(|facts| facts.lag == 0)
        };
        if let Some(last) = self.last.as_ref().filter(|last| is_still(last)) {
            let after = last.statement_count;
            shared.http.service.wait_for_statements(self.tenant, after).await?;
        }
        tokio::time::sleep_until(self.next).await;
        Ok(())
    }

    async fn permit(&mut self, shared: &Shared, requester: &Requester) -> Result<(), AdminProblem> {
        let settings = shared.admin.permit_counting(requester, self.tenant).await?.settings;
        self.has_groups = settings.smallest_group.is_some();
        Ok(())
    }

    fn place(&self, _: &Shared) -> Option<String> {
        None
    }
}
