//! How far times that were given out are ahead of the clock.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use crate::{Clock, Timestamp};

/// A smaller lead is normal: times that must differ follow each other by a microsecond.
const LEAD_MIN: Duration = Duration::from_secs(1);

/// Watches the times that a store gives out and that never decrease, such as `stored`.
///
/// They get ahead of the clock when it is set back, and stay ahead until it has caught up. The
/// beginning and the end of that are logged.
#[derive(Debug)]
pub struct LeadWatch {
    /// The latest time that was given out.
    last: AtomicI64,
    is_ahead: AtomicBool,
}

impl Default for LeadWatch {
    fn default() -> Self {
        Self { last: AtomicI64::new(i64::MIN), is_ahead: AtomicBool::new(false) }
    }
}

impl LeadWatch {
    /// Notes a time that was given out, and the time by the clock.
    pub fn note(&self, given: Timestamp, now: Timestamp) {
        let given = given.unix_micros();
        let last = self.last.fetch_max(given, Ordering::Relaxed).max(given);
        let lead = lead_of(last, now);
        let is_ahead = LEAD_MIN <= lead;
        if self.is_ahead.swap(is_ahead, Ordering::Relaxed) == is_ahead {
            return;
        }
        if is_ahead {
            let seconds = lead.as_secs_f64();
            tracing::warn!(
                stored.ahead_seconds = seconds,
                "the clock is {seconds:.1} s behind the last statement: statements get times in \
                 the future until it has caught up"
            );
        } else {
            tracing::info!("the clock has caught up with the last statement");
        }
    }

    /// How far the latest time is ahead of the clock; zero if the clock has caught up.
    pub fn lead(&self, clock: &dyn Clock) -> Duration {
        let lead = lead_of(self.last.load(Ordering::Relaxed), clock.now());
        if lead < LEAD_MIN { Duration::ZERO } else { lead }
    }
}

fn lead_of(last: i64, now: Timestamp) -> Duration {
    let lead = last.saturating_sub(now.unix_micros());
    Duration::from_micros(u64::try_from(lead).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ManualClock;
    use crate::warnings::warnings_of;

    #[test]
    fn warns_once_each_time_that_the_clock_falls_behind() {
        let at = |seconds: i64| Timestamp::from_unix_micros(seconds * 1_000_000);
        let watch = LeadWatch::default();
        let warnings = |given, now| warnings_of(|| watch.note(at(given), at(now)));
        assert_eq!(warnings(1000, 1000), 0);
        assert_eq!(warnings(1001, 500), 1, "the clock was set back");
        assert_eq!(warnings(1001, 501), 0, "it is known");
        assert_eq!(warnings(1001, 1000), 0, "it is still so, by a second");
        assert_eq!(warnings(1002, 1002), 0, "it has caught up");
        assert_eq!(warnings(1003, 100), 1, "it was set back again");
    }

    #[test]
    fn gives_the_lead_until_the_clock_has_caught_up() {
        let at = |seconds: i64| Timestamp::from_unix_micros(seconds * 1_000_000);
        let clock = ManualClock::new(at(1000));
        let watch = LeadWatch::default();
        let check = |expected| assert_eq!(watch.lead(&clock), Duration::from_secs(expected));
        check(0);
        watch.note(at(1000), at(1000));
        check(0);
        watch.note(at(5000), at(5000));
        check(4000);
        // An earlier time changes nothing.
        watch.note(at(2000), at(1000));
        check(4000);
        clock.advance(Duration::from_secs(3990));
        check(10);
        clock.advance(Duration::from_secs(10));
        check(0);
    }
}
