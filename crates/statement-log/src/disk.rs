//! The file system as a port: every file of the log, the index and the attachments is opened
//! through it.

pub mod read_only;
pub mod scratch;

use std::fmt::Debug;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;

/// A file system. Durability is only what the `sync` methods promise.
pub trait Disk: Debug + Send + Sync {
    /// Makes a directory and those above it, if they are missing, for their owner alone. As with
    /// every file that is made, the owner is that of the directory above if root makes it.
    ///
    /// # Errors
    ///
    /// What the system reports.
    fn create_directory(&self, path: &Path) -> io::Result<()>;

    /// The names of the entries of a directory, sorted.
    ///
    /// # Errors
    ///
    /// What the system reports.
    fn list(&self, directory: &Path) -> io::Result<Vec<String>>;

    /// Opens an existing file for reading and writing.
    ///
    /// # Errors
    ///
    /// `NotFound` if there is none, or what the system reports.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>>;

    /// Opens an existing file for reading alone, as when a running store is looked at from
    /// outside.
    ///
    /// # Errors
    ///
    /// `NotFound` if there is none, or what the system reports.
    fn open_to_read(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        self.open(path)
    }

    /// Makes a new, empty file for its owner alone, open for reading and writing.
    ///
    /// # Errors
    ///
    /// `AlreadyExists` if there is one, or what the system reports.
    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>>;

    /// Gives `to` the owner of `from`, as far as this process may do that.
    fn copy_owner(&self, _from: &Path, _to: &Path) {}

    /// Gives `to` the rights that the group has in `from`.
    ///
    /// # Errors
    ///
    /// What the system reports.
    fn copy_group_rights(&self, _from: &Path, _to: &Path) -> io::Result<()> {
        Ok(())
    }

    /// Renames a file, replacing what is there.
    ///
    /// # Errors
    ///
    /// What the system reports.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    ///
    /// What the system reports.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in a directory durable: new files, renamed and removed ones.
    ///
    /// # Errors
    ///
    /// What the system reports. What is durable is then unknown.
    fn sync_directory(&self, path: &Path) -> io::Result<()>;

    /// The name of the file system layer of SQLite (a "VFS") that stands on this disk; none
    /// for the one that SQLite itself has on the file system of the machine.
    fn sqlite_vfs(&self) -> Option<String> {
        None
    }
}

/// An open file. Reads and writes name their place, so that threads may share it.
#[expect(clippy::len_without_is_empty, reason = "asking a file for its length can fail")]
pub trait DiskFile: Debug + Send + Sync {
    /// Fills `buffer` from `offset` on.
    ///
    /// # Errors
    ///
    /// `UnexpectedEof` if the file ends before, or what the system reports.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;

    /// Writes all of `bytes` at `offset`.
    ///
    /// # Errors
    ///
    /// What the system reports. Some of the bytes may have been written.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Makes everything written durable, and the length.
    ///
    /// # Errors
    ///
    /// What the system reports. What is durable is then unknown.
    fn sync(&self) -> io::Result<()>;

    /// The length in bytes.
    ///
    /// # Errors
    ///
    /// What the system reports.
    fn len(&self) -> io::Result<u64>;

    /// Sets the length in bytes.
    ///
    /// # Errors
    ///
    /// What the system reports.
    fn truncate(&self, len: u64) -> io::Result<()>;

    /// Gives an empty file this length, and takes the space for it on the device. What stands in
    /// it is not specified.
    ///
    /// # Errors
    ///
    /// What the system reports. Some of the space may have been taken.
    fn allocate(&self, len: u64) -> io::Result<()> {
        write_incompressible(self, len)
    }
}

/// Bytes that [`write_incompressible`] writes at once.
const PIECE_BYTES: usize = 1 << 16;

