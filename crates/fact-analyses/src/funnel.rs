//! Funnels: where learners stop.

use std::num::NonZeroU32;

use acta_analyses::{FunnelStep, StepEvent, funnel};
use acta_facts::QueryError;
use serde::Serialize;
use utoipa::ToSchema;

use super::rows::Numbers;
use super::rows::budget::Budget;
use super::rows::budget::is_small;
use super::rows::columns::Columns;
use super::rows::spread::Spread;

/// How many learners get from one step to the next.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct FunnelAnalysis {
    /// The steps, in their order.
    steps: Vec<StepFigures>,
    /// Whether figures are withheld, since they are about fewer learners than the tenant shows;
    /// absent otherwise.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    withheld: bool,
    /// The sequence of the last statement that is taken into account.
    sequence: u64,
    /// Whether facts are being made, so that the figures are about a part of the statements.
    is_rebuilding: bool,
}

/// A step.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct StepFigures {
    /// Its name.
    name: String,
    /// How many learners have reached it, after all the steps before it; null if that is withheld.
    #[schema(required)]
    reached: Option<usize>,
    /// How many percent of those who reached the first step.
    share_of_first: Option<f64>,
    /// How many percent of those who reached the step before.
    share_of_previous: Option<f64>,
    /// How many have reached it and none after it; null if that is withheld.
    #[schema(required)]
    stopped: Option<usize>,
    /// Seconds from the step before to this one.
    waiting_seconds: Option<Spread>,
}

/// The events of all steps.
#[derive(Debug, Default)]
pub struct Steps {
    people: Numbers,
    events: Vec<StepEvent>,
    count: usize,
    sequence: u64,
    is_rebuilding: bool,
}

/// Bytes of memory of an event, with its copy by learner.
const EVENT_BYTES: usize = 2 * size_of::<StepEvent>();

/// Bytes of memory of a learner, beside the text.
const LEARNER_BYTES: usize = 100;

impl Steps {
    /// Adds the next step, by its rows with `person` and `timestamp`.
    ///
    /// # Errors
    ///
    /// Those of [`Budget`], which counts all steps together.
    pub fn add(&mut self, mut rows: Columns, budget: &mut Budget<'_>) -> Result<(), QueryError> {
        budget.check()?;
        let step = self.count;
        self.count += 1;
        self.sequence = rows.sequence;
        self.is_rebuilding |= rows.is_rebuilding;
        budget.take(rows.count, EVENT_BYTES)?;
        let (persons, times) = (rows.texts(), rows.times());
        for text in persons.texts.iter().filter(|text| !self.people.has(text)) {
            budget.take(1, LEARNER_BYTES + text.len())?;
        }
        let numbers = self.people.of(&persons.texts);
        let rows = persons.places.iter().zip(times).filter(|(place, _)| **place != 0);
        let event =
            |(place, time): (&u32, i64)| StepEvent { person: numbers[*place as usize], step, time };
        self.events.extend(rows.map(event));
        Ok(())
    }

    /// The figures of the steps, which have these names, as far as they are not about fewer
    /// learners than the smallest group.
    pub fn analyse(&self, names: &[String], smallest: Option<NonZeroU32>) -> FunnelAnalysis {
        let figures = |(name, step): (&String, FunnelStep)| StepFigures {
            name: name.clone(),
            reached: Some(step.reached),
            share_of_first: step.share_of_first,
            share_of_previous: step.share_of_previous,
            stopped: Some(step.stopped),
            waiting_seconds: step.waiting.map(Spread::from),
        };
        let found = funnel(&self.events, self.count);
        let shown = shown(&found, smallest);
        let mut steps: Vec<StepFigures> = names.iter().zip(found).map(figures).collect();
        for (index, step) in steps.iter_mut().enumerate() {
            let is_shown = |index: usize| shown.get(index).is_none_or(|it| *it);
            step.withhold([0, index.saturating_sub(1), index, index + 1].map(is_shown));
        }
        let withheld = shown.contains(&false);
        let (sequence, is_rebuilding) = (self.sequence, self.is_rebuilding);
        FunnelAnalysis { steps, withheld, sequence, is_rebuilding }
    }
}

/// Which steps are shown. Those who reach a step are among those who reached the one before, so
/// that the steps that are shown divide learners into groups: those who got to one of them and not
/// to the next. Each has nobody, or enough.
fn shown(steps: &[FunnelStep], smallest: Option<NonZeroU32>) -> Vec<bool> {
    let mut before: Option<usize> = None;
    let is_shown = |step: &FunnelStep| {
        let lost = before.map_or(0, |before| before.saturating_sub(step.reached));
        let is_shown = !is_small(step.reached, smallest) && !is_small(lost, smallest);
        if is_shown {
            before = Some(step.reached);
        }
        is_shown
    };
    steps.iter().map(is_shown).collect()
}

impl StepFigures {
    /// Removes figures, by whether the first step, the one before, this one and the next are shown.
    const fn withhold(&mut self, [first, before, own, next]: [bool; 4]) {
        if !own {
            self.reached = None;
        }
        if !own || !first {
            self.share_of_first = None;
        }
        if !own || !before {
            self.share_of_previous = None;
            self.waiting_seconds = None;
        }
        if !own || !next {
            self.stopped = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps_of(reached: &[usize]) -> Steps {
        let mut steps = Steps { count: reached.len(), ..Steps::default() };
        for (step, count) in reached.iter().enumerate() {
            let people = (0..).take(*count);
            let time = i64::try_from(step).unwrap();
            steps.events.extend(people.map(|person| StepEvent { person, step, time }));
        }
        steps
    }

    #[test]
    fn steps_of_few_learners_are_withheld() {
        let names = ["a", "b", "c", "d", "e"].map(str::to_owned);
        // How many get to each step, and which figures of reached and stopped are shown.
        let table = [
            ([20, 15, 10, 5, 0], vec![(20, 5), (15, 5), (10, 5), (5, 5), (0, 0)]),
            // From the first to the second, two are lost.
            ([20, 18, 10, 10, 10], vec![(20, -1), (-1, -1), (10, 0), (10, 0), (10, 10)]),
            ([20, 10, 3, 1, 0], vec![(20, 10), (10, -1), (-1, -1), (-1, -1), (0, 0)]),
            ([4, 2, 0, 0, 0], vec![(-1, -1), (-1, -1), (0, 0), (0, 0), (0, 0)]),
        ];
        for (reached, expected) in table {
            let found = steps_of(&reached).analyse(&names, NonZeroU32::new(5));
            let number = |it: Option<usize>| it.map_or(-1, |it| i64::try_from(it).unwrap());
            let steps = found.steps.iter().map(|it| (number(it.reached), number(it.stopped)));
            let steps: Vec<_> = steps.collect();
            assert_eq!(found.withheld, expected.iter().any(|it| it.0 == -1), "{reached:?}");
            assert_eq!(steps, expected, "{reached:?}");
            let whole = steps_of(&reached).analyse(&names, None);
            assert!(!whole.withheld && whole.steps.iter().all(|it| it.reached.is_some()));
        }
    }
}
