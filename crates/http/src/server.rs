//! Connections: accepted, served, and shut down gracefully.

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use hyper::header::HeaderValue;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::connection::{
    ConnectionPermit, ConnectionState, ConnectionTable, ConnectionTimeouts, Refuse, ResponseBody,
    Socket, Watched,
};
use crate::options::Bounds;

/// The server has ended without a graceful shutdown.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// No more connections can be accepted.
    #[error("could not accept connections")]
    Accept(#[source] io::Error),
    /// Requests were still in progress at the end of the drain timeout.
    #[error("requests in progress were aborted after {0:?}")]
    Drain(Duration),
}

/// The listeners.
#[derive(Debug)]
pub struct Listeners {
    /// From the network.
    pub network: TcpListener,
    /// From the operator of this machine, if there is a control socket.
    pub control: Option<Control>,
}

/// The control socket, which serves only the admin API, without credentials.
#[derive(Debug)]
pub struct Control {
    /// The socket.
    pub listener: UnixListener,
    /// The user that the server runs as: only this user and root are accepted.
    pub owner: u32,
    /// The host of this server as seen from this machine. It is the `Host` of requests on the
    /// socket, so that links in their responses are valid.
    pub host: HeaderValue,
}

impl From<TcpListener> for Listeners {
    fn from(network: TcpListener) -> Self {
        Self { network, control: None }
    }
}

/// How long to wait after a connection could not be accepted.
const PAUSE: Duration = Duration::from_millis(50);

/// Most connections to the control socket, separate from those of the network.
const CONTROL_CONNECTIONS_MAX: usize = 16;

/// Serves connections until `shutdown` is cancelled; then accepts no more requests, and returns
/// once those in progress are answered.
///
/// # Errors
///
/// - [`ServeError::Accept`]: the listener failed.
/// - [`ServeError::Drain`]: requests took longer than the drain timeout.
pub async fn serve(
    listeners: impl Into<Listeners>,
    app: App,
    shutdown: CancellationToken,
) -> Result<(), ServeError> {
    let Listeners { network: listener, control } = listeners.into();
    let bounds = app.shared().options.bounds.clone();
    let table = ConnectionTable::new(bounds.connections_max);
    let connections = TaskTracker::new();
    connections.spawn(close_stalled_connections(app.clone(), Arc::clone(&table), shutdown.clone()));
    if let Some(control) = control {
        let serving = serve_control(app.clone(), control, connections.clone(), shutdown.clone());
        connections.spawn(serving);
    }
    loop {
        let accepted = shutdown.run_until_cancelled(accept(&listener, &table, &app)).await;
        let Some(accepted) = accepted else { break };
        let stream = accepted?;
        let Some(permit) = shutdown.run_until_cancelled(table.permit(&app.shared().metrics)).await
        else {
            break;
        };
        let (app, shutdown) = (app.clone(), shutdown.clone());
        connections.spawn(serve_connection(app, stream, permit, shutdown));
    }
    drop(listener);
    // They would keep their connections open.
    app.shared().stopping.cancel();
    connections.close();
    match tokio::time::timeout(bounds.drain_timeout, connections.wait()).await {
        Ok(()) => Ok(()),
        Err(_) => Err(ServeError::Drain(bounds.drain_timeout)),
    }
}

/// Closes connections of clients that do not read, as long as memory is short, and unauthenticated
/// ones whose bodies arrive slowly, as long as memory for those is.
async fn close_stalled_connections(
    app: App,
    table: Arc<ConnectionTable>,
    shutdown: CancellationToken,
) {
    /// The interval between two checks.
    const INTERVAL: Duration = Duration::from_millis(100);

    let shared = app.shared();
    while shutdown.run_until_cancelled(tokio::time::sleep(INTERVAL)).await.is_some() {
        if shared.memory.was_short() {
            shared.metrics.evict(table.close_stalled());
        }
        if shared.anonymous_memory.was_short() {
            shared.metrics.evict(table.close_slow_anonymous());
        }
    }
}

