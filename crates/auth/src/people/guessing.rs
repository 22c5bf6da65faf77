//! Delays against guessing.
//!
//! A few failures have no effect; each further one doubles the delay before the next attempt. The
//! longest delay is so short that others cannot lock a person out.
//!
//! To slow down parallel guessing too, store a failure before the secret is checked, and remove it
//! when the secret was correct.
//!
//! Spec: OWASP ASVS 5.0, 6.1.1, 6.3.1.

use std::time::Duration;

use acta_ambient::Timestamp;

/// The number of consecutive failures without a delay.
const FREE_COUNT: u32 = 4;

/// The delay after the next failure. It doubles with each further one.
const DELAY_FIRST: Duration = Duration::from_secs(1);

/// The longest delay.
const DELAY_MAX: Duration = Duration::from_mins(15);

/// The time after the last failure when all are reset.
const MEMORY: Duration = Duration::from_hours(24);

/// The failed attempts of one account since the last success, as stored.
///
/// The default is no failures, which is stored after a success.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SignInFailures {
    /// The number of failures.
    pub count: u32,
    /// When the last one was; without meaning if there was none.
    pub last: Timestamp,
}

/// Whether an attempt may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// Check the credentials.
    Allowed,
    /// Refuse all attempts before this time, even correct ones.
    Delayed {
        /// When the next attempt is permitted.
        until: Timestamp,
    },
}

impl SignInFailures {
    /// Whether an attempt may be made `now`.
    #[must_use]
    pub fn decide(self, now: Timestamp) -> Attempt {
        let until = self.last.saturating_add(delay_after(self.count));
        // A failure in the future comes from a wrong clock, and must not count for longer than any
        // other.
        if until <= now || self.is_forgotten(now) || now.saturating_add(DELAY_MAX) < self.last {
            Attempt::Allowed
        } else {
            Attempt::Delayed { until }
        }
    }

    /// The counter to store when an attempt fails `now`.
    #[must_use]
    pub fn and_one(self, now: Timestamp) -> Self {
        let earlier = if self.is_forgotten(now) { 0 } else { self.count };
        Self { count: earlier.saturating_add(1), last: now }
    }

    fn is_forgotten(self, now: Timestamp) -> bool {
        self.last.saturating_add(MEMORY) <= now
    }
}

fn delay_after(count: u32) -> Duration {
    match count.checked_sub(FREE_COUNT + 1) {
        None => Duration::ZERO,
        Some(doublings) => {
            let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
            DELAY_FIRST.saturating_mul(factor).min(DELAY_MAX)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_unix_micros(1_800_000_000_000_000);

    fn at(secs: u64) -> Timestamp {
        START.saturating_add(Duration::from_secs(secs))
    }

    #[track_caller]
    fn check(count: u32, now: Timestamp, expected: Attempt) {
        let failures = SignInFailures { count, last: START };
        assert_eq!(failures.decide(now), expected, "{count} failures, at {now}");
    }

    #[test]
    fn delays_twice_as_long_after_each_failure() {
        let table = [
            (0, 0),
            (1, 0),
            (4, 0),
            (5, 1),
            (6, 2),
            (7, 4),
            (13, 256),
            (14, 512),
            (15, 900),
            (16, 900),
            (36, 900),
            (37, 900),
            (u32::MAX, 900),
        ];
        for (count, secs) in table {
            if secs > 0 {
                check(count, START, Attempt::Delayed { until: at(secs) });
                check(count, at(secs - 1), Attempt::Delayed { until: at(secs) });
            }
            check(count, at(secs), Attempt::Allowed);
        }
    }

    #[test]
    fn counts_failures_of_a_day_together() {
        let day = 24 * 60 * 60;
        let mut failures = SignInFailures::default();
        for count in 1..=6 {
            failures = failures.and_one(at(count));
        }
        assert_eq!(failures, SignInFailures { count: 6, last: at(6) });
        assert_eq!(failures.and_one(at(5 + day)).count, 7);
        assert_eq!(failures.and_one(at(6 + day)).count, 1);
        assert_eq!(SignInFailures { count: u32::MAX, last: START }.and_one(START).count, u32::MAX);
    }

    #[test]
    fn a_wrong_clock_locks_nobody_out() {
        let earlier =
            |secs: i64| Timestamp::from_unix_micros(START.unix_micros() - secs * 1_000_000);
        check(20, earlier(900), Attempt::Delayed { until: at(900) });
        check(20, earlier(901), Attempt::Allowed);
    }

    #[test]
    fn endless_guessing_gets_a_hundred_attempts_a_day() {
        let (mut failures, mut now, mut count) = (SignInFailures::default(), START, 0);
        while now < at(24 * 60 * 60) {
            match failures.decide(now) {
                Attempt::Delayed { until } => now = until,
                Attempt::Allowed => {
                    failures = failures.and_one(now);
                    count += 1;
                }
            }
        }
        assert_eq!(count, 109);
    }
}
