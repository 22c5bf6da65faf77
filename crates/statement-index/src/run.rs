//! Runs: immutable files, each with everything that a stretch of entries brings about.

pub(crate) mod bloom;
pub(crate) mod bytes;
pub(crate) mod dictionary;
pub(crate) mod directory;
pub(crate) mod layout;
pub(crate) mod merge;
pub(crate) mod postings;
pub(crate) mod rows;
pub(crate) mod table;
pub(crate) mod tenants;
pub(crate) mod writer;

use std::ops::Range;
use std::sync::Arc;

use acta_access::TenantId;
use acta_storage::StorageError;
use roaring::RoaringBitmap;

use self::bloom::Bloom;
use self::bytes::RunFile;
use self::dictionary::{Dictionary, DictionaryWalk};
use self::directory::RunDirectory;
use self::layout::{
    FOOTER_BYTES, Footer, HEADER_BYTES, ID_WIDTH_ALONE, ID_WIDTH_SHARED, MAGIC, Section,
    SectionPlace, parse_name,
};
use self::rows::{BLOCK_ROWS, Row, Rows};
use self::table::Table;
use self::tenants::TenantPart;
use crate::reference::{REFERENCE_WIDTH, Reference};

/// An open run.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) file: Arc<RunFile>,
    pub(crate) first: u32,
    pub(crate) count: u32,
    pub(crate) last_stored_micros: i64,
    pub(crate) rows: Rows,
    pub(crate) ids: Table,
    id_filter: Bloom,
    pub(crate) terms: Dictionary,
    pub(crate) late: Dictionary,
    pub(crate) references: Table,
    reference_filter: Bloom,
    /// Positions that its entries voided.
    pub(crate) voids: RoaringBitmap,
    /// By tenant.
    pub(crate) tenants: Vec<TenantPart>,
}

impl Run {
    /// Opens a run, reads what is held in memory and checks it.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`] if it is not what its name says, or not of this version or
    /// fingerprint.
    pub(crate) fn open(run_directory: &RunDirectory, name: &str) -> Result<Self, StorageError> {
        let file = RunFile::open(run_directory, name.to_owned())?;
        let header = file.read_sealed(0, HEADER_BYTES)?;
        if !header.starts_with(&MAGIC) {
            return Err(file.corrupt(0));
        }
        let footer_offset = file.len().saturating_sub(FOOTER_BYTES);
        let bytes = file.read_sealed(footer_offset, FOOTER_BYTES)?;
        let footer = Footer::decode(&bytes).ok_or_else(|| file.corrupt(footer_offset))?;
        let is_named = parse_name(name) == Some((footer.first, footer.count));
        if !is_named || footer.fingerprint != run_directory.fingerprint {
            return Err(file.corrupt(footer_offset));
        }
        Self::load(file, &footer)
    }

    fn load(file: RunFile, footer: &Footer) -> Result<Self, StorageError> {
        let place = |section| footer.sections[section as usize];
        let is_inside = |section: SectionPlace| section.end().is_some_and(|end| end <= file.len());
        if !footer.sections.into_iter().all(is_inside) {
            return Err(file.corrupt(file.len().saturating_sub(FOOTER_BYTES)));
        }
        let read = |section| {
            let SectionPlace { offset, bytes } = place(section);
            file.read_sealed(offset, bytes)
        };
        let wrong = |section| file.corrupt(place(section).offset);
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
    pub(crate) fn end(&self) -> u32 {
        self.first + self.count
    }

    /// Its positions.
    pub(crate) fn positions(&self) -> Range<u32> {
        self.first..self.end()
    }

    /// Walks through its terms, whose postings are its own positions.
    pub(crate) fn walk_terms(&self) -> Result<DictionaryWalk<'_>, StorageError> {
        DictionaryWalk::new(&self.terms, &self.file, self.positions())
    }

    /// Walks through its late terms, whose postings are positions of older runs.
    pub(crate) fn walk_late(&self) -> Result<DictionaryWalk<'_>, StorageError> {
        DictionaryWalk::new(&self.late, &self.file, 0..self.first)
    }

    /// Bytes it takes in memory.
    pub(crate) fn memory_bytes(&self) -> usize {
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
    pub(crate) fn only_tenant(&self) -> Option<TenantId> {
        match &self.tenants[..] {
            [part] => Some(part.tenant),
            _ => None,
        }
    }

    /// Whether an id with this hash may be in the run; never wrong when it says no.
    pub(crate) fn may_contain(&self, id_hash: u64) -> bool {
        self.id_filter.may_contain(id_hash)
    }

    /// The position of the tenant's statement with this id. Reads the disk: call
    /// [`Run::may_contain`] first.
    pub(crate) fn find(&self, tenant: TenantId, id: u128) -> Result<Option<u32>, StorageError> {
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
    pub(crate) fn find_references(
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
    pub(crate) fn rows_around(&self, position: u32) -> Result<(u32, Vec<Row>), StorageError> {
        let block = (position - self.first) / BLOCK_ROWS;
        Ok((self.first + block * BLOCK_ROWS, self.rows.block(&self.file, block)?))
    }

    /// What it holds of a tenant.
    pub(crate) fn tenant(&self, tenant: TenantId) -> Option<&TenantPart> {
        let index = self.tenants.binary_search_by_key(&tenant, |part| part.tenant).ok()?;
        self.tenants.get(index)
    }
}
