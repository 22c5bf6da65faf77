//! Rights that end while a request arrives, and what the audit records of reading.

use std::sync::Arc;
use std::time::Duration;

use acta_access::TenantId;
use acta_ambient::ManualClock;
use acta_http::{App, Dependencies};
use acta_storage::directory::{self, Credential, Tenant, TenantState, Versioned};
use acta_storage::{AuditEntry, AuditQuery, Change, Committed, RecordWrite, Storage, Who};
use acta_xapi::Version;
use axum::body::Body;
use futures_util::StreamExt;
use futures_util::stream;
use http_body_util::{BodyExt, Collected};
use hyper::Method;
use serde_json::json;

use crate::attachments::{content_part, multipart, statements_part, with_attachments};
use crate::server::{Ask, ID, Server, World, ask, bounds, get, post, put, statement, with_id};

/// What ends the rights of the credential `all` of the first tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    /// Nothing: the request only takes long.
    None,
    CredentialRemoved,
    ScopesChanged,
    SecretReplaced,
    TenantSuspended,
}

const EVENTS: [(Event, Option<u16>); 5] = [
    (Event::None, None),
    (Event::CredentialRemoved, Some(401)),
    (Event::ScopesChanged, Some(401)),
    (Event::SecretReplaced, Some(401)),
    (Event::TenantSuspended, Some(403)),
];

struct Shop {
    server: Server,
    storage: Arc<dyn Storage>,
    key: String,
}

impl Shop {
    async fn open() -> Self {
        let World { backend, http, clock, known } = World::new(Version::V2_0_0, bounds()).await;
        let app = App::new(Dependencies::new(http), Vec::new());
        let server = Server::of(app, clock, known);
        let key = server.key_of("all").to_owned();
        Self { server, storage: backend.storage, key }
    }
}

/// Another node does this, so that the caches of this one are not told of it.
async fn happen(event: Event, key: &str, storage: &dyn Storage, clock: &ManualClock) {
    let found: Versioned<Credential> = directory::find(storage, key).await.unwrap().unwrap();
    let id = Tenant::record_id_of(TenantId::FIRST);
    let tenant: Versioned<Tenant> = directory::find(storage, &id).await.unwrap().unwrap();
    let mut after = found.value.clone();
    let write = match event {
        Event::None => None,
        Event::CredentialRemoved => Some(found.remove()),
        Event::ScopesChanged => {
            after.scopes = "statements/write".parse().unwrap();
            Some(found.write(&after))
        }
        Event::SecretReplaced => {
            after.secrets[0].mac = [7; 32];
            Some(found.write(&after))
        }
        Event::TenantSuspended => {
            let state = TenantState::Suspended { since: tenant.value.created };
            Some(tenant.write(&Tenant { state, ..tenant.value.clone() }))
        }
    };
    commit(storage, write.into_iter().collect()).await;
    clock.advance(Duration::from_secs(2));
}

async fn commit(storage: &dyn Storage, writes: Vec<RecordWrite>) {
    let change = Change { writes, entries: Vec::new() };
    assert_eq!(storage.commit(&change).await.unwrap(), Committed::Done);
}

/// A request with a body of unknown length, before whose last letter something happens.
fn interrupted(shop: &Shop, asked: Ask, (content_type, body): (&str, &str), event: Event) -> Ask {
    let (first, last) = body.split_at(body.len() - 1);
    let (first, last) = (first.as_bytes().to_vec(), last.as_bytes().to_vec());
    let (storage, clock) = (Arc::clone(&shop.storage), Arc::clone(&shop.server.clock));
    let key = shop.key.clone();
    let rest = async move {
        happen(event, &key, &*storage, &clock).await;
        Ok::<_, std::io::Error>(last)
    };
    let pieces = stream::once(async { Ok(first) }).chain(stream::once(rest));
    asked.body_of(content_type, Body::from_stream(pieces))
}

