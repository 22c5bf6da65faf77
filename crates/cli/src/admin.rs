//! The command line as a client of the admin API.
//!
//! A store that this process can open is asked in process. One in a directory that a server
//! has open is asked over the server's control socket. Either way the answer is the same, and
//! the operator of the machine needs no credentials.

mod refusal;
mod socket;
mod table;

use std::io::ErrorKind;

use acta_config::Config;
use acta_http::App;
use acta_storage_embedded::{OpenError, reach_control};
use anyhow::{Context, Result, anyhow, bail};
use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response};
use serde_json::Value;

use crate::wire::{self, Missing, Store};
use socket::Connection;

pub(crate) use refusal::Refusal;
pub(crate) use table::Table;

/// Where the API is.
const BASE: &str = "/api/v1";

/// A store whose admin API can be asked.
pub(crate) struct Admin(Way);

/// How it is asked.
enum Way {
    /// In this process, which has the store open.
    InProcess(Box<Store>, App),
    /// Over the control socket of the server that has it open.
    Socket(Connection),
}

impl Admin {
    /// Reaches the store that `config` names, served or not.
    ///
    /// # Errors
    ///
    /// When it can neither be opened nor asked over a socket.
    pub(crate) async fn reach(config: &Config, missing: Missing) -> Result<Self> {
        if let Some(connection) = connect(config).await? {
            return Ok(Self(Way::Socket(connection)));
        }
        let in_use = match Store::open(config, missing).await {
            Ok(store) => return Self::in_process(config, store).await,
            Err(error) if is_in_use(&error) => error,
            Err(error) => return Err(error),
        };
        // A server that was just starting may be there now.
        match connect(config).await? {
            Some(connection) => Ok(Self(Way::Socket(connection))),
            None => Err(in_use).context(
                "the store is held by a process that does not answer: a server that starts or \
                 stops, or another command; try again",
            ),
        }
    }

    async fn in_process(config: &Config, store: Store) -> Result<Self> {
        store.check_whole().await?;
        let authenticator = store.authenticator(config).await?;
        let options = wire::http_options(config, usize::MAX);
        let app = App::new(store.http_parts(authenticator, options));
        Ok(Self(Way::InProcess(Box::new(store), app)))
    }

    /// Asks the API and gives its answer, which is null when there is none to read. `path` is
    /// what stands behind `/api/v1`.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when the API refuses, or what kept the answer from coming.
    pub(crate) async fn request(
        &mut self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value> {
        let response = self.send(ask(method, path, body)?).await?;
        let status = response.status();
        let text = response.into_body();
        if !status.is_success() {
            return Err(Refusal::read(status.as_u16(), &text).into());
        }
        if text.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&text).context("the server answered with something else than JSON")
    }

    async fn send(&mut self, request: Request<Bytes>) -> Result<Response<Bytes>> {
        match &mut self.0 {
            Way::InProcess(_, app) => Ok(app.answer_operator(request).await),
            Way::Socket(connection) => connection.send(request).await,
        }
    }

    /// Closes the store, if it was opened here.
    pub(crate) async fn close(self) -> Result<()> {
        match self.0 {
            Way::InProcess(store, app) => {
                drop(app);
                store.close().await
            }
            Way::Socket(_) => Ok(()),
        }
    }
}

/// Reaches the server that has the store open; none if there is none.
async fn connect(config: &Config) -> Result<Option<Connection>> {
    if config.database.is_some() {
        return Ok(None);
    }
    let stream = match reach_control(&config.data) {
        Ok(stream) => stream,
        Err(error) => {
            return match error.kind() {
                // What is wrong with the directory, opening it will tell.
                ErrorKind::NotFound | ErrorKind::ConnectionRefused | ErrorKind::NotADirectory => {
                    Ok(None)
                }
                ErrorKind::PermissionDenied => Err(anyhow!(error).context(format!(
                    "the server that has {} open answers only to its own user and to root",
                    config.data.display()
                ))),
                _ => Err(anyhow!(error).context("cannot reach the server")),
            };
        }
    };
    Connection::over(stream).await.map(Some)
}

/// Whether another process has the store open.
fn is_in_use(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(OpenError::InUse { .. }))
}

fn ask(method: Method, path: &str, body: Option<&Value>) -> Result<Request<Bytes>> {
    let Ok(uri) = format!("{BASE}{path}").parse::<hyper::Uri>() else {
        bail!("{path:?} is no address of the admin API");
    };
    let text = body.map(Value::to_string).unwrap_or_default();
    let mut request = Request::new(Bytes::from(text));
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    if body.is_some() {
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert(CONTENT_TYPE, json);
    }
    Ok(request)
}
