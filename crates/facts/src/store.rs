//! The facts of all tenants on this node.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use acta_access::TenantId;
use acta_followers::NodePositions;
use acta_storage::directory::CourseRule;
use acta_storage::persons::Persons;
use acta_storage::{FollowerName, StorageError};

use crate::query::{
    self, Answer, Asked, FactPage, FactRows, PageQuestion, QueryError, Question, RowsQuestion,
};
use crate::rows::batch::{Batch, SourceStatement};
use crate::table::Table;
use crate::tenant::{Addition, TenantFacts};

/// The name of the file that is locked while the facts are open.
const LOCK_NAME: &str = "lock";

/// The name of the folder for files that are made from the facts of a tenant.
const EXPORT_NAME: &str = "export";

/// The end of the names of folders that are being removed.
const REMOVED_END: &str = ".removed";

/// The facts of all tenants on this node, in one folder.
#[derive(Debug)]
pub struct FactStore {
    folder: PathBuf,
    tenants: RwLock<HashMap<TenantId, Arc<TenantFacts>>>,
    dictionary_bytes_max: usize,
    /// Whether a follower makes facts here, and whether it has looked at every tenant.
    is_followed: AtomicBool,
    has_looked: AtomicBool,
    /// Whose facts the follower is to make again, and has not removed yet.
    discarded: Mutex<HashSet<TenantId>>,
    /// The languages of the names of tenants, as far as they are not English.
    languages: RwLock<HashMap<TenantId, Box<str>>>,
    /// Is locked while the facts are open.
    _lock: File,
}

/// Statements as rows that can be added to facts.
#[derive(Debug)]
pub struct Rows(Batch);

impl Rows {
    /// The rows of statements that follow one another in the log of a tenant.
    pub fn of<'t>(statements: impl IntoIterator<Item = SourceStatement<'t>>) -> Self {
        let mut batch = Batch::default();
        statements.into_iter().for_each(|statement| batch.push(&statement));
        Self(batch)
    }
}

/// How the facts of a tenant are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FactStatus {
    /// Whose they are.
    pub tenant: TenantId,
    /// How many facts there are.
    pub count: u64,
    /// The sequence of the last statement among them.
    pub sequence: u64,
    /// Facts of voided statements, which answers leave out.
    pub voided: u64,
    /// Files of rows.
    pub segments: u64,
    /// Whether they are being made, so that statements are missing that were stored long ago.
    pub is_rebuilding: bool,
    /// Bytes on disk.
    pub disk_bytes: u64,
    /// Bytes of memory, about: dictionaries, and rows that are in no segment yet.
    pub memory_bytes: u64,
    /// Whether its dictionaries have reached their limit, so that no more facts are made.
    pub is_full: bool,
}

impl FactStatus {
    /// Of a tenant without facts.
    pub const fn empty(tenant: TenantId) -> Self {
        Self {
            tenant,
            count: 0,
            sequence: 0,
            voided: 0,
            segments: 0,
            is_rebuilding: false,
            disk_bytes: 0,
            memory_bytes: 0,
            is_full: false,
        }
    }
}

