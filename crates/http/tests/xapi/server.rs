//! A server in process, and what tests say to it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use acta_access::{Scopes, TenantId};
use acta_ambient::{Clock, Entropy, ManualClock, SeededEntropy, Timestamp};
use acta_auth::Authenticator;
use acta_http::{
    App, Backend, Bounds, Dependencies, HttpParts, HttpVersions, IgnoredParameters, LoggedAddress,
    Options, Origins, Peer, Settings,
};
use acta_service::{Service, ServiceParts, StatementPageLimits};
use acta_storage::directory::CredentialSecret;
use acta_storage::model::{CredentialRecords as _, ModelStorage};
use acta_storage::{Credential, Storage};
use acta_xapi::{ParseLimits, ProfilePrecondition, Version};
use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::BodyExt;
use hyper::{HeaderMap, Method, Request, Response};
use serde_json::{Value, json};

pub(crate) const ID: &str = "6690e6c9-3ef0-4ed3-8b37-7f3964730bee";
pub(crate) const OTHER_ID: &str = "16fd2706-8baf-433b-82eb-8c7fada847da";

/// Writes, and reads what it wrote: the scopes of ordinary content.
pub(crate) const CONTENT: &str = "statements/write statements/read/mine";

/// The instant at which every test begins.
pub(crate) const START: Timestamp = Timestamp::from_unix_micros(1_790_000_000_123_456);

pub(crate) struct Server {
    app: App,
    known: HashMap<String, Known>,
    pub(crate) clock: Arc<ManualClock>,
}

/// What stands for a credential in tests; replaced by a real one when it is sent.
pub(crate) fn authorization(scopes: &str, tenant: u32) -> String {
    format!("{scopes} of {tenant}")
}

/// A credential: the header and the key in it.
#[derive(Clone)]
pub(crate) struct Known {
    pub(crate) header: String,
    key: String,
}

impl Known {
    /// The key of the credential.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }
}

/// Makes credentials for two tenants.
async fn make_credentials(
    authenticator: &Authenticator,
    storage: &dyn Storage,
) -> HashMap<String, Known> {
    let other = storage.create_tenant("other", START).await.unwrap();
    let mut known = HashMap::new();
    for scopes in [
        "all",
        "all/read",
        "statements/write",
        "state",
        "admin",
        "admin/read",
        "audit/read",
        CONTENT,
    ] {
        for tenant in [TenantId::FIRST, other] {
            let set: Scopes = scopes.parse().unwrap();
            let (secret, mac) = authenticator.new_secret();
            let key = authenticator.new_key();
            let credential = Credential {
                key: key.clone(),
                tenant,
                label: scopes.to_owned(),
                secrets: vec![CredentialSecret { mac, created: START, expires: None }],
                scopes: set,
                restrictions: Arc::default(),
                authority: None,
                created: START,
                expires: None,
            };
            assert!(storage.insert_credential(&credential).await.unwrap());
            let basic = STANDARD.encode(format!("{key}:{}", secret.expose()));
            let name = authorization(scopes, tenant.number());
            known.insert(name, Known { header: format!("Basic {basic}"), key });
        }
    }
    known
}

pub(crate) fn bounds() -> Bounds {
    Bounds {
        statements_bytes_max: 1 << 20,
        document_bytes_max: 1 << 16,
        attachment_bytes_max: 1 << 16,
        multipart_bytes_max: 1 << 21,
        parts_max: 8,
        part_head_bytes_max: 8 * 1024,
        unpacked_ratio_max: 200,
        document_id_bytes_max: 64,
        head_bytes_max: 16 * 1024,
        url_bytes_max: 8 * 1024,
        parameters_count_max: 16,
        anonymous_bytes_max: 1 << 20,
        anonymous_count_max: 1000,
        memory_bytes_max: 64 << 20,
        head_timeout: Duration::from_secs(5),
        idle_timeout: Duration::from_secs(5),
        body_timeout: Duration::from_secs(5),
        write_timeout: Duration::from_secs(5),
        rate_bytes_min: 1,
        drain_timeout: Duration::from_secs(5),
        connections_max: 16,
        requests_max: 64,
        streams_max: 16,
        tenant_streams_max: 8,
        requester_streams_max: 4,
    }
}

/// What a server is made of, with its store, its clock and its credentials.
pub(crate) struct World {
    pub(crate) backend: Backend,
    pub(crate) http: HttpParts,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) known: HashMap<String, Known>,
}

