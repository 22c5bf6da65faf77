//! The command line as a client of the admin API.
//!
//! If this process can open the store, requests are answered in process. If a server has the
//! directory open, they go over its control socket. The response is the same in both cases, and the
//! operator of the machine needs no credentials. With `--url`, they go to that server over the
//! network, with a credential.

mod address;
mod arguments;
mod client;
mod format;
mod network;
mod refusal;
mod socket;
mod table;
mod typed;

use std::io::{ErrorKind, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use acta_config::Config;
use acta_http::App;
use acta_storage_embedded::{OpenError, reach_control};
use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Body;
use hyper::header::{CONTENT_TYPE, HeaderValue, IF_MATCH};
use hyper::{Method, Request, Response};
use serde_json::Value;

use crate::wire::{Engine, IfMissing, ServerFacts, Store};
use socket::{Connection, TIMEOUT};

pub(crate) use address::Address;
pub(crate) use arguments::{Clearable, Expiry, Switch};
pub(crate) use client::{Client, Common, OfTenant, Output, whole};
pub(crate) use format::{fields, table};
pub(crate) use refusal::Refusal;
pub(crate) use table::Table;
pub(crate) use typed::remember;

/// Where the API is.
const BASE: &str = "/api/v1";

/// A connection to the admin API of a store.
pub(crate) struct Admin(Transport);

/// Whether a command needs facts, if no server has the store open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FactsNeeded {
    /// No.
    No,
    /// As they are.
    AsTheyAre,
    /// With every statement.
    Current,
}

/// How requests are sent.
enum Transport {
    /// In this process, which has the store open.
    InProcess(Box<Store>, App, ServerFacts),
    /// Over the control socket of the server that has it open, or over the network.
    Socket(Connection),
}

impl Admin {
    /// Connects to the configured store, served or not.
    ///
    /// # Errors
    ///
    /// When the store can neither be opened nor reached over a control socket.
    pub(crate) async fn reach(
        config: &Config,
        missing: IfMissing,
        facts: FactsNeeded,
    ) -> Result<Self> {
        if let Some(connection) = connect(config).await? {
            return Ok(Self(Transport::Socket(connection)));
        }
        let in_use = match Store::open(config, missing).await {
            Ok(store) => return Self::in_process(config, store, facts).await,
            Err(error) if is_in_use(&error) => error,
            Err(error) => return Err(error),
        };
        // A server that was just starting may be there now.
        match connect(config).await? {
            Some(connection) => Ok(Self(Transport::Socket(connection))),
            None => Err(in_use).context(
                "the store is in use by a process that does not respond: a server that is starting \
                 or stopping, or another command; try again",
            ),
        }
    }

    /// Connects to the server at `url`, with the credential in a file.
    ///
    /// # Errors
    ///
    /// When it cannot be reached, or the credential has another form.
    pub(crate) async fn reach_url(url: &str, credential: &Path) -> Result<Self> {
        Ok(Self(Transport::Socket(network::connect(url, credential).await?)))
    }

    async fn in_process(config: &Config, store: Store, needed: FactsNeeded) -> Result<Self> {
        store.check_whole().await?;
        let mut facts = match needed {
            FactsNeeded::No => ServerFacts::default(),
            FactsNeeded::AsTheyAre | FactsNeeded::Current => ServerFacts::open_alone(config)?,
        };
        if needed == FactsNeeded::Current
            && let Err(error) = facts.catch_up(&store.storage).await
        {
            facts.stop().await;
            store.close().await?;
            return Err(error);
        }
        let app = store.server_parts(config, usize::MAX, facts.settings()).await?.into_app();
        Ok(Self(Transport::InProcess(Box::new(store), app, facts)))
    }

    /// Waits until facts have every statement, if they are made in this process; returns whether
    /// they are.
    ///
    /// # Errors
    ///
    /// When they cannot be made.
    pub(crate) async fn wait_for_facts(&mut self) -> Result<bool> {
        match &mut self.0 {
            Transport::InProcess(store, _, facts) => {
                facts.catch_up(&store.storage).await.map(|()| true)
            }
            Transport::Socket(_) => Ok(false),
        }
    }

    /// Whether a server answers, and not this process.
    pub(crate) fn is_served(&self) -> bool {
        matches!(self.0, Transport::Socket(_))
    }

    /// The engine, if this process has the store open.
    pub(crate) fn engine(&self) -> Option<&Engine> {
        match &self.0 {
            Transport::InProcess(store, _, _) => Some(&store.engine),
            Transport::Socket(_) => None,
        }
    }

    /// Sends a request and returns the JSON response, null if the body is empty. `path` is relative
    /// to `/api/v1`. Changes are made independent of the version.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when the API refuses, or the cause why there is no response.
    pub(crate) async fn request(
        &mut self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value> {
        self.answer(ask(method, path, body)?).await
    }

    /// As [`Admin::request`], with comma-separated values as the body.
    ///
    /// # Errors
    ///
    /// As [`Admin::request`].
    pub(crate) async fn post_csv(&mut self, path: &str, body: Bytes) -> Result<Value> {
        let mut request = ask(Method::POST, path, None)?;
        *request.body_mut() = body;
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/csv"));
        self.answer(request).await
    }

    async fn answer(&mut self, request: Request<Bytes>) -> Result<Value> {
        let response = self.send(request).await?;
        let status = response.status();
        let text = response.into_body();
        if !status.is_success() {
            return Err(Refusal::read(status.as_u16(), &text).into());
        }
        if text.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&text).context("the server did not respond with JSON")
    }

