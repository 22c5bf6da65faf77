//! Posting lists, read from the table in the order of a query and intersected.
//!
//! Each filter is a group of terms of which a statement must have one. The group that is
//! rarest leads: its statements are looked up in the others, either in rows that are read
//! along or, where these would be more than the statements, one by one in the database. So
//! the work is that of the rarest filter, newest first, and ends when the page is full.

use std::collections::{HashSet, VecDeque};
use std::ops::RangeInclusive;

use acta_storage::{Filters, Order, Term};
use tokio_postgres::types::ToSql;

use super::postings::{late, number_of};
use crate::database::Connection;
use crate::failure::Failure;
use crate::types::Bits;

/// Rows that are read of each term at first.
const ROWS_MIN: i64 = 16;

/// Most rows that are read of a term at once.
const ROWS_MAX: i64 = 1_024;

/// Most statements of the lists that are read along, before these are looked into instead.
const READY_MAX: usize = 1 << 19;

/// Densities count by this.
const MILLION: u64 = 1_000_000;

/// About how many rows are read in the time in which one statement is looked up.
const ROWS_A_PROBE: i64 = 4;

/// Most statements that are looked up in the other groups at once.
const CANDIDATES_MAX: usize = 4_096;

pub(super) const DESCENDING: &str = "SELECT t.place, p.first_sequence, p.bits \
     FROM unnest($2::bigint[]) WITH ORDINALITY AS t(term, place) \
     CROSS JOIN LATERAL (SELECT first_sequence, bits FROM acta.postings \
     WHERE tenant_id = $1 AND term = t.term AND first_sequence <= $3 \
     ORDER BY first_sequence DESC LIMIT $4) p";

pub(super) const ASCENDING: &str = "SELECT t.place, p.first_sequence, p.bits \
     FROM unnest($2::bigint[]) WITH ORDINALITY AS t(term, place) \
     CROSS JOIN LATERAL ((SELECT first_sequence, bits FROM acta.postings \
     WHERE tenant_id = $1 AND term = t.term AND first_sequence <= $3 \
     ORDER BY first_sequence DESC LIMIT 1) UNION ALL \
     (SELECT first_sequence, bits FROM acta.postings \
     WHERE tenant_id = $1 AND term = t.term AND first_sequence > $3 \
     ORDER BY first_sequence LIMIT $4)) p";

/// Those of some statements that have a term.
pub(super) const PROBE_ONE: &str = "SELECT c.sequence FROM unnest($2::bigint[]) AS c(sequence) \
     WHERE (SELECT CASE WHEN c.sequence - p.first_sequence < length(p.bits) \
     THEN get_bit(p.bits, (c.sequence - p.first_sequence)::integer) = 1 ELSE false END \
     FROM acta.postings p WHERE p.tenant_id = $1 AND p.term = $3 \
     AND p.first_sequence <= c.sequence ORDER BY p.first_sequence DESC LIMIT 1)";

/// Those of some statements that have one of some terms.
pub(super) const PROBE: &str = "SELECT c.sequence FROM unnest($2::bigint[]) AS c(sequence) \
     WHERE EXISTS (SELECT FROM unnest($3::bigint[]) AS t(term) \
     CROSS JOIN LATERAL (SELECT first_sequence, bits FROM acta.postings \
     WHERE tenant_id = $1 AND term = t.term AND first_sequence <= c.sequence \
     ORDER BY first_sequence DESC LIMIT 1) p \
     WHERE CASE WHEN c.sequence - p.first_sequence < length(p.bits) \
     THEN get_bit(p.bits, (c.sequence - p.first_sequence)::integer) = 1 ELSE false END)";

/// The statements of one term, in the order of the query.
#[derive(Debug)]
struct List {
    term: i64,
    /// Read, and not taken yet.
    ready: VecDeque<i64>,
    /// Where reading began.
    start: i64,
    /// Where to read on: everything before is read.
    bound: i64,
    /// How many rows are read the next time.
    rows: i64,
    /// How many were read so far.
    rows_read: u64,
    is_ended: bool,
}

