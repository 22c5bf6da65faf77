//! The follower that appends statements to the logs.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use acta_access::TenantId;
use acta_ambient::Entropy;
use acta_followers::LogReader;
use acta_merkle::{Entry, Hash, TILE_HASHES, TileId, Tree, TreeHead};
use acta_storage::directory::{self, ProofDamage, ProofLog, Recorded, Tenant, Versioned};
use acta_storage::{
    Change, Committed, FollowerName, FollowerPosition, Group, PageLimits, Record, RecordWrite,
    Storage, StorageError,
};
use async_trait::async_trait;

use crate::entries::entries_of;
use crate::proofs::{Proofs, continued_head, head_of, stored};

/// Limits of the records of a tenant that are appended at once.
const PAGE: PageLimits = PageLimits { count_max: 4_096, bytes_max: 4 << 20 };

/// How much lower the priority of its thread is than that of requests.
const NICE: i32 = 10;

/// Another node is at it.
const BUSY: StorageError = StorageError::Busy { retry_after: Duration::from_secs(1) };

/// Whether the tiles of a growing tree are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tiles {
    Stored,
    Dropped,
}

/// A log, with its tree as soon as it is needed.
struct OpenLog {
    log: Versioned<ProofLog>,
    tree: Option<Tree>,
}

/// Appends the statements of tenants to their logs. One node does it at a time; of two that
/// both believe that they are this one, one finds another head than it has read, and reads again.
pub struct ProofFollower {
    proofs: Arc<Proofs>,
    entropy: Arc<dyn Entropy>,
    interval: Duration,
    /// The timeline of the store, in which all of this was read.
    timeline: Option<u32>,
    logs: HashMap<TenantId, OpenLog>,
    /// Whether all logs were read since the work has begun here.
    is_listed: bool,
    /// Tenants whose tiles were found to be damaged, by any node, and in which epoch.
    damaged: HashMap<TenantId, u64>,
    /// Tenants whose statements are not those of their signed head.
    contradicted: HashSet<TenantId>,
}

impl std::fmt::Debug for ProofFollower {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProofFollower").field("proofs", &self.proofs).finish_non_exhaustive()
    }
}

impl ProofFollower {
    /// The follower of these logs. `interval` is the shortest time between two heads of a log that
    /// has all statements.
    pub fn new(proofs: Arc<Proofs>, entropy: Arc<dyn Entropy>, interval: Duration) -> Self {
        let (logs, damaged, contradicted) = (HashMap::new(), HashMap::new(), HashSet::new());
        let (timeline, is_listed) = (None, false);
        Self { proofs, entropy, interval, timeline, logs, is_listed, damaged, contradicted }
    }

    fn storage(&self) -> &dyn Storage {
        &*self.proofs.storage
    }

    fn is_current(&self, log: &ProofLog) -> bool {
        self.proofs.is_current(log, self.timeline)
    }

    /// Looks whether a standby has taken the place of the database: then nothing that was read
    /// before needs to be true any more.
    async fn check_timeline(&mut self) -> Result<(), StorageError> {
        let timeline = self.storage().read_timeline().await?;
        if timeline == self.timeline {
            return Ok(());
        }
        if let (Some(before), Some(now)) = (self.timeline, timeline) {
            tracing::warn!(before, now, "the database has another timeline: new logs are begun");
        }
        self.forget(None);
        self.contradicted.clear();
        self.timeline = timeline;
        Ok(())
    }

    /// The log of a tenant as it is stored; that of a new epoch if there is none that goes on.
    async fn open(&self, tenant: TenantId) -> Result<OpenLog, StorageError> {
        let id = Tenant::record_id_of(tenant);
        let found: Option<Versioned<ProofLog>> = directory::find(self.storage(), &id).await?;
        // Counted behind the head, which never has more statements than there are.
        let count = self.storage().count_statements(tenant).await?;
        match found {
            Some(log) if self.is_current(&log.value) && log.value.size <= count => {
                Ok(OpenLog { log, tree: None })
            }
            found => self.begin_epoch(tenant, found, count).await,
        }
    }

