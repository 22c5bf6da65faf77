//! The rows of a month in the order of their times, a part at a time.

use acta_facts::{Table, TableBlock};

use crate::key_columns::{SEQUENCE, TIMESTAMP};
use crate::month::Month;
use crate::progress::{ExportError, Exporting};
use crate::survey::whole;

/// Rows of a part, unless one of the spans of time has more: their places are in memory.
const PART_ROWS: u64 = 1 << 20;

/// How many spans of time a month is cut into, to find parts. Those of a month of 31 days are a
/// minute.
const SPANS: usize = 31 * 24 * 60;

/// Where a row is, after its place in the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    time: i64,
    sequence: i64,
    pub(crate) block: u32,
    pub(crate) row: u32,
}

/// The blocks that have rows of a month, and the spans of time into which it is cut.
pub(crate) struct MonthRows<'t> {
    blocks: Vec<TableBlock<'t>>,
    times: (i64, i64),
    span: i64,
    counts: Vec<u32>,
}

impl<'t> MonthRows<'t> {
    /// Counts the rows of a month, whose first and last times are `times`.
    pub(crate) fn count(
        table: &'t Table,
        month: Month,
        times: (i64, i64),
        exporting: &mut Exporting<'_>,
    ) -> Result<Self, ExportError> {
        let (start, end) = month.range();
        let mut blocks = table.blocks();
        blocks.retain(|block| {
            let (first, last) = block.times();
            start <= last && first < end
        });
        let length = times.1.saturating_sub(times.0);
        let span = 1 + length / i64::try_from(SPANS).unwrap_or(i64::MAX);
        let mut counted = Self { blocks, times, span, counts: vec![0; SPANS] };
        for block in counted.blocks.clone() {
            exporting.check()?;
            let mut reader = block.reader();
            let rows = reader.live_rows()?;
            let found = whole(&mut reader, TIMESTAMP)?;
            let spans = rows.into_iter().filter_map(|row| counted.span_of(found[row as usize]));
            for span in spans.collect::<Vec<_>>() {
                counted.counts[span] += 1;
            }
        }
        Ok(counted)
    }

    /// The span of a time; none outside of the month.
    fn span_of(&self, time: i64) -> Option<usize> {
        let offset = (self.times.0..=self.times.1).contains(&time).then(|| time - self.times.0)?;
        usize::try_from(offset / self.span).ok().filter(|span| *span < SPANS)
    }

    /// The spans of each part.
    pub(crate) fn parts(&self) -> Vec<std::ops::Range<usize>> {
        let (mut parts, mut start, mut count) = (Vec::new(), 0, 0);
        for (span, more) in self.counts.iter().enumerate() {
            let more = u64::from(*more);
            if PART_ROWS < count + more && 0 < count {
                parts.push(start..span);
                (start, count) = (span, 0);
            }
            count += more;
        }
        if 0 < count {
            parts.push(start..SPANS);
        }
        parts
    }

    /// The places of the rows of a part, in their order.
    pub(crate) fn places(
        &self,
        part: &std::ops::Range<usize>,
        exporting: &mut Exporting<'_>,
    ) -> Result<Vec<Place>, ExportError> {
        let mut places = Vec::new();
        let start = |span: usize| {
            let spans = i64::try_from(span).unwrap_or(i64::MAX);
            self.times.0.saturating_add(self.span.saturating_mul(spans))
        };
        let (from, to) = (start(part.start), start(part.end));
        for (number, block) in (0..).zip(&self.blocks) {
            exporting.check()?;
            let (first, last) = block.times();
            if last < from || to <= first {
                continue;
            }
            let mut reader = block.reader();
            let rows = reader.live_rows()?;
            let times = whole(&mut reader, TIMESTAMP)?;
            let sequences = whole(&mut reader, SEQUENCE)?;
            places.extend(rows.into_iter().filter_map(|row| {
                let (time, sequence) = (times[row as usize], sequences[row as usize]);
                let is_part = self.span_of(time).is_some_and(|span| part.contains(&span));
                is_part.then_some(Place { time, sequence, block: number, row })
            }));
        }
        places.sort_unstable();
        Ok(places)
    }

    /// A block by the number in a place.
    pub(crate) fn block(&self, number: u32) -> Option<TableBlock<'t>> {
        self.blocks.get(number as usize).copied()
    }
}
