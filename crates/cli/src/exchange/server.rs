//! The server of the exchange of statements.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use acta_access::TenantId;
use acta_exchange::{Damaged, Export, ExportProgress, Problem, Watch};
use acta_service::Service;
use acta_storage::{Storage, background_span, spawn_blocking};
use acta_storage_embedded::ControlSocket;
use anyhow::{Context, Result, bail};
use rustix::process::geteuid;
use serde_json::Value;
use tokio::net::UnixListener;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, info, warn};

use super::frames::{FrameKind, write_frame};
use super::work::{Importing, compare, import, left_out_text, problem_text, tenants_in};

/// Most exports and imports that run at a time.
const RUNNING_MAX: usize = 4;

/// Longest request, in bytes.
const REQUEST_BYTES_MAX: u64 = 64 << 10;

/// What the exchange works on.
#[derive(Clone)]
struct Backend {
    storage: Arc<dyn Storage>,
    service: Service,
}

/// Connections that are open, by number.
type Streams = Mutex<HashMap<u64, UnixStream>>;

fn lock(streams: &Streams) -> MutexGuard<'_, HashMap<u64, UnixStream>> {
    streams.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Exports and imports statements for commands on this machine, while the server runs.
pub(crate) struct ExchangeServer {
    tasks: TaskTracker,
    stop: CancellationToken,
    streams: Arc<Streams>,
    /// The name of the socket is removed when this is dropped.
    _socket: ControlSocket,
}

impl ExchangeServer {
    /// Starts it on `socket`.
    ///
    /// # Errors
    ///
    /// What the system reports.
    pub(crate) fn start(
        socket: ControlSocket,
        storage: Arc<dyn Storage>,
        service: Service,
    ) -> Result<Self> {
        let listener = UnixListener::from_std(socket.listener()?)?;
        let (tasks, stop, streams) =
            (TaskTracker::new(), CancellationToken::new(), Arc::<Streams>::default());
        let accepting = Accepting {
            listener,
            backend: Backend { storage, service },
            tasks: tasks.clone(),
            stop: stop.clone(),
            streams: Arc::clone(&streams),
        };
        tasks.spawn(accepting.run().instrument(background_span("exchange", None)));
        Ok(Self { tasks, stop, streams, _socket: socket })
    }

    /// Stops it. Exports and imports in progress end with an error.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        for stream in lock(&self.streams).values() {
            // The other side may have closed it.
            let _ = stream.shutdown(Shutdown::Both);
        }
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Accepts connections.
struct Accepting {
    listener: UnixListener,
    backend: Backend,
    tasks: TaskTracker,
    stop: CancellationToken,
    streams: Arc<Streams>,
}

impl Accepting {
    async fn run(self) {
        let permits = Arc::new(Semaphore::new(RUNNING_MAX));
        let mut number = 0;
        while let Some(accepted) = self.stop.run_until_cancelled(self.listener.accept()).await {
            let accepted = accepted.and_then(|(stream, _)| {
                let user = stream.peer_cred()?.uid();
                let stream = stream.into_std()?;
                stream.set_nonblocking(false)?;
                Ok((user, stream))
            });
            let (user, stream) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    warn!(%error, "a connection for an export or import was not accepted");
                    continue;
                }
            };
            let is_operator = user == 0 || user == geteuid().as_raw();
            let permit = Arc::clone(&permits).try_acquire_owned().ok().filter(|_| is_operator);
            let Ok(copy) = stream.try_clone() else { continue };
            lock(&self.streams).insert(number, copy);
            self.answer(number, stream, permit);
            number += 1;
        }
    }

    fn answer(&self, number: u64, stream: UnixStream, permit: Option<OwnedSemaphorePermit>) {
        let (backend, streams) = (self.backend.clone(), Arc::clone(&self.streams));
        let stop = self.stop.clone();
        let work = spawn_blocking(move || {
            if !stop.is_cancelled()
                && let Err(error) = answer(stream, permit, &backend)
            {
                info!(%error, "an export or import was broken off by the command");
            }
            lock(&streams).remove(&number);
        });
        self.tasks.spawn(work);
    }
}

