//! Random statements, and answers about them computed in the simplest way.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "the numbers are small"
)]

use std::collections::{BTreeMap, BTreeSet};

use acta_access::Defines;
use acta_ambient::Timestamp;
use acta_storage::TransferredStatement;
use acta_xapi::{ParseLimits, StatementId, StatementText, Uuid, Version, parse_statement};
use jiff::tz::TimeZone;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::{FactRows, RowColumn};

/// What a statement says, in numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Sample {
    pub(super) sequence: u64,
    /// Days since the first of March 2026.
    pub(super) day: u32,
    pub(super) minute: u32,
    pub(super) person: u32,
    pub(super) verb: u32,
    pub(super) activity: u32,
    pub(super) grouping: Vec<u32>,
    pub(super) parent: Option<u32>,
    pub(super) success: Option<bool>,
    pub(super) scaled: Option<u32>,
    pub(super) seconds: Option<u32>,
    pub(super) extension: Option<u32>,
    /// The sequence of the statement that it voids.
    pub(super) voids: Option<u64>,
}

impl Sample {
    pub(super) fn any() -> impl Strategy<Value = Self> {
        let when = (0..60_u32, 0..24 * 60_u32);
        let who = (0..12_u32, 0..4_u32, 0..9_u32);
        let context = (prop::collection::vec(0..6_u32, 0..3), prop::option::of(0..6_u32));
        let result = (
            prop::option::of(any::<bool>()),
            prop::option::of(0..=10_u32),
            prop::option::of(0..500_u32),
            prop::option::of(0..4_u32),
        );
        let voids = prop::option::weighted(0.05, 1..120_u64);
        (when, who, context, result, voids).prop_map(
            |((day, minute), (person, verb, activity), (grouping, parent), result, voids)| {
                let (success, scaled, seconds, extension) = result;
                Self {
                    sequence: 0,
                    day,
                    minute,
                    person,
                    verb,
                    activity,
                    grouping,
                    parent,
                    success,
                    scaled,
                    seconds,
                    extension,
                    voids,
                }
            },
        )
    }

    pub(super) fn id(&self) -> u128 {
        0x1234_5678_0000_4000_8000_0000_0000_0000 + u128::from(self.sequence)
    }

    pub(super) fn time(&self) -> jiff::Timestamp {
        let first: jiff::Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
        let minutes = i64::from(self.day) * 24 * 60 + i64::from(self.minute);
        first + jiff::SignedDuration::from_mins(minutes)
    }

    fn activity_json(number: u32) -> Json {
        let mut activity = json!({"id": format!("http://x.org/activity/{number}")});
        let mut definition = json!({"name": {"de": "Anders", "en": format!("Name {number}")}});
        if let Some(kind) = type_of(number) {
            definition["type"] = json!(kind);
        }
        activity["definition"] = definition;
        activity
    }

    fn json(&self) -> Json {
        let activities =
            |numbers: &[u32]| numbers.iter().map(|it| Self::activity_json(*it)).collect::<Vec<_>>();
        let mut result = json!({});
        if let Some(success) = self.success {
            result["success"] = json!(success);
        }
        if let Some(scaled) = self.scaled {
            result["score"] = json!({"scaled": f64::from(scaled) / 10.0});
        }
        if let Some(seconds) = self.seconds {
            result["duration"] = json!(format!("PT{seconds}S"));
        }
        match self.extension {
            Some(3) => result["extensions"] = json!({"http://x.org/e": "text"}),
            Some(number) => result["extensions"] = json!({"http://x.org/e": number}),
            None => {}
        }
        json!({
            "actor": {"account": {"homePage": "http://x.org", "name": format!("p{}", self.person)}},
            "verb": {"id": self.verb_id(), "display": {"en": format!("Verb {}", self.verb)}},
            "object": Self::activity_json(self.activity),
            "result": result,
            "context": {"contextActivities": {
                "grouping": activities(&self.grouping),
                "parent": self.parent.map(|it| activities(&[it])).unwrap_or_default(),
            }},
            "timestamp": self.time().to_string(),
        })
    }

