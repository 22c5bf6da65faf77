//! `acta analyse activity`: how active learners are.

use serde_json::{Value, json};

use super::format::{list, percent, text};
use super::shape::Analyse;
use crate::admin::Table;

/// Arguments of the analysis.
#[derive(Debug, clap::Args)]
pub(super) struct Activity {
    /// The first day, such as `2026-03-01` [default: that of the first statement].
    #[arg(long, value_name = "DATE")]
    from: Option<String>,
    /// The last day [default: that of the last statement].
    #[arg(long, value_name = "DATE")]
    to: Option<String>,
    /// Show the learners by hour of the week instead of the days.
    #[arg(long)]
    hours: bool,
}

/// The days of the week, from Monday.
const WEEKDAYS: [&str; 7] = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"];

impl Analyse for Activity {
    fn name(&self) -> &'static str {
        "activity"
    }

    fn request(&self) -> Value {
        json!({ "from": self.from, "to": self.to })
    }

    fn lines(&self, answer: &Value) -> Vec<String> {
        let mut lines = vec![format!(
            "{} learners, {} statements, stickiness {}",
            answer["learners"],
            answer["statements"],
            percent(&answer["mean_stickiness"]),
        )];
        lines.extend(if self.hours { hours(answer) } else { days(answer) });
        lines
    }
}

fn days(answer: &Value) -> Vec<String> {
    let mut table =
        Table::new(&["DAY", "STATEMENTS", "LEARNERS", "7 DAYS", "30 DAYS", "STICKINESS"]);
    for day in list(answer, "days") {
        table.row([
            text(&day["date"]),
            text(&day["statements"]),
            text(&day["daily"]),
            text(&day["weekly"]),
            text(&day["monthly"]),
            percent(&day["stickiness"]),
        ]);
    }
    table.lines()
}

/// A row for each hour with the learners of each day of the week.
fn hours(answer: &Value) -> Vec<String> {
    let mut head = vec!["HOUR"];
    head.extend(WEEKDAYS);
    let mut table = Table::new(&head);
    for hour in 0..24 {
        let learners = |weekday: usize| {
            let mut of_hour = list(answer, "hours");
            let found = of_hour.find(|it| it["weekday"] == weekday && it["hour"] == hour);
            found.map_or_else(|| "0".to_owned(), |it| text(&it["learners"]))
        };
        let mut cells = vec![format!("{hour:02}:00")];
        cells.extend((1..=WEEKDAYS.len()).map(learners));
        table.row(cells);
    }
    table.lines()
}
