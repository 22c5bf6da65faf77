//! Authentication against the reference engine.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use acta_access::{Scope, Scopes, TenantId};
use acta_ambient::{ManualClock, SeededEntropy, Timestamp};
use acta_storage::directory::{
    self, CredentialSecret, CredentialUse, Tenant, TenantState, Versioned,
};
use acta_storage::model::{CredentialRecords as _, ModelStorage};
use acta_storage::{
    AuditQuery, AuditStore as _, Change, Committed, Credential, Directory as _, RecordStore as _,
    Who,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::cache::{FRESH, Lookup};
use super::{AuthError, Authenticator, Options};
use crate::{Identified, Secret, SeedError};

const START: Timestamp = Timestamp::from_unix_micros(1_700_000_000_000_000);

const OPTIONS: Options = Options { failures_count_max: 20 };

struct Bench {
    clock: Arc<ManualClock>,
    storage: Arc<ModelStorage>,
    authenticator: Authenticator,
}

impl Bench {
    async fn new() -> Self {
        let clock = Arc::new(ManualClock::new(START));
        let storage = Arc::new(ModelStorage::new(Arc::<ManualClock>::clone(&clock)));
        let authenticator = open(&clock, &storage, 1).await;
        Self { clock, storage, authenticator }
    }

    async fn outcome(&self, key: &str, secret: &str) -> &'static str {
        let header = basic(key, secret);
        match self.authenticator.authenticate(Some(header.as_bytes())).await {
            Ok(_) => "permitted",
            Err(AuthError::Missing) => "missing",
            Err(AuthError::UnsupportedScheme) => "scheme",
            Err(AuthError::Refused) => "refused",
            Err(AuthError::Exhausted { .. }) => "exhausted",
            Err(AuthError::Closed { state }) => state,
            Err(AuthError::Issuer(error)) => panic!("{error:?}"),
            Err(AuthError::Storage(error)) => panic!("{error:?}"),
        }
    }

    async fn identify(&self, header: &str) -> Identified {
        self.authenticator.authenticate(Some(header.as_bytes())).await.unwrap()
    }

    /// Stores a credential with a new key and secret, once `change` has changed it.
    async fn issue(&self, change: impl FnOnce(Credential) -> Credential) -> (Credential, Secret) {
        let (secret, mac) = self.authenticator.new_secret();
        let credential = change(Credential {
            key: self.authenticator.new_key(),
            tenant: TenantId::FIRST,
            label: "a course".into(),
            secrets: vec![CredentialSecret { mac, created: START, expires: None }],
            scopes: Scopes::from_iter([Scope::All]),
            restrictions: Arc::default(),
            authority: None,
            created: START,
            expires: None,
        });
        assert!(self.storage.insert_credential(&credential).await.unwrap());
        (credential, secret)
    }

    async fn set_state(&self, state: TenantState) {
        let id = Tenant::record_id_of(TenantId::FIRST);
        let found: Versioned<Tenant> = directory::find(&*self.storage, &id).await.unwrap().unwrap();
        let writes = vec![found.write(&Tenant { state, ..found.value.clone() })];
        let change = Change { writes, entries: Vec::new() };
        assert_eq!(self.storage.commit(&change).await.unwrap(), Committed::Done);
        self.authenticator.forget_tenant(TenantId::FIRST);
    }

    /// What the audit tells of credentials that nobody asked for: each act, and by what.
    async fn audited(&self) -> Vec<(String, String)> {
        let query = AuditQuery::everything(10);
        let entries = self.storage.list_audit(Some(TenantId::FIRST), &query).await.unwrap();
        let expected = entries.into_iter().map(|entry| {
            let detail: serde_json::Value = serde_json::from_str(&entry.content.detail).unwrap();
            (entry.content.act.into_owned(), detail["by"].as_str().unwrap().to_owned())
        });
        expected.collect()
    }

    async fn seed(&self, key: &str, secret: &str) -> Result<bool, SeedError> {
        let secret = Secret::new(secret);
        self.authenticator.seed_credential(TenantId::FIRST, key, &secret).await
    }
}

#[tokio::test]
async fn of_several_nodes_one_creates_the_first_credential() {
    let bench = Bench::new().await;
    let mut made = Vec::new();
    for seed in 1..=4 {
        let node = open(&bench.clock, &bench.storage, seed).await;
        let scopes: Scopes = [Scope::All].into_iter().collect();
        made.extend(node.create_first_credential(TenantId::FIRST, scopes).await.unwrap());
    }
    let [(credential, secret)] = &made[..] else { panic!("{} were made", made.len()) };
    let stored = bench.storage.list_credentials(TenantId::FIRST).await.unwrap();
    assert_eq!(stored, std::slice::from_ref(credential));
    assert_eq!(
        bench.audited().await,
        [("credential.created".to_owned(), "first start".to_owned())]
    );
    assert_eq!(bench.outcome(&credential.key, secret.expose()).await, "permitted");
}

