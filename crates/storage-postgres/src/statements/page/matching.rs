//! Candidates that refer to other statements: whether they match.

use std::collections::{HashMap, HashSet};

use acta_storage::StatementQuery;

use super::{Asked, Candidate};
use crate::credentials::number;
use crate::database::Connection;
use crate::failure::Failure;
use crate::statements::prepared::{terms_of_text, version_of};

/// Chains that are read at once.
const CHAINS_MAX: usize = 16;

/// The chain of each candidate, itself first.
const CHAINS: &str = "WITH RECURSIVE chain(root, depth, id, target) AS ( \
     SELECT s.sequence, 0, s.id, s.target FROM acta.statements s \
     WHERE s.tenant_id = $1 AND s.sequence = ANY($2) \
     UNION ALL \
     SELECT c.root, c.depth + 1, s.id, s.target FROM chain c \
     JOIN acta.statements s ON s.tenant_id = $1 AND s.id = c.target WHERE c.depth < $3) \
     SELECT c.root, c.depth, s.version, s.statement::text FROM chain c \
     JOIN acta.statements s ON s.tenant_id = $1 AND s.id = c.id ORDER BY c.root, c.depth";

/// Those of the candidates with a target that match: by themselves, or by one that they
/// refer to, all filters at once. The lists only know that each filter is met by one of them.
///
/// Spec: xAPI 1.0.3, Part Three, 2.1.3, filter conditions for `StatementRef`s.
pub(super) async fn matching(
    connection: &Connection,
    asked: &Asked,
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
    // Whether the candidate itself has what must be its own, and whether any of its chain
    // matches.
    let mut verdicts: HashMap<i64, (bool, bool)> = HashMap::new();
    for roots in roots.chunks(CHAINS_MAX) {
        for row in connection.query(&chains, &[&tenant, &roots, &depth_max]).await? {
            let (root, depth, version): (i64, i32, i16) = (row.get(0), row.get(1), row.get(2));
            let of = (&asked.hasher, asked.tenant);
            let terms = terms_of_text(of, version_of(version), row.get(3));
            let (is_own, is_met) = verdicts.entry(root).or_default();
            *is_own |= depth == 0 && asked.filters.is_own_in(&terms);
            *is_met |= asked.filters.are_shared_in(&terms);
        }
    }
    let met = verdicts.into_iter().filter(|(_, (is_own, is_met))| *is_own && *is_met);
    Ok(met.map(|(root, _)| root).collect())
}
