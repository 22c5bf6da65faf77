//! The options of the server.

use std::sync::Arc;
use std::time::Duration;

use acta_xapi::Version;
use hyper::header::HeaderValue;
use ipnet::IpNet;

/// The limits of sizes and times.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// Largest JSON text of statements, in bytes.
    pub statements_bytes_max: usize,
    /// Largest document, in bytes.
    pub document_bytes_max: usize,
    /// Largest attachment, in bytes.
    pub attachment_bytes_max: u64,
    /// Largest request with attachments, in bytes.
    pub multipart_bytes_max: u64,
    /// Most parts of a request with attachments.
    pub parts_max: usize,
    /// Largest headers of a part, in bytes.
    pub part_head_bytes_max: usize,
    /// Maximum ratio of the decompressed to the compressed size of a body.
    pub unpacked_ratio_max: u64,
    /// Largest id of a document, in bytes.
    pub document_id_bytes_max: usize,
    /// Largest head of a request, in bytes.
    pub head_bytes_max: usize,
    /// Largest address of a request, in bytes.
    pub url_bytes_max: usize,
    /// Most parameters of a request.
    pub parameters_count_max: usize,
    /// Largest form that is held in memory before it is authenticated, in bytes.
    pub anonymous_bytes_max: usize,
    /// Most requests without a valid credential from one network address within a minute.
    pub anonymous_count_max: usize,
    /// Most bytes of bodies and pages in memory, for all requests together. One eighth of it is for
    /// forms that are not authenticated yet.
    pub memory_bytes_max: usize,
    /// How long the head of a request may take to arrive.
    pub head_timeout: Duration,
    /// How long a connection may stay open between two requests.
    pub idle_timeout: Duration,
    /// The period in which a body must make progress.
    pub body_timeout: Duration,
    /// The period in which the client must read on.
    pub write_timeout: Duration,
    /// Bytes per second that must arrive or be read within those periods.
    pub rate_bytes_min: u64,
    /// How long requests in progress may take after a shutdown was requested.
    pub drain_timeout: Duration,
    /// Most open connections. To make room, those that have been idle or incomplete for the longest
    /// time are closed.
    pub connections_max: usize,
    /// Most requests in progress. Further requests are refused as busy.
    pub requests_max: usize,
    /// Most open event streams.
    pub streams_max: usize,
    /// Most open event streams of one tenant.
    pub tenant_streams_max: usize,
    /// Most open event streams of one person or credential.
    pub requester_streams_max: usize,
}

/// The allowed origins of pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origins {
    /// Every origin.
    Any,
    /// These origins, each such as `https://a.example`, in lower case.
    Listed(Vec<String>),
}

/// Names of query parameters that are ignored, for clients that send those of their own address.
#[derive(Clone, Debug, Default)]
pub struct IgnoredParameters(Arc<[String]>);

impl IgnoredParameters {
    /// These names; one that ends with `*` stands for all names that begin with it.
    pub fn new(names: &[String]) -> Self {
        Self(names.into())
    }

    /// Whether the parameter `name` is ignored.
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|known| match known.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => known == name,
        })
    }
}

/// How much of the address of a client is in log lines about refused requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoggedAddress {
    /// Nothing.
    #[default]
    None,
    /// Its network: 24 bits of an IPv4 address, 48 of an IPv6 address.
    Network,
    /// All of it.
    Full,
}

/// The versions of HTTP that the server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpVersions {
    /// HTTP/1.1, and 1.0.
    One,
    /// Also HTTP/2, for clients of the network that ask for it.
    OneAndTwo,
}

/// What holds if the server speaks TLS itself.
#[derive(Clone, Copy, Debug)]
pub struct TlsOptions {
    /// How long browsers may use only https for the host of the server; zero for no such demand.
    pub hsts_max_age: Duration,
}

impl TlsOptions {
    /// The value of `Strict-Transport-Security`; none if there is no demand.
    ///
    /// Spec: RFC 6797, 6.1.
    pub(crate) fn hsts(self) -> Option<HeaderValue> {
        let seconds = self.hsts_max_age.as_secs();
        let value = (seconds != 0).then(|| format!("max-age={seconds}"));
        value.and_then(|value| HeaderValue::try_from(value).ok())
    }
}

/// The options of the HTTP server.
#[derive(Clone, Debug)]
pub struct Options {
    /// The xAPI version in responses to requests without a version.
    pub default_version: Version,
    /// The allowed origins of pages.
    pub origins: Origins,
    /// The public URL of the server, without a slash at the end, if it is known.
    pub public_url: Option<String>,
    /// Parameters of requests to xAPI that are ignored.
    pub ignored_parameters: IgnoredParameters,
    /// Trusted proxies.
    pub trusted_proxies: Vec<IpNet>,
    /// How much of the address of a client is logged.
    pub logged_address: LoggedAddress,
    /// The versions of HTTP.
    pub versions: HttpVersions,
    /// What holds if the server speaks TLS itself; none if it does not.
    pub tls: Option<TlsOptions>,
    /// How long connections are still accepted after a shutdown was requested.
    pub drain_delay: Duration,
    /// The limits of sizes and times.
    pub bounds: Bounds,
}

impl Options {
    /// Whether browsers reach the server by https: through its own TLS, or that of a proxy.
    pub fn is_secure(&self) -> bool {
        let is_https = |url: &String| url.starts_with("https://");
        self.tls.is_some() || self.public_url.as_ref().is_some_and(is_https)
    }
}

/// The bytes at a rate per second in a period.
pub(crate) fn bytes_in(rate_bytes: u64, span: Duration) -> u64 {
    let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    rate_bytes.saturating_mul(millis) / 1000
}
