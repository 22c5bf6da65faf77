//! How much a client may ask for.

use crate::Span;
use crate::section::section;
use crate::settings::{ConfigError, Settings};
use crate::value_spec::{count, count_from_one, size, size_from, time, timeout};

/// Shorter heads cannot be told apart from an end that is missing.
const HEAD_BYTES_MIN: u64 = 8 << 10;

section! {
    /// How much a client may ask for.
    #[derive(Clone, Copy, Debug)]
    pub struct Limits in "limits." {
        /// Longest JSON text of statements in one request, after decompression.
        pub statements_bytes_max: u64 = size().default("64MiB").over("413"),
        /// Most statements in one request.
        pub statements_count_max: usize = count_from_one().default("10000").over("400"),
        /// Longest single statement.
        pub statement_bytes_max: u64 = size().default("16MiB").over("413"),
        /// Most context activities of one statement, with those of its substatement.
        pub activities_count_max: usize = count_from_one().default("1000").over("400"),
        /// Most agents of one statement that are members of groups, context agents or context
        /// groups.
        pub agents_count_max: usize = count_from_one().default("5000").over("400"),
        /// Most attachments of one statement.
        pub attachments_count_max: usize = count_from_one().default("1000").over("400"),
        /// Deepest nesting of arrays and objects in statements.
        pub json_depth_max: usize = count().default("100").over("400"),
        /// Most values and keys in the JSON text of one request: each takes 20 bytes of memory
        /// while it is read.
        pub json_values_max: usize = count().default("8000000").over("400"),
        /// Most faults that are told of one request.
        pub faults_count_max: usize = count().default("100").over("the first ones are told"),
        /// Longest attachment.
        pub attachment_bytes_max: u64 = size().default("256MiB").over("413"),
        /// Longest signature of a statement.
        pub signature_bytes_max: u64 = size().default("4MiB").over("413"),
        /// Longest request with attachments, all parts together.
        pub multipart_bytes_max: u64 = size().default("1GiB").over("413"),
        /// Most parts of a request with attachments.
        pub multipart_parts_max: usize = count().default("1000").over("413"),
        /// Longest headers of one part of a request with attachments.
        pub part_head_bytes_max: u64 = size().default("8KiB").over("431"),
        /// How many times its packed size a gzip body may have. The first 1 MiB may have more.
        pub unpacked_ratio_max: u64 = count().default("200").over("413"),
        /// Longest state or profile document, also when it grows by merging.
        pub document_bytes_max: u64 = size().default("16MiB").over("413"),
        /// Most documents of one place: states of an agent in an activity with one registration, or
        /// profiles of an activity or agent.
        pub documents_count_max: usize = count().default("1000").over("400"),
        /// Longest `stateId` or `profileId`.
        pub document_id_bytes_max: u64 = size().default("1KiB").over("400"),
        /// Longest head of a request: its first line and all headers. At least 8KiB.
        pub head_bytes_max: u64 = size_from(HEAD_BYTES_MIN).default("64KiB").over("431"),
        /// Longest address of a request, parameters included; also of the parameters of an
        /// alternate request's form.
        pub url_bytes_max: u64 = size().default("32KiB").over("414"),
        /// Most parameters of a request.
        pub parameters_count_max: usize = count().default("64").over("400"),
        /// Longest form of an alternate request that brings its credential inside the form. No
        /// other body is kept before the credential is known.
        pub anonymous_bytes_max: u64 = size().default("1MiB").over("413"),
        /// Most wrong secrets for one key within a minute. The right secret is let in all the same.
        pub failures_count_max: usize =
            count().default("60").over("429 for wrong secrets, with Retry-After"),
        /// Most statements on one page of results, whatever the client asks for.
        pub page_count_max: usize = count_from_one().default("1000").over("the page ends"),
        /// A page of results ends once it holds this many bytes of statements.
        pub page_bytes_max: u64 = size().default("16MiB").over("the page ends"),
        /// Most bytes of bodies and answers held in memory at a time, for all requests together. An
        /// eighth is for forms of senders who are not yet known, another for what is smaller than
        /// 64 KiB. At least four times `limits.statements_bytes_max` and
        /// `limits.document_bytes_max`.
        pub memory_bytes_max: u64 =
            size().default("512MiB").over("503 with Retry-After; pages become shorter first"),
        /// Most connections at a time; never more than the open files that the system allows, less
        /// some for the store.
        pub connections_max: usize =
            count_from_one().default("10000").over("the connection that has been idle or half sent for longest is closed"),
        /// Most requests worked on at a time. Those that are still being sent do not count.
        pub requests_max: usize = count_from_one().default("1024").over("503 with Retry-After"),
        /// How long a client may take to send the head of a request.
        pub head_timeout: Span = timeout().default("15s").over("the connection is closed"),
        /// How long a connection may stay open between two requests.
        pub idle_timeout: Span = timeout().default("75s").over("the connection is closed"),
        /// How long a client may pause while it sends a body, and the span over which
        /// `limits.rate_bytes_min` is measured.
        pub body_timeout: Span = timeout().default("30s").over("408"),
        /// How long a client may pause while it reads an answer, and the span over which
        /// `limits.rate_bytes_min` is measured.
        pub write_timeout: Span = timeout().default("60s").over("the connection is closed"),
        /// Bytes a second at which a client must send a body and read an answer, at least.
        pub rate_bytes_min: u64 = size().default("512").over("408, or the connection is closed"),
        /// How long requests under way may take once the server is told to stop.
        pub drain_timeout: Span = time().default("30s").over("they are cut off"),
    }
    check check_memory;
}

fn check_memory(limits: &Limits, settings: &Settings) -> Result<(), ConfigError> {
    let held = limits.statements_bytes_max.max(limits.document_bytes_max);
    if held.saturating_mul(4) <= limits.memory_bytes_max {
        return Ok(());
    }
    let reason = format!("expected four times the longest body, {held} bytes, at least");
    Err(settings.refusal("limits.memory_bytes_max", reason))
}
