//! The audit is read, verified and exported, and tells who has read statements.

use acta_access::TenantId;
use acta_admin::{AuditChain, PersonSearch, Requester, StatementQuestion, TenantChanges};
use acta_service::{Search, View};
use acta_storage::{AuditQuery, ChainHash, ChainHead, Order};
use acta_xapi::{Format, Languages, Sha2, StatementId};
use serde_json::{Value, json};

use crate::world::{EVERYBODY, HOUR, World, word};

const OF: TenantId = TenantId::FIRST;
const ID: &str = "6690e6c9-3ef0-4ed3-8b37-7f3964730bee";

pub(crate) fn as_stored() -> View {
    View { format: Format::Exact, languages: Languages::default() }
}

#[tokio::test]
async fn a_chain_is_verified_from_start_to_end() {
    let world = World::new().await;
    let machine = Requester::machine();
    let own = AuditChain::Tenant(OF);
    for _ in 0..5 {
        world.credential("state").await;
    }
    let verified = world.admin.verify_audit(&machine, own, None).await.unwrap();
    let entries = world.audit(Some(OF)).await;
    assert_eq!(verified.broken_at, None);
    assert_eq!(verified.head.sequence, 6);
    assert_eq!(verified.head.hash, entries.last().unwrap().hash);
    for entry in &entries {
        let noted = ChainHead::from(entry);
        let verified = world.admin.verify_audit(&machine, own, Some(noted)).await.unwrap();
        assert_eq!(verified.has_noted, Some(true));
        for other in [
            ChainHead { sequence: noted.sequence + 1, ..noted },
            ChainHead { hash: ChainHash::START, ..noted },
        ] {
            let verified = world.admin.verify_audit(&machine, own, Some(other)).await.unwrap();
            assert_eq!((verified.broken_at, verified.has_noted), (None, Some(false)));
        }
    }
    let empty =
        world.admin.verify_audit(&machine, AuditChain::Tenant(world.other), None).await.unwrap();
    assert_eq!((empty.head.sequence, empty.broken_at), (0, None));
}

#[tokio::test]
async fn an_audit_query_finds_matching_entries() {
    let world = World::new().await;
    let (machine, auditor) = (Requester::machine(), world.requester("auditor").await);
    for _ in 0..3 {
        world.credential("state").await;
    }
    let refused = world.admin.remove_credential(&auditor, OF, &world.key).await;
    assert_eq!(word(&refused), "refused");
    let count = async |change: &dyn Fn(&mut AuditQuery)| {
        let mut query = AuditQuery::everything(100);
        change(&mut query);
        let found = world.admin.list_audit(&machine, AuditChain::Tenant(OF), &query).await;
        found.unwrap().len()
    };
    let who = auditor.who().clone();
    assert_eq!(count(&|_| ()).await, 5);
    assert_eq!(count(&|query| query.who = Some(who.clone())).await, 1);
    assert_eq!(count(&|query| query.act = Some("credential.".to_owned())).await, 4);
    assert_eq!(count(&|query| query.act = Some("credential".to_owned())).await, 0);
    let target = format!("credential:{}", world.key);
    assert_eq!(count(&|query| query.target = Some(target.clone())).await, 1);
    assert_eq!(count(&|query| query.until = Some(crate::world::START)).await, 0);
    assert_eq!(count(&|query| query.since = Some(crate::world::START)).await, 5);
    let newest = AuditQuery { order: Order::Descending, ..AuditQuery::everything(1) };
    let found = world.admin.list_audit(&machine, AuditChain::Tenant(OF), &newest).await.unwrap();
    assert_eq!(found[0].content.act, "permission.refused");
}

