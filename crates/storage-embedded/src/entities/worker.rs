//! The follower's thread.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::Duration;

use acta_access::TenantId;
use acta_ambient::Clock;
use acta_storage::StorageError;
use acta_xapi::merge_definitions;

use super::cache::{Cache, News};
use super::queue::{Queue, Step};
use super::told::{Fact, FactKind, Told};
use super::{Ambient, ToldSource};
use crate::tables::{EntityChanges, EntityReader, Tables};

/// Changes are written at the latest after this.
const FLUSH_AFTER: Duration = Duration::from_millis(50);

/// Changes are written when they hold this much memory, in bytes. Other writers of the tables
/// wait meanwhile.
const CHANGES_BYTES_MAX: usize = 1 << 20;

/// Most statements that are read from the log at once.
const READ_COUNT_MAX: usize = 1000;

/// A fact that may change what is known.
#[derive(Debug)]
struct Change {
    tenant: TenantId,
    kind: FactKind,
    about: Box<str>,
    said: Box<str>,
}

/// Reads what statements tell, and writes what it changes.
#[derive(Debug)]
pub(super) struct Worker {
    queue: Arc<Queue>,
    tables: Arc<Tables>,
    reader: EntityReader,
    log: Arc<dyn ToldSource>,
    clock: Arc<dyn Clock>,
    cache: Cache,
    /// Everything before it has been read.
    position: u64,
    /// Where a restart would go on.
    saved: u64,
    /// When that was saved.
    saved_at: Duration,
    /// In the order of the log, not yet written.
    changes: Vec<Change>,
    changes_bytes: usize,
    /// When the first of them was noticed.
    changed_at: Duration,
    is_failing: bool,
}

impl Worker {
    pub(super) fn new(
        queue: Arc<Queue>,
        tables: Arc<Tables>,
        log: Arc<dyn ToldSource>,
        (position, ambient): (u64, &Ambient),
    ) -> Result<Self, StorageError> {
        let clock = Arc::clone(&ambient.clock);
        Ok(Self {
            queue,
            reader: tables.entity_reader()?,
            tables,
            log,
            cache: Cache::new(&*ambient.entropy),
            position,
            saved: position,
            saved_at: clock.elapsed(),
            changes: Vec::new(),
            changes_bytes: 0,
            changed_at: Duration::ZERO,
            is_failing: false,
            clock,
        })
    }

    pub(super) fn run(mut self) {
        loop {
            let step = self.queue.next(self.position, self.patience());
            let is_closing = matches!(step, Step::Close);
            match self.take(step) {
                Ok(()) => self.is_failing = false,
                Err(error) => self.start_over(error),
            }
            if is_closing {
                return;
            }
        }
    }

    /// How long nothing may happen before something is due.
    fn patience(&self) -> Option<Duration> {
        if !self.changes.is_empty() {
            Some(FLUSH_AFTER)
        } else if self.saved < self.position {
            Some(self.queue.limits().save_after)
        } else {
            None
        }
    }

    fn take(&mut self, step: Step) -> Result<(), StorageError> {
        match step {
            Step::Take(group) => {
                let skip = usize::try_from(self.position - group.first).unwrap_or(usize::MAX);
                self.read(&group.told[skip..]);
            }
            Step::ReadLog(until) => {
                let count_max = usize::try_from(until - self.position).unwrap_or(usize::MAX);
                let told = self.log.read_told(self.position, count_max.min(READ_COUNT_MAX))?;
                if told.is_empty() {
                    let place = format!("the log, which has nothing at position {}", self.position);
                    return Err(StorageError::Corrupt { place });
                }
                self.read(&told);
            }
            Step::Flush | Step::Close => return self.flush(),
        }
        if self.is_due() { self.flush() } else { Ok(()) }
    }

    fn read(&mut self, told: &[(TenantId, Told)]) {
        for (tenant, told) in told {
            told.facts().for_each(|fact| self.hear(*tenant, fact));
        }
        self.position += told.len() as u64;
        if self.changes.is_empty() {
            self.queue.reach(self.position);
        }
    }

    fn hear(&mut self, tenant: TenantId, fact: Fact<'_>) {
        if self.cache.note(tenant, fact) == News::Old {
            return;
        }
        if self.changes.is_empty() {
            self.changed_at = self.clock.elapsed();
        }
        let Fact { kind, about, said } = fact;
        self.changes_bytes += size_of::<Change>() + about.len() + said.len();
        self.changes.push(Change { tenant, kind, about: about.into(), said: said.into() });
    }

    fn is_due(&self) -> bool {
        if CHANGES_BYTES_MAX <= self.changes_bytes {
            return true;
        }
        let now = self.clock.elapsed();
        let has_waited = FLUSH_AFTER <= now.saturating_sub(self.changed_at);
        !self.changes.is_empty() && has_waited
            || self.queue.limits().save_after <= now.saturating_sub(self.saved_at)
    }

    /// Writes the changes and the position.
    fn flush(&mut self) -> Result<(), StorageError> {
        if self.saved < self.position {
            let changes = self.merge()?;
            self.tables.save_entities(changes)?;
            self.saved = self.position;
        }
        self.saved_at = self.clock.elapsed();
        self.changes.clear();
        self.changes_bytes = 0;
        self.queue.reach(self.position);
        Ok(())
    }

    /// What the tables must be told, so that they hold all changes.
    fn merge(&self) -> Result<EntityChanges, StorageError> {
        let mut definitions: HashMap<(TenantId, &str), Merged> = HashMap::new();
        let mut names = Vec::new();
        for change in &self.changes {
            match change.kind {
                FactKind::Name => {
                    names.push((change.tenant, change.about.clone(), change.said.clone()));
                }
                FactKind::Definition => {
                    let merged = match definitions.entry((change.tenant, &change.about)) {
                        Entry::Occupied(entry) => entry.into_mut(),
                        Entry::Vacant(entry) => entry.insert(Merged {
                            stored: self.reader.find_definition(change.tenant, &change.about)?,
                            now: None,
                        }),
                    };
                    merged.add(&change.said);
                }
            }
        }
        let definitions = definitions.into_iter().filter_map(|((tenant, activity), merged)| {
            Some((tenant, Box::from(activity), merged.changed()?))
        });
        Ok(EntityChanges { definitions: definitions.collect(), names, position: self.position })
    }

    /// Goes back to what is durable, and tells those who wait.
    fn start_over(&mut self, error: StorageError) {
        if !self.is_failing {
            let cause: &dyn std::error::Error = &error;
            tracing::error!(error = cause, "activities and persons cannot be brought up to date");
        }
        self.is_failing = true;
        // What was noted but not written is read from the log again.
        self.cache.clear();
        self.changes.clear();
        self.changes_bytes = 0;
        self.position = self.saved;
        self.queue.fail(error);
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // After a panic too, so that nobody waits for ever.
        self.queue.stop();
    }
}

/// A definition on its way to what all changes make of it.
struct Merged {
    stored: Option<String>,
    now: Option<String>,
}

impl Merged {
    fn add(&mut self, definition: &str) {
        let known = self.now.as_deref().or(self.stored.as_deref());
        self.now = Some(merge_definitions(known, definition));
    }

    fn changed(self) -> Option<String> {
        if self.now == self.stored { None } else { self.now }
    }
}
