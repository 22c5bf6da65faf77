//! Limits how many refusals of one requester are recorded: enough to be noticed, too few to fill a
//! disk.
//!
//! Any authenticated requester can cause refusals, for example a page with a browser token.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The period in which refusals of one requester are counted.
const WINDOW: Duration = Duration::from_mins(1);

/// Most refusals of one requester that are recorded in a period.
pub(crate) const RECORDED_MAX: u32 = 60;

/// Most requesters with a counter.
const REQUESTERS_MAX: usize = 10_000;

/// Counts refusals.
#[derive(Debug, Default)]
pub(crate) struct Refusals(Mutex<HashMap<String, Count>>);

#[derive(Clone, Copy, Debug)]
struct Count {
    /// The end of the period, on the clock.
    until: Duration,
    count: u32,
}

/// How to record a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefusalRecord {
    /// Record it.
    Full,
    /// Record it as the last one of this period.
    Last(Duration),
    /// Do not record it.
    Skipped,
}

impl Refusals {
    /// Counts a refusal of `who`.
    pub(crate) fn count(&self, who: &str, now: Duration) -> RefusalRecord {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if REQUESTERS_MAX <= counts.len() && !counts.contains_key(who) {
            counts.retain(|_, count| now < count.until);
            if REQUESTERS_MAX <= counts.len() {
                counts.clear();
            }
        }
        let fresh = Count { until: now + WINDOW, count: 0 };
        let count = counts.entry(who.to_owned()).or_insert(fresh);
        if count.until <= now {
            *count = fresh;
        }
        count.count = count.count.saturating_add(1);
        match count.count {
            RECORDED_MAX => RefusalRecord::Last(count.until.saturating_sub(now)),
            recorded if recorded < RECORDED_MAX => RefusalRecord::Full,
            _ => RefusalRecord::Skipped,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_a_limited_number_per_minute_and_requester() {
        let refusals = Refusals::default();
        for _ in 1..RECORDED_MAX {
            assert_eq!(refusals.count("a", Duration::ZERO), RefusalRecord::Full);
        }
        let second = Duration::from_secs(1);
        assert_eq!(refusals.count("a", second), RefusalRecord::Last(59 * second));
        assert_eq!(refusals.count("a", 2 * second), RefusalRecord::Skipped);
        assert_eq!(refusals.count("b", 2 * second), RefusalRecord::Full);
        assert_eq!(refusals.count("a", WINDOW), RefusalRecord::Full);
    }

    #[test]
    fn is_bounded() {
        let refusals = Refusals::default();
        for number in 0..2 * REQUESTERS_MAX {
            refusals.count(&number.to_string(), Duration::ZERO);
        }
        assert!(refusals.0.lock().unwrap().len() <= REQUESTERS_MAX);
    }
}
