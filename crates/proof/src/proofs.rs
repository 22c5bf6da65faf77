//! The logs of a store: signed heads, tiles and proofs.

use std::fmt;
use std::io;
use std::sync::Arc;

use acta_access::TenantId;
use acta_ambient::Entropy;
use acta_merkle::{
    BundleId, Checkpoint, Entry, Hash, InclusionProof, KeyName, LeafPlace, Origin, Plan, ProofFile,
    SignedCheckpoint, Signer, TILE_HASHES, Tile, TileId, TilePath, TileSet, TreeHead, VerifierKey,
    encode_bundle,
};
use acta_storage::directory::{self, ProofDamage, ProofLog, Recorded, Tenant, Versioned};
use acta_storage::{
    Change, PageLimits, Storage, StorageError, StoreId, StoredTile, TilePlace, spawn_blocking,
};
use acta_xapi::Uuid;

use crate::entries::{Opening, entries_of};

/// The name of the secret with which heads are signed.
const SECRET: &str = "proof-key";

/// Statements in memory at a time while entries are read end after so many bytes.
const PAGE_BYTES: usize = 1 << 20;

/// What [`Proofs`] need.
#[derive(Debug)]
pub struct ProofOptions {
    /// The host in the names of logs, with a port if it is not the usual one.
    pub host: String,
}

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    /// The log does not go so far: try again in some seconds.
    #[error("the statement is in no checkpoint yet")]
    NotYet,
    /// The log has no such tile.
    #[error("the log has no such tile")]
    NotFound,
    /// The store could not be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// The state of a tenant's log.
#[derive(Clone, Debug)]
pub struct LogState {
    /// Its head, signed.
    pub checkpoint: SignedCheckpoint,
    /// What verifies the signature.
    pub key: VerifierKey,
    /// The last signed checkpoint of the epoch before, if it had one and the log leads to it.
    pub continues: Option<String>,
}

/// Which log of a tenant is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogChoice {
    /// The tenant.
    pub tenant: TenantId,
    /// The epoch that the log must be in, if it matters.
    pub epoch: Option<u64>,
}

impl From<TenantId> for LogChoice {
    /// The present log of a tenant, whatever its epoch.
    fn from(tenant: TenantId) -> Self {
        Self { tenant, epoch: None }
    }
}

/// The proof of a statement.
#[derive(Clone, Debug)]
pub struct Proven {
    /// The proof file.
    pub file: ProofFile,
    /// What the entry of the log commits to.
    pub preimage: Vec<u8>,
}

/// The logs of a store.
pub struct Proofs {
    pub(crate) storage: Arc<dyn Storage>,
    store: StoreId,
    host: String,
    seed: [u8; 32],
}

impl fmt::Debug for Proofs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proofs").field("host", &self.host).finish_non_exhaustive()
    }
}

impl Proofs {
    /// The logs of an open store. A store without a key to sign with gets one.
    ///
    /// # Errors
    ///
    /// As [`acta_storage::SecretStore::get_or_create_secret`].
    pub async fn open(
        storage: Arc<dyn Storage>,
        entropy: &dyn Entropy,
        options: ProofOptions,
    ) -> Result<Self, StorageError> {
        let mut proposed = [0; 32];
        entropy.fill(&mut proposed);
        let seed = storage.get_or_create_secret(SECRET, proposed).await?;
        let store = storage.identify().await?;
        Ok(Self { storage, store, host: options.host, seed })
    }

