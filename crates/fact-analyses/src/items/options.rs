//! The options of a question, and what learners chose.

use std::collections::HashMap;
use std::rc::Rc;

use acta_analyses::{Choices, Component, Interaction, Item, PreparedInteraction, ScoreRange};
use acta_facts::QueryError;

use super::answers::{Answer, AnsweredQuestion};
use crate::rows::budget::Budget;

/// Most options of a question that are counted; those that are listed come first, then those that
/// most have chosen.
const OPTIONS_MAX: usize = 50;

/// Facts keep 512 bytes of a response, or up to 3 fewer where a character would be cut: one of so
/// many bytes may have been longer, and is not judged.
const RESPONSE_BYTES_MAX: usize = 509;

/// Bytes of memory of a distinct response and of a distinct option, beside the text of the option.
const RESPONSE_BYTES: usize = 64;
const OPTION_BYTES: usize = 96;

/// A question whose answers have been judged.
#[derive(Debug, Default)]
pub(super) struct JudgedQuestion {
    /// Each learner who has answered, with the score; not a number where nothing is right or wrong.
    pub(super) scores: Vec<(u32, f64)>,
    /// The scores of later answers of the same learners.
    later_scores: Vec<f64>,
    /// The options, in the order of `choices`.
    pub(super) options: Vec<Component>,
    choices: Choices,
    /// How many learners chose anything.
    pub(super) chooser_count: usize,
    /// How many scores were derived from the correct responses, because nothing was stated.
    pub(super) derived_count: usize,
    /// How many answers the source judged otherwise than the correct responses do.
    pub(super) contradicted_count: usize,
    /// The type of interaction, if it is known.
    pub(super) interaction: Option<&'static str>,
    random_guess_score: Option<f64>,
}

/// What is known of one response, computed once for all who gave it.
#[derive(Clone, Debug, Default)]
struct KnownResponse {
    /// The numbers of the options that it chooses.
    chosen: Vec<u32>,
    /// Whether it is right, if nothing is stated.
    derived: Option<bool>,
}

/// The options that were chosen, numbered from 0.
#[derive(Debug, Default)]
struct Options {
    numbers: HashMap<Rc<str>, u32>,
    all: Vec<ChosenOption>,
}

#[derive(Debug)]
struct ChosenOption {
    text: Rc<str>,
    /// How many answers chose it.
    count: usize,
    /// How many of them were right.
    right_count: usize,
}

impl Options {
    fn number(&mut self, text: &str, budget: &mut Budget<'_>) -> Result<u32, QueryError> {
        if let Some(number) = self.numbers.get(text) {
            return Ok(*number);
        }
        budget.take(1, OPTION_BYTES + text.len())?;
        let number = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        let text: Rc<str> = text.into();
        self.numbers.insert(Rc::clone(&text), number);
        self.all.push(ChosenOption { text, count: 0, right_count: 0 });
        Ok(number)
    }

    fn find(&self, text: &str) -> Option<&ChosenOption> {
        self.all.get(*self.numbers.get(text)? as usize)
    }
}

/// What it takes to judge the responses to a question.
struct Judge<'q> {
    interaction: Option<PreparedInteraction<'q>>,
    responses: &'q [String],
    known: HashMap<u32, KnownResponse>,
    options: Options,
}

impl Judge<'_> {
    /// What is known of the response of an answer.
    fn response(
        &mut self,
        answer: &Answer,
        budget: &mut Budget<'_>,
    ) -> Result<&KnownResponse, QueryError> {
        if !self.known.contains_key(&answer.response) {
            // To compare it with all that is right may take long.
            budget.check()?;
            let known = self.read(answer.response, budget)?;
            budget.take(1, RESPONSE_BYTES + known.chosen.len() * size_of::<u32>())?;
            self.known.insert(answer.response, known);
        }
        Ok(&self.known[&answer.response])
    }

    fn read(&mut self, place: u32, budget: &mut Budget<'_>) -> Result<KnownResponse, QueryError> {
        let Some(response) = self.responses.get(place as usize).filter(|_| place != 0) else {
            return Ok(KnownResponse::default());
        };
        let Some(interaction) = &self.interaction else {
            let chosen = vec![self.options.number(response, budget)?];
            return Ok(KnownResponse { chosen, derived: None });
        };
        let is_whole = response.len() < RESPONSE_BYTES_MAX;
        let derived = is_whole.then(|| interaction.verdict(Some(response), None)).flatten();
        let chosen = interaction.chosen(response);
        let chosen = chosen.iter().map(|option| self.options.number(option, budget));
        let chosen = chosen.collect::<Result<_, _>>()?;
        Ok(KnownResponse { chosen, derived: derived.map(|verdict| verdict.is_right) })
    }
}