async fn open(clock: &Arc<ManualClock>, storage: &Arc<ModelStorage>, seed: u64) -> Authenticator {
    let entropy = Arc::new(SeededEntropy::new(seed));
    let (storage, clock) = (Arc::<ModelStorage>::clone(storage), Arc::<ManualClock>::clone(clock));
    Authenticator::open(storage, clock, entropy, OPTIONS).await.unwrap()
}

fn basic(key: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{key}:{secret}")))
}

#[tokio::test]
async fn a_credential_leads_to_its_tenant_and_scopes() {
    let bench = Bench::new().await;
    let tenant = bench.storage.create_tenant("south", START).await.unwrap();
    let scopes: Scopes = "statements/write state".parse().unwrap();
    let (credential, secret) = bench.issue(|new| Credential { tenant, scopes, ..new }).await;
    let found = bench.identify(&basic(&credential.key, secret.expose())).await;
    assert_eq!((found.principal.tenant, found.principal.scopes), (tenant, scopes));
    assert_eq!(found.principal.name, credential.key);
    assert_eq!((found.who, found.tenant.id), (Who::Credential(credential.key), tenant));
}

#[tokio::test]
async fn refuses_wrong_and_incomplete_credentials() {
    let bench = Bench::new().await;
    assert!(bench.seed("key", "secret").await.unwrap());
    assert!(bench.seed("other", "another").await.unwrap());
    let expected = ("credential.created".to_owned(), "configuration".to_owned());
    assert_eq!(bench.audited().await, [expected.clone(), expected]);
    let table = [
        ("key", "secret", "permitted"),
        ("other", "another", "permitted"),
        ("key", "another", "refused"),
        ("key", "", "refused"),
        ("key", "secre", "refused"),
        ("key", "secrets", "refused"),
        ("key", "Secret", "refused"),
        ("KEY", "secret", "refused"),
        ("", "", "refused"),
        ("unknown", "secret", "refused"),
    ];
    // Twice: storage is asked the first time and the cache the second.
    for _ in 0..2 {
        for (key, secret, expected) in table {
            assert_eq!(bench.outcome(key, secret).await, expected, "{key}:{secret}");
        }
    }
    let missing = bench.authenticator.authenticate(None).await;
    assert!(matches!(missing, Err(AuthError::Missing)), "{missing:?}");
    let foo = bench.authenticator.authenticate(Some(b"Foo")).await;
    assert!(matches!(foo, Err(AuthError::UnsupportedScheme)), "{foo:?}");
}

#[tokio::test]
async fn an_unknown_key_is_refused_whatever_its_secret() {
    let bench = Bench::new().await;
    // The hash that unknown keys are compared with belongs to nobody.
    let nothing = CredentialSecret { mac: [0; 32], created: START, expires: None };
    let (key, secrets) = ("zero".to_owned(), vec![nothing]);
    bench.issue(|new| Credential { key, secrets, ..new }).await;
    let key = "none".to_owned();
    bench.issue(|new| Credential { key, secrets: Vec::new(), ..new }).await;
    assert_eq!(bench.outcome("none", "").await, "refused");
    assert_eq!(bench.outcome("zero", "").await, "refused");
    assert_eq!(bench.outcome("unknown", "").await, "refused");
}

#[tokio::test]
async fn secrets_survive_a_restart_but_not_another_store() {
    let bench = Bench::new().await;
    bench.seed("key", "secret").await.unwrap();
    let seeded = bench.storage.find_credential("key").await.unwrap().unwrap();
    let restarted = Bench { authenticator: open(&bench.clock, &bench.storage, 2).await, ..bench };
    assert_eq!(restarted.outcome("key", "secret").await, "permitted");
    let clock = Arc::new(ManualClock::new(START));
    let storage = Arc::new(ModelStorage::new(Arc::<ManualClock>::clone(&clock)));
    storage.insert_credential(&seeded).await.unwrap();
    let authenticator = open(&clock, &storage, 3).await;
    let elsewhere = Bench { clock, storage, authenticator };
    assert_eq!(elsewhere.outcome("key", "secret").await, "refused");
}

#[tokio::test]
async fn a_new_credential_is_valid_at_once() {
    let bench = Bench::new().await;
    assert_eq!(bench.outcome("key", "secret").await, "refused");
    bench.seed("key", "secret").await.unwrap();
    assert_eq!(bench.outcome("key", "secret").await, "permitted");
}

