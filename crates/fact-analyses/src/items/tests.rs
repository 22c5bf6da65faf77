use acta_facts::{Asked, FactRows, QueryLimits, RowColumn, TenantSettings};
use serde_json::{Value, json};

use super::*;
use crate::funnel::Steps;
use crate::items::answers::Answer;

/// An answer of a learner, with the place of the response.
fn answer(learner: u32, response: u32, credit: f64) -> Answer {
    let success = credit.is_finite().then_some(credit >= 1.0);
    Answer { learner, response, success, credit, duration: f64::NAN }
}

/// Answers to questions; the first of the responses is left out.
fn answers(questions: Vec<Vec<Answer>>, learner_count: usize, responses: &[String]) -> Answers {
    let question = |(number, answers): (usize, Vec<Answer>)| AnsweredQuestion {
        id: format!("http://q.example/{number}"),
        answers,
        ..AnsweredQuestion::default()
    };
    let questions = questions.into_iter().enumerate().map(question).collect();
    let responses = std::iter::once(String::new()).chain(responses.iter().cloned()).collect();
    Answers { questions, learner_count, responses, ..Answers::default() }
}

fn texts(count: u32) -> Vec<String> {
    (0..count).map(|number| format!("text {number}")).collect()
}

fn definition(kind: &str, choices: &[&str], patterns: Option<&[&str]>) -> String {
    let choices: Vec<Value> = choices.iter().map(|id| json!({ "id": id })).collect();
    let mut definition = json!({ "interactionType": kind, "choices": choices });
    if let Some(patterns) = patterns {
        definition["correctResponsesPattern"] = json!(patterns);
    }
    definition.to_string()
}

