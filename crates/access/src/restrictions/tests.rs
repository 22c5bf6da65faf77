//! What each restriction permits.

use acta_xapi::{ParseLimits, Version, parse_statement};

use super::*;

const ADA: &str = r#"{"mbox":"mailto:ada@example.org"}"#;
const BOB: &str = r#"{"mbox":"mailto:bob@example.org"}"#;
const R: &str = "00000000-0000-4000-8000-00000000000a";
const S: &str = "00000000-0000-4000-8000-00000000000b";
const COURSE: &str = "https://example.org/course";

fn ifi(mbox: &str) -> Ifi {
    Ifi::Mbox(format!("mailto:{mbox}@example.org").parse().unwrap())
}

fn iri(text: &str) -> ActivityId {
    text.parse().unwrap()
}

fn uuid(text: &str) -> Uuid {
    text.parse().unwrap()
}

fn prefixed() -> Restrictions {
    let prefixes = ["https://example.org/a/", "https://example.org/b/"];
    let activity_prefixes = prefixes.map(|prefix| prefix.parse().unwrap()).into();
    Restrictions { activity_prefixes, ..Restrictions::default() }
}

fn bound(registration: Option<&str>, activity: Option<&str>) -> Restrictions {
    let registration = registration.map(uuid);
    let activities = activity.map(iri).into_iter().collect();
    let binding = Binding { agent: ifi("ada"), registration, activities };
    Restrictions { binding: Some(binding), ..Restrictions::default() }
}

fn statement(actor: &str, object: &str, context: &str) -> String {
    statement_with("http://example.org/verbs/did", (actor, object, context))
}

fn statement_with(verb: &str, (actor, object, context): (&str, &str, &str)) -> String {
    format!(
        r#"{{"actor":{actor},"verb":{{"id":"{verb}"}},"object":{object},"context":{{{context}}}}}"#
    )
}

