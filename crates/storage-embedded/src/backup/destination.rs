//! The directory that a backup is written to.
//!
//! What the manifest there names is never changed, but for the last segment of the log, to
//! which bytes may be appended. Everything is durable before the next manifest is.

use std::collections::{BTreeSet, HashSet};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use acta_statement_log::disk::read_only::ReadOnlyDisk;
use acta_statement_log::disk::{self, Disk, DiskFile, remove_if_there};
use acta_xapi::Sha2;
use acta_xapi::scalar::Sha2Hasher;

use super::BackupError;
use super::manifest::{self, FileEntry, Manifest, Unreadable};
use super::tree;
use crate::directory::make_directory_like;

const LOCK_NAME: &str = "lock";
const MANIFEST_NAME: &str = "manifest.jsonl";
const DRAFT_NAME: &str = "manifest.jsonl.tmp";

/// How much is written at once, in bytes.
const PIECE_BYTES: usize = 1 << 20;

const WRITING: &str = "writing the backup";
const READING: &str = "reading the backup";

/// A directory with a backup, locked.
#[derive(Debug)]
pub(super) struct Destination<'d> {
    disk: &'d dyn Disk,
    root: PathBuf,
    /// Directories with names that are not durable yet.
    changed: BTreeSet<PathBuf>,
    _lock: Option<File>,
}

impl<'d> Destination<'d> {
    /// Opens the directory to write a backup of `data`, making it if it is missing, with the same
    /// owner and rights. The manifest that is there comes along.
    ///
    /// # Errors
    ///
    /// [`BackupError::InUse`], [`BackupError::Io`], [`BackupError::NotEmpty`] if there is
    /// something that is not a backup, or as for reading a manifest.
    pub(super) fn open_to_write(
        disk: &'d dyn Disk,
        root: &Path,
        data: &Path,
    ) -> Result<(Self, Option<Manifest>), BackupError> {
        make_directory_like(disk, root, data).map_err(BackupError::io(WRITING, root))?;
        let mut names = disk.list(root).map_err(BackupError::io(WRITING, root))?;
        names.retain(|name| name != DRAFT_NAME);
        if !names.iter().any(|name| name == MANIFEST_NAME) && !tree::is_empty(&names) {
            return Err(BackupError::NotEmpty { directory: root.to_path_buf() });
        }
        let path = root.join(LOCK_NAME);
        let lock = disk::lock(&path).map_err(BackupError::io("locking the backup", &path))?;
        let in_use = || BackupError::InUse { directory: root.to_path_buf() };
        let lock = Some(lock.ok_or_else(in_use)?);
        let (root, changed) = (root.to_path_buf(), BTreeSet::new());
        let destination = Self { disk, root, changed, _lock: lock };
        let manifest = destination.read_manifest()?;
        Ok((destination, manifest))
    }

    /// Opens the directory to read the backup in it.
    ///
    /// # Errors
    ///
    /// [`BackupError::NoBackup`], [`BackupError::InUse`], or as for reading a manifest.
    pub(super) fn open_to_read(
        disk: &'d dyn Disk,
        root: &Path,
    ) -> Result<(Self, Manifest), BackupError> {
        let directory = root.to_path_buf();
        let none = || BackupError::NoBackup { directory: directory.clone() };
        let names = match disk.list(root) {
            Ok(names) => names,
            Err(error) if tree::is_absent(&error) => return Err(none()),
            Err(error) => return Err(BackupError::io(READING, root)(error)),
        };
        if !names.iter().any(|name| name == MANIFEST_NAME) {
            return Err(none());
        }
        let lock = match disk::lock(&root.join(LOCK_NAME)) {
            Ok(Some(lock)) => Some(lock),
            Ok(None) => return Err(BackupError::InUse { directory }),
            // No backup can be written there either.
            Err(_not_writable) => None,
        };
        let destination =
            Self { disk, root: directory.clone(), changed: BTreeSet::new(), _lock: lock };
        let manifest = destination.read_manifest()?;
        let finished = manifest.filter(|manifest| manifest.number > 0);
        Ok((destination, finished.ok_or_else(none)?))
    }

