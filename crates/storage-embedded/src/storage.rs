//! A store in a directory: opened, closed and counted.

mod administration;
mod feed;
mod fence;
mod follower_positions;
mod ports;
mod purge;
pub(crate) mod reindex;
mod transfer;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use acta_statement_log::disk::Disk;
use acta_storage::{StorageError, StoreId};

use crate::attachments::Attachments;
use crate::directory::{LOG_NAME, RESTORING_NAME, sync_names};
use crate::engine::recovery::is_draft;
use crate::engine::{Engine, Parts};
use crate::identity::{DirectoryLock, Identity};
use crate::reserve::Reserve;
use crate::reserve::disk::ReservingDisk;
use crate::tables::{Tables, are_tables_there, check_files};
use crate::{OpenError, Options};
use fence::Fence;
use follower_positions::FollowerPositions;

/// A store in a directory of its own.
#[derive(Debug)]
pub struct EmbeddedStorage {
    // In the order in which they are to be dropped: the log's writer before the tables, and the
    // lock last.
    pub(crate) engine: Engine,
    pub(crate) attachments: Arc<Attachments>,
    pub(crate) tables: Arc<Tables>,
    pub(crate) reserve: Arc<Reserve>,
    positions: FollowerPositions,
    fence: Fence,
    id: StoreId,
    pub(crate) lock: Arc<DirectoryLock>,
}

/// What is opened before the statements.
struct StoreParts {
    lock: Arc<DirectoryLock>,
    tables: Arc<Tables>,
    reserve: Arc<Reserve>,
}

/// What to do about tables that are gone although there are statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LostTables {
    /// Nothing: documents and credentials would be lost in silence.
    Refuse,
    /// Make new ones without documents and credentials.
    MakeEmpty,
}

/// What a store counts, since it was opened if not said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statistics {
    /// Statements stored, ever.
    pub statement_count: u64,
    /// Bytes of the statement log.
    pub log_bytes: u64,
    /// Segments of the statement log.
    pub segment_count: usize,
    /// Runs of the index.
    pub run_count: u64,
    /// Bytes of these runs.
    pub index_bytes: u64,
    /// Statements that wait to be written.
    pub waiting_count: usize,
    /// Groups of batches written at once.
    pub group_count: u64,
    /// Statements in these groups.
    pub group_statement_count: u64,
    /// Syncs of the log.
    pub sync_count: u64,
    /// Time spent in them.
    pub sync_time: Duration,
    /// Whether the store takes no more statements until the next start.
    pub is_halted: bool,
    /// How far the latest `stored` is ahead of the clock; zero if it is not.
    pub stored_lead: Duration,
}

impl EmbeddedStorage {
    /// Opens the store in a directory, or makes a new one there.
    ///
    /// What a crash has left unfinished is removed, and the index is brought up to the log,
    /// which can take a while if it was lost. Blocks.
    ///
    /// # Errors
    ///
    /// - [`OpenError::InUse`]: it is open already, here or in another process.
    /// - [`OpenError::Newer`]: a newer release has written it.
    /// - [`OpenError::NoIdentity`]: its keys are missing.
    /// - [`OpenError::Unfinished`]: a restore into the directory was broken off.
    /// - [`OpenError::NoTables`]: its documents and credentials are missing.
    /// - [`OpenError::Storage`]: it cannot be read, or is damaged; file and offset are named.
    pub fn open(options: &Options) -> Result<Arc<Self>, OpenError> {
        let directory = options.directory.as_path();
        let disk = options.disk.as_ref();
        let act = "making the data directory";
        let failed = |source| StorageError::Io { act, source };
        disk.create_directory(directory).map_err(failed)?;
        let lock = Arc::new(DirectoryLock::take(directory)?);
        check_that_it_is_whole(disk, directory)?;
        let identity = match Identity::read(disk, directory)? {
            Some(identity) => identity,
            None if Self::has_log(options)? || are_tables_there(disk, directory)? => {
                return Err(OpenError::NoIdentity { directory: directory.to_path_buf() });
            }
            None => {
                sync_names(disk, directory).map_err(failed)?;
                Identity::create(disk, directory, options.entropy.as_ref())?
            }
        };
        let reserve = Reserve::open(options)?;
        let tables = match Self::open_tables(options, LostTables::Refuse) {
            Err(OpenError::Storage(StorageError::Full)) => {
                reserve.release_blocking()?;
                Self::open_tables(options, LostTables::Refuse)?
            }
            tables => tables?,
        };
        let parts = StoreParts { lock, tables, reserve };
        Self::open_rest(options, &identity, parts)
    }

