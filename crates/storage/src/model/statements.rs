//! Statements in a vector.

use std::time::Duration;

use acta_access::TenantId;
use acta_ambient::Moment;
use acta_xapi::{Kept, StatementId};
use async_trait::async_trait;

use super::attachments::ModelAttachment;
use super::{Holdings, ModelStorage};
use crate::{
    Appended, Batch, Cursor, FeedEntry, NewStatement, Order, StatementPage, StatementQuery,
    StatementStore, StorageError, StoredStatement,
};

/// A statement in the log.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) new: NewStatement,
    pub(super) stored: Moment,
}

impl Record {
    /// When it was stored, in nanoseconds since 1970.
    fn stored_nanos(&self) -> i128 {
        i128::from(self.stored.unix_micros()) * 1000
    }
}

impl Holdings {
    /// The statement with this id.
    pub(super) fn record(&self, id: StatementId) -> Option<&Record> {
        self.indices.get(&id).and_then(|index| self.records.get(*index))
    }

    /// Whether a voiding statement names this one, which is not itself a voiding statement.
    ///
    /// Spec: xAPI 1.0.3, Part Two, 2.3.2.
    fn is_voided(&self, record: &Record) -> bool {
        record.new.statement.voids().is_none() && self.void_targets.contains(&record.new.id)
    }

    fn give_back(&self, index: usize, record: &Record) -> StoredStatement {
        let NewStatement { id, kept, version, .. } = &record.new;
        let stored_text = record.stored.to_string();
        StoredStatement {
            sequence: index as u64 + 1,
            id: *id,
            stored: record.stored,
            version: *version,
            is_voided: self.is_voided(record),
            text: Kept::complete(&kept.text, kept.is_timestamp_stored, &stored_text),
        }
    }

    /// The ids of a batch that are taken by different content.
    fn conflicts(&self, batch: &[NewStatement]) -> Vec<StatementId> {
        let is_conflict = |new: &&NewStatement| {
            let known = self.record(new.id);
            known.is_some_and(|known| {
                !known.new.statement.fingerprint.agrees_with(new.statement.fingerprint)
            })
        };
        batch.iter().filter(is_conflict).map(|new| new.id).collect()
    }

    /// A `stored` time after every one given out and not before any moment vouched for.
    fn next_stored(&self, now: Moment) -> Moment {
        let last = self.records.last().map(|record| record.stored);
        let after_last = last.map(|last| last.saturating_add(Duration::from_micros(1)));
        now.max(after_last.unwrap_or(now)).max(self.vouched.unwrap_or(now))
    }

    fn append(&mut self, statements: Vec<NewStatement>, stored: Moment) -> usize {
        let count_before = self.records.len();
        for new in statements {
            if self.indices.contains_key(&new.id) {
                continue;
            }
            self.indices.insert(new.id, self.records.len());
            self.void_targets.extend(new.statement.voids());
            self.records.push(Record { new, stored });
        }
        self.records.len() - count_before
    }

    /// Whether a statement belongs to the answer of a query, wherever its page starts.
    fn is_found(&self, record: &Record, query: &StatementQuery) -> bool {
        !self.is_voided(record)
            && query.since_nanos.is_none_or(|since| since < record.stored_nanos())
            && query.until_nanos.is_none_or(|until| record.stored_nanos() <= until)
            && query.authority.as_ref().is_none_or(|wanted| *wanted == record.new.authority)
            && self.matches_along_chain(record, query)
    }

    fn query(&self, query: &StatementQuery) -> StatementPage {
        let is_behind_cursor = |sequence: u64| match (query.after, query.order) {
            (None, _) => true,
            (Some(Cursor(place)), Order::Ascending) => place < sequence,
            (Some(Cursor(place)), Order::Descending) => sequence < place,
        };
        let all = self.records.iter().enumerate();
        let mut found: Vec<(usize, &Record)> = all
            .filter(|(index, _)| is_behind_cursor(*index as u64 + 1))
            .filter(|(_, record)| self.is_found(record, query))
            .collect();
        if query.order == Order::Descending {
            found.reverse();
        }
        let mut page = StatementPage::default();
        let mut len_bytes = 0;
        for (index, record) in found {
            let is_full = query.count_max.max(1) <= page.statements.len()
                || (!page.statements.is_empty() && query.bytes_max <= len_bytes);
            if is_full {
                page.next = page.statements.last().map(|last| Cursor(last.sequence));
                break;
            }
            let statement = self.give_back(index, record);
            len_bytes += statement.text.len();
            page.statements.push(statement);
        }
        page
    }
}

#[async_trait]
impl StatementStore for ModelStorage {
    async fn append(&self, tenant: TenantId, batch: Batch) -> Result<Appended, StorageError> {
        let attachments = ModelAttachment::all_of(batch.attachments)?;
        self.with_holdings(tenant, |holdings| {
            let conflicts = holdings.conflicts(&batch.statements);
            if !conflicts.is_empty() {
                return Err(StorageError::Conflict(conflicts));
            }
            let stored = holdings.next_stored(self.clock.now());
            let new_count = holdings.append(batch.statements, stored);
            for attachment in attachments {
                attachment.put_into(&mut holdings.attachments);
            }
            Ok(Appended { stored, new_count })
        })
    }

    async fn find_statement(
        &self,
        tenant: TenantId,
        id: StatementId,
    ) -> Result<Option<StoredStatement>, StorageError> {
        Ok(self.with_holdings(tenant, |holdings| {
            let index = *holdings.indices.get(&id)?;
            Some(holdings.give_back(index, holdings.records.get(index)?))
        }))
    }

    async fn query_statements(
        &self,
        tenant: TenantId,
        query: &StatementQuery,
    ) -> Result<StatementPage, StorageError> {
        Ok(self.with_holdings(tenant, |holdings| holdings.query(query)))
    }

    async fn consistent_through(&self, tenant: TenantId) -> Result<Moment, StorageError> {
        let now = self.clock.now().floor_to_millis();
        Ok(self.with_holdings(tenant, |holdings| {
            let vouched = holdings.vouched.map_or(now, |before| before.max(now));
            holdings.vouched = Some(vouched);
            vouched
        }))
    }

    async fn read_feed(
        &self,
        tenant: TenantId,
        after: u64,
        count_max: usize,
    ) -> Result<Vec<FeedEntry>, StorageError> {
        Ok(self.with_holdings(tenant, |holdings| {
            let all = holdings.records.iter().enumerate();
            all.filter(|(index, _)| after < *index as u64 + 1)
                .take(count_max)
                .map(|(index, record)| holdings.give_back(index, record))
                .collect()
        }))
    }

    async fn count_statements(&self, tenant: TenantId) -> Result<u64, StorageError> {
        Ok(self.with_holdings(tenant, |holdings| holdings.records.len() as u64))
    }
}
