//! The body of an event stream.
//!
//! A piece is made when the client has accepted the one before, so a slow client needs no queue: it
//! reads from the log later, or its connection is closed by the limits for reading a response.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use acta_access::TenantId;
use acta_admin::Requester;
use acta_http::StreamPermit;
use acta_http::edge::is_origin_allowed;
use acta_http::permit::RequestPermit;
use acta_http::problem::Problem;
use async_trait::async_trait;
use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::unfold;
use hyper::HeaderMap;
use hyper::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_TYPE, HeaderName, HeaderValue, ORIGIN, VARY,
};
use hyper::http::request::Parts;
use tokio::time::Instant;

use crate::api::path::Id;
use crate::caller::StreamRequester;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// How long a client waits before it opens a stream again, in milliseconds.
const RETRY_MS: u32 = 2_000;

/// After so long without an event, a comment is sent, so that nobody on the way takes the
/// connection for dead.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// How long rights are valid without being determined again, while there is something to send.
const CONFIRMED_FOR: Duration = Duration::from_secs(1);

/// The same, while there is nothing to send.
const CONFIRMED_IDLE: Duration = Duration::from_secs(3);

/// Asks a proxy not to collect the response before it passes it on.
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Where the events of a stream come from.
#[async_trait]
pub(super) trait EventSource: Send + 'static {
    /// The next events, as text; empty if there are none yet.
    async fn read(&mut self, shared: &Shared, permit: &StreamPermit) -> Result<String, Problem>;

    /// Waits until there may be some. May be dropped and called again.
    async fn wait(&mut self, shared: &Shared) -> Result<(), Problem>;

    /// Checks the present rights of the requester.
    async fn permit(&mut self, shared: &Shared, requester: &Requester) -> Result<(), AdminProblem>;

    /// The id that a client is to continue from, if it can.
    fn place(&self, shared: &Shared) -> Option<String>;
}

/// A request for a stream of a tenant.
pub(super) struct Opening {
    pub(super) shared: Shared,
    pub(super) tenant: TenantId,
    pub(super) requester: StreamRequester,
    pub(super) headers: HeaderMap,
    request: Arc<RequestPermit>,
}

impl FromRequestParts<Shared> for Opening {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        let Id(tenant) = Id::from_request_parts(parts, shared).await?;
        let requester = StreamRequester::of(&parts.extensions)?;
        requester.check_tenant(tenant)?;
        // A request without a permit is a defect in this code: it is refused.
        let request = parts.extensions.get().cloned().ok_or_else(Problem::internal)?;
        let headers = parts.headers.clone();
        Ok(Self { shared: shared.clone(), tenant, requester, headers, request })
    }
}

impl Opening {
    /// Counts the stream.
    ///
    /// # Errors
    ///
    /// 429 if too many are open.
    pub(super) fn count(&self) -> Result<StreamPermit, Problem> {
        let requester = self.requester.requester.who().to_string();
        self.shared.http.streams.open(self.tenant, requester)
    }

    /// The response with the events of `source`.
    pub(super) fn respond(self, permit: StreamPermit, source: impl EventSource) -> Response {
        let origin = self.headers.get(ORIGIN).filter(|_| self.requester.has_token()).cloned();
        let origin = origin
            .filter(|origin| is_origin_allowed(Some(origin), &self.shared.http.options.origins));
        self.request.mark_streaming();
        let (now, Self { shared, requester, .. }) = (Instant::now(), self);
        let (confirmed, sent, state) = (now, now, State::Opening);
        let stream = EventStream { shared, requester, permit, source, confirmed, sent, state };
        let mut response = Response::new(Body::from_stream(unfold(stream, EventStream::next)));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        headers.insert(ACCEL_BUFFERING, HeaderValue::from_static("no"));
        if let Some(origin) = origin {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.append(VARY, HeaderValue::from_static("Origin"));
        }
        response
    }
}

/// Why a stream ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StreamEnd {
    /// The server stops.
    Stopping,
    /// The requester has lost its rights.
    Refused,
    /// Something failed; the client may try again.
    Failed,
}

impl StreamEnd {
    fn of(problem: &Problem) -> Self {
        if problem.status.is_server_error() { Self::Failed } else { Self::Refused }
    }

