//! Postings to be written: rows of bits for each term.

use std::collections::HashMap;

use acta_storage::Term;

use crate::types::Bits;

/// Most statements of a row, so that a rare term in a large group does not need a long row of
/// zeros.
const SPAN_MAX: u64 = 4_096;

/// Changes a term into the one for statements that inherited it after they were stored. Under the
/// term itself, their rows would overlap.
const LATE: i64 = 0x6c61_7465_7465_726d;

/// The number of a term in the database.
pub(super) const fn number_of(term: Term) -> i64 {
    term.0.cast_signed()
}

/// The term of late postings of `term`.
pub(super) const fn late(term: i64) -> i64 {
    term ^ LATE
}

/// Rows of postings, as columns.
#[derive(Debug, Default)]
pub(super) struct Postings {
    open: HashMap<i64, usize>,
    pub(super) terms: Vec<i64>,
    pub(super) firsts: Vec<i64>,
    pub(super) bits: Vec<Bits>,
}

impl Postings {
    /// Adds a statement that has the term. Sequences come in ascending order.
    pub(super) fn add(&mut self, term: i64, sequence: i64) {
        let open = self.open.get(&term).copied();
        let place = open.and_then(|row| {
            let distance = sequence.checked_sub(*self.firsts.get(row)?)?.unsigned_abs();
            let near = u32::try_from(distance).ok().filter(|_| distance < SPAN_MAX)?;
            Some((row, near))
        });
        let (row, index) = place.unwrap_or_else(|| {
            self.open.insert(term, self.terms.len());
            self.terms.push(term);
            self.firsts.push(sequence);
            self.bits.push(Bits::default());
            (self.terms.len() - 1, 0)
        });
        self.bits[row].set(index);
    }

    /// Adds a separate row for a statement that inherited the term late.
    pub(super) fn add_late(&mut self, term: i64, sequence: i64) {
        let mut bits = Bits::default();
        bits.set(0);
        self.terms.push(late(term));
        self.firsts.push(sequence);
        self.bits.push(bits);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_has_a_row_for_each_span() {
        let mut postings = Postings::default();
        for sequence in [10, 11, 4_105, 4_106, 9_000] {
            postings.add(7, sequence);
        }
        postings.add(8, 11);
        let rows = postings.terms.iter().zip(&postings.firsts).zip(&postings.bits);
        let rows: Vec<(i64, i64, Vec<u32>)> =
            rows.map(|((term, first), bits)| (*term, *first, bits.ones())).collect();
        let expected = [
            (7, 10, vec![0, 1, 4_095]),
            (7, 4_106, vec![0]),
            (7, 9_000, vec![0]),
            (8, 11, vec![0]),
        ];
        assert_eq!(rows, expected);
    }

    #[test]
    fn late_postings_stand_under_a_term_of_their_own() {
        let mut postings = Postings::default();
        postings.add(7, 10);
        postings.add_late(7, 9);
        assert_eq!(postings.terms, [7, late(7)]);
        assert_eq!(late(late(7)), 7);
    }
}
