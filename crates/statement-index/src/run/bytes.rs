//! Bytes of the index: sealed blocks, a file written forward and read in windows.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use acta_statement_log::disk::DiskFile;
use acta_statement_log::format::crc32c;
use acta_storage::StorageError;

use super::directory::{RunDirectory, remove_if_there, write_failed};

/// Bytes of a checksum.
pub(crate) const SEAL_BYTES: usize = 4;

/// The lower half of a number that is known to have no upper one.
#[expect(clippy::cast_possible_truncation, reason = "callers pass numbers below 2^32")]
pub(crate) const fn low32(value: u64) -> u32 {
    debug_assert!(value <= u32::MAX as u64);
    value as u32
}

/// A length that is known to be below 2^32.
pub(crate) const fn len32(value: usize) -> u32 {
    low32(value as u64)
}

/// A number as an index into memory, for numbers that lengths were made of.
#[expect(clippy::cast_possible_truncation, reason = "a length in memory fits usize")]
pub(crate) const fn usize_of(value: u64) -> usize {
    value as usize
}

/// Appends the checksum of everything from `start` on.
pub(crate) fn seal(out: &mut Vec<u8>, start: usize) {
    let checksum = crc32c(0, &out[start..]);
    out.extend_from_slice(&checksum.to_le_bytes());
}

/// The sealed bytes without their checksum; none if it is wrong.
pub(crate) fn unseal(bytes: &[u8]) -> Option<&[u8]> {
    let (body, checksum) = bytes.split_last_chunk::<SEAL_BYTES>()?;
    (crc32c(0, body) == u32::from_le_bytes(*checksum)).then_some(body)
}

/// A finished file of the index, which knows what to do when it turns out to be damaged.
#[derive(Debug)]
pub(crate) struct RunFile {
    run_directory: RunDirectory,
    name: String,
    file: Arc<dyn DiskFile>,
    len: u64,
    is_damaged: AtomicBool,
}

impl RunFile {
    /// Opens the file `name`.
    pub(crate) fn open(run_directory: &RunDirectory, name: String) -> Result<Self, StorageError> {
        let io = |source| StorageError::Io { act: "opening an index run", source };
        let file = run_directory.disk.open(&run_directory.path.join(&name)).map_err(io)?;
        let len = file.len().map_err(io)?;
        Ok(Self {
            run_directory: run_directory.clone(),
            name,
            file,
            len,
            is_damaged: AtomicBool::new(false),
        })
    }

    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether it turned out to be damaged.
    pub(crate) fn is_damaged(&self) -> bool {
        self.is_damaged.load(Ordering::Acquire)
    }

    /// Removes the file. It stays readable for those who hold it.
    pub(crate) fn remove(&self) -> io::Result<()> {
        self.run_directory.disk.remove(&self.run_directory.path.join(&self.name))
    }

    /// Removes what [`RunFile::corrupt`] has set aside.
    pub(crate) fn remove_damaged(&self) -> Result<(), StorageError> {
        remove_if_there(self.run_directory.disk.as_ref(), &self.damaged_path())
    }

    fn damaged_path(&self) -> PathBuf {
        self.run_directory.path.join(format!("{}.damaged", self.name))
    }

    /// Reports damage at `offset`. If there is a watcher, the file gets a name under which the
    /// next open does not take it for sound.
    pub(crate) fn corrupt(&self, offset: u64) -> StorageError {
        let place = format!("index/{} at byte {offset}", self.name);
        let was_known = self.is_damaged.swap(true, Ordering::AcqRel);
        if let Some(watcher) = self.run_directory.watcher.as_ref().filter(|_| !was_known) {
            tracing::error!(place, "an index run is damaged: it is rebuilt from the log");
            let from = self.run_directory.path.join(&self.name);
            if let Err(error) = self.run_directory.disk.rename(&from, &self.damaged_path()) {
                tracing::error!(%error, "could not set the damaged index run aside");
            }
            watcher.notify();
        }
        StorageError::Corrupt { place }
    }

    /// Reads `count` bytes at `offset` into `buffer`, replacing what it held.
    pub(crate) fn read(
        &self,
        offset: u64,
        count: usize,
        buffer: &mut Vec<u8>,
    ) -> Result<(), StorageError> {
        if offset.checked_add(count as u64).is_none_or(|end| self.len < end) {
            return Err(self.corrupt(offset));
        }
        buffer.resize(count, 0);
        self.file
            .read_at(buffer, offset)
            .map_err(|source| StorageError::Io { act: "reading the index", source })
    }

