//! Reading statements: by id, by what they say, and in order.

use std::collections::HashMap;
use std::sync::Arc;

use acta_access::TenantId;
use acta_statement_index::IndexQuery;
use acta_statement_log::entry::{IndexEntry, IndexEntrySource, Location};
use acta_statement_log::reader::{
    FoundRecord, feed_record_of, statement_of, transferred_statement_of,
};
use acta_statement_log::record::Record;
use acta_statement_log::segment::{RecordBuffer, Segment};
use acta_storage::{
    Cursor, FeedEntry, FeedRecord, Filters, PageLimits, StatementPage, StatementQuery,
    StatementSource, StorageError, StoredStatement, TransferredStatement,
};
use acta_xapi::{ParseLimits, StatementId, parse_statement};

use crate::writer::Shared;

/// A look into log and index for one tenant. May wait for the disk.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    pub(crate) shared: Arc<Shared>,
    pub(crate) tenant: TenantId,
}

impl Reading {
    /// As [`acta_storage::StatementStore::find_statement`].
    pub(crate) fn find(&self, id: StatementId) -> Result<Option<StoredStatement>, StorageError> {
        let Some(found) = self.shared.index.find(self.tenant, id.0.as_u128())? else {
            return Ok(None);
        };
        let statement = self.load(found.location, found.is_voided)?;
        Ok(Some(statement))
    }

    /// Reads again if a part of the log was rewritten meanwhile.
    pub(crate) fn retry_if_rewritten<T>(
        &self,
        look: impl Fn(&Self) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        self.shared.reader.retry_if_rewritten(|| look(self))
    }

    fn load(&self, location: Location, is_voided: bool) -> Result<StoredStatement, StorageError> {
        let mut buffer = RecordBuffer::default();
        self.shared.reader.with_record(location, &mut buffer, |segment, record| {
            self.check_tenant(segment, record, location)?;
            statement_of(segment, record, FoundRecord { location, is_voided })
        })
    }

    /// The last wall between tenants: whatever the index says, a record of another tenant
    /// is not given out.
    fn check_tenant(
        &self,
        segment: &Segment,
        record: &Record<'_>,
        location: Location,
    ) -> Result<(), StorageError> {
        if record.tenant == self.tenant {
            Ok(())
        } else {
            Err(segment.corrupt(u64::from(location.offset)))
        }
    }

    /// As [`acta_storage::StatementStore::query_statements`].
    pub(crate) fn query(
        &self,
        query: &StatementQuery,
        filters: &Filters,
    ) -> Result<StatementPage, StorageError> {
        let index_query = IndexQuery {
            tenant: self.tenant,
            all_of: filters.all_of(),
            since_micros_exclusive: query.since_micros(),
            until_micros_inclusive: query.until_micros(),
            first_sequence: query.first_sequence,
            last_sequence: query.last_sequence,
            order: query.order,
            after: query.after.map(|cursor| cursor.0),
        };
        let mut page = StatementPage::default();
        let ahead = HashMap::new();
        let mut matching = Matching { query, filters, ahead, is_page_full: false };
        let mut last = 0;
        let mut text_bytes = 0;
        let mut buffer = RecordBuffer::default();
        let mut candidates = self.shared.index.query(&index_query)?;
        while let Some(candidate) = candidates.next_candidate()? {
            matching.is_page_full = query.count_max.max(1) <= page.statements.len()
                || (query.bytes_max <= text_bytes && !page.statements.is_empty());
            let location = candidate.location;
            let found =
                self.shared.reader.with_record(location, &mut buffer, |segment, record| {
                    self.look(segment, record, location, &mut matching)
                })?;
            match found {
                Found::No => {}
                Found::Further => {
                    page.next = Some(Cursor(last));
                    break;
                }
                Found::Here(statement) => {
                    text_bytes += statement.text.len();
                    page.statements.push(statement);
                    last = candidate.position;
                }
            }
        }
        Ok(page)
    }

