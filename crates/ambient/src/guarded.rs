//! A clock that does not follow a jump of another clock at once.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::{Clock, Timestamp};

/// Differences below this are not written down: they are noise of reading two clocks.
const NOISE_MICROS: i64 = 1_000;

/// How long the last comparison with a reference decides. Afterwards, jumps are followed as if
/// there were no reference.
const REFERENCE_AGE_MAX: Duration = Duration::from_mins(10);

/// Longest time between two readings of the monotonic clock around one of the clock of the
/// machine. A thread that was suspended in between would take that for a jump.
const READING_TIME_MAX: Duration = Duration::from_millis(100);

/// How often the clocks are read until a reading is fast enough.
const READING_COUNT_MAX: u32 = 5;

/// What a guarded clock follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JumpLimits {
    /// The largest step of the clock that is followed at once.
    pub jump_max: Duration,
    /// How long a larger step must last until it is followed, if there is no reference.
    pub jump_wait: Duration,
}

/// Follows the clock of the machine, but not its jumps.
///
/// A step of the other clock, relative to its monotonic time, that is larger than
/// [`JumpLimits::jump_max`] in either direction is not followed at once: the time goes on by the
/// monotonic clock. It is followed when it has lasted for [`JumpLimits::jump_wait`]; or, while
/// there is a reference, only if the reference agrees with it. So a short jump has no effect, and a
/// clock that is set right is followed a little later.
///
/// A reference is the clock of another machine that all nodes can read: [`Self::compare`]. If it
/// differs by more than the limit, its time is used instead.
#[derive(Debug)]
pub struct GuardedClock {
    clock: Arc<dyn Clock>,
    jump_max_micros: i64,
    jump_wait: Duration,
    /// What is added to the monotonic time, in microseconds.
    offset: AtomicI64,
    /// Whether `state` has to be looked at.
    is_jumped: AtomicBool,
    state: Mutex<State>,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    jump: Option<Jump>,
    reference: Option<Reference>,
}

/// A jump that is not followed yet.
#[derive(Clone, Copy, Debug)]
struct Jump {
    offset: i64,
    /// Monotonic time at which it was noticed.
    since: Duration,
}

/// The last comparison with the clock of another machine.
#[derive(Clone, Copy, Debug)]
struct Reference {
    offset: i64,
    /// Monotonic time of the comparison.
    at: Duration,
}

impl GuardedClock {
    /// Starts with the time that `clock` has now.
    pub fn new(clock: Arc<dyn Clock>, limits: JumpLimits) -> Self {
        let JumpLimits { jump_max, jump_wait } = limits;
        let offset = AtomicI64::new(offset_of(&*clock));
        let (is_jumped, state) = (AtomicBool::new(false), Mutex::default());
        let jump_max_micros = micros(jump_max);
        Self { clock, jump_max_micros, jump_wait, offset, is_jumped, state }
    }

    /// How far the clock of the machine is ahead of this one, in microseconds; negative if it is
    /// behind. 0 unless a jump is not followed.
    pub fn jump_micros(&self) -> i64 {
        if !self.is_jumped.load(Ordering::Relaxed) {
            return 0;
        }
        let ahead = offset_of(&*self.clock).saturating_sub(self.offset.load(Ordering::Relaxed));
        if self.is_step(ahead) { 0 } else { ahead }
    }

