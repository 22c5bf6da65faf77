//! HTTP requests to a provider.

use std::error::Error as _;
use std::net::IpAddr;
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{RequestBuilder, Response, StatusCode};
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use url::{Host, Url};

use super::FetchError;

/// Longest response that is read, in bytes.
pub(crate) const ANSWER_BYTES_MAX: usize = 256 << 10;

/// A permitted URL: https, or on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint(Url);

impl Endpoint {
    /// Parses `text`; none if it is not a permitted URL.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let is_plain = url.username().is_empty() && url.password().is_none();
        let is_safe = match url.scheme() {
            "https" => true,
            "http" => is_loopback(&url),
            _ => false,
        };
        (is_plain && is_safe && url.fragment().is_none()).then_some(Self(url))
    }

    pub(crate) fn url(&self) -> &Url {
        &self.0
    }

    /// Whether `self` is as secure as `other`: an https issuer must not refer to anything less
    /// secure.
    pub(crate) fn is_as_safe_as(&self, other: &Self) -> bool {
        self.0.scheme() == "https" || other.0.scheme() == "http"
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => false,
    }
}

/// HTTP/1.1 with the cryptography and root certificates of the rest of the server.
#[derive(Clone, Debug)]
pub(crate) struct Transport(reqwest::Client);

/// The response of a provider.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Vec<u8>,
}

impl Transport {
    /// A transport without connections, whose responses may take `timeout`.
    ///
    /// # Errors
    ///
    /// The cryptography or the client cannot be initialised.
    pub(crate) fn new(timeout: Duration) -> Result<Self, FetchError> {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls()?)
            .redirect(Policy::none())
            .http1_only()
            .no_proxy()
            .referer(false)
            .timeout(timeout)
            .build();
        client.map(Self).map_err(|error| unreachable(&error))
    }

    /// Sends a GET request to `endpoint`, with an access token if there is one.
    pub(crate) async fn find(
        &self,
        endpoint: &Endpoint,
        token: Option<&str>,
    ) -> Result<Vec<u8>, FetchError> {
        let request = self.0.get(endpoint.0.clone());
        let answer = send(authorized(request, "Bearer", token)?).await?;
        if answer.status == StatusCode::OK {
            Ok(answer.body)
        } else {
            Err(FetchError::Status(answer.status.as_u16()))
        }
    }

    /// Sends a form, with Basic credentials if there are any, already encoded.
    pub(crate) async fn send(
        &self,
        endpoint: &Endpoint,
        form: String,
        credentials: Option<&str>,
    ) -> Result<Answer, FetchError> {
        let request = self.0.post(endpoint.0.clone()).body(form);
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        send(authorized(request, "Basic", credentials)?).await
    }
}

fn authorized(
    request: RequestBuilder,
    scheme: &str,
    value: Option<&str>,
) -> Result<RequestBuilder, FetchError> {
    let Some(value) = value else { return Ok(request) };
    let header = HeaderValue::try_from(format!("{scheme} {value}"));
    let mut header = header.map_err(|error| FetchError::Unreadable(error.to_string()))?;
    header.set_sensitive(true);
    Ok(request.header(AUTHORIZATION, header))
}

async fn send(request: RequestBuilder) -> Result<Answer, FetchError> {
    let request = request.header(ACCEPT, "application/json");
    let response = request.send().await.map_err(|error| unreachable(&error))?;
    let status = response.status();
    Ok(Answer { status, body: read(response).await? })
}

async fn read(mut response: Response) -> Result<Vec<u8>, FetchError> {
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(|error| unreachable(&error))? {
        if ANSWER_BYTES_MAX < body.len() + piece.len() {
            return Err(FetchError::TooLong(ANSWER_BYTES_MAX));
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

/// All causes in one text, because their types are internal to the client.
fn unreachable(error: &reqwest::Error) -> FetchError {
    let mut text = if error.is_timeout() { "timeout" } else { "" }.to_owned();
    let mut cause = error.source();
    while let Some(error) = cause {
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&error.to_string());
        cause = error.source();
    }
    FetchError::Unreachable(text)
}

fn tls() -> Result<ClientConfig, FetchError> {
    let mut roots = RootCertStore::empty();
    // Without any root certificates, the first request fails with an error.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let config = ClientConfig::builder_with_provider(default_provider().into())
        .with_safe_default_protocol_versions()
        .map_err(|error| FetchError::Unreachable(error.to_string()))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permits_only_https_or_this_machine() {
        let table = [
            ("https://id.example.org", true),
            ("https://id.example.org:8443/realms/a?b=c", true),
            ("http://127.0.0.1:8080", true),
            ("http://[::1]:8080", true),
            ("http://localhost/a", true),
            ("http://id.example.org", false),
            ("http://127.0.0.1.example.org", false),
            ("http://10.0.0.1", false),
            ("https://user@id.example.org", false),
            ("https://user:secret@id.example.org", false),
            ("https://id.example.org/#a", false),
            ("file:///etc/passwd", false),
            ("id.example.org", false),
            ("", false),
        ];
        for (text, is_permitted) in table {
            assert_eq!(Endpoint::parse(text).is_some(), is_permitted, "address: {text}");
        }
    }

    #[test]
    fn refuses_less_secure_urls_than_https() {
        let [https, http] = ["https://id.example.org", "http://127.0.0.1:1"]
            .map(|url| Endpoint::parse(url).unwrap());
        assert!(https.is_as_safe_as(&http));
        assert!(https.is_as_safe_as(&https));
        assert!(http.is_as_safe_as(&http));
        assert!(!http.is_as_safe_as(&https));
    }
}
