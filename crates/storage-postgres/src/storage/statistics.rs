//! Statistics of a node.

use std::time::Duration;

/// The statistics of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statistics {
    /// Its connections to the database.
    pub database: Connections,
    /// Its connections to the replica, if there is one.
    pub replica: Option<Connections>,
    /// Transactions in which it has stored statements.
    pub group_count: u64,
    /// Statements that it stored in them.
    pub group_statement_count: u64,
    /// Batches that wait to be stored.
    pub waiting_count: u64,
    /// How far the latest `stored` of any tenant is ahead of the clock; zero if it is not.
    pub stored_lead: Duration,
}

/// The state of the connections to a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connections {
    /// Most connections at a time.
    pub connections_max: u64,
    /// Connections that are open.
    pub connection_count: u64,
    /// Those of them that are in use.
    pub busy_count: u64,
    /// Operations that wait for a connection.
    pub waiting_count: u64,
    /// Operations that failed, including those that succeeded when retried.
    pub failure_count: u64,
    /// Operations that were retried on another connection.
    pub reconnect_count: u64,
    /// Operations that were retried after a lost race.
    pub repeat_count: u64,
    /// Whether the last attempt reached the database.
    pub is_reachable: bool,
}