    /// Compares with the clock of another machine, which showed `reference` at some time after
    /// this clock's monotonic time was `asked`. If the comparison is too slow, nothing happens.
    ///
    /// If the two differ by more than the largest step, the time of the other machine is used from
    /// now on.
    pub fn compare(&self, reference: Timestamp, asked: Duration) {
        let at = self.clock.elapsed();
        let took = at.saturating_sub(asked);
        if self.jump_max_micros < micros(took) {
            return;
        }
        let offset = reference.unix_micros().saturating_sub(micros(asked + took / 2));
        let mut state = self.lock();
        state.reference = Some(Reference { offset, at });
        let ahead = offset.saturating_sub(self.offset.load(Ordering::Relaxed));
        if !self.is_step(ahead) {
            self.offset.store(offset, Ordering::Relaxed);
            let seconds = in_seconds(ahead);
            tracing::warn!(
                clock.ahead_seconds = seconds,
                "the clock of the database is {seconds:.1} s ahead of the clock of this machine: \
                 continuing with the time of the database"
            );
        }
        // The clock of the machine may now be too far away, or back again.
        self.is_jumped.store(true, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a difference is followed at once.
    const fn is_step(&self, micros: i64) -> bool {
        micros.saturating_abs() <= self.jump_max_micros
    }

    /// The time, when the clock of the machine has jumped or may have.
    fn decide(&self) -> Timestamp {
        let mut state = self.lock();
        let offset = self.offset.load(Ordering::Relaxed);
        let found = offset_of(&*self.clock);
        let elapsed = self.clock.elapsed();
        let ahead = found.saturating_sub(offset);
        let is_followed = if self.is_step(ahead) {
            if state.jump.is_some() {
                tracing::warn!("the clock of this machine is back from its jump");
            }
            true
        } else {
            self.is_confirmed(&mut state, found, elapsed, ahead)
        };
        if is_followed {
            state.jump = None;
            self.offset.store(found, Ordering::Relaxed);
        }
        self.is_jumped.store(!is_followed, Ordering::Relaxed);
        let offset = if is_followed { found } else { offset };
        Timestamp::from_unix_micros(offset.saturating_add(micros(elapsed)))
    }

    /// Whether a jump is to be followed now.
    fn is_confirmed(&self, state: &mut State, found: i64, elapsed: Duration, ahead: i64) -> bool {
        let seconds = in_seconds(ahead);
        let known = state.jump.filter(|jump| self.is_step(found.saturating_sub(jump.offset)));
        let jump = known.unwrap_or(Jump { offset: found, since: elapsed });
        state.jump = Some(jump);
        let is_recent = |one: &Reference| elapsed.saturating_sub(one.at) <= REFERENCE_AGE_MAX;
        let is_confirmed = match state.reference.filter(is_recent) {
            Some(reference) => self.is_step(found.saturating_sub(reference.offset)),
            None => self.jump_wait <= elapsed.saturating_sub(jump.since),
        };
        if is_confirmed {
            tracing::warn!(
                clock.ahead_seconds = seconds,
                "the clock of this machine has jumped by {seconds:.1} s: following it now"
            );
        } else if known.is_none() {
            let wait = self.jump_wait;
            tracing::warn!(
                clock.ahead_seconds = seconds,
                "the clock of this machine has jumped by {seconds:.1} s: not following it until \
                 it has lasted for {wait:?} or the clock of the database agrees; restart to \
                 follow it at once"
            );
        }
        is_confirmed
    }
}

impl Clock for GuardedClock {
    fn now(&self) -> Timestamp {
        let now = self.clock.now();
        let found = now.unix_micros().saturating_sub(micros(self.clock.elapsed()));
        let offset = self.offset.load(Ordering::Relaxed);
        let ahead = found.saturating_sub(offset);
        if !self.is_step(ahead) || self.is_jumped.load(Ordering::Relaxed) {
            return self.decide();
        }
        if NOISE_MICROS < ahead.saturating_abs() {
            // If another thread was faster, its offset is as good.
            let _ =
                self.offset.compare_exchange(offset, found, Ordering::Relaxed, Ordering::Relaxed);
        }
        now
    }

    fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }
}

/// The time less the monotonic time, in microseconds, read until nothing came in between.
fn offset_of(clock: &dyn Clock) -> i64 {
    let mut offset = 0;
    for _ in 0..READING_COUNT_MAX {
        let before = clock.elapsed();
        let now = clock.now();
        let took = clock.elapsed().saturating_sub(before);
        offset = now.unix_micros().saturating_sub(micros(before + took / 2));
        if took <= READING_TIME_MAX {
            break;
        }
    }
    offset
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "seconds for people")]
fn in_seconds(micros: i64) -> f64 {
    micros as f64 / 1_000_000.0
}

#[cfg(test)]
mod tests;
