//! Key figures (KPIs): which questions give one, about which period, and what is said of it.

use acta_ambient::Timestamp;
use acta_storage::directory::{QuestionKind, SavedQuestion};
use serde::Serialize;
use serde_json::{Number, Value, json};
use utoipa::ToSchema;

use super::number::difference;
use super::tile::{Direction, Kpi};

/// A day, in microseconds.
const DAY_MICROS: i64 = 24 * 60 * 60 * 1_000_000;

/// Why a question gives no number for a KPI, as far as that shows without asking it.
pub(super) fn unfit(kpi: &Kpi, question: &SavedQuestion) -> Option<&'static str> {
    let asked: Value = serde_json::from_str(&question.question).unwrap_or_default();
    let has_dimensions = asked["dimensions"].as_array().is_some_and(|all| !all.is_empty());
    match question.kind {
        QuestionKind::Query if has_dimensions => {
            Some("expected a question without dimensions, which has one row")
        }
        QuestionKind::Sql if kpi.days.is_some() => {
            Some("expected a question of the kind `query`, since the KPI has `days`")
        }
        QuestionKind::Query | QuestionKind::Sql => None,
        QuestionKind::Analysis | QuestionKind::Dashboard => {
            Some("expected a question of the kind `query` or `sql`, which gives a number")
        }
    }
}

/// A period of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = KpiPeriod)]
pub(super) struct Period {
    /// When it begins.
    #[schema(format = DateTime, example = "2026-03-01T09:30:00.000000Z")]
    from: String,
    /// When it ends: the facts before this time count.
    #[schema(format = DateTime, example = "2026-03-31T09:30:00.000000Z")]
    to: String,
}

impl Period {
    /// So many days until `now`, and as many before them.
    pub(super) fn pair(now: Timestamp, days: u32) -> (Self, Self) {
        let before = |count: i64| {
            let micros = now.unix_micros().saturating_sub(i64::from(days) * count * DAY_MICROS);
            Timestamp::from_unix_micros(micros).to_string()
        };
        let (end, middle, start) = (now.to_string(), before(1), before(2));
        (Self { from: middle.clone(), to: end }, Self { from: start, to: middle })
    }

    /// A question of the kind `query` about the facts of this period alone.
    pub(super) fn cut(&self, question: &str) -> String {
        let mut question: Value = serde_json::from_str(question).unwrap_or_default();
        let within = json!({ "field": "timestamp", "from": self.from, "to": self.to });
        let condition = question["where"].take();
        let both = if condition.is_null() { within } else { json!({ "and": [condition, within] }) };
        question["where"] = both;
        question.to_string()
    }
}

/// What a KPI is at the moment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = KpiAnswer)]
pub(super) struct KpiAnswer {
    /// The number; null if the question has no value, or it is withheld.
    #[schema(value_type = Option<f64>, required, example = 812)]
    value: Option<Number>,
    /// What is aimed at; null if that is not said.
    #[schema(value_type = Option<f64>, required, example = 1000)]
    target: Option<Number>,
    /// Which values are better.
    direction: Direction,
    /// Whether the target is met; null without a target or a number.
    #[schema(required)]
    met: Option<bool>,
    /// What the number counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
    /// Who answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    /// The period, if the KPI has `days`.
    #[serde(skip_serializing_if = "Option::is_none")]
    period: Option<Period>,
    /// The period before, if the KPI is compared with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<Before>,
    /// Whether something is withheld, since it is about too few learners.
    is_withheld: bool,
    /// Whether facts are being made, so that statements are missing that were stored long ago.
    is_rebuilding: bool,
}

/// The period before, and the change since.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = KpiBefore)]
struct Before {
    /// The period.
    period: Period,
    /// Its number; null if the question has no value, or it is withheld.
    #[schema(value_type = Option<f64>, required, example = 790)]
    value: Option<Number>,
    /// The number less that of the period before; null unless both are known.
    #[schema(value_type = Option<f64>, required, example = 22)]
    change: Option<Number>,
}