    /// The last event.
    fn event(self) -> String {
        let reason = match self {
            Self::Stopping => "stopping",
            Self::Refused => "refused",
            Self::Failed => "failed",
        };
        format!("event: end\ndata: {{\"reason\":\"{reason}\"}}\n\n")
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Opening,
    Open,
    Over,
}

struct EventStream<S> {
    shared: Shared,
    requester: StreamRequester,
    permit: StreamPermit,
    source: S,
    /// When rights were last determined.
    confirmed: Instant,
    /// When something was last sent.
    sent: Instant,
    state: State,
}

impl<S: EventSource> EventStream<S> {
    /// The next piece of the body; none at the end.
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        self.permit.resume();
        let text = match self.state {
            State::Over => return None,
            State::Opening => {
                self.state = State::Open;
                format!("retry: {RETRY_MS}\n{}\n", self.id())
            }
            State::Open => self.events().await.unwrap_or_else(|end| {
                self.state = State::Over;
                end.event()
            }),
        };
        self.permit.pass(text.len());
        self.sent = Instant::now();
        Some((Ok(Bytes::from(text)), self))
    }

    /// The field that tells the client where to continue.
    fn id(&self) -> String {
        self.source.place(&self.shared).map(|place| format!("id: {place}\n")).unwrap_or_default()
    }

    /// The next events, or a comment if there are none for some time.
    async fn events(&mut self) -> Result<String, StreamEnd> {
        loop {
            if self.shared.http.stopping.is_cancelled() {
                return Err(StreamEnd::Stopping);
            }
            self.confirm().await?;
            let text = self.source.read(&self.shared, &self.permit).await;
            let text = text.map_err(|problem| StreamEnd::of(&problem))?;
            if !text.is_empty() {
                return Ok(text);
            }
            let comment_at = self.sent + KEEP_ALIVE;
            self.wait(comment_at.min(self.confirmed + CONFIRMED_IDLE)).await?;
            if comment_at <= Instant::now() {
                return Ok(format!(": nothing new\n{}\n", self.id()));
            }
        }
    }

    /// Waits until there may be events, until `latest`, or until the server stops.
    async fn wait(&mut self, latest: Instant) -> Result<(), StreamEnd> {
        let stopping = self.shared.http.stopping.clone();
        let waiting = stopping.run_until_cancelled(self.source.wait(&self.shared));
        match tokio::time::timeout_at(latest, waiting).await {
            Ok(Some(Err(problem))) => Err(StreamEnd::of(&problem)),
            Ok(Some(Ok(())) | None) | Err(_) => Ok(()),
        }
    }

    /// Determines the rights of the requester again, unless that was just done.
    async fn confirm(&mut self) -> Result<(), StreamEnd> {
        if self.confirmed.elapsed() < CONFIRMED_FOR {
            return Ok(());
        }
        let requester = self.requester.renew(&self.shared).await;
        let requester = requester.map_err(|problem| StreamEnd::of(&problem))?;
        let permitted = self.source.permit(&self.shared, &requester).await;
        permitted.map_err(|problem| StreamEnd::of(&problem.into()))?;
        self.confirmed = Instant::now();
        Ok(())
    }
}

/// Appends an event; `data` may have several lines.
pub(super) fn push_event(out: &mut String, (name, id): (&str, Option<&str>), data: &str) {
    out.push_str("event: ");
    out.push_str(name);
    if let Some(id) = id {
        out.push_str("\nid: ");
        out.push_str(id);
    }
    // Between two values of JSON, any line break is as good as another.
    for line in data.split(['\n', '\r']) {
        out.push_str("\ndata: ");
        out.push_str(line);
    }
    out.push_str("\n\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(id: Option<&str>, data: &str, expected: &str) {
        let mut out = String::new();
        push_event(&mut out, ("statement", id), data);
        assert_eq!(out, expected);
    }

    #[test]
    fn each_line_of_an_event_is_a_field() {
        check(Some("7"), "{}", "event: statement\nid: 7\ndata: {}\n\n");
        check(None, "{\r\n}", "event: statement\ndata: {\ndata: \ndata: }\n\n");
        assert_eq!(StreamEnd::Stopping.event(), "event: end\ndata: {\"reason\":\"stopping\"}\n\n");
    }
}
