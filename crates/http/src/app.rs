//! The way of a request through the HTTP face.

use std::sync::Arc;
use std::time::Duration;

use acta_access::TenantId;
use acta_xapi::Version;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Body as _;
use hyper::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, HeaderName, HeaderValue, ORIGIN};
use hyper::{Method, StatusCode};
use tokio::sync::Semaphore;
use tower_service::Service as _;

use crate::admin::{self, Gate, Local};
use crate::connection::Line;
use crate::edge::{
    Caller, Sender, cors, is_alternate, locate, pass_over, read_version, rewrite, settle,
};
use crate::memory::{Charge, Memory};
use crate::metrics::Metrics;
use crate::place::{Place, Workload};
use crate::problem::Problem;
use crate::{HttpParts, Shared, SharedParts, answer, health, pages, provider, xapi};

/// The header by which a client recognises its request in our log.
pub(crate) const REQUEST_ID_HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The HTTP face, ready to answer.
#[derive(Clone)]
pub struct App {
    router: Router,
    shared: Shared,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("options", &self.shared.options).finish_non_exhaustive()
    }
}

/// A family of paths that are treated alike at the edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    /// Its name in metrics and logs.
    pub(crate) name: &'static str,
    /// What it belongs to.
    pub(crate) face: Face,
    /// Who comes through.
    pub(crate) gate: Gate,
    /// Whether answers tell through when reads are consistent.
    pub(crate) tells_consistency: bool,
}

/// For whom a route is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Face {
    /// Clients of xAPI, with credentials.
    Xapi,
    /// People and programs that administer the server.
    Admin,
    /// People with a browser, who sign in.
    Pages,
    /// Operators and their machines, and everybody else.
    Plain,
}

/// What is remembered of a request until its answer is finished.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) route: Route,
    pub(crate) method: Method,
    pub(crate) version: Version,
    pub(crate) tenant: Option<TenantId>,
    pub(crate) origin: Option<HeaderValue>,
    pub(crate) request_id: Option<HeaderValue>,
    /// What decides the form of a problem.
    pub(crate) accept: Vec<HeaderValue>,
    /// What decides whether the answer is packed.
    pub(crate) accept_encoding: Vec<HeaderValue>,
}

impl Route {
    /// The route of a path.
    fn of(path: &str) -> Self {
        if let Some((name, gate)) = admin::route_of(path).or_else(|| provider::route_of(path)) {
            return Self { name, face: Face::Admin, gate, tells_consistency: false };
        }
        if let Some(name) = pages::route_of(path) {
            let (face, gate) = (Face::Pages, Gate::Guest);
            return Self { name, face, gate, tells_consistency: false };
        }
        let Some(resource) = path.strip_prefix("/xapi/") else {
            let names = ["/health", "/ready", "/metrics"];
            let name = names.into_iter().find(|name| *name == path).unwrap_or("other");
            let (face, gate) = (Face::Plain, Gate::Open);
            return Self { name, face, gate, tells_consistency: false };
        };
        let face = Face::Xapi;
        let gate = Gate::Known;
        let plain = |name| Self { name, face, gate, tells_consistency: false };
        match resource {
            "statements" => Self { tells_consistency: true, ..plain("statements") },
            "activities" => plain("activities"),
            "activities/state" => plain("activities/state"),
            "activities/profile" => plain("activities/profile"),
            "agents" => plain("agents"),
            "agents/profile" => plain("agents/profile"),
            "about" => Self { gate: Gate::Open, ..plain("about") },
            _ => Self { gate: Gate::Open, ..plain("xapi/other") },
        }
    }
}

impl Asked {
    fn of(request: &Request, default_version: Version) -> Self {
        let headers = request.headers();
        Self {
            route: Route::of(request.uri().path()),
            method: request.method().clone(),
            version: read_version(headers).unwrap_or(default_version),
            tenant: None,
            origin: headers.get(ORIGIN).cloned(),
            request_id: headers.get(REQUEST_ID_HEADER).filter(|id| is_short_text(id)).cloned(),
            accept: headers.get_all(ACCEPT).iter().cloned().collect(),
            accept_encoding: headers.get_all(ACCEPT_ENCODING).iter().cloned().collect(),
        }
    }
}

impl App {
    /// How long a client should wait that came when too much was going on.
    pub(crate) const BUSY_RETRY_AFTER: Duration = Duration::from_secs(1);

    /// Which part of the memory may hold what is not known who sent it.
    const ANONYMOUS_PART: usize = 8;

    /// Most pages that are read from storage at a time.
    const FINDERS_MAX: usize = 64;

    /// Most documents that are read from storage at a time.
    const DOCUMENT_FINDERS_MAX: usize = 8;

