//! Funnels: where learners stop.

use acta_analyses::{FunnelStep, StepEvent, funnel};
use serde::Serialize;
use utoipa::ToSchema;

use super::rows::Numbers;
use super::rows::columns::Columns;
use super::spread::Spread;

/// How many learners get from one step to the next.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct FunnelAnalysis {
    /// The steps, in their order.
    steps: Vec<StepFigures>,
    /// The sequence of the last statement that is taken into account.
    sequence: u64,
}

/// A step.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct StepFigures {
    /// Its name.
    name: String,
    /// How many learners have reached it, after all the steps before it.
    reached: usize,
    /// How many percent of those who reached the first step.
    share_of_first: Option<f64>,
    /// How many percent of those who reached the step before.
    share_of_previous: Option<f64>,
    /// How many have reached it and none after it.
    stopped: usize,
    /// Seconds from the step before to this one.
    waiting_seconds: Option<Spread>,
}

/// The events of all steps.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    people: Numbers,
    events: Vec<StepEvent>,
    count: usize,
    sequence: u64,
}

impl Steps {
    /// Adds the next step, by its rows with `person` and `timestamp`.
    pub(crate) fn add(&mut self, mut rows: Columns) {
        let step = self.count;
        self.count += 1;
        self.sequence = rows.sequence;
        let (persons, times) = (rows.texts(), rows.times());
        let numbers = self.people.of(&persons.texts);
        let rows = persons.places.iter().zip(times).filter(|(place, _)| **place != 0);
        let event =
            |(place, time): (&u32, i64)| StepEvent { person: numbers[*place as usize], step, time };
        self.events.extend(rows.map(event));
    }

    /// The figures of the steps, which have these names.
    pub(crate) fn analyse(&self, names: &[String]) -> FunnelAnalysis {
        let figures = |(name, step): (&String, FunnelStep)| StepFigures {
            name: name.clone(),
            reached: step.reached,
            share_of_first: step.share_of_first,
            share_of_previous: step.share_of_previous,
            stopped: step.stopped,
            waiting_seconds: step.waiting.map(Spread::from),
        };
        let steps = names.iter().zip(funnel(&self.events, self.count)).map(figures).collect();
        FunnelAnalysis { steps, sequence: self.sequence }
    }
}