#[tokio::test]
async fn an_export_ends_at_its_start_time_and_is_recorded() {
    let world = World::new().await;
    let auditor = world.requester("auditor").await;
    let own = AuditChain::Tenant(OF);
    let end = world.admin.begin_export(&auditor, own, "csv").await.unwrap();
    assert_eq!(end.sequence, 1, "what tells of it is behind");
    let entries = world.audit(Some(OF)).await;
    let last = &entries.last().unwrap().content;
    assert_eq!(last.act, "audit.exported");
    assert_eq!(last.detail, json!({ "format": "csv", "through": 1 }).to_string());
    let page = world.admin.export_page(own, &AuditQuery::everything(9)).await.unwrap();
    assert_eq!(page, entries);
}

#[tokio::test]
async fn reads_are_audited_if_the_tenant_enables_it() {
    let world = World::new().await;
    let machine = Requester::machine();
    world.store(ID).await;
    let id = StatementId(ID.parse().unwrap());
    let readers: Vec<&str> = EVERYBODY
        .into_iter()
        .filter(|who| ["analyst", "key all", "machine"].contains(who))
        .collect();
    let told = async || {
        let entries = world.audit(Some(OF)).await;
        entries.iter().filter(|entry| entry.content.act == "statements.read").count()
    };
    for wanted in [false, true] {
        let changes = TenantChanges { audits_reads: Some(wanted), ..TenantChanges::default() };
        world.admin.change_tenant(&machine, OF, changes, None).await.unwrap();
        for who in &readers {
            let requester = world.requester(who).await;
            let before = told().await;
            let search = Search::default();
            let question = StatementQuestion { search, view: as_stored() };
            let asked = json!({ "verb": "http://example.org/v" });
            let page = world.admin.read_statements(&requester, OF, question, &asked).await.unwrap();
            assert!(page.0.contains(ID));
            assert!(world.admin.read_statement(&requester, OF, id).await.unwrap().contains(ID));
            let expected = match *who {
                "analyst" if wanted => 2,
                // The first of an hour.
                "key all" if wanted => 1,
                _ => 0,
            };
            assert_eq!(told().await - before, expected, "{who}");
        }
    }
    let entries = world.audit(Some(OF)).await;
    let details: Vec<&str> = entries
        .iter()
        .filter(|entry| entry.content.act == "statements.read")
        .map(|entry| entry.content.detail.as_str())
        .collect();
    let expected = [
        json!({ "query": { "verb": "http://example.org/v" } }).to_string(),
        json!({ "statement": ID }).to_string(),
        json!({ "first_in_seconds": 3600 }).to_string(),
    ];
    assert_eq!(details, expected);
}

#[tokio::test]
async fn streams_and_questions_are_audited_as_reading_statements_is() {
    let world = World::new().await;
    let machine = Requester::machine();
    let asked = json!({ "verb": "http://example.org/v" });
    let told = async || {
        let entries = world.audit(Some(OF)).await.into_iter();
        let reads = entries.filter(|entry| entry.content.act == "statements.read");
        reads.map(|entry| entry.content.detail).collect::<Vec<String>>()
    };
    let (analyst, key) = (world.requester("analyst").await, world.requester("key all").await);
    // A credential is told of once in an hour, however it reads.
    let first = json!({ "first_in_seconds": 3600 });
    let table = [
        (analyst, [json!({ "stream": asked }), json!({ "question": asked })]),
        (key, [first.clone(), first]),
    ];
    for wanted in [false, true] {
        let changes = TenantChanges { audits_reads: Some(wanted), ..TenantChanges::default() };
        world.admin.change_tenant(&machine, OF, changes, None).await.unwrap();
        for (requester, expected) in &table {
            let before = told().await.len();
            let expected: Vec<String> =
                expected.iter().filter(|_| wanted).map(Value::to_string).collect();
            world.admin.begin_following(requester, OF, &asked).await.unwrap();
            assert_eq!(&told().await[before..], expected.get(..1).unwrap_or_default());
            world.clock.advance(HOUR);
            world.admin.permit_question(requester, OF, &asked).await.unwrap();
            assert_eq!(&told().await[before..], expected);
        }
    }
}

