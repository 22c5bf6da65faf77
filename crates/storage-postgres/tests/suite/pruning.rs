//! Every statement of SQL about tables that a cluster distributes is for one tenant, as the planner
//! sees it: partitions by tenant stand for the shards, and it leaves all but one of them out.
//!
//! What is executed is taken from the log of the server. So the rules hold for what is really
//! asked, wherever in the code it is put together.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use acta_access::TenantId;
use acta_ambient::{Clock, ManualClock};
use acta_storage::{
    Advanced, EntityFact, EntityKind, Feed, FollowerName, FollowerStep, Storage, StoreEffects,
};
use acta_storage_postgres::{Migrate, PostgresStorage};
use acta_storage_suite::fixture::START;
use acta_storage_suite::{
    EngineUnderTest, attachments, audit, directory, documents, entities, feed, filters, lookup,
    paging, purge, references, tiles, timestamps, transfer, usage,
};
use acta_test_postgres::{Cluster, Database, SHARED_SETTINGS, citus_distribution};
use async_trait::async_trait;
use futures_util::future::LocalBoxFuture;

use crate::{Node, partitions};

/// A server that logs every statement of SQL, without its parameters.
static LOGGING: LazyLock<Cluster> = LazyLock::new(|| {
    let logged = [("log_statement", "all"), ("log_parameter_max_length", "0")];
    Cluster::running(&[SHARED_SETTINGS, &logged].concat())
});

/// What may be asked of all tenants at once, by how it begins: nothing that a tenant waits for.
const ACROSS: [(&str, &str); 3] = [
    ("who is behind", "SELECT c.tenant_id, coalesce(f.sequence, 0), c.last_sequence FROM"),
    ("who was followed", "SELECT tenant_id FROM acta.followers WHERE name = $1"),
    ("the latest time", "SELECT max(greatest(last_stored, consistent_through)) FROM"),
];

/// The rows that are locked without being written, by how that begins: they are written under a
/// lock of their place.
const LOCKED_UNDER_PLACE: &str = "SELECT etag, updated FROM acta.documents";

/// How the documentation begins its examples for people who read with SQL.
const EXAMPLES: &str = "-- Statements of the last week by verb.";

/// On partitioned tables of the server that logs, in a database that looks like a cluster: the SQL
/// is what a cluster gets.
struct LoggedUnderTest(Node);

#[async_trait]
impl EngineUnderTest for LoggedUnderTest {
    async fn open(clock: Arc<dyn Clock>) -> Self {
        let database = Database::fresh_on(LOGGING.superuser());
        database.imitate_citus();
        partitions::make(&database);
        Self(Node::open(database, clock, Migrate::Never).await)
    }

    fn storage(&self) -> Arc<dyn Storage> {
        Arc::<PostgresStorage>::clone(&self.0.storage)
    }

    async fn reopen(self) -> Self {
        Self(self.0.reopen().await)
    }
}

/// Cases of the suite that use nearly every table in every way.
fn cases() -> Vec<LocalBoxFuture<'static, ()>> {
    type Logged = LoggedUnderTest;
    vec![
        Box::pin(lookup::statements_about_a_voided_one_are_found::<Logged>()),
        Box::pin(filters::combined_filters_must_all_match::<Logged>()),
        Box::pin(references::every_filter_follows_a_reference::<Logged>()),
        Box::pin(references::a_chain_that_arrives_backwards_is_followed::<Logged>()),
        Box::pin(paging::pages_of_any_size_return_every_statement_once::<Logged>()),
        Box::pin(timestamps::since_excludes_and_until_includes::<Logged>()),
        Box::pin(timestamps::consistent_through_is_now::<Logged>()),
        Box::pin(attachments::content_of_any_size_is_returned::<Logged>()),
        Box::pin(documents::a_write_reports_what_it_did::<Logged>()),
        Box::pin(documents::a_write_checks_its_precondition::<Logged>()),
        Box::pin(documents::names_are_listed_by_place::<Logged>()),
        Box::pin(documents::all_documents_of_a_place_are_removed_at_once::<Logged>()),
        Box::pin(entities::definitions_are_merged_in_order::<Logged>()),
        Box::pin(entities::a_person_has_every_name_once::<Logged>()),
        Box::pin(directory::a_cursor_returns_the_last_saved_value::<Logged>()),
        Box::pin(tiles::tiles_only_grow::<Logged>()),
        Box::pin(tiles::tiles_that_begin_otherwise_are_replaced::<Logged>()),
        Box::pin(tiles::tiles_of_one_epoch_are_removed::<Logged>()),
        Box::pin(audit::each_tenant_has_its_own_chain::<Logged>()),
        Box::pin(usage::usage_adds_up_by_tenant_and_day::<Logged>()),
        Box::pin(feed::tenants_behind_are_listed::<Logged>()),
        Box::pin(feed::a_follower_advances_from_its_position_only::<Logged>()),
        Box::pin(feed::effects_are_committed_with_the_step::<Logged>()),
        Box::pin(purge::a_tenant_is_removed_and_others_remain::<Logged>()),
        Box::pin(transfer::a_copy_answers_like_its_source::<Logged>()),
        Box::pin(run_rest()),
    ]
}

