//! Backups: a copy of a store, taken while it runs, and the way back.
//!
//! A backup reads the files beside the process that has the store open, and needs nothing
//! from it. What is acknowledged before it begins is in it, and what is in it is a store
//! that opens. The order makes it so:
//!
//! 1. The tables, in one transaction that only reads. They know no statement that was not
//!    durable by then; so a log that ends before them is damaged at its end, and was not
//!    merely being written there.
//! 2. The log. Its last segment is measured, synced, and copied as far as it then reached, to
//!    the last whole frame: so the backup never has what the store might still lose. Each
//!    frame is checked, as a start would check it.
//! 3. Attachments. Each stands at its place before a statement that names it is durable, is
//!    never changed there, and is taken away only if no statement names it.
//!
//! Bytes that do not check are never copied: damage of the tables or the log ends the run,
//! and damaged attachments are left out and named. What the destination has already is not
//! copied again, and is good until the new manifest is durable; see
//! `docs/format/backup.md`.

mod attachments;
mod destination;
mod error;
mod last;
mod log;
mod manifest;
mod progress;
mod restore;
mod rights;
mod tree;

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::path::Path;

use acta_ambient::Timestamp;
use acta_statement_log::disk::Disk;
use acta_statement_log::disk::read_only::ReadOnlyDisk;
use acta_xapi::Sha2;

use crate::directory::{STORE_NAME, TABLES_NAME};
use crate::engine::recovery::closing;
use crate::identity::Identity;
use crate::tables;
use destination::Destination;
pub use error::BackupError;
pub use last::LastBackup;
use manifest::{FileEntry, Manifest};
use progress::Meter;
pub use progress::{CopyProgress, CopyStage, OnCopy};
pub use restore::{Checked, Restore, Restored};
use rights::GroupRights;

/// A backup to be taken.
pub struct Backup<'a> {
    /// The directory of the store, which may be open in another process.
    pub data: &'a Path,
    /// Where the backup goes: a directory that is missing, empty, or has the backup before.
    pub to: &'a Path,
    /// The file system.
    pub disk: &'a dyn Disk,
    /// When it is taken.
    pub taken: Timestamp,
    /// The version of the program, to be noted.
    pub program: &'a str,
    /// Called while files are copied.
    pub on_progress: OnCopy<'a>,
}

impl fmt::Debug for Backup<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backup")
            .field("data", &self.data)
            .field("to", &self.to)
            .field("taken", &self.taken)
            .finish_non_exhaustive()
    }
}

/// What a finished backup consists of, and what of it was copied now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackedUp {
    /// How many backups this destination has seen.
    pub number: u64,
    /// Statements in it.
    pub statement_count: u64,
    /// Contents of attachments in it.
    pub attachment_count: u64,
    /// Files in it.
    pub file_count: u64,
    /// Bytes of these files.
    pub bytes: u64,
    /// Files that were written now: new ones, and the one that grew.
    pub copied_file_count: u64,
    /// Bytes that were written now.
    pub copied_bytes: u64,
    /// Attachments whose content in the store does not check, and why. They are in the
    /// backup only if an earlier one had them.
    pub damaged: Vec<String>,
}

/// A backup under way.
struct Run<'a> {
    source: ReadOnlyDisk<&'a dyn Disk>,
    data: &'a Path,
    destination: Destination<'a>,
    former: Manifest,
    /// Names of files in the destination that the former backup needs.
    taken_names: HashSet<String>,
    /// The files of the new backup.
    files: BTreeMap<String, FileEntry>,
    copied_file_count: u64,
    copied_bytes: u64,
    /// Paths of attachments, and what is wrong with them.
    damaged: Vec<(String, String)>,
    meter: Meter<'a>,
}