#[tokio::test]
async fn attachments_are_read_and_audited_as_statements_are() {
    let world = World::new().await;
    world.store(ID).await;
    let (id, sha2) = (StatementId(ID.parse().unwrap()), Sha2::sha256(b"nothing"));
    let languages = Languages::default();
    for who in EVERYBODY {
        let requester = world.requester(who).await;
        let statement = word(&world.admin.read_statement(&requester, OF, id).await);
        let listed = world.admin.list_attachments(&requester, OF, id, &languages).await;
        assert_eq!(word(&listed), statement, "{who}");
        let opened = world.admin.open_attachment(&requester, OF, (id, &sha2), &languages).await;
        // Who may read the statement learns that it has no such attachment.
        let expected = if statement == "done" { "hidden" } else { statement };
        assert_eq!(word(&opened), expected, "{who}");
    }
    let machine = Requester::machine();
    let changes = TenantChanges { audits_reads: Some(true), ..TenantChanges::default() };
    world.admin.change_tenant(&machine, OF, changes, None).await.unwrap();
    let analyst = world.requester("analyst").await;
    world.admin.list_attachments(&analyst, OF, id, &languages).await.unwrap();
    world.admin.open_attachment(&analyst, OF, (id, &sha2), &languages).await.unwrap_err();
    let entries = world.audit(Some(OF)).await.into_iter();
    let reads = entries.filter(|entry| entry.content.act == "statements.read");
    let details: Vec<String> = reads.map(|entry| entry.content.detail).collect();
    let expected = [
        json!({ "attachments": ID }),
        json!({ "attachment": { "statement": ID, "sha2": sha2.as_str() } }),
    ];
    assert_eq!(details, expected.map(|detail| detail.to_string()));
}

#[tokio::test]
async fn reading_persons_is_audited_as_reading_statements_is() {
    let world = World::new().await;
    let machine = Requester::machine();
    let changes = TenantChanges { audits_reads: Some(true), ..TenantChanges::default() };
    world.admin.change_tenant(&machine, OF, changes, None).await.unwrap();
    let acts = async || {
        let entries = world.audit(Some(OF)).await;
        let acts = entries.iter().map(|entry| entry.content.act.to_string());
        acts.filter(|act| act.split('.').next_back() == Some("read")).collect::<Vec<_>>()
    };
    let search = PersonSearch { text: String::new(), after: None, count_max: 9 };
    for (who, expected) in [("analyst", "persons.read"), ("key admin/read", "statements.read")] {
        let requester = world.requester(who).await;
        let before = acts().await.len();
        world.admin.list_persons(&requester, OF, &search).await.unwrap();
        assert_eq!(acts().await[before..], [expected], "{who}");
    }
}

#[tokio::test]
async fn a_voided_statement_is_found_by_its_id() {
    let world = World::new().await;
    world.store(ID).await;
    world.void(ID).await;
    let analyst = world.requester("analyst").await;
    let id = StatementId(ID.parse().unwrap());
    assert!(world.admin.read_statement(&analyst, OF, id).await.unwrap().contains(ID));
}

#[tokio::test]
async fn repeated_refusals_do_not_fill_the_audit() {
    let world = World::new().await;
    let page = world.requester("key state").await;
    let before = world.audit(Some(OF)).await.len();
    let ask = async |requester: &Requester, count: usize| {
        for _ in 0..count {
            let refused = world.admin.read_credential(requester, OF, &world.key).await;
            assert_eq!(word(&refused), "refused");
        }
        world.audit(Some(OF)).await.len() - before
    };
    assert_eq!(ask(&page, 59).await, 59);
    assert_eq!(ask(&page, 100).await, 60, "so many are told in a minute");
    let last = world.audit(Some(OF)).await.pop().unwrap();
    assert!(
        last.content.detail.contains("\"not_recorded_for_seconds\":60"),
        "{}",
        last.content.detail
    );
    let auditor = world.requester("viewer").await;
    assert_eq!(ask(&auditor, 1).await, 61, "others are told of");
    world.clock.advance(std::time::Duration::from_mins(1));
    assert_eq!(ask(&page, 1).await, 62, "and later it is told again");
}
