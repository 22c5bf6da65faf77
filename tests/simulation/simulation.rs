//! A store on a simulated computer, and what it must hold.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use acta_access::TenantId;
use acta_ambient::{Clock, ManualClock, SeededEntropy};
use acta_followers::{EntityFollower, Follower};
use acta_storage::{
    Appended, Batch, FollowerStep, PageLimits, StagedAttachment, StatementQuery, Storage,
    StorageError,
};
use acta_storage_embedded::{EmbeddedStorage, OpenError, Options};
use acta_storage_suite::fixture::{Draft, START, batch};
use acta_storage_suite::generate::Dice;
use acta_xapi::Sha2;
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::disk::Computer;
use crate::ledger::{Ledger, Sent};
use crate::tables::{TableWrite, TablesLedger};
use crate::trace;
use crate::world::PowerLoss;

/// Between any two acts this much time passes.
const STEP: Duration = Duration::from_millis(5);

/// The second of the tenants, beside [`TenantId::FIRST`]. It needs no row of its own.
pub(crate) fn second_tenant() -> TenantId {
    TenantId::new(2).unwrap()
}

/// Limits so small that a few statements reach them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) segment_bytes: u64,
    pub(crate) run_entries: u32,
    pub(crate) dictionary_samples: usize,
    pub(crate) reserve_bytes: u64,
}

/// What is done to a store.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Append(TenantId, Sent),
    /// All at once.
    Burst(Vec<(TenantId, Sent)>),
    Write(Box<TableWrite>),
    Query(TenantId, Box<StatementQuery>),
    /// What is known of an activity and a person.
    Ask(TenantId, &'static str, &'static str),
    /// Close it and open it again.
    Reopen,
}

/// How a store ends before it starts again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shutdown {
    /// It is closed.
    Closed,
    /// It is killed: what it has written is there.
    Killed,
    PowerLost(PowerLoss),
}

/// A store, and what it must hold.
#[derive(Debug)]
pub(crate) struct Simulation {
    // Dropped in this order: the store before its disk.
    storage: Option<Arc<EmbeddedStorage>>,
    follower: EntityFollower,
    pub(crate) computer: Computer,
    ledger: Ledger,
    tables: TablesLedger,
    clock: Arc<ManualClock>,
    entropy: Arc<SeededEntropy>,
    settings: Settings,
    /// For the one real file, the lock.
    home: TempDir,
    is_without_room: bool,
    /// Whether a fault struck before the computer last started.
    has_struck: bool,
}

impl Simulation {
    /// A computer without a store.
    pub(crate) fn new(seed: u64, settings: Settings) -> Self {
        Self {
            storage: None,
            follower: EntityFollower::default(),
            computer: Computer::new(seed),
            ledger: Ledger::new(&[TenantId::FIRST, second_tenant()]),
            tables: TablesLedger::new(),
            clock: Arc::new(ManualClock::new(START)),
            entropy: Arc::new(SeededEntropy::new(seed)),
            settings,
            home: TempDir::new().unwrap(),
            is_without_room: false,
            has_struck: false,
        }
    }

    fn options(&self) -> Options {
        Options {
            directory: self.home.path().to_path_buf(),
            clock: Arc::<ManualClock>::clone(&self.clock),
            entropy: Arc::<SeededEntropy>::clone(&self.entropy),
            disk: self.computer.disk(),
            segment_bytes: self.settings.segment_bytes,
            run_entries: self.settings.run_entries,
            queue_bytes_max: Options::QUEUE_BYTES_MAX,
            queue_statements_max: Options::QUEUE_STATEMENTS_MAX,
            group_cost_max: Options::GROUP_COST_MAX,
            dictionary_samples: self.settings.dictionary_samples,
            reserve_bytes: self.settings.reserve_bytes,
            on_progress: None,
        }
    }

    /// Whether something went wrong since the computer started, so that acts may fail.
    fn is_excused(&self) -> bool {
        0 < self.computer.struck_count() || self.is_without_room
    }

    fn storage(&self) -> Option<Arc<dyn Storage>> {
        self.storage.clone().map(|storage| storage as Arc<dyn Storage>)
    }

    /// How many runs the index has.
    pub(crate) fn run_count(&self) -> u64 {
        self.storage.as_ref().map_or(0, |storage| storage.statistics().run_count)
    }

    /// Waits until the index has so many runs, at most for `wait_max`.
    pub(crate) fn wait_for_runs(&self, count: u64, wait_max: Duration) {
        let mut waited = Duration::ZERO;
        while self.run_count() != count && !self.is_excused() && waited < wait_max {
            waited += pause();
        }
    }

