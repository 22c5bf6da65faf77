//! The rows of a month in the order of their times, a part at a time.

use std::collections::BTreeSet;

use acta_facts::{Table, TableBlock};

use crate::key_columns::{SEQUENCE, TIMESTAMP};
use crate::month::Month;
use crate::progress::{ExportError, Exporting};
use crate::survey::whole;

/// Most rows of a part: their places are in memory.
const PART_ROWS: u64 = 1 << 20;

/// How many spans of time a range is cut into, to find parts. Those of a month of 31 days are a
/// minute.
const SPANS: usize = 31 * 24 * 60;

/// Where a row is, after its place in the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RowPlace {
    time: i64,
    sequence: i64,
    pub(crate) block: u32,
    pub(crate) row: u32,
}

/// The rows of a part: those of some times, of which the last is not one, and of some sequences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    times: (i64, i64),
    sequences: (i64, i64),
}

/// Those of all rows.
const ALL_SEQUENCES: (i64, i64) = (0, i64::MAX);

/// The blocks that have rows of a month, and the parts into which it is cut.
pub(crate) struct MonthRows<'t> {
    blocks: Vec<TableBlock<'t>>,
    parts: Vec<Part>,
    part_rows: u64,
}

impl<'t> MonthRows<'t> {
    /// Finds the parts of the rows of a month, whose first and last times are `times`.
    pub(crate) fn count(
        table: &'t Table,
        month: Month,
        times: (i64, i64),
        exporting: &mut Exporting<'_>,
    ) -> Result<Self, ExportError> {
        Self::in_parts(table, (month, PART_ROWS), times, exporting)
    }

    /// The same with parts of at most so many rows.
    fn in_parts(
        table: &'t Table,
        (month, part_rows): (Month, u64),
        (first, last): (i64, i64),
        exporting: &mut Exporting<'_>,
    ) -> Result<Self, ExportError> {
        let (start, end) = month.range();
        let mut blocks = table.blocks();
        blocks.retain(|block| {
            let (first, last) = block.times();
            start <= last && first < end
        });
        let mut found = Self { blocks, parts: Vec::new(), part_rows };
        // Those that are still to be cut, the first one last.
        let mut ranges = vec![(first, last.saturating_add(1))];
        while let Some(range) = ranges.pop() {
            if range.1.saturating_sub(range.0) <= 1 {
                found.cut_by_sequences(range, exporting)?;
            } else {
                let mut rest = found.cut_by_times(range, exporting)?;
                rest.reverse();
                ranges.append(&mut rest);
            }
        }
        Ok(found)
    }

    /// Adds the parts at the start of a range of times, up to the first span that has too many rows
    /// for one part. Returns that one, and what is behind it.
    fn cut_by_times(
        &mut self,
        range: (i64, i64),
        exporting: &mut Exporting<'_>,
    ) -> Result<Vec<(i64, i64)>, ExportError> {
        let length = range.1.saturating_sub(range.0);
        let span = 1 + (length - 1) / i64::try_from(SPANS).unwrap_or(i64::MAX);
        let mut counts = vec![0_u64; SPANS];
        let part = Part { times: range, sequences: ALL_SEQUENCES };
        self.each_row(part, exporting, |place| {
            let index = usize::try_from((place.time - range.0) / span).unwrap_or(usize::MAX);
            if let Some(count) = counts.get_mut(index) {
                *count += 1;
            }
        })?;
        let start_of = |index: usize| {
            let spans = i64::try_from(index).unwrap_or(i64::MAX);
            range.1.min(range.0.saturating_add(span.saturating_mul(spans)))
        };
        let (mut start, mut count) = (0, 0);
        for (index, more) in counts.into_iter().enumerate() {
            if self.part_rows < count + more && 0 < count {
                self.push((start_of(start), start_of(index)), ALL_SEQUENCES);
                (start, count) = (index, 0);
            }
            if self.part_rows < more {
                let (large, rest) = (start_of(index), start_of(index + 1));
                let mut ranges = vec![(large, rest)];
                ranges.extend((rest < range.1).then_some((rest, range.1)));
                return Ok(ranges);
            }
            count += more;
        }
        if 0 < count {
            self.push((start_of(start), range.1), ALL_SEQUENCES);
        }
        Ok(Vec::new())
    }

    /// Adds the parts of the rows of one time. Of so many sequences, there are at most as many
    /// rows.
    fn cut_by_sequences(
        &mut self,
        times: (i64, i64),
        exporting: &mut Exporting<'_>,
    ) -> Result<(), ExportError> {
        let width = i64::try_from(self.part_rows).unwrap_or(i64::MAX).max(1);
        let mut starts = BTreeSet::new();
        let part = Part { times, sequences: ALL_SEQUENCES };
        self.each_row(part, exporting, |place| {
            starts.insert(place.sequence / width);
        })?;
        for start in starts {
            self.push(times, (start * width, (start + 1).saturating_mul(width)));
        }
        Ok(())
    }

    fn push(&mut self, times: (i64, i64), sequences: (i64, i64)) {
        self.parts.push(Part { times, sequences });
    }

    /// The parts, in their order.
    pub(crate) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The places of the rows of a part, in their order.
    pub(crate) fn places(
        &self,
        part: Part,
        exporting: &mut Exporting<'_>,
    ) -> Result<Vec<RowPlace>, ExportError> {
        let mut places = Vec::new();
        self.each_row(part, exporting, |place| places.push(place))?;
        places.sort_unstable();
        Ok(places)
    }

    /// Passes the place of each row of a part to `take`, in no order.
    fn each_row(
        &self,
        Part { times: (from, to), sequences: (low, high) }: Part,
        exporting: &mut Exporting<'_>,
        mut take: impl FnMut(RowPlace),
    ) -> Result<(), ExportError> {
        for (number, block) in (0..).zip(&self.blocks) {
            exporting.check()?;
            let (first, last) = block.times();
            let (lowest, highest) = block.sequences();
            if last < from || to <= first || highest < low || high <= lowest {
                continue;
            }
            let mut reader = block.reader();
            let rows = reader.live_rows()?;
            let times = whole(&mut reader, TIMESTAMP)?;
            let sequences = whole(&mut reader, SEQUENCE)?;
            for row in rows {
                let (time, sequence) = (times[row as usize], sequences[row as usize]);
                let is_part = (from..to).contains(&time) && (low..high).contains(&sequence);
                is_part.then(|| take(RowPlace { time, sequence, block: number, row }));
            }
        }
        Ok(())
    }

    /// A block by the number in a place.
    pub(crate) fn block(&self, number: u32) -> Option<TableBlock<'t>> {
        self.blocks.get(number as usize).copied()
    }
}

#[cfg(test)]
mod tests;
