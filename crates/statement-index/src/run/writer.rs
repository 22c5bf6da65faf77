//! Writes a run: section by section, synced, then under its name.

use std::path::PathBuf;

use acta_storage::StorageError;
use roaring::RoaringBitmap;

use super::Run;
use super::bloom::Bloom;
use super::bytes::{SEAL_BYTES, Sink, len32};
use super::dictionary::DictionaryWriter;
use super::directory::{RunDirectory, remove_if_there, write_failed};
use super::layout::{Footer, MAGIC, SECTION_COUNT, Section, SectionPlace, VERSION, name_of};
use super::rows::RowsWriter;
use super::table::TableWriter;
use super::tenants::TenantsWriter;
use crate::reference::REFERENCE_WIDTH;

/// Bits of the filter for an id.
const ID_FILTER_BITS: usize = 12;

/// Bits of the filter for a reference. Every insertion reads it, so false positives must be rare.
const REFERENCE_FILTER_BITS: usize = 16;

/// A table being written together with its filter.
#[derive(Debug)]
pub(crate) struct FilteredWriter {
    table: TableWriter,
    filter: Bloom,
}

impl FilteredWriter {
    /// Adds a record that is greater than the one before, found by `hash`.
    pub(crate) fn push(
        &mut self,
        sink: &mut Sink,
        record: &[u8],
        hash: u64,
    ) -> Result<(), StorageError> {
        self.filter.add(hash);
        self.table.push(sink, record)
    }
}

/// A run being written. Sections are written in the order of the methods.
#[derive(Debug)]
pub(crate) struct RunWriter {
    run_directory: RunDirectory,
    temporary: PathBuf,
    sink: Sink,
    footer: Footer,
}

type Fill<'a, W> = &'a mut dyn FnMut(&mut W, &mut Sink) -> Result<(), StorageError>;

impl RunWriter {
    /// Makes the temporary file of a run of `count` entries from position `first` on.
    pub(crate) fn create(
        run_directory: &RunDirectory,
        first: u32,
        count: u32,
    ) -> Result<Self, StorageError> {
        let temporary = run_directory.path.join(format!("{}.tmp", name_of(first, count)));
        // What an earlier attempt left behind is worth nothing.
        remove_if_there(run_directory.disk.as_ref(), &temporary)?;
        let file = run_directory.disk.create(&temporary).map_err(write_failed)?;
        let mut sink = Sink::new(file);
        let mut header = MAGIC.to_vec();
        header.extend_from_slice(&VERSION.to_le_bytes());
        sink.put_sealed(&header)?;
        let sections = [SectionPlace::default(); SECTION_COUNT];
        let fingerprint = run_directory.fingerprint;
        let footer =
            Footer { first, count, id_width: 0, last_stored_micros: 0, fingerprint, sections };
        Ok(Self { run_directory: run_directory.clone(), temporary, sink, footer })
    }

    fn end_section(&mut self, section: Section, start: u64) {
        let bytes = self.sink.offset() - start;
        self.footer.sections[section as usize] = SectionPlace { offset: start, bytes };
    }

    fn write_sealed(&mut self, section: Section, bytes: &[u8]) -> Result<(), StorageError> {
        let start = self.sink.offset();
        self.sink.put_sealed(bytes)?;
        self.end_section(section, start);
        Ok(())
    }

    /// Writes the rows.
    pub(crate) fn write_rows(&mut self, fill: Fill<'_, RowsWriter>) -> Result<(), StorageError> {
        let start = self.sink.offset();
        let mut rows = RowsWriter::default();
        fill(&mut rows, &mut self.sink)?;
        let fences = rows.finish(&mut self.sink)?;
        self.end_section(Section::Rows, start);
        self.write_sealed(Section::RowFences, &fences)
    }

