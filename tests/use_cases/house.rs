//! A store without accounts, and what people do in it.

use std::num::NonZeroUsize;
use std::sync::Arc;

use acta_access::{Role, TenantId};
use acta_admin::{
    Admin, AdminError, AdminParts, Idempotency, Idempotent, NewInvitation, NewPerson, Options,
    Requester, SignIn, SignedIn,
};
use acta_ambient::{Clock, Entropy, ManualClock, SeededEntropy, Timestamp};
use acta_auth::{Authenticator, PasswordHasher, PasswordHasherOptions};
use acta_service::{Service, ServiceParts, StatementPageLimits};
use acta_storage::directory::{self, Failures};
use acta_storage::{AuditEntry, AuditQuery, Group, Storage};
use acta_xapi::{ParseLimits, ProfilePrecondition};
use tokio::task::JoinSet;

use crate::engine::{Engine, Store};

pub(crate) const PASSWORD: &str = "blue otters juggle seven lamps";
pub(crate) const OTHER_PASSWORD: &str = "violet-kayak-thunder-39";
pub(crate) const FROM: &str = "192.0.2.7";

/// The limits of pages.
pub(crate) const PAGE: StatementPageLimits =
    StatementPageLimits { count: 2, count_max: 3, bytes_max: 1 << 20 };

pub(crate) struct House {
    pub(crate) admin: Admin,
    pub(crate) service: Service,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) storage: Arc<dyn Storage>,
    /// What is to be removed with it.
    _store: Store,
}

impl House {
    pub(crate) async fn new(engine: Engine) -> Self {
        Self::with_options(engine, Options::usual()).await
    }

    pub(crate) async fn with_options(engine: Engine, options: Options) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_unix_micros(1_790_000_000_123_456)));
        let as_clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
        let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(7));
        let store = Store::open(engine, Arc::clone(&as_clock)).await;
        let storage = Arc::clone(&store.storage);
        let authenticator = Authenticator::open(
            Arc::clone(&storage),
            Arc::clone(&as_clock),
            Arc::clone(&entropy),
            acta_auth::Options { failures_count_max: 1000 },
        );
        let service = Service::new(ServiceParts {
            storage: Arc::clone(&storage),
            clock: Arc::clone(&as_clock),
            entropy: Arc::clone(&entropy),
            options: acta_service::Options {
                authority_home_page: "https://acta.example/keys".parse().unwrap(),
                parse: ParseLimits::default(),
                page: PAGE,
                statement_bytes_max: 1 << 20,
                documents_count_max: 1000,
                profile_precondition: ProfilePrecondition::Optional,
                signature_bytes_max: 8,
                document_bytes_max: 1 << 10,
            },
        });
        let hashing =
            PasswordHasherOptions { running_count_max: NonZeroUsize::MIN, waiting_count_max: 100 };
        let admin = Admin::new(AdminParts {
            storage: Arc::clone(&storage),
            service: service.clone(),
            authenticator: Arc::new(authenticator.await.unwrap()),
            hasher: PasswordHasher::new(Arc::clone(&entropy), hashing),
            clock: as_clock,
            entropy,
            options,
        });
        Self { admin, service, clock, storage, _store: store }
    }

    /// What time it is.
    pub(crate) fn start(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn who<'a>(name: &'a str, password: &'a str) -> NewPerson<'a> {
        NewPerson { display_name: name, password, from: FROM }
    }

    /// Ada sets up: an operator, and owner of the first tenant.
    pub(crate) async fn ada(&self) -> Requester {
        let token = self.admin.begin_set_up().await.unwrap().expect("nobody is there yet");
        let email = "ada@example.org".parse().unwrap();
        let who = Self::who("Ada", PASSWORD);
        Requester::of(self.admin.set_up(token.expose(), &email, &who).await.unwrap(), FROM)
    }

    pub(crate) async fn invite(
        &self,
        requester: &Requester,
        (email, role): (&str, Role),
    ) -> Result<String, AdminError> {
        let once = Idempotency { key: None, encode: &|_| String::new() };
        let who = NewInvitation { email: email.parse().unwrap(), role, groups: Vec::new() };
        match self.admin.invite(requester, TenantId::FIRST, who, once).await? {
            Idempotent::Performed(invited) => Ok(invited.token.expose().to_owned()),
            Idempotent::Replayed(_) => panic!("it is the first time"),
        }
    }

    /// Somebody is invited and comes.
    pub(crate) async fn comes(&self, host: &Requester, (email, role): (&str, Role)) -> Requester {
        let token = self.invite(host, (email, role)).await.unwrap();
        let who = Self::who("Somebody", OTHER_PASSWORD);
        Requester::of(self.admin.accept_as_new(&token, &who).await.unwrap(), FROM)
    }

    pub(crate) async fn sign_in(
        &self,
        email: &str,
        password: &str,
        code: Option<&str>,
    ) -> Result<SignedIn, AdminError> {
        self.admin.sign_in(&SignIn { email, password, code, from: FROM }).await
    }

    /// The counters of failed attempts.
    pub(crate) async fn failures(&self) -> Vec<Failures> {
        let found = directory::list::<Failures>(&*self.storage, &Group::Every).await.unwrap();
        found.into_iter().map(|found| found.value).collect()
    }

    /// The entries of a chain, the first one first.
    pub(crate) async fn entries(&self, tenant: Option<TenantId>) -> Vec<AuditEntry> {
        let query = AuditQuery::everything(1000);
        self.storage.list_audit(tenant, &query).await.unwrap()
    }
}

/// Does several things at the same time, and gives what came of each.
pub(crate) async fn at_once<T, A>(acts: impl IntoIterator<Item = A>) -> Vec<T>
where
    T: Send + 'static,
    A: Future<Output = T> + Send + 'static,
{
    let mut all = JoinSet::new();
    for act in acts {
        all.spawn(act);
    }
    all.join_all().await
}

/// Asserts that something was refused in a certain way.
macro_rules! refused {
    ($result:expr, $pattern:pat) => {{
        let result = $result;
        assert!(matches!(result, Err($pattern)), "{result:?}");
    }};
}
pub(crate) use refused;
