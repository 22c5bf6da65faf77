//! What restricted credentials may access.

use acta_access::{Binding, Denied, Restriction, Restrictions};
use acta_service::{AgentFilter, DocumentList, StatementQuery};
use acta_xapi::{ActivityId, Ifi, Uuid};

use super::*;

const A: &str = "https://example.org/a/1";
const B: &str = "https://example.org/b/1";
const REGISTRATION: &str = "00000000-0000-4000-8000-0000000000aa";
const OTHER_REGISTRATION: &str = "00000000-0000-4000-8000-0000000000bb";

fn iri(text: &str) -> ActivityId {
    text.parse().unwrap()
}

fn ifi(name: &str) -> Ifi {
    Ifi::Mbox(format!("mailto:{name}@example.org").parse().unwrap())
}

fn uuid(text: &str) -> Uuid {
    text.parse().unwrap()
}

fn id(number: u8) -> StatementId {
    StatementId(Uuid::from_u128(u128::from(number)))
}

fn with(scopes: &str, restrictions: Restrictions) -> Principal {
    Principal { restrictions: Arc::new(restrictions), ..principal("restricted", scopes) }
}

/// A principal that is restricted to activities below `https://example.org/a/`.
fn prefixed() -> Principal {
    let activity_prefixes = vec!["https://example.org/a/".parse().unwrap()];
    with("all", Restrictions { activity_prefixes, ..Restrictions::default() })
}

/// A principal that is bound to Ada.
fn bound(registration: Option<&str>, activity: Option<&str>) -> Principal {
    let (registration, activity) = (registration.map(uuid), activity.map(iri));
    let activities = activity.into_iter().collect();
    let binding = Some(Binding { agent: ifi("ada"), registration, activities });
    with("all", Restrictions { binding, ..Restrictions::default() })
}

/// The content of a statement of these tests.
#[derive(Clone, Copy)]
struct Said {
    number: u8,
    actor: &'static str,
    object: &'static str,
    context: &'static str,
}

impl Said {
    const fn about(number: u8, actor: &'static str, object: &'static str) -> Self {
        Self { number, actor, object, context: "{}" }
    }

