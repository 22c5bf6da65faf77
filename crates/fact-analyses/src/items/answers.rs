//! Answers to questions, as the rows of facts have them.

use std::collections::{BTreeMap, HashMap};

use acta_facts::QueryError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::rows::budget::Budget;
use crate::rows::columns::{Columns, Texts};

/// The fields that answers are read from, in the order in which [`Answers::of`] takes them.
pub const FIELDS: [&str; 7] =
    ["person", "object", "object.name", "response", "success", "credit", "duration"];

/// Which answers of a learner to a question count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Attempts {
    /// The first one.
    #[default]
    First,
    /// The last one.
    Last,
    /// The first one in the figures of the test, as with `first`. All of them in what is counted
    /// by answers: `answers`, `facility_of_answers`, the options and the seconds.
    All,
}

/// One answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Answer {
    /// The learner, as a number from 0.
    pub learner: u32,
    /// The place of the response among all responses; 0 for none.
    pub response: u32,
    /// Whether the source said that it is right.
    pub success: Option<bool>,
    /// 1 is right, below 0 is a penalty; not a number if there is none.
    pub credit: f64,
    /// Seconds; not a number if it is not known.
    pub duration: f64,
}

/// A question with its answers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AnsweredQuestion {
    /// The id of the activity.
    pub id: String,
    /// Its name; empty if it is not known.
    pub name: String,
    /// One for each learner who has answered.
    pub answers: Vec<Answer>,
    /// Later answers of the same learners, if all of them count.
    pub later: Vec<Answer>,
}

impl AnsweredQuestion {
    /// All answers that count.
    pub fn all(&self) -> impl Iterator<Item = &Answer> {
        self.answers.iter().chain(&self.later)
    }
}

/// All answers that count.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answers {
    /// In the order of their ids.
    pub questions: Vec<AnsweredQuestion>,
    /// How many learners have answered.
    pub learner_count: usize,
    /// The texts of the responses; the first stands for none.
    pub responses: Vec<String>,
    /// The sequence of the last statement of the tenant that is among the facts.
    pub sequence: u64,
    /// Whether facts are being made, so that answers are missing.
    pub is_rebuilding: bool,
}

/// Bytes of memory of an answer, with its place in a map while answers are read.
const ANSWER_BYTES: usize = 64;

impl Answers {
    /// Reads answers from rows in the order of time, with the columns of [`FIELDS`].
    ///
    /// # Errors
    ///
    /// Those of [`Budget`].
    pub fn of(
        mut rows: Columns,
        attempts: Attempts,
        budget: &Budget<'_>,
    ) -> Result<Self, QueryError> {
        let Columns { count, sequence, is_rebuilding, .. } = rows;
        let Texts { places: persons, .. } = rows.texts();
        let Texts { places: objects, texts: ids } = rows.texts();
        let Texts { places: name_places, texts: names } = rows.texts();
        let Texts { places: responses, texts } = rows.texts();
        let (successes, credits, durations) = (rows.flags(), rows.numbers(), rows.numbers());
        let mut learners: HashMap<u32, u32> = HashMap::new();
        let mut questions: BTreeMap<&str, Reading> = BTreeMap::new();
        for row in (0..count).filter(|row| persons[*row] != 0 && objects[*row] != 0) {
            budget.check_at(row)?;
            let number = u32::try_from(learners.len()).unwrap_or(u32::MAX);
            let learner = *learners.entry(persons[row]).or_insert(number);
            let answer = Answer {
                learner,
                response: responses[row],
                success: successes[row],
                credit: credits[row],
                duration: durations[row],
            };
            let question = questions.entry(&ids[objects[row] as usize]).or_default();
            if question.name.is_empty() {
                question.name.clone_from(&names[name_places[row] as usize]);
            }
            question.add(answer, attempts);
        }
        let question = |(id, Reading { name, answers, later }): (&str, Reading)| {
            let (id, answers) = (id.to_owned(), answers.into_values().collect());
            AnsweredQuestion { id, name, answers, later }
        };
        let questions = questions.into_iter().map(question).collect();
        let learner_count = learners.len();
        Ok(Self { questions, learner_count, responses: texts, sequence, is_rebuilding })
    }

