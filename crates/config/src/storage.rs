//! Where everything is stored.

use std::path::PathBuf;

use crate::section::section;
use crate::settings::{ConfigError, Settings};
use crate::value_spec::{
    ValueSpec, count, count_from_one, one_of, parsed, path, size, text, timeout, yes_or_no,
};
use crate::{Secret, Span};

section! {
    /// How the embedded engine lays out its files.
    #[derive(Clone, Copy, Debug)]
    pub struct Storage in "storage." {
        /// Size at which a new segment of the statement log is begun. At most 2GiB.
        pub segment_bytes: u64 = size().default("256MiB"),
        /// Statements after which the index in memory is written out as a run.
        pub run_entries: u32 = count().default("262144"),
    }
}

section! {
    /// The database of a store on PostgreSQL.
    #[derive(Clone, Debug)]
    pub optional struct Database in "storage." {
        /// The database that holds everything stored, as in
        /// `postgres://acta:password@db.example.org/acta`; see [cluster.md](cluster.md). Unset for
        /// the embedded engine in `data`. Everyone on a machine can read the command lines of its
        /// processes: give a URL with a password in a file that `ACTA_STORAGE_URL_FILE` names, not
        /// by `--storage`.
        pub url: Secret<String> = database_url().secret(),
        /// A replica of that database, for reading statements. What it cannot answer yet is read
        /// from the database itself.
        pub replica_url: Option<Secret<String>> = database_url().secret().optional(),
        /// Most connections of this node to the database, and as many to the replica.
        pub connections_max: usize = count_from_one().default("16"),
        /// How long a connection to the database is waited for; and at the start, how long a
        /// database that is not there yet.
        pub connect_timeout: Span = timeout().default("5s"),
        /// How long the database may work on one statement of SQL.
        pub statement_timeout: Span = timeout().default("30s"),
        /// Whether a start brings the schema of the database up to date. With `never`, `acta
        /// migrate` must do it first.
        pub migrate: Migrate =
            one_of([("at-start", Migrate::AtStart), ("never", Migrate::Never)]).default("at-start"),
        /// How the connection to the database is protected. `verify-full` encrypts and makes sure
        /// that it is the right server, by its certificate and its host name; `require` encrypts,
        /// but takes any certificate; `prefer` encrypts if the server can, and protects from nobody
        /// who can change what is sent. When unset: the `sslmode` of the URL; without one, `prefer`
        /// for a server on this machine and `verify-full` for any other.
        pub tls: Option<Tls> = one_of([
            ("disable", Tls::Disable),
            ("prefer", Tls::Prefer),
            ("require", Tls::Require),
            ("verify-full", Tls::VerifyFull),
        ])
        .optional(),
        /// A PEM file with the certificates of the authorities that `verify-full` trusts. When
        /// unset: the `sslrootcert` of the URL, or else those that the system trusts.
        pub tls_ca: Option<PathBuf> = path().optional(),
        /// Where a store in a database keeps new attachments of more than 64 KiB: there too, or in
        /// object storage; see [attachments.md](attachments.md).
        pub attachments: Attachments =
            one_of([("database", Attachments::Database), ("objects", Attachments::Objects)])
            .default("database"),
        /// Longest attachment that the database keeps; with `database`, it lowers
        /// `limits.attachment_bytes_max`.
        pub attachment_bytes_max: u64 = size().default("64MiB"),
    }
    sections {
        /// The object storage, which may still hold attachments when new ones go elsewhere.
        pub objects: Option<Objects>,
    }
    check check_database;
}

fn check_database(_: Option<&Database>, settings: &Settings) -> Result<(), ConfigError> {
    let beside =
        |name, other: &str| settings.refusal(name, format!("expected `{other}` beside it"));
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

/// When the schema of the database is brought up to date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Migrate {
    /// Whenever a store is opened.
    AtStart,
    /// By `acta migrate` alone.
    Never,
}

/// How connections to the database are protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// Not at all.
    Disable,
    /// By encryption if the server can.
    Prefer,
    /// By encryption; any certificate will do.
    Require,
    /// By encryption with the server that the URL names.
    VerifyFull,
}

/// Where a store in a database keeps new attachments.
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
        /// The bucket for attachments, and a prefix in it that is this store's own.
        pub url: String = bucket_url(),
        /// The service that has the bucket. When unset, that of Amazon in the region.
        pub endpoint: Option<String> = parsed("`https://…`").optional(),
        /// The region that requests to the bucket are signed for. Most services other than Amazon's
        /// take any.
        pub region: String = text().default("us-east-1"),
        /// The name of the key to the bucket.
        pub access_key: String = text(),
        /// The key to the bucket.
        pub secret_key: Secret<String> = text().secret(),
        /// Whether the endpoint may be asked without encryption.
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