/// Answers the one request of a connection.
fn answer(
    stream: UnixStream,
    permit: Option<OwnedSemaphorePermit>,
    backend: &Backend,
) -> io::Result<()> {
    let mut input = BufReader::new(stream.try_clone()?);
    let output = FrameOutput(Arc::new(Mutex::new(BufWriter::new(stream))));
    let mut line = Vec::new();
    input.by_ref().take(REQUEST_BYTES_MAX).read_until(b'\n', &mut line)?;
    if line.is_empty() {
        // Somebody only wanted to know whether there is a server.
        return Ok(());
    }
    let request: Value = serde_json::from_slice(&line).unwrap_or_default();
    let outcome = match permit {
        Some(_permit) => Handle::current().block_on(act(backend, &request, &mut input, &output)),
        None => Err(anyhow::anyhow!(
            "the server runs {RUNNING_MAX} exports and imports already, or belongs to another user"
        )),
    };
    match outcome {
        Ok(end) => output.frame(FrameKind::End, end.to_string().as_bytes()),
        Err(error) => output.frame(FrameKind::Failure, format!("{error:#}").as_bytes()),
    }
}

/// The answer of a connection. Several parts of the work write to it by turns.
#[derive(Clone)]
struct FrameOutput(Arc<Mutex<BufWriter<UnixStream>>>);

impl FrameOutput {
    fn frame(&self, kind: FrameKind, content: &[u8]) -> io::Result<()> {
        let mut output = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        write_frame(&mut *output, kind, content)?;
        if kind == FrameKind::Data { Ok(()) } else { output.flush() }
    }
}

/// Writes data.
impl Write for FrameOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.frame(FrameKind::Data, bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).flush()
    }
}

async fn act(
    backend: &Backend,
    request: &Value,
    input: &mut BufReader<UnixStream>,
    output: &FrameOutput,
) -> Result<Value> {
    match request["act"].as_str() {
        Some("tenants") => {
            let tenants = tenants_in(&*backend.storage).await?;
            Ok(tenants.iter().map(|tenant| tenant.number()).collect())
        }
        Some("export") => export(backend, request, output).await,
        Some("verify") => {
            let mut report = |text: String| {
                // If nobody reads, writing the result reports it.
                let _ = output.frame(FrameKind::Message, text.as_bytes());
            };
            let compared = compare(&*backend.storage, &mut report).await?;
            Ok(serde_json::to_value(compared)?)
        }
        Some("import") => {
            let is_set = |name| is_set_in(request, name);
            let importing = Importing {
                storage: &*backend.storage,
                service: &backend.service,
                tenant: tenant_of(request)?,
                name: request["name"].as_str(),
                version: request["version"].as_str().map(str::parse).transpose()?,
                ignores_quota: is_set("ignore_quota"),
                keeps_old_iris: is_set("keep_old_iris"),
            };
            let file = request["file"].as_str().unwrap_or_default().to_owned();
            let mut watch = FrameWatch { file, output: output.clone() };
            let imported = import(&importing, input, &mut watch).await?;
            Ok(serde_json::to_value(imported)?)
        }
        _ => bail!("the server does not know this request: it has another release"),
    }
}

/// Whether a request sets an option.
fn is_set_in(request: &Value, name: &str) -> bool {
    request[name].as_bool() == Some(true)
}

fn tenant_of(request: &Value) -> Result<TenantId> {
    let number = request["tenant"].as_u64().and_then(|number| u32::try_from(number).ok());
    number.and_then(TenantId::new).context("the request names no tenant")
}

async fn export(backend: &Backend, request: &Value, output: &FrameOutput) -> Result<Value> {
    let is_set = |name| is_set_in(request, name);
    let tenant = tenant_of(request)?;
    let export = Export {
        tenant,
        after: 0,
        leave_out_voided: is_set("without_voided"),
        damaged: if is_set("skip_damaged") { Damaged::LeaveOut } else { Damaged::Stop },
    };
    let messages = output.clone();
    let mut watch = |now: ExportProgress| {
        if let ExportProgress::LeftOut { sequence, place } = now {
            let text = left_out_text(tenant, sequence, &place);
            // If nobody reads, writing the statements reports it.
            let _ = messages.frame(FrameKind::Message, text.as_bytes());
        }
    };
    let mut data = BufWriter::with_capacity(1 << 16, output.clone());
    let exported = acta_exchange::export(&*backend.storage, export, &mut data, &mut watch).await?;
    Ok(serde_json::to_value(exported)?)
}

/// Sends progress and problems.
struct FrameWatch {
    file: String,
    output: FrameOutput,
}

impl Watch for FrameWatch {
    fn progress(&mut self, bytes: u64) {
        // If nobody reads, the end of the input ends the import.
        let _ = self.output.frame(FrameKind::Progress, &bytes.to_le_bytes());
    }

    fn problem(&mut self, line: u64, problem: Problem) {
        let text = problem_text(&format!("{}:{line}", self.file), problem);
        let _ = self.output.frame(FrameKind::Message, text.as_bytes());
    }
}
