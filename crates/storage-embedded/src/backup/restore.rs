//! Reading a backup: to check it, or to make a store of it.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use acta_statement_log::disk::Disk;
use acta_xapi::scalar::Sha2Hasher;

use super::destination::{Destination, NewFile, read_pieces};
use super::manifest::{FileEntry, Manifest};
use super::progress::{CopyStage, Meter, OnCopy};
use super::rights::GroupRights;
use super::{BackupError, tree};
use crate::directory::{RESTORING_NAME, STORE_NAME, make_directory_like};
use crate::identity::DirectoryLock;

const RESTORING: &str = "restoring the store";

/// A backup to be read.
pub struct Restore<'a> {
    /// The directory with the backup.
    pub from: &'a Path,
    /// The file system.
    pub disk: &'a dyn Disk,
    /// Called while files are read.
    pub on_progress: OnCopy<'a>,
}

impl fmt::Debug for Restore<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Restore").field("from", &self.from).finish_non_exhaustive()
    }
}

/// What was restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// When the backup was taken, RFC 3339.
    pub taken: String,
    /// Which one of its destination it is, from 1.
    pub number: u64,
    /// Statements in it.
    pub statement_count: u64,
    /// Contents of attachments in it.
    pub attachment_count: u64,
    /// Files in it.
    pub file_count: u64,
    /// Bytes of these files.
    pub bytes: u64,
    /// Attachments that were damaged in the store and are not in the backup.
    pub missing: Vec<String>,
}

/// What a check of a backup has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// What a restore would bring.
    pub backup: Restored,
    /// Files that are missing or are not what the manifest says.
    pub damaged: Vec<PathBuf>,
}

impl Restored {
    fn of(manifest: Manifest) -> Self {
        Self {
            number: manifest.number,
            statement_count: manifest.statement_count,
            attachment_count: manifest.attachment_count(),
            file_count: manifest.files.len() as u64,
            bytes: manifest.bytes(),
            taken: manifest.taken,
            missing: manifest.damaged,
        }
    }
}

impl Restore<'_> {
    /// Reads every file of the backup and compares it with the manifest. Writes nothing.
    /// Blocks.
    ///
    /// # Errors
    ///
    /// As [`Restore::run`], less [`BackupError::NotEmpty`]; a damaged file is no error here,
    /// unless it is the manifest.
    pub fn check(&self) -> Result<Checked, BackupError> {
        let (backup, manifest) = Destination::open_to_read(self.disk, self.from)?;
        let meter = self.meter(&manifest);
        let mut damaged = Vec::new();
        for entry in manifest.files.values() {
            match read_file(&backup, entry, &meter, |_| Ok(())) {
                Ok(()) => {}
                Err(BackupError::Damaged { .. }) => damaged.push(backup.path(&entry.file)),
                Err(error) => return Err(error),
            }
        }
        Ok(Checked { backup: Restored::of(manifest), damaged })
    }

    /// Makes a store of the backup in `data`, which must be missing or empty. Blocks.
    ///
    /// Once this returns `Ok`, the store is whole and survives loss of power; its index is
    /// made when it is opened. Otherwise what is in `data` will not be taken for a store.
    ///
    /// # Errors
    ///
    /// - [`BackupError::NoBackup`]: there is nothing to restore.
    /// - [`BackupError::InUse`]: another process works on the backup, or on `data`.
    /// - [`BackupError::NotEmpty`]: something is in `data`.
    /// - [`BackupError::Newer`]: a newer release wrote the backup.
    /// - [`BackupError::Damaged`]: a file of the backup is not what it should be; it is named.
    /// - [`BackupError::Io`]: the system failed, or has no room.
    pub fn run(&self, data: &Path) -> Result<Restored, BackupError> {
        let (backup, manifest) = Destination::open_to_read(self.disk, self.from)?;
        let failed = BackupError::io(RESTORING, data);
        make_directory_like(self.disk, data, self.from).map_err(&failed)?;
        if !tree::is_empty(&self.disk.list(data).map_err(&failed)?) {
            return Err(BackupError::NotEmpty { directory: data.to_path_buf() });
        }
        let _lock = DirectoryLock::take(data).map_err(BackupError::open(data))?;
        let mark = data.join(RESTORING_NAME);
        self.disk.create(&mark).and_then(|file| file.sync()).map_err(&failed)?;
        self.disk.sync_directory(data).map_err(&failed)?;

        let meter = self.meter(&manifest);
        let mut target = Target { disk: self.disk, data, made: BTreeSet::new() };
        let (identity, others): (Vec<_>, Vec<_>) =
            manifest.files.iter().partition(|(path, _)| path.as_str() == STORE_NAME);
        for (path, entry) in others.into_iter().chain(identity) {
            target.restore(&backup, path, entry, &meter)?;
        }
        let mut rights = GroupRights::new(self.disk, self.from, data);
        for (path, entry) in &manifest.files {
            rights.copy(&entry.file, path)?;
        }
        target.sync().map_err(&failed)?;
        self.disk.remove(&mark).map_err(&failed)?;
        self.disk.sync_directory(data).map_err(failed)?;
        Ok(Restored::of(manifest))
    }

    fn meter(&self, manifest: &Manifest) -> Meter<'_> {
        let meter = Meter::new(self.on_progress);
        meter.begin(CopyStage::Files, manifest.bytes());
        meter
    }
}

/// Gives the content of a file away, and checks it.
fn read_file(
    backup: &Destination<'_>,
    entry: &FileEntry,
    meter: &Meter<'_>,
    mut take: impl FnMut(&[u8]) -> Result<(), BackupError>,
) -> Result<(), BackupError> {
    let path = backup.path(&entry.file);
    let mut taken = Ok(());
    let mut hasher = Sha2Hasher::sha256();
    let read = backup.open(&entry.file).and_then(|file| {
        read_pieces(file.as_ref(), entry.bytes, |piece| {
            hasher.update(piece);
            meter.add(piece.len() as u64);
            if taken.is_ok() {
                taken = take(piece);
            }
            Ok(())
        })
    });
    taken?;
    let damaged =
        |why: &str| Err(BackupError::Damaged { place: format!("{}: {why}", path.display()) });
    match read {
        Ok(()) if hasher.finish() == entry.sha256 => Ok(()),
        Ok(()) => damaged("its content is not what the manifest says"),
        Err(error) if tree::is_absent(&error) => damaged("it is missing"),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => damaged("it is too short"),
        Err(error) => Err(BackupError::io("reading the backup", &path)(error)),
    }
}

/// The directory that becomes a store.
struct Target<'a> {
    disk: &'a dyn Disk,
    data: &'a Path,
    /// Directories with new names.
    made: BTreeSet<PathBuf>,
}

impl Target<'_> {
    fn restore(
        &mut self,
        backup: &Destination<'_>,
        path: &str,
        entry: &FileEntry,
        meter: &Meter<'_>,
    ) -> Result<(), BackupError> {
        let path = self.data.join(path);
        let failed = BackupError::io(RESTORING, &path);
        if let Some(directory) = path.parent()
            && !self.made.contains(directory)
        {
            self.disk.create_directory(directory).map_err(&failed)?;
            let inside = directory.ancestors().take_while(|above| above.starts_with(self.data));
            self.made.extend(inside.map(Path::to_path_buf));
        }
        let mut file = NewFile::new(self.disk.create(&path).map_err(failed)?, path);
        read_file(backup, entry, meter, |piece| file.write(piece))?;
        file.finish()?;
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.made.iter().try_for_each(|directory| self.disk.sync_directory(directory))
    }
}
