//! Runs: immutable files, each with everything that a stretch of entries brings about.

pub(super) mod bloom;
pub(super) mod dictionary;
pub(super) mod postings;
pub(super) mod rows;
pub(super) mod table;
pub(super) mod tenants;
pub(super) mod writer;

use std::ops::Range;
use std::sync::Arc;

use acta_access::TenantId;
use acta_storage::StorageError;
use roaring::RoaringBitmap;

use self::bloom::Bloom;
use self::dictionary::{Dictionary, DictionaryWalk};
use self::rows::{BLOCK_ROWS, Row, Rows};
use self::table::Table;
use self::tenants::TenantPart;
use self::writer::Home;
use super::Reference;
use super::bytes::{RunFile, SEAL_BYTES};
use crate::format::Bytes;

/// How every run begins.
pub(super) const MAGIC: [u8; 8] = *b"ACTA-IDX";

/// The version of the layout described in `docs/format/index.md`.
pub(super) const VERSION: u32 = 1;

/// Bytes of the header, checksum included.
pub(super) const HEADER_BYTES: u64 = 16;

/// Bytes of the footer, checksum included.
pub(super) const FOOTER_BYTES: u64 = 288;

/// Sections of a run, in the order of the file.
#[derive(Clone, Copy, Debug)]
pub(super) enum Section {
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
pub(super) const SECTION_COUNT: usize = 14;

/// What the footer says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Footer {
    pub(super) first: u32,
    pub(super) count: u32,
    pub(super) id_width: u32,
    pub(super) last_stored_micros: i64,
    pub(super) fingerprint: u64,
    /// Offset and length of each section.
    pub(super) sections: [(u64, u64); SECTION_COUNT],
}

impl Footer {
    /// The footer's bytes, without its checksum.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        for number in [VERSION, self.first, self.count, self.id_width] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        out.extend_from_slice(&self.last_stored_micros.to_le_bytes());
        out.extend_from_slice(&self.fingerprint.to_le_bytes());
        for (offset, bytes_count) in self.sections {
            out.extend_from_slice(&offset.to_le_bytes());
            out.extend_from_slice(&bytes_count.to_le_bytes());
        }
        out.resize(super::bytes::usize_of(FOOTER_BYTES) - SEAL_BYTES, 0);
        out
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = Bytes(bytes);
        if reader.take(MAGIC.len())? != MAGIC || reader.u32()? != VERSION {
            return None;
        }
        let (first, count, id_width) = (reader.u32()?, reader.u32()?, reader.u32()?);
        let (last_stored_micros, fingerprint) = (reader.i64()?, reader.u64()?);
        let mut sections = [(0, 0); SECTION_COUNT];
        for section in &mut sections {
            *section = (reader.u64()?, reader.u64()?);
        }
        let footer = Self { first, count, id_width, last_stored_micros, fingerprint, sections };
        (0 < count && first.checked_add(count).is_some()).then_some(footer)
    }
}

/// The name of the run of `count` entries from position `first` on.
pub(super) fn name_of(first: u32, count: u32) -> String {
    format!("run-{first:010}-{count:010}.idx")
}

/// First position and count of the run with this name; none if it is no run's name.
pub(super) fn parse_name(name: &str) -> Option<(u32, u32)> {
    let (first, count) = name.strip_prefix("run-")?.strip_suffix(".idx")?.split_once('-')?;
    let numbers = (first.parse().ok()?, count.parse().ok()?);
    (name_of(numbers.0, numbers.1) == name).then_some(numbers)
}

/// Bytes of an id record in a run of one tenant.
pub(super) const ID_WIDTH_ALONE: usize = 20;

/// Bytes of an id record in a run of several tenants.
pub(super) const ID_WIDTH_SHARED: usize = 24;

/// Bytes of a reference record.
pub(super) const REFERENCE_WIDTH: usize = 21;

