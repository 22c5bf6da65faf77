//! Statements by id and in order.

use acta_access::{Defines, TenantId};
use acta_ambient::Timestamp;
use acta_storage::{
    EntityFacts, FeedEntry, FeedRecord, PageLimits, StatementSource, StorageError, StoredStatement,
    TransferredStatement,
};
use acta_xapi::{
    Fingerprint, ParseLimits, StatementId, StatementText, Uuid, Version, parse_statement,
};
use tokio_postgres::Row;

use super::encode::version_of;
use crate::database::Database;
use crate::types::{Id, SqlTimestamp, number};

/// Most statements that are read at once.
const FEED_PAGE_COUNT: usize = 1_000;

/// A page ends with the statement with which it reaches this many bytes.
const FEED_PAGE_BYTES: i64 = 8 << 20;

pub(super) const FIND: &str = "SELECT s.sequence, s.id, s.stored, s.version, s.statement::text, \
     NOT s.is_voiding AND EXISTS (SELECT FROM acta.voids v \
     WHERE v.tenant_id = $1 AND v.target = s.id OFFSET 0) AS is_voided \
     FROM acta.statements s WHERE s.tenant_id = $1 AND s.id = $2";

pub(super) const FEED: &str = "SELECT t.sequence, t.id, t.stored, t.version, t.statement::text, \
     NOT t.is_voiding AND EXISTS (SELECT FROM acta.voids v \
     WHERE v.tenant_id = $1 AND v.target = t.id OFFSET 0) AS is_voided FROM ( \
     SELECT s.*, sum(s.len_bytes) OVER (ORDER BY s.sequence) - s.len_bytes AS bytes_before \
     FROM (SELECT * FROM acta.statements WHERE tenant_id = $1 AND sequence > $2 \
     ORDER BY sequence LIMIT $3) s) t \
     WHERE t.bytes_before < $4 ORDER BY t.sequence";

const TRANSFERRED: &str = "SELECT t.sequence, t.id, t.stored, t.version, t.statement::text, \
     t.is_timestamp_stored, t.fingerprint, t.salt, t.target, t.is_voiding, t.defines FROM ( \
     SELECT s.*, sum(s.len_bytes) OVER (ORDER BY s.sequence) - s.len_bytes AS bytes_before \
     FROM (SELECT * FROM acta.statements WHERE tenant_id = $1 AND sequence > $2 \
     ORDER BY sequence LIMIT $3) s) t \
     WHERE t.bytes_before < $4 ORDER BY t.sequence";

const COUNT: &str = "SELECT last_sequence FROM acta.counters WHERE tenant_id = $1";

/// As [`acta_storage::StatementStore::find_statement`].
pub(super) async fn find(
    database: &Database,
    tenant: TenantId,
    id: StatementId,
) -> Result<Option<StoredStatement>, StorageError> {
    let (tenant, id) = (number(tenant), Id(id.0.as_u128()));
    database
        .run("finding a statement", |connection| async move {
            let find = connection.prepare_cached(FIND).await?;
            let row = connection.query_opt(&find, &[&tenant, &id]).await?;
            Ok(row.map(|row| read_statement(&row)))
        })
        .await
}

/// As [`acta_storage::StatementStore::read_feed`].
pub(crate) async fn feed(
    database: &Database,
    tenant: TenantId,
    after: u64,
    count_max: usize,
) -> Result<Vec<FeedEntry>, StorageError> {
    let tenant = number(tenant);
    let mut entries: Vec<FeedEntry> = Vec::new();
    let mut after = i64::try_from(after).unwrap_or(i64::MAX);
    while entries.len() < count_max {
        let wanted = FEED_PAGE_COUNT.min(count_max - entries.len());
        let wanted = i64::try_from(wanted).unwrap_or(i64::MAX);
        let rows = database
            .run("reading the feed", |connection| async move {
                let feed = connection.prepare_cached(FEED).await?;
                let columns = [&tenant as _, &after as _, &wanted as _, &FEED_PAGE_BYTES as _];
                Ok(connection.query(&feed, &columns).await?)
            })
            .await?;
        let Some(last) = rows.last() else { break };
        after = last.get(0);
        entries.extend(rows.iter().map(read_statement));
    }
    Ok(entries)
}

/// As [`acta_storage::TransferSource::read_statements`].
pub(crate) async fn transferred(
    database: &Database,
    tenant: TenantId,
    after: u64,
    page: PageLimits,
) -> Result<Vec<TransferredStatement>, StorageError> {
    rows(database, tenant, after, page).await?.iter().map(StatementSource::load).collect()
}

