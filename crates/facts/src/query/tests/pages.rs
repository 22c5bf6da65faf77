//! Pages are the statements in the order of the log, whatever arrives between them.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;

use super::*;
use crate::query::PAGE_ROWS_MAX;

/// What is asked of samples.
#[derive(Clone, Debug)]
struct Listing {
    condition: Option<Json>,
    reach: Option<Json>,
    order: PageOrder,
    limit: usize,
    with_voided: bool,
}

impl Listing {
    fn any() -> impl Strategy<Value = Self> {
        let conditions = (prop::option::of(any_condition()), prop::option::of(any_condition()));
        let order = prop_oneof![Just(PageOrder::Newest), Just(PageOrder::Oldest)];
        (conditions, order, 1..12_usize, any::<bool>()).prop_map(
            |((condition, reach), order, limit, with_voided)| Self {
                condition,
                reach,
                order,
                limit,
                with_voided,
            },
        )
    }

    fn ask(&self, facts: &TenantFacts, after: Option<u64>) -> FactPage {
        let read = |condition: &Json| serde_json::from_value(condition.clone()).unwrap();
        let fields = ["verb", "success"].map(str::to_owned).to_vec();
        let filter: Option<ConditionRequest> = self.condition.as_ref().map(read);
        let question = PageQuestion {
            rows: RowsQuestion { fields, filter, zone: None },
            order: self.order,
            after,
            limit: self.limit,
            with_voided: self.with_voided,
        };
        let reach: Option<ConditionRequest> = self.reach.as_ref().map(read);
        let asked = Asked { reach: reach.as_ref(), ..asked(NOW) };
        page(facts, &question, &Arc::default(), asked).unwrap()
    }

    /// The samples that are on pages, in their order, and whether each is voided.
    fn naive<'s>(&self, samples: &'s [Sample], after: Option<u64>) -> Vec<(&'s Sample, bool)> {
        let voided: BTreeSet<u64> = samples.iter().filter_map(|sample| sample.voids).collect();
        let holds = |condition: &Option<Json>, sample: &Sample| {
            condition.as_ref().is_none_or(|it| sample.satisfies(it, &TimeZone::UTC))
        };
        let follows = |sequence: u64| match (self.order, after) {
            (_, None) => true,
            (PageOrder::Newest, Some(after)) => sequence < after,
            (PageOrder::Oldest, Some(after)) => after < sequence,
        };
        let mut found: Vec<(&Sample, bool)> = samples
            .iter()
            .map(|sample| (sample, voided.contains(&sample.sequence)))
            .filter(|(sample, is_voided)| {
                (self.with_voided || !is_voided)
                    && holds(&self.condition, sample)
                    && holds(&self.reach, sample)
                    && follows(sample.sequence)
            })
            .collect();
        if self.order == PageOrder::Newest {
            found.reverse();
        }
        found
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn pages_have_every_statement_once_while_others_arrive(
        samples in prop::collection::vec(Sample::any(), 0..120),
        share in 0..=100_usize,
        listing in Listing::any(),
    ) {
        let samples = naive::numbered(samples);
        let begun = samples.len() * share / 100;
        let folder = tempfile::tempdir().unwrap();
        let facts = TenantFacts::open(folder.path(), "").unwrap();
        for (number, part) in samples[..begun].chunks(7).enumerate() {
            facts.add(&addition_of(part, &samples)).unwrap();
            if number % 3 == 1 {
                facts.flush().unwrap();
            }
        }
        let (mut stored, mut after, mut seen) = (begun, None, Vec::new());
        loop {
            let found = listing.ask(&facts, after);
            let expected = listing.naive(&samples[..stored], after);
            let shown = &expected[..expected.len().min(listing.limit)];
            let rows: Vec<Json> =
                shown.iter().map(|(it, _)| json!([it.verb_id(), it.success])).collect();
            prop_assert_eq!(naive::rows_as_texts(&found.rows), rows, "{:?}", listing);
            let sequences: Vec<u64> = shown.iter().map(|(it, _)| it.sequence).collect();
            prop_assert_eq!(&found.sequences, &sequences);
            let voided: Vec<bool> = shown.iter().map(|(_, is_voided)| *is_voided).collect();
            prop_assert_eq!(&found.voided, &voided);
            prop_assert_eq!(found.has_more, listing.limit < expected.len());
            prop_assert_eq!(found.rows.sequence, stored as u64);
            seen.extend(found.sequences);
            if !found.has_more {
                break;
            }
            after = seen.last().copied();
            let until = samples.len().min(stored + 5);
            facts.add(&addition_of(&samples[stored..until], &samples)).unwrap();
            stored = until;
        }
        let distinct: BTreeSet<u64> = seen.iter().copied().collect();
        prop_assert_eq!(distinct.len(), seen.len(), "none comes twice");
        let at_the_end: BTreeSet<u64> =
            listing.naive(&samples, None).iter().map(|(it, _)| it.sequence).collect();
        for (sample, _) in listing.naive(&samples[..begun], None) {
            let is_left = !at_the_end.contains(&sample.sequence);
            prop_assert!(is_left || distinct.contains(&sample.sequence), "{}", sample.sequence);
        }
    }
}

