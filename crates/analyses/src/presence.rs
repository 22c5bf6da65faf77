//! Who was there in which period: active learners, stickiness, cohorts and retention.
//!
//! Periods are numbered by the caller, so that calendars and time zones stay out of here.

use std::collections::{BTreeMap, BTreeSet};

use crate::number::number_of;

/// That a learner was active in a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Presence {
    /// The learner, as a number.
    pub person: u32,
    /// The number of the day, week or month; consecutive periods have consecutive numbers.
    pub period: i32,
}

/// How many learners were active until a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActiveDay {
    /// The number of the day.
    pub day: i32,
    /// On this day.
    pub daily: usize,
    /// On this day or one of the 6 days before.
    pub weekly: usize,
    /// On this day or one of the 29 days before.
    pub monthly: usize,
}

impl ActiveDay {
    /// How many percent of the learners of 30 days came on this one.
    pub fn stickiness(&self) -> Option<f64> {
        let share = || 100.0 * number_of(self.daily) / number_of(self.monthly);
        (self.monthly > 0).then(share)
    }
}

/// Most days that are counted.
pub const DAYS_MAX: usize = 40_000;

const WEEK: i32 = 7;
const MONTH: i32 = 30;

/// Counts the active learners of each day from `first` to `last`, those included, by the presence
/// on days in any order. Presence on the 29 days before `first` is part of the figures.
pub fn active_learners(presence: &[Presence], first: i32, last: i32) -> Vec<ActiveDay> {
    let mut people: BTreeMap<u32, BTreeSet<i32>> = BTreeMap::new();
    for it in presence {
        people.entry(it.person).or_default().insert(it.period);
    }
    let length = usize::try_from(i64::from(last) - i64::from(first) + 1).unwrap_or(0).min(DAYS_MAX);
    let window = |width: i32| Window { width, first, length }.steps(&people);
    let (daily, weekly, monthly) = (window(1), window(WEEK), window(MONTH));
    let mut sums = (0_i64, 0_i64, 0_i64);
    let count = |sum: i64| usize::try_from(sum).unwrap_or_default();
    let day = |(offset, day): (usize, i32)| {
        sums.0 += daily[offset];
        sums.1 += weekly[offset];
        sums.2 += monthly[offset];
        ActiveDay { day, daily: count(sums.0), weekly: count(sums.1), monthly: count(sums.2) }
    };
    (first..=last).take(length).enumerate().map(day).collect()
}

/// Counts people in the days that end with each day.
#[derive(Clone, Copy, Debug)]
struct Window {
    /// How many days.
    width: i32,
    first: i32,
    length: usize,
}

impl Window {
    /// By how many more or fewer people there are on each day than on the one before: each run of
    /// days on which somebody counts is a rise at its start and a fall after it.
    fn steps(self, people: &BTreeMap<u32, BTreeSet<i32>>) -> Vec<i64> {
        let mut steps = vec![0; self.length + 1];
        for days in people.values() {
            let mut covered_until = i32::MIN;
            for day in days {
                let (from, to) = ((*day).max(covered_until), day.saturating_add(self.width));
                covered_until = to;
                steps[index(from, self.first, self.length)] += 1;
                steps[index(to, self.first, self.length)] -= 1;
            }
        }
        steps
    }
}

/// The place of a day, within the places that there are.
fn index(day: i32, first: i32, length: usize) -> usize {
    usize::try_from(i64::from(day) - i64::from(first)).unwrap_or(0).min(length)
}

/// Learners who were active for the first time in the same period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cohort {
    /// The number of the period.
    pub period: i32,
    /// How many learners there are.
    pub size: usize,
    /// How many of them were active in the first period, the one after it, and so on up to the
    /// last period of all.
    pub active: Vec<usize>,
}

impl Cohort {
    /// How many percent were active so many periods after the first.
    pub fn retention(&self, after: usize) -> Option<f64> {
        let active = self.active.get(after)?;
        (self.size > 0).then(|| 100.0 * number_of(*active) / number_of(self.size))
    }
}

