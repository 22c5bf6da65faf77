//! A durable engine returns everything after a restart; one without files is not closed.

use std::time::Duration;

use acta_storage::model::CredentialRecords as _;
use acta_storage::{
    AuditQuery, Batch, ChainHead, Change, Committed, Order, Precondition, RecordContent,
    RecordKind, RecordWrite, StatementQuery, StorageError, Usage, first_broken_link,
};
use acta_xapi::{Sha2, merge_definitions};

use super::EngineUnderTest;
use super::attachments::{bytes_of_length, content_of, stage_content};
use super::documents::{document, state_key};
use super::fixture::{Draft, START, Stage, activity_id, agent, everything, id, mailbox, verb};
use super::{audit::sample_entry, directory::credential};

/// An empty store can be closed and opened.
pub async fn an_empty_store_reopens<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await.reopen().await.reopen().await;
    assert_eq!(stage.feed().await, []);
    stage.append(&[&Draft::new(1)]).await;
    let stage = stage.reopen().await;
    assert!(stage.has(1).await);
}

/// Statements, their order, their times, their voiding and their references stay.
pub async fn statements_survive_a_restart<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let mut drafts: Vec<Draft> = (1..=40).map(Draft::new).collect();
    drafts.push(Draft::new(41).verb("launched"));
    drafts.push(Draft::referring(42, 41));
    drafts.push(Draft::voiding(43, 7));
    drafts.push(Draft::voiding(44, 100));
    drafts.push(Draft::referring(45, 101));
    stage.append_each(&drafts).await;
    let feed = stage.feed().await;
    let launched = StatementQuery { verb: Some(verb("launched")), ..everything() };
    let page = stage.page(&StatementQuery { count_max: 10, ..everything() }).await;
    let stage = stage.reopen().await;
    assert_eq!(stage.feed().await, feed);
    assert_eq!(stage.storage().count_statements(stage.tenant).await.unwrap(), 45);
    assert_eq!(stage.numbers(&launched).await, [42, 41]);
    assert!(stage.find(7).await.is_voided);
    // A cursor written down before still leads on.
    let rest = StatementQuery { after: page.next, ..everything() };
    let expected: Vec<u128> = (1..=35).rev().filter(|number| *number != 7).collect();
    assert_eq!(stage.numbers(&rest).await, expected);
    // What pointed to nothing still waits for its target.
    let late = [Draft::new(100).verb("late"), Draft::new(101).verb("late")];
    stage.append(&late.each_ref()).await;
    assert!(stage.find(100).await.is_voided);
    let late = StatementQuery { verb: Some(verb("late")), ..everything() };
    assert_eq!(stage.numbers(&late).await, [101, 45, 44]);
}

/// Ids stay taken, the sequence goes on, and times rise though the clock was set back.
pub async fn the_log_continues_after_a_restart<E: EngineUnderTest>() {
    let mut stage = Stage::<E>::open().await;
    stage.clock.set(START.saturating_add(Duration::from_hours(1)));
    let mut last = stage.append(&[&Draft::new(1)]).await.stored;
    stage.clock.set(START);
    for number in 2..=5 {
        stage = stage.reopen().await;
        assert_eq!(stage.append(&[&Draft::new(1)]).await.new_count, 0);
        let refused = stage.try_append(&[&Draft::new(1).verb("failed")]).await;
        assert!(matches!(refused, Err(StorageError::Conflict(ids)) if ids == [id(1)]));
        let stored = stage.append(&[&Draft::new(number)]).await.stored;
        assert!(last < stored, "{last} {stored}");
        last = stored;
        assert_eq!(stage.find(number).await.sequence, u64::try_from(number).unwrap_or(0));
    }
    let ascending = StatementQuery { order: Order::Ascending, ..everything() };
    assert_eq!(stage.numbers(&ascending).await, [1, 2, 3, 4, 5]);
}

/// Many openings with statements between them lose none.
pub async fn repeated_restarts_lose_nothing<E: EngineUnderTest>() {
    let mut stage = Stage::<E>::open().await;
    for round in 0..12 {
        let drafts: Vec<Draft> = (1..=25).map(|number| Draft::new(round * 25 + number)).collect();
        stage.append(&drafts.iter().collect::<Vec<_>>()).await;
        stage = stage.reopen().await;
        let expected: Vec<u128> = (1..=(round + 1) * 25).rev().collect();
        assert_eq!(stage.numbers(&everything()).await, expected);
    }
}

/// Attachments stay; what was staged and not appended does not.
pub async fn attachments_survive_a_restart<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let kept = bytes_of_length(1_500_000);
    let (kept_sha2, lost) = (Sha2::sha256(&kept), bytes_of_length(77));
    let lost_sha2 = Sha2::sha256(&lost);
    let storage = stage.storage();
    let staged = stage_content(&*storage, stage.tenant, &kept_sha2, &kept).await;
    let statements = vec![Draft::new(1).build()];
    storage.append(stage.tenant, Batch { statements, attachments: vec![staged] }).await.unwrap();
    drop(stage_content(&*storage, stage.tenant, &lost_sha2, &lost).await);
    drop(storage);
    let stage = stage.reopen().await;
    let storage = stage.storage();
    assert_eq!(content_of(&*storage, stage.tenant, &kept_sha2).await, Some(kept));
    assert_eq!(content_of(&*storage, stage.tenant, &lost_sha2).await, None);
}

