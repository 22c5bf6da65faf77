//! Columns of rows, taken one after the other in the order in which their fields were asked for.

use acta_facts::{FactRows, RowColumn};

/// Rows whose columns are taken one after the other.
#[derive(Debug)]
pub struct Columns {
    rest: std::vec::IntoIter<RowColumn>,
    /// How many rows there are.
    pub count: usize,
    /// The sequence of the last statement of the tenant that is among the facts.
    pub sequence: u64,
    /// Whether facts are being made, so that rows are missing.
    pub is_rebuilding: bool,
}

/// Texts of rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    /// For each row the place of its text; 0 for none.
    pub places: Vec<u32>,
    /// The different texts; the first stands for none.
    pub texts: Vec<String>,
}

impl From<FactRows> for Columns {
    fn from(rows: FactRows) -> Self {
        let FactRows { columns, count, sequence, is_rebuilding } = rows;
        Self { rest: columns.into_iter(), count, sequence, is_rebuilding }
    }
}

/// Each method takes the next column. A column of another kind has no value in any row: the fields
/// are those of the analysis, so that is a mistake in it.
impl Columns {
    /// Texts.
    pub fn texts(&mut self) -> Texts {
        match self.rest.next() {
            Some(RowColumn::Texts { places, texts }) => Texts { places, texts },
            other => {
                debug_assert!(false, "expected texts, not {other:?}");
                Texts { places: vec![0; self.count], texts: vec![String::new()] }
            }
        }
    }

    /// Yes, no or nothing.
    pub fn flags(&mut self) -> Vec<Option<bool>> {
        match self.rest.next() {
            Some(RowColumn::Flags(flags)) => flags,
            other => {
                debug_assert!(false, "expected flags, not {other:?}");
                vec![None; self.count]
            }
        }
    }

    /// Numbers; not a number stands for nothing.
    pub fn numbers(&mut self) -> Vec<f64> {
        match self.rest.next() {
            Some(RowColumn::Numbers(numbers)) => numbers,
            other => {
                debug_assert!(false, "expected numbers, not {other:?}");
                vec![f64::NAN; self.count]
            }
        }
    }

    /// Microseconds since 1970.
    pub fn times(&mut self) -> Vec<i64> {
        match self.rest.next() {
            Some(RowColumn::Times(times)) => times,
            other => {
                debug_assert!(false, "expected times, not {other:?}");
                vec![0; self.count]
            }
        }
    }
}

impl Texts {
    /// The text of a row; none if it has none.
    pub fn get(&self, row: usize) -> Option<&str> {
        let place = self.places.get(row).copied().filter(|place| *place != 0)?;
        self.texts.get(place as usize).map(String::as_str)
    }

    /// For each different text, whether it is one of these; the first is none of them.
    pub fn any_of(&self, wanted: &[&str]) -> Vec<bool> {
        self.texts.iter().map(|text| wanted.contains(&text.as_str())).collect()
    }
}
