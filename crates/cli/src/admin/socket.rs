//! HTTP over a connection to a server, such as its control socket.

use std::os::unix::net::UnixStream;
use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, HOST, HeaderValue};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

/// How long the server may take to respond.
pub(super) const TIMEOUT: Duration = Duration::from_mins(1);

/// Longest response, in bytes: 64 MiB.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// What fails when a connection cannot be started.
const START: &str = "cannot start an HTTP connection to the server";

/// A connection to a server for consecutive requests.
pub(super) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    /// The task of the connection.
    driver: JoinHandle<()>,
    host: HeaderValue,
    authorization: Option<HeaderValue>,
}

impl Connection {
    /// Starts an HTTP connection over a control socket.
    pub(super) async fn over(stream: UnixStream) -> Result<Self> {
        stream.set_nonblocking(true).context(START)?;
        let stream = tokio::net::UnixStream::from_std(stream).context(START)?;
        // HTTP/1.1 requires a host, and a socket has none.
        Self::start(stream, HeaderValue::from_static("localhost"), None).await
    }

    /// Starts an HTTP connection over `stream`, whose requests have these headers.
    pub(super) async fn start(
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        host: HeaderValue,
        authorization: Option<HeaderValue>,
    ) -> Result<Self> {
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.context(START)?;
        let driver = TaskTracker::new().spawn(async move {
            // The error is also returned to the pending request.
            let _ = connection.await;
        });
        Ok(Self { sender, driver, host, authorization })
    }

    /// Sends a request and reads the whole response.
    pub(super) async fn send(&mut self, request: Request<Bytes>) -> Result<Response<Bytes>> {
        let (parts, body) = self.open(request).await?.into_parts();
        let reading = Limited::new(body, ANSWER_BYTES_MAX).collect();
        let body = tokio::time::timeout(TIMEOUT, reading).await;
        let body = body.context("the server does not respond")?;
        let body = body.map_err(|error| anyhow::anyhow!(error)).context(
            "the server closed the \
                                                                         connection",
        )?;
        Ok(Response::from_parts(parts, body.to_bytes()))
    }

    /// Sends a request and reads the head of the response.
    pub(super) async fn open(&mut self, request: Request<Bytes>) -> Result<Response<Incoming>> {
        let mut request = request.map(Full::new);
        let headers = request.headers_mut();
        headers.insert(HOST, self.host.clone());
        headers.extend(self.authorization.clone().map(|value| (AUTHORIZATION, value)));
        let exchange = async {
            self.sender.ready().await?;
            self.sender.send_request(request).await
        };
        let answered = tokio::time::timeout(TIMEOUT, exchange).await;
        answered.context("the server does not respond")?.context("the server closed the connection")
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}