    fn read_manifest(&self) -> Result<Option<Manifest>, BackupError> {
        let path = self.path(MANIFEST_NAME);
        let failed = BackupError::io(READING, &path);
        let file = match self.disk.open_to_read(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let len = file.len().map_err(&failed)?;
        let mut bytes = vec![0; usize::try_from(len).unwrap_or(0)];
        file.read_at(&mut bytes, 0).map_err(failed)?;
        match Manifest::decode(&bytes) {
            Ok(manifest) => Ok(Some(manifest)),
            Err(Unreadable::Damaged) => {
                Err(BackupError::Damaged { place: path.display().to_string() })
            }
            Err(Unreadable::Newer(found)) => {
                Err(BackupError::Newer { path, found, known: manifest::VERSION })
            }
        }
    }

    /// Where the directory is.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Where a file of the backup is.
    pub(super) fn path(&self, file: &str) -> PathBuf {
        self.root.join(file)
    }

    /// The file system.
    pub(super) fn disk(&self) -> &'d dyn Disk {
        self.disk
    }

    /// Opens a file of the backup for reading.
    pub(super) fn open(&self, file: &str) -> io::Result<Arc<dyn DiskFile>> {
        self.disk.open_to_read(&self.path(file))
    }

    /// Whether a file is there and long enough; its content is not read.
    pub(super) fn holds(&self, entry: &FileEntry) -> bool {
        self.open(&entry.file).and_then(|file| file.len()).is_ok_and(|len| entry.bytes <= len)
    }

    /// Makes the directory of a file, and notes that its name is to be made durable.
    ///
    /// # Errors
    ///
    /// [`BackupError::Io`].
    pub(super) fn make_room_for(&mut self, file: &str) -> Result<(), BackupError> {
        let path = self.path(file);
        let Some(directory) = path.parent() else { return Ok(()) };
        if !self.changed.contains(directory) {
            let created = self.disk.create_directory(directory);
            created.map_err(BackupError::io(WRITING, directory))?;
            let inside = directory.ancestors().take_while(|above| above.starts_with(&self.root));
            self.changed.extend(inside.map(Path::to_path_buf));
        }
        Ok(())
    }

    /// Begins a new file.
    ///
    /// # Errors
    ///
    /// [`BackupError::Io`].
    pub(super) fn create(&mut self, file: &str) -> Result<NewFile, BackupError> {
        self.make_room_for(file)?;
        let path = self.path(file);
        let created = self.disk.create(&path).map_err(BackupError::io(WRITING, &path))?;
        Ok(NewFile::new(created, path))
    }

    /// Goes on with a file behind the bytes that belong to the backup.
    ///
    /// # Errors
    ///
    /// [`BackupError::Io`].
    pub(super) fn extend(&self, entry: &FileEntry) -> Result<NewFile, BackupError> {
        let path = self.path(&entry.file);
        let failed = BackupError::io(WRITING, &path);
        let file = self.disk.open(&path).map_err(&failed)?;
        // An earlier run may have been broken off while it appended.
        file.truncate(entry.bytes).map_err(failed)?;
        Ok(NewFile { at: entry.bytes, ..NewFile::new(file, path) })
    }

    /// Removes a file that no manifest names.
    ///
    /// # Errors
    ///
    /// [`BackupError::Io`].
    pub(super) fn remove(&self, file: &str) -> Result<(), BackupError> {
        let path = self.path(file);
        self.disk.remove(&path).map_err(BackupError::io("removing from the backup", &path))
    }

    /// Syncs a file that was written by other means, and gives its length and hash.
    ///
    /// # Errors
    ///
    /// [`BackupError::Io`].
    pub(super) fn sync_and_hash(&self, file: &str) -> Result<FileEntry, BackupError> {
        let path = self.path(file);
        let failed = BackupError::io(WRITING, &path);
        let opened = self.disk.open(&path).map_err(&failed)?;
        opened.sync().map_err(&failed)?;
        let bytes = opened.len().map_err(&failed)?;
        let mut hasher = Sha2Hasher::sha256();
        read_pieces(opened.as_ref(), bytes, |piece| {
            hasher.update(piece);
            Ok(())
        })
        .map_err(failed)?;
        Ok(FileEntry { file: file.to_owned(), bytes, sha256: hasher.finish() })
    }

