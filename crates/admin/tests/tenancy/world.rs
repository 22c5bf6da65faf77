//! A store, the use cases of administration, and those who ask.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use acta_access::{Principal, Restrictions, Role, Scopes, TenantId};
use acta_admin::{
    Admin, AdminError, AdminParts, Idempotency, Idempotent, IssuedCredential, NewCredential,
    Options, Requester,
};
use acta_ambient::{Clock, Entropy, ManualClock, SeededEntropy, Timestamp};
use acta_auth::{Authenticator, PasswordHasher, PasswordHasherOptions, Token, TokenKind};
use acta_service::{Sent, Service, ServiceParts, Shape, StatementPageLimits, TenantLimits, Upload};
use acta_storage::directory::{Account, Membership, Recorded, Session, Tenant};
use acta_storage::model::ModelStorage;
use acta_storage::{AuditEntry, AuditQuery, Change, Storage, Who};
use acta_xapi::{ParseLimits, ProfilePrecondition, Uuid, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// When every test begins.
pub(crate) const START: Timestamp = Timestamp::from_unix_micros(1_790_000_000_000_000);

pub(crate) const HOUR: Duration = Duration::from_hours(1);

/// Everybody who may ask, of the first tenant if they are of one.
pub(crate) const EVERYBODY: [&str; 15] = [
    "machine",
    "operator",
    "owner",
    "administrator",
    "analyst",
    "advisor",
    "auditor",
    "viewer",
    "learner",
    "outsider",
    "key admin",
    "key admin/read",
    "key audit/read",
    "key all",
    "key all admin of another",
];

pub(crate) struct World {
    pub(crate) admin: Admin,
    pub(crate) storage: Arc<dyn Storage>,
    /// The same store, with what only the model can do.
    pub(crate) model: Arc<ModelStorage>,
    pub(crate) authenticator: Arc<Authenticator>,
    pub(crate) service: Service,
    pub(crate) clock: Arc<ManualClock>,
    entropy: Arc<dyn Entropy>,
    /// A tenant beside the first.
    pub(crate) other: TenantId,
    /// A credential of the first tenant.
    pub(crate) key: String,
}

fn service_options() -> acta_service::Options {
    acta_service::Options {
        authority_home_page: "https://acta.example/keys".parse().unwrap(),
        parse: ParseLimits::default(),
        page: StatementPageLimits { count: 50, count_max: 100, bytes_max: 1 << 20 },
        statement_bytes_max: 1 << 20,
        documents_count_max: 1000,
        profile_precondition: ProfilePrecondition::Optional,
        signature_bytes_max: 1 << 10,
        document_bytes_max: 1 << 10,
    }
}

const fn password_options() -> PasswordHasherOptions {
    PasswordHasherOptions { running_count_max: NonZeroUsize::MIN, waiting_count_max: 1 }
}

impl World {
    pub(crate) async fn new() -> Self {
        let clock = Arc::new(ManualClock::new(START));
        let as_clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
        let model = Arc::new(ModelStorage::new(Arc::clone(&as_clock)));
        let storage: Arc<dyn Storage> = Arc::<ModelStorage>::clone(&model);
        let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(7));
        let authenticator = Authenticator::open(
            Arc::clone(&storage),
            Arc::clone(&as_clock),
            Arc::clone(&entropy),
            acta_auth::Options { failures_count_max: 100 },
        );
        let authenticator = Arc::new(authenticator.await.unwrap());
        let service = Service::new(ServiceParts {
            storage: Arc::clone(&storage),
            clock: Arc::clone(&as_clock),
            entropy: Arc::clone(&entropy),
            options: service_options(),
        });
        let admin = Admin::new(AdminParts {
            storage: Arc::clone(&storage),
            service: service.clone(),
            authenticator: Arc::clone(&authenticator),
            hasher: PasswordHasher::new(Arc::clone(&entropy), password_options()),
            clock: as_clock,
            entropy: Arc::clone(&entropy),
            options: Options::usual(),
        });
        let other = storage.create_tenant("other", START).await.unwrap();
        let mut world = Self {
            admin,
            storage,
            model,
            authenticator,
            service,
            clock,
            entropy,
            other,
            key: String::new(),
        };
        world.key = world.credential("all").await.credential.key;
        world
    }

    /// Another node on the same store, whose clock stands at `now`.
    pub(crate) fn node_at(&self, now: Timestamp) -> Admin {
        Admin::new(AdminParts {
            storage: Arc::clone(&self.storage),
            service: self.service.clone(),
            authenticator: Arc::clone(&self.authenticator),
            hasher: PasswordHasher::new(Arc::clone(&self.entropy), password_options()),
            clock: Arc::new(ManualClock::new(now)),
            entropy: Arc::clone(&self.entropy),
            options: Options::usual(),
        })
    }

    fn id(&self) -> Uuid {
        let mut bytes = [0; 16];
        self.entropy.fill(&mut bytes);
        Uuid::from_random(bytes)
    }

    /// A credential of the first tenant, made by the machine.
    pub(crate) async fn credential(&self, scopes: &str) -> IssuedCredential {
        let new = new_credential(scopes);
        let requester = Requester::machine();
        let made = self.admin.create_credential(&requester, TenantId::FIRST, new, never()).await;
        now(made.unwrap())
    }

    /// One of [`EVERYBODY`].
    pub(crate) async fn requester(&self, who: &str) -> Requester {
        if let Some(scopes) = who.strip_prefix("key ") {
            let (scopes, tenant) = match scopes.strip_suffix(" of another") {
                Some(scopes) => (scopes, self.other),
                None => (scopes, TenantId::FIRST),
            };
            return key_of(tenant, scopes, Restrictions::default());
        }
        match who {
            "machine" => Requester::machine(),
            "operator" => self.person(true, None).await,
            "outsider" => self.person(false, Some((self.other, Role::Owner))).await,
            role => self.person(false, Some((TenantId::FIRST, role.parse().unwrap()))).await,
        }
    }

    /// Somebody who is signed in.
    async fn person(&self, is_operator: bool, role: Option<(TenantId, Role)>) -> Requester {
        let id = self.id();
        let account = Account {
            id,
            email: format!("{id}@example.org").parse().unwrap(),
            display_name: "Ada".to_owned(),
            password: None,
            second_factor: None,
            is_operator,
            is_disabled: false,
            created: START,
            password_changed: None,
            last_signed_in: None,
            created_for: None,
        };
        let token = Token::new(TokenKind::Session, &*self.entropy);
        let ends = START.saturating_add(1000 * HOUR);
        let session = Session {
            id: token.id().as_str().to_owned(),
            account: id,
            created: START,
            last_used: START,
            ends,
            expires: ends,
            from: "192.0.2.7".to_owned(),
            is_strong: false,
        };
        let mut writes = vec![account.create(), session.create()];
        writes.extend(role.map(|(tenant, role)| {
            Membership {
                tenant,
                account: id,
                role,
                groups: Vec::new(),
                created: START,
                is_provided: false,
            }
            .create()
        }));
        self.storage.commit(&Change { writes, entries: Vec::new() }).await.unwrap();
        self.admin.find_session(token.expose(), "192.0.2.7").await.unwrap()
    }

    /// The audit of a tenant, or of the server.
    pub(crate) async fn audit(&self, tenant: Option<TenantId>) -> Vec<AuditEntry> {
        self.storage.list_audit(tenant, &AuditQuery::everything(1000)).await.unwrap()
    }

    /// Every chain of the audit as one text.
    pub(crate) async fn whole_audit(&self) -> String {
        let mut entries = self.audit(None).await;
        for tenant in [TenantId::FIRST, self.other] {
            entries.extend(self.audit(Some(tenant)).await);
        }
        format!("{entries:?}")
    }

    /// What an engine knows of a tenant.
    pub(crate) async fn tenant(&self, id: TenantId) -> Option<Tenant> {
        let tenants = self.storage.list_tenants().await.unwrap();
        tenants.into_iter().find(|tenant| tenant.id == id)
    }

    /// Whether a credential is let in.
    pub(crate) async fn lets_in(&self, key: &str, secret: &str) -> bool {
        let basic = STANDARD.encode(format!("{key}:{secret}"));
        self.presents(&format!("Basic {basic}")).await
    }

    /// Whether a request with this credential is accepted.
    pub(crate) async fn presents(&self, authorization: &str) -> bool {
        self.authenticator.authenticate(Some(authorization.as_bytes())).await.is_ok()
    }

    /// What time it is.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Stores a statement in the first tenant.
    pub(crate) async fn store(&self, id: &str) {
        let object = json!({ "id": "http://example.org/a" });
        self.store_about(json!({
            "id": id,
            "actor": { "mbox": "mailto:ada@example.org" },
            "verb": { "id": "http://example.org/v" },
            "object": object,
        }))
        .await;
    }

    /// Stores a statement whose actor has this identifier in the first tenant.
    pub(crate) async fn store_of(&self, identifier: &acta_xapi::Ifi) {
        let actor: Value = serde_json::from_str(&identifier.to_key()).unwrap();
        self.store_about(json!({
            "actor": actor,
            "verb": { "id": "http://example.org/v" },
            "object": { "id": "http://example.org/a" },
        }))
        .await;
    }

    /// Voids a statement of the first tenant.
    pub(crate) async fn void(&self, id: &str) {
        self.store_about(json!({
            "actor": { "mbox": "mailto:ada@example.org" },
            "verb": { "id": "http://adlnet.gov/expapi/verbs/voided" },
            "object": { "objectType": "StatementRef", "id": id },
        }))
        .await;
    }

    async fn store_about(&self, statement: Value) {
        let text = statement.to_string();
        let who = Principal::new(TenantId::FIRST, "content", "all".parse().unwrap());
        let sent = Sent {
            text: text.into(),
            version: Version::V2_0_0,
            shape: Shape::Any,
            iris: acta_xapi::IriRule::Strict,
        };
        let statements = self.service.prepare_statements(&who, sent).await.unwrap();
        let limits = &TenantLimits::NONE;
        let upload = Upload { statements, attachments: Vec::new(), bytes: 0, limits };
        self.service.store_statements(upload).await.unwrap();
    }
}

