//! Item analysis: how well the questions of a test work.

pub mod answers;
mod options;

use acta_analyses::{
    ANSWERS_MIN, Component, Distractor, Interaction, Interval, ItemFlag, ItemStatistics,
    Reliability, Test, TestStatistics, quantiles,
};
use acta_facts::QueryError;
use serde::Serialize;
use utoipa::ToSchema;

use super::rows::budget::Budget;
use super::rows::spread::{Bounds, Spread};
use answers::{AnsweredQuestion, Answers, Attempts};
use options::JudgedQuestion;

/// The questions of a test, and how well they work.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ItemAnalysis {
    /// Which answers of a learner to a question count.
    attempts: Attempts,
    /// How many learners have answered a question that has right and wrong answers, or, if there is
    /// none, any question.
    learners: usize,
    /// The test as a whole.
    test: TestFigures,
    /// The questions, in the order of their ids.
    questions: Vec<QuestionFigures>,
    /// The sequence of the last statement that is taken into account.
    sequence: u64,
    /// Whether facts are being made, so that the figures are about a part of the statements.
    is_rebuilding: bool,
}

/// A test. There are no figures if fewer than 10 learners have answered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct TestFigures {
    /// How many questions have right and wrong answers.
    questions: usize,
    /// The mean score, in percent.
    mean: Option<f64>,
    /// The median score, in percent.
    median: Option<f64>,
    /// The standard deviation of the scores, in percent.
    standard_deviation: Option<f64>,
    /// The asymmetry of the scores.
    skewness: Option<f64>,
    /// How peaked the scores are; 0 for a normal distribution.
    kurtosis: Option<f64>,
    /// The coefficient of internal consistency, in percent (Cronbach's α).
    internal_consistency: Option<f64>,
    /// Where it lies with a probability of 95 %.
    internal_consistency_interval: Option<Bounds>,
    /// How much of the standard deviation is due to chance, in percent.
    error_ratio: Option<f64>,
    /// How far the score of a learner is off by chance, in percent.
    standard_error: Option<f64>,
}

/// How far figures can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HowReliable {
    /// Fewer than 10 answers: there are no figures.
    TooFew,
    /// Fewer than 50 answers: the figures may still change much.
    Unstable,
    /// 50 answers or more.
    Stable,
}

/// Why a question needs a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuestionFlag {
    /// Good learners are wrong more often than others.
    KeyMayBeWrong,
    /// An option was never chosen.
    NeverChosen,
    /// Nearly everybody is right.
    TooEasy,
    /// It does not tell good learners from others.
    DoesNotDiscriminate,
}

/// A question.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct QuestionFigures {
    /// The id of the activity.
    id: String,
    /// Its name, if it is known.
    name: Option<String>,
    /// The type of interaction by the latest definition, if it is known.
    interaction: Option<&'static str>,
    /// Whether no answer is right or wrong.
    is_survey: bool,
    /// How many answers count: one of each learner who has answered, or all of them.
    answers: usize,
    /// How far the figures can be relied on.
    reliability: HowReliable,
    /// How many answers were judged by the correct responses of the definition, because the
    /// statements do not say whether they were a success.
    derived: usize,
    /// How many answers the source judged otherwise than the definition does.
    contradicted: usize,
    /// The mean score, in percent: 100 means that everybody was right.
    facility: Option<f64>,
    /// Where it lies with a probability of 95 %.
    facility_interval: Option<Bounds>,
    /// The mean score of those who have answered, in percent; of all answers, if all count.
    facility_of_answers: Option<f64>,
    /// The standard deviation of the scores, in percent.
    standard_deviation: Option<f64>,
    /// The score of somebody who chooses by chance, in percent.
    random_guess_score: Option<f64>,
    /// The share of the question in the score of the test, in percent.
    intended_weight: Option<f64>,
    /// The share of the question in how the scores of the test differ, in percent.
    effective_weight: Option<f64>,
    /// The correlation with the score on all other questions, in percent.
    discrimination_index: Option<f64>,
    /// Where it lies with a probability of 95 %.
    discrimination_interval: Option<Bounds>,
    /// The discrimination in percent of the greatest possible one.
    discriminative_efficiency: Option<f64>,
    /// Why the question needs a look.
    flags: Vec<QuestionFlag>,
    /// The options, and who chose them.
    options: Vec<OptionFigures>,
    /// How many seconds the answers took.
    seconds: Option<Spread>,
}

