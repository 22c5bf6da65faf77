use acta_access::{Restrictions, TenantId};
use acta_ambient::{Clock as _, ManualClock, SeededEntropy};
use acta_storage::directory::CredentialSecret;
use acta_storage::model::{CredentialRecords as _, ModelStorage};
use acta_storage::{Change, Credential, RecordStore as _};

use super::*;
use crate::Options;

const START: Timestamp = Timestamp::from_unix_micros(1_700_000_000_000_000);

struct Bench {
    clock: Arc<ManualClock>,
    storage: Arc<ModelStorage>,
    authenticator: Authenticator,
}

impl Bench {
    /// A store with a credential `lms`.
    async fn new(scopes: &str, restrictions: Restrictions) -> Self {
        let clock = Arc::new(ManualClock::new(START));
        let storage = Arc::new(ModelStorage::new(Arc::<ManualClock>::clone(&clock)));
        let authenticator = Authenticator::open(
            Arc::<ModelStorage>::clone(&storage),
            Arc::<ManualClock>::clone(&clock),
            Arc::new(SeededEntropy::new(1)),
            Options { failures_count_max: 20 },
        );
        let authenticator = authenticator.await.unwrap();
        let credential = Credential {
            key: "lms".into(),
            tenant: TenantId::FIRST,
            label: "LMS".into(),
            secrets: vec![CredentialSecret { mac: [1; 32], created: START, expires: None }],
            scopes: scopes.parse().unwrap(),
            restrictions: Arc::new(restrictions),
            authority: None,
            created: START,
            expires: None,
        };
        storage.insert_credential(&credential).await.unwrap();
        Self { clock, storage, authenticator }
    }

    async fn principal(&self) -> Principal {
        let found = self.storage.find_credential("lms").await.unwrap().unwrap();
        Principal {
            restrictions: found.restrictions,
            ..Principal::new(found.tenant, found.key, found.scopes)
        }
    }

    async fn issue(&self, claims: &TokenClaims) -> Result<Secret, TokenError> {
        let expires = self.clock.now().saturating_add(Duration::from_mins(10));
        self.authenticator.issue_token(&self.principal().await, claims, expires)
    }

    async fn present(&self, header: &str) -> Result<Identified, AuthError> {
        self.authenticator.authenticate(Some(header.as_bytes())).await
    }

    async fn is_refused(&self, header: &str) -> bool {
        matches!(self.present(header).await, Err(AuthError::Refused))
    }
}

fn ada() -> Ifi {
    let text = br#"{"mbox":"mailto:ada@example.org"}"#;
    parse_actor(text, Version::V2_0_0).unwrap().ifi.unwrap()
}

fn claims(scopes: &str) -> TokenClaims {
    TokenClaims {
        id: Uuid::from_u128(9),
        key: "lms".into(),
        scopes: scopes.parse().unwrap(),
        binding: Binding {
            agent: ada(),
            registration: Some(Uuid::from_u128(7)),
            activities: vec!["https://example.org/course".parse().unwrap()],
        },
        origin: Some("https://content.example".parse().unwrap()),
    }
}

fn bearer(token: &Secret) -> String {
    format!("Bearer {}", token.expose())
}

#[tokio::test]
async fn a_token_acts_for_one_agent_in_both_schemes() {
    let bench = Bench::new("all", Restrictions::default()).await;
    let token = bench.issue(&claims("statements/write state")).await.unwrap();
    for header in [bearer(&token), Authenticator::basic_of(&token).expose().to_owned()] {
        let found = bench.present(&header).await.unwrap();
        assert_eq!(found.who, Who::Token("lms".into()));
        let principal = found.principal;
        assert_eq!((principal.tenant, principal.name.as_str()), (TenantId::FIRST, "lms"));
        assert_eq!(principal.scopes.to_string(), "statements/write state");
        let restrictions = principal.restrictions;
        assert_eq!(restrictions.binding, Some(claims("").binding));
        assert_eq!(restrictions.origins, ["https://content.example".parse().unwrap()]);
    }
    assert!(!format!("{token:?}").contains("acta_t_"), "it is not printed by accident");
}