    /// Looks at a candidate's record.
    fn look(
        &self,
        segment: &Segment,
        record: &Record<'_>,
        location: Location,
        matching: &mut Matching<'_>,
    ) -> Result<Found, StorageError> {
        self.check_tenant(segment, record, location)?;
        if record.target.is_some() && !matching.filters.is_empty() {
            let entry = segment.load_entry(record, location.offset)?;
            if !self.matches(&entry, matching)? {
                return Ok(Found::No);
            }
        }
        if matching.is_page_full {
            return Ok(Found::Further);
        }
        statement_of(segment, record, FoundRecord { location, is_voided: false }).map(Found::Here)
    }

    /// Whether a statement that refers to another matches: by itself, or by the other, all
    /// filters at once. The index only knows that each filter is met by one of them.
    ///
    /// A chain is followed as far as the index inherits terms along it: what lies beyond never
    /// makes a statement match, whatever the other filters are. What is learned of it is kept, so
    /// that a long one is read once for all candidates along it; also how far away a match is,
    /// which counts for those only that are near enough.
    ///
    /// Spec: xAPI 1.0.3, Part Three, 2.1.3, filter conditions for `StatementRef`s.
    fn matches(
        &self,
        entry: &IndexEntry,
        matching: &mut Matching<'_>,
    ) -> Result<bool, StorageError> {
        let Matching { query, filters, ahead: known, .. } = matching;
        if !filters.is_own_in(&entry.shared_terms) {
            return Ok(false);
        }
        if filters.are_shared_in(&entry.shared_terms) {
            return Ok(true);
        }
        let mut path = Vec::new();
        let (mut passed, mut next) = (0, entry.target);
        let mut found_at = None;
        while let Some(id) = next.filter(|_| passed < StatementQuery::CHAIN_MAX) {
            let ahead = if let Some(ahead) = known.get(&id) {
                *ahead
            } else {
                let ahead = self.look_ahead(id, query, filters)?;
                known.insert(id, ahead);
                ahead
            };
            path.push((id, passed));
            match ahead {
                Ahead::Match { after } => {
                    found_at = Some(passed + after);
                    break;
                }
                Ahead::None { count, next: behind } => (passed, next) = (passed + count, behind),
            }
        }
        known.extend(path.into_iter().map(|(id, before)| {
            let ahead = match found_at {
                Some(at) => Ahead::Match { after: at - before },
                None => Ahead::None { count: passed - before, next },
            };
            (id, ahead)
        }));
        Ok(found_at.is_some_and(|at| at < StatementQuery::CHAIN_MAX))
    }

    /// Looks at one statement of a chain, which ends with what the reader may not read.
    fn look_ahead(
        &self,
        id: u128,
        query: &StatementQuery,
        filters: &Filters,
    ) -> Result<Ahead, StorageError> {
        const END: Ahead = Ahead::None { count: 1, next: None };
        let Some(found) = self.shared.index.find(self.tenant, id)? else { return Ok(END) };
        let entry = self.shared.reader.load_entry(found.location)?;
        let is_own = filters.is_own_in(&entry.shared_terms);
        if !is_own || !self.is_permitted(found.location, query)? {
            return Ok(END);
        }
        Ok(if filters.are_shared_in(&entry.shared_terms) {
            Ahead::Match { after: 0 }
        } else {
            Ahead::None { count: 1, next: entry.target }
        })
    }

    /// Whether the restrictions of the reader permit the statement at `location`.
    fn is_permitted(
        &self,
        location: Location,
        query: &StatementQuery,
    ) -> Result<bool, StorageError> {
        if query.restrictions.is_none() {
            return Ok(true);
        }
        let StoredStatement { text, version, .. } = self.load(location, false)?;
        let target = parse_statement(text.as_bytes(), version, &ParseLimits::STORED);
        Ok(query.permits_target(target.ok().as_ref()))
    }

