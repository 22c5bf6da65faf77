//! Queries: the statements that match, a page at a time.

mod candidate;
pub(super) mod matching;

use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::sync::Arc;

use acta_access::TenantId;
use acta_ambient::Timestamp;
use acta_storage::{Cursor, Order, StatementPage, StatementQuery, StorageError};
use futures_util::future::{OptionFuture, join3};
use tokio_postgres::types::ToSql;

use self::candidate::{Candidate, PageQuery, read_candidate};
use self::matching::matching;
use super::lists::{ListRequest, Lists};
use crate::PostgresStorage;
use crate::database::Connection;
use crate::failure::Failure;
use crate::types::{SqlTimestamp, number};

const ACT: &str = "searching for statements";

const LAST: &str = "SELECT last_sequence, has_references FROM acta.counters WHERE tenant_id = $1";

/// The first statement that was stored after an instant.
pub(super) const SINCE: &str = "SELECT sequence FROM acta.statements \
     WHERE tenant_id = $1 AND stored > $2 ORDER BY stored, sequence LIMIT 1";

/// The last statement that was stored at or before an instant.
pub(super) const UNTIL: &str = "SELECT sequence FROM acta.statements \
     WHERE tenant_id = $1 AND stored <= $2 ORDER BY stored DESC, sequence DESC LIMIT 1";

/// The queries for candidates. Texts beyond the wanted bytes are not returned. `$1` is the tenant,
/// `$2` the bytes, and `$references` whether anything may be voided. Without `OFFSET`, all voids
/// would be read for each page.
macro_rules! candidates {
    ($source:literal, $references:literal, $order:literal) => {
        concat!(
            "SELECT t.sequence, t.id, t.stored, t.version, t.target IS NOT NULL, \
             CASE WHEN t.bytes_before < $2 THEN t.statement::text END FROM ( \
             SELECT s.*, sum(s.len_bytes) OVER (ORDER BY s.sequence ",
            $order,
            ") - s.len_bytes AS bytes_before FROM (SELECT s.* FROM ",
            $source,
            " AND (NOT ",
            $references,
            " OR s.is_voiding OR NOT EXISTS (SELECT FROM acta.voids v \
             WHERE v.tenant_id = $1 AND v.target = s.id OFFSET 0)) ORDER BY s.sequence ",
            $order,
            " LIMIT $3) s) t ORDER BY t.sequence ",
            $order
        )
    };
}

pub(super) const RANGE_DESCENDING: &str = candidates!(
    "acta.statements s WHERE s.tenant_id = $1 AND s.sequence BETWEEN $4 AND $5",
    "(SELECT has_references FROM acta.counters WHERE tenant_id = $1)",
    "DESC"
);
pub(super) const RANGE_ASCENDING: &str = candidates!(
    "acta.statements s WHERE s.tenant_id = $1 AND s.sequence BETWEEN $4 AND $5",
    "(SELECT has_references FROM acta.counters WHERE tenant_id = $1)",
    "ASC"
);
pub(super) const LISTED_DESCENDING: &str = candidates!(
    "unnest($5::bigint[]) AS c(sequence) CROSS JOIN LATERAL (SELECT * FROM acta.statements \
     WHERE tenant_id = $1 AND sequence = c.sequence OFFSET 0) s WHERE true",
    "$4",
    "DESC"
);
pub(super) const LISTED_ASCENDING: &str = candidates!(
    "unnest($5::bigint[]) AS c(sequence) CROSS JOIN LATERAL (SELECT * FROM acta.statements \
     WHERE tenant_id = $1 AND sequence = c.sequence OFFSET 0) s WHERE true",
    "$4",
    "ASC"
);

/// As [`acta_storage::StatementStore::query_statements`].
///
/// With a replica, it answers if it has replayed everything that was committed when the query
/// arrived; otherwise the primary does.
pub(super) async fn query(
    storage: &PostgresStorage,
    tenant: TenantId,
    query: &StatementQuery,
) -> Result<StatementPage, StorageError> {
    let filters = storage.hasher.filters_of(tenant, query);
    let asked = Arc::new(PageQuery {
        query: query.clone(),
        filters,
        hasher: storage.hasher.clone(),
        tenant,
    });
    if let Some(replica) = storage.replica.as_ref().filter(|it| it.health.is_worth_asking()) {
        let last = super::read::count(&storage.database, tenant).await?;
        let last = i64::try_from(last).unwrap_or(i64::MAX);
        let copied = Arc::clone(&asked);
        let answer =
            replica.run_once(|connection| async move { copied.answer(&connection, last).await });
        match answer.await {
            Ok(Some(page)) => return Ok(page),
            Ok(None) => {}
            Err(failure) => tracing::debug!(?failure, "the replica did not answer"),
        }
    }
    let page = storage.database.run(ACT, |connection| {
        let asked = Arc::clone(&asked);
        async move { asked.answer(&connection, 0).await }
    });
    // A database cannot be behind the sequence 0.
    page.await?.ok_or(StorageError::Halted)
}

