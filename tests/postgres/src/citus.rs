//! Databases on a cluster of Citus, which no package of the system has: it is tested where somebody
//! names one.

use crate::{Database, Superuser};

/// The environment variable with the URL of the superuser of a coordinator of Citus, in a database
/// that knows the other machines. There the superuser has the same name and password.
pub const CITUS_URL: &str = "TEST_CITUS_URL";

/// The SQL that distributes the tables of a schema, as the guide for operators has it.
pub fn distribution() -> &'static str {
    let guide = include_str!("../../../docs/operate/cluster.md");
    let start = guide.find("SELECT create_distributed_table(").expect("the guide has the SQL");
    let (sql, _) = guide[start..].split_once("```").expect("a block of code ends");
    sql
}

/// The superuser of the coordinator, if one is named.
pub fn coordinator() -> Option<Superuser> {
    #[expect(clippy::disallowed_methods, reason = "tests take no configuration")]
    let named = std::env::var(CITUS_URL);
    named.ok().map(|url| Superuser::new(&url))
}

impl Database {
    /// An empty database on a cluster of Citus, whose machines know each other.
    pub fn fresh_on_citus(coordinator: &Superuser) -> Self {
        let machines = |condition: &str| {
            coordinator.sql(&format!(
                "SELECT nodename || ' ' || nodeport FROM pg_dist_node \
                 WHERE noderole = 'primary' AND {condition}"
            ))
        };
        let placed = machines("groupid > 0");
        let addresses: Vec<(&str, &str)> =
            placed.lines().filter_map(|line| line.split_once(' ')).collect();
        assert!(!addresses.is_empty(), "the cluster has no workers");
        let workers = addresses.iter().map(|(host, port)| coordinator.at(host, port));
        let database = Self::fresh_on_all(coordinator, workers.collect());
        for server in database.servers() {
            server.sql_in(database.name(), "CREATE EXTENSION citus");
        }
        let own = machines("groupid = 0");
        let (host, port) = own.split_once(' ').expect("the coordinator knows its own address");
        database.sql(&format!("SELECT citus_set_coordinator_host('{host}', {port})"));
        for (host, port) in addresses {
            database.sql(&format!("SELECT citus_add_node('{host}', {port})"));
        }
        database
    }
}