impl World {
    pub(crate) async fn new(default_version: Version, bounds: Bounds) -> Self {
        let clock = Arc::new(ManualClock::new(START));
        let as_clock = Arc::<ManualClock>::clone(&clock);
        Self::with_clock(default_version, bounds, (clock, as_clock)).await
    }

    /// With this clock, and with what everything reads it by.
    pub(crate) async fn with_clock(
        default_version: Version,
        bounds: Bounds,
        (clock, as_clock): (Arc<ManualClock>, Arc<dyn Clock>),
    ) -> Self {
        let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(1));
        let storage: Arc<dyn Storage> = Arc::new(ModelStorage::new(Arc::clone(&as_clock)));
        let options = acta_service::Options {
            authority_home_page: "https://acta.example/keys".parse().unwrap(),
            parse: ParseLimits::default(),
            page: StatementPageLimits { count: 3, count_max: 5, bytes_max: 1 << 20 },
            statement_bytes_max: 1 << 20,
            documents_count_max: 1000,
            profile_precondition: ProfilePrecondition::Optional,
            signature_bytes_max: 1 << 16,
            document_bytes_max: 1 << 16,
        };
        let service = Service::new(ServiceParts {
            storage: Arc::clone(&storage),
            clock: Arc::clone(&as_clock),
            entropy: Arc::clone(&entropy),
            options,
        });
        let trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
        let (origins, public_url) = (Origins::Any, None);
        let http = Options {
            default_version,
            origins,
            public_url,
            ignored_parameters: IgnoredParameters::new(&["lang".to_owned(), "utm_*".to_owned()]),
            trusted_proxies,
            logged_address: LoggedAddress::None,
            versions: HttpVersions::OneAndTwo,
            tls: None,
            drain_delay: Duration::ZERO,
            bounds,
        };
        let auth = acta_auth::Options { failures_count_max: 1000 };
        let settings = Settings { auth, bearer: None, http };
        let backend = Backend { storage, clock: as_clock, entropy };
        let http = HttpParts::open(&backend, service, settings).await.unwrap();
        let known = make_credentials(&http.authenticator, &*backend.storage).await;
        Self { backend, http, clock, known }
    }
}

impl Server {
    pub(crate) async fn new() -> Self {
        Self::with(Version::V2_0_0, bounds()).await
    }

    pub(crate) async fn with(default_version: Version, bounds: Bounds) -> Self {
        let World { http, clock, known, .. } = World::new(default_version, bounds).await;
        Self::of(App::new(Dependencies::new(http), Vec::new()), clock, known)
    }

    /// One that is there already.
    pub(crate) fn of(app: App, clock: Arc<ManualClock>, known: HashMap<String, Known>) -> Self {
        Self { app, known, clock }
    }

    /// A server for pages of these origins alone.
    pub(crate) async fn for_origins(origins: &[&str]) -> Self {
        let World { mut http, clock, known, .. } = World::new(Version::V2_0_0, bounds()).await;
        let listed = origins.iter().map(|origin| (*origin).to_owned()).collect();
        http.options.origins = Origins::Listed(listed);
        Self::of(App::new(Dependencies::new(http), Vec::new()), clock, known)
    }

    /// The real header that a name of [`authorization`] stands for.
    pub(crate) fn header_of(&self, name: &str) -> &str {
        &self.known[name].header
    }

    /// The key of the credential with these scopes.
    pub(crate) fn key_of(&self, scopes: &str) -> &str {
        &self.known[&authorization(scopes, 1)].key
    }

    /// What time it is, to the millisecond, as headers write it.
    pub(crate) fn clock_text(&self) -> String {
        self.clock.now().floor_to_millis().to_string()
    }

    /// What time it is, to the microsecond.
    pub(crate) fn clock_text_exact(&self) -> String {
        self.clock.now().to_string()
    }

    /// Sends a request. Time goes on by a second before it arrives.
    pub(crate) async fn send(&self, asked: Ask) -> Answer {
        self.clock.advance(Duration::from_secs(1));
        self.send_now(asked).await
    }

    /// Sends a request that must be answered with `status`, while time stands still.
    pub(crate) async fn still(&self, asked: Ask, status: u16) -> Answer {
        let answer = self.send_now(asked).await;
        assert_eq!(answer.status, status, "{} gave {}", answer.asked, answer.text());
        answer
    }

    /// Sends a request, and returns the response with its body to come.
    pub(crate) async fn begin(&self, asked: Ask) -> Response<Body> {
        let mut request = asked.request;
        let name = request.headers().get("authorization").and_then(|name| name.to_str().ok());
        if let Some(known) = name.and_then(|name| self.known.get(name)) {
            let header = known.header.parse().unwrap();
            request.headers_mut().insert("authorization", header);
        }
        self.app.answer(request).await
    }

