//! Query plans: all statements of SQL must use indexes, whatever the statistics are.

use std::sync::Arc;

use acta_ambient::{SystemClock, SystemEntropy};
use acta_test_postgres::{Database, citus_coordinator, citus_distribution};

use super::page::matching;
use super::{append, lists, page, read, references};
use crate::administration::plans::{PURGED, statements as administration};
use crate::attachments::NAME;
use crate::database::{Placement, session};
use crate::entities::{names, steps};
use crate::feed::tiles;
use crate::{Options, migrations};

const ALL: &[(&str, &str)] = &[
    ("known ids", append::KNOWN),
    ("one statement", read::FIND),
    ("the feed", read::FEED),
    ("since", page::SINCE),
    ("until", page::UNTIL),
    ("newest first", page::RANGE_DESCENDING),
    ("oldest first", page::RANGE_ASCENDING),
    ("found, newest first", page::LISTED_DESCENDING),
    ("found, oldest first", page::LISTED_ASCENDING),
    ("chains", matching::CHAINS),
    ("texts", matching::TEXTS),
    ("references forward", references::FORWARD),
    ("references backward", references::BACKWARD),
    ("lists, newest first", lists::DESCENDING),
    ("lists, oldest first", lists::ASCENDING),
    ("looked up in a list", lists::PROBE_ONE),
    ("looked up in lists", lists::PROBE),
    ("tiles", tiles::FIND),
    ("persons with too many names", names::EXCESS),
    ("names, trimmed", names::TRIM),
    ("definitions, known", steps::KNOWN),
];

/// How many parameters a statement of SQL has.
fn parameter_count(sql: &str) -> usize {
    (1..100_usize).take_while(|number| sql.contains(&format!("${number}"))).count()
}

/// What is written, or is not answered by an index alone.
const WRITES: &[(&str, &str)] = &[
    ("the counter, locked", append::LOCK),
    ("statements", append::STATEMENTS),
    ("postings", append::POSTINGS),
    ("voids", append::VOIDS),
    ("the counter", append::COUNT),
    ("names of content", NAME),
    ("definitions", steps::DEFINE),
    ("names", names::ADD_NAMES),
    ("the first step of a follower", steps::FIRST_STEP),
    ("a step of a follower", steps::STEP),
    ("tiles, stored", tiles::EXTEND),
    ("tiles, removed", tiles::REMOVE),
];

/// On the cluster of Citus that `TEST_CITUS_URL` names, if there is one.
#[test]
fn every_statement_of_sql_is_one_task_of_a_cluster() {
    let Some(coordinator) = citus_coordinator() else { return };
    let database = Database::fresh_on_citus(&coordinator);
    database.sql("CREATE SCHEMA acta");
    for migration in migrations() {
        database.sql(migration.sql);
    }
    database.sql(citus_distribution());
    let purged =
        administration(Placement::Distributed).into_iter().filter(|(name, _)| *name == PURGED);
    let fixed = ALL.iter().chain(WRITES).map(|(name, sql)| (*name, (*sql).to_owned()));
    for (name, sql) in fixed.chain(purged).filter(|(_, sql)| !sql.contains("acta.audit")) {
        let plan = database.explain(&sql);
        let tasks = plan.lines().filter_map(|line| line.trim().strip_prefix("Task Count: "));
        assert_eq!(tasks.collect::<Vec<_>>(), ["1"], "{name}: {plan}");
        for bad in ["Distributed Subplan", "pull to coordinator"] {
            assert!(!plan.contains(bad), "{name} has a {bad}: {plan}");
        }
    }
}

#[test]
fn every_statement_of_sql_is_answered_by_indexes_also_before_anything_is_stored() {
    let database = Database::fresh();
    database.sql("CREATE SCHEMA acta");
    for migration in migrations() {
        database.sql(migration.sql);
    }
    let (clock, entropy) = (Arc::new(SystemClock::new()), Arc::new(SystemEntropy));
    let session = session(&Options::new(&database.url(), clock, entropy));
    let fixed = ALL.iter().map(|(name, sql)| (*name, (*sql).to_owned()));
    for (name, sql) in fixed.chain(administration(Placement::Together)) {
        let nulls = vec!["NULL"; parameter_count(&sql)].join(", ");
        let explain = format!("{session} PREPARE p AS {sql}; EXPLAIN EXECUTE p({nulls})");
        let plan = database.sql(&explain);
        assert!(plan.contains("Index"), "{name}: {plan}");
        for bad in ["Seq Scan", "Bitmap", "Hash Join", "Merge Join", "Join Filter", "hashed"] {
            assert!(!plan.contains(bad), "{name} has a {bad}: {plan}");
        }
        // No scan of a whole tenant or kind, except in tables with one row for each tenant.
        let wholes = ["Index Cond: (tenant_id = $1)", "Index Cond: (kind = $1)"];
        let is_whole = |line: &str| wholes.contains(&line.trim());
        let of_one_row = ["using audit_heads_pkey", "using counters_pkey"];
        let may_be = name == PURGED || of_one_row.iter().any(|index| plan.contains(index));
        assert!(may_be || !plan.lines().any(is_whole), "{name}: {plan}");
    }
}