impl Backup<'_> {
    /// Takes the backup. Blocks.
    ///
    /// Once this returns `Ok`, the backup in the destination is the new one, and survives
    /// loss of power. Otherwise it is the one that was there before, whole and usable.
    ///
    /// # Errors
    ///
    /// - [`BackupError::NoStore`]: there is nothing to copy.
    /// - [`BackupError::InUse`]: another backup or a restore works on the destination.
    /// - [`BackupError::NotEmpty`]: the destination is used for something else.
    /// - [`BackupError::Diverged`]: the destination has the backup of another store, or of
    ///   this one with statements that it does not have.
    /// - [`BackupError::Newer`]: a newer release wrote the store or the backup.
    /// - [`BackupError::Damaged`]: the log or the tables do not check; the place is named.
    /// - [`BackupError::Io`]: the system failed, or has no room.
    pub fn run(&self) -> Result<BackedUp, BackupError> {
        let source = ReadOnlyDisk(self.disk);
        let identity = Identity::read(&source, self.data).map_err(BackupError::open(self.data))?;
        let no_store = || BackupError::NoStore { directory: self.data.to_path_buf() };
        let store_id = identity.ok_or_else(no_store)?.store_id;
        let (mut destination, former) = Destination::open_to_write(self.disk, self.to, self.data)?;
        let former = match former {
            Some(former) if former.store_id != store_id => {
                let reason = "it is the backup of another store".to_owned();
                return Err(BackupError::Diverged { directory: self.to.to_path_buf(), reason });
            }
            Some(former) => former,
            None => {
                // From now on the directory is known to be for backups.
                let first = self.manifest(0, store_id);
                destination.commit(&first)?;
                first
            }
        };
        destination.sweep(&former)?;
        let mut manifest = self.manifest(former.number + 1, store_id);
        let mut run = Run {
            source,
            data: self.data,
            destination,
            taken_names: former.files.values().map(|entry| entry.file.clone()).collect(),
            former,
            files: BTreeMap::new(),
            copied_file_count: 0,
            copied_bytes: 0,
            damaged: Vec::new(),
            meter: Meter::new(self.on_progress),
        };
        let durable_count = run.copy_tables(self.taken)?.max(run.marked_count(store_id)?);
        manifest.statement_count = run.copy_log(store_id, durable_count)?;
        run.copy_attachments()?;
        run.copy_identity()?;
        manifest.files = std::mem::take(&mut run.files);
        let lost = run.damaged.iter().map(|(path, _)| path);
        manifest.damaged =
            lost.filter(|path| !manifest.files.contains_key(*path)).cloned().collect();
        run.copy_rights(&manifest)?;
        run.destination.commit(&manifest)?;
        run.destination.sweep(&manifest)?;
        Ok(BackedUp {
            number: manifest.number,
            statement_count: manifest.statement_count,
            attachment_count: manifest.attachment_count(),
            file_count: manifest.files.len() as u64,
            bytes: manifest.bytes(),
            copied_file_count: run.copied_file_count,
            copied_bytes: run.copied_bytes,
            damaged: run.damaged.iter().map(|(path, why)| format!("{path}: {why}")).collect(),
        })
    }

    /// The manifest of a backup without files.
    fn manifest(&self, number: u64, store_id: [u8; 16]) -> Manifest {
        Manifest {
            number,
            taken: self.taken.to_string(),
            program: self.program.to_owned(),
            store_id,
            statement_count: 0,
            damaged: Vec::new(),
            files: BTreeMap::new(),
        }
    }
}

impl Run<'_> {
    /// Where a new file goes: to the name that it has in the store, if that is free.
    fn free_name(&self, path: &str) -> String {
        let number = self.former.number + 1;
        let is_taken = self.taken_names.contains(path);
        if is_taken { tree::numbered(path, number) } else { path.to_owned() }
    }

    /// Notes a file that is part of the new backup, and how much of it was written now.
    fn add(&mut self, path: &str, entry: FileEntry, copied_bytes: u64) {
        self.copied_file_count += 1;
        self.copied_bytes += copied_bytes;
        self.files.insert(path.to_owned(), entry);
    }

    /// Gives the files that are new in the backup the rights that the group has in the store.
    fn copy_rights(&self, manifest: &Manifest) -> Result<(), BackupError> {
        let destination = &self.destination;
        let mut rights = GroupRights::new(destination.disk(), self.data, destination.root());
        for (path, entry) in &manifest.files {
            if self.former.files.get(path).is_none_or(|former| former.file != entry.file) {
                rights.copy(path, &entry.file)?;
            }
        }
        Ok(())
    }

    /// How many statements the log had when the store was closed, if it is closed.
    fn marked_count(&self, store_id: [u8; 16]) -> Result<u64, BackupError> {
        let directory = self.data.join("log");
        let closing = closing(&self.source, &directory, store_id);
        let closing = closing.map_err(BackupError::open(&directory))?;
        Ok(closing.map_or(0, |closing| closing.next_position))
    }

    /// Returns how many statements at least were durable.
    fn copy_tables(&mut self, now: Timestamp) -> Result<u64, BackupError> {
        let path = TABLES_NAME;
        let file = self.free_name(path);
        self.destination.make_room_for(&file)?;
        let to = self.destination.path(&file);
        let meter = &self.meter;
        let copied = tables::copy(self.data, &to, now, &|done, total| {
            meter.show(CopyStage::Tables, done, total);
        });
        let position = copied.map_err(BackupError::storage("copying the tables", &to))?;
        let entry = self.destination.sync_and_hash(&file)?;
        let bytes = entry.bytes;
        self.add(path, entry, bytes);
        Ok(position)
    }

    /// The file was checked when it was read first, and never changes.
    fn copy_identity(&mut self) -> Result<(), BackupError> {
        let from = self.data.join(STORE_NAME);
        let failed = BackupError::io("reading the store's identity", &from);
        let file = self.source.open(&from).map_err(&failed)?;
        let mut bytes = vec![0; usize::try_from(file.len().map_err(&failed)?).unwrap_or(0)];
        file.read_at(&mut bytes, 0).map_err(failed)?;
        let sha256 = Sha2::sha256(&bytes);
        if let Some(entry) = self.former.files.get(STORE_NAME)
            && (entry.sha256 == sha256 && self.destination.holds(entry))
        {
            self.files.insert(STORE_NAME.to_owned(), entry.clone());
            return Ok(());
        }
        let name = self.free_name(STORE_NAME);
        let mut copy = self.destination.create(&name)?;
        copy.write(&bytes)?;
        let len = copy.finish()?;
        self.add(STORE_NAME, FileEntry { file: name, bytes: len, sha256 }, len);
        Ok(())
    }
}
