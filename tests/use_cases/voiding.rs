//! Statements are voided by people.

use std::num::NonZeroU64;

use acta_access::{Principal, Role, TenantId};
use acta_admin::{AdminError, LimitChanges, Requester, TenantChanges};
use acta_service::{Sent, Service, ServiceError, Shape, TenantLimits, Upload};
use acta_storage::AuditEntry;
use acta_xapi::{IriRule, StatementId, Uuid, Version};
use serde_json::{Value, json};

use crate::engine::{Engine, on_every_engine};
use crate::house::{House, refused};

on_every_engine! {
    an_administrator_voids_a_statement_once_and_says_why
    voiding_counts_towards_the_quota_and_needs_an_active_tenant
}

const TENANT: TenantId = TenantId::FIRST;
const WHY: &str = "Sent twice: the \"old\" import";

fn principal() -> Principal {
    Principal::new(TENANT, "lms", "all".parse().unwrap())
}

/// Stores a statement in a version of xAPI.
async fn store(service: &Service, version: Version) -> StatementId {
    let statement = json!({
        "actor": { "mbox": "mailto:ada@example.org" },
        "verb": { "id": "http://example.org/v" },
        "object": { "id": "http://example.org/a" },
    });
    let text = statement.to_string().into();
    let sent = Sent { text, version, shape: Shape::Any, iris: IriRule::Strict };
    let statements = service.prepare_statements(&principal(), sent).await.unwrap();
    let limits = &TenantLimits::NONE;
    let upload = Upload { statements, attachments: Vec::new(), bytes: 0, limits };
    service.store_statements(upload).await.unwrap().ids[0]
}

/// What the audit of the tenant says of statements: the act and its details.
async fn told(house: &House) -> Vec<(AuditEntry, Value)> {
    let entries = house.entries(Some(TENANT)).await.into_iter();
    let own = entries.filter(|entry| entry.content.target.starts_with("statement:"));
    own.map(|entry| {
        let detail = serde_json::from_str(&entry.content.detail).unwrap();
        (entry, detail)
    })
    .collect()
}

async fn an_administrator_voids_a_statement_once_and_says_why(engine: Engine) {
    let house = House::new(engine).await;
    let ada = house.ada().await;
    let bob = house.comes(&ada, ("bob@example.org", Role::Administrator)).await;
    let eve = house.comes(&ada, ("eve@example.org", Role::Analyst)).await;
    let (admin, service) = (&house.admin, &house.service);
    for version in [Version::V1_0_3, Version::V2_0_0] {
        let target = store(service, version).await;
        let before = told(&house).await.len();
        let one = (TENANT, target);
        let why = "x".repeat(501);
        for reason in ["", " ", "a\nb", why.as_str()] {
            refused!(admin.void_statement(&bob, one, reason).await, AdminError::Faulty(_));
        }
        refused!(admin.void_statement(&eve, one, WHY).await, AdminError::Forbidden { .. });
        assert_eq!(told(&house).await.len(), before, "what is refused voids nothing");

        let voiding = admin.void_statement(&bob, one, WHY).await.unwrap();
        refused!(service.find_statement(&principal(), target).await, ServiceError::NotFound);
        service.find_voided_statement(&principal(), target).await.unwrap();
        let found = service.find_statement(&principal(), voiding).await.unwrap();
        assert_eq!(found.version, version);
        let found: Value = serde_json::from_str(&found.text).unwrap();
        let who = bob.who().to_string();
        let account = json!({ "homePage": "https://acta.example/keys", "name": who });
        let actor = json!({ "objectType": "Agent", "name": "Somebody", "account": account });
        assert_eq!(found["actor"], actor);
        assert_eq!(found["authority"], json!({ "objectType": "Agent", "account": account }));
        assert_eq!(found["verb"]["id"], "http://adlnet.gov/expapi/verbs/voided");
        let reference = json!({ "objectType": "StatementRef", "id": target.to_string() });
        assert_eq!(found["object"], reference);
        assert_eq!(found["result"], json!({ "response": WHY }));

        let entries = told(&house).await;
        let [(entry, detail)] = &entries[before..] else { panic!("{entries:?}") };
        assert_eq!(entry.content.act, "statement.voided");
        assert_eq!(entry.content.who, *bob.who());
        assert_eq!(entry.content.target, format!("statement:{target}"));
        assert_eq!(*detail, json!({ "reason": WHY, "voiding_statement": voiding.to_string() }));

        refused!(admin.void_statement(&bob, one, WHY).await, AdminError::Conflict(_));
        let again = admin.void_statement(&bob, (TENANT, voiding), WHY).await;
        refused!(again, AdminError::Conflict(_));
        assert_eq!(told(&house).await.len(), before + 1);
    }
    let nowhere = (TENANT, StatementId(Uuid::from_u128(7)));
    let unknown = admin.void_statement(&ada, nowhere, WHY).await;
    refused!(unknown, AdminError::Service(ServiceError::NotFound));
}

async fn voiding_counts_towards_the_quota_and_needs_an_active_tenant(engine: Engine) {
    let house = House::new(engine).await;
    let ada = house.ada().await;
    let machine = Requester::machine();
    let (admin, service) = (&house.admin, &house.service);
    let first = (TENANT, store(service, Version::V2_0_0).await);
    let second = (TENANT, store(service, Version::V2_0_0).await);
    let limits =
        LimitChanges { statements_per_day: Some(NonZeroU64::new(3)), ..LimitChanges::default() };
    let changes = TenantChanges { limits, ..TenantChanges::default() };
    admin.change_tenant(&machine, TENANT, changes, None).await.unwrap();
    admin.void_statement(&machine, first, WHY).await.unwrap();
    let over = admin.void_statement(&machine, second, WHY).await;
    refused!(over, AdminError::Service(ServiceError::OverQuota(_)));
    service.find_statement(&principal(), second.1).await.unwrap();
    let acts = told(&house).await.into_iter().map(|(entry, _)| entry.content.act.into_owned());
    let expected = ["statement.voided", "statement.voided", "statement.void-unconfirmed"];
    assert_eq!(acts.collect::<Vec<_>>(), expected);

    admin.suspend_tenant(&machine, TENANT).await.unwrap();
    for who in [&ada, &machine] {
        refused!(admin.void_statement(who, second, WHY).await, AdminError::Conflict(_));
    }
    service.find_statement(&principal(), second.1).await.unwrap();
}