    async fn begin_epoch(
        &self,
        tenant: TenantId,
        found: Option<Versioned<ProofLog>>,
        count: u64,
    ) -> Result<OpenLog, StorageError> {
        let found = match found {
            Some(found) => Some(self.end_epoch(found).await?),
            None => None,
        };
        let before = found.as_ref().map(|found| &found.value);
        let log = self.proofs.next_epoch(tenant, before, count, &*self.entropy)?;
        let log = ProofLog { timeline: self.timeline, ..log };
        let write = found.as_ref().map_or_else(|| log.create(), |found| found.write(&log));
        let version = found.map_or(0, |found| found.record.version);
        if !self.commit(write).await? {
            return Err(BUSY);
        }
        tracing::info!(origin = %log.origin, "a new log for proofs was begun");
        Ok(OpenLog { log: versioned(log, version + 1), tree: None })
    }

    /// Ends the epoch of a log, and removes its tiles. Only when its end is stored does no node
    /// write tiles that others may read.
    async fn end_epoch(
        &self,
        log: Versioned<ProofLog>,
    ) -> Result<Versioned<ProofLog>, StorageError> {
        if self.is_current(&log.value) {
            tracing::warn!("the signed head has more statements than there are");
        }
        let mut ended = log;
        if !ended.value.is_ended {
            let log = ProofLog { is_ended: true, ..ended.value.clone() };
            if !self.commit(ended.write(&log)).await? {
                return Err(BUSY);
            }
            ended = versioned(log, ended.record.version + 1);
        }
        self.storage().remove_tiles(ended.value.tenant, ended.value.epoch).await?;
        Ok(ended)
    }

    /// Writes a log, if it has not changed. Returns whether it did.
    async fn commit(&self, write: RecordWrite) -> Result<bool, StorageError> {
        let change = Change { writes: vec![write], entries: Vec::new() };
        Ok(self.storage().commit(&change).await? == Committed::Done)
    }

    /// Gives a log its timeline, if it has none: one of an earlier release, or of a database that
    /// did not tell it. Before the log grows, since what stores that may be what a promotion loses.
    async fn stamp(&self, open: OpenLog) -> Result<OpenLog, StorageError> {
        let OpenLog { log, tree } = open;
        if log.value.timeline.is_some() || self.timeline.is_none() {
            return Ok(OpenLog { log, tree });
        }
        let stamped = ProofLog { timeline: self.timeline, ..log.value.clone() };
        if !self.commit(log.write(&stamped)).await? {
            return Err(BUSY);
        }
        Ok(OpenLog { log: versioned(stamped, log.record.version + 1), tree })
    }

    /// Appends the next statements to a log. Returns the log, unless it was changed elsewhere.
    async fn append(
        &self,
        log: Versioned<ProofLog>,
        mut tree: Tree,
    ) -> Result<Option<OpenLog>, StorageError> {
        let tenant = log.value.tenant;
        let older = continued_head(&log.value).filter(|older| tree.size() < older.size);
        let page = older.map_or(PAGE, |older| page_of(older.size - tree.size()));
        let leaves = self.read_leaves(tenant, tree.size(), page).await?;
        if leaves.is_empty() {
            return Ok(Some(OpenLog { log, tree: Some(tree) }));
        }
        let tiles = tree.append(&leaves);
        self.storage().extend_tiles(tenant, log.value.epoch, stored(&tiles)).await?;
        // Only now: nobody sees a head before the tiles that prove it are durable.
        let head = tree.head();
        let root = *head.root.as_bytes();
        let mut grown = ProofLog { size: head.size, root, ..log.value.clone() };
        if older.is_some_and(|older| contradicts(&older, &head)) {
            tracing::warn!(
                size = head.size,
                "the statements are not those of the last head of the log before: some were \
                 changed or lost, and the new log continues none"
            );
            grown.continues = None;
        }
        // A node that was suspended since the round began may find another database.
        if self.storage().read_timeline().await? != self.timeline {
            return Err(BUSY);
        }
        let is_done = self.commit(log.write(&grown)).await?;
        let log = versioned(grown, log.record.version + 1);
        Ok(is_done.then_some(OpenLog { log, tree: Some(tree) }))
    }