/// The statements that have one of some terms, in the order of the query.
#[derive(Debug)]
struct TermGroup {
    lists: Vec<List>,
    /// How many of a million statements have one, as far as was seen.
    density: u64,
}

/// The statements that have one term of each group.
#[derive(Debug)]
pub(super) struct Lists {
    tenant: i32,
    order: Order,
    range: RangeInclusive<i64>,
    lead: TermGroup,
    others: Vec<TermGroup>,
    /// How many are taken from the lead at once.
    wanted: usize,
}

impl Lists {
    /// The statements in `range` that meet all filters, of which there is at least one.
    pub(super) async fn open(
        connection: &Connection,
        (tenant, filters): (i32, &Filters),
        (order, range): (Order, RangeInclusive<i64>),
        (wanted, has_references): (usize, bool),
    ) -> Result<Self, Failure> {
        let start = match order {
            Order::Descending => *range.end(),
            Order::Ascending => *range.start(),
        };
        let open = |terms: &Vec<Term>| {
            let own = terms.iter().map(|term| number_of(*term));
            let late = own.clone().filter(|_| has_references).map(late);
            let lists = own.chain(late).map(|term| List::begin(term, start)).collect();
            TermGroup { lists, density: 0 }
        };
        let mut groups: Vec<TermGroup> = filters.all_of().iter().map(open).collect();
        let reading = Reading { connection, tenant, order, range: range.clone() };
        reading.fill(groups.iter_mut().flat_map(|group| &mut group.lists)).await?;
        for group in &mut groups {
            group.measure(order, &range);
        }
        let rarest = (0..groups.len()).min_by_key(|place| groups[*place].density);
        let lead = groups.swap_remove(rarest.unwrap_or(0));
        // So many of the rarest as may be needed, if the filters have nothing to do with each
        // other.
        let needed = groups.iter().fold(wanted as u64, |needed, group| {
            needed.saturating_mul(MILLION) / group.density.clamp(1, MILLION)
        });
        let needed = usize::try_from(needed).unwrap_or(CANDIDATES_MAX).min(CANDIDATES_MAX);
        Ok(Self { tenant, order, range, lead, others: groups, wanted: wanted.max(needed) })
    }

    /// Whether there are no further statements.
    pub(super) fn are_ended(&self) -> bool {
        self.lead.lists.iter().all(|list| list.is_ended && list.ready.is_empty())
    }

    /// Puts the next statements that meet all filters into `taken`, in order, if it is empty;
    /// none at the end.
    pub(super) async fn refill(
        &mut self,
        connection: &Connection,
        taken: &mut VecDeque<i64>,
    ) -> Result<(), Failure> {
        if taken.is_empty() {
            taken.extend(self.next(connection).await?);
        }
        Ok(())
    }

    async fn next(&mut self, connection: &Connection) -> Result<Vec<i64>, Failure> {
        let reading = Reading {
            connection,
            tenant: self.tenant,
            order: self.order,
            range: self.range.clone(),
        };
        loop {
            let mut candidates = self.lead.take(&reading, self.wanted).await?;
            if candidates.is_empty() || self.others.is_empty() {
                return Ok(candidates);
            }
            // A reader that finds little reads more the next time.
            self.wanted = (2 * self.wanted).min(CANDIDATES_MAX);
            for other in &mut self.others {
                candidates = other.filter(&reading, candidates).await?;
            }
            if !candidates.is_empty() {
                return Ok(candidates);
            }
        }
    }
}

impl List {
    const fn begin(term: i64, start: i64) -> Self {
        Self {
            term,
            ready: VecDeque::new(),
            start,
            bound: start,
            rows: ROWS_MIN,
            rows_read: 0,
            is_ended: false,
        }
    }

    /// Whether it is known of the statement, and of all before it, if they have the term.
    const fn knows(&self, sequence: i64, order: Order) -> bool {
        self.is_ended
            || match order {
                Order::Descending => self.bound < sequence,
                Order::Ascending => sequence < self.bound,
            }
    }

