//! Who may do what, and what the audit tells of it.

use std::time::Duration;

use acta_access::{Binding, TenantId};
use acta_admin::{
    AdminError, AuditChain, CredentialChanges, CredentialId, ImportMode, ImportOptions,
    NewJoinedPerson, NewToken, PersonSearch, QuestionDraft, Requester, StatementQuestion,
    TenantChanges, parse_rows,
};
use acta_service::Search;
use acta_storage::directory::{PersonRules, QuestionKind, TenantLimits, TenantState};
use acta_storage::{AuditOutcome, AuditQuery};
use acta_xapi::{Ifi, StatementId, Uuid};
use serde_json::json;

use crate::world::{EVERYBODY, World, never, new_credential, word};

/// An act: its name, those who may, those from whom it is hidden, and the entries that tell of
/// it when it is done: its name, and whether the server's chain holds it too when somebody else
/// than an operator does it.
struct Act {
    name: &'static str,
    may: &'static [&'static str],
    is_hidden: bool,
    audited: Option<(&'static str, bool)>,
}

const fn read(name: &'static str, may: &'static [&'static str]) -> Act {
    Act { name, may, is_hidden: true, audited: None }
}

const fn act(name: &'static str, may: &'static [&'static str], audited: &'static str) -> Act {
    Act { name, may, is_hidden: true, audited: Some((audited, false)) }
}

const OPERATORS: &[&str] = &["machine", "operator"];
const RUNNERS: &[&str] = &["machine", "owner", "administrator", "key admin"];
const WATCHERS: &[&str] =
    &["machine", "owner", "administrator", "auditor", "key admin", "key admin/read"];
const AUDITORS: &[&str] = &[
    "machine",
    "owner",
    "administrator",
    "auditor",
    "key admin",
    "key admin/read",
    "key audit/read",
];

const READERS_OF_PERSONS: &[&str] =
    &["machine", "owner", "administrator", "analyst", "key admin", "key admin/read", "key all"];

/// The statement that is voided.
const STATEMENT: &str = "6690e6c9-3ef0-4ed3-8b37-7f3964730bee";

const ACTS: [Act; 43] = [
    read(
        "read-tenant",
        &[
            "machine",
            "operator",
            "owner",
            "administrator",
            "analyst",
            "advisor",
            "auditor",
            "viewer",
            "learner",
            "key admin",
            "key admin/read",
        ],
    ),
    read(
        "read-usage",
        &[
            "machine",
            "operator",
            "owner",
            "administrator",
            "analyst",
            "auditor",
            "viewer",
            "key admin",
            "key admin/read",
        ],
    ),
    Act {
        name: "create-tenant",
        may: OPERATORS,
        is_hidden: false,
        audited: Some(("tenant.created", true)),
    },
    act(
        "rename-tenant",
        &["machine", "operator", "owner", "administrator", "key admin"],
        "tenant.changed",
    ),
    act("limit-tenant", OPERATORS, "tenant.changed"),
    act(
        "publish-proof-log-of-tenant",
        &["machine", "operator", "owner", "administrator", "key admin"],
        "tenant.changed",
    ),
    act("watch-reads", &["machine", "owner"], "tenant.changed"),
    act("change-settings-of-tenant", RUNNERS, "tenant.changed"),
    act("set-smallest-group-of-tenant", &["machine", "owner"], "tenant.changed"),
    Act {
        name: "suspend-tenant",
        may: OPERATORS,
        is_hidden: false,
        audited: Some(("tenant.suspended", true)),
    },
    Act {
        name: "resume-tenant",
        may: OPERATORS,
        is_hidden: false,
        audited: Some(("tenant.resumed", true)),
    },
    Act {
        name: "delete-tenant",
        may: &["machine", "operator", "owner"],
        is_hidden: true,
        audited: Some(("tenant.deleted", true)),
    },
    Act {
        name: "restore-tenant",
        may: &["machine", "operator", "owner"],
        is_hidden: true,
        audited: Some(("tenant.restored", true)),
    },
    read("list-credentials", WATCHERS),
    read("read-credential", WATCHERS),
    act("create-credential", RUNNERS, "credential.created"),
    act("change-credential", RUNNERS, "credential.changed"),
    act("rotate-credential", RUNNERS, "credential.rotated"),
    act("remove-credential", RUNNERS, "credential.removed"),
    act("issue-token", RUNNERS, "token.issued"),
    read("list-audit", AUDITORS),
    read("verify-audit", AUDITORS),
    act("export-audit", AUDITORS, "audit.exported"),
    read("read-statements", &["machine", "owner", "administrator", "analyst", "key all"]),
    act("void-statement", RUNNERS, "statement.voided"),
    read(
        "ask-question",
        &["machine", "owner", "administrator", "analyst", "advisor", "learner", "key all"],
    ),
    read("list-persons", READERS_OF_PERSONS),
    act("export-persons", READERS_OF_PERSONS, "persons.exported"),
    act("create-person", RUNNERS, "persons.created"),
    act("import-persons", RUNNERS, "persons.imported"),
    act("set-person-rules", RUNNERS, "persons.rules-changed"),
    read("list-groups", READERS_OF_PERSONS),
    act("export-groups", READERS_OF_PERSONS, "groups.exported"),
    act("create-group", RUNNERS, "groups.created"),
    act("import-groups", RUNNERS, "groups.imported"),
    act("add-member", RUNNERS, "groups.member-set"),
    act(
        "save-question",
        &["machine", "owner", "administrator", "analyst", "advisor", "key admin"],
        "question.saved",
    ),
    read(
        "list-questions",
        &["machine", "owner", "administrator", "analyst", "advisor", "learner", "key all"],
    ),
    act(
        "save-dashboard",
        &["machine", "owner", "administrator", "analyst", "advisor", "key admin"],
        "dashboard.saved",
    ),
    read(
        "list-dashboards",
        &["machine", "owner", "administrator", "analyst", "advisor", "learner", "key all"],
    ),
    Act { name: "list-server-audit", may: OPERATORS, is_hidden: false, audited: None },
    Act { name: "verify-server-audit", may: OPERATORS, is_hidden: false, audited: None },
    Act { name: "export-server-audit", may: OPERATORS, is_hidden: false, audited: None },
];

async fn perform(world: &World, requester: &Requester, name: &str) -> Result<(), AdminError> {
    let (admin, tenant) = (&world.admin, TenantId::FIRST);
    match name {
        "read-tenant" => admin.read_tenant(requester, tenant).await.map(drop),
        "read-usage" => admin.read_usage(requester, tenant).await.map(drop),
        "create-tenant" => {
            admin.create_tenant(requester, "new", TenantLimits::NONE, never()).await.map(drop)
        }
        "suspend-tenant" => admin.suspend_tenant(requester, tenant).await.map(drop),
        "resume-tenant" => admin.resume_tenant(requester, tenant).await.map(drop),
        "delete-tenant" => admin.delete_tenant(requester, tenant).await.map(drop),
        "restore-tenant" => admin.restore_tenant(requester, tenant).await.map(drop),
        "list-credentials" => admin.list_credentials(requester, tenant, None, 9).await.map(drop),
        "read-credential" => admin.read_credential(requester, tenant, &world.key).await.map(drop),
        "create-credential" => admin
            .create_credential(requester, tenant, new_credential("state"), never())
            .await
            .map(drop),
        "change-credential" => {
            let label = Some("new".to_owned());
            let changes = CredentialChanges { label, ..CredentialChanges::default() };
            admin
                .change_credential(
                    requester,
                    CredentialId { tenant, key: &world.key },
                    changes,
                    None,
                )
                .await
                .map(drop)
        }
        "rotate-credential" => admin
            .rotate_credential(requester, CredentialId { tenant, key: &world.key }, Duration::ZERO)
            .await
            .map(drop),
        "remove-credential" => admin.remove_credential(requester, tenant, &world.key).await,
        "issue-token" => admin
            .issue_token(requester, CredentialId { tenant, key: &world.key }, new_token())
            .await
            .map(drop),
        other if other.ends_with("-tenant") || other == "watch-reads" => {
            admin.change_tenant(requester, tenant, changes(other), None).await.map(drop)
        }
        other => audit_or_read(world, requester, other).await,
    }
}

fn changes(name: &str) -> TenantChanges {
    let mut changes = TenantChanges::default();
    match name {
        "rename-tenant" => changes.name = Some("new".to_owned()),
        "limit-tenant" => changes.limits.bytes_per_day = Some(std::num::NonZeroU64::new(7)),
        "publish-proof-log-of-tenant" => changes.publishes_proof_log = Some(true),
        "watch-reads" => changes.audits_reads = Some(true),
        "change-settings-of-tenant" => changes.settings.zone = Some(Some("Asia/Tokyo".to_owned())),
        "set-smallest-group-of-tenant" => {
            changes.settings.smallest_group = Some(std::num::NonZeroU32::new(5));
        }
        other => panic!("nobody can {other}"),
    }
    changes
}

pub(crate) fn new_token() -> NewToken {
    let agent = acta_xapi::Ifi::Mbox("mailto:ada@example.org".parse().unwrap());
    let binding = Binding { agent, registration: None, activities: Vec::new() };
    NewToken { binding, origin: None, scopes: None, lifetime: None }
}

#[expect(clippy::too_many_lines, reason = "a table")]
async fn audit_or_read(world: &World, requester: &Requester, name: &str) -> Result<(), AdminError> {
    let (admin, own) = (&world.admin, AuditChain::Tenant(TenantId::FIRST));
    let query = AuditQuery::everything(9);
    match name {
        "list-audit" => admin.list_audit(requester, own, &query).await.map(drop),
        "verify-audit" => admin.verify_audit(requester, own, None).await.map(drop),
        "export-audit" => admin.begin_export(requester, own, "csv").await.map(drop),
        "list-server-audit" => {
            admin.list_audit(requester, AuditChain::Server, &query).await.map(drop)
        }
        "verify-server-audit" => {
            admin.verify_audit(requester, AuditChain::Server, None).await.map(drop)
        }
        "export-server-audit" => {
            admin.begin_export(requester, AuditChain::Server, "csv").await.map(drop)
        }
        "ask-question" => {
            admin.permit_question(requester, TenantId::FIRST, &json!({})).await.map(drop)
        }
        "list-questions" => {
            admin.list_questions(requester, TenantId::FIRST, None, 9).await.map(drop)
        }
        "list-dashboards" => {
            admin.list_dashboards(requester, TenantId::FIRST, None, 9).await.map(drop)
        }
        "save-question" | "save-dashboard" => {
            let kind =
                if name == "save-question" { QuestionKind::Query } else { QuestionKind::Dashboard };
            let draft = QuestionDraft {
                name: "Days".to_owned(),
                description: String::new(),
                is_shared: true,
                kind,
                question: "{}".to_owned(),
            };
            admin.save_question(requester, TenantId::FIRST, draft, never()).await.map(drop)
        }
        "list-persons" => {
            let search = PersonSearch { text: String::new(), after: None, count_max: 9 };
            admin.list_persons(requester, TenantId::FIRST, &search).await.map(drop)
        }
        "export-persons" => admin.begin_person_export(requester, TenantId::FIRST).await.map(drop),
        "create-person" => {
            let mbox = Ifi::Mbox("mailto:ada@example.org".parse().unwrap());
            let new = NewJoinedPerson { identifiers: vec![mbox], ..Default::default() };
            admin.create_person(requester, TenantId::FIRST, new, never()).await.map(drop)
        }
        "import-persons" => {
            let rows = parse_rows(b"mbox\nada@example.org\n", 0).unwrap();
            let options = ImportOptions { mode: ImportMode::Make, joins: false };
            admin.import_persons(requester, TenantId::FIRST, &rows, options).await.map(drop)
        }
        "set-person-rules" => {
            let rules = PersonRules { home_pages: Vec::new(), mailbox_sha1: true };
            admin.set_person_rules(requester, TenantId::FIRST, &rules).await
        }
        "list-groups" | "export-groups" | "create-group" | "import-groups" | "add-member" => {
            crate::groups::perform(world, requester, name).await
        }
        "void-statement" => {
            let one = (TenantId::FIRST, StatementId(STATEMENT.parse().unwrap()));
            admin.void_statement(requester, one, "sent twice").await.map(drop)
        }
        "read-statements" => {
            let search = Search::default();
            let question = StatementQuestion { search, view: crate::auditing::as_stored() };
            let asked = json!({});
            admin.read_statements(requester, TenantId::FIRST, question, &asked).await.map(drop)
        }
        other => panic!("nobody can {other}"),
    }
}

/// Brings the tenant into the state in which an act changes something.
async fn prepare(world: &World, name: &str) {
    let machine = Requester::machine();
    match name {
        "resume-tenant" => world.admin.suspend_tenant(&machine, TenantId::FIRST).await.map(drop),
        "restore-tenant" => world.admin.delete_tenant(&machine, TenantId::FIRST).await.map(drop),
        "add-member" => crate::groups::perform(world, &machine, "create-group").await,
        "void-statement" => {
            world.store(STATEMENT).await;
            Ok(())
        }
        _ => Ok(()),
    }
    .unwrap();
}

async fn check(act: &Act, who: &str) {
    let world = World::new().await;
    prepare(&world, act.name).await;
    let requester = world.requester(who).await;
    let counts = |own: usize, server: usize| (own, server);
    let (own, server) = (Some(TenantId::FIRST), None);
    let before = counts(world.audit(own).await.len(), world.audit(server).await.len());
    let result = perform(&world, &requester, act.name).await;
    let is_outside = matches!(who, "outsider" | "key all admin of another");
    let expected = match act.may.contains(&who) {
        true => "done",
        false if is_outside && act.is_hidden => "hidden",
        false => "refused",
    };
    assert_eq!(word(&result), expected, "{who}: {}: {result:?}", act.name);
    let own_entries = world.audit(own).await.split_off(before.0);
    let server_entries = world.audit(server).await.split_off(before.1);
    let others = world.audit(Some(world.other)).await;
    let audited: Vec<&str> = own_entries
        .iter()
        .chain(&server_entries)
        .chain(&others)
        .map(|entry| entry.content.act.as_ref())
        .collect();
    let expected = match (expected, act.audited) {
        ("hidden", _) => vec![],
        ("refused", _) => vec!["permission.refused"],
        (_, None) if act.name == "export-server-audit" => vec!["audit.exported"],
        (_, None) => vec![],
        // Of a new tenant, its own chain tells as well.
        (_, Some((name, _))) if act.name == "create-tenant" => vec![name],
        (_, Some((name, is_the_servers))) => {
            let is_operators = OPERATORS.contains(&who) && name.starts_with("tenant.");
            if is_the_servers || is_operators { vec![name; 2] } else { vec![name] }
        }
    };
    assert_eq!(audited, expected, "{who}: {}", act.name);
    for entry in own_entries.iter().chain(&server_entries).chain(&others) {
        assert_eq!(entry.content.who, *requester.who());
        assert!(!entry.content.from.is_empty());
        let is_refused = entry.content.outcome == AuditOutcome::Refused;
        assert_eq!(is_refused, word(&result) == "refused");
    }
}

#[tokio::test]
async fn permissions_follow_the_table_and_are_audited() {
    for act in &ACTS {
        for who in act.may {
            assert!(EVERYBODY.contains(who), "{who}");
        }
        for who in EVERYBODY {
            check(act, who).await;
        }
    }
}

#[tokio::test]
async fn the_server_is_read_by_people_and_administering_credentials() {
    let world = World::new().await;
    for who in EVERYBODY {
        let expected = match who {
            "key audit/read" | "key all" => "refused",
            _ => "done",
        };
        let requester = world.requester(who).await;
        let result = world.admin.permit_reading_server(&requester).await;
        assert_eq!(word(&result), expected, "{who}");
    }
}

#[tokio::test]
async fn requesters_see_only_their_own_tenants() {
    let world = World::new().await;
    let machine = Requester::machine();
    for _ in 0..3 {
        let made = world.admin.create_tenant(&machine, "x", TenantLimits::NONE, never()).await;
        made.unwrap();
    }
    for who in EVERYBODY {
        let requester = world.requester(who).await;
        let listed = world.admin.list_tenants(&requester, None, 10).await;
        let numbers = listed
            .as_ref()
            .map(|all| all.iter().map(|kept| kept.value.id.number()).collect::<Vec<u32>>());
        let expected: Option<&[u32]> = match who {
            "machine" | "operator" => Some(&[1, 2, 3, 4, 5]),
            "outsider" | "key all admin of another" => Some(&[2]),
            "key audit/read" | "key all" => None,
            _ => Some(&[1]),
        };
        assert_eq!(numbers.ok().as_deref(), expected, "{who}");
    }
    let second = world.admin.list_tenants(&machine, TenantId::new(2), 2).await.unwrap();
    let numbers: Vec<u32> = second.iter().map(|kept| kept.value.id.number()).collect();
    assert_eq!(numbers, [3, 4]);
}

#[tokio::test]
async fn a_closed_tenant_cannot_be_changed_from_inside() {
    for name in ["rename-tenant", "create-credential", "rotate-credential", "issue-token"] {
        for state in ["suspended", "deleted"] {
            let world = World::new().await;
            let owner = world.requester("owner").await;
            let machine = Requester::machine();
            let done = match state {
                "suspended" => world.admin.suspend_tenant(&machine, TenantId::FIRST).await,
                _ => world.admin.delete_tenant(&machine, TenantId::FIRST).await,
            };
            assert_ne!(done.unwrap().value.state, TenantState::Active);
            let result = perform(&world, &owner, name).await;
            assert_eq!(word(&result), "conflict", "{name} in a {state} tenant");
            assert_eq!(word(&perform(&world, &owner, "list-credentials").await), "done");
        }
    }
}

#[tokio::test]
async fn a_tenant_that_does_not_exist_is_not_found() {
    let world = World::new().await;
    let machine = Requester::machine();
    let nowhere = TenantId::new(99).unwrap();
    assert_eq!(word(&world.admin.read_tenant(&machine, nowhere).await), "hidden");
    let of = CredentialId { tenant: world.other, key: world.key.as_str() };
    assert_eq!(word(&world.admin.read_credential(&machine, of.tenant, of.key).await), "hidden");
    assert_eq!(word(&world.admin.rotate_credential(&machine, of, Duration::ZERO).await), "hidden");
    assert_eq!(word(&world.admin.remove_credential(&machine, of.tenant, of.key).await), "hidden");
    assert_eq!(word(&world.admin.issue_token(&machine, of, new_token()).await), "hidden");
    let id = Uuid::from_u128(7);
    let read = world.admin.read_statement(&machine, TenantId::FIRST, StatementId(id));
    assert!(read.await.is_err());
}
