//! Connections: accepted, served, and shut down gracefully.

mod http1;
mod http2;
mod opening;
pub(crate) mod tls;

use std::io;
use std::iter;
use std::sync::Arc;
use std::time::Duration;

use hyper::header::HeaderValue;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::connection::{ConnectionTable, Socket};
use opening::{Accepted, Protocol};
use tls::Encryption;

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
    /// For clients.
    pub clients: ClientListener,
    /// How connections of clients are encrypted; none if they are not.
    pub encryption: Option<Encryption>,
    /// For monitoring: what is served here is not served to clients. If there is none, it is.
    pub monitoring: Option<ClientListener>,
    /// From the operator of this machine, if there is a control socket.
    pub control: Option<Control>,
}

/// Where clients connect.
#[derive(Debug)]
pub enum ClientListener {
    /// Over the network.
    Network(TcpListener),
    /// Over a socket of the machine. Every process that can open it is trusted as a proxy: its
    /// file mode decides which can.
    Unix(UnixListener),
}

impl ClientListener {
    async fn accept(&self) -> io::Result<Socket> {
        match self {
            Self::Network(listener) => {
                let (stream, peer) = listener.accept().await?;
                // Responses are small, so they are sent without delay. An error here does no harm.
                let _ = stream.set_nodelay(true);
                Ok(Socket::Network(stream, peer.ip()))
            }
            Self::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                Ok(Socket::Unix(stream))
            }
        }
    }

    /// Closes it. Returns the connections that clients have opened and nobody has accepted: the
    /// system would reset them, and a proxy could not tell whether its request was processed.
    fn close(self) -> Vec<Socket> {
        match self {
            Self::Network(listener) => {
                let Ok(listener) = listener.into_std() else { return Vec::new() };
                let waiting = take_queue(|| listener.accept());
                drop(listener);
                let sockets = waiting.into_iter().filter_map(|(stream, peer)| {
                    stream.set_nonblocking(true).ok()?;
                    let _ = stream.set_nodelay(true);
                    Some(Socket::Network(TcpStream::from_std(stream).ok()?, peer.ip()))
                });
                sockets.collect()
            }
            Self::Unix(listener) => {
                let Ok(listener) = listener.into_std() else { return Vec::new() };
                let waiting = take_queue(|| listener.accept());
                drop(listener);
                let sockets = waiting.into_iter().filter_map(|(stream, _)| {
                    stream.set_nonblocking(true).ok()?;
                    Some(Socket::Unix(UnixStream::from_std(stream).ok()?))
                });
                sockets.collect()
            }
        }
    }
}

/// Accepts connections until none waits.
fn take_queue<T>(mut accept: impl FnMut() -> io::Result<T>) -> Vec<T> {
    /// Most connections: as many as wait in the queue of the system.
    const QUEUE_MAX: usize = 1024;

    iter::from_fn(|| accept().ok()).take(QUEUE_MAX).collect()
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
    fn from(listener: TcpListener) -> Self {
        Self {
            clients: ClientListener::Network(listener),
            encryption: None,
            monitoring: None,
            control: None,
        }
    }
}

/// How long to wait after a connection could not be accepted.
const PAUSE: Duration = Duration::from_millis(50);

/// Most connections to the control socket, separate from those of the network.
const CONTROL_CONNECTIONS_MAX: usize = 16;

/// Most connections for monitoring, separate from those of clients.
const MONITORING_CONNECTIONS_MAX: usize = 64;

