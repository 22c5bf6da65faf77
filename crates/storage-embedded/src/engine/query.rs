//! Reading statements: by id, by what they say, and in order.

use std::collections::HashMap;
use std::sync::Arc;

use acta_access::TenantId;
use acta_storage::{
    Cursor, FeedEntry, Filters, KeptStatement, PageLimits, StatementPage, StatementQuery,
    StorageError, StoredStatement,
};
use acta_xapi::StatementId;

use crate::index::{Entry, EntrySource, IndexQuery, Location};
use crate::log::reader::{kept_of, statement_of};
use crate::log::record::Record;
use crate::log::segment::{RecordBuffer, Segment};
use crate::log::writer::Shared;

/// Longest chain of references that is followed.
const CHAIN_MAX: usize = 100_000;

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

    /// Looks once more if a part of the log was written anew meanwhile.
    pub(crate) fn steadily<T>(
        &self,
        look: impl Fn(&Self) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        self.shared.reader.steadily(|| look(self))
    }

    fn load(&self, location: Location, is_voided: bool) -> Result<StoredStatement, StorageError> {
        let mut buffer = RecordBuffer::default();
        self.shared.reader.with_record(location, &mut buffer, |segment, record| {
            self.check_tenant(segment, record, location)?;
            statement_of(segment, record, (location, is_voided))
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
            order: query.order,
            after: query.after.map(|cursor| cursor.0),
        };
        let mut page = StatementPage::default();
        let mut matching = Matching { filters, verdicts: Verdicts::new() };
        let mut last = 0;
        let mut text_bytes = 0;
        let mut buffer = RecordBuffer::default();
        let mut candidates = self.shared.index.query(&index_query)?;
        while let Some(candidate) = candidates.next_candidate()? {
            let is_full = query.count_max.max(1) <= page.statements.len()
                || (query.bytes_max <= text_bytes && !page.statements.is_empty());
            let location = candidate.location;
            let found =
                self.shared.reader.with_record(location, &mut buffer, |segment, record| {
                    self.look((segment, location), record, &mut matching, is_full)
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
        (segment, location): (&Segment, Location),
        record: &Record<'_>,
        matching: &mut Matching<'_>,
        is_full: bool,
    ) -> Result<Found, StorageError> {
        self.check_tenant(segment, record, location)?;
        if record.target.is_some() && !matching.filters.is_empty() {
            let entry = segment.load_entry(record, location.offset)?;
            if !self.matches(&entry, matching)? {
                return Ok(Found::No);
            }
        }
        if is_full {
            return Ok(Found::Further);
        }
        statement_of(segment, record, (location, false)).map(Found::Here)
    }

    /// Whether a statement that refers to another matches: by itself, or by the other, all
    /// filters at once. The index only knows that each filter is met by one of them.
    ///
    /// Spec: xAPI 1.0.3, Part Three, 2.1.3, filter conditions for `StatementRef`s.
    fn matches(&self, entry: &Entry, matching: &mut Matching<'_>) -> Result<bool, StorageError> {
        let Matching { filters, verdicts: known } = matching;
        if !filters.is_own_in(&entry.shared_terms) {
            return Ok(false);
        }
        if filters.are_shared_in(&entry.shared_terms) {
            return Ok(true);
        }
        let mut path = Vec::new();
        let mut next = entry.target;
        let mut verdict = false;
        while let Some(id) = next.filter(|_| path.len() < CHAIN_MAX) {
            if let Some(known) = known.get(&id) {
                verdict = *known;
                break;
            }
            // Until it is known better: so a circle ends where it began.
            known.insert(id, false);
            path.push(id);
            let Some(found) = self.shared.index.find(self.tenant, id)? else {
                break;
            };
            let target = self.shared.reader.load_entry(found.location)?;
            if filters.are_shared_in(&target.shared_terms) {
                verdict = true;
                break;
            }
            next = target.target;
        }
        known.extend(path.into_iter().map(|id| (id, verdict)));
        Ok(verdict)
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
    /// As [`acta_storage::TransferSource::read_kept`].
    pub(crate) fn kept(
        &self,
        after: u64,
        page: PageLimits,
    ) -> Result<Vec<KeptStatement>, StorageError> {
        let count_max = page.count_max.max(1);
        let places = self.shared.index.by_sequence(self.tenant, after, count_max)?;
        let (mut kept, mut text_bytes) = (Vec::with_capacity(places.len()), 0);
        let mut buffer = RecordBuffer::default();
        for place in places {
            let location = place.location;
            let one =
                self.shared.reader.with_record(location, &mut buffer, |segment, record| {
                    self.check_tenant(segment, record, location)?;
                    kept_of(segment, record, location)
                })?;
            text_bytes += one.kept.text.len();
            kept.push(one);
            if page.bytes_max <= text_bytes {
                break;
            }
        }
        Ok(kept)
    }
}

/// Whether statements that are referred to match, by themselves or along their chain.
type Verdicts = HashMap<u128, bool>;

/// What is asked for, and what is known already while a page is made.
struct Matching<'a> {
    filters: &'a Filters,
    verdicts: Verdicts,
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
