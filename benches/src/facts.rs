//! Facts: how fast they are made, what they take, and how long answers take.
//!
//! The statements come from the simulator, not from a store, so that ten or a hundred million of
//! them can be measured in minutes.

use std::fmt::Write as _;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;

use acta_access::{Defines, TenantId};
use acta_ambient::{Clock, SystemClock, Timestamp};
use acta_facts::{
    Answer, Asked, FactStore, QueryLimits, Question, Rows, SourceStatement, TenantSettings,
};
use acta_simulator::{Config, Simulation};
use acta_xapi::{StatementId, Uuid, Version};
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

const TENANT: TenantId = TenantId::FIRST;

/// Statements that are flattened at a time.
const PAGE: usize = 2_000;

/// Pages that wait to be flattened or added, at most.
const WAITING: usize = 8;

/// What to measure of facts.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct FactOptions {
    /// How many statements there are.
    #[arg(long, default_value_t = 1_000_000)]
    statements: u64,
    /// How often each question is asked.
    #[arg(long, default_value_t = 20)]
    times: usize,
    /// Where to make the facts; those that are there are asked as they are.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Write questions and answers as JSON lines to this file, for comparison.
    #[arg(long)]
    answers: Option<PathBuf>,
    /// Write the statements as comma-separated values to this file, for other programs.
    #[arg(long)]
    csv: Option<PathBuf>,
    /// Ask only the questions whose names hold this text.
    #[arg(long, default_value = "")]
    only: String,
    /// Threads of one question.
    #[arg(long, default_value_t = 2)]
    threads: usize,
}

/// Makes facts, asks questions, and prints a table.
#[expect(clippy::cast_precision_loss, reason = "numbers for people")]
pub(crate) fn run(options: &FactOptions) -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let folder = options.folder.as_deref().unwrap_or(scratch.path());
    let store = FactStore::open(folder)?;
    let mut report = String::new();
    store.open_all()?;
    if store.statuses().is_empty() {
        fill(&store, options, &mut report)?;
    }
    let status = store.statuses().pop().context("there are no facts")?;
    let per_fact = |bytes: u64| bytes as f64 / status.count as f64;
    writeln!(report, "facts                {:>12}", status.count)?;
    writeln!(report, "disk                 {:>12.1} bytes a fact", per_fact(status.disk_bytes))?;
    writeln!(report, "dictionaries         {:>12.1} bytes a fact", per_fact(status.memory_bytes))?;
    let mut questions = questions();
    questions.retain(|(name, _)| name.contains(&options.only));
    ask_each(&store, options, &questions, &mut report)?;
    ask_together(&store, options, &questions, &mut report)?;
    writeln!(report, "resident memory      {:>12.0} MB", resident_megabytes()?)?;
    print(&report);
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the table is the result")]
fn print(text: &str) {
    println!("{text}");
}

fn resident_megabytes() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes: f64 =
        line.and_then(|line| line.split_whitespace().next()).unwrap_or("0").parse()?;
    Ok(kibibytes / 1024.0)
}

/// Generates, flattens and adds, at the same time.
#[expect(clippy::cast_precision_loss, reason = "numbers for people")]
fn fill(store: &FactStore, options: &FactOptions, report: &mut String) -> Result<()> {
    let learners = Config::learners_for(options.statements);
    let config = Config {
        seed: 1,
        first_day: "2023-01-01".parse()?,
        days: 3 * 365,
        statements: options.statements,
        learners,
        courses: Config::courses_for(learners),
        version: Version::V1_0_3,
    };
    let mut simulation = Simulation::new(config)?;
    let mut csv = options.csv.as_deref().map(CsvWriter::create).transpose()?;
    let (mut sequence, mut busy) = (0_u64, 0.0);
    let started = SystemClock::new();
    loop {
        let mut page = Vec::with_capacity(PAGE * WAITING);
        let mut text = String::new();
        while page.len() < PAGE * WAITING && simulation.next_into(&mut text) {
            page.push(std::mem::take(&mut text));
        }
        if page.is_empty() {
            break;
        }
        if let Some(csv) = &mut csv {
            page.iter().try_for_each(|text| csv.write(text))?;
        }
        // Only from here on it is the work of facts.
        let clock = SystemClock::new();
        add(store, &page, sequence)?;
        busy += clock.elapsed().as_secs_f64();
        sequence += page.len() as u64;
    }
    let rate = sequence as f64 / busy;
    let whole = started.elapsed().as_secs_f64();
    writeln!(
        report,
        "made                 {rate:>12.0} statements/s ({whole:.0} s with their generation)"
    )?;
    store.flush(TENANT)?;
    Ok(())
}

