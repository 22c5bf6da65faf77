//! `acta analyse journey`: what one learner has done.

use serde_json::{Value, json};

use super::super::person::Identifier;
use super::format::{duration, list, minute, name, percent, text};
use super::shape::Analyse;
use crate::admin::Table;

/// Arguments of the analysis.
#[derive(Debug, clap::Args)]
pub(super) struct Journey {
    /// The learner: an e-mail address, an agent as JSON, or the id of a person.
    #[arg(value_name = "ADDRESS|JSON|ID")]
    learner: String,
    /// How many of the latest statements are shown.
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    /// Minutes without a statement that end a session.
    #[arg(long, value_name = "MINUTES", default_value_t = 30)]
    gap: u32,
}

impl Analyse for Journey {
    fn name(&self) -> &'static str {
        "journey"
    }

    fn request(&self) -> Value {
        let mut body = json!({ "limit": self.limit, "gap_minutes": self.gap });
        match self.learner.parse::<Identifier>() {
            Ok(identifier) => body["agent"] = identifier.to_json(),
            Err(_) => body["person"] = self.learner.as_str().into(),
        }
        body
    }

    fn lines(&self, answer: &Value) -> Vec<String> {
        let mut lines = head(answer);
        for table in [years(answer), courses(answer), attempts(answer), timeline(answer)] {
            lines.push(String::new());
            lines.extend(table.lines());
        }
        lines
    }
}

fn head(answer: &Value) -> Vec<String> {
    let mut lines = vec![
        format!("{} ({})", text(&answer["name"]), text(&answer["identifier"])),
        format!(
            "{} statements from {} to {}, {} days, {} sessions, {}",
            answer["statements"],
            minute(&answer["first"]),
            minute(&answer["last"]),
            answer["active_days"],
            answer["session_count"],
            duration(&answer["seconds"]),
        ),
    ];
    for used in list(answer, "identifiers") {
        let platforms: Vec<String> = list(used, "platforms").map(text).collect();
        let (identifier, statements) = (text(&used["identifier"]), &used["statements"]);
        lines.push(format!("{identifier}: {statements} statements, {}", platforms.join(", ")));
    }
    lines
}

fn years(answer: &Value) -> Table {
    let head = ["YEAR", "STATEMENTS", "SESSIONS", "TIME", "COURSES COMPLETED", "ATTEMPTS", "SCORE"];
    let mut table = Table::new(&head);
    for year in list(answer, "years") {
        table.row([
            text(&year["year"]),
            text(&year["statements"]),
            text(&year["sessions"]),
            duration(&year["seconds"]),
            text(&year["courses_completed"]),
            text(&year["attempts"]),
            percent(&year["mean_score"]),
        ]);
    }
    table
}

fn courses(answer: &Value) -> Table {
    let head = ["COURSE", "STATE", "FIRST", "LAST", "COMPLETED", "FAILURES", "TIME", "SCORE"];
    let mut table = Table::new(&head);
    for course in list(answer, "courses") {
        table.row([
            name(course),
            text(&course["state"]),
            minute(&course["first"]),
            minute(&course["last"]),
            minute(&course["completed"]),
            text(&course["failures"]),
            duration(&course["seconds"]),
            percent(&course["score"]),
        ]);
    }
    table
}

/// The latest attempts, as many as statements are shown.
fn attempts(answer: &Value) -> Table {
    let mut table = Table::new(&["ATTEMPT AT", "NUMBER", "TIME", "PASSED", "SCORE"]);
    for attempt in list(answer, "attempts").take(ATTEMPTS) {
        table.row([
            name(attempt),
            text(&attempt["number"]),
            minute(&attempt["time"]),
            attempt["is_passed"].as_bool().map_or("-", |it| if it { "yes" } else { "no" }).into(),
            percent(&attempt["score"]),
        ]);
    }
    table
}

/// How many of the latest attempts are shown.
const ATTEMPTS: usize = 20;

fn timeline(answer: &Value) -> Table {
    let mut table = Table::new(&["TIME", "VERB", "OBJECT", "PLATFORM", "SCORE"]);
    let first =
        |names: [&Value; 2]| text(names.into_iter().find(|it| it.is_string()).unwrap_or(names[1]));
    for statement in list(answer, "timeline") {
        table.row([
            minute(&statement["time"]),
            first([&statement["verb_name"], &statement["verb"]]),
            first([&statement["object_name"], &statement["object"]]),
            text(&statement["platform"]),
            percent(&statement["score"]),
        ]);
    }
    table
}
