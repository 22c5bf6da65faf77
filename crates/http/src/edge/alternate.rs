//! The alternate request syntax of xAPI 1.0.3: a POST whose query holds the method, and
//! whose form holds everything else.
//!
//! Such a request is rewritten into the equivalent ordinary request, and processed as that.
//!
//! Spec: XAPI-00336; xAPI 1.0.3, Part Three, 1.3.

use std::sync::Arc;

use acta_xapi::{MediaType, Rule, Version};
use axum::body::Body;
use axum::extract::Request;
use bytes::Bytes;
use hyper::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue,
    IF_MATCH, IF_NONE_MATCH, TRANSFER_ENCODING,
};
use hyper::http::request::Parts;
use hyper::{Method, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::body_stream::{BodyStream, Bound};
use super::more_link::{check_length, longest_first};
use super::params::{Params, ParamsRules, decode};
use crate::options::{Bounds, Options};
use crate::permit::RequestPermit;
use crate::problem::{FaultView, Problem};
use crate::reply::VERSION_HEADER;
use crate::route::Sender;

/// The headers that a form may contain. `Content-Length` is accepted and ignored: it counts only
/// the content, often in characters.
const HEADERS: [HeaderName; 6] =
    [AUTHORIZATION, VERSION_HEADER, CONTENT_TYPE, CONTENT_LENGTH, IF_MATCH, IF_NONE_MATCH];

/// The parameter that marks an alternate request.
const METHOD: &str = "method";

/// Whether the head of a request uses the alternate syntax.
pub(crate) fn is_alternate(request: &Request) -> bool {
    let has_method = || {
        let query = request.uri().query().unwrap_or_default();
        query.split('&').any(|pair| pair.split('=').next() == Some(METHOD))
    };
    *request.method() == Method::POST
        && has_method()
        && version_of(request).is_none_or(Version::has_alternate_syntax)
}

fn version_of(request: &Request) -> Option<Version> {
    request.headers().get(VERSION_HEADER)?.to_str().ok()?.trim().parse().ok()
}

/// Rewrites an alternate request into the equivalent ordinary request.
///
/// # Errors
///
/// 400 if it does not have the form that the specification requires, 413 if it is too large, 414 if
/// its parameters are too long.
pub(crate) async fn rewrite(
    request: Request,
    sender: Sender,
    permit: &Arc<RequestPermit>,
    options: &Options,
) -> Result<Request, Problem> {
    let bounds = &options.bounds;
    let (mut parts, body) = request.into_parts();
    let method = read_method(&parts, options)?;
    check_content_type(&parts)?;
    let form = receive(&parts, body, sender, permit, bounds).await?;
    for name in [CONTENT_LENGTH, CONTENT_TYPE, CONTENT_ENCODING, TRANSFER_ENCODING] {
        parts.headers.remove(name);
    }
    for (name, value) in form.headers {
        let value = HeaderValue::from_str(&value)
            .ok()
            .ok_or_else(|| fault(name.as_str(), Rule::Header, "expected a header value", &value))?;
        parts.headers.insert(name, value);
    }
    let needs_content = method == Method::PUT || method == Method::POST;
    let body = match form.content {
        Some(content) if needs_content => {
            let json = HeaderValue::from_static("application/json");
            parts.headers.entry(CONTENT_TYPE).or_insert(json);
            parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(content.len()));
            Body::from(content)
        }
        Some(content) if !content.is_empty() => {
            let message = "content is permitted only for PUT and POST";
            return Err(fault("content", Rule::ParameterUnknown, message, "content"));
        }
        None if needs_content => {
            let message = "the form must contain the field content";
            return Err(fault("content", Rule::ParameterMissing, message, "nothing"));
        }
        Some(_) | None => Body::empty(),
    };
    parts.method = method;
    parts.uri = with_query(&parts.uri, &form.query, bounds.url_bytes_max)?;
    let request = Request::from_parts(parts, body);
    match version_of(&request) {
        Some(version) if !version.has_alternate_syntax() => {
            let message = "this version of xAPI has no alternate request syntax";
            Err(fault(METHOD, Rule::ParameterUnknown, message, version.as_str()))
        }
        Some(_) | None => Ok(request),
    }
}

