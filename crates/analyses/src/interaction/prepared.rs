//! A question whose correct responses have been read, to judge many responses.

use std::collections::HashSet;

use super::pattern::{self, Reading, Rules};
use super::{Basis, Interaction, InteractionType, Judgement, Verdict};

/// Most correct responses that a response is compared with.
const PATTERNS_MAX: usize = 200;

/// A question whose correct responses have been read. Reading them takes time in proportion to
/// their length, and so does each response that is compared with them.
#[derive(Clone, Debug)]
pub struct PreparedInteraction<'i> {
    interaction: &'i Interaction,
    rules: Rules,
    /// The correct responses; none for a survey, and if there are too many to compare with.
    readings: Option<Vec<Reading<'i>>>,
    /// Whether the case of letters matters in one of them.
    is_cased: bool,
    /// What is chosen in any of the correct responses.
    keys: HashSet<String>,
    /// Whether one thing is chosen in each of them.
    is_single: bool,
}

impl Interaction {
    /// Reads the correct responses, to judge many responses.
    pub fn prepare(&self) -> PreparedInteraction<'_> {
        PreparedInteraction::of(self)
    }

    /// Compares a response with the correct responses; of many, prepare the question first.
    ///
    /// - `choice`, `matching`: the same items in any order; ids are compared exactly.
    /// - `sequencing`: the same items in this order.
    /// - `fill-in`, `long-fill-in`: the same texts in this order and in any case of letters,
    ///   unless the pattern begins with `{order_matters=false}` or `{case_matters=true}`. Where
    ///   both give a language, it has to be the same one.
    /// - `performance`: the same steps in this order, unless it begins with
    ///   `{order_matters=false}`; the response to a step is a text as in `fill-in`, a number or a
    ///   range, of which the bounds may also be delimited by a single colon.
    /// - `numeric`: a number within the range, its bounds included.
    /// - `true-false`, `likert`, `other`: the same text; `true` and `false` in any case.
    pub fn judge(&self, response: &str) -> Judgement {
        self.prepare().judge(response)
    }

    /// As [`PreparedInteraction::verdict`], of one response.
    pub fn verdict(&self, response: Option<&str>, success: Option<bool>) -> Option<Verdict> {
        self.prepare().verdict(response, success)
    }

    /// As [`PreparedInteraction::chosen`], of one response.
    pub fn chosen(&self, response: &str) -> Vec<String> {
        self.prepare().chosen(response)
    }

    /// As [`PreparedInteraction::is_key`], of one option.
    pub fn is_key(&self, option: &str) -> bool {
        self.prepare().is_key(option)
    }

    /// As [`PreparedInteraction::random_guess_score`].
    pub fn random_guess_score(&self) -> Option<f64> {
        self.prepare().random_guess_score()
    }
}

impl<'i> PreparedInteraction<'i> {
    pub(super) fn of(interaction: &'i Interaction) -> Self {
        let (kind, rules) = (interaction.kind, Rules::of(interaction.kind));
        let patterns = interaction.patterns().unwrap_or_default();
        let is_cased =
            patterns.iter().any(|pattern| Reading::of(rules, pattern).case_matters == Some(true));
        let (mut keys, mut is_single) = (HashSet::new(), true);
        for pattern in patterns {
            let chosen = pattern::chosen(kind, pattern, is_cased);
            is_single &= chosen.len() == 1;
            keys.extend(chosen);
        }
        let is_comparable = !interaction.is_survey() && patterns.len() <= PATTERNS_MAX;
        let readings = is_comparable
            .then(|| patterns.iter().map(|pattern| Reading::of(rules, pattern)).collect());
        Self { interaction, rules, readings, is_cased, keys, is_single }
    }

    /// As [`Interaction::judge`].
    pub fn judge(&self, response: &str) -> Judgement {
        let Some(readings) = &self.readings else { return Judgement::NotJudged };
        let response = Reading::of(self.rules, response);
        let mut judgement = Judgement::Wrong;
        for reading in readings {
            match pattern::matches(self.rules, reading, &response) {
                Some(true) => return Judgement::Right,
                Some(false) => {}
                None => judgement = Judgement::NotJudged,
            }
        }
        judgement
    }

    /// Whether a response was right, by what the statement says, or else by the pattern. None if
    /// neither says anything: surveys, and questions without a response.
    pub fn verdict(&self, response: Option<&str>, success: Option<bool>) -> Option<Verdict> {
        let derived = match response.map(|response| self.judge(response)) {
            Some(Judgement::Right) => Some(true),
            Some(Judgement::Wrong) => Some(false),
            Some(Judgement::NotJudged) | None => None,
        };
        let is_contradicted = matches!((success, derived), (Some(one), Some(two)) if one != two);
        let of = |is_right, basis| Verdict { is_right, basis, is_contradicted };
        let stated = success.map(|is_right| of(is_right, Basis::Stated));
        stated.or_else(|| derived.map(|is_right| of(is_right, Basis::Derived)))
    }

    /// What was chosen, to count it: the options of a `choice`, the pairs of a `matching`, the
    /// steps of a `performance`; otherwise the whole response, without parameters, and in lower
    /// case if it is a text whose case does not matter.
    ///
    /// An option that is chosen twice comes once.
    pub fn chosen(&self, response: &str) -> Vec<String> {
        pattern::chosen(self.interaction.kind, response, self.is_cased)
    }

    /// Whether an option is part of a correct response.
    pub fn is_key(&self, option: &str) -> bool {
        let is_whole = !matches!(
            self.interaction.kind,
            InteractionType::Choice | InteractionType::Matching | InteractionType::Performance
        );
        self.keys.contains(option) || is_whole && self.judge(option) == Judgement::Right
    }

    /// The score, from 0 to 100, of somebody who chooses by chance: known where one of a list of
    /// options is right.
    pub fn random_guess_score(&self) -> Option<f64> {
        let options = match self.interaction.kind {
            InteractionType::TrueFalse | InteractionType::Choice => self.interaction.options(),
            InteractionType::FillIn
            | InteractionType::LongFillIn
            | InteractionType::Matching
            | InteractionType::Performance
            | InteractionType::Sequencing
            | InteractionType::Likert
            | InteractionType::Numeric
            | InteractionType::Other => return None,
        };
        if self.interaction.is_survey() || !self.is_single || options.is_empty() {
            return None;
        }
        let right = options.iter().filter(|option| self.keys.contains(&option.id));
        let of = crate::number::number_of;
        Some(100.0 * of(right.count()) / of(options.len()))
    }
}
