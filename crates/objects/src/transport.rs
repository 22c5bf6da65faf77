//! The HTTP client for requests to object storage.

use std::time::Duration;

use object_store::ClientOptions;
use object_store::client::{HttpClient, HttpConnector};
use reqwest::redirect::Policy;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::AddressError;

/// The timeout for opening a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The timeout for the next bytes of a response.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// HTTP/1.1 with the same cryptography and certificate authorities as everything else here.
///
/// Redirects are not followed: content goes to the configured service and nowhere else.
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
            .redirect(Policy::none())
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

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::{SocketAddr, TcpListener, TcpStream};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use bytes::Bytes;

    use crate::{Bucket, ObjectError, ObjectOptions};

    /// A service that redirects every request to another path of its own, and counts them.
    fn redirecting(status: u16) -> (SocketAddr, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        std::thread::spawn(move || redirect_all(&listener, status, &counted));
        (address, count)
    }

    fn redirect_all(listener: &TcpListener, status: u16, count: &AtomicUsize) {
        let address = listener.local_addr().unwrap();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            receive(&stream);
            count.fetch_add(1, Ordering::SeqCst);
            let head = format!(
                "HTTP/1.1 {status} Elsewhere\r\nLocation: http://{address}/elsewhere\r\n\
                 Content-Length: 0\r\nConnection: close\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).unwrap();
        }
    }

    /// Reads a request to its end.
    fn receive(stream: &TcpStream) {
        let mut reader = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line.is_empty() {
                break;
            }
        }
        let mut content = vec![0; length];
        reader.read_exact(&mut content).unwrap();
    }

    fn at(address: SocketAddr) -> ObjectOptions {
        ObjectOptions {
            url: "s3://bucket/prefix".to_owned(),
            endpoint: Some(format!("http://{address}")),
            region: ObjectOptions::REGION.to_owned(),
            access_key: "key".to_owned(),
            secret_key: "secret".to_owned(),
            allow_http: true,
        }
    }

    #[tokio::test]
    async fn redirects_of_object_storage_are_not_followed() {
        for status in [301, 302, 303, 307, 308] {
            let (address, count) = redirecting(status);
            let bucket = Bucket::new(&at(address)).unwrap();
            let stored = bucket.put("key", Bytes::from_static(b"content")).await;
            assert!(matches!(stored, Err(ObjectError::Refused { .. })), "{status}: {stored:?}");
            let opened = bucket.open("key").await;
            assert!(matches!(opened, Err(ObjectError::Refused { .. })), "{status}: {opened:?}");
            assert_eq!(count.load(Ordering::SeqCst), 2, "{status}");
        }
    }
}