    /// About how many rows must be read until it knows a statement.
    fn rows_until(&self, sequence: i64) -> i64 {
        let way = |to: i64| self.start.abs_diff(to);
        let missing = u128::from(self.bound.abs_diff(sequence)) + 1;
        let rows = missing * u128::from(self.rows_read.max(1)) / u128::from(way(self.bound).max(1));
        i64::try_from(rows).unwrap_or(i64::MAX).saturating_add(1)
    }

    fn has(&self, sequence: i64, order: Order) -> bool {
        let found = match order {
            Order::Descending => self.ready.binary_search_by(|at| sequence.cmp(at)),
            Order::Ascending => self.ready.binary_search(&sequence),
        };
        found.is_ok()
    }

    /// Forgets what lies before a statement.
    fn forget_before(&mut self, sequence: i64, order: Order) {
        let is_before = |at: &i64| match order {
            Order::Descending => sequence < *at,
            Order::Ascending => *at < sequence,
        };
        while self.ready.front().is_some_and(is_before) {
            self.ready.pop_front();
        }
    }

    /// Takes in the rows that were read, in the order of the query.
    fn take_in(&mut self, rows: &[(i64, Bits)], order: Order, range: &RangeInclusive<i64>) {
        let asked = self.rows;
        self.rows = (2 * self.rows).min(ROWS_MAX);
        self.rows_read += rows.len() as u64;
        for (first, bits) in rows {
            let all = bits.ones().into_iter().map(|bit| first.saturating_add(i64::from(bit)));
            match order {
                Order::Descending => {
                    let bound = self.bound;
                    let wanted = all.rev().filter(|at| *at <= bound && range.contains(at));
                    self.ready.extend(wanted);
                    self.bound = first.saturating_sub(1);
                }
                Order::Ascending => {
                    let bound = self.bound;
                    self.ready.extend(all.filter(|at| bound <= *at && range.contains(at)));
                    self.bound = self.bound.max(first.saturating_add(i64::from(bits.len())));
                }
            }
        }
        let is_short = i64::try_from(rows.len()).is_ok_and(|count| count < asked);
        self.is_ended = is_short || !range.contains(&self.bound);
    }

    fn needs_reading(&self) -> bool {
        self.ready.is_empty() && !self.is_ended
    }
}

impl TermGroup {
    /// Finds out how many of a million statements have one of the terms.
    fn measure(&mut self, order: Order, range: &RangeInclusive<i64>) {
        let of_list = |list: &List| {
            let span = if list.is_ended {
                range.end().saturating_sub(*range.start())
            } else {
                match order {
                    Order::Descending => range.end().saturating_sub(list.bound),
                    Order::Ascending => list.bound.saturating_sub(*range.start()),
                }
            };
            let span = u64::try_from(span).unwrap_or(0).max(1);
            (list.ready.len() as u64).saturating_mul(MILLION) / span
        };
        self.density = self.lists.iter().map(of_list).sum();
    }

    /// Those of the candidates, which are in order, that are in one of the lists.
    async fn filter(
        &mut self,
        reading: &Reading<'_>,
        mut candidates: Vec<i64>,
    ) -> Result<Vec<i64>, Failure> {
        let order = reading.order;
        let (Some(near), Some(far)) = (candidates.first().copied(), candidates.last().copied())
        else {
            return Ok(candidates);
        };
        let rows_max = i64::try_from(candidates.len()).unwrap_or(i64::MAX);
        let rows_max = rows_max.saturating_mul(ROWS_A_PROBE).max(ROWS_MIN);
        loop {
            let ready: usize = self.lists.iter().map(|list| list.ready.len()).sum();
            let behind: Vec<&mut List> =
                self.lists.iter_mut().filter(|list| !list.knows(far, order)).collect();
            if behind.is_empty() {
                break;
            }
            let rows: Vec<i64> = behind.iter().map(|list| list.rows_until(far)).collect();
            let needed = rows.iter().fold(0, |sum: i64, rows| sum.saturating_add(*rows));
            if rows_max < needed || READY_MAX < ready {
                let terms: Vec<i64> = self.lists.iter().map(|list| list.term).collect();
                return reading.probe(candidates, &terms).await;
            }
            for (list, rows) in behind.into_iter().zip(rows) {
                list.rows = rows.clamp(ROWS_MIN, ROWS_MAX);
                reading.fill(std::iter::once(list)).await?;
            }
        }
        candidates.retain(|at| self.lists.iter().any(|list| list.has(*at, order)));
        for list in &mut self.lists {
            list.forget_before(near, order);
        }
        Ok(candidates)
    }

