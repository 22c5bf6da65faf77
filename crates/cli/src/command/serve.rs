//! `acta serve`: serves xAPI over HTTP.

mod audit_heads;
mod authority;
mod bootstrap;
mod certificate;
mod listen;
mod maintenance;
mod secret_output;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use acta_access::TenantId;
use acta_config::{Config, Listen, Loaded};
use acta_http::{ClientListener, Control, Listeners};
use acta_storage_embedded::ControlSocket;
use anyhow::Result;
use rustix::process::{Resource, Rlimit, geteuid, getrlimit, setrlimit};
use tokio::net::UnixListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::exchange::ExchangeServer;
use crate::logging;
use crate::metrics::StoreMetrics;
use crate::wire::{self, Engine, IfMissing, ServerFacts, ServerParts, Store, StoreArgs};
use bootstrap::bootstrap;
use certificate::{ServerCertificate, reload_during};
use listen::{Listening, SocketFile};
use maintenance::{ClockComparison, Maintenance, MaintenanceOptions};

pub(crate) use audit_heads::AuditCounts;
pub(crate) use certificate::CertificateEnd;

/// File handles reserved for the store: segments, runs, tables and attachments.
const STORE_FILES: u64 = 512;

/// Arguments of `acta serve`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: StoreArgs,
    /// The address and port to listen on, or `unix:` and the path of a socket
    /// [default: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// The xAPI version in responses to requests without a version [default: 2.0.0].
    #[arg(long, value_name = "1.0.3|2.0.0")]
    default_version: Option<String>,
    /// Serve only a store that exists. Without this option, a directory that is missing or empty
    /// gets a new store, for example when a disk is not mounted.
    #[arg(long)]
    must_exist: bool,
}

/// Runs the command.
///
/// # Errors
///
/// When the server cannot start, or ends for another reason than a signal.
pub(crate) fn run(file: Option<&Path>, arguments: &Arguments) -> Result<ExitCode> {
    let [data, storage] = arguments.place.flags();
    let flags = [
        data,
        storage,
        ("listen", arguments.listen.clone()),
        ("default_version", arguments.default_version.clone()),
    ];
    let loaded = wire::load(file, flags)?;
    logging::start(&loaded.config.log)?;
    warn_of_exposure(&loaded)?;
    let missing = if arguments.must_exist { IfMissing::RefuseOrMigrate } else { IfMissing::Make };
    wire::block_on(serve(&loaded.config, missing))?;
    Ok(ExitCode::SUCCESS)
}

/// Logs what other users of the machine can read.
fn warn_of_exposure(loaded: &Loaded) -> Result<()> {
    let is_directory = loaded.config.database.is_none();
    let directory = if is_directory { wire::exposed_directory(&loaded.config.data)? } else { None };
    for exposed in wire::exposed_files(loaded).into_iter().chain(directory) {
        warn!("{exposed}");
    }
    Ok(())
}

async fn serve(config: &Config, missing: IfMissing) -> Result<()> {
    // Before the store is opened, so that an early signal is not lost.
    let shutdown = stop_on_signal()?;
    let hangup = signal(SignalKind::hangup())?;
    let certificate = ServerCertificate::open(config)?;
    let Listening { listener, place, file: _file } =
        Listening::open(&config.listen, config.server.socket_mode).await?;
    let (monitoring, _monitoring_file) = open_monitoring(config).await?.unzip();
    let mut store = Store::open(config, missing).await?;
    store.check_whole().await?;
    let (facts, mut parts) = open_parts(&store, config, &place).await?;
    // If the machine of the first tenant is away, the other tenants of a cluster are served.
    let statements = store.storage.count_statements(TenantId::FIRST).await.ok();
    let at = wire::server_address(config, &place);
    info!(statement.count = statements, address = %place, "serving xAPI at {at}/xapi");
    let followers = store.follow(&facts);
    store.engine.announce();
    let audit_counts = Arc::new(AuditCounts::default());
    parts.admin.admin.watch_followers(followers.clone());
    parts.http.metrics = Some(Arc::new(StoreMetrics {
        engine: store.engine.clone(),
        clock: store.clock_gauge(),
        audit_counts: Arc::clone(&audit_counts),
        followers,
        facts: facts.store().cloned(),
        certificate: certificate.as_ref().map(ServerCertificate::end),
    }));
    let options = MaintenanceOptions {
        clock: ClockComparison::new(&store.engine, &store.clock),
        audit_counts,
        audit_interval: config.audit.head_interval.0,
    };
    let maintenance = Maintenance::begin(&parts, options);
    let socket = open_control(&store.engine);
    let exchange = open_exchange(&store);
    let listeners = Listeners {
        clients: listener,
        encryption: certificate.as_ref().map(ServerCertificate::encryption),
        monitoring,
        control: control(socket.as_ref(), &place)?,
    };
    let serving = acta_http::serve(listeners, parts.into_app(), shutdown);
    let served = reload_during(serving, certificate, hangup).await;
    if let Some(exchange) = exchange {
        exchange.stop().await;
    }
    maintenance.end().await;
    info!("closing the store");
    drop(socket);
    store.close().await?;
    served?;
    info!("stopped");
    Ok(())
}