impl FactStore {
    /// The facts in a folder, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// Of the folder; [`ErrorKind::WouldBlock`] if another process has it open.
    pub fn open(folder: &Path) -> io::Result<Self> {
        acta_files::create_directory(folder)?;
        let lock = acta_files::open_or_create(&folder.join(LOCK_NAME))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => {
                io::Error::new(ErrorKind::WouldBlock, "another process has them open")
            }
            TryLockError::Error(error) => error,
        })?;
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.to_string_lossy().ends_with(REMOVED_END) {
                fs::remove_dir_all(path)?;
            }
        }
        let (folder, tenants) = (folder.to_owned(), RwLock::default());
        let (discarded, languages) = (Mutex::default(), RwLock::default());
        let (is_followed, has_looked) = (AtomicBool::new(false), AtomicBool::new(false));
        Ok(Self {
            folder,
            tenants,
            dictionary_bytes_max: usize::MAX,
            is_followed,
            has_looked,
            discarded,
            languages,
            _lock: lock,
        })
    }

    /// Makes no more facts of a tenant whose dictionaries take this many bytes of memory.
    #[must_use]
    pub fn with_dictionary_bytes_max(mut self, bytes: usize) -> Self {
        self.dictionary_bytes_max = bytes;
        self
    }

    /// Answers a question about a tenant's facts, in which every identifier is a person.
    ///
    /// Takes as long as it takes, so it is not to be called on a thread of the runtime.
    ///
    /// # Errors
    ///
    /// [`QueryError::Fault`] if the question has to be repaired, [`QueryError::TooLarge`] if the
    /// answer takes more than the limits, [`QueryError::Stopped`] if it was stopped, and
    /// [`QueryError::Io`] if files cannot be read.
    pub fn answer(
        &self,
        tenant: TenantId,
        question: &Question,
        asked: Asked<'_>,
    ) -> Result<Answer, QueryError> {
        self.answer_for_persons(tenant, question, &Arc::default(), asked)
    }

    /// As [`FactStore::answer`], with the identifiers of `persons` joined.
    ///
    /// # Errors
    ///
    /// As [`FactStore::answer`].
    pub fn answer_for_persons(
        &self,
        tenant: TenantId,
        question: &Question,
        persons: &Arc<Persons>,
        asked: Asked<'_>,
    ) -> Result<Answer, QueryError> {
        let found = self.find(tenant);
        // A tenant without statements has no facts, which is an answer too.
        let facts = found.clone().unwrap_or_else(|| Arc::new(TenantFacts::empty()));
        let answer = query::answer(&facts, question, persons, asked);
        let mut answer = answer.inspect_err(|error| self.discard_damaged(tenant, error))?;
        answer.is_rebuilding = self.is_rebuilding(tenant, found.as_deref(), answer.sequence);
        Ok(answer)
    }

    /// The facts of a tenant as they are now, as one table with courses by a rule, with the
    /// identifiers of `persons` joined.
    ///
    /// Takes as long as it takes, so it is not to be called on a thread of the runtime.
    pub fn table(&self, tenant: TenantId, course: &CourseRule, persons: &Arc<Persons>) -> Table {
        let found = self.find(tenant);
        let facts = found.clone().unwrap_or_else(|| Arc::new(TenantFacts::empty()));
        let mut table = Table::of(&facts, course, persons);
        table.is_rebuilding = self.is_rebuilding(tenant, found.as_deref(), table.sequence());
        table
    }

    /// Whether rows of a tenant are missing of statements that were stored long ago: its facts have
    /// not been opened yet, or are being made.
    pub fn is_incomplete(&self, tenant: TenantId) -> bool {
        let found = self.find(tenant);
        let sequence = found.as_ref().map_or(0, |facts| facts.view().sequence);
        self.is_rebuilding(tenant, found.as_deref(), sequence)
    }

    /// The folder for files that are made from the facts of a tenant. It is removed with them, and
    /// made by who writes there.
    pub fn export_folder(&self, tenant: TenantId) -> PathBuf {
        self.folder_of(tenant).join(EXPORT_NAME)
    }

    /// Gives the rows of a tenant's facts for which a condition holds, with the identifiers of
    /// `persons` joined, in the order of `timestamp`, with the fields that are asked for. Voided
    /// statements are not part of them.
    ///
    /// Takes as long as it takes, so it is not to be called on a thread of the runtime.
    ///
    /// # Errors
    ///
    /// Those of [`FactStore::answer`]; [`QueryError::Withheld`] if the tenant has chosen a
    /// smallest group, since nobody can tell what of the rows is shown.
    pub fn rows(
        &self,
        tenant: TenantId,
        question: &RowsQuestion,
        persons: &Arc<Persons>,
        asked: Asked<'_>,
    ) -> Result<FactRows, QueryError> {
        if let Some(smallest) = asked.settings.smallest_group {
            return Err(QueryError::Withheld(smallest));
        }
        self.rows_of_groups(tenant, question, persons, asked)
    }

    /// As [`FactStore::rows`], for a caller that shows nothing of fewer learners than the tenant
    /// has chosen.
    ///
    /// # Errors
    ///
    /// Those of [`FactStore::answer`].
    pub fn rows_of_groups(
        &self,
        tenant: TenantId,
        question: &RowsQuestion,
        persons: &Arc<Persons>,
        asked: Asked<'_>,
    ) -> Result<FactRows, QueryError> {
        let found = self.find(tenant);
        let facts = found.clone().unwrap_or_else(|| Arc::new(TenantFacts::empty()));
        let rows = query::rows(&facts, question, persons, asked);
        let mut rows = rows.inspect_err(|error| self.discard_damaged(tenant, error))?;
        rows.is_rebuilding = self.is_rebuilding(tenant, found.as_deref(), rows.sequence);
        Ok(rows)
    }

    /// Gives a page of the rows of a tenant's facts for which a condition holds, with the
    /// identifiers of `persons` joined, in the order of the log.
    ///
    /// Rows are single statements. Who reaches everybody may read all of them; for others, a
    /// smallest group would be told by the rows.
    ///
    /// Takes as long as it takes, so it is not to be called on a thread of the runtime.
    ///
    /// # Errors
    ///
    /// Those of [`FactStore::answer`]; [`QueryError::Withheld`] if the tenant has chosen a
    /// smallest group and the reach is limited.
    pub fn page(
        &self,
        tenant: TenantId,
        question: &PageQuestion,
        persons: &Arc<Persons>,
        asked: Asked<'_>,
    ) -> Result<FactPage, QueryError> {
        if let (Some(smallest), Some(_)) = (asked.settings.smallest_group, asked.reach) {
            return Err(QueryError::Withheld(smallest));
        }
        let found = self.find(tenant);
        let facts = found.clone().unwrap_or_else(|| Arc::new(TenantFacts::empty()));
        let page = query::page(&facts, question, persons, asked);
        let mut page = page.inspect_err(|error| self.discard_damaged(tenant, error))?;
        let sequence = page.rows.sequence;
        page.rows.is_rebuilding = self.is_rebuilding(tenant, found.as_deref(), sequence);
        Ok(page)
    }

    /// Has facts made again whose files are damaged by what an error says.
    pub fn discard_damaged(&self, tenant: TenantId, error: &QueryError) {
        let QueryError::Io(error) = error else { return };
        if is_damage(error) {
            let error: &dyn std::error::Error = error;
            let id = tenant.number();
            tracing::error!(tenant.id = id, error, "facts are damaged: they are made again");
            self.rebuild(tenant);
        }
    }

    /// Adds rows that follow those of the tenant that are there. Of voided statements, only those
    /// that come later are left out; a server uses [`FactFollower`](crate::FactFollower).
    ///
    /// # Errors
    ///
    /// Of the files.
    pub fn append(&self, tenant: TenantId, rows: Rows) -> io::Result<()> {
        let awaited = rows.0.rows.iter().filter_map(|row| row.voids).collect();
        let addition = Addition { batch: rows.0, awaited, ..Addition::default() };
        self.find_or_open(tenant)?.add(&addition)
    }

    /// Writes the rows of a tenant that are only in memory.
    ///
    /// # Errors
    ///
    /// Of the files.
    pub fn flush(&self, tenant: TenantId) -> io::Result<()> {
        self.find(tenant).map_or(Ok(()), |facts| facts.flush())
    }

    /// Opens the facts of every tenant that are in the folder.
    ///
    /// # Errors
    ///
    /// Of the files.
    pub fn open_all(&self) -> io::Result<()> {
        self.tenants()?.into_iter().try_for_each(|tenant| self.find_or_open(tenant).map(drop))
    }

    /// How the facts of each tenant are, in the order of their numbers.
    pub fn statuses(&self) -> Vec<FactStatus> {
        let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        let mut statuses: Vec<_> =
            tenants.iter().map(|(tenant, facts)| self.status_of(*tenant, facts)).collect();
        statuses.sort_unstable_by_key(|status| status.tenant);
        statuses
    }

    /// How the facts of a tenant are; none if there are none.
    pub fn status(&self, tenant: TenantId) -> Option<FactStatus> {
        self.find(tenant).map(|facts| self.status_of(tenant, &facts))
    }

    /// Whether a tenant's dictionaries are so large that no more facts of it are made.
    pub(crate) fn is_full(&self, facts: &TenantFacts) -> bool {
        self.dictionary_bytes_max <= facts.memory_bytes().0
    }

    /// Has the follower remove the facts of a tenant, if there are any, and make them again.
    /// Answers say that until they are as far as they were.
    pub fn rebuild(&self, tenant: TenantId) {
        if self.find(tenant).is_some() || self.folder_of(tenant).exists() {
            self.discarded().insert(tenant);
        }
    }

    /// The same for all tenants.
    ///
    /// # Errors
    ///
    /// Of the folder.
    pub fn rebuild_all(&self) -> io::Result<()> {
        self.tenants()?.into_iter().for_each(|tenant| self.rebuild(tenant));
        Ok(())
    }

    /// Sets the language of names of a tenant; English if there is none. Facts with names in
    /// another one are made again by the follower.
    pub fn set_language(&self, tenant: TenantId, language: Option<&str>) {
        let language = language.unwrap_or_default();
        if *language != *self.language_of(tenant) {
            let mut languages = self.languages.write().unwrap_or_else(PoisonError::into_inner);
            languages.insert(tenant, language.into());
        }
    }

    /// The language of names of a tenant; English if it is empty.
    fn language_of(&self, tenant: TenantId) -> Box<str> {
        let languages = self.languages.read().unwrap_or_else(PoisonError::into_inner);
        languages.get(&tenant).cloned().unwrap_or_default()
    }

    fn has_other_language(&self, tenant: TenantId, facts: &TenantFacts) -> bool {
        **facts.language() != *self.language_of(tenant)
    }

    /// Whether the facts of a tenant are to be removed and made again.
    pub(crate) fn is_discarded(&self, tenant: TenantId) -> bool {
        let facts = self.find(tenant);
        let is_other = facts.is_some_and(|facts| self.has_other_language(tenant, &facts));
        is_other || self.discarded().contains(&tenant)
    }

    /// The facts of a tenant were removed and are open again, or are not wanted any more.
    pub(crate) fn end_discarding(&self, tenant: TenantId) {
        self.discarded().remove(&tenant);
    }

    fn discarded(&self) -> MutexGuard<'_, HashSet<TenantId>> {
        self.discarded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether facts up to this sequence lack rows that the follower is about to make. Nothing else
    /// decides this. Facts that are not open lack them until the follower has looked at all
    /// tenants.
    fn is_rebuilding(&self, tenant: TenantId, facts: Option<&TenantFacts>, sequence: u64) -> bool {
        let is_partial = match facts {
            Some(facts) => {
                let is_behind = facts.is_rebuilding(sequence) && !self.is_full(facts);
                is_behind || self.has_other_language(tenant, facts)
            }
            None => {
                self.is_followed.load(Ordering::Acquire) && !self.has_looked.load(Ordering::Acquire)
            }
        };
        is_partial || self.discarded().contains(&tenant)
    }

    /// A follower is about to make facts here.
    pub(crate) fn begin_following(&self) {
        self.has_looked.store(false, Ordering::Release);
        self.is_followed.store(true, Ordering::Release);
    }

    /// The follower has looked at all tenants that have statements, and opened the facts of each.
    pub(crate) fn note_look(&self) {
        self.has_looked.store(true, Ordering::Release);
    }

    pub(crate) fn find(&self, tenant: TenantId) -> Option<Arc<TenantFacts>> {
        let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        tenants.get(&tenant).map(Arc::clone)
    }

    /// The facts of a tenant, opened if they are not yet. Facts that are damaged, or of another
    /// release, are removed, so that they are made again.
    ///
    /// # Errors
    ///
    /// Of the files.
    pub(crate) fn find_or_open(&self, tenant: TenantId) -> io::Result<Arc<TenantFacts>> {
        if let Some(facts) = self.find(tenant) {
            return Ok(facts);
        }
        let (folder, language) = (self.folder_of(tenant), self.language_of(tenant));
        let facts = match TenantFacts::open(&folder, &language) {
            Ok(facts) => facts,
            Err(error) if !is_damage(&error) => return Err(error),
            Err(error) => {
                tracing::warn!(
                    tenant.id = tenant.number(),
                    error = &error as &dyn std::error::Error,
                    "the facts of a tenant cannot be read: they are made again"
                );
                self.clear(tenant)?;
                TenantFacts::open(&folder, &language)?
            }
        };
        if self.is_followed.load(Ordering::Acquire) {
            // How far they have to go is not known before the follower says so.
            facts.begin(u64::MAX);
        }
        let facts = Arc::new(facts);
        let mut tenants = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
        tenants.insert(tenant, Arc::clone(&facts));
        Ok(facts)
    }

    /// Removes the facts of a tenant.
    ///
    /// # Errors
    ///
    /// Of the files.
    pub(crate) fn clear(&self, tenant: TenantId) -> io::Result<()> {
        self.tenants.write().unwrap_or_else(PoisonError::into_inner).remove(&tenant);
        let folder = self.folder_of(tenant);
        // By another name, since somebody may be writing an export into it.
        let removed = self.folder.join(format!("{}{REMOVED_END}", tenant.number()));
        unless_missing(fs::remove_dir_all(&removed))?;
        unless_missing(fs::rename(&folder, &removed))?;
        unless_missing(fs::remove_dir_all(&removed))?;
        Ok(())
    }

    /// The tenants' facts that are open, with how many bytes of each are only in memory.
    pub(crate) fn tails(&self) -> Vec<(usize, Arc<TenantFacts>)> {
        let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        tenants.values().map(|facts| (facts.view().tail_bytes(), Arc::clone(facts))).collect()
    }

    /// The tenants that have facts here, whether they are open or not.
    ///
    /// # Errors
    ///
    /// Of the folder.
    pub(crate) fn tenants(&self) -> io::Result<Vec<TenantId>> {
        let mut tenants = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let name = entry?.file_name();
            tenants
                .extend(name.to_str().and_then(|name| name.parse().ok()).and_then(TenantId::new));
        }
        Ok(tenants)
    }

    fn status_of(&self, tenant: TenantId, facts: &TenantFacts) -> FactStatus {
        let view = facts.view();
        let (texts, tail) = facts.memory_bytes();
        FactStatus {
            tenant,
            count: view.len() as u64,
            sequence: view.sequence,
            voided: view.voided.len(),
            segments: view.segments.len() as u64,
            is_rebuilding: self.is_rebuilding(tenant, Some(facts), view.sequence),
            disk_bytes: facts.disk_bytes(),
            memory_bytes: (texts + tail) as u64,
            is_full: self.is_full(facts),
        }
    }

    fn folder_of(&self, tenant: TenantId) -> PathBuf {
        self.folder.join(tenant.number().to_string())
    }
}