    pub(super) fn verb_id(&self) -> String {
        format!("http://x.org/verb/{}", self.verb)
    }

    pub(super) fn stored(&self) -> TransferredStatement {
        let text = self.json().to_string();
        let parsed =
            parse_statement(text.as_bytes(), Version::V1_0_3, &ParseLimits::default()).unwrap();
        TransferredStatement {
            sequence: self.sequence,
            id: StatementId(Uuid::from_u128(self.id())),
            stored: Timestamp::from_unix_micros(
                1_800_000_000_000_000 + self.sequence.cast_signed(),
            ),
            version: Version::V1_0_3,
            fingerprint: parsed.fingerprint,
            salt: [0; 16],
            text: StatementText { text, is_timestamp_stored: false },
            target: None,
            is_voiding: false,
            defines: Defines::All,
        }
    }

    fn course(&self) -> Option<u32> {
        let mut candidates = self.parent.into_iter().chain(self.grouping.iter().copied());
        let is_course = |number: &u32| type_of(*number) == Some(COURSE);
        candidates.find(is_course).or(Some(self.activity).filter(is_course))
    }

    /// The values of a dimension: several for several activities.
    pub(super) fn values(&self, dimension: &Json, zone: &TimeZone) -> Vec<Json> {
        let activity = |number: u32| json!(format!("http://x.org/activity/{number}"));
        let local = self.time().to_zoned(zone.clone());
        let name = dimension.as_str().unwrap_or_else(|| dimension["field"].as_str().unwrap());
        let one = match (name, dimension["by"].as_str()) {
            ("verb", _) => json!(self.verb_id()),
            ("object", _) => activity(self.activity),
            ("object.type", _) => json!(type_of(self.activity)),
            ("success", _) => json!(self.success),
            ("course", _) => self.course().map_or(Json::Null, activity),
            ("person", _) => json!(format!(
                r#"{{"account":{{"homePage":"http://x.org","name":"p{}"}}}}"#,
                self.person
            )),
            ("timestamp", Some("day")) => json!(local.date().to_string()),
            ("timestamp", Some("week")) => {
                let back = i64::from(local.weekday().to_monday_zero_offset());
                json!((local.date() - jiff::SignedDuration::from_hours(24 * back)).to_string())
            }
            ("timestamp", Some("month")) => json!(local.strftime("%Y-%m").to_string()),
            ("timestamp", Some("hour_of_day")) => json!(local.hour()),
            ("score.scaled", _) => match self.scaled {
                // Bands of a quarter.
                Some(tenths) => json!(f64::from(tenths * 10 / 25) * 0.25),
                None => Json::Null,
            },
            ("result.extensions.http://x.org/e", _) => {
                if self.extension == Some(3) {
                    json!("text")
                } else {
                    Json::Null
                }
            }
            ("grouping", _) => {
                let distinct: BTreeSet<u32> = self.grouping.iter().copied().collect();
                if !distinct.is_empty() {
                    return distinct.into_iter().map(activity).collect();
                }
                Json::Null
            }
            other => panic!("{other:?}"),
        };
        vec![one]
    }

