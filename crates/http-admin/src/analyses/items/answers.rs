//! Answers to questions, as the rows of facts have them.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::analyses::rows::columns::{Columns, Texts};

/// The fields that answers are read from, in the order in which [`Answers::of`] takes them.
pub(crate) const FIELDS: [&str; 7] =
    ["person", "object", "object.name", "response", "success", "credit", "duration"];

/// Which answers of a learner to a question count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Attempts {
    /// The first one.
    #[default]
    First,
    /// The last one.
    Last,
    /// All of them: each attempt counts as a learner of its own.
    All,
}

/// One answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Answer {
    /// The learner, or the attempt of a learner, as a number from 0.
    pub(crate) learner: usize,
    /// The place of the response among all responses; 0 for none.
    pub(crate) response: u32,
    pub(crate) success: Option<bool>,
    /// From 0 to 1; not a number if there is none.
    pub(crate) credit: f64,
    /// Seconds; not a number if it is not known.
    pub(crate) duration: f64,
}

/// A question with its answers.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct AnsweredQuestion {
    /// The id of the activity.
    pub(crate) id: String,
    /// Its name; empty if it is not known.
    pub(crate) name: String,
    /// One for each learner who has answered.
    pub(crate) answers: Vec<Answer>,
}

/// All answers that count.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Answers {
    /// In the order of their ids.
    pub(crate) questions: Vec<AnsweredQuestion>,
    pub(crate) learner_count: usize,
    /// The texts of the responses; the first stands for none.
    pub(crate) responses: Vec<String>,
    pub(crate) sequence: u64,
}

impl Answers {
    /// Reads answers from rows in the order of time, with the columns of [`FIELDS`].
    pub(crate) fn of(mut rows: Columns, attempts: Attempts) -> Self {
        let Columns { count, sequence, .. } = rows;
        let Texts { places: persons, .. } = rows.texts();
        let Texts { places: objects, texts: ids } = rows.texts();
        let Texts { places: name_places, texts: names } = rows.texts();
        let Texts { places: responses, texts } = rows.texts();
        let (successes, credits, durations) = (rows.flags(), rows.numbers(), rows.numbers());
        let mut learners: HashMap<(u32, u32), usize> = HashMap::new();
        let mut attempts_before: HashMap<(u32, u32), u32> = HashMap::new();
        let mut questions: BTreeMap<&str, (String, BTreeMap<usize, Answer>)> = BTreeMap::new();
        for row in (0..count).filter(|row| persons[*row] != 0 && objects[*row] != 0) {
            let before = attempts_before.entry((persons[row], objects[row])).or_default();
            let attempt = if attempts == Attempts::All { *before } else { 0 };
            let is_repeated = *before != 0;
            *before += 1;
            if is_repeated && attempts == Attempts::First {
                continue;
            }
            let number = learners.len();
            let learner = *learners.entry((persons[row], attempt)).or_insert(number);
            let answer = Answer {
                learner,
                response: responses[row],
                success: successes[row],
                credit: credits[row],
                duration: durations[row],
            };
            let question = questions.entry(&ids[objects[row] as usize]).or_default();
            if question.0.is_empty() {
                question.0.clone_from(&names[name_places[row] as usize]);
            }
            question.1.insert(learner, answer);
        }
        let question = |(id, (name, answers)): (&str, (String, BTreeMap<usize, Answer>))| {
            AnsweredQuestion { id: id.to_owned(), name, answers: answers.into_values().collect() }
        };
        let questions = questions.into_iter().map(question).collect();
        Self { questions, learner_count: learners.len(), responses: texts, sequence }
    }
}

#[cfg(test)]
mod tests {
    use acta_facts::{FactRows, RowColumn};

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
        FactRows { columns, count: of.len(), sequence: 9 }.into()
    }

    #[test]
    fn one_attempt_of_each_learner_counts_or_all_do() {
        let told = [(1, 1, Some(false)), (2, 2, Some(true)), (1, 2, Some(true)), (0, 1, None)];
        let responses = |attempts| {
            let found = Answers::of(rows(&told), attempts);
            assert_eq!((found.questions.len(), found.sequence), (1, 9));
            let answers = &found.questions[0].answers;
            let of = answers.iter().map(|it| (it.learner, it.response));
            (found.learner_count, of.collect::<Vec<_>>())
        };
        assert_eq!(responses(Attempts::First), (2, vec![(0, 1), (1, 2)]));
        assert_eq!(responses(Attempts::Last), (2, vec![(0, 2), (1, 2)]));
        assert_eq!(responses(Attempts::All), (3, vec![(0, 1), (1, 2), (2, 2)]));
    }
}
