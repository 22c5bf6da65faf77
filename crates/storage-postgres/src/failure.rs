//! Failures of the database, and what to do about them.

use std::error::Error;
use std::io;
use std::time::Duration;

use acta_storage::StorageError;
use deadpool_postgres::{HookError, PoolError, TimeoutType};
use tokio_postgres::error::{DbError, Severity, SqlState};

/// The retry delay for callers when the database cannot be reached.
pub(crate) const RETRY_AFTER: Duration = Duration::from_secs(2);

/// How the names of the keys of statements begin.
const STATEMENT_KEYS: &str = "statements_";

/// Why an attempt failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The database was not reached, so nothing has changed.
    Unreachable(Box<dyn Error + Send + Sync>),
    /// No connection of the pool became free in time.
    PoolExhausted,
    /// The database refused, so nothing has changed.
    Refused(tokio_postgres::Error),
    /// The database is a cluster, and one of its machines could not be reached. What is on the
    /// others goes on, on the same connection.
    MachineAway {
        /// Its host and port.
        machine: String,
        /// What the coordinator reports.
        source: tokio_postgres::Error,
    },
    /// The connection was lost, or a response did not arrive in time. In a transaction, this
    /// was before the commit.
    Lost(Box<dyn Error + Send + Sync>),
    /// The connection was lost at the commit: it is unknown whether it happened.
    Unknown(Box<dyn Error + Send + Sync>),
    /// An error that was decided on this node.
    Decided(StorageError),
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// Retry: a race was lost.
    Repeat,
    /// Retry on another connection.
    Reconnect,
    /// Retry while the machine may come back.
    Await,
    /// Report the error.
    GiveUp,
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        if let Some(machine) = error.as_db_error().and_then(machine_away) {
            return Self::MachineAway { machine, source: error };
        }
        let is_lost = match error.as_db_error() {
            Some(reported) => is_end_of_connection(reported),
            None => has_lost_connection(&error),
        };
        if is_lost { Self::Lost(error.into()) } else { Self::Refused(error) }
    }
}

impl From<PoolError> for Failure {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Timeout(TimeoutType::Wait) => Self::PoolExhausted,
            PoolError::Timeout(TimeoutType::Create | TimeoutType::Recycle) => {
                Self::Unreachable("it does not answer in time".into())
            }
            PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => {
                Self::Unreachable(error.into())
            }
            PoolError::PostCreateHook(HookError::Message(_))
            | PoolError::Closed
            | PoolError::NoRuntimeSpecified => Self::Unreachable(error.into()),
        }
    }
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        Self::Decided(error)
    }
}

impl Failure {
    /// The failure of a timeout.
    pub(crate) fn timed_out() -> Self {
        Self::Lost(io::Error::from(io::ErrorKind::TimedOut).into())
    }

    /// The same failure at a commit.
    pub(crate) fn at_commit(self) -> Self {
        match self {
            Self::Lost(source) => Self::Unknown(source),
            // The machine may have committed before it went.
            Self::MachineAway { source, .. } => Self::Unknown(source.into()),
            Self::Unreachable(_)
            | Self::PoolExhausted
            | Self::Refused(_)
            | Self::Unknown(_)
            | Self::Decided(_) => self,
        }
    }

    /// The same failure of an attempt that can be retried whether it was committed or not.
    pub(crate) fn repeatable(self) -> Self {
        if let Self::Unknown(source) = self { Self::Lost(source) } else { self }
    }

    /// What to do next.
    pub(crate) fn remedy(&self) -> Remedy {
        match self {
            Self::Unreachable(_) | Self::Lost(_) => Remedy::Reconnect,
            Self::MachineAway { .. } => Remedy::Await,
            Self::Refused(error) if error.as_db_error().is_some_and(is_lost_race) => Remedy::Repeat,
            Self::Refused(_) | Self::PoolExhausted | Self::Unknown(_) | Self::Decided(_) => {
                Remedy::GiveUp
            }
        }
    }

