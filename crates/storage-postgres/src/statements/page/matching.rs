//! Checking candidates that refer to other statements.

use std::collections::{HashMap, HashSet};
use std::pin::pin;

use acta_storage::StatementQuery;
use futures_util::TryStreamExt;
use tokio_postgres::types::ToSql;

use super::candidate::{Candidate, PageQuery};
use crate::database::Connection;
use crate::failure::Failure;
use crate::statements::encode::{terms_of_text, version_of};
use crate::types::{Id, number};

/// The chain of each candidate, itself first.
pub(crate) const CHAINS: &str = "WITH RECURSIVE chain(root, depth, id, target) AS ( \
     SELECT s.sequence, 0, s.id, s.target FROM acta.statements s \
     WHERE s.tenant_id = $1 AND s.sequence = ANY($2) \
     UNION \
     SELECT c.root, c.depth + 1, s.id, s.target FROM chain c \
     CROSS JOIN LATERAL (SELECT id, target FROM acta.statements \
     WHERE tenant_id = $1 AND id = c.target OFFSET 0) s WHERE c.depth < $3) \
     SELECT root, depth, id FROM chain";

pub(crate) const TEXTS: &str = "SELECT id, version, statement::text \
     FROM acta.statements WHERE tenant_id = $1 AND id = ANY($2)";

/// How a statement of a chain matches the filters.
#[derive(Clone, Copy, Debug, Default)]
struct ChainMatch {
    /// Whether it has the term that a candidate itself must have.
    is_own: bool,
    /// Whether it matches all other filters.
    is_shared: bool,
}

/// The candidates with a target that match: they, or one statement that they refer to, match
/// all filters at once. The lists only show that each filter is matched by one of them.
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
    let (mut own, mut met) = (HashSet::new(), HashSet::new());
    for link in &links {
        let (root, depth, id): (i64, i32, Id) = (link.get(0), link.get(1), link.get(2));
        let verdict = verdicts.get(&id).copied().unwrap_or_default();
        own.extend((depth == 0 && verdict.is_own).then_some(root));
        met.extend(verdict.is_shared.then_some(root));
    }
    met.retain(|root| own.contains(root));
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
        let terms = terms_of_text(&asked.hasher, asked.tenant, version, row.get(2));
        let verdict = ChainMatch {
            is_own: asked.filters.is_own_in(&terms),
            is_shared: asked.filters.are_shared_in(&terms),
        };
        verdicts.insert(row.get(0), verdict);
    }
    Ok(verdicts)
}