    /// Bytes of memory, about.
    pub fn memory_bytes(&self) -> usize {
        let count: usize = self.questions.iter().map(|question| question.all().count()).sum();
        count.saturating_mul(ANSWER_BYTES)
    }
}

/// A question while its answers are read.
#[derive(Debug, Default)]
struct Reading {
    name: String,
    answers: BTreeMap<u32, Answer>,
    later: Vec<Answer>,
}

impl Reading {
    /// Adds an answer that is later than those before it.
    fn add(&mut self, answer: Answer, attempts: Attempts) {
        let is_first = !self.answers.contains_key(&answer.learner);
        if is_first || attempts == Attempts::Last {
            self.answers.insert(answer.learner, answer);
        } else if attempts == Attempts::All {
            self.later.push(answer);
        }
    }
}

#[cfg(test)]
mod tests {
    use acta_facts::{Asked, FactRows, QueryLimits, RowColumn, TenantSettings};

    use super::*;

    /// Rows of one question: learner, response, success.
    fn rows(of: &[(u32, u32, Option<bool>)]) -> Columns {
        let texts = |texts: &[&str]| texts.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        let place = |places: Vec<u32>, of: &[&str]| RowColumn::Texts { places, texts: texts(of) };
        let ones = || vec![1; of.len()];
        let columns = vec![
            place(of.iter().map(|it| it.0).collect(), &["", "ada", "ben"]),
            place(ones(), &["", "http://q/1"]),
            place(ones(), &["", "Question 1"]),
            place(of.iter().map(|it| it.1).collect(), &["", "a", "b"]),
            RowColumn::Flags(of.iter().map(|it| it.2).collect()),
            RowColumn::Numbers(vec![f64::NAN; of.len()]),
            RowColumn::Numbers(vec![1.0; of.len()]),
        ];
        FactRows { columns, count: of.len(), sequence: 9, is_rebuilding: true }.into()
    }

    fn asked<'a>(settings: &'a TenantSettings, stop: &'a (dyn Fn() -> bool + Sync)) -> Asked<'a> {
        let limits = QueryLimits { memory_bytes: 1 << 20, threads: 1 };
        Asked { limits, now: 0, stop, settings, reach: None }
    }

    #[test]
    fn the_first_the_last_or_all_answers_of_each_learner_count() {
        let settings = TenantSettings::default();
        let told = [(1, 1, Some(false)), (2, 2, Some(true)), (1, 2, Some(true)), (0, 1, None)];
        let responses = |attempts| {
            let found =
                Answers::of(rows(&told), attempts, &Budget::of(asked(&settings, &|| false)))
                    .unwrap();
            assert_eq!((found.questions.len(), found.sequence, found.is_rebuilding), (1, 9, true));
            assert_eq!(found.learner_count, 2);
            let of = |answers: &[Answer]| {
                answers.iter().map(|it| (it.learner, it.response)).collect::<Vec<_>>()
            };
            (of(&found.questions[0].answers), of(&found.questions[0].later))
        };
        assert_eq!(responses(Attempts::First), (vec![(0, 1), (1, 2)], vec![]));
        assert_eq!(responses(Attempts::Last), (vec![(0, 2), (1, 2)], vec![]));
        assert_eq!(responses(Attempts::All), (vec![(0, 1), (1, 2)], vec![(0, 2)]));
        let stopped =
            Answers::of(rows(&told), Attempts::All, &Budget::of(asked(&settings, &|| true)));
        assert!(matches!(stopped, Err(QueryError::Stopped)), "{stopped:?}");
    }
}