pub(crate) fn key_of(tenant: TenantId, scopes: &str, restrictions: Restrictions) -> Requester {
    let scopes: Scopes = scopes.parse().unwrap();
    let principal = Principal {
        restrictions: Arc::new(restrictions),
        ..Principal::new(tenant, "asking-key", scopes)
    };
    Requester::credential(principal, Who::Credential("asking-key".to_owned()), "192.0.2.9")
}

pub(crate) fn new_credential(scopes: &str) -> NewCredential {
    NewCredential {
        label: "LMS".to_owned(),
        scopes: scopes.parse().unwrap(),
        restrictions: Restrictions::default(),
        authority: None,
        expires: None,
    }
}

/// A request that does not come again.
pub(crate) fn never<'a, T>() -> Idempotency<'a, T> {
    Idempotency { key: None, encode: &|_| String::new() }
}

/// What was made now.
#[track_caller]
pub(crate) fn now<T: std::fmt::Debug>(made: Idempotent<T>) -> T {
    match made {
        Idempotent::Performed(value) => value,
        Idempotent::Replayed(answer) => panic!("it was made before: {answer}"),
    }
}

/// How an act ended, in a word.
pub(crate) fn word<T>(result: &Result<T, AdminError>) -> &'static str {
    match result {
        Ok(_) => "done",
        Err(AdminError::Forbidden { .. }) => "refused",
        Err(AdminError::NotFound) => "hidden",
        Err(AdminError::Stale) => "stale",
        Err(AdminError::Conflict(_)) => "conflict",
        Err(AdminError::Faulty(_)) => "faulty",
        Err(AdminError::KeyReused) => "reused",
        Err(_) => "failed",
    }
}
