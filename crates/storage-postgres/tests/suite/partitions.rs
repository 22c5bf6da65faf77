//! The schema with its tables of tenants partitioned by tenant.

use acta_storage_postgres::migrations;
use acta_test_postgres::Database;

/// The mark of tables that can be distributed by tenant.
const MARK: &str = "/* BY TENANT */";

/// How many partitions a table gets.
const PARTITION_COUNT: u32 = 3;

/// Makes the schema, as it is but for the partitions.
pub(crate) fn make(database: &Database) {
    let mut sql = String::from(
        "CREATE SCHEMA acta; CREATE TABLE acta.migrations (version integer PRIMARY KEY, \
         name text NOT NULL, oldest integer NOT NULL, applied timestamptz NOT NULL);",
    );
    for migration in migrations() {
        assert!(migration.sql.contains(MARK) || migration.version > 1, "the mark has changed");
        sql.push_str(&migration.sql.replace(MARK, "PARTITION BY HASH (tenant_id)"));
        sql.push_str(&format!(
            "INSERT INTO acta.migrations VALUES ({}, '{}', {}, now());",
            migration.version, migration.name, migration.oldest
        ));
    }
    sql.push_str(&format!(
        "DO $$ DECLARE parent record; BEGIN \
         FOR parent IN SELECT c.relname FROM pg_class c WHERE c.relkind = 'p' \
         AND c.relnamespace = 'acta'::regnamespace LOOP \
         FOR place IN 0..{last} LOOP \
         EXECUTE format('CREATE TABLE acta.%I PARTITION OF acta.%I FOR VALUES WITH \
         (MODULUS {PARTITION_COUNT}, REMAINDER %s)', \
         parent.relname || '_' || place, parent.relname, place); \
         END LOOP; END LOOP; END $$;",
        last = PARTITION_COUNT - 1
    ));
    database.sql(&sql);
}
