//! Statements in a vector.

use std::time::Duration;

use acta_access::TenantId;
use acta_ambient::Timestamp;
use acta_xapi::{StatementId, StatementText};
use async_trait::async_trait;

use super::attachments::ModelAttachment;
use super::log_record::{LogRecord, ParsedStatement};
use super::{ModelStorage, TenantData};
use crate::{
    Appended, Batch, Cursor, FeedEntry, NewStatement, Order, StatementPage, StatementQuery,
    StatementStore, StorageError, StoredStatement, TransferredStatement,
};

impl TenantData {
    /// The statement with this id.
    pub(super) fn record(&self, id: StatementId) -> Option<&LogRecord> {
        self.indices.get(&id).and_then(|index| self.records.get(*index))
    }

    /// Whether a voiding statement refers to this one, which is not itself a voiding statement.
    ///
    /// Spec: xAPI 1.0.3, Part Two, 2.3.2.
    fn is_voided(&self, record: &LogRecord) -> bool {
        !record.statement.is_voiding && self.void_targets.contains(&record.statement.id)
    }

    fn give_back(&self, record: &LogRecord) -> StoredStatement {
        let TransferredStatement { sequence, id, stored, version, text, .. } = &record.statement;
        let stored_text = stored.to_string();
        StoredStatement {
            sequence: *sequence,
            id: *id,
            stored: *stored,
            version: *version,
            is_voided: self.is_voided(record),
            text: StatementText::complete(&text.text, text.is_timestamp_stored, &stored_text),
        }
    }

    /// The ids of a batch that are taken by different content.
    fn conflicts(&self, batch: &[NewStatement]) -> Vec<StatementId> {
        let is_conflict = |new: &&NewStatement| {
            let known = self.record(new.id);
            known.is_some_and(|known| {
                !new.statement.fingerprint.repeats(known.statement.fingerprint, new.version)
            })
        };
        batch.iter().filter(is_conflict).map(|new| new.id).collect()
    }

    /// A `stored` time after all earlier ones and not before any returned `consistent_through`.
    fn next_stored(&self, now: Timestamp) -> Timestamp {
        let last = self.records.last().map(|record| record.statement.stored);
        let after_last = last.map(|last| last.saturating_add(Duration::from_micros(1)));
        now.max(after_last.unwrap_or(now)).max(self.consistent_through.unwrap_or(now))
    }

    fn append(&mut self, statements: Vec<NewStatement>, stored: Timestamp) -> usize {
        let count_before = self.records.len();
        for new in statements {
            if self.indices.contains_key(&new.id) {
                continue;
            }
            let sequence = self.records.len() as u64 + 1;
            let NewStatement { id, statement, text, authority, version, defines } = new;
            let transferred = TransferredStatement {
                sequence,
                id,
                stored,
                version,
                fingerprint: statement.fingerprint,
                // The model erases nothing, so it needs no commitments.
                salt: [0; 16],
                text,
                target: statement.target(),
                is_voiding: statement.voids().is_some(),
                defines,
            };
            let parsed = Some(ParsedStatement { statement, authority });
            self.push(LogRecord { statement: transferred, parsed });
        }
        self.records.len() - count_before
    }

    /// Appends a record.
    pub(super) fn push(&mut self, record: LogRecord) {
        self.indices.insert(record.statement.id, self.records.len());
        self.void_targets.extend(record.statement.target.filter(|_| record.statement.is_voiding));
        self.records.push(record);
    }

    /// Whether a statement matches a query, regardless of the page.
    fn is_found(&self, record: &LogRecord, query: &StatementQuery) -> bool {
        !self.is_voided(record)
            && query.since_nanos.is_none_or(|since| since < record.stored_nanos())
            && query.until_nanos.is_none_or(|until| record.stored_nanos() <= until)
            && query.first_sequence.is_none_or(|first| first <= record.statement.sequence)
            && query.last_sequence.is_none_or(|last| record.statement.sequence <= last)
            && query.permits_authority(record.authority())
            && self.matches_along_chain(record, query)
    }

    fn query(&self, query: &StatementQuery) -> StatementPage {
        let is_behind_cursor = |sequence: u64| match (query.after, query.order) {
            (None, _) => true,
            (Some(Cursor(place)), Order::Ascending) => place < sequence,
            (Some(Cursor(place)), Order::Descending) => sequence < place,
        };
        let all = self.records.iter();
        let mut found: Vec<&LogRecord> = all
            .filter(|record| is_behind_cursor(record.statement.sequence))
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
        let appended = self.with_tenant_data(tenant, |data| {
            let conflicts = data.conflicts(&batch.statements);
            if !conflicts.is_empty() {
                return Err(StorageError::Conflict(conflicts));
            }
            let stored = data.next_stored(self.clock.now());
            let new_count = data.append(batch.statements, stored);
            for attachment in attachments {
                attachment.put_into(&mut data.attachments);
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
        Ok(self.with_tenant_data(tenant, |data| {
            let index = *data.indices.get(&id)?;
            Some(data.give_back(data.records.get(index)?))
        }))
    }

    async fn query_statements(
        &self,
        tenant: TenantId,
        query: &StatementQuery,
    ) -> Result<StatementPage, StorageError> {
        Ok(self.with_tenant_data(tenant, |data| data.query(query)))
    }

    async fn consistent_through(&self, tenant: TenantId) -> Result<Timestamp, StorageError> {
        let now = self.clock.now().floor_to_millis();
        Ok(self.with_tenant_data(tenant, |data| {
            let consistent_through = data.consistent_through.map_or(now, |before| before.max(now));
            data.consistent_through = Some(consistent_through);
            consistent_through
        }))
    }

    async fn read_feed(
        &self,
        tenant: TenantId,
        after: u64,
        count_max: usize,
    ) -> Result<Vec<FeedEntry>, StorageError> {
        Ok(self.with_tenant_data(tenant, |data| {
            let all = data.records.iter();
            all.filter(|record| after < record.statement.sequence)
                .take(count_max)
                .map(|record| data.give_back(record))
                .collect()
        }))
    }

    async fn count_statements(&self, tenant: TenantId) -> Result<u64, StorageError> {
        Ok(self.with_tenant_data(tenant, |data| data.records.len() as u64))
    }
}
