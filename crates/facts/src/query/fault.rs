//! What can be wrong with a question.

use std::num::NonZeroU32;

/// A place in a question that cannot be answered, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {text}")]
pub struct QuestionFault {
    /// The place, as a JSON Pointer into the question.
    pub place: String,
    /// What is wrong and what is expected.
    pub text: String,
}

impl QuestionFault {
    /// A fault at `place`.
    pub(crate) fn new(place: impl Into<String>, text: impl Into<String>) -> Self {
        Self { place: place.into(), text: text.into() }
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The question has to be repaired.
    #[error("{0}")]
    Fault(#[from] QuestionFault),
    /// The answer could be about fewer learners than this.
    #[error("the answer could be about fewer than {0} learners")]
    Withheld(NonZeroU32),
    /// The answer would need more memory than a question may have: ask for less.
    #[error("the answer needs more than {0} bytes of memory")]
    TooLarge(usize),
    /// The time was over, or nobody waits any more.
    #[error("stopped before there was an answer")]
    Stopped,
    /// The files of facts cannot be read. They can be made again.
    #[error("the facts cannot be read")]
    Io(#[from] std::io::Error),
}
