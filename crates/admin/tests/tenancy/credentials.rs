//! Credentials: their secrets are told once, and they hold as long as they are said to.

use std::time::Duration;

use acta_access::{Restrictions, TenantId};
use acta_admin::{
    CredentialChanges, CredentialId, Idempotency, Idempotent, IssuedCredential, RequestKey,
    Requester,
};

use crate::world::{HOUR, World, never, new_credential, now, word};

const OF: TenantId = TenantId::FIRST;

#[tokio::test]
async fn invalid_input_is_refused() {
    let world = World::new().await;
    let machine = Requester::machine();
    let mut unlabelled = new_credential("state");
    unlabelled.label = " ".to_owned();
    let mut expired = new_credential("state");
    expired.expires = Some(world.now());
    let many = |count: usize| {
        let mut new = new_credential("state");
        new.restrictions.origins = vec!["https://app.example".parse().unwrap(); count];
        new
    };
    let most = Restrictions::ORIGINS_MAX;
    let table = [
        (new_credential("state"), "done"),
        (new_credential(""), "faulty"),
        (unlabelled, "faulty"),
        (expired, "faulty"),
        (many(most), "done"),
        (many(most + 1), "faulty"),
    ];
    for (new, expected) in table {
        let told = format!("{new:?}");
        let made = world.admin.create_credential(&machine, OF, new, never()).await;
        assert_eq!(word(&made), expected, "{told}");
    }
}

#[tokio::test]
async fn the_audit_contains_no_secret() {
    let world = World::new().await;
    let machine = Requester::machine();
    let issued = world.credential("all").await;
    let key = issued.credential.key.as_str();
    let (_, second) = world
        .admin
        .rotate_credential(&machine, CredentialId { tenant: OF, key }, HOUR)
        .await
        .unwrap();
    let new = crate::permissions::new_token();
    let token =
        world.admin.issue_token(&machine, CredentialId { tenant: OF, key }, new).await.unwrap();
    let audit = world.whole_audit().await;
    assert!(audit.contains(key));
    for secret in [&issued.secret, &second, &token.token, &token.basic] {
        assert!(!audit.contains(secret.expose()));
    }
    assert!(!audit.contains("ada@example.org"), "nor for whom a token was issued");
}

#[tokio::test]
async fn two_secrets_overlap_for_the_requested_time() {
    let world = World::new().await;
    let machine = Requester::machine();
    let issued = world.credential("all").await;
    let key = issued.credential.key.as_str();
    let rotate = async |overlap| {
        let rotated = world
            .admin
            .rotate_credential(&machine, CredentialId { tenant: OF, key }, overlap)
            .await;
        rotated.map(|(_, secret)| secret.expose().to_owned())
    };
    let first = issued.secret.expose();
    let second = rotate(HOUR).await.unwrap();
    assert!(world.lets_in(key, first).await && world.lets_in(key, &second).await);
    world.clock.advance(Duration::from_micros(3_599_999_999));
    assert!(world.lets_in(key, first).await);
    world.clock.advance(Duration::from_micros(1));
    assert!(!world.lets_in(key, first).await && world.lets_in(key, &second).await);
    // Without an overlap the one before is void at once; of three, the first is.
    let third = rotate(Duration::ZERO).await.unwrap();
    assert!(!world.lets_in(key, &second).await && world.lets_in(key, &third).await);
    let fourth = rotate(HOUR).await.unwrap();
    let fifth = rotate(2 * HOUR).await.unwrap();
    assert!(!world.lets_in(key, &third).await);
    assert!(world.lets_in(key, &fourth).await && world.lets_in(key, &fifth).await);
    let days = 24 * HOUR;
    assert_eq!(word(&rotate(30 * days + Duration::from_secs(1)).await), "faulty");
    assert_eq!(word(&rotate(30 * days).await), "done");
}

#[tokio::test]
async fn changes_hold_for_the_next_request() {
    let world = World::new().await;
    let machine = Requester::machine();
    let issued = world.credential("all").await;
    let (key, secret) = (issued.credential.key.as_str(), issued.secret.expose());
    assert!(world.lets_in(key, secret).await);
    let ends = world.now().saturating_add(HOUR);
    let changes = CredentialChanges {
        is_read_only: Some(true),
        expires: Some(Some(ends)),
        ..CredentialChanges::default()
    };
    let changed = world
        .admin
        .change_credential(&machine, CredentialId { tenant: OF, key }, changes, None)
        .await
        .unwrap();
    let credential = &changed.credential.value;
    assert!(credential.restrictions.is_read_only && credential.label == "LMS");
    world.clock.advance(HOUR);
    assert!(!world.lets_in(key, secret).await);
    let forever = CredentialChanges { expires: Some(None), ..CredentialChanges::default() };
    world
        .admin
        .change_credential(&machine, CredentialId { tenant: OF, key }, forever, None)
        .await
        .unwrap();
    assert!(world.lets_in(key, secret).await);
    world.admin.remove_credential(&machine, OF, key).await.unwrap();
    assert!(!world.lets_in(key, secret).await);
    assert_eq!(word(&world.admin.read_credential(&machine, OF, key).await), "hidden");
}

