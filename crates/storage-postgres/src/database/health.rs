//! The state of the database: counters, and log messages when it changes.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use acta_ambient::Clock;

use super::machines::Machines;
use crate::failure::Failure;

/// The interval between attempts to reach a database that is not required.
const PROBE_INTERVAL_MILLIS: u64 = 5_000;

/// How often an outage that lasts is logged again.
const REMINDER_INTERVAL: Duration = Duration::from_mins(1);

/// The state of a database by its last response.
///
/// An outage is logged when it begins, at intervals while it lasts, and when it ends, however many
/// requests it affects.
#[derive(Debug)]
pub(crate) struct Health {
    place: String,
    clock: Arc<dyn Clock>,
    unreachable: Outage,
    refusing: Outage,
    machines: Machines,
    /// When it was last tried while it could not be reached, in milliseconds.
    probed_at: AtomicU64,
    failure_count: AtomicU64,
    reconnect_count: AtomicU64,
    repeat_count: AtomicU64,
}

/// An outage: the database cannot be reached, or accepts no writes.
#[derive(Debug, Default)]
struct Outage {
    /// Whether `since` is set, readable without the lock.
    is_on: AtomicBool,
    since: Mutex<Option<Since>>,
}

/// When an outage began, and when it was logged last.
#[derive(Clone, Copy, Debug)]
struct Since {
    began: Duration,
    logged: Duration,
}

/// What is to be logged of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The outage begins with it.
    Begins,
    /// The outage has lasted for so long, and was not logged for a while.
    Lasts(Duration),
    /// Nothing.
    Known,
}

impl Outage {
    /// Notes a failure.
    fn note(&self, now: Duration) -> Stage {
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_on.store(true, Ordering::Relaxed);
        let Some(known) = since.as_mut() else {
            *since = Some(Since { began: now, logged: now });
            return Stage::Begins;
        };
        if now.saturating_sub(known.logged) < REMINDER_INTERVAL {
            return Stage::Known;
        }
        known.logged = now;
        Stage::Lasts(now.saturating_sub(known.began))
    }

    /// How long it has lasted; none if it is over.
    fn lasting(&self, now: Duration) -> Option<Duration> {
        let since = *self.since.lock().unwrap_or_else(PoisonError::into_inner);
        since.map(|since| now.saturating_sub(since.began))
    }

    /// Returns how long it lasted, if it ends now.
    fn end(&self, now: Duration) -> Option<Duration> {
        if !self.is_on.load(Ordering::Relaxed) {
            return None;
        }
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_on.store(false, Ordering::Relaxed);
        since.take().map(|since| now.saturating_sub(since.began))
    }
}

impl Health {
    /// The state before the first response.
    pub(crate) fn new(place: String, clock: Arc<dyn Clock>) -> Self {
        Self {
            place,
            clock,
            unreachable: Outage::default(),
            refusing: Outage::default(),
            machines: Machines::default(),
            probed_at: AtomicU64::new(0),
            failure_count: AtomicU64::new(0),
            reconnect_count: AtomicU64::new(0),
            repeat_count: AtomicU64::new(0),
        }
    }

    /// Hosts, ports and name of the database.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// Notes a response.
    pub(crate) fn note_answer(&self) {
        if let Some(lasted) = self.unreachable.end(self.clock.elapsed()) {
            tracing::info!(
                database = self.place,
                "the database can be reached again after {:.1} s",
                lasted.as_secs_f64()
            );
        }
        for (machine, lasted) in self.machines.end_outages(self.clock.elapsed()) {
            tracing::info!(
                database = self.place,
                machine,
                "nothing fails any more because of a machine of the database, after {:.1} s",
                lasted.as_secs_f64()
            );
        }
    }

    /// Notes a commit.
    pub(crate) fn note_commit(&self) {
        if let Some(lasted) = self.refusing.end(self.clock.elapsed()) {
            tracing::info!(
                database = self.place,
                "the database accepts writes again after {:.1} s",
                lasted.as_secs_f64()
            );
        }
    }