    /// Waits until nothing has been asked of the disk for so long.
    pub(crate) fn wait_for_quiet(&self, wait_max: Duration) {
        let (mut call_count, mut waited) = (self.computer.call_count(), Duration::ZERO);
        while waited < wait_max {
            waited += pause();
            if call_count != self.computer.call_count() {
                (call_count, waited) = (self.computer.call_count(), Duration::ZERO);
            }
        }
    }

    /// Whether a fault has struck, ever.
    pub(crate) fn has_struck(&self) -> bool {
        self.has_struck || 0 < self.computer.struck_count()
    }

    /// Tries to open the store, twice at most, if it is not open.
    pub(crate) async fn open_again(&mut self) {
        for _ in 0..2 {
            if self.storage.is_none() && !self.computer.is_off() {
                self.open().await;
            }
        }
    }

    /// Tries to open the store. It may fail when the disk does, but not take that for damage.
    pub(crate) async fn open(&mut self) {
        let opened = EmbeddedStorage::open(&self.options());
        trace::record(|| format!("opened: {:?}", opened.as_ref().err()));
        match opened {
            Ok(storage) => {
                self.follower = EntityFollower::default();
                // What was in flight may be there now.
                self.follow(&*storage).await;
                self.storage = Some(storage);
            }
            Err(OpenError::Storage(
                StorageError::Io { .. } | StorageError::Full | StorageError::Halted,
            )) if self.is_excused() => {}
            Err(error) => panic!("could not open the store: {error:?}"),
        }
    }

    /// Opens the store on a disk that obeys from now on, and asks for all that it must hold.
    pub(crate) async fn open_and_check(&mut self, dice: &mut Dice) {
        self.computer.arm(&[]);
        self.leave_room(None);
        let storage = EmbeddedStorage::open(&self.options());
        let storage = storage.unwrap_or_else(|error| panic!("the store is lost: {error:?}"));
        self.ledger.check(&*storage, dice).await;
        self.tables.check(&*storage).await;
        self.storage = Some(storage);
    }

    /// The store, if it is open.
    pub(crate) fn store(&self) -> Option<Arc<EmbeddedStorage>> {
        self.storage.clone()
    }

    /// The directory of the store.
    pub(crate) fn directory(&self) -> &Path {
        self.home.path()
    }

    /// Removes a tenant of which the ledgers know nothing. Tells whether that succeeded.
    pub(crate) async fn purge(&mut self, tenant: TenantId) -> bool {
        let Some(storage) = self.storage() else { return false };
        let purged = storage.purge_tenant(tenant).await;
        trace::record(|| format!("removal of {tenant}: {purged:?}"));
        match purged {
            Ok(_) => true,
            Err(StorageError::Full | StorageError::Busy { .. }) if self.is_excused() => false,
            Err(error) => {
                self.check_excuse(Err(error), &tenant);
                false
            }
        }
    }

    /// Lets the store grow by so many bytes.
    pub(crate) fn leave_room(&mut self, bytes: Option<u64>) {
        self.is_without_room |= bytes.is_some();
        self.computer.leave_room(bytes);
    }

    /// Ends the store in some way, and starts the computer if it has to.
    pub(crate) fn end(&mut self, end: Shutdown) {
        trace::record(|| format!("{end:?}"));
        if end == Shutdown::Closed
            && let Some(storage) = &self.storage
            && let Err(error) = storage.close()
        {
            assert!(self.is_excused(), "could not close the store: {error:?}");
        }
        if end == Shutdown::Closed {
            self.storage = None;
        }
        // The power may go while it is closing.
        let loss = match end {
            Shutdown::Closed if !self.computer.is_off() => return,
            Shutdown::Closed => Some(PowerLoss::Chance),
            Shutdown::Killed => None,
            Shutdown::PowerLost(loss) => Some(loss),
        };
        self.has_struck = self.has_struck();
        self.is_without_room = false;
        match loss {
            Some(loss) => self.computer.lose_power(loss, || self.storage = None),
            None => self.computer.restart(|| self.storage = None),
        }
    }

    /// Does an act, and checks its answer as far as it can.
    pub(crate) async fn act(&mut self, act: &Act) {
        self.clock.advance(STEP);
        match act {
            Act::Append(tenant, sent) => self.append(&[(*tenant, sent.clone())]).await,
            Act::Burst(batches) => self.append(batches).await,
            Act::Write(write) => self.write(write).await,
            Act::Query(tenant, query) => {
                let Some(storage) = self.storage() else { return };
                let checked = self.ledger.check_query(&*storage, *tenant, query).await;
                self.check_excuse(checked, act);
            }
            // A follower that failed rests for a second, which nobody waits for here.
            Act::Ask(..) if self.is_excused() => {}
            Act::Ask(tenant, activity, person) => {
                let Some(storage) = self.storage() else { return };
                let checked =
                    self.ledger.check_entities(&*storage, *tenant, activity, person).await;
                self.check_excuse(checked, act);
            }
            Act::Reopen => {
                self.end(Shutdown::Closed);
                self.open().await;
            }
        }
    }

