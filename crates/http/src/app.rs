//! The path of a request through the HTTP server.

mod context;
mod finish;
mod health;
mod request_id;

use std::sync::Arc;
use std::time::Duration;

use acta_access::TenantId;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Body as _;
use hyper::header::{ACCESS_CONTROL_REQUEST_HEADERS, ALLOW, AUTHORIZATION, HeaderValue};
use hyper::{Method, StatusCode};
use tower_service::Service as _;
use tracing::{Instrument, Span};

use crate::connection::{ConnectionState, Local};
use crate::edge::{
    Arrival, Caller, ClientAddress, buffer_body, check_host, check_length, cors, discard_body,
    fold_slashes, is_alternate, is_xapi, locate, read_version, rewrite,
};
use crate::permit::RequestPermit;
use crate::permit::party::Party;
use crate::problem::Problem;
use crate::route::{Gate, Route, RouteGroup, RouteTable, Sender};
use crate::state::Shared;
use crate::xapi;
use context::{RequestContext, RouteFamily};
use request_id::RequestIds;

/// The server, ready to answer.
#[derive(Clone)]
pub struct App {
    router: Router,
    xapi: Arc<RouteTable<Shared>>,
    plain: Arc<RouteTable<Shared>>,
    groups: Arc<[Arc<dyn RouteGroup>]>,
    request_ids: Arc<RequestIds>,
    shared: Shared,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("options", &self.shared.options).finish_non_exhaustive()
    }
}

impl App {
    /// Responses of this size or more count towards the memory limit until they are sent: 64 KiB.
    const COUNTED_BYTES_MIN: usize = 64 * 1024;

    /// Builds the server from the xAPI resources and the route groups.
    pub fn new(shared: Shared, groups: Vec<Arc<dyn RouteGroup>>) -> Self {
        let (xapi, plain) = (xapi::table(), health::table());
        let own = xapi.router(Arc::clone(&shared)).merge(plain.router(Arc::clone(&shared)));
        let router = groups
            .iter()
            .fold(own, |router, group| router.merge(group.router()))
            .fallback(|| async { Problem::not_found() })
            .method_not_allowed_fallback(|| async { Problem::method_not_allowed() });
        let (xapi, plain) = (Arc::new(xapi), Arc::new(plain));
        let request_ids = Arc::new(RequestIds::new(shared.service.random_bits()));
        Self { router, xapi, plain, groups: groups.into(), request_ids, shared }
    }

    /// The route of a request, and the family whose rules admit it.
    fn find(&self, method: &Method, path: &str) -> (Route, RouteFamily) {
        for (index, group) in self.groups.iter().enumerate() {
            if let Some(route) = group.find(method, path) {
                return (route, RouteFamily::Group(index));
            }
        }
        if is_xapi(path) {
            let other = Route::new("xapi/other", Gate::Open);
            return (self.xapi.find(method, path).unwrap_or(other), RouteFamily::Xapi);
        }
        let other = Route::new("other", Gate::Open);
        (self.plain.find(method, path).unwrap_or(other), RouteFamily::Plain)
    }

    /// The route group whose rules admit a request.
    fn group(&self, family: RouteFamily) -> Option<&dyn RouteGroup> {
        match family {
            RouteFamily::Group(index) => self.groups.get(index).map(|group| &**group),
            RouteFamily::Xapi | RouteFamily::Plain => None,
        }
    }

    /// Answers one request. What is logged meanwhile names the request, and its tenant once it
    /// is known.
    pub async fn answer(&self, mut request: Request) -> Response {
        fold_slashes(request.uri_mut());
        let started = self.shared.clock.elapsed();
        let _held = self.shared.metrics.enter();
        let (route, family) = self.find(request.method(), request.uri().path());
        let request_id = self.request_ids.id_of(request.headers());
        let default_version = self.shared.options.default_version;
        let context = RequestContext::of(&request, route, family, request_id, default_version);
        let span = span_of(&context);
        self.answer_in_context(request, context, started).instrument(span).await
    }