#[tokio::test]
async fn a_change_by_another_process_applies_after_the_cache_expires() {
    let bench = Bench::new().await;
    assert_eq!(bench.outcome("key", "secret").await, "refused");
    let elsewhere = open(&bench.clock, &bench.storage, 2).await;
    let secret = Secret::new("secret");
    elsewhere.seed_credential(TenantId::FIRST, "key", &secret).await.unwrap();
    assert_eq!(bench.outcome("key", "secret").await, "refused");
    bench.clock.advance(FRESH);
    assert_eq!(bench.outcome("key", "secret").await, "permitted");
}

#[tokio::test]
async fn a_removed_cache_entry_is_read_again() {
    let bench = Bench::new().await;
    assert_eq!(bench.outcome("key", "secret").await, "refused");
    let elsewhere = open(&bench.clock, &bench.storage, 2).await;
    let secret = Secret::new("secret");
    elsewhere.seed_credential(TenantId::FIRST, "key", &secret).await.unwrap();
    bench.authenticator.forget("key");
    assert_eq!(bench.outcome("key", "secret").await, "permitted");
}

#[tokio::test]
async fn keys_are_readable_and_secrets_long_and_all_differ() {
    let bench = Bench::new().await;
    let (mut keys, mut secrets) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..20 {
        let (credential, secret) = bench.issue(|new| new).await;
        let is_url_safe = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        assert!(secret.expose().chars().all(is_url_safe), "{}", secret.expose());
        assert_eq!(secret.expose().len(), 43, "256 bits");
        let groups: Vec<&str> = credential.key.split('-').collect();
        assert_eq!(groups.len(), 4, "{}", credential.key);
        assert!(groups.iter().all(|group| group.len() == 4), "{}", credential.key);
        keys.insert(credential.key);
        secrets.insert(secret.expose().to_owned());
    }
    assert_eq!((keys.len(), secrets.len()), (20, 20));
}

#[tokio::test]
async fn seeds_what_can_be_sent_and_nothing_else() {
    let longest = "x".repeat(1024);
    let table = [
        ("key", "secret", "new"),
        ("key", "another", "taken"),
        ("a b", "c:d e", "new"),
        (longest.as_str(), longest.as_str(), "new"),
        ("ü", "€", "new"),
        ("a:b", "c", "key"),
        ("acta-token", "c", "key"),
        ("", "c", "key"),
        ("a\nb", "c", "key"),
        (&format!("{longest}x"), "c", "key"),
        ("fresh", "", "secret"),
        ("fresh", "c\0", "secret"),
        ("fresh", &format!("{longest}x"), "secret"),
    ];
    let bench = Bench::new().await;
    for (key, secret, expected) in table {
        let outcome = match bench.seed(key, secret).await {
            Ok(true) => "new",
            Ok(false) => "taken",
            Err(SeedError::UnusableKey) => "key",
            Err(SeedError::UnusableSecret) => "secret",
            Err(SeedError::Storage(error)) => panic!("{error:?}"),
        };
        assert_eq!(outcome, expected, "{key:?}:{secret:?}");
        if expected == "new" {
            assert_eq!(bench.outcome(key, secret).await, "permitted", "{key:?}:{secret:?}");
        }
    }
    assert_eq!(bench.outcome("key", "secret").await, "permitted", "the first stays");
}

#[tokio::test]
async fn every_key_causes_one_comparison() {
    let bench = Bench::new().await;
    bench.seed("key", "secret").await.unwrap();
    let too_long = "x".repeat(2000);
    let count = || bench.authenticator.comparison_count.load(Ordering::Relaxed);
    // The first time storage is asked, the second time the cache.
    for _ in 0..2 {
        for (key, secret) in
            [("key", "secret"), ("key", "wrong"), ("unknown", "secret"), (&too_long, "secret")]
        {
            let before = count();
            bench.outcome(key, secret).await;
            assert_eq!(count() - before, 1, "{key}:{secret}");
        }
    }
}

#[tokio::test]
async fn too_many_wrong_secrets_get_429_but_the_right_one_is_accepted() {
    let bench = Bench::new().await;
    bench.seed("key", "secret").await.unwrap();
    for key in ["key", "unknown"] {
        for _ in 0..OPTIONS.failures_count_max {
            assert_eq!(bench.outcome(key, "wrong").await, "refused");
        }
        assert_eq!(bench.outcome(key, "wrong").await, "exhausted", "{key}");
    }
    assert_eq!(bench.outcome("key", "secret").await, "permitted", "nobody is locked out");
    assert_eq!(bench.outcome("key", "wrong").await, "exhausted", "a right one does not reset it");
    assert_eq!(bench.outcome("other", "wrong").await, "refused", "each key has its own count");
    let header = basic("key", "wrong");
    match bench.authenticator.authenticate(Some(header.as_bytes())).await {
        Err(AuthError::Exhausted { count_max, retry_after }) => {
            assert_eq!((count_max, retry_after), (20, Duration::from_mins(1)));
        }
        other => panic!("{other:?}"),
    }
    bench.clock.advance(Duration::from_mins(1));
    assert_eq!(bench.outcome("key", "wrong").await, "refused", "a minute later it is forgotten");
}

