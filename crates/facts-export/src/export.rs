//! Bringing a folder up to date.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use acta_facts::Table;
use sha2::{Digest, Sha256};

use crate::file_name::FileName;
use crate::manifest::{
    ExportFile, Manifest, SCHEMA, find_manifest, remove_others, replace_file, replace_manifest,
};
use crate::month::Month;
use crate::order::MonthRows;
use crate::progress::{ExportError, Exporting};
use crate::survey::{Surveyed, survey};
use crate::writer::write_rows;

/// The manifest of a folder whose files are those of these facts already, so that an export would
/// write nothing.
///
/// # Errors
///
/// Of the files.
pub fn find_current(table: &Table, folder: &Path) -> io::Result<Option<Manifest>> {
    let is_whole = |file: &ExportFile| {
        let length = fs::metadata(folder.join(file.name.to_string())).map(|found| found.len());
        length.is_ok_and(|length| length == file.bytes)
    };
    let manifest = find_manifest(folder)?.filter(|manifest| {
        (manifest.sequence, manifest.persons_version) == (table.sequence(), table.persons_version())
            && manifest.stored == stored_of(table)
            && manifest.files.iter().all(is_whole)
    });
    Ok(manifest)
}

/// Brings the files of a folder up to date with the facts: writes those that are new or have
/// changed, and removes those that are no longer there. Nobody else writes to the folder meanwhile.
///
/// # Errors
///
/// [`ExportError`]. The files that the manifest names are whole in any case; a later export goes on
/// from there.
pub fn export(
    table: &Table,
    folder: &Path,
    mut exporting: Exporting<'_>,
) -> Result<Manifest, ExportError> {
    acta_files::create_directory(folder)?;
    if let Some(current) = find_current(table, folder)? {
        remove_others(folder, &current)?;
        return Ok(current);
    }
    let old = find_manifest(folder)?.unwrap_or_default();
    let months = survey(table, &mut exporting)?;
    let kept = |month: &Month, surveyed: &Surveyed| {
        let file = old.find(FileName::of(*month))?;
        let is_same = file.fingerprint == surveyed.fingerprint() && file.rows == surveyed.rows;
        let length = fs::metadata(folder.join(file.name.to_string())).map(|file| file.len());
        (is_same && length.is_ok_and(|length| length == file.bytes)).then(|| file.clone())
    };
    let mut manifest = Manifest { schema: SCHEMA, ..old.clone() };
    let changed: Vec<(Month, Surveyed)> = months
        .iter()
        .filter(|(month, it)| kept(month, it).is_none())
        .map(|(m, it)| (*m, *it))
        .collect();
    exporting.begin(changed.iter().map(|(_, surveyed)| surveyed.rows).sum());
    for (month, surveyed) in changed {
        let file = write_month(table, folder, (month, surveyed), &mut exporting)?;
        manifest.files.retain(|known| known.name != file.name);
        manifest.files.push(file);
        manifest.update_totals();
        // So that an export that is stopped does not begin from the start the next time.
        replace_manifest(folder, &manifest)?;
    }
    let is_there = |file: &ExportFile| months.contains_key(&file.name.month());
    manifest.files.retain(is_there);
    manifest.sequence = table.sequence();
    manifest.stored = stored_of(table);
    manifest.persons_version = table.persons_version();
    manifest.update_totals();
    if manifest != old {
        replace_manifest(folder, &manifest)?;
    }
    remove_others(folder, &manifest)?;
    Ok(manifest)
}

/// When the last statement was stored, if there is one.
fn stored_of(table: &Table) -> Option<String> {
    (0 < table.sequence()).then(|| text_of(table.stored()))
}

impl Manifest {
    fn update_totals(&mut self) {
        self.files.sort_by_key(|file| file.name.month());
        self.rows = self.files.iter().map(|file| file.rows).sum();
    }
}

impl Surveyed {
    fn fingerprint(&self) -> String {
        format!("{:016x}", self.fingerprint)
    }
}

fn write_month(
    table: &Table,
    folder: &Path,
    (month, surveyed): (Month, Surveyed),
    exporting: &mut Exporting<'_>,
) -> Result<ExportFile, ExportError> {
    let rows = MonthRows::count(table, month, surveyed.times, exporting)?;
    let name = FileName::of(month);
    let (bytes, digest) = replace_file(folder, &name.to_string(), |file| {
        let mut output = Hashed { file, digest: Sha256::new(), bytes: 0 };
        write_rows(table, &rows, &mut output, exporting)?;
        Ok::<_, ExportError>((output.bytes, output.digest.finalize()))
    })?;
    let sequence = |sequence: i64| u64::try_from(sequence).unwrap_or_default();
    Ok(ExportFile {
        name,
        month: month.to_string(),
        rows: surveyed.rows,
        bytes,
        sha256: hex::encode(digest),
        sequence_min: sequence(surveyed.sequences.0),
        sequence_max: sequence(surveyed.sequences.1),
        timestamp_min: text_of(surveyed.times.0),
        timestamp_max: text_of(surveyed.times.1),
        fingerprint: surveyed.fingerprint(),
    })
}

/// A time in microseconds since 1970 as text.
///
/// Spec: RFC 3339.
fn text_of(micros: i64) -> String {
    let bound = if micros < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
    jiff::Timestamp::from_microsecond(micros).unwrap_or(bound).to_string()
}

/// A file with the hash of what was written to it.
struct Hashed<'f> {
    file: &'f mut fs::File,
    digest: Sha256,
    bytes: u64,
}

impl Write for Hashed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.digest.update(&bytes[..count]);
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests;