/// Accepts the next connection. Errors of a single connection are ignored; when there are no file
/// handles left, connections are closed.
async fn accept(
    listener: &TcpListener,
    table: &ConnectionTable,
    app: &App,
) -> Result<Socket, ServeError> {
    /// How often in a row accepting may fail for another reason: half a minute.
    const FAILURES_MAX: usize = 600;

    let mut failure_count = 0;
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Responses are small, so they are sent without delay. An error here does no harm.
                let _ = stream.set_nodelay(true);
                return Ok(Socket::Network(stream, peer.ip()));
            }
            Err(error) if failure_count == FAILURES_MAX => return Err(ServeError::Accept(error)),
            Err(error) => {
                tracing::warn!(%error, "could not accept a connection");
                if lacks_handles(&error) {
                    app.shared().metrics.evict(table.make_room());
                } else {
                    failure_count += 1;
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Whether the process or the system has no file handle left.
fn lacks_handles(error: &io::Error) -> bool {
    const ENFILE: i32 = 23;
    const EMFILE: i32 = 24;

    matches!(error.raw_os_error(), Some(ENFILE | EMFILE))
}

/// Serves the control socket until `shutdown` is cancelled.
async fn serve_control(
    app: App,
    control: Control,
    connections: TaskTracker,
    shutdown: CancellationToken,
) {
    let table = ConnectionTable::new(CONTROL_CONNECTIONS_MAX);
    loop {
        let next = async {
            let stream = accept_control(&control).await;
            (stream, table.permit(&app.shared().metrics).await)
        };
        let Some((stream, permit)) = shutdown.run_until_cancelled(next).await else { return };
        let socket = Socket::Control(stream, control.host.clone());
        connections.spawn(serve_connection(app.clone(), socket, permit, shutdown.clone()));
    }
}

/// Accepts the next connection of a permitted user. The file mode of the socket already excludes
/// others; this check does not depend on it.
async fn accept_control(control: &Control) -> UnixStream {
    loop {
        let accepted = control.listener.accept().await;
        match accepted.and_then(|(stream, _)| Ok((stream.peer_cred()?.uid(), stream))) {
            Ok((user, stream)) if user == control.owner || user == 0 => return stream,
            Ok((user, _)) => {
                tracing::warn!(user, "refused a local user at the control socket");
            }
            Err(error) => {
                tracing::warn!(%error, "could not accept a connection to the control socket");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn serve_connection(
    app: App,
    stream: Socket,
    permit: ConnectionPermit,
    shutdown: CancellationToken,
) {
    let source = stream.source();
    let _held = app.shared().metrics.connect();
    let bounds = &app.shared().options.bounds;
    let (builder, timeouts) = (connection_builder(bounds), ConnectionTimeouts::of(bounds));
    let state = &permit.state;
    let refuse = {
        let (bytes_max, version) = (bounds.head_bytes_max, app.shared().options.default_version);
        Refuse { bytes_max, version }
    };
    let watched = Watched::new(stream, Arc::clone(state), refuse);
    let service = service_fn(|mut request: hyper::Request<hyper::body::Incoming>| {
        let (app, state) = (app.clone(), Arc::clone(state));
        state.on_request();
        request.extensions_mut().insert(Arc::clone(&state));
        source.mark(&mut request);
        Box::pin(async move {
            let response = app.answer(request.map(Body::new)).await;
            Ok::<_, Infallible>(ResponseBody::wrap(response, state))
        })
    });
    let mut connection = builder.serve_connection(TokioIo::new(watched), service);
    let serving = async {
        let served = poll_fn(|context| connection.poll_without_shutdown(context));
        if let Some(ended) = shutdown.run_until_cancelled(served).await {
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
async fn linger(mut stream: Socket) {
    /// How long a client may take to read the response and stop sending.
    const LINGER: Duration = Duration::from_secs(5);

    if stream.shutdown().await.is_err() {
        return;
    }
    let mut discarded = vec![0; 16 * 1024];
    let drain = async { while let Ok(1..) = stream.read(&mut discarded).await {} };
    // A client that still sends after that loses the response.
    let _ = tokio::time::timeout(LINGER, drain).await;
}

fn connection_builder(bounds: &Bounds) -> http1::Builder {
    let mut builder = http1::Builder::new();
    // Without a timer of hyper: this code enforces the timeout of the head.
    builder.max_header_size(bounds.head_bytes_max).half_close(false);
    builder
}
