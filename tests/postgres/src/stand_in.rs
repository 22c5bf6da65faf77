//! A stand-in for Citus: a database that looks like the coordinator of a cluster with two workers,
//! which can be away.
//!
//! The errors are those of a real server, raised where a row of a tenant is read or written whose
//! machine is away, with the code, the severity and the messages of Citus. It shows what Acta makes
//! of a cluster, not what a cluster makes of Acta: for that there is a cluster that somebody names.

use crate::{Database, citus_distribution};

/// What there is of Citus.
const CATALOG: &str = include_str!("stand_in.sql");

/// The password of the role of the nodes.
const PASSWORD: &str = "hunter2";

/// How a machine that is away is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    /// Nothing listens on its port.
    Refused,
    /// It does not answer.
    Silent,
}

/// A database that looks like a cluster of Citus. It is removed when this is dropped.
#[derive(Debug)]
pub struct CitusStandIn {
    database: Database,
    /// That of the nodes, which policies apply to.
    role: String,
}

impl Database {
    /// Lets it look like a cluster of Citus without distributed tables.
    pub fn imitate_citus(&self) {
        self.sql(CATALOG);
    }
}

impl CitusStandIn {
    /// An empty database on the shared server.
    pub fn fresh() -> Self {
        let database = Database::fresh();
        database.imitate_citus();
        let role = format!("node_{}", database.name());
        database.sql(&format!("CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'"));
        Self { database, role }
    }

    /// The database, for its superuser, who reads all rows whatever is away.
    pub const fn database(&self) -> &Database {
        &self.database
    }

    /// The URL for the nodes.
    pub fn url(&self) -> String {
        let url = self.database.url();
        let (_, behind_user) = url.split_once('@').expect("the URL has a user");
        format!("postgres://{}:{PASSWORD}@{behind_user}", self.role)
    }

    /// Distributes the tables of the schema, as the guide for operators says, and lets the nodes
    /// use them.
    pub fn distribute(&self) {
        self.database.sql(citus_distribution());
        let role = &self.role;
        self.database.sql(&format!(
            "GRANT USAGE ON SCHEMA acta TO {role}; GRANT SELECT, INSERT, UPDATE, DELETE \
             ON ALL TABLES IN SCHEMA acta TO {role}; GRANT TRUNCATE ON acta.reserve TO {role}"
        ));
    }

    /// The host and port of the machine that a tenant is on.
    pub fn machine_of(tenant: u32) -> String {
        format!("worker{}:5432", tenant % 2)
    }

    /// Takes a machine away.
    pub fn take_away(&self, machine: &str, absence: Absence) {
        let failure = match absence {
            Absence::Refused => format!(
                "connection to the remote node acta@{machine} failed with the following error: \
                 Connection refused"
            ),
            Absence::Silent => {
                format!("could not establish any connections to the node {machine} after 5000 ms")
            }
        };
        self.set(machine, &format!("failure = '{failure}'"));
    }

    /// Brings a machine back.
    pub fn bring_back(&self, machine: &str) {
        self.set(machine, "failure = NULL");
    }

    /// Sets what a transaction on a machine waits for: `synchronous_commit`.
    pub fn set_commit(&self, machine: &str, value: &str) {
        self.set(machine, &format!("synchronous_commit = '{value}'"));
    }

    fn set(&self, machine: &str, change: &str) {
        let changed = self.database.sql(&format!(
            "UPDATE machines SET {change} WHERE nodename || ':' || nodeport = '{machine}' \
             RETURNING groupid"
        ));
        assert!(!changed.is_empty(), "there is no machine {machine}");
    }
}

impl Drop for CitusStandIn {
    fn drop(&mut self) {
        let role = &self.role;
        let drop = format!("DROP OWNED BY {role}; DROP ROLE {role}");
        // A server that is gone has taken its roles along.
        let _ = self.database.superuser().try_sql_in(self.database.name(), &drop);
    }
}
