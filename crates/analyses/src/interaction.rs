//! Interactions: questions as the definition of an activity describes them, and verdicts on
//! responses.
//!
//! A verdict always says whether the source stated it or whether it was derived from the
//! correct responses pattern: xAPI does not let anybody take a derived one for certain.
//!
//! Spec: xAPI 1.0.3, Part Two, 2.4.4.1, Interaction Activities; IEEE 9274.1.1, 4.2.2.3.

mod assignment;
mod definition;
mod kind;
mod pattern;
mod range;

pub use definition::{Component, DefinitionError};
pub use kind::InteractionType;

use definition::Definition;
use pattern::{Reading, Rules};

/// A question, as the definition of its activity describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interaction {
    kind: InteractionType,
    /// The correct responses; none for a survey, empty if every response is wrong.
    patterns: Option<Vec<String>>,
    /// The options of `choices` or `scale`.
    options: Vec<Component>,
}

/// What the correct responses pattern says of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It matches one of the patterns.
    Right,
    /// It matches none of them.
    Wrong,
    /// There is nothing to compare it with (a survey), or too much (more than 256 items).
    NotJudged,
}

/// Where a verdict comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// `result.success` of the statement.
    Stated,
    /// The correct responses pattern, because the statement says nothing.
    Derived,
}

/// Whether a response was right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it was right.
    pub is_right: bool,
    /// How that is known.
    pub basis: Basis,
    /// Whether the source and the pattern contradict each other. The source decides.
    pub is_contradicted: bool,
}

impl Interaction {
    /// Reads an activity definition, as JSON. None if it describes no interaction.
    ///
    /// # Errors
    ///
    /// [`DefinitionError`] if the text is not such a definition.
    pub fn parse(definition: &str) -> Result<Option<Self>, DefinitionError> {
        let Some(definition) = Definition::parse(definition)? else { return Ok(None) };
        let Definition { interaction_type, patterns, options } = definition;
        Ok(Some(Self { kind: interaction_type, patterns, options }))
    }

    /// A question of a type, with its correct responses: none for a survey.
    pub fn new(interaction_type: InteractionType, patterns: Option<Vec<String>>) -> Self {
        Self { kind: interaction_type, patterns, options: Vec::new() }
    }

    /// The same with the options of `choices` or `scale`.
    #[must_use]
    pub fn with_options(mut self, options: Vec<Component>) -> Self {
        self.options = options;
        self
    }

    /// Its type.
    pub fn interaction_type(&self) -> InteractionType {
        self.kind
    }

    /// Whether no response is right or wrong.
    pub fn is_survey(&self) -> bool {
        self.patterns.is_none()
    }

    /// The correct responses, as they are written; none for a survey.
    pub fn patterns(&self) -> Option<&[String]> {
        self.patterns.as_deref()
    }

    /// The options that a learner could choose: those of `choices` or `scale`, or `true` and
    /// `false`; empty where they are not known.
    pub fn options(&self) -> Vec<Component> {
        if self.kind == InteractionType::TrueFalse {
            return ["true", "false"].map(Component::unnamed).to_vec();
        }
        self.options.clone()
    }

    /// Compares a response with the correct responses.
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
        let Some(patterns) = &self.patterns else { return Judgement::NotJudged };
        let rules = Rules::of(self.kind);
        let response = Reading::of(rules, response);
        let mut judgement = Judgement::Wrong;
        for pattern in patterns {
            match pattern::matches(rules, &Reading::of(rules, pattern), &response) {
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
        let is_cased =
            self.patterns.iter().flatten().any(|pattern| {
                Reading::of(Rules::of(self.kind), pattern).case_matters == Some(true)
            });
        pattern::chosen(self.kind, response, is_cased)
    }

    /// Whether an option is part of a correct response.
    pub fn is_key(&self, option: &str) -> bool {
        let patterns = self.patterns.iter().flatten();
        let mut chosen = patterns.flat_map(|pattern| self.chosen(pattern));
        let is_listed = chosen.any(|keyed| keyed == option);
        let is_whole = !matches!(
            self.kind,
            InteractionType::Choice | InteractionType::Matching | InteractionType::Performance
        );
        is_listed || is_whole && self.judge(option) == Judgement::Right
    }

    /// The score, from 0 to 100, of somebody who chooses by chance: known where one of a list of
    /// options is right.
    pub fn random_guess_score(&self) -> Option<f64> {
        let patterns = self.patterns.as_ref()?;
        let options = match self.kind {
            InteractionType::TrueFalse | InteractionType::Choice => self.options(),
            InteractionType::FillIn
            | InteractionType::LongFillIn
            | InteractionType::Matching
            | InteractionType::Performance
            | InteractionType::Sequencing
            | InteractionType::Likert
            | InteractionType::Numeric
            | InteractionType::Other => return None,
        };
        let is_single = patterns.iter().all(|pattern| self.chosen(pattern).len() == 1);
        if !is_single || options.is_empty() {
            return None;
        }
        let right = options.iter().filter(|option| self.judge(&option.id) == Judgement::Right);
        let of = crate::number::number_of;
        Some(100.0 * of(right.count()) / of(options.len()))
    }
}

#[cfg(test)]
mod tests;