    async fn send_now(&self, asked: Ask) -> Answer {
        let request_line = asked.request_line.clone();
        let (parts, body) = self.begin(asked).await.into_parts();
        let body = body.collect().await.expect("a whole body").to_bytes().to_vec();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body, asked: request_line }
    }

    /// Sends a request that must be answered with `status`.
    #[track_caller]
    pub(crate) fn expect(&self, asked: Ask, status: u16) -> impl Future<Output = Answer> {
        let place = std::panic::Location::caller();
        async move {
            let answer = self.send(asked).await;
            assert_eq!(
                answer.status,
                status,
                "at {place}: {} gave {}",
                answer.asked,
                answer.text()
            );
            answer
        }
    }
}

/// A request: by default in 1.0.3, with a credential that may do everything.
pub(crate) struct Ask {
    request: Request<Body>,
    request_line: String,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    asked: String,
}

pub(crate) fn ask(method: Method, path: &str) -> Ask {
    let request_line = format!("{method} {path}");
    let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
    let ask = Ask { request, request_line };
    ask.header("authorization", &authorization("all", 1)).version("1.0.3")
}

pub(crate) fn get(path: &str) -> Ask {
    ask(Method::GET, path)
}

pub(crate) fn put(path: &str) -> Ask {
    ask(Method::PUT, path)
}

pub(crate) fn post(path: &str) -> Ask {
    ask(Method::POST, path)
}

pub(crate) fn delete(path: &str) -> Ask {
    ask(Method::DELETE, path)
}

impl Ask {
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.request.headers_mut().insert(name, value.parse().unwrap());
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.request.headers_mut().remove(name);
        self
    }

    /// From this network address; else it comes from this machine.
    pub(crate) fn sent_from(mut self, address: &str) -> Self {
        self.request.extensions_mut().insert(Peer::Address(address.parse().unwrap()));
        self.header("host", "acta.example")
    }

    pub(crate) fn version(self, version: &str) -> Self {
        self.header("x-experience-api-version", version)
    }

    pub(crate) fn scopes(self, scopes: &str) -> Self {
        self.header("authorization", &authorization(scopes, 1))
    }

    pub(crate) fn body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        let length = body.len().to_string();
        *self.request.body_mut() = Body::from(body);
        self.header("content-type", content_type).header("content-length", &length)
    }

    pub(crate) fn json(self, value: &Value) -> Self {
        self.body("application/json", value.to_string())
    }

    /// A body of unknown length.
    pub(crate) fn body_of(mut self, content_type: &str, body: Body) -> Self {
        *self.request.body_mut() = body;
        self.header("content-type", content_type)
    }

    /// A body of unknown length that arrives in these pieces.
    pub(crate) fn pieces(mut self, content_type: &str, pieces: Vec<Vec<u8>>) -> Self {
        let pieces = pieces.into_iter().map(Ok::<_, std::io::Error>);
        *self.request.body_mut() = Body::from_stream(futures_util::stream::iter(pieces));
        self.header("content-type", content_type)
    }
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            panic!("{} gave no JSON ({error}): {}", self.asked, self.text())
        })
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The ids of the statements on a page.
    pub(crate) fn ids(&self) -> Vec<String> {
        let page = self.json();
        let statements = page["statements"].as_array().expect("a page of statements");
        statements.iter().map(|statement| statement["id"].as_str().unwrap().to_owned()).collect()
    }

    /// The faults of a problem, as `place rule`.
    pub(crate) fn faults(&self) -> Vec<String> {
        let problem = self.json();
        let faults = problem["faults"].as_array().cloned().unwrap_or_default();
        let place = |fault: &Value| {
            let place = fault.get("parameter").or(fault.get("pointer"));
            place.and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        faults
            .iter()
            .map(|fault| format!("{} {}", place(fault), fault["rule"].as_str().unwrap()))
            .collect()
    }
}

/// A statement about an activity of this number.
pub(crate) fn statement(number: u32) -> Value {
    json!({
        "actor": { "mbox": "mailto:ada@example.org", "name": "Ada" },
        "verb": { "id": "http://adlnet.gov/expapi/verbs/attempted" },
        "object": { "id": format!("https://course.example/{number}") },
    })
}

pub(crate) fn with_id(mut statement: Value, id: &str) -> Value {
    statement["id"] = json!(id);
    statement
}

/// Encodes what may not stand in a query.
pub(crate) fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
