//! The chains of the audit in the tables.

use std::io;

use acta_access::TenantId;
use acta_ambient::Timestamp;
use acta_storage::{
    AuditEntry, AuditOutcome, AuditQuery, AuditStore, ChainHash, ChainHead, NewAuditEntry, Order,
    StorageError, first_broken_link,
};
use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, named_params};

use crate::tables::Tables;
use crate::tables::checksum::{self, is_sound, sum};
use crate::tables::failure::failed;

/// SQL for the columns that [`read`] reads.
macro_rules! columns {
    () => {
        concat!(
            "tenant_id || '/' || sequence AS place, sequence, id, at, who, origin, act, target, \
             outcome, detail, hash, ",
            is_sound!(audit)
        )
    };
}

/// SQL for the entries of a chain that match. A damaged one does too: what it held is unknown.
macro_rules! matching {
    ($behind:literal, $order:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            " FROM audit WHERE tenant_id = :tenant AND sequence ",
            $behind,
            " :after AND ((:since IS NULL OR :since <= at) AND (:until IS NULL OR at < :until) \
             AND (:who IS NULL OR who = :who) AND (:act IS NULL OR act = :act) \
             AND (:acts IS NULL OR substr(act, 1, length(:acts)) = :acts) \
             AND (:target IS NULL OR target = :target) \
             AND (:outcome IS NULL OR outcome = :outcome) OR checksum IS NOT ",
            sum!(audit),
            ") ORDER BY sequence ",
            $order,
            " LIMIT :count_max"
        )
    };
}

#[async_trait]
impl AuditStore for Tables {
    async fn list_audit(
        &self,
        tenant: Option<TenantId>,
        query: &AuditQuery,
    ) -> Result<Vec<AuditEntry>, StorageError> {
        let query = query.clone();
        self.read_of(tenant, move |connection| list(connection, tenant, &query)).await
    }

    async fn audit_head(&self, tenant: Option<TenantId>) -> Result<ChainHead, StorageError> {
        self.read_of(tenant, move |connection| head(connection, tenant)).await
    }
}

impl Tables {
    /// As [`acta_storage::TransferTarget::import_audit`].
    pub(crate) async fn import_audit(
        &self,
        tenant: Option<TenantId>,
        entries: Vec<AuditEntry>,
    ) -> Result<(), StorageError> {
        self.write(move |connection| {
            if let Some(sequence) = first_broken_link(head(connection, tenant)?, tenant, &entries) {
                let gap = format!("entry {sequence} of the audit does not follow");
                let source = io::Error::new(io::ErrorKind::InvalidInput, gap);
                return Err(StorageError::Io { act: "importing the audit", source });
            }
            entries.iter().try_for_each(|entry| insert(connection, tenant, entry))
        })
        .await
    }
}

/// Appends an entry to a chain, in the transaction of what it records.
pub(super) fn append(
    connection: &Connection,
    tenant: Option<TenantId>,
    content: NewAuditEntry,
) -> Result<(), StorageError> {
    let entry = head(connection, tenant)?.follow(tenant, content);
    insert(connection, tenant, &entry)
}

fn list(
    connection: &Connection,
    tenant: Option<TenantId>,
    query: &AuditQuery,
) -> Result<Vec<AuditEntry>, StorageError> {
    let failed = failed("reading the audit");
    let (sql, first) = match query.order {
        Order::Ascending => (matching!(">", "ASC"), 0),
        Order::Descending => (matching!("<", "DESC"), i64::MAX),
    };
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let (acts, act) = match &query.act {
        Some(act) if act.ends_with('.') => (Some(act), None),
        act => (None, act.as_ref()),
    };
    let columns = named_params! {
        ":tenant": chain_number(tenant),
        ":after": query.after.map_or(first, number),
        ":since": query.since.map(Timestamp::unix_micros),
        ":until": query.until.map(Timestamp::unix_micros),
        ":who": query.who.as_ref().map(ToString::to_string),
        ":act": act,
        ":acts": acts,
        ":target": query.target,
        ":outcome": query.outcome.map(AuditOutcome::as_str),
        ":count_max": number(query.count_max as u64),
    };
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    let entries = statement.query_map(columns, read).map_err(&failed)?;
    entries.collect::<rusqlite::Result<_>>().map_err(failed)
}

