//! References between statements, followed when one of them is stored.
//!
//! A statement inherits the terms of the statement that it refers to, and so on along the chain.
//! If the target arrives later, its terms are added to the statements that refer to it, directly
//! or not. So a query finds all of them without a scan; what it finds through references is a
//! superset and is checked again.

use std::collections::{HashMap, HashSet};
use std::pin::pin;

use acta_access::TenantId;
use acta_storage::{StatementQuery, Term, TermHasher};
use acta_xapi::{StatementId, Uuid};
use futures_util::TryStreamExt;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::encode::{EncodedStatement, parse_stored, terms_of_stored, version_of};
use crate::database::Connection;
use crate::failure::Failure;
use crate::types::{Id, number};

/// Longest chain of references that is followed, in either direction.
const CHAIN_MAX: usize = StatementQuery::CHAIN_MAX;

/// Most terms that a statement inherits.
const INHERITED_MAX: usize = 4_096;

/// Most statements that get late postings by one group, and most such postings.
const REFERRERS_MAX: i64 = 65_536;
const LATE_POSTINGS_MAX: usize = 1 << 18;

/// Most bytes of texts that are parsed for one group.
const LOOKED_INTO_BYTES_MAX: i64 = 64 << 20;

/// The statements that the chains beginning at some ids lead to, the nearest first. Here and
/// below, OFFSET makes sure that the index is asked for each link: what the planner takes for
/// an empty table it would rather read as a whole.
pub(super) const FORWARD: &str = "WITH RECURSIVE chain(depth, id, target) AS ( \
     SELECT 1, s.id, s.target FROM acta.statements s \
     WHERE s.tenant_id = $1 AND s.id = ANY($2) \
     UNION \
     SELECT c.depth + 1, s.id, s.target FROM chain c \
     CROSS JOIN LATERAL (SELECT id, target FROM acta.statements \
     WHERE tenant_id = $1 AND id = c.target OFFSET 0) s WHERE c.depth < $3), \
     link AS (SELECT id, min(depth) AS depth FROM chain GROUP BY id) \
     SELECT t.id, t.target, t.version, t.statement::text FROM ( \
     SELECT s.*, l.depth, sum(s.len_bytes) OVER (ORDER BY l.depth, s.id) AS bytes FROM link l \
     CROSS JOIN LATERAL (SELECT * FROM acta.statements \
     WHERE tenant_id = $1 AND id = l.id OFFSET 0) s) t WHERE t.bytes <= $4";

/// The statements whose chains lead to some ids, each with the id where it does.
pub(super) const BACKWARD: &str = "WITH RECURSIVE back(depth, root, id, sequence) AS ( \
     SELECT 1, s.target, s.id, s.sequence FROM acta.statements s \
     WHERE s.tenant_id = $1 AND s.target = ANY($2) \
     UNION \
     SELECT b.depth + 1, b.root, s.id, s.sequence FROM back b \
     CROSS JOIN LATERAL (SELECT id, sequence FROM acta.statements \
     WHERE tenant_id = $1 AND target = b.id OFFSET 0) s WHERE b.depth < $3) \
     SELECT root, sequence FROM back LIMIT $4";

/// The terms that a group adds by references.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    /// The terms that its statements inherit.
    pub(super) inherited: HashMap<StatementId, Vec<Term>>,
    /// The terms that stored statements inherit from it, by sequence.
    pub(super) late: HashMap<i64, HashSet<Term>>,
    /// Whether any of its statements refers to another.
    pub(super) has_references: bool,
}

/// A statement of a chain.
#[derive(Clone, Debug)]
struct Link {
    terms: Vec<Term>,
    target: Option<StatementId>,
}

/// Resolves the references of and to `new` statements.
pub(super) async fn resolve(
    connection: &Connection,
    hasher: &TermHasher,
    tenant: TenantId,
    new: &[&EncodedStatement],
) -> Result<Resolved, Failure> {
    let mut links: HashMap<StatementId, Link> = HashMap::new();
    for statement in new {
        let link = Link { terms: statement.terms.clone(), target: statement.target };
        links.insert(statement.id, link);
    }
    let outside: Vec<Id> = new
        .iter()
        .filter_map(|statement| statement.target)
        .filter(|target| !links.contains_key(target))
        .map(|target| Id(target.0.as_u128()))
        .collect();
    let number = number(tenant);
    let chain_max = i32::try_from(CHAIN_MAX).unwrap_or(i32::MAX);
    if !outside.is_empty() {
        let forward = connection.prepare_cached(FORWARD).await?;
        let columns: [&(dyn ToSql + Sync); 4] =
            [&number, &outside, &chain_max, &LOOKED_INTO_BYTES_MAX];
        let mut rows = pin!(connection.query_raw(&forward, columns).await?);
        while let Some(row) = rows.try_next().await? {
            let (id, link) = read_link(hasher, tenant, &row);
            links.entry(id).or_insert(link);
        }
    }
    let mut resolved = Resolved::default();
    for statement in new.iter().filter(|statement| statement.target.is_some()) {
        resolved.has_references = true;
        resolved.inherited.insert(statement.id, inherit(&links, statement.id));
    }
    let ids: Vec<Id> = new.iter().map(|statement| Id(statement.id.0.as_u128())).collect();
    let backward = connection.prepare_cached(BACKWARD).await?;
    let rows = connection.query(&backward, &[&number, &ids, &chain_max, &REFERRERS_MAX]).await?;
    add_late(&mut resolved, &links, &rows);
    Ok(resolved)
}

/// The terms along the chain that begins at the target of a statement.
fn inherit(links: &HashMap<StatementId, Link>, of: StatementId) -> Vec<Term> {
    let mut inherited = Vec::new();
    let mut seen = HashSet::from([of]);
    let mut next = links.get(&of).and_then(|link| link.target);
    while let Some(id) = next.filter(|id| seen.len() <= CHAIN_MAX && seen.insert(*id)) {
        let Some(link) = links.get(&id) else { break };
        inherited.extend_from_slice(&link.terms);
        next = link.target;
    }
    inherited.sort_unstable();
    inherited.dedup();
    inherited.truncate(INHERITED_MAX);
    inherited
}

fn add_late(resolved: &mut Resolved, links: &HashMap<StatementId, Link>, rows: &[Row]) {
    let mut count = 0;
    for row in rows {
        let (Id(root), sequence): (Id, i64) = (row.get(0), row.get(1));
        let root = StatementId(Uuid::from_u128(root));
        let Some(link) = links.get(&root) else { continue };
        let inherited = resolved.inherited.get(&root).map(Vec::as_slice).unwrap_or_default();
        count += link.terms.len() + inherited.len();
        if LATE_POSTINGS_MAX < count {
            tracing::warn!("more statements refer to one that arrived late than are followed");
            return;
        }
        let late = resolved.late.entry(sequence).or_default();
        late.extend(link.terms.iter().chain(inherited));
    }
}

fn read_link(hasher: &TermHasher, tenant: TenantId, row: &Row) -> (StatementId, Link) {
    let (Id(id), target, version): (Id, Option<Id>, i16) = (row.get(0), row.get(1), row.get(2));
    let statement = parse_stored(version_of(version), row.get(3));
    let terms = terms_of_stored(hasher, tenant, statement.as_ref());
    let target = target.map(|Id(target)| StatementId(Uuid::from_u128(target)));
    (StatementId(Uuid::from_u128(id)), Link { terms, target })
}
