//! Which `stored` times are given out, and up to when everything can be read.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acta_ambient::{Clock, LeadWatch, Timestamp};

/// Gives `stored` times that never repeat, and the instant before which all is readable.
///
/// Three laws hold, even when the clock steps back: a group's times are greater than those
/// of every group before; no group's time lies before an instant that was returned as
/// consistent earlier; that instant never lies behind a group in flight, and never decreases.
#[derive(Debug)]
pub struct Timeline {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    lead: LeadWatch,
}

#[derive(Clone, Copy, Debug)]
struct State {
    /// The latest time that was given to a batch.
    last: i64,
    /// The latest instant that was returned as consistent.
    consistent_through: i64,
    /// The first time of the group in flight.
    in_flight: Option<i64>,
}

impl Timeline {
    /// Continues after `last`, the latest `stored` time in the log. Logs if the clock is behind it.
    pub fn new(clock: Arc<dyn Clock>, last: i64) -> Self {
        let consistent_through = Timestamp::from_unix_micros(last).floor_to_millis().unix_micros();
        let state = Mutex::new(State { last, consistent_through, in_flight: None });
        let lead = LeadWatch::default();
        lead.note(Timestamp::from_unix_micros(last), clock.now());
        Self { clock, state, lead }
    }

    /// How far the latest `stored` time is ahead of the clock; zero if it is not.
    pub fn lead(&self) -> Duration {
        self.lead.lead(self.clock.as_ref())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a group of `count` batches, at least 1. Returns the time of the first; the
    /// others follow by a microsecond each. Logs if the clock is behind them.
    pub fn begin(&self, count: usize) -> i64 {
        let now = self.clock.now();
        let mut state = self.lock();
        let first =
            now.unix_micros().max(state.last.saturating_add(1)).max(state.consistent_through);
        let more = i64::try_from(count).unwrap_or(i64::MAX).saturating_sub(1);
        state.last = first.saturating_add(more);
        state.in_flight = Some(first);
        drop(state);
        self.lead.note(Timestamp::from_unix_micros(first), now);
        first
    }

    /// Lets later times lie after `last`, which another store gave. Logs if the clock is behind it.
    pub fn advance_past(&self, last: i64) {
        let mut state = self.lock();
        state.last = state.last.max(last);
        drop(state);
        self.lead.note(Timestamp::from_unix_micros(last), self.clock.now());
    }

    /// Ends the group in flight: its statements can be read, or were not stored.
    ///
    /// Not called for a group of which neither is certain.
    pub fn finish(&self) {
        self.lock().in_flight = None;
    }

    /// The instant before which every stored statement can be read, in whole milliseconds.
    pub fn consistent_through(&self) -> Timestamp {
        // Under the lock, so that no group begins between the look at the clock and the
        // look at what is in flight.
        let mut state = self.lock();
        let now = self.clock.now().unix_micros();
        let bound = state.in_flight.map_or(now, |first| first.min(now));
        let bound = Timestamp::from_unix_micros(bound).floor_to_millis().unix_micros();
        state.consistent_through = state.consistent_through.max(bound);
        Timestamp::from_unix_micros(state.consistent_through)
    }
}

#[cfg(test)]
mod tests {
    use acta_ambient::ManualClock;
    use proptest::prelude::*;

    use super::*;

    fn at(micros: i64) -> (Arc<ManualClock>, Timeline) {
        let clock = Arc::new(ManualClock::new(Timestamp::from_unix_micros(micros)));
        let timeline = Timeline::new(Arc::<ManualClock>::clone(&clock), 0);
        (clock, timeline)
    }

    #[test]
    fn is_consistent_through_now_in_whole_milliseconds_when_nothing_is_in_flight() {
        let (clock, timeline) = at(5_000_999);
        assert_eq!(timeline.consistent_through().unix_micros(), 5_000_000);
        clock.advance(Duration::from_micros(1));
        assert_eq!(timeline.consistent_through().unix_micros(), 5_001_000);
    }

