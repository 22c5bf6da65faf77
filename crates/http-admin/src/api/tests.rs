//! The arguments of handlers, as requests bring them: on a noun that there is only here.

use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use acta_ambient::{Clock, Entropy, ManualClock, SeededEntropy, Timestamp};
use acta_auth::PasswordHasherOptions;
use acta_http::edge::{ClientAddress, Query};
use acta_http::problem::Problem;
use acta_http::route::{Gate, Route, RouteGroup};
use acta_http::{
    App, Backend, Bounds, ClientListener, Control, Dependencies, HttpParts, Listeners, Local,
    Options, Origins, Peer, Settings, serve,
};
use acta_service::{Service, ServiceParts, StatementPageLimits};
use acta_storage::Storage;
use acta_storage::model::ModelStorage;
use acta_xapi::{ParseLimits, ProfilePrecondition, Version};
use axum::body::Body;
use axum::response::Response;
use axum::routing::{get, post};
use http_body_util::BodyExt;
use hyper::header::HeaderValue;
use hyper::{Method, Request};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::idempotency::IdempotencyKey;
use super::json::{Json, view};
use super::paging::{Page, PageParams};
use super::path::Id;
use super::versioned::{IfMatch, created, versioned};
use crate::groups::AdminApi;
use crate::operations::BASE;
use crate::problem;
use crate::state::{AdminApiParts, AdminApiSettings, ClockReading, EngineKind, Shared};

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Thing {
    name: String,
}

async fn create(IdempotencyKey(key): IdempotencyKey, Json(thing): Json<Thing>) -> Response {
    created(&json!({ "name": thing.name, "key": key }), 1, "/server/things/1")
}

async fn change(
    Id(id): Id<u32>,
    version: IfMatch,
    Json(thing): Json<Thing>,
) -> Result<Response, Problem> {
    if version.versions().is_some_and(|versions| !versions.contains(&u64::from(id))) {
        return Err(problem::changed());
    }
    Ok(versioned(&thing, u64::from(id) + 1))
}

async fn list(Query(params): Query<PageParams>) -> Response {
    let after = params.cursor.and_then(|key| key.parse::<usize>().ok()).unwrap_or(0);
    let items = (after + 1..=120).take(params.limit + 1).collect();
    view(&Page::of(items, params.limit, usize::to_string))
}

async fn whence(address: ClientAddress) -> Response {
    view(&address.to_string())
}

/// The API with things.
fn with_things(shared: Shared) -> AdminApi {
    let route = |name| Route::new(name, Gate::Authenticated);
    let table = super::table()
        .path("/api/v1/server/things", route("api/server"), post(create).get(list))
        .path("/api/v1/server/things/{id}", route("api/server"), get(whence).patch(change))
        .path("/api/v1/whence", Route::new("api/whence", Gate::Open), get(whence));
    AdminApi { shared, table }
}

fn bounds() -> Bounds {
    let second = Duration::from_secs(1);
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
        head_timeout: second,
        idle_timeout: second,
        body_timeout: second,
        write_timeout: second,
        rate_bytes_min: 1,
        drain_timeout: second,
        connections_max: 16,
        requests_max: 64,
        streams_max: 16,
        tenant_streams_max: 8,
        requester_streams_max: 4,
    }
}

async fn shared() -> Shared {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(Timestamp::from_unix_micros(0)));
    let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(1));
    let storage: Arc<dyn Storage> = Arc::new(ModelStorage::new(Arc::clone(&clock)));
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
        clock: Arc::clone(&clock),
        entropy: Arc::clone(&entropy),
        options,
    });
    let http = Options {
        default_version: Version::V2_0_0,
        origins: Origins::Any,
        public_url: None,
        ignored_parameters: acta_http::IgnoredParameters::default(),
        trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()],
        logged_address: acta_http::LoggedAddress::None,
        versions: acta_http::HttpVersions::OneAndTwo,
        tls: None,
        drain_delay: Duration::ZERO,
        bounds: bounds(),
    };
    let auth = acta_auth::Options { failures_count_max: 1000 };
    let settings = Settings { auth, bearer: None, http };
    let backend = Backend { storage, clock, entropy };
    let http = HttpParts::open(&backend, service, settings).await.unwrap();
    let passwords =
        PasswordHasherOptions { running_count_max: NonZeroUsize::MIN, waiting_count_max: 100 };
    let (admin, engine) = (acta_admin::Options::usual(), EngineKind::Embedded);
    let clock = Arc::new(ClockReading::default());
    let settings = AdminApiSettings {
        passwords,
        admin,
        provider: None,
        engine,
        clock,
        facts: None,
        proofs: None,
    };
    let parts = AdminApiParts::open(&backend, &http, settings).await.unwrap();
    Shared::new(Dependencies::new(http), parts)
}

