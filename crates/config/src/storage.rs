//! Storage settings.

use std::path::PathBuf;

use crate::section::section;
use crate::settings::{ConfigError, Settings};
use crate::value_spec::{
    ValueSpec, count, count_from_one, one_of, parsed, path, size, text, timeout, yes_or_no,
};
use crate::{Secret, Span};

section! {
    /// Files of the embedded engine, and the reserve of both engines.
    #[derive(Clone, Copy, Debug)]
    pub struct Storage in "storage." {
        /// Size at which a new segment of the statement log is started. At most 2GiB.
        pub segment_bytes: u64 = size().default("256MiB"),
        /// Number of statements after which the index in memory is written to disk as a run.
        pub run_entries: u32 = count().default("262144"),
        /// Space that is reserved in the data directory, or in the database, for changes of
        /// administration, such as removing a credential, when the disk is full; `0` for none. Less
        /// than `8MiB` may not be enough. See [README.md](README.md#when-the-disk-is-full) and
        /// [cluster.md](cluster.md#when-the-disk-of-the-database-is-full).
        pub reserve_bytes: u64 = size().default("16MiB"),
    }
}

section! {
    /// The database of a store on PostgreSQL.
    #[derive(Clone, Debug)]
    pub optional struct Database in "storage." {
        /// The PostgreSQL database of the store, such as
        /// `postgres://acta:password@db.example.org/acta`; see [cluster.md](cluster.md). If unset,
        /// or if a more specific source sets `data`, the embedded engine stores in `data`. Every
        /// user of a machine can see the command lines
        /// of its processes: put a URL with a password into a file and name the file in
        /// `ACTA_STORAGE_URL_FILE` instead of using `--storage`.
        pub url: Secret<String> = database_url().secret(),
        /// A replica of the database, for reading statements. Data that the replica does not have
        /// yet is read from the database itself.
        pub replica_url: Option<Secret<String>> = database_url().secret().optional(),
        /// Maximum number of connections of this node to the database, and the same number to the
        /// replica. Tenants get them by their weights; one tenant uses three quarters at most.
        pub connections_max: usize = count_from_one().default("16"),
        /// How long to wait for a connection to the database, and at the start for the database
        /// itself.
        pub connect_timeout: Span = timeout().default("5s"),
        /// Maximum time for one SQL statement.
        pub statement_timeout: Span = timeout().default("30s"),
        /// Whether a start migrates the schema of the database. With `never`, run `acta migrate`
        /// first.
        pub migrate: Migrate =
            one_of([("at-start", Migrate::AtStart), ("never", Migrate::Never)]).default("at-start"),
        /// How the connection to the database is protected. `verify-full` encrypts and verifies the
        /// certificate and the host name of the server; `require` encrypts, but accepts any
        /// certificate; `prefer` encrypts if the server supports it, and does not protect against
        /// an active attacker. If unset: the `sslmode` of the URL; without one, `prefer` for a
        /// server on this machine and `verify-full` for any other.
        pub tls: Option<Tls> = one_of([
            ("disable", Tls::Disable),
            ("prefer", Tls::Prefer),
            ("require", Tls::Require),
            ("verify-full", Tls::VerifyFull),
        ])
        .optional(),
        /// A PEM file with the certificates of the authorities that `verify-full` trusts. If unset:
        /// the `sslrootcert` of the URL, or else the authorities that the system trusts.
        pub tls_ca: Option<PathBuf> = path().optional(),
        /// Where a store in a database stores new attachments of more than 64 KiB: in the database,
        /// or in object storage; see [attachments.md](attachments.md).
        pub attachments: Attachments =
            one_of([("database", Attachments::Database), ("objects", Attachments::Objects)])
            .default("database"),
        /// Maximum size of an attachment in the database; with `database`, it lowers
        /// `limits.attachment_bytes_max`.
        pub attachment_bytes_max: u64 = size().default("64MiB"),
    }
    sections {
        /// The object storage. It may still contain attachments when new ones are stored elsewhere.
        pub objects: Option<Objects>,
    }
    check check_database;
}

fn check_database(_: Option<&Database>, settings: &Settings) -> Result<(), ConfigError> {
    let beside =
        |name, other: &str| settings.refusal(name, format!("expected `{other}` to be set as well"));
    let has_objects = settings.text("storage.objects_url").is_some();
    if settings.text("storage.attachments") == Some("objects") && !has_objects {
        return Err(beside("storage.attachments", "storage.objects_url"));
    }
    let (url, replica_url) = (settings.text("storage.url"), settings.text("storage.replica_url"));
    if url.is_none() && replica_url.is_some() {
        return Err(beside("storage.replica_url", "storage.url"));
    }
    Ok(())
}

fn database_url() -> ValueSpec<String> {
    ValueSpec::new("`postgres://…` or `postgresql://…`", |text| {
        let is_known = ["postgres://", "postgresql://"].iter().any(|start| text.starts_with(start));
        let expected = || "expected postgres://user:password@host/database".to_owned();
        if is_known { Ok(text.to_owned()) } else { Err(expected()) }
    })
}

/// When the schema of the database is migrated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Migrate {
    /// Whenever a store is opened.
    AtStart,
    /// Only by `acta migrate`.
    Never,
}

/// How connections to the database are protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// No encryption.
    Disable,
    /// Encryption if the server supports it.
    Prefer,
    /// Encryption with any certificate.
    Require,
    /// Encryption with a verified certificate and host name.
    VerifyFull,
}

/// Where a store in a database stores new attachments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attachments {
    /// In the database.
    Database,
    /// In object storage.
    Objects,
}

section! {
    /// Object storage that speaks S3.
    #[derive(Clone, Debug)]
    pub optional struct Objects in "storage.objects_" {
        /// The bucket for attachments, and a prefix in it that only this store uses.
        pub url: String = bucket_url(),
        /// The endpoint of the S3 service. If unset, that of Amazon in the region.
        pub endpoint: Option<String> = parsed("`https://…`").optional(),
        /// The region for signing requests. Most services other than Amazon accept any region.
        pub region: String = text().default("us-east-1"),
        /// The access key id for the bucket.
        pub access_key: String = text(),
        /// The secret access key for the bucket.
        pub secret_key: Secret<String> = text().secret(),
        /// Whether an endpoint without encryption (http) is allowed.
        pub allow_http: bool = yes_or_no().default("false"),
    }
    check check_objects;
}

fn check_objects(_: Option<&Objects>, settings: &Settings) -> Result<(), ConfigError> {
    settings.check_beside("storage.objects_url", "storage.objects_access_key")?;
    settings.check_beside("storage.objects_url", "storage.objects_secret_key")
}

fn bucket_url() -> ValueSpec<String> {
    ValueSpec::new("`s3://bucket/prefix`", |text| {
        let expected = || "expected s3://bucket/prefix".to_owned();
        if text.starts_with("s3://") { Ok(text.to_owned()) } else { Err(expected()) }
    })
}