    async fn read_leaves(
        &self,
        tenant: TenantId,
        after: u64,
        page: PageLimits,
    ) -> Result<Vec<Hash>, StorageError> {
        let records = self.storage().read_records(tenant, after, page).await?;
        Ok(entries_of(&records, after)?.iter().map(Entry::hash).collect())
    }

    /// The tree of a log, from its tiles or else from the statements. None if that is not the tree
    /// of the stored head.
    async fn resume(&self, log: &ProofLog) -> Result<Option<Tree>, StorageError> {
        let is_damaged = self.damaged.get(&log.tenant) == Some(&log.epoch);
        let tiles = match self.proofs.find_tiles(log, TileId::edge_of(log.size)).await {
            Err(StorageError::Corrupt { .. }) => None,
            tiles => Some(tiles?).filter(|_| !is_damaged),
        };
        let tree = tiles.and_then(|tiles| Tree::resume(log.size, &tiles).ok());
        let tree = tree.filter(|tree| tree.head() == head_of(log));
        if tree.is_some() && self.has_last_statements(log).await? {
            return Ok(tree);
        }
        self.rebuild(log).await
    }

    /// Whether the last statements of a log, as many as are in its last tile, lead from the tiles
    /// before it to the stored head. Otherwise statements were lost, or a tile is damaged.
    async fn has_last_statements(&self, log: &ProofLog) -> Result<bool, StorageError> {
        let first = log.size.saturating_sub(1);
        let first = first - first % u64::from(TILE_HASHES);
        let tiles = match self.proofs.find_tiles(log, TileId::edge_of(first)).await {
            Err(StorageError::Corrupt { .. }) => return Ok(false),
            tiles => tiles?,
        };
        let Ok(mut tree) = Tree::resume(first, &tiles) else { return Ok(false) };
        self.grow(log, &mut tree, Tiles::Dropped).await
    }

    /// Makes the tiles of a log again, if the statements lead to its head. Otherwise they stay as
    /// they are: they show which statements were others.
    ///
    /// Removes nothing: another node may lead by now, and may have made them, and further ones.
    async fn rebuild(&self, log: &ProofLog) -> Result<Option<Tree>, StorageError> {
        if !self.grow(log, &mut Tree::new(), Tiles::Dropped).await? {
            return Ok(None);
        }
        tracing::warn!("tiles are missing or damaged: they are made again");
        let mut tree = Tree::new();
        let is_head = self.grow(log, &mut tree, Tiles::Stored).await?;
        if is_head {
            // Also damage that was found meanwhile; what has come since is found again.
            self.proofs.forget_damage(log.tenant).await?;
        }
        Ok(is_head.then_some(tree))
    }

    /// Appends the statements of a log to its tree, up to the stored head. Returns whether they
    /// lead to it.
    async fn grow(
        &self,
        log: &ProofLog,
        tree: &mut Tree,
        destination: Tiles,
    ) -> Result<bool, StorageError> {
        while tree.size() < log.size {
            // It may take minutes.
            if !self.storage().hold_lease(FollowerName::PROOF).await? {
                return Err(BUSY);
            }
            let page = page_of(log.size - tree.size());
            let leaves = self.read_leaves(log.tenant, tree.size(), page).await?;
            if leaves.is_empty() {
                return Ok(false);
            }
            let tiles = tree.append(&leaves);
            if destination == Tiles::Stored {
                self.storage().extend_tiles(log.tenant, log.epoch, stored(&tiles)).await?;
            }
        }
        Ok(tree.head() == head_of(log))
    }
}