#[tokio::test]
async fn only_the_version_that_was_read_is_changed() {
    let world = World::new().await;
    let machine = Requester::machine();
    let read = world.admin.read_credential(&machine, OF, &world.key).await.unwrap();
    let version = read.credential.record.version;
    let change = async |label: &str, expected: Option<&[u64]>| {
        let label = Some(label.to_owned());
        let changes = CredentialChanges { label, ..CredentialChanges::default() };
        world
            .admin
            .change_credential(
                &machine,
                CredentialId { tenant: OF, key: &world.key },
                changes,
                expected,
            )
            .await
    };
    assert_eq!(word(&change("one", Some(&[version])).await), "done");
    assert_eq!(word(&change("two", Some(&[version])).await), "stale");
    assert_eq!(word(&change("two", None).await), "done");
    // Two at once: one of them is told that it has lost, or both are done one after the other.
    let (one, two) = tokio::join!(change("three", None), change("four", None));
    let words = [word(&one), word(&two)];
    assert!(words.contains(&"done"), "{words:?}");
}

#[tokio::test]
async fn a_repeated_request_creates_one_credential() {
    let world = World::new().await;
    let admin = &world.admin;
    let encode = |issued: &IssuedCredential| issued.credential.key.clone();
    let key = |request: u8| RequestKey { id: "a-key".to_owned(), request: [request; 32] };
    let (first, other) = (key(1), key(2));
    let make = |key| async move {
        let once = Idempotency { key: Some(key), encode: &encode };
        admin.create_credential(&Requester::machine(), OF, new_credential("state"), once).await
    };
    let before = world.storage.list_credentials(OF).await.unwrap().len();
    let (one, two) = tokio::join!(make(&first), make(&first));
    let three = make(&first).await;
    let made: Vec<Idempotent<IssuedCredential>> = [one, two, three].map(Result::unwrap).into();
    let fresh: Vec<&IssuedCredential> = made
        .iter()
        .filter_map(|made| match made {
            Idempotent::Performed(issued) => Some(issued),
            Idempotent::Replayed(_) => None,
        })
        .collect();
    assert_eq!(fresh.len(), 1);
    for again in &made {
        if let Idempotent::Replayed(answer) = again {
            assert_eq!(*answer, fresh[0].credential.key);
        }
    }
    assert_eq!(word(&make(&other).await), "reused");
    assert_eq!(world.storage.list_credentials(OF).await.unwrap().len(), before + 1);
    let entries = world.audit(Some(OF)).await;
    let told = entries.iter().filter(|entry| entry.content.act == "credential.created");
    assert_eq!(told.count(), before + 1);
}

#[tokio::test]
async fn a_list_is_read_page_by_page() {
    let world = World::new().await;
    let machine = Requester::machine();
    for _ in 0..4 {
        now(world
            .admin
            .create_credential(&machine, OF, new_credential("state"), never())
            .await
            .unwrap());
    }
    let mut keys: Vec<String> = Vec::new();
    loop {
        let after = keys.last().cloned();
        let page = world.admin.list_credentials(&machine, OF, after.as_deref(), 2).await.unwrap();
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= 2);
        keys.extend(page.into_iter().map(|listed| listed.credential.value.key));
    }
    let mut sorted = keys.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!((keys.len(), &keys), (5, &sorted));
}

#[tokio::test]
async fn the_last_use_of_a_credential_is_listed() {
    let world = World::new().await;
    let machine = Requester::machine();
    let issued = world.credential("all").await;
    let key = issued.credential.key.as_str();
    let read = async || world.admin.read_credential(&machine, OF, key).await.unwrap();
    assert_eq!(read().await.last_used, None);
    world.clock.advance(HOUR);
    assert!(world.lets_in(key, issued.secret.expose()).await);
    let used = world.now();
    assert_eq!(read().await.last_used, Some(used), "in memory");
    world.admin.run_maintenance().await.unwrap();
    assert_eq!(read().await.last_used, Some(used), "and stored");
    world.admin.remove_credential(&machine, OF, key).await.unwrap();
    let last = world.audit(Some(OF)).await.pop().unwrap().content;
    assert_eq!(last.act, "credential.removed");
    assert!(last.detail.contains(&format!("\"last_used\":\"{used}\"")), "{}", last.detail);
}

#[tokio::test]
async fn a_restricted_credential_cannot_administer() {
    let world = World::new().await;
    let prefix = "https://course.example/".parse().unwrap();
    let restrictions = Restrictions { activity_prefixes: vec![prefix], ..Default::default() };
    let narrow = crate::world::key_of(OF, "all admin", restrictions);
    let reader = Restrictions { is_read_only: true, ..Default::default() };
    let reader = crate::world::key_of(OF, "all admin", reader);
    assert_eq!(word(&world.admin.read_tenant(&narrow, OF).await), "refused");
    assert_eq!(word(&world.admin.read_tenant(&reader, OF).await), "done");
    for requester in [narrow, reader] {
        let new = new_credential("state");
        let made = world.admin.create_credential(&requester, OF, new, never()).await;
        assert_eq!(word(&made), "refused");
    }
}
