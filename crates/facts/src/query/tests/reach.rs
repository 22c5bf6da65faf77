//! What is out of reach of who asks does not exist for a question.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;

use super::*;

/// The samples for which a condition holds, without those that are voided.
fn within(samples: &[Sample], reach: &Json) -> Vec<Sample> {
    let voided: BTreeSet<u64> = samples.iter().filter_map(|sample| sample.voids).collect();
    let is_within = |sample: &&Sample| {
        !voided.contains(&sample.sequence) && sample.satisfies(reach, &TimeZone::UTC)
    };
    let within = samples.iter().filter(is_within);
    within.map(|sample| Sample { voids: None, ..sample.clone() }).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn answers_are_those_of_the_facts_in_reach_alone(
        samples in prop::collection::vec(Sample::any(), 0..120),
        reach in any_condition(),
        condition in prop::option::of(any_condition()),
        dimensions in any_dimensions(),
        zone in prop_oneof![Just("UTC"), Just("Europe/Zurich"), Just("Pacific/Kiritimati")],
    ) {
        let samples = naive::numbered(samples);
        let folder = tempfile::tempdir().unwrap();
        let facts = facts_of(&samples, folder.path());
        let mut question = json!({"measures": measures(), "dimensions": dimensions, "zone": zone,
            "totals": true, "limit": 100_000});
        if let Some(condition) = &condition {
            question["where"] = condition.clone();
        }
        let request: ConditionRequest = serde_json::from_value(reach.clone()).unwrap();
        let asked = Asked { reach: Some(&request), ..asked(NOW) };
        let asked_for: Question = serde_json::from_value(question.clone()).unwrap();
        let found = answer(&facts, &asked_for, &Arc::default(), asked).unwrap();
        let within = within(&samples, &reach);
        let expected = naive::answer(&within, &question);
        prop_assert_eq!(
            by_dimensions(&found.rows, dimensions.len()),
            by_dimensions(&expected, dimensions.len()),
            "{} within {}", question, reach
        );
        question["dimensions"] = json!([]);
        let whole = naive::answer(&within, &question);
        prop_assert_eq!(by_dimensions(&[found.totals.unwrap()], 0), by_dimensions(&whole, 0));
    }

    #[test]
    fn rows_are_those_of_the_facts_in_reach_alone(
        samples in prop::collection::vec(Sample::any(), 0..60),
        reach in any_condition(),
    ) {
        let samples = naive::numbered(samples);
        let folder = tempfile::tempdir().unwrap();
        let facts = facts_of(&samples, folder.path());
        let fields = ["verb", "success", "score.scaled", "timestamp", "parent", "stored"];
        let question = RowsQuestion {
            fields: fields.map(str::to_owned).to_vec(),
            filter: serde_json::from_value(json!({"field": "success", "exists": true})).unwrap(),
            zone: Some("Pacific/Kiritimati".to_owned()),
        };
        let request: ConditionRequest = serde_json::from_value(reach.clone()).unwrap();
        let asked = Asked { reach: Some(&request), ..asked(NOW) };
        let found = rows(&facts, &question, &Arc::default(), asked).unwrap();
        let expected = naive::judged(&within(&samples, &reach));
        prop_assert_eq!(naive::rows_as_texts(&found), expected, "{}", reach);
    }
}