/// Writes `len` bytes that no file system stores in less space.
fn write_incompressible<F: DiskFile + ?Sized>(file: &F, len: u64) -> io::Result<()> {
    // Xorshift with 64 bits, from an arbitrary start.
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut piece = Vec::with_capacity(PIECE_BYTES);
    let mut at = 0;
    while at < len {
        let count = usize::try_from(len - at).unwrap_or(usize::MAX).min(PIECE_BYTES);
        piece.clear();
        while piece.len() < count {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            piece.extend_from_slice(&state.to_le_bytes());
        }
        piece.truncate(count);
        file.write_at(&piece, at)?;
        at += count as u64;
    }
    Ok(())
}

/// The file system of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemDisk;

impl Disk for SystemDisk {
    fn create_directory(&self, path: &Path) -> io::Result<()> {
        acta_files::create_directory(path)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(directory)? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort_unstable();
        Ok(names)
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        Ok(Arc::new(SystemFile(file)))
    }

    fn open_to_read(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(SystemFile(File::open(path)?)))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(SystemFile(acta_files::create(path)?)))
    }

    fn copy_owner(&self, from: &Path, to: &Path) {
        acta_files::copy_owner(from, to);
    }

    fn copy_group_rights(&self, from: &Path, to: &Path) -> io::Result<()> {
        acta_files::copy_group_rights(from, to)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }
}

/// Bytes that [`rewrite_and_sync`] reads and writes at once.
const REWRITE_BYTES: u64 = 1 << 20;

/// Removes a file. It is no error if there is none.
///
/// # Errors
///
/// What the system reports.
pub fn remove_if_there(disk: &dyn Disk, path: &Path) -> io::Result<()> {
    match disk.remove(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes durable what stands in a file from `from` on, even if an earlier sync of it failed.
///
/// After a failed sync some systems take what they could not write for written: it can be
/// read, and a later sync succeeds, but only writing it again brings it to the device.
///
/// # Errors
///
/// What the system reports. What is durable is then unknown.
pub fn rewrite_and_sync(file: &dyn DiskFile, from: u64) -> io::Result<()> {
    let len = file.len()?;
    let mut chunk = Vec::new();
    let mut at = from;
    while at < len {
        let count = usize::try_from((len - at).min(REWRITE_BYTES)).unwrap_or(0);
        chunk.resize(count, 0);
        file.read_at(&mut chunk, at)?;
        file.write_at(&chunk, at)?;
        at += count as u64;
    }
    file.sync()
}

/// Takes the lock of a file, which is made if it is missing; none if it is held already.
///
/// The lock is the process's, and ends with it however it ends. Not part of [`Disk`]: the
/// other process that it keeps out is real even where the disk is not.
///
/// # Errors
///
/// What the system reports.
pub fn lock(path: &Path) -> io::Result<Option<File>> {
    let file = acta_files::open_or_create(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Makes an empty file for its owner alone, unless there is a file. Not part of [`Disk`]: it is for
/// files that SQLite opens, which gives the files that it makes beside it the same rights.
///
/// # Errors
///
/// What the system reports.
pub fn create_for_owner(path: &Path) -> io::Result<()> {
    acta_files::open_or_create(path).map(drop)
}

/// As [`lock`], but of a file that is there already, which is not changed.
///
/// # Errors
///
/// What the system reports.
pub fn lock_existing(path: &Path) -> io::Result<Locked> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Locked::NoFile),
        Err(error) => return Err(error),
    };
    match file.try_lock() {
        Ok(()) => Ok(Locked::Taken(file)),
        Err(TryLockError::WouldBlock) => Ok(Locked::Held),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// What became of locking a file that may be there.
#[derive(Debug)]
pub enum Locked {
    /// It is locked while this is kept.
    Taken(File),
    /// Another process has locked it.
    Held,
    /// There is none, so no process has locked it.
    NoFile,
}

#[derive(Debug)]
struct SystemFile(File);

impl DiskFile for SystemFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.0.read_exact_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn allocate(&self, len: u64) -> io::Result<()> {
        match fallocate(&self.0, FallocateFlags::empty(), 0, len) {
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => write_incompressible(self, len),
            allocated => allocated.map_err(io::Error::from),
        }
    }
}
