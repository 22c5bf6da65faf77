//! Browser tokens: never good for more than the credential that they stand for.

use std::time::Duration;

use acta_access::{Binding, Principal, Restrictions, TenantId};
use acta_admin::{CredentialChanges, CredentialId, NewToken, Requester};
use acta_storage::Who;

use crate::permissions::new_token;
use crate::world::{EVERYBODY, HOUR, World, never, new_credential, now, word};

const OF: TenantId = TenantId::FIRST;

/// The credential itself, as it asks.
async fn itself(world: &World, authorization: &str) -> Requester {
    let found = world.authenticator.authenticate(Some(authorization.as_bytes())).await.unwrap();
    Requester::credential(found.principal, found.who, "192.0.2.9")
}

#[tokio::test]
async fn a_credential_with_any_scopes_can_be_exchanged() {
    let world = World::new().await;
    let issued = world.credential("statements/write").await;
    let principal = Principal::new(OF, &issued.credential.key, "statements/write".parse().unwrap());
    let who = Who::Credential(issued.credential.key.clone());
    let requester = Requester::credential(principal, who, "192.0.2.9");
    let token = world.admin.exchange_own(&requester, new_token()).await.unwrap();
    assert_eq!(token.scopes.to_string(), "statements/write");
    assert!(world.presents(token.basic.expose()).await);
    assert!(world.presents(&format!("Bearer {}", token.token.expose())).await);
    let entries = world.audit(Some(OF)).await;
    let last = &entries.last().unwrap().content;
    assert_eq!((last.act.as_ref(), &last.who), ("token.issued", requester.who()));
    // A token is no credential, and is not exchanged again.
    let bearer = itself(&world, token.basic.expose()).await;
    assert_eq!(word(&world.admin.exchange_own(&bearer, new_token()).await), "refused");
    let of = CredentialId { tenant: OF, key: issued.credential.key.as_str() };
    assert_eq!(word(&world.admin.issue_token(&bearer, of, new_token()).await), "refused");
}

#[tokio::test]
async fn only_the_credential_itself_can_be_exchanged() {
    let world = World::new().await;
    for who in EVERYBODY.into_iter().filter(|who| !who.starts_with("key ")) {
        let requester = world.requester(who).await;
        assert_eq!(
            word(&world.admin.exchange_own(&requester, new_token()).await),
            "refused",
            "{who}"
        );
    }
}

#[tokio::test]
async fn a_token_is_narrower_than_its_credential() {
    let world = World::new().await;
    let machine = Requester::machine();
    let mut new = new_credential("statements/write state");
    new.restrictions = Restrictions {
        activity_prefixes: vec!["https://course.example/".parse().unwrap()],
        origins: vec!["https://app.example".parse().unwrap()],
        ..Restrictions::default()
    };
    let made = world.admin.create_credential(&machine, OF, new, never()).await.unwrap();
    let key = now(made).credential.key;
    let bound = |activity: Option<&str>, origin: Option<&str>, scopes: Option<&str>| {
        let Binding { agent, .. } = new_token().binding;
        let activities = activity.map(|id| id.parse().unwrap()).into_iter().collect();
        NewToken {
            binding: Binding { agent, registration: None, activities },
            origin: origin.map(|origin| origin.parse().unwrap()),
            scopes: scopes.map(|scopes| scopes.parse().unwrap()),
            lifetime: None,
        }
    };
    let (inside, outside) = (Some("https://course.example/1"), Some("https://b.example/1"));
    let (listed, other) = (Some("https://app.example"), Some("https://b.example"));
    let table = [
        (bound(None, None, None), "done"),
        (bound(inside, listed, Some("state")), "done"),
        (bound(outside, None, None), "faulty"),
        (bound(inside, other, None), "faulty"),
        (bound(inside, None, Some("all")), "faulty"),
        (bound(inside, None, Some("statements/read")), "faulty"),
        (bound(inside, None, Some("admin")), "faulty"),
        (bound(inside, None, Some("")), "faulty"),
    ];
    for (new, expected) in table {
        let told = format!("{new:?}");
        let issued =
            world.admin.issue_token(&machine, CredentialId { tenant: OF, key: &key }, new).await;
        assert_eq!(word(&issued), expected, "{told}: {issued:?}");
    }
}

#[tokio::test]
async fn a_token_lives_at_most_a_day_and_not_longer_than_its_credential() {
    let world = World::new().await;
    let machine = Requester::machine();
    let issue = async |lifetime: Option<Duration>| {
        let new = NewToken { lifetime, ..new_token() };
        world.admin.issue_token(&machine, CredentialId { tenant: OF, key: &world.key }, new).await
    };
    let start = world.now();
    assert_eq!(issue(None).await.unwrap().expires, start.saturating_add(8 * HOUR));
    assert_eq!(issue(Some(24 * HOUR)).await.unwrap().expires, start.saturating_add(24 * HOUR));
    for wrong in [Duration::ZERO, 24 * HOUR + Duration::from_secs(1)] {
        assert_eq!(word(&issue(Some(wrong)).await), "faulty", "{wrong:?}");
    }
    let short = issue(Some(HOUR)).await.unwrap();
    let ends = start.saturating_add(2 * HOUR);
    let changes = CredentialChanges { expires: Some(Some(ends)), ..CredentialChanges::default() };
    world
        .admin
        .change_credential(&machine, CredentialId { tenant: OF, key: &world.key }, changes, None)
        .await
        .unwrap();
    assert_eq!(issue(Some(3 * HOUR)).await.unwrap().expires, ends);
    assert!(world.presents(short.basic.expose()).await);
    world.clock.advance(HOUR);
    assert!(!world.presents(short.basic.expose()).await);
    world.clock.advance(HOUR);
    assert_eq!(word(&issue(None).await), "conflict", "the credential has expired");
}

#[tokio::test]
async fn a_token_is_refused_once_its_credential_is_removed() {
    let world = World::new().await;
    let machine = Requester::machine();
    let of = CredentialId { tenant: OF, key: world.key.as_str() };
    let token = world.admin.issue_token(&machine, of, new_token()).await.unwrap();
    assert!(world.presents(token.basic.expose()).await);
    world.admin.remove_credential(&machine, OF, &world.key).await.unwrap();
    assert!(!world.presents(token.basic.expose()).await);
}
