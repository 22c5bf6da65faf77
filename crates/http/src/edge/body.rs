//! Request bodies: buffered, collected, streamed or skipped.

use std::sync::Arc;

use acta_xapi::MediaType;
use axum::body::Body;
use axum::extract::{FromRef, FromRequest, Request};
use bytes::Bytes;
use hyper::HeaderMap;
use hyper::body::Body as _;
use hyper::header::{CONTENT_TYPE, EXPECT};

use super::body_stream::{BodyStream, Bound, content_length};
use super::min_rate::{BodyBuffer, MinRate};
use crate::options::Bounds;
use crate::permit::RequestPermit;
use crate::problem::Problem;
use crate::state::Shared;

/// Bodies up to this size are buffered before the request is processed, so that the connection can
/// be reused after any response: 64 KiB.
const BUFFERED_BYTES_MAX: usize = 64 * 1024;

/// An unread body with its content type.
#[derive(Debug)]
pub struct Incoming {
    /// The value of `Content-Type`, as sent; what is not UTF-8 is replaced.
    pub(crate) content_type: Option<String>,
    permit: Arc<RequestPermit>,
    stream: BodyStream,
}

impl<S: Send + Sync> FromRequest<S> for Incoming
where
    Shared: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let shared = Shared::from_ref(state);
        let (mut parts, body) = request.into_parts();
        let permit =
            parts.extensions.remove::<Arc<RequestPermit>>().ok_or_else(Problem::internal)?;
        let content_type = parts.headers.get(CONTENT_TYPE);
        let content_type =
            content_type.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let stream =
            BodyStream::new(&parts.headers, body, Arc::clone(&permit), &shared.options.bounds)?;
        Ok(Self { content_type, permit, stream })
    }
}

impl Incoming {
    /// The media type, if a valid one was sent.
    pub fn media_type(&self) -> Option<MediaType> {
        self.content_type.as_deref().and_then(MediaType::parse)
    }

    /// The permit of the request.
    pub(crate) fn permit(&self) -> Arc<RequestPermit> {
        Arc::clone(&self.permit)
    }

    /// Reads the whole body. From then on the request is processed.
    ///
    /// # Errors
    ///
    /// 400 if it is incomplete, 408 if it arrives too slowly, 413 if it is larger than `bound`, 503
    /// if there is no memory for it or too many requests are in progress.
    pub async fn collect(self, bound: Bound) -> Result<Bytes, Problem> {
        let body = self.stream.bounded(bound)?.collect(self.permit.body_charge()).await?;
        self.permit.enter()?;
        Ok(body)
    }

    /// The body as a stream.
    pub(crate) fn into_stream(self, bound: Bound) -> Result<BodyStream, Problem> {
        self.stream.bounded(bound)
    }
}

/// Buffers a small body of known length, so that none of it remains on the connection. A request
/// with a complete body is processed from then on.
pub(crate) async fn buffer_body(
    request: Request,
    permit: &RequestPermit,
    bounds: &Bounds,
) -> Result<Request, Problem> {
    if request.body().is_end_stream() {
        permit.enter()?;
        return Ok(request);
    }
    if !is_small(request.headers()) {
        return Ok(request);
    }
    let (parts, mut body) = request.into_parts();
    let (mut rate, mut all) =
        (MinRate::new(bounds), BodyBuffer::new(BUFFERED_BYTES_MAX, permit.body_charge()));
    let waiting = permit.wait();
    while let Some(piece) = rate.next(&mut body).await? {
        all.push(piece)?;
    }
    drop(waiting);
    permit.enter()?;
    permit.mark_buffered();
    Ok(Request::from_parts(parts, Body::from(all.finish())))
}

/// Reads and discards a small body of known length, so that the connection can be reused. A client
/// that expects `100 Continue` is not asked for its body.
pub(crate) async fn discard_body(request: &mut Request, permit: &RequestPermit, bounds: &Bounds) {
    let headers = request.headers();
    if request.body().is_end_stream() || !is_small(headers) || headers.contains_key(EXPECT) {
        return;
    }
    let mut rate = MinRate::new(bounds);
    let _waiting = permit.wait();
    while let Ok(Some(_)) = rate.next(request.body_mut()).await {}
}

fn is_small(headers: &HeaderMap) -> bool {
    content_length(headers).is_some_and(|length| {
        usize::try_from(length).is_ok_and(|length| length <= BUFFERED_BYTES_MAX)
    })
}
