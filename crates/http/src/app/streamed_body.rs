//! The body of a response that is made while it is sent.

use std::pin::Pin;
use std::task::{Context, Poll};

use acta_storage::{TaskRequester, current_requester, with_requester};
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use hyper::body::{Body as _, Frame, SizeHint};
use tracing::Span;

/// Such a body. What makes it works for the requester of its request, and logs in its span.
struct StreamedBody {
    body: Body,
    requester: TaskRequester,
    span: Span,
}

/// Has the body of a response made for the requester and in the span of the present task, unless it
/// is in memory already.
pub(super) fn keep_requester(response: Response) -> Response {
    if response.body().size_hint().exact().is_some() {
        return response;
    }
    let (requester, span) = (current_requester(), Span::current());
    response.map(|body| Body::new(StreamedBody { body, requester, span }))
}

impl hyper::body::Body for StreamedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Self { body, requester, span } = &mut *self;
        let _entered = span.enter();
        with_requester(*requester, || Pin::new(body).poll_frame(context))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
