//! Connections: accepted, served, and ended in good order.

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
    Answered, ConnectionPermit, ConnectionTable, ConnectionTimeouts, Refuse, Socket, Watched,
};
use crate::options::Bounds;

/// Serving has ended otherwise than by a shutdown in good order.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// No more connections can be accepted.
    #[error("could not accept connections")]
    Accept(#[source] io::Error),
    /// Requests were still being answered when the time for it had passed.
    #[error("requests in progress were aborted after {0:?}")]
    Drain(Duration),
}

/// Where connections are accepted.
#[derive(Debug)]
pub struct Listeners {
    /// From the network.
    pub network: TcpListener,
    /// From the operator of this machine, if the store has such a socket.
    pub control: Option<Control>,
}

/// The control socket, over which the admin API alone is served, and without credentials.
#[derive(Debug)]
pub struct Control {
    /// The socket.
    pub listener: UnixListener,
    /// The user that the server runs as: nobody else may ask, but for root.
    pub owner: u32,
    /// The host by which this server is reached from here. Requests on the socket are taken to
    /// name it, so that links that they make lead somewhere.
    pub host: HeaderValue,
}

impl From<TcpListener> for Listeners {
    fn from(network: TcpListener) -> Self {
        Self { network, control: None }
    }
}

/// How long to wait after a connection could not be accepted.
const PAUSE: Duration = Duration::from_millis(50);

/// Most connections to the control socket. They take no room from those of the network, nor
/// those from them.
const CONTROL_CONNECTIONS_MAX: usize = 16;

/// Serves connections until `shutdown` is cancelled; then takes no more requests, and
/// returns once those under way are answered.
///
/// # Errors
///
/// - [`ServeError::Accept`]: the listener is broken.
/// - [`ServeError::Drain`]: requests took longer than the time for draining.
pub async fn serve(
    listeners: impl Into<Listeners>,
    app: App,
    shutdown: CancellationToken,
) -> Result<(), ServeError> {
    let Listeners { network: listener, control } = listeners.into();
    let bounds = app.shared().options.bounds.clone();
    let table = ConnectionTable::new(bounds.connections_max);
    let connections = TaskTracker::new();
    connections.spawn(keep_memory(app.clone(), Arc::clone(&table), shutdown.clone()));
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
    connections.close();
    match tokio::time::timeout(bounds.drain_timeout, connections.wait()).await {
        Ok(()) => Ok(()),
        Err(_) => Err(ServeError::Drain(bounds.drain_timeout)),
    }
}

/// Cuts off clients that do not read, as long as memory is short.
async fn keep_memory(app: App, table: Arc<ConnectionTable>, shutdown: CancellationToken) {
    /// How often memory is looked at.
    const INTERVAL: Duration = Duration::from_millis(100);

    let shared = app.shared();
    while shutdown.run_until_cancelled(tokio::time::sleep(INTERVAL)).await.is_some() {
        if shared.memory.was_short() {
            shared.metrics.evict(table.cut_off());
        }
    }
}

/// Accepts the next connection. Trouble of a single connection passes by; when file handles
/// are lacking, connections give way.
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
                // Answers are small and waited for. That it cannot be set harms nobody.
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

/// Accepts the next connection of somebody who may ask. The mode of the socket keeps others
/// out already; this holds wherever it stands.
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
            Ok::<_, Infallible>(Answered::wrap(response, state))
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
    };
    if is_over {
        state.on_end();
        let stream = connection.into_parts().io.into_inner().into_inner();
        tokio::select! {
            // Cut short by a shutdown, so that idle clients do not hold it up.
            () = shutdown.cancelled() => {}
            () = state.evicted() => {}
            () = linger(stream) => {}
        }
    }
}

/// Ends a connection so that the client can read the last answer.
///
/// Closing at once, while the client still sends the body of a refused request, would reset
/// the connection, and the client would lose the answer that tells why.
async fn linger(mut stream: Socket) {
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
    // Without a timer of its own: how long a head may take is watched over from here.
    builder.max_header_size(bounds.head_bytes_max).half_close(false);
    builder
}
