//! Following the log of a tenant: statements as they are stored.

use std::time::Duration;

use acta_access::{Act, Principal, TenantId, decide};
use acta_storage::{Cursor, Order, PageLimits, StatementQuery, StoredStatement};
use tokio::time::Instant;

use crate::heads::LogSummary;
use crate::{Search, Service, ServiceError};

/// How long a summary is valid for everybody who asks.
const SUMMARY_AGE_MAX: Duration = Duration::from_millis(900);

/// The place of a reader in the log of a tenant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogPlace {
    /// Everything up to this sequence was read.
    pub after: u64,
    /// A part that is being read, page by page: its last sequence, and where its next page begins.
    part: Option<(u64, Cursor)>,
}

impl LogPlace {
    /// The place behind a sequence.
    pub const fn after(sequence: u64) -> Self {
        Self { after: sequence, part: None }
    }

    /// Whether there is more to read up to the sequence `head`.
    pub const fn is_before(&self, head: u64) -> bool {
        self.part.is_some() || self.after < head
    }
}

impl Service {
    /// Checks whether a principal may read statements at all, if only its own.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Denied`].
    pub fn permit_reading(principal: &Principal) -> Result<(), ServiceError> {
        match decide(principal, Act::ReadStatements) {
            Ok(()) => Ok(()),
            Err(_) => Self::permit(principal, Act::ReadOwnStatements),
        }
    }

    /// The last sequence of a tenant's log, now.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Busy`] or [`ServiceError::Failed`] if it cannot be determined.
    pub async fn last_sequence(&self, tenant: TenantId) -> Result<u64, ServiceError> {
        Ok(self.storage.count_statements(tenant).await?)
    }

    /// Waits until statements are stored behind `after`, by any node, and returns the last
    /// sequence. Many may wait at little cost.
    ///
    /// # Errors
    ///
    /// As [`Service::last_sequence`].
    pub async fn wait_for_statements(
        &self,
        tenant: TenantId,
        after: u64,
    ) -> Result<u64, ServiceError> {
        Ok(self.heads.wait(tenant, after).await?)
    }

    /// The next statements behind `place` that match the filters of `search` and that the
    /// principal may read, in the order of the log, and moves `place` behind them. Voided ones are
    /// left out. None of those that are stored later is ever left out by moving on.
    ///
    /// Empty if there are none up to `head`, which [`Service::wait_for_statements`] has returned,
    /// or if the page ended by its limits before the first one: then `place` is before `head`.
    ///
    /// # Errors
    ///
    /// As [`Service::query_statements`].
    pub async fn read_on(
        &self,
        principal: &Principal,
        search: &Search,
        (place, head): (&mut LogPlace, u64),
    ) -> Result<Vec<StoredStatement>, ServiceError> {
        let (last, cursor) = place.part.map_or((head, None), |(last, next)| (last, Some(next)));
        let query = StatementQuery {
            order: Order::Ascending,
            first_sequence: Some(place.after.saturating_add(1)),
            last_sequence: Some(last),
            after: cursor,
            ..search.query.clone()
        };
        let page = self.query_statements(principal, Search { query, limit: search.limit }).await?;
        match page.next {
            // The sequences before the cursor are not left out: it decides where to go on.
            Some(next) => place.part = Some((last, next)),
            None => *place = LogPlace::after(last.max(place.after)),
        }
        Ok(page.statements)
    }

    /// Counts what is in a tenant's log. Many may ask: what was counted within the last second is
    /// returned again.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Failed`] when it cannot be read.
    pub async fn summarize_log(&self, tenant: TenantId) -> Result<LogSummary, ServiceError> {
        let shared = self.summaries.of(tenant);
        // Held while the store is read, so that the others take the result.
        let mut known = shared.lock().await;
        if let Some((at, summary)) = *known
            && at.elapsed() < SUMMARY_AGE_MAX
        {
            return Ok(summary);
        }
        let at = Instant::now();
        let summary = self.count_log(tenant).await?;
        *known = Some((at, summary));
        Ok(summary)
    }

    async fn count_log(&self, tenant: TenantId) -> Result<LogSummary, ServiceError> {
        const MINUTE_NANOS: i128 = 60_000_000_000;
        let statement_count = self.heads.find(tenant).await?;
        let last = PageLimits { count_max: 1, bytes_max: 1 };
        let before_last = statement_count.saturating_sub(1);
        let records = self.storage.read_records(tenant, before_last, last).await?;
        let last_stored = records.first().map(|record| record.stored);
        let minute_ago = i128::from(self.clock.now().unix_micros()) * 1_000 - MINUTE_NANOS;
        let query = StatementQuery {
            order: Order::Ascending,
            since_nanos: Some(minute_ago),
            count_max: 1,
            bytes_max: 1,
            ..StatementQuery::default()
        };
        let recent = self.storage.query_statements(tenant, &query).await?;
        let first = recent.statements.first().map(|first| first.sequence);
        // One that was stored since the log was counted is counted the next time.
        let last_minute_count =
            first.map_or(0, |first| statement_count.saturating_add(1).saturating_sub(first));
        Ok(LogSummary { statement_count, last_minute_count, last_stored })
    }
}
