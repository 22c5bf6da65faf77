//! The body of a response over HTTP/2, in pieces that hold its memory charge until they are sent.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::response::Response;
use bytes::{Buf, Bytes};
use hyper::body::{Frame, SizeHint};

use super::open_stream::OpenStream;
use crate::permit::memory::Charge;

/// Largest piece, in bytes: what one frame may carry.
const PIECE_BYTES_MAX: usize = 16 * 1024;

/// The body of a response.
///
/// Pieces are passed on one by one, each when the client has room for it. As long as one waits for
/// the client, its stream does.
#[derive(Debug)]
pub(crate) struct StreamBody {
    body: Body,
    /// What is left of the last chunk of the body.
    rest: Bytes,
    /// None for a response that does not count.
    stream: Option<Arc<OpenStream>>,
    charge: Option<Arc<Charge>>,
}

impl StreamBody {
    /// Takes the extensions that [`crate::App::answer`] has added to its response.
    pub(crate) fn wrap(
        mut response: Response,
        stream: Option<Arc<OpenStream>>,
    ) -> hyper::Response<Self> {
        let charge = response.extensions_mut().remove::<Arc<Charge>>();
        response.map(|body| Self { body, rest: Bytes::new(), stream, charge })
    }

    fn next_piece(&mut self) -> Piece {
        let bytes = self.rest.split_to(self.rest.len().min(PIECE_BYTES_MAX));
        if let Some(stream) = &self.stream {
            stream.on_piece();
        }
        Piece { bytes, stream: self.stream.clone(), _charge: self.charge.clone() }
    }
}

impl hyper::body::Body for StreamBody {
    type Data = Piece;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Piece>, axum::Error>>> {
        while self.rest.is_empty() {
            let frame = match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => frame,
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            };
            match frame.into_data().map_err(Frame::into_trailers) {
                Ok(data) => self.rest = data,
                Err(Ok(trailers)) => return Poll::Ready(Some(Ok(Frame::trailers(trailers)))),
                Err(Err(_unknown)) => {}
            }
        }
        Poll::Ready(Some(Ok(Frame::data(self.next_piece()))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.rest.is_empty() { self.body.size_hint() } else { SizeHint::default() }
    }
}

/// A part of a response that waits for its client until it is dropped.
#[derive(Debug)]
pub(crate) struct Piece {
    bytes: Bytes,
    stream: Option<Arc<OpenStream>>,
    /// The memory of the whole response.
    _charge: Option<Arc<Charge>>,
}

impl Buf for Piece {
    fn remaining(&self) -> usize {
        self.bytes.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.bytes.chunk()
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        if let Some(stream) = &self.stream {
            stream.on_sent();
        }
    }
}