/// Documents stay as they were last written, removed ones stay removed.
pub async fn documents_survive_a_restart<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let always = Precondition::default();
    let (kept, removed) = (state_key("kept", None), state_key("removed", None));
    let storage = stage.storage();
    for (key, content) in [(&kept, "one"), (&kept, "two"), (&removed, "three")] {
        storage.replace_document(stage.tenant, key, document(content), &always).await.unwrap();
    }
    storage.remove_document(stage.tenant, &removed, &always).await.unwrap();
    let before = storage.find_document(stage.tenant, &kept).await.unwrap();
    assert!(before.is_some());
    drop(storage);
    let stage = stage.reopen().await;
    let storage = stage.storage();
    assert_eq!(storage.find_document(stage.tenant, &kept).await.unwrap(), before);
    assert_eq!(storage.find_document(stage.tenant, &removed).await.unwrap(), None);
}

/// Definitions and names stay, and later ones are merged with them.
pub async fn definitions_and_names_survive_a_restart<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let tell = |number, language: &str, name: &str| {
        let course = format!(
            r#"{{"id":"{}","definition":{{"name":{{"{language}":"{name}"}}}}}}"#,
            activity_id("course").as_str()
        );
        let ada = agent("ada").replace('}', &format!(r#","name":"{name}"}}"#));
        Draft::new(number).actor(ada).object(course)
    };
    stage.append(&[&tell(1, "en", "One")]).await;
    let stage = stage.reopen().await;
    stage.append(&[&tell(2, "de", "Zwei")]).await;
    let stage = stage.reopen().await;
    let storage = stage.storage();
    let found = storage.find_definition(stage.tenant, &activity_id("course")).await.unwrap();
    let one = merge_definitions(None, r#"{"name":{"en":"One"}}"#);
    assert_eq!(found, Some(merge_definitions(Some(&one), r#"{"name":{"de":"Zwei"}}"#)));
    let person = storage.find_person(stage.tenant, &mailbox("ada")).await.unwrap();
    assert_eq!(person.names, ["One", "Zwei"]);
}

/// Tenants, credentials, secrets and cursors stay.
pub async fn tenants_credentials_secrets_and_cursors_survive_a_restart<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let storage = stage.storage();
    let one = credential("key", stage.tenant, 5);
    assert!(storage.insert_credential(&one).await.unwrap());
    storage.get_or_create_secret("mac", [9; 32]).await.unwrap();
    storage.save_cursor(stage.tenant, "facts", "12").await.unwrap();
    let tenants = storage.list_tenants().await.unwrap();
    drop(storage);
    let stage = stage.reopen().await;
    let storage = stage.storage();
    assert_eq!(storage.list_tenants().await.unwrap(), tenants);
    assert_eq!(storage.find_credential("key").await.unwrap(), Some(one));
    assert_eq!(storage.get_or_create_secret("mac", [1; 32]).await.unwrap(), [9; 32]);
    let cursor = storage.find_cursor(stage.tenant, "facts").await.unwrap();
    assert_eq!(cursor.as_deref(), Some("12"));
    let new = storage.create_tenant("south", START).await.unwrap();
    assert!(tenants.iter().all(|tenant| tenant.id < new), "a number was given twice");
}

/// Records keep their versions, and chains go on where they stopped.
pub async fn records_and_the_audit_survive_a_restart<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let tenant = Some(stage.tenant);
    let storage = stage.storage();
    let body = "{}".to_owned();
    let content =
        RecordContent { tenant, owner: None, name: Some("ada".into()), expires: None, body };
    let create = RecordWrite::create(RecordKind::Account, "a", content);
    let change = |number, writes| Change { writes, entries: vec![(tenant, sample_entry(number))] };
    assert_eq!(storage.commit(&change(1, vec![create])).await.unwrap(), Committed::Done);
    let before = storage.find_record(RecordKind::Account, "a").await.unwrap();
    let usage = Usage { statement_count: 3, bytes: 4 };
    storage.add_usage(stage.tenant, 5, usage).await.unwrap();
    drop(storage);
    let stage = stage.reopen().await;
    let storage = stage.storage();
    assert_eq!(storage.find_record_by_name(RecordKind::Account, "ada").await.unwrap(), before);
    assert_eq!(storage.add_usage(stage.tenant, 5, Usage::default()).await.unwrap(), usage);
    assert_eq!(storage.commit(&change(2, Vec::new())).await.unwrap(), Committed::Done);
    let entries = storage.list_audit(tenant, &AuditQuery::everything(10)).await.unwrap();
    assert_eq!(entries.len(), 2);
    assert_eq!(first_broken_link(ChainHead::EMPTY, tenant, &entries), None);
}
