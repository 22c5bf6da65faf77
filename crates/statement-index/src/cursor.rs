//! Posting lists joined and intersected, lazily, in either direction.

use std::sync::Arc;

use acta_access::TenantId;
use acta_storage::{Order, StorageError, Term};
use roaring::RoaringBitmap;

use crate::query::{Candidate, IndexQuery};
use crate::run::Run;
use crate::run::bytes::Ahead;
use crate::run::postings::{List, StoredList};
use crate::run::rows::Row;
use crate::run::tenants::Positions;
use crate::tail::Part;
use crate::view::{Piece, RowCache, View};

/// The position of a sorted slice that is nearest to `bound` in the direction of `order`.
fn nearest(positions: &[u32], bound: u32, order: Order) -> Option<u32> {
    match order {
        Order::Ascending => {
            let index = positions.partition_point(|position| *position < bound);
            positions.get(index).copied()
        }
        Order::Descending => {
            let index = positions.partition_point(|position| *position <= bound);
            index.checked_sub(1).and_then(|index| positions.get(index)).copied()
        }
    }
}

/// The better of two in the direction of `order`.
fn nearer(a: Option<u32>, b: Option<u32>, order: Order) -> Option<u32> {
    match (a, b) {
        (Some(a), Some(b)) if order == Order::Ascending => Some(a.min(b)),
        (Some(a), Some(b)) => Some(a.max(b)),
        (a, b) => a.or(b),
    }
}

/// What a stream looks for.
#[derive(Clone, Copy, Debug)]
enum Key {
    Term(u64),
    Tenant(TenantId),
}

/// Ascending positions of one piece or of late postings.
#[derive(Debug)]
enum Source {
    Part(Arc<Part>, Key),
    Stretch { first: u32, last: u32 },
    Inline(Vec<u32>),
    Stored(StoredList),
    Bitmap(Arc<RoaringBitmap>),
}

impl Source {
    fn of_list(list: List, run: &Run, order: Order) -> Self {
        let ahead = if order == Order::Ascending { Ahead::Up } else { Ahead::Down };
        match list {
            List::Inline(positions) => Self::Inline(positions),
            List::Stored(place) => {
                Self::Stored(StoredList::new(Arc::clone(&run.file), place, ahead))
            }
        }
    }

    /// What a piece holds for a key; none if nothing.
    fn open(piece: Piece<'_>, key: Key, order: Order) -> Result<Option<Self>, StorageError> {
        Ok(match (piece, key) {
            (Piece::Part(part), key) => Some(Self::Part(Arc::clone(part), key)),
            (Piece::Run(run), Key::Term(term)) => {
                let list = run.terms.find(&run.file, term)?;
                list.map(|list| Self::of_list(list, run, order))
            }
            (Piece::Run(run), Key::Tenant(tenant)) => {
                run.tenant(tenant).map(|part| match &part.positions {
                    Positions::Stretch { first, count } => {
                        Self::Stretch { first: *first, last: first + (count - 1) }
                    }
                    Positions::List(list) => Self::of_list(list.clone(), run, order),
                })
            }
        })
    }

    /// The position nearest to `bound`, itself included, in the direction of `order`.
    fn seek(&mut self, bound: u32, order: Order) -> Result<Option<u32>, StorageError> {
        Ok(match self {
            Self::Part(part, Key::Term(term)) => nearest(part.read().postings(*term), bound, order),
            Self::Part(part, Key::Tenant(tenant)) => {
                nearest(part.read().tenant_positions(*tenant), bound, order)
            }
            &mut Self::Stretch { first, last } => match order {
                Order::Ascending => Some(bound.max(first)).filter(|position| *position <= last),
                Order::Descending => Some(bound.min(last)).filter(|position| first <= *position),
            },
            Self::Inline(positions) => nearest(positions, bound, order),
            Self::Stored(list) => match order {
                Order::Ascending => list.seek_up(bound)?,
                Order::Descending => list.seek_down(bound)?,
            },
            Self::Bitmap(positions) => match order {
                Order::Ascending => positions.range(bound..).next(),
                Order::Descending => positions.range(..=bound).next_back(),
            },
        })
    }
}

