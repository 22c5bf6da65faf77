//! How the engine on PostgreSQL is opened.

use std::sync::Arc;

use acta_ambient::{Clock, Entropy};
use acta_config::{Attachments, Database, Migrate, Objects, Tls};
use acta_storage_postgres as postgres;
use anyhow::{Result, bail};

/// The options of the engine.
pub(crate) fn options(
    database: &Database,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
) -> postgres::Options {
    let replica_url = database.replica_url.as_ref();
    postgres::Options {
        replica_url: replica_url.map(|url| url.expose().clone()),
        connections_max: database.connections_max,
        connect_timeout: database.connect_timeout.0,
        statement_timeout: database.statement_timeout.0,
        tls: database.tls.map(|tls| match tls {
            Tls::Disable => postgres::Tls::Disable,
            Tls::Prefer => postgres::Tls::Prefer,
            Tls::Require => postgres::Tls::Require,
            Tls::VerifyFull => postgres::Tls::VerifyFull,
        }),
        tls_ca: database.tls_ca.clone(),
        migrate: match database.migrate {
            Migrate::AtStart => postgres::Migrate::AtStart,
            Migrate::Never => postgres::Migrate::Never,
        },
        attachments: attachments(database),
        ..postgres::Options::new(database.url.expose(), clock, entropy)
    }
}

/// Checks that a database holds a store. Nothing is changed.
///
/// # Errors
///
/// When it does not, or does not respond.
pub(crate) async fn check_store(options: &postgres::Options) -> Result<()> {
    if !has_store(options).await? {
        bail!("there is no store in the database; `acta serve` and `acta init` create one");
    }
    Ok(())
}

/// Whether a database holds a store, of any release.
pub(crate) async fn has_store(options: &postgres::Options) -> Result<bool> {
    Ok(postgres::inspect(options).await?.found != 0)
}

fn attachments(database: &Database) -> postgres::Attachments {
    let objects = database.objects.as_ref().map(object_options);
    match (database.attachments, objects) {
        (Attachments::Objects, Some(objects)) => postgres::Attachments::Objects(objects),
        (_, objects) => {
            postgres::Attachments::Database { bytes_max: database.attachment_bytes_max, objects }
        }
    }
}

fn object_options(objects: &Objects) -> postgres::ObjectOptions {
    postgres::ObjectOptions {
        url: objects.url.clone(),
        endpoint: objects.endpoint.clone(),
        region: objects.region.clone(),
        access_key: objects.access_key.clone(),
        secret_key: objects.secret_key.expose().clone(),
        allow_http: objects.allow_http,
    }
}

/// The longest attachment, in bytes, that is accepted under a limit.
pub(crate) fn attachment_bytes_max(database: Option<&Database>, limit: u64) -> u64 {
    match database {
        Some(database) if database.attachments == Attachments::Database => {
            limit.min(database.attachment_bytes_max)
        }
        Some(_) | None => limit,
    }
}
