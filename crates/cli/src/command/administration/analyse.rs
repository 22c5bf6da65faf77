//! `acta analyse`: figures about questions, learners and courses of a tenant.

use std::path::Path;
use std::process::ExitCode;
use std::str::FromStr;

use anyhow::Result;
use clap::Subcommand;
use serde_json::{Value, json};

use super::query::question::{Test, condition};
use crate::admin::{Address, Client, Common, OfTenant, Output, Table};

/// Arguments of `acta analyse`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    of: OfTenant,
    #[command(flatten)]
    filter: Filter,
    #[command(subcommand)]
    analysis: Analysis,
}

#[derive(Debug, clap::Args)]
struct Filter {
    /// Which statements count, such as `platform=moodle` or `timestamp>=2026-07-01`; all that are
    /// given must hold.
    #[arg(long = "where", value_name = "TEST", global = true)]
    conditions: Vec<Test>,
    /// The time zone of dates [default: UTC].
    #[arg(long, value_name = "ZONE", global = true)]
    zone: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Analysis {
    /// How difficult questions are, how well they tell good learners from others, and which of them
    /// need a look.
    Items(Items),
    /// How long learners work, by their sessions.
    Time(Time),
    /// How many learners get from one step to the next, and where they stop.
    Funnel(Funnel),
}

#[derive(Debug, clap::Args)]
struct Items {
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

#[derive(Debug, clap::Args)]
struct Time {
    /// What time is divided by: `course`, `object`, `parent`, `person`, `platform` or `source`.
    #[arg(long, value_name = "FIELD", default_value = "course")]
    by: String,
    /// Minutes without a statement that end a session.
    #[arg(long, value_name = "MINUTES", default_value_t = 30)]
    gap: u32,
}

#[derive(Debug, clap::Args)]
struct Funnel {
    /// A step: its name and what a statement must be, such as
    /// `began=verb=http://adlnet.gov/expapi/verbs/initialized`; in the order of the steps.
    #[arg(long = "step", value_name = "NAME=TEST", required = true)]
    steps: Vec<Step>,
}

/// A step of a funnel.
#[derive(Clone, Debug)]
struct Step {
    name: String,
    test: Test,
}

impl FromStr for Step {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, condition) = text.split_once('=').ok_or("expected a name, `=` and a test")?;
        Ok(Self { name: name.to_owned(), test: condition.parse()? })
    }
}

/// Runs the command.
///
/// # Errors
///
/// When the store can neither be opened nor reached.
pub(crate) fn run(file: Option<&Path>, arguments: &Arguments) -> Result<ExitCode> {
    Client::run(file, &arguments.common, async |client| {
        let (name, body) = arguments.request();
        let tenant = client.tenant(arguments.of).await?;
        let address = Address::of(["tenants", &tenant, "analyses", name]);
        let answer = client.post(&address, Some(&body)).await?;
        let lines = match &arguments.analysis {
            Analysis::Items(items) => items_lines(&answer, items.options),
            Analysis::Time(_) => time_lines(&answer),
            Analysis::Funnel(_) => funnel_lines(&answer),
        };
        Ok(Output::new(answer, lines))
    })
}

impl Arguments {
    /// The name of the analysis and the body of the request.
    fn request(&self) -> (&'static str, Value) {
        let (name, body) = match &self.analysis {
            Analysis::Items(items) => {
                let attempts = &items.attempts;
                ("items", json!({ "activity": items.activity, "attempts": attempts }))
            }
            Analysis::Time(time) => ("time", json!({ "by": time.by, "gap_minutes": time.gap })),
            Analysis::Funnel(funnel) => {
                let step = |step: &Step| {
                    let tests = std::slice::from_ref(&step.test);
                    json!({ "name": step.name, "where": condition(tests) })
                };
                let steps: Vec<Value> = funnel.steps.iter().map(step).collect();
                ("funnel", json!({ "steps": steps }))
            }
        };
        (name, self.filter.add_to(body))
    }
}

impl Filter {
    fn add_to(&self, mut body: Value) -> Value {
        if let Some(condition) = condition(&self.conditions) {
            body["where"] = condition;
        }
        if let Some(zone) = &self.zone {
            body["zone"] = zone.as_str().into();
        }
        body
    }
}

fn list<'a>(answer: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    answer[name].as_array().into_iter().flatten()
}

/// A number with one digit after the point, and its unit.
fn figure(value: &Value, unit: &str) -> String {
    value.as_f64().map_or_else(|| "-".to_owned(), |number| format!("{number:.1}{unit}"))
}

fn percent(value: &Value) -> String {
    figure(value, " %")
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// Seconds as hours, minutes and seconds.
fn duration(value: &Value) -> String {
    let Some(seconds) = value.as_f64() else { return "-".to_owned() };
    let (hours, rest) = ((seconds / 3_600.0).floor(), seconds % 3_600.0);
    format!("{hours}:{:02}:{:02}", (rest / 60.0).floor(), (rest % 60.0).floor())
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

/// What is said of an analysis with figures that are withheld.
fn withheld(answer: &Value) -> Option<String> {
    let text = "some figures are withheld, since they are about too few learners";
    (answer["withheld"] == true).then(|| text.to_owned())
}

fn time_lines(answer: &Value) -> Vec<String> {
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

fn funnel_lines(answer: &Value) -> Vec<String> {
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

    #[test]
    fn a_step_is_a_name_and_a_test() {
        let step: Step = "began=verb=http://v/initialized".parse().unwrap();
        let written = condition(&[step.test]).unwrap();
        assert_eq!(step.name, "began");
        assert_eq!(written, json!({"and": [{"field": "verb", "is": "http://v/initialized"}]}));
        assert!("began".parse::<Step>().is_err());
    }

    #[test]
    fn durations_are_shown_in_hours_minutes_and_seconds() {
        assert_eq!(
            (duration(&json!(3_725.4)), duration(&Value::Null)),
            ("1:02:05".into(), "-".into())
        );
    }
}