/// The source of candidates.
enum CandidateSource {
    /// All statements of a range, and whether there are no further ones in it.
    Range(RangeInclusive<i64>, bool),
    /// Posting lists, with the statements that were already taken from them.
    Lists(VecDeque<i64>, Box<Lists>),
}

impl PageQuery {
    async fn answer(
        &self,
        connection: &Connection,
        last: i64,
    ) -> Result<Option<StatementPage>, Failure> {
        let Some((range, has_references)) = self.range(connection, last).await? else {
            return Ok(None);
        };
        if range.is_empty() {
            return Ok(Some(StatementPage::default()));
        }
        let mut source = if self.filters.is_empty() {
            CandidateSource::Range(range, false)
        } else {
            let request = ListRequest {
                tenant: number(self.tenant),
                order: self.query.order,
                range,
                wanted: self.query.count_max.max(1).saturating_add(1),
                has_references,
            };
            let lists = Lists::open(connection, &self.filters, request).await?;
            CandidateSource::Lists(VecDeque::new(), Box::new(lists))
        };
        self.fill(connection, &mut source, has_references).await.map(Some)
    }

    /// The sequences to search, and whether any statement refers to another; `None` if the
    /// database does not have the sequence `last` yet. Without filters, all that is asked in
    /// advance is what the query or the replica needs: then the first read of a page is the only
    /// one.
    async fn range(
        &self,
        connection: &Connection,
        last: i64,
    ) -> Result<Option<(RangeInclusive<i64>, bool)>, Failure> {
        let query = &self.query;
        let tenant = number(self.tenant);
        let count = connection.prepare_cached(LAST).await?;
        let is_counted = 0 < last || !self.filters.is_empty();
        let columns: [&(dyn ToSql + Sync); 1] = [&tenant];
        let counting = is_counted.then(|| connection.query_opt(&count, &columns));
        let bound = |micros| SqlTimestamp(Timestamp::from_unix_micros(micros));
        let first =
            query.since_micros().map(|micros| find_place(connection, SINCE, tenant, bound(micros)));
        let until =
            query.until_micros().map(|micros| find_place(connection, UNTIL, tenant, bound(micros)));
        // The number of statements is read first, so that the later reads see all of them.
        let (counted, first, until) = join3(
            OptionFuture::from(counting),
            OptionFuture::from(first),
            OptionFuture::from(until),
        )
        .await;
        let (counted, has_references): (i64, bool) = match counted.transpose()? {
            None => (i64::MAX, true),
            Some(row) => row.map_or((0, false), |row| (row.get(0), row.get(1))),
        };
        if counted < last {
            return Ok(None);
        }
        let mut low = match first.transpose()? {
            None => 1,
            Some(found) => found.unwrap_or(i64::MAX),
        };
        let mut high = match until.transpose()? {
            None => counted,
            Some(found) => found.unwrap_or(0).min(counted),
        };
        let sequence = |sequence: u64| i64::try_from(sequence).unwrap_or(i64::MAX);
        low = low.max(query.first_sequence.map_or(1, sequence));
        high = high.min(query.last_sequence.map_or(i64::MAX, sequence));
        if let Some(Cursor(place)) = query.after {
            let place = i64::try_from(place).unwrap_or(i64::MAX);
            match query.order {
                Order::Descending => high = high.min(place.saturating_sub(1)),
                Order::Ascending => low = low.max(place.saturating_add(1)),
            }
        }
        Ok(Some((low..=high, has_references)))
    }

    /// Fills a page with those of the candidates that match.
    async fn fill(
        &self,
        connection: &Connection,
        source: &mut CandidateSource,
        has_references: bool,
    ) -> Result<StatementPage, Failure> {
        let mut filling = Filling {
            count_max: self.query.count_max.max(1),
            bytes_max: self.query.bytes_max,
            bytes: 0,
            has_references,
            page: StatementPage::default(),
        };
        while filling.page.next.is_none() {
            let mut candidates = self.candidates(connection, source, filling.room()).await?;
            if candidates.is_empty() {
                break;
            }
            // Those without a text are read again later, if others do not match.
            let read = candidates.iter().take_while(|candidate| candidate.text.is_some()).count();
            let unread: Vec<i64> =
                candidates.drain(read..).map(|candidate| candidate.sequence).collect();
            source.put_back(self.query.order, &unread);
            let matching = matching(connection, self, &candidates).await?;
            candidates.retain(|candidate| {
                !candidate.has_target || matching.contains(&candidate.sequence)
            });
            filling.take(candidates);
        }
        Ok(filling.page)
    }

