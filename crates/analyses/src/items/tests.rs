use super::*;

/// A test with scores from 0 to 1: one text for each item, one character for each learner, `-`
/// for no answer.
fn test_of(items: &[&str]) -> Test {
    let mut test = Test::new(items.first().map_or(0, |item| item.len()));
    for item in items {
        let scores = item.chars().map(|it| it.to_digit(10).map(f64::from));
        test.add(Item::new(ScoreRange::UNIT, scores)).unwrap();
    }
    test
}

#[track_caller]
fn near(found: Option<f64>, expected: f64) {
    let found = found.unwrap();
    assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
}

#[test]
fn figures_of_a_small_test_agree_with_a_computation_by_hand() {
    let found = test_of(&["1110", "1100", "1000"]).statistics();
    // T is 3, 2, 1, 0.
    near(found.mean, 50.0);
    near(found.median, 50.0);
    near(found.standard_deviation, 100.0 * (5.0_f64 / 3.0).sqrt() / 3.0);
    near(found.skewness, 0.0);
    near(found.kurtosis, -1.2);
    // V(x) is 1/4, 1/3, 1/4, V(T) is 5/3.
    near(found.internal_consistency, 75.0);
    near(found.error_ratio, 50.0);
    near(found.standard_error, 100.0 * (5.0_f64 / 3.0).sqrt() / 6.0);
    let first = &found.items[0];
    near(first.facility, 75.0);
    near(first.standard_deviation, 50.0);
    near(first.intended_weight, 100.0 / 3.0);
    // R is 2, 1, 0, 0: C(x, R) = 1/4, V(R) = 11/12.
    near(first.discrimination_index, 100.0 * 0.25 / (0.25_f64 * 11.0 / 12.0).sqrt());
    near(first.discriminative_efficiency, 100.0);
    // C(x, T) is 1/2, 2/3, 1/2.
    let (half, more) = (0.5_f64.sqrt(), (2.0_f64 / 3.0).sqrt());
    near(first.effective_weight, 100.0 * half / (2.0 * half + more));
}

#[test]
fn figures_that_are_not_defined_have_no_value() {
    let nobody = test_of(&[]).statistics();
    assert_eq!((nobody.mean, nobody.median, nobody.standard_deviation), (None, None, None));
    let one = test_of(&["1", "0"]).statistics();
    assert_eq!((one.mean, one.standard_deviation), (Some(50.0), None));
    let two = test_of(&["10", "10"]).statistics();
    assert_eq!((two.skewness, two.kurtosis), (None, None));
    let three = test_of(&["110", "100"]).statistics();
    assert_eq!((three.skewness, three.kurtosis), (Some(0.0), None));
    let all_right = test_of(&["1111", "1111"]).statistics();
    assert_eq!((all_right.mean, all_right.standard_deviation), (Some(100.0), Some(0.0)));
    assert_eq!((all_right.internal_consistency, all_right.error_ratio), (None, None));
    let item = &all_right.items[0];
    assert_eq!((item.discrimination_index, item.discriminative_efficiency), (None, None));
    assert_eq!((item.facility, item.effective_weight), (Some(100.0), None));
    let single = test_of(&["1100"]).statistics();
    assert_eq!((single.internal_consistency, single.items[0].discrimination_index), (None, None));
    near(single.items[0].effective_weight, 100.0);
}

#[test]
fn equal_scores_that_differ_by_rounding_have_no_deviation() {
    // Thirds add up to one in different ways.
    let third = 1.0 / 3.0;
    let columns = [[0.0, third, 1.0], [1.0 - third, third, 0.0], [third, third, 0.0]];
    let mut test = Test::new(3);
    for column in columns {
        test.add(Item::new(ScoreRange::UNIT, column.map(Some))).unwrap();
    }
    let found = test.statistics();
    assert_eq!((found.internal_consistency, found.skewness), (None, None));
    // All the others together are known from the item alone.
    near(found.items[0].discrimination_index, -100.0);
}

#[test]
fn a_learner_without_an_answer_was_not_right() {
    let found = test_of(&["1-1-", "1100"]).statistics();
    let item = &found.items[0];
    assert_eq!((item.answer_count, item.facility), (2, Some(50.0)));
    assert_eq!(item.facility_of_answers, Some(100.0));
}

#[test]
fn an_item_needs_one_score_for_each_learner() {
    let item = Item::new(ScoreRange::UNIT, [Some(1.0)]);
    assert_eq!(Test::new(2).add(item), Err(Mismatch { scores: 1, learners: 2 }));
}

#[test]
fn an_item_that_falls_while_the_others_rise_has_no_effective_weight() {
    let found = test_of(&["0011", "1100", "1100"]).statistics();
    assert_eq!(found.items[0].effective_weight, Some(0.0));
    near(found.items[0].discrimination_index, -100.0);
    near(found.items[1].effective_weight, 50.0);
}