    #[test]
    fn is_not_consistent_through_a_group_in_flight() {
        let (clock, timeline) = at(5_000_500);
        assert_eq!(timeline.begin(3), 5_000_500);
        clock.advance(Duration::from_secs(9));
        assert_eq!(timeline.consistent_through().unix_micros(), 5_000_000);
        timeline.finish();
        assert_eq!(timeline.consistent_through().unix_micros(), 14_000_000);
    }

    #[test]
    fn continues_after_the_log_when_the_clock_is_late() {
        let clock = Arc::new(ManualClock::new(Timestamp::from_unix_micros(1_000)));
        let timeline = Timeline::new(clock, 7_000_500);
        assert_eq!(timeline.consistent_through().unix_micros(), 7_000_000);
        assert_eq!(timeline.begin(1), 7_000_501);
    }

    #[test]
    fn gives_how_far_the_log_is_ahead_of_a_clock_that_was_set_back() {
        let clock = Arc::new(ManualClock::new(Timestamp::from_unix_micros(90_000_000)));
        let timeline = Timeline::new(Arc::<ManualClock>::clone(&clock), 100_000_000);
        assert_eq!(timeline.lead(), Duration::from_secs(10), "from the start");
        clock.advance(Duration::from_secs(10));
        assert_eq!(timeline.lead(), Duration::ZERO, "the clock has caught up");
        clock.advance(Duration::from_secs(100));
        timeline.begin(1);
        timeline.finish();
        clock.set(Timestamp::from_unix_micros(120_000_000));
        assert_eq!(timeline.lead(), Duration::from_secs(80), "while it is open");
        assert_eq!(timeline.begin(1), 200_000_001, "times go on from the last one");
    }

    #[test]
    fn gives_how_far_another_store_was_ahead_of_the_clock() {
        let (clock, timeline) = at(90_000_000);
        timeline.advance_past(80_000_000);
        assert_eq!(timeline.lead(), Duration::ZERO);
        timeline.advance_past(100_000_000);
        assert_eq!(timeline.lead(), Duration::from_secs(10));
        clock.advance(Duration::from_secs(10));
        assert_eq!(timeline.lead(), Duration::ZERO, "the clock has caught up");
    }

    #[derive(Clone, Copy, Debug)]
    enum Act {
        Set(i64),
        Begin(usize),
        Finish,
        Ask,
    }

    fn acts() -> impl Strategy<Value = Vec<Act>> {
        let act = prop_oneof![
            (0_i64..20_000).prop_map(Act::Set),
            (1_usize..5).prop_map(Act::Begin),
            Just(Act::Finish),
            Just(Act::Ask),
        ];
        proptest::collection::vec(act, 0..60)
    }

    proptest! {
        #[test]
        fn the_laws_hold_whatever_the_clock_does(acts in acts()) {
            let (clock, timeline) = at(10_000);
            let (mut last, mut consistent, mut in_flight) = (i64::MIN, i64::MIN, None);
            for act in acts {
                match act {
                    Act::Set(micros) => clock.set(Timestamp::from_unix_micros(micros)),
                    Act::Begin(count) if in_flight.is_none() => {
                        let first = timeline.begin(count);
                        prop_assert!(last < first, "times must ascend");
                        prop_assert!(consistent <= first, "stored before a consistent instant");
                        last = first + i64::try_from(count).unwrap() - 1;
                        in_flight = Some(first);
                    }
                    Act::Begin(_) => {}
                    Act::Finish => {
                        timeline.finish();
                        in_flight = None;
                    }
                    Act::Ask => {
                        let now = timeline.consistent_through().unix_micros();
                        prop_assert!(consistent <= now, "never backwards");
                        prop_assert!(in_flight.is_none_or(|first| now <= first));
                        prop_assert_eq!(now % 1000, 0);
                        consistent = now;
                    }
                }
            }
        }
    }
}
