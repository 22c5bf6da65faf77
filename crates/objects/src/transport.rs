//! The HTTP client for requests to object storage.

use std::time::Duration;

use object_store::ClientOptions;
use object_store::client::{HttpClient, HttpConnector};
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::AddressError;

/// The timeout for opening a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The timeout for the next bytes of a response.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// HTTP/1.1 with the same cryptography and certificate authorities as everything else here.
#[derive(Debug)]
pub(crate) struct Transport(reqwest::Client);

impl Transport {
    /// Creates a transport. Does not connect yet.
    ///
    /// # Errors
    ///
    /// [`AddressError::Transport`].
    pub(crate) fn new(allow_http: bool) -> Result<Self, AddressError> {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls()?)
            .https_only(!allow_http)
            .http1_only()
            .no_proxy()
            .referer(false)
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .build()
            .map_err(|error| AddressError::Transport(error.to_string()))?;
        Ok(Self(client))
    }
}

impl HttpConnector for Transport {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.0.clone()))
    }
}

fn tls() -> Result<ClientConfig, AddressError> {
    let mut roots = RootCertStore::empty();
    // Without any, no encrypted service can be verified, and the first request fails.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let config = ClientConfig::builder_with_provider(default_provider().into())
        .with_safe_default_protocol_versions()
        .map_err(|error| AddressError::Transport(error.to_string()))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