    /// The state of a tenant's log. None until its first statement is in it, and in another epoch.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn state(
        &self,
        choice: impl Into<LogChoice>,
    ) -> Result<Option<LogState>, StorageError> {
        let Some(log) = self.find(choice.into()).await? else { return Ok(None) };
        let checkpoint = self.sign(&log)?;
        let key = self.signer(&log)?.verifier_key().clone();
        // Until the log has grown so far, it is not known to lead there.
        let is_reached = continued_head(&log).is_some_and(|older| older.size <= log.size);
        let continues = log.continues.filter(|_| is_reached);
        Ok(Some(LogState { checkpoint, key, continues }))
    }

    /// Proves that the statement with this sequence is in the log.
    ///
    /// # Errors
    ///
    /// [`ProveError`]. A statement that was erased is not found.
    pub async fn prove(&self, tenant: TenantId, sequence: u64) -> Result<Proven, ProveError> {
        let log = self.find(tenant.into()).await?.ok_or(ProveError::NotYet)?;
        let index = sequence.checked_sub(1).ok_or(ProveError::NotFound)?;
        let plan = Plan::inclusion(LeafPlace { index, size: log.size });
        let plan = plan.map_err(|_outside| ProveError::NotYet)?;
        let page = PageLimits { count_max: 1, bytes_max: usize::MAX };
        let records = self.storage.read_records(tenant, index, page).await?;
        let opening = blocking(move || {
            let record = records.first().filter(|record| record.sequence == sequence);
            record.map_or(Ok(None), Opening::of_record)
        });
        let Opening { preimage, salt } = opening.await?.ok_or(ProveError::NotFound)?;
        let tiles = self.read_tiles(&log, plan.tiles()).await?;
        let path = self.report_damage(&log, plan.hashes(&tiles)).await?;
        let proof = InclusionProof { index, path };
        let leaf = Entry::of_preimage(&preimage, &salt).hash();
        self.report_damage(&log, proof.verify(&leaf, &head_of(&log))).await?;
        let file = ProofFile { extra: salt.to_vec(), proof, checkpoint: self.sign(&log)? };
        Ok(Proven { file, preimage })
    }

    /// A tile, or a bundle of entries.
    ///
    /// # Errors
    ///
    /// [`ProveError::NotFound`] or [`ProveError::Storage`].
    pub async fn read(
        &self,
        choice: impl Into<LogChoice>,
        path: TilePath,
    ) -> Result<Vec<u8>, ProveError> {
        let log = self.find(choice.into()).await?.ok_or(ProveError::NotFound)?;
        let (level, index, width) = match path {
            TilePath::Hashes(tile) => (tile.level(), tile.index(), tile.width()),
            TilePath::Entries(bundle) => (0, bundle.index(), bundle.width()),
        };
        let end = index.checked_mul(u64::from(TILE_HASHES));
        let end = end.and_then(|first| first.checked_add(u64::from(width)));
        let count = log.size.checked_shr(u32::from(level) * TILE_HASHES.ilog2()).unwrap_or(0);
        if end.is_none_or(|end| count < end) {
            return Err(ProveError::NotFound);
        }
        match path {
            TilePath::Hashes(id) => {
                let tiles = self.read_tiles(&log, std::iter::once(id)).await?;
                let hashes = self.report_damage(&log, tiles.hashes(id)).await?;
                Ok(Tile { id, hashes: hashes.to_vec() }.to_bytes())
            }
            TilePath::Entries(bundle) => Ok(self.read_bundle(log.tenant, bundle).await?),
        }
    }

    async fn read_bundle(
        &self,
        tenant: TenantId,
        bundle: BundleId,
    ) -> Result<Vec<u8>, StorageError> {
        let width = usize::from(bundle.width());
        let mut after = bundle.index() * u64::from(TILE_HASHES);
        let mut entries = Vec::with_capacity(width);
        while entries.len() < width {
            let page = PageLimits { count_max: width - entries.len(), bytes_max: PAGE_BYTES };
            let records = self.storage.read_records(tenant, after, page).await?;
            let found = blocking(move || entries_of(&records, after)).await?;
            if found.is_empty() {
                let place = format!("the statement log: it ends at {after}");
                return Err(StorageError::Corrupt { place });
            }
            after += found.len() as u64;
            entries.extend(found);
        }
        Ok(encode_bundle(&entries))
    }

    /// The log of a tenant, if it has statements, is of this store, and is in the chosen epoch.
    async fn find(&self, choice: LogChoice) -> Result<Option<ProofLog>, StorageError> {
        let LogChoice { tenant, epoch } = choice;
        let found: Option<Versioned<ProofLog>> =
            directory::find(&*self.storage, &Tenant::record_id_of(tenant)).await?;
        let log = found.map(|found| found.value);
        let log = log.filter(|log| epoch.is_none_or(|epoch| log.epoch == epoch));
        let Some(log) = log else { return Ok(None) };
        // Read behind the log: if a standby was promoted in between, the log has ended.
        let timeline = self.storage.read_timeline().await?;
        Ok(Some(log).filter(|log| self.is_current(log, timeline) && 0 < log.size))
    }

    /// Whether the epoch of a log goes on, in a store that is in this timeline.
    pub(crate) fn is_current(&self, log: &ProofLog, timeline: Option<u32>) -> bool {
        is_current(log, self.store, timeline)
    }

    /// The log with which a new epoch begins: that of a tenant which has `count` statements.
    pub(crate) fn next_epoch(
        &self,
        tenant: TenantId,
        before: Option<&ProofLog>,
        count: u64,
        entropy: &dyn Entropy,
    ) -> Result<ProofLog, StorageError> {
        let mut random = [0; 16];
        entropy.fill(&mut random);
        let id = before.map_or(Uuid::from_random(random), |log| log.id);
        let mut epoch = [0; 8];
        entropy.fill(&mut epoch);
        let epoch = u64::from_be_bytes(epoch);
        let continues = before.map(|before| self.to_continue(before, count)).transpose()?.flatten();
        Ok(ProofLog {
            tenant,
            id,
            origin: format!("{}/t/{id}/{epoch:016x}", self.host),
            epoch,
            store: self.store,
            timeline: None,
            is_ended: false,
            size: 0,
            root: *Hash::EMPTY.as_bytes(),
            continues,
        })
    }

    /// The signed checkpoint that the log after this one continues, if the tenant's `count`
    /// statements lead to it: of its own head, or of what it continues and has not reached yet,
    /// the one with more statements. What is larger than `count` cannot be proved.
    fn to_continue(&self, log: &ProofLog, count: u64) -> Result<Option<String>, StorageError> {
        let older = continued_head(log).map_or(0, |older| older.size);
        if 0 < log.size && log.size <= count && (older <= log.size || count < older) {
            return Ok(Some(self.sign(log)?.to_string()));
        }
        Ok(log.continues.clone().filter(|_| older <= count))
    }

    fn signer(&self, log: &ProofLog) -> Result<Signer, StorageError> {
        let name: Result<KeyName, _> = log.origin.parse();
        let name = name.map_err(|error| StorageError::Corrupt { place: error.to_string() })?;
        Ok(Signer::from_seed(name, &self.seed))
    }

    /// Signs the head of a log as it is stored.
    fn sign(&self, log: &ProofLog) -> Result<SignedCheckpoint, StorageError> {
        let signer = self.signer(log)?;
        let origin = Origin::from(signer.verifier_key().name());
        let note = SignedCheckpoint::sign(&Checkpoint::new(origin, head_of(log)), &signer);
        note.map_err(|error| StorageError::Corrupt { place: error.to_string() })
    }

    /// Reads tiles as [`Proofs::find_tiles`] does, and reports damage.
    async fn read_tiles(
        &self,
        log: &ProofLog,
        ids: impl Iterator<Item = TileId> + Send,
    ) -> Result<TileSet, StorageError> {
        match self.find_tiles(log, ids).await {
            Err(StorageError::Corrupt { place }) => self.report_damage(log, Err(place)).await,
            tiles => tiles,
        }
    }

    /// Reads tiles. Those that are missing or too short are left out.
    pub(crate) async fn find_tiles(
        &self,
        log: &ProofLog,
        ids: impl Iterator<Item = TileId> + Send,
    ) -> Result<TileSet, StorageError> {
        find_tiles(&*self.storage, log, ids).await
    }

    /// What was found by tiles of a log. If they are damaged, that is noted in the store, so that
    /// the follower makes them again, whichever node it is on.
    async fn report_damage<T, E: fmt::Display + Send>(
        &self,
        log: &ProofLog,
        found: Result<T, E>,
    ) -> Result<T, StorageError> {
        let error = match found {
            Ok(found) => return Ok(found),
            Err(error) => error.to_string(),
        };
        if let Err(error) = self.note_damage(log).await {
            let (error, id): (&dyn std::error::Error, _) = (&error, log.tenant.number());
            tracing::warn!(tenant.id = id, error, "damage of tiles cannot be noted in the store");
        }
        let place = format!("the tiles of tenant {}: {error}", log.tenant.number());
        Err(StorageError::Corrupt { place })
    }

    async fn note_damage(&self, log: &ProofLog) -> Result<(), StorageError> {
        let damage = ProofDamage { tenant: log.tenant, epoch: log.epoch };
        let write = match self.find_damage(log.tenant).await? {
            Some(noted) if noted.value == damage => return Ok(()),
            Some(noted) => noted.write(&damage),
            None => damage.create(),
        };
        // If it is stale, somebody else has noted it.
        let change = Change { writes: vec![write], entries: Vec::new() };
        self.storage.commit(&change).await.map(drop)
    }

    /// The tiles are sound again: forgets their damage.
    pub(crate) async fn forget_damage(&self, tenant: TenantId) -> Result<(), StorageError> {
        let Some(noted) = self.find_damage(tenant).await? else { return Ok(()) };
        let change = Change { writes: vec![noted.remove()], entries: Vec::new() };
        self.storage.commit(&change).await.map(drop)
    }

    async fn find_damage(
        &self,
        tenant: TenantId,
    ) -> Result<Option<Versioned<ProofDamage>>, StorageError> {
        directory::find(&*self.storage, &Tenant::record_id_of(tenant)).await
    }
}