fn within<T>(
    memory_bytes: usize,
    stop: &(dyn Fn() -> bool + Sync),
    work: impl FnOnce(&mut Budget<'_>) -> Result<T, QueryError>,
) -> Result<T, QueryError> {
    let limits = QueryLimits { memory_bytes, threads: 1 };
    let settings = TenantSettings::default();
    work(&mut Budget::of(Asked { limits, now: 0, stop, settings: &settings, reach: None }))
}

fn known(definitions: &[String]) -> Vec<Option<String>> {
    definitions.iter().cloned().map(Some).collect()
}

/// The analysis as the API gives it.
fn analysed(answers: &Answers, definitions: &[String]) -> Value {
    let definitions = known(definitions);
    let found =
        within(1 << 30, &|| false, |budget| analyse(answers, &definitions, Attempts::All, budget));
    serde_json::to_value(found.unwrap()).unwrap()
}

#[test]
fn a_survey_of_few_learners_with_many_marks_shows_nothing() {
    let of = |learners: u32| {
        let marked = (0..learners).map(|learner| answer(learner, 1, f64::NAN)).collect();
        let answers = answers(vec![marked], learners as usize, &["a[,]b[,]c[,]d".to_owned()]);
        analysed(&answers, &[definition("choice", &["a", "b", "c", "d"], None)])
    };
    let few = &of(3)["questions"][0];
    assert_eq!((&few["reliability"], &few["options"]), (&json!("too_few"), &json!([])), "{few}");
    let enough = &of(10)["questions"][0];
    assert_eq!(enough["reliability"], "unstable");
    assert_eq!(
        (&enough["options"][0]["count"], &enough["options"][0]["share"]),
        (&json!(10), &json!(100.0))
    );
}

#[test]
fn shares_of_free_texts_are_of_all_who_wrote_one() {
    let written = (0..100).map(|learner| answer(learner, learner + 1, f64::NAN)).collect();
    let found =
        analysed(&answers(vec![written], 100, &texts(100)), &[definition("fill-in", &[], None)]);
    let options = found["questions"][0]["options"].as_array().unwrap();
    assert_eq!((options.len(), &options[0]["share"]), (50, &json!(1.0)));
}

#[test]
fn a_sequencing_question_has_no_options_that_nobody_chose() {
    let right = "tim[,]mike".to_owned();
    let told = (0..60).map(|learner| answer(learner, 1 + learner % 2, f64::NAN)).collect();
    let answers = answers(vec![told], 60, &[right.clone(), "mike[,]tim".to_owned()]);
    let found = analysed(&answers, &[definition("sequencing", &["tim", "mike"], Some(&[&right]))]);
    let question = &found["questions"][0];
    assert_eq!((&question["flags"], &question["derived"]), (&json!([]), &json!(60)), "{question}");
    let ids: Vec<&Value> =
        question["options"].as_array().unwrap().iter().map(|option| &option["id"]).collect();
    assert_eq!(ids, ["mike[,]tim", "tim[,]mike"]);
}

#[test]
fn a_response_that_was_cut_within_a_character_is_not_judged() {
    let whole = "日".repeat(200);
    for (length, derived) in [(508, 12), (510, 0)] {
        let kept = if length == 508 { "x".repeat(508) } else { whole[..510].to_owned() };
        let told = (0..12).map(|learner| answer(learner, 1, f64::NAN)).collect();
        let answers = answers(vec![told], 12, &[kept]);
        let found = analysed(&answers, &[definition("fill-in", &[], Some(&[&whole]))]);
        assert_eq!(found["questions"][0]["derived"], derived, "{length} bytes");
    }
}

#[test]
fn later_answers_do_not_count_as_learners_who_left_out_all_other_questions() {
    let first = |question: u32| {
        (0..20).map(|it| answer(it, 0, f64::from(u8::from(it % 4 > question)))).collect::<Vec<_>>()
    };
    let mut answers = answers(vec![first(0), first(1), first(2)], 20, &[]);
    let definitions = vec![definition("numeric", &[], None); 3];
    let without = analysed(&answers, &definitions);
    answers.questions[0].later = (0..5).map(|it| answer(it, 0, 1.0)).collect();
    let with = analysed(&answers, &definitions);
    assert_eq!((&with["learners"], &with["test"]), (&json!(20), &without["test"]));
    let (before, after) = (&without["questions"][0], &with["questions"][0]);
    assert_eq!(after["facility"], before["facility"]);
    assert_eq!((&after["answers"], &before["facility_of_answers"]), (&json!(25), &json!(75.0)));
    assert_eq!(after["facility_of_answers"], 80.0);
}

#[test]
fn penalties_and_surveys_leave_figures_on_their_scale() {
    let third = -1.0 / 3.0;
    let tried = (0..20).map(|it| answer(it, 0, if it < 15 { third } else { 1.0 })).collect();
    // Ninety others have only answered the survey.
    let surveyed = (10..110).map(|it| answer(it, 1, f64::NAN)).collect();
    let answers = answers(vec![tried, surveyed], 110, &["a".to_owned()]);
    let definitions = [definition("numeric", &[], None), definition("likert", &[], None)];
    let found = analysed(&answers, &definitions);
    assert_eq!(found["learners"], 20);
    let [question, survey] = [0, 1].map(|index: usize| &found["questions"][index]);
    assert!((question["facility"].as_f64().unwrap() - 25.0).abs() < 1e-9, "{question}");
    assert!(question["facility_interval"]["low"].is_number(), "{question}");
    assert_eq!((&survey["is_survey"], &survey["options"][0]["count"]), (&json!(true), &json!(100)));
}

#[test]
fn an_analysis_ends_when_it_is_cancelled_or_takes_too_much_memory() {
    let patterns: Vec<String> =
        (0..200).map(|number| format!("{{order_matters=false}}{number}")).collect();
    let patterns: Vec<&str> = patterns.iter().map(String::as_str).collect();
    let definitions = known(&[definition("fill-in", &[], Some(&patterns))]);
    let told = (0..1_000).map(|learner| answer(learner, learner + 1, f64::NAN)).collect();
    let answers = answers(vec![told], 1_000, &texts(1_000));
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let stop = || asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) > 500;
    let stopped =
        within(1 << 30, &stop, |budget| analyse(&answers, &definitions, Attempts::First, budget));
    assert!(matches!(stopped, Err(QueryError::Stopped)), "{stopped:?}");
    let large = within(100_000, &|| false, |budget| {
        analyse(&answers, &definitions, Attempts::First, budget)
    });
    assert!(matches!(large, Err(QueryError::TooLarge(100_000))), "{large:?}");
}

#[test]
fn the_steps_of_a_funnel_share_the_memory() {
    let rows = || FactRows {
        columns: vec![
            RowColumn::Texts { places: vec![1; 1_000], texts: vec![String::new(), "ada".into()] },
            RowColumn::Times(vec![0; 1_000]),
        ],
        count: 1_000,
        sequence: 1,
        is_rebuilding: false,
    };
    let add = |steps_count: usize| {
        within(100_000, &|| false, |budget| {
            let mut steps = Steps::default();
            (0..steps_count).try_for_each(|_| steps.add(rows().into(), budget))
        })
    };
    assert!(add(1).is_ok());
    assert!(matches!(add(20), Err(QueryError::TooLarge(100_000))));
}
