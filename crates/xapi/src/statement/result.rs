//! The `result` of a statement.

use crate::Rule;
use crate::json::{Kind, Value};
use crate::reader::Reader;
use crate::scalar::Duration;

/// The `result` of a statement. (`Result` is a type of Rust.)
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StatementResult {
    /// The score.
    pub score: Option<Score>,
    /// Whether the actor was successful.
    pub success: Option<bool>,
    /// Whether the experience was completed.
    pub completion: Option<bool>,
    /// The learner's response, as sent.
    pub response: Option<Box<str>>,
    /// How long it took.
    pub duration: Option<Duration>,
}

/// A score.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Score {
    /// From −1 to 1.
    pub scaled: Option<f64>,
    /// Between `min` and `max`, both included.
    pub raw: Option<f64>,
    /// Lowest possible.
    pub min: Option<f64>,
    /// Highest possible.
    pub max: Option<f64>,
}

const RESULT_KEYS: [&str; 6] =
    ["score", "success", "completion", "response", "duration", "extensions"];
const SCORE_KEYS: [&str; 4] = ["scaled", "raw", "min", "max"];

impl StatementResult {
    /// Reads a `result`.
    pub(crate) fn read<'a, 't>(reader: &mut Reader<'a, 't>, value: Value<'a, 't>) -> Option<Self> {
        if !reader.is(value, Kind::Object, Rule::DataType) {
            return None;
        }
        let mut result = Self::default();
        for (key, member) in value.members() {
            match &*key.unescaped() {
                "score" => result.score = Score::read(reader, member),
                "success" => result.success = reader.boolean(member, Rule::Success),
                "completion" => result.completion = reader.boolean(member, Rule::Completion),
                "response" => result.response = reader.text(member, Rule::Response),
                "duration" => result.duration = reader.parsed(member, Rule::Duration),
                "extensions" => reader.extensions(member, Rule::ResultExtensions),
                other => reader.unknown(other, member, &RESULT_KEYS),
            }
        }
        Some(result)
    }
}

impl Score {
    fn read<'a, 't>(reader: &mut Reader<'a, 't>, value: Value<'a, 't>) -> Option<Self> {
        if !reader.is(value, Kind::Object, Rule::Score) {
            return None;
        }
        let mut score = Self::default();
        for (key, member) in value.members() {
            match &*key.unescaped() {
                "scaled" => score.scaled = reader.number(member, Rule::ScoreScaled),
                "raw" => score.raw = reader.number(member, Rule::ScoreRaw),
                "min" => score.min = reader.number(member, Rule::ScoreMin),
                "max" => score.max = reader.number(member, Rule::ScoreMax),
                other => reader.unknown(other, member, &SCORE_KEYS),
            }
        }
        for (name, rule) in score.broken_ranges().into_iter().flatten() {
            reader.fault(value.member(name).unwrap_or(value), rule);
        }
        Some(score)
    }

    /// The properties that are out of range, each with its rule.
    ///
    /// `min` may equal `max`: content that has nothing to score sends 0 for both, and the
    /// list of requirements refuses only a minimum above the maximum.
    fn broken_ranges(&self) -> [Option<(&'static str, Rule)>; 3] {
        let is_scaled_wrong = self.scaled.is_some_and(|scaled| !(-1.0..=1.0).contains(&scaled));
        let is_above = |lower: Option<f64>, upper: Option<f64>| {
            lower.zip(upper).is_some_and(|(lower, upper)| lower > upper)
        };
        let is_raw_wrong = is_above(self.min, self.raw) || is_above(self.raw, self.max);
        [
            is_scaled_wrong.then_some(("scaled", Rule::ScoreScaled)),
            is_raw_wrong.then_some(("raw", Rule::ScoreRaw)),
            is_above(self.min, self.max).then_some(("min", Rule::ScoreMin)),
        ]
    }
}

#[cfg(test)]
mod tests;
