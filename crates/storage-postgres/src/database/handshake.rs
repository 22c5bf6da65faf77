//! The first connection of a process: it waits for the database, checks it and explains errors.

use std::error::Error;
use std::io;
use std::time::Duration;

use tokio_postgres::error::{DbError, SqlState};
use tokio_rustls::rustls;

use crate::database::cluster::check_durable;
use crate::database::{Connection, Database, SharedConnection};
use crate::failure::{Failure, has_lost_connection};
use crate::{OpenError, Options};

/// The interval between attempts to reach the database.
const WAIT: Duration = Duration::from_millis(250);

/// The name of an operation, for errors.
const PRIVILEGES: &str = "looking at what the role may do";

/// The first connection, to a usable database.
#[derive(Debug)]
pub(crate) struct Handshake {
    /// The connection.
    pub(crate) connection: SharedConnection,
    /// The current role, quoted for SQL.
    pub(crate) role: String,
    /// The name of the database, quoted for SQL.
    pub(crate) name: String,
}

/// Connects for the first time and checks the database. Waits for a database that cannot be
/// reached as long as for any connection, since it may be starting together with this node.
///
/// # Errors
///
/// [`OpenError::Unreachable`], [`OpenError::Refused`], [`OpenError::Tls`],
/// [`OpenError::Encoding`], [`OpenError::ReadOnly`], [`OpenError::NotDurable`],
/// [`OpenError::Storage`].
pub(crate) async fn handshake(
    database: &Database,
    options: &Options,
) -> Result<Handshake, OpenError> {
    let place = database.health.place();
    let explained = |failure| explain(failure, place);
    let connection = wait_for(database, options).await.map_err(explained)?;
    let sql = "SELECT current_setting('server_encoding'), \
         current_setting('transaction_read_only') = 'on' OR pg_is_in_recovery(), \
         quote_ident(current_user), quote_ident(current_database())";
    let row = database.limit(async { Ok(connection.query_one(sql, &[]).await?) }).await;
    let row = row.map_err(explained)?;
    let encoding: String = row.get(0);
    if encoding != "UTF8" {
        return Err(OpenError::Encoding { encoding });
    }
    if row.get(1) {
        return Err(OpenError::ReadOnly { place: place.to_owned() });
    }
    check_durable(database, &connection).await?;
    Ok(Handshake { connection, role: row.get(2), name: row.get(3) })
}

async fn wait_for(database: &Database, options: &Options) -> Result<SharedConnection, Failure> {
    let give_up = options.clock.elapsed().saturating_add(options.connect_timeout);
    loop {
        match database.connect().await {
            Err(failure) if may_come(&failure) && options.clock.elapsed() < give_up => {
                tokio::time::sleep(WAIT).await;
            }
            connected => return connected,
        }
    }
}

/// Whether the server did not respond or is starting.
fn may_come(failure: &Failure) -> bool {
    let Failure::Unreachable(source) = failure else { return false };
    match db_error(&**source) {
        Some(reported) => *reported.code() == SqlState::CANNOT_CONNECT_NOW,
        None => is_of_network(&**source) && tls_reason(&**source).is_none(),
    }
}

/// Checks that the role may read and write the existing tables, and warns if it may not use the
/// reserve for administration.
///
/// # Errors
///
/// [`OpenError::NotPermitted`], [`OpenError::Storage`].
pub(crate) async fn check_permitted(handshake: &Handshake) -> Result<(), OpenError> {
    let sql = "SELECT min(c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = 'acta' AND c.relkind IN ('r', 'p') AND c.relname <> 'migrations' \
         AND NOT (has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT') \
         AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE'))";
    let row = handshake.connection.query_one(sql, &[]).await.map_err(Failure::from);
    let row = row.map_err(|failure| failure.into_storage_error(PRIVILEGES))?;
    match row.get::<_, Option<String>>(0) {
        None => warn_of_reserve(handshake).await,
        Some(table) => Err(OpenError::NotPermitted {
            reason: format!("reading and writing acta.{table}"),
            advice: grant_of_tables(handshake),
        }),
    }
}

/// The GRANT that lets the role do everything but change the schema.
pub(crate) fn grant_of_tables(handshake: &Handshake) -> String {
    let role = &handshake.role;
    format!(
        "its owner can execute: GRANT USAGE ON SCHEMA acta TO {role}; GRANT SELECT, INSERT, \
         UPDATE, DELETE ON ALL TABLES IN SCHEMA acta TO {role}; GRANT TRUNCATE ON acta.reserve \
         TO {role}"
    )
}

/// Warns of a role that may not use the reserve for administration.
///
/// # Errors
///
/// [`OpenError::Storage`].
async fn warn_of_reserve(handshake: &Handshake) -> Result<(), OpenError> {
    let sql = "SELECT has_table_privilege('acta.reserve', 'TRUNCATE')";
    let row = handshake.connection.query_one(sql, &[]).await.map_err(Failure::from);
    let row = row.map_err(|failure| failure.into_storage_error(PRIVILEGES))?;
    if !row.get::<_, bool>(0) {
        tracing::warn!(
            "a full disk of the database will refuse revocations; its owner can execute: GRANT \
             TRUNCATE ON acta.reserve TO {}",
            handshake.role
        );
    }
    Ok(())
}

