//! The tiles of a dashboard, as they are sent, stored and shown.

use acta_http::problem::FaultView;
use acta_storage::directory::{QuestionId, SavedQuestion};
use serde::{Deserialize, Serialize};
use serde_json::Number;
use utoipa::ToSchema;

/// Most tiles of a dashboard.
pub(super) const TILES_MAX: usize = 24;

/// Longest title of a tile and owner of a KPI, in characters.
const TEXT_CHARS_MAX: usize = 200;

/// Longest unit of a KPI, in characters.
const UNIT_CHARS_MAX: usize = 40;

/// Longest period of a KPI, in days: about ten years.
const DAYS_MAX: u32 = 3_660;

/// A tile of a dashboard: a saved question, whose answer is shown as it is, or as one number if the
/// tile is a KPI.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DashboardTile)]
pub(super) struct Tile {
    /// The id of the saved question.
    #[schema(format = "uuid")]
    pub(super) question: String,
    /// The title; the name of the question if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 200, example = "Active learners")]
    pub(super) title: Option<String>,
    /// Makes the tile a KPI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) kpi: Option<Kpi>,
}

/// A key figure (KPI): the one number that a question of the kind `query` or `sql` gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DashboardKpi)]
pub(super) struct Kpi {
    /// The column of the answer that has the number; may be absent if there is only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 200, example = "learners")]
    pub(super) column: Option<String>,
    /// What is aimed at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>, example = 1000)]
    pub(super) target: Option<Number>,
    /// Which values are better.
    #[serde(default)]
    pub(super) direction: Direction,
    /// What the number counts, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 40, example = "learners")]
    pub(super) unit: Option<String>,
    /// Who answers for it, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 200, example = "Training department")]
    pub(super) owner: Option<String>,
    /// The length of the period in days of 24 hours: only facts whose `timestamp` is within the
    /// last so many count, of a question of the kind `query`. All count if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 3660, example = 30)]
    pub(super) days: Option<u32>,
    /// Whether the number is compared with that of the period before, which is as long. Needs
    /// `days`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) compare: bool,
}

/// Which values of a KPI are better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = KpiDirection)]
pub(super) enum Direction {
    /// Greater ones: the target is met by what is not less.
    #[default]
    Up,
    /// Smaller ones: the target is met by what is not greater.
    Down,
}

impl Tile {
    /// The id of its question.
    pub(super) fn question_id(&self) -> Option<QuestionId> {
        self.question.parse().ok()
    }

    /// What is wrong with it by itself, at a place.
    pub(super) fn faults(&self, place: &str) -> Vec<FaultView> {
        let title = fault_of(&format!("{place}/title"), self.title.as_deref(), TEXT_CHARS_MAX);
        let mut faults: Vec<FaultView> = title.into_iter().collect();
        let Some(kpi) = &self.kpi else { return faults };
        let texts = [
            ("column", &kpi.column, TEXT_CHARS_MAX),
            ("unit", &kpi.unit, UNIT_CHARS_MAX),
            ("owner", &kpi.owner, TEXT_CHARS_MAX),
        ];
        let texts = texts.into_iter().filter_map(|(name, text, most)| {
            fault_of(&format!("{place}/kpi/{name}"), text.as_deref(), most)
        });
        faults.extend(texts);
        if kpi.days.is_some_and(|days| !(1..=DAYS_MAX).contains(&days)) {
            let text = format!("expected a whole number from 1 to {DAYS_MAX}");
            faults.push(FaultView::at(&format!("{place}/kpi/days"), &text, ""));
        }
        if kpi.compare && kpi.days.is_none() {
            let text = "expected `days` too: without a period, there is none before";
            faults.push(FaultView::at(&format!("{place}/kpi/compare"), text, ""));
        }
        faults
    }
}

/// What is wrong with a text for people.
fn fault_of(place: &str, text: Option<&str>, most: usize) -> Option<FaultView> {
    let text = text?;
    let is_fit = text.trim() == text && !text.is_empty() && !text.contains(char::is_control);
    let expected = format!(
        "expected 1 to {most} characters without control characters and blanks at the ends"
    );
    let fault = || FaultView::at(place, &expected, text);
    (!is_fit || text.chars().nth(most).is_some()).then(fault)
}

/// The tiles in the form that is stored.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Tiles {
    pub(super) tiles: Vec<Tile>,
}

impl Tiles {
    /// Those of a dashboard.
    pub(super) fn of(dashboard: &SavedQuestion) -> Self {
        serde_json::from_str(&dashboard.question).unwrap_or_else(|error| {
            tracing::error!(%error, dashboard = %dashboard.id, "the tiles of a dashboard cannot \
                            be read");
            Self::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(tile: &serde_json::Value, expected: &[&str]) {
        let tile: Tile = serde_json::from_value(tile.clone()).unwrap();
        let faults = serde_json::to_value(tile.faults("/tiles/0")).unwrap();
        let places = faults.as_array().unwrap().iter().map(|fault| fault["pointer"].clone());
        assert_eq!(places.collect::<Vec<_>>(), expected, "{tile:?}");
        let written = serde_json::to_string(&tile).unwrap();
        assert_eq!(serde_json::from_str::<Tile>(&written).unwrap(), tile, "{written}");
    }

    #[test]
    fn a_tile_has_short_texts_and_a_period_to_be_compared() {
        let long = "x".repeat(TEXT_CHARS_MAX + 1);
        let table = [
            (json!({}), &[][..]),
            (json!({"title": "Active"}), &[]),
            (json!({"title": ""}), &["/tiles/0/title"]),
            (json!({"title": " x"}), &["/tiles/0/title"]),
            (json!({"title": "a\nb"}), &["/tiles/0/title"]),
            (json!({"title": long}), &["/tiles/0/title"]),
            (json!({"kpi": {}}), &[]),
            (json!({"kpi": {"target": 0.5, "direction": "down", "unit": "%"}}), &[]),
            (json!({"kpi": {"unit": "x".repeat(41)}}), &["/tiles/0/kpi/unit"]),
            (
                json!({"kpi": {"owner": "", "column": ""}}),
                &["/tiles/0/kpi/column", "/tiles/0/kpi/owner"],
            ),
            (json!({"kpi": {"days": 0}}), &["/tiles/0/kpi/days"]),
            (json!({"kpi": {"days": 3661}}), &["/tiles/0/kpi/days"]),
            (json!({"kpi": {"days": 3660, "compare": true}}), &[]),
            (json!({"kpi": {"compare": true}}), &["/tiles/0/kpi/compare"]),
        ];
        for (mut tile, expected) in table {
            tile["question"] = json!("8e03978e-40d5-43dd-bc93-6894a57f9324");
            check(&tile, expected);
        }
    }
}
