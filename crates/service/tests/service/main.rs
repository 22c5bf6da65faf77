//! The use cases on the reference engine, without HTTP.

#![expect(
    clippy::unwrap_used,
    reason = "the whole crate is tests, where a panic is the failure of one"
)]

mod restricted;

use std::sync::Arc;
use std::time::Duration;

use acta_access::{Principal, TenantId};
use acta_ambient::{Clock, ManualClock, SeededEntropy, Timestamp};
use acta_service::{
    DocumentKey, EtagMatch, Limit, Options, PartHeaders, Precondition, Search, Sent, SentDocument,
    Service, ServiceError, ServiceParts, Shape, StagedAttachment, StatementPageLimits, Stored,
    TenantLimits, Upload, ValidatedStatements, View, WriteRules, etag_of,
};
use acta_storage::directory::AuthorityHomePages;
use acta_storage::model::ModelStorage;
use acta_xapi::{Format, Iri, Languages, ParseLimits, Rule, Sha2, StatementId, Version};
use bytes::Bytes;

const ID: &str = "6690e6c9-3ef0-4ed3-8b37-7f3964730bee";

fn service() -> (Service, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(Timestamp::from_unix_micros(1_790_000_000_123_456)));
    let as_clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
    let storage = Arc::new(ModelStorage::new(Arc::clone(&as_clock)));
    (service_on(storage, as_clock, "https://acta.example/keys"), clock)
}

/// A service of a store whose authorities have this home page.
fn service_on(storage: Arc<ModelStorage>, clock: Arc<dyn Clock>, home_page: &str) -> Service {
    Service::new(ServiceParts {
        storage,
        clock,
        entropy: Arc::new(SeededEntropy::new(3)),
        options: Options {
            authority_home_page: home_page.parse().unwrap(),
            parse: ParseLimits::default(),
            page: StatementPageLimits { count: 2, count_max: 3, bytes_max: 1 << 20 },
            statement_bytes_max: 1 << 20,
            documents_count_max: 1000,
            profile_precondition: acta_xapi::ProfilePrecondition::Optional,
            signature_bytes_max: 8,
            document_bytes_max: 1 << 10,
        },
    })
}

fn principal(name: &str, scopes: &str) -> Principal {
    Principal::new(TenantId::FIRST, name, scopes.parse().unwrap())
}

fn statement(id: &str, attachments: &str) -> String {
    format!(
        r#"{{"id":"{id}","actor":{{"mbox":"mailto:ada@example.org"}},"verb":{{"id":"http://example.org/v"}},"object":{{"id":"http://example.org/a"}}{attachments}}}"#
    )
}

fn sent(text: impl Into<Bytes>) -> Sent {
    Sent {
        text: text.into(),
        version: Version::V1_0_3,
        shape: Shape::Any,
        iris: acta_xapi::IriRule::Strict,
    }
}

async fn store(service: &Service, who: &Principal, text: String) -> Result<usize, ServiceError> {
    let prepared = service.prepare_statements(who, sent(text)).await?;
    Ok(store_prepared(service, prepared, Vec::new()).await?.new_count)
}

async fn store_prepared(
    service: &Service,
    statements: ValidatedStatements,
    attachments: Vec<Box<dyn StagedAttachment>>,
) -> Result<Stored, ServiceError> {
    let limits = &TenantLimits::NONE;
    service.store_statements(Upload { statements, attachments, bytes: 0, limits }).await
}

/// By which rules documents are written.
fn rules_with(precondition: Precondition) -> WriteRules<'static> {
    WriteRules { precondition, version: Version::V1_0_3, limits: &TenantLimits::NONE }
}

/// The rules in the faults of an error.
fn rules<T: std::fmt::Debug>(result: Result<T, ServiceError>) -> Vec<Rule> {
    match result {
        Err(ServiceError::Faulty(faults)) => faults.0.iter().map(|fault| fault.rule).collect(),
        other => panic!("expected faults, not {other:?}"),
    }
}

#[tokio::test]
async fn a_repeated_statement_is_not_new() {
    let (service, _) = service();
    let who = principal("ada", "all");
    assert_eq!(store(&service, &who, statement(ID, "")).await.unwrap(), 1);
    assert_eq!(store(&service, &who, statement(ID, "")).await.unwrap(), 0);
    let other = statement(ID, "").replace("example.org/a", "example.org/b");
    let conflict = store(&service, &who, other).await;
    let id: StatementId = ID.parse().unwrap();
    assert!(matches!(conflict, Err(ServiceError::Conflict(ids)) if ids == [id]));
}

/// The headers of a part that has only its hash.
fn part(sha2: &Sha2) -> PartHeaders {
    PartHeaders { sha2: sha2.clone(), content_type: None, length: None }
}