/// Opens the facts and the routes, and prepares the store for its first client.
async fn open_parts(
    store: &Store,
    config: &Config,
    place: &Listen,
) -> Result<(ServerFacts, ServerParts)> {
    let facts = ServerFacts::open(config)?;
    let parts = store.server_parts(config, connections_max(config), facts.settings()).await?;
    bootstrap(&parts.admin.admin, config, place).await?;
    authority::begin_home_page(&*store.storage, config).await?;
    Ok((facts, parts))
}

/// Listens for monitoring, if that has a listener of its own. The second part removes its socket.
async fn open_monitoring(config: &Config) -> Result<Option<(ClientListener, Option<SocketFile>)>> {
    let Some(place) = &config.metrics.listen else { return Ok(None) };
    let opened = Listening::open(place, config.server.socket_mode).await?;
    let Listening { listener, place, file } = opened;
    info!(address = %place, "serving /metrics, /health and /ready here alone");
    Ok(Some((listener, file)))
}

/// Is cancelled when the process receives SIGTERM or SIGINT.
fn stop_on_signal() -> Result<CancellationToken> {
    let shutdown = CancellationToken::new();
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop = shutdown.clone();
    let wait = async move {
        tokio::select! {
            _ = terminate.recv() => info!("received SIGTERM, stopping"),
            _ = interrupt.recv() => info!("received SIGINT, stopping"),
        }
        stop.cancel();
    };
    #[expect(clippy::disallowed_methods, reason = "the task runs until the process ends")]
    tokio::spawn(wait);
    Ok(shutdown)
}

/// Creates the control socket, over which the command line on this machine reaches a store that
/// only this process can open. A store in a database needs none, and the server also works without
/// it.
fn open_control(engine: &Engine) -> Option<ControlSocket> {
    let Engine::Embedded(storage) = engine else { return None };
    match storage.open_control() {
        Ok(socket) => Some(socket),
        Err(error) => {
            warn!(%error, "administration commands cannot connect to this server");
            None
        }
    }
}

/// Starts the exchange of statements with commands on this machine. The server also works without
/// it.
fn open_exchange(store: &Store) -> Option<ExchangeServer> {
    let Engine::Embedded(storage) = &store.engine else { return None };
    let socket = storage.open_exchange().map_err(anyhow::Error::from);
    let started = socket.and_then(|socket| {
        ExchangeServer::start(socket, Arc::clone(&store.storage), store.service.clone())
    });
    match started {
        Ok(exchange) => Some(exchange),
        Err(error) => {
            warn!(%error, "`acta export` and `acta import` cannot connect to this server");
            None
        }
    }
}

/// Accepts connections to the control socket.
fn control(socket: Option<&ControlSocket>, place: &Listen) -> Result<Option<Control>> {
    let Some(socket) = socket else { return Ok(None) };
    let listener = UnixListener::from_std(socket.listener()?)?;
    let host = wire::host_of(place).parse()?;
    Ok(Some(Control { listener, owner: geteuid().as_raw(), host }))
}

/// Raises the limit of open files, and returns how many connections it permits. The store must
/// never run out of file handles because of connections.
fn connections_max(config: &Config) -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: maximum, maximum };
    let files = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => maximum,
        Err(_) => current,
    };
    let Some(files) = files else { return usize::MAX };
    let most = usize::try_from(files.saturating_sub(STORE_FILES.min(files / 2)));
    let most = most.unwrap_or(usize::MAX);
    if most < config.limits.connections_max {
        warn!("the limit of {files} open files permits only {most} connections; raise LimitNOFILE");
    }
    most
}
