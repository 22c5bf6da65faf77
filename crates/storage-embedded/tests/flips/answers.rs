//! Every question that the store can answer, and its answers.

use std::collections::BTreeMap;
use std::fmt::Debug;

use acta_access::TenantId;
use acta_storage::model::CredentialRecords as _;
use acta_storage::{
    AgentFilter, AttachmentStore, AuditQuery, AuditStore, CursorStore, Directory, DocumentList,
    DocumentStore, EntityStore, Order, StatementQuery, StatementStore, StorageError, Usage,
    UsageStore,
};
use acta_storage_embedded::EmbeddedStorage;
use acta_storage_suite::fixture::{
    account, activity_id, everything, id, mailbox, numbers, uuid, verb,
};
use acta_xapi::{ActivityId, Sha2};

use crate::store::{COUNT, contents, document_keys};

/// What was answered to one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It is there, and looks like this.
    Is(String),
    /// There is no such thing.
    Nothing,
    /// It is not known.
    Error,
}

/// Answers by question.
pub(crate) type Answers = BTreeMap<String, Answer>;

fn answer<T: Debug>(found: Result<Option<T>, StorageError>) -> Answer {
    match found {
        Ok(Some(found)) => Answer::Is(format!("{found:?}")),
        Ok(None) => Answer::Nothing,
        Err(_) => Answer::Error,
    }
}

/// Asks everything about both tenants.
pub(crate) async fn query_all(storage: &EmbeddedStorage, other: TenantId) -> Answers {
    let mut answers = Answers::new();
    for tenant in [TenantId::FIRST, other] {
        let mut note = |question: String, answer: Answer| {
            answers.insert(format!("tenant {tenant}: {question}"), answer);
        };
        let count = if tenant == other { COUNT / 3 } else { COUNT };
        for number in 1..=count + 1 {
            let found = storage.find_statement(tenant, id(number)).await;
            note(format!("statement {number}"), answer(found));
        }
        note("feed".into(), answer(storage.read_feed(tenant, 0, 1000).await.map(Some)));
        for (number, query) in queries().iter().enumerate() {
            let page = storage.query_statements(tenant, query).await;
            let page = page.map(|page| Some((numbers(&page.statements), page.next)));
            note(format!("query {number}"), answer(page));
        }
        ask_tables(storage, tenant, &mut note).await;
        for content in contents() {
            let sha2 = Sha2::sha256(&content);
            let content = content_of(storage, tenant, &sha2).await;
            note(format!("attachment {}", sha2.as_str()), answer(content));
        }
    }
    let tenants = storage.list_tenants().await;
    answers.insert("tenants".into(), answer(tenants.map(Some)));
    let entries = storage.list_audit(None, &AuditQuery::everything(100)).await;
    answers.insert("audit".into(), answer(entries.map(Some)));
    for key in ["one", "two"] {
        let found = storage.find_credential(key).await;
        let found = found.map(|found| found.map(|it| (it.secrets[0].mac, it.label.clone(), it)));
        answers.insert(format!("credential {key}"), answer(found));
    }
    answers
}

async fn ask_tables(
    storage: &EmbeddedStorage,
    tenant: TenantId,
    note: &mut impl FnMut(String, Answer),
) {
    for key in document_keys() {
        let found = storage.find_document(tenant, &key).await;
        note(format!("document {key:?}"), answer(found));
    }
    let (activity, agent) = (activity_id("course"), mailbox("ada"));
    let lists = [
        DocumentList::States {
            activity: activity.clone(),
            agent: agent.clone(),
            registration: None,
        },
        DocumentList::ActivityProfiles { activity },
        DocumentList::AgentProfiles { agent },
    ];
    for (number, list) in lists.iter().enumerate() {
        let names = storage.list_documents(tenant, list, None).await;
        note(format!("list {number}"), answer(names.map(Some)));
    }
    let removed = DocumentList::AgentProfiles { agent: mailbox("eve") };
    let removed = storage.list_documents(tenant, &removed, None).await;
    note("removal".into(), answer(removed.map(|found| found.updated)));
    for number in 0..4 {
        let activity: ActivityId = activity_id(&format!("a{number}"));
        let found = storage.find_definition(tenant, &activity).await;
        note(format!("definition {number}"), answer(found));
    }
    let person = storage.find_person(tenant, &mailbox("ada")).await;
    note("person".into(), answer(person.map(|person| Some(person.names))));
    note("cursor".into(), answer(storage.find_cursor(tenant, "file").await));
    let entries = storage.list_audit(Some(tenant), &AuditQuery::everything(100)).await;
    note("audit".into(), answer(entries.map(Some)));
    let usage = storage.add_usage(tenant, 7, Usage::default()).await;
    note("usage".into(), answer(usage.map(Some)));
    let credentials = storage.list_credentials(tenant).await;
    note("credentials".into(), answer(credentials.map(Some)));
}

async fn content_of(
    storage: &EmbeddedStorage,
    tenant: TenantId,
    sha2: &Sha2,
) -> Result<Option<Vec<u8>>, StorageError> {
    let Some(mut reader) = storage.open_attachment(tenant, sha2).await? else { return Ok(None) };
    let mut content = Vec::new();
    while let Some(piece) = reader.next().await? {
        content.extend_from_slice(&piece);
    }
    Ok(Some(content))
}

fn queries() -> Vec<StatementQuery> {
    let all = everything();
    let agent = |name, is_related| Some(AgentFilter { ifi: mailbox(name), is_related });
    vec![
        StatementQuery { count_max: 7, ..all.clone() },
        StatementQuery { order: Order::Ascending, count_max: 5, ..all.clone() },
        StatementQuery { verb: Some(verb("completed")), ..all.clone() },
        StatementQuery { verb: Some(verb("tried")), ..all.clone() },
        StatementQuery { agent: agent("bob", false), ..all.clone() },
        StatementQuery {
            agent: Some(AgentFilter { ifi: account("client"), is_related: true }),
            count_max: 9,
            ..all.clone()
        },
        StatementQuery { activity: Some(activity_id("a2")), ..all.clone() },
        StatementQuery {
            activity: Some(activity_id("parent")),
            is_activity_related: true,
            ..all.clone()
        },
        StatementQuery { registration: Some(uuid(2)), ..all },
    ]
}
