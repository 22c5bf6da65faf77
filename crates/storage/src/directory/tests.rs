use std::sync::Arc;

use acta_access::{Restrictions, Role, Scope, TenantId};
use acta_xapi::Uuid;

use super::*;
use crate::{Record, RecordContent, Who};

const NOW: Timestamp = Timestamp::from_unix_micros(1_772_357_400_000_250);

#[track_caller]
fn check<T: Recorded + Clone + PartialEq + std::fmt::Debug>(value: &T) {
    let record =
        Record { kind: T::KIND, id: value.record_id(), version: 1, content: value.to_content() };
    assert_eq!(T::from_record(&record).unwrap(), *value);
    // A truncated text is reported as damage, and the message does not quote it.
    let mut cut = record;
    cut.content.body.truncate(cut.content.body.len() - 1);
    let error = T::from_record(&cut).unwrap_err();
    assert!(matches!(error, StorageError::Corrupt { .. }), "{error}");
}

fn account() -> AccountId {
    AccountId::from_u128(7)
}

#[test]
fn tenants_are_written_and_read() {
    let id = TenantId::new(12).unwrap();
    let plain = Tenant::new(id, "Häuser & Söhne", NOW);
    assert_eq!(plain.record_id(), "0000000012");
    let limits = TenantLimits {
        requests_per_second: std::num::NonZeroU32::new(5),
        bytes_per_day: std::num::NonZeroU64::new(u64::MAX),
        statements_per_day: None,
        weight: std::num::NonZeroU64::new(100).unwrap().try_into().unwrap(),
    };
    let states = [
        TenantState::Active,
        TenantState::Suspended { since: NOW },
        TenantState::Deleted { since: NOW, purge: NOW, suspended: None },
        TenantState::Deleted { since: NOW, purge: NOW, suspended: Some(NOW) },
        TenantState::Purging { since: NOW },
        TenantState::Purged { since: NOW },
    ];
    for state in states {
        let (audits_reads, publishes_proof_log) = (true, true);
        check(&Tenant { state, limits, audits_reads, publishes_proof_log, ..plain.clone() });
    }
    check(&plain);
    let course = ["any_grouping".parse().unwrap(), "object".parse().unwrap()].to_vec();
    let settings = TenantSettings {
        zone: Some("Europe/Zurich".to_owned()),
        language: Some("de-CH".parse().unwrap()),
        smallest_group: std::num::NonZeroU32::new(5),
        course: CourseRule::new(course, vec!["http://t.example/course".to_owned()]).unwrap(),
    };
    check(&Tenant { settings, ..plain });
}

