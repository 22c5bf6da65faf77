//! The path of a request through the HTTP server.

mod context;
mod finish;
mod health;
mod outcome;
mod request_id;
mod streamed_body;

use std::sync::Arc;
use std::time::Duration;

use acta_access::TenantId;
use acta_storage::{TaskRequester, Who, for_requester};
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

use crate::connection::{Carrier, Local};
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
use context::{RequestContext, RouteFamily, authorization_of};
use outcome::method_label;
use request_id::RequestIds;
use streamed_body::keep_requester;

/// The server, ready to answer.
#[derive(Clone)]
pub struct App {
    router: Router,
    xapi: Arc<RouteTable<Shared>>,
    plain: Arc<RouteTable<Shared>>,
    groups: Arc<[Arc<dyn RouteGroup>]>,
    request_ids: Arc<RequestIds>,
    shared: Shared,
    serves: Serves,
}

/// For whom requests are answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Serves {
    /// For everybody.
    Everybody,
    /// For clients: what is for monitoring is served elsewhere.
    Clients,
    /// For monitoring alone.
    Monitoring,
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
        let serves = Serves::Everybody;
        Self { router, xapi, plain, groups: groups.into(), request_ids, shared, serves }
    }

    /// The same server in two parts: for clients, and for monitoring.
    pub(crate) fn divided(self) -> (Self, Self) {
        let monitoring = Self { serves: Serves::Monitoring, ..self.clone() };
        (Self { serves: Serves::Clients, ..self }, monitoring)
    }

    /// Whether a path is served here at all.
    fn serves(&self, path: &str) -> bool {
        let is_monitoring = health::PATHS.contains(&path);
        match self.serves {
            Serves::Everybody => true,
            Serves::Clients => !is_monitoring,
            Serves::Monitoring => is_monitoring,
        }
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
        let answering = self.answer_in_context(request, context, started);
        // Its requester is set once it is known.
        for_requester(TaskRequester::default(), answering).instrument(span).await
    }

    async fn answer_in_context(
        &self,
        mut request: Request,
        mut context: RequestContext,
        started: Duration,
    ) -> Response {
        let shared = &self.shared;
        locate(&mut request, &shared.options.trusted_proxies);
        context.client = client_of(&request);
        let carrier = request.extensions_mut().remove::<Carrier>();
        let permit = RequestPermit::new(shared, carrier);
        request.extensions_mut().insert(Arc::clone(&permit));
        let routed = tokio::select! {
            biased;
            routed = self.route(request, &mut context, &permit) => routed,
            // What the request holds is returned. Its client learns that it may try again.
            () = permit.evicted() => Err(Problem::busy(Problem::BUSY_RETRY_AFTER)),
        };
        let response = routed.unwrap_or_else(Problem::into_response);
        let refusal = outcome::note(shared, &mut context, response.extensions().get()).await;
        let mut response = finish::finish(shared, &context, response).await;
        hold(&permit, &mut response);
        let elapsed = shared.clock.elapsed().saturating_sub(started);
        let status = response.status().as_u16();
        shared.metrics.observe(
            (context.route.name, method_label(&context.method)),
            status,
            elapsed,
        );
        outcome::log(shared, &context, (status, elapsed), refusal.as_ref());
        keep_requester(response)
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
            Ok(identified) => {
                let tenant = identified.principal.tenant;
                Sender::Authenticated(Party::of_tenant(tenant, &identified.who))
            }
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
        let admitted = self.admit(&mut request, context, permit).await;
        let is_known = permit.is_authenticated();
        if let Err(problem) = self.limit_anonymous(admitted, context, is_known).await {
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
        if !self.serves(request.uri().path()) {
            return Err(Problem::not_found());
        }
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
            Span::current().record("tenant.id", context.tenant.map(TenantId::number));
            permit.mark_authenticated(party);
        }
        if family == RouteFamily::Xapi && is_alternate(request) {
            let header = request.headers().get(AUTHORIZATION).cloned();
            let sender = self.sender(header).await;
            *request = rewrite(std::mem::take(request), sender, permit, options).await?;
            context.method = request.method().clone();
            context.authorization = authorization_of(request.headers());
            if let Ok(version) = read_version(request.headers()) {
                context.version = version;
            }
        }
        request.extensions_mut().insert(context.version);
        if family == RouteFamily::Xapi && context.route.gate.needs_authentication() {
            let party = self.identify(request, context).await?;
            permit.mark_authenticated(party);
        }
        Ok(())
    }

    /// Counts a request that is not authenticated, or failed to be, for its network address, and
    /// refuses it if there were too many. Returns what `admitted` says if it is not refused.
    async fn limit_anonymous(
        &self,
        admitted: Result<(), Problem>,
        context: &RequestContext,
        is_known: bool,
    ) -> Result<(), Problem> {
        let is_counted = match &admitted {
            Ok(()) => !is_known && !self.costs_nothing(context),
            Err(problem) => problem.status == StatusCode::UNAUTHORIZED,
        };
        let Some(address) = context.client.counted() else { return admitted };
        if !is_counted {
            return admitted;
        }
        let requests = &self.shared.anonymous_requests;
        let Err(wait) = requests.take(address, self.shared.clock.elapsed()) else {
            return admitted;
        };
        // Where no credential is needed, one may be sent all the same.
        if admitted.is_ok()
            && context.authorization.is_some()
            && self.sender(context.authorization.clone()).await != Sender::Anonymous
        {
            return Ok(());
        }
        self.shared.metrics.refuse_anonymous();
        Err(Problem::too_many_anonymous(requests.count_max(), wait))
    }

    /// Whether a request that is not authenticated is not counted: a preflight request, which
    /// browsers send without the credential of what follows, a probe, or a file.
    fn costs_nothing(&self, context: &RequestContext) -> bool {
        let is_probe =
            context.family == RouteFamily::Plain && health::PROBES.contains(&context.route.name);
        context.method == Method::OPTIONS
            || is_probe
            || self.group(context.family).is_some_and(RouteGroup::serves_files)
    }

    /// Determines the principal and the version, and passes both to the handler.
    async fn identify(
        &self,
        request: &mut Request,
        context: &mut RequestContext,
    ) -> Result<Party, Problem> {
        let authorization = request.headers().get(AUTHORIZATION).map(HeaderValue::as_bytes);
        let moment = self.shared.authenticator.moment();
        let identified = self.shared.authenticator.authenticate(authorization).await?;
        let tenant = identified.principal.tenant;
        let party = Party::of_tenant(tenant, &identified.who);
        context.tenant = Some(tenant);
        Span::current().record("tenant.id", tenant.number());
        context.key = key_of(&identified.who);
        let arrival = Arrival { origin: context.origin.as_ref(), from: context.client, moment };
        let caller = Caller::admit(identified, request.headers(), arrival)?;
        self.shared.service.quotas().take_request(&caller.tenant)?;
        request.extensions_mut().insert(caller);
        Ok(party)
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

/// Where a request came from.
fn client_of(request: &Request) -> ClientAddress {
    request.extensions().get().copied().unwrap_or(ClientAddress::Local)
}

/// The key of the credential of an actor.
fn key_of(who: &Who) -> Option<String> {
    match who {
        Who::Credential(key) | Who::Token(key) => Some(key.clone()),
        Who::Operator | Who::Server | Who::Account(_) | Who::Bearer(_) | Who::Anonymous => None,
    }
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