    /// Sends a request and streams the response to `output`.
    ///
    /// # Errors
    ///
    /// As [`Admin::request`]; and when writing to `output` fails.
    pub(crate) async fn download(&mut self, path: &str, output: &mut dyn Write) -> Result<()> {
        let request = ask(Method::GET, path, None)?;
        match &mut self.0 {
            Transport::InProcess(_, app, _) => {
                receive(app.stream_operator(request).await, output).await
            }
            Transport::Socket(connection) => receive(connection.open(request).await?, output).await,
        }
    }

    async fn send(&mut self, request: Request<Bytes>) -> Result<Response<Bytes>> {
        match &mut self.0 {
            Transport::InProcess(_, app, _) => Ok(app.answer_operator(request).await),
            Transport::Socket(connection) => connection.send(request).await,
        }
    }

    /// Closes the store, if it was opened here.
    pub(crate) async fn close(self) -> Result<()> {
        match self.0 {
            Transport::InProcess(store, app, facts) => {
                drop(app);
                facts.stop().await;
                store.close().await
            }
            Transport::Socket(_) => Ok(()),
        }
    }
}

/// Streams a response to `output`.
async fn receive<B>(response: Response<B>, output: &mut dyn Write) -> Result<()>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    let status = response.status();
    let mut body = response.into_body();
    if !status.is_success() {
        let text = body.collect().await.context("the server closed the connection")?.to_bytes();
        return Err(Refusal::read(status.as_u16(), &text).into());
    }
    loop {
        let frame = tokio::time::timeout(TIMEOUT, body.frame()).await;
        let Some(frame) = frame.context("the server does not respond")? else { break };
        if let Ok(piece) = frame.context("the server closed the connection")?.into_data() {
            output.write_all(&piece)?;
        }
    }
    Ok(output.flush()?)
}

/// Connects to the server that has the store open; none if there is no server.
async fn connect(config: &Config) -> Result<Option<Connection>> {
    match reach_server(config, reach_control)? {
        Some(stream) => Connection::over(stream).await.map(Some),
        None => Ok(None),
    }
}

/// Connects to a socket of the server that has the store open; none if there is no server, or the
/// store is in a database.
///
/// # Errors
///
/// When the server does not accept this user, or the system reports something else.
pub(crate) fn reach_server(
    config: &Config,
    reach: fn(&Path) -> std::io::Result<UnixStream>,
) -> Result<Option<UnixStream>> {
    /// There is no server. Any other problem with the directory is reported when it is opened.
    const ABSENT: [ErrorKind; 3] =
        [ErrorKind::NotFound, ErrorKind::ConnectionRefused, ErrorKind::NotADirectory];

    if config.database.is_some() {
        return Ok(None);
    }
    match reach(&config.data) {
        Ok(stream) => Ok(Some(stream)),
        Err(error) if ABSENT.contains(&error.kind()) => Ok(None),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            let directory = config.data.display();
            Err(error).with_context(|| {
                format!(
                    "the server that has {directory} open accepts commands only from its own user \
                     and from root"
                )
            })
        }
        Err(error) => Err(error).context("cannot connect to the server"),
    }
}

/// Whether another process has the store open.
fn is_in_use(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(OpenError::InUse { .. }))
}

fn ask(method: Method, path: &str, body: Option<&Value>) -> Result<Request<Bytes>> {
    let Ok(uri) = format!("{BASE}{path}").parse::<hyper::Uri>() else {
        bail!("{path:?} is not a path of the admin API");
    };
    let text = body.map(Value::to_string).unwrap_or_default();
    let mut request = Request::new(Bytes::from(text));
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    if [Method::PUT, Method::PATCH, Method::DELETE].contains(request.method()) {
        // The operator at the machine changes the current version, whatever it is.
        request.headers_mut().insert(IF_MATCH, HeaderValue::from_static("*"));
    }
    if body.is_some() {
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert(CONTENT_TYPE, json);
    }
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_complete_and_go_only_to_the_api() {
        let body = serde_json::json!({ "name": "a" });
        let request = ask(Method::PATCH, "/tenants/1?x=%20", Some(&body)).unwrap();
        assert_eq!(request.uri(), "/api/v1/tenants/1?x=%20");
        assert_eq!(request.headers()["content-type"], "application/json");
        assert_eq!(request.headers()["if-match"], "*");
        assert_eq!(request.body().as_ref(), br#"{"name":"a"}"#);
        let request = ask(Method::GET, "/server", None).unwrap();
        assert!(request.headers().is_empty() && request.body().is_empty());
        assert!(ask(Method::GET, "/a b", None).is_err());
    }
}