    /// As [`acta_storage::StatementStore::read_feed`].
    pub(crate) fn feed(
        &self,
        after: u64,
        count_max: usize,
    ) -> Result<Vec<FeedEntry>, StorageError> {
        let (mut after, mut feed) = (after, Vec::new());
        // What was erased is left out, which is not to look like the end.
        while feed.len() < count_max {
            let wanted = count_max - feed.len();
            let places = self.shared.index.by_sequence(self.tenant, after, wanted)?;
            for place in places.iter().filter(|place| !place.is_erased) {
                feed.push(self.load(place.location, place.is_voided)?);
            }
            match places.last() {
                Some(last) if places.len() == wanted => after = last.sequence,
                _ => break,
            }
        }
        Ok(feed)
    }
}

impl Reading {
    /// As [`acta_storage::TransferSource::read_statements`].
    pub(crate) fn kept(
        &self,
        after: u64,
        page: PageLimits,
    ) -> Result<Vec<TransferredStatement>, StorageError> {
        self.span(after, page, |segment, record, location| {
            let kept = transferred_statement_of(segment, record, location)?;
            let len_bytes = kept.text.text.len();
            Ok((kept, len_bytes))
        })
    }

    /// As [`acta_storage::Feed::read_records`].
    pub(crate) fn records(
        &self,
        after: u64,
        page: PageLimits,
    ) -> Result<Vec<FeedRecord>, StorageError> {
        self.span(after, page, |segment, record, location| {
            let record = feed_record_of(segment, record, location)?;
            let len_bytes = record.len_bytes();
            Ok((record, len_bytes))
        })
    }

    /// Reads the tenant's log behind `after` by `read`, which returns what it has read and how
    /// many bytes of text that has.
    fn span<T>(
        &self,
        after: u64,
        page: PageLimits,
        read: impl Fn(&Segment, &Record<'_>, Location) -> Result<(T, usize), StorageError>,
    ) -> Result<Vec<T>, StorageError> {
        let count_max = page.count_max.max(1);
        let places = self.shared.index.by_sequence(self.tenant, after, count_max)?;
        let (mut all, mut text_bytes) = (Vec::with_capacity(places.len()), 0);
        let mut buffer = RecordBuffer::default();
        for place in places {
            let location = place.location;
            let (one, len_bytes) =
                self.shared.reader.with_record(location, &mut buffer, |segment, record| {
                    self.check_tenant(segment, record, location)?;
                    read(segment, record, location)
                })?;
            text_bytes += len_bytes;
            all.push(one);
            if page.bytes_max <= text_bytes {
                break;
            }
        }
        Ok(all)
    }
}

impl Reading {
    /// The tenant's statement with this sequence, to be loaded later.
    pub(crate) fn statement(&self, sequence: u64) -> LogStatement {
        LogStatement { reading: self.clone(), sequence }
    }
}

/// A statement in the log.
#[derive(Debug)]
pub(crate) struct LogStatement {
    reading: Reading,
    sequence: u64,
}

impl StatementSource for LogStatement {
    fn load(&self) -> Result<TransferredStatement, StorageError> {
        let page = PageLimits { count_max: 1, bytes_max: usize::MAX };
        let after = self.sequence.saturating_sub(1);
        let mut found = self.reading.retry_if_rewritten(|reading| reading.kept(after, page))?;
        let gone =
            || StorageError::Corrupt { place: format!("log: no sequence {}", self.sequence) };
        found.pop().filter(|kept| kept.sequence == self.sequence).ok_or_else(gone)
    }
}

/// What is known of the chain that begins with a statement.
#[derive(Clone, Copy, Debug)]
enum Ahead {
    /// The statement that lies so many references behind it matches, and none before.
    Match { after: usize },
    /// So many statements from it on do not match; the chain goes on with `next`.
    None { count: usize, next: Option<u128> },
}

/// What a query asks for, and what is known already while a page is made.
struct Matching<'a> {
    query: &'a StatementQuery,
    filters: &'a Filters,
    ahead: HashMap<u128, Ahead>,
    /// Whether the page has no room for a further statement.
    is_page_full: bool,
}

/// What became of a candidate.
enum Found {
    /// It does not match.
    No,
    /// It matches, but the page is full.
    Further,
    /// It matches.
    Here(StoredStatement),
}