    pub(super) fn satisfies(&self, condition: &Json, zone: &TimeZone) -> bool {
        let each = |name: &str| {
            condition[name]
                .as_array()
                .map(|it| it.iter().map(|it| self.satisfies(it, zone)).collect::<Vec<_>>())
        };
        if let Some(all) = each("and") {
            return all.into_iter().all(|it| it);
        }
        if let Some(any) = each("or") {
            return any.into_iter().any(|it| it);
        }
        if !condition["not"].is_null() {
            return !self.satisfies(&condition["not"], zone);
        }
        let at = |bound: &str| {
            let date = condition[bound].as_str()?.parse::<jiff::civil::Date>().unwrap();
            Some(date.to_zoned(zone.clone()).unwrap().timestamp())
        };
        let scaled = self.scaled.map(|it| f64::from(it) / 10.0);
        match condition["field"].as_str().unwrap() {
            "verb" => condition["is"] == json!(self.verb_id()),
            "object" => condition["in"]
                .as_array()
                .unwrap()
                .contains(&json!(format!("http://x.org/activity/{}", self.activity))),
            "grouping" => self
                .grouping
                .iter()
                .any(|it| condition["is"] == json!(format!("http://x.org/activity/{it}"))),
            "success" => json!(self.success) == condition["is"],
            "score.scaled" => scaled.is_some_and(|scaled| {
                condition["from"].as_f64().is_none_or(|from| from <= scaled)
                    && condition["to"].as_f64().is_none_or(|to| scaled < to)
            }),
            "timestamp" => {
                at("from").is_none_or(|from| from <= self.time())
                    && at("to").is_none_or(|to| self.time() < to)
            }
            "sequence" => {
                let is = |value: &Json| value.as_u64() == Some(self.sequence);
                let among = |values: &Json| values.as_array().unwrap().iter().any(is);
                let from = condition["from"].as_u64().is_none_or(|from| from <= self.sequence);
                let to = condition["to"].as_u64().is_none_or(|to| self.sequence < to);
                from && to
                    && (condition["is"].is_null() || is(&condition["is"]))
                    && (condition["in"].is_null() || among(&condition["in"]))
            }
            "duration" => condition["exists"] == json!(self.seconds.is_some()),
            "object.name" => format!("name {}", self.activity).contains("name 3"),
            "result.extensions.http://x.org/e" => match self.extension {
                Some(3) => condition["is"] == json!("text"),
                Some(number) => condition["is"] == json!(number),
                None => false,
            },
            other => panic!("{other}"),
        }
    }
}

const COURSE: &str = "http://adlnet.gov/expapi/activities/course";

fn type_of(activity: u32) -> Option<&'static str> {
    match activity % 4 {
        1 => Some(COURSE),
        2 => Some("http://x.org/type"),
        _ => None,
    }
}

/// Gives samples their sequences. Those that void something that is not there void nothing.
pub(super) fn numbered(samples: Vec<Sample>) -> Vec<Sample> {
    let count = samples.len() as u64;
    let number = |(sequence, sample): (u64, Sample)| {
        let voids = sample.voids.filter(|target| *target <= count && *target != sequence);
        Sample { sequence, voids, ..sample }
    };
    (1..).zip(samples).map(number).collect()
}

/// Verb, success, scaled score, parent and `stored` of the samples that say whether they were a
/// success, in the order of time and of the log.
pub(super) fn judged(samples: &[Sample]) -> Vec<Json> {
    let voided: BTreeSet<u64> = samples.iter().filter_map(|sample| sample.voids).collect();
    let counts = |it: &&Sample| it.success.is_some() && !voided.contains(&it.sequence);
    let mut counting: Vec<&Sample> = samples.iter().filter(counts).collect();
    counting.sort_by_key(|it| (it.time(), it.sequence));
    let row = |it: &Sample| {
        let parent = it.parent.map(|it| format!("http://x.org/activity/{it}")).unwrap_or_default();
        let scaled = it.scaled.map(|it| f64::from(it) / 10.0);
        let stored = 1_800_000_000_000_000 + it.sequence.cast_signed();
        json!([it.verb_id(), it.success, scaled, it.time().as_microsecond(), parent, stored])
    };
    counting.into_iter().map(row).collect()
}

/// Rows as they are expected.
pub(super) fn rows_as_texts(rows: &FactRows) -> Vec<Json> {
    let cell = |column: &RowColumn, row: usize| match column {
        RowColumn::Texts { places, texts } => json!(texts[places[row] as usize]),
        RowColumn::Flags(flags) => json!(flags[row]),
        RowColumn::Numbers(numbers) => json!(Some(numbers[row]).filter(|it| !it.is_nan())),
        RowColumn::Times(times) => json!(times[row]),
    };
    let row = |row| rows.columns.iter().map(|column| cell(column, row)).collect();
    (0..rows.count).map(row).collect()
}

