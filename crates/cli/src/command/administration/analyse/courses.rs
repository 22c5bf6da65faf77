//! `acta analyse courses`: how learners do in courses.

use serde_json::{Value, json};

use super::format::{duration, figure, list, name, percent, text};
use super::shape::Analyse;
use crate::admin::Table;

/// Arguments of the analysis.
#[derive(Debug, clap::Args)]
pub(super) struct Courses {
    /// The only course, of which the parts are shown too.
    #[arg(long, value_name = "IRI")]
    course: Option<String>,
    /// Also compute the time that learners spend on each course.
    #[arg(long)]
    time: bool,
    /// Minutes without a statement that end a session.
    #[arg(long, value_name = "MINUTES", default_value_t = 30)]
    gap: u32,
}

impl Analyse for Courses {
    fn name(&self) -> &'static str {
        "courses"
    }

    fn request(&self) -> Value {
        json!({ "course": self.course, "time": self.time, "gap_minutes": self.gap })
    }

    fn lines(&self, answer: &Value) -> Vec<String> {
        lines(answer)
    }
}

fn lines(answer: &Value) -> Vec<String> {
    let mut table = Table::new(&[
        "COURSE",
        "ENROLLED",
        "STARTED",
        "COMPLETED",
        "SHARE",
        "PASSED",
        "DAYS",
        "TIME",
        "SCORE",
    ]);
    for course in list(answer, "courses") {
        table.row([
            name(course),
            text(&course["enrolled"]),
            text(&course["started"]),
            text(&course["completed"]),
            percent(&course["completed_share"]),
            text(&course["passed"]),
            figure(&course["days_to_complete"]["median"], ""),
            duration(&course["seconds_per_learner"]["median"]),
            percent(&course["scores"]["median"]),
        ]);
    }
    let mut lines = table.lines();
    if answer["parts"].is_array() {
        lines.push(String::new());
        lines.extend(parts(answer));
    }
    lines
}

fn parts(answer: &Value) -> Vec<String> {
    let head = ["PART", "LEARNERS", "COMPLETED", "PASSED", "FAILED", "STOPPED HERE", "SHARE"];
    let mut table = Table::new(&head);
    for part in list(answer, "parts") {
        table.row([
            name(part),
            text(&part["learners"]),
            text(&part["completed"]),
            text(&part["passed"]),
            text(&part["failed"]),
            text(&part["stopped"]),
            percent(&part["stopped_share"]),
        ]);
    }
    table.lines()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn courses_are_shown_with_their_parts() {
        let course = json!({
            "id": "http://c/1", "name": "Fire", "enrolled": 9, "started": 8, "completed": 6,
            "completed_share": 66.67, "passed": 5, "days_to_complete": {"median": 3.25},
            "seconds_per_learner": {"median": 60.0}, "scores": null,
        });
        let part = json!({
            "id": "http://m/1", "name": null, "learners": 8, "completed": 6, "passed": 0,
            "failed": 0, "stopped": 2, "stopped_share": 25.0,
        });
        let expected = [
            "COURSE  ENROLLED  STARTED  COMPLETED  SHARE   PASSED  DAYS  TIME     SCORE",
            "Fire    9         8        6          66.7 %  5       3.2   0:01:00  -",
            "",
            "PART        LEARNERS  COMPLETED  PASSED  FAILED  STOPPED HERE  SHARE",
            "http://m/1  8         6          0       0       2             25.0 %",
        ];
        assert_eq!(lines(&json!({"courses": [course], "parts": [part]})), expected);
    }
}
