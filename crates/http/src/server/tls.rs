//! TLS: the certificate that the server shows, which can be replaced while it runs.
//!
//! A new certificate holds for connections that are accepted from then on. Those that are open go
//! on with theirs.

use std::io;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio_rustls::server::TlsStream;

use crate::options::HttpVersions;

/// How connections are encrypted: TLS 1.2 or 1.3, with one certificate at a time.
#[derive(Clone, Debug)]
pub struct Encryption {
    config: Arc<RwLock<Arc<ServerConfig>>>,
    versions: HttpVersions,
}

/// The name of HTTP/2 in the handshake, which is preferred.
///
/// Spec: RFC 7301, 6; RFC 9113, 3.2.
pub(crate) const ALPN_HTTP2: &[u8] = b"h2";

/// The name of HTTP/1.1 in the handshake.
const ALPN_HTTP1: &[u8] = b"http/1.1";

impl Encryption {
    /// With this certificate and its key, for these versions of HTTP.
    pub fn new(key: CertifiedKey, versions: HttpVersions) -> Self {
        let config = Arc::new(RwLock::new(configure(key, versions)));
        Self { config, versions }
    }

    /// Uses another certificate for connections that are accepted from now on. Sessions that began
    /// with the one before are not resumed.
    pub fn replace(&self, key: CertifiedKey) {
        let next = configure(key, self.versions);
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = next;
    }

    /// The handshake on a connection.
    pub(crate) async fn accept<S>(&self, stream: S) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let config = Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner));
        TlsAcceptor::from(config).accept(stream).await
    }
}

fn configure(key: CertifiedKey, versions: HttpVersions) -> Arc<ServerConfig> {
    let provider = Arc::new(ring::default_provider());
    let builder =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    #[expect(clippy::expect_used, reason = "the provider has cipher suites for both versions")]
    let builder = builder.expect("TLS 1.2 and 1.3 are supported").with_no_client_auth();
    let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(key)));
    config.alpn_protocols = match versions {
        HttpVersions::One => vec![ALPN_HTTP1.to_vec()],
        HttpVersions::OneAndTwo => vec![ALPN_HTTP2.to_vec(), ALPN_HTTP1.to_vec()],
    };
    Arc::new(config)
}