/// What the facts know of activities: those that have come as object or in a context.
pub(super) fn answer(samples: &[Sample], question: &Json) -> Vec<Vec<Json>> {
    let zone = TimeZone::get(question["zone"].as_str().unwrap()).unwrap();
    let voided: BTreeSet<u64> = samples.iter().filter_map(|sample| sample.voids).collect();
    let counting = samples.iter().filter(|sample| {
        !voided.contains(&sample.sequence)
            && (question["where"].is_null() || sample.satisfies(&question["where"], &zone))
    });
    let dimensions = question["dimensions"].as_array().unwrap();
    let mut groups: BTreeMap<String, (Vec<Json>, Vec<&Sample>)> = BTreeMap::new();
    if dimensions.is_empty() {
        groups.insert(String::new(), Default::default());
    }
    for sample in counting {
        let mut keys = vec![Vec::new()];
        for dimension in dimensions {
            let values = sample.values(dimension, &zone);
            keys = keys
                .iter()
                .flat_map(|key: &Vec<Json>| {
                    values.iter().map(|value| key.iter().chain([value]).cloned().collect())
                })
                .collect();
        }
        for key in keys {
            let name =
                if key.is_empty() { String::new() } else { Json::from(key.clone()).to_string() };
            groups.entry(name).or_insert_with(|| (key, Vec::new())).1.push(sample);
        }
    }
    let rows = groups.into_values().map(|(mut key, samples)| {
        key.append(&mut measure(&samples));
        key
    });
    rows.collect()
}

/// The measures of [`super::measures`].
fn measure(samples: &[&Sample]) -> Vec<Json> {
    let scaled: Vec<f64> =
        samples.iter().filter_map(|it| it.scaled).map(|it| f64::from(it) / 10.0).collect();
    let seconds: Vec<f64> = samples.iter().filter_map(|it| it.seconds).map(f64::from).collect();
    let number = |value: Option<f64>| match value {
        Some(value) if value.fract() == 0.0 => json!(value as i64),
        Some(value) => json!(value),
        None => Json::Null,
    };
    let succeeded: BTreeSet<u32> =
        samples.iter().filter(|it| it.success == Some(true)).map(|it| it.activity).collect();
    let known = samples.iter().filter(|it| it.success.is_some()).count();
    let yes = samples.iter().filter(|it| it.success == Some(true)).count();
    let share =
        |part: usize, whole: usize| number((whole != 0).then(|| part as f64 / whole as f64));
    let order = |it: &&&Sample| (it.time(), it.sequence);
    let first = samples.iter().min_by_key(order);
    let last = samples.iter().filter(|it| it.scaled.is_some()).max_by_key(order);
    vec![
        json!(samples.len()),
        json!(samples.iter().map(|it| it.person).collect::<BTreeSet<_>>().len()),
        json!(succeeded.len()),
        number((!seconds.is_empty()).then(|| seconds.iter().sum())),
        number((!scaled.is_empty()).then(|| scaled.iter().sum::<f64>() / scaled.len() as f64)),
        number(scaled.iter().copied().reduce(f64::min)),
        number(scaled.iter().copied().reduce(f64::max)),
        number(percentile(&seconds, 0.5)),
        number(percentile(&seconds, 0.9)),
        json!(first.map(|it| it.verb_id())),
        number(last.and_then(|it| it.scaled).map(|it| f64::from(it) / 10.0)),
        share(yes, known),
        share(succeeded.len(), samples.len()),
    ]
}

fn percentile(values: &[f64], share: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = share * (sorted.len().checked_sub(1)?) as f64;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    Some(below + place.fract() * (above - below))
}