    /// Reads a sealed block of `count` bytes, checksum included, and returns what it seals.
    pub(crate) fn read_sealed(&self, offset: u64, count: u64) -> Result<Vec<u8>, StorageError> {
        if self.len < count {
            return Err(self.corrupt(offset));
        }
        let mut bytes = Vec::new();
        self.read(offset, usize_of(count), &mut bytes)?;
        match unseal(&bytes) {
            Some(body) => {
                let body_len = body.len();
                bytes.truncate(body_len);
                Ok(bytes)
            }
            None => Err(self.corrupt(offset)),
        }
    }
}

/// A piece of a file kept in memory, so that neighbouring blocks cost one read.
#[derive(Debug)]
pub(crate) struct Window {
    bytes: Vec<u8>,
    start: u64,
    ahead_bytes: usize,
}

/// Where a block is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    /// Where it begins in the file.
    pub(crate) offset: u64,
    /// How many bytes it has, checksum included.
    pub(crate) bytes: usize,
}

/// Where the next read will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ahead {
    /// Further up in the file.
    Up,
    /// Further down.
    Down,
}

impl Window {
    /// An empty window that reads at least `ahead_bytes` at once.
    pub(crate) const fn new(ahead_bytes: usize) -> Self {
        Self { bytes: Vec::new(), start: 0, ahead_bytes }
    }

    /// A sealed block, without its checksum.
    pub(crate) fn sealed(
        &mut self,
        file: &RunFile,
        block: Block,
        ahead: Ahead,
    ) -> Result<&[u8], StorageError> {
        unseal(self.bytes(file, block, ahead)?).ok_or_else(|| file.corrupt(block.offset))
    }

    /// The byte at `offset`, not yet checked.
    pub(crate) fn peek(&mut self, file: &RunFile, offset: u64) -> Result<u8, StorageError> {
        Ok(self
            .bytes(file, Block { offset, bytes: 1 }, Ahead::Up)?
            .first()
            .copied()
            .unwrap_or_default())
    }

    fn bytes(&mut self, file: &RunFile, block: Block, ahead: Ahead) -> Result<&[u8], StorageError> {
        let Block { offset, bytes: count } = block;
        let end = offset.saturating_add(count as u64);
        if file.len() < end {
            return Err(file.corrupt(offset));
        }
        if offset < self.start || self.start + (self.bytes.len() as u64) < end {
            let wanted = count.max(self.ahead_bytes) as u64;
            let (from, to) = match ahead {
                Ahead::Up => (offset, file.len().min(offset.saturating_add(wanted))),
                Ahead::Down => (end.saturating_sub(wanted), end),
            };
            self.start = from;
            let read = file.read(from, usize_of(to - from), &mut self.bytes);
            if read.is_err() {
                self.bytes.clear();
            }
            read?;
        }
        let from = usize_of(offset - self.start);
        Ok(&self.bytes[from..from + count])
    }
}

/// A file being written from front to back.
#[derive(Debug)]
pub(crate) struct Sink {
    file: Arc<dyn DiskFile>,
    written: u64,
    unsynced: u64,
    buffer: Vec<u8>,
}

/// Bytes written before they are synced, so that the log's own syncs never wait for much.
const UNSYNCED_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// Bytes gathered before they are written.
const SINK_BYTES: usize = 256 * 1024;

impl Sink {
    pub(crate) fn new(file: Arc<dyn DiskFile>) -> Self {
        Self { file, written: 0, unsynced: 0, buffer: Vec::with_capacity(SINK_BYTES + 4096) }
    }

    /// Where the next byte will stand.
    pub(crate) fn offset(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    /// Appends bytes as they are.
    pub(crate) fn put(&mut self, bytes: &[u8]) -> Result<(), StorageError> {
        self.buffer.extend_from_slice(bytes);
        self.write_if(SINK_BYTES)
    }

    /// Appends bytes and their checksum.
    pub(crate) fn put_sealed(&mut self, bytes: &[u8]) -> Result<(), StorageError> {
        let start = self.buffer.len();
        self.buffer.extend_from_slice(bytes);
        seal(&mut self.buffer, start);
        self.write_if(SINK_BYTES)
    }

    fn write_if(&mut self, bytes_min: usize) -> Result<(), StorageError> {
        if self.buffer.len() < bytes_min {
            return Ok(());
        }
        self.file.write_at(&self.buffer, self.written).map_err(write_failed)?;
        self.written += self.buffer.len() as u64;
        self.unsynced += self.buffer.len() as u64;
        self.buffer.clear();
        if UNSYNCED_BYTES_MAX <= self.unsynced {
            self.file.sync().map_err(write_failed)?;
            self.unsynced = 0;
        }
        Ok(())
    }

    /// Writes what is left and makes the file durable.
    pub(crate) fn finish(mut self) -> Result<(), StorageError> {
        self.write_if(1)?;
        self.file.sync().map_err(write_failed)
    }
}
