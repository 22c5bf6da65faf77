//! What the server can be told to do differently.

use std::time::Duration;

use acta_xapi::Version;
use ipnet::IpNet;

/// How large and how slow things may be.
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
    /// How many times its packed size a body may have.
    pub unpacked_ratio_max: u64,
    /// Largest id of a document, in bytes.
    pub document_id_bytes_max: usize,
    /// Largest head of a request, in bytes.
    pub head_bytes_max: usize,
    /// Largest address of a request, in bytes.
    pub url_bytes_max: usize,
    /// Most parameters of a request.
    pub parameters_count_max: usize,
    /// Largest form that is kept before it is known who sent it, in bytes.
    pub anonymous_bytes_max: usize,
    /// Most bytes of bodies and pages in memory, for all requests together. An eighth of it is
    /// for forms of which it is not yet known who sent them.
    pub memory_bytes_max: usize,
    /// Most statements and bytes of a page, for which room is made before it is read.
    pub page: PageBounds,
    /// How long the head of a request may take to arrive.
    pub head_timeout: Duration,
    /// How long a connection may stay open between two requests.
    pub idle_timeout: Duration,
    /// The span of waiting in which a body must go on.
    pub body_timeout: Duration,
    /// The span in which the client must read on.
    pub write_timeout: Duration,
    /// Bytes a second that must come or go within those spans.
    pub rate_bytes_min: u64,
    /// How long requests may go on after the shutdown was asked for.
    pub drain_timeout: Duration,
    /// Most open connections. For more, those give way that have been idle or half sent for
    /// longest.
    pub connections_max: usize,
    /// Most requests worked on at a time; more are told to come back later.
    pub requests_max: usize,
}

/// How large a page of statements may become.
#[derive(Clone, Copy, Debug)]
pub struct PageBounds {
    /// Statements when the reader names no limit.
    pub count: usize,
    /// Most statements.
    pub count_max: usize,
    /// Most bytes of statements, but one statement at least.
    pub bytes_max: usize,
}

/// Whose pages may ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origins {
    /// Those of every origin.
    Any,
    /// Those of these, each as in `https://a.example`, in lower case.
    Listed(Vec<String>),
}

/// What the HTTP face can be told to do differently.
#[derive(Clone, Debug)]
pub struct Options {
    /// The version that answers name when the request did not.
    pub default_version: Version,
    /// Whose pages may ask.
    pub origins: Origins,
    /// The address at which people reach the server, without a slash at its end, if it is known.
    pub public_url: Option<String>,
    /// Proxies whose word is taken for the address of a client.
    pub trusted_proxies: Vec<IpNet>,
    /// How large and how slow things may be.
    pub bounds: Bounds,
}

/// Bytes that come at a rate a second in a span of time.
pub(crate) fn bytes_in(rate_bytes: u64, span: Duration) -> u64 {
    let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    rate_bytes.saturating_mul(millis) / 1000
}
