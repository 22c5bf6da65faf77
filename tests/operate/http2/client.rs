//! A client that speaks HTTP/2, frame by frame if need be.

use std::net::SocketAddr;
use std::sync::Arc;

use acta_tests::basic;
use acta_tests::server::{KEY, SECRET};
use bytes::Bytes;
use h2::client::{Builder, SendRequest};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use ureq::http::{HeaderMap, Request};

/// A connection with HTTP/2.
pub(crate) struct Http2 {
    sender: SendRequest<Bytes>,
    /// Moves the frames, until the connection ends.
    driver: JoinSet<Result<(), h2::Error>>,
}

/// What the server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Http2 {
    /// A connection without TLS, by prior knowledge.
    pub(crate) async fn plain(address: SocketAddr) -> Self {
        Self::plain_with(address, &Builder::new()).await
    }

    /// The same, of a client with these settings.
    pub(crate) async fn plain_with(address: SocketAddr, settings: &Builder) -> Self {
        Self::over(TcpStream::connect(address).await.unwrap(), settings).await
    }

    /// A connection over TLS, for which HTTP/2 is selected.
    pub(crate) async fn secure(address: SocketAddr, config: ClientConfig) -> Self {
        let socket = TcpStream::connect(address).await.unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        let stream = connector.connect("localhost".try_into().unwrap(), socket).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        Self::over(stream, &Builder::new()).await
    }

    /// A connection over a stream, of a client with these settings.
    pub(crate) async fn over<S>(stream: S, settings: &Builder) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (sender, connection) = settings.handshake(stream).await.unwrap();
        let mut driver = JoinSet::new();
        driver.spawn(connection);
        Self { sender, driver }
    }

    /// The answer to a request, with a body or none.
    pub(crate) async fn send(
        &self,
        request: Request<()>,
        body: Option<Vec<u8>>,
    ) -> Result<Answer, h2::Error> {
        let mut sender = self.sender.clone().ready().await?;
        let (response, mut stream) = sender.send_request(request, body.is_none())?;
        if let Some(body) = body {
            stream.send_data(body.into(), true)?;
        }
        let (head, mut body) = response.await?.into_parts();
        let mut all = Vec::new();
        while let Some(piece) = body.data().await {
            let piece = piece?;
            body.flow_control().release_capacity(piece.len())?;
            all.extend_from_slice(&piece);
        }
        Ok(Answer { status: head.status.as_u16(), headers: head.headers, body: all })
    }

    /// The status of the answer to a request without a body.
    pub(crate) async fn status(&self, request: Request<()>) -> Result<u16, h2::Error> {
        let mut sender = self.sender.clone().ready().await?;
        let (response, _stream) = sender.send_request(request, true)?;
        Ok(response.await?.status().as_u16())
    }

    /// The answer to a request without a body.
    pub(crate) async fn get(&self, path: &str) -> Result<Answer, h2::Error> {
        self.send(request("GET", path), None).await
    }

    /// What requests are sent with.
    pub(crate) async fn ready(&self) -> Result<SendRequest<Bytes>, h2::Error> {
        self.sender.clone().ready().await
    }

    /// How the connection ends, which it does by itself.
    pub(crate) async fn ended(mut self) -> Result<(), h2::Error> {
        let ended = self.driver.join_next().await;
        ended.unwrap().unwrap()
    }
}

/// A request with a credential to a server by the name `localhost`.
pub(crate) fn request(method: &str, path: &str) -> Request<()> {
    Request::builder()
        .method(method)
        .uri(format!("http://localhost{path}"))
        .header("authorization", basic(KEY, SECRET))
        .header("x-experience-api-version", "2.0.0")
        .body(())
        .unwrap()
}
