//! The chains of the audit.

use std::collections::BTreeMap;

use acta_access::TenantId;
use acta_ambient::Timestamp;
use acta_storage::{
    AuditEntry, AuditOutcome, AuditQuery, AuditStore, ChainHash, ChainHead, NewAuditEntry, Order,
    StorageError,
};
use acta_xapi::Uuid;
use async_trait::async_trait;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::PostgresStorage;
use crate::failure::Failure;
use crate::types::{Id, number};

/// Inserts missing ends of chains, so that they can be locked.
pub(super) const BEGIN_CHAINS: &str = "INSERT INTO acta.audit_heads \
     (tenant_id, last_sequence, hash) \
     SELECT t.tenant_id, 0, $2 FROM unnest($1::integer[]) AS t(tenant_id) \
     ON CONFLICT (tenant_id) DO NOTHING";

/// Locks the end of a chain. Each chain needs a statement of its own, always in the same order: a
/// cluster that distributes the audit cannot lock rows of several tenants at once.
pub(super) const LOCK_HEAD: &str = "SELECT tenant_id, last_sequence, hash \
     FROM acta.audit_heads WHERE tenant_id = $1 FOR UPDATE";

pub(super) const HEAD: &str =
    "SELECT tenant_id, last_sequence, hash FROM acta.audit_heads WHERE tenant_id = $1";

/// Whether a chain has an entry with this id.
pub(super) const HAS_ENTRY: &str = "SELECT FROM acta.audit WHERE tenant_id = $1 AND id = $2";

pub(super) const INSERT: &str = "INSERT INTO acta.audit \
     (tenant_id, sequence, id, at, who, origin, act, target, outcome, detail, hash) \
     SELECT t.tenant_id, t.sequence, t.id, t.at, t.who, t.origin, t.act, t.target, t.outcome, \
     t.detail, t.hash \
     FROM unnest($1::integer[], $2::bigint[], $3::uuid[], $4::bigint[], $5::text[], $6::text[], \
     $7::text[], $8::text[], $9::text[], $10::text[], $11::bytea[]) \
     AS t(tenant_id, sequence, id, at, who, origin, act, target, outcome, detail, hash)";

pub(super) const MOVE_HEADS: &str = "UPDATE acta.audit_heads AS h \
     SET last_sequence = t.last_sequence, hash = t.hash \
     FROM unnest($1::integer[], $2::bigint[], $3::bytea[]) AS t(tenant_id, last_sequence, hash) \
     WHERE h.tenant_id = t.tenant_id";

/// Filters that are null match everything.
macro_rules! listing {
    ($behind:literal, $order:literal) => {
        concat!(
            "SELECT sequence, id, at, who, origin, act, target, outcome, detail, hash \
             FROM acta.audit WHERE tenant_id = $1 AND sequence ",
            $behind,
            " $2 AND ($3::bigint IS NULL OR $3 <= at) AND ($4::bigint IS NULL OR at < $4) \
             AND ($5::text IS NULL OR who = $5) AND ($6::text IS NULL OR act = $6) \
             AND ($7::text IS NULL OR starts_with(act, $7)) \
             AND ($8::text IS NULL OR target = $8) AND ($9::text IS NULL OR outcome = $9) \
             ORDER BY sequence ",
            $order,
            " LIMIT $10"
        )
    };
}

pub(super) const LIST_ASCENDING: &str = listing!(">", "ASC");
pub(super) const LIST_DESCENDING: &str = listing!("<", "DESC");

/// The number of a chain in the database: 0 for the chain of the server.
pub(super) fn chain_of(tenant: Option<TenantId>) -> i32 {
    tenant.map_or(0, number)
}

#[async_trait]
impl AuditStore for PostgresStorage {
    async fn list_audit(
        &self,
        tenant: Option<TenantId>,
        query: &AuditQuery,
    ) -> Result<Vec<AuditEntry>, StorageError> {
        let filters = AuditFilters::of(query);
        if filters.matches_nothing() {
            return Ok(Vec::new());
        }
        let chain = chain_of(tenant);
        let (sql, first) = match query.order {
            Order::Ascending => (LIST_ASCENDING, 0),
            Order::Descending => (LIST_DESCENDING, u64::MAX),
        };
        let behind = i64::try_from(query.after.unwrap_or(first)).unwrap_or(i64::MAX);
        let count_max = i64::try_from(query.count_max).unwrap_or(i64::MAX);
        let AuditFilters { since, until, who, act, act_prefix, target, outcome } = &filters;
        let values: [&(dyn ToSql + Sync); 10] =
            [&chain, &behind, since, until, who, act, act_prefix, target, outcome, &count_max];
        let values = &values;
        self.database
            .run("reading the audit", |connection| async move {
                let select = connection.prepare_cached(sql).await?;
                let rows = connection.query(&select, values).await?;
                rows.iter().map(|row| read_entry(chain, row)).collect()
            })
            .await
    }

    async fn audit_head(&self, tenant: Option<TenantId>) -> Result<ChainHead, StorageError> {
        let chain = chain_of(tenant);
        self.database
            .run("reading the end of the audit", |connection| async move {
                let select = connection.prepare_cached(HEAD).await?;
                let row = connection.query_opt(&select, &[&chain]).await?;
                let head = row.as_ref().map(read_head).transpose()?;
                Ok(head.map_or(ChainHead::EMPTY, |(_, head)| head))
            })
            .await
    }
}

/// The filters of a query, as columns.
#[derive(Debug)]
struct AuditFilters<'a> {
    since: Option<i64>,
    until: Option<i64>,
    who: Option<String>,
    act: Option<&'a str>,
    act_prefix: Option<&'a str>,
    target: Option<&'a str>,
    outcome: Option<&'static str>,
}