/// A test of 60 learners: two items that agree with each other, and one with three options.
fn with_options(chosen: impl Fn(usize) -> usize, key: usize) -> ItemStatistics {
    let mut test = Test::new(60);
    for _ in 0..2 {
        let scores = (0..60).map(|learner| Some(f64::from(u8::from(learner >= 30))));
        test.add(Item::new(ScoreRange::UNIT, scores)).unwrap();
    }
    let scores = (0..60).map(|learner| Some(f64::from(u8::from(chosen(learner) == key))));
    let choices = Choices {
        keys: (0..3).map(|option| option == key).collect(),
        chosen: (0..60).map(|it| (it, u32::try_from(chosen(it as usize)).unwrap())).collect(),
        chooser_count: 60,
    };
    test.add(Item::new(ScoreRange::UNIT, scores).with_choices(choices)).unwrap();
    test.statistics().items.pop().unwrap()
}

#[test]
fn options_are_counted_by_thirds_with_the_rest_score_of_those_who_chose_them() {
    let item = with_options(|learner| usize::from(learner < 30), 0);
    let [key, wrong, unused] = &item.distractors[..] else { panic!("{item:?}") };
    assert_eq!((key.is_key, key.count, key.share), (true, 30, Some(50.0)));
    assert_eq!((key.mean_rest_score, wrong.mean_rest_score), (Some(100.0), Some(0.0)));
    assert_eq!((key.thirds, wrong.thirds), ([0, 0, 30], [30, 0, 0]));
    assert_eq!((unused.count, unused.mean_rest_score), (0, None));
    assert_eq!(item.flags, [ItemFlag::NeverChosen]);
}

#[test]
fn a_wrong_option_that_the_best_choose_is_flagged() {
    let item = with_options(|learner| usize::from(learner >= 30), 0);
    assert_eq!(item.flags, [ItemFlag::KeyMayBeWrong, ItemFlag::NeverChosen]);
}

#[test]
fn items_that_are_too_easy_or_do_not_discriminate_are_flagged() {
    let easy = with_options(|learner| usize::from(learner == 0), 0);
    assert!(easy.flags.contains(&ItemFlag::TooEasy), "{easy:?}");
    let weak = with_options(|learner| learner % 3, 0);
    assert_eq!(weak.flags, [ItemFlag::DoesNotDiscriminate]);
}

#[test]
fn figures_of_few_answers_are_called_so() {
    let of = |count: usize| Reliability::of(count);
    assert_eq!((of(9), of(10)), (Reliability::TooFew, Reliability::Unstable));
    assert_eq!((of(49), of(50)), (Reliability::Unstable, Reliability::Stable));
    assert_eq!(test_of(&["000000111"]).statistics().items[0].flags, []);
}

#[test]
fn shares_are_of_all_who_chose_anything() {
    let mut test = Test::new(10);
    let choices = Choices { keys: vec![false], chosen: vec![(0, 0), (1, 0)], chooser_count: 10 };
    test.add(Item::new(ScoreRange::UNIT, [None; 10]).with_choices(choices)).unwrap();
    assert_eq!(test.statistics().items[0].distractors[0].share, Some(20.0));
}

#[test]
fn later_answers_change_the_mean_of_answers_and_nothing_else() {
    let of = |later: &[f64]| {
        let mut test = test_of(&["1100", "1010"]);
        let item = Item::new(ScoreRange::UNIT, [1.0, 1.0, 0.0, 0.0].map(Some));
        test.add(item.with_later_scores(later.iter().copied())).unwrap();
        test.statistics()
    };
    let (without, with) = (of(&[]), of(&[1.0, f64::NAN, 1.0]));
    near(with.items[2].facility_of_answers, 100.0 * 4.0 / 6.0);
    let mut same = with.clone();
    same.items[2].facility_of_answers = without.items[2].facility_of_answers;
    assert_eq!(same, without);
}

#[test]
fn a_computation_ends_when_it_is_cancelled() {
    let test = test_of(&["1100", "1010"]);
    assert_eq!(test.statistics_unless(&|| true), None);
    assert_eq!(test.statistics_unless(&|| false), Some(test.statistics()));
}

#[test]
fn a_score_below_zero_moves_the_scale() {
    let mut test = Test::new(4);
    let range = ScoreRange { min: -0.5, max: 1.0 };
    test.add(Item::new(range, [1.0, 1.0, -0.5, -0.5].map(Some))).unwrap();
    let found = test.statistics();
    near(found.items[0].facility, 50.0);
    assert!(found.items[0].facility_interval.is_some());
    near(found.mean, 50.0);
}
