//! `acta analyse help`: which learners of a course may need help.

use serde_json::{Value, json};

use super::format::{figure, list, text};
use super::shape::Analyse;
use crate::admin::Table;

/// Arguments of the analysis.
#[derive(Debug, clap::Args)]
pub(super) struct Help {
    /// The id of the course.
    #[arg(long, value_name = "IRI")]
    course: String,
    /// The time at which learners are looked at, such as `2026-03-01` [default: now].
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Within how many days before a learner must have done something to be listed.
    #[arg(long, value_name = "DAYS", default_value_t = 90)]
    within: i32,
    /// The day on which the course is to be completed.
    #[arg(long, value_name = "DATE")]
    due: Option<String>,
}

impl Analyse for Help {
    fn name(&self) -> &'static str {
        "help"
    }

    fn request(&self) -> Value {
        let Self { course, at, within, due } = self;
        json!({ "course": course, "at": at, "within_days": within, "due": due })
    }

    fn lines(&self, answer: &Value) -> Vec<String> {
        let mut lines = vec![format!(
            "{} of {} learners may need help at {}",
            answer["learner_count"],
            answer["course_learners"],
            text(&answer["at"]),
        )];
        let mut table = Table::new(&["LEARNER", "POINTS", "LAST DAY", "WHY"]);
        for learner in list(answer, "learners") {
            let reasons: Vec<String> = list(learner, "reasons").map(reason).collect();
            let name = &learner[if learner["name"].is_string() { "name" } else { "person" }];
            table.row([
                text(name),
                text(&learner["points"]),
                text(&learner["last_day"]),
                reasons.join("; "),
            ]);
        }
        lines.extend(table.lines());
        lines
    }
}

/// A reason in words.
fn reason(reason: &Value) -> String {
    let days = &reason["days"];
    match reason["kind"].as_str() {
        Some("stuck") => {
            let has_name = reason["activity_name"].is_string();
            let activity = &reason[if has_name { "activity_name" } else { "activity" }];
            format!("failed {} times in {}", reason["failures"], text(activity))
        }
        Some("overdue") => format!("overdue for {days} days"),
        Some("idle") => {
            format!("idle for {days} days, usually {}", figure(&reason["usual_days"], ""))
        }
        Some(_) | None => {
            format!("behind in {} (z {})", text(&reason["measure"]), figure(&reason["z"], ""))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_shown_in_words() {
        let table = [
            (
                json!({"kind": "stuck", "activity": "http://m/1", "failures": 3}),
                "failed 3 times in http://m/1",
            ),
            (json!({"kind": "overdue", "days": 5}), "overdue for 5 days"),
            (json!({"kind": "idle", "days": 9, "usual_days": 2.0}), "idle for 9 days, usually 2.0"),
            (json!({"kind": "behind", "measure": "score", "z": -1.26}), "behind in score (z -1.3)"),
        ];
        for (value, expected) in table {
            assert_eq!(reason(&value), expected);
        }
    }
}
