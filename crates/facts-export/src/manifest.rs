//! The manifest of an export: which files there are and what is in them.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::file_name::FileName;

/// The version of the columns. It changes when a column is removed or gets another meaning; a
/// column that is new does not change it.
pub const SCHEMA: u32 = 1;

/// The name of the manifest.
pub const MANIFEST_NAME: &str = "manifest.json";

/// What an export consists of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Manifest {
    /// The version of the columns.
    #[schema(example = 1)]
    pub schema: u32,
    /// The number of the last statement of the tenant that the export has seen.
    pub sequence: u64,
    /// When it was stored; null if there are no statements.
    #[schema(format = DateTime)]
    pub stored: Option<String>,
    /// The version of the persons of the tenant whose identifiers are joined; 0 if there are none.
    #[serde(default)]
    pub persons_version: u64,
    /// How many rows all files have.
    pub rows: u64,
    /// The files, in the order of their months.
    pub files: Vec<ExportFile>,
    /// Files that are not part of it any more, while they are being removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>, required = false)]
    pub removing: Vec<FileName>,
}

/// A file of an export: the facts of a month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExportFile {
    /// The name of the file.
    #[schema(value_type = String, example = "facts-2026-03.parquet")]
    pub name: FileName,
    /// The month in UTC, or `earlier` for all before the year 2000, or `later` for all after 2099.
    #[schema(example = "2026-03")]
    pub month: String,
    /// How many rows it has.
    pub rows: u64,
    /// How many bytes it has.
    pub bytes: u64,
    /// The SHA-256 of its bytes, in hexadecimal digits.
    pub sha256: String,
    /// The smallest sequence of its rows.
    pub sequence_min: u64,
    /// The largest sequence of its rows.
    pub sequence_max: u64,
    /// The first timestamp of its rows.
    #[schema(format = DateTime)]
    pub timestamp_min: String,
    /// The last timestamp of its rows.
    #[schema(format = DateTime)]
    pub timestamp_max: String,
    /// A hash of what its rows are made from: a file with the same one is not written again.
    pub fingerprint: String,
}

impl Manifest {
    /// The file with a name.
    pub fn find(&self, name: FileName) -> Option<&ExportFile> {
        self.files.iter().find(|file| file.name == name)
    }
}

/// Reads the manifest of a folder; none if there is none, or it is of another version.
///
/// # Errors
///
/// Of the file.
pub fn find_manifest(folder: &Path) -> io::Result<Option<Manifest>> {
    let text = match fs::read(folder.join(MANIFEST_NAME)) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let manifest: Option<Manifest> = serde_json::from_slice(&text).ok();
    Ok(manifest.filter(|manifest| manifest.schema == SCHEMA))
}

/// Removes the exported files of a folder that a manifest does not name, and what is left of files
/// that were being written. Whatever else is in the folder stays.
///
/// # Errors
///
/// Of the files.
pub fn remove_others(folder: &Path, manifest: &Manifest) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let (whole, is_partial) = match name.strip_suffix(NEW) {
            Some(whole) => (whole, true),
            None => (name, false),
        };
        let Ok(name) = whole.parse::<FileName>() else { continue };
        if !is_partial && manifest.find(name).is_some() {
            continue;
        }
        match fs::remove_file(entry.path()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// What the names of files end with that are being written.
const NEW: &str = ".new";

/// Replaces a file, or makes it, with what `write` writes: readers see the whole old or the whole
/// new one. Durable afterwards.
///
/// # Errors
///
/// Of the file, and those of `write`.
pub fn replace_file<T, E: From<io::Error>>(
    folder: &Path,
    name: &str,
    write: impl FnOnce(&mut File) -> Result<T, E>,
) -> Result<T, E> {
    let new = folder.join(format!("{name}{NEW}"));
    let mut file = acta_files::replace(&new)?;
    let written = write(&mut file).and_then(|written| Ok(file.sync_all().map(|()| written)?));
    if written.is_err() {
        // The error is that of writing, whatever becomes of the rest.
        let _ = fs::remove_file(&new);
        return written;
    }
    fs::rename(&new, folder.join(name))?;
    File::open(folder)?.sync_all()?;
    written
}

/// Replaces the manifest of a folder.
///
/// # Errors
///
/// Of the file.
pub(crate) fn replace_manifest(folder: &Path, manifest: &Manifest) -> io::Result<()> {
    let text = serde_json::to_vec_pretty(manifest)?;
    replace_file(folder, MANIFEST_NAME, |file| file.write_all(&text))
}
