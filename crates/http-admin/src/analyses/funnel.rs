//! Funnels: where learners stop.

use std::collections::HashMap;

use acta_analyses::{FunnelStep, StepEvent, funnel};
use acta_facts::{FactRows, QueryError, RowColumn};
use serde::Serialize;
use utoipa::ToSchema;

use super::budget::Budget;
use super::spread::Spread;

/// How many learners get from one step to the next.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct FunnelAnalysis {
    /// The steps, in their order.
    steps: Vec<StepFigures>,
    /// The sequence of the last statement that is taken into account.
    sequence: u64,
    /// Whether facts are being made, so that the figures are about a part of the statements.
    is_rebuilding: bool,
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
    people: HashMap<String, u32>,
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
    pub(crate) fn add(
        &mut self,
        rows: FactRows,
        budget: &mut Budget<'_>,
    ) -> Result<(), QueryError> {
        budget.check()?;
        let step = self.count;
        self.count += 1;
        self.sequence = rows.sequence;
        self.is_rebuilding |= rows.is_rebuilding;
        budget.take(rows.count, EVENT_BYTES)?;
        let columns: Result<[RowColumn; 2], _> = rows.columns.try_into();
        let Ok([RowColumn::Texts { places, texts }, RowColumn::Times(times)]) = columns else {
            return Ok(());
        };
        let mut numbers: Vec<u32> = Vec::with_capacity(texts.len());
        for text in texts {
            let next = u32::try_from(self.people.len()).unwrap_or(u32::MAX);
            let bytes = LEARNER_BYTES + text.len();
            let number = *self.people.entry(text).or_insert(next);
            budget.take(usize::from(number == next), bytes)?;
            numbers.push(number);
        }
        let rows = places.iter().zip(times).filter(|(place, _)| **place != 0);
        let event =
            |(place, time): (&u32, i64)| StepEvent { person: numbers[*place as usize], step, time };
        self.events.extend(rows.map(event));
        Ok(())
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
        FunnelAnalysis { steps, sequence: self.sequence, is_rebuilding: self.is_rebuilding }
    }
}