impl<'a> AuditFilters<'a> {
    fn of(query: &'a AuditQuery) -> Self {
        let act = query.act.as_deref();
        Self {
            since: query.since.map(Timestamp::unix_micros),
            until: query.until.map(Timestamp::unix_micros),
            who: query.who.as_ref().map(ToString::to_string),
            act: act.filter(|act| !act.ends_with('.')),
            act_prefix: act.filter(|act| act.ends_with('.')),
            target: query.target.as_deref(),
            outcome: query.outcome.map(AuditOutcome::as_str),
        }
    }

    /// Whether they contain the character 0, which no text in the database contains.
    fn matches_nothing(&self) -> bool {
        let texts = [self.who.as_deref(), self.act, self.act_prefix, self.target];
        texts.into_iter().flatten().any(|text| text.contains('\0'))
    }
}

fn corrupt(chain: i32, sequence: i64) -> StorageError {
    let place = format!("acta.audit, entry {sequence} of tenant {}", chain.cast_unsigned());
    StorageError::Corrupt { place }
}

fn read_entry(chain: i32, row: &Row) -> Result<AuditEntry, Failure> {
    let (sequence, Id(id)): (i64, Id) = (row.get("sequence"), row.get("id"));
    let corrupt = || corrupt(chain, sequence);
    let (who, outcome, hash): (&str, &str, &[u8]) =
        (row.get("who"), row.get("outcome"), row.get("hash"));
    let content = NewAuditEntry {
        id: Uuid::from_u128(id),
        at: Timestamp::from_unix_micros(row.get("at")),
        who: who.parse().map_err(|_nobody| corrupt())?,
        from: row.get("origin"),
        act: row.get::<_, String>("act").into(),
        target: row.get("target"),
        outcome: AuditOutcome::of_name(outcome).ok_or_else(corrupt)?,
        detail: row.get("detail"),
    };
    let hash = hash.try_into().map_err(|_len| corrupt())?;
    Ok(AuditEntry { sequence: sequence.unsigned_abs(), content, hash: ChainHash(hash) })
}

/// Reads the end of a chain, and the number of the chain.
///
/// # Errors
///
/// [`StorageError::Corrupt`]: no such hash can have been written.
pub(super) fn read_head(row: &Row) -> Result<(i32, ChainHead), Failure> {
    let (chain, sequence, hash): (i32, i64, &[u8]) = (row.get(0), row.get(1), row.get(2));
    let hash = hash.try_into().map_err(|_len| corrupt(chain, sequence))?;
    Ok((chain, ChainHead { sequence: sequence.unsigned_abs(), hash: ChainHash(hash) }))
}

/// New entries and the new ends of their chains, as columns.
#[derive(Debug, Default)]
pub(super) struct AuditRows {
    chains: Vec<i32>,
    sequences: Vec<i64>,
    ids: Vec<Id>,
    times: Vec<i64>,
    whos: Vec<String>,
    origins: Vec<String>,
    acts: Vec<String>,
    targets: Vec<String>,
    outcomes: Vec<&'static str>,
    details: Vec<String>,
    hashes: Vec<Vec<u8>>,
    head_chains: Vec<i32>,
    head_sequences: Vec<i64>,
    head_hashes: Vec<Vec<u8>>,
}

impl AuditRows {
    /// The entries that follow `heads`, which contain the end of every chain.
    pub(super) fn following(
        mut heads: BTreeMap<i32, ChainHead>,
        content: &[(Option<TenantId>, NewAuditEntry)],
    ) -> Self {
        let mut entries = Self::default();
        for (tenant, content) in content {
            let head = heads.entry(chain_of(*tenant)).or_insert(ChainHead::EMPTY);
            let entry = head.follow(*tenant, content.clone());
            *head = ChainHead::from(&entry);
            entries.push(chain_of(*tenant), entry);
        }
        for (chain, head) in heads {
            entries.push_head(chain, head);
        }
        entries
    }

    /// Entries of one chain that already have sequences.
    pub(super) fn placed(chain: i32, placed: Vec<AuditEntry>) -> Self {
        let mut entries = Self::default();
        if let Some(last) = placed.last() {
            entries.push_head(chain, ChainHead::from(last));
        }
        for entry in placed {
            entries.push(chain, entry);
        }
        entries
    }

    fn push(&mut self, chain: i32, AuditEntry { sequence, content, hash }: AuditEntry) {
        self.chains.push(chain);
        self.sequences.push(sequence.cast_signed());
        self.ids.push(Id(content.id.as_u128()));
        self.times.push(content.at.unix_micros());
        self.whos.push(content.who.to_string());
        self.origins.push(content.from);
        self.acts.push(content.act.into_owned());
        self.targets.push(content.target);
        self.outcomes.push(content.outcome.as_str());
        self.details.push(content.detail);
        self.hashes.push(hash.0.to_vec());
    }

    fn push_head(&mut self, chain: i32, head: ChainHead) {
        self.head_chains.push(chain);
        self.head_sequences.push(head.sequence.cast_signed());
        self.head_hashes.push(head.hash.0.to_vec());
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.chains.is_empty()
    }

    /// The parameters of [`INSERT`].
    pub(super) fn columns(&self) -> Vec<&(dyn ToSql + Sync)> {
        vec![
            &self.chains,
            &self.sequences,
            &self.ids,
            &self.times,
            &self.whos,
            &self.origins,
            &self.acts,
            &self.targets,
            &self.outcomes,
            &self.details,
            &self.hashes,
        ]
    }

    /// The parameters of [`MOVE_HEADS`].
    pub(super) fn heads(&self) -> Vec<&(dyn ToSql + Sync)> {
        vec![&self.head_chains, &self.head_sequences, &self.head_hashes]
    }
}
