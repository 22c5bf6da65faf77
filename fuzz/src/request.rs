//! Requests as the HTTP server takes them: parameters, forms, headers, bodies.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use acta_access::TenantId;
use acta_ambient::{Clock, Entropy, ManualClock, SeededEntropy, Timestamp};
use acta_auth::{PasswordHasherOptions, Secret};
use acta_http::{App, Backend, Bounds, Dependencies, HttpParts, Options, Origins, Settings};
use acta_http_admin::{AdminApiParts, AdminApiSettings, ClockReading, EngineKind};
use acta_http_pages::route_groups;
use acta_service::{Service, ServiceParts, StatementPageLimits};
use acta_storage::Storage;
use acta_storage::model::ModelStorage;
use acta_xapi::{ParseLimits, Version};
use axum::body::Body;
use http_body_util::BodyExt;
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, Request, StatusCode, Uri};

use crate::input::SEPARATOR;
use crate::memory::bounded;

/// `key:secret`
pub(crate) const BASIC: &str = "Basic a2V5OnNlY3JldA==";

pub(crate) const VERSION_HEADER: HeaderName = HeaderName::from_static("x-experience-api-version");

/// Most requests of an input.
const REQUESTS_MAX: usize = 4;

/// Most faults that an answer tells of.
const FAULTS_MAX: usize = 100;

/// What an answer may be longer than its request.
const ANSWER_BYTES_MAX: usize = 256 << 10;

/// Some requests to a store that is empty at first.
pub fn request(input: &[u8]) {
    // What a server is made of, its routes above all, is no matter of the input.
    let server = runtime().block_on(TestServer::new());
    bounded(4 * input.len(), || {
        runtime().block_on(async {
            let texts = input.split(|byte| *byte == SEPARATOR).take(REQUESTS_MAX);
            for request in texts.filter_map(read) {
                server.check(request).await;
            }
        });
    });
}

pub(crate) fn runtime() -> &'static tokio::runtime::Runtime {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        runtime.expect("a runtime without files starts")
    })
}

/// A request as text: method and target, then headers, then an empty line, then the body.
///
/// The version and a credential are there unless they are given otherwise.
fn read(text: &[u8]) -> Option<FuzzRequest> {
    let (head, body) = match memchr::memmem::find(text, b"\n\n") {
        Some(at) => (&text[..at], &text[at + 2..]),
        None => (text, &b""[..]),
    };
    let mut lines = head.split(|byte| *byte == b'\n');
    let mut words = lines.next()?.splitn(2, |byte| *byte == b' ');
    let method = Method::from_bytes(words.next()?).ok()?;
    let uri = Uri::try_from(words.next()?).ok()?;
    let mut headers = HeaderMap::new();
    for line in lines {
        let at = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&line[..at]).ok()?;
        headers.append(name, HeaderValue::from_bytes(line[at + 1..].trim_ascii()).ok()?);
    }
    headers.entry(AUTHORIZATION).or_insert(HeaderValue::from_static(BASIC));
    headers.entry(VERSION_HEADER).or_insert(HeaderValue::from_static("1.0.3"));
    Some(FuzzRequest { method, uri, headers, body: Bytes::copy_from_slice(body) })
}

/// A request that can be sent more than once.
#[derive(Clone)]
pub(crate) struct FuzzRequest {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// The HTTP server on a store of its own.
pub(crate) struct TestServer(App);

impl TestServer {
    pub(crate) async fn new() -> Self {
        let clock: Arc<dyn Clock> =
            Arc::new(ManualClock::new(Timestamp::from_unix_micros(1_790_000_000_123_456)));
        let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(1));
        let storage: Arc<dyn Storage> = Arc::new(ModelStorage::new(Arc::clone(&clock)));
        let service = Service::new(ServiceParts {
            storage: Arc::clone(&storage),
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
            options: service_options(),
        });
        let settings = Settings {
            auth: acta_auth::Options { failures_count_max: usize::MAX },
            bearer: None,
            http: Options {
                default_version: Version::V2_0_0,
                origins: Origins::Any,
                public_url: None,
                ignored_parameters: acta_http::IgnoredParameters::default(),
                trusted_proxies: Vec::new(),
                logged_address: acta_http::LoggedAddress::None,
                versions: acta_http::HttpVersions::OneAndTwo,
                tls: None,
                drain_delay: Duration::ZERO,
                bounds: bounds(),
            },
        };
        let backend = Backend { storage, clock, entropy };
        let parts = HttpParts::open(&backend, service, settings).await;
        let parts = parts.expect("a store in memory opens");
        let settings = AdminApiSettings {
            passwords: PasswordHasherOptions {
                running_count_max: std::num::NonZeroUsize::MIN,
                waiting_count_max: 100,
            },
            admin: acta_admin::Options::usual(),
            provider: None,
            engine: EngineKind::Embedded,
            clock: Arc::new(ClockReading::default()),
            facts: None,
            proofs: None,
        };
        let admin = AdminApiParts::open(&backend, &parts, settings).await;
        let admin = admin.expect("a store in memory opens");
        let secret = Secret::new("secret");
        let seeded = parts.authenticator.seed_credential(TenantId::FIRST, "key", &secret).await;
        assert!(seeded.is_ok(), "a store in memory takes a credential");
        let shared = Dependencies::new(parts);
        Self(App::new(Arc::clone(&shared), route_groups(shared, admin)))
    }

