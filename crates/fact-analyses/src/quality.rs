//! Data quality: what statements lack, contradict or repeat.

use std::collections::{BTreeMap, HashMap};

use acta_analyses::{ReportedEvent, is_known_verb, quantiles, repeated, verbs_of_one_word};
use acta_facts::{ConditionRequest, QueryError};
use serde::Serialize;
use utoipa::ToSchema;

use super::rows::condition::{every, exists, is, is_in, not, one_of};
use super::rows::spread::{Spread, share_of};
use super::rows::vocabulary::{COMPLETED, FAILED, PASSED, is_question};
use super::rows::{FactReader, Numbers, measure};
use super::sources::verbs;

/// Most platforms that are listed of a rule.
const PLATFORMS_MAX: usize = 20;
/// A time that is later than that of storing by more than this is in the future: a minute, in
/// microseconds.
const AHEAD: i64 = 60 * 1_000_000;

/// What statements lack, contradict or repeat.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct QualityAnalysis {
    /// How many statements were looked at.
    statements: u64,
    /// Every rule, in a fixed order.
    pub rules: Vec<RuleFigures>,
    /// Verbs that belong to no vocabulary that is published.
    unknown_verbs: Vec<UnknownVerb>,
    /// Verbs that are the same word with different ids.
    verbs_of_one_word: Vec<OneWord>,
    /// The clocks of the platforms, and how long their statements take.
    clocks: Vec<ClockFigures>,
    /// The sequence of the last statement that is taken into account.
    sequence: u64,
    /// Whether facts are being made, so that the figures are about a part of the statements.
    is_rebuilding: bool,
}

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// No actor that can be identified: an anonymous group.
    AnonymousActor,
    /// An answer without a response, a success and a score.
    AnswerWithoutResult,
    /// Something was passed or failed, without a score.
    JudgedWithoutScore,
    /// The verb says otherwise than the result.
    Contradiction,
    /// An activity without a name that is known.
    UnnamedActivity,
    /// An activity without a type that is known.
    UntypedActivity,
    /// It tells the same as another statement.
    Duplicate,
    /// It happened more than a minute after it was stored: a clock is ahead.
    InFuture,
}

/// How many statements are found by a rule.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct RuleFigures {
    /// What is looked for.
    pub rule: Rule,
    /// How many statements are found.
    pub statements: u64,
    /// How many percent of all statements those are.
    pub share: Option<f64>,
    /// The platforms with the most of them; at most 20.
    platforms: Vec<PlatformCount>,
}

/// How many statements of a platform are found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PlatformCount {
    /// The platform; none for statements without one.
    platform: Option<String>,
    /// How many.
    statements: u64,
}

/// A verb that is in no vocabulary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct UnknownVerb {
    /// The id.
    id: String,
    /// How many statements have it.
    statements: u64,
}

/// Verbs that are the same word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OneWord {
    /// The word.
    word: String,
    /// The ids of the verbs.
    verbs: Vec<String>,
}

/// The clock of a platform.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ClockFigures {
    /// The platform; none for statements without one.
    platform: Option<String>,
    /// How many statements there are.
    statements: usize,
    /// Seconds from when something happened until it was stored; negative where the clock of the
    /// platform is ahead.
    delay_seconds: Option<Spread>,
}

/// Counts of statements by platform.
type ByPlatform = BTreeMap<Option<String>, u64>;

/// Looks for what statements lack, contradict or repeat.
///
/// # Errors
///
/// Those of questions about facts: a fault of the request, too much memory, or too long.
pub fn analyse(reader: FactReader<'_>) -> Result<QualityAnalysis, QueryError> {
    let (mut found, statements, sequence) = counts(reader)?;
    found.insert(Rule::Duplicate, duplicates(reader)?);
    let (clocks, future) = clocks(reader)?;
    found.insert(Rule::InFuture, future);
    let rules = found.into_iter().map(|(rule, platforms)| figures(rule, platforms, statements));
    let verbs = verbs(reader, Vec::new())?;
    let words = verbs_of_one_word(verbs.iter().map(|verb| verb.id.as_str()));
    let word = |(word, verbs): (String, Vec<&str>)| OneWord {
        word,
        verbs: verbs.into_iter().map(str::to_owned).collect(),
    };
    let verbs_of_one_word = words.into_iter().map(word).collect();
    let unknown = verbs.iter().filter(|verb| !is_known_verb(&verb.id));
    let unknown_verbs =
        unknown.map(|it| UnknownVerb { id: it.id.clone(), statements: it.statements }).collect();
    let rules = rules.collect();
    Ok(QualityAnalysis {
        statements,
        rules,
        unknown_verbs,
        verbs_of_one_word,
        clocks,
        sequence,
        is_rebuilding: reader.is_rebuilding(),
    })
}

fn figures(rule: Rule, platforms: ByPlatform, all: u64) -> RuleFigures {
    let statements = platforms.values().sum();
    let found = platforms.into_iter().filter(|(_, statements)| *statements != 0);
    let mut platforms: Vec<PlatformCount> =
        found.map(|(platform, statements)| PlatformCount { platform, statements }).collect();
    platforms.sort_by(|one, other| {
        other.statements.cmp(&one.statements).then_with(|| one.platform.cmp(&other.platform))
    });
    platforms.truncate(PLATFORMS_MAX);
    RuleFigures { rule, statements, share: share_of(statements, all), platforms }
}