/// Flattens pages on two threads, and adds them in order.
fn add(store: &FactStore, texts: &[String], sequence: u64) -> Result<()> {
    let pages: Vec<(u64, &[String])> =
        (0..).map(|page: u64| sequence + page * PAGE as u64).zip(texts.chunks(PAGE)).collect();
    thread::scope(|scope| {
        let receivers: Vec<_> = (0..2)
            .map(|part| {
                let (sender, receiver) = mpsc::sync_channel(WAITING);
                let pages: Vec<_> = pages.iter().skip(part).step_by(2).copied().collect();
                scope.spawn(move || send_rows(&pages, &sender));
                receiver
            })
            .collect();
        for number in 0..pages.len() {
            let rows = receivers[number % 2].recv().context("a thread has ended")?;
            store.append(TENANT, rows)?;
        }
        Ok(())
    })
}

fn send_rows(pages: &[(u64, &[String])], sender: &mpsc::SyncSender<Rows>) {
    for (first, texts) in pages {
        // The receiver is gone only if adding has failed.
        if sender.send(flatten(*first, texts)).is_err() {
            return;
        }
    }
}

fn flatten(first: u64, texts: &[String]) -> Rows {
    let statements = (first + 1..).zip(texts).map(|(sequence, text)| SourceStatement {
        sequence,
        id: StatementId(Uuid::from_u128(
            u128::from(sequence) * 0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835,
        )),
        stored: Timestamp::from_unix_micros(1_700_000_000_000_000 + 100 * sequence.cast_signed()),
        version: Version::V1_0_3,
        text,
        voids: None,
        defines: Defines::All,
    });
    Rows::of(statements)
}

const ANSWERED: &str = "http://adlnet.gov/expapi/verbs/answered";