/// Reads the form. Forms that are not authenticated by the head have a smaller limit.
async fn receive(
    parts: &Parts,
    body: Body,
    sender: Sender,
    permit: &Arc<RequestPermit>,
    bounds: &Bounds,
) -> Result<Form, Problem> {
    let stream = BodyStream::new(&parts.headers, body, Arc::clone(permit), bounds)?;
    let body = match sender {
        Sender::Authenticated(sending) => {
            permit.mark_authenticated(sending);
            let (bytes_max, key) = (bounds.statements_bytes_max, "limits.statements_bytes_max");
            stream.bounded(Bound::new("a form", bytes_max, key))?.collect(&permit.charge).await?
        }
        Sender::Anonymous => {
            let (bytes_max, key) = (bounds.anonymous_bytes_max, "limits.anonymous_bytes_max");
            let bound = Bound::new("a form without Authorization header", bytes_max, key);
            // For unauthenticated requests, memory is reserved as bytes arrive, not by
            // Content-Length.
            stream.bounded(bound)?.without_size_hint().collect(&permit.anonymous).await?
        }
    };
    Form::parse(&body)
}

/// The fields of a form.
#[derive(Debug, Default)]
struct Form {
    headers: Vec<(HeaderName, String)>,
    content: Option<Bytes>,
    /// The parameters, in their original encoding.
    query: String,
}

impl Form {
    fn parse(body: &[u8]) -> Result<Self, Problem> {
        let malformed = |found: &str| {
            fault("form", Rule::Parameter, "expected a form, UTF-8 and %-encoded", found)
        };
        let body = str::from_utf8(body).ok().ok_or_else(|| malformed("other bytes"))?;
        let mut form = Self::default();
        for segment in body.trim_end().split('&').filter(|segment| !segment.is_empty()) {
            let (name, value) = segment.split_once('=').unwrap_or((segment, ""));
            let plain = decode(name).ok_or_else(|| malformed(segment))?;
            let header =
                HEADERS.into_iter().find(|header| plain.eq_ignore_ascii_case(header.as_str()));
            if plain != "content" && header.is_none() {
                push_encoded(&mut form.query, segment);
                continue;
            }
            let value = decode(value).ok_or_else(|| malformed(segment))?.into_owned();
            let is_repeated = match &header {
                None => form.content.is_some(),
                Some(header) => form.headers.iter().any(|(known, _)| known == header),
            };
            if is_repeated {
                return Err(fault(&plain, Rule::Parameter, "the field is present twice", &value));
            }
            match header {
                None => form.content = Some(Bytes::from(value)),
                Some(header) => form.headers.push((header, value)),
            }
        }
        Ok(form)
    }
}

fn read_method(parts: &Parts, options: &Options) -> Result<Method, Problem> {
    let query = parts.uri.query().unwrap_or_default();
    let mut params = Params::parse(query, Version::V1_0_3, ParamsRules::of_xapi(options))?;
    let text = params.text(METHOD).unwrap_or_default();
    let methods = [Method::GET, Method::PUT, Method::POST, Method::DELETE, Method::HEAD];
    let method = methods.into_iter().find(|method| method.as_str() == text);
    if method.is_none() {
        let message = "expected GET, PUT, POST, DELETE or HEAD";
        params.fault(METHOD, Rule::Parameter, message, &text);
    }
    params.finish(method)
}

/// A form should have the content type of a form. None, or plain text as old browsers send, is also
/// accepted.
fn check_content_type(parts: &Parts) -> Result<(), Problem> {
    let Some(value) = parts.headers.get(CONTENT_TYPE) else { return Ok(()) };
    let text = value.to_str().unwrap_or_default();
    let media_type = MediaType::parse(text);
    let essence = media_type.as_ref().map(MediaType::essence);
    if matches!(essence, Some("application/x-www-form-urlencoded" | "text/plain")) {
        return Ok(());
    }
    Err(fault("Content-Type", Rule::Header, "expected application/x-www-form-urlencoded", text))
}

fn with_query(uri: &Uri, query: &str, bytes_max: usize) -> Result<Uri, Problem> {
    let target =
        if query.is_empty() { uri.path().to_owned() } else { format!("{}?{query}", uri.path()) };
    // A URI has its own limit.
    let uri = target.parse().ok().ok_or_else(|| Problem::url_too_long(longest_first(bytes_max)))?;
    check_length(&uri, bytes_max)?;
    Ok(uri)
}

/// The characters to encode in a query: all except those permitted there, and `%` of existing
/// encodings.
const NOT_IN_QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'%')
    .remove(b'+')
    .remove(b'=')
    .remove(b':')
    .remove(b'/')
    .remove(b'?')
    .remove(b'@')
    .remove(b'!')
    .remove(b'$')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b',')
    .remove(b';');

/// Appends a field of the form to a query, and encodes characters that are not permitted there.
fn push_encoded(query: &mut String, segment: &str) {
    if !query.is_empty() {
        query.push('&');
    }
    query.extend(utf8_percent_encode(segment, NOT_IN_QUERY));
}

fn fault(name: &str, rule: Rule, message: &str, found: &str) -> Problem {
    Problem::faulty(vec![FaultView::in_parameter(name, rule, message, found)])
}
