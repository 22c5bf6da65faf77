//! The locks of SQLite's connections, which are all in this process.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;

/// How far a connection has locked a database file, as SQLite numbers it.
pub(super) type Level = i32;

pub(super) const SHARED: Level = 1;
pub(super) const RESERVED: Level = 2;
pub(super) const PENDING: Level = 3;
pub(super) const EXCLUSIVE: Level = 4;

/// How many locks the memory beside a database has.
const SHARED_MEMORY_LOCKS: usize = 8;

/// Another connection is in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Busy;

/// What the connections to one database file share.
#[derive(Debug, Default)]
pub(super) struct Sharing {
    /// The level of each connection that has locked the file.
    levels: BTreeMap<u64, Level>,
    /// The locks on the shared memory of each connection that has mapped it, as bits.
    memory_locks: BTreeMap<u64, MemoryLocks>,
    /// The shared memory, in pieces that stay where they are.
    pub(super) memory: Vec<Piece>,
}

#[derive(Clone, Copy, Debug, Default)]
struct MemoryLocks {
    shared: u8,
    exclusive: u8,
}

/// A piece of memory that SQLite reads and writes, from several threads.
#[derive(Debug)]
pub(super) struct Piece(Box<[AtomicU64]>);

impl Piece {
    pub(super) fn new(len_bytes: usize) -> Self {
        Self((0..len_bytes.div_ceil(8)).map(|_| AtomicU64::new(0)).collect())
    }

    /// Where it begins. It stays there as long as it lives.
    pub(super) fn start(&self) -> *mut u8 {
        self.0.first().map_or(std::ptr::null_mut(), |word| word.as_ptr().cast())
    }
}

impl Sharing {
    fn highest_of_others(&self, connection: u64) -> Level {
        let others = self.levels.iter().filter(|(other, _)| **other != connection);
        others.map(|(_, level)| *level).max().unwrap_or(0)
    }

    pub(super) fn level(&self, connection: u64) -> Level {
        self.levels.get(&connection).copied().unwrap_or(0)
    }

    /// Locks the file as far as `wanted`.
    pub(super) fn lock(&mut self, connection: u64, wanted: Level) -> Result<(), Busy> {
        let held = self.level(connection);
        if wanted <= held {
            return Ok(());
        }
        let others = self.highest_of_others(connection);
        match wanted {
            SHARED if others < PENDING => {}
            RESERVED if others < RESERVED => {}
            EXCLUSIVE if others < SHARED => {}
            EXCLUSIVE if others < RESERVED => {
                // No new reader comes in while this one waits for those that are there.
                self.levels.insert(connection, PENDING);
                return Err(Busy);
            }
            _ => return Err(Busy),
        }
        self.levels.insert(connection, wanted);
        Ok(())
    }

    /// Goes down to `level`.
    pub(super) fn unlock(&mut self, connection: u64, level: Level) {
        if level < SHARED {
            self.levels.remove(&connection);
        } else if level < self.level(connection) {
            self.levels.insert(connection, level);
        }
    }

    pub(super) fn is_reserved(&self) -> bool {
        self.levels.values().any(|level| RESERVED <= *level)
    }

    /// Takes part in the shared memory.
    pub(super) fn map(&mut self, connection: u64) {
        self.memory_locks.entry(connection).or_default();
    }

    /// Takes part no more. The memory goes with the last.
    pub(super) fn unmap(&mut self, connection: u64) {
        self.memory_locks.remove(&connection);
        if self.memory_locks.is_empty() {
            self.memory.clear();
        }
    }

    /// Takes `count` locks of the shared memory from `first` on.
    pub(super) fn lock_memory(
        &mut self,
        connection: u64,
        locks: LockRange,
        is_exclusive: bool,
    ) -> Result<(), Busy> {
        let mask = locks.mask();
        let others = self.memory_locks.iter().filter(|(other, _)| **other != connection);
        let is_taken = others
            .map(|(_, locks)| locks)
            .any(|locks| locks.exclusive & mask != 0 || (is_exclusive && locks.shared & mask != 0));
        if is_taken {
            return Err(Busy);
        }
        let own = self.memory_locks.entry(connection).or_default();
        if is_exclusive {
            own.exclusive |= mask;
        } else {
            own.shared |= mask;
        }
        Ok(())
    }

    /// Gives locks of the shared memory back.
    pub(super) fn unlock_memory(&mut self, connection: u64, locks: LockRange) {
        if let Some(own) = self.memory_locks.get_mut(&connection) {
            let mask = locks.mask();
            own.exclusive &= !mask;
            own.shared &= !mask;
        }
    }
}

/// Some neighbouring locks of the shared memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct LockRange {
    pub(super) first: usize,
    pub(super) count: usize,
}

impl LockRange {
    fn mask(self) -> u8 {
        let locks = self.first..(self.first + self.count).min(SHARED_MEMORY_LOCKS);
        locks.fold(0, |mask, lock| mask | 1 << lock)
    }
}