#[tokio::test]
async fn a_token_never_permits_more_than_its_credential() {
    let narrow = Restrictions {
        activity_prefixes: vec!["https://example.org/".parse().unwrap()],
        ..Restrictions::default()
    };
    let bench = Bench::new("statements/write state admin", narrow).await;
    let table = [
        ("statements/write", None),
        ("statements/read", Some(Scope::StatementsRead)),
        ("all", Some(Scope::All)),
        ("all/read", Some(Scope::AllRead)),
        // Not even what the credential has, for administration.
        ("admin", Some(Scope::Admin)),
    ];
    for (scopes, excess) in table {
        let issued = bench.issue(&claims(scopes)).await;
        assert_eq!(issued.err(), excess.map(TokenError::Scope), "{scopes}");
    }
    let mut elsewhere = claims("state");
    elsewhere.binding.activities = vec!["https://other.example/course".parse().unwrap()];
    assert!(matches!(bench.issue(&elsewhere).await, Err(TokenError::Restricted(_))));
    let useful = Authenticator::token_scopes("all".parse().unwrap());
    let expected = "statements/write statements/read/mine statements/read state define profile";
    assert_eq!(useful.to_string(), expected);
    assert_eq!(Authenticator::token_scopes("all/read".parse().unwrap()).to_string(), {
        "statements/read/mine statements/read define"
    });
}

#[tokio::test]
async fn a_token_ends_with_its_expiry_its_credential_and_its_rights() {
    let bench = Bench::new("all", Restrictions::default()).await;
    let header = bearer(&bench.issue(&claims("statements/write")).await.unwrap());
    bench.present(&header).await.unwrap();
    let kept = kept_now(&bench).await.value;
    let change = async |after: Option<Credential>| {
        let write = match &after {
            Some(after) => kept_now(&bench).await.write(after),
            None => kept_now(&bench).await.remove(),
        };
        let change = Change { writes: vec![write], entries: Vec::new() };
        bench.storage.commit(&change).await.unwrap();
        bench.authenticator.forget("lms");
    };
    change(Some(Credential { scopes: Scopes::from_iter([Scope::State]), ..kept.clone() })).await;
    assert!(bench.is_refused(&header).await, "the credential may no longer write");
    change(Some(Credential { expires: Some(START), ..kept.clone() })).await;
    assert!(bench.is_refused(&header).await, "the credential has expired");
    change(Some(kept)).await;
    bench.clock.advance(Duration::from_micros(599_999_999));
    bench.present(&header).await.unwrap();
    bench.clock.advance(Duration::from_micros(1));
    assert!(bench.is_refused(&header).await, "the token has expired");
    let named = async |header: &str| {
        let named = bench.authenticator.find_named(header.as_bytes()).await;
        named.map(|named| (named.key, named.tenant))
    };
    assert_eq!(named(&header).await, Some(("lms".to_owned(), TenantId::FIRST)));
    let forged = header.replace("acta_t_A", "acta_t_B");
    assert_ne!(forged, header);
    assert_eq!(named(&forged).await, None, "another store has issued it");
    let header = bearer(&bench.issue(&claims("statements/write")).await.unwrap());
    bench.present(&header).await.unwrap();
    change(None).await;
    assert!(bench.is_refused(&header).await, "the credential is gone");
}

async fn kept_now(bench: &Bench) -> acta_storage::directory::Versioned<Credential> {
    acta_storage::directory::find(&*bench.storage, "lms").await.unwrap().unwrap()
}

#[tokio::test]
async fn only_the_store_can_issue_or_change_tokens() {
    let bench = Bench::new("all", Restrictions::default()).await;
    let token = bench.issue(&claims("statements/write")).await.unwrap();
    let text = token.expose();
    let swap = if text.ends_with('A') { 'B' } else { 'A' };
    let changed = format!("{}{swap}", &text[..text.len() - 1]);
    let middle = format!("{}{}", &text[..40], &text[41..]);
    for forged in [changed.as_str(), &middle, "acta_t_", "acta_t_AAAA", &text[7..]] {
        assert!(bench.is_refused(&format!("Bearer {forged}")).await, "{forged}");
        let basic = Authenticator::basic_of(&Secret::new(forged));
        assert!(bench.is_refused(basic.expose()).await, "{forged}");
    }
    let long = TokenClaims {
        binding: Binding {
            activities: vec![format!("https://e.org/{}", "a".repeat(3000)).parse().unwrap()],
            ..claims("").binding
        },
        ..claims("state")
    };
    assert_eq!(bench.issue(&long).await.unwrap_err(), TokenError::TooLong);
}
