//! Item statistics agree with an independent computation in Python, to 1e-9.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test says that it failed by panicking, and where"
)]

use std::io::Write;
use std::process::{Command, Stdio};

use acta_analyses::{Item, ItemStatistics, ScoreRange, Test, TestStatistics};
use serde_json::{Value, json};

/// How far figures may differ, in percent of themselves or, if they are small, in percent points.
const TOLERANCE: f64 = 1e-9;

/// The scores of an item, and their range.
struct Scores {
    range: ScoreRange,
    scores: Vec<Option<f64>>,
}

/// Numbers that look random, from a seed.
struct Random(u64);

impl Random {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let mixed = (self.0 ^ (self.0 >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 33;
        f64::from(u32::try_from(mixed).unwrap()) / f64::from(1_u32 << 31)
    }

    /// About normal, with mean 0 and deviation 1.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

/// A test by the two-parameter logistic model: known abilities, difficulties and discriminations,
/// with some answers omitted, and partial scores on every third item.
fn simulated(seed: u64, items: usize, learners: usize) -> Vec<Scores> {
    let mut random = Random(seed);
    let abilities: Vec<f64> = (0..learners).map(|_| random.normal()).collect();
    let item = |index: usize| {
        let (difficulty, slope) = (random.normal(), 0.3 + 2.0 * random.unit());
        let max = if index % 3 == 2 { 4.0 } else { 1.0 };
        let min = if index % 5 == 4 { -0.25 } else { 0.0 };
        let scores = abilities.iter().map(|ability| {
            let probability = 1.0 / (1.0 + (-slope * (ability - difficulty)).exp());
            let is_omitted = random.unit() < 0.05;
            let is_right = random.unit() < probability;
            let part = if max > 1.0 { (random.unit() * 4.0).ceil() / 4.0 } else { 1.0 };
            (!is_omitted).then_some(if is_right { max * part } else { min })
        });
        Scores { range: ScoreRange { min, max }, scores: scores.collect() }
    };
    (0..items).map(item).collect()
}

/// The same score for everybody on each item.
fn constant(items: usize, learners: usize, score: Option<f64>) -> Vec<Scores> {
    let item = |_| Scores { range: ScoreRange::UNIT, scores: vec![score; learners] };
    (0..items).map(item).collect()
}

fn computed(test: &[Scores]) -> TestStatistics {
    let mut table = Test::new(test[0].scores.len());
    for item in test {
        table.add(Item::new(item.range, item.scores.iter().copied())).unwrap();
    }
    table.statistics()
}

fn to_json(test: &[Scores]) -> Value {
    let items = test
        .iter()
        .map(|item| json!({"min": item.range.min, "max": item.range.max, "scores": item.scores}));
    json!({"items": items.collect::<Vec<_>>()})
}

/// What Python computes of the tests.
fn independent(tests: &[Vec<Scores>]) -> Vec<Value> {
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/item_statistics.py");
    let mut python = Command::new("python3")
        .arg(program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python 3 is installed");
    let input = json!({"tests": tests.iter().map(|test| to_json(test)).collect::<Vec<_>>()});
    let mut pipe = python.stdin.take().unwrap();
    pipe.write_all(input.to_string().as_bytes()).unwrap();
    drop(pipe);
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success());
    let mut answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    serde_json::from_value(answer["tests"].take()).unwrap()
}

#[track_caller]
fn same(name: &str, found: Option<f64>, expected: &Value) {
    let expected = expected.get(name).unwrap_or_else(|| panic!("Python computes no {name}"));
    match (found, expected.as_f64()) {
        (None, None) => {}
        (Some(found), Some(expected)) => {
            let most = TOLERANCE * expected.abs().max(1.0);
            assert!((found - expected).abs() <= most, "{name}: {found}, in Python {expected}");
        }
        (found, expected) => panic!("{name}: {found:?}, in Python {expected:?}"),
    }
}

#[track_caller]
fn check_item(item: &ItemStatistics, expected: &Value) {
    same("facility", item.facility, expected);
    same("facility_of_answers", item.facility_of_answers, expected);
    same("standard_deviation", item.standard_deviation, expected);
    same("intended_weight", item.intended_weight, expected);
    same("effective_weight", item.effective_weight, expected);
    same("discrimination_index", item.discrimination_index, expected);
    same("discriminative_efficiency", item.discriminative_efficiency, expected);
}

#[track_caller]
fn check(tests: &[Vec<Scores>]) {
    for (index, (test, expected)) in tests.iter().zip(independent(tests)).enumerate() {
        let found = computed(test);
        let size = (index, test.len(), found.learner_count);
        println!("test {size:?}");
        same("mean", found.mean, &expected);
        same("median", found.median, &expected);
        same("standard_deviation", found.standard_deviation, &expected);
        same("skewness", found.skewness, &expected);
        same("kurtosis", found.kurtosis, &expected);
        same("internal_consistency", found.internal_consistency, &expected);
        same("error_ratio", found.error_ratio, &expected);
        same("standard_error", found.standard_error, &expected);
        let items = expected["items"].as_array().unwrap();
        assert_eq!(found.items.len(), items.len());
        found.items.iter().zip(items).for_each(|(item, expected)| check_item(item, expected));
    }
}

#[test]
fn statistics_of_small_tests_agree_with_exact_fractions() {
    let sizes = [(10, 3), (10, 4), (25, 10), (10, 49), (50, 100), (200, 60), (15, 1_000)];
    let tests = sizes.iter().zip(1..);
    let tests: Vec<_> =
        tests.map(|((items, learners), seed)| simulated(seed, *items, *learners)).collect();
    check(&tests);
}

#[test]
fn statistics_of_large_tests_agree_with_sums_that_are_rounded_once() {
    check(&[simulated(11, 10, 50_000), simulated(12, 200, 1_500), simulated(13, 60, 5_000)]);
}

#[test]
fn statistics_of_degenerate_tests_agree() {
    let mut one_differs = constant(4, 20, Some(1.0));
    one_differs[2].scores[7] = Some(0.0);
    let mut tenths = constant(10, 30, Some(0.1));
    for (index, item) in tenths.iter_mut().enumerate() {
        // Every learner has the same sum of tenths, added in another order.
        item.scores.iter_mut().enumerate().for_each(|(learner, score)| {
            *score = Some(if (learner + index) % 10 < 3 { 0.7 } else { 0.1 });
        });
    }
    let opposite = vec![
        Scores { range: ScoreRange::UNIT, scores: vec![Some(1.0), Some(0.0), Some(1.0), None] },
        Scores { range: ScoreRange::UNIT, scores: vec![Some(0.0), Some(1.0), None, Some(1.0)] },
    ];
    check(&[
        simulated(21, 10, 1),
        simulated(22, 10, 2),
        simulated(23, 1, 100),
        simulated(24, 2, 3),
        constant(10, 30, Some(1.0)),
        constant(10, 30, Some(0.0)),
        constant(10, 30, None),
        constant(1, 1, Some(1.0)),
        one_differs,
        tenths,
        opposite,
    ]);
}
