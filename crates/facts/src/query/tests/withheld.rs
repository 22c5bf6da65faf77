//! What is withheld cannot be computed from what is shown.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use jiff::tz::TimeZone;

use super::*;

/// What is known of one kind of facts: those of one row for which the same conditions hold.
type Atom = (String, [bool; 4]);

/// Whether facts count for which conditions hold.
type Counted = fn([bool; 4]) -> bool;

/// The measures, each with whether it counts facts for which conditions hold: that for `a`, that
/// for `b`, whether success is known, and whether it is yes.
const MEASURES: [(&str, Counted); 6] = [
    ("count", |_| true),
    ("a", |holds| holds[0]),
    ("b", |holds| holds[1]),
    ("both", |holds| holds[0] && holds[1]),
    ("known", |holds| holds[2]),
    ("yes", |holds| holds[3]),
];

/// The columns of [`question`], each with the measures that it tells of.
const COLUMNS: [&[usize]; 8] = [&[0], &[1], &[2], &[3], &[4], &[5], &[4, 5], &[1, 0]];

fn question(dimensions: &[Json], [a, b]: [&Json; 2]) -> Json {
    json!({
        "measures": [
            {"measure": "count"},
            {"measure": "count", "name": "a", "where": a},
            {"measure": "count", "name": "b", "where": b},
            {"measure": "count", "name": "both", "where": {"and": [a, b]}},
            {"measure": "count", "name": "known", "where": {"field": "success", "exists": true}},
            {"measure": "count", "name": "yes", "where": {"field": "success", "is": true}},
            {"measure": "rate", "of": "success"},
            {"measure": "formula", "formula": "a / count", "name": "share"},
        ],
        "dimensions": dimensions,
        "totals": true,
        "limit": 100_000,
    })
}

/// The numbers of facts of each kind, as unknowns.
struct Unknowns {
    places: BTreeMap<Atom, usize>,
    /// What is known of them: equations without their right sides, in echelon form.
    known: Vec<(usize, Vec<u64>)>,
}

/// Equations are solved modulo this prime: their coefficients are 0 and 1.
const PRIME: u64 = 2_147_483_647;

fn inverse(number: u64) -> u64 {
    let (mut result, mut base, mut exponent) = (1, number % PRIME, PRIME - 2);
    while exponent != 0 {
        if exponent % 2 == 1 {
            result = result * base % PRIME;
        }
        base = base * base % PRIME;
        exponent /= 2;
    }
    result
}

impl Unknowns {
    /// The sum of the kinds of facts that a measure counts, in a row or in all.
    fn sum(&self, row: Option<&str>, measure: usize) -> Vec<u64> {
        let mut sum = vec![0; self.places.len()];
        for ((of, holds), place) in &self.places {
            if row.is_none_or(|row| row == of) && MEASURES[measure].1(*holds) {
                sum[*place] = 1;
            }
        }
        sum
    }

    /// What is left of a sum when what is known is taken away.
    fn reduced(&self, mut sum: Vec<u64>) -> Vec<u64> {
        for (pivot, known) in &self.known {
            let factor = sum[*pivot];
            if factor != 0 {
                let terms = sum.iter_mut().zip(known);
                terms.for_each(|(term, known)| *term = (*term + (PRIME - factor) * known) % PRIME);
            }
        }
        sum
    }

    fn learn(&mut self, sum: Vec<u64>) {
        let mut left = self.reduced(sum);
        if let Some(pivot) = left.iter().position(|term| *term != 0) {
            let factor = inverse(left[pivot]);
            left = left.into_iter().map(|term| term * factor % PRIME).collect();
            self.known.push((pivot, left));
        }
    }

    /// Whether a sum, which is not empty, can be computed.
    fn can_compute(&self, sum: Vec<u64>) -> bool {
        sum.iter().any(|term| *term != 0) && self.reduced(sum).iter().all(|term| *term == 0)
    }
}

/// The samples that count, each with its kind.
fn atoms<'s>(samples: &'s [Sample], question: &Json) -> Vec<(Atom, &'s Sample)> {
    let voided: BTreeSet<u64> = samples.iter().filter_map(|sample| sample.voids).collect();
    let zone = TimeZone::UTC;
    let of = |index: usize| question["measures"][index]["where"].clone();
    let (a, b) = (of(1), of(2));
    let counting = samples.iter().filter(|sample| !voided.contains(&sample.sequence));
    let atom = |sample: &'s Sample| {
        let dimensions = question["dimensions"].as_array().unwrap().iter();
        let row = dimensions.map(|it| sample.values(it, &zone).remove(0)).collect::<Vec<_>>();
        let (a, b) = (sample.satisfies(&a, &zone), sample.satisfies(&b, &zone));
        let holds = [a, b, sample.success.is_some(), sample.success == Some(true)];
        ((Json::from(row).to_string(), holds), sample)
    };
    counting.map(atom).collect()
}

