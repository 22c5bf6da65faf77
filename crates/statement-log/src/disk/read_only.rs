//! A disk on which nothing can be changed.

use std::fmt::Debug;
use std::io;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use super::{Disk, DiskFile};

/// Another disk, for looking alone: files are opened to be read, and what would change
/// something is refused. Works where nothing may be written.
#[derive(Clone, Copy, Debug)]
pub struct ReadOnlyDisk<D>(pub D);

fn refused<T>() -> io::Result<T> {
    Err(io::ErrorKind::ReadOnlyFilesystem.into())
}

impl<'d, D> Disk for ReadOnlyDisk<D>
where
    D: Deref<Target = dyn Disk + 'd> + Debug + Send + Sync,
{
    fn create_directory(&self, _path: &Path) -> io::Result<()> {
        refused()
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        self.0.list(directory)
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        self.0.open_to_read(path)
    }

    fn create(&self, _path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        refused()
    }

    fn rename(&self, _from: &Path, _to: &Path) -> io::Result<()> {
        refused()
    }

    fn remove(&self, _path: &Path) -> io::Result<()> {
        refused()
    }

    fn sync_directory(&self, _path: &Path) -> io::Result<()> {
        refused()
    }
}