/// The questions that are measured: their names and what is asked.
fn questions() -> Vec<(&'static str, Value)> {
    let count = json!({"measure": "count"});
    let learners = json!({"measure": "distinct", "of": "person", "name": "learners"});
    let stage = |number: usize, verb: &str| {
        json!({"measure": "distinct", "of": "person", "name": format!("s{number}"),
            "where": {"field": "verb", "is": format!("http://adlnet.gov/expapi/verbs/{verb}")}})
    };
    let stages = [
        "launched",
        "initialized",
        "answered",
        "failed",
        "passed",
        "completed",
        "terminated",
        "satisfied",
    ];
    let funnel: Vec<Value> =
        stages.iter().enumerate().map(|(number, verb)| stage(number, verb)).collect();
    vec![
        (
            "active learners by day",
            json!({"measures": [count, learners], "dimensions": [{"field": "timestamp", "by": "day"}], "limit": 10_000}),
        ),
        (
            "courses: learners, mean, median",
            json!({"measures": [count, learners, {"measure": "mean", "of": "credit"}, {"measure": "median", "of": "credit"}], "dimensions": ["course"], "limit": 10_000}),
        ),
        (
            "activities of one course",
            json!({"measures": [count, learners, {"measure": "mean", "of": "duration"}], "dimensions": ["object"], "where": {"field": "course", "is": "COURSE"}, "limit": 10_000}),
        ),
        (
            "answers by question and response",
            json!({"measures": [count, {"measure": "rate", "of": "success"}], "dimensions": ["object", "response"], "where": {"and": [{"field": "verb", "is": ANSWERED}, {"field": "course", "is": "COURSE"}]}, "limit": 100_000}),
        ),
        (
            "all questions: rate of success",
            json!({"measures": [count, {"measure": "rate", "of": "success"}], "dimensions": ["object"], "where": {"field": "verb", "is": ANSWERED}, "limit": 100_000}),
        ),
        (
            "top learners",
            json!({"measures": [count, {"measure": "sum", "of": "duration", "name": "seconds"}], "dimensions": ["person"], "limit": 20}),
        ),
        (
            "one learner by day",
            json!({"measures": [count], "dimensions": [{"field": "timestamp", "by": "day"}, "verb"], "where": {"field": "person", "is": "PERSON"}, "limit": 10_000}),
        ),
        (
            "verbs by week",
            json!({"measures": [count], "dimensions": [{"field": "timestamp", "by": "week"}, "verb"], "zone": "Europe/Zurich", "limit": 10_000}),
        ),
        (
            "weekday and hour",
            json!({"measures": [count], "dimensions": [{"field": "timestamp", "by": "weekday", "name": "weekday"}, {"field": "timestamp", "by": "hour_of_day", "name": "hour"}], "zone": "Europe/Zurich"}),
        ),
        (
            "scores in bands by course",
            json!({"measures": [count], "dimensions": ["course", {"field": "score.scaled", "width": 0.1}], "where": {"field": "score.scaled", "exists": true}, "limit": 100_000}),
        ),
        (
            "funnel of eight steps",
            json!({"measures": funnel, "dimensions": ["course"], "limit": 10_000}),
        ),
        (
            "learners of the last month by platform",
            json!({"measures": [learners, {"measure": "percentile", "of": "duration", "at": 90, "name": "p90"}], "dimensions": ["platform"], "where": {"field": "timestamp", "from": "2025-11-01", "to": "2025-12-01"}}),
        ),
    ]
}

fn answer(store: &FactStore, options: &FactOptions, question: &Question) -> Result<Answer> {
    let limits = QueryLimits { memory_bytes: 1 << 30, threads: options.threads };
    let settings = TenantSettings::default();
    let asked = Asked { limits, now: i64::MAX, stop: &|| false, settings: &settings, reach: None };
    Ok(store.answer(TENANT, question, asked)?)
}

/// Puts in the course and the person with most statements.
fn complete(store: &FactStore, options: &FactOptions, question: &Value) -> Result<Question> {
    let first = |field: &str| -> Result<String> {
        let question = json!({"measures": [{"measure": "count"}], "dimensions": [field],
            "where": {"field": field, "exists": true}, "limit": 1});
        let answer = answer(store, options, &serde_json::from_value(question)?)?;
        let row = answer.rows.first().and_then(|row| row.first()).and_then(Value::as_str);
        Ok(row.context("there is none")?.replace('"', "\\\""))
    };
    let mut text = question.to_string();
    for (name, field) in [("COURSE", "course"), ("PERSON", "person")] {
        if text.contains(name) {
            text = text.replace(name, &first(field)?);
        }
    }
    Ok(serde_json::from_str(&text)?)
}

fn ask_each(
    store: &FactStore,
    options: &FactOptions,
    questions: &[(&str, Value)],
    report: &mut String,
) -> Result<()> {
    let mut answers = options.answers.as_deref().map(std::fs::File::create).transpose()?;
    writeln!(report, "{:<40} {:>8} {:>8} {:>8}", "question", "p50 ms", "max ms", "rows")?;
    for (name, question) in questions {
        let question = complete(store, options, question)?;
        let mut times = Vec::new();
        let mut rows = 0;
        for _ in 0..options.times {
            let clock = SystemClock::new();
            let found = answer(store, options, &question)?;
            times.push(clock.elapsed().as_secs_f64() * 1_000.0);
            rows = found.rows.len();
            if let Some(file) = answers.as_mut().filter(|_| times.len() == 1) {
                let line = json!({"name": name, "question": question, "answer": found});
                writeln!(file, "{line}")?;
            }
        }
        times.sort_by(f64::total_cmp);
        let (p50, max) = (times[times.len() / 2], times.last().copied().unwrap_or_default());
        writeln!(report, "{name:<40} {p50:>8.1} {max:>8.1} {rows:>8}")?;
    }
    Ok(())
}