fn smallest_of(smallest: u32) -> TenantSettings {
    TenantSettings { smallest_group: NonZeroU32::new(smallest), ..TenantSettings::default() }
}

fn ask(facts: &TenantFacts, question: &Json, settings: &TenantSettings) -> Answer {
    let question: Question = serde_json::from_value(question.clone()).unwrap();
    answer(facts, &question, &Arc::default(), Asked { settings, ..asked(NOW) }).unwrap()
}

fn learners<'s>(samples: impl Iterator<Item = &'s Sample>) -> usize {
    samples.map(|sample| sample.person).collect::<BTreeSet<_>>().len()
}

/// A condition that looks at texts at most twice, since a question may only a few times.
fn any_short_condition() -> impl Strategy<Value = Json> {
    any_condition().prop_filter("looks at texts too often", |condition| {
        condition.to_string().matches("contains").count() <= 2
    })
}

fn any_plain_dimensions() -> impl Strategy<Value = Vec<Json>> {
    let all = vec![
        json!("verb"),
        json!("object"),
        json!("course"),
        json!("person"),
        json!({"field": "timestamp", "by": "month"}),
    ];
    prop::sample::subsequence(all, 0..3)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn what_is_withheld_cannot_be_computed_from_what_is_shown(
        samples in prop::collection::vec(Sample::any(), 0..160),
        dimensions in any_plain_dimensions(),
        a in any_short_condition(),
        b in any_short_condition(),
        smallest in 2..7_u32,
    ) {
        let samples = naive::numbered(samples);
        let folder = tempfile::tempdir().unwrap();
        let facts = facts_of(&samples, folder.path());
        let question = question(&dimensions, [&a, &b]);
        let atoms = atoms(&samples, &question);
        let whole = ask(&facts, &question, &TenantSettings::default());
        let shown = ask(&facts, &question, &smallest_of(smallest));
        let withheld = shown.withheld.clone().unwrap_or_else(|| Withheld {
            smallest_group: smallest,
            rows: false,
            cells: Vec::new(),
            totals: Vec::new(),
            fact_count: false,
        });
        prop_assert_eq!(whole.withheld, None);
        prop_assert_eq!(withheld.rows, shown.rows.len() < whole.rows.len());

        let keys: BTreeSet<&Atom> = atoms.iter().map(|(atom, _)| atom).collect();
        let places = keys.into_iter().cloned().zip(0..).collect();
        let mut unknowns = Unknowns { places, known: Vec::new() };
        let mut hidden: Vec<(Option<String>, usize)> = Vec::new();
        let mut tell = |unknowns: &mut Unknowns, row: Option<&str>, column: usize, is_shown: bool| {
            if is_shown {
                for measure in COLUMNS[column] {
                    unknowns.learn(unknowns.sum(row, *measure));
                }
            } else {
                hidden.push((row.map(str::to_owned), column));
            }
        };
        let count = dimensions.len();
        for row in &whole.rows {
            let key = Json::from(row[..count].to_vec()).to_string();
            let place = shown.rows.iter().position(|it| it[..count] == row[..count]);
            for column in 0..COLUMNS.len() {
                let is_shown = place
                    .is_some_and(|place| !withheld.cells.contains(&[place, count + column]));
                tell(&mut unknowns, Some(&key), column, is_shown);
                if is_shown {
                    // It is what it is without a smallest group, and of enough learners or none.
                    let cell = &shown.rows[place.unwrap()][count + column];
                    prop_assert_eq!(cell, &row[count + column]);
                    for measure in COLUMNS[column] {
                        let of = atoms.iter().filter(|((of, holds), _)| {
                            *of == key && MEASURES[*measure].1(*holds)
                        });
                        let learners = learners(of.map(|(_, sample)| *sample));
                        prop_assert!(learners == 0 || smallest as usize <= learners, "{}", key);
                    }
                } else if let Some(place) = place {
                    prop_assert_eq!(&shown.rows[place][count + column], &Json::Null);
                }
            }
        }
        for column in 0..COLUMNS.len() {
            let is_shown = !withheld.totals.contains(&column);
            tell(&mut unknowns, None, column, is_shown);
            let total = &shown.totals.as_ref().unwrap()[column];
            let expected = &whole.totals.as_ref().unwrap()[column];
            prop_assert_eq!(total, if is_shown { expected } else { &Json::Null });
        }
        prop_assert_eq!(shown.fact_count, if withheld.fact_count { 0 } else { whole.fact_count });
        if !withheld.fact_count {
            unknowns.learn(unknowns.sum(None, 0));
        }
        for (row, column) in hidden {
            let sums = COLUMNS[column].iter().map(|it| unknowns.sum(row.as_deref(), *it));
            let can_compute = sums.map(|sum| unknowns.can_compute(sum)).collect::<Vec<_>>();
            prop_assert!(can_compute.contains(&false), "{:?}, column {}", row, column);
        }
    }
}