fn head(connection: &Connection, tenant: Option<TenantId>) -> Result<ChainHead, StorageError> {
    let failed = failed("reading the end of the audit");
    let sql = concat!(
        "SELECT ",
        columns!(),
        " FROM audit WHERE tenant_id = ?1 ORDER BY sequence DESC LIMIT 1"
    );
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    let last = statement.query_row([chain_number(tenant)], read).optional().map_err(failed)?;
    Ok(last.as_ref().map_or(ChainHead::EMPTY, ChainHead::from))
}

fn insert(
    connection: &Connection,
    tenant: Option<TenantId>,
    entry: &AuditEntry,
) -> Result<(), StorageError> {
    let failed = failed("writing the audit");
    let sql = "INSERT INTO audit (tenant_id, sequence, id, at, who, origin, act, target, \
         outcome, detail, hash, checksum) VALUES (:tenant, :sequence, :id, :at, :who, :origin, \
         :act, :target, :outcome, :detail, :hash, acta_sum('audit', :tenant, :sequence, :id, \
         :at, :who, :origin, :act, :target, :outcome, :detail, :hash))";
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    let AuditEntry { sequence, content, hash } = entry;
    let columns = named_params! {
        ":tenant": chain_number(tenant),
        ":sequence": sequence.cast_signed(),
        ":id": content.id.to_string(),
        ":at": content.at.unix_micros(),
        ":who": content.who.to_string(),
        ":origin": content.from,
        ":act": content.act,
        ":target": content.target,
        ":outcome": content.outcome.as_str(),
        ":detail": content.detail,
        ":hash": hash.0,
    };
    statement.execute(columns).map_err(failed)?;
    Ok(())
}

/// What stands for a chain in its rows.
fn chain_number(tenant: Option<TenantId>) -> u32 {
    tenant.map_or(0, TenantId::number)
}

fn read(row: &Row<'_>) -> rusqlite::Result<AuditEntry> {
    checksum::check(row, "audit", "place")?;
    let unreadable = || rusqlite::Error::IntegralValueOutOfRange(0, 0);
    let text = |column| row.get::<_, String>(column);
    let content = NewAuditEntry {
        id: text("id")?.parse().map_err(|_not_an_id| unreadable())?,
        at: Timestamp::from_unix_micros(row.get("at")?),
        who: text("who")?.parse().map_err(|_nobody| unreadable())?,
        from: text("origin")?,
        act: text("act")?.into(),
        target: text("target")?,
        outcome: AuditOutcome::of_name(&text("outcome")?).ok_or_else(unreadable)?,
        detail: text("detail")?,
    };
    let hash = ChainHash(row.get("hash")?);
    Ok(AuditEntry { sequence: row.get::<_, i64>("sequence")?.cast_unsigned(), content, hash })
}

/// Checks that each entry of each chain follows the one before it. Reports what is wrong; rows
/// without their checksum are reported elsewhere.
pub(crate) fn check_chains(
    connection: &Connection,
    report: &mut dyn FnMut(String),
) -> Result<(), StorageError> {
    let failed = failed("checking the chains of the audit");
    let sql = concat!("SELECT tenant_id, ", columns!(), " FROM audit ORDER BY tenant_id, sequence");
    // A table that cannot be read is reported elsewhere.
    let Ok(mut statement) = connection.prepare(sql) else { return Ok(()) };
    let mut rows = statement.query([]).map_err(&failed)?;
    let (mut chain, mut head) = (None, Some(ChainHead::EMPTY));
    while let Some(row) = rows.next().map_err(&failed)? {
        let number = row.get("tenant_id").ok();
        if chain != Some(number) {
            (chain, head) = (Some(number), Some(ChainHead::EMPTY));
        }
        let Ok(entry) = read(row) else {
            head = None;
            continue;
        };
        let tenant = number.and_then(TenantId::new);
        // Behind a row that cannot be read, the chain begins again.
        let broken =
            head.and_then(|head| first_broken_link(head, tenant, std::slice::from_ref(&entry)));
        if let Some(sequence) = broken {
            let owner = tenant.map_or_else(
                || "the server".to_owned(),
                |tenant| format!("tenant {}", tenant.number()),
            );
            report(format!("the audit of {owner} is broken at entry {sequence}"));
        }
        head = Some(ChainHead::from(&entry));
    }
    Ok(())
}