/// Serves connections until `shutdown` is cancelled, and for the drain delay after that, in which
/// `/ready` says so; then accepts no more connections, and returns once the requests in progress
/// are answered. With a drain delay, what arrives on open connections within a moment is answered
/// too.
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
    let Listeners { clients: listener, encryption, monitoring, control } = listeners.into();
    let bounds = app.shared().options.bounds.clone();
    let table = ConnectionTable::new(bounds.connections_max);
    let connections = TaskTracker::new();
    let shutdown = delay_shutdown(&app, &connections, shutdown);
    connections.spawn(close_stalled_connections(app.clone(), Arc::clone(&table), shutdown.clone()));
    if let Some(control) = control {
        let serving = serve_control(app.clone(), control, connections.clone(), shutdown.clone());
        connections.spawn(serving);
    }
    let app = match monitoring {
        None => app,
        Some(listener) => {
            let (clients, monitoring) = app.divided();
            let (tasks, shutdown) = (connections.clone(), shutdown.clone());
            connections.spawn(serve_monitoring(monitoring, listener, tasks, shutdown));
            clients
        }
    };
    loop {
        let accepted = shutdown.run_until_cancelled(accept(&listener, &table, &app)).await;
        let Some(accepted) = accepted else { break };
        let stream = accepted?;
        let Some(permit) = shutdown.run_until_cancelled(table.permit(&app.shared().metrics)).await
        else {
            break;
        };
        let accepted = Accepted { stream, permit, encryption: encryption.clone() };
        let (app, tasks) = (app.clone(), connections.clone());
        connections.spawn(serve_connection(app, accepted, tasks, shutdown.clone()));
    }
    let waiting = listener.close();
    let (tasks, app_of_waiting) = (connections.clone(), app.clone());
    connections.spawn(async move {
        for stream in waiting {
            let permit = table.permit(&app_of_waiting.shared().metrics).await;
            let accepted = Accepted { stream, permit, encryption: encryption.clone() };
            let (app, of_streams) = (app_of_waiting.clone(), tasks.clone());
            tasks.spawn(serve_connection(app, accepted, of_streams, shutdown.clone()));
        }
    });
    // They would keep their connections open.
    app.shared().stopping.cancel();
    connections.close();
    match tokio::time::timeout(bounds.drain_timeout, connections.wait()).await {
        Ok(()) => Ok(()),
        Err(_) => Err(ServeError::Drain(bounds.drain_timeout)),
    }
}

/// Is cancelled when the drain delay after `shutdown` is over. Meanwhile the server is draining.
fn delay_shutdown(
    app: &App,
    connections: &TaskTracker,
    shutdown: CancellationToken,
) -> CancellationToken {
    let closing = CancellationToken::new();
    let (app, end) = (app.clone(), closing.clone());
    connections.spawn(async move {
        shutdown.cancelled().await;
        app.shared().draining.cancel();
        tokio::time::sleep(app.shared().options.drain_delay).await;
        end.cancel();
    });
    closing
}

/// Closes connections of clients that do not read, as long as memory is short, and ends
/// unauthenticated requests whose bodies arrive slowly, as long as memory for those is.
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
    listener: &ClientListener,
    table: &ConnectionTable,
    app: &App,
) -> Result<Socket, ServeError> {
    /// How often in a row accepting may fail for another reason: half a minute.
    const FAILURES_MAX: usize = 600;

    let mut failure_count = 0;
    loop {
        match listener.accept().await {
            Ok(socket) => return Ok(socket),
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

/// Serves monitoring until `shutdown` is cancelled. Clients cannot take its connections.
async fn serve_monitoring(
    app: App,
    listener: ClientListener,
    connections: TaskTracker,
    shutdown: CancellationToken,
) {
    let table = ConnectionTable::new(MONITORING_CONNECTIONS_MAX);
    loop {
        let next = async {
            let stream = accept_monitoring(&listener).await;
            (stream, table.permit(&app.shared().metrics).await)
        };
        let Some((stream, permit)) = shutdown.run_until_cancelled(next).await else { return };
        let accepted = Accepted { stream, permit, encryption: None };
        let (app, tasks) = (app.clone(), connections.clone());
        connections.spawn(serve_connection(app, accepted, tasks, shutdown.clone()));
    }
}

/// How long monitoring does not accept connections after a failure, which is logged each time.
const MONITORING_PAUSE: Duration = Duration::from_secs(1);

/// Accepts the next connection for monitoring. Without it, clients are served all the same.
async fn accept_monitoring(listener: &ClientListener) -> Socket {
    loop {
        match listener.accept().await {
            Ok(socket) => return socket,
            Err(error) => {
                tracing::warn!(%error, "could not accept a connection for monitoring");
                tokio::time::sleep(MONITORING_PAUSE).await;
            }
        }
    }
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
        let stream = Socket::Control(stream, control.host.clone());
        let accepted = Accepted { stream, permit, encryption: None };
        let (app, tasks) = (app.clone(), connections.clone());
        connections.spawn(serve_connection(app, accepted, tasks, shutdown.clone()));
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
    accepted: Accepted,
    tasks: TaskTracker,
    shutdown: CancellationToken,
) {
    let _held = app.shared().metrics.connect();
    let Some(opened) = accepted.open(&app, &shutdown).await else { return };
    match opened.protocol {
        Protocol::Http1 => http1::serve(app, opened, shutdown).await,
        // It is larger by far, and most connections have none.
        Protocol::Http2 => Box::pin(http2::serve(app, opened, tasks, shutdown)).await,
    }
}
