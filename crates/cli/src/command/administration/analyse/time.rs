//! `acta analyse time`: how long learners work.

use serde_json::{Value, json};

use super::format::{duration, list, text, withheld};
use super::shape::Analyse;
use crate::admin::Table;

/// Arguments of the analysis.
#[derive(Debug, clap::Args)]
pub(super) struct Time {
    /// What time is divided by: `course`, `object`, `parent`, `person`, `platform` or `source`.
    #[arg(long, value_name = "FIELD", default_value = "course")]
    by: String,
    /// Minutes without a statement that end a session.
    #[arg(long, value_name = "MINUTES", default_value_t = 30)]
    gap: u32,
}

impl Analyse for Time {
    fn name(&self) -> &'static str {
        "time"
    }

    fn request(&self) -> Value {
        json!({ "by": self.by, "gap_minutes": self.gap })
    }

    fn lines(&self, answer: &Value) -> Vec<String> {
        lines(answer)
    }
}

fn lines(answer: &Value) -> Vec<String> {
    let head = ["VALUE", "LEARNERS", "SESSIONS", "TIME", "MEDIAN SESSION", "MEDIAN LEARNER"];
    let mut table = Table::new(&head);
    for row in list(answer, "rows") {
        table.row([
            text(&row["value"]),
            text(&row["learners"]),
            text(&row["sessions"]),
            duration(&row["seconds"]),
            duration(&row["seconds_per_session"]["median"]),
            duration(&row["seconds_per_learner"]["median"]),
        ]);
    }
    let mut lines = table.lines();
    lines.extend(withheld(answer));
    lines
}