    /// The next candidates: at least one unless there is none, and at most as many as wanted; the
    /// first always has its text, the others up to the bytes of the room.
    async fn candidates(
        &self,
        connection: &Connection,
        source: &mut CandidateSource,
        room: PageRoom,
    ) -> Result<Vec<Candidate>, Failure> {
        let PageRoom { wanted, bytes, has_references } = room;
        let room = i64::try_from(bytes.max(1)).unwrap_or(i64::MAX);
        let count = i64::try_from(wanted).unwrap_or(i64::MAX);
        let order = self.query.order;
        loop {
            source.refill(connection).await?;
            if source.has_none() {
                return Ok(Vec::new());
            }
            let rows = match source {
                CandidateSource::Range(range, _) => {
                    let (start, end) = (range.start(), range.end());
                    let columns: [&(dyn ToSql + Sync); 5] =
                        [&number(self.tenant), &room, &count, start, end];
                    let sql = by_order(order, [RANGE_DESCENDING, RANGE_ASCENDING]);
                    let read = connection.prepare_cached(sql).await?;
                    connection.query(&read, &columns).await?
                }
                CandidateSource::Lists(taken, _) => {
                    let chosen: Vec<i64> = taken.drain(..wanted.min(taken.len())).collect();
                    let columns: [&(dyn ToSql + Sync); 5] =
                        [&number(self.tenant), &room, &count, &has_references, &chosen];
                    let sql = by_order(order, [LISTED_DESCENDING, LISTED_ASCENDING]);
                    let read = connection.prepare_cached(sql).await?;
                    connection.query(&read, &columns).await?
                }
            };
            source.advance(order, rows.last().map(|row| row.get(0)), rows.len() < wanted);
            // All statements that were taken from the lists may be voided.
            if !rows.is_empty() || source.is_at_end() {
                return Ok(rows.iter().map(read_candidate).collect());
            }
        }
    }
}

/// The room that is left on a page.
struct PageRoom {
    /// How many candidates are wanted, one after the end of the page included.
    wanted: usize,
    /// How many bytes of text.
    bytes: usize,
    /// Whether any statement refers to another: otherwise none is voided.
    has_references: bool,
}

/// A page that is being filled.
struct Filling {
    count_max: usize,
    bytes_max: usize,
    bytes: usize,
    /// Whether any statement refers to another: else none is voided.
    has_references: bool,
    page: StatementPage,
}

impl Filling {
    /// The room that is left on the page.
    fn room(&self) -> PageRoom {
        let count = self.count_max.saturating_sub(self.page.statements.len());
        let bytes = self.bytes_max.saturating_sub(self.bytes);
        let has_references = self.has_references;
        PageRoom { wanted: count.saturating_add(1), bytes, has_references }
    }

    fn is_full(&self) -> bool {
        self.count_max <= self.page.statements.len()
            || (!self.page.statements.is_empty() && self.bytes_max <= self.bytes)
    }

    /// Takes candidates that match, up to the end of the page.
    fn take(&mut self, candidates: Vec<Candidate>) {
        for candidate in candidates {
            if self.is_full() {
                self.page.next = self.page.statements.last().map(|last| Cursor(last.sequence));
                return;
            }
            let statement = candidate.statement();
            self.bytes += statement.text.len();
            self.page.statements.push(statement);
        }
    }
}

fn by_order(order: Order, [descending, ascending]: [&'static str; 2]) -> &'static str {
    match order {
        Order::Descending => descending,
        Order::Ascending => ascending,
    }
}

impl CandidateSource {
    /// Continues after the last candidate of a range that was read, unless these were all.
    fn advance(&mut self, order: Order, last: Option<i64>, are_all: bool) {
        if let Self::Range(range, is_ended) = self {
            *is_ended = are_all;
            *range = match (last, order) {
                (None, _) => RangeInclusive::new(1, 0),
                (Some(last), Order::Descending) => *range.start()..=last.saturating_sub(1),
                (Some(last), Order::Ascending) => last.saturating_add(1)..=*range.end(),
            };
        }
    }

    /// Takes the next statements from the lists, if none are left that were taken before.
    async fn refill(&mut self, connection: &Connection) -> Result<(), Failure> {
        match self {
            Self::Range(..) => Ok(()),
            Self::Lists(taken, lists) => lists.refill(connection, taken).await,
        }
    }

    /// Whether nothing is left to be read, once it was refilled.
    fn has_none(&self) -> bool {
        match self {
            Self::Range(..) => self.is_at_end(),
            Self::Lists(taken, _) => taken.is_empty(),
        }
    }

    /// Whether there are no further candidates.
    fn is_at_end(&self) -> bool {
        match self {
            Self::Range(range, is_ended) => *is_ended || range.is_empty(),
            Self::Lists(taken, lists) => taken.is_empty() && lists.are_ended(),
        }
    }

    /// Puts back the candidates that were read last.
    fn put_back(&mut self, order: Order, places: &[i64]) {
        let Some(first) = places.first().copied() else { return };
        match (self, order) {
            (Self::Range(range, is_ended), order) => {
                *is_ended = false;
                *range = match order {
                    Order::Descending => *range.start()..=first,
                    Order::Ascending => first..=*range.end(),
                };
            }
            (Self::Lists(taken, _), _) => {
                for place in places.iter().rev() {
                    taken.push_front(*place);
                }
            }
        }
    }
}

async fn find_place(
    connection: &Connection,
    sql: &str,
    tenant: i32,
    bound: SqlTimestamp,
) -> Result<Option<i64>, Failure> {
    let find = connection.prepare_cached(sql).await?;
    let row = connection.query_opt(&find, &[&tenant, &bound]).await?;
    Ok(row.map(|row| row.get(0)))
}