#[async_trait]
impl LogReader for ProofFollower {
    fn name(&self) -> FollowerName {
        FollowerName::PROOF
    }

    fn nice(&self) -> i32 {
        NICE
    }

    async fn begin_round(&mut self) -> Result<bool, StorageError> {
        if !self.storage().hold_lease(FollowerName::PROOF).await? {
            self.forget(None);
            return Ok(false);
        }
        self.check_timeline().await?;
        if !self.is_listed {
            let mut logs = directory::list::<ProofLog>(self.storage(), &Group::Every).await?;
            logs.retain(|log| self.is_current(&log.value));
            for log in logs {
                self.logs.entry(log.value.tenant).or_insert(OpenLog { log, tree: None });
            }
            self.is_listed = true;
        }
        let damaged = directory::list::<ProofDamage>(self.storage(), &Group::Every).await?;
        let damaged = damaged.into_iter().map(|noted| (noted.value.tenant, noted.value.epoch));
        self.damaged = damaged.collect();
        Ok(true)
    }

    fn reached(&self, position: FollowerPosition) -> u64 {
        self.logs.get(&position.tenant).map_or(0, |open| open.log.value.size)
    }

    async fn read(&mut self, position: FollowerPosition) -> Result<(), StorageError> {
        let (tenant, last) = (position.tenant, position.last_sequence);
        if self.contradicted.contains(&tenant) {
            return Err(contradiction(tenant));
        }
        let is_damaged = self.damaged.contains_key(&tenant);
        let open = match self.logs.remove(&tenant) {
            Some(open) if !is_damaged && open.log.value.size <= last => open,
            Some(_) | None => self.open(tenant).await?,
        };
        let open = self.stamp(open).await?;
        if !is_damaged && open.log.value.size == last {
            self.logs.insert(tenant, open);
            return Ok(());
        }
        let OpenLog { log, tree } = open;
        let tree = if tree.is_some() { tree } else { self.resume(&log.value).await? };
        let Some(tree) = tree else {
            self.contradicted.insert(tenant);
            return Err(contradiction(tenant));
        };
        if is_damaged {
            self.proofs.forget_damage(tenant).await?;
            self.damaged.remove(&tenant);
        }
        match self.append(log, tree).await? {
            Some(open) => drop(self.logs.insert(tenant, open)),
            None => self.is_listed = false,
        }
        Ok(())
    }

    async fn end_round(&mut self, _has_failed: bool) -> Result<(), StorageError> {
        Ok(())
    }

    fn forget(&mut self, tenant: Option<TenantId>) {
        self.is_listed = false;
        match tenant {
            Some(tenant) => drop(self.logs.remove(&tenant)),
            None => self.logs.clear(),
        }
    }

    fn pause_after(&self, _round_took: Duration) -> Duration {
        self.interval
    }

    async fn end(&mut self) -> Result<(), StorageError> {
        self.forget(None);
        self.storage().release_lease(FollowerName::PROOF).await
    }
}

/// A log that was written with this version.
fn versioned(log: ProofLog, version: u64) -> Versioned<ProofLog> {
    let (kind, id, content) = (ProofLog::KIND, log.record_id(), log.to_content());
    Versioned { value: log, record: Record { kind, id, version, content } }
}

/// The limits of a page of which so many records are needed.
fn page_of(count: u64) -> PageLimits {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    PageLimits { count_max: PAGE.count_max.min(count), ..PAGE }
}

/// Whether no tree has both heads, as far as their sizes and roots alone show.
fn contradicts(older: &TreeHead, newer: &TreeHead) -> bool {
    older.size == newer.size && older.root != newer.root
}

fn contradiction(tenant: TenantId) -> StorageError {
    let tenant = tenant.number();
    let place = format!("the statements of tenant {tenant}: they are not those of the signed head");
    StorageError::Corrupt { place }
}