/// A source and what it answered last. Bounds only move in the direction of the order, so
/// an answer stays right until the bound has passed it.
#[derive(Debug)]
struct Headed {
    source: Source,
    head: Head,
}

/// The last answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Head {
    Unknown,
    At(u32),
    End,
}

impl Head {
    /// Whether it is the answer for `bound` too.
    fn is_known(self, bound: u32, order: Order) -> bool {
        match self {
            Self::Unknown => false,
            Self::At(head) if order == Order::Ascending => bound <= head,
            Self::At(head) => head <= bound,
            Self::End => true,
        }
    }

    fn position(self) -> Option<u32> {
        match self {
            Self::At(head) => Some(head),
            Self::Unknown | Self::End => None,
        }
    }

    fn of(answer: Option<u32>) -> Self {
        answer.map_or(Self::End, Self::At)
    }
}

impl Headed {
    const fn new(source: Source) -> Self {
        Self { source, head: Head::Unknown }
    }

    fn seek(&mut self, bound: u32, order: Order) -> Result<Option<u32>, StorageError> {
        if !self.head.is_known(bound, order) {
            self.head = Head::of(self.source.seek(bound, order)?);
        }
        Ok(self.head.position())
    }
}

/// All positions of a key, over all pieces; opens a piece when it gets there.
#[derive(Debug)]
struct Stream {
    key: Key,
    /// The piece that `main` is of.
    opened: Option<usize>,
    main: Option<Source>,
    head: Head,
    /// Late postings, which may lie in any piece.
    late: Vec<Headed>,
}

impl Stream {
    fn new(view: &View, key: Key, order: Order) -> Result<Self, StorageError> {
        let mut late = Vec::new();
        if let Key::Term(term) = key {
            for run in view.runs.iter().filter(|run| !run.late.is_empty()) {
                let list = run.late.find(&run.file, term)?;
                late.extend(list.map(|list| Headed::new(Source::of_list(list, run, order))));
            }
            for part in &view.parts {
                let positions = part.read().late(term).map(Arc::clone);
                late.extend(positions.map(|it| Headed::new(Source::Bitmap(it))));
            }
        }
        Ok(Self { key, opened: None, main: None, head: Head::Unknown, late })
    }

    fn seek(&mut self, view: &View, bound: u32, order: Order) -> Result<Option<u32>, StorageError> {
        if !self.head.is_known(bound, order) {
            self.head = Head::of(self.seek_main(view, bound, order)?);
        }
        let mut best = self.head.position();
        for late in &mut self.late {
            best = nearer(best, late.seek(bound, order)?, order);
        }
        Ok(best)
    }

    fn seek_main(
        &mut self,
        view: &View,
        mut bound: u32,
        order: Order,
    ) -> Result<Option<u32>, StorageError> {
        let mut number = view.piece_at(bound);
        while let Some(piece) = view.piece(number) {
            if self.opened != Some(number) {
                self.main = Source::open(piece, self.key, order)?;
                self.opened = Some(number);
            }
            if let Some(main) = &mut self.main
                && let Some(position) = main.seek(bound, order)?
            {
                return Ok(Some(position));
            }
            if order == Order::Ascending {
                number += 1;
                bound = view.piece_first(number);
            } else if let Some(below) = number.checked_sub(1) {
                bound = view.piece_first(number).saturating_sub(1);
                number = below;
            } else {
                break;
            }
        }
        Ok(None)
    }
}

/// Statements that may match a query, in its order, found as the caller needs them.
///
/// Sees one state of the index, however long it lives.
#[derive(Debug)]
pub struct Candidates {
    view: View,
    order: Order,
    /// All must have a position; any stream of a group will do.
    groups: Vec<Vec<Stream>>,
    /// Where to look next; none at the end.
    bound: Option<u32>,
    /// The last position to look at.
    last: u32,
    rows: RowCache,
}

