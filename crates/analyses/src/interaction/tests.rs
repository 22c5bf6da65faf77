use super::pattern::ITEMS_MAX;
use super::*;

mod table;

/// The verdict that a row of the table expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    Right,
    Wrong,
    Survey,
}

struct Row {
    interaction: &'static str,
    /// None for a definition without `correctResponsesPattern`.
    patterns: Option<&'static [&'static str]>,
    response: &'static str,
    expected: Expected,
}

#[track_caller]
fn check(row: &Row) {
    let interaction_type = InteractionType::find(row.interaction).unwrap();
    let patterns = row.patterns.map(|patterns| patterns.iter().map(|it| (*it).to_owned()));
    let interaction = Interaction::new(interaction_type, patterns.map(Iterator::collect));
    let judged = match interaction.judge(row.response) {
        Judgement::Right => Expected::Right,
        Judgement::Wrong => Expected::Wrong,
        Judgement::NotJudged => Expected::Survey,
    };
    let Row { interaction, patterns, response, expected } = row;
    assert_eq!(judged, *expected, "{interaction} {patterns:?} and {response:?}");
}

#[test]
fn every_row_of_the_table_is_judged_as_the_specification_says() {
    for row in table::ROWS {
        check(row);
    }
    assert!(table::ROWS.len() >= 150, "{}", table::ROWS.len());
    for interaction_type in InteractionType::EVERY {
        let name = interaction_type.name();
        assert!(table::ROWS.iter().filter(|row| row.interaction == name).count() >= 5, "{name}");
    }
}

fn parse(definition: &str) -> Interaction {
    Interaction::parse(definition).unwrap().unwrap()
}

const CHOICE: &str = r#"{"type": "http://adlnet.gov/expapi/activities/cmi.interaction",
    "interactionType": "choice", "correctResponsesPattern": ["golf[,]tetris"], "choices": [
    {"id": "golf", "description": {"de": "Golfbeispiel", "en-US": "Golf Example"}},
    {"id": "facebook", "description": {"de": "Facebook-App"}},
    {"id": "tetris"}, {"id": "scrabble"}]}"#;

