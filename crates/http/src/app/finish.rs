//! Finishes every response: common headers, and the form of problems.

use std::time::Duration;

use std::io::Write;

use acta_access::TenantId;
use axum::body::Body;
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::BodyExt;
use hyper::body::Body as _;
use hyper::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderValue, RETRY_AFTER,
    STRICT_TRANSPORT_SECURITY, VARY, WWW_AUTHENTICATE,
};
use hyper::{Method, StatusCode};

use super::context::{RequestContext, RouteFamily};
use super::request_id::REQUEST_ID_HEADER;
use crate::edge::{accepts_gzip, choose_form, cors};
use crate::problem::Problem;
use crate::reply::{CONSISTENT_HEADER, HYGIENE, VERSION_HEADER, set_consistent_through};
use crate::state::Shared;

/// Smaller responses are not compressed: about the size of one packet.
const PACKED_BYTES_MIN: usize = 1024;

/// Adds the common headers to a response, and writes the body of a problem.
pub(crate) async fn finish(
    shared: &Shared,
    context: &RequestContext,
    mut response: Response,
) -> Response {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let problem = match context.family {
            RouteFamily::Group(_) => problem.without_rules(),
            RouteFamily::Xapi | RouteFamily::Plain => problem,
        };
        write_problem(&problem, context, &mut response);
    }
    let headers = response.headers_mut();
    for (name, value) in HYGIENE {
        // Pages of this server set their own policy.
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if context.family == RouteFamily::Xapi {
        // Data of learners: only the requesting browser may cache it, and must revalidate it.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        headers.insert(VERSION_HEADER, HeaderValue::from_static(context.version.as_str()));
        cors::allow(headers, context.origin.as_ref(), &shared.options.origins);
    } else {
        // Files of the console state for how long they stay the same.
        headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
    if context.route.sends_consistent_through && !headers.contains_key(CONSISTENT_HEADER) {
        let through = shared.service.consistent_through(context.tenant).await;
        // If the store does not respond, the earliest time is correct.
        set_consistent_through(headers, through.unwrap_or_default());
    }
    if let Some(hsts) = &shared.hsts {
        headers.insert(STRICT_TRANSPORT_SECURITY, hsts.clone());
    }
    headers.insert(REQUEST_ID_HEADER, context.request_id.clone());
    let response = pack(shared, context, response).await;
    if context.method == Method::HEAD { without_body(response) } else { response }
}

/// A wait in seconds, rounded up.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(0 < wait.subsec_nanos())).max(1)
}

fn write_problem(problem: &Problem, context: &RequestContext, response: &mut Response) {
    let form = choose_form(&context.accept);
    *response.body_mut() = Body::from(problem.write(form));
    let headers = response.headers_mut();
    let content_type = form.content_type();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.remove(CONTENT_LENGTH);
    if let Some(wait) = problem.retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(whole_seconds(wait)));
    }
    if problem.status == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(problem.challenge));
    }
}

/// Compresses JSON of sufficient size, unless it is compressed already. Documents stay as they are:
/// their `ETag` identifies their bytes.
async fn pack(shared: &Shared, context: &RequestContext, mut response: Response) -> Response {
    let headers = response.headers();
    let is_json = headers.get(CONTENT_TYPE).is_some_and(|value| {
        matches!(value.as_bytes(), b"application/json" | b"application/problem+json")
    });
    if !is_json || headers.contains_key(ETAG) || headers.contains_key(CONTENT_ENCODING) {
        return response;
    }
    response.headers_mut().append(VARY, HeaderValue::from_static("Accept-Encoding"));
    let size = response.body().size_hint().exact().and_then(|size| usize::try_from(size).ok());
    let is_small = size.is_none_or(|size| size < PACKED_BYTES_MIN);
    if is_small || !accepts_gzip(&context.accept_encoding) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    // The body is a text in memory, so this neither waits nor fails.
    let Ok(collected) = body.collect().await else {
        return Response::from_parts(parts, Body::empty());
    };
    let plain = collected.to_bytes();
    let copy = plain.clone();
    // What is of no tenant shares with the first one.
    let tenant = context.tenant.unwrap_or(TenantId::FIRST);
    let packed = shared.service.run(tenant, plain.len(), move || gzip(&copy)).await.ok().flatten();
    let Some(packed) = packed else { return Response::from_parts(parts, Body::from(plain)) };
    parts.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(packed))
}

fn gzip(plain: &[u8]) -> Option<Vec<u8>> {
    let room = Vec::with_capacity(plain.len() / 4);
    let mut encoder = GzEncoder::new(room, Compression::fast());
    encoder.write_all(plain).ok()?;
    encoder.finish().ok()
}

fn without_body(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    if let Some(size) = body.size_hint().exact()
        && parts.status != StatusCode::NO_CONTENT
    {
        parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(size));
    }
    Response::from_parts(parts, Body::empty())
}