/// An option of a question.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct OptionFigures {
    /// The id, or the response itself.
    id: String,
    /// The text that learners see, if it is known.
    description: Option<String>,
    /// Whether it is right.
    is_key: bool,
    /// How many answers chose it.
    count: usize,
    /// How many percent of those who chose anything.
    share: Option<f64>,
    /// The mean score on all other questions of those who chose it, in percent.
    mean_rest_score: Option<f64>,
    /// How many of the lowest, the middle and the highest third of learners chose it.
    thirds: [usize; 3],
}

/// Where each learner is among those of a test.
struct Takers {
    /// By learner; beyond all places for those who are not among them.
    places: Vec<u32>,
    count: usize,
}

impl Takers {
    /// Those who have answered one of the questions.
    fn of<'q>(
        questions: impl Iterator<Item = &'q JudgedQuestion>,
        learner_count: usize,
        budget: &mut Budget<'_>,
    ) -> Result<Self, QueryError> {
        budget.take(learner_count, size_of::<u32>())?;
        let mut places = vec![u32::MAX; learner_count];
        for (learner, _) in questions.flat_map(|question| &question.scores) {
            places[*learner as usize] = 0;
        }
        let mut count = 0;
        for place in places.iter_mut().filter(|place| **place == 0) {
            *place = count;
            count += 1;
        }
        Ok(Self { places, count: count as usize })
    }

    fn place_of(&self, learner: u32) -> u32 {
        self.places.get(learner as usize).copied().unwrap_or(u32::MAX)
    }
}

impl ItemAnalysis {
    /// The questions whose key may be wrong, of those with enough answers to rely on: their ids,
    /// names and discrimination indices.
    pub fn suspicious(&self) -> impl Iterator<Item = (&str, Option<&str>, Option<f64>)> {
        let stable = self.questions.iter().filter(|it| it.reliability == HowReliable::Stable);
        let found = stable.filter(|it| it.flags.contains(&QuestionFlag::KeyMayBeWrong));
        found.map(|it| (it.id.as_str(), it.name.as_deref(), it.discrimination_index))
    }
}

/// Computes the figures of all questions. `definitions` are those of their activities, as JSON, in
/// the order of the questions.
///
/// # Errors
///
/// Those of [`Budget`].
pub fn analyse(
    answers: &Answers,
    definitions: &[Option<String>],
    attempts: Attempts,
    budget: &mut Budget<'_>,
) -> Result<ItemAnalysis, QueryError> {
    budget.take(1, answers.memory_bytes())?;
    let mut judged: Vec<JudgedQuestion> = Vec::new();
    for (question, definition) in answers.questions.iter().zip(definitions) {
        budget.check()?;
        let interaction =
            definition.as_deref().and_then(|it| Interaction::parse(it).ok().flatten());
        let interaction = interaction.as_ref();
        judged.push(JudgedQuestion::of(question, interaction, &answers.responses, budget)?);
    }
    let is_scored: Vec<bool> = judged.iter().map(JudgedQuestion::is_scored).collect();
    // Who has answered nothing but surveys is none of those who took the test.
    let is_survey = is_scored.iter().all(|is_scored| !is_scored);
    let of_test = judged.iter().zip(&is_scored).filter(|(_, is_scored)| is_survey || **is_scored);
    let takers = Takers::of(of_test.map(|(it, _)| it), answers.learner_count, budget)?;
    let mut test = Test::new(takers.count);
    for (it, _) in judged.iter_mut().zip(&is_scored).filter(|(_, is_scored)| **is_scored) {
        budget.check()?;
        budget.take(takers.count, size_of::<f64>())?;
        let item = it.take_item(takers.count, |learner| takers.place_of(learner));
        test.add(item).map_err(std::io::Error::other)?;
    }
    let statistics = test.statistics_unless(&|| budget.is_over()).ok_or(QueryError::Stopped)?;
    let mut items = statistics.items.iter();
    let mut questions = Vec::new();
    for (index, judged) in judged.iter_mut().enumerate() {
        let question = &answers.questions[index];
        let alone;
        let item = if is_scored[index] {
            items.next()
        } else {
            budget.check()?;
            // A survey is a test of its own, for the counts of its options alone.
            alone = survey(judged);
            alone.as_ref()
        };
        let item = item.ok_or_else(|| std::io::Error::other("a question is no item"))?;
        questions.push(QuestionFigures::of(question, item, judged, is_scored[index]));
    }
    let test = TestFigures::of(&statistics);
    let Answers { sequence, is_rebuilding, .. } = *answers;
    Ok(ItemAnalysis { attempts, learners: takers.count, test, questions, sequence, is_rebuilding })
}