/// Divides learners into cohorts, by the presence in periods in any order.
pub fn cohorts(presence: &[Presence]) -> Vec<Cohort> {
    let mut people: BTreeMap<u32, BTreeSet<i32>> = BTreeMap::new();
    for it in presence {
        people.entry(it.person).or_default().insert(it.period);
    }
    let last = presence.iter().map(|it| it.period).max().unwrap_or_default();
    let mut cohorts: BTreeMap<i32, Cohort> = BTreeMap::new();
    for periods in people.values() {
        let Some(&period) = periods.first() else { continue };
        let length = index(last, period, DAYS_MAX) + 1;
        let empty = || Cohort { period, size: 0, active: vec![0; length] };
        let cohort = cohorts.entry(period).or_insert_with(empty);
        cohort.size += 1;
        for it in periods {
            if let Some(active) = cohort.active.get_mut(index(*it, period, DAYS_MAX)) {
                *active += 1;
            }
        }
    }
    cohorts.into_values().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(pairs: &[(u32, i32)]) -> Vec<Presence> {
        pairs.iter().map(|&(person, period)| Presence { person, period }).collect()
    }

    #[test]
    fn learners_count_in_the_windows_that_end_with_the_day() {
        let days = active_learners(&of(&[(1, 0), (1, 3), (2, 3), (1, 3), (3, -20)]), 0, 31);
        let at = |day: usize| (days[day].daily, days[day].weekly, days[day].monthly);
        assert_eq!((at(0), at(1), at(3)), ((1, 1, 2), (0, 1, 2), (2, 2, 3)));
        assert_eq!((at(9), at(10)), ((0, 2, 3), (0, 0, 2)));
        assert_eq!(days.len(), 32);
        assert_eq!(days[3].stickiness(), Some(200.0 / 3.0));
        assert_eq!(active_learners(&[], 5, 4), []);
    }

    #[test]
    fn a_cohort_is_those_who_came_for_the_first_time_together() {
        let found = cohorts(&of(&[(1, 0), (1, 2), (2, 0), (2, 1), (3, 1)]));
        assert_eq!(found[0], Cohort { period: 0, size: 2, active: vec![2, 1, 1] });
        assert_eq!(found[1], Cohort { period: 1, size: 1, active: vec![1, 0] });
        assert_eq!((found[0].retention(1), found[0].retention(3)), (Some(50.0), None));
    }

    fn presence() -> impl Strategy<Value = Vec<Presence>> {
        let one = (0..8_u32, 0..60_i32).prop_map(|(person, period)| Presence { person, period });
        prop::collection::vec(one, 0..80)
    }

    proptest! {
        #[test]
        fn active_learners_are_those_of_a_plain_count(presence in presence()) {
            for found in active_learners(&presence, 20, 50) {
                let within = |width: i32| {
                    let recent = presence.iter().filter(|it| {
                        found.day - width < it.period && it.period <= found.day
                    });
                    recent.map(|it| it.person).collect::<BTreeSet<_>>().len()
                };
                prop_assert_eq!(found.daily, within(1));
                prop_assert_eq!(found.weekly, within(7));
                prop_assert_eq!(found.monthly, within(30));
            }
        }

        #[test]
        fn neither_order_nor_repetition_matters(presence in presence()) {
            let mut late = presence.clone();
            late.reverse();
            late.extend(presence.iter().take(10));
            prop_assert_eq!(cohorts(&presence), cohorts(&late));
            prop_assert_eq!(active_learners(&presence, 0, 60), active_learners(&late, 0, 60));
        }

        #[test]
        fn everybody_is_in_one_cohort(presence in presence()) {
            let people: BTreeSet<_> = presence.iter().map(|it| it.person).collect();
            let found = cohorts(&presence);
            prop_assert_eq!(found.iter().map(|it| it.size).sum::<usize>(), people.len());
            prop_assert!(found.iter().all(|it| it.active.first() == Some(&it.size)));
        }
    }
}
