//! The layout of a run: its name, its sections, its footer.

use std::ops::Range;

use acta_access::TenantId;
use acta_statement_log::format::Bytes;

use super::bytes::{SEAL_BYTES, usize_of};

/// How every run begins.
pub(crate) const MAGIC: [u8; 8] = *b"ACTA-IDX";

/// The version of the layout described in `docs/format/index.md`.
pub(crate) const VERSION: u32 = 1;

/// Bytes of the header, checksum included.
pub(crate) const HEADER_BYTES: u64 = 16;

/// Bytes of the footer, checksum included.
pub(crate) const FOOTER_BYTES: u64 = 288;

/// Sections of a run, in the order of the file.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Section {
    Rows,
    RowFences,
    Ids,
    IdFences,
    IdFilter,
    Terms,
    TermFences,
    Late,
    LateFences,
    References,
    ReferenceFences,
    ReferenceFilter,
    Voids,
    Tenants,
}

/// How many sections there are.
pub(crate) const SECTION_COUNT: usize = 14;

/// Where a section is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SectionPlace {
    /// Where it begins in the file.
    pub(crate) offset: u64,
    /// How many bytes it has.
    pub(crate) bytes: u64,
}

impl SectionPlace {
    /// Where it ends; none beyond all numbers.
    pub(crate) fn end(self) -> Option<u64> {
        self.offset.checked_add(self.bytes)
    }
}

/// What the footer says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Footer {
    pub(crate) first: u32,
    pub(crate) count: u32,
    pub(crate) id_width: u32,
    pub(crate) last_stored_micros: i64,
    pub(crate) fingerprint: u64,
    /// Where each section is.
    pub(crate) sections: [SectionPlace; SECTION_COUNT],
}

impl Footer {
    /// The footer's bytes, without its checksum.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        for number in [VERSION, self.first, self.count, self.id_width] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        out.extend_from_slice(&self.last_stored_micros.to_le_bytes());
        out.extend_from_slice(&self.fingerprint.to_le_bytes());
        for SectionPlace { offset, bytes } in self.sections {
            out.extend_from_slice(&offset.to_le_bytes());
            out.extend_from_slice(&bytes.to_le_bytes());
        }
        out.resize(usize_of(FOOTER_BYTES) - SEAL_BYTES, 0);
        out
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = Bytes(bytes);
        if reader.take(MAGIC.len())? != MAGIC || reader.u32()? != VERSION {
            return None;
        }
        let (first, count, id_width) = (reader.u32()?, reader.u32()?, reader.u32()?);
        let (last_stored_micros, fingerprint) = (reader.i64()?, reader.u64()?);
        let mut sections = [SectionPlace::default(); SECTION_COUNT];
        for section in &mut sections {
            *section = SectionPlace { offset: reader.u64()?, bytes: reader.u64()? };
        }
        let footer = Self { first, count, id_width, last_stored_micros, fingerprint, sections };
        (0 < count && first.checked_add(count).is_some()).then_some(footer)
    }
}

/// The name of the run of `count` entries from position `first` on.
pub(crate) fn name_of(first: u32, count: u32) -> String {
    format!("run-{first:010}-{count:010}.idx")
}

/// First position and count of the run with this name; none if it is no run's name.
pub(crate) fn parse_name(name: &str) -> Option<(u32, u32)> {
    let (first, count) = name.strip_prefix("run-")?.strip_suffix(".idx")?.split_once('-')?;
    let numbers = (first.parse().ok()?, count.parse().ok()?);
    (name_of(numbers.0, numbers.1) == name).then_some(numbers)
}

/// Bytes of an id record in a run of one tenant.
pub(crate) const ID_WIDTH_ALONE: usize = 20;

/// Bytes of an id record in a run of several tenants.
pub(crate) const ID_WIDTH_SHARED: usize = 24;

/// The positions that the run with this name covers; none if it is no run's name.
pub fn run_positions(name: &str) -> Option<Range<u64>> {
    let (first, count) = parse_name(name)?;
    Some(first.into()..u64::from(first) + u64::from(count))
}

/// An id record in the first bytes, with the tenant if it is named.
pub(crate) fn id_record(id: u128, owner: Option<TenantId>, position: u32) -> [u8; ID_WIDTH_SHARED] {
    let mut record = [0; ID_WIDTH_SHARED];
    record[..16].copy_from_slice(&id.to_be_bytes());
    record[16..20].copy_from_slice(&position.to_be_bytes());
    if let Some(owner) = owner {
        record[16..20].copy_from_slice(&owner.number().to_be_bytes());
        record[20..].copy_from_slice(&position.to_be_bytes());
    }
    record
}

#[cfg(test)]
mod tests {
    use super::{name_of, parse_name};

    #[test]
    fn names_say_which_positions_a_run_covers() {
        let table = [
            (name_of(0, 8), Some((0, 8))),
            (name_of(262_144, u32::MAX), Some((262_144, u32::MAX))),
            ("run-0-8.idx".to_owned(), None),
            ("run-0000000000-0000000008.idx.tmp".to_owned(), None),
            ("run-0000000000-0000000008.idx.damaged".to_owned(), None),
            ("other".to_owned(), None),
        ];
        for (name, expected) in table {
            assert_eq!(parse_name(&name), expected, "name: {name}");
        }
    }
}