/// The rules that one statement alone breaks.
fn conditions() -> [(Rule, ConditionRequest); 6] {
    let has_no = |fields: &[&str]| every(fields.iter().map(|it| not(exists(it))).collect());
    let judged = [&PASSED[..], &FAILED[..]].concat();
    let says = |verbs: &[&str], field: &str, is_true: bool| {
        every(vec![is_in("verb", verbs), is(field, is_true)])
    };
    let contradictions = vec![
        says(&PASSED, "success", false),
        says(&FAILED, "success", true),
        says(&COMPLETED, "completion", false),
    ];
    let of_activity = |field: &str| every(vec![is("object.kind", "Activity"), not(exists(field))]);
    let results = ["response", "success", "score.scaled", "score.raw"];
    [
        (Rule::AnonymousActor, not(exists("actor"))),
        (Rule::AnswerWithoutResult, every(vec![answers(), has_no(&results)])),
        (
            Rule::JudgedWithoutScore,
            every(vec![
                is_in("verb", &judged),
                has_no(&["score.scaled", "score.raw"]),
                not(is_question()),
            ]),
        ),
        (Rule::Contradiction, one_of(contradictions)),
        (Rule::UnnamedActivity, of_activity("object.name")),
        (Rule::UntypedActivity, of_activity("object.type")),
    ]
}

fn answers() -> ConditionRequest {
    is_in("verb", &super::rows::vocabulary::ANSWERED)
}

/// The rules that one statement alone breaks, how many statements there are, and the sequence.
fn counts(reader: FactReader<'_>) -> Result<(BTreeMap<Rule, ByPlatform>, u64, u64), QueryError> {
    let rules = conditions();
    let mut measures = vec![measure("count", "", None, "all")];
    let mut names = Vec::new();
    for (place, (rule, condition)) in rules.into_iter().enumerate() {
        measures.push(measure("count", "", Some(condition), &format!("rule {place}")));
        names.push(rule);
    }
    let answer = reader.count(&["platform"], measures, Vec::new())?;
    let mut found: BTreeMap<Rule, ByPlatform> =
        names.iter().map(|rule| (*rule, ByPlatform::new())).collect();
    let mut statements = 0;
    let number = |value: Option<&serde_json::Value>| {
        value.and_then(serde_json::Value::as_u64).unwrap_or_default()
    };
    for row in &answer.rows {
        let platform = row.first().and_then(|value| value.as_str()).map(str::to_owned);
        statements += number(row.get(1));
        for (rule, value) in names.iter().zip(row.iter().skip(2)) {
            found.entry(*rule).or_default().insert(platform.clone(), number(Some(value)));
        }
    }
    Ok((found, statements, answer.sequence))
}

/// Statements that tell the same as another. Equal times are on one day, so none is missed where
/// rows come in pieces.
fn duplicates(reader: FactReader<'_>) -> Result<ByPlatform, QueryError> {
    let fields = ["timestamp", "person", "verb", "object", "registration", "response", "platform"];
    let mut found = ByPlatform::new();
    reader.each_piece(&fields, &[exists("person"), exists("object")], |mut rows| {
        let (times, persons, verbs) = (rows.times(), rows.texts(), rows.texts());
        let (objects, registrations) = (rows.texts(), rows.texts());
        let (responses, platforms) = (rows.texts(), rows.texts());
        let events: Vec<ReportedEvent> = (0..rows.count)
            .map(|row| ReportedEvent {
                time: times[row],
                person: persons.places[row],
                verb: verbs.places[row],
                object: objects.places[row],
                registration: registrations.places[row],
                response: responses.places[row],
            })
            .collect();
        for row in repeated(&events) {
            *found.entry(platforms.get(row).map(str::to_owned)).or_default() += 1;
        }
        Ok(())
    })?;
    Ok(found)
}

/// The clocks of the platforms, and how many of their statements are in the future.
fn clocks(reader: FactReader<'_>) -> Result<(Vec<ClockFigures>, ByPlatform), QueryError> {
    let mut platforms = Numbers::default();
    let mut delays: HashMap<u32, Vec<f64>> = HashMap::new();
    let mut ahead: HashMap<u32, u64> = HashMap::new();
    let mut count = 0;
    reader.each_piece(&["platform", "timestamp", "stored"], &[], |mut rows| {
        let (names, times, stored) = (rows.texts(), rows.times(), rows.times());
        let numbers = platforms.of(&names.texts);
        for ((place, time), stored) in names.places.iter().zip(times).zip(stored) {
            let platform = numbers[*place as usize];
            let delay = stored.saturating_sub(time);
            *ahead.entry(platform).or_default() += u64::from(delay < -AHEAD);
            delays.entry(platform).or_default().push(seconds(delay));
        }
        count += rows.count;
        reader.check_memory(count * size_of::<f64>())
    })?;
    let names = platforms.texts();
    let name = |number: u32| Some(names[number as usize].clone()).filter(|it| !it.is_empty());
    let mut clocks: Vec<ClockFigures> = delays
        .into_iter()
        .map(|(platform, delays)| ClockFigures {
            platform: name(platform),
            statements: delays.len(),
            delay_seconds: quantiles(delays).map(Spread::from),
        })
        .collect();
    clocks.sort_by(|one, other| {
        other.statements.cmp(&one.statements).then_with(|| one.platform.cmp(&other.platform))
    });
    clocks.truncate(PLATFORMS_MAX);
    Ok((clocks, ahead.into_iter().map(|(platform, count)| (name(platform), count)).collect()))
}

#[expect(clippy::cast_precision_loss, reason = "differences of times are below 2^53")]
fn seconds(micros: i64) -> f64 {
    micros as f64 / 1e6
}