    async fn answer_in_context(
        &self,
        mut request: Request,
        mut context: RequestContext,
        started: Duration,
    ) -> Response {
        let shared = &self.shared;
        locate(&mut request, &shared.options.trusted_proxies);
        let connection = request.extensions_mut().remove::<Arc<ConnectionState>>();
        let permit = RequestPermit::new(shared, connection);
        request.extensions_mut().insert(Arc::clone(&permit));
        let response = match self.route(request, &mut context, &permit).await {
            Ok(response) => response,
            Err(problem) => problem.into_response(),
        };
        let mut response = finish::finish(shared, &context, response).await;
        hold(&permit, &mut response);
        let elapsed = shared.clock.elapsed().saturating_sub(started);
        let status = response.status().as_u16();
        shared.metrics.observe(
            (context.route.name, method_label(&context.method)),
            status,
            elapsed,
        );
        log(&context, status, elapsed);
        response
    }

    /// Answers one request of the operator of this machine to the admin API, in process and
    /// without credentials.
    pub async fn answer_operator(&self, request: hyper::Request<Bytes>) -> hyper::Response<Bytes> {
        let (mut parts, body) = self.stream_operator(request).await.into_parts();
        // An aborted body is not a response, for example the export of an audit that cannot be
        // read.
        let body = match body.collect().await {
            Ok(body) => body.to_bytes(),
            Err(_cut_off) => {
                parts.status = StatusCode::INTERNAL_SERVER_ERROR;
                Bytes::new()
            }
        };
        hyper::Response::from_parts(parts, body)
    }

