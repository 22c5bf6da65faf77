//! `acta analyse items`: how well questions work.

use serde_json::{Value, json};

use super::format::{list, percent, text};
use super::shape::Analyse;
use crate::admin::Table;

/// Arguments of the analysis.
#[derive(Debug, clap::Args)]
pub(super) struct Items {
    /// The question, or the quiz, module or course that the questions belong to.
    #[arg(long, value_name = "IRI")]
    activity: Option<String>,
    /// Which answers of a learner to a question count: `first`, `last` or `all`.
    #[arg(long, value_name = "WHICH", default_value = "first", value_parser = ["first", "last", "all"])]
    attempts: String,
    /// Also show the options of each question, and who chose them.
    #[arg(long)]
    options: bool,
}

impl Analyse for Items {
    fn name(&self) -> &'static str {
        "items"
    }

    fn request(&self) -> Value {
        json!({ "activity": self.activity, "attempts": self.attempts })
    }

    fn lines(&self, answer: &Value) -> Vec<String> {
        items_lines(answer, self.options)
    }
}

/// The flags of a question, and what else makes its figures doubtful.
fn remarks(question: &Value) -> String {
    let flags = list(question, "flags").filter_map(Value::as_str).map(|it| it.replace('_', " "));
    let mut remarks: Vec<String> = flags.collect();
    let reliability = question["reliability"].as_str().unwrap_or_default();
    if reliability != "stable" {
        remarks.push(reliability.replace('_', " "));
    }
    if question["is_survey"] == true {
        remarks.push("survey".to_owned());
    }
    for (name, remark) in
        [("derived", "judged by the definition"), ("contradicted", "contradicted")]
    {
        if let Some(count) = question[name].as_u64().filter(|count| *count != 0) {
            remarks.push(format!("{count} {remark}"));
        }
    }
    remarks.join(", ")
}

fn items_lines(answer: &Value, with_options: bool) -> Vec<String> {
    let test = &answer["test"];
    let mut lines = vec![format!(
        "{} learners, {} questions: mean {}, standard deviation {}, internal consistency {}, \
         standard error {}",
        answer["learners"],
        test["questions"],
        percent(&test["mean"]),
        percent(&test["standard_deviation"]),
        percent(&test["internal_consistency"]),
        percent(&test["standard_error"]),
    )];
    let head =
        ["QUESTION", "TYPE", "ANSWERS", "FACILITY", "DISCRIMINATION", "EFFICIENCY", "LOOK AT"];
    let mut table = Table::new(&head);
    for question in list(answer, "questions") {
        table.row([
            text(&question["id"]),
            text(&question["interaction"]),
            text(&question["answers"]),
            percent(&question["facility"]),
            percent(&question["discrimination_index"]),
            percent(&question["discriminative_efficiency"]),
            remarks(question),
        ]);
    }
    lines.extend(table.lines());
    if with_options {
        list(answer, "questions").for_each(|question| lines.extend(options_lines(question)));
    }
    lines
}

fn options_lines(question: &Value) -> Vec<String> {
    let mut table =
        Table::new(&["OPTION", "RIGHT", "CHOSEN", "SHARE", "REST SCORE", "LOW/MIDDLE/HIGH THIRD"]);
    for option in list(question, "options") {
        let thirds: Vec<String> = list(option, "thirds").map(text).collect();
        table.row([
            text(&option["id"]),
            if option["is_key"] == true { "yes".to_owned() } else { String::new() },
            text(&option["count"]),
            percent(&option["share"]),
            percent(&option["mean_rest_score"]),
            thirds.join("/"),
        ]);
    }
    let mut lines = vec![String::new(), text(&question["id"])];
    lines.extend(table.lines());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_shown_with_what_makes_them_doubtful() {
        let question = json!({
            "id": "http://q/1", "interaction": "choice", "answers": 60, "facility": 75.0,
            "discrimination_index": -12.34, "discriminative_efficiency": null,
            "flags": ["key_may_be_wrong"], "reliability": "stable", "is_survey": false,
            "derived": 0, "contradicted": 3,
            "options": [{"id": "a", "is_key": true, "count": 45, "share": 75.0,
                "mean_rest_score": 50.0, "thirds": [20, 15, 10]}],
        });
        let test = json!({"questions": 1, "mean": 75.0});
        let answer = json!({"learners": 60, "test": test, "questions": [question]});
        let expected = [
            "60 learners, 1 questions: mean 75.0 %, standard deviation -, internal consistency -, \
             standard error -",
            "QUESTION    TYPE    ANSWERS  FACILITY  DISCRIMINATION  EFFICIENCY  LOOK AT",
            "http://q/1  choice  60       75.0 %    -12.3 %         -           key may be wrong, \
             3 contradicted",
            "",
            "http://q/1",
            "OPTION  RIGHT  CHOSEN  SHARE   REST SCORE  LOW/MIDDLE/HIGH THIRD",
            "a       yes    45      75.0 %  50.0 %      20/15/10",
        ];
        assert_eq!(items_lines(&answer, true), expected);
    }
}
