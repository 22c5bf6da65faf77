//! `acta analyse funnel`: where learners stop.

use std::str::FromStr;

use serde_json::{Value, json};

use super::super::query::question::{Test, condition};
use super::format::{duration, list, percent, text, withheld};
use super::shape::Analyse;
use crate::admin::Table;

/// Arguments of the analysis.
#[derive(Debug, clap::Args)]
pub(super) struct Funnel {
    /// A step: its name and what a statement must be, such as
    /// `began=verb=http://adlnet.gov/expapi/verbs/initialized`; in the order of the steps.
    #[arg(long = "step", value_name = "NAME=TEST", required = true)]
    steps: Vec<Named>,
}

/// A name and a test: a step of a funnel, or a group.
#[derive(Clone, Debug)]
pub(super) struct Named {
    name: String,
    test: Test,
}

/// Names with conditions, as the API takes them.
pub(super) fn conditions(all: &[Named]) -> Value {
    let one = |it: &Named| {
        let tests = std::slice::from_ref(&it.test);
        json!({ "name": it.name, "where": condition(tests) })
    };
    all.iter().map(one).collect()
}

impl FromStr for Named {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, condition) = text.split_once('=').ok_or("expected a name, `=` and a test")?;
        Ok(Self { name: name.to_owned(), test: condition.parse()? })
    }
}

impl Analyse for Funnel {
    fn name(&self) -> &'static str {
        "funnel"
    }

    fn request(&self) -> Value {
        json!({ "steps": conditions(&self.steps) })
    }

    fn lines(&self, answer: &Value) -> Vec<String> {
        lines(answer)
    }
}

fn lines(answer: &Value) -> Vec<String> {
    let head = ["STEP", "REACHED", "OF FIRST", "OF PREVIOUS", "STOPPED", "MEDIAN WAIT"];
    let mut table = Table::new(&head);
    for step in list(answer, "steps") {
        table.row([
            text(&step["name"]),
            text(&step["reached"]),
            percent(&step["share_of_first"]),
            percent(&step["share_of_previous"]),
            text(&step["stopped"]),
            duration(&step["waiting_seconds"]["median"]),
        ]);
    }
    let mut lines = table.lines();
    lines.extend(withheld(answer));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_a_name_and_a_test() {
        let step: Named = "began=verb=http://v/initialized".parse().unwrap();
        let written = condition(&[step.test]).unwrap();
        assert_eq!(step.name, "began");
        assert_eq!(written, json!({"and": [{"field": "verb", "is": "http://v/initialized"}]}));
        assert!("began".parse::<Named>().is_err());
    }
}
