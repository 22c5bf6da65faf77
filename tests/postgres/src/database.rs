//! Databases on the server that all tests of a run share.

use std::process;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use acta_ambient::{Entropy as _, SystemEntropy};

use crate::{Cluster, Superuser};

/// The environment variable with the URL of the shared server's superuser.
pub const SHARED_URL: &str = "TEST_POSTGRES_URL";

/// Settings of the shared server: it need not outlive a loss of power, and several tests at a
/// time each open their pools.
pub const SHARED_SETTINGS: &[(&str, &str)] =
    &[("fsync", "off"), ("full_page_writes", "off"), ("max_connections", "200")];

/// The end of a script: explains the prepared statement `p`, with a value of the right type for
/// each of its parameters.
const EXPLAIN: &str = r"SELECT 'EXPLAIN EXECUTE p' || coalesce('(' || string_agg(quote_literal(CASE
    WHEN of_type::text = 'uuid[]' THEN '{00000000-0000-0000-0000-000000000001}'
    WHEN of_type::text = 'uuid' THEN '00000000-0000-0000-0000-000000000001'
    WHEN of_type::text LIKE 'timestamp%[]' THEN '{2026-01-02}'
    WHEN of_type::text LIKE 'timestamp%' THEN '2026-01-02'
    WHEN of_type::text = 'text[]' THEN '{' || place || '}'
    WHEN of_type::text LIKE '%[]' THEN '{1}'
    ELSE '1' END), ', ' ORDER BY place) || ')', '')
    FROM pg_prepared_statements, unnest(parameter_types) WITH ORDINALITY AS t(of_type, place)
    \gexec
";

/// An empty database of one test's own. It is removed when this is dropped.
#[derive(Debug)]
pub struct Database {
    superuser: Superuser,
    /// Those of the other machines of a cluster.
    workers: Vec<Superuser>,
    name: String,
}

impl Database {
    /// A database on the shared server: the one that `TEST_POSTGRES_URL` names, as
    /// `cargo xtask with-postgres` sets it, or else one that this process starts and keeps.
    pub fn fresh() -> Self {
        Self::fresh_on(shared())
    }

    /// A database on another server.
    pub fn fresh_on(superuser: &Superuser) -> Self {
        Self::fresh_on_all(superuser, Vec::new())
    }

    /// A database of the same name on each machine of a cluster.
    pub(crate) fn fresh_on_all(superuser: &Superuser, workers: Vec<Superuser>) -> Self {
        let database = Self { superuser: superuser.clone(), workers, name: unique_name() };
        for server in database.servers() {
            server.create(&database.name);
        }
        database
    }

    /// The superusers of all machines that it is on.
    pub(crate) fn servers(&self) -> impl Iterator<Item = &Superuser> {
        std::iter::once(&self.superuser).chain(&self.workers)
    }

    /// A database with everything that is in this one, to which nobody may be connected.
    #[must_use]
    pub fn copy(&self) -> Self {
        let name = unique_name();
        self.superuser.create_from(&self.name, &name);
        Self { superuser: self.superuser.clone(), workers: Vec::new(), name }
    }

    /// Its URL, for the superuser.
    pub fn url(&self) -> String {
        self.superuser.url(&self.name)
    }

    /// The role that may do everything on its server.
    pub fn superuser(&self) -> &Superuser {
        &self.superuser
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs SQL in it; see [`Superuser::sql_in`].
    pub fn sql(&self, sql: &str) -> String {
        self.superuser.sql_in(&self.name, sql)
    }

    /// The plan of one statement of SQL, made for some value of each of its parameters: the number
    /// 1, or what is like it in another type.
    pub fn explain(&self, sql: &str) -> String {
        self.sql(&format!(
            "SET plan_cache_mode = force_custom_plan; PREPARE p AS {sql};\n{EXPLAIN}"
        ))
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE IF EXISTS \"{}\" WITH (FORCE)", self.name);
        for server in self.servers() {
            // A server that is gone has taken its databases along.
            let _ = server.try_sql_in("postgres", &drop);
        }
    }
}

/// The superuser of the shared server.
fn shared() -> &'static Superuser {
    static SHARED: OnceLock<Superuser> = OnceLock::new();
    SHARED.get_or_init(|| {
        #[expect(clippy::disallowed_methods, reason = "tests take no configuration")]
        let named = std::env::var(SHARED_URL);
        if let Ok(url) = named {
            return Superuser::new(&url);
        }
        let cluster = Cluster::running(SHARED_SETTINGS);
        let superuser = cluster.superuser().clone();
        // Its reaper ends it when this process ends.
        std::mem::forget(cluster);
        superuser
    })
}

/// A name that no other test of any process takes.
fn unique_name() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let mut random = [0; 4];
    SystemEntropy.fill(&mut random);
    format!("test_{}_{count}_{:08x}", process::id(), u32::from_ne_bytes(random))
}