    /// As [`App::answer_operator`], but streams the body, of any length.
    pub async fn stream_operator(&self, request: hyper::Request<Bytes>) -> hyper::Response<Body> {
        let mut request = request.map(Body::from);
        request.extensions_mut().insert(Local);
        self.answer(request).await
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Authenticates a request by its head, before the body is read.
    async fn sender(&self, header: Option<HeaderValue>) -> Sender {
        let header = header.as_ref().map(HeaderValue::as_bytes);
        match self.shared.authenticator.authenticate(header).await {
            Ok(identified) => Sender::Authenticated(Party::Tenant(identified.principal.tenant)),
            Err(_) => Sender::Anonymous,
        }
    }

    async fn route(
        &self,
        mut request: Request,
        context: &mut RequestContext,
        permit: &Arc<RequestPermit>,
    ) -> Result<Response, Problem> {
        let bounds = &self.shared.options.bounds;
        if let Err(problem) = self.admit(&mut request, context, permit).await {
            discard_body(&mut request, permit, bounds).await;
            return Err(problem);
        }
        if context.method == Method::OPTIONS {
            let asked = request.headers().get(ACCESS_CONTROL_REQUEST_HEADERS).cloned();
            discard_body(&mut request, permit, bounds).await;
            return Ok(match context.family {
                RouteFamily::Group(_) => answer_options(self.call(request).await),
                RouteFamily::Xapi | RouteFamily::Plain => cors::answer_options(asked.as_ref()),
            });
        }
        if context.route.gate == Gate::Open {
            discard_body(&mut request, permit, bounds).await;
        } else {
            request = buffer_body(request, permit, bounds).await?;
        }
        if ![Method::PUT, Method::POST, Method::PATCH].contains(&context.method) {
            // If there is still a body, nothing waits for it.
            permit.enter()?;
        }
        if context.method == Method::HEAD {
            // HEAD is answered as GET; the body is removed when the response is finished.
            *request.method_mut() = Method::GET;
        }
        Ok(self.call(request).await)
    }

    async fn call(&self, request: Request) -> Response {
        let mut router = self.router.clone();
        match router.call(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }

    /// Admits or refuses a request before its body is read. Nothing is stored of unauthenticated
    /// requests.
    async fn admit(
        &self,
        request: &mut Request,
        context: &mut RequestContext,
        permit: &Arc<RequestPermit>,
    ) -> Result<(), Problem> {
        let options = &self.shared.options;
        check_host(request)?;
        check_length(request.uri(), options.bounds.url_bytes_max)?;
        let family = context.family;
        if family == RouteFamily::Xapi
            && !cors::is_allowed(context.origin.as_ref(), &options.origins)
        {
            return Err(Problem::foreign_origin());
        }
        let serves_operator = self.group(family).is_some_and(RouteGroup::serves_operator);
        if !serves_operator && request.extensions().get::<Local>().is_some() {
            return Err(Problem::not_found());
        }
        if context.method == Method::OPTIONS {
            return Ok(());
        }
        if let Some(group) = self.group(family)
            && let Sender::Authenticated(party) = group.admit(request, context.route.gate).await?
        {
            // What is done for the response counts as work of the tenant.
            context.tenant = party.tenant();
            permit.mark_authenticated(party);
        }
        if family == RouteFamily::Xapi && is_alternate(request) {
            let header = request.headers().get(AUTHORIZATION).cloned();
            let sender = self.sender(header).await;
            *request = rewrite(std::mem::take(request), sender, permit, options).await?;
            context.method = request.method().clone();
            if let Ok(version) = read_version(request.headers()) {
                context.version = version;
            }
        }
        request.extensions_mut().insert(context.version);
        if family == RouteFamily::Xapi && context.route.gate.needs_authentication() {
            let tenant = self.identify(request, context).await?;
            permit.mark_authenticated(Party::Tenant(tenant));
        }
        Ok(())
    }

    /// Determines the principal and the version, and passes both to the handler.
    async fn identify(
        &self,
        request: &mut Request,
        context: &mut RequestContext,
    ) -> Result<TenantId, Problem> {
        let authorization = request.headers().get(AUTHORIZATION).map(HeaderValue::as_bytes);
        let moment = self.shared.authenticator.moment();
        let identified = self.shared.authenticator.authenticate(authorization).await?;
        let tenant = identified.principal.tenant;
        context.tenant = Some(tenant);
        Span::current().record("tenant.id", tenant.number());
        let from = request.extensions().get().copied().unwrap_or(ClientAddress::Local);
        let arrival = Arrival { origin: context.origin.as_ref(), from, moment };
        let caller = Caller::admit(identified, request.headers(), arrival)?;
        self.shared.service.quotas().take_request(&caller.tenant)?;
        request.extensions_mut().insert(caller);
        Ok(tenant)
    }
}

/// The response to an OPTIONS request, made from the 405 response of the resource with its allowed
/// methods. Pages of other origins get no information.
fn answer_options(refused: Response) -> Response {
    let Some(allowed) = refused.headers().get(ALLOW).and_then(|allowed| allowed.to_str().ok())
    else {
        return refused;
    };
    (StatusCode::NO_CONTENT, [(ALLOW, format!("{allowed},OPTIONS"))]).into_response()
}

/// Attaches the memory charge to a large response, until it is sent.
fn hold(permit: &RequestPermit, response: &mut Response) {
    let size = response.body().size_hint().exact();
    let bytes = match size {
        Some(size) => usize::try_from(size).unwrap_or(usize::MAX),
        None => permit.charge.bytes(),
    };
    if App::COUNTED_BYTES_MIN <= bytes {
        let charge = permit.response_charge();
        charge.hold_anyway(bytes);
        response.extensions_mut().insert(Arc::new(charge));
    }
}

/// The method as a label. All non-standard methods share one label.
fn method_label(method: &Method) -> &'static str {
    let known = ["GET", "POST", "PUT", "PATCH", "HEAD", "DELETE", "OPTIONS"];
    known.into_iter().find(|name| *name == method.as_str()).unwrap_or("other")
}

/// The span of everything that is done for a request. It has the level of errors, so that it is
/// there whenever anything is logged at all.
fn span_of(context: &RequestContext) -> Span {
    tracing::error_span!(
        parent: None,
        "request",
        request.id = context.request_id.to_str().unwrap_or_default(),
        method = method_label(&context.method),
        route = context.route.name,
        tenant.id = tracing::field::Empty,
    )
}

fn log(context: &RequestContext, status: u16, elapsed: Duration) {
    let (method, route) = (method_label(&context.method), context.route.name);
    let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
    match status {
        500.. => {
            tracing::warn!(status, micros, "{method} {route} failed");
        }
        400.. => {
            tracing::info!(status, micros, "{method} {route} was refused");
        }
        _ => tracing::debug!(status, micros, "{method} {route} succeeded"),
    }
}
