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
    /// What happens to whoever is over it, if it is a limit.
    pub answer: Option<&'static str>,
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
    Key { name, default, kind, help, is_secret: false, answer: None }
}

const fn limit(
    name: &'static str,
    default: &'static str,
    kind: &'static str,
    help: &'static str,
    answer: &'static str,
) -> Key {
    Key { answer: Some(answer), ..key(name, Some(default), kind, help) }
}

const fn secret(name: &'static str, kind: &'static str, help: &'static str) -> Key {
    Key { is_secret: true, ..key(name, None, kind, help) }
}

/// Everything that can be set, in the order of the reference.
pub const KEYS: &[Key] = &[
    key(
        "data",
        Some("acta-data"),
        "path",
        "The directory that holds everything stored. Made when missing. Not used when `storage.url` is set.",
    ),
    key(
        "listen",
        Some("127.0.0.1:8080"),
        "address and port",
        "Where to listen for HTTP. Port 0 takes a free one.",
    ),
    key(
        "public_url",
        None,
        "`https://…`",
        "The address at which people reach the server, as in `https://lrs.example.org`: scheme, host and perhaps port. Links that are sent to people begin with it.",
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
        "cors.origins",
        Some("*"),
        "`*`, or origins with blanks between",
        "The origins whose pages may ask, as in `https://a.example https://b.example`. Requests of pages of any other origin get 403. `*` is every origin.",
    ),
    key(
        "server.trusted_proxies",
        Some(""),
        "addresses or networks with blanks between",
        "The reverse proxies in front of the server, as in `127.0.0.1 10.0.0.0/8 fd00::/8`. Of a connection from one of them, and of no other, the headers `Forwarded` and `X-Forwarded-For` are believed, as far back as the addresses in them are those of trusted proxies too. If a request has both headers and they name different clients, neither is believed.",
    ),
    limit(
        "limits.statements_bytes_max",
        "64MiB",
        "size",
        "Longest JSON text of statements in one request, after decompression.",
        "413",
    ),
    limit(
        "limits.statements_count_max",
        "10000",
        "count",
        "Most statements in one request.",
        "400",
    ),
    limit("limits.statement_bytes_max", "16MiB", "size", "Longest single statement.", "413"),
    limit(
        "limits.json_depth_max",
        "100",
        "count",
        "Deepest nesting of arrays and objects in statements.",
        "400",
    ),
    limit(
        "limits.json_values_max",
        "8000000",
        "count",
        "Most values and keys in the JSON text of one request: each takes 20 bytes of memory while it is read.",
        "400",
    ),
    limit(
        "limits.faults_count_max",
        "100",
        "count",
        "Most faults that are told of one request.",
        "the first ones are told",
    ),
    limit("limits.attachment_bytes_max", "256MiB", "size", "Longest attachment.", "413"),
    limit("limits.signature_bytes_max", "4MiB", "size", "Longest signature of a statement.", "413"),
    limit(
        "limits.multipart_bytes_max",
        "1GiB",
        "size",
        "Longest request with attachments, all parts together.",
        "413",
    ),
    limit(
        "limits.multipart_parts_max",
        "1000",
        "count",
        "Most parts of a request with attachments.",
        "413",
    ),
    limit(
        "limits.part_head_bytes_max",
        "8KiB",
        "size",
        "Longest headers of one part of a request with attachments.",
        "431",
    ),
    limit(
        "limits.unpacked_ratio_max",
        "200",
        "count",
        "How many times its packed size a gzip body may have. The first 1 MiB may have more.",
        "413",
    ),
    limit(
        "limits.document_bytes_max",
        "16MiB",
        "size",
        "Longest state or profile document, also when it grows by merging.",
        "413",
    ),
    limit(
        "limits.documents_count_max",
        "1000",
        "count",
        "Most documents of one place: states of an agent in an activity with one registration, or profiles of an activity or agent.",
        "400",
    ),
    limit(
        "limits.document_id_bytes_max",
        "1KiB",
        "size",
        "Longest `stateId` or `profileId`.",
        "400",
    ),
    limit(
        "limits.head_bytes_max",
        "64KiB",
        "size",
        "Longest head of a request: its first line and all headers. At least 8KiB.",
        "431",
    ),
    limit(
        "limits.url_bytes_max",
        "32KiB",
        "size",
        "Longest address of a request, parameters included; also of the parameters of an alternate request's form.",
        "414",
    ),
    limit("limits.parameters_count_max", "64", "count", "Most parameters of a request.", "400"),
    limit(
        "limits.anonymous_bytes_max",
        "1MiB",
        "size",
        "Longest form of an alternate request that brings its credential inside the form. No other body is kept before the credential is known.",
        "413",
    ),
    limit(
        "limits.failures_count_max",
        "60",
        "count",
        "Most wrong secrets for one key within a minute. The right secret is let in all the same.",
        "429 for wrong secrets, with Retry-After",
    ),
    limit(
        "limits.page_count_max",
        "1000",
        "count",
        "Most statements on one page of results, whatever the client asks for.",
        "the page ends",
    ),
    limit(
        "limits.page_bytes_max",
        "16MiB",
        "size",
        "A page of results ends once it holds this many bytes of statements.",
        "the page ends",
    ),
    limit(
        "limits.memory_bytes_max",
        "512MiB",
        "size",
        "Most bytes of bodies and answers held in memory at a time, for all requests together. An eighth is for forms of senders who are not yet known, another for what is smaller than 64 KiB. At least four times `limits.statements_bytes_max` and `limits.document_bytes_max`.",
        "503 with Retry-After; pages become shorter first",
    ),
    limit(
        "limits.connections_max",
        "10000",
        "count",
        "Most connections at a time; never more than the open files that the system allows, less some for the store.",
        "the connection that has been idle or half sent for longest is closed",
    ),
    limit(
        "limits.requests_max",
        "1024",
        "count",
        "Most requests worked on at a time. Those that are still being sent do not count.",
        "503 with Retry-After",
    ),
    limit(
        "limits.head_timeout",
        "15s",
        "time",
        "How long a client may take to send the head of a request.",
        "the connection is closed",
    ),
    limit(
        "limits.idle_timeout",
        "75s",
        "time",
        "How long a connection may stay open between two requests.",
        "the connection is closed",
    ),
    limit(
        "limits.body_timeout",
        "30s",
        "time",
        "How long a client may pause while it sends a body, and the span over which `limits.rate_bytes_min` is measured.",
        "408",
    ),
    limit(
        "limits.write_timeout",
        "60s",
        "time",
        "How long a client may pause while it reads an answer, and the span over which `limits.rate_bytes_min` is measured.",
        "the connection is closed",
    ),
    limit(
        "limits.rate_bytes_min",
        "512",
        "size",
        "Bytes a second at which a client must send a body and read an answer, at least.",
        "408, or the connection is closed",
    ),
    limit(
        "limits.drain_timeout",
        "30s",
        "time",
        "How long requests under way may take once the server is told to stop.",
        "they are cut off",
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
    secret(
        "storage.url",
        "`postgres://…` or `postgresql://…`",
        "The database that holds everything stored, as in `postgres://acta:password@db.example.org/acta`; see [cluster.md](cluster.md). Unset for the embedded engine in `data`. Everyone on a machine can read the command lines of its processes: give a URL with a password in a file that `ACTA_STORAGE_URL_FILE` names, not by `--storage`.",
    ),
    secret(
        "storage.replica_url",
        "`postgres://…` or `postgresql://…`",
        "A replica of that database, for reading statements. What it cannot answer yet is read from the database itself.",
    ),
    key(
        "storage.connections_max",
        Some("16"),
        "count",
        "Most connections of this node to the database, and as many to the replica.",
    ),
    key(
        "storage.connect_timeout",
        Some("5s"),
        "time",
        "How long a connection to the database is waited for; and at the start, how long a database that is not there yet.",
    ),
    key(
        "storage.statement_timeout",
        Some("30s"),
        "time",
        "How long the database may work on one statement of SQL.",
    ),
    key(
        "storage.migrate",
        Some("at-start"),
        "`at-start` or `never`",
        "Whether a start brings the schema of the database up to date. With `never`, `acta migrate` must do it first.",
    ),
    key(
        "storage.tls",
        None,
        "`disable`, `prefer`, `require` or `verify-full`",
        "How the connection to the database is protected. `verify-full` encrypts and makes sure that it is the right server, by its certificate and its host name; `require` encrypts, but takes any certificate; `prefer` encrypts if the server can, and protects from nobody who can change what is sent. When unset: the `sslmode` of the URL; without one, `prefer` for a server on this machine and `verify-full` for any other.",
    ),
    key(
        "storage.tls_ca",
        None,
        "path",
        "A PEM file with the certificates of the authorities that `verify-full` trusts. When unset: the `sslrootcert` of the URL, or else those that the system trusts.",
    ),
    key(
        "storage.attachments",
        Some("database"),
        "`database` or `objects`",
        "Where a store in a database keeps new attachments of more than 64 KiB: there too, or in object storage; see [attachments.md](attachments.md).",
    ),
    key(
        "storage.attachment_bytes_max",
        Some("64MiB"),
        "size",
        "Longest attachment that the database keeps; with `database`, it lowers `limits.attachment_bytes_max`.",
    ),
    key(
        "storage.objects_url",
        None,
        "`s3://bucket/prefix`",
        "The bucket for attachments, and a prefix in it that is this store's own.",
    ),
    key(
        "storage.objects_endpoint",
        None,
        "`https://…`",
        "The service that has the bucket. When unset, that of Amazon in the region.",
    ),
    key(
        "storage.objects_region",
        Some("us-east-1"),
        "text",
        "The region that requests to the bucket are signed for. Most services other than Amazon's take any.",
    ),
    key("storage.objects_access_key", None, "text", "The name of the key to the bucket."),
    secret("storage.objects_secret_key", "text", "The key to the bucket."),
    key(
        "storage.objects_allow_http",
        Some("false"),
        "`true` or `false`",
        "Whether the endpoint may be asked without encryption.",
    ),
    key(
        "tenants.deletion_wait",
        Some("7d"),
        "time",
        "How long a deleted tenant can be restored. After that, everything in it is removed for good.",
    ),
    key(
        "accounts.password_chars_min",
        Some("15"),
        "count",
        "Shortest password of a person, in characters. From 8 to 64.",
    ),
    key(
        "accounts.session_idle",
        Some("8h"),
        "time",
        "How long somebody stays signed in who does nothing.",
    ),
    key(
        "accounts.session_lifetime",
        Some("7d"),
        "time",
        "How long somebody stays signed in at most.",
    ),
    key(
        "accounts.invitation_lifetime",
        Some("7d"),
        "time",
        "How long an invitation, the link of a new account and the set-up link are good for.",
    ),
    key(
        "accounts.reset_lifetime",
        Some("1d"),
        "time",
        "How long a link to choose a new password is good for.",
    ),
    key(
        "tokens.lifetime",
        Some("8h"),
        "time",
        "How long a browser token is good for when who asks for it says nothing. At most 24h.",
    ),
    key(
        "oidc.issuer",
        None,
        "`https://…`",
        "The OpenID provider at which people can sign in, by the very name that it gives itself; see [oidc.md](oidc.md). Needs `oidc.client_id` and `public_url`.",
    ),
    key("oidc.client_id", None, "text", "What this server is called at the provider."),
    secret(
        "oidc.client_secret",
        "text",
        "The secret that goes with `oidc.client_id`. Unset for a public client.",
    ),
    key(
        "oidc.scopes",
        Some("openid email profile"),
        "scopes with blanks between",
        "What the provider is asked for. `openid` must be among it.",
    ),
    key(
        "oidc.label",
        Some("Single sign-on"),
        "text",
        "What the button says that leads to the provider.",
    ),
    key(
        "oidc.role_claim",
        None,
        "text",
        "The claim whose values give roles, as in `groups`. Dots lead into objects, as in `realm_access.roles`. `email` counts only when the provider has verified the address.",
    ),
    key(
        "oidc.roles",
        None,
        "`value -> role in tenant`, several with `;` between or as a list",
        "Which value of `oidc.role_claim` gives which role in which tenant, as in `lrs-admins -> administrator in 1; teachers -> analyst in 1`. Roles are `owner`, `administrator`, `analyst`, `auditor` and `viewer`; tenants are named by their numbers.",
    ),
    key(
        "oidc.make_accounts",
        Some("true"),
        "`true` or `false`",
        "Whether somebody who signs in for the first time and is given a role by `oidc.roles` gets an account. Nobody else does.",
    ),
    key(
        "oidc.algorithms",
        Some("RS256 PS256 ES256 EdDSA"),
        "names with blanks between",
        "The algorithms that tokens may be signed by, out of `RS256`, `RS384`, `RS512`, `PS256`, `PS384`, `PS512`, `ES256`, `ES384` and `EdDSA`.",
    ),
    key(
        "oidc.timeout",
        Some("5s"),
        "time",
        "How long a whole answer of the provider is waited for.",
    ),
    key(
        "oidc.bearer_audience",
        None,
        "text",
        "What this server is called in access tokens that are meant for it. When set, such tokens are taken as `Bearer` on `/xapi`.",
    ),
    key("oidc.bearer_issuer", None, "`https://…`", "Who issues them. When unset, `oidc.issuer`."),
    key(
        "oidc.bearer_tenant",
        None,
        "count",
        "The number of the tenant that access tokens are for.",
    ),
    key(
        "oidc.bearer_tenant_claim",
        None,
        "text",
        "The claim with that number, instead of `oidc.bearer_tenant`: the issuer then decides over every tenant.",
    ),
    key(
        "oidc.bearer_scope_claim",
        None,
        "text",
        "The claim with the scopes of an access token: a text with blanks between, or a list. When unset, `scope` or else `scp`.",
    ),
    key(
        "oidc.bearer_scope_prefix",
        Some("acta:"),
        "text",
        "What stands before the name of a scope of xAPI in tokens, as in `acta:statements/write`. Scopes without it are for others and give nothing.",
    ),
];
