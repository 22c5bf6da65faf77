//! What the schema must not have, so that it can be distributed by tenant.

use acta_test_postgres::Database;

use crate::partitions;

/// Tables that are the same for all tenants: small, and read by everyone.
const DIRECTORY: &[&str] = &["leases", "migrations", "nodes", "records", "reserve", "secrets"];

fn lines(database: &Database, sql: &str) -> Vec<String> {
    database.sql(sql).lines().map(str::to_owned).collect()
}

#[test]
fn every_table_is_of_tenants_or_in_the_directory() {
    let database = Database::fresh();
    partitions::make(&database);
    let plain = lines(
        &database,
        "SELECT relname FROM pg_class WHERE relnamespace = 'acta'::regnamespace \
         AND relkind = 'r' AND NOT relispartition ORDER BY relname",
    );
    assert_eq!(plain, DIRECTORY);
}

#[test]
fn every_key_of_a_table_of_tenants_begins_with_the_tenant() {
    let database = Database::fresh();
    partitions::make(&database);
    // Those of partitions are made from those of their tables.
    let others = lines(
        &database,
        "SELECT i.indexrelid::regclass FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid \
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0] \
         WHERE c.relnamespace = 'acta'::regnamespace AND c.relkind = 'p' \
         AND a.attname <> 'tenant_id'",
    );
    assert_eq!(others, [""; 0]);
}

#[test]
fn the_schema_contains_nothing_that_cannot_be_distributed() {
    let database = Database::fresh();
    partitions::make(&database);
    let found = lines(
        &database,
        "SELECT 'trigger ' || tgname FROM pg_trigger WHERE NOT tgisinternal \
         UNION ALL SELECT 'sequence ' || relname FROM pg_class \
         WHERE relkind = 'S' AND relnamespace = 'acta'::regnamespace \
         UNION ALL SELECT 'foreign key ' || conname FROM pg_constraint \
         WHERE contype = 'f' AND connamespace = 'acta'::regnamespace \
         UNION ALL SELECT 'function ' || proname FROM pg_proc \
         WHERE pronamespace = 'acta'::regnamespace \
         UNION ALL SELECT 'partitioned otherwise ' || partrelid::regclass \
         FROM pg_partitioned_table WHERE partstrat <> 'h'",
    );
    assert_eq!(found, [""; 0]);
}
