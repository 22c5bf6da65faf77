//! Pages: the facts themselves in the order of the log, a few at a time.

use std::collections::BinaryHeap;
use std::io;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::listing::{FactRows, Found, RowsPlan, RowsQuestion};
use super::{Asked, blocks_of, rows_that_count, rows_with_voided};
use crate::query::condition::Condition;
use crate::query::fault::{QueryError, QuestionFault};
use crate::query::reader::{BlockReader, BlockSource};
use crate::query::rows::Rows;
use crate::rows::fields::IntColumn;
use crate::tenant::{Texts, View};

/// Most rows of a page.
pub const PAGE_ROWS_MAX: usize = 200;

/// The order of pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PageOrder {
    /// What was stored last comes first.
    #[default]
    Newest,
    /// What was stored first comes first.
    Oldest,
}

/// Which rows are wanted, and from where on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PageQuestion {
    /// The fields and the condition.
    pub rows: RowsQuestion,
    /// The order.
    pub order: PageOrder,
    /// The sequence of the last row of the page before.
    pub after: Option<u64>,
    /// Most rows, from 1 to [`PAGE_ROWS_MAX`].
    pub limit: usize,
    /// Whether voided statements are wanted too.
    pub with_voided: bool,
}

/// A page of rows.
#[derive(Clone, Debug, PartialEq)]
pub struct FactPage {
    /// The values, in the order of the page.
    pub rows: FactRows,
    /// The sequence of each row.
    pub sequences: Vec<u64>,
    /// Whether the statement of each row is voided.
    pub voided: Vec<bool>,
    /// Whether rows follow behind the last one.
    pub has_more: bool,
}

/// A question for a page that has been understood.
#[derive(Debug)]
pub(crate) struct PagePlan {
    rows: RowsPlan,
    order: PageOrder,
    limit: usize,
    with_voided: bool,
}

/// The rows of a page, in the order of their blocks.
#[derive(Debug)]
pub(crate) struct PageFound {
    rows: Found,
    has_more: bool,
}

/// A row that may be on the page: the smallest rank comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    rank: i64,
    block: usize,
    row: u32,
}

impl PagePlan {
    /// Understands a question whose fields and condition are understood.
    pub(crate) fn of(question: &PageQuestion, mut rows: RowsPlan) -> Result<Self, QuestionFault> {
        let &PageQuestion { order, after, limit, with_voided, .. } = question;
        if !(1..=PAGE_ROWS_MAX).contains(&limit) {
            let text = format!("expected a number from 1 to {PAGE_ROWS_MAX}");
            return Err(QuestionFault::new("/limit", text));
        }
        if let Some(after) = after {
            let after = i64::try_from(after).unwrap_or(i64::MAX);
            let behind = match order {
                PageOrder::Newest => Condition::sequences(i64::MIN, after),
                PageOrder::Oldest => Condition::sequences(after.saturating_add(1), i64::MAX),
            };
            let both = std::iter::once(behind).chain(rows.condition);
            rows.condition = Some(Condition::And(both.collect()));
        }
        Ok(Self { rows, order, limit, with_voided })
    }

    /// Collects the rows of the page.
    pub(crate) fn gather(&self, view: &View, asked: Asked<'_>) -> Result<PageFound, QueryError> {
        let memory_bytes = asked.limits.memory_bytes;
        if memory_bytes / self.rows.row_bytes() < self.limit {
            return Err(QueryError::TooLarge(memory_bytes));
        }
        let blocks = blocks_of(view);
        let mut chosen = self.choose(view, &blocks, asked)?;
        let has_more = self.limit < chosen.len();
        chosen.truncate(self.limit);
        // By block, so that each is read once.
        chosen.sort_unstable_by_key(|candidate| (candidate.block, candidate.row));
        let mut rows = self.rows.nothing();
        let mut reader: Option<BlockReader<'_>> = None;
        for run in chosen.chunk_by(|one, other| one.block == other.block) {
            let Some(block) = run.first().and_then(|first| blocks.get(first.block)) else { break };
            if (asked.stop)() {
                return Err(QueryError::Stopped);
            }
            let reader = reader.get_or_insert_with(|| BlockReader::new(*block));
            reader.turn_to(*block);
            let of_block = Rows::Some(run.iter().map(|candidate| candidate.row).collect());
            self.rows.add(reader, &of_block, &mut rows)?;
        }
        Ok(PageFound { rows, has_more })
    }

