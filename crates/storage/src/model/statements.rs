//! Statements in a vector.

use std::time::Duration;

use acta_access::TenantId;
use acta_ambient::Timestamp;
use acta_xapi::{Ifi, Statement, StatementId, StatementText};
use async_trait::async_trait;

use super::attachments::ModelAttachment;
use super::{Holdings, ModelStorage};
use crate::{
    Appended, Batch, Cursor, FeedEntry, NewStatement, Order, StatementPage, StatementQuery,
    StatementStore, StorageError, StoredStatement, TransferredStatement,
};

/// A statement in the log.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) kept: TransferredStatement,
    /// None if it was imported and does not pass today's rules.
    pub(super) said: Option<Said>,
}

/// What a statement says.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) statement: Statement,
    /// Who vouches for it.
    pub(super) authority: Ifi,
}

impl Record {
    /// When it was stored, in nanoseconds since 1970.
    fn stored_nanos(&self) -> i128 {
        i128::from(self.kept.stored.unix_micros()) * 1000
    }

    /// Who vouches for it.
    fn authority(&self) -> Option<&Ifi> {
        self.said.as_ref().map(|said| &said.authority)
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
        !record.kept.is_voiding && self.void_targets.contains(&record.kept.id)
    }

    fn give_back(&self, record: &Record) -> StoredStatement {
        let TransferredStatement { sequence, id, stored, version, kept, .. } = &record.kept;
        let stored_text = stored.to_string();
        StoredStatement {
            sequence: *sequence,
            id: *id,
            stored: *stored,
            version: *version,
            is_voided: self.is_voided(record),
            text: StatementText::complete(&kept.text, kept.is_timestamp_stored, &stored_text),
        }
    }

    /// The ids of a batch that are taken by different content.
    fn conflicts(&self, batch: &[NewStatement]) -> Vec<StatementId> {
        let is_conflict = |new: &&NewStatement| {
            let known = self.record(new.id);
            known
                .is_some_and(|known| !known.kept.fingerprint.agrees_with(new.statement.fingerprint))
        };
        batch.iter().filter(is_conflict).map(|new| new.id).collect()
    }

    /// A `stored` time after every one given out and not before any moment vouched for.
    fn next_stored(&self, now: Timestamp) -> Timestamp {
        let last = self.records.last().map(|record| record.kept.stored);
        let after_last = last.map(|last| last.saturating_add(Duration::from_micros(1)));
        now.max(after_last.unwrap_or(now)).max(self.vouched.unwrap_or(now))
    }

    fn append(&mut self, statements: Vec<NewStatement>, stored: Timestamp) -> usize {
        let count_before = self.records.len();
        for new in statements {
            if self.indices.contains_key(&new.id) {
                continue;
            }
            let sequence = self.records.len() as u64 + 1;
            let NewStatement { id, statement, kept, authority, version, defines } = new;
            let kept = TransferredStatement {
                sequence,
                id,
                stored,
                version,
                fingerprint: statement.fingerprint,
                // Nothing is committed to what vanishes with the process.
                salt: [0; 16],
                kept,
                target: statement.target(),
                is_voiding: statement.voids().is_some(),
                defines,
            };
            self.push(Record { kept, said: Some(Said { statement, authority }) });
        }
        self.records.len() - count_before
    }

    /// Adds the record that comes next.
    pub(super) fn push(&mut self, record: Record) {
        self.indices.insert(record.kept.id, self.records.len());
        self.void_targets.extend(record.kept.target.filter(|_| record.kept.is_voiding));
        self.records.push(record);
    }

    /// Whether a statement belongs to the answer of a query, wherever its page starts.
    fn is_found(&self, record: &Record, query: &StatementQuery) -> bool {
        !self.is_voided(record)
            && query.since_nanos.is_none_or(|since| since < record.stored_nanos())
            && query.until_nanos.is_none_or(|until| record.stored_nanos() <= until)
            && query.authority.as_ref().is_none_or(|wanted| Some(wanted) == record.authority())
            && self.matches_along_chain(record, query)
    }

    fn query(&self, query: &StatementQuery) -> StatementPage {
        let is_behind_cursor = |sequence: u64| match (query.after, query.order) {
            (None, _) => true,
            (Some(Cursor(place)), Order::Ascending) => place < sequence,
            (Some(Cursor(place)), Order::Descending) => sequence < place,
        };
        let all = self.records.iter();
        let mut found: Vec<&Record> = all
            .filter(|record| is_behind_cursor(record.kept.sequence))
            .filter(|record| self.is_found(record, query))
            .collect();
        if query.order == Order::Descending {
            found.reverse();
        }
        let mut page = StatementPage::default();
        let mut len_bytes = 0;
        for record in found {
            let is_full = query.count_max.max(1) <= page.statements.len()
                || (!page.statements.is_empty() && query.bytes_max <= len_bytes);
            if is_full {
                page.next = page.statements.last().map(|last| Cursor(last.sequence));
                break;
            }
            let statement = self.give_back(record);
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
        let appended = self.with_holdings(tenant, |holdings| {
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
        })?;
        self.appended.send_modify(|count| *count += 1);
        Ok(appended)
    }

    async fn find_statement(
        &self,
        tenant: TenantId,
        id: StatementId,
    ) -> Result<Option<StoredStatement>, StorageError> {
        Ok(self.with_holdings(tenant, |holdings| {
            let index = *holdings.indices.get(&id)?;
            Some(holdings.give_back(holdings.records.get(index)?))
        }))
    }

    async fn query_statements(
        &self,
        tenant: TenantId,
        query: &StatementQuery,
    ) -> Result<StatementPage, StorageError> {
        Ok(self.with_holdings(tenant, |holdings| holdings.query(query)))
    }

    async fn consistent_through(&self, tenant: TenantId) -> Result<Timestamp, StorageError> {
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
            let all = holdings.records.iter();
            all.filter(|record| after < record.kept.sequence)
                .take(count_max)
                .map(|record| holdings.give_back(record))
                .collect()
        }))
    }

    async fn count_statements(&self, tenant: TenantId) -> Result<u64, StorageError> {
        Ok(self.with_holdings(tenant, |holdings| holdings.records.len() as u64))
    }
}