async fn rows(
    database: &Database,
    tenant: TenantId,
    after: u64,
    page: PageLimits,
) -> Result<Vec<StatementRow>, StorageError> {
    let tenant = number(tenant);
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let count_max = i64::try_from(page.count_max.max(1)).unwrap_or(i64::MAX);
    let bytes_max = i64::try_from(page.bytes_max.max(1)).unwrap_or(i64::MAX);
    database
        .run("reading statements", |connection| async move {
            let prepared = connection.prepare_cached(TRANSFERRED).await?;
            let columns = [&tenant as _, &after as _, &count_max as _, &bytes_max as _];
            let rows = connection.query(&prepared, &columns).await?;
            Ok(rows.iter().map(StatementRow::of).collect())
        })
        .await
}

/// As [`acta_storage::Feed::read_records`].
pub(crate) async fn records(
    database: &Database,
    tenant: TenantId,
    after: u64,
    page: PageLimits,
) -> Result<Vec<FeedRecord>, StorageError> {
    let rows = rows(database, tenant, after, page).await?;
    Ok(rows.into_iter().map(StatementRow::into_record).collect())
}

/// A row of a statement as it is read for a follower or a copy.
#[derive(Debug)]
struct StatementRow {
    sequence: u64,
    id: StatementId,
    stored: Timestamp,
    version: Version,
    /// The complete text.
    text: String,
    is_timestamp_stored: bool,
    fingerprint: Vec<u8>,
    salt: Vec<u8>,
    target: Option<StatementId>,
    is_voiding: bool,
    defines: Option<Defines>,
}

impl StatementRow {
    fn of(row: &Row) -> Self {
        let (sequence, Id(id), SqlTimestamp(stored)): (i64, Id, SqlTimestamp) =
            (row.get(0), row.get(1), row.get(2));
        let target: Option<Id> = row.get(8);
        Self {
            sequence: sequence.unsigned_abs(),
            id: StatementId(Uuid::from_u128(id)),
            stored,
            version: version_of(row.get(3)),
            text: row.get(4),
            is_timestamp_stored: row.get(5),
            fingerprint: row.get(6),
            salt: row.get(7),
            target: target.map(|Id(target)| StatementId(Uuid::from_u128(target))),
            is_voiding: row.get(9),
            defines: u8::try_from(row.get::<_, i16>(10)).ok().and_then(Defines::of_number),
        }
    }

    /// The record for followers. If the text is damaged, it has no facts, and only followers that
    /// need the text fail.
    fn into_record(self) -> FeedRecord {
        let parsed = parse_statement(self.text.as_bytes(), self.version, &ParseLimits::STORED);
        let facts = parsed.map_or_else(
            |_faults| {
                tracing::warn!(
                    statement.id = %self.id,
                    "a statement does not pass today's rules: it says nothing of activities and \
                     persons"
                );
                EntityFacts::default()
            },
            |statement| EntityFacts::of(&statement, self.defines.unwrap_or_default()),
        );
        let (sequence, stored, len_bytes) = (self.sequence, self.stored, self.text.len());
        FeedRecord::of_source(sequence, stored, len_bytes, facts, Box::new(self))
    }
}

impl StatementSource for StatementRow {
    fn load(&self) -> Result<TransferredStatement, StorageError> {
        let corrupt =
            || StorageError::Corrupt { place: format!("acta.statements, id {}", self.id) };
        let stored = self.stored.to_string();
        let text = StatementText::of_complete(&self.text, self.is_timestamp_stored, &stored);
        let fingerprint = self.fingerprint.as_slice().try_into();
        let salt = self.salt.as_slice().try_into();
        Ok(TransferredStatement {
            sequence: self.sequence,
            id: self.id,
            stored: self.stored,
            version: self.version,
            fingerprint: Fingerprint(fingerprint.map_err(|_other_length| corrupt())?),
            salt: salt.map_err(|_other_length| corrupt())?,
            text: text.ok_or_else(corrupt)?,
            target: self.target,
            is_voiding: self.is_voiding,
            defines: self.defines.ok_or_else(corrupt)?,
        })
    }
}

/// As [`acta_storage::StatementStore::count_statements`].
pub(super) async fn count(database: &Database, tenant: TenantId) -> Result<u64, StorageError> {
    let tenant = number(tenant);
    database
        .run("counting statements", |connection| async move {
            let count = connection.prepare_cached(COUNT).await?;
            let row = connection.query_opt(&count, &[&tenant]).await?;
            Ok(row.map_or(0, |row| row.get::<_, i64>(0).unsigned_abs()))
        })
        .await
}

/// A row of sequence, id, stored, version, text and whether it is voided.
pub(super) fn read_statement(row: &Row) -> StoredStatement {
    let (sequence, Id(id), SqlTimestamp(stored)): (i64, Id, SqlTimestamp) =
        (row.get(0), row.get(1), row.get(2));
    let stored: Timestamp = stored;
    StoredStatement {
        sequence: sequence.unsigned_abs(),
        id: StatementId(Uuid::from_u128(id)),
        stored,
        version: version_of(row.get(3)),
        is_voided: row.get(5),
        text: row.get(4),
    }
}