    /// The first rows in the order of the page: one more than it has, if there are as many.
    fn choose(
        &self,
        view: &View,
        blocks: &[BlockSource<'_>],
        asked: Asked<'_>,
    ) -> Result<Vec<Candidate>, QueryError> {
        let first_of = |block: &BlockSource<'_>| {
            let (min, max) = block.int_range(IntColumn::Sequence);
            self.rank(min).min(self.rank(max))
        };
        let ranks = blocks.iter().map(first_of).zip(0..);
        let mut ranks: Vec<(i64, usize)> = ranks.collect();
        ranks.sort_unstable();
        let mut chosen = BinaryHeap::with_capacity(self.limit + 2);
        let mut reader: Option<BlockReader<'_>> = None;
        for (first, index) in ranks {
            if (asked.stop)() {
                return Err(QueryError::Stopped);
            }
            // No row of this block and of those behind it comes before the last one.
            if self.is_behind(first, &chosen) {
                break;
            }
            let Some(block) = blocks.get(index) else { break };
            let reader = reader.get_or_insert_with(|| BlockReader::new(*block));
            reader.turn_to(*block);
            self.choose_of_block(view, reader, (index, &mut chosen))?;
        }
        Ok(chosen.into_sorted_vec())
    }

    fn choose_of_block(
        &self,
        view: &View,
        reader: &mut BlockReader<'_>,
        (block, chosen): (usize, &mut BinaryHeap<Candidate>),
    ) -> io::Result<()> {
        let condition = self.rows.condition.as_ref();
        let rows = if self.with_voided {
            rows_with_voided(condition, reader)?
        } else {
            rows_that_count(view, condition, reader)?
        };
        if rows.len() == 0 {
            return Ok(());
        }
        let sequences = reader.ints(IntColumn::Sequence)?;
        let mut take = |row: u32| {
            let Some(sequence) = sequences.get(row as usize) else { return };
            let rank = self.rank(*sequence);
            if self.is_behind(rank, chosen) {
                return;
            }
            chosen.push(Candidate { rank, block, row });
            if self.limit + 1 < chosen.len() {
                chosen.pop();
            }
        };
        match rows {
            Rows::All(count) => (0..).take(count).for_each(&mut take),
            Rows::Some(rows) => rows.into_iter().for_each(&mut take),
        }
        Ok(())
    }

    /// Whether there are enough rows, and one with this rank comes after all of them.
    fn is_behind(&self, rank: i64, chosen: &BinaryHeap<Candidate>) -> bool {
        self.limit < chosen.len() && chosen.peek().is_some_and(|last| last.rank < rank)
    }

    /// Where a row with a sequence comes on pages: the smallest number first.
    const fn rank(&self, sequence: i64) -> i64 {
        match self.order {
            PageOrder::Newest => sequence.saturating_neg(),
            PageOrder::Oldest => sequence,
        }
    }

    /// Puts the rows into their order, and writes their texts in place of codes.
    pub(crate) fn write(&self, view: &View, texts: &Texts, found: PageFound) -> FactPage {
        let PageFound { rows, has_more } = found;
        let mut order: Vec<u32> = (0..).take(rows.keys.len()).collect();
        let sequence_of = |row: u32| rows.keys[row as usize].1;
        order.sort_unstable_by_key(|row| self.rank(sequence_of(*row)));
        let sequences = order.iter().map(|row| sequence_of(*row).cast_unsigned());
        let sequences: Vec<u64> = sequences.collect();
        let voided = sequences.iter().map(|sequence| view.voided.contains(*sequence)).collect();
        let rows = self.rows.write_in(&order, texts, rows, view.sequence);
        FactPage { rows, sequences, voided, has_more }
    }
}
