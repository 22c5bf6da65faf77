//! Activity: how many learners are active, how often they come back, and when they learn.

use acta_analyses::{ActiveDay, active_learners};
use acta_facts::QueryError;
use serde::Serialize;
use utoipa::ToSchema;

use super::rows::calendar::{Calendar, Period, date_text};
use super::rows::condition::between;
use super::rows::{FactReader, fault, measure};

/// Most days that are listed: ten years.
const DAYS_MAX: i32 = 3_653;
/// How many days before the first one count for its figure of 30 days.
const DAYS_BEFORE: i32 = 29;

/// How active learners are.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ActivityAnalysis {
    /// How many learners were active on the days below.
    learners: usize,
    /// How many statements there are on the days below.
    statements: u64,
    /// How many percent of the learners of 30 days come on a day: the mean of `stickiness`.
    mean_stickiness: Option<f64>,
    /// Every day, also those without statements.
    days: Vec<DayFigures>,
    /// When learners learn: every hour of the week that has statements.
    hours: Vec<HourFigures>,
    /// The sequence of the last statement that is taken into account.
    sequence: u64,
    /// Whether facts are being made, so that the figures are about a part of the statements.
    is_rebuilding: bool,
}

/// A day.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct DayFigures {
    /// The date in the time zone.
    date: String,
    /// How many statements there are.
    statements: u64,
    /// How many learners were active on this day.
    daily: usize,
    /// How many were active on this day or one of the 6 before.
    weekly: usize,
    /// How many were active on this day or one of the 29 before.
    monthly: usize,
    /// How many percent `daily` is of `monthly`.
    stickiness: Option<f64>,
}

/// An hour of the week.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct HourFigures {
    /// 1 for Monday to 7 for Sunday.
    weekday: u8,
    /// 0 to 23.
    hour: u8,
    /// How many statements there are.
    statements: u64,
    /// How many learners were active.
    learners: usize,
}

/// Which days are asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DaysQuestion {
    /// The first day, such as `2026-03-01`.
    pub from: Option<String>,
    /// The last day.
    pub to: Option<String>,
}

impl DaysQuestion {
    /// The days that are asked for, as far as that is said.
    ///
    /// # Errors
    ///
    /// Those of questions about facts: a fault of the request, too much memory, or too long.
    pub fn read(&self) -> Result<(Option<i32>, Option<i32>), QueryError> {
        let read = |text: &Option<String>, place: &str| {
            let day = |text: &String| {
                let day = Calendar::parse_day(text);
                day.ok_or_else(|| fault(place, "expected a date such as \"2026-03-01\""))
            };
            text.as_ref().map(day).transpose()
        };
        let (from, to) = (read(&self.from, "/from")?, read(&self.to, "/to")?);
        if let (Some(from), Some(to)) = (from, to)
            && !(from..from + DAYS_MAX).contains(&to)
        {
            let text = format!("expected a day from \"from\" on, of at most {DAYS_MAX} days");
            return Err(fault("/to", text));
        }
        Ok((from, to))
    }
}

/// Computes how active learners are.
///
/// # Errors
///
/// Those of questions about facts: a fault of the request, too much memory, or too long.
pub fn analyse(
    reader: FactReader<'_>,
    question: &DaysQuestion,
) -> Result<ActivityAnalysis, QueryError> {
    let (from, to) = question.read()?;
    let calendar = reader.calendar()?;
    let (statements, sequence) = reader.days(Vec::new())?;
    // A clock that is wrong does not stretch the days into the future.
    let today = calendar.day_of(reader.asked.now);
    let last_day = || statements.range(..=today).next_back().map(|(day, _)| *day);
    let last = to.or_else(last_day).or(from).unwrap_or(today);
    let first_day = || statements.range(last - DAYS_MAX + 1..=last).next().map(|(day, _)| *day);
    let first = from.or_else(first_day).unwrap_or(last).max(last - DAYS_MAX + 1);
    let within = |first, last| {
        vec![between("timestamp", calendar.start_of(first), calendar.start_of(last + 1))]
    };
    let (presence, _, _) = reader.presence(Period::Day, &within(first - DAYS_BEFORE, last))?;
    let mut learners: Vec<u32> =
        presence.iter().filter(|it| first <= it.period).map(|it| it.person).collect();
    learners.sort_unstable();
    learners.dedup();
    let figures = |day: ActiveDay| DayFigures {
        date: date_text(day.day),
        statements: statements.get(&day.day).copied().unwrap_or_default(),
        daily: day.daily,
        weekly: day.weekly,
        monthly: day.monthly,
        stickiness: day.stickiness(),
    };
    let days: Vec<DayFigures> =
        active_learners(&presence, first, last).into_iter().map(figures).collect();
    let stickiness: Vec<f64> = days.iter().filter_map(|day| day.stickiness).collect();
    Ok(ActivityAnalysis {
        learners: learners.len(),
        statements: days.iter().map(|day| day.statements).sum(),
        mean_stickiness: acta_analyses::mean(&stickiness),
        days,
        hours: hours(reader, within(first, last))?,
        sequence,
        is_rebuilding: reader.is_rebuilding(),
    })
}

fn hours(
    reader: FactReader<'_>,
    within: Vec<acta_facts::ConditionRequest>,
) -> Result<Vec<HourFigures>, QueryError> {
    let measures =
        vec![measure("count", "", None, "n"), measure("distinct", "person", None, "learners")];
    let dimensions = ["timestamp:weekday", "timestamp:hour_of_day"];
    let answer = reader.count(&dimensions, measures, within)?;
    let figures = |row: &Vec<serde_json::Value>| {
        let number = |place: usize| row.get(place).and_then(serde_json::Value::as_u64);
        Some(HourFigures {
            weekday: u8::try_from(number(0)?).ok()?,
            hour: u8::try_from(number(1)?).ok()?,
            statements: number(2)?,
            learners: usize::try_from(number(3)?).ok()?,
        })
    };
    let mut hours: Vec<HourFigures> = answer.rows.iter().filter_map(figures).collect();
    hours.sort_by_key(|it| (it.weekday, it.hour));
    Ok(hours)
}
