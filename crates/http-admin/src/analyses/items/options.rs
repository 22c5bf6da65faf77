//! The options of a question, and what learners chose.

use std::collections::HashMap;

use acta_analyses::{Basis, Choices, Component, Interaction, Verdict};

use super::answers::AnsweredQuestion;

/// Most options of a question that are counted; those that are listed come first, then those that
/// most have chosen.
const OPTIONS_MAX: usize = 50;

/// Responses are cut after so many bytes in the facts; one that may have been cut is not judged.
const RESPONSE_BYTES_MAX: usize = 512;

/// A question whose answers have been judged.
#[derive(Debug, Default)]
pub(crate) struct JudgedQuestion {
    /// The score of each learner; none for those who have not answered, and in surveys.
    pub(crate) scores: Vec<Option<f64>>,
    /// The options, in the order of `choices`.
    pub(crate) options: Vec<Component>,
    pub(crate) choices: Choices,
    /// How many scores were derived from the correct responses, because nothing was stated.
    pub(crate) derived_count: usize,
    /// How many answers the source judged otherwise than the correct responses do.
    pub(crate) contradicted_count: usize,
}

/// What is known of one response, computed once for all who gave it.
#[derive(Clone, Debug, Default)]
struct KnownResponse {
    chosen: Vec<String>,
    /// The verdict if nothing is stated.
    derived: Option<bool>,
}

impl JudgedQuestion {
    /// Judges the answers to a question. `interaction` is what its definition says, if anything.
    pub(crate) fn of(
        question: &AnsweredQuestion,
        interaction: Option<&Interaction>,
        responses: &[String],
        learner_count: usize,
    ) -> Self {
        let mut judged = Self { scores: vec![None; learner_count], ..Self::default() };
        let mut known: HashMap<u32, KnownResponse> = HashMap::new();
        let mut chosen: Vec<(usize, String, Option<f64>)> = Vec::new();
        for answer in &question.answers {
            let response = responses.get(answer.response as usize).map_or("", String::as_str);
            let has_response = answer.response != 0;
            let known = known
                .entry(answer.response)
                .or_insert_with(|| KnownResponse::of(response, has_response, interaction));
            let verdict = verdict(answer.success, known.derived);
            let stated = Some(answer.credit).filter(|credit| credit.is_finite());
            let derived = verdict.filter(|it| it.basis == Basis::Derived);
            let score = stated.or_else(|| derived.map(|it| f64::from(u8::from(it.is_right))));
            judged.derived_count += usize::from(stated.is_none() && derived.is_some());
            judged.contradicted_count += usize::from(verdict.is_some_and(|it| it.is_contradicted));
            judged.scores[answer.learner] = score;
            let options = known.chosen.iter().cloned();
            chosen.extend(options.map(|option| (answer.learner, option, score)));
        }
        judged.set_choices(&chosen, interaction);
        judged
    }

    fn set_choices(
        &mut self,
        chosen: &[(usize, String, Option<f64>)],
        interaction: Option<&Interaction>,
    ) {
        // How many chose it, and how many of them were right.
        let mut counts: HashMap<&str, (usize, usize)> = HashMap::new();
        for (_, option, score) in chosen {
            let count = counts.entry(option).or_default();
            count.0 += 1;
            count.1 += usize::from(score.is_some_and(|score| score >= 1.0));
        }
        self.options = interaction.map(Interaction::options).unwrap_or_default();
        self.options.truncate(OPTIONS_MAX);
        let mut others: Vec<(&str, usize)> =
            counts.iter().map(|(option, (count, _))| (*option, *count)).collect();
        others.retain(|(option, _)| self.options.iter().all(|known| known.id != *option));
        others.sort_by(|one, other| other.1.cmp(&one.1).then(one.0.cmp(other.0)));
        others.truncate(OPTIONS_MAX - self.options.len());
        self.options.extend(others.into_iter().map(|(option, _)| Component::unnamed(option)));
        let has_pattern = interaction.is_some_and(|it| it.patterns().is_some());
        let is_key = |option: &Component| match interaction {
            Some(interaction) if has_pattern => interaction.is_key(&option.id),
            // Nothing says what is right, but for the source: right is what was right.
            Some(_) | None => {
                let (count, right) = counts.get(&*option.id).copied().unwrap_or_default();
                count < 2 * right
            }
        };
        self.choices.keys = self.options.iter().map(is_key).collect();
        let places: HashMap<&str, usize> =
            self.options.iter().enumerate().map(|(place, it)| (&*it.id, place)).collect();
        let place = |(learner, option, _): &(usize, String, _)| {
            places.get(&**option).map(|place| (*learner, *place))
        };
        self.choices.chosen = chosen.iter().filter_map(place).collect();
    }

    /// Whether any answer has a score.
    pub(crate) fn is_scored(&self) -> bool {
        self.scores.iter().any(Option::is_some)
    }
}

fn verdict(success: Option<bool>, derived: Option<bool>) -> Option<Verdict> {
    let is_contradicted = matches!((success, derived), (Some(one), Some(two)) if one != two);
    let of = |is_right, basis| Verdict { is_right, basis, is_contradicted };
    let stated = success.map(|is_right| of(is_right, Basis::Stated));
    stated.or_else(|| derived.map(|is_right| of(is_right, Basis::Derived)))
}

impl KnownResponse {
    fn of(response: &str, has_response: bool, interaction: Option<&Interaction>) -> Self {
        if !has_response {
            return Self::default();
        }
        let chosen = match interaction {
            Some(interaction) => interaction.chosen(response),
            None => vec![response.to_owned()],
        };
        let interaction = interaction.filter(|_| response.len() < RESPONSE_BYTES_MAX);
        let derived = interaction.and_then(|it| it.verdict(Some(response), None));
        Self { chosen, derived: derived.map(|verdict| verdict.is_right) }
    }
}