fn activity(id: &str) -> String {
    format!(r#"{{"id":"{id}"}}"#)
}

fn reference() -> String {
    format!(r#"{{"objectType":"StatementRef","id":"{R}"}}"#)
}

fn substatement(object: &str) -> String {
    format!(
        r#"{{"objectType":"SubStatement","actor":{BOB},"verb":{{"id":"http://example.org/v"}},"object":{object}}}"#
    )
}

#[track_caller]
fn check(restrictions: &Restrictions, text: &str, expected: Result<(), Restriction>) {
    let limits = ParseLimits::default();
    let parsed = parse_statement(text.as_bytes(), Version::V2_0_0, &limits).unwrap();
    assert_eq!(restrictions.permit_statement(&parsed), expected, "{text}");
}

#[test]
fn nothing_is_refused_without_restrictions() {
    let free = Restrictions::default();
    assert!(!free.narrows_content());
    let voiding = statement_with("http://adlnet.gov/expapi/verbs/voided", (ADA, &reference(), ""));
    check(&free, &voiding, Ok(()));
    assert_eq!(free.permit_origin(None), Ok(()));
    assert_eq!(free.permit_origin(Some("https://evil.example")), Ok(()));
    assert_eq!(free.narrow_agent(Some(&ifi("ada"))), Ok(Some(&ifi("ada"))));
    assert_eq!(free.narrow_agent(None), Ok(None));
    assert_eq!(free.narrow_registration(Some(uuid(R))), Ok(Some(uuid(R))));
    assert_eq!(free.permit_query(None), Ok(()));
    assert_eq!(free.permit_activity(&iri(COURSE)), Ok(()));
    assert_eq!(free.permit_writing_activity(&iri(COURSE)), Ok(()));
    assert_eq!(free.permit_agent(&ifi("bob")), Ok(()));
    assert_eq!(free.permit_state(&iri(COURSE), &ifi("bob"), None), Ok(()));
}

#[test]
fn with_prefixes_the_object_is_an_activity_within_one() {
    let outside = Err(Restriction::ActivityPrefix);
    let within = activity("https://example.org/b/1");
    let without = activity("https://example.org/c/1");
    let context = format!(r#""contextActivities":{{"parent":[{within}]}}"#);
    let table = [
        (statement(ADA, &within, ""), Ok(())),
        (statement(ADA, &within, r#""platform":"p""#), Ok(())),
        (statement(ADA, &substatement(&within), ""), Ok(())),
        (statement(ADA, &without, ""), outside),
        (statement(ADA, &without, &context), outside),
        (statement(ADA, &substatement(&without), ""), outside),
        (statement(ADA, &reference(), ""), outside),
        (statement(ADA, &substatement(&reference()), ""), outside),
        (statement(ADA, r#"{"objectType":"Agent","mbox":"mailto:b@example.org"}"#, ""), outside),
    ];
    for (text, expected) in table {
        check(&prefixed(), &text, expected);
    }
}

#[test]
fn restricted_credentials_never_void() {
    let context =
        format!(r#""registration":"{R}","contextActivities":{{"other":[{{"id":"{COURSE}"}}]}}"#);
    let voiding = "http://adlnet.gov/expapi/verbs/voided";
    let text = statement_with(voiding, (ADA, &reference(), &context));
    for restrictions in [prefixed(), bound(None, None), bound(Some(R), Some(COURSE))] {
        check(&restrictions, &text, Err(Restriction::Voiding));
    }
}

#[test]
fn a_bound_token_is_limited_to_its_agent() {
    let object = activity(COURSE);
    let group = r#"{"objectType":"Group","mbox":"mailto:ada@example.org"}"#;
    let speaking = r#"{"objectType":"Group","mbox":"mailto:ada@example.org","member":[{"mbox":"mailto:bob@example.org"}]}"#;
    let anonymous = r#"{"objectType":"Group","member":[{"mbox":"mailto:ada@example.org"}]}"#;
    let other = Err(Restriction::Agent);
    for (actor, expected) in
        [(ADA, Ok(())), (group, Ok(())), (BOB, other), (speaking, other), (anonymous, other)]
    {
        check(&bound(None, None), &statement(actor, &object, ""), expected);
    }
}

#[test]
fn a_bound_token_is_limited_to_its_registration() {
    let object = activity(COURSE);
    let other = Err(Restriction::Registration);
    for (context, expected) in [
        (format!(r#""registration":"{R}""#), Ok(())),
        (format!(r#""registration":"{}""#, R.to_uppercase()), Ok(())),
        (format!(r#""registration":"{S}""#), other),
        (String::new(), other),
    ] {
        check(&bound(Some(R), None), &statement(ADA, &object, &context), expected);
        check(&bound(None, None), &statement(ADA, &object, &context), Ok(()));
    }
}

#[test]
fn a_bound_token_is_limited_to_its_activity() {
    let other = Err(Restriction::Activity);
    let foreign = activity("https://example.org/other");
    let table = [
        (activity(COURSE), String::new(), Ok(())),
        (activity("https://example.org/course/1"), String::new(), Ok(())),
        (substatement(&activity(COURSE)), String::new(), Ok(())),
        (activity("https://example.org/course1"), String::new(), other),
        (foreign.clone(), String::new(), other),
        (reference(), String::new(), other),
    ];
    for (object, context, expected) in table {
        check(&bound(None, Some(COURSE)), &statement(ADA, &object, &context), expected);
    }
    for kind in ["parent", "grouping", "category", "other"] {
        let naming = |id: &str| format!(r#""contextActivities":{{"{kind}":[{{"id":"{id}"}}]}}"#);
        let about = |id: &str| statement(ADA, &foreign, &naming(id));
        check(&bound(None, Some(COURSE)), &about(COURSE), Ok(()));
        check(&bound(None, Some(COURSE)), &about("https://example.org/course1"), other);
    }
}

#[test]
fn a_token_of_several_activities_reaches_each_of_them() {
    let mut restrictions = bound(Some(R), Some(COURSE));
    let publisher = "https://publisher.example/unit";
    if let Some(binding) = &mut restrictions.binding {
        binding.activities.push(iri(publisher));
    }
    let registration = format!(r#""registration":"{R}""#);
    let grouping = |id: &str| {
        format!(r#"{registration},"contextActivities":{{"grouping":[{{"id":"{id}"}}]}}"#)
    };
    let question = activity("https://elsewhere.example/question");
    let other = Err(Restriction::Activity);
    let table = [
        (statement(ADA, &activity(COURSE), &registration), Ok(())),
        (statement(ADA, &activity("https://publisher.example/unit/1"), &registration), Ok(())),
        (statement(ADA, &question, &grouping(publisher)), Ok(())),
        (statement(ADA, &question, &grouping("https://publisher.example/")), other),
        (statement(ADA, &question, &registration), other),
    ];
    for (text, expected) in table {
        check(&restrictions, &text, expected);
    }
    // Bound to the registration alone, it reaches everything in it.
    check(&bound(Some(R), None), &statement(ADA, &question, &registration), Ok(()));
    for (id, expected) in [(COURSE, Ok(())), (publisher, Ok(())), ("https://x.example/", other)] {
        assert_eq!(restrictions.permit_activity(&iri(id)), expected, "{id}");
        assert_eq!(restrictions.permit_writing_activity(&iri(id)), expected, "{id}");
    }
}

#[test]
fn pages_of_other_origins_and_no_pages_are_refused() {
    let origins = ["https://a.example", "https://b.example:8443"];
    let origins = origins.map(|origin| origin.parse().unwrap()).into();
    let restrictions = Restrictions { origins, ..Restrictions::default() };
    let table = [
        (Some("https://a.example"), true),
        (Some("https://b.example:8443"), true),
        (Some("https://b.example"), false),
        (Some("http://a.example"), false),
        (Some("https://a.example.evil.example"), false),
        (Some("null"), false),
        (Some(""), false),
        (None, false),
    ];
    for (header, expected) in table {
        assert_eq!(restrictions.permit_origin(header).is_ok(), expected, "{header:?}");
    }
}

#[test]
fn queries_are_narrowed_to_what_is_bound() {
    let restrictions = bound(Some(R), None);
    let (ada, bob) = (ifi("ada"), ifi("bob"));
    assert_eq!(restrictions.narrow_agent(None), Ok(Some(&ada)));
    assert_eq!(restrictions.narrow_agent(Some(&ada)), Ok(Some(&ada)));
    assert_eq!(restrictions.narrow_agent(Some(&bob)), Err(Restriction::Agent));
    assert_eq!(restrictions.narrow_registration(None), Ok(Some(uuid(R))));
    assert_eq!(restrictions.narrow_registration(Some(uuid(R))), Ok(Some(uuid(R))));
    assert_eq!(restrictions.narrow_registration(Some(uuid(S))), Err(Restriction::Registration));
    assert_eq!(bound(None, None).narrow_registration(Some(uuid(S))), Ok(Some(uuid(S))));
}

#[test]
fn with_prefixes_a_query_names_an_activity_within_one() {
    let outside = Err(Restriction::ActivityPrefix);
    let both = Restrictions { binding: bound(None, None).binding, ..prefixed() };
    for (restrictions, of_any) in [(&prefixed(), outside), (&both, Ok(()))] {
        assert_eq!(restrictions.permit_query(None), of_any);
        assert_eq!(restrictions.permit_query(Some(&iri("https://example.org/a/1"))), Ok(()));
        assert_eq!(restrictions.permit_query(Some(&iri("https://example.org/c/1"))), outside);
    }
}

#[test]
fn documents_are_within_reach_or_refused() {
    let (ada, bob) = (ifi("ada"), ifi("bob"));
    let (inside, outside) = (iri("https://example.org/a/1"), iri("https://example.org/c/1"));
    let prefixed = prefixed();
    assert_eq!(prefixed.permit_state(&inside, &bob, Some(uuid(R))), Ok(()));
    assert_eq!(prefixed.permit_state(&outside, &bob, None), Err(Restriction::ActivityPrefix));
    assert_eq!(prefixed.permit_writing_activity(&inside), Ok(()));
    assert_eq!(prefixed.permit_writing_activity(&outside), Err(Restriction::ActivityPrefix));
    assert_eq!(prefixed.permit_agent(&ada), Err(Restriction::Persons));

    let bound = bound(Some(R), Some("https://example.org/a"));
    assert_eq!(bound.permit_state(&inside, &ada, Some(uuid(R))), Ok(()));
    assert_eq!(bound.permit_state(&inside, &ada, None), Ok(()));
    assert_eq!(bound.permit_state(&inside, &ada, Some(uuid(S))), Err(Restriction::Registration));
    assert_eq!(bound.permit_state(&inside, &bob, Some(uuid(R))), Err(Restriction::Agent));
    assert_eq!(bound.permit_state(&outside, &ada, Some(uuid(R))), Err(Restriction::Activity));
    assert_eq!(bound.permit_writing_activity(&inside), Ok(()));
    assert_eq!(bound.permit_activity(&outside), Err(Restriction::Activity));
    assert_eq!(bound.permit_agent(&ada), Ok(()));
    assert_eq!(bound.permit_agent(&bob), Err(Restriction::Agent));
}

#[test]
fn a_token_for_one_learner_writes_no_activity_profile() {
    let activity = iri(COURSE);
    assert_eq!(bound(None, None).permit_activity(&activity), Ok(()));
    assert_eq!(bound(None, None).permit_writing_activity(&activity), Err(Restriction::Activity));
    assert_eq!(bound(None, Some(COURSE)).permit_writing_activity(&activity), Ok(()));
}

#[test]
fn a_token_is_never_wider_than_its_credential() {
    let origin = |text: &str| Some(text.parse::<Origin>().unwrap());
    let binding = |activity: Option<&str>| bound(Some(R), activity).binding.unwrap();
    let credential = Restrictions {
        is_read_only: true,
        origins: vec![origin("https://a.example").unwrap(), origin("https://b.example").unwrap()],
        ..prefixed()
    };
    let inside = binding(Some("https://example.org/a/1"));
    let token = credential.bind(inside.clone(), origin("https://b.example")).unwrap();
    assert!(token.is_read_only);
    assert_eq!(token.activity_prefixes, credential.activity_prefixes);
    assert_eq!(token.origins, [origin("https://b.example").unwrap()]);
    assert_eq!(token.binding, Some(inside.clone()));
    let without = credential.bind(binding(None), None).unwrap();
    assert_eq!(without.origins, credential.origins);
    let table = [
        (&credential, binding(Some(COURSE)), None, Restriction::ActivityPrefix),
        (&credential, inside.clone(), origin("https://c.example"), Restriction::Origin),
        (&token, inside.clone(), None, Restriction::Exchange),
    ];
    for (restrictions, binding, origin, expected) in table {
        assert_eq!(restrictions.bind(binding, origin), Err(expected));
    }
    let free = Restrictions::default().bind(inside, origin("https://c.example")).unwrap();
    assert_eq!(free.origins, [origin("https://c.example").unwrap()]);
}

#[test]
fn every_restriction_has_a_name_and_a_text_of_its_own() {
    let mut known = std::collections::HashSet::new();
    for restriction in Restriction::EVERY {
        assert!(known.insert(restriction.as_str().to_owned()), "{restriction}");
        assert!(known.insert(restriction.to_string()), "{restriction}");
    }
}
