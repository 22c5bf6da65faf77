//! The schema with its tables of tenants partitioned by tenant; or distributed, on the cluster of
//! Citus that `TEST_CITUS_URL` names.

use acta_storage_postgres::{Migrate, Migration, migrations};
use acta_test_postgres::{Database, citus_coordinator, citus_distribution};

/// The mark of tables that can be distributed by tenant.
const MARK: &str = "/* BY TENANT */";

/// How many partitions a table gets.
const PARTITION_COUNT: u32 = 3;

/// A database with such a schema.
pub(crate) fn database() -> Database {
    let Some(coordinator) = citus_coordinator() else { return partitioned() };
    let database = Database::fresh_on_citus(&coordinator);
    database.sql(&schema(""));
    // Fewer shards than there usually are, so that tenants share some.
    database.sql(&format!("SET citus.shard_count = 4; {}", citus_distribution()));
    database
}

/// A database with tables that are partitioned, also if a cluster is named.
pub(crate) fn partitioned() -> Database {
    let database = Database::fresh();
    make(&database);
    database
}

/// Tables as they are, and tables that are partitioned.
pub(crate) fn both() -> [(Database, Migrate); 2] {
    [(Database::fresh(), Migrate::AtStart), (partitioned(), Migrate::Never)]
}

/// Makes the schema as it is.
pub(crate) fn make_whole(database: &Database) {
    database.sql(&schema(""));
}

/// The SQL of all migrations, with tables of tenants that have a clause.
fn schema(clause: &str) -> String {
    let mut sql = vec![
        "CREATE SCHEMA acta; CREATE TABLE acta.migrations (version integer PRIMARY KEY, \
         name text NOT NULL, oldest integer NOT NULL, applied timestamptz NOT NULL);"
            .to_owned(),
    ];
    for Migration { version, name, oldest, sql: made } in migrations() {
        assert!(made.contains(MARK) || 1 < *version, "the mark has changed");
        sql.push(made.replace(MARK, clause));
        let done = format!("{version}, '{name}', {oldest}, now()");
        sql.push(format!("INSERT INTO acta.migrations VALUES ({done});"));
    }
    sql.concat()
}

/// Makes the schema, as it is but for the partitions.
pub(crate) fn make(database: &Database) {
    let last = PARTITION_COUNT - 1;
    let partitions = format!(
        "DO $$ DECLARE parent record; BEGIN \
         FOR parent IN SELECT c.relname FROM pg_class c WHERE c.relkind = 'p' \
         AND c.relnamespace = 'acta'::regnamespace LOOP \
         FOR place IN 0..{last} LOOP \
         EXECUTE format('CREATE TABLE acta.%I PARTITION OF acta.%I FOR VALUES WITH \
         (MODULUS {PARTITION_COUNT}, REMAINDER %s)', \
         parent.relname || '_' || place, parent.relname, place); \
         END LOOP; END LOOP; END $$;"
    );
    database.sql(&(schema("PARTITION BY HASH (tenant_id)") + &partitions));
}
