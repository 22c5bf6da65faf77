//! Connections with HTTP/2: several requests at a time, each on a stream of its own.
//!
//! What a client may do is bounded as with HTTP/1.1: the size of heads and their number of headers,
//! the time and rate of bodies and responses, the memory of responses that are not read, and how
//! many requests it may begin. Every stream counts towards the limit of connections.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HOST, HeaderValue, RETRY_AFTER};
use hyper::rt::Executor;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::opening::Opened;
use crate::app::App;
use crate::connection::{
    Carrier, ConnectionState, ConnectionTable, ConnectionTimeouts, OpenStream, Source, StreamBody,
};
use crate::options::Bounds;
use crate::problem::{Problem, ProblemForm};
use crate::reply::HYGIENE;

/// Most requests at a time on one connection.
const STREAMS_MAX: u32 = 64;

/// Most headers of a request, as many as with HTTP/1.1.
const HEADERS_COUNT_MAX: usize = 100;

/// Bytes of the body of one request that may wait to be read by the server: 64 KiB.
const STREAM_WINDOW_BYTES: u32 = 64 * 1024;

/// The same for all requests of a connection together: 128 KiB.
const CONNECTION_WINDOW_BYTES: u32 = 128 * 1024;

/// Most bytes of a response that wait on a stream: 64 KiB.
const SEND_BUFFER_BYTES_MAX: usize = 64 * 1024;

/// Most requests that a client may cancel before they are accepted. After that the connection is
/// closed.
const RESETS_MAX: usize = 64;

/// Serves a connection until its client ends it, a timeout expires, or `shutdown` is cancelled and
/// the requests in progress are answered.
pub(super) async fn serve(
    app: App,
    opened: Opened,
    tasks: TaskTracker,
    shutdown: CancellationToken,
) {
    let Opened { channel, permit, source, .. } = opened;
    let bounds = &app.shared().options.bounds;
    let (timeouts, drain_timeout) = (ConnectionTimeouts::of(bounds), bounds.drain_timeout);
    let (leave, end) = (CancellationToken::new(), CancellationToken::new());
    // Requests in progress end with the connection.
    let _end = end.clone().drop_guard();
    let builder = builder(&app.shared().options.bounds, StreamTasks { tasks, end });
    let state = Arc::clone(&permit.state);
    state.begin_streams();
    let origin =
        Origin { app, table: Arc::clone(permit.table()), state: Arc::clone(&state), source };
    let origin = Arc::new(origin);
    let service = service_fn(move |request| answer(Arc::clone(&origin), request));
    let mut connection = pin!(builder.serve_connection(TokioIo::new(channel), service));
    let serving = async {
        tokio::select! {
            biased;
            ended = connection.as_mut() => return ended,
            () = shutdown.cancelled() => {}
            () = leave.cancelled() => {}
            () = state.streams_rested(timeouts) => {}
        }
        // The client learns which of its requests are answered.
        connection.as_mut().graceful_shutdown();
        connection.as_mut().await
    };
    tokio::select! {
        biased;
        ended = serving => {
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection was lost");
            }
        }
        () = state.evicted() => {}
        () = dismiss(&state, &leave, (timeouts, drain_timeout)) => {}
        () = abandon(&state, &shutdown) => {}
    }
}

/// Asks a client to leave that does not read a response or cancels too many requests, and returns
/// when it is time to close the connection: others may use it too, behind a proxy, and what they
/// have begun is answered.
async fn dismiss(
    state: &ConnectionState,
    leave: &CancellationToken,
    (timeouts, drain_timeout): (ConnectionTimeouts, Duration),
) {
    tokio::select! {
        () = state.streams_expired(timeouts) => {}
        () = state.overcancelled() => {}
    }
    leave.cancel();
    tokio::select! {
        () = state.streams_stalled(timeouts) => {}
        () = tokio::time::sleep(drain_timeout) => {}
    }
}

/// Returns a while after `shutdown` if no request is left, or only event streams whose clients do
/// not read the end of them.
async fn abandon(state: &ConnectionState, shutdown: &CancellationToken) {
    /// How long a client may take to notice the shutdown.
    const GRACE: Duration = Duration::from_secs(2);

    shutdown.cancelled().await;
    loop {
        tokio::time::sleep(GRACE).await;
        if state.has_only_event_streams() {
            return;
        }
    }
}

