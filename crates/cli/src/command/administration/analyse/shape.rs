//! What every analysis of the command line has.

use serde_json::Value;

/// An analysis: how it is asked for, and how its answer is shown.
pub(super) trait Analyse {
    /// Its name in the API.
    fn name(&self) -> &'static str;

    /// The body of the request, without the condition and the time zone.
    fn request(&self) -> Value;

    /// The lines of the answer.
    fn lines(&self, answer: &Value) -> Vec<String>;
}
