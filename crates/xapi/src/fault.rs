//! Faults of an input: the rule that is broken, and the place.

use crate::Rule;

/// A rule that an input breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The place, as a JSON Pointer into what was sent; empty for the whole.
    pub pointer: String,
    /// The rule that is broken.
    pub rule: Rule,
    /// What was found, shortened; never more than [`Fault::FOUND_CHARS_MAX`] characters.
    pub found: String,
}

impl Fault {
    /// Longest quotation of the input, in characters.
    pub const FOUND_CHARS_MAX: usize = 80;

    /// A fault at `pointer`, quoting the beginning of `found`.
    pub fn new(pointer: impl Into<String>, rule: Rule, found: &str) -> Self {
        let mut quoted: String = found.chars().take(Self::FOUND_CHARS_MAX).collect();
        if quoted.len() < found.len() {
            quoted.pop();
            quoted.push('…');
        }
        Self { pointer: pointer.into(), rule, found: quoted }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.pointer.is_empty() {
            write!(f, "{}: ", self.pointer)?;
        }
        write!(f, "{} ({}), found {}", self.rule.text(), self.rule.id(), self.found)
    }
}

/// The faults of an input: at least one, at most a limit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} fault(s)", .0.len())]
pub struct Faults(pub Vec<Fault>);
