//! The clock.

use std::fmt::Debug;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::Timestamp;

/// Returns the time.
pub trait Clock: Debug + Send + Sync {
    /// The time of day in UTC. It may step backwards when the system's clock is set.
    fn now(&self) -> Timestamp;

    /// Time since an unspecified start that never steps backwards.
    fn elapsed(&self) -> Duration;
}

/// The clock of the machine.
#[derive(Debug)]
pub struct SystemClock {
    started: std::time::Instant,
}

impl SystemClock {
    /// A clock whose `elapsed` starts at zero now.
    #[expect(clippy::disallowed_methods, reason = "only this reads the system's clock")]
    pub fn new() -> Self {
        Self { started: std::time::Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "only this reads the system's clock")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_unix_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct ManualClock {
    micros: AtomicI64,
    /// By how much `micros` was moved without time passing.
    jumped_micros: AtomicI64,
}

impl ManualClock {
    /// A clock that shows `start`.
    pub const fn new(start: Timestamp) -> Self {
        let micros = AtomicI64::new(start.unix_micros());
        Self { micros, jumped_micros: AtomicI64::new(0) }
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.micros.fetch_add(micros, Ordering::SeqCst);
    }

    /// Moves the time of day without time passing, as when the clock of a machine is set: forward,
    /// or back if it is negative.
    pub fn jump(&self, micros: i64) {
        self.jumped_micros.fetch_add(micros, Ordering::SeqCst);
        self.micros.fetch_add(micros, Ordering::SeqCst);
    }

    /// Sets the clock, backwards too, as if the time between had passed.
    pub fn set(&self, to: Timestamp) {
        self.micros.store(to.unix_micros(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_micros(self.micros.load(Ordering::SeqCst))
    }

    fn elapsed(&self) -> Duration {
        let jumped = self.jumped_micros.load(Ordering::SeqCst);
        let passed = self.micros.load(Ordering::SeqCst).saturating_sub(jumped);
        Duration::from_micros(u64::try_from(passed).unwrap_or(0))
    }
}
