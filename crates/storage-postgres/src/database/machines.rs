//! Machines of a cluster that its coordinator cannot reach.
//!
//! What is stored on the others is served meanwhile, so an outage of one is not that of the
//! database. It is logged when it begins, and when nothing has failed because of it for a while:
//! nothing says whether a machine that nobody asks is there.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long nothing may fail because of a machine before its outage is over.
const QUIET: Duration = Duration::from_mins(1);

/// How long a machine that could not be reached is not tried where there is a choice.
const AVOIDED: Duration = Duration::from_secs(5);

/// How long a machine is waited for.
const WAIT_MAX: Duration = Duration::from_secs(2);

/// The outage of a machine.
#[derive(Clone, Copy, Debug)]
struct MachineOutage {
    since: Duration,
    /// When something last failed because of it.
    last: Duration,
}

/// The machines that could not be reached lately, by host and port. Times are those since the start
/// of the clock.
#[derive(Debug, Default)]
pub(crate) struct Machines {
    /// Whether there are any, readable without the lock.
    are_any: AtomicBool,
    outages: Mutex<HashMap<String, MachineOutage>>,
}

impl Machines {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, MachineOutage>> {
        self.outages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a machine could not be reached. Returns whether its outage begins now.
    pub(super) fn note_failure(&self, machine: &str, now: Duration) -> bool {
        let mut outages = self.lock();
        self.are_any.store(true, Ordering::Relaxed);
        if let Some(outage) = outages.get_mut(machine) {
            outage.last = now;
            return false;
        }
        outages.insert(machine.to_owned(), MachineOutage { since: now, last: now });
        true
    }

    /// Forgets the outages that are over. Returns the machines, and how long each outage lasted.
    pub(super) fn end_outages(&self, now: Duration) -> Vec<(String, Duration)> {
        if !self.are_any.load(Ordering::Relaxed) {
            return Vec::new();
        }
        let mut outages = self.lock();
        let is_over = |outage: &MachineOutage| QUIET <= now.saturating_sub(outage.last);
        let over = outages.extract_if(|_, outage| is_over(outage));
        let lasted = |outage: MachineOutage| outage.last.saturating_sub(outage.since);
        let over = over.map(|(machine, outage)| (machine, lasted(outage))).collect();
        self.are_any.store(!outages.is_empty(), Ordering::Relaxed);
        over
    }

    /// The machines that need not be tried now.
    pub(super) fn list_avoided(&self, now: Duration) -> Vec<String> {
        if !self.are_any.load(Ordering::Relaxed) {
            return Vec::new();
        }
        let outages = self.lock();
        let avoided = outages.iter().filter(|(_, it)| now.saturating_sub(it.last) < AVOIDED);
        avoided.map(|(machine, _)| machine.clone()).collect()
    }

    /// Whether a machine has been away for so long that operations on it fail at once.
    pub(super) fn is_given_up(&self, machine: &str, now: Duration) -> bool {
        let outages = self.lock();
        let outage = outages.get(machine);
        outage.is_some_and(|outage| WAIT_MAX < now.saturating_sub(outage.since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn an_outage_of_a_machine_begins_once_and_ends_when_nothing_fails_any_more() {
        let machines = Machines::default();
        assert!(machines.note_failure("worker:5432", SECOND));
        assert!(!machines.note_failure("worker:5432", 9 * SECOND));
        assert!(machines.note_failure("other:5432", 60 * SECOND));
        assert_eq!(machines.end_outages(68 * SECOND), []);
        assert_eq!(machines.end_outages(69 * SECOND), [("worker:5432".to_owned(), 8 * SECOND)]);
        assert_eq!(machines.end_outages(69 * SECOND), []);
        assert!(machines.note_failure("worker:5432", 70 * SECOND));
    }

    #[test]
    fn a_machine_that_is_away_is_avoided_and_waited_for_no_longer() {
        let machines = Machines::default();
        assert_eq!(machines.list_avoided(SECOND), [""; 0]);
        machines.note_failure("worker:5432", SECOND);
        assert!(!machines.is_given_up("worker:5432", 3 * SECOND));
        assert!(machines.is_given_up("worker:5432", 4 * SECOND));
        assert!(!machines.is_given_up("other:5432", 4 * SECOND));
        assert_eq!(machines.list_avoided(5 * SECOND), ["worker:5432"]);
        assert_eq!(machines.list_avoided(6 * SECOND), [""; 0]);
    }
}