/// Texts without a field that was added later.
#[test]
fn older_texts_are_read() {
    let content = |body: &str| RecordContent {
        tenant: Some(TenantId::FIRST),
        ..content_of(&serde_json::from_str::<serde_json::Value>(body).unwrap())
    };
    let record = |kind, id: &str, body| Record {
        kind,
        id: id.to_owned(),
        version: 1,
        content: content(body),
    };
    let tenant = record(RecordKind::Tenant, "0000000001", r#"{"name":"default","created":5}"#);
    let expected = Tenant::new(TenantId::FIRST, "default", Timestamp::from_unix_micros(5));
    assert_eq!(Tenant::from_record(&tenant).unwrap(), expected);
    let mac = "ab".repeat(32);
    let body = format!(
        r#"{{"label":"first","secrets":[{{"mac":"{mac}","created":5}}],"scopes":"all","created":5}}"#
    );
    let read = Credential::from_record(&record(RecordKind::Credential, "key", &body)).unwrap();
    assert_eq!((read.key.as_str(), read.tenant), ("key", TenantId::FIRST));
    assert_eq!(read.secrets[0].mac, [0xab; 32]);
    assert_eq!(*read.restrictions, Restrictions::default());
    assert!(read.scopes.contains(Scope::All) && read.expires.is_none());
}

#[test]
fn credentials_are_written_and_read() {
    let secret = CredentialSecret { mac: [9; 32], created: NOW, expires: Some(NOW) };
    let full = Credential {
        key: "key".into(),
        tenant: TenantId::FIRST,
        label: "ünï".into(),
        secrets: vec![secret, CredentialSecret { expires: None, ..secret }],
        scopes: [Scope::State, Scope::All].into_iter().collect(),
        restrictions: Arc::new(Restrictions {
            is_read_only: true,
            activity_prefixes: vec!["https://example.org/".parse().unwrap()],
            origins: vec!["https://example.org".parse().unwrap()],
            binding: None,
        }),
        authority: Some(Arc::new(r#"{"mbox":"mailto:ada@example.org"}"#.parse().unwrap())),
        created: NOW,
        expires: Some(NOW),
    };
    check(&full);
    let pages = vec!["https://one.example".parse().unwrap(), "urn:two".parse().unwrap()];
    check(&AuthorityHomePages { pages });
    check(&SpentState { id: "hash".into(), expires: NOW });
    check(&CredentialUse { key: "key".into(), tenant: TenantId::FIRST, last_used: NOW });
}

#[test]
fn people_are_written_and_read() {
    let factor = SecondFactor {
        secret: "GEZDGNBVGY3TQOJQ".into(),
        is_confirmed: true,
        last_step: Some(7),
        recovery: vec!["a".into(), "b".into()],
    };
    let plain = Account {
        id: account(),
        email: "Ada@Example.org".parse().unwrap(),
        display_name: "Ada".into(),
        password: None,
        second_factor: None,
        is_operator: false,
        is_disabled: false,
        created: NOW,
        password_changed: None,
        last_signed_in: None,
        created_for: None,
    };
    assert_eq!(plain.to_content().name.as_deref(), Some("ada@example.org"));
    check(&Account { second_factor: Some(factor), is_operator: true, ..plain.clone() });
    let guest = Account { created_for: Some(TenantId::FIRST), ..plain.clone() };
    check(&guest);
    // A tenant is removed with what belongs to it; this does not.
    assert_eq!(guest.to_content().tenant, None);
    check(&plain);
    check(&Membership {
        tenant: TenantId::FIRST,
        account: account(),
        role: Role::Owner,
        groups: Vec::new(),
        created: NOW,
        is_provided: true,
    });
    check(&Membership {
        tenant: TenantId::FIRST,
        account: account(),
        role: Role::Advisor,
        groups: vec![Uuid::from_u128(7), Uuid::from_u128(8)],
        created: NOW,
        is_provided: false,
    });
    let (issuer, subject) = ("https://id.example".to_owned(), "x".to_owned());
    check(&Identity { issuer, subject, account: account() });
    check(&Failures { id: "hash".into(), count: 3, last: NOW, expires: NOW });
}

#[test]
fn sessions_tickets_and_answers_are_written_and_read() {
    check(&Session {
        id: "hash".into(),
        account: account(),
        created: NOW,
        last_used: NOW,
        ends: NOW,
        expires: NOW,
        from: "2001:db8::1".into(),
        is_strong: true,
    });
    let email: EmailAddress = "ada@example.org".parse().unwrap();
    let (tenant, role) = (TenantId::FIRST, Role::Analyst);
    let purposes = [
        TicketPurpose::SetUp,
        TicketPurpose::Invitation { tenant, email: email.clone(), role, groups: Vec::new() },
        TicketPurpose::Invitation {
            tenant,
            email,
            role: Role::Advisor,
            groups: vec![Uuid::from_u128(7), Uuid::from_u128(8)],
        },
        TicketPurpose::Reset { account: account() },
    ];
    for purpose in purposes {
        let by = Who::Credential("key".into());
        check(&Ticket { id: "hash".into(), purpose, by, created: NOW, expires: NOW });
    }
    let answer = r#"{"key":"a"}"#.to_owned();
    check(&Answer { id: "hash".into(), request: [4; 32], answer, expires: NOW });
}

#[test]
fn logs_for_proofs_are_written_and_read() {
    let log = ProofLog {
        tenant: TenantId::FIRST,
        id: Uuid::from_u128(7),
        origin: "lrs.example/t/7/0".into(),
        epoch: u64::MAX,
        store: crate::StoreId([3; 32]),
        timeline: None,
        is_ended: false,
        size: 0,
        root: [5; 32],
        continues: None,
    };
    check(&log);
    check(&ProofDamage { tenant: log.tenant, epoch: u64::MAX });
    let ended = ProofLog { timeline: Some(u32::MAX), is_ended: true, ..log };
    check(&ProofLog { size: 7, continues: Some("a note\n".into()), ..ended });
}

#[test]
fn saved_questions_are_written_and_read() {
    let question = SavedQuestion {
        id: Uuid::from_u128(9),
        tenant: TenantId::FIRST,
        name: "Lernende – je \"Tag\"".into(),
        description: String::new(),
        owner: None,
        is_shared: true,
        kind: QuestionKind::Query,
        question: r#"{"measures":[{"measure":"count"}]}"#.into(),
        created: NOW,
        changed: NOW,
    };
    check(&question);
    let of_owner = SavedQuestion { owner: Some(account()), ..question.clone() };
    check(&of_owner);
    assert_eq!(question.to_content().name, of_owner.to_content().name, "both are shared");
    for kind in QuestionKind::EVERY {
        let description = "line\nline".to_owned();
        check(&SavedQuestion { is_shared: false, kind, description, ..of_owner.clone() });
    }
    let alone = SavedQuestion { is_shared: false, ..of_owner };
    assert_ne!(question.to_content().name, alone.to_content().name);
    let dashboard = SavedQuestion { kind: QuestionKind::Dashboard, ..question.clone() };
    assert_ne!(question.to_content().name, dashboard.to_content().name, "names of their own");
}

#[test]
fn email_addresses_are_distinguished_from_other_texts() {
    for good in ["a@b", "Ada.Lovelace+x@example.org", "ünï@exämple.org"] {
        let parsed: EmailAddress = good.parse().unwrap();
        assert_eq!(parsed.as_str(), good.to_lowercase());
        assert_eq!(parsed.as_str().parse(), Ok(parsed.clone()));
    }
    let long = format!("{}@example.org", "a".repeat(243));
    for bad in ["", "a", "@b", "a@", "a b@c", "a@b\n", "a@b@c", "<a@b>", "a,b@c", &long] {
        assert_eq!(bad.parse::<EmailAddress>(), Err(NotAnEmailAddress), "{bad:?}");
    }
}