/// The counts of the options of a survey.
fn survey(judged: &mut JudgedQuestion) -> Option<ItemStatistics> {
    let learners = std::mem::take(&mut judged.scores);
    let place_of = |learner: u32| {
        let found = learners.binary_search_by_key(&learner, |(it, _)| *it);
        found.ok().and_then(|place| u32::try_from(place).ok()).unwrap_or(u32::MAX)
    };
    let mut test = Test::new(learners.len());
    test.add(judged.take_item(learners.len(), place_of)).ok()?;
    test.statistics().items.pop()
}

impl TestFigures {
    fn of(test: &TestStatistics) -> Self {
        let questions = test.items.len();
        if Reliability::of(test.learner_count) == Reliability::TooFew || questions == 0 {
            return Self { questions, ..Self::default() };
        }
        Self {
            questions,
            mean: test.mean,
            median: test.median,
            standard_deviation: test.standard_deviation,
            skewness: test.skewness,
            kurtosis: test.kurtosis,
            internal_consistency: test.internal_consistency,
            internal_consistency_interval: test.internal_consistency_interval.map(Bounds::from),
            error_ratio: test.error_ratio,
            standard_error: test.standard_error,
        }
    }
}

impl QuestionFigures {
    fn of(
        question: &AnsweredQuestion,
        item: &ItemStatistics,
        judged: &JudgedQuestion,
        is_scored: bool,
    ) -> Self {
        let reliability =
            Reliability::of(if is_scored { item.answer_count } else { judged.chooser_count });
        let is_shown = reliability != Reliability::TooFew;
        let shown = |figure: Option<f64>| figure.filter(|_| is_shown && is_scored);
        let bounds = |interval: Option<Interval>| {
            interval.filter(|_| is_shown && is_scored).map(Bounds::from)
        };
        let pairs = judged.options.iter().zip(&item.distractors);
        let option = |(option, found): (&Component, &Distractor)| OptionFigures {
            id: option.id.clone(),
            description: option.description.clone(),
            is_key: found.is_key && is_scored,
            count: found.count,
            share: found.share,
            mean_rest_score: shown(found.mean_rest_score),
            thirds: if is_scored { found.thirds } else { [0; 3] },
        };
        let options = pairs.filter(|_| is_shown).map(option).collect();
        let flags = item.flags.iter().filter(|_| is_scored).map(|it| QuestionFlag::from(*it));
        Self {
            id: question.id.clone(),
            name: Some(question.name.clone()).filter(|name| !name.is_empty()),
            interaction: judged.interaction,
            is_survey: !is_scored,
            answers: question.all().count(),
            reliability: HowReliable::from(reliability),
            derived: judged.derived_count,
            contradicted: judged.contradicted_count,
            facility: shown(item.facility),
            facility_interval: bounds(item.facility_interval),
            facility_of_answers: shown(item.facility_of_answers),
            standard_deviation: shown(item.standard_deviation),
            random_guess_score: item.random_guess_score,
            intended_weight: shown(item.intended_weight),
            effective_weight: shown(item.effective_weight),
            discrimination_index: shown(item.discrimination_index),
            discrimination_interval: bounds(item.discrimination_interval),
            discriminative_efficiency: shown(item.discriminative_efficiency),
            flags: flags.collect(),
            options,
            seconds: quantiles(question.all().map(|it| it.duration))
                .filter(|it| ANSWERS_MIN <= it.count)
                .map(Spread::from),
        }
    }
}

impl From<Reliability> for HowReliable {
    fn from(reliability: Reliability) -> Self {
        match reliability {
            Reliability::TooFew => Self::TooFew,
            Reliability::Unstable => Self::Unstable,
            Reliability::Stable => Self::Stable,
        }
    }
}

impl From<ItemFlag> for QuestionFlag {
    fn from(flag: ItemFlag) -> Self {
        match flag {
            ItemFlag::KeyMayBeWrong => Self::KeyMayBeWrong,
            ItemFlag::NeverChosen => Self::NeverChosen,
            ItemFlag::TooEasy => Self::TooEasy,
            ItemFlag::DoesNotDiscriminate => Self::DoesNotDiscriminate,
        }
    }
}

#[cfg(test)]
mod tests;