fn builder(bounds: &Bounds, tasks: StreamTasks) -> http2::Builder<StreamTasks> {
    let head_bytes_max = u32::try_from(bounds.head_bytes_max).unwrap_or(u32::MAX);
    let mut builder = http2::Builder::new(tasks);
    builder
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(head_bytes_max)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_send_buf_size(SEND_BUFFER_BYTES_MAX)
        .max_pending_accept_reset_streams(RESETS_MAX);
    builder
}

/// Runs the requests of a connection, until it ends.
#[derive(Clone, Debug)]
struct StreamTasks {
    tasks: TaskTracker,
    end: CancellationToken,
}

impl<F> Executor<F> for StreamTasks
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, work: F) {
        let end = self.end.clone();
        self.tasks.spawn(async move { end.run_until_cancelled(work).await });
    }
}

/// Where the requests of a connection come from and go to.
struct Origin {
    app: App,
    table: Arc<ConnectionTable>,
    state: Arc<ConnectionState>,
    source: Source,
}

/// Answers one request.
async fn answer(
    origin: Arc<Origin>,
    mut request: Request<Incoming>,
) -> Result<hyper::Response<StreamBody>, Infallible> {
    let Origin { app, table, state, source } = &*origin;
    let shared = app.shared();
    let Some(stream) = OpenStream::begin(table, state) else {
        shared.metrics.evict(table.make_room());
        let busy = Problem::busy(Problem::BUSY_RETRY_AFTER);
        return Ok(StreamBody::wrap(refuse(&busy), None));
    };
    if HEADERS_COUNT_MAX < request.headers().len() {
        let (what, bytes_max) =
            ("the request head (at most 100 headers)", shared.options.bounds.head_bytes_max);
        let problem = Problem::head_too_large(what, bytes_max, "limits.head_bytes_max");
        stream.on_answer();
        return Ok(StreamBody::wrap(refuse(&problem), Some(stream)));
    }
    move_authority(&mut request);
    request.extensions_mut().insert(Carrier::Stream(Arc::clone(&stream)));
    source.mark(&mut request);
    let response = Box::pin(app.answer(request.map(Body::new))).await;
    stream.on_answer();
    Ok(StreamBody::wrap(response, Some(stream)))
}

/// Gives a request the form that it has with HTTP/1.1: the authority of its target is in `Host`.
/// One that differs from a `Host` that was sent too is added to it: two of them are refused.
///
/// Spec: RFC 9113, 8.3.1.
fn move_authority<T>(request: &mut Request<T>) {
    let authority = request.uri().authority().map(|authority| authority.as_str().to_owned());
    let target = request.uri().path_and_query().cloned();
    if let Some(Ok(authority)) = authority.map(HeaderValue::try_from) {
        let host = request.headers().get(HOST);
        let is_same =
            |host: &HeaderValue| host.as_bytes().eq_ignore_ascii_case(authority.as_bytes());
        if !host.is_some_and(is_same) {
            request.headers_mut().append(HOST, authority);
        }
    }
    if let Some(target) = target {
        *request.uri_mut() = Uri::from(target);
    }
}

/// The response to a request that nothing else is done for.
fn refuse(problem: &Problem) -> Response {
    let form = ProblemForm::Problem;
    let mut response = Response::new(Body::from(problem.write(form)));
    *response.status_mut() = problem.status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(form.content_type()));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(wait) = problem.retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
    }
    for (name, value) in HYGIENE {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values of `Host` and the target that are left of a request.
    fn moved(uri: &str, host: Option<&str>) -> (Vec<String>, String) {
        let mut request = Request::new(());
        *request.uri_mut() = uri.parse().unwrap();
        if let Some(host) = host {
            request.headers_mut().insert(HOST, host.parse().unwrap());
        }
        move_authority(&mut request);
        let hosts = request.headers().get_all(HOST).iter();
        let hosts = hosts.map(|host| host.to_str().unwrap().to_owned()).collect();
        (hosts, request.uri().to_string())
    }

    #[test]
    fn the_authority_becomes_the_host() {
        let table: [(&str, Option<&str>, &[&str], &str); 5] = [
            ("https://a.example/x?y=1", None, &["a.example"], "/x?y=1"),
            ("https://a.example:8443/", Some("A.example:8443"), &["A.example:8443"], "/"),
            ("https://a.example/x", Some("b.example"), &["b.example", "a.example"], "/x"),
            ("/x", Some("b.example"), &["b.example"], "/x"),
            ("/x", None, &[], "/x"),
        ];
        for (uri, host, hosts, target) in table {
            assert_eq!(moved(uri, host).0, hosts, "{uri} {host:?}");
            assert_eq!(moved(uri, host).1, target, "{uri} {host:?}");
        }
    }
}