    /// Whether the connection must not be used again.
    pub(crate) const fn ends_connection(&self) -> bool {
        match self {
            Self::Lost(_) | Self::Unknown(_) => true,
            Self::Unreachable(_)
            | Self::PoolExhausted
            | Self::Refused(_)
            | Self::MachineAway { .. }
            | Self::Decided(_) => false,
        }
    }

    /// The SQLSTATE that the database gave.
    pub(crate) fn code(&self) -> Option<&SqlState> {
        match self {
            Self::Refused(error) => error.code(),
            Self::Unreachable(_)
            | Self::PoolExhausted
            | Self::MachineAway { .. }
            | Self::Lost(_)
            | Self::Unknown(_)
            | Self::Decided(_) => None,
        }
    }

    /// The constraint that the database found violated.
    pub(crate) fn constraint(&self) -> Option<&str> {
        match self {
            Self::Refused(error) => error.as_db_error().and_then(DbError::constraint),
            Self::Unreachable(_)
            | Self::PoolExhausted
            | Self::MachineAway { .. }
            | Self::Lost(_)
            | Self::Unknown(_)
            | Self::Decided(_) => None,
        }
    }

    /// The machine of a cluster that could not be reached, if that was the reason.
    pub(crate) fn machine(&self) -> Option<&str> {
        if let Self::MachineAway { machine, .. } = self { Some(machine) } else { None }
    }

    /// Whether the database accepts no writes, although it can be read.
    pub(crate) fn refuses_writes(&self) -> bool {
        let refuses = [SqlState::DISK_FULL, SqlState::READ_ONLY_SQL_TRANSACTION];
        self.code().is_some_and(|code| refuses.contains(code))
    }

    /// The root cause, for people.
    pub(crate) fn reason(&self) -> String {
        match self {
            Self::Unreachable(error) | Self::Lost(error) | Self::Unknown(error) => {
                reason_of(&**error)
            }
            Self::Refused(error) | Self::MachineAway { source: error, .. } => reason_of(error),
            Self::PoolExhausted => "all connections of this node are in use".to_owned(),
            Self::Decided(error) => reason_of(error),
        }
    }

    /// The error for the caller of the port.
    pub(crate) fn into_storage_error(self, act: &'static str) -> StorageError {
        match self {
            Self::Decided(error) => error,
            Self::PoolExhausted => StorageError::Busy { retry_after: RETRY_AFTER },
            Self::Unreachable(_) | Self::Lost(_) | Self::MachineAway { .. } => {
                StorageError::Unavailable { retry_after: RETRY_AFTER }
            }
            Self::Refused(error) => tell_refusal(error, act),
            Self::Unknown(source) => StorageError::Io { act, source: io::Error::other(source) },
        }
    }
}

