//! The columns of one block, decoded when they are asked for.

use std::io;
use std::rc::Rc;

use crate::rows::block::Block;
use crate::rows::chunk::{
    DECIMAL_WIDTH_MAX, DecimalScale, Encoding, number_range, read_codes, read_ints, read_numbers,
};
use crate::rows::fields::{ColumnId, IntColumn};
use crate::rows::segment::{BlockHead, ChunkHead, Segment};

/// Where the rows of a block are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum BlockSource<'v> {
    Disk(&'v Segment, &'v BlockHead),
    Memory(&'v Block),
}

impl BlockSource<'_> {
    pub(crate) fn len(self) -> usize {
        match self {
            Self::Disk(_, head) => head.count,
            Self::Memory(block) => block.len(),
        }
    }

    /// The range of a column of whole numbers.
    pub(crate) fn int_range(self, column: IntColumn) -> (i64, i64) {
        match self {
            Self::Disk(_, head) => head.range(column),
            Self::Memory(block) => block.range(column),
        }
    }

    /// The range of the codes of a column, if it is known without looking at them.
    pub(crate) fn code_range(self, column: ColumnId) -> Option<(u32, u32)> {
        let Self::Disk(_, head) = self else { return None };
        let code = |bound: i64| u32::try_from(bound).unwrap_or(u32::MAX);
        let head = head.chunk(column);
        Some(head.map_or((0, 0), |head| (code(head.min), code(head.max))))
    }

    /// The range of the numbers of a column, if it is known; not a number if there are none.
    pub(crate) fn number_range(self, column: ColumnId) -> Option<(f64, f64)> {
        let Self::Disk(_, head) = self else { return None };
        let range = |head: &ChunkHead| number_range(head.encoding, head.min, head.max);
        Some(head.chunk(column).map_or((f64::NAN, f64::NAN), range))
    }
}

/// Decimals as they are stored.
#[derive(Clone, Debug)]
pub(crate) struct Decimals {
    pub(crate) stored: Rc<Vec<u32>>,
    pub(crate) scale: DecimalScale,
}

impl Decimals {
    /// Something for each value that may be stored, if those are few.
    pub(crate) fn table<T>(&self, make: impl Fn(f64) -> T) -> Option<Vec<T>> {
        let is_small = self.scale.width <= TABLE_WIDTH_MAX;
        is_small.then(|| (0..1 << self.scale.width).map(|it| make(self.scale.number(it))).collect())
    }
}

/// Most bits of decimals for which there is a table.
const TABLE_WIDTH_MAX: u8 = 12;

/// Reads the columns of one block after the other.
#[derive(Debug)]
pub(crate) struct BlockReader<'v> {
    source: BlockSource<'v>,
    bytes: Vec<u8>,
    codes: Vec<(ColumnId, Rc<Vec<u32>>)>,
    ints: Vec<(IntColumn, Rc<Vec<i64>>)>,
    numbers: Vec<(ColumnId, Rc<Vec<f64>>)>,
    /// What columns of blocks before were in, to be used again.
    spare_codes: Vec<Vec<u32>>,
    spare_ints: Vec<Vec<i64>>,
    spare_numbers: Vec<Vec<f64>>,
}

/// Takes back what columns are in, unless somebody has one still.
fn reclaim<K, T>(columns: &mut Vec<(K, Rc<Vec<T>>)>, spare: &mut Vec<Vec<T>>) {
    spare.extend(columns.drain(..).filter_map(|(_, column)| Rc::try_unwrap(column).ok()));
}

impl<'v> BlockReader<'v> {
    pub(crate) fn new(source: BlockSource<'v>) -> Self {
        Self {
            source,
            bytes: Vec::new(),
            codes: Vec::new(),
            ints: Vec::new(),
            numbers: Vec::new(),
            spare_codes: Vec::new(),
            spare_ints: Vec::new(),
            spare_numbers: Vec::new(),
        }
    }

    /// Goes on to another block.
    pub(crate) fn turn_to(&mut self, source: BlockSource<'v>) {
        self.source = source;
        reclaim(&mut self.codes, &mut self.spare_codes);
        reclaim(&mut self.ints, &mut self.spare_ints);
        reclaim(&mut self.numbers, &mut self.spare_numbers);
    }

