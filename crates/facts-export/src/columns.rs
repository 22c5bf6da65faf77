//! The values of columns at places that may be in many blocks.

use std::collections::HashMap;
use std::io;

use acta_facts::{ColumnValues, ExtensionValues, Table, TableExtension};
use bytes::Bytes;

use crate::order::{MonthRows, RowPlace};

/// The places of rows, by the block that they are in.
pub(crate) struct Gatherer<'m, 't> {
    rows: &'m MonthRows<'t>,
    /// For each block the places in the order, and the rows.
    blocks: Vec<(u32, Vec<(usize, u32)>)>,
    count: usize,
}

/// The values of a column.
pub(crate) enum OrderedValues {
    Whole(Vec<i64>),
    Numbers(Vec<f64>),
    Codes(Vec<u32>),
}

/// An extension of a row, by the place of the row in the order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExtensionValue {
    pub(crate) place: usize,
    /// Which extension, by its place among those that were asked for.
    pub(crate) extension: usize,
    /// The code of a text; 0 if it is a number.
    pub(crate) code: u32,
    pub(crate) number: f64,
}

impl<'m, 't> Gatherer<'m, 't> {
    pub(crate) fn new(rows: &'m MonthRows<'t>, places: &[RowPlace]) -> Self {
        let mut by_block: HashMap<u32, Vec<(usize, u32)>> = HashMap::new();
        for (index, place) in places.iter().enumerate() {
            by_block.entry(place.block).or_default().push((index, place.row));
        }
        let mut blocks: Vec<_> = by_block.into_iter().collect();
        blocks.sort_unstable_by_key(|(block, _)| *block);
        Self { rows, blocks, count: places.len() }
    }

    /// The values of a column, in the order of the places.
    pub(crate) fn values(&self, column: usize) -> io::Result<OrderedValues> {
        fn fill<T: Copy>(
            into: &mut Vec<T>,
            count: usize,
            nothing: T,
            from: &[T],
            rows: &[(usize, u32)],
        ) {
            into.resize(count, nothing);
            for (place, row) in rows {
                into[*place] = from[*row as usize];
            }
        }
        let (mut whole, mut numbers, mut codes) = (Vec::new(), Vec::new(), Vec::new());
        for (block, rows) in &self.blocks {
            let Some(block) = self.rows.block(*block) else { continue };
            match block.reader().values(column)? {
                ColumnValues::Whole(values) => fill(&mut whole, self.count, 0, &values, rows),
                ColumnValues::Numbers(values) => {
                    fill(&mut numbers, self.count, f64::NAN, &values, rows);
                }
                ColumnValues::Codes(values) => fill(&mut codes, self.count, 0, &values, rows),
            }
        }
        Ok(if !whole.is_empty() {
            OrderedValues::Whole(whole)
        } else if !numbers.is_empty() {
            OrderedValues::Numbers(numbers)
        } else {
            OrderedValues::Codes(codes)
        })
    }

    /// The values of extensions, in the order of the places and of the extensions.
    pub(crate) fn extensions(
        &self,
        extensions: &[&TableExtension],
    ) -> io::Result<Vec<ExtensionValue>> {
        let mut found = Vec::new();
        for (block, rows) in &self.blocks {
            let Some(block) = self.rows.block(*block) else { continue };
            for (number, extension) in extensions.iter().enumerate() {
                let values = block.reader().extension(extension)?;
                found.extend(values.iter().flat_map(|values| at(values, number, rows)));
            }
        }
        found.sort_unstable_by_key(|value| (value.place, value.extension));
        Ok(found)
    }
}

/// The values of an extension at places, where there are any.
fn at<'v>(
    values: &'v ExtensionValues,
    extension: usize,
    rows: &'v [(usize, u32)],
) -> impl Iterator<Item = ExtensionValue> + 'v {
    let value = move |(place, row): &(usize, u32)| {
        let (code, number) = (values.texts[*row as usize], values.numbers[*row as usize]);
        let has_value = code != 0 || !number.is_nan();
        has_value.then_some(ExtensionValue { place: *place, extension, code, number })
    };
    rows.iter().filter_map(value)
}

/// The texts of codes of a column.
pub(crate) fn texts(table: &Table, column: usize, codes: &[u32]) -> HashMap<u32, Bytes> {
    let codes = distinct(codes);
    let mut texts = HashMap::with_capacity(codes.len());
    table.resolve(column, &codes, |code, text| {
        texts.insert(code, Bytes::copy_from_slice(text.as_bytes()));
    });
    texts
}

/// The codes of something, each once.
pub(crate) fn distinct(codes: &[u32]) -> Vec<u32> {
    let mut codes = codes.to_vec();
    codes.sort_unstable();
    codes.dedup();
    codes.retain(|code| *code != 0);
    codes
}