/// The GRANT that lets the role create the schema.
pub(crate) fn grant_of_schema(handshake: &Handshake) -> String {
    let Handshake { role, name, .. } = handshake;
    format!(
        "the owner of the database can execute: GRANT CREATE ON DATABASE {name} TO {role}; or run \
         `acta migrate` under a role that may"
    )
}

/// Whether the schema exists. This needs no privilege to create it.
///
/// # Errors
///
/// As every query.
pub(crate) async fn has_schema(connection: &Connection) -> Result<bool, Failure> {
    let sql = "SELECT FROM pg_namespace WHERE nspname = 'acta'";
    Ok(connection.query_opt(sql, &[]).await?.is_some())
}

fn explain(failure: Failure, place: &str) -> OpenError {
    let place = place.to_owned();
    let reason = failure.reason();
    let source = match failure {
        Failure::Unreachable(source) | Failure::Lost(source) | Failure::Unknown(source) => source,
        Failure::Refused(error) | Failure::MachineAway { source: error, .. } => error.into(),
        Failure::PoolExhausted => return OpenError::Unreachable { place, reason },
        Failure::Decided(error) => return OpenError::Storage(error),
    };
    if let Some(reported) = db_error(&*source) {
        return match advice(reported) {
            Some(advice) => OpenError::Refused { place, reason, advice },
            None => OpenError::Unreachable { place, reason },
        };
    }
    if let Some(why) = tls_reason(&*source) {
        return OpenError::Tls { reason: format!("{place}: {why}") };
    }
    if is_of_network(&*source) {
        return OpenError::Unreachable { place, reason };
    }
    let advice = "check user and password in storage.url".to_owned();
    OpenError::Refused { place, reason, advice }
}

/// The advice for an error of a server that refuses a connection; `None` if it may accept one
/// later.
fn advice(reported: &DbError) -> Option<String> {
    let code = reported.code();
    let advice = if *code == SqlState::CANNOT_CONNECT_NOW || *code == SqlState::ADMIN_SHUTDOWN {
        return None;
    } else if *code == SqlState::INVALID_CATALOG_NAME {
        "make it there: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
    } else if *code == SqlState::INVALID_PASSWORD {
        "check user and password in storage.url"
    } else if reported.message().ends_with("no encryption") {
        "pg_hba.conf of the server may want encryption: set storage.tls to verify-full or require"
    } else if *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION {
        "check the user in storage.url, and pg_hba.conf of the server"
    } else if *code == SqlState::TOO_MANY_CONNECTIONS {
        "raise max_connections there, or lower storage.connections_max of its nodes"
    } else if *code == SqlState::INSUFFICIENT_PRIVILEGE {
        "its owner can execute: GRANT CONNECT ON DATABASE … TO …"
    } else {
        "see its log"
    };
    Some(advice.to_owned())
}

/// Why a connection could not be encrypted, if that was the reason.
fn tls_reason(error: &(dyn Error + 'static)) -> Option<String> {
    let driver = error.downcast_ref::<tokio_postgres::Error>()?;
    // The driver distinguishes kinds of errors only by their texts.
    let kind = driver.to_string();
    let cause = driver.source().map(ToString::to_string).unwrap_or_default();
    if !kind.starts_with("error performing TLS handshake") {
        return None;
    }
    if cause == "server does not support TLS" {
        return Some(
            "the server offers no encryption; set storage.tls to disable, or sslmode=disable in \
             the URL, if you trust the network in between with everything, passwords included"
                .to_owned(),
        );
    }
    let reported = driver.source().and_then(|cause| cause.downcast_ref::<io::Error>());
    let reported =
        reported.and_then(|reported| reported.get_ref()?.downcast_ref::<rustls::Error>());
    let Some(rustls::Error::InvalidCertificate(fault)) = reported else { return Some(cause) };
    Some(certificate_reason(fault))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "all others are reported in one way")]
fn certificate_reason(fault: &rustls::CertificateError) -> String {
    use rustls::CertificateError as Fault;
    match fault {
        // The certificate is of an authority with the same name and another key.
        Fault::BadSignature | Fault::UnknownIssuer => {
            "its certificate is of an authority that is not trusted; name \
             the certificate of that authority by storage.tls_ca"
                .to_owned()
        }
        Fault::NotValidForName | Fault::NotValidForNameContext { .. } => format!(
            "its certificate is for another host ({fault}); storage.url must name the server as \
             its certificate does"
        ),
        _ => format!("its certificate is not accepted: {fault}"),
    }
}

fn db_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a DbError> {
    error.downcast_ref::<tokio_postgres::Error>().and_then(tokio_postgres::Error::as_db_error)
}

/// Whether the error is one of the network, not of the server.
fn is_of_network(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref().is_none_or(has_lost_connection)
}