/// Facts of persons on days: how many persons there are on each.
fn facts_of_days(days: &[u32], folder: &std::path::Path) -> TenantFacts {
    let of_day = |(day, count): (u32, &u32)| {
        (0..*count).map(move |person| Sample { day, person, ..Sample::default() })
    };
    facts_of(&naive::numbered((0..).zip(days).flat_map(of_day).collect()), folder)
}

fn by_day(measures: &Json) -> Json {
    json!({"measures": measures, "dimensions": [{"field": "timestamp", "by": "day"}],
        "totals": true})
}

fn cells(answer: &Answer) -> Vec<Vec<Json>> {
    answer.rows.iter().map(|row| row[1..].to_vec()).collect()
}

#[test]
fn a_row_alone_is_withheld_together_with_the_one_that_has_fewest_learners() {
    let folder = tempfile::tempdir().unwrap();
    let facts = facts_of_days(&[7, 2, 9, 5], folder.path());
    let found = ask(&facts, &by_day(&json!([{"measure": "count"}])), &smallest_of(5));
    assert_eq!(cells(&found), [[json!(7)], [json!(9)]]);
    let withheld = found.withheld.unwrap();
    assert!(withheld.rows && withheld.cells.is_empty() && !withheld.fact_count);
    assert_eq!((found.group_count, found.fact_count), (2, 23));
    assert_eq!(found.totals, Some(vec![json!(23)]));
    // All of them together are too few.
    let few = ask(&facts, &by_day(&json!([{"measure": "count"}])), &smallest_of(10));
    assert_eq!((few.rows.len(), few.fact_count, few.totals), (0, 0, Some(vec![Json::Null])));
    assert_eq!(few.withheld.map(|it| (it.rows, it.fact_count)), Some((true, true)));
}

#[test]
fn measures_along_periods_do_not_reveal_those_that_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let facts = facts_of_days(&[7, 9, 2, 6, 5, 8], folder.path());
    let measures = json!([{"measure": "count"},
        {"measure": "running_total", "of": "count", "name": "so far"},
        {"measure": "change", "of": "count", "name": "more"}]);
    let found = ask(&facts, &by_day(&measures), &smallest_of(5));
    let expected = [
        json!([7, 7, null]),
        json!([9, 16, 2]),
        json!([6, null, null]),
        // The fifth day is left out with the third.
        json!([8, null, null]),
    ];
    assert_eq!(cells(&found).into_iter().map(Json::from).collect::<Vec<_>>(), expected);
    let withheld = [[2, 2], [2, 3], [3, 2], [3, 3]];
    assert_eq!(found.withheld.unwrap().cells, withheld);
}

#[test]
fn figures_of_values_that_few_have_are_withheld() {
    let folder = tempfile::tempdir().unwrap();
    let samples = (0..8).map(|person| Sample {
        person,
        scaled: (person < 2).then_some(7),
        success: Some(person != 3),
        ..Sample::default()
    });
    let facts = facts_of(&naive::numbered(samples.collect()), folder.path());
    let question = json!({"measures": [
        {"measure": "mean", "of": "score.scaled"},
        {"measure": "rate", "of": "success"},
        {"measure": "distinct", "of": "person"},
        {"measure": "max", "of": "duration"},
    ]});
    let found = ask(&facts, &question, &smallest_of(3));
    assert_eq!(found.rows, [[Json::Null, Json::Null, json!(8), Json::Null]]);
    // Nobody has a duration, which is not withheld.
    assert_eq!(found.withheld.unwrap().cells, [[0, 0], [0, 1]]);
}