#[track_caller]
fn check_refused(limit: usize, condition: Option<Json>, place: &str, text: &str) {
    let folder = tempfile::tempdir().unwrap();
    let facts = ten(folder.path());
    let filter = condition.map(|condition| serde_json::from_value(condition).unwrap());
    let rows = RowsQuestion { filter, ..RowsQuestion::default() };
    let question = PageQuestion { rows, limit, ..PageQuestion::default() };
    let error = page(&facts, &question, &Arc::default(), asked(NOW)).unwrap_err();
    let QueryError::Fault(fault) = error else { panic!("{error}") };
    assert_eq!(fault.place, place);
    assert!(fault.text.starts_with(text), "{}", fault.text);
}

#[test]
fn pages_and_conditions_are_bounded() {
    check_refused(0, None, "/limit", "expected a number from 1 to 200");
    check_refused(PAGE_ROWS_MAX + 1, None, "/limit", "expected a number from 1 to 200");
    let success = json!({"field": "success", "is": true});
    let many = json!({"or": vec![success.clone(); 500]});
    check_refused(1, Some(many), "/where/or/499", "at most 500 conditions");
    let deep = (0..17).fold(success, |inner, _| json!({"not": inner}));
    check_refused(1, Some(deep), &format!("/where{}", "/not".repeat(17)), "at most 500 conditions");
    let texts = json!({"and": vec![json!({"field": "verb", "contains": "x"}); 11]});
    check_refused(1, Some(texts), "/where/and/10/contains", "at most 10 conditions");
    let whole = json!({"field": "sequence", "is": 1.5});
    check_refused(1, Some(whole), "/where/is", "expected a whole number");
    let named = json!({"field": "sequence", "contains": "1"});
    check_refused(1, Some(named), "/where/contains", "\"contains\" tests texts");
}

#[test]
fn a_page_stops_when_nobody_waits_and_takes_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    let facts = ten(folder.path());
    let question = PageQuestion { limit: 3, ..PageQuestion::default() };
    let ask = |asked| page(&facts, &question, &Arc::default(), asked);
    let stopped = ask(Asked { stop: &|| true, ..asked(NOW) });
    assert!(matches!(stopped, Err(QueryError::Stopped)), "{stopped:?}");
    let limits = QueryLimits { memory_bytes: 8, threads: 1 };
    let refused = ask(Asked { limits, ..asked(NOW) });
    assert!(matches!(refused, Err(QueryError::TooLarge(8))), "{refused:?}");
    assert_eq!(ask(asked(NOW)).unwrap().sequences, [10, 9, 8]);
}

#[test]
fn the_number_of_a_statement_is_no_dimension_and_no_measure() {
    let count = json!([{"measure": "count"}]);
    let dimension = json!({"measures": count, "dimensions": ["sequence"]});
    check_fault(dimension, "/dimensions/0/field", "the number is only tested");
    let measure = json!({"measures": [{"measure": "max", "of": "sequence"}]});
    check_fault(measure, "/measures/0/of", "expected a field of numbers");
}