#[tokio::test]
async fn a_request_that_began_before_its_rights_ended_writes_nothing() {
    let one = with_id(statement(1), ID).to_string();
    let multipart = format!("--b\r\nContent-Type: application/json\r\n\r\n{one}\r\n--b--\r\n");
    let document = "/xapi/activities/profile?activityId=http%3A%2F%2Fa.example&profileId=p";
    let statements = format!("/xapi/statements?statementId={ID}");
    let json = "application/json";
    let table = [
        (Method::PUT, statements.as_str(), (json, one.as_str()), statements.as_str()),
        (Method::POST, "/xapi/statements", (json, one.as_str()), statements.as_str()),
        (
            Method::POST,
            "/xapi/statements",
            ("multipart/mixed; boundary=b", multipart.as_str()),
            statements.as_str(),
        ),
        (Method::PUT, document, (json, r#"{"a":1}"#), document),
        (Method::POST, document, (json, r#"{"a":1}"#), document),
    ];
    for (method, path, sent, place) in table {
        for (event, refusal) in EVENTS {
            let shop = Shop::open().await;
            let asked = ask(method.clone(), path).header("if-none-match", "*");
            let asked = interrupted(&shop, asked, sent, event);
            let answer = shop.server.send(asked).await;
            let expected = refusal.unwrap_or(if path == "/xapi/statements" { 200 } else { 204 });
            assert_eq!(answer.status, expected, "{method} {path} {event:?}: {}", answer.text());
            if event == Event::TenantSuspended {
                let id = Tenant::record_id_of(TenantId::FIRST);
                let found: Versioned<Tenant> =
                    directory::find(&*shop.storage, &id).await.unwrap().unwrap();
                let state = TenantState::Active;
                let writes = vec![found.write(&Tenant { state, ..found.value.clone() })];
                commit(&*shop.storage, writes).await;
            }
            let reader = get(place).scopes("all/read");
            let found = shop.server.send(reader).await.status;
            assert_eq!(found, if refusal.is_none() { 200 } else { 404 }, "{path} {event:?}");
        }
    }
}

#[tokio::test]
async fn a_delete_whose_rights_ended_removes_nothing() {
    let document = "/xapi/activities/profile?activityId=http%3A%2F%2Fa.example&profileId=p";
    for (event, refusal) in EVENTS.into_iter().filter(|(event, _)| *event != Event::TenantSuspended)
    {
        let shop = Shop::open().await;
        let stored = put(document).header("if-none-match", "*").json(&json!({ "a": 1 }));
        shop.server.expect(stored, 204).await;
        let asked = ask(Method::DELETE, document).header("content-length", "2");
        let asked = interrupted(&shop, asked, ("application/json", "{}"), event);
        let status = shop.server.send(asked).await.status;
        assert_eq!(status, refusal.unwrap_or(204), "{event:?}");
        let found = shop.server.send(get(document).scopes("all/read")).await.status;
        assert_eq!(found, if refusal.is_some() { 200 } else { 404 }, "{event:?}");
    }
}

#[tokio::test]
async fn attachments_are_sent_only_as_long_as_the_rights_last() {
    let contents: [&[u8]; 2] = [b"one", b"another"];
    let parts = [
        statements_part(&with_attachments(&contents)),
        content_part(contents[0]),
        content_part(contents[1]),
    ];
    for (event, refusal) in EVENTS {
        let shop = Shop::open().await;
        shop.server.expect(multipart(post("/xapi/statements"), &parts), 200).await;
        let asked = get(&format!("/xapi/statements?statementId={ID}&attachments=true"));
        let mut body = shop.server.begin(asked).await.into_body();
        let mut sent = Vec::new();
        while !sent.ends_with(b"one") {
            sent.extend(body.frame().await.unwrap().unwrap().into_data().unwrap());
        }
        happen(event, &shop.key, &*shop.storage, &shop.server.clock).await;
        let rest = body.collect().await.map(Collected::to_bytes);
        assert_eq!(rest.is_err(), refusal.is_some(), "{event:?}");
        let is_whole = rest.is_ok_and(|rest| String::from_utf8_lossy(&rest).contains("another"));
        assert_eq!(is_whole, refusal.is_none(), "{event:?}");
    }
}

async fn readings(storage: &dyn Storage) -> Vec<AuditEntry> {
    let query = AuditQuery::everything(100);
    let entries = storage.list_audit(Some(TenantId::FIRST), &query).await.unwrap();
    entries.into_iter().filter(|entry| entry.content.act == "statements.read").collect()
}

#[tokio::test]
async fn the_first_reading_of_a_credential_is_audited_if_the_tenant_enables_it() {
    let shop = Shop::open().await;
    shop.server.expect(get("/xapi/statements"), 200).await;
    assert_eq!(readings(&*shop.storage).await, []);
    let id = Tenant::record_id_of(TenantId::FIRST);
    let found: Versioned<Tenant> = directory::find(&*shop.storage, &id).await.unwrap().unwrap();
    let after = Tenant { audits_reads: true, ..found.value.clone() };
    commit(&*shop.storage, vec![found.write(&after)]).await;
    shop.server.clock.advance(Duration::from_secs(2));
    shop.server
        .expect(put(&format!("/xapi/statements?statementId={ID}")).json(&statement(1)), 204)
        .await;
    assert_eq!(readings(&*shop.storage).await, [], "who writes does not read");
    for path in ["/xapi/statements".to_owned(), format!("/xapi/statements?statementId={ID}")] {
        shop.server.expect(get(&path), 200).await;
        let entries = readings(&*shop.storage).await;
        assert_eq!(entries.len(), 1, "{path}");
        assert_eq!(entries[0].content.who, Who::Credential(shop.key.clone()));
        assert_eq!(entries[0].content.from, "local");
    }
    shop.server.expect(get("/xapi/statements").scopes("all/read"), 200).await;
    assert_eq!(readings(&*shop.storage).await.len(), 2, "each credential");
    shop.server.clock.advance(Duration::from_hours(1));
    shop.server.expect(get("/xapi/statements"), 200).await;
    assert_eq!(readings(&*shop.storage).await.len(), 3, "each hour");
}