#[tokio::test]
async fn unknown_keys_do_not_evict_known_ones() {
    let bench = Bench::new().await;
    bench.seed("key", "secret").await.unwrap();
    assert_eq!(bench.outcome("key", "secret").await, "permitted");
    for number in 0..10_001 {
        bench.outcome(&format!("unknown-{number}"), "x").await;
    }
    assert!(matches!(
        bench.authenticator.cache.find("key", Duration::ZERO),
        Lookup::Known(Some(_))
    ));
}

#[tokio::test]
async fn two_secrets_are_valid_during_a_rotation() {
    let bench = Bench::new().await;
    let (new_secret, mac) = bench.authenticator.new_secret();
    let newer = CredentialSecret { mac, created: START, expires: None };
    let expires = Some(START.saturating_add(Duration::from_mins(1)));
    let (credential, old_secret) = bench
        .issue(|new| {
            let older = CredentialSecret { expires, ..new.secrets[0] };
            Credential { secrets: vec![newer, older], ..new }
        })
        .await;
    let key = &credential.key;
    bench.clock.advance(Duration::from_millis(59_999));
    for secret in [&new_secret, &old_secret] {
        assert_eq!(bench.outcome(key, secret.expose()).await, "permitted");
    }
    bench.clock.advance(Duration::from_millis(1));
    assert_eq!(bench.outcome(key, new_secret.expose()).await, "permitted");
    assert_eq!(bench.outcome(key, old_secret.expose()).await, "refused");
}

#[tokio::test]
async fn a_credential_is_valid_until_it_expires() {
    let bench = Bench::new().await;
    let expires = Some(START.saturating_add(Duration::from_mins(1)));
    let (credential, secret) = bench.issue(|new| Credential { expires, ..new }).await;
    bench.clock.advance(Duration::from_millis(59_999));
    assert_eq!(bench.outcome(&credential.key, secret.expose()).await, "permitted");
    bench.clock.advance(Duration::from_millis(1));
    assert_eq!(bench.outcome(&credential.key, secret.expose()).await, "refused");
}

#[tokio::test]
async fn credentials_of_a_closed_tenant_get_its_state() {
    let bench = Bench::new().await;
    bench.seed("key", "secret").await.unwrap();
    let (since, purge) = (START, START);
    let states = [
        (TenantState::Suspended { since }, "suspended"),
        (TenantState::Deleted { since, purge, suspended: None }, "deleted"),
        (TenantState::Active, "permitted"),
        (TenantState::Purging { since }, "purging"),
        (TenantState::Purged { since }, "purged"),
    ];
    for (state, expected) in states {
        bench.set_state(state).await;
        assert_eq!(bench.outcome("key", "secret").await, expected);
        // Who does not know the secret learns nothing.
        assert_eq!(bench.outcome("key", "wrong").await, "refused");
    }
}

#[tokio::test]
async fn the_last_use_of_a_credential_is_stored_periodically() {
    let bench = Bench::new().await;
    bench.seed("key", "secret").await.unwrap();
    let stored = async || {
        let found: Option<Versioned<CredentialUse>> =
            directory::find(&*bench.storage, "key").await.unwrap();
        found.map(|found| found.value.last_used)
    };
    bench.outcome("key", "wrong").await;
    bench.authenticator.save_uses().await.unwrap();
    assert_eq!(stored().await, None, "who fails uses nothing");
    for seconds in [0, 7] {
        bench.clock.advance(Duration::from_secs(seconds));
        bench.outcome("key", "secret").await;
        let now = Some(START.saturating_add(Duration::from_secs(seconds)));
        assert_eq!(bench.authenticator.last_used("key"), now);
        bench.authenticator.save_uses().await.unwrap();
        assert_eq!((stored().await, bench.authenticator.last_used("key")), (now, None));
    }
}

#[tokio::test]
async fn a_wrong_secret_still_names_its_credential() {
    let bench = Bench::new().await;
    let (credential, _) = bench.issue(|credential| credential).await;
    let named = async |header: &str| {
        let named = bench.authenticator.find_named(header.as_bytes()).await;
        named.map(|named| named.key)
    };
    assert_eq!(named(&basic(&credential.key, "wrong")).await, Some(credential.key.clone()));
    for header in [basic("nobody", "wrong"), "Bearer a.b.c".to_owned(), "Foo".to_owned()] {
        assert_eq!(named(&header).await, None, "{header}");
    }
}