/// An open run.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) file: Arc<RunFile>,
    pub(super) first: u32,
    pub(super) count: u32,
    pub(super) last_stored_micros: i64,
    pub(super) rows: Rows,
    pub(super) ids: Table,
    id_filter: Bloom,
    pub(super) terms: Dictionary,
    pub(super) late: Dictionary,
    pub(super) references: Table,
    reference_filter: Bloom,
    /// Positions that its entries voided.
    pub(super) voids: RoaringBitmap,
    /// By tenant.
    pub(super) tenants: Vec<TenantPart>,
}

impl Run {
    /// Opens a run, reads what is held in memory and checks it.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`] if it is not what its name says, or not of this version or
    /// fingerprint.
    pub(super) fn open(home: &Home, name: &str) -> Result<Self, StorageError> {
        let file = RunFile::open(home, name.to_owned())?;
        let header = file.read_sealed(0, HEADER_BYTES)?;
        if !header.starts_with(&MAGIC) {
            return Err(file.corrupt(0));
        }
        let footer_offset = file.len().saturating_sub(FOOTER_BYTES);
        let bytes = file.read_sealed(footer_offset, FOOTER_BYTES)?;
        let footer = Footer::decode(&bytes).ok_or_else(|| file.corrupt(footer_offset))?;
        let is_named = parse_name(name) == Some((footer.first, footer.count));
        if !is_named || footer.fingerprint != home.fingerprint {
            return Err(file.corrupt(footer_offset));
        }
        Self::load(file, &footer)
    }

    fn load(file: RunFile, footer: &Footer) -> Result<Self, StorageError> {
        let place = |section| footer.sections[section as usize];
        let is_inside = |(offset, bytes_count): (u64, u64)| {
            offset.checked_add(bytes_count).is_some_and(|end| end <= file.len())
        };
        if !footer.sections.into_iter().all(is_inside) {
            return Err(file.corrupt(file.len().saturating_sub(FOOTER_BYTES)));
        }
        let read = |section| {
            let (offset, bytes_count) = place(section);
            file.read_sealed(offset, bytes_count)
        };
        let wrong = |section| file.corrupt(place(section).0);
        let or_wrong = |section| move || wrong(section);
        let row_fences = read(Section::RowFences)?;
        let rows = Rows::decode(place(Section::Rows), footer.count, &row_fences)
            .ok_or_else(or_wrong(Section::RowFences))?;
        let id_width @ (ID_WIDTH_ALONE | ID_WIDTH_SHARED) = footer.id_width as usize else {
            return Err(wrong(Section::Ids));
        };
        let ids = Table::decode(place(Section::Ids), id_width, &read(Section::IdFences)?)
            // What was erased or removed has none.
            .filter(|ids| ids.record_count <= u64::from(footer.count))
            .ok_or_else(or_wrong(Section::IdFences))?;
        let references = Table::decode(
            place(Section::References),
            REFERENCE_WIDTH,
            &read(Section::ReferenceFences)?,
        )
        .ok_or_else(or_wrong(Section::ReferenceFences))?;
        let filter = |section| Bloom::decode(read(section)?).ok_or_else(or_wrong(section));
        let (id_filter, reference_filter) =
            (filter(Section::IdFilter)?, filter(Section::ReferenceFilter)?);
        let dictionary =
            |section| Dictionary::decode(&read(section)?).ok_or_else(or_wrong(section));
        let (terms, late) = (dictionary(Section::TermFences)?, dictionary(Section::LateFences)?);
        let voids = RoaringBitmap::deserialize_from(read(Section::Voids)?.as_slice())
            .ok()
            .ok_or_else(or_wrong(Section::Voids))?;
        let positions = footer.first..footer.first + footer.count;
        let tenants = tenants::decode(&read(Section::Tenants)?, &positions)
            .ok_or_else(or_wrong(Section::Tenants))?;
        if tenants.is_empty() || (id_width == ID_WIDTH_ALONE && tenants.len() != 1) {
            return Err(wrong(Section::Tenants));
        }
        let (first, count) = (footer.first, footer.count);
        let last_stored_micros = footer.last_stored_micros;
        let file = Arc::new(file);
        Ok(Self {
            file,
            first,
            count,
            last_stored_micros,
            rows,
            ids,
            id_filter,
            terms,
            late,
            references,
            reference_filter,
            voids,
            tenants,
        })
    }