/// The root cause of an error; of an error of the database, only its message.
pub(crate) fn reason_of(error: &(dyn Error + 'static)) -> String {
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    match last.downcast_ref::<DbError>() {
        Some(reported) => reported.message().to_owned(),
        None => last.to_string(),
    }
}

fn tell_refusal(error: tokio_postgres::Error, act: &'static str) -> StorageError {
    let Some(reported) = error.as_db_error() else {
        return StorageError::Io { act, source: io::Error::other(error) };
    };
    let code = reported.code();
    if *code == SqlState::DISK_FULL {
        return StorageError::Full;
    }
    if *code == SqlState::READ_ONLY_SQL_TRANSACTION {
        return StorageError::Unavailable { retry_after: RETRY_AFTER };
    }
    let is_passing = is_lost_race(reported)
        || *code == SqlState::QUERY_CANCELED
        || *code == SqlState::TOO_MANY_CONNECTIONS
        || *code == SqlState::OUT_OF_MEMORY;
    if is_passing {
        tracing::warn!(error = &error as &dyn Error, act, "the database refuses for now");
        return StorageError::Busy { retry_after: RETRY_AFTER };
    }
    // The driver's own text contains no reason.
    let reason = format!("{}: {}", code.code(), reported.message());
    StorageError::Io { act, source: io::Error::other(reason) }
}

/// Whether another attempt may succeed.
fn is_lost_race(reported: &DbError) -> bool {
    let lost = [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::LOCK_NOT_AVAILABLE,
    ];
    lost.contains(reported.code()) || has_lost_order(reported)
}

/// Whether another node has stored a statement at the same place: this one did not have the lock
/// of the tenant any more, because the tenant was moved to another machine. The names of keys there
/// continue with a number.
fn has_lost_order(reported: &DbError) -> bool {
    *reported.code() == SqlState::UNIQUE_VIOLATION
        && reported.constraint().is_some_and(|constraint| constraint.starts_with(STATEMENT_KEYS))
}

/// The machine of a cluster that could not be reached; `None` if this is not the reason.
fn machine_away(reported: &DbError) -> Option<String> {
    if is_fatal(reported) {
        return None;
    }
    // If the connection breaks off, the coordinator gives no other code.
    let is_cut =
        *reported.code() == SqlState::INTERNAL_ERROR && reported.message().contains("connection");
    let ended = [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN, SqlState::CANNOT_CONNECT_NOW];
    let is_away =
        reported.code().code().starts_with("08") || ended.contains(reported.code()) || is_cut;
    is_away.then(|| machine_in(reported.message(), reported.where_()))?
}

/// What precedes the host and port of a machine in messages about it: it refuses or breaks off, it
/// does not answer, or it went in the middle of a transaction.
const BEFORE_MACHINE: [&str; 3] = [
    "connection to the remote node ",
    "any connections to the node ",
    "connection marked as essential: ",
];

/// The host and port of the machine that an error of a cluster is about.
fn machine_in(message: &str, context: Option<&str>) -> Option<String> {
    let name_after = |text: &str, start: &str| {
        let (_, name) = text.split_once(start)?;
        let name = name.split_whitespace().next()?;
        let name = name.rsplit_once('@').map_or(name, |(_user, name)| name);
        Some(name.to_owned())
    };
    BEFORE_MACHINE
        .into_iter()
        .find_map(|start| name_after(message, start))
        .or_else(|| name_after(context?, "while executing command on "))
}

fn is_fatal(reported: &DbError) -> bool {
    matches!(reported.parsed_severity(), Some(Severity::Fatal | Severity::Panic))
}

/// Whether the database closes the connection after this error.
fn is_end_of_connection(reported: &DbError) -> bool {
    is_fatal(reported) || reported.code().code().starts_with("08")
}

/// Whether the error is one of the network, not of the server.
pub(crate) fn has_lost_connection(error: &tokio_postgres::Error) -> bool {
    if error.is_closed() {
        return true;
    }
    let mut cause = error.source();
    while let Some(current) = cause {
        if current.is::<io::Error>() {
            return true;
        }
        cause = current.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_machine_that_an_error_of_a_cluster_is_about() {
        let table = [
            (
                "connection to the remote node acta@worker1:5432 failed with the following error: \
                 connection refused",
                None,
                Some("worker1:5432"),
            ),
            ("connection to the remote node acta@::1:5432 failed", None, Some("::1:5432")),
            (
                "could not establish any connections to the node worker1:5432 after 5000 ms",
                None,
                Some("worker1:5432"),
            ),
            ("failure on connection marked as essential: worker2:5433", None, Some("worker2:5433")),
            (
                "terminating connection due to administrator command",
                Some("while executing command on worker2:5433"),
                Some("worker2:5433"),
            ),
            (
                "server closed the connection unexpectedly",
                Some("SQL statement\nwhile executing command on 10.0.0.2:5432\nmore"),
                Some("10.0.0.2:5432"),
            ),
            ("bind message has 1 result formats but query has 2 columns", None, None),
            ("terminating connection due to administrator command", Some("SQL function"), None),
        ];
        for (message, context, expected) in table {
            assert_eq!(machine_in(message, context).as_deref(), expected, "{message}");
        }
    }
}
