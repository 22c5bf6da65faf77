//! Funnels: how many learners get from one step to the next, and how long that takes.

use std::collections::BTreeMap;

use crate::number::{Quantiles, number_of, quantiles};

/// That a learner did what a step asks for. Times are microseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepEvent {
    /// The learner, as a number.
    pub person: u32,
    /// The step, from 0.
    pub step: usize,
    /// When.
    pub time: i64,
}

/// A step of a funnel.
#[derive(Clone, Debug, PartialEq)]
pub struct FunnelStep {
    /// How many learners have reached it, after all the steps before it.
    pub reached: usize,
    /// How many percent of those who reached the first step.
    pub share_of_first: Option<f64>,
    /// How many percent of those who reached the step before.
    pub share_of_previous: Option<f64>,
    /// How many have reached it, and none after it.
    pub stopped: usize,
    /// Seconds from the step before, of those who have reached this one.
    pub waiting: Option<Quantiles>,
}

/// Microseconds of a second.
const SECOND: f64 = 1e6;

/// Follows learners through steps, by events in any order.
///
/// Somebody reaches the first step when it is done for the first time, and each later one when it
/// is done for the first time at or after the step before was reached. Steps must be reached in
/// their order.
pub fn funnel(events: &[StepEvent], step_count: usize) -> Vec<FunnelStep> {
    let mut people: BTreeMap<u32, Vec<(i64, usize)>> = BTreeMap::new();
    for event in events.iter().filter(|event| event.step < step_count) {
        people.entry(event.person).or_default().push((event.time, event.step));
    }
    let mut reached = vec![0_usize; step_count];
    let mut waiting: Vec<Vec<f64>> = vec![Vec::new(); step_count];
    for events in people.values_mut() {
        // Of equal times, the earlier step comes first.
        events.sort_unstable();
        for (step, wait) in way(events, step_count).into_iter().enumerate() {
            reached[step] += 1;
            waiting[step].extend(wait);
        }
    }
    let share =
        |count: usize, of: usize| (of > 0).then(|| 100.0 * number_of(count) / number_of(of));
    let step = |(index, waiting): (usize, Vec<f64>)| {
        let before = index.checked_sub(1).and_then(|before| reached.get(before));
        FunnelStep {
            reached: reached[index],
            share_of_first: reached.first().and_then(|first| share(reached[index], *first)),
            share_of_previous: before.and_then(|before| share(reached[index], *before)),
            stopped: reached[index] - reached.get(index + 1).copied().unwrap_or_default(),
            waiting: quantiles(waiting),
        }
    };
    waiting.into_iter().enumerate().map(step).collect()
}

/// The steps that one learner reached, each with the seconds since the one before.
fn way(events: &[(i64, usize)], step_count: usize) -> Vec<Option<f64>> {
    let mut way = Vec::new();
    let mut last = None;
    for &(time, step) in events {
        if step == way.len() && step < step_count {
            way.push(last.map(|last| seconds_between(last, time)));
            last = Some(time);
        }
    }
    way
}

#[expect(clippy::cast_precision_loss, reason = "differences of times are below 2^53")]
fn seconds_between(earlier: i64, later: i64) -> f64 {
    later.saturating_sub(earlier) as f64 / SECOND
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn event(person: u32, step: usize, seconds: i64) -> StepEvent {
        StepEvent { person, step, time: seconds * 1_000_000 }
    }

    #[test]
    fn learners_stop_where_they_have_reached_no_further_step() {
        let events = [
            event(1, 0, 10),
            event(1, 1, 30),
            event(1, 2, 90),
            event(2, 0, 10),
            event(2, 1, 50),
            // Too early: before the step before it.
            event(2, 2, 20),
            event(3, 0, 10),
            // Without the first step.
            event(4, 1, 10),
        ];
        let steps = funnel(&events, 3);
        let reached: Vec<_> = steps.iter().map(|step| (step.reached, step.stopped)).collect();
        assert_eq!(reached, [(3, 1), (2, 1), (1, 1)]);
        assert_eq!(steps[1].waiting.map(|it| it.median), Some(30.0));
        assert_eq!((steps[0].waiting, steps[0].share_of_previous), (None, None));
        assert_eq!(
            (steps[2].share_of_first, steps[2].share_of_previous),
            (Some(100.0 / 3.0), Some(50.0))
        );
        assert_eq!(funnel(&[], 2)[0].share_of_first, None);
    }

    fn events() -> impl Strategy<Value = Vec<StepEvent>> {
        let event = (0..6_u32, 0..4_usize, 0..50_i64);
        prop::collection::vec(event.prop_map(|(who, step, time)| event_of(who, step, time)), 0..80)
    }

    fn event_of(person: u32, step: usize, seconds: i64) -> StepEvent {
        event(person, step, seconds)
    }

    proptest! {
        #[test]
        fn the_order_in_which_events_arrive_does_not_matter(
            events in events(),
            turn in 0_usize..80,
        ) {
            let mut late = events.clone();
            late.rotate_left(turn.min(events.len()));
            late.reverse();
            prop_assert_eq!(funnel(&events, 4), funnel(&late, 4));
        }

        #[test]
        fn nobody_is_lost_between_the_steps(events in events()) {
            let steps = funnel(&events, 4);
            prop_assert_eq!(steps.iter().map(|step| step.stopped).sum::<usize>(), steps[0].reached);
            prop_assert!(steps.windows(2).all(|pair| pair[1].reached <= pair[0].reached));
        }

        #[test]
        fn what_one_learner_did_changes_nothing_for_others(events in events()) {
            let alone = |person| {
                let own: Vec<_> = events.iter().copied().filter(|it| it.person == person).collect();
                funnel(&own, 4).iter().map(|step| step.reached).collect::<Vec<_>>()
            };
            let together: Vec<_> = funnel(&events, 4).iter().map(|step| step.reached).collect();
            let sum = (0..6).map(alone).reduce(|one, other| {
                one.iter().zip(other).map(|(one, other)| one + other).collect()
            });
            prop_assert_eq!(Some(together), sum);
        }
    }
}
