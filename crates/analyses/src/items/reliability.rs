//! How many answers figures need.

/// Fewest learners whose answers make figures that may be shown.
pub const ANSWERS_MIN: usize = 10;
/// Fewest learners whose answers make figures that hardly change with more of them.
pub const ANSWERS_STABLE: usize = 50;

/// How far figures can be relied on, by the number of learners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reliability {
    /// Fewer than [`ANSWERS_MIN`]: the figures say nothing.
    TooFew,
    /// Fewer than [`ANSWERS_STABLE`]: the figures may still change much.
    Unstable,
    /// Enough.
    Stable,
}

impl Reliability {
    /// Of figures about so many learners.
    pub const fn of(count: usize) -> Self {
        if count < ANSWERS_MIN {
            Self::TooFew
        } else if count < ANSWERS_STABLE {
            Self::Unstable
        } else {
            Self::Stable
        }
    }
}