    /// Notes a failure.
    pub(crate) fn note_failure(&self, failure: &Failure) {
        let place = &self.place;
        match failure {
            Failure::Decided(_) | Failure::PoolExhausted => return,
            Failure::Unreachable(_) => {
                let reason = || failure.reason();
                match self.unreachable.note(self.clock.elapsed()) {
                    Stage::Begins => tracing::error!(
                        database = place,
                        reason = reason(),
                        "the database cannot be reached"
                    ),
                    Stage::Lasts(time) => tracing::error!(
                        database = place,
                        reason = reason(),
                        "still without the database after {:.0} s",
                        time.as_secs_f64()
                    ),
                    Stage::Known => {}
                }
            }
            Failure::MachineAway { machine, .. } => {
                if self.machines.note_failure(machine, self.clock.elapsed()) {
                    let reason = failure.reason();
                    tracing::error!(
                        database = place,
                        machine,
                        reason,
                        "a machine of the database cannot be reached: the tenants on it are not \
                         available"
                    );
                }
            }
            Failure::Lost(_) | Failure::Unknown(_) => {
                let reason = failure.reason();
                tracing::warn!(database = place, reason, "a connection to the database was lost");
            }
            Failure::Refused(_) => {
                if failure.refuses_writes() {
                    self.note_refused_write(&failure.reason());
                }
            }
        }
        self.failure_count.fetch_add(1, Ordering::Relaxed);
    }

    fn note_refused_write(&self, reason: &str) {
        let place = &self.place;
        match self.refusing.note(self.clock.elapsed()) {
            Stage::Begins => {
                tracing::error!(database = place, reason, "the database accepts no writes");
            }
            Stage::Lasts(time) => tracing::error!(
                database = place,
                reason,
                "the database still takes nothing after {:.0} s",
                time.as_secs_f64()
            ),
            Stage::Known => {}
        }
    }

    /// Notes a retry on another connection.
    pub(crate) fn note_reconnect(&self) {
        self.reconnect_count.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes a retry after a lost race.
    pub(crate) fn note_repeat(&self) {
        self.repeat_count.fetch_add(1, Ordering::Relaxed);
    }

    /// How long it has been unreachable; `None` if the last attempt reached it.
    pub(crate) fn unreachable_for(&self) -> Option<Duration> {
        if self.is_reachable() {
            return None;
        }
        self.unreachable.lasting(self.clock.elapsed())
    }

    /// The machines of it that need not be tried now, by host and port: they could not be reached
    /// a moment ago.
    pub(crate) fn machines_away(&self) -> Vec<String> {
        self.machines.list_avoided(self.clock.elapsed())
    }

    /// Whether a machine of it has been away for so long that operations on it fail at once.
    pub(crate) fn is_machine_given_up(&self, machine: &str) -> bool {
        self.machines.is_given_up(machine, self.clock.elapsed())
    }

    /// Whether to try it: it can be reached, or has not been tried for a while.
    pub(crate) fn is_worth_asking(&self) -> bool {
        if self.is_reachable() {
            return true;
        }
        let now = u64::try_from(self.clock.elapsed().as_millis()).unwrap_or(u64::MAX);
        let probed_at = self.probed_at.load(Ordering::Relaxed);
        if now.saturating_sub(probed_at) < PROBE_INTERVAL_MILLIS {
            return false;
        }
        // One of several concurrent attempts is enough.
        let (old, order) = (probed_at, Ordering::Relaxed);
        self.probed_at.compare_exchange(old, now, order, order).is_ok()
    }

    /// Whether the last attempt reached it.
    pub(crate) fn is_reachable(&self) -> bool {
        !self.unreachable.is_on.load(Ordering::Relaxed)
    }

    /// Failed operations.
    pub(crate) fn failure_count(&self) -> u64 {
        self.failure_count.load(Ordering::Relaxed)
    }

    /// Operations that were retried on another connection.
    pub(crate) fn reconnect_count(&self) -> u64 {
        self.reconnect_count.load(Ordering::Relaxed)
    }

    /// Operations that were retried after a lost race.
    pub(crate) fn repeat_count(&self) -> u64 {
        self.repeat_count.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_begins_once_is_repeated_at_intervals_and_ends_once() {
        let (outage, seconds) = (Outage::default(), Duration::from_secs);
        assert_eq!(outage.end(seconds(1)), None);
        for (second, expected) in [
            (2, Stage::Begins),
            (3, Stage::Known),
            (61, Stage::Known),
            (62, Stage::Lasts(seconds(60))),
            (63, Stage::Known),
            (300, Stage::Lasts(seconds(298))),
        ] {
            assert_eq!(outage.note(seconds(second)), expected, "second {second}");
        }
        assert_eq!(outage.lasting(seconds(302)), Some(seconds(300)));
        assert_eq!(outage.end(seconds(307)), Some(seconds(305)));
        assert_eq!((outage.end(seconds(308)), outage.lasting(seconds(308))), (None, None));
    }
}