/// The number of a question.
#[derive(Debug, Default)]
pub(super) struct Figure {
    pub(super) value: Option<Number>,
    pub(super) is_withheld: bool,
    pub(super) is_rebuilding: bool,
}

impl KpiAnswer {
    /// What a KPI is with this number.
    pub(super) fn of(kpi: &Kpi, figure: Figure, period: Option<Period>) -> Self {
        let Figure { value, is_withheld, is_rebuilding } = figure;
        let numbers = value.as_ref().and_then(Number::as_f64);
        let numbers = numbers.zip(kpi.target.as_ref().and_then(Number::as_f64));
        let met = numbers.map(|(value, target)| match kpi.direction {
            Direction::Up => target <= value,
            Direction::Down => value <= target,
        });
        Self {
            value,
            target: kpi.target.clone(),
            direction: kpi.direction,
            met,
            unit: kpi.unit.clone(),
            owner: kpi.owner.clone(),
            period,
            before: None,
            is_withheld,
            is_rebuilding,
        }
    }

    /// The same compared with the number of the period before.
    pub(super) fn compared(self, figure: Figure, period: Period) -> Self {
        let Figure { value, is_withheld, is_rebuilding } = figure;
        let both = self.value.as_ref().zip(value.as_ref());
        let change = both.and_then(|(now, before)| difference(now, before));
        Self {
            before: Some(Before { period, value, change }),
            is_withheld: self.is_withheld || is_withheld,
            is_rebuilding: self.is_rebuilding || is_rebuilding,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kpi(value: &Value) -> Kpi {
        serde_json::from_value(value.clone()).unwrap()
    }

    fn figure(value: &Value) -> Figure {
        Figure { value: value.as_number().cloned(), ..Figure::default() }
    }

    #[test]
    fn a_target_is_met_by_what_is_not_worse() {
        let table = [
            (json!({"target": 10}), json!(10), json!(true)),
            (json!({"target": 10}), json!(9.5), json!(false)),
            (json!({"target": 10, "direction": "down"}), json!(10), json!(true)),
            (json!({"target": 10, "direction": "down"}), json!(11), json!(false)),
            (json!({"target": 10}), Value::Null, Value::Null),
            (json!({}), json!(10), Value::Null),
        ];
        for (wanted, value, met) in table {
            let answer = KpiAnswer::of(&kpi(&wanted), figure(&value), None);
            assert_eq!(json!(answer)["met"], met, "{wanted} {value}");
        }
    }

    #[test]
    fn a_period_is_followed_by_one_as_long() {
        let now: Timestamp = Timestamp::from_unix_micros(1_772_323_200_000_000);
        let (period, before) = Period::pair(now, 7);
        assert_eq!(before.to, period.from);
        assert_eq!(period.from, "2026-02-22T00:00:00.000000Z");
        assert_eq!(before.from, "2026-02-15T00:00:00.000000Z");
        let compared = KpiAnswer::of(&kpi(&json!({})), figure(&json!(5)), Some(period))
            .compared(figure(&json!(8)), before);
        assert_eq!(json!(compared)["before"]["change"], -3);
    }

    #[test]
    fn a_question_is_cut_to_a_period_within_its_condition() {
        let (period, _) = Period::pair(Timestamp::from_unix_micros(1_772_323_200_000_000), 7);
        let within = json!({"field": "timestamp", "from": period.from, "to": period.to});
        let read = |text: &str| -> Value { serde_json::from_str(text).unwrap() };
        let all = read(&period.cut(r#"{"measures":[]}"#));
        assert_eq!(all, json!({"measures": [], "where": within}));
        let some = read(&period.cut(r#"{"measures":[],"where":{"field":"verb","is":"v"}}"#));
        let condition = json!({"field": "verb", "is": "v"});
        assert_eq!(some["where"], json!({"and": [condition, within]}));
    }
}