impl NodePositions for FactStore {
    fn name(&self) -> FollowerName {
        FollowerName::FACTS
    }

    /// That of the last fact; after all if no more are made, 0 if all are to be made again.
    fn reached(&self, tenant: TenantId) -> u64 {
        match self.find(tenant).filter(|_| !self.is_discarded(tenant)) {
            Some(facts) if self.is_full(&facts) => u64::MAX,
            Some(facts) => facts.view().sequence,
            None => 0,
        }
    }

    fn rebuild(&self) -> Result<(), StorageError> {
        let act = "rebuilding facts";
        self.rebuild_all().map_err(|source| StorageError::Io { act, source })
    }
}

/// Makes nothing of an error that something is not there.
fn unless_missing(outcome: io::Result<()>) -> io::Result<()> {
    outcome.or_else(|error| if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

/// Whether the files are not as they were written.
pub(crate) fn is_damage(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::UnexpectedEof | ErrorKind::NotFound)
}

#[cfg(test)]
mod tests {
    use acta_storage::directory::TenantSettings;

    use super::*;

    #[test]
    fn facts_are_incomplete_until_the_follower_has_found_how_far_they_have_to_go() {
        let folder = tempfile::tempdir().unwrap();
        let store = FactStore::open(folder.path()).unwrap();
        let (tenant, persons) = (TenantId::FIRST, Arc::default());
        let is_rebuilding = |store: &FactStore| {
            let rows = RowsQuestion::default();
            let limits = query::QueryLimits { memory_bytes: 1 << 20, threads: 1 };
            let settings = TenantSettings::default();
            let asked = Asked { limits, now: 0, stop: &|| false, settings: &settings, reach: None };
            let of_rows = store.rows(tenant, &rows, &persons, asked).unwrap().is_rebuilding;
            let answer = store.answer(tenant, &Question::default(), asked);
            assert!(answer.is_err() || answer.unwrap().is_rebuilding == of_rows);
            let table = store.table(tenant, &CourseRule::default(), &persons);
            assert_eq!(table.is_rebuilding(), of_rows);
            assert_eq!(store.is_incomplete(tenant), of_rows);
            of_rows
        };
        assert!(!is_rebuilding(&store), "nobody makes any");
        store.begin_following();
        assert!(is_rebuilding(&store), "they are not open yet");
        let facts = store.find_or_open(tenant).unwrap();
        assert!(is_rebuilding(&store), "nobody knows how far they have to go");
        facts.begin(5);
        assert!(is_rebuilding(&store));
        facts.begin(0);
        assert!(!is_rebuilding(&store));
        store.rebuild(tenant);
        assert!(is_rebuilding(&store));
        assert!(store.is_discarded(tenant));
        store.clear(tenant).unwrap();
        store.note_look();
        assert!(is_rebuilding(&store), "they are not open again");
        store.end_discarding(tenant);
        assert!(!is_rebuilding(&store), "a tenant without statements");
    }

    #[test]
    fn a_follower_has_no_work_left_where_facts_are_full() {
        let folder = tempfile::tempdir().unwrap();
        let store = FactStore::open(folder.path()).unwrap();
        let tenant = TenantId::FIRST;
        assert_eq!(store.reached(tenant), 0, "there are none");
        store.find_or_open(tenant).unwrap();
        assert_eq!(store.reached(tenant), 0);
        let store = store.with_dictionary_bytes_max(0);
        assert_eq!(store.reached(tenant), u64::MAX);
        NodePositions::rebuild(&store).unwrap();
        assert_eq!(store.reached(tenant), 0, "they are made again");
    }
}
