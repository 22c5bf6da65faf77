//! Rows in memory, column by column.

use std::collections::BTreeMap;

use super::fields::{CodeColumn, ColumnId, IntColumn, NumberColumn};

/// Rows of one tenant with codes for texts, in columns of equal length.
#[derive(Clone, Debug, Default)]
pub(crate) struct Block {
    pub(crate) ints: [Vec<i64>; IntColumn::EVERY.len()],
    pub(crate) codes: [Vec<u32>; CodeColumn::EVERY.len()],
    pub(crate) numbers: [Vec<f64>; NumberColumn::EVERY.len()],
    /// The texts of extensions; those that no row has are absent.
    pub(crate) extension_texts: BTreeMap<u16, Vec<u32>>,
    pub(crate) extension_numbers: BTreeMap<u16, Vec<f64>>,
}

impl Block {
    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.ints[0].len()
    }

    /// Bytes of memory, about.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.len() * Self::row_bytes(self.extension_texts.len(), self.extension_numbers.len())
    }

    /// Bytes of memory of a row with so many columns of extensions.
    pub(crate) const fn row_bytes(text_count: usize, number_count: usize) -> usize {
        let ints = 8 * IntColumn::EVERY.len();
        let codes = 4 * (CodeColumn::EVERY.len() + text_count);
        let numbers = 8 * (NumberColumn::EVERY.len() + number_count);
        ints + codes + numbers
    }

    /// The whole numbers of a column.
    pub(crate) fn ints(&self, column: IntColumn) -> &[i64] {
        &self.ints[column as usize]
    }

    /// The smallest and largest of the whole numbers of a column.
    pub(crate) fn range(&self, column: IntColumn) -> (i64, i64) {
        let values = self.ints(column).iter().copied();
        (values.clone().min().unwrap_or_default(), values.max().unwrap_or_default())
    }

    /// Sets the text of an extension in the last row.
    pub(crate) fn set_extension_text(&mut self, extension: u16, code: u32) {
        let count = self.len();
        let column = self.extension_texts.entry(extension).or_default();
        column.resize(count, 0);
        column[count - 1] = code;
    }

    /// Sets the number of an extension in the last row.
    pub(crate) fn set_extension_number(&mut self, extension: u16, number: f64) {
        let count = self.len();
        let column = self.extension_numbers.entry(extension).or_default();
        column.resize(count, f64::NAN);
        column[count - 1] = number;
    }

    /// Makes the columns of extensions as long as the others.
    pub(crate) fn complete(&mut self) {
        let count = self.len();
        self.extension_texts.values_mut().for_each(|column| column.resize(count, 0));
        self.extension_numbers.values_mut().for_each(|column| column.resize(count, f64::NAN));
    }

    /// Adds the rows of another block.
    pub(crate) fn append(&mut self, other: &Self) {
        for (column, more) in self.ints.iter_mut().zip(&other.ints) {
            column.extend_from_slice(more);
        }
        for (column, more) in self.codes.iter_mut().zip(&other.codes) {
            column.extend_from_slice(more);
        }
        for (column, more) in self.numbers.iter_mut().zip(&other.numbers) {
            column.extend_from_slice(more);
        }
        let before = self.len() - other.len();
        for (extension, more) in &other.extension_texts {
            let column = self.extension_texts.entry(*extension).or_default();
            column.resize(before, 0);
            column.extend_from_slice(more);
        }
        for (extension, more) in &other.extension_numbers {
            let column = self.extension_numbers.entry(*extension).or_default();
            column.resize(before, f64::NAN);
            column.extend_from_slice(more);
        }
        self.complete();
    }

    /// The rows sorted by time, and by sequence where times are equal.
    pub(crate) fn sorted(&self) -> Self {
        let (times, sequences) = (self.ints(IntColumn::Timestamp), self.ints(IntColumn::Sequence));
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_unstable_by_key(|row| (times[*row], sequences[*row]));
        self.chosen(&order)
    }

    /// The rows with these indices.
    pub(crate) fn chosen(&self, rows: &[usize]) -> Self {
        fn choose<T: Copy>(column: &[T], rows: &[usize]) -> Vec<T> {
            rows.iter().map(|row| column[*row]).collect()
        }
        let extension_texts = self.extension_texts.iter();
        let extension_numbers = self.extension_numbers.iter();
        Self {
            ints: std::array::from_fn(|index| choose(&self.ints[index], rows)),
            codes: std::array::from_fn(|index| choose(&self.codes[index], rows)),
            numbers: std::array::from_fn(|index| choose(&self.numbers[index], rows)),
            extension_texts: extension_texts
                .map(|(at, column)| (*at, choose(column, rows)))
                .collect(),
            extension_numbers: extension_numbers
                .map(|(at, column)| (*at, choose(column, rows)))
                .collect(),
        }
    }

    /// The codes of a column with this number.
    pub(crate) fn code_column(&self, id: ColumnId) -> Option<&[u32]> {
        let fixed = CodeColumn::EVERY.into_iter().find(|column| ColumnId::code(*column) == id);
        let extension = || {
            let texts = self.extension_texts.iter();
            texts
                .map(|(at, column)| (ColumnId::extension_text(*at), column))
                .find(|(at, _)| *at == id)
        };
        match fixed {
            Some(column) => Some(&self.codes[column.index()]),
            None => extension().map(|(_, column)| column.as_slice()),
        }
    }

    /// The numbers of a column with this number.
    pub(crate) fn number_column(&self, id: ColumnId) -> Option<&[f64]> {
        let fixed = NumberColumn::EVERY.into_iter().find(|column| ColumnId::number(*column) == id);
        let extension = || {
            let numbers = self.extension_numbers.iter();
            numbers
                .map(|(at, column)| (ColumnId::extension_number(*at), column))
                .find(|(at, _)| *at == id)
        };
        match fixed {
            Some(column) => Some(&self.numbers[column.index()]),
            None => extension().map(|(_, column)| column.as_slice()),
        }
    }
}
