//! `acta analyse quality`: what statements lack, contradict or repeat.

use serde_json::{Value, json};

use super::format::{duration, list, percent, text};
use super::shape::Analyse;
use crate::admin::Table;

/// Arguments of the analysis.
#[derive(Debug, clap::Args)]
pub(super) struct Quality {}

impl Analyse for Quality {
    fn name(&self) -> &'static str {
        "quality"
    }

    fn request(&self) -> Value {
        json!({})
    }

    fn lines(&self, answer: &Value) -> Vec<String> {
        let mut table = Table::new(&["RULE", "STATEMENTS", "SHARE", "MOST FROM"]);
        for rule in list(answer, "rules") {
            let platform = list(rule, "platforms").next().map(|it| text(&it["platform"]));
            table.row([
                text(&rule["rule"]).replace('_', " "),
                text(&rule["statements"]),
                percent(&rule["share"]),
                platform.unwrap_or_default(),
            ]);
        }
        let mut lines = table.lines();
        lines.push(String::new());
        lines.extend(clocks(answer));
        for verb in list(answer, "unknown_verbs") {
            let statements = &verb["statements"];
            lines.push(format!("unknown verb: {} ({statements} statements)", text(&verb["id"])));
        }
        for word in list(answer, "verbs_of_one_word") {
            let verbs: Vec<String> = list(word, "verbs").map(text).collect();
            lines.push(format!("one word, several verbs: {}", verbs.join(", ")));
        }
        lines
    }
}

fn clocks(answer: &Value) -> Vec<String> {
    let mut table = Table::new(&["PLATFORM", "STATEMENTS", "MEDIAN DELAY", "90 % WITHIN"]);
    for clock in list(answer, "clocks") {
        let delay = |at: &str| {
            let seconds = &clock["delay_seconds"][at];
            let is_ahead = seconds.as_f64().is_some_and(|seconds| seconds < 0.0);
            if !is_ahead {
                return duration(seconds);
            }
            format!("-{}", duration(&json!(seconds.as_f64().map(f64::abs))))
        };
        let statements = text(&clock["statements"]);
        table.row([text(&clock["platform"]), statements, delay("median"), delay("p90")]);
    }
    table.lines()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_ahead_has_a_negative_delay() {
        let clock = json!({"platform": "App", "statements": 3,
            "delay_seconds": {"median": -90.0, "p90": 30.0}});
        let lines = clocks(&json!({"clocks": [clock]}));
        assert_eq!(lines[1], "App       3           -0:01:30      0:00:30");
    }
}
