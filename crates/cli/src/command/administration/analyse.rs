//! `acta analyse`: figures about questions, learners and courses of a tenant.

mod activity;
mod compare;
mod courses;
mod findings;
mod format;
mod funnel;
mod help;
mod items;
mod journey;
mod quality;
mod retention;
mod shape;
mod sources;
mod time;
mod video;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;
use serde_json::Value;

use super::query::question::{Test, condition};
use crate::admin::{Address, Client, Common, FactsNeeded, OfTenant, Output};
use shape::Analyse;

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
    /// How many learners are active by day, week and month, and when they learn.
    Activity(activity::Activity),
    /// How groups of learners differ: how much they do, how long, and with which result.
    Compare(compare::Compare),
    /// How many learners are enrolled in courses, have started, completed and passed them, and
    /// where they stop.
    Courses(courses::Courses),
    /// What needs attention: silent sources, bad data, suspicious questions, learners who stop or
    /// are stuck.
    Findings(findings::Findings),
    /// How many learners get from one step to the next, and where they stop.
    Funnel(funnel::Funnel),
    /// Which learners of a course may need help, and why.
    #[command(name = "help-list")]
    Help(help::Help),
    /// How difficult questions are, how well they tell good learners from others, and which of them
    /// need a look.
    Items(items::Items),
    /// What one learner has done, by all identifiers and from all sources: years, courses, attempts
    /// and the latest statements.
    Journey(journey::Journey),
    /// What statements lack, contradict or repeat, and whose clocks are wrong.
    Quality(quality::Quality),
    /// How many learners come again in the weeks after they came for the first time.
    Retention(retention::Retention),
    /// When each source has sent something last, and which have fallen silent.
    Sources(sources::Sources),
    /// How long learners work, by their sessions.
    Time(time::Time),
    /// How much of videos is watched, and where viewers stop.
    Video(video::Video),
}

/// Runs the command.
///
/// # Errors
///
/// When the store can neither be opened nor reached.
pub(crate) fn run(file: Option<&Path>, arguments: &Arguments) -> Result<ExitCode> {
    Client::run_with_facts(file, &arguments.common, FactsNeeded::Current, async |client| {
        let analysis = arguments.analysis.chosen();
        let tenant = client.tenant(arguments.of).await?;
        let address = Address::of(["tenants", &tenant, "analyses", analysis.name()]);
        let answer =
            client.post(&address, Some(&arguments.filter.add_to(analysis.request()))).await?;
        let lines = analysis.lines(&answer);
        Ok(Output::new(answer, lines))
    })
}

impl Analysis {
    fn chosen(&self) -> &dyn Analyse {
        match self {
            Self::Activity(activity) => activity,
            Self::Compare(compare) => compare,
            Self::Courses(courses) => courses,
            Self::Findings(findings) => findings,
            Self::Funnel(funnel) => funnel,
            Self::Help(help) => help,
            Self::Items(items) => items,
            Self::Journey(journey) => journey,
            Self::Quality(quality) => quality,
            Self::Retention(retention) => retention,
            Self::Sources(sources) => sources,
            Self::Time(time) => time,
            Self::Video(video) => video,
        }
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