/// Asks ten different questions at the same time.
fn ask_together(
    store: &FactStore,
    options: &FactOptions,
    questions: &[(&str, Value)],
    report: &mut String,
) -> Result<()> {
    let questions: Vec<Question> = questions
        .iter()
        .take(10)
        .map(|(_, question)| complete(store, options, question))
        .collect::<Result<_>>()?;
    let mut times = Vec::new();
    for _ in 0..options.times.min(5) {
        let clock = SystemClock::new();
        let all = thread::scope(|scope| {
            let ask = |question| scope.spawn(move || answer(store, options, question).is_ok());
            let threads: Vec<_> = questions.iter().map(ask).collect();
            threads.into_iter().all(|thread| thread.join().unwrap_or(false))
        });
        if !all {
            bail!("a question was not answered");
        }
        times.push(clock.elapsed().as_secs_f64() * 1_000.0);
    }
    times.sort_by(f64::total_cmp);
    writeln!(
        report,
        "{:<40} {:>8.1}",
        "ten at once, until the last answer",
        times[times.len() / 2]
    )?;
    Ok(())
}

/// What other programs are asked about, one line a statement.
struct CsvWriter {
    file: BufWriter<std::fs::File>,
}

impl CsvWriter {
    fn create(path: &Path) -> Result<Self> {
        let mut file = BufWriter::new(std::fs::File::create(path)?);
        writeln!(
            file,
            "timestamp,person,verb,object,course,success,scaled,credit,duration,response,platform"
        )?;
        Ok(Self { file })
    }

    fn write(&mut self, text: &str) -> Result<()> {
        let statement: Value = serde_json::from_str(text)?;
        let quoted = |value: &Value| match value {
            Value::Null => String::new(),
            Value::String(text) => format!("\"{}\"", text.replace('"', "\"\"")),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                value.to_string()
            }
        };
        let actor = &statement["actor"];
        let person = if actor["account"].is_object() {
            let account = &actor["account"];
            format!(
                "{{\"account\":{{\"homePage\":{},\"name\":{}}}}}",
                account["homePage"], account["name"]
            )
        } else {
            format!("{{\"mbox\":{}}}", actor["mbox"])
        };
        let result = &statement["result"];
        let score = &result["score"];
        let scaled = score["scaled"].as_f64();
        let share = || {
            let of = |name: &str| score[name].as_f64();
            Some((of("raw")? - of("min")?) / (of("max")? - of("min")?)).filter(|it| it.is_finite())
        };
        let success = || result["success"].as_bool().map(|it| if it { 1.0 } else { 0.0 });
        let credit = scaled.or_else(share).or_else(success);
        let duration = result["duration"].as_str().and_then(|text| {
            text.parse::<acta_xapi::scalar::Duration>().ok().map(|duration| duration.seconds())
        });
        let activities = &statement["context"]["contextActivities"];
        let lists =
            ["parent", "grouping"].into_iter().filter_map(|name| activities[name].as_array());
        let is_course = |activity: &&Value| {
            activity["definition"]["type"] == "http://adlnet.gov/expapi/activities/course"
        };
        let mut candidates = lists.flatten().chain([&statement["object"]]);
        let course = candidates.find(is_course).map_or(Value::Null, |it| it["id"].clone());
        writeln!(
            self.file,
            "{},{},{},{},{},{},{},{},{},{},{}",
            statement["timestamp"].as_str().unwrap_or_default(),
            quoted(&person.into()),
            quoted(&statement["verb"]["id"]),
            quoted(&statement["object"]["id"]),
            quoted(&course),
            quoted(&result["success"]),
            quoted(&scaled.into()),
            quoted(&credit.into()),
            quoted(&duration.into()),
            quoted(&result["response"]),
            quoted(&statement["context"]["platform"]),
        )?;
        Ok(())
    }
}