    fn text(self) -> String {
        let Self { number, actor, object, context } = self;
        let object = if object.starts_with('{') {
            object.to_owned()
        } else {
            format!(r#"{{"id":"{object}"}}"#)
        };
        format!(
            r#"{{"id":"{}","actor":{{"mbox":"mailto:{actor}@example.org"}},"verb":{{"id":"http://example.org/v"}},"object":{object},"context":{context}}}"#,
            id(number)
        )
    }
}

const IN_REGISTRATION: &str = r#"{"registration":"00000000-0000-4000-8000-0000000000aa"}"#;
const IN_OTHER: &str = r#"{"registration":"00000000-0000-4000-8000-0000000000bb"}"#;
const IN_A: &str = r#"{"contextActivities":{"grouping":[{"id":"https://example.org/a/1"}]}}"#;
const ON_ADA: &str = r#"{"objectType":"Agent","mbox":"mailto:ada@example.org"}"#;
const ON_FIRST: &str =
    r#"{"objectType":"StatementRef","id":"00000000-0000-0000-0000-000000000001"}"#;
const VOIDED: &str = "http://adlnet.gov/expapi/verbs/voided";

/// The statements that are stored in most of these tests.
const STORED: [Said; 7] = [
    Said::about(1, "ada", A),
    Said::about(2, "ada", B),
    Said { context: IN_REGISTRATION, ..Said::about(3, "ada", A) },
    Said { context: IN_A, ..Said::about(4, "ada", B) },
    Said { context: IN_OTHER, ..Said::about(5, "bob", A) },
    Said::about(6, "bob", ON_ADA),
    Said::about(7, "bob", ON_FIRST),
];

async fn filled() -> Service {
    let (service, clock) = service();
    let writer = principal("writer", "all");
    for said in STORED {
        clock.advance(Duration::from_secs(1));
        store(&service, &writer, said.text()).await.unwrap();
    }
    service
}

/// All statements that a query finds, over all pages.
async fn find_all(service: &Service, who: &Principal, search: &Search) -> Vec<StatementId> {
    let mut found = Vec::new();
    let mut search = search.clone();
    loop {
        let page = service.query_statements(who, search.clone()).await.unwrap();
        found.extend(page.statements.iter().map(|statement| statement.id));
        let Some(next) = page.next else { break };
        search.query.after = Some(next);
    }
    found.sort();
    found
}

async fn check_found(service: &Service, who: &Principal, search: Search, numbers: &[u8]) {
    let expected: Vec<StatementId> = numbers.iter().copied().map(id).collect();
    assert_eq!(find_all(service, who, &search).await, expected, "{search:?}");
}

/// The restriction that forbids it.
fn refusal<T: std::fmt::Debug>(result: Result<T, ServiceError>) -> Restriction {
    match result {
        Err(ServiceError::Denied(Denied::Restricted { restriction, .. })) => restriction,
        other => panic!("expected a restriction, not {other:?}"),
    }
}

fn search(query: StatementQuery) -> Search {
    Search { query, limit: None }
}

fn about(activity: &str) -> Search {
    search(StatementQuery { activity: Some(iri(activity)), ..StatementQuery::default() })
}

fn by(agent: &str) -> Search {
    let agent = Some(AgentFilter { ifi: ifi(agent), is_related: false });
    search(StatementQuery { agent, ..StatementQuery::default() })
}

fn document() -> SentDocument {
    SentDocument { content: Bytes::from_static(b"{}"), content_type: "application/json".into() }
}

async fn put(service: &Service, who: &Principal, key: &DocumentKey) -> Result<(), ServiceError> {
    // Unconditional, so that versions of the specification do not matter.
    let always = Precondition { if_match: None, if_none_match: Some(EtagMatch::OneOf(Vec::new())) };
    service.put_document(who, key, document(), rules_with(always)).await
}

fn state(activity: &str, agent: &str, registration: Option<&str>) -> DocumentKey {
    DocumentKey::State {
        activity: iri(activity),
        agent: ifi(agent),
        registration: registration.map(uuid),
        state_id: registration.unwrap_or("none").to_owned(),
    }
}

fn states(agent: &str, registration: Option<&str>) -> DocumentList {
    let registration = registration.map(uuid);
    DocumentList::States { activity: iri(A), agent: ifi(agent), registration }
}

fn profile_of_activity(activity: &str) -> DocumentKey {
    DocumentKey::ActivityProfile { activity: iri(activity), profile_id: "p".to_owned() }
}

fn profile_of(agent: &str) -> DocumentKey {
    DocumentKey::AgentProfile { agent: ifi(agent), profile_id: "p".to_owned() }
}

#[tokio::test]
async fn a_statement_is_stored_if_it_is_within_reach() {
    let table = [
        (prefixed(), Said::about(9, "bob", A), None),
        (prefixed(), Said::about(9, "bob", B), Some(Restriction::ActivityPrefix)),
        (prefixed(), Said::about(9, "bob", ON_FIRST), Some(Restriction::ActivityPrefix)),
        (bound(None, None), Said::about(9, "ada", B), None),
        (bound(None, None), Said::about(9, "bob", B), Some(Restriction::Agent)),
        (bound(Some(REGISTRATION), None), STORED[2], None),
        (bound(Some(REGISTRATION), None), STORED[0], Some(Restriction::Registration)),
        (bound(None, Some(A)), STORED[3], None),
        (bound(None, Some(A)), STORED[1], Some(Restriction::Activity)),
    ];
    for (who, said, expected) in table {
        let (service, _) = service();
        let stored = store(&service, &who, said.text()).await;
        let found = service.find_statement(&principal("all", "all"), id(said.number)).await;
        match expected {
            None => assert_eq!((stored.unwrap(), found.is_ok()), (1, true)),
            Some(expected) => assert_eq!((refusal(stored), found.is_ok()), (expected, false)),
        }
    }
}

#[tokio::test]
async fn one_statement_out_of_reach_keeps_a_batch_out() {
    let (service, _) = service();
    let texts = [STORED[0], STORED[1]].map(Said::text).join(",");
    let refused = store(&service, &prefixed(), format!("[{texts}]")).await;
    let Err(ServiceError::Denied(Denied::Restricted { statement_index, .. })) = refused else {
        panic!("expected a restriction, not {refused:?}");
    };
    assert_eq!(statement_index, Some(1));
    check_found(&service, &principal("all", "all"), Search::default(), &[]).await;
}

#[tokio::test]
async fn a_restricted_credential_voids_nothing() {
    let service = filled().await;
    let text = Said::about(9, "ada", ON_FIRST).text().replace("http://example.org/v", VOIDED);
    for who in [prefixed(), bound(None, None)] {
        assert_eq!(refusal(store(&service, &who, text.clone()).await), Restriction::Voiding);
    }
    assert!(service.find_statement(&principal("all", "all"), id(1)).await.is_ok());
}

#[tokio::test]
async fn with_a_prefix_statements_within_are_found_and_no_others() {
    let service = filled().await;
    let who = prefixed();
    let refused = service.query_statements(&who, Search::default()).await;
    assert_eq!(refusal(refused), Restriction::ActivityPrefix);
    let refused = service.query_statements(&who, about(B)).await;
    assert_eq!(refusal(refused), Restriction::ActivityPrefix);
    // The fourth names the activity in its context, the seventh refers to the first.
    check_found(&service, &principal("all", "all"), about(A), &[1, 3, 5, 7]).await;
    check_found(&service, &who, about(A), &[1, 3, 5]).await;
    let related = search(StatementQuery { is_activity_related: true, ..about(A).query });
    check_found(&service, &principal("all", "all"), related.clone(), &[1, 3, 4, 5, 7]).await;
    check_found(&service, &who, related, &[1, 3, 5]).await;
    for said in STORED {
        let found = service.find_statement(&who, id(said.number)).await;
        assert_eq!(found.is_ok(), said.object == A, "{}", said.number);
    }
}

#[tokio::test]
async fn a_bound_token_finds_its_own_agent_and_registration() {
    let service = filled().await;
    let who = bound(None, None);
    check_found(&service, &principal("all", "all"), by("ada"), &[1, 2, 3, 4, 6, 7]).await;
    check_found(&service, &who, Search::default(), &[1, 2, 3, 4]).await;
    check_found(&service, &who, by("ada"), &[1, 2, 3, 4]).await;
    check_found(&service, &who, about(A), &[1, 3]).await;
    assert_eq!(refusal(service.query_statements(&who, by("bob")).await), Restriction::Agent);
    let who = bound(Some(REGISTRATION), None);
    check_found(&service, &who, Search::default(), &[3]).await;
    let registration = Some(uuid(OTHER_REGISTRATION));
    let other = search(StatementQuery { registration, ..StatementQuery::default() });
    let refused = service.query_statements(&who, other).await;
    assert_eq!(refusal(refused), Restriction::Registration);
    for said in STORED {
        let found = service.find_statement(&who, id(said.number)).await;
        assert_eq!(found.is_ok(), said.number == 3, "{}", said.number);
    }
}

#[tokio::test]
async fn a_bound_token_finds_what_is_about_its_activity() {
    let service = filled().await;
    check_found(&service, &bound(None, Some(A)), Search::default(), &[1, 3, 4]).await;
    check_found(&service, &bound(None, Some(A)), about(B), &[4]).await;
    check_found(&service, &bound(None, Some(B)), Search::default(), &[2, 4]).await;
}

#[tokio::test]
async fn pages_without_anything_in_reach_are_passed_over() {
    let (service, _) = service();
    let writer = principal("writer", "all");
    store(&service, &writer, Said::about(1, "ada", A).text()).await.unwrap();
    for number in 10..20 {
        store(&service, &writer, Said::about(number, "bob", ON_ADA).text()).await.unwrap();
    }
    let newest = Search { limit: Some(1), ..Search::default() };
    let page = service.query_statements(&bound(None, None), newest).await.unwrap();
    assert_eq!(page.statements.first().map(|statement| statement.id), Some(id(1)));
}

#[tokio::test]
async fn a_voided_statement_out_of_reach_is_not_found() {
    let service = filled().await;
    let text = Said::about(9, "bob", ON_FIRST).text().replace("http://example.org/v", VOIDED);
    store(&service, &principal("writer", "all"), text).await.unwrap();
    assert!(service.find_voided_statement(&prefixed(), id(1)).await.is_ok());
    let other = bound(Some(REGISTRATION), None);
    let found = service.find_voided_statement(&other, id(1)).await;
    assert!(matches!(found, Err(ServiceError::NotFound)));
}

#[tokio::test]
async fn documents_out_of_reach_are_neither_read_nor_written() {
    let (service, _) = service();
    let all = principal("all", "all");
    let bound = bound(Some(REGISTRATION), Some(A));
    let other = Some(OTHER_REGISTRATION);
    let table = [
        (prefixed(), state(A, "bob", None), None),
        (prefixed(), state(B, "bob", None), Some(Restriction::ActivityPrefix)),
        (prefixed(), profile_of_activity(A), None),
        (prefixed(), profile_of_activity(B), Some(Restriction::ActivityPrefix)),
        (prefixed(), profile_of("ada"), Some(Restriction::Persons)),
        (bound.clone(), state(A, "ada", Some(REGISTRATION)), None),
        (bound.clone(), state(A, "ada", None), None),
        (bound.clone(), state(A, "ada", other), Some(Restriction::Registration)),
        (bound.clone(), state(A, "bob", Some(REGISTRATION)), Some(Restriction::Agent)),
        (bound.clone(), state(B, "ada", Some(REGISTRATION)), Some(Restriction::Activity)),
        (bound.clone(), profile_of_activity(A), None),
        (bound.clone(), profile_of_activity(B), Some(Restriction::Activity)),
        (bound.clone(), profile_of("ada"), None),
        (bound, profile_of("bob"), Some(Restriction::Agent)),
    ];
    for (who, key, expected) in table {
        put(&service, &all, &key).await.unwrap();
        let free = Precondition::default();
        let answers = [
            service.find_document(&who, &key).await.map(drop),
            put(&service, &who, &key).await,
            service.post_document(&who, &key, document(), rules_with(free.clone())).await,
            service.delete_document(&who, &key, &free).await.map(drop),
        ];
        for answer in answers {
            match expected {
                None => answer.unwrap(),
                Some(expected) => assert_eq!(refusal(answer), expected, "{key:?}"),
            }
        }
        let is_there = service.find_document(&all, &key).await.is_ok();
        assert_eq!(is_there, expected.is_some(), "{key:?}");
    }
}

#[tokio::test]
async fn a_credential_bound_to_no_activity_reads_activity_profiles_and_writes_none() {
    let (service, _) = service();
    let (who, key) = (bound(None, None), profile_of_activity(A));
    put(&service, &principal("all", "all"), &key).await.unwrap();
    assert!(service.find_document(&who, &key).await.is_ok());
    let free = Precondition::default();
    let answers = [
        put(&service, &who, &key).await,
        service.post_document(&who, &key, document(), rules_with(free.clone())).await,
        service.delete_document(&who, &key, &free).await.map(drop),
    ];
    for answer in answers {
        assert_eq!(refusal(answer), Restriction::Activity);
    }
    assert!(service.find_document(&who, &key).await.is_ok());
}

#[tokio::test]
async fn a_list_of_states_is_that_of_the_bound_registration() {
    let (service, _) = service();
    let (all, who) = (principal("all", "all"), bound(Some(REGISTRATION), None));
    for registration in [None, Some(REGISTRATION), Some(OTHER_REGISTRATION)] {
        put(&service, &all, &state(A, "ada", registration)).await.unwrap();
    }
    let names = |who, agent, registration| {
        let (service, list) = (&service, states(agent, registration));
        async move { service.list_documents(who, &list, None).await.map(|found| found.names) }
    };
    assert_eq!(names(&all, "ada", None).await.unwrap().len(), 3);
    assert_eq!(names(&who, "ada", None).await.unwrap(), [REGISTRATION]);
    assert_eq!(names(&who, "ada", Some(REGISTRATION)).await.unwrap(), [REGISTRATION]);
    let refused = names(&who, "ada", Some(OTHER_REGISTRATION)).await;
    assert_eq!(refusal(refused), Restriction::Registration);
    assert_eq!(refusal(names(&who, "bob", None).await), Restriction::Agent);
    assert_eq!(service.delete_documents(&who, &states("ada", None)).await.unwrap(), 1);
    assert_eq!(names(&all, "ada", None).await.unwrap().len(), 2);
    let refused = service.delete_documents(&who, &states("bob", None)).await;
    assert_eq!(refusal(refused), Restriction::Agent);
}

#[tokio::test]
async fn lists_of_profiles_out_of_reach_are_refused() {
    let (service, _) = service();
    let of_activity = |id| DocumentList::ActivityProfiles { activity: iri(id) };
    let of_agent = |name| DocumentList::AgentProfiles { agent: ifi(name) };
    let table = [
        (prefixed(), of_activity(A), None),
        (prefixed(), of_activity(B), Some(Restriction::ActivityPrefix)),
        (prefixed(), of_agent("ada"), Some(Restriction::Persons)),
        (bound(None, Some(A)), of_activity(B), Some(Restriction::Activity)),
        (bound(None, Some(A)), of_agent("ada"), None),
        (bound(None, Some(A)), of_agent("bob"), Some(Restriction::Agent)),
    ];
    for (who, list, expected) in table {
        let listed = service.list_documents(&who, &list, None).await;
        match expected {
            None => assert_eq!(listed.unwrap().names, [""; 0]),
            Some(expected) => assert_eq!(refusal(listed), expected, "{list:?}"),
        }
    }
}

#[tokio::test]
async fn activities_and_persons_out_of_reach_are_not_returned() {
    let service = filled().await;
    let agent = |name: &str| {
        let text = format!(r#"{{"mbox":"mailto:{name}@example.org"}}"#);
        acta_xapi::parse_actor(text.as_bytes(), Version::V1_0_3).unwrap()
    };
    let bound = bound(None, Some(A));
    assert!(service.find_activity(&prefixed(), &iri(A)).await.is_ok());
    assert!(service.find_activity(&bound, &iri(A)).await.is_ok());
    assert!(service.find_person(&bound, &agent("ada")).await.is_ok());
    let refused = service.find_activity(&prefixed(), &iri(B)).await;
    assert_eq!(refusal(refused), Restriction::ActivityPrefix);
    let refused = service.find_activity(&bound, &iri(B)).await;
    assert_eq!(refusal(refused), Restriction::Activity);
    let refused = service.find_person(&prefixed(), &agent("ada")).await;
    assert_eq!(refusal(refused), Restriction::Persons);
    assert_eq!(refusal(service.find_person(&bound, &agent("bob")).await), Restriction::Agent);
}

#[tokio::test]
async fn definitions_out_of_reach_are_not_filled_in() {
    let (service, _) = service();
    let defined = format!(r#"{{"id":"{B}","definition":{{"name":{{"en":"secret"}}}}}}"#);
    let text = Said::about(1, "bob", "?").text().replace(r#"{"id":"?"}"#, &defined);
    store(&service, &principal("writer", "all"), text).await.unwrap();
    let context = format!(r#"{{"contextActivities":{{"other":[{{"id":"{B}"}}]}}}}"#);
    let text = Said::about(2, "ada", A).text().replace("{}", &context);
    store(&service, &prefixed(), text).await.unwrap();
    for (who, is_filled) in [(principal("all", "all"), true), (prefixed(), false)] {
        let statement = service.find_statement(&who, id(2)).await.unwrap();
        let view = View { format: Format::Canonical, languages: Languages::default() };
        let text = service.render_statements(&who, vec![statement], view, String::new()).await;
        assert_eq!(text.unwrap().contains("secret"), is_filled, "{}", who.name);
    }
}

/// An activity with this word as its name and correct response, as JSON.
fn defined(activity: &str, word: &str) -> String {
    format!(
        r#"{{"id":"{activity}","definition":{{"name":{{"en":"{word}"}},"interactionType":"fill-in","correctResponsesPattern":["{word}"]}}}}"#
    )
}

/// A statement of Ada that defines its object and an activity in its context.
fn defining(number: u8, word: &str) -> String {
    let context = format!(r#"{{"contextActivities":{{"grouping":[{}]}}}}"#, defined(B, word));
    let text = Said::about(number, "ada", "?").text().replace("{}", &context);
    text.replace(r#"{"id":"?"}"#, &defined(A, word))
}

#[tokio::test]
async fn a_statement_defines_only_what_its_credential_may_define() {
    const WRITE: &str = "statements/write";
    const DEFINE: &str = "statements/write define";

    let scoped =
        |scopes: &str, who: Principal| Principal { scopes: scopes.parse().unwrap(), ..who };
    let plain = principal("plain", "all");
    // Whether the definitions of the object and of the activity in the context change.
    let table = [
        (scoped(WRITE, plain.clone()), [false, false]),
        (scoped(DEFINE, plain.clone()), [true, true]),
        (scoped(WRITE, prefixed()), [false, false]),
        (scoped(DEFINE, prefixed()), [true, false]),
        (prefixed(), [true, false]),
        (scoped(WRITE, bound(None, Some(A))), [false, false]),
        (scoped(DEFINE, bound(None, Some(A))), [true, false]),
        (bound(None, Some(A)), [true, false]),
        (bound(None, Some(B)), [false, false]),
        (bound(None, None), [false, false]),
    ];
    for (who, changes) in table {
        let (service, _) = service();
        store(&service, &plain, defining(1, "former")).await.unwrap();
        store(&service, &who, defining(2, "latter")).await.unwrap();
        for (activity, is_changed) in [A, B].into_iter().zip(changes) {
            let found = service.find_activity(&plain, &iri(activity)).await.unwrap();
            let counts = ["former", "latter"].map(|word| found.matches(word).count());
            let latter = 2 * usize::from(is_changed);
            let expected = [2 - latter, latter];
            assert_eq!(counts, expected, "{who:?}: {found}");
        }
    }
}

#[tokio::test]
async fn a_read_only_credential_changes_nothing() {
    let service = filled().await;
    let who = with("all", Restrictions { is_read_only: true, ..Restrictions::default() });
    let key = state(A, "ada", None);
    put(&service, &principal("all", "all"), &key).await.unwrap();
    let free = Precondition::default();
    let answers = [
        store(&service, &who, Said::about(9, "ada", A).text()).await.map(drop),
        put(&service, &who, &key).await,
        put(&service, &who, &profile_of("ada")).await,
        service.post_document(&who, &key, document(), rules_with(free.clone())).await,
        service.delete_document(&who, &key, &free).await.map(drop),
        service.delete_documents(&who, &states("ada", None)).await.map(drop),
    ];
    for answer in answers {
        assert_eq!(refusal(answer), Restriction::ReadOnly);
    }
    assert!(service.find_document(&who, &key).await.is_ok());
    check_found(&service, &who, Search::default(), &[1, 2, 3, 4, 5, 6, 7]).await;
}

#[tokio::test]
async fn statements_carry_the_authority_that_a_credential_writes_as() {
    let (service, _) = service();
    let json = r#"{"objectType":"Agent","name":"LMS","mbox":"mailto:lms@example.org"}"#;
    let authority = Some(Arc::new(json.parse().unwrap()));
    let lms = |key: &str, scopes: &str| Principal {
        authority: authority.clone(),
        ..principal(key, scopes)
    };
    store(&service, &lms("one", "all"), Said::about(1, "ada", A).text()).await.unwrap();
    store(&service, &principal("one", "all"), Said::about(2, "ada", A).text()).await.unwrap();
    let found = service.find_statement(&principal("all", "all"), id(1)).await.unwrap();
    assert!(found.text.contains(&format!(r#""authority":{json}"#)), "{}", found.text);
    // Another key with the same authority reads it as its own; so does one whose
    // authority has another name, because the identifier decides.
    let renamed = Principal {
        authority: Some(Arc::new(json.replace("LMS", "Renamed").parse().unwrap())),
        ..principal("three", "statements/read/mine")
    };
    // What a credential wrote under its own name stays its own when it writes as somebody else.
    let table: [(Principal, &[u8]); 4] = [
        (lms("two", "statements/read/mine"), &[1]),
        (renamed, &[1]),
        (principal("one", "statements/read/mine"), &[2]),
        (lms("one", "statements/read/mine"), &[1, 2]),
    ];
    for (who, own) in table {
        check_found(&service, &who, Search::default(), own).await;
        for number in 1..=2 {
            let found = service.find_statement(&who, id(number)).await;
            assert_eq!(found.is_ok(), own.contains(&number), "{} {number}", who.name);
        }
    }
}

#[tokio::test]
async fn a_reference_answers_nothing_about_statements_out_of_reach() {
    let service = filled().await;
    let second = r#"{"objectType":"StatementRef","id":"00000000-0000-0000-0000-000000000002"}"#;
    let token = bound(None, Some(A));
    let to_second = Said { context: IN_A, ..Said::about(8, "ada", second) };
    store(&service, &token, to_second.text()).await.unwrap();
    check_found(&service, &principal("all", "all"), about(B), &[2, 4, 8]).await;
    check_found(&service, &token, Search::default(), &[1, 3, 4, 8]).await;
    check_found(&service, &token, about(B), &[4]).await;
    let reader = principal("reader", "statements/write statements/read/mine");
    store(&service, &reader, Said::about(9, "carl", second).text()).await.unwrap();
    check_found(&service, &principal("all", "all"), about(B), &[2, 4, 8, 9]).await;
    check_found(&service, &reader, Search::default(), &[9]).await;
    check_found(&service, &reader, about(B), &[]).await;
    check_found(&service, &reader, by("ada"), &[]).await;
}