    fn check_excuse(&self, result: Result<(), StorageError>, what: &dyn std::fmt::Debug) {
        if let Err(error) = result {
            let is_excused = self.is_excused() && !matches!(error, StorageError::Corrupt { .. });
            assert!(is_excused, "{error:?}, answered to {what:?}");
        }
    }

    async fn write(&mut self, write: &TableWrite) {
        let Some(storage) = self.storage() else { return };
        let now = self.clock.now();
        let answer = write.run(&*storage).await;
        trace::record(|| format!("{write:?}: {answer:?}"));
        match answer {
            Ok(answer) => self.tables.answered(now, write, answer).await,
            // Nothing was written.
            Err(StorageError::Full | StorageError::Busy { .. }) if self.is_excused() => {}
            Err(error @ (StorageError::Halted | StorageError::Io { .. })) => {
                self.check_excuse(Err(error), write);
                self.tables.unknown(now, write).await;
            }
            Err(error) => panic!("{error:?}, answered to {write:?}"),
        }
    }

    /// Appends batches at once, then looks at what became of them.
    async fn append(&mut self, batches: &[(TenantId, Sent)]) {
        let Some(storage) = self.storage() else { return };
        let mut appending = JoinSet::new();
        for (tenant, sent) in batches {
            let (storage, tenant, sent) = (Arc::clone(&storage), *tenant, sent.clone());
            appending.spawn(async move {
                let answer = append(&*storage, tenant, &sent).await;
                (tenant, sent, answer)
            });
        }
        for (tenant, sent, answer) in appending.join_all().await {
            trace::record(|| format!("{:?} to {tenant}: {answer:?}", sent.numbers()));
            match answer {
                Ok(answer) => {
                    let is_failure = !matches!(answer, Ok(_) | Err(StorageError::Conflict(_)));
                    assert!(!is_failure || self.is_excused(), "{answer:?} to {sent:?}");
                    self.ledger.answered(tenant, &sent, &answer);
                }
                Err(not_staged) => self.check_excuse(Err(not_staged), &sent),
            }
        }
        self.follow(&*storage).await;
        let followed = self.keep_entities(&*storage).await;
        self.check_excuse(followed, &"the follower of entities");
    }

    /// Lets the follower of entities take what it has not taken, one tenant after the other: in
    /// its runtime, faults would strike it at another call each time.
    async fn keep_entities(&mut self, storage: &dyn Storage) -> Result<(), StorageError> {
        let name = self.follower.name();
        let page = PageLimits { count_max: 1_000, bytes_max: usize::MAX };
        for position in storage.list_behind(name).await? {
            let (tenant, from) = (position.tenant, position.sequence);
            let records = storage.read_records(tenant, from, page).await?;
            let Some(to) = records.last().map(|last| last.sequence) else { continue };
            let effects = self.follower.apply(tenant, &records).await?;
            let step = FollowerStep { tenant, from, to, effects };
            if let Err(error) = storage.advance(name, step).await {
                // What it has noted may not be written.
                self.follower.forget();
                return Err(error);
            }
        }
        Ok(())
    }

    /// Looks at what can be read now. Nothing goes wrong meanwhile.
    async fn follow(&mut self, storage: &dyn Storage) {
        self.computer.pause(true);
        if !self.computer.is_off() {
            self.ledger.follow(storage).await;
        }
        self.computer.pause(false);
    }

    /// Sends again what a client would send again, because it does not know whether it is
    /// stored.
    pub(crate) async fn repeat_lost(&mut self) {
        for (tenant, sent) in self.ledger.take_lost() {
            self.act(&Act::Append(tenant, sent)).await;
        }
    }
}

/// Waits for a moment, and returns for how long.
fn pause() -> Duration {
    const MOMENT: Duration = Duration::from_micros(200);
    std::thread::sleep(MOMENT);
    MOMENT
}

/// Appends a batch with its attachments. The outer error says that they could not be received.
async fn append(
    storage: &dyn Storage,
    tenant: TenantId,
    sent: &Sent,
) -> Result<Result<Appended, StorageError>, StorageError> {
    let mut attachments: Vec<Box<dyn StagedAttachment>> = Vec::new();
    for content in &sent.contents {
        let mut writer = storage.stage_attachment(tenant, Sha2::sha256(content)).await?;
        for piece in content.chunks(50_000) {
            writer.write(content.slice_ref(piece)).await?;
        }
        attachments.push(writer.finish().await?);
    }
    let drafts: Vec<&Draft> = sent.drafts.iter().collect();
    let batch = Batch { attachments, ..batch(&drafts) };
    Ok(storage.append(tenant, batch).await)
}
