//! `acta analyse findings`: what needs attention.

use serde_json::{Value, json};

use super::format::{figure, list, text};
use super::shape::Analyse;
use crate::admin::Table;

/// Arguments of the analysis.
#[derive(Debug, clap::Args)]
pub(super) struct Findings {
    /// The time that the findings are of, such as `2026-03-01` [default: now].
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

impl Analyse for Findings {
    fn name(&self) -> &'static str {
        "findings"
    }

    fn request(&self) -> Value {
        json!({ "at": self.at })
    }

    fn lines(&self, answer: &Value) -> Vec<String> {
        let mut table = Table::new(&["FINDING", "WHAT", "VALUE", "LIMIT", "MORE BY"]);
        for finding in list(answer, "findings") {
            let has_name = finding["name"].is_string();
            table.row([
                text(&finding["kind"]).replace('_', " "),
                text(&finding[if has_name { "name" } else { "subject" }]),
                figure(&finding["value"], ""),
                figure(&finding["limit"], ""),
                format!("acta analyse {}", command(text(&finding["analysis"]))),
            ]);
        }
        let mut lines = table.lines();
        for left_out in list(answer, "left_out") {
            lines.push(format!("not looked at, since it is too large: {}", text(left_out)));
        }
        lines
    }
}

/// The name of the command of an analysis.
fn command(analysis: String) -> String {
    if analysis == "help" { "help-list".to_owned() } else { analysis }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_shown_with_where_there_is_more() {
        let finding = json!({"kind": "stuck_learners", "subject": "http://c/1", "name": "Fire",
            "value": 3.0, "limit": null, "analysis": "help"});
        let answer = json!({"findings": [finding], "left_out": ["http://c/2"]});
        let expected = [
            "FINDING         WHAT  VALUE  LIMIT  MORE BY",
            "stuck learners  Fire  3.0    -      acta analyse help-list",
            "not looked at, since it is too large: http://c/2",
        ];
        assert_eq!(Findings { at: None }.lines(&answer), expected);
    }
}
