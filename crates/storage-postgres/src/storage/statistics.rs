//! What a node tells about itself.

/// How a node is doing.
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
}

/// How the connections to a database are doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connections {
    /// Most connections at a time.
    pub connections_max: u64,
    /// Connections that are open.
    pub connection_count: u64,
    /// Those of them that are in use.
    pub busy_count: u64,
    /// Acts that wait for a connection.
    pub waiting_count: u64,
    /// Acts on the database that failed, also if they went well when they were tried again.
    pub failure_count: u64,
    /// Acts that were tried again on another connection.
    pub reconnect_count: u64,
    /// Acts that were tried again after a lost race.
    pub repeat_count: u64,
    /// Whether the database could be reached when that was last tried.
    pub is_reachable: bool,
}
