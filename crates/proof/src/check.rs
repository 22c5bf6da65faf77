//! Whether the statements of a store are those of its signed heads.

use acta_merkle::{Entry, Hash, TILE_HASHES, Tile, Tree, TreeHead};
use acta_storage::directory::{self, ProofLog, Recorded, Versioned};
use acta_storage::{FeedRecord, Group, PageLimits, Storage, StorageError, StoreId};

use crate::entries::entries_of;
use crate::proofs::{blocking, continued_head, find_tiles, head_of, is_current};

/// Limits of the records that are read at a time; twice as many are in memory.
const PAGE: PageLimits = PageLimits { count_max: 8_192, bytes_max: 8 << 20 };

/// What was checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CheckedLogs {
    /// Logs whose statements lead to their head, and whose tiles are those of the statements.
    pub intact: u64,
    /// Statements of which roots were computed.
    pub statements: u64,
    /// What was reported.
    pub damaged: u64,
}

/// Computes the root of each tenant's log again, from its statements, and compares it with the
/// signed head, with the head that the log continues, and with all of its tiles. Reports each
/// difference. A log that will not go on, because its store was restored, is not compared.
///
/// It may run while statements are stored: what comes behind the head that it finds first does
/// not count.
///
/// # Errors
///
/// What storage reports, apart from damage.
pub async fn check_logs(
    storage: &dyn Storage,
    report: &mut (dyn FnMut(String) + Send),
) -> Result<CheckedLogs, StorageError> {
    let store = storage.identify().await?;
    let mut checked = CheckedLogs::default();
    for log in directory::list::<ProofLog>(storage, &Group::Every).await? {
        let mut check = Check { storage, store, log: log.value, statements: 0 };
        if check.log.size == 0 || !check.goes_on().await? {
            continue;
        }
        let found = check.run().await;
        checked.statements += check.statements;
        // Otherwise another epoch has begun meanwhile, and its tiles were removed.
        if !check.goes_on().await? {
            continue;
        }
        let tenant = check.log.tenant;
        let places = match found {
            Err(StorageError::Corrupt { place }) => vec![place],
            found => found?,
        };
        checked.damaged += places.len() as u64;
        checked.intact += u64::from(places.is_empty());
        for place in places {
            report(format!("tenant {tenant}: {place}"));
        }
    }
    Ok(checked)
}

struct Check<'a> {
    storage: &'a dyn Storage,
    store: StoreId,
    log: ProofLog,
    /// Of how many the root was computed.
    statements: u64,
}

/// What differs from the statements.
#[derive(Default)]
struct Differences {
    /// How many statements are before the first tile that is another one.
    before: Option<u64>,
    tiles: u64,
    heads: Vec<&'static str>,
}

impl Check<'_> {
    /// Whether the epoch of the log is the present one.
    async fn goes_on(&self) -> Result<bool, StorageError> {
        let found: Option<Versioned<ProofLog>> =
            directory::find(self.storage, &self.log.record_id()).await?;
        let timeline = self.storage.read_timeline().await?;
        Ok(found.is_some_and(|found| {
            found.value.epoch == self.log.epoch && is_current(&found.value, self.store, timeline)
        }))
    }

    /// The places that are damaged.
    async fn run(&mut self) -> Result<Vec<String>, StorageError> {
        let older = continued_head(&self.log).filter(|older| older.size <= self.log.size);
        let mut tree = Tree::new();
        let mut found = Differences::default();
        let mut records = self.read(0, older.as_ref()).await?;
        while tree.size() < self.log.size {
            if records.is_empty() {
                return Ok(vec![format!(
                    "the statements end at {}, and the signed head has {}",
                    tree.size(),
                    self.log.size
                )]);
            }
            let (before, read) = (tree.size(), std::mem::take(&mut records));
            let after = before + read.len() as u64;
            // It goes on while the next ones are read.
            let hashing = blocking(move || entries_of(&read, before));
            records = self.read(after, older.as_ref()).await?;
            let leaves: Vec<Hash> = hashing.await?.iter().map(Entry::hash).collect();
            self.compare(&tree.append(&leaves), &mut found).await?;
            self.statements = tree.size();
            if older.is_some_and(|older| older.size == after && older != tree.head()) {
                found.heads.push("the head that the log continues");
            }
        }
        if tree.head() != head_of(&self.log) {
            found.heads.push("the signed head");
        }
        Ok(found.places())
    }

    /// The next records, which end at the older head if they reach it.
    async fn read(
        &self,
        after: u64,
        older: Option<&TreeHead>,
    ) -> Result<Vec<FeedRecord>, StorageError> {
        let older = older.map(|older| older.size).filter(|size| after < *size);
        let left = older.unwrap_or(self.log.size) - after;
        let count = usize::try_from(left).unwrap_or(usize::MAX);
        if count == 0 {
            return Ok(Vec::new());
        }
        let page = PageLimits { count_max: PAGE.count_max.min(count), ..PAGE };
        self.storage.read_records(self.log.tenant, after, page).await
    }

    /// Compares tiles that were made again with those that are stored.
    async fn compare(&self, made: &[Tile], found: &mut Differences) -> Result<(), StorageError> {
        let ids = made.iter().map(|tile| tile.id);
        let stored = find_tiles(self.storage, &self.log, ids).await?;
        for tile in made {
            if stored.hashes(tile.id).is_ok_and(|hashes| hashes == tile.hashes) {
                continue;
            }
            found.tiles += 1;
            if tile.id.level() == 0 {
                found.before.get_or_insert(tile.id.index() * u64::from(TILE_HASHES));
            }
        }
        Ok(())
    }
}

impl Differences {
    fn places(self) -> Vec<String> {
        let mut places: Vec<String> = self
            .heads
            .iter()
            .map(|head| {
                format!("the statements are not those of {head}: some were changed or lost")
            })
            .collect();
        if 0 < self.tiles {
            let before = self.before.map(|count| format!(", the first behind statement {count}"));
            places.push(format!(
                "tiles of the log for proofs are missing or damaged: {}{}",
                self.tiles,
                before.unwrap_or_default()
            ));
        }
        places
    }
}
