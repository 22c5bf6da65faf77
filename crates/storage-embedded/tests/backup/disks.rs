//! Disks that fail, or that are written to by somebody else at a bad moment.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use acta_storage_embedded::{Disk, DiskFile, SystemDisk};

/// The system's disk, until the acts that change something are used up.
#[derive(Clone, Debug)]
pub(crate) struct FailingDisk {
    acts_left: Arc<AtomicU64>,
    kind: io::ErrorKind,
}

#[derive(Debug)]
struct FailingFile(FailingDisk, Arc<dyn DiskFile>);

impl FailingDisk {
    pub(crate) fn new(acts: u64, kind: io::ErrorKind) -> Self {
        Self { acts_left: Arc::new(AtomicU64::new(acts)), kind }
    }

    fn act(&self) -> io::Result<()> {
        let take_one = |left: u64| left.checked_sub(1);
        let taken = self.acts_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take_one);
        taken.map(drop).map_err(|_none_left| self.kind.into())
    }
}

impl Disk for FailingDisk {
    fn create_directory(&self, path: &Path) -> io::Result<()> {
        self.act()?;
        SystemDisk.create_directory(path)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        SystemDisk.list(directory)
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(FailingFile(self.clone(), SystemDisk.open(path)?)))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        self.act()?;
        Ok(Arc::new(FailingFile(self.clone(), SystemDisk.create(path)?)))
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

impl DiskFile for FailingFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.1.read_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        if let Err(error) = self.0.act() {
            // Half of it finds room.
            self.1.write_at(&bytes[..bytes.len() / 2], offset)?;
            return Err(error);
        }
        self.1.write_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.act()?;
        self.1.sync()
    }

    fn len(&self) -> io::Result<u64> {
        self.1.len()
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        self.0.act()?;
        self.1.truncate(len)
    }
}

/// What happens to a file between being opened and being read.
pub(crate) type Meanwhile = Box<dyn Fn(&Path, u64) + Send + Sync>;

/// The system's disk; somebody else does something before each reading of `path`, counted
/// from 0. Readings of its head do not count.
pub(crate) struct BusyDisk {
    pub(crate) path: PathBuf,
    pub(crate) head_bytes: u64,
    pub(crate) meanwhile: Arc<Meanwhile>,
}

impl std::fmt::Debug for BusyDisk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BusyDisk").field("path", &self.path).finish_non_exhaustive()
    }
}

struct BusyFile {
    file: Arc<dyn DiskFile>,
    path: PathBuf,
    head_bytes: u64,
    read_count: AtomicU64,
    meanwhile: Arc<Meanwhile>,
}

impl std::fmt::Debug for BusyFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BusyFile").field("path", &self.path).finish_non_exhaustive()
    }
}

impl BusyDisk {
    fn wrap(&self, path: &Path, file: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
        if path != self.path {
            return file;
        }
        Arc::new(BusyFile {
            file,
            path: path.to_path_buf(),
            head_bytes: self.head_bytes,
            read_count: AtomicU64::new(0),
            meanwhile: Arc::clone(&self.meanwhile),
        })
    }
}

impl Disk for BusyDisk {
    fn create_directory(&self, path: &Path) -> io::Result<()> {
        SystemDisk.create_directory(path)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        SystemDisk.list(directory)
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        Ok(self.wrap(path, SystemDisk.open(path)?))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        SystemDisk.create(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        SystemDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        SystemDisk.remove(path)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        SystemDisk.sync_directory(path)
    }
}

impl DiskFile for BusyFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        if self.head_bytes <= offset {
            (self.meanwhile)(&self.path, self.read_count.fetch_add(1, Ordering::SeqCst));
        }
        self.file.read_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
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
}
