//! How the engine on PostgreSQL is opened.

use std::sync::Arc;

use acta_ambient::{Clock, Entropy};
use acta_config::{Database, Migrate, Tls};
use acta_storage_postgres as postgres;

/// What the engine is told to do.
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
        ..postgres::Options::new(database.url.expose(), clock, entropy)
    }
}
