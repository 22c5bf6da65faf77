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
pub(crate) mod prepared;
mod range;

pub use definition::{Component, DefinitionError};
pub use kind::InteractionType;

use definition::Definition;

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
    /// There is nothing to compare it with (a survey), or too much (more than 256 items, or more
    /// than 200 patterns).
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

    /// The options that a learner could choose: those of `choices` of a `choice`, those of `scale`
    /// of a `likert`, or `true` and `false`; empty where they are not known, or where the response
    /// is not one of them, as in `sequencing`.
    pub fn options(&self) -> Vec<Component> {
        match self.kind {
            InteractionType::TrueFalse => ["true", "false"].map(Component::unnamed).to_vec(),
            InteractionType::Choice | InteractionType::Likert => self.options.clone(),
            InteractionType::FillIn
            | InteractionType::LongFillIn
            | InteractionType::Matching
            | InteractionType::Performance
            | InteractionType::Sequencing
            | InteractionType::Numeric
            | InteractionType::Other => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
