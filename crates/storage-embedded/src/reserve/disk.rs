//! The disk of everything but administration: full while the reserve is in use.

use std::io;
use std::path::Path;
use std::sync::Arc;

use acta_statement_log::disk::{Disk, DiskFile};

use super::state::ReserveState;

/// Another disk, on which nothing can be written while the reserve is in use: neither statements
/// nor the work of the index in the background take the space that was freed for administration.
#[derive(Debug)]
pub(crate) struct ReservingDisk {
    disk: Arc<dyn Disk>,
    reserve: Arc<ReserveState>,
}

impl ReservingDisk {
    /// On `disk`.
    pub(crate) fn new(disk: Arc<dyn Disk>, reserve: Arc<ReserveState>) -> Self {
        Self { disk, reserve }
    }

    fn file(&self, file: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
        Arc::new(ReservingFile { file, reserve: Arc::clone(&self.reserve) })
    }
}

fn check(reserve: &ReserveState) -> io::Result<()> {
    if reserve.is_in_use() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
}

impl Disk for ReservingDisk {
    fn create_directory(&self, path: &Path) -> io::Result<()> {
        self.disk.create_directory(path)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        self.disk.list(directory)
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        self.disk.open(path).map(|file| self.file(file))
    }

    fn open_to_read(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        self.disk.open_to_read(path)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        check(&self.reserve)?;
        self.disk.create(path).map(|file| self.file(file))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk.remove(path)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.disk.sync_directory(path)
    }

    fn sqlite_vfs(&self) -> Option<String> {
        self.disk.sqlite_vfs()
    }
}

#[derive(Debug)]
struct ReservingFile {
    file: Arc<dyn DiskFile>,
    reserve: Arc<ReserveState>,
}

impl DiskFile for ReservingFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        check(&self.reserve)?;
        self.file.write_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }

    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        self.file.truncate(len)
    }

    fn allocate(&self, len: u64) -> io::Result<()> {
        check(&self.reserve)?;
        self.file.allocate(len)
    }
}
