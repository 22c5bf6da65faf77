//! Bodies of requests, from their heads to where they are read or passed over.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRef, FromRequest, Request};
use bytes::Bytes;
use hyper::HeaderMap;
use hyper::body::Body as _;
use hyper::header::{CONTENT_TYPE, EXPECT};

use super::body_stream::{BodyStream, Bound, content_length};
use super::media_type::MediaType;
use super::min_rate::{BodyBuffer, MinRate};
use crate::options::Bounds;
use crate::permit::RequestPermit;
use crate::problem::Problem;
use crate::state::Shared;

/// Bodies up to this size are read before the request is worked on, so that the connection
/// can be used again whatever the answer is: 64 KiB.
const SETTLED_BYTES_MAX: usize = 64 * 1024;

/// A body that waits to be read, with its type.
#[derive(Debug)]
pub struct Incoming {
    /// The value of `Content-Type`, as sent.
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
        let content_type = content_type.and_then(|value| value.to_str().ok()).map(str::to_owned);
        let source = (body, Arc::clone(&permit));
        let stream = BodyStream::new(&parts.headers, source, &shared.options.bounds)?;
        Ok(Self { content_type, permit, stream })
    }
}

impl Incoming {
    /// The media type, if one was sent and it is one.
    pub fn media_type(&self) -> Option<MediaType> {
        self.content_type.as_deref().and_then(MediaType::parse)
    }

    /// The permit of the request.
    pub(crate) fn permit(&self) -> Arc<RequestPermit> {
        Arc::clone(&self.permit)
    }

    /// The whole body. The request is worked on from then.
    ///
    /// # Errors
    ///
    /// 400 if it breaks off, 408 if it comes too slowly, 413 if it is longer than `bound`, 503 if
    /// no memory is left for it or too many requests are worked on.
    pub async fn collect(self, bound: Bound) -> Result<Bytes, Problem> {
        let body = self.stream.bounded(bound)?.collect(&self.permit.charge).await?;
        self.permit.enter()?;
        Ok(body)
    }

    /// The body piece by piece.
    pub(crate) fn into_stream(self, bound: Bound) -> Result<BodyStream, Problem> {
        self.stream.bounded(bound)
    }
}

/// Reads a small body of known length, so that nothing of it is left on the connection. A
/// request whose body is complete is worked on from then.
pub(crate) async fn settle(
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
        (MinRate::new(bounds), BodyBuffer::new(SETTLED_BYTES_MAX, &permit.charge));
    let waiting = permit.wait();
    while let Some(piece) = rate.next(&mut body).await? {
        all.push(piece)?;
    }
    drop(waiting);
    permit.enter()?;
    permit.settle();
    Ok(Request::from_parts(parts, Body::from(all.finish())))
}

/// Passes over a small body of known length that nobody will read, so that the connection can
/// be used again. A client that waits to be asked for its body is not asked.
pub(crate) async fn pass_over(request: &mut Request, permit: &RequestPermit, bounds: &Bounds) {
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
        usize::try_from(length).is_ok_and(|length| length <= SETTLED_BYTES_MAX)
    })
}