    /// The position behind its last.
    pub(super) fn end(&self) -> u32 {
        self.first + self.count
    }

    /// Its positions.
    pub(super) fn positions(&self) -> Range<u32> {
        self.first..self.end()
    }

    /// Walks through its terms, whose postings are its own positions.
    pub(super) fn walk_terms(&self) -> Result<DictionaryWalk<'_>, StorageError> {
        DictionaryWalk::new(&self.terms, &self.file, self.positions())
    }

    /// Walks through its late terms, whose postings are positions of older runs.
    pub(super) fn walk_late(&self) -> Result<DictionaryWalk<'_>, StorageError> {
        DictionaryWalk::new(&self.late, &self.file, 0..self.first)
    }

    /// Bytes it takes in memory.
    pub(super) fn memory_bytes(&self) -> usize {
        self.rows.memory_bytes()
            + self.ids.memory_bytes()
            + self.references.memory_bytes()
            + self.id_filter.as_bytes().len()
            + self.reference_filter.as_bytes().len()
            + self.terms.memory_bytes()
            + self.late.memory_bytes()
            + self.tenants.len() * size_of::<TenantPart>()
            + self.voids.serialized_size()
    }

    /// The only tenant, if its id records do not name one.
    pub(super) fn only_tenant(&self) -> Option<TenantId> {
        match &self.tenants[..] {
            [part] => Some(part.tenant),
            _ => None,
        }
    }

    /// Whether an id with this hash may be in the run; never wrong when it says no.
    pub(super) fn may_contain(&self, id_hash: u64) -> bool {
        self.id_filter.may_contain(id_hash)
    }

    /// The position of the tenant's statement with this id. Reads the disk: ask
    /// [`Run::may_contain`] first.
    pub(super) fn find(&self, tenant: TenantId, id: u128) -> Result<Option<u32>, StorageError> {
        let mut prefix = [0; 20];
        prefix[..16].copy_from_slice(&id.to_be_bytes());
        prefix[16..].copy_from_slice(&tenant.number().to_be_bytes());
        let prefix = match self.only_tenant() {
            Some(only) if only != tenant => return Ok(None),
            Some(_) => &prefix[..16],
            None => &prefix[..],
        };
        let mut position = None;
        self.ids.find(&self.file, prefix, |record| {
            position = record.last_chunk::<4>().map(|bytes| u32::from_be_bytes(*bytes));
        })?;
        match position {
            Some(at) if !(self.first..self.end()).contains(&at) => Err(self.file.corrupt(0)),
            position => Ok(position),
        }
    }

    /// Appends the entries that refer to an id with this hash to `out`.
    pub(super) fn find_references(
        &self,
        target_hash: u64,
        out: &mut Vec<Reference>,
    ) -> Result<(), StorageError> {
        if !self.reference_filter.may_contain(target_hash) {
            return Ok(());
        }
        self.references.find(&self.file, &target_hash.to_be_bytes(), |record| {
            out.extend(Reference::decode(record).map(|(_, reference)| reference));
        })
    }

    /// The rows of the block that holds `position`, and the position of the first.
    pub(super) fn rows_around(&self, position: u32) -> Result<(u32, Vec<Row>), StorageError> {
        let block = (position - self.first) / BLOCK_ROWS;
        Ok((self.first + block * BLOCK_ROWS, self.rows.block(&self.file, block)?))
    }

    /// What it holds of a tenant.
    pub(super) fn tenant(&self, tenant: TenantId) -> Option<&TenantPart> {
        let index = self.tenants.binary_search_by_key(&tenant, |part| part.tenant).ok()?;
        self.tenants.get(index)
    }
}

#[cfg(test)]
mod tests {
    use super::{name_of, parse_name};

    #[test]
    fn names_tell_which_positions_a_run_covers() {
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