impl Candidates {
    /// Begins a query on one state of the index.
    pub(crate) fn new(view: View, query: &IndexQuery) -> Result<Self, StorageError> {
        let range = bounds(&view, query)?;
        let order = query.order;
        let mut groups = Vec::with_capacity(query.all_of.len().max(1));
        if range.is_some() {
            for terms in &query.all_of {
                let stream = |term: &Term| Stream::new(&view, Key::Term(term.0), order);
                groups.push(terms.iter().map(stream).collect::<Result<Vec<_>, _>>()?);
            }
            if groups.is_empty() {
                groups.push(vec![Stream::new(&view, Key::Tenant(query.tenant), order)?]);
            }
        }
        let (bound, last) = match (range, order) {
            (None, _) => (None, 0),
            (Some((low, high)), Order::Ascending) => (Some(low), high),
            (Some((low, high)), Order::Descending) => (Some(high), low),
        };
        Ok(Self { view, order, groups, bound, last, rows: RowCache::default() })
    }

    /// The next candidate in order; none at the end.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`] or [`StorageError::Io`] when the index cannot be read.
    pub fn next_candidate(&mut self) -> Result<Option<Candidate>, StorageError> {
        while let Some(bound) = self.bound {
            let Some(position) = self.meet(bound)? else {
                self.bound = None;
                break;
            };
            self.bound = self.step(position);
            if self.is_behind_last(position) {
                self.bound = None;
            } else if !self.view.voided.contains(position)
                && let Some(row) = self.rows.row(&self.view, position)?
                && !row.is_erased
            {
                let Row { stored_micros, location, has_target, .. } = row;
                let position = u64::from(position);
                return Ok(Some(Candidate { position, location, stored_micros, has_target }));
            }
        }
        Ok(None)
    }

    fn is_behind_last(&self, position: u32) -> bool {
        match self.order {
            Order::Ascending => self.last < position,
            Order::Descending => position < self.last,
        }
    }

    fn step(&self, position: u32) -> Option<u32> {
        match self.order {
            Order::Ascending => position.checked_add(1),
            Order::Descending => position.checked_sub(1),
        }
    }

    /// The first position from `bound` on where all groups agree.
    fn meet(&mut self, bound: u32) -> Result<Option<u32>, StorageError> {
        let mut at = bound;
        let mut agreed = 0;
        let mut turn = 0;
        while agreed < self.groups.len() {
            let best = seek_any(&mut self.groups[turn], &self.view, at, self.order)?;
            match best {
                None => return Ok(None),
                Some(position) if position == at => agreed += 1,
                Some(position) => (at, agreed) = (position, 1),
            }
            turn = (turn + 1) % self.groups.len();
            if self.is_behind_last(at) {
                return Ok(None);
            }
        }
        Ok(Some(at))
    }
}

/// The nearest position of any of the streams.
fn seek_any(
    streams: &mut [Stream],
    view: &View,
    bound: u32,
    order: Order,
) -> Result<Option<u32>, StorageError> {
    let mut best = None;
    for stream in streams {
        best = nearer(best, stream.seek(view, bound, order)?, order);
        if best == Some(bound) {
            break;
        }
    }
    Ok(best)
}

impl Iterator for Candidates {
    type Item = Result<Candidate, StorageError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_candidate().transpose()
    }
}

/// The least and the greatest position that a query may look at; none if there is none.
fn bounds(view: &View, query: &IndexQuery) -> Result<Option<(u32, u32)>, StorageError> {
    let (mut low, mut end) = (0, view.next);
    if let Some(since) = query.since_micros_exclusive {
        low = match since.checked_add(1) {
            Some(from) => view.position_since(from)?,
            None => end,
        };
    }
    if let Some(until) = query.until_micros_inclusive
        && let Some(from) = until.checked_add(1)
    {
        end = end.min(view.position_since(from)?);
    }
    // Where the tenant's statement of a sequence is, unless there is none yet.
    let place = |sequence: u64| {
        let found = view.positions_from(query.tenant, sequence.max(1), 1);
        found.map(|found| found.first().copied())
    };
    if let Some(first) = query.first_sequence {
        low = low.max(place(first)?.unwrap_or(end));
    }
    if let Some(next) = query.last_sequence.and_then(|last| last.checked_add(1))
        && let Some(position) = place(next)?
    {
        end = end.min(position);
    }
    if let Some(after) = query.after {
        match query.order {
            Order::Ascending => {
                let from = after.saturating_add(1);
                low = low.max(u32::try_from(from).unwrap_or(u32::MAX));
            }
            Order::Descending => end = end.min(u32::try_from(after).unwrap_or(u32::MAX)),
        }
    }
    Ok((low < end).then(|| (low, end - 1)))
}
