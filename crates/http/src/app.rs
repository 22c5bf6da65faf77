//! The way of a request through the HTTP face.

use std::sync::Arc;
use std::time::Duration;

use acta_access::TenantId;
use acta_xapi::Version;
use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::Method;
use hyper::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, HeaderName, HeaderValue, ORIGIN};
use tower_service::Service as _;

use crate::edge::{Caller, Sender, is_alternate, read_version, rewrite, settle};
use crate::metrics::Metrics;
use crate::problem::Problem;
use crate::{HttpParts, Shared, SharedParts, answer, cors, health, xapi};

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
    /// Whether it is a resource of xAPI.
    pub(crate) is_xapi: bool,
    /// Whether it needs a principal and a version.
    pub(crate) needs_caller: bool,
    /// Whether answers tell through when reads are consistent.
    pub(crate) tells_consistency: bool,
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
        let Some(resource) = path.strip_prefix("/xapi/") else {
            let names = ["/health", "/ready", "/metrics"];
            let name = names.into_iter().find(|name| *name == path).unwrap_or("other");
            return Self { name, is_xapi: false, needs_caller: false, tells_consistency: false };
        };
        let plain =
            |name| Self { name, is_xapi: true, needs_caller: true, tells_consistency: false };
        match resource {
            "statements" => Self { tells_consistency: true, ..plain("statements") },
            "activities" => plain("activities"),
            "activities/state" => plain("activities/state"),
            "activities/profile" => plain("activities/profile"),
            "agents" => plain("agents"),
            "agents/profile" => plain("agents/profile"),
            "about" => Self { needs_caller: false, ..plain("about") },
            _ => Self { needs_caller: false, ..plain("xapi/other") },
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
    const BUSY_RETRY_AFTER: Duration = Duration::from_secs(1);

    /// Puts the HTTP face together.
    pub fn new(parts: HttpParts) -> Self {
        let HttpParts { service, authenticator, clock, gauges, options } = parts;
        let metrics = Metrics::new(gauges);
        let shared = Arc::new(SharedParts { service, authenticator, clock, metrics, options });
        let router = Router::new()
            .merge(xapi::routes())
            .route("/health", get(health::health))
            .route("/ready", get(health::ready))
            .route("/metrics", get(health::metrics))
            .fallback(|| async { Problem::not_found() })
            .method_not_allowed_fallback(|| async { Problem::method_not_allowed() })
            .with_state(Arc::clone(&shared));
        Self { router, shared }
    }

    /// Answers one request.
    pub async fn answer(&self, request: Request) -> Response {
        let shared = &self.shared;
        let started = shared.clock.elapsed();
        let (_held, before) = shared.metrics.enter();
        let mut asked = Asked::of(&request, shared.options.default_version);
        let response = if before < shared.options.bounds.requests_max {
            match self.route(request, &mut asked).await {
                Ok(response) => response,
                Err(problem) => problem.into_response(),
            }
        } else {
            Problem::busy(Self::BUSY_RETRY_AFTER).into_response()
        };
        let response = answer::finish(shared, &asked, response).await;
        let elapsed = shared.clock.elapsed().saturating_sub(started);
        let status = response.status().as_u16();
        shared.metrics.observe((asked.route.name, method_label(&asked.method)), status, elapsed);
        log(&asked, status, elapsed);
        response
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

    async fn route(&self, request: Request, asked: &mut Asked) -> Result<Response, Problem> {
        if asked.method == Method::OPTIONS {
            return Ok(cors::answer_options());
        }
        let bounds = &self.shared.options.bounds;
        let mut request = settle(request, bounds.body_timeout).await?;
        if asked.route.is_xapi && is_alternate(&request) {
            let header = request.headers().get(AUTHORIZATION).cloned();
            let sender = self.sender(header).await;
            request = rewrite(request, sender, bounds).await?;
            asked.method = request.method().clone();
            if let Ok(version) = read_version(request.headers()) {
                asked.version = version;
            }
        }
        request.extensions_mut().insert(asked.version);
        if asked.route.needs_caller {
            self.identify(&mut request, asked).await?;
        }
        if asked.method == Method::HEAD {
            // Whatever GET says; the body is taken off when the answer is finished.
            *request.method_mut() = Method::GET;
        }
        let mut router = self.router.clone();
        match router.call(request).await {
            Ok(response) => Ok(response),
            Err(never) => match never {},
        }
    }

    /// Finds out who asks and in which version, and leaves both for the handler.
    async fn identify(&self, request: &mut Request, asked: &mut Asked) -> Result<(), Problem> {
        let authorization = request.headers().get(AUTHORIZATION).map(HeaderValue::as_bytes);
        let principal = self.shared.authenticator.authenticate(authorization).await?;
        asked.tenant = Some(principal.tenant);
        let version = read_version(request.headers())?;
        request.extensions_mut().insert(Caller { principal, version });
        Ok(())
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
    let known = ["GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS"];
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