/// What is in no case, or is done beside one, perhaps too late.
async fn run_rest() {
    let clock = Arc::new(ManualClock::new(START));
    let LoggedUnderTest(node) = LoggedUnderTest::open(clock).await;
    node.storage.read_clock().await.unwrap();
    let named = EntityFact {
        kind: EntityKind::Person,
        subject: "mailto:ada@example.org".into(),
        text: "Ada".into(),
        sequence: 1,
        ordinal: 0,
    };
    let effects = StoreEffects { entity_facts: vec![named] };
    let step = FollowerStep { tenant: TenantId::FIRST, from: 0, to: 1, effects };
    let advanced = node.storage.advance(FollowerName::ENTITIES, step).await.unwrap();
    assert_eq!(advanced, Advanced::Done);
    node.storage.close().await;
}

/// The statements of SQL that a log says were executed, each once.
fn executed(log: &str) -> BTreeSet<&str> {
    let executed = log.lines().filter_map(|line| line.split_once("LOG:  execute "));
    executed.filter_map(|(_, named)| Some(named.split_once(": ")?.1)).collect()
}

/// The tables that a cluster distributes.
fn distributed() -> BTreeSet<&'static str> {
    let quoted = citus_distribution().split('\'');
    let tables: BTreeSet<_> = quoted.filter_map(|part| part.strip_prefix("acta.")).collect();
    assert_eq!(tables.len(), 16, "{tables:?}");
    tables
}

/// These tables, and those of tenants that stay on the coordinator.
fn with_coordinated<'t>(tables: &BTreeSet<&'t str>) -> BTreeSet<&'t str> {
    tables.iter().copied().chain(["audit", "audit_heads"]).collect()
}

/// What a text does to which tables, as in `UPDATE counters`.
fn uses_in(text: &str, tables: &BTreeSet<&str>) -> BTreeSet<String> {
    let words = text.split_whitespace().map(|word| word.trim_matches(['"', '(', '\\']));
    let words = std::iter::once("-").chain(words.filter(|word| !word.is_empty()));
    let words: Vec<&str> = words.collect();
    let named = words.windows(3).filter_map(|words| {
        let [before, keyword, table] = *words else { return None };
        let table = table.strip_prefix("acta.")?;
        let end = table.find(|c: char| c != '_' && !c.is_ascii_lowercase());
        let table = &table[..end.unwrap_or(table.len())];
        let keyword = match (before, keyword) {
            ("DELETE", "FROM") => "DELETE FROM",
            (_, "FROM" | "JOIN" | "INTO" | "UPDATE") => keyword,
            _ => return None,
        };
        tables.contains(table).then(|| format!("{keyword} {table}"))
    });
    named.collect()
}

/// The sources of the engine under a folder, without their tests.
fn sources(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if ["tests", "tests.rs", "plans.rs", "tenancy.rs"].contains(&name) {
            continue;
        }
        text += &if path.is_dir() { sources(&path) } else { fs::read_to_string(&path).unwrap() };
    }
    text
}

/// The partitions of some tables that a plan reads or changes, by number.
fn partitions_in(plan: &str, tables: &BTreeSet<&str>) -> BTreeSet<u32> {
    let words: Vec<&str> = plan.split_whitespace().collect();
    let relations = words.windows(2).filter(|words| words[0] == "on").map(|words| words[1]);
    let parted = relations.filter_map(|relation| relation.rsplit_once('_'));
    let named = parted.filter(|(table, _)| tables.contains(table));
    named.filter_map(|(_, number)| number.parse().ok()).collect()
}