    pub(crate) fn source(&self) -> BlockSource<'v> {
        self.source
    }

    pub(crate) fn len(&self) -> usize {
        self.source.len()
    }

    /// The codes of a column.
    pub(crate) fn codes(&mut self, column: ColumnId) -> io::Result<Rc<Vec<u32>>> {
        let min = match self.source {
            BlockSource::Disk(_, block) => block.chunk(column).map_or(0, |head| head.min),
            BlockSource::Memory(_) => 0,
        };
        self.read_codes(column, min)
    }

    /// What is stored in a column, of which 0 stands for `min`.
    fn read_codes(&mut self, column: ColumnId, min: i64) -> io::Result<Rc<Vec<u32>>> {
        if let Some((_, codes)) = self.codes.iter().find(|(known, _)| *known == column) {
            return Ok(Rc::clone(codes));
        }
        let mut codes = self.spare_codes.pop().unwrap_or_default();
        codes.clear();
        match self.source {
            BlockSource::Disk(segment, block) => {
                if let Some(head) = block.chunk(column) {
                    segment.read(block, head, &mut self.bytes)?;
                    read_codes(&self.bytes, block.count, head.width, min, &mut codes);
                }
            }
            BlockSource::Memory(block) => {
                codes.extend_from_slice(block.code_column(column).unwrap_or_default());
            }
        }
        codes.resize(self.source.len(), 0);
        let codes = Rc::new(codes);
        self.codes.push((column, Rc::clone(&codes)));
        Ok(codes)
    }

    /// The numbers of a column as they are stored, if they are decimals of few bits.
    pub(crate) fn decimals(&mut self, column: ColumnId) -> io::Result<Option<Decimals>> {
        let BlockSource::Disk(_, block) = self.source else { return Ok(None) };
        let scale = match block.chunk(column) {
            Some(&ChunkHead { encoding: Encoding::Decimal { digits }, width, min, .. }) => {
                DecimalScale { min, digits, width }
            }
            Some(_) => return Ok(None),
            None => DecimalScale { min: 0, digits: 0, width: 0 },
        };
        if DECIMAL_WIDTH_MAX < scale.width {
            return Ok(None);
        }
        Ok(Some(Decimals { stored: self.read_codes(column, 0)?, scale }))
    }

    /// The whole numbers of a column.
    pub(crate) fn ints(&mut self, column: IntColumn) -> io::Result<Rc<Vec<i64>>> {
        if let Some((_, ints)) = self.ints.iter().find(|(known, _)| *known == column) {
            return Ok(Rc::clone(ints));
        }
        let mut ints = self.spare_ints.pop().unwrap_or_default();
        ints.clear();
        match self.source {
            BlockSource::Disk(segment, block) => {
                if let Some(head) = block.chunk(ColumnId::int(column)) {
                    segment.read(block, head, &mut self.bytes)?;
                    read_ints(&self.bytes, block.count, head.width, head.min, &mut ints);
                }
            }
            BlockSource::Memory(block) => ints.extend_from_slice(block.ints(column)),
        }
        ints.resize(self.source.len(), 0);
        let ints = Rc::new(ints);
        self.ints.push((column, Rc::clone(&ints)));
        Ok(ints)
    }

    /// The numbers of a column.
    pub(crate) fn numbers(&mut self, column: ColumnId) -> io::Result<Rc<Vec<f64>>> {
        if let Some((_, numbers)) = self.numbers.iter().find(|(known, _)| *known == column) {
            return Ok(Rc::clone(numbers));
        }
        let mut numbers = self.spare_numbers.pop().unwrap_or_default();
        numbers.clear();
        match self.source {
            BlockSource::Disk(segment, block) => {
                if let Some(head) = block.chunk(column) {
                    segment.read(block, head, &mut self.bytes)?;
                    let how = (head.encoding, head.width, head.min);
                    read_numbers(&self.bytes, block.count, how, &mut numbers);
                }
            }
            BlockSource::Memory(block) => {
                numbers.extend_from_slice(block.number_column(column).unwrap_or_default());
            }
        }
        numbers.resize(self.source.len(), f64::NAN);
        let numbers = Rc::new(numbers);
        self.numbers.push((column, Rc::clone(&numbers)));
        Ok(numbers)
    }
}