/// Whether the epoch of a log goes on, in this store while it is in this timeline.
pub(crate) fn is_current(log: &ProofLog, store: StoreId, timeline: Option<u32>) -> bool {
    let is_in_timeline = log.timeline.is_none() || timeline.is_none() || log.timeline == timeline;
    log.store == store && is_in_timeline && !log.is_ended
}

/// Reads tiles of a log. Those that are missing or too short are left out.
pub(crate) async fn find_tiles(
    storage: &dyn Storage,
    log: &ProofLog,
    ids: impl Iterator<Item = TileId> + Send,
) -> Result<TileSet, StorageError> {
    let ids: Vec<TileId> = ids.collect();
    let places: Vec<TilePlace> = ids.iter().map(|id| place_of(*id)).collect();
    let found = storage.find_tiles(log.tenant, log.epoch, &places).await?;
    let mut tiles = TileSet::default();
    for (id, hashes) in ids.into_iter().zip(found) {
        if let Some(hashes) = hashes {
            // What needs the tile reports that it is not there.
            let _ = tiles.insert(id, &hashes);
        }
    }
    Ok(tiles)
}

/// The head of a log.
pub(crate) fn head_of(log: &ProofLog) -> TreeHead {
    TreeHead { size: log.size, root: Hash::from_bytes(log.root) }
}

/// The head that a log continues, if there is one. It is proved once the log has this size.
pub(crate) fn continued_head(log: &ProofLog) -> Option<TreeHead> {
    let note = SignedCheckpoint::parse(log.continues.as_deref()?.as_bytes()).ok()?;
    Some(note.unverified().head)
}

fn place_of(id: TileId) -> TilePlace {
    TilePlace { level: id.level(), index: id.index() }
}

/// Tiles as they are stored.
pub(crate) fn stored(tiles: &[Tile]) -> Vec<StoredTile> {
    let to_stored = |tile: &Tile| StoredTile { place: place_of(tile.id), hashes: tile.to_bytes() };
    tiles.iter().map(to_stored).collect()
}

/// Loads statements on a thread that may wait for a disk. It begins at once.
pub(crate) fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StorageError> + Send + 'static,
) -> impl Future<Output = Result<T, StorageError>> + Send {
    let panicked = || StorageError::Io {
        act: "reading statements for a proof",
        source: io::Error::other("it panicked"),
    };
    let working = spawn_blocking(work);
    async move { working.await.map_err(|_panic| panicked())? }
}