#[tokio::test]
async fn content_is_received_only_for_attachments_that_were_announced() {
    let (service, _) = service();
    let who = principal("ada", "all");
    let (announced, other) = (Sha2::sha256(b"content"), Sha2::sha256(b"other"));
    let attachments = format!(
        r#","attachments":[{{"usageType":"http://example.org/u","display":{{"en":"a"}},"contentType":"text/plain","length":7,"sha2":"{}"}}]"#,
        announced.as_str()
    );
    let prepare = || service.prepare_statements(&who, sent(statement(ID, &attachments)));
    let prepared = prepare().await.unwrap();
    let refused = service.stage_attachment(&prepared, part(&other)).await;
    assert_eq!(rules(refused), [Rule::AttachmentExcess]);
    assert_eq!(rules(store_prepared(&service, prepared, Vec::new()).await), [Rule::AttachmentPart]);
    for (content, expected) in [("contenu", None), ("content", Some(1))] {
        let prepared = prepare().await.unwrap();
        let mut writer = service.stage_attachment(&prepared, part(&announced)).await.unwrap();
        writer.write(Bytes::from(content)).await.unwrap();
        let staged = vec![writer.finish().await.unwrap()];
        let stored = store_prepared(&service, prepared, staged).await;
        match expected {
            None => assert_eq!(rules(stored), [Rule::AttachmentHash]),
            Some(count) => assert_eq!(stored.unwrap().new_count, count),
        }
    }
    let mut reader = service.open_attachment(&who, &announced).await.unwrap().unwrap();
    assert_eq!(reader.next().await.unwrap().unwrap(), "content");
}

#[tokio::test]
async fn a_signature_longer_than_the_limit_is_not_read() {
    let (service, _) = service();
    let who = principal("ada", "all");
    let signature = b"longer than eight bytes";
    let sha2 = Sha2::sha256(signature);
    let attachments = format!(
        r#","attachments":[{{"usageType":"http://adlnet.gov/expapi/attachments/signature","display":{{"en":"a"}},"contentType":"application/octet-stream","length":23,"sha2":"{}"}}]"#,
        sha2.as_str()
    );
    let prepared =
        service.prepare_statements(&who, sent(statement(ID, &attachments))).await.unwrap();
    let mut writer = service.stage_attachment(&prepared, part(&sha2)).await.unwrap();
    writer.write(Bytes::from_static(signature)).await.unwrap();
    let staged = vec![writer.finish().await.unwrap()];
    let result = store_prepared(&service, prepared, staged).await;
    assert!(
        matches!(result, Err(ServiceError::OverLimit { limit: Limit::Signature, max: 8 })),
        "{result:?}"
    );
}

#[tokio::test]
async fn own_statements_are_recognised_by_their_authority() {
    let (service, _) = service();
    let (ada, bob) = (principal("a\"da", "all"), principal("bob", "statements/read/mine"));
    store(&service, &ada, statement(ID, "")).await.unwrap();
    let id: StatementId = ID.parse().unwrap();
    let reader = principal("a\"da", "statements/read/mine");
    assert!(service.find_statement(&reader, id).await.is_ok());
    assert!(matches!(service.find_statement(&bob, id).await, Err(ServiceError::NotFound)));
    for (who, count) in [(&ada, 1), (&reader, 1), (&bob, 0)] {
        let page = service.query_statements(who, Search::default()).await.unwrap();
        assert_eq!(page.statements.len(), count, "{}", who.name);
    }
    let nobody = principal("nobody", "state");
    let denied = service.query_statements(&nobody, Search::default()).await;
    assert!(matches!(denied, Err(ServiceError::Denied(_))));
}

#[tokio::test]
async fn own_statements_are_found_under_every_home_page_that_the_store_has_had() {
    const PAGES: [&str; 3] =
        ["https://one.example", "https://two.example", "https://three.example"];

    let clock = Arc::new(ManualClock::new(Timestamp::from_unix_micros(1_790_000_000_123_456)));
    let storage = Arc::new(ModelStorage::new(Arc::<ManualClock>::clone(&clock)));
    let (ada, bob) = (principal("ada", "all"), principal("bob", "all"));
    let mut before = None;
    for (number, page) in (1..).zip(PAGES) {
        let page: Iri = page.parse().unwrap();
        let begun = AuthorityHomePages::begin(&*storage, &page).await.unwrap();
        assert_eq!(before.replace(page.clone()), begun);
        assert_eq!(AuthorityHomePages::begin(&*storage, &page).await.unwrap(), None);
        let as_clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
        let service = service_on(Arc::clone(&storage), as_clock, page.as_str());
        for (who, first) in [(&ada, '6'), (&bob, '7')] {
            store(
                &service,
                who,
                statement(&format!("{first}690e6c9-3ef0-4ed3-8b37-7f396473{number:04}"), ""),
            )
            .await
            .unwrap();
        }
        let reader = principal("ada", "statements/read/mine");
        let search = Search { limit: Some(0), ..Search::default() };
        let page = service.query_statements(&reader, search).await.unwrap();
        assert_eq!(page.statements.len(), number);
        for found in page.statements {
            assert!(found.id.to_string().starts_with('6'));
            assert!(service.find_statement(&reader, found.id).await.is_ok());
        }
    }
}

