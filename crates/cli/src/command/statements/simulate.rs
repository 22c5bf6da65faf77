//! `acta simulate`: learning data for trials, as JSON Lines.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use acta_ambient::{Clock, SystemClock};
use acta_simulator::{Config, Date, Simulation};
use acta_xapi::Version;
use anyhow::{Context, Result, bail};
use clap::builder::RangedI64ValueParser;

use super::check::parse_version;
use crate::terminal::{StandardOutput, Unit, counted, print, progress_bar, say};

/// Bytes that are written at once.
const BUFFER_BYTES: usize = 1 << 20;

/// Statements between two steps of the progress bar.
const STEP: u64 = 1 << 12;

/// The year before which the statements end, unless a first day is given: the same in every
/// year, so that the same command gives the same statements.
const END_YEAR: u16 = 2026;

/// Arguments of `acta simulate`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// How many statements to make.
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    statements: u64,
    /// The same seed, with the same other arguments, gives the same statements.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// How many years the statements are spread over.
    #[arg(long, value_name = "Y", default_value_t = 3, value_parser = years())]
    years: u16,
    /// The first day; by default such that the last year is 2025.
    #[arg(long, value_name = "YYYY-MM-DD")]
    first_day: Option<Date>,
    /// How many persons learn; by default as many as fit the number of statements.
    #[arg(long, value_name = "N")]
    learners: Option<u32>,
    /// How many courses there are; by default as many as fit the number of learners.
    #[arg(long, value_name = "N")]
    courses: Option<u32>,
    /// The xAPI version of the statements.
    #[arg(long, value_name = "1.0.3|2.0.0", default_value = "2.0.0", value_parser = parse_version)]
    xapi_version: Version,
    /// The file to write, one statement per line; `-` or none for standard output.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write what the statements were made from to this file, as one JSON object: abilities of
    /// learners, difficulty of questions, wrong keys, who dropped out where, and counts.
    #[arg(long, value_name = "FILE")]
    truth: Option<PathBuf>,
    /// Print the counts as one JSON object. Requires a file for the statements.
    #[arg(long)]
    json: bool,
}

/// Parses a number of years, up to a century.
fn years() -> RangedI64ValueParser<u16> {
    clap::value_parser!(u16).range(1..=100)
}

/// Runs the command.
///
/// # Errors
///
/// When the numbers do not fit together, or a file cannot be written.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let file = arguments.output.as_deref().filter(|file| file.as_os_str() != "-");
    if arguments.json && file.is_none() {
        bail!("--json prints on standard output, where the statements are: add --output FILE");
    }
    let clock = SystemClock::new();
    let config = config(arguments);
    let mut simulation = Simulation::new(config)?;
    // Before the work, so that a wrong path is found at once.
    let truth = arguments.truth.as_deref().map(create).transpose()?;
    let mut output: Box<dyn Write> = match file {
        Some(file) => Box::new(create(file)?),
        None => Box::new(BufWriter::with_capacity(BUFFER_BYTES, StandardOutput)),
    };
    let bytes = write_all(&mut simulation, config.statements, &mut output)?;
    if let Some(mut truth) = truth {
        serde_json::to_writer(&mut truth, &simulation.truth())?;
        truth.write_all(b"\n")?;
        truth.flush()?;
    }
    if arguments.json {
        let counts = serde_json::json!({
            "statements": config.statements,
            "bytes": bytes,
            "learners": config.learners,
            "courses": config.courses,
            "first_day": config.first_day,
            "days": config.days,
            "seconds": clock.elapsed().as_secs_f64(),
        });
        print(&counts.to_string())?;
    } else {
        let statements = counted(config.statements, "statement");
        let learners = counted(u64::from(config.learners), "learner");
        let courses = counted(u64::from(config.courses), "course");
        let (first, days) = (config.first_day, counted(u64::from(config.days), "day"));
        say(&format!("{statements} of {learners} in {courses}, over {days} from {first} on"));
    }
    Ok(ExitCode::SUCCESS)
}

fn config(arguments: &Arguments) -> Config {
    let first_year = END_YEAR.saturating_sub(arguments.years);
    let learners = arguments.learners.unwrap_or(Config::learners_for(arguments.statements));
    Config {
        seed: arguments.seed,
        first_day: arguments.first_day.unwrap_or(Date::first_of_year(first_year)),
        // Every fourth year has a day more.
        days: u32::from(arguments.years) * 1461 / 4,
        statements: arguments.statements,
        learners,
        courses: arguments.courses.unwrap_or(Config::courses_for(learners)),
        version: arguments.xapi_version,
    }
}

fn create(file: &Path) -> Result<BufWriter<File>> {
    let created = File::create(file);
    let created = created.with_context(|| format!("cannot create {}", file.display()))?;
    Ok(BufWriter::with_capacity(BUFFER_BYTES, created))
}

/// Writes all statements. Returns the number of bytes.
fn write_all(simulation: &mut Simulation, total: u64, output: &mut dyn Write) -> Result<u64> {
    let bar = progress_bar(total, Unit::Statements);
    let mut line = String::new();
    let (mut count, mut bytes) = (0_u64, 0_u64);
    while simulation.next_into(&mut line) {
        line.push('\n');
        output.write_all(line.as_bytes())?;
        bytes += line.len() as u64;
        count += 1;
        if count.is_multiple_of(STEP) {
            bar.set_position(count);
        }
    }
    output.flush()?;
    bar.finish_and_clear();
    Ok(bytes)
}