#[test]
fn a_definition_gives_type_patterns_and_options() {
    let choice = parse(CHOICE);
    assert_eq!(choice.interaction_type(), InteractionType::Choice);
    assert_eq!(choice.patterns(), Some(&["golf[,]tetris".to_owned()][..]));
    let options: Vec<_> = choice
        .options()
        .into_iter()
        .map(|it| (it.id, it.description.unwrap_or_default()))
        .collect();
    let texts: Vec<_> = options.iter().map(|(id, text)| (id.as_str(), text.as_str())).collect();
    let expected =
        [("golf", "Golf Example"), ("facebook", "Facebook-App"), ("tetris", ""), ("scrabble", "")];
    assert_eq!(texts, expected);
    let likert = parse(r#"{"interactionType": "likert", "scale": [{"id": "likert_0"}]}"#);
    assert!(likert.is_survey());
    assert_eq!(likert.options(), [Component::unnamed("likert_0")]);
}

#[test]
fn definitions_that_describe_no_interaction_are_told_apart() {
    assert_eq!(Interaction::parse(r#"{"name": {"en": "A course"}}"#), Ok(None));
    assert_eq!(Interaction::parse("{"), Err(DefinitionError::NotJson));
    let unknown = DefinitionError::UnknownType("drag".to_owned());
    assert_eq!(Interaction::parse(r#"{"interactionType": "drag"}"#), Err(unknown));
}

#[test]
fn an_empty_pattern_and_an_absent_one_differ() {
    let empty = parse(r#"{"interactionType": "choice", "correctResponsesPattern": []}"#);
    assert_eq!((empty.is_survey(), empty.judge("golf")), (false, Judgement::Wrong));
    let absent = parse(r#"{"interactionType": "choice"}"#);
    assert_eq!((absent.is_survey(), absent.judge("golf")), (true, Judgement::NotJudged));
    assert_eq!(absent.verdict(Some("golf"), None), None);
}

#[test]
fn a_verdict_says_whether_it_was_stated_or_derived() {
    let choice = parse(CHOICE);
    let verdict = |response, success| choice.verdict(response, success).unwrap();
    let of = |is_right, basis, is_contradicted| Verdict { is_right, basis, is_contradicted };
    assert_eq!(verdict(Some("tetris[,]golf"), None), of(true, Basis::Derived, false));
    assert_eq!(verdict(Some("golf"), None), of(false, Basis::Derived, false));
    assert_eq!(verdict(Some("golf"), Some(false)), of(false, Basis::Stated, false));
    assert_eq!(verdict(Some("golf"), Some(true)), of(true, Basis::Stated, true));
    assert_eq!(verdict(None, Some(true)), of(true, Basis::Stated, false));
    assert_eq!(choice.verdict(None, None), None);
}

#[test]
fn a_response_splits_into_what_was_chosen() {
    let table: [(&str, &str, &[&str]); 12] = [
        ("choice", "golf[,]tetris", &["golf", "tetris"]),
        ("choice", "golf[,]golf", &["golf"]),
        ("choice", "", &[]),
        ("true-false", "True", &["true"]),
        ("likert", "likert_3", &["likert_3"]),
        ("matching", "ben[.]3[,]troy[.]4", &["ben[.]3", "troy[.]4"]),
        ("performance", "pong[.]1[,]lunch[.]", &["pong[.]1", "lunch[.]"]),
        ("sequencing", "tim[,]mike", &["tim[,]mike"]),
        ("fill-in", "{lang=en}Bob's your Uncle", &["bob's your uncle"]),
        ("long-fill-in", "One[,]{lang=de}Zwei", &["one[,]zwei"]),
        ("numeric", " 4.50", &["4.5"]),
        ("other", "{lang=en}(1,2)", &["{lang=en}(1,2)"]),
    ];
    for (name, response, expected) in table {
        let interaction = Interaction::new(InteractionType::find(name).unwrap(), None);
        assert_eq!(interaction.chosen(response), expected, "{name} {response:?}");
    }
    let pattern = Some(vec!["{case_matters=true}Bern".to_owned()]);
    let cased = Interaction::new(InteractionType::FillIn, pattern);
    assert_eq!(cased.chosen("BERN"), ["BERN"]);
}

#[test]
fn options_of_a_correct_response_are_keys() {
    let choice = parse(CHOICE);
    let keys: Vec<_> = choice.options().into_iter().filter(|it| choice.is_key(&it.id)).collect();
    assert_eq!(keys.iter().map(|it| it.id.as_str()).collect::<Vec<_>>(), ["golf", "tetris"]);
    let numeric = Interaction::new(InteractionType::Numeric, Some(vec!["4[:]".to_owned()]));
    assert_eq!((numeric.is_key("5"), numeric.is_key("3")), (true, false));
}

#[test]
fn the_score_of_a_guess_is_known_where_one_option_is_right() {
    let one = parse(&CHOICE.replace("golf[,]tetris", "golf"));
    assert_eq!(one.random_guess_score(), Some(25.0));
    assert_eq!(parse(CHOICE).random_guess_score(), None);
    let of = |name, patterns: &[&str]| {
        let patterns = patterns.iter().map(|it| (*it).to_owned()).collect();
        Interaction::new(InteractionType::find(name).unwrap(), Some(patterns)).random_guess_score()
    };
    assert_eq!(of("true-false", &["true"]), Some(50.0));
    assert_eq!(of("true-false", &["true", "false"]), Some(100.0));
    assert_eq!(of("fill-in", &["Bern"]), None);
}

#[test]
fn a_response_with_too_many_items_is_not_judged() {
    let pattern = vec!["a"; ITEMS_MAX].join("[,]");
    let sequencing = Interaction::new(InteractionType::Sequencing, Some(vec![pattern.clone()]));
    assert_eq!(sequencing.judge(&pattern), Judgement::Right);
    assert_eq!(sequencing.judge(&format!("{pattern}[,]a")), Judgement::NotJudged);
}

/// Each response was compared with all patterns, of which each was read as often as there are.
#[test]
fn a_question_with_very_many_patterns_is_prepared_once() {
    let patterns = (0..16_000).map(|number| number.to_string()).collect();
    let interaction = Interaction::new(InteractionType::Choice, Some(patterns))
        .with_options((0..50).map(|number| Component::unnamed(&number.to_string())).collect());
    let prepared = interaction.prepare();
    assert!((0..50).all(|number| prepared.is_key(&number.to_string())));
    assert!(!prepared.is_key("x"));
    assert_eq!(prepared.judge("7"), Judgement::NotJudged, "there are too many");
    assert_eq!(prepared.random_guess_score(), Some(100.0));
    let patterns = (0..200).map(|number| number.to_string()).collect();
    let interaction = Interaction::new(InteractionType::Choice, Some(patterns));
    let prepared = interaction.prepare();
    assert_eq!((prepared.judge("7"), prepared.judge("x")), (Judgement::Right, Judgement::Wrong));
}

#[test]
fn only_questions_that_are_answered_by_one_of_them_have_options() {
    let options = || vec![Component::unnamed("tim"), Component::unnamed("mike")];
    let count = |name: &str| {
        let kind = InteractionType::EVERY.into_iter().find(|kind| kind.name() == name);
        Interaction::new(kind.unwrap(), None).with_options(options()).options().len()
    };
    for (name, expected) in
        [("choice", 2), ("likert", 2), ("true-false", 2), ("sequencing", 0), ("matching", 0)]
    {
        assert_eq!(count(name), expected, "{name}");
    }
}
