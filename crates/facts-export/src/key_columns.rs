//! The columns that decide where a row is.

/// The place of the sequence among all columns.
pub(crate) const SEQUENCE: usize = 0;
/// The place of the time.
pub(crate) const TIMESTAMP: usize = 1;

#[cfg(test)]
mod tests {
    use acta_facts::COLUMNS;

    use super::*;

    #[test]
    fn columns_have_their_places() {
        assert_eq!((COLUMNS[SEQUENCE].name, COLUMNS[TIMESTAMP].name), ("sequence", "timestamp"));
    }
}