#[tokio::test]
async fn a_home_page_that_another_node_begins_to_use_is_known_after_a_second() {
    let clock = Arc::new(ManualClock::new(Timestamp::from_unix_micros(1_790_000_000_123_456)));
    let storage = Arc::new(ModelStorage::new(Arc::<ManualClock>::clone(&clock)));
    let node =
        |page: &str| service_on(Arc::clone(&storage), Arc::<ManualClock>::clone(&clock), page);
    let begin = async |page: &str| {
        AuthorityHomePages::begin(&*storage, &page.parse().unwrap()).await.unwrap()
    };
    let (writer, reader) = (principal("ada", "all"), principal("ada", "statements/read/mine"));
    begin("https://one.example").await;
    let one = node("https://one.example");
    store(&one, &writer, statement(ID, "")).await.unwrap();
    let count = async |service: &Service| {
        let page = service.query_statements(&reader, Search::default()).await.unwrap();
        page.statements.len()
    };
    assert_eq!(count(&one).await, 1);
    begin("https://two.example").await;
    let two = node("https://two.example");
    assert_eq!(count(&two).await, 1, "the node itself knows both at once");
    let id = "7690e6c9-3ef0-4ed3-8b37-7f3964730001";
    store(&two, &writer, statement(id, "")).await.unwrap();
    assert_eq!(count(&two).await, 2);
    assert_eq!(count(&one).await, 1, "as it has read it");
    clock.advance(Duration::from_secs(1));
    assert_eq!(count(&one).await, 2);
}

#[tokio::test]
async fn statements_are_appended_to_what_was_written_before() {
    let (service, clock) = service();
    let who = principal("ada", "all");
    for number in 1..=2 {
        clock.advance(Duration::from_secs(1));
        let id = format!("00000000-0000-4000-8000-{number:012}");
        store(&service, &who, statement(&id, "")).await.unwrap();
    }
    for format in [Format::Exact, Format::Ids, Format::Canonical] {
        let page = service.query_statements(&who, Search::default()).await.unwrap();
        let view = View { format, languages: Languages::default() };
        let text =
            service.render_statements(&who, page.statements, view, "[".to_owned()).await.unwrap();
        assert!(text.starts_with("[{") && text.ends_with('}'), "{text}");
        assert_eq!(text.matches("},{").count(), 1, "{text}");
    }
}

#[tokio::test]
async fn a_precondition_of_a_merge_is_asked_of_the_current_document() {
    let (service, _) = service();
    let who = principal("ada", "profile");
    let key = DocumentKey::ActivityProfile {
        activity: "http://example.org/a".parse().unwrap(),
        profile_id: "p".to_owned(),
    };
    let json = |text: &'static str| SentDocument {
        content: Bytes::from_static(text.as_bytes()),
        content_type: "application/json".to_owned(),
    };
    let matching = |text: &str| Precondition {
        if_match: Some(EtagMatch::OneOf(vec![etag_of(text.as_bytes())])),
        if_none_match: None,
    };
    let missing = service.post_document(&who, &key, json("{}"), rules_with(matching("{}"))).await;
    assert!(matches!(missing, Err(ServiceError::PreconditionFailed)));
    service
        .post_document(&who, &key, json(r#"{"a":1}"#), rules_with(Precondition::default()))
        .await
        .unwrap();
    service
        .post_document(&who, &key, json(r#"{"b":2}"#), rules_with(matching(r#"{"a":1}"#)))
        .await
        .unwrap();
    let late =
        service.post_document(&who, &key, json("{}"), rules_with(matching(r#"{"a":1}"#))).await;
    assert!(matches!(late, Err(ServiceError::PreconditionFailed)));
    let document = service.find_document(&who, &key).await.unwrap();
    assert_eq!(document.content, r#"{"a":1,"b":2}"#);
    assert_eq!(document.etag, etag_of(&document.content));
}

#[tokio::test]
async fn the_store_is_ready_and_consistent_through_is_at_most_now() {
    let (service, clock) = service();
    service.check_ready().await.unwrap();
    let now = clock.now().floor_to_millis();
    assert_eq!(service.consistent_through(None).await.unwrap(), now);
    assert_eq!(service.consistent_through(Some(TenantId::FIRST)).await.unwrap(), now);
}