    /// Opens the tables, which only a new store may be without.
    fn open_tables(options: &Options, lost: LostTables) -> Result<Arc<Tables>, OpenError> {
        let (directory, disk) = (options.directory.as_path(), options.disk.as_ref());
        let are_lost = Self::has_log(options)? && !are_tables_there(disk, directory)?;
        match lost {
            LostTables::Refuse if are_lost => {
                return Err(OpenError::NoTables { directory: directory.to_path_buf() });
            }
            LostTables::Refuse | LostTables::MakeEmpty => {}
        }
        check_files(disk, directory)?;
        Ok(Arc::new(Tables::open(disk, directory, Arc::clone(&options.clock))?))
    }

    fn open_rest(
        options: &Options,
        identity: &Identity,
        parts: StoreParts,
    ) -> Result<Arc<Self>, OpenError> {
        let StoreParts { lock, tables, reserve } = parts;
        let disk: Arc<dyn Disk> =
            Arc::new(ReservingDisk::new(Arc::clone(&options.disk), reserve.state()));
        let options = &Options { disk, ..options.clone() };
        let directory = options.directory.as_path();
        let (disk, entropy) = (Arc::clone(&options.disk), Arc::clone(&options.entropy));
        let attachments = Arc::new(Attachments::open(directory, disk, entropy)?);
        let weights = tables.weights.clone();
        let parts =
            Parts { attachments: Arc::clone(&attachments), lock: Arc::clone(&lock), weights };
        let engine = Engine::open(options, identity, parts)?;
        let positions = FollowerPositions::open(Arc::clone(&tables), &engine)?;
        let mut id = [0; 32];
        id[..16].copy_from_slice(&identity.store_id);
        reserve.guard();
        Ok(Arc::new(Self {
            engine,
            attachments,
            tables,
            reserve,
            positions,
            fence: Fence::default(),
            id: StoreId(id),
            lock,
        }))
    }

    /// Whether there is a log. One that cannot be looked for is not taken for missing.
    fn has_log(options: &Options) -> Result<bool, StorageError> {
        match options.disk.list(&options.directory.join(LOG_NAME)) {
            Ok(names) => Ok(names.iter().any(|name| !is_draft(name))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(source) => Err(StorageError::Io { act: "looking for the log", source }),
        }
    }

    /// Writes what waits, takes no more statements, and saves the index, so that the next
    /// start need not read the log. Notes where the log ends, so that the next start distinguishes
    /// damage there from a write that power cut short. Blocks.
    ///
    /// # Errors
    ///
    /// What saving the index or the note reports. Nothing is lost by it.
    pub fn close(&self) -> Result<(), StorageError> {
        self.engine.stop();
        self.reserve.unguard();
        let saved = self.engine.index().flush();
        self.engine.mark_closed().and(saved)
    }

    /// What is counted now.
    pub fn statistics(&self) -> Statistics {
        let engine = self.engine.statistics();
        let index = self.engine.index().statistics();
        Statistics {
            statement_count: engine.statements,
            log_bytes: engine.log_bytes,
            segment_count: engine.segments,
            run_count: index.run_count,
            index_bytes: index.run_bytes,
            waiting_count: engine.waiting,
            group_count: engine.metered.groups,
            group_statement_count: engine.metered.statements,
            sync_count: engine.metered.syncs,
            sync_time: engine.metered.sync_time,
            is_halted: engine.is_halted,
            stored_lead: engine.stored_lead,
        }
    }
}

/// Refuses what an interrupted restore has left.
fn check_that_it_is_whole(disk: &dyn Disk, directory: &Path) -> Result<(), OpenError> {
    let act = "reading the data directory";
    let names = disk.list(directory).map_err(|source| StorageError::Io { act, source })?;
    if names.iter().any(|name| name == RESTORING_NAME) {
        return Err(OpenError::Unfinished { directory: directory.to_path_buf() });
    }
    Ok(())
}