    /// Answers from this size on are counted until they are sent: 64 KiB.
    const COUNTED_BYTES_MIN: usize = 64 * 1024;

    /// Puts the HTTP face together.
    pub fn new(parts: HttpParts) -> Self {
        Self::with_routes(parts, Router::new())
    }

    /// The same with further resources.
    pub(crate) fn with_routes(parts: HttpParts, further: Router<Shared>) -> Self {
        let HttpParts {
            service,
            admin,
            quotas,
            authenticator,
            csrf,
            sealer,
            provider,
            clock,
            engine,
            gauges,
            options,
        } = parts;
        let bytes = options.bounds.memory_bytes_max;
        let anonymous_bytes = bytes / Self::ANONYMOUS_PART;
        let memory = Memory::new(bytes - anonymous_bytes);
        let anonymous_memory = Memory::new(anonymous_bytes);
        let shared = Arc::new(SharedParts {
            service,
            admin,
            quotas,
            csrf,
            sealer,
            provider,
            authenticator,
            clock,
            engine,
            metrics: Metrics::new(gauges, [Arc::clone(&memory), Arc::clone(&anonymous_memory)]),
            memory,
            anonymous_memory,
            workload: Workload::default(),
            document_readers: Workload::default(),
            finders: Semaphore::new(Self::FINDERS_MAX),
            document_finders: Semaphore::new(Self::DOCUMENT_FINDERS_MAX),
            options,
        });
        let router = Router::new()
            .merge(xapi::routes())
            .merge(admin::routes())
            .merge(pages::routes())
            .merge(provider::routes())
            .merge(further)
            .route("/health", get(health::health))
            .route("/ready", get(health::ready))
            .route("/metrics", get(health::metrics))
            .fallback(|| async { Problem::not_found() })
            .method_not_allowed_fallback(|| async { Problem::method_not_allowed() })
            .with_state(Arc::clone(&shared));
        Self { router, shared }
    }

    /// Answers one request.
    pub async fn answer(&self, mut request: Request) -> Response {
        let shared = &self.shared;
        let started = shared.clock.elapsed();
        let _held = shared.metrics.enter();
        let mut asked = Asked::of(&request, shared.options.default_version);
        locate(&mut request, &shared.options.trusted_proxies);
        let line = request.extensions_mut().remove::<Arc<Line>>();
        let place = Place::new(shared, line);
        request.extensions_mut().insert(Arc::clone(&place));
        let response = match self.route(request, &mut asked, &place).await {
            Ok(response) => response,
            Err(problem) => problem.into_response(),
        };
        let mut response = answer::finish(shared, &asked, response).await;
        hold(&place, &mut response);
        let elapsed = shared.clock.elapsed().saturating_sub(started);
        let status = response.status().as_u16();
        shared.metrics.observe((asked.route.name, method_label(&asked.method)), status, elapsed);
        log(&asked, status, elapsed);
        response
    }

    /// Answers one request of the operator of this machine to the admin API, in process and
    /// without credentials.
    pub async fn answer_operator(&self, request: hyper::Request<Bytes>) -> hyper::Response<Bytes> {
        let (mut parts, body) = self.stream_operator(request).await.into_parts();
        // What is cut off is no answer: the export of an audit that cannot be read.
        let body = match body.collect().await {
            Ok(body) => body.to_bytes(),
            Err(_cut_off) => {
                parts.status = StatusCode::INTERNAL_SERVER_ERROR;
                Bytes::new()
            }
        };
        hyper::Response::from_parts(parts, body)
    }

