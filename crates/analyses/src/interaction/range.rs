//! Numbers and ranges of numbers.

/// A range of numbers, its bounds included. A number is a range of itself alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Range {
    min: Option<f64>,
    max: Option<f64>,
}

/// What delimits the bounds of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delimiters {
    /// `[:]` alone.
    Bracketed,
    /// `[:]`, or a colon as in the specification's own example of a `performance`.
    AlsoColon,
}

impl Range {
    /// Reads a number or a range; none if it is neither, or the minimum is above the maximum.
    pub(super) fn parse(text: &str, delimiters: Delimiters) -> Option<Self> {
        if let Some(number) = number(text) {
            return Some(Self { min: Some(number), max: Some(number) });
        }
        if let Some((min, max)) = text.split_once("[:]") {
            return Self::of(min, max);
        }
        let (min, max) = text.split_once(':').filter(|_| delimiters == Delimiters::AlsoColon)?;
        // A colon alone is a text: it bounds nothing.
        let is_bounded = !min.trim().is_empty() || !max.trim().is_empty();
        is_bounded.then(|| Self::of(min, max)).flatten()
    }

    fn of(min: &str, max: &str) -> Option<Self> {
        let (min, max) = (bound(min)?, bound(max)?);
        let is_empty = matches!((min, max), (Some(min), Some(max)) if max < min);
        (!is_empty).then_some(Self { min, max })
    }

    /// Whether the other lies within this one.
    pub(super) fn contains(self, other: Self) -> bool {
        let is_above = self.min.is_none_or(|min| other.min.is_some_and(|other| min <= other));
        let is_below = self.max.is_none_or(|max| other.max.is_some_and(|other| other <= max));
        is_above && is_below
    }
}

/// A bound: none inside if it is omitted, none at all if it is no number.
#[expect(clippy::option_option, reason = "an omitted bound differs from a wrong one")]
fn bound(text: &str) -> Option<Option<f64>> {
    if text.trim().is_empty() { Some(None) } else { number(text).map(Some) }
}

/// A number, with blanks around it. Words such as `infinity` are none.
pub(super) fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    let is_numeral = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    text.parse().ok().filter(|number: &f64| is_numeral && number.is_finite())
}
