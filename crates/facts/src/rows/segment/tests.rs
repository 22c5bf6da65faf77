//! Segments that are written, read, and damaged.

#![expect(
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    reason = "the numbers are small"
)]

use std::fs;

use super::*;

/// Rows whose columns all differ, of which every second has an extension.
fn rows(count: usize) -> Block {
    let mut rows = Block::default();
    for row in 0..count {
        for (column, values) in rows.ints.iter_mut().enumerate() {
            values.push((row * (column + 1)).cast_signed() as i64 - 100);
        }
        for (column, values) in rows.codes.iter_mut().enumerate() {
            values.push(u32::try_from(row % (column + 1)).unwrap());
        }
        for (column, values) in rows.numbers.iter_mut().enumerate() {
            values.push(if row % 3 == 0 { f64::NAN } else { row as f64 / (column + 1) as f64 });
        }
        if row % 2 == 1 {
            rows.set_extension_text(3, 9);
            rows.set_extension_number(4, 0.1);
        }
    }
    rows.complete();
    rows
}

fn text_of(rows: &Block) -> String {
    format!("{rows:?}")
}

#[test]
fn reads_the_rows_that_it_wrote() {
    let folder = tempfile::tempdir().unwrap();
    for count in [1, 1_000, BLOCK_ROWS + 5] {
        let rows = rows(count);
        let path = folder.path().join(count.to_string());
        let segment = Segment::write(&path, &rows).unwrap();
        assert_eq!(segment.len(), count);
        assert_eq!(segment.blocks().len(), count.div_ceil(BLOCK_ROWS));
        assert_eq!(text_of(&segment.load().unwrap()), text_of(&rows));
        let (min, max) = segment.blocks()[0].range(IntColumn::Stored);
        assert_eq!((min, max), (-100, 2 * (count.min(BLOCK_ROWS) as i64 - 1) - 100));
    }
}

#[test]
fn notices_bytes_that_changed_anywhere() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("segment");
    Segment::write(&path, &rows(50)).unwrap();
    let whole = fs::read(&path).unwrap();
    // All of the directory, and of the columns, which are filled up with zeros, every few bytes.
    let columns = (MAGIC.len()..whole.len() - 2_000).step_by(29);
    for at in columns.chain(whole.len() - 2_000..whole.len()) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x10;
        fs::write(&path, &damaged).unwrap();
        let read = Segment::open(&path).and_then(|segment| segment.load().map(drop));
        assert!(read.is_err(), "byte {at} of {}", whole.len());
    }
    for length in (0..whole.len() - 2_000).step_by(29).chain(whole.len() - 2_000..whole.len()) {
        fs::write(&path, &whole[..length]).unwrap();
        assert!(Segment::open(&path).is_err(), "{length} of {} bytes", whole.len());
    }
}
