//! Connections with HTTP/1.1: one request at a time.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use hyper::header::{CONNECTION, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::sync::CancellationToken;

use super::opening::Opened;
use crate::app::App;
use crate::connection::{
    Carrier, Channel, ConnectionState, ConnectionTimeouts, Refuse, ResponseBody, Watched,
};
use crate::options::Bounds;

/// Serves a connection until its client ends it, a timeout expires, or `shutdown` is cancelled and
/// the request in progress is answered.
pub(super) async fn serve(app: App, opened: Opened, shutdown: CancellationToken) {
    let Opened { channel, permit, source, .. } = opened;
    let bounds = &app.shared().options.bounds;
    let (builder, timeouts) = (connection_builder(bounds), ConnectionTimeouts::of(bounds));
    let state = &permit.state;
    let refuse = {
        let (bytes_max, version) = (bounds.head_bytes_max, app.shared().options.default_version);
        Refuse { bytes_max, version }
    };
    let watched = Watched::new(channel, Arc::clone(state), refuse);
    let service = service_fn(|mut request: hyper::Request<hyper::body::Incoming>| {
        let (app, state, shutdown) = (app.clone(), Arc::clone(state), shutdown.clone());
        state.on_request();
        request.extensions_mut().insert(Carrier::Connection(Arc::clone(&state)));
        source.mark(&mut request);
        Box::pin(async move {
            let mut response = app.answer(request.map(Body::new)).await;
            if shutdown.is_cancelled() {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(ResponseBody::wrap(response, state))
        })
    });
    let mut connection = builder.serve_connection(TokioIo::new(watched), service);
    let serving = async {
        let served = poll_fn(|context| connection.poll_without_shutdown(context));
        if let Some(ended) = shutdown.run_until_cancelled(served).await {
            return ended;
        }
        // A request may be on its way.
        let served = poll_fn(|context| connection.poll_without_shutdown(context));
        let grace = grace(app.shared().options.drain_delay);
        if let Ok(ended) = tokio::time::timeout(grace, served).await {
            return ended;
        }
        Pin::new(&mut connection).graceful_shutdown();
        poll_fn(|context| connection.poll_without_shutdown(context)).await
    };
    let is_over = tokio::select! {
        biased;
        ended = serving => {
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection was lost");
            }
            true
        }
        () = state.evicted() => false,
        () = state.expired(timeouts) => false,
        () = abandon_stream(state, &shutdown) => false,
    };
    if is_over {
        state.on_end();
        let stream = connection.into_parts().io.into_inner().into_inner();
        tokio::select! {
            // Ended by a shutdown, so that idle clients do not delay it.
            () = shutdown.cancelled() => {}
            () = state.evicted() => {}
            () = linger(stream) => {}
        }
    }
}

/// How long a connection may bring another request when no more connections are accepted.
///
/// A proxy that keeps connections open may send a request while the server closes an idle one, and
/// cannot tell then whether it was processed. So each connection is closed by the response to its
/// next request, and those without one are closed late.
fn grace(drain_delay: Duration) -> Duration {
    const GRACE: Duration = Duration::from_secs(1);

    // Without a delay, no proxy is expected to know.
    if drain_delay.is_zero() { Duration::ZERO } else { GRACE }
}

/// Returns a while after `shutdown` if the connection still has an event stream: its client does
/// not read the end of it.
async fn abandon_stream(state: &ConnectionState, shutdown: &CancellationToken) {
    /// How long a client may take to read the end of an event stream.
    const GRACE: Duration = Duration::from_secs(2);

    shutdown.cancelled().await;
    tokio::time::sleep(GRACE).await;
    if !state.is_streaming() {
        std::future::pending::<()>().await;
    }
}

/// Closes a connection in a way that lets the client read the last response.
///
/// Closing at once, while the client still sends the body of a refused request, would reset the
/// connection, and the client would lose the error response.
async fn linger(mut stream: Channel) {
    /// How long a client may take to read the response and stop sending.
    const LINGER: Duration = Duration::from_secs(5);

    let mut discarded = vec![0; 16 * 1024];
    let drain = async {
        if stream.shutdown().await.is_ok() {
            while let Ok(1..) = stream.read(&mut discarded).await {}
        }
    };
    // A client that still sends after that loses the response.
    let _ = tokio::time::timeout(LINGER, drain).await;
}

fn connection_builder(bounds: &Bounds) -> http1::Builder {
    let mut builder = http1::Builder::new();
    // Without a timer of hyper: this code enforces the timeout of the head.
    builder.max_header_size(bounds.head_bytes_max).half_close(false);
    builder
}
