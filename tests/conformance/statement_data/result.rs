//! Results, scores and durations.

use acta_tests::tweak::{remove, set};
use serde_json::json;

use super::{accepts_at_both_levels, refuses_at_both_levels};

#[test]
fn refuses_a_success_or_completion_that_is_no_boolean() {
    for place in ["/result/success", "/result/completion"] {
        let values = [json!("true"), json!("false"), json!(1), json!({}), json!("yes")];
        refuses_at_both_levels(&values.map(|value| set(place, value)));
    }
}

#[test]
fn refuses_a_response_that_is_no_string() {
    let values = [json!(7), json!(true), json!({}), json!(["green"])];
    refuses_at_both_levels(&values.map(|value| set("/result/response", value)));
    accepts_at_both_levels(&[set("/result/response", "")]);
}

#[test]
fn refuses_a_score_that_is_no_object_of_numbers() {
    refuses_at_both_levels(&[
        set("/result/score", 7),
        set("/result/score", "7"),
        set("/result/score", json!([])),
        set("/result/score/raw", "5"),
        set("/result/score/min", json!({})),
        set("/result/score/max", true),
        set("/result/score/scaled", "0.5"),
        set("/result/score/percent", 50),
    ]);
}

#[test]
fn keeps_a_scaled_score_between_minus_one_and_one() {
    let inside = [json!(1), json!(-1), json!(1.0), json!(-1.0), json!(0), json!(0.999_999_9)];
    accepts_at_both_levels(&inside.map(|value| set("/result/score/scaled", value)));
    let outside = [json!(1.01), json!(-1.00001), json!(2), json!(-7), json!(1e300)];
    refuses_at_both_levels(&outside.map(|value| set("/result/score/scaled", value)));
}

#[test]
fn keeps_a_raw_score_between_min_and_max() {
    let score = |value| set("/result/score", value);
    accepts_at_both_levels(&[
        score(json!({"raw": 0, "min": 0, "max": 10})),
        score(json!({"raw": 10, "min": 0, "max": 10})),
        score(json!({"raw": 9.999, "min": -1.5, "max": 10})),
        score(json!({"raw": -1e9})),
        score(json!({"raw": 11, "min": 0})),
        score(json!({"raw": -11, "max": 0})),
    ]);
    refuses_at_both_levels(&[
        score(json!({"raw": 10.01, "min": 0, "max": 10})),
        score(json!({"raw": -0.01, "min": 0, "max": 10})),
        score(json!({"raw": 11, "max": 10})),
        score(json!({"raw": -1, "min": 0})),
    ]);
}

#[test]
fn refuses_a_min_above_max() {
    let score = |value| set("/result/score", value);
    refuses_at_both_levels(&[
        score(json!({"min": 10, "max": 0})),
        score(json!({"min": 0.2, "max": 0.1})),
        score(json!({"min": -1, "max": -2, "raw": -1})),
    ]);
    accepts_at_both_levels(&[
        score(json!({"min": 0.1, "max": 0.2})),
        score(json!({"min": -2, "max": -1})),
        score(json!({"min": 100})),
        score(json!({"max": -100})),
        remove("/result/score"),
    ]);
}

#[test]
fn takes_only_iso_8601_durations() {
    let valid = [
        "PT1H0M0.1S",
        "PT4H35M59.14S",
        "PT16559.14S",
        "P3Y1M29DT4H35M59.14S",
        "P3Y",
        "P4W",
        "PT0S",
        "P1D",
        "P1DT12H36M0.12567S",
        "PT1.5H",
        "P0D",
    ];
    accepts_at_both_levels(&valid.map(|text| set("/result/duration", text)));
    let invalid = [
        "should fail",
        "PA1H0M0S",
        "P4W1D",
        "P",
        "PT",
        "P1DT",
        "1H",
        "PT1H30",
        "PTS",
        "pt1h",
        "PT1S1M",
        "P1S",
        "P0001-01-01T00:00:00",
        "P00010101T000000",
        "PT1H ",
        "00:01:30",
    ];
    refuses_at_both_levels(&invalid.map(|text| set("/result/duration", text)));
    let values = [json!(12345), json!({"key": "value"}), json!(["P1D"])];
    refuses_at_both_levels(&values.map(|value| set("/result/duration", value)));
}