    /// Sends a request and checks the answer.
    pub(crate) async fn check(&self, asked: FuzzRequest) {
        let Response { status, headers, body } = self.send(asked.clone()).await;
        assert!(body.len() <= ANSWER_BYTES_MAX + 16 * asked.body.len(), "an endless answer");
        if status.is_client_error() && asked.method != Method::HEAD {
            check_problem(&headers, &body);
        }
        if status == StatusCode::OK && asked.uri.path() == "/xapi/statements" {
            self.follow(asked, body).await;
        }
    }

    /// Sends a request; the store never fails at one.
    async fn send(&self, asked: FuzzRequest) -> Response {
        let mut request = Request::new(Body::from(asked.body));
        *request.method_mut() = asked.method;
        *request.uri_mut() = asked.uri;
        *request.headers_mut() = asked.headers;
        let (parts, body) = self.0.answer(request).await.into_parts();
        assert!(!parts.status.is_server_error(), "answered {}", parts.status);
        let body = body.collect().await.expect("an answer is sent to its end").to_bytes();
        Response { status: parts.status, headers: parts.headers, body }
    }

    /// The links to further pages are good.
    async fn follow(&self, mut asked: FuzzRequest, mut body: Bytes) {
        for _ in 0..REQUESTS_MAX {
            let page: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
            let more = page.get("more").and_then(|more| more.as_str()).unwrap_or_default();
            if more.is_empty() || asked.method != Method::GET {
                return;
            }
            asked.uri = more.parse().expect("a link is a target");
            let answer = self.send(asked.clone()).await;
            assert_eq!(answer.status, StatusCode::OK, "{more:?} is no page");
            body = answer.body;
        }
    }
}

struct Response {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

/// A refusal says what is wrong, in a form that can be read, and not without end.
fn check_problem(headers: &HeaderMap, body: &[u8]) {
    let content_type = headers.get("content-type").and_then(|value| value.to_str().ok());
    let content_type = content_type.expect("a problem has a type");
    if content_type.ends_with("json") && !headers.contains_key("content-encoding") {
        let problem: serde_json::Value = serde_json::from_slice(body).expect("is JSON");
        assert!(problem.get("status").is_some() && problem.get("title").is_some());
        let faults = problem.get("faults").and_then(|faults| faults.as_array());
        assert!(faults.is_none_or(|faults| faults.len() <= FAULTS_MAX), "endless faults");
    }
}

/// Statements on a page when the request names no limit.
const PAGE_COUNT: usize = 2;

/// Most statements on a page.
const PAGE_COUNT_MAX: usize = 3;

fn bounds() -> Bounds {
    Bounds {
        statements_bytes_max: 1 << 20,
        document_bytes_max: 1 << 20,
        attachment_bytes_max: 1 << 20,
        multipart_bytes_max: 1 << 20,
        parts_max: 8,
        part_head_bytes_max: 8 << 10,
        unpacked_ratio_max: 200,
        document_id_bytes_max: 1 << 10,
        head_bytes_max: 64 << 10,
        url_bytes_max: 32 << 10,
        parameters_count_max: 64,
        anonymous_bytes_max: 1 << 20,
        // All inputs are sent by one client.
        anonymous_count_max: usize::MAX,
        memory_bytes_max: 64 << 20,
        head_timeout: Duration::from_secs(5),
        idle_timeout: Duration::from_secs(5),
        body_timeout: Duration::from_secs(5),
        write_timeout: Duration::from_secs(5),
        rate_bytes_min: 1,
        drain_timeout: Duration::from_secs(5),
        connections_max: 16,
        requests_max: 64,
        // An answer is read to its end, and a stream has none.
        streams_max: 0,
        tenant_streams_max: 0,
        requester_streams_max: 0,
    }
}

fn service_options() -> acta_service::Options {
    acta_service::Options {
        authority_home_page: "https://acta.example/keys".parse().expect("is an IRI"),
        parse: ParseLimits::default(),
        page: StatementPageLimits {
            count: PAGE_COUNT,
            count_max: PAGE_COUNT_MAX,
            bytes_max: 1 << 20,
        },
        statement_bytes_max: 1 << 20,
        documents_count_max: 1000,
        profile_precondition: acta_xapi::ProfilePrecondition::Optional,
        signature_bytes_max: 1 << 16,
        document_bytes_max: 1 << 20,
    }
}
