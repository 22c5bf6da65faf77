//! What is noted and logged of each request when it has been answered.

use std::time::Duration;

use hyper::{Method, StatusCode};
use tracing::Span;

use super::context::{RequestContext, RouteFamily};
use crate::problem::Problem;
use crate::refusals::{Refusal, RefusedRequest};
use crate::state::Shared;

/// The key of what nobody known has sent. Its refusals are kept as those of a credential are, so
/// that the time of the response does not reveal which keys exist.
const UNNAMED: &str = "";

/// The problem of a database that is away. The engine logs that, once and then at intervals.
const AWAY: &str = "unavailable";

/// Why a request was refused, or failed; none if neither. Keeps the refusal for those who look for
/// the cause, and completes what is known of its credential.
pub(super) async fn note(
    shared: &Shared,
    context: &mut RequestContext,
    problem: Option<&Problem>,
) -> Option<Refusal> {
    let problem = problem?;
    let place = (method_label(&context.method), context.route.name);
    let refusal = match context.family {
        RouteFamily::Xapi | RouteFamily::Plain => Refusal::of(problem, place),
        // Other names are in the bodies of other resources.
        RouteFamily::Group(_) => Refusal { faults: Vec::new(), ..Refusal::of(problem, place) },
    };
    // What does not exist is asked for every day, such as the state of a course that begins.
    if !problem.status.is_client_error() || problem.status == StatusCode::NOT_FOUND {
        return Some(refusal);
    }
    if context.key.is_none()
        && let Some(header) = &context.authorization
        && let Some(named) = shared.authenticator.find_named(header.as_bytes()).await
    {
        if context.tenant.is_none() {
            Span::current().record("tenant.id", named.tenant.number());
        }
        context.key = Some(named.key);
    }
    let key = context.key.as_deref().unwrap_or(UNNAMED);
    let id = context.request_id.to_str().unwrap_or_default();
    let at = shared.clock.now();
    shared.refusals.note(RefusedRequest { key, id, at }, refusal.clone());
    Some(refusal)
}

/// The method as a label. All non-standard methods share one label.
pub(super) fn method_label(method: &Method) -> &'static str {
    let known = ["GET", "POST", "PUT", "PATCH", "HEAD", "DELETE", "OPTIONS"];
    known.into_iter().find(|name| *name == method.as_str()).unwrap_or("other")
}

/// Logs the outcome of a request. A line about a refusal says why, as far as that is no secret.
pub(super) fn log(
    shared: &Shared,
    context: &RequestContext,
    (status, elapsed): (u16, Duration),
    refusal: Option<&Refusal>,
) {
    let (method, route) = (method_label(&context.method), context.route.name);
    let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
    let problem = refusal.map(|refusal| refusal.problem);
    match status {
        500.. if problem == Some(AWAY) || problem == Some(Problem::STOPPING) => {
            tracing::debug!(status, micros, problem, "{method} {route} failed");
        }
        500.. => tracing::warn!(status, micros, problem, "{method} {route} failed"),
        // So many lines would say nothing, and fill the disk.
        400.. if problem == Some(Problem::TOO_MANY_ANONYMOUS) => {
            tracing::debug!(status, micros, problem, "{method} {route} was refused");
        }
        400.. => {
            tracing::info!(
                status,
                micros,
                problem,
                rules = refusal.and_then(Refusal::rules),
                pointers = refusal.and_then(Refusal::pointers),
                scopes = refusal.and_then(Refusal::scope_names),
                restriction = refusal.and_then(|refusal| refusal.restriction),
                credential.key = context.key,
                client.address = context.client.logged(shared.options.logged_address),
                "{method} {route} was refused"
            );
        }
        _ => tracing::debug!(status, micros, "{method} {route} succeeded"),
    }
}