    /// Writes the ids, in records of `width` bytes.
    pub(crate) fn write_ids(
        &mut self,
        width: usize,
        fill: Fill<'_, FilteredWriter>,
    ) -> Result<(), StorageError> {
        self.footer.id_width = len32(width);
        let filter = Bloom::new(self.footer.count as usize, ID_FILTER_BITS);
        let sections = [Section::Ids, Section::IdFences, Section::IdFilter];
        self.write_filtered(
            FilteredWriter { table: TableWriter::new(width), filter },
            sections,
            fill,
        )
    }

    /// Writes the references, `count` of them.
    pub(crate) fn write_references(
        &mut self,
        count: usize,
        fill: Fill<'_, FilteredWriter>,
    ) -> Result<(), StorageError> {
        let filter = Bloom::new(count, REFERENCE_FILTER_BITS);
        let table = TableWriter::new(REFERENCE_WIDTH);
        let sections = [Section::References, Section::ReferenceFences, Section::ReferenceFilter];
        self.write_filtered(FilteredWriter { table, filter }, sections, fill)
    }

    fn write_filtered(
        &mut self,
        mut writer: FilteredWriter,
        [table, fences, filter]: [Section; 3],
        fill: Fill<'_, FilteredWriter>,
    ) -> Result<(), StorageError> {
        let start = self.sink.offset();
        fill(&mut writer, &mut self.sink)?;
        let fence_bytes = writer.table.finish(&mut self.sink)?;
        self.end_section(table, start);
        self.write_sealed(fences, &fence_bytes)?;
        self.write_sealed(filter, writer.filter.as_bytes())
    }

    /// Writes the terms of its own positions.
    pub(crate) fn write_terms(
        &mut self,
        fill: Fill<'_, DictionaryWriter>,
    ) -> Result<(), StorageError> {
        self.write_dictionary([Section::Terms, Section::TermFences], fill)
    }

    /// Writes the terms of older positions.
    pub(crate) fn write_late(
        &mut self,
        fill: Fill<'_, DictionaryWriter>,
    ) -> Result<(), StorageError> {
        self.write_dictionary([Section::Late, Section::LateFences], fill)
    }

    fn write_dictionary(
        &mut self,
        [lists, fences]: [Section; 2],
        fill: Fill<'_, DictionaryWriter>,
    ) -> Result<(), StorageError> {
        let start = self.sink.offset();
        let mut dictionary = DictionaryWriter::default();
        fill(&mut dictionary, &mut self.sink)?;
        let fence_bytes = dictionary.finish(&mut self.sink)?;
        self.end_section(lists, start);
        self.write_sealed(fences, &fence_bytes)
    }

    /// Writes which positions its entries voided.
    pub(crate) fn write_voids(&mut self, voids: &RoaringBitmap) -> Result<(), StorageError> {
        let mut bytes = Vec::with_capacity(voids.serialized_size());
        voids.serialize_into(&mut bytes).map_err(write_failed)?;
        self.write_sealed(Section::Voids, &bytes)
    }

    /// Writes the positions of each tenant.
    pub(crate) fn write_tenants(
        &mut self,
        fill: Fill<'_, TenantsWriter>,
    ) -> Result<(), StorageError> {
        let mut tenants = TenantsWriter::default();
        fill(&mut tenants, &mut self.sink)?;
        self.write_sealed(Section::Tenants, &tenants.finish())
    }

    /// Ends the file, makes it durable under its name, and opens it.
    pub(crate) fn finish(mut self, last_stored_micros: i64) -> Result<Run, StorageError> {
        self.footer.last_stored_micros = last_stored_micros;
        let footer = self.footer.encode();
        debug_assert_eq!(footer.len() + SEAL_BYTES, 288);
        self.sink.put_sealed(&footer)?;
        self.sink.finish()?;
        let RunDirectory { disk, path, .. } = &self.run_directory;
        let name = name_of(self.footer.first, self.footer.count);
        disk.rename(&self.temporary, &path.join(&name)).map_err(write_failed)?;
        disk.sync_directory(path).map_err(write_failed)?;
        Run::open(&self.run_directory, &name)
    }
}
