//! Limits for clients.

use crate::Span;
use crate::section::section;
use crate::settings::{ConfigError, Settings};
use crate::value_spec::{count, count_from_one, size, size_from, time, timeout};

/// With a smaller limit, a request head that is too long cannot be distinguished from an incomplete
/// one.
const HEAD_BYTES_MIN: u64 = 8 << 10;

section! {
    /// Limits for clients.
    #[derive(Clone, Copy, Debug)]
    pub struct Limits in "limits." {
        /// Maximum size of the JSON of statements in one request, after decompression.
        pub statements_bytes_max: u64 = size().default("16MiB").over("413"),
        /// Maximum number of statements in one request.
        pub statements_count_max: usize = count_from_one().default("10000").over("400"),
        /// Maximum size of a single statement.
        pub statement_bytes_max: u64 = size().default("16MiB").over("413"),
        /// Maximum number of context activities of one statement, including its substatement.
        pub activities_count_max: usize = count_from_one().default("1000").over("400"),
        /// Maximum number of agents of one statement that are members of groups, context agents or
        /// context groups.
        pub agents_count_max: usize = count_from_one().default("10000").over("400"),
        /// Maximum number of attachments of one statement, including its substatement.
        pub attachments_count_max: usize = count_from_one().default("1000").over("400"),
        /// Maximum nesting depth of arrays and objects in statements.
        pub json_depth_max: usize = count().default("100").over("400"),
        /// Maximum number of values and keys in the JSON of one request. Each needs 20 bytes of
        /// memory while the request is parsed.
        pub json_values_max: usize = count().default("8000000").over("400"),
        /// Maximum number of faults that are reported for one request.
        pub faults_count_max: usize = count().default("100").over("only the first faults are \
                                                                   reported"),
        /// Maximum size of an attachment.
        pub attachment_bytes_max: u64 = size().default("256MiB").over("413"),
        /// Maximum size of the signature of a statement.
        pub signature_bytes_max: u64 = size().default("4MiB").over("413"),
        /// Maximum size of a request with attachments, all parts together.
        pub multipart_bytes_max: u64 = size().default("1GiB").over("413"),
        /// Maximum number of parts in a request with attachments.
        pub multipart_parts_max: usize = count().default("1000").over("413"),
        /// Maximum size of the headers of one part in a request with attachments.
        pub part_head_bytes_max: u64 = size().default("8KiB").over("431"),
        /// Maximum ratio of the decompressed to the compressed size of a gzip body. It does not
        /// apply to the first 1 MiB.
        pub unpacked_ratio_max: u64 = count().default("200").over("413"),
        /// Maximum size of a state or profile document, also after merging.
        pub document_bytes_max: u64 = size().default("16MiB").over("413"),
        /// Maximum number of documents of one resource: states of an agent in an activity with one
        /// registration, or profiles of an activity or agent.
        pub documents_count_max: usize = count().default("1000").over("400"),
        /// Maximum size of a `stateId` or `profileId`.
        pub document_id_bytes_max: u64 = size().default("1KiB").over("400"),
        /// Maximum size of a request head: the request line and all headers. At least 8KiB.
        pub head_bytes_max: u64 = size_from(HEAD_BYTES_MIN).default("64KiB").over("431"),
        /// Maximum size of a request URL including parameters, and of the parameters in the form of
        /// an alternate request.
        pub url_bytes_max: u64 = size().default("32KiB").over("414"),
        /// Maximum number of parameters of a request.
        pub parameters_count_max: usize = count().default("64").over("400"),
        /// Maximum size of the form of an alternate request that contains its credential. Beside
        /// it, only bodies of sign-ins and one-time links are stored in memory without
        /// authentication.
        pub anonymous_bytes_max: u64 = size().default("1MiB").over("413"),
        /// Maximum number of requests without a valid credential from one network address within a
        /// minute: of IPv6, from one /64 network. Not counted are the files of the console,
        /// `/health`, `/ready` and preflight requests. Behind a proxy that is not in
        /// `server.trusted_proxies`, all clients have the address of the proxy.
        pub anonymous_count_max: usize = count_from_one()
            .default("60000")
            .over("429 with Retry-After for requests without a valid credential"),
        /// Maximum number of wrong secrets for one key within a minute. The correct secret is still
        /// accepted.
        pub failures_count_max: usize =
            count().default("60").over("429 for wrong secrets, with Retry-After"),
        /// Maximum number of statements on one page of results, independent of the request.
        pub page_count_max: usize = count_from_one().default("1000").over("the page ends there"),
        /// Maximum size of a page of results: the page ends once its statements have this size.
        pub page_bytes_max: u64 = size().default("16MiB").over("the page ends there"),
        /// Maximum memory for bodies of all requests and responses together. One eighth is for
        /// requests that are not authenticated, another eighth for bodies smaller than 64 KiB. One
        /// tenant gets at most three quarters of the rest. At least four times
        /// `limits.statements_bytes_max` and `limits.document_bytes_max`.
        pub memory_bytes_max: u64 =
            size().default("512MiB").over("503 with Retry-After; pages of results become shorter \
                                           before that"),
        /// Maximum number of connections. The server uses fewer if the limit of open files is
        /// lower; some files are reserved for the store.
        pub connections_max: usize =
            count_from_one().default("10000").over("the connection that has been idle or \
                                                    incomplete for the longest time is closed"),
        /// Maximum number of requests in progress. Requests that are still being received do not
        /// count. Above it, tenants are served that have fewer than their share.
        pub requests_max: usize = count_from_one().default("1024").over("503 with Retry-After"),
        /// Maximum number of open event streams. Each keeps its connection.
        pub streams_max: usize = count().default("1000").over("429 with Retry-After"),
        /// Maximum number of open event streams of one tenant.
        pub tenant_streams_max: usize = count().default("200").over("429 with Retry-After"),
        /// Maximum number of open event streams of one person or credential.
        pub requester_streams_max: usize = count().default("32").over("429 with Retry-After"),
        /// How long a client may take to send a request head.
        pub head_timeout: Span = timeout().default("15s").over("the connection is closed"),
        /// How long a connection may be idle between two requests.
        pub idle_timeout: Span = timeout().default("75s").over("the connection is closed"),
        /// How long a client may pause while it sends a body, and the period over which
        /// `limits.rate_bytes_min` is measured.
        pub body_timeout: Span = timeout().default("30s").over("408"),
        /// How long a client may pause while it reads a response, and the period over which
        /// `limits.rate_bytes_min` is measured.
        pub write_timeout: Span = timeout().default("60s").over("the connection is closed"),
        /// Minimum rate at which a client must send a body and read a response, in bytes per
        /// second.
        pub rate_bytes_min: u64 = size().default("512").over("408, or the connection is closed"),
        /// How long requests in progress may take after the server receives a signal to stop.
        pub drain_timeout: Span = time().default("30s").over("they are aborted"),
    }
    check check_memory;
}

fn check_memory(limits: &Limits, settings: &Settings) -> Result<(), ConfigError> {
    let held = limits.statements_bytes_max.max(limits.document_bytes_max);
    if held.saturating_mul(4) <= limits.memory_bytes_max {
        return Ok(());
    }
    let reason = format!("expected at least {held} bytes, four times the maximum size of a body");
    Err(settings.refusal("limits.memory_bytes_max", reason))
}