async fn app() -> App {
    let shared = shared().await;
    App::new(Arc::clone(&shared.http), vec![Arc::new(with_things(shared))])
}

struct Answer {
    status: u16,
    headers: hyper::HeaderMap,
    body: Value,
}

/// Asks as the operator. Headers are `name: value`.
async fn ask(app: &App, line: &str, headers: &[&str], body: impl Into<Body>) -> Answer {
    let (method, path) = line.split_once(' ').unwrap();
    let mut request = Request::builder().method(method).uri(format!("{BASE}{path}"));
    for (name, value) in headers.iter().filter_map(|header| header.split_once(": ")) {
        request = request.header(name, value);
    }
    let mut request = request.body(body.into()).unwrap();
    request.extensions_mut().insert(Local);
    let (parts, body) = app.answer(request).await.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let body = serde_json::from_slice(&body).unwrap_or_default();
    Answer { status: parts.status.as_u16(), headers: parts.headers, body }
}

const JSON: &str = "content-type: application/json";

#[tokio::test]
async fn bodies_are_json_of_the_right_type_and_size() {
    let app = app().await;
    let long = format!(r#"{{"name": "{}"}}"#, "x".repeat(64 << 10));
    let table: [(&[&str], &str, u16); 9] = [
        (&[JSON], r#"{"name": "a"}"#, 201),
        (&["content-type: Application/JSON; charset=utf-8"], r#"{"name": "a"}"#, 201),
        (&["content-type: text/plain"], r#"{"name": "a"}"#, 415),
        (&["content-type: application/x-www-form-urlencoded"], "name=a", 415),
        (&[], r#"{"name": "a"}"#, 415),
        (&[JSON, "content-encoding: br"], r#"{"name": "a"}"#, 415),
        (&[JSON], r#"{"name": "a", "more": 1}"#, 400),
        (&[JSON], "", 400),
        (&[JSON], &long, 413),
    ];
    for (headers, body, expected) in table {
        let answer = ask(&app, "POST /server/things", headers, body.to_owned()).await;
        assert_eq!(answer.status, expected, "{headers:?} {body:.40}: {}", answer.body);
    }
    let pieces = ["{\"name\"", ": \"a\"}"].map(Ok::<_, std::io::Error>);
    let pieces = Body::from_stream(futures_util::stream::iter(pieces));
    assert_eq!(ask(&app, "POST /server/things", &[JSON], pieces).await.status, 201);
    let endless = std::iter::repeat_n("  ", 100_000).map(Ok::<_, std::io::Error>);
    let endless = Body::from_stream(futures_util::stream::iter(endless));
    assert_eq!(ask(&app, "POST /server/things", &[JSON], endless).await.status, 413);
}

#[tokio::test]
async fn creation_returns_a_location_and_accepts_a_key() {
    let app = app().await;
    let sent = [JSON, "idempotency-key: 8e03978e"];
    let answer = ask(&app, "POST /server/things", &sent, r#"{"name": "a"}"#).await;
    assert_eq!((answer.status, &answer.body), (201, &json!({ "name": "a", "key": "8e03978e" })));
    assert_eq!(answer.headers["location"], "/api/v1/server/things/1");
    let sent = [JSON, "idempotency-key: a b"];
    let answer = ask(&app, "POST /server/things", &sent, r#"{"name": "a"}"#).await;
    assert_eq!(
        (answer.status, &answer.body["faults"][0]["parameter"]),
        (400, &"idempotency-key".into())
    );
}

#[tokio::test]
async fn changes_name_a_resource_and_its_version() {
    let app = app().await;
    let table: [(&str, &[&str], u16); 5] = [
        ("/server/things/7", &[JSON, "if-match: \"7\""], 200),
        ("/server/things/7", &[JSON, "if-match: \"6\""], 412),
        ("/server/things/7", &[JSON], 428),
        ("/server/things/x", &[JSON, "if-match: *"], 404),
        ("/server/things/", &[JSON, "if-match: *"], 404),
    ];
    for (path, headers, expected) in table {
        let answer = ask(&app, &format!("PATCH {path}"), headers, r#"{"name": "a"}"#).await;
        assert_eq!(answer.status, expected, "{path} {headers:?}: {}", answer.body);
        assert!(expected != 200 || answer.headers["etag"] == "\"8\"");
    }
}

#[tokio::test]
async fn a_list_is_read_page_by_page() {
    let app = app().await;
    let mut path = "/server/things?limit=50".to_owned();
    let mut seen = Vec::new();
    loop {
        let answer = ask(&app, &format!("GET {path}"), &[], "").await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        seen.extend(answer.body["items"].as_array().unwrap().iter().filter_map(Value::as_u64));
        let Some(next) = answer.body["next"].as_str() else { break };
        path = format!("/server/things?limit=50&cursor={next}");
    }
    assert_eq!(seen, (1..=120).collect::<Vec<u64>>());
    for query in
        ["limit=0", "limit=201", "limit=x", "limit=", "cursor=%20", "x=1", "limit=1&limit=2"]
    {
        let answer = ask(&app, &format!("GET /server/things?{query}"), &[], "").await;
        assert_eq!(answer.status, 400, "{query}: {}", answer.body);
    }
}

#[tokio::test]
async fn handlers_get_the_address_of_the_client() {
    let app = app().await;
    let answer = ask(&app, "GET /server/things/1", &["x-forwarded-for: 192.0.2.1"], "").await;
    assert_eq!(answer.body, "local");
    for (peer, expected) in [("10.0.0.1", "192.0.2.1"), ("198.51.100.7", "198.51.100.7")] {
        let request = Request::builder().uri("/api/v1/server/things/1");
        let request = request.header("host", "lrs.example").header("x-forwarded-for", "192.0.2.1");
        let mut request = request.body(Body::empty()).unwrap();
        request.extensions_mut().insert(Local);
        request.extensions_mut().insert(Peer::Address(peer.parse::<IpAddr>().unwrap()));
        let body = app.answer(request).await.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), expected);
    }
}

/// Sends a request over a stream and gives what is answer in the answer.
async fn say(mut stream: impl AsyncRead + AsyncWrite + Unpin, header: &str) -> String {
    let head = "GET /api/v1/whence HTTP/1.1\r\nHost: a\r\nConnection: close\r\n";
    stream.write_all(format!("{head}{header}\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.rsplit("\r\n").next().unwrap_or_default().trim_matches('"').to_owned()
}

#[tokio::test]
async fn every_connection_reports_its_peer() {
    let app = app().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("control.sock");
    let network = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = network.local_addr().unwrap();
    let owner = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(folder.path()).unwrap());
    let listener = UnixListener::bind(&path).unwrap();
    let host = HeaderValue::from_static("a.example");
    let clients = ClientListener::Network(network);
    let control = Some(Control { listener, owner, host });
    let listeners = Listeners { clients, encryption: None, monitoring: None, control };
    let shutdown = CancellationToken::new();
    let served = TaskTracker::new().spawn(serve(listeners, app, shutdown.clone()));
    let network = TcpStream::connect(address).await.unwrap();
    assert_eq!(say(network, "X-Forwarded-For: 192.0.2.1").await, "127.0.0.1");
    assert_eq!(
        say(UnixStream::connect(&path).await.unwrap(), "X-Forwarded-For: 1.2.3.4").await,
        "local"
    );
    shutdown.cancel();
    served.await.unwrap().unwrap();
}

#[tokio::test]
async fn routes_are_distinguished_by_their_resource() {
    let shared = shared().await;
    let api = AdminApi { shared, table: super::table() };
    let table = [
        ("/api/v1", Some(("api/reference", Gate::Open))),
        ("/api/v1/", Some(("api/reference", Gate::Open))),
        ("/api/v1/openapi.json", Some(("api/openapi", Gate::Open))),
        ("/api/v1/server", Some(("api/server", Gate::Authenticated))),
        ("/api/v1/server/x/y", Some(("api/server", Gate::Authenticated))),
        ("/api/v1/session/x", Some(("api/session", Gate::Authenticated))),
        ("/api/v1/tenants/7/audit/verify", Some(("api/tenants", Gate::Authenticated))),
        ("/api/v1/nothing", Some(("api/other", Gate::Open))),
        ("/api/v1/openapi.json/x", Some(("api/other", Gate::Open))),
        ("/api/v10", None),
        ("/api/v2/server", None),
        ("/xapi/about", None),
    ];
    for (path, expected) in table {
        let found = api.find(&Method::GET, path).map(|route| (route.name, route.gate));
        assert_eq!(found, expected, "{path}");
    }
    for path in ["/api/v1/nothing", "/api/v1/openapi.json/x", "/api/v1//server"] {
        let found = api.find(&Method::POST, path).map(|route| route.gate);
        assert_eq!(found, Some(Gate::Authenticated), "{path}");
    }
}
