//! `acta analyse compare`: how groups of learners differ.

use serde_json::{Value, json};

use super::format::{duration, figure, list, percent, text};
use super::funnel::{Named, conditions};
use super::shape::Analyse;
use crate::admin::Table;

/// Arguments of the analysis.
#[derive(Debug, clap::Args)]
pub(super) struct Compare {
    /// A group: its name and what its statements must be, such as `north=person.unit=North`; the
    /// others are compared with the first.
    #[arg(long = "group", value_name = "NAME=TEST", required = true)]
    groups: Vec<Named>,
    /// Minutes without a statement that end a session.
    #[arg(long, value_name = "MINUTES", default_value_t = 30)]
    gap: u32,
}

impl Analyse for Compare {
    fn name(&self) -> &'static str {
        "compare"
    }

    fn request(&self) -> Value {
        json!({ "groups": conditions(&self.groups), "gap_minutes": self.gap })
    }

    fn lines(&self, answer: &Value) -> Vec<String> {
        let head = ["GROUP", "LEARNERS", "COMPLETED", "DAYS", "TIME", "SCORE", "SCORE DIFFERS BY"];
        let mut table = Table::new(&head);
        for group in list(answer, "groups") {
            table.row([
                text(&group["name"]),
                text(&group["learners"]),
                percent(&group["completed_share"]),
                figure(&group["active_days"]["mean"], ""),
                duration(&group["seconds"]["mean"]),
                percent(&group["score"]["mean"]),
                differs(&group["score"]),
            ]);
        }
        table.lines()
    }
}

/// A difference with its interval.
fn differs(measured: &Value) -> String {
    let interval = &measured["difference_interval"];
    if interval.is_null() {
        return "-".to_owned();
    }
    let [by, low, high] = [&measured["difference"], &interval["low"], &interval["high"]];
    format!("{} ({} to {})", figure(by, ""), figure(low, ""), figure(high, ""))
}