impl JudgedQuestion {
    /// Judges the answers to a question. `interaction` is what its definition says, if anything.
    ///
    /// # Errors
    ///
    /// Those of [`Budget`].
    pub(super) fn of(
        question: &AnsweredQuestion,
        interaction: Option<&Interaction>,
        responses: &[String],
        budget: &mut Budget<'_>,
    ) -> Result<Self, QueryError> {
        let prepared = interaction.map(Interaction::prepare);
        let mut judged = Self {
            interaction: interaction.map(|it| it.interaction_type().name()),
            random_guess_score: prepared.as_ref().and_then(PreparedInteraction::random_guess_score),
            ..Self::default()
        };
        let (known, options) = (HashMap::new(), Options::default());
        let mut judge = Judge { interaction: prepared, responses, known, options };
        budget.take(question.all().count(), size_of::<(u32, f64)>())?;
        for answer in &question.answers {
            let score = judged.judge(answer, &mut judge, budget)?;
            judged.scores.push((answer.learner, score));
        }
        judged.chooser_count = judged.choices.chooser_count;
        for answer in &question.later {
            let score = judged.judge(answer, &mut judge, budget)?;
            judged.later_scores.push(score);
        }
        judged.set_choices(question, &judge, interaction, budget)?;
        Ok(judged)
    }

    /// Judges an answer, and counts what it chooses. Returns its score.
    fn judge(
        &mut self,
        answer: &Answer,
        judge: &mut Judge<'_>,
        budget: &mut Budget<'_>,
    ) -> Result<f64, QueryError> {
        let known = judge.response(answer, budget)?.clone();
        let derived = known.derived.filter(|_| answer.success.is_none());
        let is_stated = answer.credit.is_finite();
        let of_derived = derived.map_or(f64::NAN, |is_right| f64::from(u8::from(is_right)));
        let score = if is_stated { answer.credit } else { of_derived };
        self.derived_count += usize::from(!is_stated && derived.is_some());
        let both = answer.success.zip(known.derived);
        self.contradicted_count += usize::from(both.is_some_and(|(one, other)| one != other));
        self.choices.chooser_count += usize::from(!known.chosen.is_empty());
        for option in &known.chosen {
            let option = &mut judge.options.all[*option as usize];
            option.count += 1;
            option.right_count += usize::from(score >= 1.0);
        }
        Ok(score)
    }

    /// Chooses the options that are listed, and notes who chose them.
    fn set_choices(
        &mut self,
        question: &AnsweredQuestion,
        judge: &Judge<'_>,
        interaction: Option<&Interaction>,
        budget: &mut Budget<'_>,
    ) -> Result<(), QueryError> {
        let options = &judge.options;
        self.options = interaction.map(Interaction::options).unwrap_or_default();
        self.options.truncate(OPTIONS_MAX);
        let is_listed = |text: &str| self.options.iter().any(|known| known.id == text);
        let mut others: Vec<&ChosenOption> =
            options.all.iter().filter(|option| !is_listed(&option.text)).collect();
        others.sort_by(|one, other| other.count.cmp(&one.count).then(one.text.cmp(&other.text)));
        others.truncate(OPTIONS_MAX - self.options.len());
        self.options.extend(others.into_iter().map(|option| Component::unnamed(&option.text)));
        let prepared = judge.interaction.as_ref();
        let has_pattern = interaction.is_some_and(|it| it.patterns().is_some());
        let is_key = |option: &Component| match prepared {
            Some(interaction) if has_pattern => interaction.is_key(&option.id),
            // Nothing says what is right, but for the source: right is what was right.
            Some(_) | None => {
                options.find(&option.id).is_some_and(|it| it.count < 2 * it.right_count)
            }
        };
        self.choices.keys = self.options.iter().map(is_key).collect();
        let numbers = self.options.iter().map(|option| options.numbers.get(&*option.id));
        let places: HashMap<u32, u32> =
            numbers.zip(0..).filter_map(|(number, place)| Some((*number?, place))).collect();
        for (row, answer) in question.all().enumerate() {
            budget.check_at(row)?;
            let Some(known) = judge.known.get(&answer.response) else { continue };
            let before = self.choices.chosen.len();
            let listed = known.chosen.iter().filter_map(|option| places.get(option));
            self.choices.chosen.extend(listed.map(|place| (answer.learner, *place)));
            budget.take(self.choices.chosen.len() - before, size_of::<(u32, u32)>())?;
        }
        Ok(())
    }

    /// Whether any answer has a score.
    pub(super) fn is_scored(&self) -> bool {
        let mut all = self.scores.iter().map(|(_, score)| score).chain(&self.later_scores);
        all.any(|score| score.is_finite())
    }

    /// The question as an item of a test of `count` learners, in which `place_of` says where each
    /// learner is. What it needs of this is taken out.
    pub(super) fn take_item(&mut self, count: usize, place_of: impl Fn(u32) -> u32) -> Item {
        let mut scores = vec![None; count];
        for (learner, score) in self.scores.iter().filter(|(_, score)| score.is_finite()) {
            if let Some(place) = scores.get_mut(place_of(*learner) as usize) {
                *place = Some(*score);
            }
        }
        let later = std::mem::take(&mut self.later_scores);
        let all = scores.iter().flatten().chain(&later).copied();
        // What is wrong may count less than nothing.
        let range = ScoreRange { min: all.fold(0.0, f64::min), ..ScoreRange::UNIT };
        let mut choices = std::mem::take(&mut self.choices);
        for (learner, _) in &mut choices.chosen {
            *learner = place_of(*learner);
        }
        let item = Item::new(range, scores).with_later_scores(later);
        item.with_random_guess_score(self.random_guess_score).with_choices(choices)
    }
}
