//! Checking candidates that refer to other statements.

use std::collections::{HashMap, HashSet};
use std::pin::pin;

use acta_storage::StatementQuery;
use futures_util::TryStreamExt;
use tokio_postgres::types::ToSql;

use super::candidate::{Candidate, PageQuery};
use crate::database::Connection;
use crate::failure::Failure;
use crate::statements::encode::{parse_stored, terms_of_stored, version_of};
use crate::types::{Id, number};

/// The chain of each candidate, itself first.
pub(crate) const CHAINS: &str = "WITH RECURSIVE chain(root, depth, id, target) AS ( \
     SELECT s.sequence, 0, s.id, s.target FROM acta.statements s \
     WHERE s.tenant_id = $1 AND s.sequence = ANY($2) \
     UNION \
     SELECT c.root, c.depth + 1, s.id, s.target FROM chain c \
     CROSS JOIN LATERAL (SELECT id, target FROM acta.statements \
     WHERE tenant_id = $1 AND id = c.target OFFSET 0) s WHERE c.depth < $3) \
     SELECT root, depth, id FROM chain ORDER BY root, depth";

pub(crate) const TEXTS: &str = "SELECT id, version, statement::text \
     FROM acta.statements WHERE tenant_id = $1 AND id = ANY($2)";

/// How a statement of a chain matches the filters.
#[derive(Clone, Copy, Debug, Default)]
struct ChainMatch {
    /// Whether it has the term of the authority that the query names.
    is_own: bool,
    /// Whether it matches all other filters.
    is_shared: bool,
    /// Whether the restrictions of the reader permit it.
    is_permitted: bool,
}

/// The candidates with a target that match: they, or one statement that they refer to, match
/// all filters at once. The lists only show that each filter is matched by one of them. A chain
/// ends before the first statement that the reader may not read.
///
/// Spec: xAPI 1.0.3, Part Three, 2.1.3, filter conditions for `StatementRef`s.
pub(super) async fn matching(
    connection: &Connection,
    asked: &PageQuery,
    candidates: &[Candidate],
) -> Result<HashSet<i64>, Failure> {
    let roots = candidates.iter().filter(|candidate| candidate.has_target);
    let roots: Vec<i64> = roots.map(|candidate| candidate.sequence).collect();
    if asked.filters.is_empty() || roots.is_empty() {
        return Ok(roots.into_iter().collect());
    }
    let tenant = number(asked.tenant);
    let depth_max = i32::try_from(StatementQuery::CHAIN_MAX).unwrap_or(i32::MAX);
    let chains = connection.prepare_cached(CHAINS).await?;
    let links = connection.query(&chains, &[&tenant, &roots, &depth_max]).await?;
    let ids: HashSet<Id> = links.iter().map(|link| link.get(2)).collect();
    let verdicts = evaluate(connection, asked, ids.into_iter().collect()).await?;
    let mut met = HashSet::new();
    for chain in links.chunk_by(|link, next| link.get::<_, i64>(0) == next.get::<_, i64>(0)) {
        for link in chain {
            let (root, depth, id): (i64, i32, Id) = (link.get(0), link.get(1), link.get(2));
            let verdict = verdicts.get(&id).copied().unwrap_or_default();
            // What is own is what may be read: the candidate itself, and all of the chain.
            if !verdict.is_own || (0 < depth && !verdict.is_permitted) {
                break;
            }
            if verdict.is_shared {
                met.insert(root);
                break;
            }
        }
    }
    Ok(met)
}

/// Matches each of the statements. One text at a time is in memory.
async fn evaluate(
    connection: &Connection,
    asked: &PageQuery,
    ids: Vec<Id>,
) -> Result<HashMap<Id, ChainMatch>, Failure> {
    let texts = connection.prepare_cached(TEXTS).await?;
    let tenant = number(asked.tenant);
    let columns: [&(dyn ToSql + Sync); 2] = [&tenant, &ids];
    let mut rows = pin!(connection.query_raw(&texts, columns).await?);
    let mut verdicts = HashMap::new();
    while let Some(row) = rows.try_next().await? {
        let version = version_of(row.get(1));
        let statement = parse_stored(version, row.get(2));
        let terms = terms_of_stored(&asked.hasher, asked.tenant, statement.as_ref());
        let verdict = ChainMatch {
            is_own: asked.filters.is_own_in(&terms),
            is_shared: asked.filters.are_shared_in(&terms),
            is_permitted: asked.query.permits_target(statement.as_ref()),
        };
        verdicts.insert(row.get(0), verdict);
    }
    Ok(verdicts)
}
