//! What months there are, and whether their rows are as they were in an earlier export.

use std::collections::BTreeMap;
use std::io;

use acta_facts::{COLUMNS, ColumnValues, Table, TableReader};
use sha2::{Digest, Sha256};

use crate::key_columns::{SEQUENCE, TIMESTAMP};
use crate::month::Month;
use crate::progress::{ExportError, Exporting};

/// What is known of the rows of a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Surveyed {
    pub(crate) rows: u64,
    pub(crate) sequences: (i64, i64),
    pub(crate) times: (i64, i64),
    /// A sum over all rows of hashes of all that can change: which rows there are, and texts that
    /// come from other statements.
    pub(crate) fingerprint: u64,
}

impl Default for Surveyed {
    fn default() -> Self {
        let nothing = (i64::MAX, i64::MIN);
        Self { rows: 0, sequences: nothing, times: nothing, fingerprint: 0 }
    }
}

impl Surveyed {
    fn add(&mut self, time: i64, sequence: i64, hash: u64) {
        self.rows += 1;
        self.sequences = (self.sequences.0.min(sequence), self.sequences.1.max(sequence));
        self.times = (self.times.0.min(time), self.times.1.max(time));
        // A sum does not depend on the order in which rows are read.
        self.fingerprint = self.fingerprint.wrapping_add(hash);
    }
}

/// A column whose texts may change, with the hashes of texts by their codes; 0 where a text has
/// not been hashed yet.
struct Derived {
    column: usize,
    hashes: Vec<u64>,
}

/// Looks at all rows.
pub(crate) fn survey(
    table: &Table,
    exporting: &mut Exporting<'_>,
) -> Result<BTreeMap<Month, Surveyed>, ExportError> {
    let mut months: BTreeMap<Month, Surveyed> = BTreeMap::new();
    let columns = (0..COLUMNS.len()).filter(|column| table.is_derived(*column));
    let mut derived: Vec<Derived> =
        columns.map(|column| Derived { column, hashes: Vec::new() }).collect();
    for block in table.blocks() {
        exporting.check()?;
        let mut reader = block.reader();
        let rows = reader.live_rows()?;
        let sequences = whole(&mut reader, SEQUENCE)?;
        let times = whole(&mut reader, TIMESTAMP)?;
        let mut hashes: Vec<u64> =
            rows.iter().map(|row| mixed(0, sequences[*row as usize].cast_unsigned())).collect();
        for derived in &mut derived {
            derived.add(table, &mut reader, (&rows, &mut hashes))?;
        }
        let mut known: Option<(Month, (i64, i64))> = None;
        for (row, hash) in rows.iter().zip(hashes) {
            let (time, sequence) = (times[*row as usize], sequences[*row as usize]);
            let is_known = known.is_some_and(|(_, range)| range.0 <= time && time < range.1);
            let (month, _) = match known {
                Some(known) if is_known => known,
                Some(_) | None => {
                    let month = Month::of(time);
                    *known.insert((month, month.range()))
                }
            };
            months.entry(month).or_default().add(time, sequence, hash);
        }
    }
    Ok(months)
}

/// The whole numbers of a column.
pub(crate) fn whole(
    reader: &mut TableReader<'_>,
    column: usize,
) -> io::Result<std::rc::Rc<Vec<i64>>> {
    match reader.values(column)? {
        ColumnValues::Whole(values) => Ok(values),
        ColumnValues::Numbers(_) | ColumnValues::Codes(_) => {
            Err(io::Error::other("a column of whole numbers was expected"))
        }
    }
}

impl Derived {
    /// Mixes the texts of rows into their hashes.
    fn add(
        &mut self,
        table: &Table,
        reader: &mut TableReader<'_>,
        (rows, row_hashes): (&[u32], &mut [u64]),
    ) -> io::Result<()> {
        let ColumnValues::Codes(codes) = reader.values(self.column)? else { return Ok(()) };
        let most = codes.iter().copied().max().unwrap_or_default() as usize;
        if self.hashes.len() <= most {
            self.hashes.resize(most + 1, 0);
        }
        let mut new: Vec<u32> = rows.iter().map(|row| codes[*row as usize]).collect();
        new.retain(|code| *code != 0 && self.hashes[*code as usize] == 0);
        new.sort_unstable();
        new.dedup();
        let hashes = &mut self.hashes;
        table.resolve(self.column, &new, |code, text| hashes[code as usize] = hash_of(text));
        for (row, hash) in rows.iter().zip(row_hashes) {
            *hash = mixed(*hash, self.hashes[codes[*row as usize] as usize]);
        }
        Ok(())
    }
}

fn hash_of(text: &str) -> u64 {
    let digest = Sha256::digest(text.as_bytes());
    // 0 stands for a text that has not been hashed.
    digest.first_chunk::<8>().map_or(1, |head| u64::from_le_bytes(*head).max(1))
}

/// Two numbers as one, in which each bit depends on all bits of both.
fn mixed(one: u64, other: u64) -> u64 {
    let mut mixed = one.rotate_left(23).wrapping_add(other).wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