    /// Makes `manifest` the one that counts, after everything that it names.
    ///
    /// # Errors
    ///
    /// [`BackupError::Io`]. The manifest that was there before then still counts, unless
    /// only the last sync failed.
    pub(super) fn commit(&mut self, manifest: &Manifest) -> Result<(), BackupError> {
        for directory in &self.changed {
            let synced = self.disk.sync_directory(directory);
            synced.map_err(BackupError::io("syncing the backup", directory))?;
        }
        self.changed.clear();
        let (draft, path) = (self.path(DRAFT_NAME), self.path(MANIFEST_NAME));
        let write = || {
            remove_if_there(self.disk, &draft)?;
            let bytes = manifest.encode().map_err(io::Error::from)?;
            let file = self.disk.create(&draft)?;
            file.write_at(&bytes, 0)?;
            file.sync()?;
            self.disk.rename(&draft, &path)?;
            self.disk.sync_directory(&self.root)
        };
        write().map_err(BackupError::io("writing the manifest of the backup", &path))
    }

    /// Removes every file of a backup that `manifest` does not name.
    ///
    /// # Errors
    ///
    /// [`BackupError::Io`].
    pub(super) fn sweep(&self, manifest: &Manifest) -> Result<(), BackupError> {
        let needed: HashSet<&str> =
            manifest.files.values().map(|entry| entry.file.as_str()).collect();
        let disk = ReadOnlyDisk(self.disk);
        let failed = BackupError::io("looking through the backup", &self.root);
        let mut found = tree::list(&disk, &self.root, "").map_err(&failed)?;
        found.retain(|name| tree::is_backups_own(name));
        let log = tree::list(&disk, &self.root, "log").map_err(&failed)?;
        found.extend(log.into_iter().filter(|name| tree::is_segment(name)));
        let attachments = tree::list_attachments(&disk, &self.root).map_err(failed)?;
        found.extend(attachments.into_iter().map(|one| one.path));
        found.retain(|file| !needed.contains(file.as_str()));
        found.iter().try_for_each(|file| self.remove(file))
    }
}

/// Gives the first `len` bytes of a file away in pieces.
pub(super) fn read_pieces(
    file: &dyn DiskFile,
    len: u64,
    mut take: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut at = 0;
    let mut buffer = vec![0; PIECE_BYTES];
    while at < len {
        let count = usize::try_from(len - at).unwrap_or(usize::MAX).min(PIECE_BYTES);
        let piece = buffer.get_mut(..count).unwrap_or_default();
        file.read_at(piece, at)?;
        take(piece)?;
        at += count as u64;
    }
    Ok(())
}

/// A file that is being written, in large pieces.
#[derive(Debug)]
pub(super) struct NewFile {
    file: Arc<dyn DiskFile>,
    path: PathBuf,
    buffer: Vec<u8>,
    at: u64,
}

impl NewFile {
    /// Writes to an empty file.
    pub(super) fn new(file: Arc<dyn DiskFile>, path: PathBuf) -> Self {
        Self { file, path, buffer: Vec::new(), at: 0 }
    }

    /// Appends bytes.
    ///
    /// # Errors
    ///
    /// [`BackupError::Io`].
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), BackupError> {
        self.buffer.extend_from_slice(bytes);
        if PIECE_BYTES <= self.buffer.len() { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), BackupError> {
        let written = self.file.write_at(&self.buffer, self.at);
        written.map_err(BackupError::io(WRITING, &self.path))?;
        self.at += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    /// Makes the file durable; its name is not yet. Returns its length.
    ///
    /// # Errors
    ///
    /// [`BackupError::Io`].
    pub(super) fn finish(mut self) -> Result<u64, BackupError> {
        self.flush()?;
        self.file.sync().map_err(BackupError::io("syncing the backup", &self.path))?;
        Ok(self.at)
    }
}

/// The hash of what has been added so far.
pub(super) fn hash_so_far(hasher: &Sha2Hasher) -> Sha2 {
    hasher.clone().finish()
}
