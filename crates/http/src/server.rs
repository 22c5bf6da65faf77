//! Connections: accepted, served, and ended in good order.

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::{App, Bounds, HttpParts};

/// Serving has ended otherwise than by a shutdown in good order.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// No more connections can be accepted.
    #[error("could not accept connections")]
    Accept(#[source] io::Error),
    /// Requests were still being answered when the time for it had passed.
    #[error("requests were cut off after {0:?}")]
    Drain(Duration),
}

/// Serves connections until `shutdown` is cancelled; then takes no more requests, and
/// returns once those under way are answered.
///
/// # Errors
///
/// - [`ServeError::Accept`]: the listener is broken.
/// - [`ServeError::Drain`]: requests took longer than the time for draining.
pub async fn serve(
    listener: TcpListener,
    parts: HttpParts,
    shutdown: CancellationToken,
) -> Result<(), ServeError> {
    let app = App::new(parts);
    let bounds = app.shared().options.bounds.clone();
    let slots = Arc::new(Semaphore::new(bounds.connections_max));
    let connections = TaskTracker::new();
    loop {
        let Some(slot) = shutdown.run_until_cancelled(Arc::clone(&slots).acquire_owned()).await
        else {
            break;
        };
        let Some(accepted) = shutdown.run_until_cancelled(accept(&listener)).await else { break };
        let stream = accepted?;
        let (app, shutdown) = (app.clone(), shutdown.clone());
        connections.spawn(async move {
            serve_connection(app, stream, shutdown).await;
            drop(slot);
        });
    }
    drop(listener);
    connections.close();
    match tokio::time::timeout(bounds.drain_timeout, connections.wait()).await {
        Ok(()) => Ok(()),
        Err(_) => Err(ServeError::Drain(bounds.drain_timeout)),
    }
}

/// Accepts the next connection. Trouble of a single connection, or a lack of file handles,
/// passes by.
async fn accept(listener: &TcpListener) -> Result<TcpStream, ServeError> {
    /// How long to wait for others to give their file handles back.
    const PAUSE: Duration = Duration::from_millis(50);
    /// How often in a row accepting may fail: half a minute.
    const FAILURES_MAX: usize = 600;

    let mut failure_count = 0;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return Ok(stream),
            Err(error) if failure_count == FAILURES_MAX => return Err(ServeError::Accept(error)),
            Err(error) => {
                failure_count += 1;
                tracing::warn!(%error, "could not accept a connection");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn serve_connection(app: App, stream: TcpStream, shutdown: CancellationToken) {
    // Answers are small and waited for. That it cannot be set harms nobody.
    let _ = stream.set_nodelay(true);
    let _held = app.shared().metrics.connect();
    let builder = connection_builder(&app.shared().options.bounds);
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let app = app.clone();
        Box::pin(async move { Ok::<_, Infallible>(app.answer(request.map(Body::new)).await) })
    });
    let mut connection = builder.serve_connection(TokioIo::new(stream), service);
    let mut ended = shutdown
        .run_until_cancelled(poll_fn(|context| connection.poll_without_shutdown(context)))
        .await;
    if ended.is_none() {
        Pin::new(&mut connection).graceful_shutdown();
        ended = Some(poll_fn(|context| connection.poll_without_shutdown(context)).await);
    }
    if let Some(Err(error)) = ended {
        tracing::debug!(%error, "a connection broke off");
    }
    let stream = connection.into_parts().io.into_inner();
    // Cut short by a shutdown, so that idle clients do not hold it up.
    shutdown.run_until_cancelled(linger(stream)).await;
}

/// Ends a connection so that the client can read the last answer.
///
/// Closing at once, while the client still sends the body of a refused request, would reset
/// the connection, and the client would lose the answer that tells why.
async fn linger(mut stream: TcpStream) {
    /// How long a client may take to see the answer and stop sending.
    const LINGER: Duration = Duration::from_secs(5);

    if stream.shutdown().await.is_err() {
        return;
    }
    let mut discarded = vec![0; 16 * 1024];
    let drain = async { while let Ok(1..) = stream.read(&mut discarded).await {} };
    // Whoever still sends after that has to do without the answer.
    let _ = tokio::time::timeout(LINGER, drain).await;
}

fn connection_builder(bounds: &Bounds) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(bounds.head_timeout)
        .max_header_size(bounds.head_bytes_max)
        .half_close(false);
    builder
}
