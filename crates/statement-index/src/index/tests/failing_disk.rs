//! A disk that stops obeying: after so many acts, or while it is full.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use acta_statement_log::disk::{Disk, DiskFile, SystemDisk};

/// The system's disk, until the acts that change something are used up.
#[derive(Clone, Debug)]
pub(super) struct FailingDisk {
    acts_left: Arc<AtomicU64>,
    kind: io::ErrorKind,
}

impl FailingDisk {
    pub(super) fn new(acts: u64, kind: io::ErrorKind) -> Self {
        Self { acts_left: Arc::new(AtomicU64::new(acts)), kind }
    }

    pub(super) fn allow(&self, acts: u64) {
        self.acts_left.store(acts, Ordering::SeqCst);
    }

    pub(super) fn acts_left(&self) -> u64 {
        self.acts_left.load(Ordering::SeqCst)
    }

    fn act(&self) -> io::Result<()> {
        let take_one = |left: u64| left.checked_sub(1);
        match self.acts_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take_one) {
            Ok(_) => Ok(()),
            Err(_) => Err(self.kind.into()),
        }
    }

    fn wrap(&self, file: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
        Arc::new(FailingFile { disk: self.clone(), file })
    }
}

impl Disk for FailingDisk {
    fn create_directory(&self, path: &Path) -> io::Result<()> {
        SystemDisk.create_directory(path)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        SystemDisk.list(directory)
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        SystemDisk.open(path).map(|file| self.wrap(file))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        self.act()?;
        SystemDisk.create(path).map(|file| self.wrap(file))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.act()?;
        SystemDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.act()?;
        SystemDisk.remove(path)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.act()?;
        SystemDisk.sync_directory(path)
    }
}

#[derive(Debug)]
struct FailingFile {
    disk: FailingDisk,
    file: Arc<dyn DiskFile>,
}

impl DiskFile for FailingFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let result = self.disk.act();
        // What fails may have been done in part.
        let done = if result.is_ok() { bytes } else { &bytes[..bytes.len() / 2] };
        self.file.write_at(done, offset)?;
        result
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.act()?;
        self.file.sync()
    }

    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        self.disk.act()?;
        self.file.truncate(len)
    }
}
