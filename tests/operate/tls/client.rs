//! A client that speaks TLS, and HTTP/1.1 over it.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use acta_tests::Response;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion,
};

/// Longest wait for a piece of an answer.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// A version of TLS.
pub(crate) type TlsVersion = &'static SupportedProtocolVersion;

/// Every version that is served.
pub(crate) const EVERY_VERSION: [TlsVersion; 2] = [&TLS12, &TLS13];

/// Connects to `localhost` at an address, and trusts one authority.
#[derive(Clone)]
pub(crate) struct TlsClient {
    config: Arc<ClientConfig>,
    address: SocketAddr,
}

/// An encrypted connection.
pub(crate) struct TlsConnection(StreamOwned<ClientConnection, TcpStream>);

impl TlsClient {
    /// A client that trusts the authority with the certificate in a file.
    pub(crate) fn new(address: SocketAddr, authority: &Path) -> Self {
        Self::with_versions(address, authority, &EVERY_VERSION)
    }

    /// One that speaks these versions of TLS alone.
    pub(crate) fn with_versions(
        address: SocketAddr,
        authority: &Path,
        versions: &[TlsVersion],
    ) -> Self {
        Self { config: Arc::new(config(roots_in(authority), versions)), address }
    }

    /// A new connection, after its handshake.
    pub(crate) fn connect(&self) -> io::Result<TlsConnection> {
        let mut socket = TcpStream::connect(self.address)?;
        socket.set_read_timeout(Some(READ_TIMEOUT))?;
        let name = "localhost".try_into().unwrap();
        let mut session =
            ClientConnection::new(Arc::clone(&self.config), name).map_err(io::Error::other)?;
        while session.is_handshaking() {
            session.complete_io(&mut socket)?;
        }
        Ok(TlsConnection(StreamOwned::new(session, socket)))
    }

    /// The answer to one request on a connection of its own.
    pub(crate) fn get(&self, path: &str) -> io::Result<Response> {
        self.connect()?.get(path)
    }

    /// The certificate that the server shows on a new connection.
    pub(crate) fn shown_certificate(&self) -> Vec<u8> {
        let connection = self.connect().unwrap();
        connection.0.conn.peer_certificates().unwrap()[0].to_vec()
    }
}

impl TlsConnection {
    /// The version of TLS, such as `TLSv1_3`.
    pub(crate) fn version(&self) -> String {
        format!("{:?}", self.0.conn.protocol_version().unwrap())
    }

    /// The answer to a request without a body.
    pub(crate) fn get(&mut self, path: &str) -> io::Result<Response> {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n"), "")
    }

    /// The answer to a request whose head is without its length.
    pub(crate) fn send(&mut self, head: &str, body: &str) -> io::Result<Response> {
        let request = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
        self.0.write_all(request.as_bytes())?;
        self.0.flush()?;
        let mut answer = Vec::new();
        while !is_whole(&answer) {
            let mut piece = [0; 4096];
            match self.0.read(&mut piece)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => answer.extend_from_slice(&piece[..count]),
            }
        }
        Ok(Response::parse(&answer))
    }
}

/// Whether an answer has its head, and a body of the length in it.
fn is_whole(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer).to_ascii_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.map_or(0, |length| length.parse().unwrap());
    length <= body.len()
}

/// Whether a server at an address answers the handshake: it does once it is ready. Its certificate
/// is of no authority that is trusted here.
pub(crate) fn is_ready(address: SocketAddr) -> bool {
    let config = Arc::new(config(RootCertStore::empty(), &EVERY_VERSION));
    let refused = TlsClient { config, address }.connect().err();
    refused.is_some_and(|error| error.kind() == io::ErrorKind::InvalidData)
}

/// The settings of a client that trusts one authority and asks for HTTP/2.
pub(crate) fn http2_config(authority: &Path) -> ClientConfig {
    let mut config = config(roots_in(authority), &EVERY_VERSION);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config
}

fn roots_in(authority: &Path) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(authority).unwrap() {
        roots.add(certificate.unwrap()).unwrap();
    }
    roots
}

fn config(roots: RootCertStore, versions: &[TlsVersion]) -> ClientConfig {
    ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}