/// The rule that a statement of SQL with this plan breaks, if there is one.
fn broken_rule(sql: &str, plan: &str, tables: &BTreeSet<&str>) -> Option<&'static str> {
    let found = partitions_in(plan, tables).len();
    let locks = plan.contains("LockRows");
    if locks && 1 < partitions_in(plan, &with_coordinated(tables)).len() {
        return Some("it locks rows of several tenants");
    }
    let writes = ["Insert on", "Update on", "Delete on"].iter().any(|it| plan.starts_with(it));
    if locks && 0 < found && !writes && !sql.starts_with(LOCKED_UNDER_PLACE) {
        return Some("it locks rows of a distributed table and writes nothing");
    }
    let is_across = ACROSS.iter().any(|(_, start)| sql.starts_with(start));
    let is_named = tables.iter().any(|table| names(sql, table));
    let is_row = sql.starts_with("INSERT") && sql.contains("VALUES ($1");
    match found {
        1 => None,
        0 if !is_named || is_row => None,
        0 => Some("it asks nothing"),
        _ if is_across => None,
        _ => Some("it asks several machines"),
    }
}

/// Whether a statement of SQL names a table.
fn names(sql: &str, table: &str) -> bool {
    let name = format!("acta.{table}");
    let mut after = sql.split(&name).skip(1);
    after.any(|rest| !rest.starts_with(|c: char| c == '_' || c.is_ascii_lowercase()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_statement_of_sql_asks_one_machine() {
    for case in cases() {
        case.await;
    }
    let log = LOGGING.log();
    let asked = executed(&log);
    let tables = distributed();
    let database = partitions::partitioned();
    let mut across = BTreeSet::new();
    let of_tenants = with_coordinated(&tables);
    for sql in asked.iter().filter(|sql| of_tenants.iter().any(|table| names(sql, table))) {
        let plan = database.explain(sql);
        assert_eq!(broken_rule(sql, &plan, &tables), None, "{sql}\n{plan}");
        if 1 < partitions_in(&plan, &tables).len() {
            across.extend(ACROSS.into_iter().filter(|(_, start)| sql.starts_with(start)));
        }
    }
    assert_eq!(across, BTreeSet::from(ACROSS), "each exception is one");
    // Nothing was left out.
    let done: BTreeSet<String> = asked.iter().flat_map(|sql| uses_in(sql, &tables)).collect();
    let written = uses_in(&sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")), &tables);
    assert!(40 <= written.len(), "the sources are read: {written:?}");
    let never: Vec<_> = written.difference(&done).collect();
    assert!(never.is_empty(), "the cases never do this: {never:?}");
}

#[test]
fn statements_of_sql_that_several_machines_answer_are_found() {
    let (database, tables) = (partitions::partitioned(), distributed());
    let table = [
        ("SELECT id FROM acta.statements WHERE tenant_id = $1 AND id = $2", None),
        ("SELECT id FROM acta.statements WHERE id = $1::uuid", Some("it asks several machines")),
        (
            "DELETE FROM acta.voids AS d USING (SELECT tenant_id, target FROM acta.voids \
             WHERE tenant_id = $1 LIMIT $2) AS g \
             WHERE d.tenant_id = g.tenant_id AND d.target = g.target",
            Some("it asks several machines"),
        ),
        (
            "SELECT hash FROM acta.audit_heads WHERE tenant_id = ANY($1) FOR UPDATE",
            Some("it locks rows of several tenants"),
        ),
        ("SELECT hash FROM acta.audit_heads WHERE tenant_id = $1 FOR UPDATE", None),
        (
            "SELECT FROM acta.counters WHERE tenant_id = $1 FOR UPDATE",
            Some("it locks rows of a distributed table and writes nothing"),
        ),
        ("SELECT id FROM acta.statements WHERE tenant_id = $1 AND false", Some("it asks nothing")),
    ];
    for (sql, expected) in table {
        let sql = sql.replace("ANY($1)", "ANY('{1,2,3,4,5}')");
        let plan = database.explain(&sql);
        assert_eq!(broken_rule(&sql, &plan, &tables), expected, "{sql}\n{plan}");
    }
}

#[test]
fn every_example_for_readers_with_sql_asks_one_machine() {
    let (database, tables) = (partitions::partitioned(), distributed());
    let guide = include_str!("../../../../docs/operate/cluster.md");
    let (_, examples) = guide.split_once(EXAMPLES).unwrap();
    let (examples, _) = examples.split_once("```").unwrap();
    let examples = examples.split(';').map(str::trim).filter(|example| !example.is_empty());
    let examples: Vec<&str> = examples.collect();
    assert_eq!(examples.len(), 3);
    for example in examples {
        let plan = database.explain(example);
        assert_eq!(partitions_in(&plan, &tables).len(), 1, "{example}\n{plan}");
        for table in ["statements", "voids"] {
            assert_eq!(partitions_in(&plan, &BTreeSet::from([table])).len(), 1, "{plan}");
        }
    }
}