    /// The next statements of any of the lists, at least one unless all have ended.
    async fn take(&mut self, reading: &Reading<'_>, wanted: usize) -> Result<Vec<i64>, Failure> {
        let mut taken = Vec::new();
        while taken.len() < wanted {
            let needy = self.lists.iter_mut().filter(|list| list.needs_reading());
            if reading.fill(needy).await? {
                // A page of rows may hold none of the range.
                continue;
            }
            let heads = self.lists.iter().filter_map(|list| list.ready.front().copied());
            let next = match reading.order {
                Order::Descending => heads.max(),
                Order::Ascending => heads.min(),
            };
            let Some(next) = next else { break };
            for list in self.lists.iter_mut().filter(|list| list.ready.front() == Some(&next)) {
                list.ready.pop_front();
            }
            taken.push(next);
        }
        Ok(taken)
    }
}

/// How the lists of a query are read.
struct Reading<'a> {
    connection: &'a Connection,
    tenant: i32,
    order: Order,
    range: RangeInclusive<i64>,
}

impl Reading<'_> {
    /// Reads the next rows of the lists. Returns whether there was any list.
    async fn fill<'l>(&self, lists: impl Iterator<Item = &'l mut List>) -> Result<bool, Failure> {
        let mut any = false;
        let mut pages: Vec<(i64, i64, Vec<&mut List>)> = Vec::new();
        for list in lists {
            any = true;
            let page = pages.iter_mut().find(|page| (page.0, page.1) == (list.bound, list.rows));
            match page {
                Some(page) => page.2.push(list),
                None => pages.push((list.bound, list.rows, vec![list])),
            }
        }
        for (bound, rows, lists) in pages {
            self.fill_page((bound, rows), lists).await?;
        }
        Ok(any)
    }

    /// Reads the next rows of lists that are equally far.
    async fn fill_page(
        &self,
        (bound, count): (i64, i64),
        lists: Vec<&mut List>,
    ) -> Result<(), Failure> {
        let sql = match self.order {
            Order::Descending => DESCENDING,
            Order::Ascending => ASCENDING,
        };
        let terms: Vec<i64> = lists.iter().map(|list| list.term).collect();
        let read = self.connection.prepare_cached(sql).await?;
        let columns: [&(dyn ToSql + Sync); 4] = [&self.tenant, &terms, &bound, &count];
        let mut pages: Vec<Vec<(i64, Bits)>> = vec![Vec::new(); lists.len()];
        for row in self.connection.query(&read, &columns).await? {
            let place: i64 = row.get(0);
            let page = usize::try_from(place - 1).ok().and_then(|place| pages.get_mut(place));
            if let Some(page) = page {
                page.push((row.get(1), row.get(2)));
            }
        }
        for (list, mut page) in lists.into_iter().zip(pages) {
            page.sort_unstable_by_key(|(first, _)| *first);
            if self.order == Order::Descending {
                page.reverse();
            }
            list.take_in(&page, self.order, &self.range);
        }
        Ok(())
    }

    /// Those of the candidates that have one of the terms, looked up one by one.
    async fn probe(&self, mut candidates: Vec<i64>, terms: &[i64]) -> Result<Vec<i64>, Failure> {
        let rows = if let [term] = terms {
            let probe = self.connection.prepare_cached(PROBE_ONE).await?;
            self.connection.query(&probe, &[&self.tenant, &candidates, term]).await?
        } else {
            let probe = self.connection.prepare_cached(PROBE).await?;
            self.connection.query(&probe, &[&self.tenant, &candidates, &terms]).await?
        };
        let found: HashSet<i64> = rows.iter().map(|row| row.get(0)).collect();
        candidates.retain(|candidate| found.contains(candidate));
        Ok(candidates)
    }
}