    /// As [`App::answer_operator`], with the body as it comes, of whatever length it is.
    pub async fn stream_operator(&self, request: hyper::Request<Bytes>) -> hyper::Response<Body> {
        let mut request = request.map(Body::from);
        request.extensions_mut().insert(Local);
        self.answer(request).await
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Whether the head of a request says who sends it, before its body is read.
    async fn sender(&self, header: Option<HeaderValue>) -> Sender {
        let header = header.as_ref().map(HeaderValue::as_bytes);
        match self.shared.authenticator.authenticate(header).await {
            Ok(_) => Sender::Known,
            Err(_) => Sender::Anonymous,
        }
    }

    async fn route(
        &self,
        mut request: Request,
        asked: &mut Asked,
        place: &Arc<Place>,
    ) -> Result<Response, Problem> {
        let bounds = &self.shared.options.bounds;
        if let Err(problem) = self.admit(&mut request, asked, place).await {
            pass_over(&mut request, place, bounds).await;
            return Err(problem);
        }
        if asked.method == Method::OPTIONS {
            pass_over(&mut request, place, bounds).await;
            return match asked.route.face {
                Face::Admin | Face::Pages => Ok(admin::answer_options(self.handle(request).await)),
                Face::Xapi | Face::Plain => Ok(cors::answer_options()),
            };
        }
        if asked.route.gate != Gate::Open {
            request = settle(request, place, bounds).await?;
        } else {
            pass_over(&mut request, place, bounds).await;
        }
        if ![Method::PUT, Method::POST, Method::PATCH].contains(&asked.method) {
            // Whatever body there still is, nobody waits for it.
            place.enter()?;
        }
        if asked.method == Method::HEAD {
            // Whatever GET says; the body is taken off when the answer is finished.
            *request.method_mut() = Method::GET;
        }
        Ok(self.handle(request).await)
    }

    /// The answer of the handler.
    async fn handle(&self, request: Request) -> Response {
        let mut router = self.router.clone();
        match router.call(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }

    /// Lets a request in, or not, before its body is read: of strangers, nothing is kept.
    async fn admit(
        &self,
        request: &mut Request,
        asked: &mut Asked,
        place: &Arc<Place>,
    ) -> Result<(), Problem> {
        let options = &self.shared.options;
        let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
        if options.bounds.url_bytes_max < target {
            return Err(Problem::url_too_long(options.bounds.url_bytes_max));
        }
        let face = asked.route.face;
        if face == Face::Xapi && !cors::is_allowed(asked.origin.as_ref(), &options.origins) {
            return Err(Problem::foreign_origin());
        }
        if face != Face::Admin && request.extensions().get::<Local>().is_some() {
            return Err(Problem::not_found());
        }
        if asked.method == Method::OPTIONS {
            return Ok(());
        }
        if face == Face::Admin || face == Face::Pages {
            match admin::admit(&self.shared, request, asked.route.gate).await? {
                Sender::Known => place.knows_sender(),
                Sender::Anonymous => {}
            }
        }
        if face == Face::Xapi && is_alternate(request) {
            let header = request.headers().get(AUTHORIZATION).cloned();
            let sender = self.sender(header).await;
            *request = rewrite(std::mem::take(request), (sender, place), &options.bounds).await?;
            asked.method = request.method().clone();
            if let Ok(version) = read_version(request.headers()) {
                asked.version = version;
            }
        }
        request.extensions_mut().insert(asked.version);
        if face == Face::Xapi && asked.route.gate == Gate::Known {
            self.identify(request, asked).await?;
            place.knows_sender();
        }
        Ok(())
    }

    /// Finds out who asks and in which version, and leaves both for the handler.
    async fn identify(&self, request: &mut Request, asked: &mut Asked) -> Result<(), Problem> {
        let authorization = request.headers().get(AUTHORIZATION).map(HeaderValue::as_bytes);
        let identified = self.shared.authenticator.authenticate(authorization).await?;
        asked.tenant = Some(identified.principal.tenant);
        let caller = Caller::admit(identified, request.headers(), asked.origin.as_ref())?;
        self.shared.quotas.take_request(&caller.tenant)?;
        request.extensions_mut().insert(caller);
        Ok(())
    }
}

/// Leaves with a large answer what it holds, until it is sent.
fn hold(place: &Place, response: &mut Response) {
    let size = response.body().size_hint().exact();
    let bytes = match size {
        Some(size) => usize::try_from(size).unwrap_or(usize::MAX),
        None => place.charge.bytes(),
    };
    if App::COUNTED_BYTES_MIN <= bytes {
        let charge = Charge::new(place.memory());
        charge.hold_anyway(bytes);
        response.extensions_mut().insert(Arc::new(charge));
    }
}

/// Whether an id from outside is short and harmless enough for our log.
fn is_short_text(id: &HeaderValue) -> bool {
    const BYTES_MAX: usize = 64;
    let is_harmless = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(byte);
    (1..=BYTES_MAX).contains(&id.len()) && id.as_bytes().iter().all(is_harmless)
}

/// The method as a label: those of clients' invention are one.
fn method_label(method: &Method) -> &'static str {
    let known = ["GET", "POST", "PUT", "PATCH", "HEAD", "DELETE", "OPTIONS"];
    known.into_iter().find(|name| *name == method.as_str()).unwrap_or("other")
}

fn log(asked: &Asked, status: u16, elapsed: Duration) {
    let (method, route) = (method_label(&asked.method), asked.route.name);
    let id = asked.request_id.as_ref().and_then(|id| id.to_str().ok()).unwrap_or_default();
    let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
    match status {
        500.. => {
            tracing::warn!(request.id = id, status, micros, "{method} {route} failed");
        }
        400.. => {
            tracing::info!(request.id = id, status, micros, "{method} {route} was refused");
        }
        _ => tracing::debug!(request.id = id, status, micros, "{method} {route} was answered"),
    }
}
