//! The table of everything that can be set.

/// One thing that can be set.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// The name in the file, as in `limits.page_count_max`.
    pub name: &'static str,
    /// The value when nothing is set; none for what may stay unset.
    pub default: Option<&'static str>,
    /// What a value looks like.
    pub kind: &'static str,
    /// What it does, for people, in one or two sentences.
    pub help: &'static str,
    /// Whether the value must not be shown.
    pub is_secret: bool,
}

impl Key {
    /// The environment variable, as in `ACTA_LIMITS_PAGE_COUNT_MAX`.
    pub fn variable(&self) -> String {
        format!("ACTA_{}", self.name.replace('.', "_").to_ascii_uppercase())
    }
}

const fn key(
    name: &'static str,
    default: Option<&'static str>,
    kind: &'static str,
    help: &'static str,
) -> Key {
    Key { name, default, kind, help, is_secret: false }
}

const fn secret(name: &'static str, kind: &'static str, help: &'static str) -> Key {
    Key { name, default: None, kind, help, is_secret: true }
}

/// Everything that can be set, in the order of the reference.
pub const KEYS: &[Key] = &[
    key(
        "data",
        Some("acta-data"),
        "path",
        "The directory that holds everything stored. Made when missing.",
    ),
    key(
        "listen",
        Some("127.0.0.1:8080"),
        "address and port",
        "Where to listen for HTTP. Port 0 takes a free one.",
    ),
    key(
        "default_version",
        Some("2.0.0"),
        "`1.0.3` or `2.0.0`",
        "The xAPI version named in the answer to a request that names none. Both versions are always served.",
    ),
    key(
        "authority_home_page",
        Some("http://localhost/acta"),
        "IRI",
        "The home page of the account that stands as authority in stored statements; the account's name is the key of the credential. Set it before the first statement to the address that the store is known by.",
    ),
    key(
        "seed_key",
        None,
        "text",
        "With `seed_secret`: the key of the credential that an empty store is made with. Without both, key and secret are made up and printed once.",
    ),
    secret("seed_secret", "text", "The secret that belongs to `seed_key`."),
    key(
        "log.level",
        Some("info"),
        "filter",
        "What is logged: `error`, `warn`, `info`, `debug` or `trace`, also by part, as in `acta_http=debug,info`.",
    ),
    key(
        "log.format",
        Some("auto"),
        "`auto`, `text` or `json`",
        "How log lines look. `auto` is text on a terminal and JSON otherwise.",
    ),
    key(
        "limits.statements_bytes_max",
        Some("64MiB"),
        "size",
        "Longest JSON text of statements in one request, after decompression. Longer ones get 413.",
    ),
    key(
        "limits.statements_count_max",
        Some("10000"),
        "count",
        "Most statements in one request. More get 400.",
    ),
    key(
        "limits.attachment_bytes_max",
        Some("256MiB"),
        "size",
        "Longest attachment. Longer ones get 413.",
    ),
    key(
        "limits.multipart_bytes_max",
        Some("1GiB"),
        "size",
        "Longest request with attachments, all parts together. Longer ones get 413.",
    ),
    key(
        "limits.document_bytes_max",
        Some("16MiB"),
        "size",
        "Longest state or profile document. Longer ones get 413.",
    ),
    key(
        "limits.page_count_max",
        Some("1000"),
        "count",
        "Most statements on one page of results, whatever the client asks for.",
    ),
    key(
        "limits.page_bytes_max",
        Some("16MiB"),
        "size",
        "A page of results ends once it holds this many bytes of statements.",
    ),
    key(
        "limits.connections_max",
        Some("10000"),
        "count",
        "Most connections at a time. Further ones wait until one ends.",
    ),
    key(
        "limits.requests_max",
        Some("1024"),
        "count",
        "Most requests worked on at a time. Further ones get 503 with Retry-After.",
    ),
    key(
        "limits.head_timeout",
        Some("15s"),
        "time",
        "How long a client may take to send the head of a request.",
    ),
    key(
        "limits.body_timeout",
        Some("30s"),
        "time",
        "How long a client may pause while it sends a body.",
    ),
    key(
        "storage.segment_bytes",
        Some("256MiB"),
        "size",
        "Size at which a new segment of the statement log is begun. At most 2GiB.",
    ),
    key(
        "storage.run_entries",
        Some("262144"),
        "count",
        "Statements after which the index in memory is written out as a run.",
    ),
];
